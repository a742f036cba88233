//! What goes back: the body of an answer, and the status that it has whatever the media type.

use std::collections::BTreeMap;

use async_graphql::{Pos, Response, ServerError, Value};
use axum::http::StatusCode;
use serde::Serialize;

use super::budget::Receipt;
use super::errors::{self, Reader};
use crate::kernel::error::{Code, Fault};

/// What goes back.
#[derive(Debug)]
pub struct Answer {
    /// The body.
    pub body: Body,
    /// A status that holds for every media type; without one, the media type decides.
    pub status: Option<StatusCode>,
    /// When to come back.
    pub retry_after_ms: Option<u64>,
}

/// The body of an answer. Without data, nothing was executed.
#[derive(Debug, Serialize)]
pub struct Body {
    /// What went wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ServerError>,
    /// What was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// The cost, and what else is to be said about the request.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub extensions: BTreeMap<String, Value>,
}

/// Why an operation was not executed.
pub(super) struct Refusal {
    pub(super) fault: Box<Fault>,
    pub(super) locations: Vec<Pos>,
    pub(super) status: Option<StatusCode>,
    pub(super) receipt: Option<Receipt>,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self { fault: fault.into(), locations: Vec::new(), status: None, receipt: None }
    }
}

/// The answer to what was executed, or was refused by the engine before that.
pub(super) fn executed(response: Response) -> Answer {
    let failed = !response.errors.is_empty();
    let before = failed && response.errors.iter().all(|error| error.path.is_empty());
    let nothing = response.data == Value::Null && before;
    let turned_away = turned_away(&response);
    let retry_after_ms = response.errors.iter().filter_map(errors::retry_after_of).max();
    Answer {
        status: turned_away.and_then(status_of),
        retry_after_ms,
        body: Body {
            data: (!nothing && turned_away.is_none()).then_some(response.data),
            errors: response.errors,
            extensions: response.extensions,
        },
    }
}

/// The one reason for which every root field was turned away, when it is one that asks to come back.
fn turned_away(response: &Response) -> Option<Code> {
    let empty = match &response.data {
        Value::Null => true,
        Value::Object(roots) => roots.values().all(|value| *value == Value::Null),
        _ => false,
    };
    let code = [Code::Overloaded, Code::RateLimited].into_iter().find(|code| {
        let mut codes = response.errors.iter().map(errors::code_of);
        codes.len() > 0 && codes.all(|one| one == Some(code.as_str()))
    });
    code.filter(|_| empty)
}

pub(super) fn refused(refusal: Refusal, reader: Reader<'_>) -> Answer {
    let Refusal { fault, locations, status, receipt } = refusal;
    let cost = receipt.map(|receipt| ("cost".to_owned(), receipt.to_value()));
    Answer {
        status: status.or_else(|| status_of(fault.code)),
        retry_after_ms: fault.retry_after_ms,
        body: Body {
            errors: vec![errors::from_fault(&fault, locations, reader)],
            data: None,
            extensions: cost.into_iter().collect(),
        },
    }
}

/// The status of a refused request, where it is the same for every media type.
pub fn status_of(code: Code) -> Option<StatusCode> {
    match code {
        Code::Unauthenticated => Some(StatusCode::UNAUTHORIZED),
        Code::Forbidden => Some(StatusCode::FORBIDDEN),
        Code::PayloadTooLarge => Some(StatusCode::PAYLOAD_TOO_LARGE),
        Code::RateLimited => Some(StatusCode::TOO_MANY_REQUESTS),
        Code::Overloaded | Code::Timeout | Code::Storage => Some(StatusCode::SERVICE_UNAVAILABLE),
        Code::InternalServerError => Some(StatusCode::INTERNAL_SERVER_ERROR),
        _ => None,
    }
}
