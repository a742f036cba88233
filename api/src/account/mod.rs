//! Accounts (账号): logins, the roles given to them, and their sessions.
//!
//! An account's rights are its live grants and the live assignments of the cadre behind it, read anew at each request;
//! the token carries none. What changes the rights of an account raises its `rights_version`.

pub mod admin;
pub mod api_key;
pub mod bulk;
pub mod bulk_object;
pub mod code;
pub mod factor;
pub mod grant;
pub mod handout;
mod login_name;
mod made;
pub mod notice;
pub mod object;
pub mod operator;
pub mod over;
pub mod password;
pub mod reach;
pub mod resident;
pub mod session;
pub mod sign_on;
pub mod succession;
pub mod throttle;
pub mod token;
pub mod viewer;
pub mod upkeep;

use crate::{
    State,
    config::{Config, SecondFactorRule},
    kernel::{
        courier::Courier,
        error::{Error, Fault, Locale, Result},
        policy::Policy,
        record::Record,
        request::Ctx,
        vault::Vault,
    },
};
use entity::{
    account,
    id::{AccountId, ApiKeyId, SessionId},
};
use moka::sync::Cache;
use password::Passwords;
use session::{
    Lifetimes,
    enter::{Opened, ScopeKey},
};
use std::{net::IpAddr, sync::Arc};
use token::Tokens;

impl Record for account::Entity {
    const NAME: &'static str = AccountId::PREFIX;
    const INTERNAL: &'static [&'static str] = &["name", "cadre_id", "region_id", "status", "password_due"];
}

/// What signing in and recognising people needs.
pub struct Identity {
    /// The argon2 pool.
    pub passwords: Passwords,
    /// Failed attempts to sign in.
    pub failures: throttle::Failures,
    /// Codes that were asked for.
    pub codes: throttle::Failures,
    /// Cards that were shown and are not good.
    pub cards: throttle::Failures,
    /// Whoever carries codes to phones.
    pub courier: Courier,
    /// What is asked of whoever signs in.
    pub rules: Rules,
    /// Access tokens.
    pub tokens: Tokens,
    /// How long sessions last.
    pub lifetimes: Lifetimes,
    /// Signing in by an outer service.
    pub sign_on: sign_on::SignOn,
    /// Who sees and may do what.
    pub policy: Arc<Policy>,
    scopes: Cache<ScopeKey, Opened>,
    /// In steps of how many another system is told counts.
    smallest_cell: i64,
    /// What comes in by keys.
    keys: api_key::enter::Keys,
}

/// What is asked of whoever signs in.
#[derive(Clone, Debug)]
pub struct Rules {
    /// A password that somebody else made is to be changed first.
    pub first_password_must_change: bool,
    /// The roles of administrators are open to sessions with a second factor alone.
    pub administrators_need_second_factor: bool,
    /// The name of this server, in authenticators.
    pub name: String,
}

/// Failures to sign in of one name, and of one address, that cost nothing yet.
const FREE_FAILURES: (u32, u32) = (8, 60);
/// Looks by a card that is not good, and by cards that are not good from one address, that cost nothing yet.
const FREE_CARDS: (u32, u32) = (20, 60);
/// Codes for one name, and for one address, that are asked for without waiting.
const FREE_CODES: (u32, u32) = (3, 30);

