//! Signing in and out as it is spoken.

use super::{
    Issued,
    close::{self, SessionsEndInput},
    object::Session,
    refresh,
    start::{self, Confirmation, Shown},
};
use crate::{
    account::{Identity, object::Account},
    kernel::{
        directive::{auth, cost, everyone, signed_in},
        error::{Error, Result, UserError},
        payload::{ctx, payload},
    },
};
use async_graphql::{Context, InputObject, Object, SimpleObject};
use entity::scalar::DateTime;
use std::{net::IpAddr, sync::Arc};

/// Name and password, and a code where one is asked for.
#[derive(Clone, InputObject)]
pub struct SessionStartInput {
    /// Login name; case does not matter.
    pub name: String,
    /// The password of the account.
    pub password: String,
    /// Code of the second factor: six digits of the authenticator, or a recovery code. Needed when the account has one.
    #[graphql(default)]
    pub code: Option<String>,
    /// What the owner will know the device by, at most 200 characters.
    pub device: String,
}

/// A refresh token to be used.
#[derive(Clone, InputObject)]
pub struct SessionRefreshInput {
    /// The one of the last answer; it is used up by this.
    pub refresh_token: String,
}

/// A session to end.
#[derive(Clone, InputObject)]
pub struct SessionEndInput {
    /// The session's refresh token.
    pub refresh_token: String,
}

/// The password once more, of whoever is signed in.
#[derive(Clone, InputObject)]
pub struct SessionConfirmInput {
    /// The password of the account.
    pub password: String,
    /// Code of the second factor. Needed when the account has one.
    #[graphql(default)]
    pub code: Option<String>,
}

/// A session with its tokens, shown once; or why not.
#[derive(Default, SimpleObject)]
pub struct SessionPayload {
    /// The session. Null exactly when `errors` is not empty.
    pub session: Option<Session>,
    /// For `Authorization: Bearer …`; a JWT without any rights in it, ten minutes by default.
    pub access_token: Option<String>,
    /// When the access token ends.
    pub access_token_expires_at: Option<DateTime>,
    /// For `sessionRefresh`, once. Keep it where nothing else on the device can read it.
    pub refresh_token: Option<String>,
    /// When the refresh token ends if it is not used.
    pub refresh_token_expires_at: Option<DateTime>,
    /// Why it was refused; empty when it was done.
    pub errors: Vec<UserError>,
    /// Always false: signing in is not replayed.
    pub replayed: bool,
}

impl SessionPayload {
    pub(crate) fn of(issued: Result<Issued>) -> Result<Self> {
        match issued {
            Ok(issued) => Ok(Self {
                session: Some(issued.session.into()),
                access_token: Some(issued.access_token),
                access_token_expires_at: Some(issued.access_token_expires_at),
                refresh_token: Some(issued.refresh_token),
                refresh_token_expires_at: Some(issued.refresh_token_expires_at),
                ..Self::default()
            }),
            Err(Error::Refused(refusals)) => {
                Ok(Self { errors: refusals.into_iter().map(Into::into).collect(), ..Self::default() })
            }
            Err(error) => Err(error),
        }
    }
}

/// The end of a session, or why not.
#[derive(SimpleObject)]
pub struct SessionEndPayload {
    /// True when the session is over, whether by this or before.
    pub ended: bool,
    /// Why it was refused; empty when it was done.
    pub errors: Vec<UserError>,
    /// Always false: ending a session twice ends it once.
    pub replayed: bool,
}

/// The session whose owner has shown the password once more, or why not.
#[derive(Default, SimpleObject)]
pub struct SessionConfirmPayload {
    /// The session. Null exactly when `errors` is not empty.
    pub session: Option<Session>,
    /// Why it was refused; empty when it was done.
    pub errors: Vec<UserError>,
    /// Always false: a password is shown anew each time.
    pub replayed: bool,
}

payload! {
    /// The account whose sessions ended, or why not.
    SessionsEndPayload, account: Account
}

