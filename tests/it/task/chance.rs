//! Anybody does anything, many at once: whatever comes of it, the ledger and what it tells of agree. `LIANHU_SEED` repeats
//! what was dealt; who is first is up to the machine.

use super::{
    act::input_of,
    at_once::numbers_are_whole,
    cast::Cast,
    scene::{Case, Rows, STEPS},
    table::{self, Cells},
};
use entity::{
    change,
    id::{AccountId, TaskId},
    kind::{DemandState, NoticeKind, PartRole, PartState, TaskAction, TaskRequestState, TaskState},
    notice, task_event, task_part,
};
use futures_util::future::join_all;
use lianhu::task::flow::{LINES, Next};
use lianhu_tests::{Dice, World, ground};
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use uuid::Uuid;

const WORKERS: u64 = 16;
/// Tasks that are at work at once.
const TASKS: usize = 12;
/// What a refusal may be.
const REFUSALS: [&str; 7] =
    ["FORBIDDEN", "STATE", "NOT_FOUND", "DUPLICATE", "CONFLICT", "INVALID", "UNAUTHENTICATED"];

/// What happened so far.
#[derive(Default)]
struct Tally {
    tried: usize,
    done: usize,
    twice: usize,
    /// Answers that should never be given.
    wrong: Vec<String>,
    codes: BTreeMap<String, usize>,
    /// Which keys did something, and which step that was.
    keys: HashMap<Uuid, &'static str>,
}

/// Somebody at work.
struct Worker<'a> {
    cast: &'a Cast,
    cells: &'a Cells,
    cases: &'a Mutex<Vec<Arc<Case>>>,
    tally: &'a Mutex<Tally>,
    dice: Dice,
}

impl Worker<'_> {
    /// Who tries what: mostly what is allowed in a situation of this state, sometimes anything.
    fn deal(&mut self, rows: &Rows) -> (&'static str, &'static str) {
        let people: Vec<&'static str> = self.cast.people().map(|(name, _)| name).collect();
        if self.dice.percent(25) {
            return (self.dice.pick(&people), self.dice.pick(&STEPS));
        }
        let mut steps: BTreeMap<&'static str, Vec<&'static str>> = BTreeMap::new();
        for &(step, situation, who) in self.cells.keys() {
            if table::state_of(situation) == rows.task.state {
                steps.entry(step).or_default().push(who);
            }
        }
        // Most of what is cancelled had a future.
        if !self.dice.percent(4) {
            steps.remove("CANCEL");
        }
        let steps: Vec<_> = steps.into_iter().collect();
        if steps.is_empty() {
            return (self.dice.pick(&people), self.dice.pick(&STEPS));
        }
        let (step, who) = self.dice.one(&steps);
        (self.dice.pick(who), *step)
    }

    async fn send(&self, who: &str, mutation: &str, input: &Value) -> Value {
        let query = format!(
            "mutation($input: {}!) {{ {mutation}(input: $input) {{ replayed errors {{ code }} }} }}",
            input_of(mutation)
        );
        let answer = self.cast.actor(who).ask(&query, json!({"input": input})).await.body;
        match &answer["data"][mutation] {
            Value::Null => json!({"errors": [{"code": answer["errors"][0]["extensions"]["code"]}]}),
            payload => payload.clone(),
        }
    }

    /// One try, now and then sent twice at once under the same key.
    async fn go(&mut self) {
        let cases = self.cases.lock().expect("no panic").clone();
        let case = Arc::clone(self.dice.one(&cases));
        let rows = case.rows(&self.cast.town.world).await;
        if cases.len() < TASKS && self.dice.percent(20) {
            let new = Arc::new(Case::new(self.cast).await);
            self.cases.lock().expect("no panic").push(new);
            return;
        }
        let (who, step) = self.deal(&rows);
        let (mutation, input) = case.attempt(self.cast, step, who, &rows);
        let answers = if self.dice.percent(20) {
            let both = tokio::join!(self.send(who, mutation, &input), self.send(who, mutation, &input));
            vec![both.0, both.1]
        } else {
            vec![self.send(who, mutation, &input).await]
        };
        let mut tally = self.tally.lock().expect("no panic");
        tally.tried += 1;
        let done = |answer: &&Value| answer["errors"] == json!([]);
        let fresh = answers.iter().filter(done).filter(|answer| answer["replayed"] == false).count();
        let again = answers.iter().filter(done).count();
        if fresh > 1 || again > fresh && fresh == 0 {
            tally.wrong.push(format!("{step} by {who} was done {fresh} times under one key: {answers:?}"));
        }
        tally.twice += usize::from(again == 2);
        if fresh == 1 {
            tally.done += 1;
            let key = input["idempotencyKey"].as_str().and_then(|key| key.parse().ok()).expect("a key");
            tally.keys.insert(key, step);
        }
        for answer in &answers {
            let Some(code) = answer["errors"][0]["code"].as_str() else { continue };
            *tally.codes.entry(code.to_owned()).or_default() += 1;
            if !REFUSALS.contains(&code) {
                tally.wrong.push(format!("{step} by {who} in {:?}: {answer}", rows.task.state));
            }
        }
    }
}

