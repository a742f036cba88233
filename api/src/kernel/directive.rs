//! The data class of a field, as a directive in the schema (`domain` of the product: public, internal, personal,
//! sensitive). A test walks the schema: no field without one.

use async_graphql::{Enum, TypeDirective};

/// Who may see a field (数据级别).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DataClass {
    /// Everyone, signed in or not (公开).
    Public,
    /// Everyone whose scope covers the record (内部).
    Internal,
    /// The same; telephone numbers only for current contacts and the like (个人信息).
    Personal,
    /// Masked for everyone (敏感个人信息).
    Sensitive,
}

/// The data class of this field: who may see it.
#[TypeDirective(location = "FieldDefinition", name = "class")]
pub fn class(is: DataClass) {}

/// What this field costs beside what is asked beneath it; 1 is about one row read. A list costs its page size times
/// what is asked of each entry.
#[TypeDirective(location = "FieldDefinition", name = "cost")]
pub fn cost(value: i32) {}
