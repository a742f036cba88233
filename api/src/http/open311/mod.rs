//! `/open311/v2`: the Open311 `GeoReport` v2 interface, in JSON, over the same contract: each of its calls is one of our own
//! documents, asked with the rights, the costs and the access log of whoever shows a key. See <http://wiki.open311.org/GeoReport_v2>.
//!
//! A service (`service_code`) is a category of the county, a request is a demand, a jurisdiction (`jurisdiction_id`) the code of a
//! region. The key goes in as `api_key`, as the interface has it, or as `Authorization: Bearer`, which keeps it out of addresses.

mod requests;
mod services;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Form, FromRequest, Query, Request};
use axum::http::header::RETRY_AFTER;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::endpoint::{Refused, collect};
use super::inside::{Asker, Failed};
use super::{Door, media};
use crate::kernel::error::{Code, Locale};

/// The calls of the interface.
pub(super) fn routes() -> Router<Arc<Door>> {
    Router::new()
        .route("/discovery.json", get(services::discovery))
        .route("/services.json", get(services::list))
        .route("/services/{name}", get(services::definition))
        .route("/requests.json", get(requests::list).post(requests::create))
        .route("/requests/{name}", get(requests::one))
        .route("/tokens/{name}", get(requests::token))
}

/// Why a call is refused: the status, and each mistake in words.
#[derive(Debug)]
struct Wrong {
    status: StatusCode,
    descriptions: Vec<String>,
    retry_after_ms: Option<u64>,
}

impl Wrong {
    fn new(status: StatusCode, description: impl Into<String>) -> Self {
        Self { status, descriptions: vec![description.into()], retry_after_ms: None }
    }

    /// A parameter that is missing or not readable.
    fn bad(locale: Locale, zh: &'static str, en: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, locale.pick(zh, en))
    }

    fn not_there(locale: Locale) -> Self {
        let words = locale.pick(
            "没有这个编号、服务或辖区，或不在密钥的范围内。",
            "There is no such id, service or jurisdiction, or none within reach of the key.",
        );
        Self::new(StatusCode::NOT_FOUND, words)
    }
}

impl From<Failed> for Wrong {
    fn from(failed: Failed) -> Self {
        let status = match failed.code() {
            // Of a key that is missing or not valid the interface says 403.
            Some(Code::Unauthenticated) => StatusCode::FORBIDDEN,
            _ => failed.status(),
        };
        Self { status, descriptions: failed.messages(), retry_after_ms: failed.retry_after_ms() }
    }
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        let code = self.status.as_u16();
        let all = self.descriptions.iter().map(|text| json!({"code": code, "description": text}));
        let mut response = (self.status, axum::Json(all.collect::<Vec<_>>())).into_response();
        if let Some(millis) = self.retry_after_ms {
            let seconds = HeaderValue::from(millis.div_ceil(1000));
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }
}

/// One call: who makes it, with which parameters.
struct Asked {
    asker: Asker,
    locale: Locale,
    parameters: BTreeMap<String, String>,
}

impl Asked {
    /// Reads a call: the parameters of its address, and for a `POST` those of its form.
    async fn read(door: Arc<Door>, request: Request) -> Result<Self, Wrong> {
        let (parts, body) = request.into_parts();
        let locale = media::locale(&parts.headers);
        let unread = || {
            Wrong::bad(
                locale,
                "参数无法读取，应为 application/x-www-form-urlencoded。",
                "The parameters cannot be read; they are sent as application/x-www-form-urlencoded.",
            )
        };
        let Query(mut parameters) =
            Query::<BTreeMap<String, String>>::try_from_uri(&parts.uri).map_err(|_| unread())?;
        if parts.method == Method::POST {
            let whole = collect(&door, body)
                .await
                .map_err(|Refused(status, fault)| Wrong::new(status, fault.message(locale)))?;
            let sent = Request::from_parts(parts.clone(), Body::from(whole));
            let Form(form) =
                Form::<Vec<(String, String)>>::from_request(sent, &()).await.map_err(|_| unread())?;
            parameters.extend(form);
        }
        Self::of(door, &parts, locale, parameters)
    }

    fn of(
        door: Arc<Door>,
        parts: &Parts,
        locale: Locale,
        mut parameters: BTreeMap<String, String>,
    ) -> Result<Self, Wrong> {
        let shown = parameters.remove("api_key").filter(|key| !key.is_empty());
        parameters.retain(|_, value| !value.trim().is_empty());
        let asker = Asker::of(door, parts, shown)
            .map_err(|fault| Wrong::new(StatusCode::FORBIDDEN, fault.message(locale)))?;
        Ok(Self { asker, locale, parameters })
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(|value| value.trim())
    }

    /// Asks one of our documents.
    async fn ask<T: DeserializeOwned>(&self, query: &str, variables: Value) -> Result<T, Wrong> {
        self.asker.ask(query, variables).await.map_err(Wrong::from)
    }
}

/// The name in an address, without its ending; only JSON is spoken.
fn named(name: &str, locale: Locale) -> Result<&str, Wrong> {
    name.strip_suffix(".json").ok_or_else(|| {
        Wrong::new(
            StatusCode::NOT_FOUND,
            locale.pick(
                "只提供 JSON：地址以 .json 结尾。",
                "Only JSON is spoken: the address ends with .json.",
            ),
        )
    })
}
