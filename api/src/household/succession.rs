//! Numbers of households whose village is merged into another: one that is taken there gets the end of the former
//! village's code in front, `201-0007`, so that it is still known by its old number at a glance. The number that it had is
//! kept with its former place, and still finds it.

use crate::kernel::{
    door::{any_of, unscoped},
    error::Result,
    place::Place,
    request::Ctx,
    work::{Line, Work},
};
use entity::{
    household,
    id::{HouseholdId, RegionId},
    kind::ChangeKind,
    region,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{CaseStatement, Expr, ExprTrait},
};
use std::collections::HashSet;

/// Characters of a number at the most.
const LONGEST: usize = 20;
/// Households in one statement.
const CHUNK: usize = 1000;

/// A household that gets another number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renumbered {
    /// The household.
    pub id: HouseholdId,
    /// Its version.
    pub version: i32,
    /// Where it stands until now.
    pub place: Place,
    /// Its number until now.
    pub from: String,
    /// Its number from now on.
    pub to: String,
}

/// Which households of the villages get another number in the village that they are merged into.
pub async fn plan(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    from: &[region::Model],
    into: RegionId,
) -> Result<Vec<Renumbered>> {
    use household::Column::{Id, Number, Version, VillageId};
    let villages = from.iter().map(|village| village.id).chain([into]);
    let rows: Vec<(HouseholdId, RegionId, String, i32)> = unscoped::<household::Entity>()
        .select_only()
        .columns([Id, VillageId, Number, Version])
        .filter(any_of(VillageId, villages, ctx.backend()))
        .order_by_asc(Number)
        .order_by_asc(Id)
        .into_tuple()
        .all(db)
        .await?;
    let mut taken: HashSet<String> =
        rows.iter().filter(|row| row.1 == into).map(|row| row.2.clone()).collect();
    // A number that a household has now is not given to another, though it may give it up itself.
    let all: HashSet<&str> = rows.iter().map(|row| row.2.as_str()).collect();
    let mut renumbered = Vec::new();
    for village in from {
        let code = &village.code.0;
        let sign = code.get(code.len().saturating_sub(3)..).unwrap_or(code);
        for (id, _, number, version) in rows.iter().filter(|row| row.1 == village.id) {
            if taken.insert(number.clone()) {
                continue;
            }
            let to = fresh(sign, number, |to| !all.contains(to) && !taken.contains(to));
            taken.insert(to.clone());
            let place = Place::from(village);
            renumbered.push(Renumbered { id: *id, version: *version, place, from: number.clone(), to });
        }
    }
    Ok(renumbered)
}

/// The number with the village's sign in front, or else with a further one behind, that is free.
fn fresh(sign: &str, number: &str, free: impl Fn(&str) -> bool) -> String {
    let cut = |suffix: &str| {
        let room = LONGEST.saturating_sub(sign.len() + 1 + suffix.len());
        let number: String = number.chars().take(room).collect();
        format!("{sign}-{number}{suffix}")
    };
    let first = cut("");
    if free(&first) && first.ends_with(number) {
        return first;
    }
    (2..100_000).map(|n: u32| cut(&format!("-{n}"))).find(|to| free(to)).unwrap_or(first)
}

/// Gives them their numbers.
pub async fn renumber(work: &Work, all: &[Renumbered]) -> Result<()> {
    use household::Column::{Id, Number, Version};
    for some in all.chunks(CHUNK) {
        let number = some
            .iter()
            .fold(CaseStatement::new(), |case, one| case.case(Id.eq(one.id), Expr::val(one.to.as_str())));
        household::Entity::update_many()
            .col_expr(Number, number.finally(Expr::col(Number)).into())
            .col_expr(Version, Expr::col(Version).add(1))
            .filter(any_of(Id, some.iter().map(|one| one.id), work.ctx.backend()))
            .exec(&work.tx)
            .await?;
    }
    let lines = all.iter().map(|one| Line {
        id: one.id.0,
        version: one.version + 1,
        kind: ChangeKind::Updated,
        columns: vec!["number"],
        content: serde_json::json!({"number": one.to}),
        place: Some(one.place),
    });
    work.log_all::<household::Entity>(lines.collect()).await
}