/// Signing in and out.
#[derive(Debug, Default)]
pub struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Signs in by name and password. Requires nothing; one such field in a document. Errors: `BAD_CREDENTIALS`,
    /// `SECOND_FACTOR_REQUIRED` (the password is right; send it again with a code), `CODE_INVALID`. Answers `RATE_LIMITED`
    /// after many failures of a name or address, `OVERLOADED` with a time to come back when too many sign in at once. What the
    /// account has to do before it opens all, `viewer { mustDo }` tells.
    #[graphql(directive = cost::apply(50), directive = auth::apply(everyone()))]
    async fn session_start(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Name and password.")] input: SessionStartInput,
    ) -> Option<Result<SessionPayload>> {
        let identity = gql.data_unchecked::<Arc<Identity>>();
        let SessionStartInput { name, password, code, device } = input;
        let address = gql.data_opt::<IpAddr>().copied();
        let shown = Shown { name, password, code, device, address };
        Some(SessionPayload::of(start::start(ctx(gql), identity, shown).await))
    }

    /// A new pair of tokens. The old refresh token is used up; shown again after its successor was used, it ends the
    /// session and tells its owner, since somebody has a copy. Requires nothing. Errors: `TOKEN_INVALID`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(everyone()))]
    async fn session_refresh(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The token to be used.")] input: SessionRefreshInput,
    ) -> Option<Result<SessionPayload>> {
        let identity = gql.data_unchecked::<Arc<Identity>>();
        Some(SessionPayload::of(refresh::refresh(ctx(gql), identity, &input.refresh_token).await))
    }

    /// Signs out: all tokens of the session are worth nothing from the next request on. Requires nothing but the token.
    #[graphql(directive = cost::apply(10), directive = auth::apply(everyone()))]
    async fn session_end(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to end, and why.")] input: SessionEndInput,
    ) -> Option<Result<SessionEndPayload>> {
        let ended = close::finish(ctx(gql), &input.refresh_token).await;
        Some(ended.map(|()| SessionEndPayload { ended: true, errors: Vec::new(), replayed: false }))
    }

    /// Shows the password once more, and a code where the account has a second factor: what needs a recent sign-in is open
    /// again for some minutes. Requires being signed in; one such field in a document. Errors: `BAD_CREDENTIALS`,
    /// `SECOND_FACTOR_REQUIRED`, `CODE_INVALID`. Answers `RATE_LIMITED` after many failures, `OVERLOADED` when too many
    /// passwords are being checked.
    #[graphql(directive = cost::apply(50), directive = auth::apply(signed_in()))]
    async fn session_confirm(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The password once more.")] input: SessionConfirmInput,
    ) -> Option<Result<SessionConfirmPayload>> {
        let identity = gql.data_unchecked::<Arc<Identity>>();
        let SessionConfirmInput { password, code } = input;
        let shown = Confirmation { password, code, address: gql.data_opt::<IpAddr>().copied() };
        Some(match start::confirm(ctx(gql), identity, shown).await {
            Ok(session) => Ok(SessionConfirmPayload {
                session: Some(session.into()),
                ..SessionConfirmPayload::default()
            }),
            Err(Error::Refused(refusals)) => Ok(SessionConfirmPayload {
                errors: refusals.into_iter().map(Into::into).collect(),
                ..SessionConfirmPayload::default()
            }),
            Err(error) => Err(error),
        })
    }

    /// Signs out several devices: those named, all others than this one, or all of an account. Their tokens are worth nothing
    /// from the next request on. Requires being signed in; for another account, what `accountUpdate` requires. Errors:
    /// `INVALID`, `FORBIDDEN`, `NOT_FOUND` (any of them).
    #[graphql(directive = cost::apply(10), directive = auth::apply(signed_in()))]
    async fn sessions_end(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which sessions.")] input: SessionsEndInput,
    ) -> Option<Result<SessionsEndPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("sessionsEnd", &input.idempotency_key, &input, close::end_several).await;
        SessionsEndPayload::of(ctx, written).await
    }
}
