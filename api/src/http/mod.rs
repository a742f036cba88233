//! The front door: everything between a socket and the schema.
//!
//! A request passes, in this order: [`listener`] (time limits, places) → [`telemetry`] (request id,
//! span, panics) → [`endpoint`] (GraphQL over HTTP) → [`pipeline`] ([`guard`], [`cost`], who is
//! asking, [`budget`], execution, [`errors`]) → [`answer`]. Subscriptions, and sockets, go by [`live`].

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::http::header::{
    ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, HeaderName,
    IF_NONE_MATCH, RETRY_AFTER,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware;
use axum::response::Response;
use axum::routing::{any, get};
use tokio::sync::Semaphore;
use tower_http::cors::CorsLayer;

use crate::State;
use crate::kernel::error::{Code, Fault};

pub mod address;
pub mod answer;
pub mod attachments;
pub mod budget;
pub mod cards;
pub mod contract;
pub mod cost;
pub mod endpoint;
mod entry;
mod inside;
mod labels;
mod ledger;
pub mod errors;
pub mod explorer;
pub mod guard;
pub mod health;
pub mod hooks;
pub mod jwks;
pub mod listener;
pub mod live;
pub mod key;
pub mod media;
pub mod metrics;
pub mod open311;
mod parameters;
pub mod pipeline;
mod pulse;
mod sdl;
pub mod sheets;
pub mod telemetry;
pub mod uploads;

/// How long a browser may remember what a preflight told it.
const PREFLIGHT: Duration = Duration::from_hours(24);

/// What the handlers of a server share.
pub struct Door {
    /// The server.
    pub state: Arc<State>,
    /// The way of an operation.
    pub pipeline: pipeline::Pipeline,
    /// Who holds what open.
    seats: Arc<live::Seats>,
    /// Subscriptions take turns at the database, so that requests go on beside them.
    turns: Arc<Semaphore>,
    /// The contract as `contract.json`, made when it is first asked for.
    pub contract: OnceLock<bytes::Bytes>,
    /// Chinese words of enum values, made when they are first asked for.
    labels: OnceLock<labels::Labels>,
    /// The last word on readiness.
    pub readiness: Arc<health::Readiness>,
}

impl Door {
    /// Chinese words of enum values.
    fn labels(&self) -> &labels::Labels {
        self.labels.get_or_init(|| labels::Labels::from_sdl(&self.state.schema.sdl()))
    }
}

/// All routes of a server.
///
/// # Panics
/// When the schema's own SDL can't be read, which a server that was tested once never meets.
pub fn router(state: Arc<State>) -> Router {
    metrics::install();
    let cors = cors(&state.config.http.cors_origins);
    let pipeline = pipeline::Pipeline::new(Arc::clone(&state)).expect("the schema's own SDL can be read");
    let turns = usize::try_from(state.config.database.readers / 2).unwrap_or(1).max(1);
    let door = Arc::new(Door {
        state,
        pipeline,
        seats: Arc::default(),
        turns: Arc::new(Semaphore::new(turns)),
        contract: OnceLock::new(),
        labels: OnceLock::new(),
        readiness: Arc::default(),
    });
    let mut router = Router::new()
        .route("/graphql", any(endpoint::graphql))
        .route(contract::PATH, get(contract::file))
        .route("/uploads", any(uploads::all))
        .route("/uploads/{id}", any(uploads::one))
        .route("/attachments/{id}", get(attachments::whole))
        .route("/attachments/{id}/thumbnail", get(attachments::small))
        .route("/sheets/{id}", get(sheets::one))
        .route("/tasks/{name}", get(ledger::file))
        .route("/cards/sheet", get(cards::sheet))
        .route("/cards/{id}/qr.svg", get(cards::svg))
        .route("/cards/{id}/qr.png", get(cards::png))
        .nest("/open311/v2", open311::routes())
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .route(jwks::PATH, get(jwks::keys))
        .route("/", get(explorer::page))
        .route("/explorer/accounts.json", get(explorer::accounts))
        .route("/explorer/{*path}", get(explorer::file))
        .fallback(nowhere)
        .method_not_allowed_fallback(not_allowed)
        .with_state(Arc::clone(&door));
    if let Some(cors) = cors {
        router = router.layer(cors);
    }
    router
        .layer(middleware::from_fn_with_state(Arc::clone(&door), uploads::speak))
        .layer(middleware::from_fn_with_state(door, telemetry::envelope))
}

/// Lets pages of these origins call the API. Credentials are never let along: there are no cookies.
fn cors(origins: &[String]) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    let named =
        ["idempotency-key", "last-event-id", "traceparent", "x-request-id"].map(HeaderName::from_static);
    let allowed =
        [ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, IF_NONE_MATCH].into_iter().chain(named);
    let allowed = allowed.chain(uploads::SENT);
    let shown = [CONTENT_DISPOSITION, ETAG, RETRY_AFTER, media::REQUEST_ID].into_iter().chain(uploads::SHOWN);
    (!origins.is_empty()).then(|| {
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([Method::GET, Method::POST, Method::HEAD, Method::PATCH, Method::DELETE])
            .allow_headers(allowed.collect::<Vec<_>>())
            .expose_headers(shown.collect::<Vec<_>>())
            .max_age(PREFLIGHT)
    })
}

async fn nowhere(headers: HeaderMap) -> Response {
    not_found(&headers)
}

async fn not_allowed(headers: HeaderMap) -> Response {
    let fault = Fault::new(Code::BadUserInput, "此地址不支持该方法", "This address has no such method");
    refuse(StatusCode::METHOD_NOT_ALLOWED, &fault, &headers)
}

/// The answer to an address that is not here.
fn not_found(headers: &HeaderMap) -> Response {
    let fault = Fault::new(Code::NotFound, "没有这个地址", "There is nothing at this address");
    refuse(StatusCode::NOT_FOUND, &fault, headers)
}

fn refuse(status: StatusCode, fault: &Fault, headers: &HeaderMap) -> Response {
    let answer = answer::declined(status, fault, media::locale(headers), &media::request_id(headers));
    answer::respond(&answer, media::Media::Json, headers)
}
