//! Keys of integrations (API 密钥): `lh_<id>_<secret>`, shown once and stored by the hash of the secret.
//!
//! A key belongs to an account that has an `INTEGRATION` grant, and opens what the grants, its own region and its own
//! scopes all open. It only reads. Two of one name may live at once, so that one can be replaced by the other.

pub mod enter;
pub mod object;

use super::over;
use crate::{
    kernel::{
        clock::later,
        door::unscoped,
        error::{Refusal, RefusalCode, Result},
        patch::{patched, set},
        record::Record,
        refusal::{Checks, Detail},
        work::Work,
    },
    region,
};
use chrono::Duration;
use entity::{
    account, api_key, grant,
    id::{AccountId, ApiKeyId, RegionId},
    kind::{ApiScope, ChangeKind, Role},
    scalar::DateTime,
};
use ipnet::IpNet;
use object::{ApiKeyCreateInput, ApiKeyRevokeInput, ApiKeyUpdateInput};
use sea_orm::{
    ActiveEnum, ActiveModelTrait, ColumnTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect,
    Set,
    sea_query::{ExprTrait, LockType},
};
use std::net::IpAddr;
use uuid::Uuid;

/// What every key begins with.
pub const MARK: &str = "lh_";
/// The longest life of a key.
const LONGEST: Duration = Duration::days(366);
/// Keys of one name that live at once.
const LIVING: u64 = 2;
/// Addresses that a key may name.
const ADDRESSES: usize = 20;
/// What a key may spend in a minute, when nothing is said; the least and the most.
const COST: i32 = 60_000;
const COSTS: std::ops::RangeInclusive<i32> = 1_000..=6_000_000;

impl Record for api_key::Entity {
    const NAME: &'static str = ApiKeyId::PREFIX;
    const INTERNAL: &'static [&'static str] = &[
        "account_id",
        "name",
        "scopes",
        "region_id",
        "addresses",
        "cost_per_minute",
        "expires_at",
        "revoked_at",
        "created_by",
    ];
}

/// The words of a list as they are stored.
fn words(list: impl IntoIterator<Item = impl ToString>) -> String {
    list.into_iter().map(|word| word.to_string()).collect::<Vec<_>>().join(" ")
}

/// Scopes as they were stored.
fn scopes(stored: &str) -> Vec<ApiScope> {
    stored.split(' ').filter_map(|word| ApiScope::try_from_value(&word.to_owned()).ok()).collect()
}

/// An address, or a network of addresses.
fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse::<IpNet>().map(|net| net.trunc()).ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

fn check_scopes(checks: &mut Checks, given: &[ApiScope]) -> String {
    checks.require(!given.is_empty(), || {
        Refusal::rule("required", "scopes", "至少选择一项权限范围。", "Name one scope at the least.")
    });
    let mut given = given.to_vec();
    given.sort_unstable();
    given.dedup();
    words(given.iter().map(ActiveEnum::to_value))
}

fn check_addresses(checks: &mut Checks, given: &[String]) -> String {
    checks.require(given.len() <= ADDRESSES, || {
        Refusal::rule(
            "length",
            "addresses",
            format!("最多 {ADDRESSES} 个地址或网段。"),
            format!("At most {ADDRESSES} addresses or networks."),
        )
    });
    let mut read = Vec::new();
    for (at, text) in given.iter().enumerate() {
        match network(text) {
            Some(net) => read.push(net),
            None => checks.refuse(Refusal::rule(
                "address",
                &format!("addresses.{at}"),
                "应为 IP 地址或网段，如 203.0.113.7 或 10.20.0.0/16。",
                "An address or a network is needed, as 203.0.113.7 or 10.20.0.0/16.",
            )),
        }
    }
    words(read)
}

fn check_cost(checks: &mut Checks, cost: i32) {
    checks.require(COSTS.contains(&cost), || {
        Refusal::rule(
            "cost",
            "costPerMinute",
            format!("每分钟成本额度为 {} 至 {}。", COSTS.start(), COSTS.end()),
            format!("The cost a minute is from {} to {}.", COSTS.start(), COSTS.end()),
        )
    });
}

fn check_expiry(checks: &mut Checks, expires_at: DateTime, now: DateTime) {
    checks.require(expires_at > now && expires_at <= later(now, LONGEST), || {
        Refusal::rule(
            "expiry",
            "expiresAt",
            "有效期应在现在之后，且不超过一年。",
            "The end comes after now, and within a year.",
        )
    });
}

