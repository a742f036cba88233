//! The words of offices for values of closed sets: the Chinese term in brackets of each value's description.

use std::collections::HashMap;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};

/// Chinese words of enum values, by type and value.
#[derive(Debug, Default)]
pub(super) struct Labels(HashMap<String, HashMap<String, String>>);

impl Labels {
    /// Those of a schema. A test sees to it that each value has one.
    pub(super) fn from_sdl(sdl: &str) -> Self {
        let Ok(document) = parse_schema(sdl) else { return Self::default() };
        let enums = document.definitions.into_iter().filter_map(|definition| {
            let TypeSystemDefinition::Type(definition) = definition else { return None };
            let TypeKind::Enum(of) = definition.node.kind else { return None };
            let values = of.values.into_iter().filter_map(|value| {
                let described = value.node.description?.node;
                Some((value.node.value.node.to_string(), in_brackets(&described)?.to_owned()))
            });
            Some((definition.node.name.node.to_string(), values.collect()))
        });
        Self(enums.collect())
    }

    /// The word for a value; the value itself when there is none.
    pub(super) fn of<'a>(&'a self, kind: &str, value: &'a str) -> &'a str {
        self.0.get(kind).and_then(|values| values.get(value)).map_or(value, String::as_str)
    }
}

/// The first words in brackets that are Chinese.
fn in_brackets(text: &str) -> Option<&str> {
    let spans = text.split('(').skip(1).filter_map(|rest| rest.split(')').next());
    spans.into_iter().find(|words| words.chars().next().is_some_and(|first| !first.is_ascii()))
}
