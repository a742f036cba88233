//! From what a sheet says to what is stored: assignments that are there are compared and ended, new ones made, in a
//! fixed number of statements.

use super::{
    Assignments, Col,
    look::{Aim, Held, Known, Told, aim, aim_of, stored},
    read::{Asked, Draft, read},
};
use crate::{
    contact::{Target, rule},
    household::roster::refusals,
    kernel::{
        bulk,
        error::{Error, Result},
        policy::May,
        record::append,
        refusal::Checks,
        scope::Facts,
        sheet::{Intake, Line},
        work::{Work, raise_rights},
    },
};
use entity::{
    assignment,
    id::{AssignmentId, CadreId, DepartmentId},
    kind::{ChangeKind, RegionKind},
    scalar::Date,
};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, Set,
    sea_query::{CaseStatement, Expr, ExprTrait},
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Why an assignment was ended, when a sheet says no more than the day.
const REASON: &str = "按名册结束";

/// A row whose target and holder are known.
struct Ready {
    draft: Draft,
    target: Option<Target>,
    holder: Option<Held>,
}

/// Days on which somebody has a target.
#[derive(Clone, Copy)]
struct Span {
    holder: (Option<CadreId>, Option<DepartmentId>),
    is_primary: bool,
    starts_on: Date,
    ends_on: Option<Date>,
}

impl Span {
    fn of(row: &assignment::Model) -> Self {
        Self {
            holder: (row.cadre_id, row.department_id),
            is_primary: row.is_primary,
            starts_on: row.starts_on,
            ends_on: row.ends_on,
        }
    }

    /// One that ends on the day on which it begins holds on no day.
    fn is_void(&self) -> bool {
        self.ends_on.is_some_and(|ends| ends <= self.starts_on)
    }

    /// Whether both hold on some day.
    fn meets(&self, other: &Self) -> bool {
        let before = |ends: Option<Date>, starts: Date| ends.is_none_or(|ends| ends > starts);
        !self.is_void()
            && !other.is_void()
            && before(self.ends_on, other.starts_on)
            && before(other.ends_on, self.starts_on)
    }
}

/// What is stored of the targets of a chunk, with what the chunk makes of it.
struct Ledger {
    rows: HashMap<AssignmentId, assignment::Model>,
    of: HashMap<Aim, Vec<(AssignmentId, Span)>>,
}

/// What is to be written.
#[derive(Default)]
struct Writes {
    ended: Vec<(assignment::Model, Date)>,
    new: Vec<assignment::Model>,
}

impl Held {
    fn ids(&self) -> (Option<CadreId>, Option<DepartmentId>) {
        match self {
            Self::Cadre(cadre) => (Some(cadre.id), None),
            Self::Department(id) => (None, Some(*id)),
        }
    }
}

fn facts(row: &assignment::Model) -> Facts<'static> {
    Facts {
        place: rule::place(row),
        household: row.household_id,
        enterprise: row.enterprise_id,
        ..Facts::default()
    }
}

impl Assignments {
    pub(super) async fn settle(&mut self, intake: &mut Intake<'_>, chunk: Vec<Line>) -> Result<()> {
        let drafts: Vec<Draft> = chunk.into_iter().map(|line| read(intake, line)).collect();
        let all = drafts.len();
        let ready = self.find(intake, drafts).await?;
        let aims: HashSet<Aim> = ready.iter().filter_map(|one| one.target.as_ref().map(aim)).collect();
        let ids: Vec<AssignmentId> = ready.iter().filter_map(|one| one.draft.id).collect();
        let mut ledger = Ledger::new(stored(intake, &aims, ids.clone()).await?);
        let mut writes = Writes::default();
        let mut done = 0;
        let mut new = Vec::new();
        // What ends makes room for what begins, wherever in the sheet it stands.
        for one in ready {
            match ledger.match_of(intake, &one) {
                Told::Unknown => {}
                found if !self.is_first(intake, &one, &found) => {}
                Told::This(id) => done += usize::from(ledger.alter(intake, one, id, &mut writes)),
                Told::Not => new.push(one),
            }
        }
        for one in new {
            done += usize::from(ledger.make(intake, one, &mut writes)?);
        }
        intake.counts.skipped += u64::try_from(all - done).unwrap_or_default();
        if writes.ended.is_empty() && writes.new.is_empty() {
            return Ok(());
        }
        // The rights are raised first: the account's row is the lock under which its holder is given targets.
        raise(intake, &writes).await?;
        if !writes.new.is_empty() && !ledger.stands(&stored(intake, &aims, ids).await?) {
            return Err(bulk::met());
        }
        write(intake, writes).await
    }

