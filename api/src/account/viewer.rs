//! Who is asking, as told to themselves: the account, the roles, how far they reach, and what they allow.

use super::object::Account;
use crate::{
    kernel::{
        directive::{DataClass, auth, class, cost, everyone},
        door::{Guarded, any_of, live},
        error::{Error, Locale, Result},
        payload::ctx,
        place::Level,
        policy::May,
        request::{Ctx, Due},
        rows::Key,
        scope::Bond,
    },
    region::object::Region,
};
use async_graphql::{Context, Object, SimpleObject, resolver_utils::EnumType};
use entity::{
    area, branch, department, enterprise, grant,
    id::{AccountId, AreaId, BranchId, DepartmentId, EnterpriseId, HouseholdId, RegionId, TaskId},
    kind::{RegionKind, Role},
    scalar::Date,
};
use futures_util::future::{try_join_all, try_join4};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    str::FromStr,
};
use uuid::Uuid;

/// Names that are said one by one; of more than these, only how many.
const NAMED: usize = 10;

/// Grants that are told at the most; the derived role of a contact comes beside them.
const MOST_ROLES: u64 = 99;

/// Who is asking (当前用户): the account, its roles, how far they reach today, and what they allow.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct Viewer {
    /// What the viewer may do somewhere (当前权限). Whether it may be done to one record, the record's `viewerCan` tells.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub permissions: Vec<May>,
    /// What has to be done before the account opens all that it could (待办), empty when nothing is due. While
    /// `PASSWORD_CHANGE` is due, nothing is open but this, `passwordChange` and `sessionEnd`; while `SECOND_FACTOR` is, the
    /// roles of administrators are left out.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub must_do: Vec<Due>,
    #[graphql(skip)]
    pub(crate) account_id: AccountId,
}

/// A role that the viewer has today (当前角色).
#[derive(Clone, Debug, SimpleObject)]
pub struct ViewerRole {
    /// The role. `CADRE` (包联干部) stands once, for all live assignments together.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub role: Role,
    /// Where it holds (范围), in words, in the language of `Accept-Language`: 「纳章镇」.
    #[graphql(name = "where", directive = class::apply(DataClass::Internal))]
    pub place: String,
    /// First day without it (截止日，当日起无效). Null while no end is set, and for `CADRE`: each assignment has its own.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub ends_on: Option<Date>,
}

/// Questions about who is asking.
#[derive(Debug, Default)]
pub struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// Who is asking, and what they reach and may do. Null when nobody is signed in. Requires nothing.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(1), directive = auth::apply(everyone()))]
    async fn viewer(&self, gql: &Context<'_>) -> Option<Viewer> {
        let ctx = ctx(gql);
        let all = May::items().iter().map(|item| item.value);
        let permissions = all.filter(|&may| ctx.scope().allowed_somewhere(may)).collect();
        ctx.viewer().map(|viewer| Viewer {
            permissions,
            must_do: viewer.due.clone(),
            account_id: viewer.account,
        })
    }
}

impl Viewer {
    /// The account itself.
    pub(crate) async fn own_account(&self, ctx: &Ctx) -> Option<Result<Account>> {
        ctx.edge(Some(self.account_id)).await
    }

    /// The grants in force today, and being a contact.
    pub(crate) async fn held_roles(&self, ctx: &Ctx) -> Result<Vec<ViewerRole>> {
        let grants = ctx
            .within::<grant::Entity>()
            .filter(grant::Column::AccountId.eq(self.account_id))
            .filter(live(grant::Column::StartsOn, grant::Column::EndsOn, ctx.today()))
            .order_by_asc(grant::Column::StartsOn)
            .order_by_asc(grant::Column::Id)
            .limit(MOST_ROLES)
            .all(ctx.db().read())
            .await?;
        // Roles that wait for a second factor are not in force.
        let granted = grants.iter().filter(|grant| ctx.scope().has(grant.role)).map(async |grant| {
            let place = bound_to(ctx, grant).await?;
            Ok::<_, Error>(ViewerRole { role: grant.role, place, ends_on: grant.ends_on })
        });
        let mut roles = try_join_all(granted).await?;
        if ctx.scope().has(Role::Cadre) {
            let bonds = ctx.scope().bonds.iter().filter(|bond| bond.role == Role::Cadre);
            roles.push(ViewerRole {
                role: Role::Cadre,
                place: Words::of(bonds).say(ctx).await?,
                ends_on: None,
            });
        }
        Ok(roles)
    }

