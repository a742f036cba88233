//! Every action: what a person may do to the household and its village. Trying leaves nothing behind: what is allowed is
//! refused for another reason (an old version, a number that is taken).

use super::stage::{Person, Stage, close};
use lianhu_tests::{Actor, World, key};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What is asked only of the actions.
pub(super) struct Try {
    /// The word of the page.
    pub word: &'static str,
    /// The root field.
    pub field: &'static str,
    /// Its input, or its argument.
    pub input: Value,
}

/// What is held on a household, which is shown or not.
const HELD: &str = "held";

/// How a question is put.
fn document(tried: &Try) -> (String, Value) {
    let Try { field, input, .. } = tried;
    let capital = |name: &str| format!("{}{}", name[..1].to_uppercase(), &name[1..]);
    if let Some(preview) = field.strip_suffix("Preview") {
        let (argument, kind) = match preview {
            "assignmentsAssign" => ("list", "AssignmentList"),
            "assignmentsHandOver" => ("handOver", "HandOver"),
            "assignmentsSpread" => ("spread", "Spread"),
            _ => ("change", "RegionChangeInput"),
        };
        return (
            format!(
                "query($input: {kind}!) {{ {field}({argument}: $input) {{ errors {{ code path message }} }} }}"
            ),
            input.clone(),
        );
    }
    if *field == HELD {
        let query = "query($input: ID!) { household(by: { id: $input }) { held { field } } }";
        return (query.to_owned(), input.clone());
    }
    let more = if *field == "householdBreakGlass" { "emergency { id }" } else { "" };
    let mut input = input.clone();
    if !field.ends_with("Reveal") {
        input["idempotencyKey"] = json!(key());
    }
    let kind = format!("{}Input", capital(field));
    (
        format!(
            "mutation($input: {kind}!) {{ {field}(input: $input) {{ {more} errors {{ code path message }} }} }}"
        ),
        input,
    )
}