/// What is wrong with a task and its ledger.
pub(super) fn ledger(rows: &Rows) -> Vec<String> {
    let Rows { task, events, parts, demands, requests, .. } = rows;
    let mut wrong = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            wrong.push(format!("{}: {what}: {task:?} {parts:?} {events:?}", task.number));
        }
    };
    must(events.iter().map(|event| event.step).eq(1..=task.version), "one event for each version");
    must(events.is_sorted_by_key(|event| event.at), "in the order of time");
    let mut before = None;
    for event in events {
        must(event.from_state == before, "each begins where the one before it ended");
        let allowed = LINES.iter().filter(|line| line.action == event.action).any(|line| {
            let ends = |from| event.to_state == if let Next::To(next) = line.next { next } else { from };
            match event.from_state {
                None => line.next == Next::To(event.to_state),
                Some(from) => line.from.contains(&from) && ends(from),
            }
        });
        must(allowed, "each is in the diagram");
        before = Some(event.to_state);
    }
    must(before == Some(task.state), "the state is the last one");
    let number = |of: &dyn Fn(&task_event::Model) -> bool| {
        i32::try_from(events.iter().filter(|event| of(event)).count()).unwrap_or_default()
    };
    must(task.round == number(&|event| event.action == TaskAction::Reopen), "rounds");
    must(task.extensions == number(&|event| event.action == TaskAction::GrantExtension), "extensions");
    let returned = |event: &task_event::Model| {
        event.action == TaskAction::Return && event.to_state == TaskState::Returned
    };
    must(task.returns == number(&returned), "returns");
    let over = matches!(task.state, TaskState::Closed | TaskState::Cancelled);
    must(task.open != over, "open");
    let ended = events.last().map(|event| event.at).filter(|_| over);
    must(task.closed_at == ended, "closed when its last event was");
    must((task.state == TaskState::Suspended) == task.review_on.is_some(), "a day of review");
    let party = |part: &task_part::Model| (part.department_id, part.cadre_id);
    let leads = |state: PartState| {
        move |part: &&task_part::Model| part.role == PartRole::Lead && part.live && part.state == state
    };
    let live = parts.iter().filter(|part| part.live).count();
    let own = (task.lead_department_id, task.lead_cadre_id);
    match task.state {
        TaskState::Pending | TaskState::Returned => must(live == 0 && own == (None, None), "with nobody"),
        TaskState::Cancelled | TaskState::Closed => must(live == 0, "over for everybody"),
        TaskState::Dispatched => {
            must(parts.iter().any(|part| leads(PartState::Offered)(&part)), "offered to somebody");
            must(!parts.iter().any(|part| leads(PartState::Claimed)(&part)), "claimed by nobody");
        }
        TaskState::InProgress | TaskState::Suspended => {
            let lead: Vec<_> = parts.iter().filter(leads(PartState::Claimed)).map(party).collect();
            must(lead == [own], "one lead, who has claimed it");
        }
        TaskState::Resolved => {
            let lead: Vec<_> = parts.iter().filter(leads(PartState::Done)).map(party).collect();
            must(lead == [own], "one lead, who is done");
            must(parts.iter().all(|part| !part.live || part.state == PartState::Done), "all are done");
        }
    }
    let asked = requests.iter().filter(|row| row.state == TaskRequestState::Asked).count();
    must(asked <= 3, "of each kind one waits at the most");
    for demand in demands.iter().filter(|demand| demand.task_id == Some(task.id)) {
        must(demand.state == DemandState::Accepted, "its demands are accepted");
    }
    must(
        task.state != TaskState::Cancelled || demands.iter().all(|demand| demand.task_id != Some(task.id)),
        "a cancelled task answers nothing",
    );
    wrong
}

/// What must have been done for a notice to be given.
fn cause(kind: NoticeKind) -> &'static [TaskAction] {
    match kind {
        NoticeKind::DemandAccepted => &[TaskAction::Create, TaskAction::Join],
        NoticeKind::TaskGiven => &[TaskAction::Dispatch],
        NoticeKind::TaskUrged => &[TaskAction::Urge],
        NoticeKind::TaskSupervised => &[TaskAction::Supervise],
        NoticeKind::TaskInstructed => &[TaskAction::Instruct],
        NoticeKind::TaskReturned => &[TaskAction::Return],
        NoticeKind::TaskReopened => &[TaskAction::Reopen],
        NoticeKind::LeaveDecided => &[
            TaskAction::GrantExtension,
            TaskAction::RefuseExtension,
            TaskAction::GrantSuspension,
            TaskAction::RefuseSuspension,
        ],
        NoticeKind::SupervisionAnswered => &[TaskAction::AnswerSupervision],
        NoticeKind::ResultToJudge => &[TaskAction::Resolve],
        NoticeKind::TaskClosed => &[TaskAction::Close],
        _ => &[],
    }
}

