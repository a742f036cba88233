//! Requests: the demands that a system has sent, from the first word to the strike-off.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, FixedOffset};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::services::jurisdiction;
use super::{Asked, Door, Wrong, named};
use crate::kernel::clock::civil;

/// The most that one list tells of, as the interface has it.
const MOST: usize = 1000;
/// Ids that one call may name.
const IDS: usize = 100;

const REQUEST: &str = "fragment Request on Demand {
  id state content spot registeredAt respondDueAt decidedAt answer
  category { id name }
  task { state result dueAt closedAt leadDepartment { name } lastEvent { at } }
}";

const ONE: &str = "query Request($ids: [ID!]!) { nodes(ids: $ids) { ... on Demand { ...Request } } }";

const LIST: &str = "query Requests($where: DemandWhere, $after: Cursor) {
  demands(where: $where, first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { ...Request } }
}";

const CREATE: &str = "mutation Send($input: DemandRegisterInput!) {
  demandRegister(input: $input) { demand { id } errors { code message path } }
}";

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    id: Option<String>,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Task {
    state: String,
    result: Option<String>,
    due_at: Option<String>,
    closed_at: Option<String>,
    lead_department: Option<Named>,
    last_event: Option<Event>,
}

#[derive(Deserialize)]
struct Event {
    at: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Demand {
    id: String,
    state: String,
    content: Option<String>,
    spot: Option<String>,
    registered_at: String,
    respond_due_at: String,
    decided_at: Option<String>,
    answer: Option<String>,
    category: Option<Named>,
    task: Option<Task>,
}

impl Demand {
    /// Over: decided without a task, or with one that is struck off.
    fn is_closed(&self) -> bool {
        match &self.task {
            Some(task) => ["CLOSED", "CANCELLED"].contains(&task.state.as_str()),
            None => ["SETTLED", "DECLINED", "WITHDRAWN", "MERGED"].contains(&self.state.as_str()),
        }
    }

    fn status(&self) -> &'static str {
        if self.is_closed() { "closed" } else { "open" }
    }

    /// As the interface tells of it.
    fn told(&self) -> Value {
        let task = self.task.as_ref();
        let updated = [
            Some(&self.registered_at),
            self.decided_at.as_ref(),
            task.and_then(|task| task.last_event.as_ref()).map(|event| &event.at),
            task.and_then(|task| task.closed_at.as_ref()),
        ];
        let updated = updated.into_iter().flatten().max_by_key(|text| moment(text));
        let due = task.and_then(|task| task.due_at.as_deref()).unwrap_or(&self.respond_due_at);
        json!({
            "service_request_id": self.id,
            "status": self.status(),
            "status_notes": task.and_then(|task| task.result.as_ref()).or(self.answer.as_ref()),
            "service_name": self.category.as_ref().map(|category| &category.name),
            "service_code": self.category.as_ref().and_then(|category| category.id.as_ref()),
            "description": self.content,
            "agency_responsible": task.and_then(|task| task.lead_department.as_ref()).map(|office| &office.name),
            "service_notice": null,
            "requested_datetime": self.registered_at,
            "updated_datetime": updated,
            "expected_datetime": due,
            "address": self.spot,
            "address_id": null,
            "zipcode": null,
            "lat": null,
            "long": null,
            "media_url": null,
        })
    }
}

fn moment(text: &str) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(text).ok()
}

#[derive(Deserialize)]
struct Nodes {
    nodes: Vec<Option<Value>>,
}

/// The demands of these ids, as far as they are seen.
async fn by_ids(asked: &Asked, ids: &[&str]) -> Result<Vec<Demand>, Wrong> {
    let found: Nodes = asked.ask(&format!("{ONE} {REQUEST}"), json!({"ids": ids})).await?;
    // A node of another type has none of these fields.
    Ok(found.nodes.into_iter().flatten().filter_map(|node| serde_json::from_value(node).ok()).collect())
}

