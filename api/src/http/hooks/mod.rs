//! Webhooks on their way out: a worker in each process looks which of them have something to be told, and posts it.
//!
//! A webhook is looked after in two steps. *Collecting* reads the change log on from where the webhook stands, asks with the
//! rights of its key which lines it is told of, and puts down a delivery for each; no lease is needed, for one process alone
//! moves a webhook on from a place. *Posting* holds its lease and posts what is due, one after the other, so that first
//! attempts go in the order of the log; each attempt is a request of its own with the rights of that moment ([`make`]).

mod make;
mod order;
mod post;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use self::make::Made;
use self::order::Prepared;
use self::post::{Letter, Post};
use super::pipeline::Pipeline;
use crate::State;
use crate::account::{self, operator};
use crate::kernel::error::{Code, Fault, Locale, Result};
use crate::kernel::live::feed::KEPT;
use crate::kernel::log::{self, Line, Position};
use crate::webhook::queue::{self, Outcome};
use crate::webhook::{Order, PATIENCE, secret};
use entity::id::WebhookId;
use entity::kind::{WebhookDeliveryKind, WebhookEnd, WebhookError, WebhookState};
use entity::{webhook, webhook_delivery};

/// How often is looked without a hint.
const LOOK: Duration = Duration::from_secs(1);
/// What is written in quick succession is looked at together.
const GATHER: Duration = Duration::from_millis(100);
/// Webhooks that are looked after at once, and those that fail: they have turns of their own, so that they hold up no others.
const AT_ONCE: usize = 6;
const FAILING: usize = 2;
/// Lines that are looked at together.
const BATCH: u32 = 200;
/// After so many lines of which nothing was told it is written down how far was looked.
const FAR: usize = 1_000;
/// A lease is renewed when it is so old: there is time enough for an attempt then.
const RENEW: Duration = Duration::from_secs(10);
/// How long a webhook rests after a fault of ours.
const REST: Duration = Duration::from_secs(5);

/// Posts what webhooks are told, for as long as the server runs.
pub async fn work(state: Arc<State>) {
    let worker = match Worker::new(state) {
        Ok(worker) => Arc::new(worker),
        Err(cause) => {
            tracing::error!(cause, "webhooks are not posted");
            return;
        }
    };
    let mut writing = worker.state.db.writing();
    let mut tasks = JoinSet::new();
    let mut failing = false;
    loop {
        match worker.look().await {
            Ok(hooks) => {
                failing = false;
                for id in hooks {
                    tasks.spawn(Arc::clone(&worker).serve(id));
                }
            }
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(?error, "webhooks are not posted for now");
            }
            Err(_) => {}
        }
        while tasks.try_join_next().is_some() {}
        tokio::select! {
            () = writing.heard() => sleep(GATHER).await,
            () = sleep(LOOK) => {}
        }
    }
}

/// What a process remembers of a webhook.
#[derive(Default)]
struct Known {
    /// It is looked after at this moment.
    busy: bool,
    /// Not before.
    rest_until: Option<Instant>,
    /// As it stands in this version.
    prepared: Option<(i32, Arc<Prepared>)>,
    /// From where was looked in this version, up to where, and over how many lines.
    looked: Option<(i32, Position, Position, usize)>,
}

impl Known {
    /// Up to where was looked, if that is further than what is written down.
    fn ahead(&self, hook: &webhook::Model) -> Option<(Position, usize)> {
        let (version, from, to, lines) = self.looked?;
        (version == hook.version && from == queue::seen(hook)).then_some((to, lines))
    }
}

struct Worker {
    state: Arc<State>,
    pipeline: Pipeline,
    /// By what the leases of this process are known.
    me: Uuid,
    post: Post,
    slots: Semaphore,
    failing: Semaphore,
    known: Mutex<HashMap<WebhookId, Known>>,
}

/// How it goes on after an attempt.
enum Next {
    /// With the next delivery.
    On,
    /// After a while.
    Rest(Duration),
    /// Not at all.
    Over,
}

