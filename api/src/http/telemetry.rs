//! Logs and traces: a span for each request, to the log always and to a collector when one is set.

use std::any::Any;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Instrument, Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use super::listener::Connection;
use super::{Door, address, answer, errors, media};
use crate::config::{Config, LogFormat};

/// How long the last spans may take to leave at a stop.
const FLUSH: Duration = Duration::from_secs(3);
/// The name of our tracer.
const TRACER: &str = "lianhu";

/// Who sent a request, for everything behind the door.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The id of the request.
    pub request_id: String,
    /// From where it came, past trusted proxies.
    pub address: Option<IpAddr>,
}

/// The log and the traces of a process. Spans that are still here leave with [`Telemetry::flush`].
#[derive(Debug, Default)]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Starts them as the settings say. Once for each process; later calls keep the first.
    pub fn start(config: &Config) -> Result<Self, String> {
        let level: Targets = config.log.level.parse().map_err(|error| format!("log.level: {error}"))?;
        let log = match config.log.format {
            LogFormat::Human => fmt::layer().with_target(false).with_writer(std::io::stderr).boxed(),
            LogFormat::Json => fmt::layer()
                .json()
                .flatten_event(true)
                .with_span_list(false)
                .with_writer(std::io::stderr)
                .boxed(),
        };
        let provider =
            config.telemetry.otlp_endpoint.as_deref().map(|to| provider(to, config)).transpose()?;
        let traces = provider.as_ref().map(|provider| {
            let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer(TRACER));
            layer.with_filter(Targets::new().with_target("lianhu", tracing::Level::INFO))
        });
        let registry = tracing_subscriber::registry().with(traces).with(log.with_filter(level));
        if registry.try_init().is_err() {
            tracing::debug!("a log was there already");
        }
        Ok(Self { provider })
    }

    /// Sends the last spans.
    pub fn flush(self) {
        let Some(provider) = self.provider else { return };
        if let Err(error) = provider.shutdown_with_timeout(FLUSH) {
            tracing::warn!(%error, "the last spans were lost");
        }
    }
}

fn provider(endpoint: &str, config: &Config) -> Result<SdkTracerProvider, String> {
    let endpoint = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let exporter = SpanExporter::builder().with_http().with_endpoint(endpoint).with_timeout(FLUSH).build();
    let exporter = exporter.map_err(|error| format!("telemetry.otlp_endpoint: {error}"))?;
    let resource = Resource::builder().with_service_name(config.telemetry.service_name.clone()).build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// The outermost layer: names the request and its caller, opens its span, catches panics, and puts
/// the request id on whatever is answered.
pub async fn envelope(State(door): State<Arc<Door>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let caller = caller(&request, &door);
    let route = route(&request);
    let span = span(&request, &route, &caller);
    let locale = media::locale(request.headers());
    request.extensions_mut().insert(caller.clone());
    let id = HeaderValue::from_str(&caller.request_id).ok();
    // From here on every handler reads the same id, whether the client sent one or not.
    if let Some(id) = &id {
        request.headers_mut().insert(media::REQUEST_ID, id.clone());
    }
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone()).await;
    let mut response = answer.unwrap_or_else(|panic| {
        span.in_scope(|| tracing::error!(cause = panic_text(&*panic), "a handler panicked"));
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        let answer = answer::declined(status, &errors::internal(), locale, &caller.request_id);
        answer::respond(&answer, media::Media::Json, &HeaderMap::new())
    });
    if let Some(id) = id {
        response.headers_mut().insert(media::REQUEST_ID, id);
    }
    let status = response.status().as_u16();
    span.record("status", status);
    metrics::counter!("http_responses_total", "route" => route, "status" => status.to_string()).increment(1);
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    if status >= 500 {
        span.in_scope(|| tracing::warn!(millis, "answered"));
    } else {
        span.in_scope(|| tracing::debug!(millis, "answered"));
    }
    response
}

/// What a panic said.
pub fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("unknown")
}

fn caller(request: &Request, door: &Door) -> Caller {
    let trusted = &door.state.config.http.trusted_proxies;
    let connection = request.extensions().get::<Connection>();
    Caller {
        request_id: media::request_id(request.headers()),
        address: connection
            .map(|connection| address::client(connection.peer.ip(), request.headers(), trusted)),
    }
}

/// The pattern that the path fits, so that there are as many names as there are routes.
fn route(request: &Request) -> String {
    request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned()
}

fn span(request: &Request, route: &str, caller: &Caller) -> Span {
    let span = tracing::info_span!(
        "request",
        otel.kind = "server",
        otel.name = %format_args!("{} {route}", request.method()),
        method = %request.method(),
        route,
        request_id = caller.request_id,
        operation = field::Empty,
        status = field::Empty,
    );
    if request.headers().contains_key("traceparent") {
        let parent = TraceContextPropagator::new().extract(&Headers(request.headers()));
        // Without a collector there is no trace to join.
        let _ = span.set_parent(parent);
    }
    span
}

/// Headers, as W3C trace context reads them.
struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(axum::http::HeaderName::as_str).collect()
    }
}
