//! Server-sent events: a POST (or GET) of `/graphql` that takes `text/event-stream`, as `graphql-sse` has it in its mode of
//! distinct connections. Each result is a `next`, its cursor the `id:`; `complete` says that there is no more. An operation
//! that may not begin is answered as any request.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body as HttpBody;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tracing::Instrument;

use super::super::Door;
use super::super::answer::{Answer, Body, declined, respond};
use super::super::listener::Connection;
use super::super::media::Media;
use super::super::pipeline::Call;
use super::stream::{End, Live};
use super::{Seat, Taken, too_many};

/// The media type.
const EVENTS: &str = "text/event-stream";
/// Where a client that lost its connection says what it has had.
const LAST: HeaderName = HeaderName::from_static("last-event-id");
/// Proxies are told to pass events on at once.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// The variable that a subscription goes on by.
const AFTER: &str = "after";
/// The longest silence.
const SILENCE: Duration = Duration::from_secs(12);
/// Events that wait for the client; whoever makes them waits beyond.
const WAITING: usize = 4;

/// Whether a request takes events, by name.
pub fn wanted(headers: &HeaderMap) -> bool {
    let texts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case(EVENTS))
            && !parts.any(|parameter| matches!(parameter, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

/// Answers an operation by events.
pub async fn answer(
    door: Arc<Door>,
    mut call: Call,
    connection: Option<Connection>,
    headers: &HeaderMap,
) -> Response {
    if !door.pipeline.is_subscription(&call) {
        let answer = door.pipeline.run(call).await;
        return once(&answer, headers);
    }
    go_on_after(&mut call, headers);
    let (locale, request_id) = (call.locale, call.request_id.clone());
    let live = match Live::begin(&door, call, true).await {
        Ok(live) => live,
        Err(answer) => return once(&answer, headers),
    };
    let Some(seat) = door.seats.take(live.account(), Seat::Stream) else {
        let fault = too_many(Seat::Stream.most());
        let answer = declined(StatusCode::TOO_MANY_REQUESTS, &fault, locale, &request_id);
        return respond(&answer, Media::Json, headers);
    };
    let (out, events) = mpsc::channel(WAITING);
    let span = tracing::info_span!("events", request_id);
    tokio::spawn(run(live, out, connection, seat).instrument(span));
    // Before the connection counts as idle.
    let silence = SILENCE.min(door.state.config.http.idle_timeout / 2);
    stream_of(HttpBody::from_stream(kept_alive(events, silence)))
}

/// A client that was cut off goes on after what it has had, whatever its variables say.
fn go_on_after(call: &mut Call, headers: &HeaderMap) {
    let Some(last) = headers.get(LAST).and_then(|value| value.to_str().ok()).filter(|last| !last.is_empty())
    else {
        return;
    };
    call.variables.insert(async_graphql::Name::new(AFTER), last.into());
}

/// Sends events until somebody ends it.
async fn run(mut live: Live, out: mpsc::Sender<Bytes>, mut connection: Option<Connection>, _seat: Taken) {
    let closes = async {
        match &mut connection {
            Some(connection) => connection.closes().await,
            None => std::future::pending().await,
        }
    };
    let told = async {
        loop {
            match live.next().await {
                Ok(said) => {
                    if out.send(next(Some(&said.cursor), &said.body)).await.is_err() {
                        return;
                    }
                }
                Err(End::SignedOut(body) | End::Failed(body)) => {
                    _ = out.send(next(None, &body)).await;
                    _ = out.send(complete()).await;
                    return;
                }
            }
        }
    };
    tokio::select! {
        () = told => {}
        () = out.closed() => {}
        // Without a `complete`, so that the client goes on elsewhere.
        () = closes => {}
    }
}

/// The events, with a word now and then so that nobody takes the connection for dead.
fn kept_alive(
    events: mpsc::Receiver<Bytes>,
    silence: Duration,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    // The first word goes out at once, so that the client knows that it was taken.
    let first = stream::iter([Ok(Bytes::from_static(b":\n\n"))]);
    let rest = stream::unfold(events, move |mut events| async move {
        let event = match timeout(silence, events.recv()).await {
            Ok(event) => event?,
            Err(_) => Bytes::from_static(b":\n\n"),
        };
        Some((Ok(event), events))
    });
    futures_util::StreamExt::chain(first, rest)
}

/// One answer, as an event where it was executed or the document is wrong; otherwise as any answer.
fn once(answer: &Answer, headers: &HeaderMap) -> Response {
    if answer.status.is_some_and(|status| !status.is_success()) {
        return respond(answer, Media::Json, headers);
    }
    stream_of(HttpBody::from([next(None, &answer.body), complete()].concat()))
}

fn stream_of(body: HttpBody) -> Response {
    let mut response = (StatusCode::OK, body).into_response();
    let fields = response.headers_mut();
    fields.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    fields.insert(BUFFERING, HeaderValue::from_static("no"));
    response
}

fn next(cursor: Option<&str>, body: &Body) -> Bytes {
    let data = serde_json::to_string(body).unwrap_or_default();
    let id = cursor.map(|cursor| format!("id: {cursor}\n")).unwrap_or_default();
    format!("event: next\n{id}data: {data}\n\n").into()
}

fn complete() -> Bytes {
    Bytes::from_static(b"event: complete\ndata: \n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn events_are_taken_by_those_who_name_them() {
        let takes = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, accept.parse().expect("a value"));
            wanted(&headers)
        };
        assert!(takes("text/event-stream"));
        assert!(takes("application/json;q=0.5, Text/Event-Stream"));
        assert!(!takes("text/event-stream;q=0"));
        assert!(!takes("*/*"));
        assert!(!takes("application/graphql-response+json, application/json;q=0.9"));
        assert!(!wanted(&HeaderMap::new()));
    }

    #[test]
    fn an_event_is_one_line_of_json() {
        assert_eq!(&complete()[..], b"event: complete\ndata: \n\n");
        let body = Body { errors: Vec::new(), data: Some("a\nb".into()), extensions: BTreeMap::default() };
        assert_eq!(&next(Some("abc"), &body)[..], b"event: next\nid: abc\ndata: {\"data\":\"a\\nb\"}\n\n");
    }
}
