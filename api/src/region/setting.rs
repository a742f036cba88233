//! What a county decides for itself (县级设置). Without a row everything is off.

use super::{find, object::Region};
use crate::kernel::{
    directive::{DataClass, auth, class, cost, may},
    door::{any_of, unscoped},
    error::{Refusal, Result},
    payload::{ctx, payload},
    place::Place,
    policy::May,
    record::Record,
    refusal::nothing_yet,
    request::Ctx,
    rows::Key,
    scope::Facts,
    work::Work,
};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::{
    county_setting,
    id::{CountySettingId, RegionId},
    kind::{ChangeKind, RegionKind},
};
use sea_orm::{ColumnTrait, QueryFilter, Set};
use std::collections::HashMap;
use uuid::Uuid;

impl Record for county_setting::Entity {
    const NAME: &'static str = CountySettingId::PREFIX;
    const INTERNAL: &'static [&'static str] = &["concern_notes"];
}

/// What a county decides for itself (县级设置).
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct CountySetting {
    /// Whether visits may carry a concern note (关切记录), read by the household's primary contact alone. Off unless turned on.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub concern_notes: bool,
    /// Raised by each change; what a mutation expects. 0 while nothing has been set.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub version: i32,
}

/// The question for what a county has set.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SettingOf(pub RegionId);

impl Key for SettingOf {
    type Value = CountySetting;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, CountySetting>> {
        let those = any_of(county_setting::Column::Id, keys.iter().map(|key| key.0), ctx.backend());
        let rows = unscoped::<county_setting::Entity>().filter(those).all(ctx.db().read()).await?;
        let mut of: HashMap<_, _> =
            keys.into_iter().map(|key| (key, CountySetting { concern_notes: false, version: 0 })).collect();
        for row in rows {
            let setting = CountySetting { concern_notes: row.concern_notes, version: row.version };
            of.insert(Self(RegionId(row.id.0)), setting);
        }
        Ok(of)
    }
}

/// What a county decides from now on.
#[derive(Clone, Debug, InputObject)]
pub struct CountySettingUpdateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which county.
    pub county_id: RegionId,
    /// The version of its settings that the change is based on; 0 while nothing has been set.
    pub expected_version: i32,
    /// Whether visits may carry a concern note.
    pub concern_notes: bool,
}

payload! {
    /// The county with what it decides, or why that was not changed.
    CountySettingPayload, region: Region
}

/// Changes to what counties decide.
#[derive(Debug, Default)]
pub struct CountySettingMutation;

#[Object]
impl CountySettingMutation {
    /// Changes what a county decides for itself. Requires `REGION_ADMIN` of the county. Errors: `INVALID` (not a county),
    /// `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::SetCounty)))]
    async fn county_setting_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to change.")] input: CountySettingUpdateInput,
    ) -> Option<Result<CountySettingPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("countySettingUpdate", &input.idempotency_key, &input, update).await;
        CountySettingPayload::of(ctx, written).await
    }
}

async fn update(work: &Work, input: CountySettingUpdateInput) -> Result<Uuid> {
    let CountySettingUpdateInput { idempotency_key: _, county_id, expected_version, concern_notes } = input;
    let county = find(work, county_id, "countyId").await?;
    if !is_county(&county) {
        return Err(Refusal::rule(
            "county",
            "countyId",
            "应为县、区，或不设县的市。",
            "Must be a county, or a city without counties.",
        )
        .into());
    }
    work.ctx.must(May::SetCounty, &Facts::from(Place::from(&county)))?;
    let id = CountySettingId(county_id.0);
    let before =
        unscoped::<county_setting::Entity>().filter(county_setting::Column::Id.eq(id)).one(&work.tx).await?;
    match before {
        None => {
            nothing_yet(expected_version)?;
            let row = county_setting::ActiveModel {
                id: Set(id),
                concern_notes: Set(concern_notes),
                version: Set(1),
            };
            work.insert(row).await?;
        }
        Some(_) => {
            let row = county_setting::ActiveModel {
                id: Set(id),
                concern_notes: Set(concern_notes),
                ..Default::default()
            };
            work.update(row, expected_version, ChangeKind::Updated).await?;
        }
    }
    Ok(county_id.0)
}

/// A county, or a city that has none.
fn is_county(region: &entity::region::Model) -> bool {
    region.kind == RegionKind::County
        || region.kind == RegionKind::City && region.county_id == Some(region.id)
}
