//! `graphql-transport-ws` at `/graphql`: one socket for many operations, subscriptions and others alike.
//!
//! `connection_init` shows a token in its payload (`{ "authorization": "Bearer …" }`), which must be good at that moment;
//! a client that can set headers may show it there. From then on the socket lives with the session behind the token, not
//! with the token: the session is looked at for each batch of events, each operation, and every five seconds. When it has
//! ended, the socket is closed with 4401.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::header::{HOST, ORIGIN, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, interval, timeout};
use tracing::Instrument;

use super::super::answer::declined;
use super::super::budget::Payer;
use super::super::listener::Connection;
use super::super::parameters::Parameters;
use super::super::pipeline::Call;
use super::super::telemetry::Caller;
use super::super::{Door, media, refuse};
use super::message::{Asked, Close, PROTOCOL, ack, complete, error, next, pong};
use super::stream::{End, LOOK_AGAIN, Live};
use super::{Seat, Taken, too_many};
use crate::account::{self, Pass};
use crate::kernel::error::{Code, Fault, Locale};

/// The longest message.
const LONGEST: usize = 64 * 1024;
/// What a socket holds in memory each way while nothing happens.
const BUFFER: usize = 4 * 1024;
/// Operations at once.
const MOST: usize = 20;
/// How long a client may take to say who it is.
const INIT: Duration = Duration::from_secs(10);
/// How often a client is asked whether it is there.
const PING: Duration = Duration::from_secs(20);
/// How long it may be silent.
const SILENCE: Duration = Duration::from_mins(1);
/// How long it may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);
/// Messages that wait for the socket; whoever makes them waits beyond.
const WAITING: usize = 16;

/// Whether a request wants to be a socket.
pub fn wanted(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Makes a socket of a request.
pub async fn accept(door: Arc<Door>, mut parts: Parts, caller: Caller) -> Response {
    if !is_known_origin(&parts.headers, &door.state.config.http.cors_origins) {
        let fault = Fault::new(
            Code::Forbidden,
            "此来源（Origin）的网页不能连接，请在 http.cors_origins 中登记",
            "Pages of this origin may not connect; it is to be listed in http.cors_origins",
        );
        return refuse(StatusCode::FORBIDDEN, &fault, &parts.headers);
    }
    let connection = parts.extensions.get::<Connection>().cloned();
    let shown = media::bearer(&parts.headers).ok().flatten();
    let locale = media::locale(&parts.headers);
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .max_message_size(LONGEST)
        .max_frame_size(LONGEST)
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER);
    let span = tracing::info_span!("socket", request_id = caller.request_id);
    upgrade.on_upgrade(move |socket| {
        let (out, outgoing) = mpsc::channel(WAITING);
        let session = Session {
            door,
            caller,
            locale,
            shown,
            member: None,
            open: HashMap::new(),
            tasks: JoinSet::new(),
            serial: 0,
            out,
        };
        session.serve(socket, outgoing, connection).instrument(span)
    })
}

/// Pages of the listed origins and our own may connect; a client that is no page names no origin.
fn is_known_origin(headers: &HeaderMap, known: &[String]) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    let (Some(origin), None) = (origins.next(), origins.next()) else {
        return !headers.contains_key(ORIGIN);
    };
    let Ok(origin) = origin.to_str() else { return false };
    let own = headers.get(HOST).and_then(|host| host.to_str().ok());
    let of_page = origin.split_once("://").map(|(_, host)| host);
    known.iter().any(|one| one == origin)
        || own.zip(of_page).is_some_and(|(own, page)| own.eq_ignore_ascii_case(page))
}

/// Who is on a socket.
struct Member {
    pass: Pass,
    _seat: Taken,
}

/// What an operation has to say.
enum Out {
    /// A message, and whether it is the last of the operation.
    Say { id: String, serial: u64, text: String, last: bool },
    /// Whoever asked is not signed in any more.
    SignedOut,
}

/// One socket.
struct Session {
    door: Arc<Door>,
    caller: Caller,
    locale: Locale,
    /// The token of the header, if there was one.
    shown: Option<String>,
    member: Option<Member>,
    /// Operations under way by their ids.
    open: HashMap<String, (u64, AbortHandle)>,
    tasks: JoinSet<()>,
    serial: u64,
    out: mpsc::Sender<Out>,
}

