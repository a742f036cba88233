//! One subscription: where it stands in the change log, and its events one after the other.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::Response;
use futures_util::StreamExt;
use futures_util::future::join_all;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{sleep, sleep_until};

use super::super::Door;
use super::super::answer::{self, Answer, Body, Refusal};
use super::super::budget::Payer;
use super::super::errors::{self, Reader};
use super::super::pipeline::{Call, Ready, note_outcome};
use crate::account::{self, Pass};
use crate::kernel::error::{Code, Error, Fault};
use crate::kernel::live::cursor::{Mark, seal};
use crate::kernel::live::feed::{After, KEPT, Listening};
use crate::kernel::live::{BEGIN, Event, Opening, ResyncReason, Slot, Stage, Start, Teller, What};
use crate::kernel::log::{self, Line, Position};
use crate::kernel::request::Ctx;
use entity::{id::AccountId, scalar::DateTime};

/// Lines that are looked at together.
const BATCH: u32 = 100;
/// Between two batches, so that many changes at once are looked at together.
const PACE: Duration = Duration::from_millis(100);
/// How often all is said to have been told, while nothing else is said.
const CHECKPOINT: Duration = Duration::from_mins(1);
/// How often whoever listens is looked at while nothing happens.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// The oldest cursor that is gone on from.
const OLDEST: chrono::Duration = chrono::Duration::days(30);
/// How often in a row it may fail, a second apart, before it is given up.
const TRIES: u32 = 20;
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// One event, as it goes out.
pub(super) struct Said {
    /// To go on after it.
    pub(super) cursor: String,
    /// What was asked of it.
    pub(super) body: Body,
}

/// Why there is no more.
pub(super) enum End {
    /// Whoever listened is not signed in any more.
    SignedOut(Body),
    /// It could not be gone on with.
    Failed(Body),
}

/// One subscription.
pub(super) struct Live {
    door: Arc<Door>,
    ready: Ready,
    /// Who listens, for as long as the session is.
    pass: Pass,
    account: AccountId,
    teller: Arc<dyn Teller>,
    listening: Listening,
    /// What is to come first, before anything is told.
    first: Option<What>,
    position: Position,
    /// It has stood at the end of the log.
    near: bool,
    /// What was made and is not out yet.
    made: VecDeque<Said>,
    told_at: Option<tokio::time::Instant>,
    checkpoint_at: tokio::time::Instant,
    /// When it is looked whether the session lasts.
    look_at: tokio::time::Instant,
    failures: u32,
    /// Whether nobody else looks if the session lasts; a socket does.
    alone: bool,
}

impl Live {
    /// Begins a subscription: pays for it, and lets its field say what it is about. `alone` says that nobody else looks
    /// whether the session lasts.
    pub(super) async fn begin(door: &Arc<Door>, call: Call, alone: bool) -> Result<Self, Box<Answer>> {
        let started = Instant::now();
        let request_id = call.request_id.clone();
        let reader =
            Reader { locale: call.locale, request_id: &request_id, anonymous: call.pass.is_nobody() };
        let mut kind = "unknown";
        let begun = match door.pipeline.ready(call, true, &mut kind) {
            Ok(ready) => {
                let begun = door.pipeline.in_time(&request_id, Self::open(door, ready, alone, reader)).await;
                begun.unwrap_or_else(|fault| Err(answer::refused(fault.into(), reader).into()))
            }
            Err(refusal) => Err(answer::refused(refusal, reader).into()),
        };
        if let Err(answer) = &begun {
            note_outcome(kind, answer, started);
        }
        begun
    }

    async fn open(
        door: &Arc<Door>,
        ready: Ready,
        alone: bool,
        reader: Reader<'_>,
    ) -> Result<Self, Box<Answer>> {
        let refused = |refusal: Refusal| Box::new(answer::refused(refusal, reader));
        let (ctx, _) = door.pipeline.enter(&ready.call, ready.cost).await.map_err(refused)?;
        let slot = Arc::new(Slot::default());
        let request = ready.request(&ctx).data(Stage::Begin(Arc::clone(&slot)));
        let mut responses = door.state.schema.execute_stream(request);
        if let Some(mut response) = responses.next().await {
            errors::review(&mut response, reader);
            return Err(answer::executed(response).into());
        }
        let account = ctx.viewer().map(|viewer| viewer.account);
        let (Some(Opening { after, teller }), Some(account)) = (slot.take(), account) else {
            return Err(refused(errors::internal().into()));
        };
        let listening = door.state.feed.listen();
        let start = start(&ctx, after).await;
        let (position, first) = start.map_err(|error| refused(fault(error, reader).into()))?;
        let now = tokio::time::Instant::now();
        Ok(Self {
            door: Arc::clone(door),
            pass: ready.call.pass.clone().kept(&ctx),
            account,
            ready,
            teller,
            listening,
            first,
            position,
            near: false,
            made: VecDeque::new(),
            told_at: None,
            checkpoint_at: now + CHECKPOINT,
            look_at: now + LOOK_AGAIN,
            failures: 0,
            alone,
        })
    }

