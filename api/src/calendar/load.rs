//! The calendar of a county, with everything that reckoning needs: a statement for each table, however many counties.

use super::{
    hours::Hours,
    reckon::{Calendar, Own, OwnDay},
    terms::{Allotment, Terms},
};
use crate::kernel::{
    door::{any_of, unscoped},
    error::{Error, Result},
    request::Ctx,
    rows::Key,
};
use entity::{deadline_rule, id::RegionId, work_day, work_hours};
use sea_orm::{ConnectionTrait, QueryFilter};
use std::{collections::HashMap, sync::Arc};

/// The question for the calendar of a county.
#[derive(Clone, PartialEq, Eq, Hash)]
struct CalendarOf(RegionId);

impl Key for CalendarOf {
    type Value = Arc<Calendar>;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Arc<Calendar>>> {
        let counties: Vec<RegionId> = keys.iter().map(|key| key.0).collect();
        let calendars = read(ctx.db().read(), &counties).await?;
        Ok(calendars.into_iter().map(|(county, calendar)| (Self(county), Arc::new(calendar))).collect())
    }
}

/// The calendar of a county, for questions: read once in a request.
pub async fn of(ctx: &Ctx, county: RegionId) -> Result<Arc<Calendar>> {
    let calendar = ctx.load(CalendarOf(county)).await?;
    calendar.ok_or_else(|| Error::internal("a county without a calendar"))
}

/// The calendars of counties, for commands: as their transaction sees them. A county that has set nothing has what is
/// usual.
pub async fn read(db: &impl ConnectionTrait, counties: &[RegionId]) -> Result<HashMap<RegionId, Calendar>> {
    let backend = db.get_database_backend();
    let ids = || counties.iter().copied();
    let mut calendars: HashMap<_, _> = ids().map(|county| (county, Calendar::default())).collect();
    let days =
        unscoped::<work_day::Entity>().filter(any_of(work_day::Column::CountyId, ids(), backend)).all(db);
    for row in days.await? {
        let work_day::Model { id: _, county_id, day, working, name, live, version } = row;
        let value = live.then_some(OwnDay { working, name });
        calendars.entry(county_id).or_default().days.insert(day, Own { value, version });
    }
    let hours =
        unscoped::<work_hours::Entity>().filter(any_of(work_hours::Column::CountyId, ids(), backend)).all(db);
    for row in hours.await? {
        let work_hours::Model { id: _, county_id, starts_on, spans, live, version } = row;
        let spans =
            Hours::read(&spans).ok_or_else(|| Error::internal("working hours that cannot be read"))?;
        let own = Own { value: live.then_some(spans), version };
        calendars.entry(county_id).or_default().hours.insert(starts_on, own);
    }
    let rules = unscoped::<deadline_rule::Entity>();
    let rules = rules.filter(any_of(deadline_rule::Column::CountyId, ids(), backend)).all(db);
    for row in rules.await? {
        let own = Own { value: row.live.then_some(terms(&row)), version: row.version };
        calendars.entry(row.county_id).or_default().terms.insert(row.urgency, own);
    }
    Ok(calendars)
}

/// What a row allots.
fn terms(row: &deadline_rule::Model) -> Terms {
    Terms {
        respond: Allotment { amount: row.respond_amount, unit: row.respond_unit },
        resolve: Allotment { amount: row.resolve_amount, unit: row.resolve_unit },
    }
}
