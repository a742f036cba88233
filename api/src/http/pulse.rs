//! The pulse of a connection: what its socket and its requests are doing, and since when.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

use crate::config::HttpConfig;

/// A connection that was asked to leave is cut after so long.
const LEAVING: u64 = 5_000;

/// What is to become of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// It is well.
    Live,
    /// It has idled long enough: it may say goodbye.
    Leave,
    /// It holds a place and does nothing with it.
    Cut,
}

/// A moment in milliseconds after the connection opened, or none.
#[derive(Debug, Default)]
struct Moment(AtomicU64);

impl Moment {
    fn set(&self, millis: u64) {
        self.0.store(millis.saturating_add(1), Ordering::Relaxed);
    }

    fn set_once(&self, millis: u64) {
        let _ = self.0.compare_exchange(0, millis.saturating_add(1), Ordering::Relaxed, Ordering::Relaxed);
    }

    fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    fn age(&self, now: u64) -> Option<u64> {
        self.0.load(Ordering::Relaxed).checked_sub(1).map(|then| now.saturating_sub(then))
    }
}

/// The state of one connection.
#[derive(Debug)]
pub(super) struct Pulse {
    opened: Instant,
    in_flight: AtomicUsize,
    answering: AtomicUsize,
    served: AtomicBool,
    is_http2: AtomicBool,
    /// The first byte of a head that is not complete.
    head: Moment,
    /// The end of the last answer.
    idle: Moment,
    /// The last part of an answer that was taken up.
    progress: Moment,
    /// The socket takes no more bytes.
    blocked: Moment,
}

impl Pulse {
    pub(super) fn new() -> Self {
        metrics::gauge!("http_connections").increment(1);
        let pulse = Self {
            opened: Instant::now(),
            in_flight: AtomicUsize::new(0),
            answering: AtomicUsize::new(0),
            served: AtomicBool::new(false),
            is_http2: AtomicBool::new(false),
            head: Moment::default(),
            idle: Moment::default(),
            progress: Moment::default(),
            blocked: Moment::default(),
        };
        pulse.idle.set(0);
        pulse
    }

    fn now(&self) -> u64 {
        millis(self.opened.elapsed())
    }

    /// A request begins.
    pub(super) fn begin(self: &Arc<Self>, is_http2: bool) -> Turn {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.served.store(true, Ordering::Relaxed);
        self.is_http2.store(is_http2, Ordering::Relaxed);
        self.head.clear();
        metrics::gauge!("http_requests_in_flight").increment(1);
        Turn { pulse: Arc::clone(self), is_answering: false }
    }

    /// What is to become of this connection now.
    pub(super) fn fate(&self, limits: &HttpConfig) -> Fate {
        let now = self.now();
        let over = |moment: &Moment, limit: Duration| moment.age(now).is_some_and(|age| age > millis(limit));
        if over(&self.blocked, limits.body_timeout) {
            return Fate::Cut;
        }
        if self.in_flight.load(Ordering::Relaxed) > 0 {
            let stalled =
                self.answering.load(Ordering::Relaxed) > 0 && over(&self.progress, limits.idle_timeout);
            return if stalled { Fate::Cut } else { Fate::Live };
        }
        let silent = !self.served.load(Ordering::Relaxed) && now > millis(limits.header_timeout);
        let dripping = !self.is_http2.load(Ordering::Relaxed) && over(&self.head, limits.header_timeout);
        if silent || dripping || over(&self.idle, limits.idle_timeout + Duration::from_millis(LEAVING)) {
            Fate::Cut
        } else if over(&self.idle, limits.idle_timeout) {
            Fate::Leave
        } else {
            Fate::Live
        }
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        metrics::gauge!("http_connections").decrement(1);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// One request, from its head to the end of its answer.
#[derive(Debug)]
pub(super) struct Turn {
    pulse: Arc<Pulse>,
    is_answering: bool,
}

impl Turn {
    /// The answer has begun; the turn ends with its body.
    pub(super) fn answering(mut self, body: Body) -> Tracked {
        self.is_answering = true;
        self.pulse.answering.fetch_add(1, Ordering::Relaxed);
        self.pulse.progress.set(self.pulse.now());
        Tracked { body, turn: self }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let pulse = &self.pulse;
        if self.is_answering {
            pulse.answering.fetch_sub(1, Ordering::Relaxed);
        }
        pulse.idle.set(pulse.now());
        pulse.in_flight.fetch_sub(1, Ordering::Relaxed);
        metrics::gauge!("http_requests_in_flight").decrement(1);
    }
}

/// The body of an answer, which keeps the pulse up.
#[derive(Debug)]
pub(super) struct Tracked {
    body: Body,
    turn: Turn,
}

impl hyper::body::Body for Tracked {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let pulse = &self.turn.pulse;
        pulse.progress.set(pulse.now());
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A socket that keeps the pulse up. It holds its place for as long as it is open, upgraded or not.
#[derive(Debug)]
pub(super) struct Watched {
    stream: TcpStream,
    pulse: Arc<Pulse>,
    _place: OwnedSemaphorePermit,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, pulse: Arc<Pulse>, place: OwnedSemaphorePermit) -> Self {
        Self { stream, pulse, _place: place }
    }

    /// Notes whether the socket took bytes.
    fn noted<T>(&self, written: Poll<T>) -> Poll<T> {
        match &written {
            Poll::Ready(_) => self.pulse.blocked.clear(),
            Poll::Pending => self.pulse.blocked.set_once(self.pulse.now()),
        }
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before && self.pulse.in_flight.load(Ordering::Relaxed) == 0 {
            self.pulse.head.set_once(self.pulse.now());
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.noted(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.noted(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
