//! That a cadre took part in a visit (参加走访): day, method and nights, and no word of whom it was to. The cadre sees it, and
//! who leads the cadre.

use crate::kernel::{
    bulk,
    connection::{Connection, Cursor},
    directive::{DataClass, auth, class, cost, see},
    door::{self, any_of, unscoped},
    error::{Refusal, Result},
    filter::{ChoiceFilter, DateFilter, IdFilter},
    node::{Filter, Listing, Node, OrderBy, Ordering, list},
    page::{PageArgs, Run},
    payload::ctx,
    policy::Resource,
    refusal::Checks,
    request::Ctx,
    rows::Key,
    work::Work,
};
use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use entity::{
    cadre,
    id::{CadreId, ParticipationId, VisitId},
    kind::VisitMethod,
    scalar::Date,
    visit, visit_participation,
};
use sea_orm::{
    ColumnTrait, Condition, DerivePartialModel, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use std::collections::HashMap;
use uuid::Uuid;

/// That a cadre took part in a visit (参加走访). Seen by the cadre, by the secretary of the cadre's party organisation, and by
/// administrators, leaders and supervisors of where the cadre serves; whom the visit was to is told by `visit` alone, to
/// who may see that.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "visit_participation::Entity")]
#[graphql(complex)]
pub struct VisitParticipation {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: ParticipationId,
    /// How the visit was made (走访方式).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub method: VisitMethod,
    /// The day of the visit (走访日期).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub visited_on: Date,
    /// Nights stayed (夜数). Null where none are told of.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub nights: Option<i32>,
    #[graphql(skip)]
    pub(crate) visit_id: VisitId,
    #[graphql(skip)]
    pub(crate) cadre_id: CadreId,
}

/// Conditions on participations, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct VisitParticipationWhere {
    /// By the cadre who took part.
    #[graphql(default)]
    pub cadre_id: Option<IdFilter>,
    /// By method.
    #[graphql(default)]
    pub method: Option<ChoiceFilter<VisitMethod>>,
    /// By the day of the visit.
    #[graphql(default)]
    pub visited_on: Option<DateFilter>,
}

impl Filter for VisitParticipationWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        use visit_participation::Column;
        let mut all = Condition::all();
        if let Some(cadre) = &self.cadre_id {
            all = all.add(cadre.on(ctx, Column::CadreId, CadreId::PREFIX)?);
        }
        if let Some(method) = &self.method {
            all = all.add(method.on(Column::Method)?);
        }
        if let Some(day) = &self.visited_on {
            all = all.add(day.on(Column::VisitedOn)?);
        }
        Ok(all)
    }
}

/// What participations are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum VisitParticipationOrderField {
    /// Day of the visit.
    VisitedOn,
}

impl Ordering for VisitParticipationOrderField {
    fn column(self) -> Option<&'static str> {
        Some("visited_on")
    }

    fn usual() -> Run {
        Run { column: Some("visited_on"), descending: true }
    }
}

impl Node for VisitParticipation {
    type Entity = visit_participation::Entity;
    type Where = VisitParticipationWhere;
    type Order = VisitParticipationOrderField;
    const NAME: &'static str = ParticipationId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

/// Questions about who took part in visits.
#[derive(Debug, Default)]
pub struct ParticipationQuery;

#[Object]
impl ParticipationQuery {
    /// Who took part in visits, the latest first: for the cadre's own record, and for who leads cadres. Requires sign-in;
    /// empty to who leads nobody and took part in none.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::Participation])))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn visit_participations(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<
            VisitParticipationWhere,
        >,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<VisitParticipationOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<VisitParticipation>>> {
        if let Err(error) = ctx(gql).signed_in() {
            return Some(Err(error));
        }
        Some(list(gql, Listing { filter, order_by, page: PageArgs::new(first, after, last, before) }).await)
    }
}

/// The question for who took part in a visit that the viewer sees.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ParticipantsOf(pub VisitId);

impl Key for ParticipantsOf {
    type Value = Vec<CadreId>;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Vec<CadreId>>> {
        use visit_participation::Column;
        let those = any_of(Column::VisitId, keys.iter().map(|key| key.0), ctx.backend());
        let rows: Vec<(VisitId, CadreId)> = unscoped::<visit_participation::Entity>()
            .select_only()
            .columns([Column::VisitId, Column::CadreId])
            .filter(those)
            .order_by_asc(Column::Id)
            .into_tuple()
            .all(ctx.db().read())
            .await?;
        let mut of: HashMap<_, Vec<_>> = HashMap::new();
        for (visit, cadre) in rows {
            of.entry(Self(visit)).or_default().push(cadre);
        }
        Ok(of)
    }
}

/// They are cadres whom the viewer knows, and in office.
pub(super) async fn check(work: &Work, checks: &mut Checks, ids: &[CadreId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let known: Vec<CadreId> = door::within::<cadre::Entity>(work.ctx.scope(), work.ctx.backend())
        .select_only()
        .column(cadre::Column::Id)
        .filter(any_of(cadre::Column::Id, ids.iter().copied(), work.ctx.backend()))
        .into_tuple()
        .all(&work.tx)
        .await?;
    for (at, id) in ids.iter().enumerate() {
        checks.require(known.contains(id), || Refusal::not_found(&format!("participantIds.{at}")));
    }
    Ok(())
}

/// Lets these have taken part, and nobody else.
pub(super) async fn set(work: &Work, visit: &visit::Model, cadres: &[CadreId]) -> Result<()> {
    visit_participation::Entity::delete_many()
        .filter(visit_participation::Column::VisitId.eq(visit.id))
        .exec(&work.tx)
        .await?;
    let rows = cadres.iter().map(|&cadre_id| row(visit, cadre_id)).collect();
    Ok(bulk::insert::<visit_participation::Entity>(&work.tx, rows).await?)
}

/// Who takes part in a visit, as a row.
pub(crate) fn row(visit: &visit::Model, cadre_id: CadreId) -> visit_participation::Model {
    visit_participation::Model {
        id: ParticipationId(Uuid::now_v7()),
        visit_id: visit.id,
        cadre_id,
        method: visit.method,
        visited_on: visit.visited_on,
        nights: visit.nights,
    }
}

/// Method, day and nights follow those of the visit.
pub(super) async fn follow(work: &Work, visit: &visit::Model) -> Result<()> {
    use visit_participation::Column;
    visit_participation::Entity::update_many()
        .col_expr(Column::Method, Expr::value(visit.method))
        .col_expr(Column::VisitedOn, Expr::value(visit.visited_on))
        .col_expr(Column::Nights, Expr::value(visit.nights))
        .filter(Column::VisitId.eq(visit.id))
        .exec(&work.tx)
        .await?;
    Ok(())
}
