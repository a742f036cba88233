//! How the database answers the questions of every day, over a county: what it reads is bounded by the page, not by the
//! table. On PostgreSQL under a generic plan, as it is after a while for every statement that is prepared.

use super::{Scale, World, ground};
use lianhu::config::DatabaseUrl;
use lianhu_tests::{Actor, ground::Ground};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    fmt::Write,
    sync::{Arc, Mutex},
};
use tracing_subscriber::layer::SubscriberExt;

const HOUSEHOLDS: &str = include_str!("../../../client-schema/operations/bench/households.graphql");
const SUBTREE: &str = include_str!("../../../client-schema/operations/bench/region-subtree.graphql");
const CHILDREN: &str = include_str!("../../../client-schema/operations/bench/region-children.graphql");

/// Pages of the database that a question may read, its rights included.
const BUFFERS: i64 = 600;
/// Rows that may be looked at for it.
const ROWS: i64 = 400;

/// The server tells the plan of each statement to whoever sent it.
const TELL_PLANS: &str = "?options=-c%20plan_cache_mode=force_generic_plan%20-c%20client_min_messages=notice\
%20-c%20session_preload_libraries=auto_explain%20-c%20auto_explain.log_min_duration=0\
%20-c%20auto_explain.log_analyze=on%20-c%20auto_explain.log_buffers=on%20-c%20auto_explain.log_timing=off\
%20-c%20auto_explain.log_format=json%20-c%20auto_explain.log_level=notice";

/// Takes down what the PostgreSQL server says beside its answers.
#[derive(Clone, Default)]
struct Notices(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Notices {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        struct Message(String);
        impl tracing::field::Visit for Message {
            fn record_str(&mut self, _: &tracing::field::Field, value: &str) {
                self.0.push_str(value);
            }
            fn record_debug(&mut self, _: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                _ = write!(self.0, "{value:?}");
            }
        }
        if event.metadata().target() == "sqlx::postgres::notice" {
            let mut message = Message(String::new());
            event.record(&mut message);
            self.0.lock().expect("nobody panics with it").push(message.0);
        }
    }
}

/// What the plan of one statement reads.
#[derive(Debug, Default)]
struct Reads {
    buffers: i64,
    rows: i64,
    outline: String,
}

/// A number of a plan; rows of several loops are told as their mean.
fn number(plan: &Value, field: &str) -> i64 {
    plan[field].as_f64().and_then(|number| format!("{number:.0}").parse().ok()).unwrap_or_default()
}

impl Reads {
    fn of(plan: &Value) -> Self {
        let number = |field: &str| number(plan, field);
        let mut reads =
            Self { buffers: number("Shared Hit Blocks") + number("Shared Read Blocks"), ..Self::default() };
        reads.walk(plan, 0);
        reads
    }

    fn walk(&mut self, plan: &Value, depth: usize) {
        let number = |field: &str| number(plan, field);
        let node = plan["Node Type"].as_str().unwrap_or_default();
        let removed = number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
        let looked = (number("Actual Rows") + removed) * number("Actual Loops");
        if node.contains("Scan") && !node.contains("Subquery") && !node.contains("Function") {
            self.rows += looked;
        }
        let name = plan["Index Name"].as_str().or(plan["Relation Name"].as_str()).unwrap_or_default();
        _ = writeln!(self.outline, "{:depth$}{node} {name}: {looked} rows", "");
        for inner in plan["Plans"].as_array().into_iter().flatten() {
            self.walk(inner, depth + 2);
        }
    }
}

/// A question: who asks, what, and how.
struct Question {
    what: &'static str,
    actor: &'static str,
    document: &'static str,
    variables: Value,
}

async fn deep(actor: &Actor, document: &str, list: &str, mut variables: Value) -> Value {
    variables["last"] = json!(40);
    variables.as_object_mut().expect("variables").remove("first");
    let page = actor.ask(document, variables.clone()).await.ok();
    page[list]["pageInfo"]["startCursor"].clone()
}

async fn questions(actors: &HashMap<&'static str, Actor>) -> Vec<Question> {
    let mut questions = Vec::new();
    let by = |field: &str| json!([{"field": field, "direction": "ASC"}]);
    for name in ["contact", "dispatcher", "county-dispatcher", "county-admin", "nobody"] {
        for (what, field) in [("households by number", "NUMBER"), ("households by head", "HEAD_NAME")] {
            let variables = json!({"order": by(field), "first": 20});
            let after = deep(&actors[name], HOUSEHOLDS, "households", variables.clone()).await;
            questions.push(Question {
                what,
                actor: name,
                document: HOUSEHOLDS,
                variables: variables.clone(),
            });
            if after.is_string() {
                let mut variables = variables;
                variables["after"] = after;
                questions.push(Question { what, actor: name, document: HOUSEHOLDS, variables });
            }
        }
    }
    let admin = &actors["county-admin"];
    let above = admin
        .get("{ regions(where: { kind: { in: [COUNTY, CITY, PROVINCE] } }) { nodes { id kind } } }")
        .await["regions"]["nodes"]
        .clone();
    for region in above.as_array().expect("regions") {
        for kind in ["VILLAGE", "TOWNSHIP", "GROUP"] {
            let variables = json!({"within": region["id"], "kind": kind, "first": 20});
            let after = deep(admin, SUBTREE, "regions", variables.clone()).await;
            let question =
                |variables| Question { what: "subtree", actor: "county-admin", document: SUBTREE, variables };
            let mut further = variables.clone();
            further["after"] = after;
            questions.push(question(variables));
            questions.push(question(further));
        }
        let variables = json!({"id": region["id"]});
        questions.push(Question { what: "children", actor: "county-admin", document: CHILDREN, variables });
    }
    questions
}

