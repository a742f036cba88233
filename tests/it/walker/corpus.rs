//! The corpus: every root field of the contract with every field that it leads to, every document that is published,
//! every mutation, and what somebody would try who wants to know more than is shown.

use super::{
    document::{Document, Maker},
    fill::{Deck, Filler},
    place::{Place, TYPED},
    typed,
    walk::Person,
};
use crate::contract::model::{Contract, Field, base};
use lianhu_tests::ground;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Published documents, with everything below.
const OPERATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../client-schema/operations");

/// The corpus of a place.
pub(super) struct Corpus<'a> {
    contract: &'a Contract,
    place: &'a Place,
    /// What is asked by everybody.
    near: Vec<Document>,
    /// Records and what is around them, two steps away.
    far: Vec<Document>,
    /// Every mutation, yet without variables.
    mutations: Vec<(Field<'a>, Document)>,
}

/// How an argument of a root field of `Query` is filled.
fn arguments(filler: &Filler<'_>, field: &Field<'_>, first: u32) -> Vec<Value> {
    let mut all = vec![json!({})];
    for argument in field.it.arguments.iter().map(|argument| &argument.node) {
        let name = argument.name.node.as_str();
        let ways = match name {
            "first" => vec![json!(first)],
            _ if argument.ty.node.nullable => continue,
            _ => filler.ways(argument),
        };
        let each = all.iter().flat_map(|given: &Value| {
            ways.iter().map(|way| {
                let mut given = given.clone();
                given[name] = way.clone();
                given
            })
        });
        all = each.collect();
    }
    all
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() { files(&entry, found) } else { found.push(entry) }
    }
}

impl<'a> Corpus<'a> {
    pub(super) fn new(contract: &'a Contract, place: &'a Place) -> Self {
        let mut corpus = Self { contract, place, near: Vec::new(), far: Vec::new(), mutations: Vec::new() };
        corpus.near = [corpus.roots(), corpus.published(), corpus.tricks(), corpus.records(1)].concat();
        corpus.far = corpus.records(2);
        let maker = corpus.maker();
        let mutations = contract.of("Mutation").map(|field| {
            let document = maker.root("mutation", &field, &json!({"input": {}}), 1).swap_remove(0);
            (field, document)
        });
        corpus.mutations = mutations.collect();
        corpus
    }

