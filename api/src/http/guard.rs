//! The guard of documents: what a document may look like before anything else reads it.
//!
//! The engine's own limits walk fragments without a memory, so a short document of nested
//! fragments would cost exponential time before any limit spoke. This guard walks every selection
//! once, keeps the measure of each fragment, adds with saturation, and gives up at the first limit.
//! [`scan`] looks at the bare text first, so that the parser itself never nests deeper than its
//! stack allows.

use std::collections::HashMap;

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, OperationType, Selection,
    SelectionSet,
};
use async_graphql::{Name, Positioned};

use crate::kernel::error::{Code, Fault};

/// Brackets open at once in the text.
pub const MAX_BRACKETS: usize = 48;
/// Bytes of one name.
pub const MAX_NAME: usize = 128;
/// Words and signs of the text: what the parser's time grows with.
pub const MAX_TOKENS: usize = 4000;
/// Operations in a document.
pub const MAX_OPERATIONS: usize = 10;
/// Fragment definitions in a document.
pub const MAX_FRAGMENTS: usize = 50;
/// Variables of an operation.
pub const MAX_VARIABLES: usize = 50;
/// Arguments of a field or directive.
pub const MAX_ARGUMENTS: usize = 50;
/// Fields of an operation, fragments expanded.
pub const MAX_FIELDS: usize = 1000;
/// Uses of fragments in an operation, fragments expanded.
pub const MAX_SPREADS: usize = 1000;
/// Aliases of an operation, fragments expanded.
pub const MAX_ALIASES: usize = 30;
/// Root fields of an operation.
pub const MAX_ROOTS: usize = 30;
/// Directives of an operation, fragments expanded.
pub const MAX_DIRECTIVES: usize = 50;
/// Fields inside fields.
pub const MAX_DEPTH: usize = 15;
/// Selection sets inside selection sets, those of fragments too.
pub const MAX_NESTING: usize = 30;
/// `__schema` and `__type` in an operation.
pub const MAX_INTROSPECTIONS: usize = 5;

/// Root fields of which a document may hold one in all: each is a guess at a secret, an opening of
/// something masked, or a large piece of work, and is counted as one.
const ALONE: &[&str] = &[
    "passwordChange",
    "passwordResetFinish",
    "passwordResetStart",
    "secondFactorConfirm",
    "sessionConfirm",
    "sessionRefresh",
    "sessionStart",
    "syncPull",
    "syncPush",
];
/// The verb of mutations that open what is masked; these too stand alone.
const REVEAL: &str = "Reveal";
/// Meta fields that open the schema.
const INTROSPECTION: &[&str] = &["__schema", "__type"];

/// What was counted in a selection set, an operation, or a fragment.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Shape {
    /// Fields, fragments expanded.
    pub fields: usize,
    /// Uses of fragments, fragments expanded.
    pub spreads: usize,
    /// Aliases, fragments expanded.
    pub aliases: usize,
    /// Directives, fragments expanded.
    pub directives: usize,
    /// Fields of the outermost level.
    pub roots: usize,
    /// Fields of the outermost level that must stand alone in a document.
    pub alone: usize,
    /// `__schema` and `__type`.
    pub introspections: usize,
    /// Fields inside fields.
    pub depth: usize,
    /// Selection sets inside selection sets.
    pub nesting: usize,
}

impl Shape {
    /// Two side by side.
    fn beside(self, other: Self) -> Self {
        Self {
            fields: self.fields.saturating_add(other.fields),
            spreads: self.spreads.saturating_add(other.spreads),
            aliases: self.aliases.saturating_add(other.aliases),
            directives: self.directives.saturating_add(other.directives),
            roots: self.roots.saturating_add(other.roots),
            alone: self.alone.saturating_add(other.alone),
            introspections: self.introspections.saturating_add(other.introspections),
            depth: self.depth.max(other.depth),
            nesting: self.nesting.max(other.nesting),
        }
    }

