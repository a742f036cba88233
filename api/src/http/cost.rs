//! What an operation costs: a sum over its selections, made before it runs.
//!
//! A field costs what `@cost(value: N)` on its definition says; without one, an object costs 1 and
//! a scalar nothing. Below a list that takes `first` or `last`, everything counts once for each row
//! that is asked for; below `ids`, once for each id. Large variables cost something at each place
//! where they are used, since each place reads them anew. The table of fields is read from the schema's
//! own SDL at start, so it can't differ from what clients are shown.

use std::collections::HashMap;

use super::sdl::{composites, is_list, named, roots, types_with_fields};
use crate::kernel::page::{DEFAULT as USUAL_PAGE, MOST};
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    ConstDirective, ExecutableDocument, Field, FieldDefinition, OperationDefinition, OperationType,
    Selection, SelectionSet, ServiceDocument,
};
use async_graphql::{Name, Positioned, Value as Const, Variables};
use async_graphql_value::Value;
use serde_json::json;

/// Values of introspection that cost as much as one object: they come from memory.
const INTROSPECTION_SHARE: u64 = 100;
/// Values of a variable that cost as much as one object at each place where it is used.
const VALUES_FOR_ONE: u64 = 100;
/// Bytes of a text that count as one value.
const BYTES_OF_A_VALUE: usize = 64;
/// Arguments that say how many rows a list answers.
const PAGE_ARGUMENTS: [&str; 2] = ["first", "last"];
/// The argument that names the rows themselves.
const IDS_ARGUMENT: &str = "ids";

/// The cost of every field of a schema.
#[derive(Debug)]
pub struct Table {
    types: HashMap<String, Fields>,
    query: String,
    mutation: String,
    subscription: String,
}

type Fields = HashMap<String, Price>;

/// What one field costs.
#[derive(Clone, Debug)]
struct Price {
    returns: String,
    own: u64,
    /// The field answers the rows themselves, not an object that holds them.
    is_list: bool,
    times: Times,
    /// What is below it counts for so much less.
    share: u64,
}

/// How often what is below a field counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Times {
    Once,
    /// As `first` or `last` say, else so often.
    Page(u64),
    /// Once for each of `ids`.
    Ids,
    Always(u64),
}

impl Table {
    /// The table of a schema, from its SDL.
    pub fn from_sdl(sdl: &str) -> Result<Self, String> {
        let document = parse_schema(sdl).map_err(|error| error.to_string())?;
        let (query, mutation, subscription) = roots(&document);
        let mut types = HashMap::new();
        let composite = composites(&document);
        for (name, fields) in types_with_fields(&document) {
            let fields = fields.iter().map(|field| price(&field.node, &composite)).collect();
            types.insert(name.to_owned(), fields);
        }
        let mut table = Self { types, query, mutation, subscription };
        table.add_introspection(&document);
        Ok(table)
    }

    /// The cost of an operation of a document that has passed the guard.
    pub fn cost(
        &self,
        document: &ExecutableDocument,
        operation: &OperationDefinition,
        variables: &Variables,
    ) -> u64 {
        let root = match operation.ty {
            OperationType::Query => &self.query,
            OperationType::Mutation => &self.mutation,
            OperationType::Subscription => &self.subscription,
        };
        let mut tally = Tally {
            table: self,
            document,
            operation,
            variables,
            known: HashMap::new(),
            weights: HashMap::new(),
        };
        tally.set(&operation.selection_set.node, root)
    }

    /// What one field costs, and how often what is below it counts, as clients read it. None for a field that isn't there.
    pub fn tell(&self, of: &str, field: &str) -> Option<(u64, serde_json::Value)> {
        let price = self.types.get(of)?.get(field)?;
        let times = match price.times {
            Times::Once => serde_json::Value::Null,
            Times::Page(usual) => json!({ "arguments": PAGE_ARGUMENTS, "default": usual }),
            Times::Ids => json!({ "arguments": [IDS_ARGUMENT] }),
            Times::Always(most) => json!({ "arguments": [], "default": most }),
        };
        Some((price.own, times))
    }

    /// Adds the types of introspection, with lists as long as they are in this schema.
    fn add_introspection(&mut self, document: &ServiceDocument) {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let types = count(document.definitions.len()) + 20;
        let fields = self.types.values().map(|fields| count(fields.len())).sum::<u64>();
        let per_type = fields.div_ceil(types).max(4);
        let rows = [
            ("__Schema", "types", "__Type", types),
            ("__Schema", "queryType", "__Type", 1),
            ("__Schema", "mutationType", "__Type", 1),
            ("__Schema", "subscriptionType", "__Type", 1),
            ("__Schema", "directives", "__Directive", 8),
            ("__Directive", "args", "__InputValue", 2),
            ("__Type", "fields", "__Field", per_type),
            ("__Type", "interfaces", "__Type", 1),
            ("__Type", "possibleTypes", "__Type", 2),
            ("__Type", "inputFields", "__InputValue", per_type),
            ("__Type", "enumValues", "__EnumValue", 4),
            ("__Type", "ofType", "__Type", 1),
            ("__Field", "args", "__InputValue", 2),
            ("__Field", "type", "__Type", 1),
            ("__InputValue", "type", "__Type", 1),
        ];
        for (of, field, returns, times) in rows {
            let price = Price::inside(returns, Times::Always(times), 1);
            self.types.entry(of.to_owned()).or_default().insert(field.to_owned(), price);
        }
        let root = self.types.entry(self.query.clone()).or_default();
        for (field, returns) in [("__schema", "__Schema"), ("__type", "__Type")] {
            root.insert(field.to_owned(), Price::inside(returns, Times::Once, INTROSPECTION_SHARE));
        }
    }
}