impl Identity {
    /// Keys from the vault, limits from the configuration.
    pub fn new(settings: &Config, vault: &Arc<Vault>, policy: Arc<Policy>, courier: Courier) -> Result<Self> {
        let config = &settings.identity;
        let days = |span: std::time::Duration| chrono::Duration::from_std(span).unwrap_or_default();
        Ok(Self {
            passwords: Passwords::new(config.hash_threads, config.hash_queue),
            tokens: Tokens::new(vault, &config.issuer, &config.audience, days(config.access)),
            lifetimes: Lifetimes { whole: days(config.refresh), idle: days(config.refresh_idle) },
            sign_on: sign_on::SignOn::new(&settings.oidc)?,
            policy,
            failures: throttle::Failures::new(FREE_FAILURES.0, FREE_FAILURES.1),
            codes: throttle::Failures::new(FREE_CODES.0, FREE_CODES.1),
            cards: throttle::Failures::new(FREE_CARDS.0, FREE_CARDS.1),
            courier,
            rules: Rules {
                first_password_must_change: config.first_password_must_change,
                administrators_need_second_factor: config.second_factor == SecondFactorRule::Administrators,
                name: config.issuer.clone(),
            },
            scopes: Cache::builder()
                .max_capacity(20_000)
                .time_to_live(std::time::Duration::from_mins(1))
                .build(),
            smallest_cell: settings.privacy.smallest_cell,
            keys: api_key::enter::Keys::default(),
        })
    }
}

/// What somebody shows who asks.
#[derive(Clone)]
pub enum Pass {
    /// Nothing: nobody is signed in.
    Nobody,
    /// A token or a key, as it came with the request.
    Bearer(String),
    /// A session whose token was shown before, on the same connection: good for as long as the session is.
    Session(AccountId, SessionId),
    /// A key of another system, shown by nobody: what the server itself posts is made with its rights.
    Key(ApiKeyId),
}

impl std::fmt::Debug for Pass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nobody => f.write_str("Nobody"),
            // Not the token, which would be as good as the session.
            Self::Bearer(_) => f.write_str("Bearer"),
            Self::Session(account, session) => write!(f, "Session({account}, {session})"),
            Self::Key(key) => write!(f, "Key({key})"),
        }
    }
}

impl Pass {
    /// A token, if there is one.
    #[must_use]
    pub fn of(bearer: Option<String>) -> Self {
        bearer.map_or(Self::Nobody, Self::Bearer)
    }

    /// The same for what follows on a connection: a token ends after minutes, the session behind it stays.
    #[must_use]
    pub fn kept(self, ctx: &Ctx) -> Self {
        match ctx.viewer() {
            Some(viewer) => {
                viewer.via.session().map_or(self, |session| Self::Session(viewer.account, session))
            }
            None => self,
        }
    }

    /// Whether nothing is shown.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        matches!(self, Self::Nobody)
    }
}

/// Who asks, for the front door: a token that cannot be trusted is a fault, none at all is nobody.
pub async fn enter(
    state: &State,
    pass: &Pass,
    address: Option<IpAddr>,
    locale: Locale,
    request_id: &str,
) -> std::result::Result<Ctx, Fault> {
    let State { db, vault, clock, identity, .. } = state;
    let session = |session| session::enter::enter(db, vault, clock, identity, session, locale, request_id);
    let entered = match pass {
        Pass::Nobody => session(None).await,
        Pass::Session(account, of) => session(Some((*account, *of))).await,
        Pass::Key(key) => {
            let asking = api_key::enter::Asking { address: None, locale, request_id };
            api_key::enter::stand_for(db, vault, clock, identity, *key, asking).await
        }
        Pass::Bearer(bearer) => match bearer.strip_prefix(api_key::MARK) {
            Some(shown) => {
                let asking = api_key::enter::Asking { address, locale, request_id };
                api_key::enter::enter(db, vault, clock, identity, shown, asking).await
            }
            None => match identity.tokens.read(bearer, clock.now()) {
                Ok(of) => session(Some(of)).await,
                Err(fault) => Err(fault.into()),
            },
        },
    };
    entered.map(|ctx| ctx.keeping(Arc::clone(&state.keep))).map_err(|error| match error {
        Error::Fault(fault) => *fault,
        Error::Refused(_) => Fault::unauthenticated(),
        Error::Internal(cause) => {
            tracing::error!(request_id, cause = cause.0, "who asks could not be read");
            Fault::new(
                crate::kernel::error::Code::InternalServerError,
                "服务器内部错误。",
                "Something went wrong on our side.",
            )
        }
    })
}