    /// The first limit that this passes. Roots are counted where an operation is known.
    fn check(&self) -> Result<(), Fault> {
        let deep = Code::QueryTooDeep;
        let wide = Code::QueryTooWide;
        let limits = [
            (self.depth, MAX_DEPTH, deep, "嵌套层数", "levels of fields"),
            (self.nesting, MAX_NESTING, deep, "选择集嵌套层数", "levels of selection sets"),
            (self.fields, MAX_FIELDS, wide, "字段数（片段展开后）", "fields (fragments expanded)"),
            (self.spreads, MAX_SPREADS, wide, "片段引用数（展开后）", "uses of fragments (expanded)"),
            (self.aliases, MAX_ALIASES, wide, "别名数", "aliases"),
            (self.directives, MAX_DIRECTIVES, wide, "指令数", "directives"),
            (self.introspections, MAX_INTROSPECTIONS, wide, "内省字段数", "introspection fields"),
        ];
        limits.into_iter().try_for_each(|(count, limit, code, zh, en)| at_most(count, limit, code, zh, en))
    }
}

/// Refuses a text that would nest the parser too deep, keep it too long, or holds names out of all
/// measure.
///
/// Brackets in strings and comments don't count.
pub fn scan(text: &str) -> Result<(), Fault> {
    let bytes = text.as_bytes();
    let (mut at, mut open, mut tokens) = (0, 0_usize, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        tokens += usize::from(!matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b','));
        at_most(tokens, MAX_TOKENS, Code::QueryTooWide, "词法单元数", "words and signs")?;
        at += match byte {
            b'"' => string_length(&bytes[at..]),
            b'#' => run(&bytes[at..], |byte| byte != b'\n' && byte != b'\r'),
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                let length = run(&bytes[at..], |byte| byte == b'_' || byte.is_ascii_alphanumeric());
                at_most(length, MAX_NAME, Code::QueryTooWide, "名称字节数", "bytes of a name")?;
                length
            }
            b'{' | b'[' | b'(' => {
                open += 1;
                at_most(open, MAX_BRACKETS, Code::QueryTooDeep, "括号嵌套层数", "brackets open at once")?;
                1
            }
            b'}' | b']' | b')' => {
                open = open.saturating_sub(1);
                1
            }
            _ => 1,
        };
    }
    Ok(())
}

/// Refuses a document that passes a limit; answers the widest shape of its operations.
pub fn check(document: &ExecutableDocument) -> Result<Shape, Fault> {
    let wide = Code::QueryTooWide;
    at_most(document.operations.iter().len(), MAX_OPERATIONS, wide, "操作数", "operations")?;
    at_most(document.fragments.len(), MAX_FRAGMENTS, wide, "片段数", "fragments")?;
    let mut walk = Walk { fragments: &document.fragments, known: HashMap::new() };
    let (mut widest, mut alone) = (Shape::default(), 0_usize);
    for (_, operation) in document.operations.iter() {
        let shape = walk.operation(&operation.node)?;
        alone = alone.saturating_add(shape.alone);
        if shape.fields >= widest.fields {
            widest = shape;
        }
    }
    at_most(alone, 1, wide, "登录、揭示或同步字段数", "fields that sign in, reveal or synchronise")?;
    for (name, fragment) in &document.fragments {
        walk.fragment(name, fragment, 1)?;
    }
    Ok(widest)
}

/// A walk over one document, with the measure of each fragment that it has finished.
struct Walk<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// Nothing while a fragment is being walked: meeting it again then is a cycle.
    known: HashMap<&'a str, Option<Shape>>,
}

impl<'a> Walk<'a> {
    fn operation(&mut self, operation: &'a OperationDefinition) -> Result<Shape, Fault> {
        let wide = Code::QueryTooWide;
        let variables = &operation.variable_definitions;
        at_most(variables.len(), MAX_VARIABLES, wide, "变量数", "variables")?;
        let mut shape = directives(&operation.directives)?;
        for variable in variables {
            shape = shape.beside(directives(&variable.node.directives)?);
        }
        shape = shape.beside(self.set(&operation.selection_set.node, 1)?);
        shape.check()?;
        at_most(shape.roots, MAX_ROOTS, wide, "根字段数", "root fields")?;
        if operation.ty == OperationType::Subscription {
            at_most(shape.roots, 1, wide, "订阅的根字段数", "root fields of a subscription")?;
        }
        Ok(shape)
    }

