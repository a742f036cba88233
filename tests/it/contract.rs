//! The contract as it is published: what every type, field and argument of the schema owes to those who only have the
//! schema to go by.

pub(crate) mod model;
mod rules;

use lianhu_tests::World;
use model::{Contract, directive};
use rules::{Allowed, Finding, judge};
use serde_json::{Value, json};

/// Fields with `phone` or `identityNumber` in their name that are not personal.
const OPEN_NUMBERS: &[Allowed] = &[
    ("CardContact.officePhone", "the telephone on duty: whoever holds the card is to call"),
    ("Cadre.workPhone", "the telephone on duty: whoever sees the cadre may call"),
    ("Department.officePhone", "the telephone of an office, printed on its door"),
    ("HouseholdMember.hasIdentityNumber", "tells that a number is held, not which"),
];

/// Connections that lack an argument.
const PAGED_OTHERWISE: &[Allowed] = &[
    ("Query.search(last:)", "a search is read from its best hit on"),
    ("Query.search(before:)", "a search is read from its best hit on"),
];

/// Plain lists of objects without a bound in their description.
const LISTS_OTHERWISE: &[Allowed] = &[];

/// Names with digits, ids of another type.
const NAMED_OTHERWISE: &[Allowed] = &[("Datum.WGS84", "the name of the datum itself")];

/// Relations that are never out of sight, columns that are null without saying so.
const NULL_OTHERWISE: &[Allowed] = &[];

/// Enough of a schema to break every rule.
const BAD: &str = r#"
"Everything that can be asked."
type Query {
  "Visits." visits(first: Int): VisitConnection!
  "Those that are meant (走访)." visit(id: Int!): Visit @cost(value: 1)
}
"Everything that can be changed."
type Mutation {
  "Records one visit. Requires nothing." visitRecord(visit: VisitRecordInput!): VisitPayload @cost(value: 1) @auth(anyOf: ["CADRE"])
  "Corrects one visit. Requires nothing." visitCorrect(input: VisitCorrectInput!): Visit @cost(value: 1)
}
"Everything that is heard."
type Subscription { "Visits as they are made." visits: Visit! }
"A visit that was recorded, or why not."
type VisitPayload { "The visit as it stands." visit: Visit! "Why it was refused." errors: [UserError!] }
"One encounter with one target."
type Visit {
  "Its id, which never changes." id: ID! @class(is: INTERNAL)
  "The birth date." birthDate: String @class(is: PERSONAL)
  "Telephone of the household." phone: String! @class(is: INTERNAL)
  "Yearly income of it." yearlyIncome: String! @class(is: PERSONAL)
  "The visit before this one." before: Visit! @class(is: INTERNAL)
  "Who took part in it (参加人)." people: [Visit!] @class(is: INTERNAL)
  "How it was made." method2: VisitMethod!
}
"How it was made." enum VisitMethod { "At the door, in person (上门走访)." DOOR "By telephone." PHONE }
"A page of visits." type VisitConnection { "The visits of the page." nodes: [Visit!]! }
"What is recorded of it." input VisitRecordInput { "Where it was made." regionId: String! }
"What is corrected of it." input VisitCorrectInput { "Which visit it is." id: ID! "A key made anew." idempotencyKey: ID! }
"A text that is a colour." scalar Colour
"#;

fn check(rule: impl Fn(&Contract) -> Vec<Finding>, allowed: &[Allowed]) {
    let contract = Contract::read(&lianhu::schema::sdl());
    let wrong = judge(&rule(&contract), allowed);
    assert!(wrong.is_empty(), "{} in all\n{}\n", wrong.len(), wrong.join("\n"));
}

/// Where a rule finds something in the bad schema.
fn found(rule: impl Fn(&Contract) -> Vec<Finding>) -> Vec<String> {
    rule(&Contract::read(BAD)).into_iter().map(|(at, _)| at).collect()
}

#[test]
fn the_published_schema_is_the_one_that_is_served() {
    const HOW: &str = "run `cargo run -- schema > client-schema/schema.graphql`";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../client-schema/schema.graphql");
    let published = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}; {HOW}"));
    let served = lianhu::schema::sdl();
    let differs = published.lines().zip(served.lines()).position(|(one, other)| one != other);
    let differs = differs
        .or_else(|| (published != served).then(|| published.lines().count().min(served.lines().count())));
    assert!(
        differs.is_none(),
        "client-schema/schema.graphql differs from line {}; {HOW}",
        differs.unwrap_or(0) + 1
    );
}

