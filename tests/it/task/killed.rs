//! All or nothing, also when the process is ended in the middle of what it does.

use super::{act::Town, at_once::numbers_are_whole, chance::ledger, scene};
use crate::telemetry::{Running, SOON};
use base64::{Engine, engine::general_purpose::STANDARD};
use entity::{
    change, demand,
    id::{DemandId, TaskId, VisitId},
    idempotency,
    kind::{ChangeKind, NoticeKind, TaskAction},
    notice, task, task_part, visit,
};
use lianhu_tests::{Actor, Dice, World, ground, key};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use uuid::Uuid;

/// Demands of each visit.
const HEARD: usize = 3;
/// What every visit of this test says.
const SAID: &str = "入户走访，记录三件事。";

/// Somebody at a client that bears a server that goes away.
#[derive(Clone)]
struct Client {
    http: reqwest::Client,
    token: String,
}

impl Client {
    fn of(actor: &Actor) -> Self {
        Self { http: reqwest::Client::new(), token: actor.access.clone().expect("a token") }
    }

    /// The payload, if there is an answer.
    async fn send(&self, address: &str, (mutation, input): &(&'static str, Value)) -> Option<Value> {
        let query = format!(
            "mutation($input: {}!) {{ {mutation}(input: $input) {{ replayed errors {{ code }} {} }} }}",
            super::act::input_of(mutation),
            match *mutation {
                "visitRecord" => "visit { id demands(first: 10) { nodes { id version } } }",
                _ => "task { id version }",
            }
        );
        let request = self.http.post(format!("http://{address}/graphql")).bearer_auth(&self.token);
        let answer =
            request.json(&json!({"query": query, "variables": {"input": input}})).send().await.ok()?;
        let body: Value = answer.json().await.ok()?;
        let payload = body["data"][mutation].clone();
        assert!(payload.is_object(), "{mutation}: {body}");
        Some(payload)
    }
}

/// What was sent, and what was answered.
#[derive(Default)]
struct Sent {
    /// By key: the visits and tasks that were promised.
    visits: Vec<VisitId>,
    tasks: Vec<TaskId>,
    /// What nobody answered.
    hanging: Vec<(&'static str, Value)>,
    /// Demands that wait to be accepted.
    waiting: Vec<Value>,
}

fn uuid(of: &Value) -> Uuid {
    entity::id::read(of["id"].as_str().expect("an id")).expect("an id").1
}

/// What is sent in a loop until the server is gone.
struct Play {
    address: String,
    contact: Client,
    desk: Client,
    home: Value,
    dispatch: Value,
    sent: Mutex<Sent>,
    answered: AtomicUsize,
}

impl Play {
    fn note(&self, answer: Option<&Value>, what: (&'static str, Value)) {
        let mut sent = self.sent.lock().expect("no panic");
        let Some(payload) = answer else {
            sent.hanging.push(what);
            return;
        };
        assert_eq!(payload["errors"], json!([]), "{what:?}: {payload}");
        self.answered.fetch_add(1, Ordering::Relaxed);
        if what.0 == "visitRecord" {
            sent.visits.push(VisitId(uuid(&payload["visit"])));
            let heard = payload["visit"]["demands"]["nodes"].as_array().expect("demands").clone();
            assert_eq!(heard.len(), HEARD, "{payload}");
            sent.waiting.extend(heard);
        } else {
            sent.tasks.push(TaskId(uuid(&payload["task"])));
        }
    }

    /// Visits, one after another.
    async fn visit(&self, began: &str) {
        loop {
            let demand = |n: usize| json!({"kind": "REQUEST", "field": "CONVENIENCE", "urgency": "YELLOW", "content": format!("第{n}件事")});
            let input = json!({"idempotencyKey": key(), "method": "DOOR", "target": {"householdId": self.home["id"]},
                "beganAt": began, "summary": SAID, "demands": (0..HEARD).map(demand).collect::<Vec<_>>()});
            let what = ("visitRecord", input);
            let answer = self.contact.send(&self.address, &what).await;
            self.note(answer.as_ref(), what);
            if answer.is_none() {
                return;
            }
        }
    }

    /// Demands are accepted and dispatched, one after another.
    async fn dispatch(&self) {
        loop {
            let next = self.sent.lock().expect("no panic").waiting.pop();
            let Some(next) = next else {
                tokio::time::sleep(Duration::from_millis(5)).await;
                if self.contact.http.get(format!("http://{}/health/live", self.address)).send().await.is_err()
                {
                    return;
                }
                continue;
            };
            let input =
                json!({"idempotencyKey": key(), "ids": [next["id"]], "expectedVersion": next["version"]});
            let what = ("demandAccept", input);
            let answer = self.desk.send(&self.address, &what).await;
            self.note(answer.as_ref(), what);
            let Some(made) = answer else { return };
            let mut input = self.dispatch.clone();
            input["idempotencyKey"] = json!(key());
            input["id"] = made["task"]["id"].clone();
            input["expectedVersion"] = made["task"]["version"].clone();
            let what = ("taskDispatch", input);
            let answer = self.desk.send(&self.address, &what).await;
            self.note(answer.as_ref(), what);
            if answer.is_none() {
                return;
            }
        }
    }
}

/// Everything that was begun is whole, or was never begun.
async fn whole(world: &World, before: &HashSet<VisitId>, sent: &Sent) {
    let db = world.state.db.read();
    let lines = change::Entity::find().all(db).await.expect("lines");
    let mut created: HashMap<(&str, Uuid), usize> = HashMap::new();
    for line in lines.iter().filter(|line| line.kind == ChangeKind::Created) {
        *created.entry((line.entity.as_str(), line.entity_id)).or_default() += 1;
    }
    let visits: Vec<visit::Model> = visit::Entity::find().all(db).await.expect("visits");
    let new: Vec<VisitId> = visits.iter().map(|row| row.id).filter(|id| !before.contains(id)).collect();
    let demands = demand::Entity::find().all(db).await.expect("demands");
    for id in &new {
        let of: Vec<DemandId> =
            demands.iter().filter(|row| row.visit_id == Some(*id)).map(|row| row.id).collect();
        assert_eq!(of.len(), HEARD, "a visit has all of its demands");
        assert_eq!(created.get(&("visit", id.0)), Some(&1), "a line for the visit");
        assert!(of.iter().all(|id| created.get(&("demand", id.0)) == Some(&1)), "a line for each demand");
    }
    for id in &sent.visits {
        assert!(new.contains(id), "what was answered is there");
    }
    let known: HashSet<Uuid> = new.iter().map(|id| id.0).chain(demands.iter().map(|row| row.id.0)).collect();
    let ours = |line: &&change::Model| line.entity == "demand" && line.kind == ChangeKind::Created;
    assert!(
        lines.iter().filter(ours).all(|line| known.contains(&line.entity_id)),
        "no line without a demand"
    );
    let tasks = task::Entity::find().all(db).await.expect("tasks");
    for id in &sent.tasks {
        assert!(tasks.iter().any(|row| row.id == *id), "what was answered is there");
    }
    let made = demands.iter().filter(|row| row.visit_id.is_some_and(|id| new.contains(&id)));
    let made: HashSet<TaskId> = made.filter_map(|row| row.task_id).collect();
    for id in made {
        let case = scene::Case::of(id);
        let rows = case.rows(world).await;
        assert_eq!(ledger(&rows), Vec::<String>::new());
        assert_eq!(created.get(&("task", id.0)), Some(&1), "a line for the task");
        let dispatched = rows.events.iter().any(|event| event.action == TaskAction::Dispatch);
        let parts = task_part::Entity::find().filter(task_part::Column::TaskId.eq(id)).all(db).await;
        assert_eq!(parts.expect("parts").len(), usize::from(dispatched) * 2, "both parts, or none");
        let told = notice::Entity::find().filter(notice::Column::Subject.eq(id.to_string()));
        let told =
            told.filter(notice::Column::Kind.eq(NoticeKind::TaskGiven)).all(db).await.expect("notices");
        assert_eq!(told.len(), usize::from(dispatched) * 2, "both handlers are told, or nobody");
    }
    let half = idempotency::Entity::find().filter(idempotency::Column::EntityId.eq(Uuid::nil()));
    assert!(half.all(db).await.expect("keys").is_empty(), "no key without what it made");
    numbers_are_whole(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whenever_the_process_is_ended_each_command_was_done_whole_or_not_at_all() {
    let seed = ground::seed().unwrap_or(7);
    println!("LIANHU_SEED={seed}");
    let mut dice = Dice::new(seed);
    let town = Town::open().await;
    let (home, mut dispatch) = (town.home.clone(), town.to_water());
    dispatch["coHandlers"] = json!([{"handler": {"departmentId": town.building_office}}]);
    let began = (town.world.state.clock.now().0 - chrono::Duration::hours(1)).to_rfc3339();
    let before = visit::Entity::find().all(town.world.state.db.read()).await.expect("visits");
    let before: HashSet<VisitId> = before.into_iter().map(|row| row.id).collect();
    let (contact, desk) = (Client::of(&town.contact), Client::of(&town.dispatcher));
    let mut ground = town.world.stop().await;
    let folder = tempfile::tempdir().expect("a folder");
    let (mut sent, mut killed, mut answered) = (Sent::default(), 0, 0);
    for _ in 0..if ground::long() { 40 } else { 4 } {
        let url = ground.url();
        let settings = [
            ("LIANHU_DATABASE__URL", &*url),
            ("LIANHU_SECRET__KEY", &*STANDARD.encode(ground::SECRET)),
            ("LIANHU_GRAPHQL__COST_PER_MINUTE", "1000000"),
        ];
        let server =
            Running::start(folder.path(), &["serve", "--listen", "127.0.0.1:0"], &settings, SOON).await;
        // What hung is sent again under its key, and done once.
        for what in std::mem::take(&mut sent.hanging) {
            let by = if what.0 == "visitRecord" { &contact } else { &desk };
            let (one, other) = (by.send(&server.address, &what).await, by.send(&server.address, &what).await);
            let (one, other) = (one.expect("an answer"), other.expect("an answer"));
            assert_eq!((&one["errors"], &other["errors"]), (&json!([]), &json!([])), "{what:?}");
            assert_eq!(other["replayed"], true, "{what:?}");
        }
        let play = Arc::new(Play {
            address: server.address.clone(),
            contact: contact.clone(),
            desk: desk.clone(),
            home: home.clone(),
            dispatch: dispatch.clone(),
            sent: Mutex::new(std::mem::take(&mut sent)),
            answered: AtomicUsize::new(0),
        });
        let running: Vec<_> = (0..4)
            .map(|n| {
                let (play, began) = (Arc::clone(&play), began.clone());
                tokio::spawn(
                    async move { if n < 2 { play.visit(&began).await } else { play.dispatch().await } },
                )
            })
            .collect();
        // Not before something is under way, and at no particular moment.
        while play.answered.load(Ordering::Relaxed) < 5 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let moment = u64::try_from(dice.between(0, 600)).unwrap_or_default();
        tokio::time::sleep(Duration::from_millis(moment)).await;
        server.kill();
        for one in running {
            one.await.expect("nobody panics");
        }
        let play = Arc::into_inner(play).expect("all have ended");
        answered += play.answered.load(Ordering::Relaxed);
        sent = play.sent.into_inner().expect("no panic");
        killed += usize::from(!sent.hanging.is_empty());
        let world = World::over(ground, |_| ()).await;
        whole(&world, &before, &sent).await;
        ground = world.stop().await;
    }
    println!("{answered} commands were answered; {killed} times some were under way when it ended");
    assert!(killed > 0 && answered > 20, "{answered} answered, {killed} in the middle");
}
