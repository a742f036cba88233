//! `/health/live`: the process answers. `/health/ready`: it can serve; soon not any more when it is
//! about to stop.
//!
//! Readiness asks the database at most twice a second and never keeps its caller waiting: when the
//! pool is exhausted, the answer is still there at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Extension, State};
use axum::http::header::{CACHE_CONTROL, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, body::Body};
use serde_json::json;
use tokio::sync::Notify;

use super::Door;
use super::listener::Connection;
use crate::State as Server;

/// A check this young is not repeated.
const FRESH: Duration = Duration::from_millis(500);
/// A check this old says nothing any more.
const STALE: Duration = Duration::from_secs(3);
/// How long a caller waits for a check that is under way.
const PATIENCE: Duration = Duration::from_millis(40);
/// How long a check may take.
const CHECK: Duration = Duration::from_secs(5);

/// The last check and the one under way.
#[derive(Debug, Default)]
pub struct Readiness {
    last: Mutex<Option<(Instant, bool)>>,
    running: Arc<tokio::sync::Mutex<()>>,
    done: Notify,
}

impl Readiness {
    /// Whether the server can serve, as far as is known within [`PATIENCE`].
    pub async fn ask(self: &Arc<Self>, server: &Arc<Server>) -> bool {
        if let Some(known) = self.known(FRESH) {
            return known;
        }
        let done = self.done.notified();
        if let Ok(turn) = Arc::clone(&self.running).try_lock_owned() {
            let (readiness, server) = (Arc::clone(self), Arc::clone(server));
            tokio::spawn(async move {
                let is_ready = check(&server).await;
                *readiness.last.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some((Instant::now(), is_ready));
                drop(turn);
                readiness.done.notify_waiters();
            });
        }
        // Whether it was in time shows in what is known now.
        let _ = tokio::time::timeout(PATIENCE, done).await;
        self.known(STALE).unwrap_or(false)
    }

    fn known(&self, age: Duration) -> Option<bool> {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.filter(|(at, _)| at.elapsed() < age).map(|(_, is_ready)| is_ready)
    }
}

async fn check(server: &Server) -> bool {
    match tokio::time::timeout(CHECK, server.ready()).await {
        Ok(Ok(())) => true,
        Ok(Err(cause)) => {
            tracing::warn!(%cause, "not ready");
            false
        }
        Err(_) => {
            tracing::warn!("not ready: the check took too long");
            false
        }
    }
}

/// `GET /health/live`
pub async fn live() -> Response {
    answer(StatusCode::OK, json!({ "status": "live" }))
}

/// `GET /health/ready`
pub async fn ready(State(door): State<Arc<Door>>, connection: Option<Extension<Connection>>) -> Response {
    let stopping = connection.is_some_and(|connection| connection.is_stopping());
    if stopping {
        return answer(
            StatusCode::SERVICE_UNAVAILABLE,
            json!({ "status": "not ready", "reason": "stopping" }),
        );
    }
    if door.readiness.ask(&door.state).await {
        answer(StatusCode::OK, json!({ "status": "ready" }))
    } else {
        answer(StatusCode::SERVICE_UNAVAILABLE, json!({ "status": "not ready", "reason": "storage" }))
    }
}

fn answer(status: StatusCode, body: serde_json::Value) -> Response<Body> {
    let mut response = (status, Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