    /// The rows whose target and holder are found; what is wrong with the others is told.
    async fn find(&mut self, intake: &mut Intake<'_>, drafts: Vec<Draft>) -> Result<Vec<Ready>> {
        let villages = drafts.iter().filter_map(|draft| draft.target.village().cloned());
        self.villages.learn(intake, &[RegionKind::Village], villages).await?;
        let towns = drafts.iter().filter_map(|draft| draft.target.township().cloned());
        self.towns.learn(intake, &[RegionKind::Township], towns).await?;
        let within: Vec<_> = drafts
            .iter()
            .filter_map(|draft| match &draft.target {
                Asked::Part(village, _) => match self.villages.find(village) {
                    crate::region::lookup::Found::One(village) => Some(village.id),
                    _ => None,
                },
                _ => None,
            })
            .collect();
        self.villages.learn_parts(intake, within).await?;
        let known = Known::learn(intake, &drafts, &mut self.villages).await?;
        let mut ready = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let target = known.target(intake, &draft, (&self.towns, &self.villages));
            let at = match &target {
                Told::This(target) => Some(target.place),
                _ => None,
            };
            let holder = known.holder(intake, &draft, at, &self.villages);
            let (target, holder) = match (target, holder) {
                (Told::Unknown, _) | (_, Told::Unknown) => continue,
                (target, holder) => (target.known(), holder.known()),
            };
            if draft.sound {
                ready.push(Ready { draft, target, holder });
            }
        }
        Ok(ready)
    }

    /// Whether an assignment stands on a sheet for the first time.
    fn is_first(&mut self, intake: &mut Intake<'_>, one: &Ready, found: &Told<AssignmentId>) -> bool {
        let key = match found {
            Told::This(id) => id.to_string(),
            _ => format!(
                "{:?} {:?} {:?}",
                one.target.as_ref().map(aim),
                one.holder.as_ref().map(Held::ids),
                one.draft.starts_on
            ),
        };
        let first = self.seen.first(super::KIND, &key);
        if !first {
            intake.row_fault(
                one.draft.line.row,
                "assignment-twice",
                "本表前面已有这一包联（对象、包联人、开始日期都相同）。",
                "This assignment stands further up already: the same target, holder and first day.",
            );
        }
        first
    }
}

impl<T> Told<T> {
    fn known(self) -> Option<T> {
        match self {
            Self::This(known) => Some(known),
            Self::Not | Self::Unknown => None,
        }
    }
}

impl Ledger {
    fn new(rows: Vec<assignment::Model>) -> Self {
        let mut of: HashMap<Aim, Vec<_>> = HashMap::new();
        for row in &rows {
            of.entry(aim_of(row)).or_default().push((row.id, Span::of(row)));
        }
        Self { rows: rows.into_iter().map(|row| (row.id, row)).collect(), of }
    }

    /// Whether what is stored is still what was read.
    fn stands(&self, now: &[assignment::Model]) -> bool {
        now.len() == self.rows.len() && now.iter().all(|row| self.rows.get(&row.id) == Some(row))
    }

    /// The assignment that a row means, if it is there: by its id, else by target, holder and first day.
    fn match_of(&self, intake: &mut Intake<'_>, one: &Ready) -> Told<AssignmentId> {
        if let Some(id) = one.draft.id {
            if self.rows.get(&id).is_some_and(|row| intake.hand.may_import(&facts(row))) {
                return Told::This(id);
            }
            intake.fault(
                one.draft.line.row,
                Col::Id,
                "id",
                "没有这个系统编号的包联，或不在您的范围内；新的包联请留空。",
                "There is no assignment of this id, or none within your scope; leave it blank for a new one.",
            );
            return Told::Unknown;
        }
        let (Some(target), Some(holder)) = (&one.target, &one.holder) else { return Told::Unknown };
        let same = |(_, span): &&(AssignmentId, Span)| {
            span.holder == holder.ids()
                && Some(span.starts_on) == one.draft.starts_on
                && (!span.is_void() || span.ends_on == one.draft.ends_on)
        };
        let found = self.of.get(&aim(target)).into_iter().flatten().find(same);
        found.map_or(Told::Not, |(id, _)| Told::This(*id))
    }

