//! Another system that is posted to: it keeps what comes, and answers as it is told.

use aws_lc_rs::hmac;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
    routing::any,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// Long enough for what comes within seconds, on a machine that does other things too.
pub(super) const SOON: Duration = Duration::from_secs(15);

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Got {
    pub(super) path: String,
    pub(super) id: String,
    pub(super) timestamp: String,
    pub(super) signatures: Vec<String>,
    pub(super) content_type: String,
    pub(super) text: String,
}

impl Got {
    pub(super) fn body(&self) -> Value {
        serde_json::from_str(&self.text).expect("JSON")
    }

    /// What the document asked for.
    pub(super) fn event(&self) -> Value {
        self.body()["data"]["data"]["changes"].clone()
    }

    /// Which of its signatures are by this secret, reckoned as the standard says.
    pub(super) fn signed_by(&self, secret: &str) -> usize {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("a secret")).expect("base64");
        assert_eq!(key.len(), 32);
        let content = format!("{}.{}.{}", self.id, self.timestamp, self.text);
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), content.as_bytes());
        let wanted = format!("v1,{}", STANDARD.encode(tag.as_ref()));
        self.signatures.iter().filter(|one| **one == wanted).count()
    }
}

#[derive(Default)]
struct Inside {
    got: Mutex<Vec<Got>>,
    /// Statuses of the next answers; 200 after them.
    answers: Mutex<VecDeque<u16>>,
    delay: Mutex<Duration>,
}

/// The system.
#[derive(Clone)]
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    inside: Arc<Inside>,
}

async fn take(
    State(inside): State<Arc<Inside>>,
    uri: axum::http::Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let got = Got {
        path: uri.path().to_owned(),
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signatures: header("webhook-signature").split(' ').map(str::to_owned).collect(),
        content_type: header("content-type"),
        text: String::from_utf8(body.to_vec()).expect("text"),
    };
    inside.got.lock().expect("no panic").push(got);
    let delay = *inside.delay.lock().expect("no panic");
    tokio::time::sleep(delay).await;
    let status = inside.answers.lock().expect("no panic").pop_front().unwrap_or(200);
    let status = StatusCode::from_u16(status).expect("a status");
    (status, [(LOCATION, "/elsewhere")], "what it says is not read").into_response()
}

impl Receiver {
    pub(super) async fn open() -> Self {
        let inside = Arc::new(Inside::default());
        let router = Router::new().fallback(any(take)).with_state(Arc::clone(&inside));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, inside }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// What the next answers are.
    pub(super) fn answer(&self, statuses: impl IntoIterator<Item = u16>) {
        *self.inside.answers.lock().expect("no panic") = statuses.into_iter().collect();
    }

    pub(super) fn delay(&self, by: Duration) {
        *self.inside.delay.lock().expect("no panic") = by;
    }

    pub(super) fn got(&self) -> Vec<Got> {
        self.inside.got.lock().expect("no panic").clone()
    }

    /// Waits until so many have come in all; gives them.
    pub(super) async fn wait(&self, count: usize) -> Vec<Got> {
        let begun = Instant::now();
        loop {
            let got = self.got();
            if got.len() >= count {
                return got;
            }
            assert!(begun.elapsed() < SOON, "{count} were to come: {got:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for as long as something would take that must not come.
    pub(super) async fn silent(&self, count: usize) {
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        let got = self.got();
        assert_eq!(got.len(), count, "{got:#?}");
    }
}