impl Worker {
    fn new(state: Arc<State>) -> std::result::Result<Self, String> {
        let pipeline = Pipeline::new(Arc::clone(&state))?;
        let post = Post::new(&state.config.webhook.allowed_networks).map_err(|error| format!("{error:?}"))?;
        Ok(Self {
            state,
            pipeline,
            me: Uuid::now_v7(),
            post,
            slots: Semaphore::new(AT_ONCE),
            failing: Semaphore::new(FAILING),
            known: Mutex::default(),
        })
    }

    fn known(&self) -> MutexGuard<'_, HashMap<WebhookId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Webhooks that have something to be done, now marked as busy.
    async fn look(&self) -> Result<Vec<WebhookId>> {
        let (db, now) = (&self.state.db, self.state.clock.now());
        let active = queue::active(db).await?;
        let due = queue::due(db, now).await?;
        let head = if active.is_empty() { None } else { Some(log::head(db).await?) };
        let mut known = self.known();
        let is_due: HashSet<_> = due.iter().map(|&(id, _)| id).collect();
        let here: HashSet<_> = active.iter().map(|hook| hook.id).collect();
        let told = active.iter().filter(|hook| {
            let ahead = known.get(&hook.id).and_then(|known| known.ahead(hook));
            let looked = ahead.map_or_else(|| queue::seen(hook), |(to, _)| to);
            let elsewhere = hook.leased_by.is_some_and(|by| by != self.me)
                && hook.leased_until.is_some_and(|until| until > now);
            head.is_some_and(|head| looked < head) || is_due.contains(&hook.id) && !elsewhere
        });
        let told: Vec<_> = told.map(|hook| hook.id).collect();
        let tested = due.iter().filter(|(id, test)| *test && !here.contains(id)).map(|&(id, _)| id);
        let all: HashSet<_> = told.into_iter().chain(tested).collect();
        let moment = Instant::now();
        known.retain(|id, known| known.busy || here.contains(id));
        let free = all.into_iter().filter(|&id| {
            let known = known.entry(id).or_default();
            let free = !known.busy && known.rest_until.is_none_or(|until| until <= moment);
            known.busy |= free;
            free
        });
        Ok(free.collect())
    }

    /// Looks after one webhook until there is nothing more to do.
    async fn serve(self: Arc<Self>, id: WebhookId) {
        let rest = self.tend(id).await.unwrap_or_else(|error| {
            tracing::warn!(?error, webhook = %id, "a webhook is not looked after for now");
            Some(REST)
        });
        if let Some(known) = self.known().get_mut(&id) {
            known.busy = false;
            known.rest_until = rest.map(|rest| Instant::now() + rest);
        }
    }

    async fn tend(&self, id: WebhookId) -> Result<Option<Duration>> {
        loop {
            let Some(hook) = queue::find(&self.state.db, id).await? else { return Ok(None) };
            let more = match hook.state {
                WebhookState::Active => match self.collect(&hook).await? {
                    Ok(more) => more,
                    Err(rest) => return Ok(rest),
                },
                _ => false,
            };
            let (any, rest) = self.post(&hook).await?;
            if rest.is_some() || !more && !any {
                return Ok(rest);
            }
        }
    }

    /// The webhook's document made ready; or, where that fails, how long to rest. One that can't be any more is ended.
    async fn prepared(
        &self,
        hook: &webhook::Model,
    ) -> Result<std::result::Result<Arc<Prepared>, Option<Duration>>> {
        let kept = self.known().get(&hook.id).and_then(|known| known.prepared.clone());
        if let Some((_, prepared)) = kept.filter(|(version, _)| *version == hook.version) {
            return Ok(Ok(prepared));
        }
        match self.pipeline.prepare(Order::of(hook, Locale::Zh)).await {
            Ok(prepared) => {
                let prepared = Arc::new(prepared);
                self.known().entry(hook.id).or_default().prepared =
                    Some((hook.version, Arc::clone(&prepared)));
                Ok(Ok(prepared))
            }
            Err(fault) => self.stopped(hook, &fault).await.map(Err),
        }
    }

