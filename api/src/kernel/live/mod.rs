//! Being told in time: subscriptions over the change log, which is the truth. What was written wakes us, and may fail to;
//! then the next look finds it.
//!
//! - [`feed`]: one reader for each process, and the last lines in memory for all who listen.
//! - [`cursor`]: where somebody stands in the log, as a client holds it.
//! - here: what a subscription is to the server. `http/live` carries it, whatever the transport.
//!
//! A subscription is a root field and a [`Teller`]. The field runs once to begin, and says who tells: an
//! `Arc<dyn Teller>` made of its arguments ([`step`]). For each batch of lines the server then makes a request of its
//! own, with the rights of that moment, and the teller says which of them the viewer is told of, and as what. For each of
//! these the field runs again and is handed that value as an [`Event`]. So loaders, sight, costs, the access log and errors
//! are those of any request, and a right that has ended is gone with the next batch.
//!
//! # Another subscription, such as `taskInbox`
//!
//! 1. A type of its event, and a `Teller` that says which lines it is about (`line.entity == TaskId::PREFIX`), reads their
//!    records through the door in one statement (`ctx.those::<Task>(…)`), and answers each with the place of its line in
//!    the batch. Nothing is asked for each line.
//! 2. A root field in `#[Subscription]` whose body is `live::step(gql, after, async |ctx| Ok(Arc::new(teller)))` and the
//!    event as its own type: [`What::Told`] is what the teller said; checkpoints and resyncs come by themselves.
//! 3. The type beside the others in `schema.rs`, a line in `tests/it/rights/matrix.md`, a test in `tests/it/live.rs`.

pub mod cursor;
pub mod feed;

use super::{
    connection::Cursor,
    error::{Error, Result},
    log::{Line, Position},
    payload::ctx,
    request::Ctx,
};
use async_graphql::{Context, Enum};
use cursor::Mark;
use entity::scalar::DateTime;
use futures_util::future::BoxFuture;
use std::{
    any::Any,
    sync::{Arc, Mutex, PoisonError},
};

/// What a subscription costs when it is begun, beside one event.
pub const BEGIN: i32 = 10;

/// Some value that a subscription tells, of the type that its own field knows.
pub type Told = Arc<dyn Any + Send + Sync>;

/// What a subscription is about.
pub trait Teller: Send + Sync {
    /// Whether a line may be one of those that it tells of: without asking anybody, so that others cost nothing.
    fn concerns(&self, line: &Line) -> bool;

    /// What the viewer of this moment is told of these lines, all of which concern it: the place of each line in the batch,
    /// and what of it. A line that they may not know of is passed over.
    fn tell<'a>(&'a self, ctx: &'a Ctx, lines: &'a [Arc<Line>]) -> BoxFuture<'a, Result<Vec<(usize, Told)>>>;
}

/// Why all is to be read anew (重新读取的原因).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ResyncReason {
    /// The cursor is older than 30 days, or more than 10 000 changes were made in the system since (游标过旧).
    CursorTooOld,
    /// The cursor is not known: it was altered, or is of a database that was restored since (游标无效).
    CursorUnknown,
    /// Changes came faster than the client took them (接收过慢).
    TooSlow,
}

/// What is said.
#[derive(Clone)]
pub enum What {
    /// What the teller said.
    Told(Told),
    /// All until here was told.
    Checkpoint,
    /// Something was left out: all is to be read anew, and then it goes on from here.
    Resync(ResyncReason),
}

/// One event of a subscription.
#[derive(Clone)]
pub struct Event {
    /// To go on after it.
    pub cursor: Cursor,
    /// When it came about.
    pub at: DateTime,
    /// What is said.
    pub what: What,
}

/// A subscription that is about to begin: what it begins with.
pub struct Opening {
    /// Where it begins, if the client said.
    pub after: Option<Start>,
    /// Who tells.
    pub teller: Arc<dyn Teller>,
}

/// Where a client wants to go on.
#[derive(Clone, Copy, Debug)]
pub enum Start {
    /// After this.
    After(Mark),
    /// The cursor does not open.
    Unknown,
}

/// Where the field of a subscription leaves what it begins with.
#[derive(Default)]
pub struct Slot(Mutex<Option<Opening>>);

impl Slot {
    fn fill(&self, opening: Opening) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(opening);
    }

    /// What the field left.
    pub fn take(&self) -> Option<Opening> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// For which run the field of a subscription is called.
#[derive(Clone)]
pub enum Stage {
    /// To begin.
    Begin(Arc<Slot>),
    /// To say this.
    Say(Event),
}

/// One run of a subscription's field: to begin, which gives nothing to say, or to say one event.
pub async fn step<T>(
    gql: &Context<'_>,
    after: Option<Cursor>,
    begin: impl AsyncFnOnce(&Ctx) -> Result<Arc<T>>,
) -> Result<Option<Event>>
where
    T: Teller + 'static,
{
    match gql.data_opt::<Stage>() {
        Some(Stage::Say(event)) => Ok(Some(event.clone())),
        Some(Stage::Begin(slot)) => {
            let ctx = ctx(gql);
            ctx.signed_in()?;
            let after = match after {
                Some(cursor) => Some(cursor::open(ctx.vault(), &cursor)?),
                None => None,
            };
            let teller = begin(ctx).await?;
            slot.fill(Opening { after, teller });
            Ok(None)
        }
        None => Err(Error::internal("a subscription over a transport that knows of none")),
    }
}

/// Where a reader stands and when that was.
pub(super) fn mark(position: Position, at: DateTime) -> Mark {
    Mark { position, at }
}