/// Every mutation and plan that needs a permission, as it is tried on the household and its village.
pub(super) fn tries(id: impl Fn(&str) -> String, about: &str) -> Vec<Try> {
    let of = about;
    let about = |name: &str| id(&format!("{name}{of}"));
    let (today, village, household, county) = (id("today"), id("village"), id("household"), id("county"));
    let one = |word, field, input| Try { word, field, input };
    let list = json!({"startsOn": today, "entries": [{"kind": "GROUP", "regionId": id("next group"), "cadreId": about("staff")}]});
    let hand_over = json!({"effectiveOn": today, "fromCadreId": about("staff"), "toCadreId": id("staff other"),
                           "assignmentIds": [about("group assignment")]});
    let spread = json!({"startsOn": today, "regionId": id("group"), "cadreIds": [about("staff")]});
    // Too long ago to be recorded.
    let visit = |target: Value, more: Value| {
        let mut input = json!({"method": "DOOR", "target": target, "beganAt": "2001-01-01T00:00:00Z"});
        if let Some((input, more)) = input.as_object_mut().zip(more.as_object()) {
            input.extend(more.clone());
        }
        input
    };
    // Too long to be taken.
    let ask = |target: Value| json!({"kind": "REQUEST", "channel": "WEB", "field": "GOVERNANCE", "target": target, "content": "长".repeat(2001)});
    let on = |what: &str, more: Value| {
        let mut input = json!({"id": id(what), "expectedVersion": 999});
        if let Some((input, more)) = input.as_object_mut().zip(more.as_object()) {
            input.extend(more.clone());
        }
        input
    };
    let plan = "no such plan";
    vec![
        one("MANAGE_REGION", "regionUpdate", json!({"id": village, "expectedVersion": 999, "name": "竹园"})),
        one(
            "MANAGE_REGION",
            "regionCreate",
            json!({"parentId": village, "kind": "GROUP", "code": id("group code"), "name": "组"}),
        ),
        one(
            "MANAGE_REGION",
            "regionRecode",
            json!({"id": village, "expectedVersion": 999, "code": id("village code")}),
        ),
        one(
            "boundaries",
            "regionMove",
            json!({"id": village, "expectedVersion": 999, "code": id("village code"), "parentId": id("township")}),
        ),
        one("boundaries", "regionMerge", json!({"fromIds": [village], "intoId": id("township")})),
        one(
            "boundaries",
            "regionSplit",
            json!({"id": village, "expectedVersion": 999, "groupIds": [id("group")],
            "newRegion": {"code": id("village code"), "name": "新村"}}),
        ),
        one(
            "boundaries",
            "regionChangePreview",
            json!({"move": {"id": village, "code": id("village code"), "parentId": id("township")}}),
        ),
        one(
            "boundaries",
            "areaCreate",
            json!({"townshipId": id("township"), "name": "", "villageIds": [village]}),
        ),
        one("boundaries", "areaUpdate", json!({"id": id("area"), "expectedVersion": 999, "name": "片"})),
        one("MANAGE_BRANCH", "partyBranchCreate", json!({"kind": "BRANCH", "name": "", "regionId": village})),
        one(
            "MANAGE_BRANCH",
            "partyBranchUpdate",
            json!({"id": id("branch"), "expectedVersion": 999, "name": "支部"}),
        ),
        one(
            "MANAGE_BRANCH",
            "partyMembershipStart",
            json!({"branchId": id("branch"), "cadreId": id("staff"), "standing": "FULL", "startsOn": today}),
        ),
        one(
            "MANAGE_BRANCH",
            "partyMembershipEnd",
            json!({"id": id("membership"), "expectedVersion": 999, "endsOn": today}),
        ),
        one("MANAGE_DEPARTMENT", "departmentCreate", json!({"name": "", "regionId": village})),
        one(
            "MANAGE_DEPARTMENT",
            "departmentUpdate",
            json!({"id": id("department"), "expectedVersion": 999, "name": "所"}),
        ),
        one(
            "MANAGE_CALENDAR",
            "workCalendarUpdate",
            json!({"countyId": county, "startsOn": today, "spans": [], "expectedVersion": 0}),
        ),
        one(
            "MANAGE_CALENDAR",
            "workDaySet",
            json!({"countyId": county, "day": today, "working": true, "name": "", "expectedVersion": 0}),
        ),
        one(
            "MANAGE_CALENDAR",
            "workDayUnset",
            json!({"countyId": county, "day": today, "expectedVersion": 999}),
        ),
        one(
            "MANAGE_CALENDAR",
            "deadlineRuleUpdate",
            json!({"countyId": county, "urgency": "RED", "respond": {"amount": 0, "unit": "NATURAL_HOUR"},
                   "resolve": {"amount": 1, "unit": "WORKING_DAY"}, "expectedVersion": 0}),
        ),
        one(
            "MANAGE_CALENDAR",
            "deadlineRuleReset",
            json!({"countyId": county, "urgency": "RED", "expectedVersion": 999}),
        ),
        one(
            "MANAGE_CATEGORY",
            "categoryCreate",
            json!({"countyId": county, "field": "GOVERNANCE", "name": ""}),
        ),
        one(
            "MANAGE_CATEGORY",
            "categoryUpdate",
            json!({"id": id("category"), "expectedVersion": 999, "sort": 1}),
        ),
        one("MANAGE_CATEGORY", "categoryRetire", json!({"id": id("category"), "expectedVersion": 999})),
        one("MANAGE_CATEGORY", "categoryRestore", json!({"id": id("category"), "expectedVersion": 999})),
        // It has some already.
        one("MANAGE_CATEGORY", "categoriesAdopt", json!({"countyId": county})),
        one(
            "MANAGE_CADRE",
            "cadreCreate",
            json!({"name": "", "level": "VILLAGE_CADRE", "regionId": village, "sex": "MALE", "startsOn": today}),
        ),
        one("MANAGE_CADRE", "cadreUpdate", json!({"id": id("staff"), "expectedVersion": 999, "name": "丁"})),
        one(
            "MANAGE_CADRE",
            "positionAppoint",
            json!({"cadreId": id("staff"), "place": {"regionId": village}, "startsOn": today, "title": ""}),
        ),
        one(
            "MANAGE_ACCOUNT",
            "accountCreate",
            json!({"name": "x", "password": "short", "regionId": village}),
        ),
        one(
            "MANAGE_ACCOUNT",
            "accountUpdate",
            json!({"id": id("account"), "expectedVersion": 999, "status": "ACTIVE"}),
        ),
        one(
            "MANAGE_ACCOUNT",
            "roleGrantCreate",
            json!({"accountId": id("account"), "role": "LEADER", "regionId": village, "startsOn": "2020-01-01"}),
        ),
        one(
            "MANAGE_ACCOUNT",
            "roleGrantEnd",
            json!({"id": id("grant"), "expectedVersion": 999, "endsOn": today}),
        ),
        one(
            "MANAGE_CADRE",
            "positionEnd",
            json!({"id": id("position"), "expectedVersion": 999, "endsOn": today}),
        ),
        one(
            "CREATE_HOUSEHOLD",
            "householdCreate",
            json!({"regionId": id("group"), "gridId": id("grid"), "number": id("number"),
            "members": [{"name": "甲", "relation": "HEAD"}]}),
        ),
        one(
            "UPDATE_HOUSEHOLD",
            "householdUpdate",
            json!({"id": household, "expectedVersion": 999, "housing": "砖房"}),
        ),
        one(
            "UPDATE_HOUSEHOLD",
            "householdMemberAdd",
            json!({"householdId": household, "member": {"name": "", "relation": "SON"}}),
        ),
        one(
            "UPDATE_HOUSEHOLD",
            "householdMemberUpdate",
            json!({"id": id("member"), "expectedVersion": 999, "needs": "无"}),
        ),
        one(
            "CREATE_ENTERPRISE",
            "enterpriseCreate",
            json!({"regionId": village, "name": "公司", "creditCode": id("credit"), "size": "SMALL"}),
        ),
        one(
            "UPDATE_ENTERPRISE",
            "enterpriseUpdate",
            json!({"id": id("enterprise"), "expectedVersion": 999, "trade": "农"}),
        ),
        one(
            "ASSIGN",
            "assignmentCreate",
            json!({"kind": "GROUP", "regionId": id("group"), "cadreId": about("staff"), "startsOn": today}),
        ),
        one(
            "ASSIGN",
            "assignmentEnd",
            json!({"id": about("group assignment"), "expectedVersion": 999, "reason": "试"}),
        ),
        one("ASSIGN", "assignmentsAssign", json!({"list": list, "reason": "试", "expectedPlan": plan})),
        one("ASSIGN", "assignmentsAssignPreview", list),
        one(
            "ASSIGN",
            "assignmentsHandOver",
            json!({"handOver": hand_over, "reason": "试", "expectedPlan": plan}),
        ),
        one("ASSIGN", "assignmentsHandOverPreview", hand_over),
        one("spread", "assignmentsSpread", json!({"spread": spread, "reason": "试", "expectedPlan": plan})),
        one("spread", "assignmentsSpreadPreview", spread),
        one("IMPORT_ROSTER", "uploadCreate", json!({"purpose": "ROSTER", "fileName": "a/b", "length": 1})),
        one(
            "IMPORT_ROSTER",
            "rosterImport",
            json!({"uploadId": id("household").replace("household_", "upload_")}),
        ),
        one("SEE_HELD", HELD, json!(household)),
        one(
            "ASK_CORRECTION",
            "correctionAsk",
            json!({"householdId": household, "field": "Household.address", "wanted": " "}),
        ),
        one(
            "DECIDE_CORRECTION",
            "correctionDecide",
            json!({"id": id("correction"), "expectedVersion": 999, "outcome": "DECLINED", "answer": "无误"}),
        ),
        // It agrees to the one, and has withdrawn the other.
        one("NOTE_CONSENT", "consentGive", json!({"householdId": household, "purpose": "LOCATION"})),
        one("NOTE_CONSENT", "consentWithdraw", json!({"householdId": household, "purpose": "INCOME"})),
        one("REGISTER_DEMAND", "demandRegister", ask(json!({"householdId": household}))),
        one("demand-firm", "demandRegister", ask(json!({"enterpriseId": id("enterprise")}))),
        one("demand-place", "demandRegister", ask(json!({"regionId": village}))),
        one("SETTLE_DEMAND", "demandSettle", on("demand", json!({"answer": "好"}))),
        one("ACCEPT_DEMAND", "demandUpdate", on("demand", json!({"field": "CONVENIENCE"}))),
        one("ACCEPT_DEMAND", "demandDecline", on("demand", json!({"reason": "不"}))),
        one(
            "ACCEPT_DEMAND",
            "suggestionDecide",
            on("demand", json!({"adoption": "ADOPTED", "reason": "好"})),
        ),
        one("ACCEPT_DEMAND", "demandUnmerge", on("demand", json!({}))),
        one("ACCEPT_DEMAND", "demandSplit", on("demand", json!({"parts": []}))),
        one("ACCEPT_DEMAND", "demandAccept", json!({"ids": [id("demand")], "expectedVersion": 999})),
        one(
            "ACCEPT_DEMAND",
            "demandMerge",
            json!({"intoId": id("demand"), "expectedVersion": 999, "ids": [id("demand")]}),
        ),
        one(
            "DISPATCH_TASK",
            "taskDispatch",
            on("task", json!({"leaderId": id("officials"), "leads": [], "measures": []})),
        ),
        one("DISPATCH_TASK", "taskSendBack", on("task", json!({"note": "请办"}))),
        one("HANDLE_TASK", "taskClaim", on("task", json!({}))),
        one("HANDLE_TASK", "taskReturn", on("task", json!({"note": "不归我"}))),
        one("HANDLE_TASK", "taskProgress", on("task", json!({"note": "在办"}))),
        one("lead-task", "taskResolve", on("task", json!({"result": "好了"}))),
        one("lead-task", "extensionAsk", on("task", json!({"untilOn": today, "reason": "等料"}))),
        one("lead-task", "suspensionAsk", on("task", json!({"untilOn": today, "reason": "等料"}))),
        one("DECIDE_TASK", "leaveDecide", on("task", json!({"kind": "EXTENSION", "grant": true}))),
        one("OVERSEE_TASK", "taskUrge", on("task", json!({"note": "快办"}))),
        one("OVERSEE_TASK", "taskSupervise", on("task", json!({"note": "请答复"}))),
        one("INSTRUCT_TASK", "taskInstruct", on("task", json!({"note": "抓紧"}))),
        one("CANCEL_TASK", "taskCancel", on("task", json!({"note": "误登"}))),
        one("CHECK_TASK", "taskCheck", on("task", json!({"passed": true, "note": "好"}))),
        one("OVERSEE_TASK", "taskCallNote", on("task", json!({}))),
        one("CLOSE_TASK", "taskClose", on("task", json!({}))),
        one("JUDGE_RESULT", "taskContest", on("task", json!({"note": "没好"}))),
        one(
            "JUDGE_RESULT",
            "demandJudge",
            on("demand", json!({"settled": true, "satisfaction": "SATISFIED"})),
        ),
        one(
            "MANAGE_INTAKE",
            "intakePointCreate",
            json!({"kind": "BOX", "name": "", "regionId": village, "address": ""}),
        ),
        one(
            "MANAGE_INTAKE",
            "intakePointUpdate",
            json!({"id": id("box"), "expectedVersion": 999, "name": "说事箱"}),
        ),
        one("MANAGE_INTAKE", "intakePointClose", json!({"id": id("box"), "expectedVersion": 999})),
        one(
            "OPEN_BOX",
            "boxOpeningRecord",
            json!({"intakePointId": id("box"), "openedAt": "2001-01-01T00:00:00Z", "witnessIds": [], "letters": 0}),
        ),
        one("RECORD_VISIT", "visitRecord", visit(json!({"householdId": household}), json!({}))),
        one("visit-firm", "visitRecord", visit(json!({"enterpriseId": id("enterprise")}), json!({}))),
        // The county has not turned it on.
        one(
            "KEEP_CONCERN",
            "visitRecord",
            visit(json!({"householdId": household}), json!({"concernNote": "担心"})),
        ),
        one(
            "WITHDRAW_VISIT",
            "visitWithdraw",
            json!({"id": id("visit"), "expectedVersion": 999, "reason": "误记"}),
        ),
        one("KEEP_DIARY", "diaryWrite", json!({"text": " "})),
        one(
            "SET_COUNTY",
            "countySettingUpdate",
            json!({"countyId": id("county"), "expectedVersion": 999, "concernNotes": true}),
        ),
        // Its card was issued, and stands; it has no code yet.
        one(
            "KEEP_CARD",
            "cardFill",
            json!({"householdId": household, "kind": "REGISTER", "promise": "常来"}),
        ),
        one("KEEP_CARD", "cardIssue", json!({"householdId": household, "kind": "CONTACT"})),
        one("KEEP_CARD", "cardUpdate", json!({"id": id("card"), "expectedVersion": 999, "promise": "常来"})),
        one("REVOKE_CARD_TOKEN", "cardTokenRevoke", json!({"householdId": household})),
        one("REVEAL", "householdReveal", json!({"id": household, "reason": "短"})),
        one("REVEAL", "householdMemberReveal", json!({"id": id("member"), "reason": "短"})),
        one(
            "BREAK_GLASS",
            "householdBreakGlass",
            json!({"household": {"id": household}, "reason": "上门无人应答"}),
        ),
    ]
}