    /// A fault on the way: ends a webhook that has no rights or no good document any more, and lets others rest.
    async fn stopped(&self, hook: &webhook::Model, fault: &Fault) -> Result<Option<Duration>> {
        use Code::{InternalServerError, Overloaded, RateLimited, Storage, Timeout};
        match fault.code {
            Code::Unauthenticated => self.end(hook, WebhookEnd::RightsEnded).await.map(|()| None),
            InternalServerError | Overloaded | RateLimited | Storage | Timeout => {
                Ok(Some(fault.retry_after_ms.map_or(REST, Duration::from_millis)))
            }
            _ => self.end(hook, WebhookEnd::Document).await.map(|()| None),
        }
    }

    async fn end(&self, hook: &webhook::Model, because: WebhookEnd) -> Result<()> {
        let State { db, vault, clock, identity, .. } = &*self.state;
        tracing::info!(webhook = %hook.id, ?because, "a webhook was ended");
        queue::end(&operator::ctx(db, vault, clock, identity), hook, because).await
    }

    /// Reads on from where the webhook stands, and puts down what it is told. Whether there may be more; or how long to rest.
    async fn collect(&self, hook: &webhook::Model) -> Result<std::result::Result<bool, Option<Duration>>> {
        let _turn = self.slots.acquire().await.ok();
        let (db, clock) = (&self.state.db, &self.state.clock);
        let ahead = self.known().get(&hook.id).and_then(|known| known.ahead(hook));
        let (from, passed) = ahead.unwrap_or((queue::seen(hook), 0));
        let lines: Vec<_> = log::read(db, from, BATCH).await?.into_iter().map(Arc::new).collect();
        let Some(last) = lines.last() else { return Ok(Ok(false)) };
        let (to, full) = (last.position(), lines.len() >= BATCH as usize);
        let most = u32::try_from(KEPT).unwrap_or(u32::MAX);
        if full && ahead.is_none() && log::lag(db, from, most.saturating_add(1)).await? > i64::from(most) {
            let head = log::head(db).await?;
            let resync = vec![(WebhookDeliveryKind::Resync, head)];
            queue::put(db, hook, head, resync, clock.now()).await?;
            return Ok(Ok(true));
        }
        let prepared = match self.prepared(hook).await? {
            Ok(prepared) => prepared,
            Err(rest) => return Ok(Err(rest)),
        };
        let concerned: Vec<_> =
            lines.iter().filter(|line| prepared.teller.concerns(line)).map(Arc::clone).collect();
        let told = match self.told(hook, &prepared, &concerned).await {
            Ok(told) => told,
            Err(fault) => return self.stopped(hook, &fault).await.map(Err),
        };
        let passed = passed + lines.len();
        if told.is_empty() && passed < FAR {
            let looked = Some((hook.version, queue::seen(hook), to, passed));
            self.known().entry(hook.id).or_default().looked = looked;
        } else {
            queue::put(db, hook, to, told, clock.now()).await?;
        }
        Ok(Ok(full))
    }

    /// The lines that the webhook is told of, with the rights of this moment.
    async fn told(
        &self,
        hook: &webhook::Model,
        prepared: &Prepared,
        lines: &[Arc<Line>],
    ) -> std::result::Result<Vec<(WebhookDeliveryKind, Position)>, Fault> {
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        let request_id = hook.id.to_string();
        let call = &prepared.ready.call;
        let ctx = account::enter(&self.state, &call.pass, None, call.locale, &request_id).await?;
        let told = self.pipeline.in_time(&request_id, prepared.teller.tell(&ctx, lines)).await?;
        let mut places: Vec<_> = told
            .map_err(|error| make::fault(error, &request_id))?
            .into_iter()
            .map(|(place, _)| place)
            .collect();
        places.sort_unstable();
        let lines = places.into_iter().filter_map(|place| lines.get(place));
        Ok(lines.map(|line| (WebhookDeliveryKind::Change, line.position())).collect())
    }

