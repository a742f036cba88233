//! Nothing is left out: every root field of the contract is in some line of the matrix, or is excused with a reason; and
//! every role has a block.

use super::{
    acts::tries,
    page::{excused, lines},
    ways::DOCUMENTS,
};
use async_graphql::parser::{
    parse_query, parse_schema,
    types::{Selection, TypeKind, TypeSystemDefinition},
};
use entity::kind::Role;
use sea_orm::ActiveEnum;
use std::collections::BTreeSet;

const SCHEMA: &str = include_str!("../../../client-schema/schema.graphql");

fn root_fields() -> BTreeSet<String> {
    let schema = parse_schema(SCHEMA).expect("the contract is read");
    let types = schema.definitions.into_iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(one) => Some(one.node),
        _ => None,
    });
    let roots = types.filter(|one| ["Query", "Mutation", "Subscription"].contains(&one.name.node.as_str()));
    let fields = roots.flat_map(|root| match root.kind {
        TypeKind::Object(object) => object.fields,
        _ => Vec::new(),
    });
    fields.map(|field| field.node.name.node.to_string()).collect()
}

fn asked() -> BTreeSet<String> {
    let mut asked: BTreeSet<String> =
        tries(|_| String::new(), "").iter().map(|one| one.field.to_owned()).collect();
    for document in DOCUMENTS {
        let parsed = parse_query(document).expect("a document");
        for (_, operation) in parsed.operations.iter() {
            for selection in &operation.node.selection_set.node.items {
                if let Selection::Field(field) = &selection.node {
                    asked.insert(field.node.name.node.to_string());
                }
            }
        }
    }
    asked
}

#[test]
fn every_root_field_is_in_a_line_of_the_matrix_or_is_excused_with_a_reason() {
    let (all, asked) = (root_fields(), asked());
    let excused: BTreeSet<String> = excused().into_iter().map(|(field, _)| field).collect();
    assert!(all.len() > 60, "the contract has root fields: {}", all.len());
    let forgotten: Vec<_> =
        all.iter().filter(|field| !asked.contains(*field) && !excused.contains(*field)).collect();
    assert!(
        forgotten.is_empty(),
        "in no line of tests/it/rights/matrix.md, nor excused there: {forgotten:?}"
    );
    let idle: Vec<_> =
        excused.iter().filter(|field| asked.contains(*field) || !all.contains(*field)).collect();
    assert!(idle.is_empty(), "excused but asked, or not there: {idle:?}");
}

#[test]
fn every_role_has_lines_that_open_something_and_lines_that_open_nothing() {
    let lines = lines();
    for role in Role::all() {
        let name = role.to_value();
        let of: Vec<_> = lines.iter().filter(|line| line.role == name).collect();
        let nothing = of.iter().filter(|line| line.opens == super::page::Opened::default()).count();
        assert!(nothing > 0, "{name}: a line that opens nothing");
        // A third party has nothing before scopes are granted.
        assert!(role == Role::Integration || nothing < of.len(), "{name}: a line that opens something");
    }
}
