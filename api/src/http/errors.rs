//! The last look over the errors of an answer: each leaves with a code, the request's id and word
//! on whether to try again, and none with more than its reader should know.

use async_graphql::{ErrorExtensionValues, Pos, Response, ServerError, Value};

use crate::kernel::error::{Code, Fault, Internal, Locale};

/// The longest message, in bytes.
const MAX_MESSAGE: usize = 512;
/// Errors in one answer; a document with more mistakes is not read to the end by anybody.
const MAX_ERRORS: usize = 20;
/// What the engine says when an argument or variable does not fit its type.
const MISFITS: &[&str] = &[
    "Failed to parse",
    "Invalid value for argument",
    "Invalid default value for argument",
    "Expected input type",
    "Expected input value",
    "Invalid number",
    "Variable ",
];
/// What the engine says when a document asks for what is not there, though a resolver was reached.
const UNKNOWN: &[&str] = &["Cannot query field", "Schema is not configured", "Unknown "];
/// Where the engine begins to guess what was meant.
const SUGGESTION: &str = " Did you mean";
/// Where the engine begins to repeat what it was given.
const ECHO: &str = ", found ";
/// For whom an answer is.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// The language of messages.
    pub locale: Locale,
    /// The id of the request.
    pub request_id: &'a str,
    /// Has not signed in.
    pub anonymous: bool,
}

/// The fault of a whole request as the error of an answer.
pub fn from_fault(fault: &Fault, locations: Vec<Pos>, reader: Reader<'_>) -> ServerError {
    let mut error = ServerError::new(fault.message(reader.locale), None);
    error.locations = locations;
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", fault.code.as_str());
    extensions.set("retryable", fault.code.retryable());
    if let Some(millis) = fault.retry_after_ms {
        extensions.set("retryAfterMs", millis);
    }
    error.extensions = Some(extensions);
    finish(&mut error, reader);
    error
}

/// Looks over all errors of an answer of the engine.
pub fn review(response: &mut Response, reader: Reader<'_>) {
    response.errors.truncate(MAX_ERRORS);
    for error in &mut response.errors {
        if let Some(Internal(cause)) = error.source::<Internal>() {
            log(cause, error, reader);
            internal().message(reader.locale).clone_into(&mut error.message);
        } else if let Some(fault) = error.source::<Fault>() {
            error.message = fault.message(reader.locale).to_owned();
        } else if code_of(error).is_none() {
            classify(error, reader);
        }
        finish(error, reader);
    }
}

/// The code of an error, when it has one.
pub fn code_of(error: &ServerError) -> Option<&str> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code),
        _ => None,
    }
}

/// How long an error asks its reader to wait.
pub fn retry_after_of(error: &ServerError) -> Option<u64> {
    match error.extensions.as_ref()?.get("retryAfterMs")? {
        Value::Number(millis) => millis.as_u64(),
        _ => None,
    }
}

/// The neutral fault that stands for whatever went wrong inside.
pub fn internal() -> Fault {
    Fault::new(
        Code::InternalServerError,
        "服务器内部错误，请稍后再试；如仍出现，请提供请求编号",
        "The server failed. Try again later; if it stays, report the request id",
    )
}

/// Gives a code to an error that has none, and takes from it what is not its reader's business.
fn classify(error: &mut ServerError, reader: Reader<'_>) {
    let begins = |starts: &[&str]| starts.iter().any(|start| error.message.starts_with(start));
    let is_engines = error.source.is_none();
    let code = if is_engines && begins(MISFITS) && !is_undefined_variable(error) {
        Code::BadUserInput
    } else if error.path.is_empty() || (is_engines && begins(UNKNOWN)) {
        Code::GraphqlValidationFailed
    } else {
        Code::InternalServerError
    };
    if code == Code::InternalServerError {
        log(&error.message, error, reader);
        internal().message(reader.locale).clone_into(&mut error.message);
    }
    error.extensions.get_or_insert_default().set("code", code.as_str());
}

/// A variable that the document does not define is the document's mistake, not a value's.
fn is_undefined_variable(error: &ServerError) -> bool {
    error.path.is_empty() && error.message.starts_with("Variable ")
}

fn finish(error: &mut ServerError, reader: Reader<'_>) {
    if reader.anonymous {
        cut_at(&mut error.message, SUGGESTION);
    }
    if error.message.starts_with("Expected input") {
        cut_at(&mut error.message, ECHO);
    }
    let end = error.message.floor_char_boundary(MAX_MESSAGE);
    error.message.truncate(end);
    let extensions = error.extensions.get_or_insert_default();
    extensions.set("requestId", reader.request_id);
    if extensions.get("retryable").is_none() {
        extensions.set("retryable", false);
    }
}

fn cut_at(message: &mut String, mark: &str) {
    if let Some(at) = message.find(mark) {
        message.truncate(at);
    }
}

fn log(cause: &str, error: &ServerError, reader: Reader<'_>) {
    let path = serde_json::to_string(&error.path).unwrap_or_default();
    tracing::error!(request_id = reader.request_id, %path, %cause, "a resolver failed");
}
