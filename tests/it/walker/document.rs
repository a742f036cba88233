//! Documents that are made from the contract: every field of a type, and of the types that it leads to, down to a depth.

use crate::contract::model::{Contract, Field, base, is_carrier};
use async_graphql::parser::types::TypeKind;
use serde_json::{Value, json};

/// Fields that one document may select; the server takes 1000.
const WIDEST: usize = 550;

/// Arguments without which a field would show nothing.
const ARGUMENTS: [(&str, &str); 1] = [("Coverage.cadresAbove", "(households:0)")];

/// A document with its variables.
#[derive(Clone, Debug)]
pub(super) struct Document {
    /// What it asks, for whoever reads a failure.
    pub name: String,
    /// The text.
    pub text: String,
    /// The variables.
    pub variables: Value,
    /// Whether the server is expected to run it.
    pub runs: bool,
    /// Whose part it seeks: to whoever does not see it, nothing is found.
    pub seeks: Option<(String, char)>,
}

impl Document {
    pub(super) fn new(name: impl Into<String>, text: impl Into<String>, variables: Value) -> Self {
        Self { name: name.into(), text: text.into(), variables, runs: true, seeks: None }
    }

    /// One that the server may refuse as a document.
    pub(super) fn odd(name: impl Into<String>, text: impl Into<String>, variables: Value) -> Self {
        Self { runs: false, ..Self::new(name, text, variables) }
    }
}

/// How documents are made.
#[derive(Clone, Copy)]
pub(super) struct Maker<'a> {
    /// The contract.
    pub contract: &'a Contract,
    /// Rows of the lists inside of a document, from the innermost out.
    pub rows: [u32; 3],
}

/// What a field leads to.
enum Target<'a> {
    Leaf,
    Node,
    /// A page, and the type of its rows.
    Page(&'a str),
    Choice,
    Value,
}

/// How many fields a text selects.
fn width(text: &str) -> usize {
    let is_field =
        |word: &&str| *word != "on" && word.starts_with(|first: char| first.is_lowercase() || first == '_');
    text.split_whitespace().filter(is_field).count()
}

impl<'a> Maker<'a> {
    fn target(self, name: &'a str) -> Target<'a> {
        match self.contract.kind(name) {
            Some(TypeKind::Interface(_) | TypeKind::Union(_)) => Target::Choice,
            Some(TypeKind::Object(_)) => match name.strip_suffix("Connection") {
                Some(_) => Target::Page(self.row_of(name)),
                None if self.is_node(name) => Target::Node,
                None => Target::Value,
            },
            _ => Target::Leaf,
        }
    }

    fn is_node(self, name: &str) -> bool {
        !is_carrier(name) && self.contract.is_node(name)
    }

    fn row_of(self, page: &str) -> &'a str {
        let nodes = self.contract.fields().find(|field| field.of == page && field.name() == "nodes");
        base(&nodes.expect("a page has rows").it.ty.node)
    }

