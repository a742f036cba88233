//! What goes back: the body of an answer, and the status that it has whatever the media type.

use std::collections::BTreeMap;
use std::io::Write as _;

use async_graphql::{Pos, Response, ServerError, Value};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response as HttpResponse};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use super::budget::Receipt;
use super::errors::{self, Reader};
use super::media::{self, Media};
use crate::kernel::error::{Code, Fault, Locale};

/// Answers shorter than this are not worth compressing.
const WORTH_COMPRESSING: usize = 1024;

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

/// The status of what is refused where a file, or another interface than GraphQL, is asked for.
pub fn status_of_file(code: Code) -> StatusCode {
    status_of(code).unwrap_or(match code {
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Conflict => StatusCode::CONFLICT,
        _ => StatusCode::BAD_REQUEST,
    })
}

/// The answer to a request that is refused before its operation is looked at.
pub fn declined(status: StatusCode, fault: &Fault, locale: Locale, request_id: &str) -> Answer {
    let reader = Reader { locale, request_id, anonymous: true };
    let errors = vec![errors::from_fault(fault, Vec::new(), reader)];
    let body = Body { errors, data: None, extensions: BTreeMap::new() };
    Answer { body, status: Some(status), retry_after_ms: fault.retry_after_ms }
}

/// Writes an answer.
pub fn respond(answer: &Answer, media: Media, headers: &HeaderMap) -> HttpResponse {
    let status = answer.status.unwrap_or(match (answer.body.data.is_some(), media) {
        (true, _) | (false, Media::Json) => StatusCode::OK,
        (false, Media::Graphql) => StatusCode::BAD_REQUEST,
    });
    let text = serde_json::to_vec(&answer.body).unwrap_or_default();
    let gzip = text.len() >= WORTH_COMPRESSING && media::takes_gzip(headers);
    let packed = if gzip { compressed(&text) } else { None };
    let is_packed = packed.is_some();
    let mut response = (status, packed.unwrap_or(text)).into_response();
    let fields = response.headers_mut();
    fields.insert(CONTENT_TYPE, media.content_type());
    fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    fields.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding, Accept-Language"));
    if is_packed {
        fields.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if let Some(millis) = answer.retry_after_ms {
        fields.insert(RETRY_AFTER, millis.div_ceil(1000).max(1).into());
    }
    if status == StatusCode::UNAUTHORIZED {
        fields.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn compressed(text: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::fast());
    encoder.write_all(text).ok()?;
    encoder.finish().ok()
}
