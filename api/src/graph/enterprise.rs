//! Edges of `Enterprise`.

use crate::{
    audit::access::{AccessEntry, AccessEntryOrderField, AccessEntryWhere},
    contact::object::{ContactAssignment, ContactAssignmentOrderField, ContactAssignmentWhere},
    enterprise::object::{Enterprise, PhoneOf},
    kernel::{
        connection::{Connection, Cursor},
        directive::{DataClass, class},
        error::Result,
        node::{Listing, OrderBy, children},
        page::PageArgs,
        payload::{Permission, ctx},
        policy::{May, Part},
    },
    region::object::Region,
    visit::object::{Visit, VisitOrderField, VisitWhere},
};
use crate::{
    demand::{
        input::{DemandOrderField, DemandWhere},
        object::Demand,
    },
    task::object::{Task, TaskOrderField, TaskWhere},
};
use async_graphql::{ComplexObject, Context, SimpleObject};
use entity::scalar::PhoneNumber;

/// What the viewer may do to an enterprise (可否操作).
#[derive(Clone, Debug, SimpleObject)]
pub struct EnterpriseViewerCan {
    /// Change it (`enterpriseUpdate`).
    pub update: Permission,
    /// Record a visit to it (`visitRecord`).
    pub record_visit: Permission,
}

#[ComplexObject]
impl Enterprise {
    /// Names of the fields that are null because the viewer may not see them (未显示的字段), whether or not they hold anything.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn redacted_fields(&self) -> Vec<&'static str> {
        self.hidden()
    }

    /// Telephone number (电话). Null when there is none, and for all but current contacts of the enterprise and its own
    /// representative; `phoneMasked` is there for the others.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn phone(&self, gql: &Context<'_>) -> Option<Result<PhoneNumber>> {
        if !self.sight.shows(Part::Phone) {
            return None;
        }
        let number = ctx(gql).load(PhoneOf(self.id)).await.transpose()?;
        ctx(gql).shows(self.owner(), "phone", DataClass::Personal);
        Some(number)
    }

    /// The county (县) that it lies in; a city without counties stands here itself.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn county(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(Some(self.county_id)).await
    }

    /// The township (乡镇) that it lies in.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn township(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(Some(self.township_id)).await
    }

    /// The village or community (村、社区) that it lies in. Null when it is registered in the township alone.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn village(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(self.village_id).await
    }

    /// What the viewer may do to it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn viewer_can(&self, gql: &Context<'_>) -> EnterpriseViewerCan {
        let ctx = ctx(gql);
        EnterpriseViewerCan {
            update: ctx.permission(May::UpdateEnterprise, &self.facts()),
            record_visit: ctx.permission(May::RecordVisit, &self.facts()),
        }
    }

    /// Demands of this enterprise (诉求), the latest first. Requires what `demands` requires; empty to others.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn demands(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<DemandWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<DemandOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Demand>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(
            crate::demand::object::children_of_author(
                gql,
                "enterprise_id",
                self.id,
                Listing { filter, order_by, page },
            )
            .await,
        )
    }

    /// Tasks that concern this enterprise first (任务), by deadline. Requires what `tasks` requires; empty to others.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn tasks(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<TaskWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<TaskOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Task>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(children(gql, "enterprise_id", self.id, Listing { filter, order_by, page }).await)
    }

    /// Visits to it (走访), the latest first. Requires what `visits` requires; empty to others.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn visits(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<VisitWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<VisitOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Visit>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(children(gql, "enterprise_id", self.id, Listing { filter, order_by, page }).await)
    }

    /// Assignments to this enterprise (联系企业), the newest first; `where: { live: true }` gives its current contacts.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn contact_assignments(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<
            ContactAssignmentWhere,
        >,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<ContactAssignmentOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<ContactAssignment>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(children(gql, "enterprise_id", self.id, Listing { filter, order_by, page }).await)
    }
    /// Who looked at it (谁看过), the latest first. Requires what `accessLog` requires; empty to others.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn accesses(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<
            AccessEntryWhere,
        >,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<AccessEntryOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<AccessEntry>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(children(gql, "enterprise_id", self.id, Listing { filter, order_by, page }).await)
    }
}
