//! What mutations answer with: the record as the viewer may see it now, or why not.

use super::{
    error::{Error, Refusal, Result},
    node::Node,
    policy::May,
    request::Ctx,
    scope::Facts,
    work::Written,
};
use async_graphql::{Context, SimpleObject};

/// What this request carries.
#[must_use]
pub fn ctx<'a>(gql: &Context<'a>) -> &'a Ctx {
    gql.data_unchecked::<Ctx>()
}

/// The record that a mutation made or changed, under today's rights; or the refusals.
pub struct Outcome<N> {
    /// The record; none exactly when there are refusals.
    pub node: Option<N>,
    /// Why not.
    pub refusals: Vec<Refusal>,
    /// Whether an earlier request with the same key did it.
    pub replayed: bool,
}

impl<N> Outcome<N> {
    /// The same for what has no id of its own: how it is read after it was written.
    pub async fn read(written: Result<Written>, read: impl Future<Output = Result<N>>) -> Result<Self> {
        match written {
            Ok(Written { replayed, .. }) => {
                Ok(Self { node: Some(read.await?), refusals: Vec::new(), replayed })
            }
            Err(Error::Refused(refusals)) => Ok(Self { node: None, refusals, replayed: false }),
            Err(error) => Err(error),
        }
    }
}

impl<N: Node> Outcome<N> {
    /// Reads the record through the same loader as queries do.
    pub async fn of(ctx: &Ctx, written: Result<Written>) -> Result<Self> {
        let written = match written {
            Ok(written) => written,
            Err(Error::Refused(refusals)) => return Ok(Self { node: None, refusals, replayed: false }),
            Err(error) => return Err(error),
        };
        let node = ctx.node::<N>(written.entity).await?;
        let refusals = if node.is_some() { Vec::new() } else { vec![Refusal::not_found("")] };
        Ok(Self { node, refusals, replayed: written.replayed })
    }
}

/// A payload type: the noun, the refusals, and whether it is a replay.
macro_rules! payload_type {
    ($(#[$doc:meta])* $name:ident, $noun:ident: $node:ty) => {
        $(#[$doc])*
        #[derive(async_graphql::SimpleObject)]
        pub struct $name {
            /// The record as the viewer may see it now. Null exactly when `errors` is not empty.
            pub $noun: Option<$node>,
            /// Why it was refused; empty when it was done.
            pub errors: Vec<$crate::kernel::error::UserError>,
            /// Whether an earlier request with the same idempotency key had done it already.
            pub replayed: bool,
        }

        impl From<$crate::kernel::payload::Outcome<$node>> for $name {
            fn from(outcome: $crate::kernel::payload::Outcome<$node>) -> Self {
                Self {
                    $noun: outcome.node,
                    errors: outcome.refusals.into_iter().map(Into::into).collect(),
                    replayed: outcome.replayed,
                }
            }
        }
    };
}
pub(crate) use payload_type;

/// The same for a node, which is read by its id.
macro_rules! payload {
    ($(#[$doc:meta])* $name:ident, $noun:ident: $node:ty) => {
        $crate::kernel::payload::payload_type! { $(#[$doc])* $name, $noun: $node }

        impl $name {
            /// The record as the viewer may see it now, or why not.
            pub(crate) async fn of(
                ctx: &$crate::kernel::request::Ctx,
                written: $crate::kernel::error::Result<$crate::kernel::work::Written>,
            ) -> Option<$crate::kernel::error::Result<Self>> {
                let outcome = Box::pin($crate::kernel::payload::Outcome::<$node>::of(ctx, written)).await;
                Some(outcome.map(Into::into))
            }
        }
    };
}
pub(crate) use payload;

/// Whether the viewer may do one thing to one record, and what would allow it (可否操作).
#[derive(Clone, Debug, SimpleObject)]
pub struct Permission {
    /// Whether the mutation would be let through for the viewer's rights. It may still be refused for the state or the input.
    pub allowed: bool,
    /// What would allow it: names of roles, `CONTACT` (a live assignment to the record), `PLACE_CONTACT` (to the place
    /// around it). Empty when it is allowed.
    pub requires: Vec<String>,
    /// For people, why not; null when it is allowed.
    pub message: Option<String>,
}

impl Permission {
    /// What is allowed.
    #[must_use]
    pub fn given() -> Self {
        Self { allowed: true, requires: Vec::new(), message: None }
    }

    /// What only whoever made a record may do, told to somebody else.
    #[must_use]
    pub fn to_maker(ctx: &Ctx, requires: &str, zh: &'static str, en: &'static str) -> Self {
        let message = Some(ctx.locale().pick(zh, en).to_owned());
        Self { allowed: false, requires: vec![requires.to_owned()], message }
    }
}

impl Ctx {
    /// The permission to do something to a record with these facts.
    #[must_use]
    pub fn permission(&self, may: May, facts: &Facts<'_>) -> Permission {
        if self.may(may, facts) {
            return Permission::given();
        }
        let message = self.locale().pick("您无权进行此操作。", "You do not have the right to do this here.");
        Permission {
            allowed: false,
            requires: self.scope().would_allow(may),
            message: Some(message.to_owned()),
        }
    }
}
