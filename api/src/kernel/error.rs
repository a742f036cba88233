//! What can go wrong, in three kinds: a refusal that a client expects (data in the payload), a fault of the request
//! (a top-level error with a code), and a fault of ours (logged once at the edge; its text never leaves the process).

use async_graphql::{ErrorExtensionValues, Value};
use sea_orm::{DbErr, RuntimeErr};
use std::sync::Arc;

pub use super::refusal::{Refusal, RefusalCode, UserError};

/// The language of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Locale {
    /// Chinese, the default.
    #[default]
    Zh,
    /// English.
    En,
}

impl Locale {
    /// The first of the listed languages that we speak.
    #[must_use]
    pub fn from_accept_language(header: Option<&str>) -> Self {
        header
            .unwrap_or_default()
            .split(',')
            .find_map(|range| match range.trim().get(..2)?.to_ascii_lowercase().as_str() {
                "zh" => Some(Self::Zh),
                "en" => Some(Self::En),
                _ => None,
            })
            .unwrap_or_default()
    }

    /// Picks the text of this language.
    #[must_use]
    pub fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $retryable:literal;)*) => {
        /// The closed set of `extensions.code`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// How it is written in `extensions.code`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The code that is written so.
            #[must_use]
            pub fn of(text: &str) -> Option<Self> {
                [$(Self::$name,)*].into_iter().find(|code| code.as_str() == text)
            }

            /// Whether the same request may do better later.
            #[must_use]
            pub fn retryable(self) -> bool {
                match self { $(Self::$name => $retryable,)* }
            }
        }
    };
}

codes! {
    /// An argument or variable does not fit.
    BadUserInput = "BAD_USER_INPUT", false;
    /// The document is not GraphQL.
    GraphqlParseFailed = "GRAPHQL_PARSE_FAILED", false;
    /// The document does not fit the schema.
    GraphqlValidationFailed = "GRAPHQL_VALIDATION_FAILED", false;
    /// Nobody is signed in, or no longer.
    Unauthenticated = "UNAUTHENTICATED", false;
    /// Signed in by a password that somebody else made, and that is to be changed first.
    PasswordChangeRequired = "PASSWORD_CHANGE_REQUIRED", false;
    /// Signed in, but without the right.
    Forbidden = "FORBIDDEN", false;
    /// Nothing of that name, or nothing that the viewer may see.
    NotFound = "NOT_FOUND", false;
    /// Somebody else changed the same thing at the same moment.
    Conflict = "CONFLICT", true;
    /// The budget is used up.
    RateLimited = "RATE_LIMITED", true;
    /// More is being asked than can be answered.
    Overloaded = "OVERLOADED", true;
    /// The body or the query text is too long.
    PayloadTooLarge = "PAYLOAD_TOO_LARGE", false;
    /// The document nests too deep.
    QueryTooDeep = "QUERY_TOO_DEEP", false;
    /// The document has too many parts.
    QueryTooWide = "QUERY_TOO_WIDE", false;
    /// The document asks for too much.
    QueryTooCostly = "QUERY_TOO_COSTLY", false;
    /// The cursor belongs to another list.
    CursorMismatch = "CURSOR_MISMATCH", false;
    /// The same idempotency key came with another input.
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED", false;
    /// The answer took too long.
    Timeout = "TIMEOUT", true;
    /// The disk or the database refused to store.
    Storage = "STORAGE", true;
    /// Our fault.
    InternalServerError = "INTERNAL_SERVER_ERROR", false;
}

/// A fault of a whole request, or of one field of it: a top-level error.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What kind.
    pub code: Code,
    /// Message in Chinese.
    pub zh: String,
    /// Message in English.
    pub en: String,
    /// When to come back, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

impl Fault {
    /// A fault with its message in both languages.
    pub fn new(code: Code, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { code, zh: zh.into(), en: en.into(), retry_after_ms: None }
    }

    /// Says when to come back.
    #[must_use]
    pub fn retry_after(mut self, ms: u64) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }

    /// The message in one language.
    #[must_use]
    pub fn message(&self, locale: Locale) -> &str {
        locale.pick(&self.zh, &self.en)
    }

    /// An argument that does not fit.
    pub fn input(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(Code::BadUserInput, zh, en)
    }

    /// Nobody is signed in.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "请先登录。", "Sign in first.")
    }
}