    /// Who listens.
    pub(super) fn account(&self) -> AccountId {
        self.account
    }

    fn reader(&self) -> Reader<'_> {
        let call = &self.ready.call;
        Reader { locale: call.locale, request_id: &call.request_id, anonymous: false }
    }

    fn refusal(&self, fault: Fault) -> Body {
        answer::refused(fault.into(), self.reader()).body
    }

    /// The next event, whenever it comes. Nothing is lost when this is given up before and asked again.
    pub(super) async fn next(&mut self) -> Result<Said, End> {
        loop {
            if let Some(said) = self.made.pop_front() {
                return Ok(said);
            }
            match self.go_on().await {
                Ok(()) => self.failures = 0,
                Err(fault) if fault.code == Code::Unauthenticated => {
                    return Err(End::SignedOut(self.refusal(fault)));
                }
                Err(_) if self.failures < TRIES => {
                    self.failures += 1;
                    sleep(AFTER_FAILURE).await;
                }
                Err(fault) => return Err(End::Failed(self.refusal(fault))),
            }
        }
    }

    /// One step: tells a batch of lines, says that there are none, or waits.
    async fn go_on(&mut self) -> Result<(), Fault> {
        if let Some(what) = self.first.take() {
            return self.say(what).await;
        }
        if let Some(told_at) = self.told_at.take() {
            sleep_until(told_at + PACE).await;
        }
        self.listening.attend();
        let turn = if self.near { None } else { self.turn().await };
        let after = self.listening.after(self.position, BATCH, self.near).await;
        drop(turn);
        match after.map_err(|error| fault(error, self.reader()))? {
            After::Lost => {
                let head = log::head(&self.door.state.db).await;
                self.position = head.map_err(|error| fault(error, self.reader()))?;
                self.say(What::Resync(ResyncReason::TooSlow)).await
            }
            After::Lines(lines) if lines.is_empty() && !self.near => {
                self.near = true;
                self.say(What::Checkpoint).await
            }
            After::Lines(lines) if lines.is_empty() => self.wait().await,
            After::Lines(lines) => self.tell(&lines).await,
        }
    }

    /// Waits until there may be something to tell.
    async fn wait(&mut self) -> Result<(), Fault> {
        tokio::select! {
            () = self.listening.found() => Ok(()),
            () = sleep_until(self.checkpoint_at) => self.say(What::Checkpoint).await,
            () = sleep_until(self.look_at), if self.alone => {
                let _turn = self.turn().await;
                self.enter().await.map(drop)
            }
        }
    }

    /// Its turn at the database.
    async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.door.turns).acquire_owned().await.ok()
    }

    /// Whoever listens, with the rights of this moment.
    async fn enter(&mut self) -> Result<Ctx, Fault> {
        let call = &self.ready.call;
        self.look_at = tokio::time::Instant::now() + LOOK_AGAIN;
        account::enter(&self.door.state, &self.pass, call.address, call.locale, &call.request_id).await
    }

    /// Says something of the stream itself, at the place where it stands.
    async fn say(&mut self, what: What) -> Result<(), Fault> {
        let _turn = self.turn().await;
        let ctx = self.enter().await?;
        let mark = Mark { position: self.position, at: ctx.now() };
        let said = self.make(&ctx, vec![(mark, what)]).await?;
        self.checkpoint_at = tokio::time::Instant::now() + CHECKPOINT;
        self.made.extend(said);
        Ok(())
    }

    /// Tells a batch of lines, as far as it can be paid for, with the rights of this moment.
    async fn tell(&mut self, read: &[Arc<Line>]) -> Result<(), Fault> {
        let lines: Vec<_> = read.iter().filter(|line| self.teller.concerns(line)).map(Arc::clone).collect();
        let end = read.last().map_or(self.position, |line| line.position());
        if lines.is_empty() {
            self.position = end;
            return Ok(());
        }
        let _turn = self.turn().await;
        let ctx = self.enter().await?;
        let pipeline = &self.door.pipeline;
        let told = pipeline.in_time(&self.ready.call.request_id, self.teller.tell(&ctx, &lines)).await?;
        let mut told = told.map_err(|error| fault(error, self.reader()))?;
        told.sort_unstable_by_key(|(place, _)| *place);
        let price = self.ready.cost.saturating_sub(BEGIN.unsigned_abs().into()).max(1);
        let mut wait = None;
        let mut events = Vec::with_capacity(told.len());
        for (place, what) in told {
            let Some(line) = lines.get(place) else { continue };
            if let Err(refusal) = pipeline.spend(Payer::Listener(self.account), price) {
                wait = refusal.fault.retry_after_ms;
                break;
            }
            events.push((Mark { position: line.position(), at: line.at }, What::Told(what)));
        }
        let until = match wait {
            Some(_) => events.last().map(|(mark, _)| mark.position),
            None => Some(end),
        };
        if !events.is_empty() {
            let said = self.make(&ctx, events).await?;
            metrics::counter!("live_events_total").increment(said.len() as u64);
            self.made.extend(said);
        }
        self.told_at = self.near.then(tokio::time::Instant::now);
        self.position = until.unwrap_or(self.position);
        if let Some(millis) = wait {
            self.told_at = Some(tokio::time::Instant::now() + Duration::from_millis(millis));
        }
        Ok(())
    }

    /// Runs the field once for each event, all with one request's loaders, and writes down what they show.
    async fn make(&self, ctx: &Ctx, events: Vec<(Mark, What)>) -> Result<Vec<Said>, Fault> {
        let pipeline = &self.door.pipeline;
        let made = async {
            let runs = events.into_iter().map(|(mark, what)| self.run(ctx, mark, what));
            let said = join_all(runs).await.into_iter().collect::<Result<Vec<_>, Fault>>()?;
            pipeline.note(ctx).await?;
            Ok(said)
        };
        pipeline.in_time(&self.ready.call.request_id, made).await?
    }

    async fn run(&self, ctx: &Ctx, mark: Mark, what: What) -> Result<Said, Fault> {
        let cursor = seal(ctx.vault(), mark).map_err(|error| fault(error, self.reader()))?;
        let event = Event { cursor: cursor.clone(), at: mark.at, what };
        let request = self.ready.request(ctx).data(Stage::Say(event));
        let response = self.door.state.schema.execute_stream(request).next().await;
        let mut response: Response = response.ok_or_else(errors::internal)?;
        errors::review(&mut response, self.reader());
        Ok(Said { cursor: cursor.0, body: answer::executed(response).body })
    }
}

