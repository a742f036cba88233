//! What one request carries: who asks, when, in which language, and what it has read so far.

use super::{
    access::{Line, Looker, Owner, Seen},
    clock::{Clock, civil, later},
    db::Db,
    door::{self, Guarded},
    error::{Code, Error, Fault, Locale, Refusal, RefusalCode, Result},
    keep::Keep,
    policy::May,
    refusal::Detail,
    scope::{Facts, Scope},
    shelf::Shelf,
    vault::Vault,
};
use async_graphql::Enum;
use chrono::Duration;
use entity::{
    id::{AccountId, ApiKeyId, SessionId},
    kind::DataClass,
    scalar::{Date, DateTime},
};
use sea_orm::{DbBackend, Select};
use std::sync::{Arc, OnceLock};

/// What is to be done before an account opens all that it could (待办事项).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum Due {
    /// Somebody else made the password: change it (更改初始密码).
    PasswordChange,
    /// Set up a second factor, or sign in with it (开启双重验证).
    SecondFactor,
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// The account.
    pub account: AccountId,
    /// By which way in.
    pub via: Via,
    /// When the owner was last seen to know the password; none for whoever has none.
    pub confirmed_at: Option<DateTime>,
    /// What is to be done first.
    pub due: Vec<Due>,
    /// What it may spend in a minute, where that is its own.
    pub budget: Option<u64>,
    /// Counts are told in whole steps of this: 1 for people, who see the rows themselves.
    pub step: i64,
}

/// The way by which somebody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// A person at a device.
    Session(SessionId),
    /// Another system, by its key.
    Key(ApiKeyId),
}

impl Via {
    /// The session, for a person.
    #[must_use]
    pub fn session(self) -> Option<SessionId> {
        match self {
            Self::Session(session) => Some(session),
            Self::Key(_) => None,
        }
    }

    /// The key, for another system.
    #[must_use]
    pub fn key(self) -> Option<ApiKeyId> {
        match self {
            Self::Session(_) => None,
            Self::Key(key) => Some(key),
        }
    }
}

/// What one request carries; cheap to clone.
#[derive(Clone)]
pub struct Ctx(Arc<Inner>);

struct Inner {
    db: Db,
    vault: Arc<Vault>,
    keep: OnceLock<Arc<Keep>>,
    locale: Locale,
    request_id: String,
    viewer: Option<Viewer>,
    scope: Arc<Scope>,
    now: DateTime,
    /// What has been shown of people.
    seen: Seen,
    /// What has been read; never shared between viewers.
    shelf: Shelf,
}

impl Ctx {
    /// Opens a request.
    #[must_use]
    pub fn new(
        db: Db,
        vault: Arc<Vault>,
        clock: &Clock,
        locale: Locale,
        request_id: &str,
        viewer: Option<Viewer>,
        scope: Arc<Scope>,
    ) -> Self {
        Self(Arc::new(Inner {
            db,
            vault,
            keep: OnceLock::new(),
            locale,
            request_id: request_id.to_owned(),
            viewer,
            scope,
            now: clock.now(),
            seen: Seen::default(),
            shelf: Shelf::default(),
        }))
    }

    /// The same request, with what is kept beside the database.
    #[must_use]
    pub fn keeping(self, keep: Arc<Keep>) -> Self {
        self.0.keep.get_or_init(|| keep);
        self
    }

    /// What is kept beside the database.
    pub fn keep(&self) -> Result<&Keep> {
        let keep = self.0.keep.get().ok_or_else(|| Error::internal("a request that knows of no store"))?;
        Ok(keep.as_ref())
    }

    /// The database.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// The secrets.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// The language of messages.
    #[must_use]
    pub fn locale(&self) -> Locale {
        self.0.locale
    }

    /// The id by which logs and answers name this request.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// The moment of the request: one for all that it asks.
    #[must_use]
    pub fn now(&self) -> DateTime {
        self.0.now
    }

    /// Its civil date.
    #[must_use]
    pub fn today(&self) -> Date {
        civil(self.0.now)
    }