/// The hidden cause of a fault of ours.
#[derive(Clone, Debug)]
pub struct Internal(pub String);

/// Anything that can go wrong. It has no `Display`, so that a bare `?` in a resolver cannot drop the code.
#[derive(Clone, Debug)]
pub enum Error {
    /// Expected by clients; becomes data in the payload of a mutation.
    Refused(Vec<Refusal>),
    /// The request is wrong, or too much.
    Fault(Box<Fault>),
    /// We are wrong.
    Internal(Arc<Internal>),
}

/// What commands and questions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The same refusal of a part of a larger input: `demands.0` goes in front of its field.
    #[must_use]
    pub fn under(self, part: &str) -> Self {
        let Self::Refused(mut refusals) = self else { return self };
        for refusal in &mut refusals {
            let at = refusal.path.len().min(1);
            refusal.path.splice(at..at, part.split('.').map(str::to_owned));
        }
        Self::Refused(refusals)
    }

    /// A fault of ours, with its cause for the log.
    pub fn internal(cause: impl std::fmt::Debug) -> Self {
        Self::Internal(Arc::new(Internal(format!("{cause:?}"))))
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(vec![refusal])
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if matches!(error, DbErr::ConnectionAcquire(_)) {
            return Fault::new(
                Code::Overloaded,
                "服务繁忙，请稍后再试。",
                "Too busy at the moment; please try again.",
            )
            .retry_after(1000)
            .into();
        }
        // PostgreSQL tells in its own language what it refuses, and in a code what that is.
        let state = state(&error).unwrap_or_default();
        let text = format!("{state} {error}");
        if state == "55P03" {
            return Fault::new(
                Code::Conflict,
                "他人正在改动同一批记录（如导入或区划调整），请稍后重试。",
                "Somebody is changing the same records, as by an import or a boundary change; please try again later.",
            )
            .retry_after(5000)
            .into();
        }
        let storage = ["disk is full", "disk I/O error", "No space left", "53100"];
        if storage.iter().any(|sign| text.contains(sign)) {
            return Fault::new(
                Code::Storage,
                "暂时无法保存，请稍后再试。",
                "Nothing can be stored at the moment; please try again.",
            )
            .into();
        }
        // The message without the row that a database tells of in its details: that may be somebody's data.
        Self::Internal(Arc::new(Internal(text)))
    }
}

/// The SQLSTATE of what a database refused.
fn state(error: &DbErr) -> Option<String> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
            Some(error.as_database_error()?.code()?.into_owned())
        }
        _ => None,
    }
}

/// Both messages travel to the edge of the request, where the language is known.
impl From<Error> for async_graphql::Error {
    fn from(error: Error) -> Self {
        let mut out = async_graphql::Error::new("");
        let mut extensions = ErrorExtensionValues::default();
        match error {
            Error::Internal(cause) => {
                "internal".clone_into(&mut out.message);
                out.source = Some(cause);
                extensions.set("code", Code::InternalServerError.as_str());
            }
            Error::Fault(fault) => {
                extensions.set("code", fault.code.as_str());
                extensions.set("retryable", fault.code.retryable());
                if let Some(ms) = fault.retry_after_ms {
                    extensions.set("retryAfterMs", ms);
                }
                out.message.clone_from(&fault.en);
                out.source = Some(Arc::new(*fault));
            }
            Error::Refused(refusals) => {
                let refusal = refusals.into_iter().next();
                let fault = refusal.map_or_else(
                    || Fault::input("请求被拒绝。", "Refused."),
                    |refusal| Fault::new(refusal.code.fault(), refusal.zh, refusal.en),
                );
                extensions.set("code", Value::from(fault.code.as_str()));
                extensions.set("retryable", fault.code.retryable());
                out.message.clone_from(&fault.en);
                out.source = Some(Arc::new(fault));
            }
        }
        out.extensions = Some(extensions);
        out
    }
}
