//! Edges of `WorkCalendar`.

use crate::{
    calendar::{object::WorkCalendar, place},
    kernel::{
        directive::{DataClass, class},
        error::Result,
        payload::{Permission, ctx},
        policy::May,
        scope::Facts,
    },
    region::object::Region,
};
use async_graphql::{ComplexObject, Context, SimpleObject};

/// What the viewer may do to a working calendar (可否操作).
#[derive(Clone, Debug, SimpleObject)]
pub struct WorkCalendarViewerCan {
    /// Set its hours (`workCalendarUpdate`) and days (`workDaySet`, `workDayUnset`).
    pub update: Permission,
}

#[ComplexObject]
impl WorkCalendar {
    /// What the viewer may do to it.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn viewer_can(&self, gql: &Context<'_>) -> WorkCalendarViewerCan {
        let facts = Facts::from(place(self.county_id));
        WorkCalendarViewerCan { update: ctx(gql).permission(May::ManageCalendar, &facts) }
    }

    /// The county whose calendar it is (所属县).
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn county(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(Some(self.county_id)).await
    }
}
