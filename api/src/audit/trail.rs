//! The audit trail as it is spoken (变更记录): who changed what, when.

use crate::kernel::{
    connection::{Connection, Cursor},
    directive::{DataClass, auth, class, cost, see},
    error::{Fault, Result},
    filter::{ChoiceFilter, IdFilter, StringFilter, in_region, operand},
    node::{Filter, Listing, Node, OrderBy, Ordering, list},
    page::{PageArgs, Run},
    payload::ctx,
    policy::Resource,
    record::field_name,
    request::Ctx,
};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{
    change,
    id::{self, AccountId, ChangeId, RegionId},
    kind::ChangeKind,
    scalar::DateTime,
};
use sea_orm::{ColumnTrait, Condition, DerivePartialModel};
use uuid::Uuid;

/// One change of one record (变更记录): who changed what, and when. Kept from the first record on and never altered. Seen by
/// the auditor (审计员) of the place where the record stood then.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "change::Entity")]
#[graphql(complex)]
pub struct ChangeEntry {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: ChangeId,
    /// When (变更时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub at: DateTime,
    /// What happened to the record (变更类型).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub kind: ChangeKind,
    /// What the record is (记录类型), by the prefix of its id: `grant`, `household`.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[sea_orm(from_col = "entity")]
    pub record_type: String,
    /// The version that the record has had since (版本).
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[sea_orm(from_col = "entity_version")]
    pub record_version: i32,
    #[graphql(skip)]
    pub(crate) request_id: String,
    #[graphql(skip)]
    entity_id: Uuid,
    #[graphql(skip)]
    columns: serde_json::Value,
    #[graphql(skip)]
    content: serde_json::Value,
    #[graphql(skip)]
    pub(crate) actor: Option<AccountId>,
}

/// A value that a field was given (新值).
#[derive(Clone, Debug, SimpleObject)]
pub struct ChangedValue {
    /// The field (字段), as the record keeps it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub field: String,
    /// What it was given (值), as text. Null when it was emptied.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub value: Option<String>,
}

impl ChangeEntry {
    /// The id of the record that was changed.
    pub(crate) fn record(&self) -> String {
        id::spell(&self.record_type, self.entity_id)
    }

    /// Names of the fields that were changed.
    pub(crate) fn changed(&self) -> Vec<String> {
        let columns = self.columns.as_array().into_iter().flatten();
        let mut names: Vec<_> = columns.filter_map(|name| Some(field_name(name.as_str()?))).collect();
        // A number that is kept in three forms is one field.
        names.dedup();
        names
    }

    /// New values, of fields of the internal class.
    pub(crate) fn given(&self) -> Vec<ChangedValue> {
        let content = self.content.as_object().into_iter().flatten();
        content
            .map(|(column, value)| ChangedValue { field: field_name(column), value: self.say(column, value) })
            .collect()
    }

    /// A value as clients read it elsewhere: ids with their prefix.
    fn say(&self, column: &str, value: &serde_json::Value) -> Option<String> {
        use serde_json::Value;
        match value {
            Value::Null => None,
            Value::String(text) => {
                let stem =
                    column.strip_suffix("_id").or_else(|| column.strip_suffix("_by").map(|_| "account"));
                let spelt = stem.and_then(|stem| {
                    let prefix = match stem {
                        "county" | "township" | "village" | "group" | "grid" => RegionId::PREFIX,
                        "parent" => &self.record_type,
                        own => own,
                    };
                    Some(id::spell(prefix, Uuid::parse_str(text).ok()?))
                });
                Some(spelt.unwrap_or_else(|| text.clone()))
            }
            other => Some(other.to_string()),
        }
    }
}

/// Conditions on changes, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct ChangeEntryWhere {
    /// Of this record.
    pub record_id: MaybeUndefined<ID>,
    /// Of records of these types, by the prefix of their ids: `grant`, `household`.
    #[graphql(default)]
    pub record_type: Option<StringFilter>,
    /// By these accounts.
    #[graphql(default)]
    pub actor_id: Option<IdFilter>,
    /// By what happened.
    #[graphql(default)]
    pub kind: Option<ChoiceFilter<ChangeKind>>,
    /// In this request.
    pub request_id: MaybeUndefined<ID>,
    /// Where the record stood then: in this county, township or village.
    pub region: MaybeUndefined<RegionId>,
    /// At this moment or after it.
    pub since: MaybeUndefined<DateTime>,
    /// Before this moment.
    pub until: MaybeUndefined<DateTime>,
}

impl Filter for ChangeEntryWhere {
    async fn condition(&self, ctx: &Ctx) -> Result<Condition> {
        use change::Column::{Actor, At, Entity, EntityId, Kind, RequestId};
        let mut all = in_region::<change::Entity>(ctx, &self.region).await?;
        if let Some(record) = operand(&self.record_id)? {
            let (prefix, uuid) = id::read(&record).ok_or_else(|| {
                Fault::input("标识应形如 household_01jd3k…。", "An id is of the form household_01jd3k….")
            })?;
            all = all.add(Entity.eq(prefix)).add(EntityId.eq(uuid));
        }
        if let Some(kinds) = &self.record_type {
            all = all.add(kinds.on(Entity)?);
        }
        if let Some(actor) = &self.actor_id {
            all = all.add(actor.on(ctx, Actor, AccountId::PREFIX)?);
        }
        if let Some(kind) = &self.kind {
            all = all.add(kind.on(Kind)?);
        }
        if let Some(request) = operand(&self.request_id)? {
            all = all.add(RequestId.eq(request.0));
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

/// What changes are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum ChangeEntryOrderField {
    /// When: the order of the ids.
    At,
}

impl Ordering for ChangeEntryOrderField {
    fn column(self) -> Option<&'static str> {
        None
    }

    fn usual() -> Run {
        Run { column: None, descending: true }
    }
}

impl Node for ChangeEntry {
    type Entity = change::Entity;
    type Where = ChangeEntryWhere;
    type Order = ChangeEntryOrderField;
    const NAME: &'static str = ChangeId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

/// Questions about who changed what.
#[derive(Debug, Default)]
pub struct TrailQuery;

#[Object]
impl TrailQuery {
    /// Who changed what (变更记录), the latest first, of the places whose trail the viewer may read; what belongs to no county is
    /// not in it. Requires `AUDITOR` of the place; others get an empty list.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(see(&[Resource::Trail])))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn audit_trail(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<
            ChangeEntryWhere,
        >,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<ChangeEntryOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<ChangeEntry>>> {
        if let Err(error) = ctx(gql).signed_in() {
            return Some(Err(error));
        }
        Some(list(gql, Listing { filter, order_by, page: PageArgs::new(first, after, last, before) }).await)
    }
}
