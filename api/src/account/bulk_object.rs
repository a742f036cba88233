//! Accounts for cadres by the dozen, as it is spoken.

use super::{
    Identity,
    bulk::{self, Secrets, Waiting, Whom},
    handout,
};
use crate::kernel::{
    directive::{DataClass, auth, class, cost, may},
    door::any_of,
    error::{Error, Refusal, Result, UserError},
    payload::ctx,
    policy::May,
    refusal::Checks,
    request::Ctx,
    work::Work,
};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::{
    cadre,
    id::{CadreId, HandoutId, RegionId},
    region,
    scalar::DateTime,
};
use sea_orm::{QueryFilter, QuerySelect};
use std::{collections::HashSet, sync::Arc};
use uuid::Uuid;

/// For which cadres accounts are made: exactly one of `regionId` and `cadreIds`.
#[derive(Clone, Debug, InputObject)]
pub struct AccountsCreateFromCadresInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// The cadres in office of this region and of all below it.
    #[graphql(default)]
    pub region_id: Option<RegionId>,
    /// These cadres, at most 200.
    #[graphql(default)]
    pub cadre_ids: Option<Vec<CadreId>>,
    #[graphql(skip)]
    made: Made,
}

/// What was made ready before the transaction: never part of what tells one request from another.
#[derive(Clone, Default)]
struct Made {
    secrets: Arc<Secrets>,
    region: Option<Box<region::Model>>,
    waiting: u64,
    beyond: usize,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// A sheet that is handed out once (一次性表格): `GET` its address with the same bearer token. It is gone when it was fetched,
/// and after an hour.
#[derive(Clone, Debug, SimpleObject)]
pub struct Handout {
    /// The address to get it from, on this server (下载地址).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub url: String,
    /// What it is called (文件名).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub file_name: String,
    /// When it is gone if it was not fetched (失效时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub expires_at: DateTime,
}

/// Accounts that were made for cadres, or why not.
#[derive(Default, SimpleObject)]
pub struct AccountsCreateFromCadresPayload {
    /// How many were made; 0 when it was refused.
    pub created: i32,
    /// How many cadres of those meant are still without an account: ask again for the next ones. Those beyond the viewer's
    /// rights are not among them.
    pub left_over: i32,
    /// How many were passed over because they answer for something beyond the viewer's rights, of those looked at.
    pub beyond: i32,
    /// The sheet with names, posts, login names and first passwords (姓名、职务、登录名、初始密码). Null when none was made, and
    /// when it is gone.
    pub sheet: Option<Handout>,
    /// Why it was refused; empty when it was done.
    pub errors: Vec<UserError>,
    /// Whether an earlier request with the same idempotency key had done it already.
    pub replayed: bool,
}

/// Changes to many accounts.
#[derive(Debug, Default)]
pub struct AccountsMutation;

#[Object]
impl AccountsMutation {
    /// Makes an account for each cadre in office who has none, at most 200 in one request and as many as there is time for; party members without a post get
    /// none. Login names are spelt as the names sound, first passwords are random and stand in the sheet alone. Requires
    /// `REGION_ADMIN` of the region and of each cadre's office (`PLATFORM_ADMIN` sees no cadres); cadres who answer for something beyond the viewer's rights are
    /// passed over. Errors: `INVALID` (`one-of`, `length`), `DUPLICATE`, `FORBIDDEN`, `NOT_FOUND`. Answers `OVERLOADED` when too
    /// many passwords are being hashed.
    #[graphql(directive = cost::apply(2000), directive = auth::apply(may(May::ManageAccount)))]
    async fn accounts_create_from_cadres(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Of which region, or which cadres.")] input: AccountsCreateFromCadresInput,
    ) -> Option<Result<AccountsCreateFromCadresPayload>> {
        Some(make(ctx(gql), gql.data_unchecked::<Arc<Identity>>(), input).await)
    }
}

async fn make(
    ctx: &Ctx,
    identity: &Identity,
    mut input: AccountsCreateFromCadresInput,
) -> Result<AccountsCreateFromCadresPayload> {
    ctx.in_person()?;
    let written = async {
        input.made = ready(ctx, identity, &input).await?;
        ctx.write("accountsCreateFromCadres", &input.idempotency_key, &input, create).await
    };
    let written = match written.await {
        Ok(written) => written,
        Err(Error::Refused(refusals)) => {
            let errors = refusals.into_iter().map(Into::into).collect();
            return Ok(AccountsCreateFromCadresPayload { errors, ..Default::default() });
        }
        Err(error) => return Err(error),
    };
    let id = HandoutId(written.entity);
    let Some(row) = handout::find(ctx, id).await? else {
        return Ok(AccountsCreateFromCadresPayload { replayed: written.replayed, ..Default::default() });
    };
    let there = row.sealed.is_some() && row.expires_at > ctx.now();
    let sheet = there.then(|| Handout {
        url: handout::url(id),
        file_name: row.file_name,
        expires_at: row.expires_at,
    });
    Ok(AccountsCreateFromCadresPayload {
        created: row.rows,
        left_over: row.left_over,
        beyond: row.beyond,
        sheet,
        errors: Vec::new(),
        replayed: written.replayed,
    })
}

/// Who is meant, and a first password for each, before the transaction begins.
async fn ready(ctx: &Ctx, identity: &Identity, input: &AccountsCreateFromCadresInput) -> Result<Made> {
    if !ctx.scope().allowed_somewhere(May::ManageAccount) {
        return Err(ctx.forbidden(May::ManageAccount));
    }
    let (whom, region) = match (&input.region_id, &input.cadre_ids) {
        (Some(region), None) => {
            let region = Box::new(bulk::region(ctx, *region).await?);
            (Whom::Region(region.clone()), Some(region))
        }
        (None, Some(cadres)) => (Whom::Cadres(known(ctx, cadres).await?), None),
        _ => {
            return Err(Refusal::rule(
                "one-of",
                "",
                "regionId 与 cadreIds 须且只须给出一项。",
                "Give exactly one of regionId and cadreIds.",
            )
            .into());
        }
    };
    let Waiting { cadres, beyond } = bulk::first(ctx, &whom).await?;
    let waiting = bulk::count(ctx, &whom).await?;
    let patience = Some(bulk::PATIENCE);
    let hashed = bulk::secrets(&identity.passwords, &cadres, bulk::AT_ONCE, patience, &|| ());
    let secrets = Arc::new(hashed.await?);
    Ok(Made { secrets, region, waiting, beyond })
}

/// These cadres, if the viewer sees all of them.
async fn known(ctx: &Ctx, ids: &[CadreId]) -> Result<Vec<CadreId>> {
    let mut checks = Checks::default();
    checks.require(ids.len() <= bulk::MOST, || {
        Refusal::rule(
            "length",
            "cadreIds",
            format!("一次最多 {} 名干部。", bulk::MOST),
            format!("At most {} cadres at a time.", bulk::MOST),
        )
    });
    checks.done()?;
    let seen: HashSet<CadreId> = ctx
        .within::<cadre::Entity>()
        .select_only()
        .column(cadre::Column::Id)
        .filter(any_of(cadre::Column::Id, ids.iter().copied(), ctx.backend()))
        .into_tuple::<CadreId>()
        .all(ctx.db().read())
        .await?
        .into_iter()
        .collect();
    let unknown = ids.iter().position(|id| !seen.contains(id));
    match unknown {
        None => Ok(seen.into_iter().collect()),
        Some(at) => Err(Refusal::not_found(&format!("cadreIds.{at}")).into()),
    }
}

async fn create(work: &Work, input: AccountsCreateFromCadresInput) -> Result<Uuid> {
    let Made { secrets, region, waiting, beyond } = input.made;
    let logins = bulk::open_all(work, &secrets).await?;
    let sheet = if logins.is_empty() { None } else { Some(bulk::sheet(work, &logins).await?) };
    let number = |count: u64| i32::try_from(count).unwrap_or(i32::MAX);
    let (rows, beyond) = (logins.len() as u64, beyond as u64);
    let counts = handout::Counts {
        rows: number(rows),
        left_over: number(waiting.saturating_sub(rows + beyond)),
        beyond: number(beyond),
    };
    let name = bulk::file_name(region.as_deref());
    Ok(handout::keep(work, &name, sheet.as_deref(), counts).await?.0)
}
