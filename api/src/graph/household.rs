//! Edges of `Household`.

use crate::{
    audit::access::{AccessEntry, AccessEntryOrderField, AccessEntryWhere},
    card::{
        CardIssuedOf,
        object::{ContactCard, ContactCardOrderField, ContactCardWhere},
    },
    contact::object::{ContactAssignment, ContactAssignmentOrderField, ContactAssignmentWhere},
    household::{
        consent::{Consent, ConsentsOf},
        correction::{Correction, CorrectionOrderField, CorrectionWhere},
        held::{HeldItem, HeldOf},
        member::{HeadOf, HouseholdMember, HouseholdMemberOrderField, HouseholdMemberWhere},
        object::{GeoPosition, Household, PhoneOf},
        tag::{HouseholdTag, TagsOf},
    },
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
use entity::scalar::{Date, PhoneNumber, Yuan};

/// What the viewer may do to a household (可否操作).
#[derive(Clone, Debug, SimpleObject)]
pub struct HouseholdViewerCan {
    /// Change it and its members (`householdUpdate`, `householdMemberAdd`, `householdMemberUpdate`).
    pub update: Permission,
    /// Give it a contact or end one (`assignmentCreate`, `assignmentEnd`).
    pub assign: Permission,
    /// Ask that something be put right (`correctionAsk`).
    pub ask_correction: Permission,
    /// Decide on what was asked (`correctionDecide`).
    pub decide_correction: Permission,
    /// Note that it gave or withdrew its consent (`consentGive`, `consentWithdraw`).
    pub note_consent: Permission,
    /// Record a visit to it (`visitRecord`).
    pub record_visit: Permission,
    /// Fill, change and issue its cards, and print their code (`cardFill`, `cardUpdate`, `cardIssue`).
    pub keep_card: Permission,
    /// Have its code replaced (`cardTokenRevoke`).
    pub revoke_card_token: Permission,
}

#[ComplexObject]
impl Household {
    /// What the viewer may do to it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn viewer_can(&self, gql: &Context<'_>) -> HouseholdViewerCan {
        let ctx = ctx(gql);
        HouseholdViewerCan {
            update: ctx.permission(May::UpdateHousehold, &self.facts()),
            assign: ctx.permission(May::Assign, &self.facts()),
            ask_correction: ctx.permission(May::AskCorrection, &self.facts()),
            decide_correction: ctx.permission(May::DecideCorrection, &self.facts()),
            note_consent: ctx.permission(May::NoteConsent, &self.facts()),
            record_visit: ctx.permission(May::RecordVisit, &self.facts()),
            keep_card: ctx.permission(May::KeepCard, &self.facts()),
            revoke_card_token: ctx.permission(May::RevokeCardToken, &self.facts()),
        }
    }

    /// Demands of this household (诉求), the latest first. Requires what `demands` requires; empty to others.
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
                "household_id",
                self.id,
                Listing { filter, order_by, page },
            )
            .await,
        )
    }

    /// Tasks that concern this household first (任务), by deadline. Requires what `tasks` requires; empty to others.
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
        Some(children(gql, "household_id", self.id, Listing { filter, order_by, page }).await)
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
        Some(children(gql, "household_id", self.id, Listing { filter, order_by, page }).await)
    }

    /// Names of the fields that are null because the viewer may not see them (未显示的字段).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn redacted_fields(&self) -> Vec<&'static str> {
        self.hidden()
    }

    /// Telephone number (电话). Null for all but current contacts, the grid worker and the household itself.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn phone(&self, gql: &Context<'_>) -> Option<Result<PhoneNumber>> {
        if !self.sight.shows(Part::Phone) {
            return None;
        }
        let number = ctx(gql).load(PhoneOf(self.id)).await.transpose()?;
        ctx(gql).shows(self.owner(), "phone", DataClass::Personal);
        Some(number)
    }

    /// Position on the map (位置). Null when it is not known, and to a dispatcher.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn location(&self, gql: &Context<'_>) -> Option<GeoPosition> {
        let position = self.position()?;
        ctx(gql).shows(self.owner(), "location", DataClass::Personal);
        Some(position)
    }

    /// Yearly income (年收入). Null for everyone: of the sensitive class.
    #[graphql(directive = class::apply(DataClass::Sensitive))]
    async fn yearly_income(&self) -> Option<Yuan> {
        None
    }

    /// Main source of income (主要收入来源). Null for everyone: of the sensitive class.
    #[graphql(directive = class::apply(DataClass::Sensitive))]
    async fn income_source(&self) -> Option<String> {
        None
    }

    /// Its ordinary tags (标签), in the order of the office, at most as many as the dictionary has: 200. Null to a dispatcher. Tags of the sensitive class are never among them.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn tags(&self, gql: &Context<'_>) -> Option<Result<Vec<HouseholdTag>>> {
        if !self.sight.shows(Part::Internal) {
            return None;
        }
        ctx(gql).load(TagsOf(self.id)).await.transpose()
    }

    /// Its tags of the sensitive class (敏感标签), at most 200. Null for everyone.
    #[graphql(directive = class::apply(DataClass::Sensitive))]
    async fn sensitive_tags(&self) -> Option<Vec<HouseholdTag>> {
        None
    }

    /// The head (户主). Null to a dispatcher, who has `headName`.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn head(&self, gql: &Context<'_>) -> Option<Result<HouseholdMember>> {
        if !self.sight.shows(Part::Personal) {
            return None;
        }
        ctx(gql).load(HeadOf(self.id)).await.transpose()
    }

    /// The village or community (村、社区).
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn village(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(Some(self.village_id)).await
    }

    /// The township (乡镇).
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn township(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(Some(self.township_id)).await
    }

    /// The county (县、区).
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn county(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(Some(self.county_id)).await
    }

    /// The villagers' group (村民小组); null when it is not known.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn group(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(self.group_id).await
    }

    /// The grid (网格); null when there is none.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn grid(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(self.grid_id).await
    }

    /// Its members (家庭成员), as they were registered. Null to a dispatcher.
    #[graphql(directive = class::apply(DataClass::Personal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn members(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<
            HouseholdMemberWhere,
        >,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<HouseholdMemberOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<HouseholdMember>>> {
        if !self.sight.shows(Part::Personal) {
            return None;
        }
        let page = PageArgs::new(first, after, last, before);
        Some(children(gql, "household_id", self.id, Listing { filter, order_by, page }).await)
    }

    /// Assignments to this household (包联), the newest first; `where: { live: true }` gives its current contacts. Those to its group, village and area are edges of these.
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
        Some(children(gql, "household_id", self.id, Listing { filter, order_by, page }).await)
    }

    /// Day on which the card was issued that was left with it (联系卡发放日期). Null when there is none, when it is void because
    /// its contact is none any more, and to whoever does not see what is personal.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn card_issued_on(&self, gql: &Context<'_>) -> Option<Result<Date>> {
        ctx(gql).load(CardIssuedOf(self.id)).await.transpose()
    }

    /// Its cards (联系卡、登记卡), the newest first; `where: { current: true }` leaves out those that were replaced. Empty to
    /// whoever does not see what is personal.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn contact_cards(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<
            ContactCardWhere,
        >,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<ContactCardOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<ContactCard>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(children(gql, "household_id", self.id, Listing { filter, order_by, page }).await)
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
        Some(children(gql, "household_id", self.id, Listing { filter, order_by, page }).await)
    }

    /// What is held on it and on its members (持有的个人信息): coordinate, class, ground and how long, never a value; at most 60
    /// entries. Null to all but the household itself and the administrator of its region.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn held(&self, gql: &Context<'_>) -> Option<Result<Vec<HeldItem>>> {
        if !ctx(gql).may(May::SeeHeld, &self.facts()) {
            return None;
        }
        ctx(gql).load(HeldOf(self.id)).await.transpose()
    }

    /// Its consents (同意), one for each purpose, at most as many as there are purposes. Null to a dispatcher.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn consents(&self, gql: &Context<'_>) -> Option<Result<Vec<Consent>>> {
        if !self.sight.shows(Part::Personal) {
            return None;
        }
        ctx(gql).load(ConsentsOf(self.id)).await.transpose()
    }

    /// Corrections that it asked for (更正申请), the latest first. Requires what `corrections` requires; empty to others.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn corrections(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<CorrectionWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<CorrectionOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Correction>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(children(gql, "household_id", self.id, Listing { filter, order_by, page }).await)
    }
}
