//! The workloads: who asks what. Each is a document of `client-schema/operations/bench`.

use super::{Result, ground::Ground};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const HOUSEHOLDS: &str = include_str!("../../../client-schema/operations/bench/households.graphql");
const SUBTREE: &str = include_str!("../../../client-schema/operations/bench/region-subtree.graphql");
const SEARCH: &str = include_str!("../../../client-schema/operations/bench/search.graphql");
const CHILDREN: &str = include_str!("../../../client-schema/operations/bench/region-children.graphql");
const MY_DAY: &str = include_str!("../../../client-schema/operations/bench/my-day.graphql");
const LEDGER: &str = include_str!("../../../client-schema/operations/bench/ledger-page.graphql");
const HOUSEHOLD: &str = include_str!("../../../client-schema/operations/bench/household.graphql");
const MOVE: &str = include_str!("../../../client-schema/operations/bench/move-task.graphql");
const SIGN_IN: &str = "mutation($input: SessionStartInput!) { sessionStart(input: $input) { accessToken } }";
const COUNTY: &str = "{ regions(first: 1, where: { code: { in: [\"990101\", \"990121\"] } }) { nodes { id
  children(first: 1) { nodes { id } } } } }";

/// What is asked, and by whom.
#[derive(Clone)]
pub(super) struct Workload {
    pub(super) name: String,
    actor: &'static str,
    document: &'static str,
    variables: Value,
    /// The list of which a page near the end is asked for.
    deep: Option<&'static str>,
    /// What is looked for: two characters of what.
    pair: Option<Pair>,
    /// Whose village the list is narrowed to.
    village_of: Option<&'static str>,
}

/// Two characters that are looked for.
#[derive(Clone, Copy, Debug)]
enum Pair {
    /// The first of a head's name.
    Head,
    /// The last of the village in an address.
    Address,
    /// Any: who asks sees nothing.
    Any,
}

/// The lists of households that somebody asks for.
pub(super) fn lists_of(actor: &'static str) -> Vec<Workload> {
    let mut all = Vec::new();
    for field in ["NUMBER", "HEAD_NAME"] {
        let variables = json!({"first": 20, "order": [{"field": field, "direction": "ASC"}]});
        for deep in [None, (actor != "nobody").then_some("households")] {
            let page = if deep.is_some() { "a page deep down" } else { "the first page" };
            all.push(Workload {
                name: format!("{actor}: households by {field}, {page}"),
                actor,
                document: HOUSEHOLDS,
                variables: variables.clone(),
                deep,
                pair: None,
                village_of: None,
            });
            if actor == "nobody" {
                break;
            }
        }
    }
    all
}

/// All of them.
pub(super) fn all() -> Vec<Workload> {
    let mut all: Vec<Workload> =
        ["contact", "dispatcher", "county-dispatcher", "nobody"].into_iter().flat_map(lists_of).collect();
    for deep in [None, Some("regions")] {
        let page = if deep.is_some() { "a page deep down" } else { "the first page" };
        all.push(Workload {
            name: format!("anyone: villages of a county, {page}"),
            actor: "nobody",
            document: SUBTREE,
            variables: json!({"kind": "VILLAGE", "first": 5}),
            deep,
            pair: None,
            village_of: None,
        });
    }
    for (actor, pair) in [
        ("contact", Pair::Head),
        ("contact", Pair::Address),
        ("dispatcher", Pair::Head),
        ("dispatcher", Pair::Address),
        ("county-dispatcher", Pair::Head),
        ("county-dispatcher", Pair::Address),
        ("nobody", Pair::Any),
    ] {
        all.push(Workload {
            name: format!("{actor}: search by two characters, {pair:?}").to_lowercase(),
            actor,
            document: SEARCH,
            variables: json!({"first": 20}),
            deep: None,
            pair: Some(pair),
            village_of: None,
        });
    }
    let late = json!({"first": 50, "where": {"open": true, "overdue": true,
        "urgency": {"in": ["RED", "ORANGE", "YELLOW"]}}});
    for (name, actor, document, variables) in [
        ("contact: my day", "contact", MY_DAY, json!({"first": 20})),
        ("dispatcher: a page of the ledger", "dispatcher", LEDGER, late),
        ("contact: one household in full", "contact", HOUSEHOLD, json!({})),
        ("contact: a task claimed, worked on, and resolved", "contact", MOVE, json!({})),
    ] {
        let name = name.to_owned();
        all.push(Workload { name, actor, document, variables, deep: None, pair: None, village_of: None });
    }
    all.push(Workload {
        name: "anyone: a township with its villages and their groups".to_owned(),
        actor: "nobody",
        document: CHILDREN,
        variables: json!({}),
        deep: None,
        pair: None,
        village_of: None,
    });
    all
}

