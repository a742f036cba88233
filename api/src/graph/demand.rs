//! Edges of `Demand`, of its judgements, and of what is likely the same.

use crate::{
    attachment::object::{Attachment, AttachmentsOf},
    cadre::object::Cadre,
    category::object::Category,
    demand::{
        NOT_AUTHOR,
        alike::{AlikeTo, LikelyDuplicate},
        feedback::{Feedback, FeedbackOf},
        input::{DemandOrderField, DemandWhere},
        object::{Demand, SaidIn},
    },
    department::object::Department,
    diary::object::Diary,
    enterprise::object::Enterprise,
    household::object::Household,
    intake::{object::IntakePoint, opening::BoxOpening},
    kernel::{
        connection::{Connection, Cursor},
        directive::{DataClass, class},
        error::Result,
        node::{Listing, OrderBy, children},
        page::PageArgs,
        payload::{Permission, ctx},
        policy::{May, Part},
        request::Ctx,
    },
    region::object::Region,
    task::object::Task,
    visit::object::Visit,
};
use async_graphql::{ComplexObject, Context, SimpleObject};
use entity::{
    kind::{DemandState, RecordKind},
    scalar::PhoneNumber,
};

/// What the viewer may do to a demand (可否操作).
#[derive(Clone, Debug, SimpleObject)]
pub struct DemandViewerCan {
    /// Accept it into a task, decline it, change how it is classified, merge and part it (`demandAccept`, `demandDecline`,
    /// `demandUpdate`, `demandMerge`, `demandSplit`, `suggestionDecide`).
    pub accept: Permission,
    /// Settle it on the spot (`demandSettle`).
    pub settle: Permission,
    /// Withdraw it, and object to what was decided (`demandWithdraw`, `demandObject`): whoever raised it.
    pub object: Permission,
    /// Judge what became of it (`demandJudge`).
    pub judge: Permission,
}

/// A long text of a demand, if there is one and the viewer may see it.
async fn said(
    demand: &Demand,
    ctx: &Ctx,
    field: &'static str,
    text: impl FnOnce(crate::demand::object::Said) -> Option<String>,
) -> Option<Result<String>> {
    if !demand.sight.shows(Part::Personal) {
        return None;
    }
    let text = match ctx.load(SaidIn(demand.id)).await {
        Ok(said) => text(said?)?,
        Err(error) => return Some(Err(error)),
    };
    demand.shows(ctx, "Demand", field);
    Some(Ok(text))
}