impl Session {
    async fn serve(
        mut self,
        mut socket: WebSocket,
        mut outgoing: mpsc::Receiver<Out>,
        connection: Option<Connection>,
    ) {
        let close = if socket.protocol().is_some_and(|protocol| protocol == PROTOCOL) {
            self.talk(&mut socket, &mut outgoing, connection).await
        } else {
            Some(Close::WrongProtocol)
        };
        self.tasks.abort_all();
        let Some(close) = close else { return };
        tracing::debug!(?close, "a socket is closed");
        let goodbye = async {
            if socket.send(Message::Close(Some(close.frame()))).await.is_ok() {
                while let Some(Ok(_)) = socket.recv().await {}
            }
        };
        // Whether it listened is its own affair.
        _ = timeout(GOODBYE, goodbye).await;
    }

    /// Everything until the end; why it is to be closed, unless it is gone already.
    async fn talk(
        &mut self,
        socket: &mut WebSocket,
        outgoing: &mut mpsc::Receiver<Out>,
        mut connection: Option<Connection>,
    ) -> Option<Close> {
        let begun = Instant::now();
        let patience = self.door.state.config.http.body_timeout;
        let mut heard_at = begun;
        let mut pings = interval(PING);
        let mut looks = interval(LOOK_AGAIN);
        pings.reset();
        looks.reset();
        loop {
            let message = tokio::select! {
                () = closes(&mut connection) => return Some(Close::Stopping),
                () = tokio::time::sleep_until(begun + INIT), if self.member.is_none() => {
                    return Some(Close::InitTimeout);
                }
                message = socket.recv() => {
                    heard_at = Instant::now();
                    match self.hear(message).await {
                        Ok(answer) => answer.map(|text| Message::Text(text.into())),
                        Err(close) => return close,
                    }
                }
                Some(out) = outgoing.recv() => match self.speak(out) {
                    Ok(text) => text.map(|text| Message::Text(text.into())),
                    Err(close) => return Some(close),
                },
                _ = pings.tick() => {
                    if heard_at.elapsed() > SILENCE {
                        return None;
                    }
                    Some(Message::Ping(bytes::Bytes::new()))
                }
                _ = looks.tick(), if self.member.is_some() => match self.look_again().await {
                    Ok(()) => None,
                    Err(close) => return Some(close),
                },
                Some(_) = self.tasks.join_next() => None,
            };
            if let Some(message) = message
                && !matches!(timeout(patience, socket.send(message)).await, Ok(Ok(())))
            {
                metrics::counter!("live_sockets_cut_total").increment(1);
                return None;
            }
        }
    }

    /// What to answer to what was heard, or why the socket ends.
    async fn hear(
        &mut self,
        message: Option<Result<Message, axum::Error>>,
    ) -> Result<Option<String>, Option<Close>> {
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(None),
            Some(Ok(Message::Close(_))) | None => return Err(None),
            Some(Err(error)) if is_too_long(&error) => return Err(Some(Close::TooLong)),
            Some(Ok(Message::Binary(_)) | Err(_)) => return Err(Some(Close::BadMessage)),
        };
        match Asked::read(&text).ok_or(Close::BadMessage)? {
            Asked::ConnectionInit { payload } => self.init(payload.as_ref()).await.map(Some).map_err(Some),
            Asked::Ping { payload } => Ok(Some(pong(payload))),
            Asked::Pong { .. } => Ok(None),
            Asked::Subscribe { id, payload } => self.subscribe(id, payload).map_err(Some),
            Asked::Complete { id } => {
                if let Some((_, task)) = self.open.remove(&id) {
                    task.abort();
                }
                Ok(None)
            }
        }
    }

    /// Who it is.
    async fn init(&mut self, payload: Option<&Value>) -> Result<String, Close> {
        if self.member.is_some() {
            return Err(Close::InitTwice);
        }
        let pass = Pass::of(shown(payload)?.or(self.shown.take()));
        let unknown = self.caller.address.map(Payer::address);
        let spend = |payer| self.door.pipeline.spend(payer, 1).map_err(|_| Close::Later);
        let Caller { address, request_id } = &self.caller;
        match account::enter(&self.door.state, &pass, *address, self.locale, request_id).await {
            Ok(ctx) => {
                let Some(viewer) = ctx.viewer() else {
                    unknown.map(spend).transpose()?;
                    return Err(Close::Forbidden);
                };
                spend(Payer::of(&ctx))?;
                let seat = self.door.seats.take(viewer.account, Seat::Socket);
                let seat = seat.ok_or(Close::TooManySockets)?;
                self.member = Some(Member { pass: pass.kept(&ctx), _seat: seat });
                Ok(ack())
            }
            Err(fault) if fault.code == Code::Unauthenticated => {
                unknown.map(spend).transpose()?;
                Err(Close::Forbidden)
            }
            Err(_) => Err(Close::Later),
        }
    }

    /// Whether whoever is here is still signed in. What could not be looked at is looked at again.
    async fn look_again(&self) -> Result<(), Close> {
        let Some(member) = &self.member else { return Ok(()) };
        let Caller { address, request_id } = &self.caller;
        match account::enter(&self.door.state, &member.pass, *address, self.locale, request_id).await {
            Err(fault) if fault.code == Code::Unauthenticated => Err(Close::Unauthorized),
            _ => Ok(()),
        }
    }

    /// An operation: what to answer at once, if anything.
    fn subscribe(&mut self, id: String, parameters: Parameters) -> Result<Option<String>, Close> {
        let Some(member) = &self.member else { return Err(Close::Unauthorized) };
        if self.open.contains_key(&id) {
            return Err(Close::IdInUse);
        }
        self.serial += 1;
        let serial = self.serial;
        let request_id = format!("{}.{serial}", self.caller.request_id);
        if self.open.len() >= MOST {
            let answer = declined(StatusCode::TOO_MANY_REQUESTS, &too_many(MOST), self.locale, &request_id);
            return Ok(Some(error(&id, &answer.body)));
        }
        let pass = member.pass.clone();
        let call = parameters.call(pass, self.locale, request_id.clone(), self.caller.address);
        let work = Work { door: Arc::clone(&self.door), id: id.clone(), serial, out: self.out.clone() };
        let span = tracing::info_span!("operation", request_id, operation = tracing::field::Empty);
        let task = self.tasks.spawn(work.run(call).instrument(span));
        self.open.insert(id, (serial, task));
        Ok(None)
    }

    /// What an operation says, unless it was ended meanwhile.
    fn speak(&mut self, out: Out) -> Result<Option<String>, Close> {
        let Out::Say { id, serial, text, last } = out else { return Err(Close::Unauthorized) };
        if self.open.get(&id).is_none_or(|(known, _)| *known != serial) {
            return Ok(None);
        }
        if last {
            self.open.remove(&id);
        }
        Ok(Some(text))
    }
}

