//! One task in a situation: what is tried on it, what is in the database, and how it is put back.

use super::{
    act::{self, fine, input_of, task as step_on},
    cast::Cast,
};
use chrono::Duration;
use entity::{
    account, change, demand, feedback,
    id::{DemandId, MilestoneId, TaskId},
    idempotency,
    kind::{TaskAction, TaskState},
    notice, task, task_event, task_milestone, task_number, task_part, task_request,
};
use lianhu_tests::{World, key};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, ExprTrait},
};
use serde_json::{Value, json};
use std::fmt::Write;
use uuid::Uuid;

/// Everything that is tried: the word of the table, the mutation, what it is told.
pub(super) const STEPS: [&str; 31] = [
    "JOIN",
    "DISPATCH",
    "CLAIM",
    "RETURN",
    "PROGRESS",
    "REACH_MILESTONE",
    "COMPLETE_PART",
    "RESOLVE",
    "ASK_EXTENSION",
    "GRANT_EXTENSION",
    "REFUSE_EXTENSION",
    "ASK_SUSPENSION",
    "GRANT_SUSPENSION",
    "REFUSE_SUSPENSION",
    "RESUME",
    "ESCALATE",
    "SEND_BACK",
    "URGE",
    "SUPERVISE",
    "ANSWER_SUPERVISION",
    "INSTRUCT",
    "CANCEL",
    "JUDGE well",
    "JUDGE badly",
    "JUDGE well by phone",
    "JUDGE badly by phone",
    "ASK_FEEDBACK",
    "CHECK",
    "REOPEN",
    "CLOSE",
    "CONTEST",
];

/// All rows of a task.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rows {
    pub(super) task: task::Model,
    pub(super) parts: Vec<task_part::Model>,
    pub(super) events: Vec<task_event::Model>,
    pub(super) milestones: Vec<task_milestone::Model>,
    pub(super) requests: Vec<task_request::Model>,
    pub(super) demands: Vec<demand::Model>,
    pub(super) feedback: Vec<feedback::Model>,
}

/// How much there is of everything that a step writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts([u64; 10], i64);

/// How much there is in a world.
pub(super) async fn counts(world: &World) -> Counts {
    let db = world.state.db.read();
    macro_rules! count {
        ($($table:ident),*) => { [$($table::Entity::find().count(db).await.expect("a count")),*] };
    }
    let all = count!(
        task,
        task_part,
        task_event,
        task_milestone,
        task_request,
        demand,
        feedback,
        notice,
        change,
        idempotency
    );
    let numbers = task_number::Entity::find().all(db).await.expect("numbers");
    Counts(all, numbers.iter().map(|row| i64::from(row.last)).sum())
}

/// A task that stands in a situation.
pub(super) struct Case {
    pub(super) task: TaskId,
    /// Of the resident, of the neighbour, and one that is not accepted yet.
    pub(super) demands: [DemandId; 3],
}

fn id_of(value: &Value) -> Uuid {
    entity::id::read(value["id"].as_str().expect("an id")).expect("an id").1
}

impl Case {
    /// A new task of two households.
    pub(super) async fn new(cast: &Cast) -> Self {
        let mut demands = Vec::new();
        for home in [&cast.town.home, &cast.neighbours, &cast.town.home] {
            let input = json!({"kind": "REQUEST", "channel": "VISIT", "field": "BASIC_LIVELIHOOD",
                "urgency": "YELLOW", "target": {"householdId": home["id"]}, "content": "水渠渗水，浇不到地。"});
            let made = act::demand(&cast.town.contact, "demandRegister", input).await;
            demands.push(fine(&made)["demand"].clone());
        }
        let input = json!({"ids": [demands[0]["id"], demands[1]["id"]], "expectedVersion": 1});
        let made = step_on(&cast.town.dispatcher, "demandAccept", input).await;
        let task = TaskId(id_of(&fine(&made)["task"]));
        let demands = [0, 1, 2].map(|at| DemandId(id_of(&demands[at])));
        Self { task, demands }
    }

    /// A task that is there, of demands that do not matter.
    pub(super) fn of(task: TaskId) -> Self {
        Self { task, demands: [DemandId(Uuid::nil()); 3] }
    }

    /// Its rows as they stand.
    pub(super) async fn rows(&self, world: &World) -> Rows {
        let db = world.state.db.read();
        macro_rules! all {
            ($table:ident, $order:ident) => {
                $table::Entity::find()
                    .filter($table::Column::TaskId.eq(self.task))
                    .order_by_asc($table::Column::$order)
                    .order_by_asc($table::Column::Id)
                    .all(db)
                    .await
                    .expect("rows")
            };
        }
        let demands = demand::Entity::find().filter(demand::Column::Id.is_in(self.demands));
        Rows {
            task: task::Entity::find_by_id(self.task).one(db).await.expect("an answer").expect("the task"),
            parts: all!(task_part, OfferedAt),
            events: all!(task_event, Step),
            milestones: all!(task_milestone, DueOn),
            requests: all!(task_request, AskedAt),
            feedback: all!(feedback, GivenAt),
            demands: demands.order_by_asc(demand::Column::Id).all(db).await.expect("demands"),
        }
    }

