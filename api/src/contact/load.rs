//! What a cadre carries (包联负担): for evening out the work, never for comparing people.

use crate::kernel::{
    directive::{DataClass, class},
    door::{any_of, live},
    error::Result,
    request::Ctx,
    rows::Key,
};
use async_graphql::SimpleObject;
use entity::{assignment, id::CadreId, kind::AssignmentKind, scalar::Date};
use sea_orm::{ColumnTrait, QueryFilter, QuerySelect};
use std::collections::HashMap;

/// What a cadre carries on a day (包联负担), of what the viewer may see. For evening out the work, not for comparing people.
#[derive(Clone, Copy, Debug, SimpleObject)]
#[graphql(complex)]
pub struct CadreLoad {
    /// Household assignments in force (联系户数).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub households: i64,
    /// Enterprise assignments in force (联系企业数).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub enterprises: i64,
    /// Assignments to villagers' groups and grids in force (包组数).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub groups: i64,
    /// Assignments to villages, areas and townships in force (包村、包片、包乡镇数).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub places: i64,
    #[graphql(skip)]
    pub(crate) cadre_id: CadreId,
}

impl CadreLoad {
    /// Nothing yet.
    #[must_use]
    pub fn none(cadre_id: CadreId) -> Self {
        Self { households: 0, enterprises: 0, groups: 0, places: 0, cadre_id }
    }

    fn add(&mut self, kind: AssignmentKind, n: i64) {
        *match kind {
            AssignmentKind::Household => &mut self.households,
            AssignmentKind::Enterprise => &mut self.enterprises,
            AssignmentKind::Group => &mut self.groups,
            AssignmentKind::Village | AssignmentKind::Area | AssignmentKind::Township => &mut self.places,
        } += n;
    }
}

/// The question for what a cadre carries on a day.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LoadOf {
    /// Whose.
    pub cadre: CadreId,
    /// On which day.
    pub day: Date,
}

impl Key for LoadOf {
    type Value = CadreLoad;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, CadreLoad>> {
        use assignment::Column::{CadreId as Cadre, EndsOn, Id, Kind, StartsOn};
        let mut loads: HashMap<_, _> =
            keys.iter().map(|key| (key.clone(), CadreLoad::none(key.cadre))).collect();
        let mut days: Vec<Date> = keys.iter().map(|key| key.day).collect();
        days.sort_unstable();
        days.dedup();
        for day in days {
            let cadres = keys.iter().filter(|key| key.day == day).map(|key| key.cadre);
            let rows: Vec<(CadreId, AssignmentKind, i64)> = ctx
                .within::<assignment::Entity>()
                .select_only()
                .columns([Cadre, Kind])
                .column_as(Id.count(), "n")
                .filter(any_of(Cadre, cadres, ctx.backend()))
                .filter(live(StartsOn, EndsOn, day))
                .group_by(Cadre)
                .group_by(Kind)
                .into_tuple()
                .all(ctx.db().read())
                .await?;
            for (cadre, kind, n) in rows {
                if let Some(load) = loads.get_mut(&Self { cadre, day }) {
                    load.add(kind, n);
                }
            }
        }
        for load in loads.values_mut() {
            for n in [&mut load.households, &mut load.enterprises, &mut load.groups, &mut load.places] {
                *n = ctx.told(*n);
            }
        }
        Ok(loads)
    }
}