#[ComplexObject]
impl Demand {
    /// Names of the fields that are null because the viewer may not see them (未显示的字段), whether or not they hold anything.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn redacted_fields(&self) -> Vec<&'static str> {
        self.hidden()
    }

    /// What the viewer may do to it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn viewer_can(&self, gql: &Context<'_>) -> DemandViewerCan {
        let ctx = ctx(gql);
        let facts = self.facts();
        let own = ctx.viewer().is_some_and(|viewer| viewer.account == self.registered_by) && !self.spoken_for;
        let object = if own || ctx.may(May::JudgeResult, &facts) {
            Permission::given()
        } else {
            Permission::to_maker(ctx, "AUTHOR", NOT_AUTHOR.0, NOT_AUTHOR.1)
        };
        let judge = [May::JudgeResult, May::CheckTask].into_iter().find(|may| ctx.may(*may, &facts));
        DemandViewerCan {
            accept: ctx.permission(May::AcceptDemand, &facts),
            settle: ctx.permission(May::SettleDemand, &facts),
            object,
            judge: ctx.permission(judge.unwrap_or(May::JudgeResult), &facts),
        }
    }

    /// Waits for an answer beyond its time (超时未答复).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn overdue(&self, gql: &Context<'_>) -> bool {
        self.state == DemandState::Registered && ctx(gql).now() >= self.respond_due_at
    }

    /// Waits for an answer, and 70 % of the time is gone (临近超时).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn amber(&self, gql: &Context<'_>) -> bool {
        let now = ctx(gql).now();
        self.state == DemandState::Registered && now >= self.respond_amber_at && now < self.respond_due_at
    }

    /// What was said (诉求内容), at most 2000 characters. Null once it was erased.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn content(&self, gql: &Context<'_>) -> Option<Result<String>> {
        said(self, ctx(gql), "content", |said| said.content).await
    }

    /// Where it is about, in words (地点). Null when that was not told.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn spot(&self, gql: &Context<'_>) -> Option<Result<String>> {
        said(self, ctx(gql), "spot", |said| said.spot).await
    }

    /// What was answered when it was settled, or why it was declined (答复). Null until then, and once it is accepted.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn answer(&self, gql: &Context<'_>) -> Option<Result<String>> {
        said(self, ctx(gql), "answer", |said| said.answer).await
    }

    /// What was objected, or why it was withdrawn (异议). Null when nothing was.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn objection(&self, gql: &Context<'_>) -> Option<Result<String>> {
        said(self, ctx(gql), "objection", |said| said.objection).await
    }

    /// Who said it, where that is not the household as such (诉求人). Null when nobody was named, and to whom it is about.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn raiser_name(&self, gql: &Context<'_>) -> Option<Result<String>> {
        self.of_author(said(self, ctx(gql), "raiserName", |said| said.raiser_name).await)
    }

    /// Their telephone number, masked (诉求人电话，掩码). Null when none was told, and to whom it is about.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn raiser_phone_masked(&self, gql: &Context<'_>) -> Option<Result<String>> {
        self.of_author(said(self, ctx(gql), "raiserPhoneMasked", |said| said.raiser_phone_masked).await)
    }

    /// Their telephone number (诉求人电话). Null for all but current contacts, the grid worker, the handler of its open task, and
    /// the household or enterprise itself.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn raiser_phone(&self, gql: &Context<'_>) -> Option<Result<PhoneNumber>> {
        if self.concerned || !self.sight.shows(Part::Phone) {
            return None;
        }
        let ctx = ctx(gql);
        let sealed = match ctx.load(SaidIn(self.id)).await {
            Ok(said) => said?.raiser_phone?,
            Err(error) => return Some(Err(error)),
        };
        self.shows(ctx, "Demand", "raiserPhone");
        Some(ctx.vault().open(&sealed).map(PhoneNumber))
    }

    /// The household whose it is (诉求户). Null where it is of no household, when that is outside the viewer's scope, and to whom
    /// it is about.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn household(&self, gql: &Context<'_>) -> Option<Result<Household>> {
        ctx(gql).edge(self.of_author(self.household_id)).await
    }

    /// The enterprise whose it is (诉求企业). Null where it is of no enterprise, when that is outside the viewer's scope, and to whom
    /// it is about.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn enterprise(&self, gql: &Context<'_>) -> Option<Result<Enterprise>> {
        ctx(gql).edge(self.of_author(self.enterprise_id)).await
    }

    /// The place that it is of (诉求区域). Null where it is of a household or an enterprise.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn region(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(self.region_id).await
    }

    /// The village or community (村、社区). Null when it lies in none.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn village(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(self.village_id).await
    }

    /// The township (乡镇). Null when it lies in none.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn township(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(self.township_id).await
    }

    /// Of a dispute, the household on the other side (对方户). Null of the others, and when outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn other_household(&self, gql: &Context<'_>) -> Option<Result<Household>> {
        ctx(gql).edge(self.of_author(self.other_household_id)).await
    }

    /// Of an old petition, the leader who took it over (包案领导). Null of the others, and when outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn leader(&self, gql: &Context<'_>) -> Option<Result<Cadre>> {
        ctx(gql).edge(self.leader_id).await
    }

    /// Whom it is about (针对的干部). Null when it is about nobody, and when outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn about_cadre(&self, gql: &Context<'_>) -> Option<Result<Cadre>> {
        ctx(gql).edge(self.about_cadre_id).await
    }

    /// Which office it is about (针对的部门). Null when it is about none.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn about_department(&self, gql: &Context<'_>) -> Option<Result<Department>> {
        ctx(gql).edge(self.about_department_id).await
    }

    /// The visit in which it was heard (走访). Null when in none, when outside the viewer's scope, and to whom it is about.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn visit(&self, gql: &Context<'_>) -> Option<Result<Visit>> {
        ctx(gql).edge(self.of_author(self.visit_id)).await
    }

    /// The diary entry of which it is a passage (民情日记). Null when of none, and when outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn diary(&self, gql: &Context<'_>) -> Option<Result<Diary>> {
        ctx(gql).edge(self.of_author(self.diary_id)).await
    }

    /// The cadre who registered it (登记人). Null when no cadre did, when outside the viewer's scope, and to whom it is about.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn registrar(&self, gql: &Context<'_>) -> Option<Result<Cadre>> {
        ctx(gql).edge(self.of_author(self.registrar_id)).await
    }

    /// Its category (类别). Null when none was named.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn category(&self, gql: &Context<'_>) -> Option<Result<Category>> {
        ctx(gql).edge(self.category_id).await
    }

    /// The station, point or box at which it came in (受理点). Null when at none.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn intake_point(&self, gql: &Context<'_>) -> Option<Result<IntakePoint>> {
        ctx(gql).edge(self.intake_point_id).await
    }

    /// The opening of the box in which it was found (开箱记录). Null when in none, and when outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn box_opening(&self, gql: &Context<'_>) -> Option<Result<BoxOpening>> {
        ctx(gql).edge(self.box_opening_id).await
    }

    /// Files that are attached to it (附件), the first first; at most 20. Null when hidden, and to whom it is about.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn attachments(&self, gql: &Context<'_>) -> Option<Result<Vec<Attachment>>> {
        if !self.shows_files() {
            return None;
        }
        let asked = AttachmentsOf { kind: RecordKind::Demand, record: self.id.0 };
        Some(ctx(gql).load(asked).await.map(Option::unwrap_or_default))
    }

    /// The task that answers it (任务). Null until it is accepted.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn task(&self, gql: &Context<'_>) -> Option<Result<Task>> {
        ctx(gql).edge(self.task_id).await
    }

    /// The demand with which it is one (合并到). Null when it stands by itself, and when outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn merged_into(&self, gql: &Context<'_>) -> Option<Result<Demand>> {
        ctx(gql).edge(self.merged_into_id).await
    }

    /// The letter of which it is a part (拆自). Null when of none.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn split_from(&self, gql: &Context<'_>) -> Option<Result<Demand>> {
        ctx(gql).edge(self.split_from_id).await
    }

    /// Demands that are one with it (已合并诉求), the latest first.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn merged(
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
        Some(children(gql, "merged_into_id", self.id, Listing { filter, order_by, page }).await)
    }

    /// The parts into which it was split (拆分诉求), the latest first.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn split_into(
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
        Some(children(gql, "split_from_id", self.id, Listing { filter, order_by, page }).await)
    }

    /// Judgements of what became of it (评价), the latest first; at most 20.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn feedbacks(&self, gql: &Context<'_>) -> Option<Result<Vec<Feedback>>> {
        ctx(gql).load(FeedbackOf(self.id)).await.transpose()
    }

    /// Demands that are likely the same (疑似重复), the most alike first; at most 10. Null to who may not accept it. None of them is
    /// merged by itself.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn likely_duplicates(&self, gql: &Context<'_>) -> Option<Result<Vec<LikelyDuplicate>>> {
        if !ctx(gql).may(May::AcceptDemand, &self.facts()) {
            return None;
        }
        ctx(gql).load(AlikeTo(self.id)).await.transpose()
    }
}

#[ComplexObject]
impl LikelyDuplicate {
    /// The demand that is likely the same (疑似诉求).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn demand(&self, gql: &Context<'_>) -> Option<Result<Demand>> {
        self.other(ctx(gql)).await
    }
}

#[ComplexObject]
impl Feedback {
    /// In words (评价内容). Null when nothing was said, and to whom the demand is about.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn comment(&self, gql: &Context<'_>) -> Option<Result<String>> {
        let ctx = ctx(gql);
        let demand = match ctx.edge::<Demand>(Some(self.demand_id)).await? {
            Ok(demand) => demand,
            Err(error) => return Some(Err(error)),
        };
        if demand.concerned || !demand.sight.shows(Part::Personal) {
            return None;
        }
        let comment = self.comment.clone()?;
        demand.shows(ctx, "Feedback", "comment");
        Some(Ok(comment))
    }
}