impl Price {
    /// The price of a field of introspection.
    fn inside(returns: &str, times: Times, share: u64) -> Self {
        Self { returns: returns.to_owned(), own: 1, is_list: false, times, share }
    }
}

/// The sum over one operation, with the cost of each fragment that was summed before.
struct Tally<'a> {
    table: &'a Table,
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    known: HashMap<&'a str, u64>,
    weights: HashMap<&'a str, u64>,
}

impl<'a> Tally<'a> {
    fn set(&mut self, set: &'a SelectionSet, on: &str) -> u64 {
        set.items.iter().fold(0, |sum: u64, selection| {
            sum.saturating_add(match &selection.node {
                Selection::Field(field) => self.field(&field.node, on),
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref();
                    let on = condition.map_or(on, |condition| condition.node.on.node.as_str());
                    self.set(&inline.node.selection_set.node, on)
                }
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
            })
        })
    }

    /// A fragment costs the same wherever it is used: its type is its own condition.
    fn fragment(&mut self, name: &'a Name) -> u64 {
        if let Some(&cost) = self.known.get(name.as_str()) {
            return cost;
        }
        // Should a cycle ever come this far, it ends here.
        self.known.insert(name, 0);
        let Some(fragment) = self.document.fragments.get(name) else { return 0 };
        let on = fragment.node.type_condition.node.on.node.as_str();
        let cost = self.set(&fragment.node.selection_set.node, on);
        self.known.insert(name, cost);
        cost
    }

    /// Fields that don't exist cost nothing: validation refuses them.
    fn field(&mut self, field: &'a Field, on: &str) -> u64 {
        let table = self.table;
        let price = table.types.get(on).and_then(|fields| fields.get(field.name.node.as_str()));
        let Some(price) = price else { return 0 };
        let below = self.set(&field.selection_set.node, &price.returns);
        let times = self.times(field, price.times);
        let cost = if price.is_list {
            price.own.saturating_add(below).saturating_mul(times)
        } else {
            price.own.saturating_add(below.saturating_mul(times) / price.share)
        };
        field.arguments.iter().fold(cost, |sum, (_, value)| sum.saturating_add(self.reading(&value.node)))
    }

    /// What it costs to read an argument: nothing, unless large variables stand in it.
    fn reading(&mut self, value: &'a Value) -> u64 {
        match value {
            Value::Variable(name) => {
                if let Some(&weight) = self.weights.get(name.as_str()) {
                    return weight;
                }
                let weight = self.variables.get(name).map_or(0, weight) / VALUES_FOR_ONE;
                self.weights.insert(name, weight);
                weight
            }
            Value::List(list) => list.iter().fold(0, |sum, one| sum.saturating_add(self.reading(one))),
            Value::Object(map) => map.values().fold(0, |sum, one| sum.saturating_add(self.reading(one))),
            _ => 0,
        }
    }

    fn times(&self, field: &Field, times: Times) -> u64 {
        match times {
            Times::Once => 1,
            Times::Always(number) => number,
            Times::Page(usual) => {
                // More than a page holds is refused by the list itself, with the limit in words.
                let given = PAGE_ARGUMENTS.iter().find_map(|name| self.number(field.get_argument(name)?));
                given.unwrap_or(usual).min(MOST)
            }
            Times::Ids => self.length(field.get_argument(IDS_ARGUMENT)).unwrap_or(1).min(MOST),
        }
    }

    /// A whole number, as literal or variable; below zero it counts nothing, and is refused later.
    fn number(&self, argument: &Positioned<Value>) -> Option<u64> {
        let number = match &argument.node {
            Value::Number(number) => number.clone(),
            Value::Variable(name) => match self.variable(name)? {
                Const::Number(number) => number.clone(),
                _ => return None,
            },
            _ => return None,
        };
        Some(number.as_u64().unwrap_or(if number.is_f64() { u64::MAX } else { 0 }))
    }

    fn length(&self, argument: Option<&Positioned<Value>>) -> Option<u64> {
        let length = match &argument?.node {
            Value::List(list) => list.len(),
            Value::Variable(name) => match self.variable(name)? {
                Const::List(list) => list.len(),
                _ => return None,
            },
            _ => return None,
        };
        u64::try_from(length).ok()
    }

    fn variable(&self, name: &Name) -> Option<&Const> {
        self.variables.get(name).or_else(|| {
            let mut definitions = self.operation.variable_definitions.iter();
            let definition = definitions.find(|definition| definition.node.name.node == *name)?;
            definition.node.default_value.as_ref().map(|value| &value.node)
        })
    }
}

