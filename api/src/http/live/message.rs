//! Messages of `graphql-transport-ws`, and why a socket is closed.

use axum::extract::ws::CloseFrame;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::answer::Body;
use super::super::parameters::Parameters;

/// The protocol, as `Sec-WebSocket-Protocol` names it.
pub(super) const PROTOCOL: &str = "graphql-transport-ws";
/// The longest id of an operation.
const LONGEST_ID: usize = 128;

/// What a client says.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Asked {
    /// Who it is.
    ConnectionInit {
        #[serde(default)]
        payload: Option<Value>,
    },
    /// Whether anybody is there.
    Ping {
        #[serde(default)]
        payload: Option<Value>,
    },
    /// It is there.
    Pong {
        #[serde(default, rename = "payload")]
        _payload: Option<Value>,
    },
    /// An operation.
    Subscribe { id: String, payload: Parameters },
    /// No more of it.
    Complete { id: String },
}

impl Asked {
    /// Reads a message.
    pub(super) fn read(text: &str) -> Option<Self> {
        let asked: Self = serde_json::from_str(text).ok()?;
        match &asked {
            Self::Subscribe { id, .. } | Self::Complete { id } if id.is_empty() || id.len() > LONGEST_ID => {
                None
            }
            _ => Some(asked),
        }
    }
}

/// Welcome.
pub(super) fn ack() -> String {
    json!({ "type": "connection_ack" }).to_string()
}

/// Somebody is here.
pub(super) fn pong(payload: Option<Value>) -> String {
    match payload {
        Some(payload) => json!({ "type": "pong", "payload": payload }).to_string(),
        None => json!({ "type": "pong" }).to_string(),
    }
}

/// A result of an operation.
pub(super) fn next(id: &str, body: &Body) -> String {
    json!({ "id": id, "type": "next", "payload": body }).to_string()
}

/// Why an operation ends, or did not begin.
pub(super) fn error(id: &str, body: &Body) -> String {
    json!({ "id": id, "type": "error", "payload": body.errors }).to_string()
}

/// The end of an operation.
pub(super) fn complete(id: &str) -> String {
    json!({ "id": id, "type": "complete" }).to_string()
}

/// Why a socket is closed, by the protocol's codes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Close {
    /// Not a message of the protocol.
    BadMessage,
    /// Asked before it was acknowledged, or no longer signed in.
    Unauthorized,
    /// The token of `connection_init` is not good.
    Forbidden,
    /// It speaks another protocol.
    WrongProtocol,
    /// It did not say who it is.
    InitTimeout,
    /// The id is in use.
    IdInUse,
    /// It said twice who it is.
    InitTwice,
    /// The account has too many sockets.
    TooManySockets,
    /// A message is too long.
    TooLong,
    /// The server stops.
    Stopping,
    /// It cannot be taken now.
    Later,
}

impl Close {
    /// Code and reason.
    pub(super) fn frame(self) -> CloseFrame {
        let (code, reason) = match self {
            Self::BadMessage => (4400, "Not a message of graphql-transport-ws"),
            Self::Unauthorized => (4401, "Unauthorized"),
            Self::Forbidden => (4403, "Forbidden"),
            Self::WrongProtocol => (4406, "Subprotocol not acceptable; use graphql-transport-ws"),
            Self::InitTimeout => (4408, "Connection initialisation timeout"),
            Self::IdInUse => (4409, "Subscriber with this id already exists"),
            Self::InitTwice => (4429, "Too many initialisation requests"),
            Self::TooManySockets => (4429, "Too many sockets of this account"),
            Self::TooLong => (1009, "A message has at most 64 KiB"),
            Self::Stopping => (1001, "The server stops"),
            Self::Later => (1013, "Try again later"),
        };
        CloseFrame { code, reason: reason.into() }
    }
}
