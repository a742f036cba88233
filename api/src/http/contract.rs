//! `/graphql/contract.json`: what opens each field, how private it is, and what it costs, keyed by schema coordinate; with
//! the table of permissions behind it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{ConstDirective, FieldDefinition};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::Door;
use super::cost::Table;
use super::sdl::types_with_fields;
use crate::kernel::policy::{Policy, print};

/// Where it is.
pub const PATH: &str = "/graphql/contract.json";

/// `GET /graphql/contract.json`: open to everyone, as the schema is.
///
/// # Panics
/// When the schema's own SDL can't be read, without which no server starts.
pub async fn file(State(door): State<Arc<Door>>) -> Response {
    let contract = door.contract.get_or_init(|| {
        let whole = contract(&door.state.schema.sdl(), &door.state.identity.policy);
        whole.expect("the pipeline has read the schema's own SDL").into()
    });
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=300")];
    (headers, contract.clone()).into_response()
}

/// The whole of it, as it is published: a line for each field and each rule, so that a change shows. Fails when the SDL can't be read.
pub fn contract(sdl: &str, policy: &Policy) -> Result<String, String> {
    let document = parse_schema(sdl).map_err(|error| error.to_string())?;
    let costs = Table::from_sdl(sdl)?;
    let mut fields = BTreeMap::new();
    for (of, own) in types_with_fields(&document) {
        let told = own.iter().map(|field| {
            let name = &field.node.name.node;
            (format!("{of}.{name}"), told(&costs, of, &field.node))
        });
        fields.extend(told);
    }
    let fields = fields.iter().map(|(name, told)| format!("    {}: {told}", json!(name)));
    let rules = print::table(policy);
    let rules = rules.iter().map(|rule| format!("    {rule}"));
    let lines = |all: Vec<String>| all.join(",\n");
    Ok(format!(
        "{{\n  \"fields\": {{\n{}\n  }},\n  \"rules\": [\n{}\n  ]\n}}\n",
        lines(fields.collect()),
        lines(rules.collect())
    ))
}

fn told(costs: &Table, of: &str, field: &FieldDefinition) -> Value {
    let said = |name: &str, argument: &str| {
        let one = field.directives.iter().find(|one| one.node.name.node == name)?;
        value(&one.node, argument)
    };
    let mut told = Map::from_iter([("type".to_owned(), json!(field.ty.to_string()))]);
    told.extend(said("class", "is").map(|class| ("class".to_owned(), class)));
    told.extend(said("auth", "anyOf").map(|any| ("auth".to_owned(), any)));
    if let Some((own, times)) = costs.tell(of, &field.name.node) {
        told.insert("cost".to_owned(), json!(own));
        if !times.is_null() {
            told.insert("times".to_owned(), times);
        }
    }
    Value::Object(told)
}

fn value(directive: &ConstDirective, argument: &str) -> Option<Value> {
    directive.get_argument(argument)?.node.clone().into_json().ok()
}