/// Where a subscription begins, and what it says first.
async fn start(ctx: &Ctx, after: Option<Start>) -> Result<(Position, Option<What>), Error> {
    let head = log::head(ctx.db()).await?;
    let lost = |reason| Ok((head, Some(What::Resync(reason))));
    match after {
        None => Ok((head, None)),
        Some(Start::Unknown) => lost(ResyncReason::CursorUnknown),
        Some(Start::After(mark)) if mark.position > head => lost(ResyncReason::CursorUnknown),
        Some(Start::After(mark)) if is_old(mark.at, ctx.now()) => lost(ResyncReason::CursorTooOld),
        Some(Start::After(mark)) => {
            let most = u32::try_from(KEPT).unwrap_or(u32::MAX);
            let lag = log::lag(ctx.db(), mark.position, most.saturating_add(1)).await?;
            if lag > i64::from(most) { lost(ResyncReason::CursorTooOld) } else { Ok((mark.position, None)) }
        }
    }
}

fn is_old(at: DateTime, now: DateTime) -> bool {
    now.0 - at.0 > OLDEST
}

/// What went wrong, for whoever listens; what is ours is logged here.
fn fault(error: Error, reader: Reader<'_>) -> Fault {
    match error {
        Error::Fault(fault) => *fault,
        Error::Refused(_) => errors::internal(),
        Error::Internal(cause) => {
            tracing::error!(request_id = reader.request_id, cause = cause.0, "a subscription failed");
            errors::internal()
        }
    }
}
