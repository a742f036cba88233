//! The `Idempotency-Key` header: for a document of one mutation whose `input` is a variable that names no key itself.

use async_graphql::parser::types::{OperationDefinition, OperationType, Selection};
use async_graphql::{Name, Value as Const, Variables};
use async_graphql_value::Value;
use axum::http::{HeaderMap, HeaderName};

/// The header.
pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest key that is looked at; a key is a UUID.
const LONGEST: usize = 64;
const ARGUMENT: &str = "input";
const FIELD: &str = "idempotencyKey";

/// The key of a request, if it has one in the header.
#[must_use]
pub fn of(headers: &HeaderMap) -> Option<String> {
    let key = headers.get(HEADER)?.to_str().ok()?.trim();
    (key.len() <= LONGEST).then(|| key.trim_matches('"').to_owned())
}

/// Puts the key where the mutation looks for it, unless there is one already.
pub fn place(operation: &OperationDefinition, variables: &mut Variables, key: &str) {
    let [only] = operation.selection_set.node.items.as_slice() else { return };
    let (OperationType::Mutation, Selection::Field(field)) = (operation.ty, &only.node) else { return };
    let Some(Value::Variable(name)) = field.node.get_argument(ARGUMENT).map(|argument| &argument.node) else {
        return;
    };
    if let Some(Const::Object(input)) = variables.get_mut(name) {
        input.entry(Name::new(FIELD)).or_insert_with(|| Const::String(key.to_owned()));
    }
}
