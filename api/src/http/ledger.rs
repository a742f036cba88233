//! `/tasks/ledger.xlsx` and `/tasks/ledger.csv`: the ledger (台账) as a spreadsheet with the columns of offices. What it holds
//! is asked by our own documents, as whoever fetches it.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Query, Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, FixedOffset};
use serde::Deserialize;
use serde_json::{Value, json};

use super::entry::{disposition, fault, refused};
use super::inside::{Asker, Failed};
use super::labels::Labels;
use super::sheets::WORKBOOK;
use super::{Door, errors};
use crate::kernel::clock::civil;
use crate::kernel::error::{Code, Fault};
use crate::kernel::sheet::write::Writer;
use crate::kernel::sheet::{Column, Form};

const TEXT: HeaderValue = HeaderValue::from_static("text/csv; charset=utf-8");
/// Tasks that one sheet takes.
const MOST: usize = 5_000;
/// The longest text that a cell of a workbook takes.
const CELL: usize = 32_000;

const FORM: Form = Form {
    sheet: "台账",
    aliases: &[],
    columns: &[
        Column::new("序号").wide(6),
        Column::new("编号").wide(24),
        Column::new("诉求人"),
        Column::new("内容").wide(40),
        Column::new("类别"),
        Column::new("紧急程度").wide(10),
        Column::new("责任领导"),
        Column::new("责任部门").wide(20),
        Column::new("措施").wide(30),
        Column::new("时限").wide(18),
        Column::new("进展").wide(30),
        Column::new("办结时间").wide(18),
        Column::new("满意度"),
        Column::new("销号时间").wide(18),
    ],
};

const TASKS: &str = "query LedgerSheet($where: TaskWhere, $after: Cursor) {
  tasks(where: $where, first: 100, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes {
      id number state title urgency field overdue amber dueAt reviewOn resolvedAt closedAt closedSilently measures result
      category { name } leader { name } leadDepartment { name } leadCadre { name } household { headName } enterprise { name }
      lastEvent { action at note }
    }
  }
}";

const DEMANDS: &str = "query LedgerDemands($ids: [ID!], $after: Cursor) {
  demands(where: { taskId: { in: $ids } }, first: 100, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes {
      content anonymous raiserName task { id } household { headName } enterprise { name } region { name }
      feedbacks { round satisfaction }
    }
  }
}";

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Task {
    id: String,
    number: String,
    state: String,
    title: Option<String>,
    urgency: String,
    field: String,
    overdue: bool,
    amber: bool,
    due_at: DateTime<FixedOffset>,
    review_on: Option<String>,
    resolved_at: Option<DateTime<FixedOffset>>,
    closed_at: Option<DateTime<FixedOffset>>,
    closed_silently: bool,
    measures: Option<Vec<String>>,
    result: Option<String>,
    category: Option<Named>,
    leader: Option<Named>,
    lead_department: Option<Named>,
    lead_cadre: Option<Named>,
    household: Option<Head>,
    enterprise: Option<Named>,
    last_event: Option<Event>,
}

