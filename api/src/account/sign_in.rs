//! Signing in as it is spoken.

use super::{
    Identity,
    object::Account,
    session::{self, Attempt, Issued},
};
use crate::kernel::{
    directive::{DataClass, auth, class, cost, everyone},
    error::{Error, Result, UserError},
    payload::ctx,
};
use async_graphql::{Context, InputObject, Object, SimpleObject};
use entity::{
    id::{AccountId, SessionId},
    scalar::DateTime,
};
use std::sync::Arc;

/// A signed-in device (会话).
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct Session {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: SessionId,
    #[graphql(skip)]
    account_id: AccountId,
}

#[async_graphql::ComplexObject]
impl Session {
    /// The account that is signed in.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn account(&self, gql: &Context<'_>) -> Option<Result<Account>> {
        super::session::own_account(ctx(gql), self.account_id).await.transpose()
    }
}

/// Name and password.
#[derive(Clone, InputObject)]
pub struct SessionStartInput {
    /// Login name; case does not matter.
    pub name: String,
    /// The password of the account.
    pub password: String,
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
    pub(super) fn of(issued: Result<Issued>) -> Result<Self> {
        match issued {
            Ok(issued) => Ok(Self {
                session: Some(Session { id: issued.session, account_id: issued.account }),
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

/// Signing in and out.
#[derive(Debug, Default)]
pub struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Signs in by name and password. Requires nothing; one such field in a document. Errors: `BAD_CREDENTIALS`. Answers
    /// `RATE_LIMITED` after many failures of a name or address, `OVERLOADED` with a time to come back when too many sign in at once.
    #[graphql(directive = cost::apply(50), directive = auth::apply(everyone()))]
    async fn session_start(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Name and password.")] input: SessionStartInput,
    ) -> Option<Result<SessionPayload>> {
        let identity = gql.data_unchecked::<Arc<Identity>>();
        let SessionStartInput { name, password, device } = input;
        let address = gql.data_opt::<std::net::IpAddr>().copied();
        let attempt = Attempt { name, password, device, address };
        Some(SessionPayload::of(session::start(ctx(gql), identity, attempt).await))
    }

    /// A new pair of tokens. The old refresh token is used up; shown again after its successor was used, it ends the
    /// session, since somebody has a copy. Requires nothing. Errors: `TOKEN_INVALID`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(everyone()))]
    async fn session_refresh(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The token to be used.")] input: SessionRefreshInput,
    ) -> Option<Result<SessionPayload>> {
        let identity = gql.data_unchecked::<Arc<Identity>>();
        Some(SessionPayload::of(session::refresh(ctx(gql), identity, &input.refresh_token).await))
    }

    /// Signs out: all tokens of the session are worth nothing from the next request on. Requires nothing but the token.
    #[graphql(directive = cost::apply(10), directive = auth::apply(everyone()))]
    async fn session_end(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to end, and why.")] input: SessionEndInput,
    ) -> Option<Result<SessionEndPayload>> {
        let ended = session::finish(ctx(gql), &input.refresh_token).await;
        Some(ended.map(|()| SessionEndPayload { ended: true, errors: Vec::new(), replayed: false }))
    }
}
