//! Reading the schema's own SDL: what is a list, what has something below it, where the roots are.

use async_graphql::parser::types::{
    BaseType, FieldDefinition, ServiceDocument, Type, TypeKind, TypeSystemDefinition,
};
use async_graphql::{Name, Positioned};

/// The type's name, without lists and marks.
pub(super) fn named(of: &Type) -> &str {
    match &of.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => named(inner),
    }
}

/// Whether it is a list.
pub(super) fn is_list(of: &Type) -> bool {
    matches!(of.base, BaseType::List(_))
}

/// Objects and interfaces with their fields.
pub(super) fn types_with_fields(
    document: &ServiceDocument,
) -> impl Iterator<Item = (&str, &Vec<Positioned<FieldDefinition>>)> {
    document.definitions.iter().filter_map(|definition| {
        let TypeSystemDefinition::Type(definition) = definition else { return None };
        let fields = match &definition.node.kind {
            TypeKind::Object(object) => &object.fields,
            TypeKind::Interface(interface) => &interface.fields,
            _ => return None,
        };
        Some((definition.node.name.node.as_str(), fields))
    })
}

/// Names of the types that have something below them.
pub(super) fn composites(document: &ServiceDocument) -> Vec<&str> {
    let types = document.definitions.iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) => Some(&definition.node),
        _ => None,
    });
    let composite = types.filter(|definition| {
        matches!(definition.kind, TypeKind::Object(_) | TypeKind::Interface(_) | TypeKind::Union(_))
    });
    composite.map(|definition| definition.name.node.as_str()).collect()
}

/// Names of the root types, as the SDL says, else the usual ones.
pub(super) fn roots(document: &ServiceDocument) -> (String, String, String) {
    let schema = document.definitions.iter().find_map(|definition| match definition {
        TypeSystemDefinition::Schema(schema) => Some(&schema.node),
        _ => None,
    });
    let name = |root: Option<&Option<Positioned<Name>>>, usual: &str| {
        root.and_then(Option::as_ref).map_or_else(|| usual.to_owned(), |name| name.node.to_string())
    };
    (
        name(schema.map(|schema| &schema.query), "Query"),
        name(schema.map(|schema| &schema.mutation), "Mutation"),
        name(schema.map(|schema| &schema.subscription), "Subscription"),
    )
}
