//! Our own documents, asked from within the front door by interfaces that speak another form: with the rights, the costs and the
//! access log of whoever asks.

use std::sync::Arc;

use async_graphql::Variables;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answer::{Answer, respond, status_of_file};
use super::media::{self, Media};
use super::pipeline::Call;
use super::telemetry::Caller;
use super::{Door, errors, key};
use crate::account::Pass;
use crate::kernel::error::{Code, Fault, Locale};

/// Whoever asks.
pub(super) struct Asker {
    pub(super) door: Arc<Door>,
    pub(super) locale: Locale,
    /// The idempotency key of the header.
    pub(super) key: Option<String>,
    caller: Caller,
    pass: Pass,
    purpose: Option<String>,
}

impl Asker {
    /// Whoever sent a request, by what was shown in its header or elsewhere.
    pub(super) fn of(door: Arc<Door>, parts: &Parts, shown: Option<String>) -> Result<Self, Fault> {
        let bearer = media::bearer(&parts.headers)?;
        Ok(Self {
            door,
            locale: media::locale(&parts.headers),
            key: key::of(&parts.headers),
            caller: parts.extensions.get::<Caller>().cloned().unwrap_or_default(),
            pass: Pass::of(bearer.or(shown)),
            purpose: None,
        })
    }

    /// What is read leaves in a file: the access log says so, and what for, before anybody has it.
    pub(super) fn exporting(self, purpose: impl Into<String>) -> Self {
        Self { purpose: Some(purpose.into()), ..self }
    }

    /// Asks a document.
    pub(super) async fn ask<T: DeserializeOwned>(&self, query: &str, variables: Value) -> Result<T, Failed> {
        let call = Call {
            query: query.to_owned(),
            operation_name: None,
            variables: Variables::from_json(variables),
            read_only: false,
            key: None,
            export: self.purpose.clone(),
            pass: self.pass.clone(),
            locale: self.locale,
            request_id: self.caller.request_id.clone(),
            address: self.caller.address,
        };
        let mut answer = self.door.pipeline.run(call).await;
        if !answer.body.errors.is_empty() {
            return Err(Failed(answer));
        }
        let data = answer.body.data.take().unwrap_or_default();
        serde_json::to_value(data).and_then(serde_json::from_value).map_err(|error| {
            tracing::error!(cause = %error, "an answer of our own cannot be read");
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            let (fault, id) = (errors::internal(), &self.caller.request_id);
            Failed(super::answer::declined(status, &fault, self.locale, id))
        })
    }
}

/// An answer with errors.
#[derive(Debug)]
pub(super) struct Failed(Answer);

impl Failed {
    /// The code of the first error.
    pub(super) fn code(&self) -> Option<Code> {
        Code::of(errors::code_of(self.0.body.errors.first()?)?)
    }

    /// What the errors say.
    pub(super) fn messages(&self) -> Vec<String> {
        self.0.body.errors.iter().map(|error| error.message.clone()).collect()
    }

    /// When to come back.
    pub(super) fn retry_after_ms(&self) -> Option<u64> {
        self.0.retry_after_ms
    }

    /// The status of it where there is no media type of GraphQL.
    pub(super) fn status(&self) -> StatusCode {
        self.0.status.or(self.code().map(status_of_file)).unwrap_or(StatusCode::BAD_REQUEST)
    }

    /// The answer that tells it in place of a file.
    pub(super) fn respond(mut self, headers: &HeaderMap) -> Response {
        self.0.status = Some(self.status());
        self.0.body.data = None;
        respond(&self.0, Media::Json, headers)
    }
}
