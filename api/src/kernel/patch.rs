//! Patches: what is absent stays, null clears.

use async_graphql::MaybeUndefined;
use sea_orm::ActiveValue;

/// What becomes of a column: nothing when the value is absent; `to(None)` for null.
pub fn patched<T, U>(value: MaybeUndefined<T>, to: impl FnOnce(Option<T>) -> U) -> Option<U> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(to(None)),
        MaybeUndefined::Value(value) => Some(to(Some(value))),
    }
}

/// A column that is set when there is something to set.
pub fn set<T: Into<sea_orm::Value>>(value: Option<T>) -> ActiveValue<T> {
    value.map_or(ActiveValue::NotSet, ActiveValue::Set)
}