    /// The types that may stand where an interface or a union is promised.
    pub(super) fn choices(self, name: &str) -> Vec<&'a str> {
        let named = |list: &'a [async_graphql::Positioned<async_graphql::Name>], wanted: &str| {
            list.iter().any(|one| one.node == wanted)
        };
        let types = self.contract.types.iter();
        match self.contract.kind(name) {
            Some(TypeKind::Union(union)) => {
                let is = |of: &str| union.members.iter().any(|one| one.node == of);
                types.map(|one| one.name.node.as_str()).filter(|of| is(of)).collect()
            }
            _ => types
                .filter(
                    |one| matches!(&one.kind, TypeKind::Object(object) if named(&object.implements, name)),
                )
                .map(|one| one.name.node.as_str())
                .collect(),
        }
    }

    /// What is selected of a type; nothing where no further record is followed.
    fn selection(self, name: &'a str, depth: usize) -> Option<String> {
        match self.target(name) {
            Target::Leaf => Some(String::new()),
            Target::Node => Some(format!("{{ {} }}", self.whole(name, depth.checked_sub(1)?))),
            Target::Value => Some(format!("{{ {} }}", self.whole(name, depth))),
            Target::Choice => {
                let each = self.choices(name).into_iter();
                let each =
                    each.filter_map(|one| Some(format!("... on {one} {}", self.selection(one, depth)?)));
                let each: Vec<_> = each.collect();
                (!each.is_empty()).then(|| format!("{{ __typename {} }}", each.join(" ")))
            }
            Target::Page(row) => Some(self.page(name, row, &self.selection(row, depth)?)),
        }
    }

    /// A page around what is selected of its rows.
    fn page(self, page: &'a str, row: &str, rows: &str) -> String {
        let count = self.contract.of(page).any(|field| field.name() == "totalCount");
        let id = if self.is_node(row) { " id" } else { "" };
        format!(
            "{{ __typename {} pageInfo {{ __typename hasNextPage hasPreviousPage startCursor endCursor }} \
             edges {{ __typename cursor node {{ __typename{id} }} }} nodes {rows} }}",
            if count { "totalCount" } else { "" }
        )
    }

    fn field(self, field: &Field<'a>, depth: usize) -> Option<String> {
        let target = base(&field.it.ty.node);
        let at = field.at();
        let arguments =
            ARGUMENTS.iter().find(|(of, _)| *of == at).map(|(_, arguments)| (*arguments).to_owned());
        let arguments = arguments.or_else(|| {
            let paged = field.argument("first").is_some();
            paged.then(|| format!("(first:{})", self.rows[depth.saturating_sub(1).min(2)]))
        });
        Some(format!("{}{} {}", field.name(), arguments.unwrap_or_default(), self.selection(target, depth)?))
    }

    fn whole(self, name: &'a str, depth: usize) -> String {
        let fields = self.contract.of(name).filter_map(|field| self.field(&field, depth));
        let fields: Vec<_> = fields.collect();
        format!("__typename {}", fields.join(" "))
    }

    /// All of a type, in as many selections as it takes: what is its own in each, what it leads to in one of them.
    pub(super) fn parts(self, name: &'a str, depth: usize) -> Vec<String> {
        let fields: Vec<_> = self.contract.of(name).collect();
        let leads_on = |field: &&Field<'a>| self.field(field, 0) != self.field(field, depth);
        let (beyond, own): (Vec<_>, Vec<_>) = fields.iter().partition(leads_on);
        let own: Vec<_> = own.into_iter().filter_map(|field| self.field(field, 0)).collect();
        let own = format!("__typename {}", own.join(" "));
        let mut parts = vec![own.clone()];
        // What alone is too wide is followed less far.
        let fitting = |field: &Field<'a>| {
            let fits = |text: &String| width(text) + width(&own) <= 950;
            (0..=depth).rev().filter_map(|depth| self.field(field, depth)).find(fits)
        };
        for text in beyond.into_iter().filter_map(fitting) {
            match parts.last_mut() {
                Some(last) if width(last) + width(&text) <= WIDEST => *last = format!("{last} {text}"),
                _ => parts.push(format!("{own} {text}")),
            }
        }
        parts
    }

    /// Every document that asks a root field with these arguments.
    pub(super) fn root(self, of: &str, field: &Field<'a>, arguments: &Value, depth: usize) -> Vec<Document> {
        let (mut definitions, mut given) = (Vec::new(), Vec::new());
        for argument in field.it.arguments.iter().map(|argument| &argument.node) {
            let name = argument.name.node.as_str();
            if !arguments[name].is_null() {
                definitions.push(format!("${name}: {}", argument.ty.node));
                given.push(format!("{name}: ${name}"));
            }
        }
        let (mut definitions, mut given) = (definitions.join(", "), given.join(", "));
        if !given.is_empty() {
            (definitions, given) = (format!("({definitions})"), format!("({given})"));
        }
        let target = base(&field.it.ty.node);
        let selections = match self.target(target) {
            Target::Page(row) if !matches!(self.target(row), Target::Leaf) => {
                let rows = self.parts(row, depth).into_iter();
                rows.map(|rows| self.page(target, row, &format!("{{ {rows} }}"))).collect()
            }
            Target::Node | Target::Value => {
                self.parts(target, depth).into_iter().map(|part| format!("{{ {part} }}")).collect()
            }
            _ => vec![self.selection(target, depth).unwrap_or_default()],
        };
        let name = field.name();
        let text = |selection| format!("{of}{definitions} {{ __typename {name}{given} {selection} }}");
        selections
            .into_iter()
            .map(|selection: String| {
                Document::new(format!("{name} {arguments}"), text(selection), arguments.clone())
            })
            .collect()
    }

    /// Every document that asks records of one type by their ids.
    pub(super) fn nodes(self, name: &'a str, ids: &[String], depth: usize) -> Vec<Document> {
        let text = |part| {
            format!(
                "query($ids: [ID!]!) {{ __typename nodes(ids: $ids) {{ __typename ... on {name} {{ {part} }} }} }}"
            )
        };
        let parts = self.parts(name, depth).into_iter();
        parts.map(|part| Document::new(format!("nodes {name}"), text(part), json!({"ids": ids}))).collect()
    }
}
