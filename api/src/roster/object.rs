//! `RosterImport` as it is spoken: a roster that comes in from an uploaded file.

use super::job::{self, RosterImportInput, far};
use crate::kernel::{
    connection::{Connection, Count, Cursor},
    directive::{DataClass, auth, class, cost, may},
    error::{Error, Locale, Result},
    node::{Filter, Listing, Node, OrderBy, Ordering, list},
    page::{self, PageArgs, Run, Stamp},
    payload::{ctx, payload},
    policy::May,
    request::Ctx,
};
use async_graphql::{ComplexObject, Context, Enum, InputObject, Object, SimpleObject};
use entity::{
    id::ImportId,
    kind::{ImportState, RosterKind},
    roster_import,
    scalar::DateTime,
};
use futures_util::FutureExt;
use sea_orm::{ActiveEnum, Condition, DerivePartialModel};
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// A roster that is taken in from an uploaded file (名册导入): party organisations, cadres, households with their members,
/// enterprises, contact assignments. All of it or nothing, unless bad rows are to be left out. Only the account that began
/// it sees it. Ask for it again until `state` is no longer `RUNNING`.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "roster_import::Entity")]
#[graphql(complex)]
pub struct RosterImport {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: ImportId,
    /// Name of the file (文件名).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub file_name: String,
    /// What it was said to be (名册种类). Null when that is found out by its headings.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub kind: Option<RosterKind>,
    /// Whether it only tells what would become of it (试运行).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub dry_run: bool,
    /// Whether the good records are taken where there are bad ones (略过错误行).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub skip_bad: bool,
    /// When it began (开始时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub started_at: DateTime,
    /// When it ended (结束时间). Null while it goes on.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub finished_at: Option<DateTime>,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
    #[graphql(skip)]
    #[sea_orm(from_col = "state")]
    stored: ImportState,
    #[graphql(skip)]
    beat_at: DateTime,
    #[graphql(skip)]
    report: Option<Value>,
}

/// How far an import has come (导入进度).
#[derive(Clone, Debug, SimpleObject)]
pub struct ImportProgress {
    /// The sheet that is being gone through (工作表).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub sheet: String,
    /// Rows of it that have been looked at (已处理行数).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub rows: i64,
    /// Rows that it has (总行数). Null when the file does not tell.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub total: Option<i64>,
}

/// What became of one sheet (工作表结果).
#[derive(Clone, Debug, SimpleObject)]
pub struct ImportedSheet {
    /// Its name (工作表).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub sheet: String,
    /// What it is (名册种类). Null when it is a kind that this version does not know any more.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub kind: Option<RosterKind>,
    /// Rows below the headings (行数).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub rows: i64,
    /// Records that were made (新增).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub created: i64,
    /// Records that were changed (更改).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub updated: i64,
    /// Records that were there as the sheet has them (未变).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub unchanged: i64,
    /// Records left out, for a fault of their own or of one that they depend on (略过).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub skipped: i64,
}

/// One thing that is wrong with a row (错误行). It never repeats what stands in a personal cell.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct ImportFault {
    /// The sheet (工作表).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub sheet: String,
    /// The row as a spreadsheet counts it, from 1 (行).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub row: i64,
    /// The column by its heading (列). Empty where the whole row is meant.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub column: String,
    /// The rule that is broken, stable, for programs (规则).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub rule: String,
    #[graphql(skip)]
    zh: String,
    #[graphql(skip)]
    en: String,
}

#[ComplexObject]
impl ImportFault {
    /// What is wrong and what would be right (说明), in the language of `Accept-Language`.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn message(&self, gql: &Context<'_>) -> String {
        spoken(gql, &self.zh, &self.en)
    }
}

