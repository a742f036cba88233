//! What somebody would try who wants to know more than is shown: conditions, orders and searches by what is hidden, and
//! hidden values in places where they do not belong.

use super::{
    document::Document,
    place::{Place, TYPED},
    typed,
};
use crate::contract::model::Contract;
use lianhu_tests::ground;
use serde_json::json;

/// Asked with every text.
const SEARCHES: [(&str, &str); 2] = [
    (
        "search",
        "query($text: String!) { search(text: $text, first: 5) { nodes { kind matched node { ... on Household { headName address phone } ... on Cadre { name } ... on Enterprise { name } } } } }",
    ),
    (
        "a name",
        "query($text: String!) { households(first: 5, where: { headName: { eq: $text } }) { totalCount nodes { number headName } } }",
    ),
];

/// Asked with a few.
const CONDITIONS: [(&str, &str); 10] = [
    (
        "a number",
        "query($text: String!) { households(first: 5, where: { number: { in: [$text] } }) { totalCount nodes { number } } }",
    ),
    (
        "a firm",
        "query($text: String!) { enterprises(first: 5, where: { name: { eq: $text } }) { totalCount nodes { name } } }",
    ),
    (
        "a cadre",
        "query($text: String!) { cadres(first: 5, where: { name: { eq: $text } }) { totalCount nodes { name sex } } }",
    ),
    ("an account", "query($text: String!) { account(by: { name: $text }) { name } }"),
    ("an id", "query($text: ID!) { node(id: $text) { id } }"),
    ("a tag", "query($text: String!) { households(first: 5, where: { tag: { eq: $text } }) { totalCount } }"),
    ("a credit code", "query($text: CreditCode!) { enterprise(by: { creditCode: $text }) { name phone } }"),
    ("a region", "query($text: RegionCode!) { region(by: { code: $text }) { name } }"),
    ("a cursor", "query($text: Cursor) { households(first: 2, after: $text) { nodes { number } } }"),
    ("a page", "query($text: Int) { households(first: $text) { nodes { number } } }"),
];

/// Asked with the id of a household.
const AROUND: [(&str, &str); 5] = [
    (
        "who looked",
        "query($id: ID!) { accessLog(first: 5, where: { householdId: { eq: $id } }) { totalCount nodes { lookerName fields purpose household { headName phone } } } }",
    ),
    (
        "who answers",
        "query($id: ID!) { contactAssignments(first: 5, where: { householdId: { eq: $id } }) { totalCount nodes { household { headName phone yearlyIncome } cadre { name } } } }",
    ),
    (
        "what was asked",
        "query($id: ID!) { household(by: { id: $id }) { corrections(first: 5) { nodes { wanted answer } } held { field isHeld } } }",
    ),
    (
        "a tag that is sensitive",
        "query($id: ID!) { node(id: $id) { id } households(first: 5, where: { tag: { in: [\"MONITORED\", \"DISABILITY\"] } }) { totalCount nodes { number } } }",
    ),
    (
        "in the order of names",
        "query($id: ID!) { node(id: $id) { id } households(first: 20, orderBy: [{ field: HEAD_NAME, direction: DESC }]) { totalCount nodes { number headName phone } } }",
    ),
];

/// Every trick, about households here and there.
pub(super) fn tricks(contract: &Contract, place: &Place) -> Vec<Document> {
    let known = &place.judge.known;
    let homes = if ground::long() { &place.homes[..] } else { &place.homes[5..6] };
    let mut documents = Vec::new();
    for home in homes.iter().map(|home| home.id.to_string()) {
        let own = |field| known.text(&home, field).to_owned();
        let phone = own("Household.phone");
        let seek = |name: &str, text: &str, value: &str, part: char| Document {
            seeks: Some((home.clone(), part)),
            ..Document::odd(name, typed::named(contract, text), json!({"text": value}))
        };
        for (field, part, is_usual) in [
            ("Household.headName", 'N', true),
            ("Household.phone", '!', true),
            ("HouseholdMember.identityNumber", '!', true),
            ("Household.address", 'N', false),
            ("HouseholdMember.name", 'P', false),
            ("HouseholdMember.birthDate", '!', false),
            ("Household.incomeSource", '!', false),
        ] {
            let value = own(field);
            documents.extend(SEARCHES.iter().map(|(name, text)| seek(name, text, &value, part)));
            let more = CONDITIONS.iter().filter(|_| is_usual || ground::long());
            documents.extend(more.map(|(name, text)| seek(name, text, &value, '!')));
        }
        let masked = format!("{}****{}", &phone[..3], &phone[7..]);
        documents.extend(SEARCHES.iter().map(|(name, text)| seek(name, text, &masked, '!')));
        let around = AROUND.iter().map(|(name, text)| (*name, typed::named(contract, text)));
        documents.extend(around.map(|(name, text)| Document::odd(name, text, json!({"id": home}))));
        let literal = format!(
            "{{ households(first: 2, where: {{ headName: {{ eq: \"{phone}\" }} }}) {{ totalCount }} }}"
        );
        documents.push(Document::odd("a literal", literal, json!({})));
    }
    documents.push(Document::odd("no field", "{ households { identityNumbersOfAll } }", json!({})));
    let broken = format!("{{ households(first: \"{TYPED}\" ");
    documents.push(Document::odd("no document", broken, json!({"text": TYPED})));
    let wrong = "query($first: Int!) { households(first: $first) { nodes { id } } }";
    let phone = known.text(&place.homes[8].id.to_string(), "Household.phone");
    documents.push(Document::odd("a number as a page", wrong, json!({"first": phone})));
    documents
}