    /// Puts its rows back as they stood.
    pub(super) async fn put_back(&self, world: &World, rows: &Rows) {
        let db = world.state.db.write();
        macro_rules! remove {
            ($($table:ident),*) => {$(
                let all = $table::Entity::delete_many().filter($table::Column::TaskId.eq(self.task));
                all.exec(db).await.expect("rows go");
            )*};
        }
        macro_rules! insert {
            ($($list:ident: $table:ident),*) => {$(
                for row in &rows.$list {
                    let row = row.clone().into_active_model().reset_all();
                    $table::Entity::insert(row).exec_without_returning(db).await.expect("a row");
                }
            )*};
        }
        remove!(feedback, task_event, task_part, task_milestone, task_request);
        rows.task.clone().into_active_model().reset_all().update(db).await.expect("the task");
        for row in &rows.demands {
            row.clone().into_active_model().reset_all().update(db).await.expect("a demand");
        }
        insert!(parts: task_part, events: task_event, milestones: task_milestone, requests: task_request,
                feedback: feedback);
        // What people may do is read anew.
        let version = Expr::col(account::Column::RightsVersion).add(1);
        let all = account::Entity::update_many().col_expr(account::Column::RightsVersion, version);
        all.exec(db).await.expect("rights are read anew");
    }

    /// The mutation of a step, and its input, on a task as it stands.
    pub(super) fn attempt(&self, cast: &Cast, step: &str, who: &str, rows: &Rows) -> (&'static str, Value) {
        let today = cast.town.world.state.clock.now().0 + Duration::hours(8);
        let on = |days: i64| (today + Duration::days(days)).format("%Y-%m-%d").to_string();
        let town = &cast.town;
        let judge = |settled: bool, satisfaction: &str, by_phone: bool| {
            let own = self.demands[usize::from(who == "neighbour")];
            let version = rows.demands.iter().find(|row| row.id == own).expect("the demand").version;
            let input = json!({"id": own.to_string(), "expectedVersion": version, "settled": settled,
                               "satisfaction": satisfaction, "byPhone": by_phone});
            ("demandJudge", input)
        };
        let dispatch = |leads: Value, helpers: Value| {
            let input = json!({"leaderId": town.leader_id, "leads": leads, "coHandlers": helpers,
                "measures": ["现场查看", "限期修复"], "milestones": [{"title": "到场", "dueOn": on(0)}]});
            ("taskDispatch", input)
        };
        let due = rows.task.due_at.0 + Duration::hours(8) + Duration::days(4);
        let leave = |kind: &str, grant: bool| ("leaveDecide", json!({"kind": kind, "grant": grant}));
        let milestone = rows.milestones.first().map_or(MilestoneId(Uuid::now_v7()), |row| row.id);
        let note = |mutation| (mutation, json!({"note": "请看附言"}));
        let (mutation, more) = match step {
            "JOIN" => {
                let spare = self.demands[2];
                let version = rows.demands.iter().find(|row| row.id == spare).expect("it").version;
                let input = json!({"idempotencyKey": key(), "ids": [spare.to_string()],
                    "expectedVersion": version, "taskId": self.task.to_string()});
                return ("demandAccept", input);
            }
            "DISPATCH" => dispatch(
                json!([{"departmentId": town.water_office}]),
                json!([{"handler": {"departmentId": town.building_office}}]),
            ),
            "OFFER" => dispatch(
                json!([{"departmentId": town.water_office}, {"departmentId": town.building_office}]),
                json!([]),
            ),
            "CLAIM" => ("taskClaim", json!({})),
            "RETURN" => note("taskReturn"),
            "PROGRESS" => note("taskProgress"),
            "REACH_MILESTONE" => ("milestoneReach", json!({"milestoneId": milestone.to_string()})),
            "COMPLETE_PART" => ("taskPartComplete", json!({"answer": "已批准"})),
            "RESOLVE" => ("taskResolve", json!({"result": "已修好"})),
            "ASK_EXTENSION" => {
                ("extensionAsk", json!({"untilOn": due.format("%Y-%m-%d").to_string(), "reason": "等配件"}))
            }
            "ASK_SUSPENSION" => ("suspensionAsk", json!({"untilOn": on(30), "reason": "等审批"})),
            "GRANT_EXTENSION" => leave("EXTENSION", true),
            "REFUSE_EXTENSION" => leave("EXTENSION", false),
            "GRANT_SUSPENSION" => leave("SUSPENSION", true),
            "REFUSE_SUSPENSION" => leave("SUSPENSION", false),
            "RESUME" => note("taskResume"),
            "ESCALATE" => note("taskEscalate"),
            "SEND_BACK" => note("taskSendBack"),
            "URGE" => note("taskUrge"),
            "SUPERVISE" => note("taskSupervise"),
            "ANSWER_SUPERVISION" => ("supervisionAnswer", json!({"answer": "明日到场"})),
            "INSTRUCT" => note("taskInstruct"),
            "CANCEL" => note("taskCancel"),
            "JUDGE well" => judge(true, "SATISFIED", false),
            "JUDGE badly" => judge(false, "DISSATISFIED", false),
            "JUDGE doubting" => judge(true, "DISSATISFIED", false),
            "JUDGE well by phone" => judge(true, "SATISFIED", true),
            "JUDGE badly by phone" => judge(false, "DISSATISFIED", true),
            "ASK_FEEDBACK" => ("taskCallNote", json!({})),
            "CHECK" => ("taskCheck", json!({"passed": true, "note": "属实"})),
            "REOPEN" => ("taskCheck", json!({"passed": false, "note": "未修好"})),
            "CLOSE" => ("taskClose", json!({})),
            "CONTEST" => note("taskContest"),
            other => panic!("no such step: {other}"),
        };
        let mut input = json!({"idempotencyKey": key(), "id": self.task.to_string(),
                               "expectedVersion": rows.task.version});
        input.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
        (mutation, input)
    }