    fn set(&mut self, set: &'a SelectionSet, level: usize) -> Result<Shape, Fault> {
        at_most(level, MAX_NESTING, Code::QueryTooDeep, "选择集嵌套层数", "levels of selection sets")?;
        let mut shape = Shape { nesting: 1, ..Shape::default() };
        for selection in &set.items {
            shape = shape.beside(self.selection(&selection.node, level)?);
            shape.check()?;
        }
        Ok(shape)
    }

    fn selection(&mut self, selection: &'a Selection, level: usize) -> Result<Shape, Fault> {
        let own = directives(selection.directives())?;
        let inner = match selection {
            Selection::Field(field) => self.field(&field.node, level)?,
            Selection::InlineFragment(inline) => {
                within(self.set(&inline.node.selection_set.node, level + 1)?)
            }
            Selection::FragmentSpread(spread) => {
                let name = spread.node.fragment_name.node.as_str();
                match self.fragments.get(name) {
                    Some(fragment) => within(self.fragment(name, fragment, level + 1)?),
                    None => Shape { spreads: 1, ..Shape::default() },
                }
            }
        };
        Ok(own.beside(inner))
    }

    fn field(&mut self, field: &'a Field, level: usize) -> Result<Shape, Fault> {
        at_most(field.arguments.len(), MAX_ARGUMENTS, Code::QueryTooWide, "参数数", "arguments")?;
        let inner = if field.selection_set.node.items.is_empty() {
            Shape::default()
        } else {
            self.set(&field.selection_set.node, level + 1)?
        };
        let name = field.name.node.as_str();
        Ok(Shape {
            fields: inner.fields.saturating_add(1),
            aliases: inner.aliases.saturating_add(usize::from(field.alias.is_some())),
            introspections: inner.introspections.saturating_add(usize::from(INTROSPECTION.contains(&name))),
            roots: 1,
            alone: usize::from(ALONE.contains(&name) || name.ends_with(REVEAL)),
            depth: inner.depth.saturating_add(1),
            nesting: inner.nesting.saturating_add(1),
            ..inner
        })
    }

    /// The shape of a fragment, from memory when it was walked before.
    fn fragment(
        &mut self,
        name: &'a str,
        fragment: &'a Positioned<FragmentDefinition>,
        level: usize,
    ) -> Result<Shape, Fault> {
        match self.known.insert(name, None) {
            Some(Some(shape)) => {
                self.known.insert(name, Some(shape));
                let deepest = level.saturating_add(shape.nesting).saturating_sub(1);
                at_most(
                    deepest,
                    MAX_NESTING,
                    Code::QueryTooDeep,
                    "选择集嵌套层数",
                    "levels of selection sets",
                )?;
                Ok(shape)
            }
            Some(None) => Err(Fault::new(
                Code::GraphqlValidationFailed,
                "片段不能直接或间接引用自身",
                "A fragment must not contain itself, directly or through others",
            )),
            None => {
                let own = directives(&fragment.node.directives)?;
                let shape = own.beside(self.set(&fragment.node.selection_set.node, level)?);
                self.known.insert(name, Some(shape));
                Ok(shape)
            }
        }
    }
}

/// What stands in a fragment, seen from where it is used.
fn within(inner: Shape) -> Shape {
    Shape { spreads: inner.spreads.saturating_add(1), nesting: inner.nesting.saturating_add(1), ..inner }
}

fn directives(list: &[Positioned<Directive>]) -> Result<Shape, Fault> {
    for directive in list {
        at_most(directive.node.arguments.len(), MAX_ARGUMENTS, Code::QueryTooWide, "参数数", "arguments")?;
    }
    Ok(Shape { directives: list.len(), ..Shape::default() })
}

fn at_most(count: usize, limit: usize, code: Code, zh: &str, en: &str) -> Result<(), Fault> {
    if count <= limit {
        return Ok(());
    }
    Err(Fault::new(
        code,
        format!("查询超出限制：{zh}最多 {limit}"),
        format!("The document passes a limit: at most {limit} {en}"),
    ))
}