/// Ends when the server closes what is open.
async fn closes(connection: &mut Option<Connection>) {
    match connection {
        Some(connection) => connection.closes().await,
        None => std::future::pending().await,
    }
}

/// The token of the first message, if there is one.
fn shown(payload: Option<&Value>) -> Result<Option<String>, Close> {
    let fields = payload.and_then(Value::as_object).into_iter().flatten();
    let mut shown =
        fields.filter(|(name, _)| name.eq_ignore_ascii_case("authorization")).map(|(_, value)| value);
    let Some(value) = shown.next_back() else { return Ok(None) };
    let (scheme, token) = value.as_str().and_then(|text| text.split_once(' ')).ok_or(Close::Forbidden)?;
    let token = token.trim();
    let is_one = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty();
    if is_one { Ok(Some(token.to_owned())) } else { Err(Close::Forbidden) }
}

/// Whether a message was refused for its length.
fn is_too_long(error: &axum::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(one) = cause {
        if one.to_string().contains("too long") || one.to_string().contains("too big") {
            return true;
        }
        cause = one.source();
    }
    false
}

/// One operation at work.
struct Work {
    door: Arc<Door>,
    id: String,
    serial: u64,
    out: mpsc::Sender<Out>,
}

impl Work {
    /// Says something; whether anybody is there to hear it.
    async fn say(&self, text: String, last: bool) -> bool {
        self.out.send(Out::Say { id: self.id.clone(), serial: self.serial, text, last }).await.is_ok()
    }

    async fn signed_out(&self) {
        _ = self.out.send(Out::SignedOut).await;
    }

    async fn run(self, call: Call) {
        if !self.door.pipeline.is_subscription(&call) {
            let answer = self.door.pipeline.run(call).await;
            if answer.status == Some(StatusCode::UNAUTHORIZED) {
                self.signed_out().await;
            } else if answer.body.data.is_none() {
                self.say(error(&self.id, &answer.body), true).await;
            } else if self.say(next(&self.id, &answer.body), false).await {
                self.say(complete(&self.id), true).await;
            }
            return;
        }
        let mut live = match Live::begin(&self.door, call, false).await {
            Ok(live) => live,
            Err(answer) if answer.status == Some(StatusCode::UNAUTHORIZED) => return self.signed_out().await,
            Err(answer) => {
                self.say(error(&self.id, &answer.body), true).await;
                return;
            }
        };
        loop {
            match live.next().await {
                Ok(said) => {
                    if !self.say(next(&self.id, &said.body), false).await {
                        return;
                    }
                }
                Err(End::SignedOut(_)) => return self.signed_out().await,
                Err(End::Failed(body)) => {
                    self.say(error(&self.id, &body), true).await;
                    return;
                }
            }
        }
    }
}
