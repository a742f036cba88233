//! Edges of `ContactCard`.

use crate::{
    account::object::Account,
    card::{VoidSince, object::ContactCard},
    contact::object::ContactAssignment,
    household::object::Household,
    kernel::{
        directive::{DataClass, class},
        error::Result,
        payload::{Permission, ctx},
        personal::Personal,
        policy::May,
    },
};
use async_graphql::{ComplexObject, Context, SimpleObject};
use entity::scalar::Date;

/// What the viewer may do to a card (可否操作).
#[derive(Clone, Debug, SimpleObject)]
pub struct ContactCardViewerCan {
    /// Change and issue it, and print its code (`cardUpdate`, `cardIssue`): the right to the household's cards.
    pub keep: Permission,
    /// Have its code replaced (`cardTokenRevoke`).
    pub revoke_token: Permission,
}

#[ComplexObject]
impl ContactCard {
    /// What the viewer may do to it. Null when the household is outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn viewer_can(&self, gql: &Context<'_>) -> Option<Result<ContactCardViewerCan>> {
        let ctx = ctx(gql);
        let household = ctx.node::<Household>(self.household_id).await.transpose()?;
        Some(household.map(|household| ContactCardViewerCan {
            keep: ctx.permission(May::KeepCard, &household.facts()),
            revoke_token: ctx.permission(May::RevokeCardToken, &household.facts()),
        }))
    }

    /// First day on which it was void (作废日期): another took its place, or the contact whom it names was none any more, by a
    /// hand-over or otherwise. Null while it stands. Its code goes on being good.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn void_since(&self, gql: &Context<'_>) -> Option<Result<Date>> {
        ctx(gql).load(VoidSince(self.id)).await.transpose()
    }

    /// The household (户) whose card it is.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn household(&self, gql: &Context<'_>) -> Option<Result<Household>> {
        ctx(gql).edge(Some(self.household_id)).await
    }

    /// The assignment (包联) of the contact whom it names: the one in force on the day of issue. Null while it is not issued, and
    /// of a card that is kept.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn contact(&self, gql: &Context<'_>) -> Option<Result<ContactAssignment>> {
        ctx(gql).edge(self.assignment_id).await
    }

    /// Who filled it (填写人). Null while it is blank, and to whoever does not see the account.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn filled_by(&self, gql: &Context<'_>) -> Option<Result<Account>> {
        ctx(gql).edge(self.filled_by).await
    }

    /// Who issued it (发放人). Null while it was not, and to whoever does not see the account.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn issued_by(&self, gql: &Context<'_>) -> Option<Result<Account>> {
        ctx(gql).edge(self.issued_by).await
    }

    /// What was promised (承诺事项). Null when nothing was, and of a card that is kept.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn promise(&self, gql: &Context<'_>) -> Option<Result<Personal<String>>> {
        self.text(ctx(gql), |written| written.promise).await
    }

    /// How the household lives (基本情况). Null when nothing is written, and of a card that was left with it.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn basics(&self, gql: &Context<'_>) -> Option<Result<Personal<String>>> {
        self.text(ctx(gql), |written| written.basics).await
    }

    /// What it brought up (反映事项). Null when nothing is written, and of a card that was left with it.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn matters(&self, gql: &Context<'_>) -> Option<Result<Personal<String>>> {
        self.text(ctx(gql), |written| written.matters).await
    }

    /// What came of that (办理结果). Null when nothing is written, and of a card that was left with it.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn results(&self, gql: &Context<'_>) -> Option<Result<Personal<String>>> {
        self.text(ctx(gql), |written| written.results).await
    }

    /// What the household says of it (群众意见). Null when nothing is written, and of a card that was left with it.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn household_word(&self, gql: &Context<'_>) -> Option<Result<Personal<String>>> {
        self.text(ctx(gql), |written| written.word).await
    }
}
