//! Every way in: what a person is shown of the household and of what is around it.

use super::{
    page::{Line, Opened},
    stage::{Person, Stage},
};
use lianhu_tests::Actor;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Root fields by which the household and the enterprise are reached.
const OF_HOUSEHOLD: &str = "
fragment H on Household { id number headName address phone phoneMasked housing memberCount registeredOn yearlyIncome
  incomeSource redactedFields tags { code sensitive } sensitiveTags { code }
  head { name phone identityNumber } }
query($h: ID!, $village: ID!, $number: String!, $name: StringFilter!, $text: String!, $member: ID!, $assignment: ID!) {
  byId: household(by: { id: $h }) { ...H }
  byNumber: household(by: { number: { villageId: $village, number: $number } }) { ...H }
  node(id: $h) { ...H }
  nodes(ids: [$h]) { ...H }
  households(first: 2, where: { region: $village, number: { eq: $number } }) { totalCount nodes { ...H } }
  region(by: { id: $village }) {
    households(first: 2, where: { number: { eq: $number } }) { totalCount nodes { ...H } }
    enterprises(first: 2, where: { name: $name }) { totalCount nodes { id } } }
  edge: node(id: $assignment) { ... on ContactAssignment { household { ...H } } }
  member: node(id: $member) { ... on HouseholdMember { name phone identityNumber household { ...H } } }
  search(text: $number, kinds: [HOUSEHOLD], first: 5) { nodes { node { ...H } } }
  firmSearch: search(text: $text, kinds: [ENTERPRISE], first: 5) { nodes { node { ... on Enterprise { id } } } }
}";

const OF_ENTERPRISE: &str = "
fragment E on Enterprise { id name creditCode trade size employees status legalRepresentative contactPerson phone phoneMasked }
query($e: ID!, $village: ID!, $credit: CreditCode!) {
  byId: enterprise(by: { id: $e }) { ...E }
  byCode: enterprise(by: { creditCode: $credit }) { ...E }
  node(id: $e) { ...E }
  enterprises(first: 2, where: { region: $village, creditCode: { eq: $credit } }) { totalCount nodes { ...E } }
  region(by: { id: $village }) {
    enterprises(first: 2, where: { creditCode: { eq: $credit } }) { totalCount nodes { ...E } } }
  search(text: $credit, kinds: [ENTERPRISE], first: 5) { nodes { node { ...E } } }
}";