async fn actors(world: &World) -> HashMap<&'static str, Actor> {
    let mut actors = HashMap::new();
    for name in ["contact", "dispatcher", "county-dispatcher", "county-admin", "nobody"] {
        actors.insert(name, world.actor(name).await);
    }
    actors
}

#[tokio::test]
async fn on_postgresql_a_page_reads_no_more_than_it_needs_whatever_the_parameters() {
    let ground = Ground::empty().await;
    if !ground::long() || !ground.is_postgres() {
        return;
    }
    ground.make_up(Scale::County, 1).await.expect("a county");
    let notices = Notices::default();
    let _heard = tracing::subscriber::set_default(tracing_subscriber::registry().with(notices.clone()));
    let world = World::over(Arc::new(ground), |config| {
        config.database.url = DatabaseUrl::new(format!("{}{TELL_PLANS}", config.database.url.expose()));
        config.graphql.cost_per_minute = 100_000_000;
    })
    .await;
    let actors = actors(&world).await;
    let mut wrong = String::new();
    for Question { what, actor, document, variables } in questions(&actors).await {
        drop(actors[actor].ask(document, variables.clone()).await.ok());
        notices.0.lock().expect("notices").clear();
        drop(actors[actor].ask(document, variables.clone()).await.ok());
        let told = std::mem::take(&mut *notices.0.lock().expect("notices"));
        assert!(!told.is_empty(), "the server tells its plans");
        let (mut buffers, mut rows, mut outlines) = (0, 0, String::new());
        for notice in told {
            let Some((_, plan)) = notice.split_once("plan:") else { continue };
            let plan: Value = serde_json::from_str(plan).unwrap_or_else(|error| panic!("{error}: {plan}"));
            let reads = Reads::of(&plan["Plan"]);
            buffers += reads.buffers;
            rows += reads.rows;
            _ = writeln!(outlines, "{}\n{} buffers\n{}", plan["Query Text"], reads.buffers, reads.outline);
        }
        println!("{buffers:>6} buffers {rows:>6} rows  {actor}: {what} {variables}");
        if buffers > BUFFERS || rows > ROWS {
            _ = writeln!(wrong, "{actor}: {what} {variables}: {buffers} buffers, {rows} rows\n{outlines}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What SQLite does for a statement, where that is more than its page needs: it walks a whole table, or sorts rows of
/// which it cannot know how many there are.
fn too_much(plan: &[(i32, i32, String)]) -> Vec<String> {
    let tables = ["household", "region"];
    let of_table = |detail: &str, word: &str| {
        tables.iter().any(|table| {
            detail
                .strip_prefix(word)
                .is_some_and(|rest| rest == *table || rest.starts_with(&format!("{table} ")))
        })
    };
    let mut found = Vec::new();
    for (_, parent, detail) in plan {
        if of_table(detail, "SCAN ") {
            found.push(detail.clone());
        }
        let sorts = detail.contains("TEMP B-TREE") && detail.contains("ORDER BY");
        let beside = plan.iter().filter(|(_, other, _)| other == parent);
        let mut beside = beside.filter(|(_, _, other)| of_table(other, "SEARCH "));
        if sorts && beside.any(|(_, _, other)| !other.contains("(id=?)")) {
            found.push(detail.clone());
        }
    }
    found
}

#[tokio::test]
async fn on_sqlite_no_page_walks_a_table_or_sorts_more_than_it_shows() {
    let ground = Ground::empty().await;
    if ground.is_postgres() {
        return;
    }
    // SQLite plans by the schema alone: a township shows what a county would.
    ground.make_up(if ground::long() { Scale::County } else { Scale::Township }, 1).await.expect("a place");
    let world = World::over(Arc::new(ground), |config| config.graphql.cost_per_minute = 100_000_000).await;
    let actors = actors(&world).await;
    let questions = questions(&actors).await;
    let heard = Arc::new(Mutex::new(Vec::<Statement>::new()));
    let ears = Arc::clone(&heard);
    world.state.db.overhear(move |statement| ears.lock().expect("ears").push(statement.clone()));
    let (mut wrong, mut looked) = (String::new(), 0);
    for Question { what, actor, document, variables } in questions {
        drop(actors[actor].ask(document, variables.clone()).await.ok());
        let sent = std::mem::take(&mut *heard.lock().expect("ears"));
        for statement in sent {
            if !statement.sql.starts_with("SELECT") && !statement.sql.starts_with("WITH") {
                continue;
            }
            let explained =
                Statement { sql: format!("EXPLAIN QUERY PLAN {}", statement.sql), ..statement.clone() };
            let rows = world.state.db.read().query_all_raw(explained).await.expect("a plan");
            heard.lock().expect("ears").clear();
            let plan: Vec<(i32, i32, String)> = rows
                .iter()
                .map(|row| {
                    let number = |field| row.try_get("", field).expect("a number");
                    (number("id"), number("parent"), row.try_get("", "detail").expect("a text"))
                })
                .collect();
            looked += usize::from(plan.iter().any(|(_, _, detail)| detail.contains("household_")));
            for found in too_much(&plan) {
                _ = writeln!(wrong, "{actor}: {what} {variables}: {found}\n{}\n{plan:#?}", statement.sql);
            }
        }
    }
    assert!(looked > 10, "{looked} plans with households in them");
    assert!(wrong.is_empty(), "{wrong}");
}
