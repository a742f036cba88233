//! A new password in place of a forgotten one, by a code that is sent to the telephone of the cadre behind the account.
//!
//! Nobody is told whether there is such an account, or where its telephone is.

use super::{
    change::{aftermath, store},
    rule,
};
use crate::{
    account::{
        Identity,
        code::{self, code_invalid},
        notice,
        object::tidy,
    },
    kernel::{door::unscoped, error::Result, refusal::Checks, request::Ctx},
};
use entity::{
    account, cadre,
    kind::{AccountStatus, CodePurpose},
};
use sea_orm::{ColumnTrait, DatabaseTransaction, QueryFilter, QuerySelect};
use std::{net::IpAddr, sync::Arc};

/// Sends a code if there is such an account and somebody to send it to. That is found out afterwards, so that the answer
/// is the same and takes the same time.
pub fn start(ctx: &Ctx, identity: &Arc<Identity>, name: &str, address: Option<IpAddr>) -> Result<()> {
    let name = tidy(name);
    identity.codes.begin(&name, address, ctx.now())?.failed();
    let (ctx, identity) = (ctx.clone(), Arc::clone(identity));
    tokio::spawn(async move {
        if let Err(error) = send(&ctx, &identity, &name).await {
            tracing::error!(request_id = ctx.request_id(), ?error, "a code could not be sent");
        }
    });
    Ok(())
}

async fn send(ctx: &Ctx, identity: &Identity, name: &str) -> Result<()> {
    let found = unscoped::<account::Entity>()
        .filter(account::Column::Name.eq(name))
        .filter(account::Column::Status.eq(AccountStatus::Active));
    let Some(found) = found.one(ctx.db().read()).await? else { return Ok(()) };
    let Some(own) = found.cadre_id else { return Ok(()) };
    let owner = unscoped::<cadre::Entity>().filter(cadre::Column::Id.eq(own));
    let phone = owner.one(ctx.db().read()).await?.and_then(|owner| owner.work_phone);
    match phone {
        Some(phone) => code::send(ctx, identity, CodePurpose::PasswordReset, found.id, phone).await,
        None => Ok(()),
    }
}

/// The code that came, and the password that is to hold.
pub struct Finish {
    /// Login name as it was typed.
    pub name: String,
    /// The code as it was typed.
    pub code: String,
    /// The new password.
    pub password: String,
    /// From where, as far as it is known.
    pub address: Option<IpAddr>,
}

/// Gives the account the new password. All its sessions end.
pub async fn finish(ctx: &Ctx, identity: &Identity, finish: Finish) -> Result<()> {
    let Finish { name, code, password, address } = finish;
    let name = tidy(&name);
    let mut checks = Checks::default();
    rule::check(&mut checks, "password", &password, &name);
    checks.done()?;
    let attempt = identity.failures.begin(&name, address, ctx.now())?;
    // Hashed whether the code is right or not, so that the answer takes the same time.
    let hash = identity.passwords.hash(password).await?;
    let tx = ctx.db().begin().await?;
    let found = match held(&tx, &name).await? {
        Some(found) => {
            let purpose = CodePurpose::PasswordReset;
            let right = code::redeem(&tx, ctx.vault(), purpose, found.id, &code, ctx.now()).await?;
            Some(found).filter(|_| right)
        }
        None => None,
    };
    let Some(found) = found else {
        // The try that it cost stays.
        tx.commit().await?;
        attempt.failed();
        return Err(code_invalid("code"));
    };
    let account = found.id;
    store(&tx, ctx, found, hash).await?;
    aftermath(&tx, ctx.now(), account, None, notice::object::how::CODE).await?;
    tx.commit().await?;
    attempt.succeeded();
    Ok(())
}

async fn held(tx: &DatabaseTransaction, name: &str) -> Result<Option<account::Model>> {
    let found = unscoped::<account::Entity>()
        .filter(account::Column::Name.eq(name))
        .filter(account::Column::Status.eq(AccountStatus::Active))
        .lock_exclusive();
    Ok(found.one(tx).await?)
}
