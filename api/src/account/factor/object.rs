//! The second factor as it is spoken.

use super::{SecondFactorEndInput, Started, confirm, end, start};
use crate::{
    account::{Identity, object::Account},
    kernel::{
        directive::{auth, cost, signed_in},
        error::{Error, Result, UserError},
        payload::{ctx, payload},
    },
};
use async_graphql::{Context, InputObject, Object, SimpleObject};
use std::{net::IpAddr, sync::Arc};

/// A second factor to set up.
#[derive(Clone, Debug, InputObject)]
pub struct SecondFactorStartInput {
    /// What the authenticator shows beside the name of the server; the login name when nothing is said.
    #[graphql(default)]
    pub label: Option<String>,
}

/// The first code of a second factor.
#[derive(Clone, InputObject)]
pub struct SecondFactorConfirmInput {
    /// The six digits that the authenticator shows.
    pub code: String,
}

/// What the authenticator needs to know, shown once; or why not.
#[derive(Default, SimpleObject)]
pub struct SecondFactorStartPayload {
    /// The secret in base 32, to be typed in where no picture can be read. Null when there are errors.
    pub secret: Option<String>,
    /// The same with all else as an `otpauth://` address: draw it as a QR code. Null when there are errors.
    pub uri: Option<String>,
    /// Why it was refused; empty when it was done.
    pub errors: Vec<UserError>,
    /// Always false: a secret is not shown twice.
    pub replayed: bool,
}

/// The recovery codes, shown once; or why not.
#[derive(Default, SimpleObject)]
pub struct SecondFactorConfirmPayload {
    /// Ten codes, each good once in place of a code of the authenticator, to be kept on paper. Empty when there are errors.
    pub recovery_codes: Vec<String>,
    /// Why it was refused; empty when it was done.
    pub errors: Vec<UserError>,
    /// Always false: the codes are not shown twice.
    pub replayed: bool,
}

payload! {
    /// The account that has no second factor any more, or why not.
    SecondFactorEndPayload, account: Account
}

/// Changes to second factors.
#[derive(Debug, Default)]
pub struct SecondFactorMutation;

#[Object]
impl SecondFactorMutation {
    /// Begins a second factor for the own account: a secret for an authenticator app (TOTP, RFC 6238). It counts for nothing
    /// until `secondFactorConfirm`; begun again, the secret before is worth nothing. Requires a sign-in within the last ten
    /// minutes. Errors: `CONFIRMATION_REQUIRED`, `STATE` (there is one in force).
    #[graphql(directive = cost::apply(10), directive = auth::apply(signed_in()))]
    async fn second_factor_start(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "How it is to be shown.")] input: SecondFactorStartInput,
    ) -> Option<Result<SecondFactorStartPayload>> {
        let label = input.label.as_deref();
        Some(match start(ctx(gql), gql.data_unchecked::<Arc<Identity>>(), label).await {
            Ok(Started { secret, uri }) => Ok(SecondFactorStartPayload {
                secret: Some(secret),
                uri: Some(uri),
                ..SecondFactorStartPayload::default()
            }),
            Err(Error::Refused(refusals)) => Ok(SecondFactorStartPayload {
                errors: refusals.into_iter().map(Into::into).collect(),
                ..SecondFactorStartPayload::default()
            }),
            Err(error) => Err(error),
        })
    }

    /// Puts the second factor in force by its first code and gives the recovery codes. From now on the sign-in asks for a
    /// code. Requires a sign-in within the last ten minutes. Errors: `CODE_INVALID`, `CONFIRMATION_REQUIRED`, `STATE` (none
    /// was begun). Answers `RATE_LIMITED` after many wrong codes.
    #[graphql(directive = cost::apply(10), directive = auth::apply(signed_in()))]
    async fn second_factor_confirm(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The first code.")] input: SecondFactorConfirmInput,
    ) -> Option<Result<SecondFactorConfirmPayload>> {
        let address = gql.data_opt::<IpAddr>().copied();
        let identity = gql.data_unchecked::<Arc<Identity>>();
        Some(match confirm(ctx(gql), identity, &input.code, address).await {
            Ok(recovery_codes) => {
                Ok(SecondFactorConfirmPayload { recovery_codes, ..SecondFactorConfirmPayload::default() })
            }
            Err(Error::Refused(refusals)) => Ok(SecondFactorConfirmPayload {
                errors: refusals.into_iter().map(Into::into).collect(),
                ..SecondFactorConfirmPayload::default()
            }),
            Err(error) => Err(error),
        })
    }

    /// Ends a second factor: the own one, or the lost one of an account that the viewer administers; its owner is told.
    /// Requires a sign-in within the last ten minutes; for another's, what `accountUpdate` requires. Errors:
    /// `CONFIRMATION_REQUIRED`, `STATE` (there is none), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(signed_in()))]
    async fn second_factor_end(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Whose second factor.")] input: SecondFactorEndInput,
    ) -> Option<Result<SecondFactorEndPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("secondFactorEnd", &input.idempotency_key, &input, end).await;
        SecondFactorEndPayload::of(ctx, written).await
    }
}
