//! The tree of a past day (某日区划): regions with the code, name and place that they had then.

use super::{
    history::on_day,
    object::{Region, RegionWhere},
};
use crate::kernel::{
    door::{any_of, unscoped},
    error::Result,
    node::Filter,
    request::Ctx,
    rows::Key,
};
use entity::{id::RegionId, region, region_succession, scalar::Date};
use sea_orm::{ColumnTrait, Condition, PartialModelTrait, QueryFilter, QueryOrder, QuerySelect};
use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

/// The question for what a region was before the first change after a day.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Before {
    region: RegionId,
    day: Date,
}

impl Key for Before {
    type Value = Arc<region_succession::Model>;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
        use region_succession::Column::{EffectiveOn, FromId, Id};
        let mut answers = HashMap::new();
        for (day, regions) in by_day(&keys, |key| (key.day, key.region)) {
            let rows = unscoped::<region_succession::Entity>()
                .filter(any_of(FromId, regions, ctx.backend()))
                .filter(EffectiveOn.gt(day))
                .order_by_asc(EffectiveOn)
                .order_by_asc(Id)
                .all(ctx.db().read())
                .await?;
            for row in rows {
                if let Entry::Vacant(first) = answers.entry(Self { region: row.from_id, day }) {
                    first.insert(Arc::new(row));
                }
            }
        }
        Ok(answers)
    }
}

fn by_day<K>(keys: &[K], of: impl Fn(&K) -> (Date, RegionId)) -> HashMap<Date, Vec<RegionId>> {
    let mut days: HashMap<Date, Vec<RegionId>> = HashMap::new();
    for (day, region) in keys.iter().map(of) {
        days.entry(day).or_default().push(region);
    }
    days
}

impl Region {
    /// As it was on a day; none when it was not there. Without a day, as it is.
    pub(crate) async fn on(self, ctx: &Ctx, day: Option<Date>) -> Result<Option<Self>> {
        let Some(day) = day else { return Ok(Some(self)) };
        if self.since.is_some_and(|since| since > day) || self.until.is_some_and(|until| until <= day) {
            return Ok(None);
        }
        let before = ctx.load(Before { region: self.id, day }).await?;
        Ok(Some(self.told_by(before.as_deref(), day)))
    }

    fn told_by(mut self, before: Option<&region_succession::Model>, day: Date) -> Self {
        self.as_of = Some(day);
        if let Some(before) = before {
            self.code = before.code.clone();
            self.name.clone_from(&before.name);
            self.parent_id = before.parent_id;
            self.province_id = before.province_id;
            self.city_id = before.city_id;
            self.county_id = before.county_id;
            self.township_id = before.township_id;
            self.village_id = before.village_id;
        }
        self
    }

    /// Itself on another day than the one it was read for.
    pub(crate) async fn then(&self, ctx: &Ctx, day: Option<Date>) -> Result<Option<Self>> {
        if day.is_none() || day == self.as_of {
            return Ok(Some(self.clone()));
        }
        match ctx.node::<Self>(self.id).await? {
            Some(region) => region.on(ctx, day).await,
            None => Ok(None),
        }
    }
}

/// The question for the regions directly below one on a day, with the conditions of a list.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ChildrenOn {
    pub(crate) parent: RegionId,
    pub(crate) day: Date,
    pub(crate) filter: Arc<RegionWhere>,
}

impl Key for ChildrenOn {
    type Value = Arc<Vec<Region>>;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Self::Value>> {
        let mut lists: HashMap<(Date, Arc<RegionWhere>), Vec<RegionId>> = HashMap::new();
        for key in &keys {
            lists.entry((key.day, Arc::clone(&key.filter))).or_default().push(key.parent);
        }
        let mut answers: HashMap<Self, Vec<Region>> = keys.into_iter().map(|key| (key, Vec::new())).collect();
        for ((day, filter), parents) in lists {
            let ids = || parents.iter().copied();
            let below = on_day(
                day,
                Condition::all().add(any_of(region::Column::ParentId, ids(), ctx.backend())),
                Condition::all().add(any_of(region_succession::Column::ParentId, ids(), ctx.backend())),
            );
            let rows = Region::select_cols(ctx.within::<region::Entity>().select_only())
                .filter(below)
                .filter(filter.condition(&ctx).await?)
                .into_model::<Region>()
                .all(ctx.db().read())
                .await?;
            for row in on_that_day(&ctx, rows, day).await? {
                let Some(parent) = row.parent_id else { continue };
                if let Some(rows) = answers.get_mut(&Self { parent, day, filter: Arc::clone(&filter) }) {
                    rows.push(row);
                }
            }
        }
        Ok(answers.into_iter().map(|(key, rows)| (key, Arc::new(rows))).collect())
    }
}

/// Rows as they were on a day, in one statement.
async fn on_that_day(ctx: &Ctx, rows: Vec<Region>, day: Date) -> Result<Vec<Region>> {
    let keys = rows.iter().map(|row| Before { region: row.id, day }).collect();
    let before = Before::load(ctx.clone(), keys).await?;
    let row = |row: Region| {
        let then = before.get(&Before { region: row.id, day });
        row.told_by(then.map(AsRef::as_ref), day)
    };
    Ok(rows.into_iter().map(row).collect())
}