/// GET `requests/{id}.json`.
pub(super) async fn one(
    State(door): State<Arc<Door>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Wrong> {
    let asked = Asked::read(door, request).await?;
    let id = named(&name, asked.locale)?;
    let found = by_ids(&asked, &[id]).await?;
    let Some(demand) = found.first() else { return Err(Wrong::not_there(asked.locale)) };
    Ok(axum::Json(json!([demand.told()])).into_response())
}

/// GET `tokens/{token}.json`: ids are given at once, so there are no tokens.
pub(super) async fn token(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Wrong> {
    let asked = Asked::read(door, request).await?;
    Err(Wrong::not_there(asked.locale))
}

/// GET `requests.json`: the latest first, of those that are asked for; 90 days when no time is named.
pub(super) async fn list(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Wrong> {
    let asked = Asked::read(door, request).await?;
    let wanted = Wanted::read(&asked)?;
    let mut told: Vec<Value> = Vec::new();
    if let Some(ids) = asked.parameter("service_request_id") {
        // Other conditions do not hold beside ids, as the interface has it.
        let ids: Vec<&str> = ids.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
        if ids.len() > IDS {
            return Err(Wrong::bad(
                asked.locale,
                "一次最多查询 100 个编号。",
                "At most 100 ids are asked for at once.",
            ));
        }
        told.extend(by_ids(&asked, &ids).await?.iter().map(Demand::told));
    } else {
        let region = match asked.parameter("jurisdiction_id") {
            Some(_) => Some(jurisdiction(&asked).await?.0),
            None => None,
        };
        let mut after: Option<String> = None;
        loop {
            let variables = json!({"where": wanted.condition(region.as_deref()), "after": after});
            let page: Page = asked.ask(&format!("{LIST} {REQUEST}"), variables).await?;
            let Some(page) = page.demands else { break };
            let all = page.nodes.iter().filter(|demand| wanted.takes(demand));
            told.extend(all.take(MOST - told.len()).map(Demand::told));
            after = page.page_info.end_cursor.filter(|_| page.page_info.has_next_page);
            if after.is_none() || told.len() == MOST {
                break;
            }
        }
    }
    Ok(axum::Json(told).into_response())
}

#[derive(Deserialize)]
struct Page {
    demands: Option<Demands>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Demands {
    page_info: PageInfo,
    nodes: Vec<Demand>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

/// What a list is asked for.
struct Wanted {
    services: Vec<String>,
    begins: DateTime<FixedOffset>,
    ends: DateTime<FixedOffset>,
    statuses: BTreeSet<String>,
}

impl Wanted {
    fn read(asked: &Asked) -> Result<Self, Wrong> {
        let time = |name| {
            let read = asked.parameter(name).map(|text| moment(text).ok_or(()));
            read.transpose().map_err(|()| {
                Wrong::bad(
                    asked.locale,
                    "start_date 和 end_date 应为带时区的时刻，如 2026-11-01T08:00:00+08:00。",
                    "start_date and end_date are moments with an offset, as 2026-11-01T08:00:00+08:00.",
                )
            })
        };
        let now = asked.asker.door.state.clock.now().0.fixed_offset();
        let ends = time("end_date")?.unwrap_or(now);
        let begins = time("start_date")?.unwrap_or(ends - chrono::Duration::days(90));
        let words = |name| {
            let all = asked.parameter(name).unwrap_or_default().split(',').map(str::trim);
            all.filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        let statuses: BTreeSet<String> = words("status").into_iter().collect();
        if statuses.iter().any(|status| !["open", "closed"].contains(&status.as_str())) {
            return Err(Wrong::bad(
                asked.locale,
                "status 只能是 open 或 closed。",
                "status is open or closed.",
            ));
        }
        Ok(Self { services: words("service_code"), begins, ends, statuses })
    }

    /// What the list is narrowed by where it is read: days, categories and place.
    fn condition(&self, region: Option<&str>) -> Value {
        let day = |moment: DateTime<FixedOffset>| civil(entity::scalar::DateTime::new(moment.to_utc())).0;
        let mut condition =
            json!({"registeredOn": {"gte": day(self.begins), "lt": day(self.ends).succ_opt()}});
        if !self.services.is_empty() {
            condition["categoryId"] = json!({"in": self.services});
        }
        if let Some(region) = region {
            condition["region"] = json!(region);
        }
        condition
    }

    fn takes(&self, demand: &Demand) -> bool {
        let at = moment(&demand.registered_at);
        at.is_some_and(|at| self.begins <= at && at <= self.ends)
            && (self.statuses.is_empty() || self.statuses.contains(demand.status()))
    }
}

/// POST `requests.json`: a demand of the place, by web or, with a device, by app; without a name when none is told.
pub(super) async fn create(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Wrong> {
    let asked = Asked::read(door, request).await?;
    let (region, _) = jurisdiction(&asked).await?;
    let text = |name| asked.parameter(name);
    let service = text("service_code")
        .ok_or_else(|| Wrong::bad(asked.locale, "应写明 service_code。", "service_code is needed."))?;
    let position = text("lat").zip(text("long")).map(|(lat, long)| format!("{lat}, {long}"));
    let spot = text("address_string").or_else(|| text("address_id")).map(str::to_owned).or(position);
    let spot = spot.ok_or_else(|| {
        Wrong::bad(
            asked.locale,
            "应写明 address_string，或 lat 和 long。",
            "address_string is needed, or lat and long.",
        )
    })?;
    let said = text("description").ok_or_else(|| {
        Wrong::bad(
            asked.locale,
            "应写明 description：要反映的事情。",
            "description is needed: what it is about.",
        )
    })?;
    let app = text("device_id").is_some();
    let (name, phone) = (name_of(text("first_name"), text("last_name")), text("phone"));
    // What has no field of its own stays where people read it.
    let more = [("电子邮箱", text("email")), ("附图", text("media_url"))];
    let more = more.iter().filter_map(|(word, value)| value.map(|value| format!("\n{word}：{value}")));
    let content = more.fold(said.to_owned(), |all, line| all + &line);
    let nameless = name.is_none() && phone.is_none();
    let mut input = json!({
        "idempotencyKey": asked.asker.key.clone().unwrap_or_else(|| Uuid::now_v7().to_string()),
        "kind": "REQUEST",
        "channel": if app { "APP" } else { "WEB" },
        "categoryId": service,
        "target": {"regionId": region},
        "content": content,
        "spot": spot,
        "anonymous": nameless && !app,
    });
    if !nameless {
        input["raiser"] = json!({"name": name, "phone": phone});
    }
    let done: Sent = asked.ask(CREATE, json!({"input": input})).await?;
    let Some(payload) = done.demand_register else {
        return Err(Wrong::new(StatusCode::INTERNAL_SERVER_ERROR, ""));
    };
    if let Some(first) = payload.errors.first() {
        let status = match first.code.as_str() {
            "FORBIDDEN" => StatusCode::FORBIDDEN,
            "NOT_FOUND" => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        };
        let descriptions = payload.errors.iter().map(Mistake::words).collect();
        return Err(Wrong { status, descriptions, retry_after_ms: None });
    }
    let id = payload.demand.map(|demand| demand.id);
    let body = json!([{"service_request_id": id, "service_notice": null, "account_id": null}]);
    Ok((StatusCode::CREATED, axum::Json(body)).into_response())
}

/// A name as it is written: 「张」 and 「小明」 without a space, Anna and Li with one.
fn name_of(first: Option<&str>, last: Option<&str>) -> Option<String> {
    match (first, last) {
        (Some(first), Some(last)) if last.is_ascii() => Some(format!("{first} {last}")),
        (Some(first), Some(last)) => Some(format!("{last}{first}")),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

#[derive(Deserialize)]
struct Sent {
    #[serde(rename = "demandRegister")]
    demand_register: Option<Payload>,
}

#[derive(Deserialize)]
struct Payload {
    demand: Option<Id>,
    errors: Vec<Mistake>,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

#[derive(Deserialize)]
struct Mistake {
    code: String,
    message: String,
    #[serde(default)]
    path: Vec<Value>,
}

/// Fields of ours by the parameters of the interface.
const PARAMETERS: [(&str, &str); 6] = [
    ("categoryId", "service_code"),
    ("content", "description"),
    ("spot", "address_string"),
    ("target", "jurisdiction_id"),
    ("name", "first_name"),
    ("phone", "phone"),
];

impl Mistake {
    /// The message, after the parameter that it is about.
    fn words(&self) -> String {
        let path: Vec<&str> = self.path.iter().filter_map(Value::as_str).collect();
        let parameter = PARAMETERS.iter().find(|(field, _)| path.contains(field)).map(|(_, name)| *name);
        parameter.map_or_else(|| self.message.clone(), |name| format!("{name}: {}", self.message))
    }
}
