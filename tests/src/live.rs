//! Whoever listens: a client of `graphql-transport-ws`, and one of server-sent events.

use crate::{Actor, World};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};

/// How long is waited for anything.
const PATIENCE: Duration = Duration::from_secs(15);

/// A socket of a client.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What a socket says.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A message.
    Message(Value),
    /// It was closed by this code.
    Closed(u16),
    /// It broke off.
    Gone,
}

impl Socket {
    /// A socket with this protocol, of a page of this origin; the status, when it is refused.
    pub async fn connect(world: &World, protocol: &str, origin: Option<&str>) -> Result<Self, u16> {
        let mut request =
            format!("ws://{}/graphql", world.address).into_client_request().expect("an address");
        let value = |text: &str| HeaderValue::from_str(text).expect("a header");
        if !protocol.is_empty() {
            request.headers_mut().insert("sec-websocket-protocol", value(protocol));
        }
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", value(origin));
        }
        request.headers_mut().insert("accept-language", value("en"));
        match connect_async(request).await {
            Ok((stream, _)) => Ok(Self(stream)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("no socket: {error}"),
        }
    }

    /// A socket that has said nothing yet.
    pub async fn silent(world: &World) -> Self {
        Self::connect(world, "graphql-transport-ws", None).await.expect("a socket")
    }

    /// A socket of somebody who has signed in.
    pub async fn of(world: &World, actor: &Actor) -> Self {
        let mut socket = Self::silent(world).await;
        assert_eq!(socket.init(actor).await, Heard::Message(json!({"type": "connection_ack"})));
        socket
    }

    /// Says who it is; gives what is answered.
    pub async fn init(&mut self, actor: &Actor) -> Heard {
        let token = actor.access.as_deref().expect("a token");
        let payload = json!({"authorization": format!("Bearer {token}")});
        self.say(&json!({"type": "connection_init", "payload": payload})).await;
        self.hear().await
    }

    /// Says something.
    pub async fn say(&mut self, message: &Value) {
        self.send(Message::text(message.to_string())).await;
    }

    /// Sends anything.
    pub async fn send(&mut self, message: Message) {
        // What a server that closes does not read is its own affair.
        let _ = self.0.send(message).await;
    }

    /// What is said next, within some time; none when nothing is.
    pub async fn hear_within(&mut self, patience: Duration) -> Option<Heard> {
        let next = async {
            loop {
                return match self.0.next().await {
                    Some(Ok(Message::Text(text))) => {
                        Heard::Message(serde_json::from_str(&text).expect("a message in JSON"))
                    }
                    Some(Ok(Message::Close(frame))) => {
                        Heard::Closed(frame.map_or(1005, |frame| frame.code.into()))
                    }
                    Some(Ok(_)) => continue,
                    Some(Err(_)) | None => Heard::Gone,
                };
            }
        };
        timeout(patience, next).await.ok()
    }

    /// What is said next.
    pub async fn hear(&mut self) -> Heard {
        self.hear_within(PATIENCE).await.expect("something is said in time")
    }

    /// Begins an operation.
    pub async fn begin(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({"query": query, "variables": variables});
        self.say(&json!({"type": "subscribe", "id": id, "payload": payload})).await;
    }

    /// The next message, of this type.
    pub async fn message(&mut self, kind: &str) -> Value {
        match self.hear().await {
            Heard::Message(message) if message["type"] == kind => message,
            other => panic!("{kind} was expected: {other:?}"),
        }
    }

    /// The event of the next result of `changes`.
    pub async fn event(&mut self) -> Value {
        event(&self.message("next").await["payload"])
    }

    /// The next event of this type; others but it fail the test.
    pub async fn event_of(&mut self, kind: &str) -> Value {
        let event = self.event().await;
        assert_eq!(event["__typename"], kind, "{event}");
        event
    }

    /// The next change of a record. On PostgreSQL a change waits for older transactions of the whole server, so that a
    /// checkpoint may come before it.
    pub async fn change(&mut self) -> Value {
        loop {
            let event = self.event().await;
            if event["__typename"] != "Checkpoint" {
                assert_eq!(event["__typename"], "RecordChange", "{event}");
                return event;
            }
        }
    }

    /// Fails the test if anything is said within some time.
    pub async fn assert_silent(&mut self, time: Duration) {
        let heard = self.hear_within(time).await;
        assert!(heard.is_none(), "nothing is said: {heard:?}");
    }
}

/// The event of a result of `changes`.
#[must_use]
pub fn event(result: &Value) -> Value {
    assert!(result.get("errors").is_none(), "no errors: {result}");
    result["data"]["changes"].clone()
}

/// A stream of server-sent events.
pub struct Events {
    response: reqwest::Response,
    rest: Vec<u8>,
}

/// One of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Its name.
    pub event: String,
    /// Its id.
    pub id: Option<String>,
    /// Its data.
    pub data: String,
}

impl Sent {
    /// The data as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Events {
    /// Asks for events; those that follow this one, if one is named.
    pub async fn ask(
        world: &World,
        actor: &Actor,
        query: &str,
        variables: Value,
        last: Option<&str>,
    ) -> Self {
        let mut request = reqwest::Client::new()
            .post(world.endpoint())
            .header("accept", "text/event-stream")
            .header("accept-language", "en")
            .json(&json!({"query": query, "variables": variables}));
        if let Some(token) = &actor.access {
            request = request.bearer_auth(token);
        }
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        Self { response: request.send().await.expect("an answer"), rest: Vec::new() }
    }

    /// HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// A header of the answer.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The next event; none when the stream has ended.
    pub async fn next(&mut self) -> Option<Sent> {
        loop {
            while let Some(end) = self.rest.windows(2).position(|two| two == b"\n\n") {
                let one: Vec<u8> = self.rest.drain(..end + 2).collect();
                let one = String::from_utf8(one).expect("text");
                let mut sent = Sent::default();
                for line in one.lines() {
                    match line.split_once(": ") {
                        Some(("event", name)) => name.clone_into(&mut sent.event),
                        Some(("id", id)) => sent.id = Some(id.to_owned()),
                        Some(("data", data)) => data.clone_into(&mut sent.data),
                        _ => {}
                    }
                }
                if !sent.event.is_empty() {
                    return Some(sent);
                }
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await.expect("something comes in time");
            let chunk = chunk.ok().flatten()?;
            self.rest.extend_from_slice(&chunk);
        }
    }

    /// The event of the next result of `changes`, and its id.
    pub async fn event(&mut self) -> (Value, Option<String>) {
        let sent = self.next().await.expect("an event");
        assert_eq!(sent.event, "next", "{sent:?}");
        (event(&sent.json()), sent.id)
    }

    /// The next change of a record, and its id; checkpoints are passed over.
    pub async fn change(&mut self) -> (Value, Option<String>) {
        loop {
            let (event, id) = self.event().await;
            if event["__typename"] != "Checkpoint" {
                assert_eq!(event["__typename"], "RecordChange", "{event}");
                return (event, id);
            }
        }
    }

    /// The whole body, of an answer that is no stream.
    pub async fn json(self) -> Value {
        self.response.json().await.expect("JSON")
    }
}