    /// All that the viewer reaches today, in words.
    pub(crate) async fn reach(&self, ctx: &Ctx) -> Result<String> {
        Words::of(&ctx.scope().bonds).say(ctx).await
    }
}

/// What a grant is bound to, in words.
async fn bound_to(ctx: &Ctx, grant: &grant::Model) -> Result<String> {
    if let Some(region) = grant.region_id {
        return region_name(ctx, region).await;
    }
    let name = None
        .or(grant.branch_id.map(NameOf::Branch))
        .or(grant.department_id.map(NameOf::Department))
        .or(grant.enterprise_id.map(NameOf::Enterprise));
    if let Some(name) = name {
        return name_of(ctx, name).await;
    }
    let bonds = ctx.scope().bonds.iter();
    Words::of(bonds.filter(|bond| bond.role == grant.role && bond.household == grant.household_id))
        .say(ctx)
        .await
}

/// The name of a region; a group or grid is named with its village.
async fn region_name(ctx: &Ctx, id: RegionId) -> Result<String> {
    let Some(region) = ctx.node::<Region>(id).await? else { return Ok(String::new()) };
    let village =
        region.place().village_id.filter(|_| matches!(region.kind, RegionKind::Group | RegionKind::Grid));
    match ctx.edge::<Region>(village).await.transpose()? {
        Some(village) => Ok(village.name + &region.name),
        None => Ok(region.name),
    }
}

/// The question for the name of something that is no region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum NameOf {
    Area(AreaId),
    Branch(BranchId),
    Department(DepartmentId),
    Enterprise(EnterpriseId),
}

impl NameOf {
    fn uuid(self) -> Uuid {
        match self {
            Self::Area(id) => id.0,
            Self::Branch(id) => id.0,
            Self::Department(id) => id.0,
            Self::Enterprise(id) => id.0,
        }
    }
}

impl Key for NameOf {
    type Value = String;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, String>> {
        let of = |fits: fn(&Self) -> bool| keys.iter().filter(move |key| fits(key)).map(|key| key.uuid());
        let (areas, branches, departments, enterprises) = (
            names::<area::Entity>(&ctx, of(|key| matches!(key, Self::Area(_)))).await?,
            names::<branch::Entity>(&ctx, of(|key| matches!(key, Self::Branch(_)))).await?,
            names::<department::Entity>(&ctx, of(|key| matches!(key, Self::Department(_)))).await?,
            names::<enterprise::Entity>(&ctx, of(|key| matches!(key, Self::Enterprise(_)))).await?,
        );
        let found = keys.iter().filter_map(|&key| {
            let names = match key {
                Self::Area(_) => &areas,
                Self::Branch(_) => &branches,
                Self::Department(_) => &departments,
                Self::Enterprise(_) => &enterprises,
            };
            Some((key, names.get(&key.uuid())?.clone()))
        });
        Ok(found.collect())
    }
}

/// Names of rows of one table that the viewer sees; nothing is asked for none.
async fn names<E: Guarded>(ctx: &Ctx, ids: impl Iterator<Item = Uuid>) -> Result<HashMap<Uuid, String>> {
    let ids: Vec<Uuid> = ids.collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let column = |name| E::Column::from_str(name).map_err(|_| Error::internal("a table without names"));
    let (id, name) = (column("id")?, column("name")?);
    let rows: Vec<(Uuid, String)> = ctx
        .within::<E>()
        .select_only()
        .columns([id, name])
        .filter(any_of(id, ids, ctx.backend()))
        .into_tuple()
        .all(ctx.db().read())
        .await?;
    Ok(rows.into_iter().collect())
}