fn spoken(gql: &Context<'_>, zh: &str, en: &str) -> String {
    gql.data_opt::<Locale>().copied().unwrap_or_default().pick(zh, en).to_owned()
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

impl RosterImport {
    fn list(&self, field: &str) -> &[Value] {
        let list = self.report.as_ref().and_then(|report| report[field].as_array());
        list.map_or(&[], Vec::as_slice)
    }
}

#[ComplexObject]
impl RosterImport {
    /// How it stands (状态).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn state(&self, gql: &Context<'_>) -> ImportState {
        job::state(ctx(gql), self.id, self.stored, self.beat_at)
    }

    /// How far it has come (进度). Null when it is not running, or when another process of the server works on it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn progress(&self) -> Option<ImportProgress> {
        let far = far(self.id)?;
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        Some(ImportProgress { sheet: far.sheet, rows: number(far.rows), total: far.total.map(number) })
    }

    /// Why it failed as a whole (失败原因), for people. Null when it did not.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn message(&self, gql: &Context<'_>) -> Option<String> {
        let failed = &self.report.as_ref()?["failed"];
        failed.is_object().then(|| spoken(gql, &text(failed, "zh"), &text(failed, "en")))
    }

    /// What became of its sheets (各表结果), in the order in which they were taken in; at most 255. Empty until it has ended.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn sheets(&self) -> Vec<ImportedSheet> {
        let number = |value: &Value, field: &str| value[field].as_i64().unwrap_or_default();
        let sheets = self.list("sheets").iter().take(255).map(|sheet| ImportedSheet {
            sheet: text(sheet, "sheet"),
            kind: RosterKind::try_from_value(&text(sheet, "kind").to_uppercase()).ok(),
            rows: number(sheet, "rows"),
            created: number(sheet, "created"),
            updated: number(sheet, "updated"),
            unchanged: number(sheet, "unchanged"),
            skipped: number(sheet, "skipped"),
        });
        sheets.collect()
    }

    /// How many things are wrong in all (错误总数).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn fault_count(&self) -> i64 {
        self.report.as_ref().and_then(|report| report["total_faults"].as_i64()).unwrap_or_default()
    }

    /// What is wrong, row by row (逐行错误): the first 1000.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::unused_async, reason = "a resolver that can fail is async")]
    async fn faults(
        &self,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Result<Connection<ImportFault>, Error> {
        let faults: Vec<ImportFault> = self
            .list("faults")
            .iter()
            .map(|fault| ImportFault {
                sheet: text(fault, "sheet"),
                row: fault["row"].as_i64().unwrap_or_default(),
                column: text(fault, "column"),
                rule: text(fault, "rule"),
                zh: text(fault, "zh"),
                en: text(fault, "en"),
            })
            .collect();
        let n = i64::try_from(faults.len()).unwrap_or(i64::MAX);
        let stamp = Stamp::new("import-faults", &self.id, Run { column: None, descending: false });
        let slice = page::of_all(PageArgs::new(first, after, last, before), &stamp, faults)?;
        let count: Count = Arc::new(move || async move { Ok(n) }.boxed());
        Ok(Connection::new(slice, count))
    }
}

/// Conditions on imports, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct RosterImportWhere {
    /// Dry runs only, or the others only.
    #[graphql(default)]
    pub dry_run: Option<bool>,
}

impl Filter for RosterImportWhere {
    async fn condition(&self, _: &Ctx) -> Result<Condition> {
        use sea_orm::ColumnTrait;
        let dry = self.dry_run.map(|dry| roster_import::Column::DryRun.eq(dry));
        Ok(Condition::all().add_option(dry))
    }
}

/// What imports are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum RosterImportOrderField {
    /// When they were begun: the order of the ids.
    CreatedAt,
}

impl Ordering for RosterImportOrderField {
    fn column(self) -> Option<&'static str> {
        None
    }

    fn usual() -> Run {
        Run { column: None, descending: true }
    }
}

impl Node for RosterImport {
    type Entity = roster_import::Entity;
    type Where = RosterImportWhere;
    type Order = RosterImportOrderField;
    const NAME: &'static str = ImportId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

/// Questions about rosters on their way in.
#[derive(Debug, Default)]
pub struct RosterQuery;

#[Object]
impl RosterQuery {
    /// The viewer's own imports of rosters, the latest first. Requires sign-in.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(may(May::ImportRoster)))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn roster_imports(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<
            RosterImportWhere,
        >,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<RosterImportOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<RosterImport>>> {
        if let Err(error) = ctx(gql).signed_in() {
            return Some(Err(error));
        }
        Some(list(gql, Listing { filter, order_by, page: PageArgs::new(first, after, last, before) }).await)
    }
}

payload! {
    /// An import that was begun, or why not.
    RosterImportPayload, roster_import: RosterImport
}

/// Rosters into the system.
#[derive(Debug, Default)]
pub struct RosterMutation;

#[Object]
impl RosterMutation {
    /// Begins to take in a roster (名册) from an uploaded file; it goes on behind the scenes. Each record requires the right
    /// to import there and what its own mutation requires; a place outside answers like one that does not exist. Requires
    /// `REGION_ADMIN`. Errors: `STATE` (the file is not complete), `LIMIT` (one at a time), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(1000), directive = auth::apply(may(May::ImportRoster)))]
    async fn roster_import(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to take in, and how.")] input: RosterImportInput,
    ) -> Option<Result<RosterImportPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("rosterImport", &input.idempotency_key, &input, job::note).await;
        if let Ok(written) = &written
            && !written.replayed
        {
            match job::noted(ctx, ImportId(written.entity)).await {
                Ok(job) => job::begin(ctx.clone(), job),
                Err(error) => return Some(Err(error)),
            }
        }
        RosterImportPayload::of(ctx, written).await
    }
}
