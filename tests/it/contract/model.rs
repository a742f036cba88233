//! The schema as the rules read it.

use async_graphql::Positioned;
use async_graphql::parser::{
    parse_schema,
    types::{
        BaseType, ConstDirective, FieldDefinition, InputValueDefinition, Type, TypeDefinition, TypeKind,
        TypeSystemDefinition,
    },
};

/// Types that carry what clients ask for rather than data themselves, by the end of their name.
const CARRIERS: [&str; 7] = ["Connection", "Edge", "PageInfo", "Payload", "Error", "ViewerCan", "Permission"];
/// Classes, from the one that everyone sees.
pub(crate) const CLASSES: [&str; 4] = ["PUBLIC", "INTERNAL", "PERSONAL", "SENSITIVE"];

/// The schema as its types.
pub(crate) struct Contract {
    /// Its types.
    pub(crate) types: Vec<TypeDefinition>,
    directives: Vec<(String, String)>,
}

/// A field of an object, with the type that it belongs to.
pub(crate) struct Field<'a> {
    /// The type.
    pub(crate) of: &'a str,
    /// The field.
    pub(crate) it: &'a FieldDefinition,
}

impl Field<'_> {
    pub(crate) fn name(&self) -> &str {
        &self.it.name.node
    }

    pub(crate) fn at(&self) -> String {
        format!("{}.{}", self.of, self.name())
    }

    pub(crate) fn ty(&self) -> &Type {
        &self.it.ty.node
    }

    pub(crate) fn description(&self) -> String {
        text(self.it.description.as_ref()).to_lowercase()
    }

    pub(crate) fn argument(&self, name: &str) -> Option<&InputValueDefinition> {
        self.it.arguments.iter().map(|argument| &argument.node).find(|argument| argument.name.node == name)
    }

    /// The data class, as a place in `CLASSES`.
    pub(crate) fn class(&self) -> Option<usize> {
        let class = directive(&self.it.directives, "class")?.arguments.first()?.1.node.to_string();
        CLASSES.iter().position(|one| *one == class)
    }
}

pub(crate) fn directive<'a>(all: &'a [Positioned<ConstDirective>], name: &str) -> Option<&'a ConstDirective> {
    all.iter().map(|directive| &directive.node).find(|directive| directive.name.node == name)
}

fn text(description: Option<&Positioned<String>>) -> String {
    description.map(|text| text.node.trim().to_owned()).unwrap_or_default()
}

/// The named type at the bottom.
pub(crate) fn base(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => base(inner),
    }
}

pub(crate) fn is_list(ty: &Type) -> bool {
    matches!(ty.base, BaseType::List(_))
}

pub(crate) fn is_carrier(name: &str) -> bool {
    CARRIERS.iter().any(|end| name.ends_with(end))
}

pub(crate) fn is_root(name: &str) -> bool {
    matches!(name, "Query" | "Mutation" | "Subscription")
}

pub(crate) fn has_chinese(text: &str) -> bool {
    text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter))
}

/// `birthDate` and `BIRTH_DATE` as `birth date`; a text without its signs and articles.
pub(crate) fn words(text: &str) -> String {
    let mut spaced = String::new();
    for letter in text.chars() {
        if letter.is_uppercase() && spaced.ends_with(char::is_lowercase) {
            spaced.push(' ');
        }
        spaced.push(if letter.is_alphanumeric() { letter } else { ' ' });
    }
    let words = spaced.to_lowercase();
    words
        .split_whitespace()
        .filter(|word| !["a", "an", "the", "its"].contains(word))
        .collect::<Vec<_>>()
        .join(" ")
}

impl Contract {
    /// Reads a schema.
    pub(crate) fn read(sdl: &str) -> Self {
        let document = parse_schema(sdl).unwrap_or_else(|error| panic!("the schema is not GraphQL: {error}"));
        let (mut types, mut directives) = (Vec::new(), Vec::new());
        for definition in document.definitions {
            match definition {
                TypeSystemDefinition::Type(definition) => types.push(definition.node),
                TypeSystemDefinition::Directive(definition) => {
                    let definition = definition.node;
                    directives
                        .push((definition.name.node.to_string(), text(definition.description.as_ref())));
                }
                TypeSystemDefinition::Schema(_) => {}
            }
        }
        Self { types, directives }
    }

    pub(crate) fn kind(&self, name: &str) -> Option<&TypeKind> {
        self.types.iter().find(|one| one.name.node == name).map(|one| &one.kind)
    }

    /// All fields of objects and interfaces.
    pub(crate) fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.types.iter().flat_map(|definition| {
            let fields = match &definition.kind {
                TypeKind::Object(object) => object.fields.as_slice(),
                TypeKind::Interface(interface) => interface.fields.as_slice(),
                _ => &[],
            };
            fields.iter().map(|field| Field { of: &definition.name.node, it: &field.node })
        })
    }

    /// Fields of objects that are data.
    pub(crate) fn data(&self) -> impl Iterator<Item = Field<'_>> {
        let is_data =
            |of: &str| !is_carrier(of) && !is_root(of) && matches!(self.kind(of), Some(TypeKind::Object(_)));
        self.fields().filter(move |field| is_data(field.of))
    }

    pub(crate) fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Field<'a>> {
        self.fields().filter(move |field| field.of == name)
    }

    pub(crate) fn inputs(&self, name: &str) -> Vec<&InputValueDefinition> {
        match self.kind(name) {
            Some(TypeKind::InputObject(input)) => input.fields.iter().map(|field| &field.node).collect(),
            _ => Vec::new(),
        }
    }

    pub(crate) fn is_composite(&self, name: &str) -> bool {
        matches!(self.kind(name), Some(TypeKind::Object(_) | TypeKind::Interface(_) | TypeKind::Union(_)))
    }

    pub(crate) fn is_node(&self, name: &str) -> bool {
        self.of(name).any(|field| field.name() == "id") && !is_carrier(name)
    }

    /// Every name that a client meets, as its place, itself, and its description.
    pub(crate) fn names(&self) -> Vec<(String, String, String)> {
        let mut names = Vec::new();
        let mut note = |at: String, name: &str, description: Option<&Positioned<String>>| {
            names.push((at, name.to_owned(), text(description)));
        };
        for definition in &self.types {
            let of = definition.name.node.as_str();
            note(of.to_owned(), of, definition.description.as_ref());
            match &definition.kind {
                TypeKind::Enum(set) => {
                    for value in &set.values {
                        let value = &value.node;
                        note(
                            format!("{of}.{}", value.value.node),
                            &value.value.node,
                            value.description.as_ref(),
                        );
                    }
                }
                TypeKind::InputObject(input) => {
                    for field in &input.fields {
                        let field = &field.node;
                        note(
                            format!("{of}.{}", field.name.node),
                            &field.name.node,
                            field.description.as_ref(),
                        );
                    }
                }
                _ => {}
            }
        }
        for field in self.fields() {
            note(field.at(), field.name(), field.it.description.as_ref());
            for argument in &field.it.arguments {
                let argument = &argument.node;
                let at = format!("{}({}:)", field.at(), argument.name.node);
                note(at, &argument.name.node, argument.description.as_ref());
            }
        }
        for (name, description) in &self.directives {
            if !["include", "skip", "oneOf", "specifiedBy", "deprecated"].contains(&name.as_str()) {
                names.push((format!("@{name}"), name.clone(), description.clone()));
            }
        }
        names
    }
}
