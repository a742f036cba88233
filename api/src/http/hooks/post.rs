//! One request to another system: to an address that may be reached, and nothing is believed of its answer but the status.

use std::error::Error as _;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};

use crate::kernel::error::{Error, Result};
use crate::webhook::address::{check, may_reach};
use crate::webhook::queue::Outcome;
use entity::kind::WebhookError;

/// How long an attempt may take, from the name to the end of the answer.
const TIME_LIMIT: Duration = Duration::from_secs(15);
/// How much of an answer is read, and thrown away.
const ANSWER: usize = 64 * 1024;

/// Posts to other systems.
pub(super) struct Post {
    over_tls: Client,
    plain: Client,
    allowed: Arc<[IpNet]>,
}

/// What is posted.
pub(super) struct Letter<'a> {
    pub(super) url: &'a str,
    pub(super) id: String,
    pub(super) timestamp: i64,
    pub(super) signatures: String,
    pub(super) body: String,
}

/// Why a name was not resolved.
#[derive(Debug)]
enum Stop {
    Unknown,
    NotAllowed,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "the name is not known",
            Self::NotAllowed => "the address may not be reached",
        })
    }
}

impl std::error::Error for Stop {}

/// Resolves names to addresses that may be reached: those are connected to, and no others. All addresses of a name count, so
/// that no chance decides.
struct Guarded {
    allowed: Arc<[IpNet]>,
    over_tls: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (allowed, over_tls) = (Arc::clone(&self.allowed), self.over_tls);
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| Stop::Unknown)?.collect();
            if found.is_empty() {
                return Err(Stop::Unknown.into());
            }
            if !found.iter().all(|address| may_reach(address.ip(), &allowed, over_tls)) {
                return Err(Stop::NotAllowed.into());
            }
            let found: Addrs = Box::new(found.into_iter());
            Ok(found)
        })
    }
}

fn client(allowed: &Arc<[IpNet]>, over_tls: bool) -> Result<Client> {
    Client::builder()
        .https_only(over_tls)
        .redirect(Policy::none())
        .no_proxy()
        .referer(false)
        .timeout(TIME_LIMIT)
        .user_agent("lianhu")
        .dns_resolver(Arc::new(Guarded { allowed: Arc::clone(allowed), over_tls }))
        .build()
        .map_err(Error::internal)
}

impl Post {
    pub(super) fn new(allowed: &[IpNet]) -> Result<Self> {
        let allowed: Arc<[IpNet]> = allowed.into();
        Ok(Self { over_tls: client(&allowed, true)?, plain: client(&allowed, false)?, allowed })
    }

    /// Sends one.
    pub(super) async fn send(&self, letter: Letter<'_>) -> Outcome {
        let Letter { url, id, timestamp, signatures, body } = letter;
        // What is allowed may have changed since it was set up.
        let Ok(url) = check(url, &self.allowed) else {
            return Outcome::Failed(WebhookError::AddressNotAllowed, None);
        };
        let client = if url.scheme() == "https" { &self.over_tls } else { &self.plain };
        let request = client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures)
            .body(body);
        let mut status = None;
        let sent = tokio::time::timeout(TIME_LIMIT, async {
            let response = request.send().await?;
            status = Some(response.status());
            drain(response).await;
            Ok::<_, reqwest::Error>(())
        });
        let sent = sent.await;
        match (status, sent) {
            (Some(status), _) if status.is_success() => Outcome::Taken(status.as_u16()),
            (Some(StatusCode::GONE), _) => {
                Outcome::Hopeless(WebhookError::Status, Some(StatusCode::GONE.as_u16()))
            }
            (Some(status), _) => Outcome::Failed(WebhookError::Status, Some(status.as_u16())),
            (None, Ok(Err(error))) => Outcome::Failed(why(&error), None),
            (None, _) => Outcome::Failed(WebhookError::Timeout, None),
        }
    }
}

/// Reads an answer as far as it is read, and throws it away: the connection can be used again then.
async fn drain(mut response: Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if read >= ANSWER {
            break;
        }
    }
}

/// Why a request failed, in one of our words.
fn why(error: &reqwest::Error) -> WebhookError {
    if error.is_timeout() {
        return WebhookError::Timeout;
    }
    let mut source = error.source();
    while let Some(cause) = source {
        match cause.downcast_ref::<Stop>() {
            Some(Stop::NotAllowed) => return WebhookError::AddressNotAllowed,
            Some(Stop::Unknown) => return WebhookError::Name,
            None => {}
        }
        // What an error of the system wraps is not among its sources.
        let mut wrapped = cause.downcast_ref::<io::Error>();
        while let Some(one) = wrapped {
            match one.kind() {
                ErrorKind::InvalidData => return WebhookError::Tls,
                ErrorKind::UnexpectedEof if error.is_connect() => return WebhookError::Tls,
                _ => wrapped = one.get_ref().and_then(|inner| inner.downcast_ref()),
            }
        }
        source = cause.source();
    }
    if error.is_connect() { WebhookError::Refused } else { WebhookError::Broken }
}