#[derive(Deserialize)]
struct Event {
    action: String,
    at: DateTime<FixedOffset>,
    note: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Demand {
    content: Option<String>,
    anonymous: bool,
    raiser_name: Option<String>,
    task: Option<Id>,
    household: Option<Head>,
    enterprise: Option<Named>,
    region: Option<Named>,
    feedbacks: Option<Vec<Feedback>>,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    head_name: Option<String>,
}

#[derive(Deserialize)]
struct Feedback {
    round: i32,
    satisfaction: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<T> {
    page_info: PageInfo,
    nodes: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

impl PageInfo {
    fn next(self) -> Option<String> {
        self.end_cursor.filter(|_| self.has_next_page)
    }
}

/// What a sheet is asked for.
#[derive(Deserialize)]
pub(super) struct Wanted {
    /// Conditions, as the JSON of a `TaskWhere`.
    #[serde(rename = "where")]
    filter: Option<String>,
}

/// Why there is no sheet.
enum Refused {
    Fault(Fault),
    Failed(Box<Failed>),
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Failed> for Refused {
    fn from(failed: Failed) -> Self {
        Self::Failed(Box::new(failed))
    }
}

/// GET: the sheet.
pub(super) async fn file(
    State(door): State<Arc<Door>>,
    Path(name): Path<String>,
    Query(wanted): Query<Wanted>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    match sheet(door, &name, wanted, &parts).await {
        Ok(response) => response,
        Err(Refused::Fault(fault)) => refused(&fault, &parts),
        Err(Refused::Failed(failed)) => failed.respond(&parts.headers),
    }
}

async fn sheet(door: Arc<Door>, name: &str, wanted: Wanted, parts: &Parts) -> Result<Response, Refused> {
    let kind = match name {
        "ledger.xlsx" => WORKBOOK,
        "ledger.csv" => TEXT,
        _ => {
            let fault = Fault::new(Code::NotFound, "没有这个地址", "There is nothing at this address");
            return Err(fault.into());
        }
    };
    let filter: Value = match wanted.filter.filter(|text| !text.trim().is_empty()) {
        Some(text) => serde_json::from_str(&text).map_err(|_| {
            Fault::input(
                "where 应为 TaskWhere 的 JSON，如 {\"open\":true}。",
                "where is a TaskWhere as JSON, such as {\"open\":true}.",
            )
        })?,
        None => Value::Null,
    };
    let asker = Asker::of(door, parts, None)?.exporting(format!("{} {filter}", FORM.sheet));
    let rows = rows(&asker, &filter).await?;
    let today = civil(asker.door.state.clock.now());
    written(name, rows, kind, &format!("台账-{}.{}", today.0, &name["ledger.".len()..])).await
}

/// The lines of a ledger, by number.
async fn rows(asker: &Asker, filter: &Value) -> Result<Vec<Vec<String>>, Refused> {
    #[derive(Deserialize)]
    struct Found {
        tasks: Option<Page<Task>>,
    }
    let (mut all, mut after) = (Vec::new(), None::<String>);
    loop {
        let found: Found = asker.ask(TASKS, json!({"where": filter, "after": after})).await?;
        let Some(page) = found.tasks else { break };
        let of = demands(asker, &page.nodes).await?;
        all.extend(page.nodes.into_iter().map(|task| {
            let of = of.get(&task.id).map_or(&[][..], Vec::as_slice);
            (task.number.clone(), line(&task, of, asker.door.labels()))
        }));
        after = page.page_info.next();
        if after.is_none() {
            break;
        }
        if all.len() >= MOST {
            return Err(Fault::input(
                format!("超过 {MOST} 项任务，请用 where 分次下载，如按 createdOn。"),
                format!("More than {MOST} tasks; fetch them in parts by where, such as by createdOn."),
            )
            .into());
        }
    }
    all.sort_by(|(one, _), (other, _)| one.cmp(other));
    let numbered = (1..).zip(all).map(|(at, (_, mut cells)): (usize, _)| {
        cells[0] = at.to_string();
        cells
    });
    Ok(numbered.collect())
}

/// The demands of tasks, by task.
async fn demands(asker: &Asker, tasks: &[Task]) -> Result<HashMap<String, Vec<Demand>>, Failed> {
    #[derive(Deserialize)]
    struct Found {
        demands: Option<Page<Demand>>,
    }
    let ids: Vec<&str> = tasks.iter().map(|task| task.id.as_str()).collect();
    let (mut of, mut after) = (HashMap::<String, Vec<Demand>>::new(), None::<String>);
    while !ids.is_empty() {
        let found: Found = asker.ask(DEMANDS, json!({"ids": ids, "after": after})).await?;
        let Some(page) = found.demands else { break };
        for demand in page.nodes {
            if let Some(task) = demand.task.as_ref().map(|task| task.id.clone()) {
                of.entry(task).or_default().push(demand);
            }
        }
        after = page.page_info.next();
        if after.is_none() {
            break;
        }
    }
    Ok(of)
}

/// A task by the columns of the form; its place in the sheet is told later.
fn line(task: &Task, demands: &[Demand], labels: &Labels) -> Vec<String> {
    let whose = joined(demands.iter().rev().map(Demand::whose), "、");
    let name = |named: &Option<Named>| named.as_ref().map(|named| named.name.clone()).unwrap_or_default();
    let contents = joined(demands.iter().rev().filter_map(|demand| demand.content.clone()), "\n");
    let said = if contents.is_empty() { task.title.clone().unwrap_or_default() } else { contents };
    let category = name(&task.category);
    vec![
        String::new(),
        task.number.clone(),
        if whose.is_empty() {
            concerned(task.household.as_ref(), task.enterprise.as_ref()).unwrap_or_default()
        } else {
            whose
        },
        said,
        if category.is_empty() { labels.of("DemandField", &task.field).to_owned() } else { category },
        labels.of("Urgency", &task.urgency).to_owned(),
        name(&task.leader),
        task.lead_department
            .as_ref()
            .or(task.lead_cadre.as_ref())
            .map(|lead| lead.name.clone())
            .unwrap_or_default(),
        joined(task.measures.iter().flatten().cloned(), "；"),
        moment(task.due_at),
        progress(task, labels),
        task.resolved_at.map(moment).unwrap_or_default(),
        satisfaction(task, demands, labels),
        task.closed_at.map(moment).unwrap_or_default(),
    ]
}

/// The household or enterprise that something concerns.
fn concerned(household: Option<&Head>, enterprise: Option<&Named>) -> Option<String> {
    let head = household.and_then(|household| household.head_name.clone());
    head.or_else(|| enterprise.map(|enterprise| enterprise.name.clone()))
}

impl Demand {
    /// Whose it is, as offices write it.
    fn whose(&self) -> String {
        let concerned = || concerned(self.household.as_ref(), self.enterprise.as_ref());
        let region = || self.region.as_ref().map(|region| region.name.clone());
        if self.anonymous {
            return "匿名".to_owned();
        }
        self.raiser_name.clone().or_else(concerned).or_else(region).unwrap_or_default()
    }
}

/// How far it is: the state, how late, and what was said last.
fn progress(task: &Task, labels: &Labels) -> String {
    let mut told = labels.of("TaskState", &task.state).to_owned();
    match (&task.review_on, task.overdue, task.amber) {
        (Some(day), _, _) => told = format!("{told}（{day} 复核）"),
        (None, true, _) => told += "（超时）",
        (None, _, true) => told += "（临近超时）",
        _ => {}
    }
    if let Some(result) = &task.result {
        return format!("{told}：{result}");
    }
    let Some(event) = &task.last_event else { return told };
    let last = format!("{told}；{} {}", moment(event.at), labels.of("TaskAction", &event.action));
    event.note.as_ref().map_or(last.clone(), |note| format!("{last}：{note}"))
}

/// What the latest round was judged; a task that was struck off in silence was judged by nobody.
fn satisfaction(task: &Task, demands: &[Demand], labels: &Labels) -> String {
    let latest = demands.iter().rev().filter_map(|demand| {
        let last = demand.feedbacks.iter().flatten().max_by_key(|feedback| feedback.round)?;
        Some(labels.of("Satisfaction", &last.satisfaction).to_owned())
    });
    let told = joined(latest, "、");
    if told.is_empty() && task.closed_silently { "未评价（自动销号）".to_owned() } else { told }
}

/// Different texts one after another, no longer than a cell takes.
fn joined(texts: impl Iterator<Item = String>, between: &str) -> String {
    let mut all: Vec<String> = Vec::new();
    for text in texts.filter(|text| !text.is_empty()) {
        if !all.contains(&text) {
            all.push(text);
        }
    }
    let mut whole = all.join(between);
    if let Some((end, _)) = whole.char_indices().nth(CELL) {
        whole.truncate(end);
        whole.push('…');
    }
    whole
}

/// A moment as it is written in the county: civil time, to the minute.
fn moment(at: DateTime<FixedOffset>) -> String {
    let east = crate::kernel::clock::east(entity::scalar::DateTime::new(at.to_utc()));
    east.format("%Y-%m-%d %H:%M").to_string()
}

async fn written(
    name: &str,
    rows: Vec<Vec<String>>,
    kind: HeaderValue,
    file_name: &str,
) -> Result<Response, Refused> {
    let broken = |error: std::io::Error| {
        tracing::error!(cause = %error, "a sheet could not be written");
        errors::internal()
    };
    let folder = tempfile::tempdir().map_err(broken)?;
    let path = folder.path().join(name);
    let mut writer = Writer::open(&path, FORM);
    writer.rows(rows).await.map_err(fault)?;
    writer.finish().await.map_err(fault)?;
    let content = tokio::fs::read(&path).await.map_err(broken)?;
    let mut response = content.into_response();
    let fields = response.headers_mut();
    fields.insert(CONTENT_TYPE, kind);
    fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    fields.insert(CONTENT_DISPOSITION, disposition("attachment", file_name));
    Ok(response)
}
