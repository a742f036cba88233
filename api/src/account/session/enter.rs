//! Who asks, at each request.

use crate::{
    account::{Identity, object::Account},
    kernel::{
        clock::{Clock, civil},
        db::Db,
        error::{Code, Error, Fault, Locale, Result},
        node::ById,
        request::{Ctx, Due, Via, Viewer},
        scope::Scope,
        vault::Vault,
        viewer,
    },
};
use entity::{
    id::{AccountId, CadreId, RegionId, SessionId},
    kind::{AccountStatus, Role},
    scalar::{Date, DateTime},
};
use sea_orm::{FromQueryResult, Statement};
use std::sync::Arc;

const WHO: &str = "
SELECT s.ended_at, s.expires_at, s.confirmed_at, s.second_factor, a.password_due, a.id, a.name, a.cadre_id, a.region_id,
  a.status, a.rights_version, a.created_at, a.version, a.county_id, a.township_id, a.village_id
FROM session s JOIN account a ON a.id = s.account_id
WHERE s.id = $1 AND a.id = $2";

/// Roles that a second factor is asked for, where the settings ask for one.
const ADMINISTRATORS: [Role; 2] = [Role::PlatformAdmin, Role::RegionAdmin];

#[derive(FromQueryResult)]
struct Who {
    ended_at: Option<DateTime>,
    expires_at: DateTime,
    confirmed_at: DateTime,
    second_factor: bool,
    password_due: bool,
    rights_version: i32,
    cadre_id: Option<CadreId>,
    #[expect(dead_code, reason = "read with the account; kept for the shape of the row")]
    region_id: Option<RegionId>,
    #[sea_orm(nested)]
    account: Account,
}

/// A scope as a session of its account opens it.
#[derive(Clone)]
pub struct Opened {
    scope: Arc<Scope>,
    /// Roles were left out, since no second factor was shown.
    lacks_factor: bool,
}

/// By account, version of its rights, day, and whether the roles of administrators are open to the session.
pub type ScopeKey = (AccountId, i32, Date, bool);

/// Who asks: reads session and account, and makes the scope for this moment. A request without a session is nobody's and
/// sees what is public.
pub async fn enter(
    db: &Db,
    vault: &Arc<Vault>,
    clock: &Clock,
    identity: &Identity,
    session: Option<(AccountId, SessionId)>,
    locale: Locale,
    request_id: &str,
) -> Result<Ctx, Error> {
    let now = clock.now();
    let today = civil(now);
    let open =
        |viewer, scope| Ctx::new(db.clone(), Arc::clone(vault), clock, locale, request_id, viewer, scope);
    let nobody = || Arc::new(Scope::nobody(Arc::clone(&identity.policy), today));
    let Some((account, session)) = session else { return Ok(open(None, nobody())) };
    let who = Statement::from_sql_and_values(db.backend(), WHO, [session.0.into(), account.0.into()]);
    let who = Who::find_by_statement(who).one(db.read()).await?;
    let who = who
        .filter(|who| who.ended_at.is_none() && who.expires_at > now)
        .filter(|who| who.account.status == AccountStatus::Active)
        .ok_or_else(|| {
            Error::from(Fault::new(
                Code::Unauthenticated,
                "会话已结束，请重新登录。",
                "The session has ended; sign in again.",
            ))
        })?;
    let mut due = Vec::new();
    let scope = if who.password_due && identity.rules.first_password_must_change {
        due.push(Due::PasswordChange);
        nobody()
    } else {
        let opened = opened(db, identity, &who, now).await?;
        due.extend(opened.lacks_factor.then_some(Due::SecondFactor));
        opened.scope
    };
    let viewer = Viewer {
        account,
        via: Via::Session(session),
        confirmed_at: Some(who.confirmed_at),
        due,
        budget: None,
        step: 1,
    };
    let ctx = open(Some(viewer), scope);
    ctx.remember([(ById::<Account>::new(account), who.account)]);
    Ok(ctx)
}

async fn opened(db: &Db, identity: &Identity, who: &Who, now: DateTime) -> Result<Opened> {
    let today = civil(now);
    let account = who.account.id;
    let full = who.second_factor || !identity.rules.administrators_need_second_factor;
    let key = (account, who.rights_version, today, full);
    let stands = |opened: &Opened| opened.scope.until.is_none_or(|until| until > now);
    if let Some(opened) = identity.scopes.get(&key).filter(stands) {
        return Ok(opened);
    }
    let scope = viewer::scope(db, &identity.policy, account, who.cadre_id, now).await?;
    let lacks_factor = !full && scope.bonds.iter().any(|bond| ADMINISTRATORS.contains(&bond.role));
    let scope = if lacks_factor {
        let bonds = scope.bonds.into_iter().filter(|bond| !ADMINISTRATORS.contains(&bond.role));
        let policy = Arc::clone(&identity.policy);
        let until = scope.until;
        let mut kept = Scope::new(policy, Some(account), who.cadre_id, today, bonds.collect());
        kept.until = until;
        kept
    } else {
        scope
    };
    let opened = Opened { scope: Arc::new(scope), lacks_factor };
    identity.scopes.insert(key, opened.clone());
    Ok(opened)
}
