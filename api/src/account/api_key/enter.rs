//! Coming in by a key: `Authorization: Bearer lh_<id>_<secret>`.

use super::{MARK, network};
use crate::{
    account::Identity,
    kernel::{
        clock::{Clock, civil, later},
        db::Db,
        door::unscoped,
        error::{Code, Error, Fault, Locale, Result},
        place::{Level, Place},
        request::{Ctx, Via, Viewer},
        scope::Scope,
        vault::{self, Vault},
        viewer,
    },
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use chrono::Duration;
use entity::{
    account, api_key,
    id::{AccountId, ApiKeyId, RegionId, read},
    kind::AccountStatus,
    region,
    scalar::{Date, DateTime},
};
use moka::sync::Cache;
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use std::{net::IpAddr, sync::Arc};

/// How finely the last use is told.
const NOTED: Duration = Duration::minutes(1);

/// What comes in by keys, as far as it is remembered.
pub struct Keys {
    /// Scopes by the key with its version, the version of the account's rights, where the region lies, and the day.
    scopes: Cache<(ApiKeyId, i32, i32, Place, Date), Arc<Scope>>,
    /// When the use of a key was noted, or somebody set out to.
    noted: Cache<ApiKeyId, DateTime>,
}

impl Default for Keys {
    fn default() -> Self {
        let minute = std::time::Duration::from_mins(1);
        Self {
            scopes: Cache::builder().max_capacity(1_000).time_to_live(minute).build(),
            noted: Cache::new(1_000),
        }
    }
}

/// What is asked beside the key.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// From where it came.
    pub address: Option<IpAddr>,
    /// The language of messages.
    pub locale: Locale,
    /// The id of the request.
    pub request_id: &'a str,
}

/// The whole key as it is shown once.
pub(super) fn spell(id: ApiKeyId, secret: &str) -> String {
    let id = id.to_string();
    let id = id.rsplit('_').next().unwrap_or_default();
    format!("{MARK}{id}_{secret}")
}

/// Id and secret of what was shown, after the mark.
fn parts(shown: &str) -> Option<(ApiKeyId, &str)> {
    let (id, secret) = shown.split_once('_')?;
    let (_, id) = read(&format!("{}_{id}", ApiKeyId::PREFIX))?;
    Some((ApiKeyId(id), secret))
}

#[derive(FromQueryResult)]
struct Row {
    account_id: AccountId,
    secret_hash: Vec<u8>,
    region_id: RegionId,
    addresses: String,
    scopes: String,
    cost_per_minute: i32,
    expires_at: DateTime,
    last_used_at: Option<DateTime>,
    revoked_at: Option<DateTime>,
    version: i32,
    status: AccountStatus,
    rights_version: i32,
    #[sea_orm(nested)]
    place: Place,
}

impl Row {
    /// Whether it is the secret of this key, and the key may be used now and from there.
    fn takes(&self, secret: &str, now: DateTime, from: Option<IpAddr>) -> bool {
        verify_slices_are_equal(&vault::digest(secret), &self.secret_hash).is_ok()
            && self.is_live(now)
            && self.reached_from(from)
    }

    /// Whether the key may be used now.
    fn is_live(&self, now: DateTime) -> bool {
        self.revoked_at.is_none() && self.expires_at > now && self.status == AccountStatus::Active
    }

    fn reached_from(&self, address: Option<IpAddr>) -> bool {
        let mut allowed = self.addresses.split_whitespace().filter_map(network).peekable();
        let address = address.map(|address| address.to_canonical());
        allowed.peek().is_none() || address.is_some_and(|address| allowed.any(|net| net.contains(&address)))
    }
}

/// One answer for whatever is wrong with a key.
fn refused() -> Error {
    Fault::new(
        Code::Unauthenticated,
        "API 密钥无效、已到期或已吊销，或不能从此地址使用。",
        "The key is not valid, is over or revoked, or is not taken from this address.",
    )
    .into()
}