    /// Takes a step that is allowed; gives the rows after it.
    pub(super) async fn take(&self, cast: &Cast, who: &str, step: &'static str) -> Rows {
        let rows = self.rows(&cast.town.world).await;
        let outcome = self.try_all(cast, who, &[step], &rows).await.remove(0).1;
        assert!(matches!(outcome, Outcome::Done), "{step} by {who}: {outcome:?}, {:?}", rows.task);
        self.rows(&cast.town.world).await
    }

    /// Takes a step that is refused; gives the code and the error.
    pub(super) async fn refused(&self, cast: &Cast, who: &str, step: &'static str) -> (String, Value) {
        let rows = self.rows(&cast.town.world).await;
        match self.try_all(cast, who, &[step], &rows).await.remove(0).1 {
            Outcome::Refused { code, error } => (code, error),
            Outcome::Done => panic!("{step} by {who} is done"),
        }
    }

    /// Tries steps as one document; tells of each what came of it.
    pub(super) async fn try_all(
        &self,
        cast: &Cast,
        who: &str,
        steps: &[&'static str],
        rows: &Rows,
    ) -> Vec<(&'static str, Outcome)> {
        let mut outcomes = Vec::new();
        for steps in steps.chunks(16) {
            let (mut variables, mut fields, mut types) = (json!({}), String::new(), String::new());
            for (at, step) in steps.iter().enumerate() {
                let (mutation, input) = self.attempt(cast, step, who, rows);
                variables[format!("i{at}")] = input;
                _ = write!(types, "$i{at}: {}!,", input_of(mutation));
                _ = write!(
                    fields,
                    "a{at}: {mutation}(input: $i{at}) {{ errors {{ __typename code path
                     ... on PermissionError {{ requires }} ... on TransitionError {{ state allowedFrom allowedRoles }} }} }} "
                );
            }
            let answer =
                cast.actor(who).ask(&format!("mutation({types}) {{ {fields} }}"), variables).await.body;
            let of = |at: usize, step| (step, Outcome::read(&answer, &format!("a{at}")));
            outcomes.extend(steps.iter().enumerate().map(|(at, step)| of(at, *step)));
        }
        outcomes
    }
}

/// What came of a try.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Done,
    Refused { code: String, error: Value },
}

impl Outcome {
    fn read(answer: &Value, alias: &str) -> Self {
        let payload = &answer["data"][alias];
        if payload["errors"] == json!([]) {
            return Self::Done;
        }
        let faults = answer["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        let whole = |fault: &&Value| fault["path"][0] == alias || fault.get("path").is_none();
        let (error, code) = match faults.iter().find(whole) {
            Some(fault) => (fault, &fault["extensions"]["code"]),
            None => (&payload["errors"][0], &payload["errors"][0]["code"]),
        };
        let code = code.as_str().unwrap_or_else(|| panic!("neither done nor refused: {alias} of {answer}"));
        Self::Refused { code: code.to_owned(), error: error.clone() }
    }
}

/// What the ledger tells beyond a step: what was done, from where, to where.
pub(super) fn since(rows: &Rows, version: i32) -> Vec<(TaskAction, Option<TaskState>, TaskState)> {
    let new = rows.events.iter().filter(|event| event.step > version);
    new.map(|event| (event.action, event.from_state, event.to_state)).collect()
}
