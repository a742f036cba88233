//! Edges of `DeadlineRule`.

use crate::{
    calendar::{object::DeadlineRule, place},
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

/// What the viewer may do to what a county allots (可否操作).
#[derive(Clone, Debug, SimpleObject)]
pub struct DeadlineRuleViewerCan {
    /// Set it (`deadlineRuleUpdate`) or let what is usual hold again (`deadlineRuleReset`).
    pub update: Permission,
}

#[ComplexObject]
impl DeadlineRule {
    /// What the viewer may do to it.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn viewer_can(&self, gql: &Context<'_>) -> DeadlineRuleViewerCan {
        let facts = Facts::from(place(self.county_id));
        DeadlineRuleViewerCan { update: ctx(gql).permission(May::ManageCalendar, &facts) }
    }

    /// The county whose rule it is (所属县).
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn county(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(Some(self.county_id)).await
    }
}