    fn maker(&self) -> Maker<'a> {
        let rows = if ground::long() { [2, 5, 20] } else { [1, 3, 10] };
        Maker { contract: self.contract, rows }
    }

    /// Records of every type by their ids, and what is around them, so many steps away.
    fn records(&self, depth: usize) -> Vec<Document> {
        let maker = self.maker();
        let types = maker.choices("Node").into_iter();
        let ids = |of| self.place.ids.get(of).map_or(&[][..], Vec::as_slice);
        types.flat_map(|of| maker.nodes(of, ids(of), depth)).collect()
    }

    /// Every root field of `Query`, with every choice of its arguments, here and in another county.
    fn roots(&self) -> Vec<Document> {
        let (maker, depth) = (self.maker(), if ground::long() { 2 } else { 1 });
        let [here, _, afar] = &self.place.decks;
        let mut documents = Vec::new();
        for field in self.contract.of("Query").filter(|field| field.name() != "nodes") {
            for deck in [here, afar] {
                let filler = Filler { contract: self.contract, deck, root: field.name() };
                let mut ways = arguments(&filler, &field, if ground::long() { 20 } else { 5 });
                if field.name() == "node" {
                    ways = vec![json!({"id": deck.0["householdId"]})];
                }
                for way in ways {
                    let new = maker.root("query", &field, &way, depth);
                    let is_new = |one: &Document| {
                        documents
                            .iter()
                            .all(|old: &Document| old.text != one.text || old.variables != one.variables)
                    };
                    documents.extend(new.into_iter().filter(is_new).collect::<Vec<_>>());
                }
            }
        }
        documents
    }

    /// Every published document, asking each record for its id as well.
    fn published(&self) -> Vec<Document> {
        let mut all = Vec::new();
        files(Path::new(OPERATIONS), &mut all);
        let deck = &self.place.decks[0];
        let given = json!({"first": 10, "code": deck.0["RegionCode"], "id": deck.0["townshipId"], "within": deck.0["townshipId"],
                           "kind": "VILLAGE", "text": "哨兵", "order": [{"field": "HEAD_NAME", "direction": "ASC"}]});
        all.sort();
        let document = |path: PathBuf| {
            let text = std::fs::read_to_string(&path).expect("a document");
            let names = given.as_object().expect("names").iter();
            let asked = names.filter(|(name, _)| text.contains(&format!("${name}:")));
            let variables = asked.map(|(name, value)| (name.clone(), value.clone())).collect();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            Document::new(
                name.unwrap_or_default(),
                typed::named(self.contract, &text),
                Value::Object(variables),
            )
        };
        all.into_iter().map(document).collect()
    }

    /// Every mutation, about records that somebody does not reach, with what is known by sight typed in.
    pub(super) fn changes(&self, person: &Person) -> Vec<Document> {
        let [here, beside, afar] = &self.place.decks;
        let sees = |nth: usize| person.sight.shows(&self.place.homes[nth].id.to_string(), 'R');
        let mut unknown = afar.clone();
        for value in unknown.0.values_mut() {
            if value.as_str().is_some_and(|text| entity::id::read(text).is_some()) {
                *value = afar.0["unknownId"].clone();
            }
        }
        let decks: Vec<(&str, &Deck)> = match person.name.as_str() {
            // Nothing but households is out of this one's reach.
            "platform-admin" => vec![("unknown", &unknown)],
            "nancheng-admin" | "wanfang-contact" => vec![("afar", here)],
            _ if sees(5) && sees(3) => vec![("afar", afar)],
            _ => vec![("afar", afar), ("beside", beside)],
        };
        let mut documents = Vec::new();
        for (how, deck) in decks {
            for (field, document) in &self.mutations {
                // An emergency would open a household of the same county.
                if how == "beside" && field.name() == "householdBreakGlass" {
                    continue;
                }
                let filler = Filler { contract: self.contract, deck, root: field.name() };
                let input = field.argument("input").expect("an input");
                let variables = json!({"input": filler.ways(input)[0]});
                let name = format!("{} {how}", field.name());
                documents.push(Document { name, variables, ..document.clone() });
            }
        }
        documents
    }

    /// What somebody would try who wants to know more than is shown.
    fn tricks(&self) -> Vec<Document> {
        let known = &self.place.judge.known;
        let homes = if ground::long() { &self.place.homes[..] } else { &self.place.homes[5..6] };
        let mut documents = Vec::new();
        let mut add = |name: &str, text: &str, variables: Value| {
            documents.push(Document::odd(name, typed::named(self.contract, text), variables));
        };
        for home in homes.iter().map(|home| home.id.to_string()) {
            let own = |field| known.text(&home, field);
            let phone = own("Household.phone");
            let masked = format!("{}****{}", &phone[..3], &phone[7..]);
            for text in [
                own("Household.headName"),
                own("Household.address"),
                own("HouseholdMember.name"),
                phone,
                &masked,
                own("HouseholdMember.identityNumber"),
                own("HouseholdMember.birthDate"),
                own("Household.incomeSource"),
            ] {
                add(
                    "search",
                    "query($text: String!) { search(text: $text, first: 5) { nodes { kind matched node { ... on Household { headName address phone } ... on Cadre { name } ... on Enterprise { name } } } } }",
                    json!({"text": text}),
                );
                add(
                    "a name",
                    "query($text: String!) { households(first: 5, where: { headName: { eq: $text } }) { totalCount nodes { number headName } } }",
                    json!({"text": text}),
                );
                add(
                    "a number",
                    "query($text: String!) { households(first: 5, where: { number: { in: [$text, \"1\"] } }) { totalCount nodes { number } } }",
                    json!({"text": text}),
                );
                add(
                    "a firm",
                    "query($text: String!) { enterprises(first: 5, where: { name: { eq: $text } }) { totalCount nodes { name } } }",
                    json!({"text": text}),
                );
                add(
                    "a cadre",
                    "query($text: String!) { cadres(first: 5, where: { name: { eq: $text } }) { totalCount nodes { name sex } } }",
                    json!({"text": text}),
                );
                add(
                    "an account",
                    "query($text: String!) { account(by: { name: $text }) { name } }",
                    json!({"text": text}),
                );
                add("an id", "query($text: ID!) { node(id: $text) { id } }", json!({"text": text}));
                add(
                    "a tag",
                    "query($text: String!) { households(first: 5, where: { tag: { eq: $text } }) { totalCount } }",
                    json!({"text": text}),
                );
                add(
                    "a credit code",
                    "query($text: CreditCode!) { enterprise(by: { creditCode: $text }) { name phone } }",
                    json!({"text": text}),
                );
                add(
                    "a region",
                    "query($text: RegionCode!) { region(by: { code: $text }) { name } }",
                    json!({"text": text}),
                );
                add(
                    "a cursor",
                    "query($text: Cursor) { households(first: 2, after: $text) { nodes { number } } }",
                    json!({"text": text}),
                );
                add(
                    "a page",
                    "query($text: Int) { households(first: $text) { nodes { number } } }",
                    json!({"text": text}),
                );
            }
            add(
                "who looked",
                "query($id: ID!) { accessLog(first: 5, where: { householdId: { eq: $id } }) { totalCount nodes { lookerName fields purpose household { headName phone } } } }",
                json!({"id": home}),
            );
            add(
                "who answers",
                "query($id: ID!) { contactAssignments(first: 5, where: { householdId: { eq: $id } }) { totalCount nodes { household { headName phone yearlyIncome } cadre { name } } } }",
                json!({"id": home}),
            );
            add(
                "corrections",
                "query($id: ID!) { household(by: { id: $id }) { corrections(first: 5) { nodes { wanted answer } } held { field isHeld } } }",
                json!({"id": home}),
            );
            add(
                "a secret tag",
                "{ households(first: 5, where: { tag: { in: [\"MONITORED\", \"DISABILITY\"] } }) { totalCount nodes { number } } }",
                json!({}),
            );
            add(
                "by name",
                "{ households(first: 20, orderBy: [{ field: HEAD_NAME, direction: DESC }]) { totalCount nodes { number headName phone } } }",
                json!({}),
            );
            add(
                "a literal",
                &format!(
                    "{{ households(first: 2, where: {{ headName: {{ eq: \"{phone}\" }} }}) {{ totalCount }} }}"
                ),
                json!({}),
            );
        }
        documents.push(Document::odd("no field", format!("{{ households {{ {TYPED_FIELD} }} }}"), json!({})));
        documents.push(Document::odd(
            "no document",
            format!("{{ households(first: \"{TYPED}\" "),
            json!({"text": TYPED}),
        ));
        documents.push(Document::odd(
            "another's variables",
            "query($first: Int!) { households(first: $first) { nodes { id } } }",
            json!({"first": known.text(&self.place.homes[8].id.to_string(), "Household.phone")}),
        ));
        documents
    }

    /// Everything that is only read.
    pub(super) fn reads(&self) -> impl Iterator<Item = &Document> {
        self.near.iter().chain(&self.far)
    }

    /// What is read by one of those who walk: everything, but for records two steps away, which are read by turns
    /// unless there is time.
    pub(super) fn reads_of(&self, turn: usize) -> Vec<Document> {
        let turns = if ground::long() { 1 } else { 8 };
        let own = self.far.iter().enumerate().filter(|(nth, _)| nth % turns == turn % turns);
        self.near.iter().chain(own.map(|(_, document)| document)).cloned().collect()
    }
}

/// A field that is nowhere.
const TYPED_FIELD: &str = "identityNumbersOfAll";

/// Fields of objects that no document can ask, and why.
pub(super) const OUT_OF_REACH: [(&str, &str); 0] = [];

/// Every field of the contract that no document of these asks.
pub(super) fn forgotten(contract: &Contract, documents: &[Document]) -> Vec<String> {
    let asked = documents.iter().filter(|one| one.runs).flat_map(|one| typed::asked(contract, &one.text));
    let asked: std::collections::BTreeSet<_> = asked.collect();
    let objects = contract.fields().filter(|field| {
        matches!(contract.kind(field.of), Some(async_graphql::parser::types::TypeKind::Object(_)))
    });
    let missing = objects.filter(|field| !asked.contains(&(field.of.to_owned(), field.name().to_owned())));
    let missing = missing.map(|field| format!("{}: {}", field.at(), base(field.ty())));
    missing.filter(|at| OUT_OF_REACH.iter().all(|(one, _)| !at.starts_with(one))).collect()
}
