//! Passwords as they are spoken.

use super::{
    change::{Change, change},
    reset::{self, Finish},
};
use crate::{
    account::Identity,
    kernel::{
        directive::{auth, cost, everyone, signed_in},
        error::{Error, Result, UserError},
        payload::ctx,
    },
};
use async_graphql::{Context, InputObject, Object, SimpleObject};
use std::{net::IpAddr, sync::Arc};

/// The own password and another.
#[derive(Clone, InputObject)]
pub struct PasswordChangeInput {
    /// The password that holds.
    pub current: String,
    /// The one that is to hold: 8 to 128 characters, not among the most common ones, not containing the login name.
    pub new: String,
}

/// Whose password was forgotten.
#[derive(Clone, InputObject)]
pub struct PasswordResetStartInput {
    /// Login name; case does not matter.
    pub name: String,
}

/// The code that was sent, and a new password.
#[derive(Clone, InputObject)]
pub struct PasswordResetFinishInput {
    /// Login name; case does not matter.
    pub name: String,
    /// The six digits that were sent.
    pub code: String,
    /// The password that is to hold, by the same rules as everywhere.
    pub password: String,
}

macro_rules! done {
    ($($(#[$doc:meta])* $name:ident, $(#[$done_doc:meta])* $done:ident;)*) => {$(
        $(#[$doc])*
        #[derive(SimpleObject)]
        pub struct $name {
            $(#[$done_doc])*
            pub $done: bool,
            /// Why it was refused; empty when it was done.
            pub errors: Vec<UserError>,
            /// Always false: secrets are not replayed.
            pub replayed: bool,
        }

        impl $name {
            fn of(done: Result<()>) -> Result<Self> {
                match done {
                    Ok(()) => Ok(Self { $done: true, errors: Vec::new(), replayed: false }),
                    Err(Error::Refused(refusals)) => {
                        let errors = refusals.into_iter().map(Into::into).collect();
                        Ok(Self { $done: false, errors, replayed: false })
                    }
                    Err(error) => Err(error),
                }
            }
        }
    )*};
}

done! {
    /// Whether the password was changed, or why not.
    PasswordChangePayload,
    /// True when the new password holds.
    changed;
    /// That the wish was heard; never whether anything was sent.
    PasswordResetStartPayload,
    /// True when the wish was heard: a code is on its way if there is such an account with a telephone.
    accepted;
    /// Whether the new password holds, or why not.
    PasswordResetFinishPayload,
    /// True when the new password holds.
    changed;
}

/// Changes to passwords.
#[derive(Debug, Default)]
pub struct PasswordMutation;

fn address(gql: &Context<'_>) -> Option<IpAddr> {
    gql.data_opt::<IpAddr>().copied()
}

#[Object]
impl PasswordMutation {
    /// Gives the own account another password. All other sessions end, and a notice tells of it. Requires being signed in,
    /// with or without something due; one such field in a document. Errors: `BAD_CREDENTIALS` (not the password that
    /// holds), `INVALID` (the new one). Answers `RATE_LIMITED` after many failures, `OVERLOADED` when too many passwords are
    /// being hashed.
    #[graphql(directive = cost::apply(50), directive = auth::apply(signed_in()))]
    async fn password_change(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The password that holds, and the new one.")] input: PasswordChangeInput,
    ) -> Option<Result<PasswordChangePayload>> {
        let identity = gql.data_unchecked::<Arc<Identity>>();
        let PasswordChangeInput { current, new } = input;
        let wish = Change { current, new, address: address(gql) };
        Some(PasswordChangePayload::of(change(ctx(gql), identity, wish).await))
    }

    /// Sends a code to the telephone on duty of the person behind an account. Answers alike whether there is one or not.
    /// Requires nothing; one such field in a document. Answers `RATE_LIMITED` after a few for one name or many from one
    /// address.
    #[graphql(directive = cost::apply(50), directive = auth::apply(everyone()))]
    async fn password_reset_start(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Whose password was forgotten.")] input: PasswordResetStartInput,
    ) -> Option<Result<PasswordResetStartPayload>> {
        let identity = gql.data_unchecked::<Arc<Identity>>();
        Some(PasswordResetStartPayload::of(reset::start(ctx(gql), identity, &input.name, address(gql))))
    }

    /// Gives an account a new password by the code that was sent: within ten minutes, five tries, once. All its sessions end,
    /// and a notice tells of it; a second factor stays. Requires nothing but the code; one such field in a document. Errors:
    /// `CODE_INVALID`, `INVALID` (the password). Answers `RATE_LIMITED` after many failures, `OVERLOADED` when too many
    /// passwords are being hashed.
    #[graphql(directive = cost::apply(50), directive = auth::apply(everyone()))]
    async fn password_reset_finish(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The code, and the new password.")] input: PasswordResetFinishInput,
    ) -> Option<Result<PasswordResetFinishPayload>> {
        let identity = gql.data_unchecked::<Arc<Identity>>();
        let PasswordResetFinishInput { name, code, password } = input;
        let wish = Finish { name, code, password, address: address(gql) };
        Some(PasswordResetFinishPayload::of(reset::finish(ctx(gql), identity, wish).await))
    }
}