    /// Posts what is due, while the lease is held. Whether anything was, and how long to rest.
    async fn post(&self, hook: &webhook::Model) -> Result<(bool, Option<Duration>)> {
        let (db, clock, id) = (&self.state.db, &self.state.clock, hook.id);
        let mut fails = hook.failing_since.is_some();
        let mut leased = None::<Instant>;
        let mut any = false;
        let rest = loop {
            // A turn for each attempt: whoever has much to be posted, slowly, lets others go between.
            let turns = if fails { &self.failing } else { &self.slots };
            let _turn = turns.acquire().await.ok();
            let Some(hook) = queue::find(db, id).await? else { return Ok((false, None)) };
            fails = hook.failing_since.is_some();
            let now = clock.now();
            let all = hook.state == WebhookState::Active;
            let Some(delivery) = queue::next(db, id, now, all).await? else { break None };
            if leased.is_none_or(|since| since.elapsed() > RENEW) {
                if !queue::lease(db, id, self.me, now).await? {
                    return Ok((false, None));
                }
                leased = Some(Instant::now());
                // Somebody else may have posted it a moment ago.
                continue;
            }
            any = true;
            match self.attempt(&hook, &delivery).await? {
                Next::On => {}
                Next::Rest(rest) => break Some(rest),
                Next::Over => break None,
            }
        };
        if leased.is_some() {
            queue::release(db, id, self.me).await?;
        }
        Ok((any, rest))
    }

    /// One attempt: makes what is to be told, posts it, and writes down what became of it.
    async fn attempt(&self, hook: &webhook::Model, delivery: &webhook_delivery::Model) -> Result<Next> {
        let db = &self.state.db;
        let made = match delivery.kind {
            WebhookDeliveryKind::Test => make::test(hook, delivery),
            WebhookDeliveryKind::Change | WebhookDeliveryKind::Resync => match self.prepared(hook).await? {
                Ok(prepared) => self.make(hook, &prepared, delivery).await,
                Err(rest) => return Ok(rest.map_or(Next::Over, Next::Rest)),
            },
        };
        let (outcome, milliseconds) = match made {
            Made::Body(body) => {
                let started = Instant::now();
                let outcome = self.send(hook, delivery, body).await?;
                (outcome, i32::try_from(started.elapsed().as_millis()).ok())
            }
            Made::Withheld => (Outcome::Withheld, None),
            Made::TooLarge => (Outcome::Hopeless(WebhookError::TooLarge, None), None),
            Made::Failed => (Outcome::Failed(WebhookError::Internal, None), None),
            Made::Rest(rest) => return Ok(Next::Rest(rest)),
            Made::Stopped(fault) => {
                return Ok(self.stopped(hook, &fault).await?.map_or(Next::Over, Next::Rest));
            }
        };
        queue::settle(db, delivery, outcome, milliseconds, self.state.clock.now()).await?;
        count(outcome);
        if delivery.kind == WebhookDeliveryKind::Test {
            return Ok(Next::On);
        }
        self.judge(hook, outcome).await
    }

    async fn send(
        &self,
        hook: &webhook::Model,
        delivery: &webhook_delivery::Model,
        body: String,
    ) -> Result<Outcome> {
        let now = self.state.clock.now();
        let id = delivery.id.to_string();
        let signatures = secret::signatures(&self.state.vault, hook, now, &id, &body)?;
        let letter = Letter { url: &hook.url, id, timestamp: now.0.timestamp(), signatures, body };
        Ok(self.post.send(letter).await)
    }

    /// What an outcome says of the webhook itself.
    async fn judge(&self, hook: &webhook::Model, outcome: Outcome) -> Result<Next> {
        let (db, now) = (&self.state.db, self.state.clock.now());
        match (outcome, hook.failing_since) {
            (Outcome::Taken(_), Some(_)) => queue::note_failing(db, hook, None).await?,
            (Outcome::Hopeless(WebhookError::Status, _), _) => {
                self.end(hook, WebhookEnd::Gone).await?;
                return Ok(Next::Over);
            }
            (Outcome::Failed(..), None) => queue::note_failing(db, hook, Some(now)).await?,
            (Outcome::Failed(..), Some(since)) if now.0 - since.0 >= PATIENCE => {
                self.end(hook, WebhookEnd::Failed).await?;
                return Ok(Next::Over);
            }
            _ => {}
        }
        Ok(Next::On)
    }
}

fn count(outcome: Outcome) {
    let word = match outcome {
        Outcome::Taken(_) => "taken",
        Outcome::Failed(..) => "failed",
        Outcome::Hopeless(..) => "given_up",
        Outcome::Withheld => "withheld",
    };
    metrics::counter!("webhook_attempts_total", "outcome" => word).increment(1);
}