    /// Compares a row with the assignment that is there. Tells whether the row is sound.
    fn alter(&mut self, intake: &mut Intake<'_>, one: Ready, id: AssignmentId, writes: &mut Writes) -> bool {
        let Some(before) = self.rows.get(&id) else { return false };
        let Ready { draft, target, holder } = one;
        let (faults, row) = (intake.faults.total(), draft.line.row);
        let differs = [
            (Col::Kind, draft.kind.is_some_and(|kind| kind != before.kind)),
            (
                Asked::column(draft.kind),
                target.is_some_and(|target| aim(&target) != aim_of(before))
                    && draft.kind.is_none_or(|kind| kind == before.kind),
            ),
            (
                if before.department_id.is_some() { Col::Department } else { Col::Holder },
                holder.is_some_and(|holder| holder.ids() != (before.cadre_id, before.department_id)),
            ),
            (Col::Primary, draft.is_primary.is_some_and(|told| told != before.is_primary)),
            (Col::Starts, draft.starts_on.is_some_and(|told| told != before.starts_on)),
        ];
        for (column, _) in differs.into_iter().filter(|(_, differs)| *differs) {
            intake.fault(
                row,
                column,
                "assignment-differs",
                "与已登记的包联不同。包联不能改写：请填写“结束日期”结束原包联，再另起一行（系统编号空着）登记新的。",
                "Not what is registered. An assignment is not rewritten: end it by its last day, and write the new one on a row of its own without an id.",
            );
        }
        let ends_on = draft.ends_on.filter(|told| Some(*told) != before.ends_on);
        if let Some(ends_on) = ends_on {
            if let Some(refusal) = rule::over(before, intake.today) {
                intake.fault(row, Col::Ends, "over", refusal.zh, refusal.en);
            } else {
                let mut checks = Checks::default();
                rule::check_end(&mut checks, before, ends_on, intake.today);
                if let Err(Error::Refused(refusals)) = checks.done() {
                    for refusal in refusals {
                        intake.refused(&draft.line, refusal, Some(Col::Ends.into()));
                    }
                }
            }
        }
        if intake.faults.total() != faults {
            return false;
        }
        let Some(ends_on) = ends_on else {
            intake.counts.unchanged += 1;
            return true;
        };
        if !intake.hand.may(May::Assign, &facts(before)) {
            forbidden(intake, row);
            return false;
        }
        if let Some(spans) = self.of.get_mut(&aim_of(before)) {
            for (_, span) in spans.iter_mut().filter(|(own, _)| *own == id) {
                span.ends_on = Some(ends_on);
            }
        }
        intake.counts.updated += 1;
        writes.ended.push((before.clone(), ends_on));
        true
    }

    /// Makes a new assignment. Tells whether the row is sound.
    fn make(&mut self, intake: &mut Intake<'_>, one: Ready, writes: &mut Writes) -> Result<bool> {
        let Ready { draft, target, holder } = one;
        let (Some(kind), Some(target), Some(holder), Some(starts_on)) =
            (draft.kind, target, holder, draft.starts_on)
        else {
            return Ok(false);
        };
        let (faults, row) = (intake.faults.total(), draft.line.row);
        if !intake.hand.may(May::Assign, &target.facts(&[])) {
            forbidden(intake, row);
            return Ok(false);
        }
        let is_primary = draft.is_primary.unwrap_or_else(|| rule::may_be_primary(kind));
        let mut checks = Checks::default();
        if let Held::Cadre(cadre) = &holder {
            rule::check_in_office(&mut checks, cadre, intake.today);
        }
        rule::check_dates(&mut checks, starts_on, draft.ends_on);
        rule::check_primary(&mut checks, kind, is_primary);
        for refusal in refusals(checks)? {
            let column = match refusal.path.last().map(String::as_str) {
                Some("cadreId") => Col::Holder,
                Some("endsOn") => Col::Ends,
                _ => Col::Primary,
            };
            intake.refused(&draft.line, refusal, Some(column.into()));
        }
        let span = Span { holder: holder.ids(), is_primary, starts_on, ends_on: draft.ends_on };
        let spans = self.of.entry(aim(&target)).or_default();
        let meeting = || spans.iter().map(|(_, span)| span).filter(|other| other.meets(&span));
        if meeting().any(|other| other.holder == span.holder) {
            intake.fault(row, Col::Starts, "same-holder", rule::SAME_HOLDER.0, rule::SAME_HOLDER.1);
        } else if is_primary && meeting().any(|other| other.is_primary) {
            intake.fault(row, Col::Primary, "second-primary", rule::SECOND_PRIMARY.0, rule::SECOND_PRIMARY.1);
        }
        let (Some(county_id), Some(township_id)) = (target.place.county_id, target.place.township_id) else {
            return Ok(false);
        };
        if intake.faults.total() != faults {
            return Ok(false);
        }
        let id = AssignmentId(Uuid::now_v7());
        spans.push((id, span));
        intake.counts.created += 1;
        writes.new.push(assignment::Model {
            id,
            kind,
            cadre_id: span.holder.0,
            department_id: span.holder.1,
            region_id: target.region,
            area_id: target.area,
            household_id: target.household,
            enterprise_id: target.enterprise,
            county_id,
            township_id,
            village_id: target.place.village_id,
            group_id: target.place.group_id,
            grid_id: target.place.grid_id,
            is_primary,
            starts_on,
            ends_on: draft.ends_on,
            assigned_by: intake.hand.actor(),
            ended_reason: None,
            started_batch_id: None,
            ended_batch_id: None,
            version: 1,
        });
        Ok(true)
    }
}

