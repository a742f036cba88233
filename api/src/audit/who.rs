//! Who did something, by name: whoever may read the logs may know.

use crate::kernel::{
    door::{any_of, unscoped},
    error::{Locale, Result},
    request::Ctx,
    rows::Key,
};
use entity::{account, cadre, id::AccountId};
use sea_orm::{EntityTrait, FromQueryResult, JoinType, QueryFilter, QuerySelect};
use std::collections::HashMap;

#[derive(FromQueryResult)]
struct Named {
    id: AccountId,
    name: String,
    cadre: Option<String>,
}

/// The question for the name behind an account: the cadre's, or the login.
#[derive(Clone, PartialEq, Eq, Hash)]
struct NameOf(AccountId);

impl Key for NameOf {
    type Value = String;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, String>> {
        let cadre =
            account::Entity::belongs_to(cadre::Entity).from(account::Column::CadreId).to(cadre::Column::Id);
        let rows = unscoped::<account::Entity>()
            .select_only()
            .columns([account::Column::Id, account::Column::Name])
            .column_as(cadre::Column::Name, "cadre")
            .join(JoinType::LeftJoin, cadre.into())
            .filter(any_of(account::Column::Id, keys.iter().map(|key| key.0), ctx.backend()))
            .into_model::<Named>()
            .all(ctx.db().read())
            .await?;
        Ok(rows.into_iter().map(|row| (Self(row.id), row.cadre.unwrap_or(row.name))).collect())
    }
}

/// The name behind an account; none is the program itself.
pub(crate) async fn name(ctx: &Ctx, account: Option<AccountId>) -> Result<String> {
    let unknown = match ctx.locale() {
        Locale::Zh => "系统",
        Locale::En => "the system",
    };
    let Some(account) = account else { return Ok(unknown.to_owned()) };
    Ok(ctx.load(NameOf(account)).await?.unwrap_or_else(|| account.to_string()))
}
