//! Signing in by an outer service, as it is spoken.

use super::{
    SignOn,
    identity::{self, AccountIdentityAddInput, AccountIdentityRemoveInput, IdentityLinkFinishInput},
};
use crate::{
    account::{Identity, object::Account, session::mutation::SessionPayload},
    kernel::{
        directive::{DataClass, auth, class, cost, everyone, may, signed_in},
        error::{Error, Result, UserError},
        node::{Any, Node, Ordering},
        page::Run,
        payload::{ctx, payload},
        policy::May,
    },
};
use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use entity::{
    account_identity,
    id::{AccountId, IdentityId},
    scalar::DateTime,
};
use sea_orm::DerivePartialModel;
use std::sync::Arc;
use uuid::Uuid;

/// An identity of an outer sign-on by which an account is entered (统一认证身份). Seen by whoever sees the account.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "account_identity::Entity")]
#[graphql(complex)]
pub struct AccountIdentity {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: IdentityId,
    /// Who vouches for it (签发者): the address of the service.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub issuer: String,
    /// By what the service knows the person (主体标识): a login of another system, and seen as one.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub subject: String,
    /// When it was linked (关联时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub created_at: DateTime,
    /// What a mutation expects.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) account_id: AccountId,
}

/// What identities are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum AccountIdentityOrderField {
    /// When it was linked: the order of the ids.
    CreatedAt,
}

impl Ordering for AccountIdentityOrderField {
    fn column(self) -> Option<&'static str> {
        None
    }

    fn usual() -> Run {
        Run { column: None, descending: false }
    }
}

impl Node for AccountIdentity {
    type Entity = account_identity::Entity;
    type Where = Any;
    type Order = AccountIdentityOrderField;
    const NAME: &'static str = IdentityId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

/// Signing in by an outer service (统一认证), as it is set up here.
#[derive(Clone, Debug, SimpleObject)]
pub struct SignOnInfo {
    /// Whether one can sign in that way (是否启用).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub enabled: bool,
    /// What to write on the button (名称).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub name: String,
}

/// Questions about signing in by an outer service.
#[derive(Debug, Default)]
pub struct SignOnQuery;

#[Object]
impl SignOnQuery {
    /// Whether one can sign in by an outer service, and what it is called. Requires nothing.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(1), directive = auth::apply(everyone()))]
    async fn sign_on(&self, gql: &Context<'_>) -> Option<SignOnInfo> {
        let SignOn { issuer, name, .. } = &gql.data_unchecked::<Arc<Identity>>().sign_on;
        Some(SignOnInfo { enabled: issuer.is_some(), name: name.clone() })
    }
}

/// A sign-on to begin.
#[derive(Clone, Debug, InputObject)]
pub struct SignOnStartInput {
    /// Where the service sends the person back to: one of those set up.
    pub redirect_uri: String,
    /// What the owner will know the device by, at most 200 characters.
    pub device: String,
}

/// The return from a sign-on.
#[derive(Clone, InputObject)]
pub struct SignOnFinishInput {
    /// The state that came back: the one of `signOnStart`.
    pub state: String,
    /// The code that came back.
    pub code: String,
}

/// An identity to link to the own account.
#[derive(Clone, Debug, InputObject)]
pub struct IdentityLinkStartInput {
    /// Where the service sends the person back to: one of those set up.
    pub redirect_uri: String,
}

/// A sign-on that was begun, or why not.
#[derive(Default, SimpleObject)]
pub struct SignOnStartPayload {
    /// The address to open in a browser. Null exactly when `errors` is not empty.
    pub authorization_url: Option<String>,
    /// What will come back with the code; good for one return.
    pub state: Option<String>,
    /// Until when the person may take their time: ten minutes.
    pub expires_at: Option<DateTime>,
    /// Why it was refused; empty when it was done.
    pub errors: Vec<UserError>,
    /// Always false: each sign-on is begun anew.
    pub replayed: bool,
}

payload! {
    /// An identity that was linked, or why not.
    AccountIdentityPayload, account_identity: AccountIdentity
}

payload! {
    /// The account that an identity was taken from, or why not.
    AccountIdentityRemovePayload, account: Account
}

/// Signing in by an outer service.
#[derive(Debug, Default)]
pub struct SignOnMutation;

#[Object]
impl SignOnMutation {
    /// Begins to sign in by the outer service: the app opens the address and gets code and state at its redirect URI. Requires
    /// nothing. Errors: `INVALID` (`redirect-uri`), `STATE` (none is set up). Answers `OVERLOADED` when the service cannot be
    /// reached.
    #[graphql(directive = cost::apply(20), directive = auth::apply(everyone()))]
    async fn sign_on_start(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Where to come back to.")] input: SignOnStartInput,
    ) -> Option<Result<SignOnStartPayload>> {
        let sign_on = &gql.data_unchecked::<Arc<Identity>>().sign_on;
        let SignOnStartInput { redirect_uri, device } = input;
        Some(begun(sign_on.start(ctx(gql), redirect_uri, &device, None).await))
    }