fn forbidden(intake: &mut Intake<'_>, row: u32) {
    intake.row_fault(
        row,
        "forbidden",
        "您无权在这里指派或结束包联。",
        "You may not make or end assignments here.",
    );
}

/// The holders' next requests read what they may see anew.
async fn raise(intake: &Intake<'_>, writes: &Writes) -> Result<()> {
    let rows = || writes.ended.iter().map(|(row, _)| row).chain(&writes.new);
    let cadres: HashSet<CadreId> = rows().filter_map(|row| row.cadre_id).collect();
    let departments: HashSet<DepartmentId> = rows().filter_map(|row| row.department_id).collect();
    raise_rights(intake.tx, rule::accounts_of(cadres, departments, intake.backend())).await
}

/// Writes a chunk: what ends before what begins.
async fn write(intake: &Intake<'_>, writes: Writes) -> Result<()> {
    end(intake, writes.ended).await?;
    bulk::create::<assignment::Entity>(intake.tx, writes.new, intake.by()).await.map_err(met)
}

/// Ends assignments, all in one statement, if nobody changed one meanwhile.
async fn end(intake: &Intake<'_>, ended: Vec<(assignment::Model, Date)>) -> Result<()> {
    use assignment::Column::{EndedReason, EndsOn, Id, Version};
    if ended.is_empty() {
        return Ok(());
    }
    let wanted = u64::try_from(ended.len()).unwrap_or(u64::MAX);
    let (mut days, mut versions) = (CaseStatement::new(), CaseStatement::new());
    let (mut ids, mut lines) = (Vec::new(), Vec::new());
    for (before, ends_on) in ended {
        days = days.case(Id.eq(before.id), Expr::val(ends_on));
        versions = versions.case(Id.eq(before.id), Expr::val(before.version));
        ids.push(before.id);
        let after = assignment::Model {
            ends_on: Some(ends_on),
            ended_reason: Some(REASON.to_owned()),
            version: before.version + 1,
            ..before.clone()
        };
        if let Some(mut line) = intake.by().line::<assignment::Entity>(Some(&before), &after, &[]) {
            line.kind = Set(ChangeKind::Ended);
            lines.push(line);
        }
    }
    let done = assignment::Entity::update_many()
        .col_expr(EndsOn, days.into())
        .col_expr(EndedReason, Expr::val(REASON))
        .col_expr(Version, Expr::col(Version).add(1))
        .filter(crate::kernel::door::any_of(Id, ids, intake.backend()))
        .filter(Expr::col(Version).eq(versions))
        .exec(intake.tx)
        .await?;
    if done.rows_affected != wanted {
        return Err(bulk::met());
    }
    append(intake.tx, lines).await?;
    Ok(())
}

/// Somebody else was first by a moment.
fn met(error: Error) -> Error {
    if Work::is_constraint(&error, "one_primary") { bulk::met() } else { error }
}
