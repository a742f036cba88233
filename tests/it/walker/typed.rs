//! Documents read with the types of the contract: which fields they ask, and where each record would be named.

use crate::contract::model::{Contract, base};
use async_graphql::parser::{
    parse_query,
    types::{ExecutableDocument, OperationType, Selection, SelectionSet},
};
use async_graphql::{Pos, Positioned};

struct Reader<'a> {
    contract: &'a Contract,
    document: &'a ExecutableDocument,
    /// Each field that is asked, with the type that has it.
    asked: Vec<(String, String)>,
    /// Each selection, with the type that it is made on.
    sets: Vec<(Pos, String)>,
}

impl Reader<'_> {
    fn read(&mut self, set: &Positioned<SelectionSet>, of: &str) {
        self.sets.push((set.pos, of.to_owned()));
        for item in &set.node.items {
            match &item.node {
                Selection::Field(field) => {
                    let name = field.node.name.node.as_str();
                    self.asked.push((of.to_owned(), name.to_owned()));
                    let known = self.contract.of(of).find(|one| one.name() == name);
                    let target = known.map(|one| base(one.ty()).to_owned());
                    if let Some(target) = target.filter(|target| self.contract.is_composite(target)) {
                        self.read(&field.node.selection_set, &target);
                    }
                }
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref();
                    let on = on.map_or_else(|| of.to_owned(), |on| on.node.on.node.to_string());
                    self.read(&inline.node.selection_set, &on);
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.node.fragment_name.node);
                    let fragment = fragment.expect("a fragment that is there").node.clone();
                    self.read(&fragment.selection_set, &fragment.type_condition.node.on.node);
                }
            }
        }
    }
}

fn read<T>(contract: &Contract, text: &str, take: impl FnOnce(Reader<'_>) -> T) -> T {
    let document = parse_query(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let mut reader = Reader { contract, document: &document, asked: Vec::new(), sets: Vec::new() };
    for (_, operation) in document.operations.iter() {
        let root = match operation.node.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        reader.read(&operation.node.selection_set, root);
    }
    take(reader)
}

/// Every field that a document asks, with the type that has it.
pub(super) fn asked(contract: &Contract, text: &str) -> Vec<(String, String)> {
    read(contract, text, |reader| reader.asked)
}

/// The same document, asking each record for its type and its id, too.
pub(super) fn named(contract: &Contract, text: &str) -> String {
    let mut sets = read(contract, text, |reader| reader.sets);
    sets.sort_by_key(|(at, _)| (at.line, at.column));
    sets.dedup();
    let mut lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
    for (at, of) in sets.iter().rev() {
        let id = if contract.is_node(of) { " id" } else { "" };
        let line = &mut lines[at.line - 1];
        assert_eq!(line[at.column - 1], '{', "a selection begins there");
        line.splice(at.column..at.column, format!(" __typename{id} ").chars());
    }
    let lines: Vec<String> = lines.into_iter().map(String::from_iter).collect();
    lines.join("\n")
}
