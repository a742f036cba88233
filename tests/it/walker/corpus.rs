//! The corpus: every root field of the contract with every field that it leads to, every document that is published,
//! every mutation, and what somebody would try who wants to know more than is shown.

use super::{
    document::{Document, Maker},
    fill::{Deck, Filler},
    place::Place,
    tricks, typed,
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
        corpus.near =
            [corpus.roots(), corpus.published(), tricks::tricks(contract, place), corpus.records(1)].concat();
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
        let rows = if ground::long() { [2, 5, 20] } else { [1, 2, 5] };
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
                let mut ways = arguments(&filler, &field, if ground::long() { 20 } else { 3 });
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

/// Every field of the contract that no document of these asks.
pub(super) fn forgotten(contract: &Contract, documents: &[Document]) -> Vec<String> {
    let asked = documents.iter().filter(|one| one.runs).flat_map(|one| typed::asked(contract, &one.text));
    let asked: std::collections::BTreeSet<_> = asked.collect();
    let objects = contract.fields().filter(|field| {
        matches!(contract.kind(field.of), Some(async_graphql::parser::types::TypeKind::Object(_)))
    });
    let missing = objects.filter(|field| !asked.contains(&(field.of.to_owned(), field.name().to_owned())));
    missing.map(|field| format!("{}: {}", field.at(), base(field.ty()))).collect()
}
