//! A value of the personal class. It is shown only after it was decided to whom it belongs and that this viewer may see
//! it, and being shown it writes itself into the access log. One that nobody decided about is a fault of ours, not an
//! answer.

use super::{access::Owner, error::Error, request::Ctx};
use async_graphql::{
    ContextSelectionSet, OutputType, Positioned, ServerResult, Value, parser::types::Field,
    registry::Registry,
};
use entity::kind::DataClass;
use sea_orm::{ColIdx, QueryResult, TryGetError, TryGetable};
use std::borrow::Cow;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decided {
    NotYet,
    Hidden,
    Shown(Owner),
}

/// A value of the personal class.
#[derive(Clone, Debug)]
pub struct Personal<T> {
    value: T,
    decided: Decided,
}

impl<T> From<T> for Personal<T> {
    fn from(value: T) -> Self {
        Self { value, decided: Decided::NotYet }
    }
}

impl<T> Personal<T> {
    /// The value, for rules; not for answers.
    pub fn inner(&self) -> &T {
        &self.value
    }

    /// Whether this viewer may see it, and whose it is.
    pub fn decide(&mut self, shown: bool, owner: Owner) {
        self.decided = if shown { Decided::Shown(owner) } else { Decided::Hidden };
    }
}

impl<T: TryGetable> TryGetable for Personal<T> {
    fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
        T::try_get_by(row, index).map(Into::into)
    }
}

impl<T: OutputType> OutputType for Personal<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn qualified_type_name() -> String {
        T::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, gql: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let name = field.node.name.node.as_str();
        match self.decided {
            Decided::Hidden => Ok(Value::Null),
            Decided::NotYet => {
                let error = Error::internal(format!("nobody decided who sees {name}"));
                Err(gql.set_error_path(async_graphql::Error::from(error).into_server_error(field.pos)))
            }
            Decided::Shown(owner) => {
                let value = self.value.resolve(gql, field).await?;
                if value != Value::Null {
                    gql.data_unchecked::<Ctx>().shows(owner, name, DataClass::Personal);
                }
                Ok(value)
            }
        }
    }
}