/// Who asks by a key: reads key, account and region in one statement, and makes the scope for this moment.
pub(in crate::account) async fn enter(
    db: &Db,
    vault: &Arc<Vault>,
    clock: &Clock,
    identity: &Identity,
    shown: &str,
    asking: Asking<'_>,
) -> Result<Ctx> {
    let now = clock.now();
    let (id, secret) = parts(shown).ok_or_else(refused)?;
    let row = find(db, id).await?.filter(|row| row.takes(secret, now, asking.address)).ok_or_else(refused)?;
    note(db, &identity.keys, id, row.last_used_at, now);
    come_in(db, vault, clock, identity, (id, row), asking).await
}

/// The rights of a key at this moment, for what the server itself does for it: nobody shows the secret, and no use is noted.
pub(in crate::account) async fn stand_for(
    db: &Db,
    vault: &Arc<Vault>,
    clock: &Clock,
    identity: &Identity,
    id: ApiKeyId,
    asking: Asking<'_>,
) -> Result<Ctx> {
    let row = find(db, id).await?.filter(|row| row.is_live(clock.now())).ok_or_else(refused)?;
    come_in(db, vault, clock, identity, (id, row), asking).await
}

async fn come_in(
    db: &Db,
    vault: &Arc<Vault>,
    clock: &Clock,
    identity: &Identity,
    (id, row): (ApiKeyId, Row),
    asking: Asking<'_>,
) -> Result<Ctx> {
    let now = clock.now();
    let (scopes, today) = (&identity.keys.scopes, civil(now));
    let known = (id, row.version, row.rights_version, row.place, today);
    let scope = match scopes.get(&known) {
        Some(scope) => scope,
        None => {
            let within = (row.region_id, row.place);
            let scopes_of = super::scopes(&row.scopes);
            let made =
                viewer::integration(db, &identity.policy, row.account_id, within, &scopes_of, now).await?;
            let made = Arc::new(made);
            scopes.insert(known, Arc::clone(&made));
            made
        }
    };
    let budget = u64::try_from(row.cost_per_minute).ok();
    let viewer = Viewer {
        account: row.account_id,
        via: Via::Key(id),
        confirmed_at: None,
        due: Vec::new(),
        budget,
        step: identity.smallest_cell,
    };
    let Asking { locale, request_id, .. } = asking;
    Ok(Ctx::new(db.clone(), Arc::clone(vault), clock, locale, request_id, Some(viewer), scope))
}

async fn find(db: &Db, id: ApiKeyId) -> Result<Option<Row>> {
    use api_key::Column;
    let account =
        api_key::Entity::belongs_to(account::Entity).from(Column::AccountId).to(account::Column::Id);
    let region = api_key::Entity::belongs_to(region::Entity).from(Column::RegionId).to(region::Column::Id);
    let mut select = unscoped::<api_key::Entity>()
        .select_only()
        .columns([
            Column::AccountId,
            Column::SecretHash,
            Column::RegionId,
            Column::Addresses,
            Column::Scopes,
            Column::CostPerMinute,
            Column::ExpiresAt,
            Column::LastUsedAt,
            Column::RevokedAt,
            Column::Version,
        ])
        .column(account::Column::Status)
        .column(account::Column::RightsVersion)
        .join(JoinType::InnerJoin, account.into())
        .join(JoinType::InnerJoin, region.into());
    for column in Level::ALL.into_iter().filter_map(Level::column::<region::Entity>) {
        select = select.column(column);
    }
    Ok(select.filter(Column::Id.eq(id)).into_model().one(db.read()).await?)
}

/// Writes down the use of a key, at most once a minute and while nobody waits for it.
fn note(db: &Db, keys: &Keys, id: ApiKeyId, last: Option<DateTime>, now: DateTime) {
    let due = |last: Option<DateTime>| last.is_none_or(|last| later(last, NOTED) <= now);
    if !due(last) || !due(keys.noted.get(&id)) {
        return;
    }
    keys.noted.insert(id, now);
    let db = db.clone();
    tokio::spawn(async move {
        use api_key::Column::{Id, LastUsedAt};
        let noted = api_key::Entity::update_many()
            .col_expr(LastUsedAt, Expr::value(now))
            .filter(Id.eq(id))
            .filter(LastUsedAt.is_null().or(LastUsedAt.lt(now)))
            .exec(db.write())
            .await;
        if let Err(error) = noted {
            tracing::warn!(%error, key = %id, "the use of a key was not noted");
        }
    });
}