/// Tries one of the actions.
pub(super) async fn allowed(
    world: &World,
    person: &Person,
    actor: &Actor,
    tried: &Try,
) -> Result<bool, String> {
    let (document, input) = document(tried);
    let answer = actor.ask(&document, json!({"input": input})).await;
    if tried.field == HELD {
        return Ok(answer.ok()["household"]["held"].is_array());
    }
    let payload = &answer[tried.field];
    if let Some(id) = payload["emergency"]["id"].as_str() {
        close(world, person, id).await;
    }
    let codes = payload["errors"].as_array().into_iter().flatten().filter_map(|error| error["code"].as_str());
    let mut codes: Vec<_> = codes.collect();
    codes.extend(Some(answer.code()).filter(|code| !code.is_empty()));
    // The sheet that is to be taken in does not exist: being told so is a right by itself.
    let missing = tried.field != "rosterImport" && codes.contains(&"NOT_FOUND");
    if codes.iter().any(|code| {
        ["INTERNAL_SERVER_ERROR", "BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "RATE_LIMITED"]
            .contains(code)
    }) {
        return Err(format!("{}: {}", tried.field, answer.body));
    }
    Ok(!missing && !codes.contains(&"FORBIDDEN"))
}

/// What came of trying: word, root field, and whether it was allowed.
pub(super) type Tried = Vec<(&'static str, &'static str, bool)>;

/// Tries every action, or those of one word; and where something is neither allowed nor refused.
pub(super) async fn act(
    world: &World,
    stage: &Stage,
    person: &Person,
    actor: &Actor,
    only: Option<&str>,
) -> (Tried, Vec<String>) {
    let (mut done, mut wrong) = (Vec::new(), Vec::new());
    let id = |name: &str| stage.ids.get(name).unwrap_or_else(|| panic!("{name}")).clone();
    for tried in tries(id, person.about) {
        if only.is_some_and(|only| only != tried.word) {
            continue;
        }
        match allowed(world, person, actor, &tried).await {
            Ok(allowed) => done.push((tried.word, tried.field, allowed)),
            Err(problem) => wrong.push(problem),
        }
    }
    (done, wrong)
}

/// The words that are allowed; and where the mutations of one disagree.
pub(super) fn words(tried: &Tried, wrong: &mut Vec<String>) -> BTreeSet<String> {
    for (word, field, _) in tried.iter().filter(|(.., allowed)| *allowed) {
        if let Some((_, other, _)) = tried.iter().find(|(of, _, allowed)| of == word && !allowed) {
            wrong.push(format!("{word}: {field} is allowed, {other} is not"));
        }
    }
    tried.iter().filter(|(.., allowed)| *allowed).map(|(word, ..)| (*word).to_owned()).collect()
}

const CAN: &str = "query($h: ID!, $e: ID!, $member: ID!, $village: ID!, $area: ID!, $department: ID!, $branch: ID!, $membership: ID!,
    $staff: ID!, $account: ID!, $grant: ID!, $whole: ID!, $county: ID!, $category: ID!, $box: ID!, $demand: ID!, $task: ID!) {
  household(by: { id: $h }) { viewerCan { update { allowed } assign { allowed } recordVisit { allowed } keepCard { allowed } revokeCardToken { allowed } } }
  enterprise(by: { id: $e }) { viewerCan { update { allowed } } }
  member: node(id: $member) { ... on HouseholdMember { viewerCan { update { allowed } } } }
  region(by: { id: $village }) { viewerCan { update { allowed } } }
  area: node(id: $area) { ... on Area { viewerCan { update { allowed } } } }
  department(by: { id: $department }) { viewerCan { update { allowed } } }
  partyBranch(by: { id: $branch }) { viewerCan { update { allowed } admit { allowed } } }
  membership: node(id: $membership) { ... on PartyMembership { viewerCan { end { allowed } } } }
  cadre(by: { id: $staff }) { viewerCan { update { allowed } appoint { allowed } } }
  account(by: { id: $account }) { viewerCan { update { allowed } grant { allowed } } }
  grant: node(id: $grant) { ... on RoleGrant { viewerCan { end { allowed } } } }
  calendar: workCalendar(countyId: $county, from: \"2026-10-01\", to: \"2026-10-02\") { viewerCan { update { allowed } } }
  category(id: $category) { viewerCan { update { allowed } } }
  intakePoint(id: $box) { viewerCan { update { allowed } openBox { allowed } } }
  whole: node(id: $whole) { ... on ContactAssignment { viewerCan { end { allowed } } } }
  demand(id: $demand) { viewerCan { accept { allowed } settle { allowed } } }
  task(id: $task) { viewerCan { dispatch { allowed } handle { allowed } decide { allowed } oversee { allowed } instruct { allowed }
    check { allowed } close { allowed } cancel { allowed } } }
}";

/// What a record says that the viewer can, and the mutation by which they do.
const CAN_BY: [(&str, &str, &str); 40] = [
    ("demand", "accept", "demandDecline"),
    ("demand", "settle", "demandSettle"),
    ("task", "dispatch", "taskDispatch"),
    ("task", "handle", "taskClaim"),
    ("task", "decide", "leaveDecide"),
    ("task", "oversee", "taskUrge"),
    ("task", "instruct", "taskInstruct"),
    ("task", "check", "taskCheck"),
    ("task", "close", "taskClose"),
    ("task", "cancel", "taskCancel"),
    ("household", "recordVisit", "visitRecord"),
    ("household", "update", "householdUpdate"),
    ("household", "update", "householdMemberAdd"),
    ("household", "assign", "assignmentCreate"),
    ("household", "keepCard", "cardFill"),
    ("household", "keepCard", "cardIssue"),
    ("household", "keepCard", "cardUpdate"),
    ("household", "revokeCardToken", "cardTokenRevoke"),
    ("enterprise", "update", "enterpriseUpdate"),
    ("member", "update", "householdMemberUpdate"),
    ("region", "update", "regionUpdate"),
    ("area", "update", "areaUpdate"),
    ("department", "update", "departmentUpdate"),
    ("partyBranch", "update", "partyBranchUpdate"),
    ("partyBranch", "admit", "partyMembershipStart"),
    ("membership", "end", "partyMembershipEnd"),
    ("cadre", "update", "cadreUpdate"),
    ("cadre", "appoint", "positionAppoint"),
    ("account", "update", "accountUpdate"),
    ("account", "grant", "roleGrantCreate"),
    ("grant", "end", "roleGrantEnd"),
    ("calendar", "update", "workCalendarUpdate"),
    ("calendar", "update", "workDaySet"),
    ("category", "update", "categoryCreate"),
    ("category", "update", "categoryUpdate"),
    ("category", "update", "categoryRetire"),
    ("category", "update", "categoryRestore"),
    ("intakePoint", "update", "intakePointUpdate"),
    ("intakePoint", "update", "intakePointClose"),
    ("intakePoint", "openBox", "boxOpeningRecord"),
];

/// Where `viewerCan` says otherwise than the mutation does.
pub(super) async fn promises(stage: &Stage, person: &Person, actor: &Actor, tried: &Tried) -> Vec<String> {
    let mut variables = stage.variables(person);
    for (name, id) in
        [("area", "area"), ("department", "department"), ("county", "county"), ("category", "category")]
    {
        variables[name] = json!(stage.ids[id]);
    }
    // The mutations are tried on whoever is a member.
    variables["staff"] = json!(stage.ids["staff"]);
    variables["membership"] = json!(stage.ids["membership"]);
    variables["whole"] = json!(stage.ids[format!("group assignment{}", person.about).as_str()]);
    let seen = actor.ask(CAN, variables).await.ok();
    let told = CAN_BY.iter().chain(&[("whole", "end", "assignmentEnd")]);
    let told = told.filter_map(|(record, what, field)| {
        let promised = seen[record]["viewerCan"][what]["allowed"].as_bool()?;
        let (.., allowed) = tried.iter().find(|(_, of, _)| of == field)?;
        (promised != *allowed)
            .then(|| format!("{record}.viewerCan.{what} says {promised}, but {field} is allowed: {allowed}"))
    });
    told.collect()
}