const AROUND: &str = "query($h: ID!, $e: ID!, $village: ID!, $staff: ID!, $staffName: String!, $membership: ID!, $assignment: ID!, $official: ID!,
    $branch: ID!, $villageContact: ID!, $departmentTask: ID!, $account: ID!, $grant: ID!, $log: ID!, $firmLog: ID!, $change: ID!, $correction: ID!, $grid: ID!) {
  staff_byId: cadre(by: { id: $staff }) { id }
  staff_node: node(id: $staff) { id }
  staff_list: cadres(first: 1, where: { name: { eq: $staffName } }) { totalCount }
  staff_search: search(text: $staffName, kinds: [CADRE], first: 2) { nodes { kind } }
  membership_node: node(id: $membership) { id }
  branch_byId: partyBranch(by: { id: $branch }) { id }
  branch_node: node(id: $branch) { id }
  officials_byId: cadre(by: { id: $official }) { id }
  officials_node: node(id: $official) { id }
  assignment_node: node(id: $assignment) { id }
  assignment_list: nodes(ids: [$assignment]) { id }
  vc_node: node(id: $villageContact) { id }
  dt_node: node(id: $departmentTask) { id }
  account_byId: account(by: { id: $account }) { id }
  account_node: node(id: $account) { id }
  account_list: accounts(first: 1, where: { name: { eq: \"matrix-login\" } }) { totalCount }
  account_grant: node(id: $grant) { id }
  log_node: node(id: $log) { id }
  log_list: accessLog(first: 1, where: { householdId: { eq: $h } }) { totalCount }
  fl_node: node(id: $firmLog) { id }
  fl_list: accessLog(first: 1, where: { enterpriseId: { eq: $e } }) { totalCount }
  figures: coverage(region: { id: $grid }) { households { denominator } }
  cr_node: node(id: $correction) { id }
  cr_list: corrections(first: 50) { nodes { id } }
  cr_edge: household(by: { id: $h }) { corrections(first: 50) { nodes { id } } }
  trail_node: node(id: $change) { id }
  trail_list: auditTrail(first: 1, where: { recordId: $h }) { totalCount }
  contacts: contactAssignments(first: 20, where: { householdId: { eq: $h } }) { nodes { id } }
  villages: contactAssignments(first: 100, where: { kind: { eq: VILLAGE }, region: $village }) { nodes { id } }
  branches: partyBranches(first: 100) { nodes { id } }
}";

const VISITS: &str =
    "query($h: ID!, $e: ID!, $staff: ID!, $visit: ID!, $firmVisit: ID!, $participation: ID!, $diary: ID!, $box: ID!, $opening: ID!) {
  bo_node: node(id: $opening) { id }
  bo_edge: intakePoint(id: $box) { openings(first: 5) { nodes { id } } lastOpening { id } }
  dy_node: node(id: $diary) { id }
  dy_list: diaries(first: 5, where: { cadreId: { eq: $staff } }) { nodes { id } }
  v_byId: visit(id: $visit) { id }
  v_node: node(id: $visit) { id }
  v_list: visits(first: 5, where: { householdId: { eq: $h } }) { nodes { id } }
  v_edge: household(by: { id: $h }) { visits(first: 5) { nodes { id } } }
  fv_node: node(id: $firmVisit) { id }
  fv_list: visits(first: 5, where: { enterpriseId: { eq: $e } }) { nodes { id } }
  fv_edge: enterprise(by: { id: $e }) { visits(first: 5) { nodes { id } } }
  pt_node: node(id: $participation) { id }
  pt_list: visitParticipations(first: 5, where: { cadreId: { eq: $staff } }) { nodes { id } }
}";

const WORK: &str = "query($h: ID!, $e: ID!, $demand: ID!, $firmDemand: ID!, $task: ID!, $firmTask: ID!, $number: [String!]!) {
  d_byId: demand(id: $demand) { id content }
  d_node: node(id: $demand) { id }
  d_list: demands(first: 9, where: { householdId: { eq: $h } }) { nodes { id } }
  d_edge: household(by: { id: $h }) { demands(first: 9) { nodes { id } } }
  fd_node: node(id: $firmDemand) { id }
  fd_list: demands(first: 9, where: { enterpriseId: { eq: $e } }) { nodes { id } }
  fd_edge: enterprise(by: { id: $e }) { demands(first: 9) { nodes { id } } }
  t_byId: task(id: $task) { id title }
  t_node: node(id: $task) { id }
  t_list: tasks(first: 9, where: { number: { in: $number } }) { nodes { id } }
  t_edge: household(by: { id: $h }) { tasks(first: 9) { nodes { id } } }
  t_demand: demand(id: $demand) { task { id } }
  ft_node: node(id: $firmTask) { id }
  ft_list: tasks(first: 9, where: { number: { in: $number } }) { nodes { id } }
  ft_edge: enterprise(by: { id: $e }) { tasks(first: 9) { nodes { id } } }
}";

/// Letters of the parts that are shown of a household; what is sensitive is shown to nobody.
pub(crate) fn household(shown: &Value, at: &str) -> String {
    if shown.is_null() || shown["id"].is_null() {
        return String::new();
    }
    for field in ["yearlyIncome", "incomeSource", "sensitiveTags"] {
        assert_eq!(shown[field], Value::Null, "{at}: {field}");
    }
    assert_eq!(shown["head"]["identityNumber"], Value::Null, "{at}");
    let parts: [(&str, &[&str]); 5] = [
        ("R", &["number"]),
        ("N", &["headName", "address"]),
        ("I", &["memberCount", "registeredOn", "tags"]),
        ("P", &["phoneMasked", "housing", "head"]),
        ("T", &["phone"]),
    ];
    let letters = letters(shown, &parts, at);
    // Who is told how to call is not told of the members.
    if !shown["head"].is_null() {
        assert_eq!(
            shown["head"]["phone"].is_string(),
            letters.contains('T'),
            "{at}: a member's number: {shown}"
        );
    }
    letters
}

/// Letters of the parts that are shown of an enterprise.
pub(crate) fn enterprise(shown: &Value, at: &str) -> String {
    if shown.is_null() || shown["id"].is_null() {
        return String::new();
    }
    let parts: [(&str, &[&str]); 4] = [
        ("R", &["name", "creditCode"]),
        ("I", &["trade", "size", "employees", "status"]),
        ("P", &["legalRepresentative", "contactPerson", "phoneMasked"]),
        ("T", &["phone"]),
    ];
    letters(shown, &parts, at)
}

fn letters(shown: &Value, parts: &[(&str, &[&str])], at: &str) -> String {
    let mut letters = String::new();
    for (letter, fields) in parts {
        let there = fields.iter().filter(|field| !shown[**field].is_null()).count();
        assert!(there == 0 || there == fields.len(), "{at}: a part is shown whole or not at all: {shown}");
        if there > 0 {
            letters.push_str(letter);
        }
    }
    letters
}

/// All of several ways, which should agree; where they do not, the ways are named.
fn agreed(ways: &[(&str, String)], wrong: &mut Vec<String>) -> String {
    let first = ways[0].1.clone();
    for (way, seen) in ways {
        if *seen != first {
            wrong.push(format!("{} shows “{first}”, but {way} “{seen}”", ways[0].0));
        }
    }
    first
}

fn first_of(list: &Value, wrong: &mut Vec<String>) -> Value {
    let shown = list["nodes"].as_array().map_or(0, Vec::len);
    if list["totalCount"] != json!(shown) {
        wrong.push(format!("a list counts {} and shows {shown}", list["totalCount"]));
    }
    list["nodes"][0].clone()
}

/// Looks by every way in; tells what is seen, and where the ways disagree.
pub(super) async fn look(
    stage: &Stage,
    person: &Person,
    actor: &Actor,
    line: &Line,
) -> (Opened, Vec<String>) {
    let at = line.name();
    let mut variables = stage.variables(person);
    variables["name"] = json!({"eq": "矩阵农业公司"});
    variables["text"] = json!("矩阵农业公司");
    let (mut opened, mut wrong) = (Opened::default(), Vec::new());

    let seen = actor.ask(OF_HOUSEHOLD, variables.clone()).await.ok();
    let edge = &seen["edge"];
    let mut ways = Vec::new();
    for way in ["byId", "byNumber", "node"] {
        ways.push((way, household(&seen[way], &at)));
    }
    ways.push(("nodes", household(&seen["nodes"][0], &at)));
    ways.push(("a list", household(&first_of(&seen["households"], &mut wrong), &at)));
    ways.push(("a region's list", household(&first_of(&seen["region"]["households"], &mut wrong), &at)));
    if !edge.is_null() {
        ways.push(("an assignment", household(&edge["household"], &at)));
    }
    let letters = ways[0].1.clone();
    let found = seen["search"]["nodes"].as_array().into_iter().flatten();
    let found =
        found.map(|hit| &hit["node"]).find(|node| node["id"] == variables["h"]).cloned().unwrap_or_default();
    let found = household(&found, &at);
    // What is found by a name is found by whoever sees names.
    ways.push(("search", if letters.contains('N') || !found.is_empty() { found } else { letters.clone() }));
    let member = &seen["member"];
    if letters.contains('P') || !member.is_null() {
        ways.push(("a member", household(&member["household"], &at)));
        let phone = member["phone"].is_string();
        if phone != letters.contains('T') {
            wrong.push(format!("a member's telephone number is shown: {phone}"));
        }
        assert_eq!(member["identityNumber"], Value::Null, "{at}");
    }
    opened.household = agreed(&ways, &mut wrong);

    let seen = actor.ask(OF_ENTERPRISE, variables.clone()).await.ok();
    let mut ways = Vec::new();
    for way in ["byId", "byCode", "node"] {
        ways.push((way, enterprise(&seen[way], &at)));
    }
    ways.push(("a list", enterprise(&first_of(&seen["enterprises"], &mut wrong), &at)));
    ways.push(("a region's list", enterprise(&first_of(&seen["region"]["enterprises"], &mut wrong), &at)));
    ways.push(("search", enterprise(&seen["search"]["nodes"][0]["node"], &at)));
    opened.enterprise = agreed(&ways, &mut wrong);

    let mut seen = actor.ask(AROUND, variables.clone()).await.ok();
    let visits = actor.ask(VISITS, variables.clone()).await.ok();
    variables["number"] = json!(["000000000-2000-000001", "000000000-2000-000002"]);
    let work = actor.ask(WORK, variables.clone()).await.ok();
    for more in [visits, work] {
        if let Some((seen, more)) = seen.as_object_mut().zip(more.as_object()) {
            seen.extend(more.clone());
        }
    }
    opened.sees = around(&seen, &variables, &mut wrong);
    (opened, wrong)
}

fn around(seen: &Value, ids: &Value, wrong: &mut Vec<String>) -> BTreeSet<String> {
    let listed = |list: &Value, id: &str| {
        list["nodes"].as_array().is_some_and(|nodes| nodes.iter().any(|node| node["id"] == ids[id]))
    };
    let lists = |list: &str, id: &str| listed(&seen[list], id);
    let shown = |field: &str| {
        let value = &seen[field];
        let rows = value["nodes"].as_array().map(|rows| !rows.is_empty());
        let counted = value["totalCount"].as_i64().map(|count| count > 0);
        let listed = value.as_array().map(|rows| !rows[0].is_null());
        rows.or(counted).or(listed).unwrap_or(!value.is_null())
    };
    let edged = |edge: &str, field: &str, id: &str, by: &str| {
        listed(&seen[edge][field], id) || seen[edge].is_null() && shown(by)
    };
    let words: [(&str, &[(&str, bool)]); 22] = [
        (
            "box-opening",
            &[
                ("node", shown("bo_node")),
                ("openings", listed(&seen["bo_edge"]["openings"], "opening")),
                ("lastOpening", !seen["bo_edge"]["lastOpening"].is_null()),
            ],
        ),
        (
            "demand",
            &[
                ("demand", shown("d_byId")),
                ("node", shown("d_node")),
                ("demands", lists("d_list", "demand")),
                ("household.demands", edged("d_edge", "demands", "demand", "d_byId")),
            ],
        ),
        (
            "firm-demand",
            &[
                ("node", shown("fd_node")),
                ("demands", lists("fd_list", "firmDemand")),
                ("enterprise.demands", edged("fd_edge", "demands", "firmDemand", "fd_node")),
            ],
        ),
        (
            "task",
            &[
                ("task", shown("t_byId")),
                ("node", shown("t_node")),
                ("tasks", lists("t_list", "task")),
                ("household.tasks", edged("t_edge", "tasks", "task", "t_byId")),
                ("demand.task", !seen["t_demand"]["task"].is_null()),
            ],
        ),
        (
            "firm-task",
            &[
                ("node", shown("ft_node")),
                ("tasks", lists("ft_list", "firmTask")),
                ("enterprise.tasks", edged("ft_edge", "tasks", "firmTask", "ft_node")),
            ],
        ),
        ("diary", &[("dy_node", shown("dy_node")), ("diaries", lists("dy_list", "diary"))]),
        (
            "staff",
            &["staff_byId", "staff_node", "staff_list", "staff_search"].map(|field| (field, shown(field))),
        ),
        ("membership", &[("membership_node", shown("membership_node"))]),
        (
            "branch",
            &[
                ("branch_byId", shown("branch_byId")),
                ("branch_node", shown("branch_node")),
                ("partyBranches", lists("branches", "branch")),
            ],
        ),
        ("officials", &["officials_byId", "officials_node"].map(|field| (field, shown(field)))),
        (
            "assignment",
            &[
                ("assignment_node", shown("assignment_node")),
                ("nodes", shown("assignment_list")),
                ("contactAssignments", lists("contacts", "assignment")),
            ],
        ),
        (
            "village-contact",
            &[("vc_node", shown("vc_node")), ("contactAssignments", lists("villages", "villageContact"))],
        ),
        (
            "department-task",
            &[("dt_node", shown("dt_node")), ("contactAssignments", lists("contacts", "departmentTask"))],
        ),
        (
            "account",
            &["account_byId", "account_node", "account_list", "account_grant"]
                .map(|field| (field, shown(field))),
        ),
        ("log", &["log_node", "log_list"].map(|field| (field, shown(field)))),
        ("firm-log", &["fl_node", "fl_list"].map(|field| (field, shown(field)))),
        (
            "figures",
            &[(
                "coverage",
                seen["figures"]["households"]["denominator"].as_i64().is_some_and(|count| count > 0),
            )],
        ),
        (
            "correction",
            &[
                ("cr_node", shown("cr_node")),
                ("corrections", lists("cr_list", "correction")),
                ("household.corrections", listed(&seen["cr_edge"]["corrections"], "correction")),
            ],
        ),
        (
            "visit",
            &[
                ("visit", shown("v_byId")),
                ("node", shown("v_node")),
                ("visits", lists("v_list", "visit")),
                (
                    "household.visits",
                    listed(&seen["v_edge"]["visits"], "visit") || seen["v_edge"].is_null() && shown("v_byId"),
                ),
            ],
        ),
        (
            "firm-visit",
            &[
                ("node", shown("fv_node")),
                ("visits", lists("fv_list", "firmVisit")),
                (
                    "enterprise.visits",
                    listed(&seen["fv_edge"]["visits"], "firmVisit")
                        || seen["fv_edge"].is_null() && shown("fv_node"),
                ),
            ],
        ),
        (
            "participation",
            &[("pt_node", shown("pt_node")), ("visitParticipations", lists("pt_list", "participation"))],
        ),
        ("trail", &["trail_node", "trail_list"].map(|field| (field, shown(field)))),
    ];
    let mut found = BTreeSet::new();
    for (word, ways) in words {
        if let Some((way, _)) = ways.iter().find(|(_, there)| *there != ways[0].1) {
            wrong.push(format!("{word}: {} and {way} disagree", ways[0].0));
        }
        if ways.iter().any(|(_, there)| *there) {
            found.insert(word.to_owned());
        }
    }
    found
}

/// Every document that is asked, for whoever counts the root fields.
pub(super) const DOCUMENTS: [&str; 5] = [OF_HOUSEHOLD, OF_ENTERPRISE, AROUND, VISITS, WORK];
