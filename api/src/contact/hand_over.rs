//! Hand-over (交接): all that one cadre answers for, or some of it, to another from a day on.

use super::plan::{Begin, Plan, Step, check_day, in_office, open_on};
use crate::kernel::{
    error::{Refusal, RefusalCode, Result},
    refusal::Checks,
    request::Ctx,
};
use async_graphql::InputObject;
use entity::{
    assignment,
    id::{AreaId, AssignmentId, CadreId, EnterpriseId, HouseholdId, RegionId},
    kind::AssignmentKind,
    scalar::Date,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait};
use std::collections::HashMap;

/// Who hands over what to whom. Of one cadre's assignments, those that the viewer sees.
#[derive(Clone, Debug, PartialEq, Eq, Hash, InputObject)]
pub struct HandOver {
    /// Who has answered for them.
    pub from_cadre_id: CadreId,
    /// Who answers for them from that day on; in office on it.
    pub to_cadre_id: CadreId,
    /// First day of the other; today or later. What was to begin later begins on its own day.
    pub effective_on: Date,
    /// Only assignments of these kinds; all when absent.
    #[graphql(default)]
    pub kinds: Option<Vec<AssignmentKind>>,
    /// Only these assignments, 1000 at most; all when absent.
    #[graphql(default)]
    pub assignment_ids: Option<Vec<AssignmentId>>,
}

type Same = (Option<RegionId>, Option<AreaId>, Option<HouseholdId>, Option<EnterpriseId>);

fn same(row: &assignment::Model) -> Same {
    (row.region_id, row.area_id, row.household_id, row.enterprise_id)
}

impl HandOver {
    /// The assignments that it could be about.
    pub(super) fn concerned(&self) -> Condition {
        Condition::any()
            .add(assignment::Column::CadreId.eq(self.from_cadre_id))
            .add(assignment::Column::CadreId.eq(self.to_cadre_id))
    }

    fn takes(&self, row: &assignment::Model) -> bool {
        row.cadre_id == Some(self.from_cadre_id)
            && self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&row.kind))
            && self.assignment_ids.as_ref().is_none_or(|ids| ids.contains(&row.id))
    }

    /// What it comes to. Of two at once, the second works on what the first has left.
    pub(super) async fn plan(&self, ctx: &Ctx, db: &impl ConnectionTrait, to_change: bool) -> Result<Plan> {
        let mut checks = Checks::default();
        check_day(ctx, &mut checks, "handOver.effectiveOn", self.effective_on);
        checks.require(self.from_cadre_id != self.to_cadre_id, || {
            Refusal::rule(
                "two-cadres",
                "handOver.toCadreId",
                "交接双方应为两人。",
                "A hand-over is between two cadres.",
            )
        });
        let most = self.assignment_ids.as_ref().map_or(0, Vec::len);
        checks.require(most <= 1000, || {
            Refusal::rule("length", "handOver.assignmentIds", "最多 1000 项。", "1000 at most.")
        });
        let to = [("handOver.toCadreId".to_owned(), self.to_cadre_id)];
        in_office(ctx, db, &mut checks, self.effective_on, &to, to_change).await?;
        self.giver_is_seen(ctx, db, &mut checks).await?;
        checks.done()?;
        let open = open_on(ctx, db, self.effective_on, self.concerned(), to_change).await?;
        self.unknown(&open)?;
        let mut held: HashMap<Same, Vec<&assignment::Model>> = HashMap::new();
        for row in open.iter().filter(|row| row.cadre_id == Some(self.to_cadre_id)) {
            held.entry(same(row)).or_default().push(row);
        }
        let steps = open.iter().filter(|row| self.takes(row)).map(|row| {
            let has = held.get(&same(row)).map_or(&[][..], Vec::as_slice);
            self.step(row, has)
        });
        Ok(Plan { on: self.effective_on, steps: steps.collect() })
    }

    async fn giver_is_seen(&self, ctx: &Ctx, db: &impl ConnectionTrait, checks: &mut Checks) -> Result<()> {
        use sea_orm::{QueryFilter, QuerySelect};
        // Whoever has left office hands over all the same.
        let seen: Option<CadreId> = ctx
            .within::<entity::cadre::Entity>()
            .select_only()
            .column(entity::cadre::Column::Id)
            .filter(entity::cadre::Column::Id.eq(self.from_cadre_id))
            .into_tuple()
            .one(db)
            .await?;
        checks.require(seen.is_some(), || Refusal::not_found("handOver.fromCadreId"));
        Ok(())
    }

    /// Each assignment that is named is one of those.
    fn unknown(&self, open: &[assignment::Model]) -> Result<()> {
        let mut checks = Checks::default();
        for (n, id) in self.assignment_ids.iter().flatten().enumerate() {
            let there = open.iter().any(|row| row.id == *id && row.cadre_id == Some(self.from_cadre_id));
            checks.require(there, || {
                Refusal::new(
                    RefusalCode::NotFound,
                    &format!("handOver.assignmentIds.{n}"),
                    "不是该干部届时有效的包联，或不在您的范围内。",
                    "Not an assignment that this cadre holds on that day, or none within your scope.",
                )
            });
        }
        checks.done()
    }

    /// One assignment. Where the other has the target already, theirs goes on, unless the primary contact passes to them.
    fn step(&self, row: &assignment::Model, held: &[&assignment::Model]) -> Step {
        let starts_on = std::cmp::max(self.effective_on, row.starts_on);
        let begins = Begin { cadre: self.to_cadre_id, starts_on, ends_on: row.ends_on };
        let overlaps = |other: &&&assignment::Model| {
            other.ends_on.is_none_or(|ends| ends > starts_on)
                && row.ends_on.is_none_or(|ends| other.starts_on < ends)
        };
        let theirs: Vec<&assignment::Model> = held.iter().filter(overlaps).copied().collect();
        let goes_on = !theirs.is_empty() && (!row.is_primary || theirs.iter().any(|other| other.is_primary));
        let mut ends = vec![row.clone()];
        if !goes_on {
            ends.extend(theirs.into_iter().cloned());
        }
        Step {
            target: row.into(),
            kind: row.kind,
            is_primary: row.is_primary,
            ends,
            begins: (!goes_on).then_some(begins),
        }
    }
}
