//! `/metrics` in the text form of Prometheus, for the addresses that may read it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::listener::Connection;
use super::{Door, address, not_found};

/// Upper bounds of durations, in seconds.
const BUCKETS: &[f64] = &[0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// How often what was measured is folded together.
const UPKEEP: Duration = Duration::from_secs(5);
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// The recorder of this process: installed at the first call, the same ever after.
pub fn install() -> &'static PrometheusHandle {
    HANDLE.get_or_init(|| {
        let suffix = Matcher::Suffix("_seconds".to_owned());
        let builder = PrometheusBuilder::new().set_buckets_for_metric(suffix, BUCKETS);
        let recorder = builder.unwrap_or_default().build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another recorder of metrics was there already; /metrics stays empty");
        }
        describe();
        handle
    })
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!("graphql_requests_total", "Operations by type and outcome");
    describe_histogram!("graphql_request_duration_seconds", "Time of an operation by type and outcome");
    describe_counter!("http_responses_total", "Responses by route and status");
    describe_gauge!("http_connections", "Open connections");
    describe_gauge!("http_requests_in_flight", "Requests that are being answered");
    describe_counter!("http_connections_refused_total", "Connections refused because all places were taken");
    describe_counter!("http_connections_cut_total", "Connections cut because they passed a limit of time");
}

/// Folds measurements together for as long as a server runs, whether anybody reads them or not.
pub async fn upkeep() {
    let mut every = tokio::time::interval(UPKEEP);
    loop {
        every.tick().await;
        install().run_upkeep();
    }
}

/// `GET /metrics`
pub async fn metrics(
    State(door): State<Arc<Door>>,
    connection: Option<Extension<Connection>>,
    headers: HeaderMap,
) -> Response {
    let from = &door.state.config.http.metrics_from;
    let allowed = connection.is_none_or(|connection| {
        !address::is_forwarded(&headers) && address::contains(from, connection.peer.ip().to_canonical())
    });
    if !allowed {
        return not_found(&headers);
    }
    (StatusCode::OK, [(CONTENT_TYPE, TEXT), (CACHE_CONTROL, "no-store")], install().render()).into_response()
}