/// How many values there are in a variable, long texts counting for several.
fn weight(value: &Const) -> u64 {
    let inner = match value {
        Const::String(text) => u64::try_from(text.len() / BYTES_OF_A_VALUE).unwrap_or(u64::MAX),
        Const::List(list) => list.iter().map(weight).sum(),
        Const::Object(map) => map.values().map(weight).sum(),
        _ => 0,
    };
    inner.saturating_add(1)
}

fn price(field: &FieldDefinition, composite: &[&str]) -> (String, Price) {
    let returns = named(&field.ty.node).to_owned();
    let usual = u64::from(composite.contains(&returns.as_str()));
    let mut own = field.directives.iter().find_map(|directive| own_cost(&directive.node));
    let argument = |name: &str| field.arguments.iter().find(|one| one.node.name.node == name);
    let times = if let Some(first) = argument("first").or_else(|| argument("last")) {
        let default = first.node.default_value.as_ref().map(|value| &value.node);
        Times::Page(default.and_then(whole).unwrap_or(USUAL_PAGE))
    } else if argument(IDS_ARGUMENT).is_some_and(|ids| is_list(&ids.node.ty.node)) {
        Times::Ids
    } else if let Some(most) = own.filter(|_| is_list(&field.ty.node) && usual == 1) {
        // A list without pages: its cost is its length.
        own = Some(1);
        Times::Always(most)
    } else {
        Times::Once
    };
    let name = field.name.node.to_string();
    let is_list = is_list(&field.ty.node);
    (name, Price { returns, own: own.unwrap_or(usual), is_list, times, share: 1 })
}

fn own_cost(directive: &ConstDirective) -> Option<u64> {
    let is_cost = directive.name.node == "cost";
    is_cost.then(|| whole(&directive.get_argument("value")?.node)).flatten()
}

fn whole(value: &Const) -> Option<u64> {
    match value {
        Const::Number(number) => number.as_u64(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use async_graphql::value;

    use super::*;

    const SDL: &str = "
        directive @cost(value: Int!) on FIELD_DEFINITION
        type Query {
            rows(first: Int, last: Int): Rows
            ten(first: Int! = 10): Rows!
            dear: Int @cost(value: 50)
            nodes(ids: [ID!]!): [Row]!
        }
        type Rows { nodes: [Row!]! total: Int! @cost(value: 5) }
        type Row { id: ID! rows(first: Int): Rows }
    ";

    fn cost(text: &str, variables: async_graphql::Value) -> u64 {
        let document = parse_query(text).expect("GraphQL");
        let (_, operation) = document.operations.iter().next().expect("an operation");
        let variables = Variables::from_value(variables);
        Table::from_sdl(SDL).expect("SDL").cost(&document, &operation.node, &variables)
    }

    #[test]
    fn lists_multiply_what_is_below_them() {
        let none = || value!({});
        assert_eq!(cost("{ dear unknown { a } }", none()), 50);
        assert_eq!(cost("{ rows(first: 3) { nodes { id } } }", none()), 1 + 3);
        assert_eq!(cost("{ rows { nodes { id } } ten { nodes { id } } }", none()), 1 + 20 + 1 + 10);
        assert_eq!(cost("{ rows(last: 2) { ...F ...F } } fragment F on Rows { total }", none()), 1 + 2 * 10);
        assert_eq!(
            cost("{ rows(first: 10) { nodes { rows(first: 10) { nodes { id } } } } }", none()),
            1 + 10 * (1 + 1 + 10)
        );
        assert_eq!(cost("{ nodes(ids: [1, 2, 3]) { rows(first: 1) { total } } }", none()), 3 * (1 + 1 + 5));
        assert_eq!(cost("query ($n: Int = 7) { rows(first: $n) { nodes { id } } }", none()), 1 + 7);
        assert_eq!(cost("query ($n: Int) { rows(first: $n) { nodes { id } } }", value!({ "n": 4 })), 1 + 4);
        assert_eq!(
            cost("query ($i: [ID!]!) { nodes(ids: $i) { rows { total } } }", value!({ "i": [1, 2] })),
            2 * (1 + 1 + 100)
        );
    }

    #[test]
    fn large_variables_cost_at_each_place() {
        let many: Vec<_> = (0..1000).map(async_graphql::Value::from).collect();
        let text = "query ($a: Any) { one: rows(first: 0, a: $a) { total } two: rows(first: 0, a: { b: [$a] }) { total } }";
        assert_eq!(cost(text, value!({ "a": many })), 2 * (1 + 10));
    }

    #[test]
    fn sums_never_wrap() {
        let deep = "rows(first: 100) { nodes { ".repeat(11) + "id" + &" } }".repeat(11);
        assert_eq!(cost(&format!("{{ {deep} }}"), value!({})), u64::MAX);
    }
}