fn run(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|&&byte| belongs(byte)).count()
}

/// Length of the string that begins here, quotes and all; to the end when it is not closed.
fn string_length(bytes: &[u8]) -> usize {
    const BLOCK: &[u8] = b"\"\"\"";
    let block = bytes.starts_with(BLOCK);
    let quotes = if block { BLOCK.len() } else { 1 };
    let mut at = quotes;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if block && bytes[at + 1..].starts_with(BLOCK) => at += 4,
            b'\\' if !block => at += 2,
            b'"' if !block || bytes[at..].starts_with(BLOCK) => return at + quotes,
            b'\n' | b'\r' if !block => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn verdict(text: &str) -> Result<Shape, Code> {
        scan(text).map_err(|fault| fault.code)?;
        check(&parse_query(text).expect("GraphQL")).map_err(|fault| fault.code)
    }

    /// Each fragment uses the next one so many times.
    fn chain(links: usize, times: usize) -> String {
        let link =
            |at: usize| format!("fragment F{at} on T {{ {} }} ", format!("...F{} ", at + 1).repeat(times));
        let links: String = (0..links).map(link).collect();
        format!("{{ x {{ ...F0 }} }} {links} fragment F{} on T {{ a }}", links.matches("fragment").count())
    }

    #[test]
    fn limits() {
        let ok = |text: &str| verdict(text).map(|_| ());
        assert_eq!(
            verdict("{ a { ...F ...F } } fragment F on T { b c: d }").map(|s| (s.fields, s.aliases, s.depth)),
            Ok((5, 2, 2))
        );
        assert_eq!(ok(&format!("{{ a {{ {} }} }}", "a ".repeat(999))), Ok(()));
        assert_eq!(ok(&format!("{{ a {{ {} }} }}", "a ".repeat(1000))), Err(Code::QueryTooWide));
        assert_eq!(ok(&format!("{{ {} }}", "a ".repeat(31))), Err(Code::QueryTooWide));
        assert_eq!(ok(&format!("{{ a {{ {} }} }}", "b: a ".repeat(31))), Err(Code::QueryTooWide));
        assert_eq!(ok(&format!("{{ a {{ {} }} }}", "a @c ".repeat(51))), Err(Code::QueryTooWide));
        assert_eq!(ok(&format!("{}a{}", "{a".repeat(14), "}".repeat(14))), Ok(()));
        assert_eq!(ok(&format!("{}{{a}}{}", "{a".repeat(15), "}".repeat(15))), Err(Code::QueryTooDeep));
        assert_eq!(ok(&"[".repeat(9000)), Err(Code::QueryTooDeep));
        assert_eq!(ok("mutation { a: sessionStart b: sessionStart }"), Err(Code::QueryTooWide));
        assert_eq!(
            ok("{ ...A } fragment A on T { ...B } fragment B on T { ...A }"),
            Err(Code::GraphqlValidationFailed)
        );
        assert_eq!(ok("{ a } fragment A on T { b { ...A } }"), Err(Code::GraphqlValidationFailed));
    }

    #[test]
    fn nested_fragments_cost_no_time() {
        assert_eq!(verdict(&chain(9, 2)).map(|shape| shape.spreads), Err(Code::QueryTooWide));
        assert_eq!(verdict(&chain(8, 2)).map(|shape| shape.fields), Ok(257));
        assert_eq!(verdict(&chain(20, 9)).map(|_| ()), Err(Code::QueryTooWide));
        assert_eq!(verdict(&chain(49, 9)).map(|_| ()), Err(Code::QueryTooDeep));
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        let open = "{".repeat(100);
        let texts = [
            format!("{{ a(b: \"{open}\\\"{open}\") }}"),
            format!("{{ a(b: \"\"\"{open}\\\"\"\"{open}\"\"\") }}"),
        ];
        assert!(texts.iter().all(|text| scan(text).is_ok()));
        assert!(scan(&format!("#{open}\n{{ a }}")).is_ok());
        assert!(scan(&format!("{{ a(b: \"\", c: {open}")).is_err());
    }
}