/// A workload made ready for a place.
pub(super) struct Ask<'a> {
    http: reqwest::Client,
    place: &'a Ground,
    token: Option<String>,
    /// Asked one after another, by turns.
    bodies: Vec<Value>,
    /// Gives out a task before each time that one is moved.
    desk: Option<Desk>,
}

impl Workload {
    /// The same, asked by somebody else.
    pub(super) fn asked_by(&self, actor: &'static str) -> Self {
        Self { actor, ..self.clone() }
    }

    /// The same of the village alone in which somebody's households lie.
    pub(super) fn in_village_of(&self, whose: &'static str) -> Self {
        Self { village_of: Some(whose), ..self.clone() }
    }

    /// Signs in and looks up what the variables need.
    pub(super) async fn prepare<'a>(&self, place: &'a Ground) -> Result<Ask<'a>> {
        let mut ask =
            Ask { http: reqwest::Client::new(), place, token: None, bodies: Vec::new(), desk: None };
        ask.sign_in(self.actor).await?;
        let mut variables = self.variables.clone();
        if let Some(whose) = self.village_of {
            variables["where"] = json!({"region": village_of(place, whose).await?});
        }
        let county = ask.send(&json!({"query": COUNTY})).await?["regions"]["nodes"][0].clone();
        if self.document == SUBTREE {
            variables["within"] = county["id"].clone();
        } else if self.document == CHILDREN {
            variables["id"] = county["children"]["nodes"][0]["id"].clone();
        } else if self.document == HOUSEHOLD {
            let own = ask.send(&json!({"query": "{ households(first: 1) { nodes { id } } }"})).await?;
            variables["id"] = own["households"]["nodes"][0]["id"].clone();
        } else if self.document == MOVE {
            ask.desk = Some(Desk::open(&mut ask).await?);
        }
        if let Some(list) = self.deep {
            let mut last = variables.clone();
            last["first"] = Value::Null;
            last["last"] = json!(21);
            last.as_object_mut().ok_or("variables")?.remove("first");
            let page = ask.send(&json!({"query": self.document, "variables": last})).await?;
            variables["after"] = page[list]["pageInfo"]["startCursor"].clone();
        }
        let body = |variables: &Value| json!({"query": self.document, "variables": variables});
        let Some(pair) = self.pair else {
            ask.bodies.push(body(&variables));
            return Ok(ask);
        };
        for text in ask.pairs(pair).await? {
            variables["text"] = Value::from(text);
            ask.bodies.push(body(&variables));
        }
        Ok(ask)
    }
}

/// The village in which the first household of somebody lies.
async fn village_of(place: &Ground, whose: &str) -> Result<Value> {
    let mut ask = Ask { http: reqwest::Client::new(), place, token: None, bodies: Vec::new(), desk: None };
    ask.sign_in(whose).await?;
    let own = "{ contactAssignments(first: 1, where: { live: true, kind: { eq: HOUSEHOLD } }) { nodes { household { village { id } } } } }";
    let own = ask.send(&json!({"query": own})).await?;
    Ok(own["contactAssignments"]["nodes"][0]["household"]["village"]["id"].clone())
}

/// The desk from which tasks come to whoever moves them.
struct Desk {
    token: Option<String>,
    home: Value,
    cadre: Value,
    leader: Value,
}

const WHO: &str = "{ viewer { cadre { id } } households(first: 1) { nodes { id } } }";
const LEADER: &str = "{ cadres(first: 1, where: { level: { eq: TOWNSHIP_LEADER } }) { nodes { id } } }";
const REGISTER: &str = "mutation($input: DemandRegisterInput!) { demandRegister(input: $input) {
  demand { id version } errors { code message path } } }";
const ACCEPT: &str = "mutation($input: DemandAcceptInput!) { demandAccept(input: $input) {
  task { id version } errors { code message path } } }";
const DISPATCH: &str = "mutation($input: TaskDispatchInput!) { taskDispatch(input: $input) {
  task { id version } errors { code message path } } }";

/// A key for an action.
fn key() -> String {
    uuid::Uuid::now_v7().to_string()
}

impl Desk {
    /// Finds whom a task may be of, who leads, and who is asked.
    async fn open(ask: &mut Ask<'_>) -> Result<Self> {
        let own = ask.send(&json!({"query": WHO})).await?;
        let mut desk =
            Ask { http: ask.http.clone(), place: ask.place, token: None, bodies: Vec::new(), desk: None };
        desk.sign_in("dispatcher").await?;
        let leader = desk.send(&json!({"query": LEADER})).await?;
        Ok(Self {
            token: desk.token,
            home: own["households"]["nodes"][0]["id"].clone(),
            cadre: own["viewer"]["cadre"]["id"].clone(),
            leader: leader["cadres"]["nodes"][0]["id"].clone(),
        })
    }