#[tokio::test]
async fn the_published_contract_for_programs_is_the_one_that_is_served_and_agrees_with_the_schema() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../client-schema/contract.json");
    let published = std::fs::read_to_string(path).expect("client-schema/contract.json");
    let world = World::demo().await;
    let answer = reqwest::get(world.endpoint() + "/contract.json").await.expect("an answer");
    assert_eq!(answer.headers()["content-type"], "application/json");
    let served = answer.text().await.expect("a text");
    assert!(published == served, "run `cargo run -- contract > client-schema/contract.json`");
    let told: Value = serde_json::from_str(&served).expect("JSON");
    let contract = Contract::read(&lianhu::schema::sdl());
    let mut fields = 0;
    for field in contract.fields() {
        let of = |name: &str, argument: &str| {
            let value = directive(&field.it.directives, name)?.get_argument(argument)?.node.clone();
            value.into_json().ok()
        };
        let at = field.at();
        let told = &told["fields"][&at];
        assert_eq!(told["type"], field.ty().to_string(), "{at}");
        assert_eq!(told.get("class"), of("class", "is").as_ref(), "{at}");
        assert_eq!(told.get("auth"), of("auth", "anyOf").as_ref(), "{at}");
        if let Some(cost) = of("cost", "value") {
            let length = &told["times"]["default"];
            assert!([&told["cost"], length].contains(&&cost), "{at}: {cost}, told as {told}");
        }
        fields += 1;
    }
    assert!(fields > 500, "{fields} fields");
    let rules = told["rules"].as_array().expect("rules");
    let all = &lianhu::kernel::policy::Policy::default().rules;
    let opened = |rule: &Value| {
        let sees = rule["sees"].as_object().map_or(0, serde_json::Map::len);
        sees + rule["may"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(rules.iter().map(opened).sum::<usize>(), all.len(), "every line of the table");
    let admin = rules.iter().find(|rule| rule["role"] == "DISPATCHER" && rule["relation"] == "REGION");
    assert_eq!(admin.expect("a rule")["sees"]["HOUSEHOLD"], json!(["ROW", "NAMES"]));
}

#[test]
fn everything_is_described_by_more_than_its_name() {
    assert_eq!(
        found(rules::undescribed),
        [
            "Query.visits",
            "Query.visits(first:)",
            "Query.visit(id:)",
            "Mutation.visitRecord(visit:)",
            "Mutation.visitCorrect(input:)",
            "Visit.birthDate",
        ]
    );
    check(rules::undescribed, &[]);
}

#[test]
fn data_and_sets_carry_their_chinese_terms() {
    assert_eq!(found(rules::without_chinese), ["Visit", "VisitMethod", "VisitMethod.PHONE"]);
    check(rules::without_chinese, &[]);
}

#[test]
fn every_field_of_data_has_its_class() {
    assert_eq!(found(rules::unclassed), ["Visit.method2"]);
    check(rules::unclassed, &[]);
}

#[test]
fn no_number_is_more_open_than_its_class() {
    assert_eq!(found(rules::too_open), ["Visit.phone", "Visit.yearlyIncome"]);
    check(rules::too_open, OPEN_NUMBERS);
}

#[test]
fn every_root_field_has_its_cost_and_fails_alone() {
    let wanted = ["Query.visits", "Query.visits", "Subscription.visits", "Subscription.visits"];
    assert_eq!(found(rules::bad_roots), wanted);
    check(rules::bad_roots, &[]);
}

#[test]
fn every_root_field_says_what_opens_it_and_the_prose_agrees() {
    assert_eq!(
        found(rules::bad_auth),
        [
            "Query.visits",
            "Query.visit",
            "Mutation.visitRecord",
            "Mutation.visitCorrect",
            "Subscription.visits"
        ]
    );
    check(rules::bad_auth, &[]);
}

#[test]
fn every_connection_is_asked_by_page() {
    assert_eq!(
        found(rules::unpaged),
        ["Query.visits(after:)", "Query.visits(last:)", "Query.visits(before:)"]
    );
    check(rules::unpaged, PAGED_OTHERWISE);
}

#[test]
fn every_plain_list_says_how_long_it_can_be() {
    assert_eq!(found(rules::unbounded), ["Visit.people"]);
    check(rules::unbounded, LISTS_OTHERWISE);
}

#[test]
fn mutations_take_one_input_and_answer_with_a_payload() {
    assert_eq!(
        found(rules::bad_mutations),
        [
            "Mutation.visitRecord",
            "VisitRecordInput",
            "VisitPayload",
            "VisitPayload",
            "VisitPayload.visit",
            "VisitCorrectInput",
            "Mutation.visitCorrect",
            "Visit",
            "Visit",
            "Visit.before"
        ]
    );
    check(rules::bad_mutations, &[]);
}

#[test]
fn names_have_no_digits_and_ids_are_ids() {
    assert_eq!(
        found(rules::bad_names),
        ["Visit.method2", "Query.visit(id:)", "VisitRecordInput.regionId", "Colour"]
    );
    check(rules::bad_names, NAMED_OTHERWISE);
}

#[test]
fn what_may_be_null_says_so() {
    assert_eq!(found(rules::bad_nulls), ["Visit.birthDate", "Visit.before"]);
    check(rules::bad_nulls, NULL_OTHERWISE);
}

#[test]
fn a_permission_that_nothing_needs_is_told() {
    assert_eq!(judge(&[], &NAMED_OTHERWISE[..1]).len(), 1);
}
