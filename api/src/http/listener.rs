//! The accept loop: limits of time on heads, idling and slow readers, a cap on connections, and a
//! stop that finishes what it has begun. `axum::serve` has none of these.
//!
//! Each connection has a [`Pulse`] that its socket and its requests keep up to date, and a watch
//! that looks at it a few times in the shortest limit.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Response, Version};
use futures_util::FutureExt;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::pulse::{Fate, Pulse, Tracked, Watched};
use crate::config::HttpConfig;

/// What is still running after so long is cut off at a stop.
const LAST_CALL: Duration = Duration::from_secs(30);
/// At a stop, an open connection may still ask for so long: a request that was on its way is answered,
/// and told that the connection closes.
const LAST_WORD: Duration = Duration::from_millis(300);
/// Connections that are being refused at once; beyond them they are just closed.
const REFUSALS: usize = 64;
/// How long a refusal may take.
const REFUSAL: Duration = Duration::from_secs(1);
/// What a connection beyond the cap reads.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Type: application/json; \
charset=utf-8\r\nContent-Length: 83\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n\
{\"errors\":[{\"message\":\"Too many connections\",\"extensions\":{\"code\":\"OVERLOADED\"}}]}\n";
/// Pause after the system has no more descriptors to give.
const BREATH: Duration = Duration::from_millis(100);
/// Streams at once on one HTTP/2 connection.
const STREAMS: u32 = 100;
/// The largest head over HTTP/2, and twice that over HTTP/1.
const HEAD: u32 = 32 * 1024;

/// What a request knows of its connection.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The other end.
    pub peer: SocketAddr,
    /// The server is about to stop.
    pub stopping: Arc<AtomicBool>,
    /// The server closes what is open.
    pub closing: watch::Receiver<bool>,
}

/// Serves until `stop`, then says "not ready" for `limits.drain`, then finishes what is in flight.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: &HttpConfig,
    stop: impl Future<Output = ()>,
) {
    let (close, closing) = watch::channel(false);
    let door = Arc::new(Entrance {
        router,
        limits: limits.clone(),
        stopping: Arc::new(AtomicBool::new(false)),
        closing,
        places: Arc::new(Semaphore::new(limits.max_connections)),
        refusals: Arc::new(Semaphore::new(REFUSALS)),
    });
    let stopping = Arc::clone(&door.stopping);
    let mut until = pin!(async {
        stop.await;
        stopping.store(true, Ordering::Release);
        tokio::time::sleep(limits.drain).await;
    });
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = &mut until => break,
            Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => door.admit(stream, peer, &mut tasks),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "no connection can be accepted");
                    tokio::time::sleep(BREATH).await;
                }
            },
        }
    }
    // Whoever has connected already is still served.
    while let Some(Ok((stream, peer))) = listener.accept().now_or_never() {
        door.admit(stream, peer, &mut tasks);
    }
    drop(listener);
    close.send_replace(true);
    let finished = async {
        while tasks.join_next().await.is_some() {}
        // A socket that was taken over from its connection holds its place until it is closed.
        let all = u32::try_from(limits.max_connections).unwrap_or(u32::MAX);
        _ = door.places.acquire_many(all).await;
    };
    if tokio::time::timeout(LAST_CALL.saturating_sub(limits.drain), finished).await.is_err() {
        let open = limits.max_connections.saturating_sub(door.places.available_permits());
        tracing::warn!(connections = open, "cut off what did not finish");
        tasks.shutdown().await;
    }
}

/// Waits for SIGTERM or SIGINT.
pub async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals can't be heard; the server must be killed to stop");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn is_of_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// What all connections share.
struct Entrance {
    router: Router,
    limits: HttpConfig,
    stopping: Arc<AtomicBool>,
    closing: watch::Receiver<bool>,
    places: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
}

impl Entrance {
    fn admit(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr, tasks: &mut JoinSet<()>) {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            tasks.spawn(Arc::clone(self).attend(stream, peer, place));
        } else {
            metrics::counter!("http_connections_refused_total").increment(1);
            if let Ok(permit) = Arc::clone(&self.refusals).try_acquire_owned() {
                tasks.spawn(refuse(stream, permit));
            }
        }
    }

    /// One connection, from its first byte to its last.
    async fn attend(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was not set");
        }
        let pulse = Arc::new(Pulse::new());
        let io = TokioIo::new(Watched::new(stream, Arc::clone(&pulse), place));
        let entrance = Arc::clone(&self);
        let beat = Arc::clone(&pulse);
        let service = hyper::service::service_fn(move |request| {
            Arc::clone(&entrance).answer(request, peer, Arc::clone(&beat))
        });
        let builder = builder();
        let mut connection = pin!(builder.serve_connection_with_upgrades(io, service));
        let mut leave = pin!(leave(self.closing.clone()));
        let mut watch = tokio::time::interval(self.tick());
        let mut leaving = false;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, %peer, "a connection ended early");
                    }
                    return;
                }
                _ = watch.tick() => match pulse.fate(&self.limits) {
                    Fate::Live => {}
                    Fate::Leave => connection.as_mut().graceful_shutdown(),
                    Fate::Cut => {
                        metrics::counter!("http_connections_cut_total").increment(1);
                        return;
                    }
                },
                () = leave.as_mut(), if !leaving => {
                    leaving = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }

    /// How often a connection is looked at.
    fn tick(&self) -> Duration {
        let shortest = self.limits.header_timeout.min(self.limits.body_timeout).min(self.limits.idle_timeout);
        (shortest / 4).clamp(Duration::from_millis(25), Duration::from_secs(1))
    }

    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: SocketAddr,
        pulse: Arc<Pulse>,
    ) -> Result<Response<Tracked>, Infallible> {
        let version = request.version();
        let turn = pulse.begin(version == Version::HTTP_2);
        let mut request = request.map(Body::new);
        let (stopping, closing) = (Arc::clone(&self.stopping), self.closing.clone());
        request.extensions_mut().insert(Connection { peer, stopping, closing });
        let mut response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        if self.stopping.load(Ordering::Acquire) && version != Version::HTTP_2 {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response.map(|body| turn.answering(body)))
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // Our own watch times heads: hyper's would close idle connections by the same limit.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(2 * HEAD as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10));
    builder
}

/// Returns when a connection should leave: the server closes, and what was on its way has come.
async fn leave(mut closing: watch::Receiver<bool>) {
    // An error means that the server itself is gone.
    let _ = closing.wait_for(|closing| *closing).await;
    tokio::time::sleep(LAST_WORD).await;
}

/// Tells a client that all places are taken, and closes when it has read so.
async fn refuse(mut stream: TcpStream, _permit: OwnedSemaphorePermit) {
    let farewell = async {
        stream.write_all(FULL).await?;
        stream.shutdown().await?;
        let mut rest = [0_u8; 1024];
        while stream.read(&mut rest).await? > 0 {}
        std::io::Result::Ok(())
    };
    // Whether it listened is its own affair.
    let _ = tokio::time::timeout(REFUSAL, farewell).await;
}

impl Connection {
    /// Ends when the server closes what is open.
    pub async fn closes(&mut self) {
        if self.closing.wait_for(|closing| *closing).await.is_err() {
            // The server itself is gone, and with it whoever would be told.
            std::future::pending::<()>().await;
        }
    }

    /// Whether the server is about to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}