    /// A task that was given, and what moves it.
    async fn give(&self, ask: &Ask<'_>) -> Result<Value> {
        let input = json!({"idempotencyKey": key(), "kind": "REQUEST", "channel": "VISIT", "field": "CONVENIENCE",
            "urgency": "YELLOW", "target": {"householdId": self.home}, "content": "村口路灯有三盏不亮。"});
        let demand = ask.made(ask.token.as_deref(), REGISTER, ("demandRegister", "demand"), input).await?;
        let desk = self.token.as_deref();
        let input =
            json!({"idempotencyKey": key(), "ids": [demand["id"]], "expectedVersion": demand["version"]});
        let task = ask.made(desk, ACCEPT, ("demandAccept", "task"), input).await?;
        let input = json!({"idempotencyKey": key(), "id": task["id"], "expectedVersion": task["version"],
            "leaderId": self.leader, "leads": [{"cadreId": self.cadre}], "measures": ["更换灯头"]});
        let task = ask.made(desk, DISPATCH, ("taskDispatch", "task"), input).await?;
        let version = task["version"].as_i64().ok_or("a version")?;
        let step = |later: i64| json!({"idempotencyKey": key(), "id": task["id"], "expectedVersion": version + later});
        let (claim, mut progress, mut resolve) = (step(0), step(1), step(2));
        progress["note"] = json!("已换两盏。");
        resolve["result"] = json!("三盏路灯均已更换。");
        let variables = json!({"claim": claim, "progress": progress, "resolve": resolve});
        Ok(json!({"query": MOVE, "variables": variables}))
    }
}

impl Ask<'_> {
    /// What a mutation of somebody made.
    async fn made(
        &self,
        token: Option<&str>,
        document: &str,
        (mutation, what): (&str, &str),
        input: Value,
    ) -> Result<Value> {
        let body = json!({"query": document, "variables": {"input": input}});
        let answer = self.send_as(token, &body).await?;
        let made = answer[mutation][what].clone();
        if made.is_null() { Err(answer.to_string().into()) } else { Ok(made) }
    }

    async fn sign_in(&mut self, name: &str) -> Result<()> {
        let password = format!("lianhu-demo-{name}");
        let input = json!({"input": {"name": name, "password": password, "device": "bench"}});
        let session = self.send(&json!({"query": SIGN_IN, "variables": input})).await?;
        self.token = session["sessionStart"]["accessToken"].as_str().map(str::to_owned);
        Ok(())
    }

    async fn send(&self, body: &Value) -> Result<Value> {
        self.send_as(self.token.as_deref(), body).await
    }

    async fn send_as(&self, token: Option<&str>, body: &Value) -> Result<Value> {
        let mut request = self.http.post(&self.place.endpoint).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer: Value = request.send().await?.json().await?;
        if answer.get("errors").is_some() {
            return Err(format!("{body}: {answer}").into());
        }
        Ok(answer["data"].clone())
    }

    /// Two characters each of households that the actor sees.
    async fn pairs(&self, pair: Pair) -> Result<Vec<String>> {
        let variables = json!({"first": 50, "order": [{"field": "NUMBER", "direction": "ASC"}]});
        let page = self.send(&json!({"query": HOUSEHOLDS, "variables": variables})).await?;
        let rows = page["households"]["nodes"].as_array().cloned().unwrap_or_default();
        let mut texts: Vec<String> = match pair {
            Pair::Any => ["张伟", "李秀", "王建"].map(str::to_owned).into(),
            Pair::Head => {
                let heads = rows.iter().filter_map(|row| row["headName"].as_str());
                heads.map(|name| name.chars().take(2).collect()).collect()
            }
            Pair::Address => {
                let addresses = rows.iter().filter_map(|row| row["address"].as_str());
                let villages = addresses.filter_map(|address| Some(address.split_once(['村', '社'])?.0));
                villages
                    .map(|name| name.chars().skip(name.chars().count().saturating_sub(2)).collect())
                    .collect()
            }
        };
        texts.sort_unstable();
        texts.dedup();
        if texts.is_empty() { Err("nothing to look for".into()) } else { Ok(texts) }
    }

    /// Asks, and says how long it took until the whole answer was there.
    pub(super) async fn time(&self, round: usize) -> Result<Duration> {
        let body = match &self.desk {
            Some(desk) => desk.give(self).await?,
            None => self.bodies[round % self.bodies.len()].clone(),
        };
        let began = Instant::now();
        let answer = self.send(&body).await?;
        let taken = began.elapsed();
        let payloads = answer.as_object().into_iter().flat_map(serde_json::Map::values);
        for payload in payloads.filter(|payload| payload["errors"].is_array()) {
            if payload["errors"] != json!([]) {
                return Err(payload.to_string().into());
            }
        }
        Ok(taken)
    }
}