async fn create(work: &Work, input: ApiKeyCreateInput) -> Result<Uuid> {
    let account = held(work, input.account_id, "accountId").await?;
    over::may_take_over(work, &account).await?;
    let region = region::find(work, input.region_id, "regionId").await?;
    let mut checks = Checks::default();
    let name = checks.text("name", &input.name, 60);
    let scopes = check_scopes(&mut checks, &input.scopes);
    let addresses = check_addresses(&mut checks, &input.addresses);
    let cost_per_minute = input.cost_per_minute.unwrap_or(COST);
    check_cost(&mut checks, cost_per_minute);
    check_expiry(&mut checks, input.expires_at, work.now());
    match granted_regions(work, account.id).await? {
        grants if grants.is_empty() => checks.refuse(Refusal::rule(
            "integration-grant",
            "accountId",
            "该账号没有第三方（INTEGRATION）角色，请先授予。",
            "The account has no INTEGRATION role; give it one first.",
        )),
        grants => checks.require(lies_in(&region, &grants), || {
            Refusal::rule(
                "within-grant",
                "regionId",
                "区域应在该账号第三方角色的范围之内。",
                "The region must lie within what the INTEGRATION role of the account is bound to.",
            )
        }),
    }
    checks.done()?;
    few_live(work, account.id, &name).await?;
    let row = api_key::Model {
        id: ApiKeyId(Uuid::now_v7()),
        account_id: account.id,
        name,
        secret_hash: input.secret_hash.0,
        scopes,
        region_id: region.id,
        addresses,
        cost_per_minute,
        created_at: work.now(),
        created_by: work.ctx.viewer().map(|viewer| viewer.account),
        expires_at: input.expires_at,
        last_used_at: None,
        revoked_at: None,
        version: 1,
    };
    work.insert(IntoActiveModel::<api_key::ActiveModel>::into_active_model(row).reset_all()).await
}

/// The account, held until the end: its keys are counted, and its roles stay.
async fn held(work: &Work, id: AccountId, field: &str) -> Result<account::Model> {
    let found = work
        .ctx
        .within::<account::Entity>()
        .filter(account::Column::Id.eq(id))
        .lock(LockType::NoKeyUpdate)
        .one(&work.tx)
        .await?;
    found.ok_or_else(|| Refusal::not_found(field).into())
}

/// The regions of the roles as an integration that an account has now or will have.
async fn granted_regions(work: &Work, account: AccountId) -> Result<Vec<RegionId>> {
    use grant::Column;
    let open = Column::EndsOn.is_null().or(Column::EndsOn.gt(work.ctx.today()));
    let regions = unscoped::<grant::Entity>()
        .select_only()
        .column(Column::RegionId)
        .filter(Column::AccountId.eq(account))
        .filter(Column::Role.eq(Role::Integration))
        .filter(Column::RegionId.is_not_null())
        .filter(open);
    Ok(regions.into_tuple().all(&work.tx).await?)
}

fn lies_in(region: &entity::region::Model, grants: &[RegionId]) -> bool {
    let above = [
        Some(region.id),
        region.province_id,
        region.city_id,
        region.county_id,
        region.township_id,
        region.village_id,
    ];
    above.into_iter().flatten().any(|id| grants.contains(&id))
}

async fn few_live(work: &Work, account: AccountId, name: &str) -> Result<()> {
    use api_key::Column;
    let live = unscoped::<api_key::Entity>()
        .filter(Column::AccountId.eq(account))
        .filter(Column::Name.eq(name))
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.gt(work.now()))
        .count(&work.tx)
        .await?;
    if live < LIVING {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::Limit,
        "name",
        format!("同名密钥最多 {LIVING} 个同时有效；请先吊销旧的。"),
        format!("At most {LIVING} keys of one name live at once; revoke the old one first."),
    )
    .with(Detail::Limit(i32::try_from(LIVING).unwrap_or(i32::MAX)))
    .into())
}

/// A key that the viewer may change, not over yet.
async fn changeable(work: &Work, id: ApiKeyId) -> Result<api_key::Model> {
    let key = work
        .ctx
        .within::<api_key::Entity>()
        .filter(api_key::Column::Id.eq(id))
        .one(&work.tx)
        .await?
        .ok_or_else(|| Refusal::not_found("id"))?;
    let account = over::find(work, key.account_id, "id").await?;
    over::may_take_over(work, &account).await?;
    if key.revoked_at.is_some() {
        return Err(Refusal::new(
            RefusalCode::State,
            "id",
            "这个密钥已被吊销。",
            "This key is revoked already.",
        )
        .into());
    }
    Ok(key)
}

async fn update(work: &Work, input: ApiKeyUpdateInput) -> Result<Uuid> {
    let old = changeable(work, input.id).await?;
    let mut checks = Checks::default();
    let mut row = api_key::ActiveModel { id: Set(old.id), ..Default::default() };
    if let Some(given) = checks.given("scopes", input.scopes) {
        row.scopes = Set(check_scopes(&mut checks, &given));
    }
    row.addresses =
        set(patched(input.addresses, |given| check_addresses(&mut checks, &given.unwrap_or_default())));
    if let Some(cost) = checks.given("costPerMinute", input.cost_per_minute) {
        check_cost(&mut checks, cost);
        row.cost_per_minute = Set(cost);
    }
    checks.done()?;
    work.update(row, input.expected_version, ChangeKind::Updated).await?;
    Ok(old.id.0)
}

async fn revoke(work: &Work, input: ApiKeyRevokeInput) -> Result<Uuid> {
    let old = changeable(work, input.id).await?;
    let row =
        api_key::ActiveModel { id: Set(old.id), revoked_at: Set(Some(work.now())), ..Default::default() };
    work.update(row, input.expected_version, ChangeKind::Ended).await?;
    Ok(old.id.0)
}