/// What is wrong with change lines and notices of these tasks.
async fn traces(world: &World, all: &[Rows], keys: &HashMap<Uuid, &'static str>) -> Vec<String> {
    let db = world.state.db.read();
    let mut wrong = Vec::new();
    let of: HashMap<TaskId, &Rows> = all.iter().map(|rows| (rows.task.id, rows)).collect();
    let lines = change::Entity::find().filter(change::Column::Entity.eq("task"));
    let mut by_key: HashMap<Uuid, Vec<(Uuid, i32)>> = HashMap::new();
    let mut versions: HashMap<TaskId, Vec<i32>> = HashMap::new();
    for line in lines.all(db).await.expect("lines") {
        if !of.contains_key(&TaskId(line.entity_id)) {
            continue;
        }
        versions.entry(TaskId(line.entity_id)).or_default().push(line.entity_version);
        if let Some(key) = line.idempotency_key {
            by_key.entry(key).or_default().push((line.entity_id, line.entity_version));
        }
    }
    for rows in all {
        let told = versions.get_mut(&rows.task.id).map(|told| {
            told.sort_unstable();
            told.clone()
        });
        if !told.unwrap_or_default().into_iter().eq(1..=rows.task.version) {
            wrong.push(format!("{}: a line of the log for each version", rows.task.number));
        }
        let notices = notice::Entity::find().filter(notice::Column::Subject.eq(rows.task.id.to_string()));
        let mut once: HashSet<(AccountId, NoticeKind, entity::scalar::DateTime)> = HashSet::new();
        for told in notices.all(db).await.expect("notices") {
            let causes = cause(told.kind);
            let tells = |event: &task_event::Model| event.at == told.at && causes.contains(&event.action);
            if !rows.events.iter().any(tells) {
                wrong.push(format!("{}: {:?} tells of nothing", rows.task.number, told.kind));
            }
            if !once.insert((told.account_id, told.kind, told.at)) {
                wrong.push(format!("{}: {:?} is told twice", rows.task.number, told.kind));
            }
        }
    }
    for (key, did) in by_key {
        let most = if keys.get(&key).is_some_and(|step| step.starts_with("JUDGE badly")) { 2 } else { 1 };
        if did.len() > most {
            wrong.push(format!("key {key} did {did:?}"));
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_anybody_does_at_once_the_ledger_stays_whole() {
    let seed = ground::seed().unwrap_or(20_261_122);
    println!("LIANHU_SEED={seed}");
    let (cast, cells) = (Cast::gather().await, table::cells());
    let first = [Case::new(&cast).await, Case::new(&cast).await, Case::new(&cast).await];
    let cases = Mutex::new(first.into_iter().map(Arc::new).collect::<Vec<_>>());
    let tally = Mutex::new(Tally::default());
    let began = Instant::now();
    let enough = Duration::from_secs(if ground::long() { 300 } else { 10 });
    // A slow machine takes longer over as much.
    let goes_on = || {
        let few = tally.lock().expect("no panic").done < 150 && began.elapsed() < enough * 6;
        began.elapsed() < enough || few
    };
    join_all((0..WORKERS).map(async |n| {
        let dice = Dice::new(seed ^ (n << 40));
        let mut worker = Worker { cast: &cast, cells: &cells, cases: &cases, tally: &tally, dice };
        while goes_on() {
            worker.go().await;
        }
    }))
    .await;
    let world = &cast.town.world;
    // At last the clock: it urges what is late and strikes off what nobody speaks of, whoever of several looks.
    let state = &world.state;
    state.clock.shift(chrono::Duration::days(40));
    let tick = async || {
        let ctx = lianhu::account::operator::ctx(&state.db, &state.vault, &state.clock, &state.identity);
        lianhu::task::upkeep::tick(&ctx).await.expect("the clock ticks")
    };
    tokio::join!(tick(), tick(), tick());
    let mut all = Vec::new();
    for case in cases.into_inner().expect("no panic") {
        all.push(case.rows(world).await);
    }
    let tally = tally.into_inner().expect("no panic");
    let mut wrong = tally.wrong;
    wrong.extend(all.iter().flat_map(ledger));
    wrong.extend(traces(world, &all, &tally.keys).await);
    let steps: HashSet<String> =
        all.iter().flat_map(|rows| &rows.events).map(|event| event.action.to_value()).collect();
    let events: usize = all.iter().map(|rows| rows.events.len()).sum();
    println!(
        "{} tries, {} done, {} answered twice; {} tasks with {events} events of {} kinds; refused: {:?}",
        tally.tried,
        tally.done,
        tally.twice,
        all.len(),
        steps.len(),
        tally.codes
    );
    let told = wrong.iter().take(5).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "LIANHU_SEED={seed}, {} things are wrong:\n{told}", wrong.len());
    numbers_are_whole(world).await;
    assert!(tally.done > 50 && steps.len() > 12, "much was done");
}