    /// Signs in with what came back from the outer service. The state is used up by it. Requires nothing. Errors:
    /// `SIGN_ON_FAILED` (state or code are not good, begin anew), `UNKNOWN_IDENTITY` (no account is linked to the identity, or
    /// it may not sign in), `STATE` (none is set up). Answers `OVERLOADED` when the service cannot be reached.
    #[graphql(directive = cost::apply(50), directive = auth::apply(everyone()))]
    async fn sign_on_finish(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What came back.")] input: SignOnFinishInput,
    ) -> Option<Result<SessionPayload>> {
        let identity = gql.data_unchecked::<Arc<Identity>>();
        let SignOnFinishInput { state, code } = input;
        Some(SessionPayload::of(identity.sign_on.sign_in(ctx(gql), identity, &state, &code).await))
    }

    /// Begins to link an identity of the outer service to the own account. Requires sign-in. Errors: `INVALID`
    /// (`redirect-uri`), `STATE` (none is set up). Answers `OVERLOADED` when the service cannot be reached.
    #[graphql(directive = cost::apply(20), directive = auth::apply(signed_in()))]
    async fn identity_link_start(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Where to come back to.")] input: IdentityLinkStartInput,
    ) -> Option<Result<SignOnStartPayload>> {
        let (ctx, sign_on) = (ctx(gql), &gql.data_unchecked::<Arc<Identity>>().sign_on);
        let own = match ctx.in_person() {
            Ok(viewer) => viewer.account,
            Err(error) => return Some(Err(error)),
        };
        Some(begun(sign_on.start(ctx, input.redirect_uri, "", Some(own)).await))
    }

    /// Links the identity that came back from the outer service to the own account, by which it is entered from then on. The
    /// state is used up by it. Requires sign-in by the account that began. Errors: `SIGN_ON_FAILED`, `DUPLICATE` (the identity
    /// belongs to an account), `LIMIT`, `STATE`. Answers `OVERLOADED` when the service cannot be reached.
    #[graphql(directive = cost::apply(50), directive = auth::apply(signed_in()))]
    async fn identity_link_finish(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What came back.")] input: IdentityLinkFinishInput,
    ) -> Option<Result<AccountIdentityPayload>> {
        let (ctx, sign_on) = (ctx(gql), &gql.data_unchecked::<Arc<Identity>>().sign_on);
        AccountIdentityPayload::of(ctx, identity::link(ctx, sign_on, &input).await).await
    }

    /// Links an identity of the outer service to an account. Requires what changing the account requires: `REGION_ADMIN` of
    /// its region and of all that it reaches, or `PLATFORM_ADMIN`. Errors: `INVALID` (`required`, `length`), `DUPLICATE` (the
    /// identity belongs to an account; `existing` is null when that is outside the viewer's scope), `LIMIT`, `STATE` (none is
    /// set up), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageAccount)))]
    async fn account_identity_add(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which to which.")] mut input: AccountIdentityAddInput,
    ) -> Option<Result<AccountIdentityPayload>> {
        let (ctx, sign_on) = (ctx(gql), &gql.data_unchecked::<Arc<Identity>>().sign_on);
        input.issuer = sign_on.issuer.as_ref().map(|issuer| issuer.address().to_owned());
        let written = ctx.write("accountIdentityAdd", &input.idempotency_key, &input, identity::add).await;
        AccountIdentityPayload::of(ctx, written).await
    }

    /// Takes an identity from its account; sessions that it opened go on. Requires sign-in: to be its owner, or to have the
    /// right to change the account. Errors: `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(signed_in()))]
    async fn account_identity_remove(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which identity is taken away.")] input: AccountIdentityRemoveInput,
    ) -> Option<Result<AccountIdentityRemovePayload>> {
        let ctx = ctx(gql);
        let written =
            ctx.write("accountIdentityRemove", &input.idempotency_key, &input, identity::remove).await;
        AccountIdentityRemovePayload::of(ctx, written).await
    }
}

fn begun(begun: Result<super::Begun>) -> Result<SignOnStartPayload> {
    match begun {
        Ok(begun) => Ok(SignOnStartPayload {
            authorization_url: Some(begun.url),
            state: Some(begun.state),
            expires_at: Some(begun.expires_at),
            ..Default::default()
        }),
        Err(Error::Refused(refusals)) => Ok(SignOnStartPayload {
            errors: refusals.into_iter().map(Into::into).collect(),
            ..Default::default()
        }),
        Err(error) => Err(error),
    }
}
