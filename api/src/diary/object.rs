//! `Diary` as it is spoken.

use crate::kernel::{
    access::{Owner, Subject, Way},
    connection::{Connection, Cursor},
    directive::{DataClass, auth, class, cost, may, see},
    door::{any_of, unscoped},
    error::Result,
    filter::{DateFilter, IdFilter, in_region, operand},
    node::{Filter, Listing, Node, OrderBy, Ordering, list},
    page::{PageArgs, Run},
    payload::{ctx, payload},
    policy::{May, Resource},
    request::Ctx,
    rows::Key,
    scope::Scope,
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{
    diary, diary_visit,
    id::{CadreId, DiaryId, RegionId, VisitId},
    scalar::{Date, DateTime},
};
use sea_orm::{
    ColumnTrait, Condition, DerivePartialModel, QueryFilter, QueryOrder, QuerySelect, sea_query::ExprTrait,
};
use std::collections::HashMap;
use uuid::Uuid;

/// A diary entry (民情日记): what a cadre wrote down of a day. Read by whoever wrote it, and by the leaders of where they serve.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "diary::Entity")]
#[graphql(complex)]
pub struct Diary {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: DiaryId,
    /// The day that it tells of (日期).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub written_on: Date,
    /// When it was written (书写时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub written_at: DateTime,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) cadre_id: CadreId,
    #[graphql(skip)]
    #[sea_orm(skip)]
    pub(crate) way: Way,
}

impl Diary {
    /// Notes that something personal of it is shown: of whoever wrote it.
    pub(crate) fn shows(&self, ctx: &Ctx, of: &'static str, field: &str) {
        let owner = Owner { subject: Subject::Cadre(self.cadre_id), of, way: self.way };
        ctx.shows(owner, field, DataClass::Personal);
    }
}

/// The question for the text of an entry: long, so that it is read only when it is asked for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TextOf(pub DiaryId);

impl Key for TextOf {
    type Value = String;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, String>> {
        let rows: Vec<(DiaryId, String)> = ctx
            .within::<diary::Entity>()
            .select_only()
            .columns([diary::Column::Id, diary::Column::Text])
            .filter(any_of(diary::Column::Id, keys.iter().map(|key| key.0), ctx.backend()))
            .into_tuple()
            .all(ctx.db().read())
            .await?;
        Ok(rows.into_iter().map(|(id, text)| (Self(id), text)).collect())
    }
}

/// The question for the visits that an entry tells of; the caller sees the entry.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VisitsOf(pub DiaryId);

impl Key for VisitsOf {
    type Value = Vec<VisitId>;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Vec<VisitId>>> {
        let rows = unscoped::<diary_visit::Entity>()
            .filter(any_of(diary_visit::Column::DiaryId, keys.iter().map(|key| key.0), ctx.backend()))
            .order_by_asc(diary_visit::Column::VisitId)
            .all(ctx.db().read())
            .await?;
        let mut of: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            of.entry(Self(row.diary_id)).or_default().push(row.visit_id);
        }
        Ok(of)
    }
}

/// Conditions on diary entries, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct DiaryWhere {
    /// By cadres who serve anywhere in this region.
    pub region: MaybeUndefined<RegionId>,
    /// By the cadre who wrote it.
    #[graphql(default)]
    pub cadre_id: Option<IdFilter>,
    /// By the day that it tells of.
    #[graphql(default)]
    pub written_on: Option<DateFilter>,
    /// True: one's own. False: those of others.
    pub mine: MaybeUndefined<bool>,
}

impl Filter for DiaryWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        use diary::Column;
        let mut all = in_region::<diary::Entity>(ctx, &self.region).await?;
        if let Some(cadre) = &self.cadre_id {
            all = all.add(cadre.on(ctx, Column::CadreId, CadreId::PREFIX)?);
        }
        if let Some(day) = &self.written_on {
            all = all.add(day.on(Column::WrittenOn)?);
        }
        if let Some(mine) = operand(&self.mine)? {
            let own = Column::CadreId.eq(ctx.scope().cadre.map(|own| own.0).unwrap_or_default());
            all = all.add(if mine { own } else { own.not() });
        }
        Ok(all)
    }
}

/// What diary entries are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum DiaryOrderField {
    /// The day that it tells of.
    WrittenOn,
}

impl Ordering for DiaryOrderField {
    fn column(self) -> Option<&'static str> {
        Some("written_on")
    }

    fn usual() -> Run {
        Run { column: Some("written_on"), descending: true }
    }
}

impl Node for Diary {
    type Entity = diary::Entity;
    type Where = DiaryWhere;
    type Order = DiaryOrderField;
    const NAME: &'static str = DiaryId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }

    fn seen(&mut self, _: &Scope, way: Way) {
        self.way = way;
    }
}

/// Questions about diaries.
#[derive(Debug, Default)]
pub struct DiaryQuery;

#[Object]
impl DiaryQuery {
    /// Diary entries (民情日记), the latest first: one's own, and those of the cadres of a leader's region. Requires sign-in;
    /// empty to who writes none and leads nobody.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::Diary])))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn diaries(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<DiaryWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<DiaryOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Diary>>> {
        if let Err(error) = ctx(gql).signed_in() {
            return Some(Err(error));
        }
        Some(list(gql, Listing { filter, order_by, page: PageArgs::new(first, after, last, before) }).await)
    }
}

/// A diary entry to write.
#[derive(Clone, Debug, InputObject)]
pub struct DiaryWriteInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<DiaryId>,
    /// The day that it tells of; today when absent, at most 400 days ago.
    #[graphql(default)]
    pub written_on: Option<Date>,
    /// What is written, at most 10,000 characters.
    pub text: String,
    /// Visits that it tells of, 20 at the most; they must be within the viewer's scope.
    #[graphql(default)]
    pub visit_ids: Option<Vec<VisitId>>,
}

/// A change to a diary entry. What is absent stays.
#[derive(Clone, Debug, InputObject)]
pub struct DiaryUpdateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which entry.
    pub id: DiaryId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// The day that it tells of; not null.
    pub written_on: MaybeUndefined<Date>,
    /// What is written; not null.
    pub text: MaybeUndefined<String>,
    /// All visits that it tells of from now on; not null.
    pub visit_ids: MaybeUndefined<Vec<VisitId>>,
}

payload! {
    /// A diary entry that was written or changed, or why not.
    DiaryPayload, diary: Diary
}

/// Changes to diaries.
#[derive(Debug, Default)]
pub struct DiaryMutation;

#[Object]
impl DiaryMutation {
    /// Writes a diary entry. Requires a live assignment (`CONTACT`, `PLACE_CONTACT`) or `GRID_WORKER`, and a cadre behind the
    /// account. Errors: `INVALID` (day, text, visits), `STATE` (no cadre), `DUPLICATE` (the id), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::KeepDiary)))]
    async fn diary_write(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to write.")] input: DiaryWriteInput,
    ) -> Option<Result<DiaryPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("diaryWrite", &input.idempotency_key, &input, super::write).await;
        DiaryPayload::of(ctx, written).await
    }

    /// Changes one's own diary entry. Requires to have written it, as `CONTACT`, `PLACE_CONTACT` or `GRID_WORKER`. Errors:
    /// `INVALID`, `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::KeepDiary)))]
    async fn diary_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to change, and the version that it is based on.")] input: DiaryUpdateInput,
    ) -> Option<Result<DiaryPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("diaryUpdate", &input.idempotency_key, &input, super::update).await;
        DiaryPayload::of(ctx, written).await
    }
}