    /// Which database it is.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        self.0.db.backend()
    }

    /// What the viewer reaches.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.0.scope
    }

    /// Who is signed in, if anybody.
    #[must_use]
    pub fn viewer(&self) -> Option<&Viewer> {
        self.0.viewer.as_ref()
    }

    /// Who is signed in, and may act.
    pub fn signed_in(&self) -> Result<&Viewer> {
        let viewer = self.viewer().ok_or_else(Fault::unauthenticated)?;
        if viewer.due.contains(&Due::PasswordChange) {
            return Err(Fault::new(
                Code::PasswordChangeRequired,
                "请先更改初始密码（passwordChange）。",
                "Change the password first that was made for you (`passwordChange`).",
            )
            .into());
        }
        Ok(viewer)
    }

    /// Who is signed in, if they were seen to know the password so recently.
    pub fn confirmed_within(&self, span: Duration) -> Result<&Viewer> {
        let viewer = self.in_person()?;
        let recent = viewer.confirmed_at.is_some_and(|at| later(at, span) > self.now());
        if recent {
            return Ok(viewer);
        }
        Err(Refusal::new(
            RefusalCode::ConfirmationRequired,
            "",
            "此操作需要近期确认密码，请先调用 sessionConfirm。",
            "This needs the password shown recently; call `sessionConfirm` first.",
        )
        .into())
    }

    /// Who is signed in as a person at a device: what other systems must not do begins with it.
    pub fn in_person(&self) -> Result<&Viewer> {
        self.of_person()?;
        self.signed_in()
    }

    /// Whether another system asks, by a key.
    #[must_use]
    pub fn by_key(&self) -> bool {
        self.viewer().is_some_and(|viewer| matches!(viewer.via, Via::Key(_)))
    }

    /// The same, whatever is due.
    pub fn of_person(&self) -> Result<&Viewer> {
        let viewer = self.viewer().ok_or_else(Fault::unauthenticated)?;
        match viewer.via {
            Via::Session(_) => Ok(viewer),
            Via::Key(_) => Err(Fault::new(
                Code::Forbidden,
                "API 密钥不能进行此操作；请由本人登录操作。",
                "A key does not do this; it takes a person who has signed in.",
            )
            .into()),
        }
    }

    /// A count as the viewer is told it: to another system in whole steps, so that a small number, and what two large ones
    /// differ by, tells of nobody.
    #[must_use]
    pub fn told(&self, count: i64) -> i64 {
        let step = self.step();
        count - count.rem_euclid(step)
    }

    /// The count above which a count is told to be more than this one.
    #[must_use]
    pub fn told_above(&self, count: i64) -> i64 {
        self.told(count) + self.step() - 1
    }

    fn step(&self) -> i64 {
        self.viewer().map_or(1, |viewer| viewer.step.max(1))
    }

    /// Who asks, for logs and budgets.
    #[must_use]
    pub fn actor(&self) -> String {
        self.viewer().map_or_else(|| "anonymous".to_owned(), |viewer| viewer.account.to_string())
    }

    /// Rows of a table that the viewer may see.
    #[must_use]
    pub fn within<E: Guarded>(&self) -> Select<E> {
        door::within::<E>(self.scope(), self.backend())
    }

    /// The same for counts and sums, which look through all that the viewer sees.
    #[must_use]
    pub fn throughout<E: Guarded>(&self) -> Select<E> {
        door::throughout::<E>(self.scope(), self.backend())
    }

    /// Whether the viewer may do something to a record with these facts.
    #[must_use]
    pub fn may(&self, may: May, facts: &Facts<'_>) -> bool {
        self.scope().may(may, facts)
    }

    /// Refuses unless the viewer may.
    pub fn must(&self, may: May, facts: &Facts<'_>) -> Result<()> {
        if self.may(may, facts) { Ok(()) } else { Err(self.forbidden(may)) }
    }

    /// The refusal of something that the viewer may not do, with what would allow it.
    #[must_use]
    pub fn forbidden(&self, may: May) -> Error {
        let requires = self.scope().would_allow(may);
        Refusal::new(
            RefusalCode::Forbidden,
            "",
            "您无权进行此操作。",
            "You do not have the right to do this here.",
        )
        .with(Detail::Requires(requires))
        .into()
    }

    /// Who looks, for the access log.
    #[must_use]
    pub fn looker(&self) -> Looker {
        Looker {
            at: self.now(),
            account: self.viewer().map(|viewer| viewer.account),
            session: self.viewer().and_then(|viewer| viewer.via.session()),
            api_key: self.viewer().and_then(|viewer| viewer.via.key()).map(|key| key.0),
            request_id: self.request_id().to_owned(),
        }
    }

    /// Notes that a field of somebody is shown.
    pub fn shows(&self, owner: Owner, field: &str, class: DataClass) {
        self.0.seen.note(owner.subject, owner.way, owner.of, field, class);
    }

    /// What is read from now on are hits of a search.
    pub fn searching(&self) {
        self.0.seen.searching();
    }

    /// What is read from now on leaves in a file, for this purpose.
    pub fn exporting(&self, purpose: &str) {
        self.0.seen.exporting(purpose);
    }

    /// What has been shown of people so far, as lines of the access log.
    #[must_use]
    pub fn looks(&self) -> Vec<Line> {
        self.0.seen.lines(|| self.looker())
    }

    pub(crate) fn shelf(&self) -> &Shelf {
        &self.0.shelf
    }
}
