//! Accounts (账号): logins, the roles given to them, and their sessions.
//!
//! An account's rights are its live grants and the live assignments of the cadre behind it, read anew at each request;
//! the token carries none. What changes the rights of an account raises its `rights_version`.

pub mod admin;
pub mod grant;
pub mod object;
pub mod password;
pub mod reach;
pub mod session;
pub mod sign_in;
pub mod succession;
pub mod throttle;
pub mod token;
pub mod viewer;
pub mod upkeep;

use crate::{
    State,
    kernel::{
        error::{Error, Fault, Locale},
        policy::Policy,
        record::Record,
        request::Ctx,
        scope::Scope,
        vault::Vault,
    },
};
use entity::{account, id::AccountId, scalar::Date};
use moka::sync::Cache;
use password::Passwords;
use session::Lifetimes;
use std::sync::Arc;
use token::Tokens;

impl Record for account::Entity {
    const NAME: &'static str = AccountId::PREFIX;
    const INTERNAL: &'static [&'static str] = &["name", "cadre_id", "region_id", "status"];
}

/// What signing in and recognising people needs.
pub struct Identity {
    /// The argon2 pool.
    pub passwords: Passwords,
    /// Failed attempts to sign in.
    pub failures: throttle::Failures,
    /// Access tokens.
    pub tokens: Tokens,
    /// How long sessions last.
    pub lifetimes: Lifetimes,
    /// Who sees and may do what.
    pub policy: Arc<Policy>,
    /// Scopes by account, version of its rights, and day.
    scopes: Cache<(AccountId, i32, Date), Arc<Scope>>,
}

impl Identity {
    /// Keys from the vault, limits from the configuration.
    #[must_use]
    pub fn new(config: &crate::config::IdentityConfig, vault: &Arc<Vault>, policy: Arc<Policy>) -> Self {
        let days = |span: std::time::Duration| chrono::Duration::from_std(span).unwrap_or_default();
        Self {
            passwords: Passwords::new(config.hash_threads, config.hash_queue),
            tokens: Tokens::new(vault, &config.issuer, &config.audience, days(config.access)),
            lifetimes: Lifetimes { whole: days(config.refresh), idle: days(config.refresh_idle) },
            policy,
            failures: throttle::Failures::default(),
            scopes: Cache::builder()
                .max_capacity(20_000)
                .time_to_live(std::time::Duration::from_mins(1))
                .build(),
        }
    }
}

/// Who asks, for the front door: a token that cannot be trusted is a fault, none at all is nobody.
pub async fn enter(
    state: &State,
    bearer: Option<&str>,
    locale: Locale,
    request_id: &str,
) -> std::result::Result<Ctx, Fault> {
    let entered =
        session::enter(&state.db, &state.vault, &state.clock, &state.identity, bearer, locale, request_id)
            .await;
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
