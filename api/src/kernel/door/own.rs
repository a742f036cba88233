//! Gates of accounts, of what belongs to them, and of what nobody but its owner sees.

use super::{Gate, Guarded, located, through};
use crate::kernel::scope::Scope;
use entity::{
    account, account_identity, api_key, grant, notice, roster_import, session, upload, webhook,
    webhook_delivery,
};
use sea_orm::{ColumnTrait, DbBackend};

impl Guarded for account::Entity {
    fn gate(scope: &Scope, _: DbBackend) -> Gate {
        located::<Self>(&scope.accounts, scope.account.map(|own| account::Column::Id.eq(own)))
    }
}

impl Guarded for roster_import::Entity {
    /// Whoever began it, nobody else.
    fn gate(scope: &Scope, _: DbBackend) -> Gate {
        Gate::Branches(
            scope.account.map(|own| roster_import::Column::AccountId.eq(own)).into_iter().collect(),
        )
    }
}

impl Guarded for upload::Entity {
    /// Whose it is, and nobody else, whatever their rights.
    fn gate(scope: &Scope, _: DbBackend) -> Gate {
        Gate::Branches(scope.account.map(|own| upload::Column::AccountId.eq(own)).into_iter().collect())
    }
}

impl Guarded for grant::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        through::<account::Entity>(account::Entity::gate(scope, backend), grant::Column::AccountId)
    }
}

impl Guarded for session::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        through::<account::Entity>(account::Entity::gate(scope, backend), session::Column::AccountId)
    }
}

impl Guarded for notice::Entity {
    /// To whom it was told, nobody else.
    fn gate(scope: &Scope, _: DbBackend) -> Gate {
        Gate::Branches(scope.account.map(|own| notice::Column::AccountId.eq(own)).into_iter().collect())
    }
}

impl Guarded for account_identity::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        through::<account::Entity>(account::Entity::gate(scope, backend), account_identity::Column::AccountId)
    }
}

impl Guarded for api_key::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        through::<account::Entity>(account::Entity::gate(scope, backend), api_key::Column::AccountId)
    }
}

impl Guarded for webhook::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        through::<account::Entity>(account::Entity::gate(scope, backend), webhook::Column::AccountId)
    }
}

impl Guarded for webhook_delivery::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        through::<webhook::Entity>(webhook::Entity::gate(scope, backend), webhook_delivery::Column::WebhookId)
    }
}