async fn name_of(ctx: &Ctx, name: NameOf) -> Result<String> {
    Ok(ctx.load(name).await?.unwrap_or_default())
}

/// What bonds reach, gathered so that it can be said: 「纳章镇；曲宗村 3 户」.
#[derive(Default)]
struct Words {
    platform: bool,
    regions: BTreeSet<RegionId>,
    named: BTreeSet<NameOf>,
    households: BTreeMap<RegionId, BTreeSet<HouseholdId>>,
    enterprises: BTreeMap<RegionId, BTreeSet<EnterpriseId>>,
    tasks: BTreeSet<TaskId>,
}

impl Words {
    fn of<'a>(bonds: impl IntoIterator<Item = &'a Bond>) -> Self {
        let mut words = Self::default();
        for bond in bonds {
            if let Some(task) = bond.task {
                words.tasks.insert(task);
                continue;
            }
            // What is reached singly is counted by its village, or by its township when it lies in none.
            let around = bond.offices.get(Level::Village as usize).or(bond.offices.last());
            words.platform |= bond.role == Role::PlatformAdmin;
            match bond.area {
                Some(area) => _ = words.named.insert(NameOf::Area(area)),
                None => words.regions.extend(bond.roots.iter().map(|root| root.id)),
            }
            words.named.extend(bond.branches.first().map(|&top| NameOf::Branch(top)));
            words.named.extend(bond.department.map(NameOf::Department));
            if let (Some(household), Some(&around)) = (bond.household, around) {
                words.households.entry(around).or_default().insert(household);
            }
            if let (Some(enterprise), Some(&around)) = (bond.enterprise, around) {
                words.enterprises.entry(around).or_default().insert(enterprise);
            }
        }
        words
    }

    async fn say(&self, ctx: &Ctx) -> Result<String> {
        let locale = ctx.locale();
        let (regions, named, villages, places) = try_join4(
            try_join_all(self.regions.iter().take(NAMED).map(|&id| region_name(ctx, id))),
            try_join_all(self.named.iter().take(NAMED).map(|&name| name_of(ctx, name))),
            try_join_all(self.households.keys().take(NAMED).map(|&id| region_name(ctx, id))),
            try_join_all(self.enterprises.keys().take(NAMED).map(|&id| region_name(ctx, id))),
        )
        .await?;
        let mut parts = Vec::new();
        if self.platform {
            let platform = locale.pick(
                "全平台的账号、区域与配置",
                "accounts, regions and configuration of the whole platform",
            );
            parts.push(platform.to_owned());
        }
        parts.extend(regions.into_iter().chain(named));
        let households = self.households.values().map(BTreeSet::len);
        parts.extend(villages.iter().zip(households).map(|(village, count)| match locale {
            Locale::Zh => format!("{village} {count} 户"),
            Locale::En => format!("{village}: {}", counted(count, "household")),
        }));
        let enterprises = self.enterprises.values().map(BTreeSet::len);
        parts.extend(places.iter().zip(enterprises).map(|(place, count)| match locale {
            Locale::Zh => format!("{place} {count} 家企业"),
            Locale::En => format!("{place}: {}", counted(count, "enterprise")),
        }));
        let all = self.regions.len() + self.named.len() + self.households.len() + self.enterprises.len();
        let said = parts.len() - usize::from(self.platform);
        if all > said {
            parts.push(match locale {
                Locale::Zh => format!("另有 {} 处", all - said),
                Locale::En => format!("and {} more", all - said),
            });
        }
        if !self.tasks.is_empty() {
            parts.push(match locale {
                Locale::Zh => format!("承办 {} 项任务", self.tasks.len()),
                Locale::En => counted(self.tasks.len(), "task"),
            });
        }
        if parts.is_empty() {
            parts.push(locale.pick("没有有效的角色或包联", "no role and no assignment in force").to_owned());
        }
        Ok(parts.join(locale.pick("；", "; ")))
    }
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
