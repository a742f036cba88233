//! The access log as it is spoken (谁看过我).

use crate::kernel::{
    connection::{Connection, Cursor},
    directive::{DataClass, auth, class, cost, see},
    door::{any_of, unscoped},
    error::Result,
    filter::{ChoiceFilter, IdFilter, operand},
    node::{Filter, Listing, Node, OrderBy, Ordering, list},
    page::{PageArgs, Run},
    payload::ctx,
    policy::Resource,
    request::Ctx,
    rows::Key,
};
use async_graphql::{Context, Enum, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{
    access_line, access_subject,
    id::{AccessId, AccountId, CadreId, EnterpriseId, HouseholdId, RegionId},
    kind::AccessAction,
    scalar::DateTime,
};
use sea_orm::{ColumnTrait, Condition, DerivePartialModel, FromQueryResult, QueryFilter, QuerySelect};
use std::collections::HashMap;
use uuid::Uuid;

/// One look at one household, enterprise or cadre (查看记录): who saw something personal of it, when, how and why. Seen by
/// the household or enterprise itself, by the administrator of its region, and by the auditor (审计员).
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "access_subject::Entity")]
#[graphql(complex)]
pub struct AccessEntry {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: AccessId,
    /// When (查看时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub at: DateTime,
    /// How (查看方式).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub action: AccessAction,
    /// The highest class of what was shown (数据级别).
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[sea_orm(from_col = "class")]
    pub highest_class: DataClass,
    #[graphql(skip)]
    pub(crate) line_id: Uuid,
    #[graphql(skip)]
    pub(crate) account_id: Option<AccountId>,
    #[graphql(skip)]
    pub(crate) household_id: Option<HouseholdId>,
    #[graphql(skip)]
    pub(crate) enterprise_id: Option<EnterpriseId>,
    #[graphql(skip)]
    cadre_id: Option<CadreId>,
    #[graphql(skip)]
    region_id: Option<RegionId>,
}

impl AccessEntry {
    /// At whom: the id of a record, whether or not the viewer sees the record itself.
    pub(crate) fn subject(&self) -> String {
        let household = self.household_id.map(|id| id.to_string());
        let enterprise = self.enterprise_id.map(|id| id.to_string());
        let cadre = self.cadre_id.map(|id| id.to_string());
        household.or(enterprise).or(cadre).or(self.region_id.map(|id| id.to_string())).unwrap_or_default()
    }
}

/// Conditions on looks, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct AccessEntryWhere {
    /// At these households.
    #[graphql(default)]
    pub household_id: Option<IdFilter>,
    /// At these enterprises.
    #[graphql(default)]
    pub enterprise_id: Option<IdFilter>,
    /// By these accounts.
    #[graphql(default)]
    pub account_id: Option<IdFilter>,
    /// In this way.
    #[graphql(default)]
    pub action: Option<ChoiceFilter<AccessAction>>,
    /// Of this class at the highest.
    #[graphql(default)]
    pub highest_class: Option<ChoiceFilter<DataClass>>,
    /// At this moment or after it.
    pub since: MaybeUndefined<DateTime>,
    /// Before this moment.
    pub until: MaybeUndefined<DateTime>,
}

impl Filter for AccessEntryWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        use access_subject::Column::{
            AccountId as Account, Action, At, Class, EnterpriseId, HouseholdId as Household,
        };
        let mut all = Condition::all();
        if let Some(household) = &self.household_id {
            all = all.add(household.on(ctx, Household, HouseholdId::PREFIX)?);
        }
        if let Some(enterprise) = &self.enterprise_id {
            all = all.add(enterprise.on(ctx, EnterpriseId, entity::id::EnterpriseId::PREFIX)?);
        }
        if let Some(account) = &self.account_id {
            all = all.add(account.on(ctx, Account, AccountId::PREFIX)?);
        }
        if let Some(action) = &self.action {
            all = all.add(action.on(Action)?);
        }
        if let Some(highest) = &self.highest_class {
            all = all.add(highest.on(Class)?);
        }
        if let Some(since) = operand(&self.since)? {
            all = all.add(At.gte(since));
        }
        if let Some(until) = operand(&self.until)? {
            all = all.add(At.lt(until));
        }
        Ok(all)
    }
}

/// What looks are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum AccessEntryOrderField {
    /// When: the order of the ids.
    At,
}

impl Ordering for AccessEntryOrderField {
    fn column(self) -> Option<&'static str> {
        None
    }

    fn usual() -> Run {
        Run { column: None, descending: true }
    }
}

impl Node for AccessEntry {
    type Entity = access_subject::Entity;
    type Where = AccessEntryWhere;
    type Order = AccessEntryOrderField;
    const NAME: &'static str = AccessId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

/// What one request showed: the line that its subjects belong to.
#[derive(Clone, Debug, FromQueryResult)]
pub struct LineOf {
    id: Uuid,
    /// Coordinates of the fields.
    pub fields: serde_json::Value,
    /// Why, as it was given.
    pub purpose: Option<String>,
    /// The id of the request.
    pub request_id: String,
}

/// The question for the line of a look.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Line(pub Uuid);

impl Key for Line {
    type Value = LineOf;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, LineOf>> {
        use access_line::Column;
        let rows = unscoped::<access_line::Entity>()
            .select_only()
            .columns([Column::Id, Column::Fields, Column::Purpose, Column::RequestId])
            .filter(any_of(Column::Id, keys.iter().map(|key| key.0), ctx.backend()))
            .into_model::<LineOf>()
            .all(ctx.db().read())
            .await?;
        Ok(rows.into_iter().map(|row| (Self(row.id), row)).collect())
    }
}

/// Questions about who looked.
#[derive(Debug, Default)]
pub struct AccessQuery;

#[Object]
impl AccessQuery {
    /// Who looked at whom (查看记录), the latest first, of the places that the viewer may read the log of. Requires `AUDITOR` or
    /// `REGION_ADMIN` of the place, `RESIDENT` of the household, or `ENTERPRISE_REP` of the enterprise; others get an empty list.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::AccessLog])))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn access_log(
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
        if let Err(error) = ctx(gql).signed_in() {
            return Some(Err(error));
        }
        Some(list(gql, Listing { filter, order_by, page: PageArgs::new(first, after, last, before) }).await)
    }
}
