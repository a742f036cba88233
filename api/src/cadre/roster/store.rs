//! From what a sheet says of cadres to what is stored.

use super::{Cadres, Col, KIND, LEVELS, SEXES, STANDINGS, key};
use crate::{
    branch::{lies_in, roster as branches, seat},
    cadre::{check_department, check_office, check_post},
    department::phone,
    kernel::{
        bulk::{self, Change},
        door::{any_of, unscoped},
        error::{Error, Result},
        place::Place,
        policy::May,
        refusal::Checks,
        scope::Facts,
        sheet::{Intake, Line, value::plain},
    },
    region::lookup::{Words, office},
};
use entity::{
    branch, cadre, department,
    id::{BranchId, CadreId, MembershipId},
    kind::{BranchKind, CadreLevel, MembershipStanding, RegionKind, Sex},
    membership, region,
    scalar::{Date, PhoneNumber},
};
use sea_orm::{ColumnTrait, Condition, QueryFilter};
use std::{collections::HashMap, sync::Arc};
use uuid::Uuid;

/// Where cadres have their office.
const OFFICES: [RegionKind; 4] =
    [RegionKind::City, RegionKind::County, RegionKind::Township, RegionKind::Village];

/// A cadre as a sheet has it.
struct Draft {
    line: Line,
    name: String,
    sex: Option<Sex>,
    level: Option<CadreLevel>,
    office: Option<Arc<region::Model>>,
    work_phone: Option<String>,
    starts_on: Option<Date>,
    standing: Option<MembershipStanding>,
    joined_on: Option<Date>,
    id: Option<CadreId>,
    sound: bool,
}

/// What is stored around the cadres of a chunk.
struct Stored {
    departments: Vec<department::Model>,
    branches: Vec<branch::Model>,
    groups: Vec<branch::Model>,
    cadres: Vec<cadre::Model>,
    memberships: HashMap<CadreId, Vec<membership::Model>>,
}

#[derive(Default)]
struct Writes {
    made: Vec<cadre::Model>,
    changed: Vec<Change<cadre::Model>>,
    ended: Vec<Change<membership::Model>>,
    begun: Vec<membership::Model>,
}

fn words(line: &Line) -> Words {
    let cell = |column: Col| plain(line.text(column));
    Words { name: cell(Col::Office), code: cell(Col::Code), township: cell(Col::Township) }
}

impl Cadres {
    /// Takes in some lines.
    pub(super) async fn settle(&mut self, intake: &mut Intake<'_>, chunk: Vec<Line>) -> Result<()> {
        self.places.learn(intake, &OFFICES, chunk.iter().map(words)).await?;
        let drafts: Vec<Draft> = chunk.into_iter().map(|line| self.read(intake, line)).collect();
        let stored = look_up(intake, &drafts).await?;
        let mut writes = Writes::default();
        for mut draft in drafts {
            if !self.compare(intake, &mut draft, &stored, &mut writes) {
                intake.counts.skipped += 1;
                if let Some(office) = &draft.office {
                    intake.fail(KIND, &key(office.id, &draft.name));
                }
            }
        }
        let (tx, by) = (intake.tx, intake.by());
        bulk::create::<cadre::Entity>(tx, writes.made, by).await?;
        bulk::change::<cadre::Entity>(tx, writes.changed, by).await?;
        bulk::end::<membership::Entity>(tx, writes.ended, by).await?;
        bulk::create::<membership::Entity>(tx, writes.begun, by).await
    }

    fn read(&self, intake: &mut Intake<'_>, line: Line) -> Draft {
        let before = intake.faults.total();
        let name = intake.required(&line, Col::Name).unwrap_or_default().to_owned();
        let level = match intake.required(&line, Col::Level) {
            Some(_) => intake.word(&line, Col::Level, LEVELS),
            None => None,
        };
        let asked = words(&line);
        let office = if asked.code.is_empty() && intake.required(&line, Col::Office).is_none() {
            None
        } else {
            office(intake, &self.places, &asked, line.row, (Col::Office.into(), Col::Code.into()))
        };
        let given = intake.text(&line, Col::Phone).map(|text| PhoneNumber(plain(text)));
        let mut checks = Checks::default();
        if !name.is_empty() {
            checks.text("name", &name, 40);
        }
        let work_phone = phone(&mut checks, "workPhone", given);
        tell(intake, &line, checks);
        let (sex, starts_on) = (intake.word(&line, Col::Sex, SEXES), intake.date(&line, Col::StartsOn));
        let standing = intake.word(&line, Col::Standing, STANDINGS);
        let joined_on = intake.date(&line, Col::JoinedOn);
        let id = intake.id(&line, Col::Id, CadreId::PREFIX).map(CadreId);
        let sound = intake.faults.total() == before;
        Draft { line, name, sex, level, office, work_phone, starts_on, standing, joined_on, id, sound }
    }

    /// Compares a cadre with what is stored, and notes what is to be written. Tells whether it is sound.
    fn compare(
        &mut self,
        intake: &mut Intake<'_>,
        draft: &mut Draft,
        stored: &Stored,
        writes: &mut Writes,
    ) -> bool {
        let (Some(office), Some(level)) = (draft.office.clone(), draft.level) else { return false };
        let faults = intake.faults.total();
        let Ok(before) = existing(intake, draft, &office, stored, writes) else { return false };
        let department = find_department(intake, &draft.line, &office, stored);
        let id = before.as_ref().map_or_else(|| CadreId(Uuid::now_v7()), |before| before.id);
        if !self.seen.first(KIND, &id.to_string()) {
            intake.fault(
                draft.line.row,
                Col::Name,
                "cadre-twice",
                "与本表前面某一行是同一人；如是同名的两人，请填写系统编号或工作电话。",
                "The same person as on a row further up; for two of one name, fill in the id or the telephone.",
            );
        }
        let place = seat(&office);
        let about = Facts::from(before.as_ref().map_or(place, Place::from));
        if !intake.hand.may(May::ManageCadre, &about) {
            intake.forbidden(&draft.line);
        }
        let after = match &before {
            Some(before) => {
                if before.region_id != office.id {
                    intake.fault(
                        draft.line.row,
                        Col::Office,
                        "cadre-office",
                        "这个系统编号的干部登记在另一个单位；名册不能改所在单位。",
                        "The cadre of this id belongs to another office; a sheet cannot change it.",
                    );
                }
                cadre::Model {
                    name: draft.name.clone(),
                    sex: draft.sex.unwrap_or(before.sex),
                    level,
                    department_id: department.map(|row| row.id).or(before.department_id),
                    work_phone: draft.work_phone.clone().or_else(|| before.work_phone.clone()),
                    starts_on: draft.starts_on.unwrap_or(before.starts_on),
                    ..before.clone()
                }
            }
            None => {
                if draft.starts_on.is_none() {
                    intake.required(&draft.line, Col::StartsOn);
                }
                cadre::Model {
                    id,
                    name: draft.name.clone(),
                    sex: draft.sex.unwrap_or(Sex::Unknown),
                    level,
                    region_id: office.id,
                    county_id: place.county_id,
                    township_id: place.township_id,
                    village_id: place.village_id,
                    department_id: department.map(|row| row.id),
                    work_phone: draft.work_phone.clone(),
                    starts_on: draft.starts_on.unwrap_or(intake.today),
                    ends_on: None,
                    version: 1,
                }
            }
        };
        let mut checks = Checks::default();
        check_office(&mut checks, &office);
        if let Some(department) = department {
            check_department(&mut checks, &office, department);
        }
        check_post(&mut checks, level, after.work_phone.as_ref());
        tell(intake, &draft.line, checks);
        let membership = belong(intake, draft, id, &office, stored);
        if !draft.sound || membership.is_err() || intake.faults.total() != faults {
            return false;
        }
        let (ended, begun) = membership.unwrap_or_default();
        let same_membership = ended.is_none() && begun.is_none();
        writes.ended.extend(ended);
        writes.begun.extend(begun);
        match before {
            None => {
                writes.made.push(after);
                intake.counts.created += 1;
            }
            Some(before) if before == after && same_membership => intake.counts.unchanged += 1,
            Some(before) => {
                intake.counts.updated += 1;
                writes.changed.push(Change { before, after, also: &[] });
            }
        }
        true
    }
}

/// Tells what checks refused at their cells.
fn tell(intake: &mut Intake<'_>, line: &Line, checks: Checks) {
    let Err(Error::Refused(refusals)) = checks.done() else { return };
    for refusal in refusals {
        let column = match refusal.path.last().map(String::as_str) {
            Some("name") => Col::Name,
            Some("workPhone") => Col::Phone,
            Some("departmentId") => Col::Department,
            Some("branchId") => Col::Branch,
            Some("groupId") => Col::Group,
            _ => Col::Office,
        };
        intake.refused(line, refusal, Some(column.into()));
    }
}

async fn look_up(intake: &Intake<'_>, drafts: &[Draft]) -> Result<Stored> {
    let backend = intake.backend();
    let texts = |column: Col| {
        let mut texts: Vec<&str> =
            drafts.iter().map(|draft| draft.line.text(column)).filter(|text| !text.is_empty()).collect();
        texts.sort_unstable();
        texts.dedup();
        texts
    };
    let departments = unscoped::<department::Entity>()
        .filter(department::Column::Name.is_in(texts(Col::Department)))
        .all(intake.tx)
        .await?;
    let branches = intake
        .within::<branch::Entity>()
        .filter(branch::Column::Name.is_in(texts(Col::Branch)))
        .filter(branch::Column::Kind.ne(BranchKind::Group))
        .all(intake.tx)
        .await?;
    let groups = intake
        .within::<branch::Entity>()
        .filter(any_of(branch::Column::ParentId, branches.iter().map(|row| row.id), backend))
        .filter(branch::Column::Kind.eq(BranchKind::Group))
        .all(intake.tx)
        .await?;
    let offices = drafts.iter().filter_map(|draft| draft.office.as_ref()).map(|office| office.id);
    let named = Condition::all()
        .add(any_of(cadre::Column::RegionId, offices, backend))
        .add(cadre::Column::Name.is_in(drafts.iter().map(|draft| draft.name.as_str())));
    let ids: Vec<_> = drafts.iter().filter_map(|draft| draft.id).collect();
    let by_id = (!ids.is_empty()).then(|| any_of(cadre::Column::Id, ids, backend));
    let serving =
        Condition::any().add(cadre::Column::EndsOn.is_null()).add(cadre::Column::EndsOn.gt(intake.today));
    let cadres = intake
        .within::<cadre::Entity>()
        .filter(Condition::any().add(named).add_option(by_id))
        .filter(serving)
        .all(intake.tx)
        .await?;
    let rows = unscoped::<membership::Entity>()
        .filter(any_of(membership::Column::CadreId, cadres.iter().map(|row| row.id), backend))
        .all(intake.tx)
        .await?;
    let mut memberships: HashMap<_, Vec<membership::Model>> = HashMap::new();
    for row in rows {
        memberships.entry(row.cadre_id).or_default().push(row);
    }
    Ok(Stored { departments, branches, groups, cadres, memberships })
}

/// The cadre whom a draft is about: somebody, nobody yet, or an error where it has been told.
fn existing(
    intake: &mut Intake<'_>,
    draft: &Draft,
    office: &region::Model,
    stored: &Stored,
    writes: &Writes,
) -> std::result::Result<Option<cadre::Model>, ()> {
    if let Some(id) = draft.id {
        let found = stored
            .cadres
            .iter()
            .find(|row| row.id == id)
            .filter(|row| intake.hand.may_import(&Facts::from(Place::from(*row))));
        if found.is_none() {
            intake.no_such_id(&draft.line, Col::Id);
            return Err(());
        }
        return Ok(found.cloned());
    }
    let same = |row: &&cadre::Model| row.region_id == office.id && row.name == draft.name;
    let made = writes.made.iter().filter(same).find(|row| row.work_phone == draft.work_phone);
    if let Some(made) = made {
        return Ok(Some(made.clone()));
    }
    let all: Vec<_> = stored.cadres.iter().filter(same).collect();
    let called: Vec<_> = all.iter().copied().filter(|row| row.work_phone == draft.work_phone).collect();
    match (all.as_slice(), called.as_slice()) {
        (_, [one]) | ([one], []) => Ok(Some((*one).clone())),
        ([], _) => Ok(None),
        _ => {
            intake.fault(
                draft.line.row,
                Col::Name,
                "cadre-ambiguous",
                "本单位有几位同名，请填写系统编号或登记的工作电话。",
                "Several of the office have this name; fill in the id or the telephone that is registered.",
            );
            Err(())
        }
    }
}

fn find_department<'s>(
    intake: &mut Intake<'_>,
    line: &Line,
    office: &region::Model,
    stored: &'s Stored,
) -> Option<&'s department::Model> {
    let words = intake.text(line, Col::Department)?;
    let fits = |row: &&department::Model| row.name == words && lies_in(office, row.region_id);
    let mut around: Vec<_> = stored.departments.iter().filter(fits).collect();
    // The nearest: an office's own before the county's.
    around
        .sort_by_key(|row| (row.region_id != office.id, row.village_id.is_none(), row.township_id.is_none()));
    let found = around.first().copied();
    if found.is_none() {
        intake.fault(
            line.row,
            Col::Department,
            "department",
            format!("本单位及其上级没有“{words}”这个部门；请填写已登记的名称。"),
            format!(
                "Neither the office nor one above it has a department “{words}”; write a registered name."
            ),
        );
    }
    found
}

type Moved = (Option<Change<membership::Model>>, Option<membership::Model>);

/// What becomes of the party membership: one that ends, one that begins, or neither. An error where it has been told.
fn belong(
    intake: &mut Intake<'_>,
    draft: &Draft,
    cadre: CadreId,
    office: &region::Model,
    stored: &Stored,
) -> std::result::Result<Moved, ()> {
    let line = &draft.line;
    let own = stored.memberships.get(&cadre).map_or::<&[_], _>(&[], Vec::as_slice);
    let today = intake.today;
    let current = own.iter().find(|row| row.starts_on <= today && row.ends_on.is_none_or(|end| end > today));
    let Some(words) = intake.text(line, Col::Branch) else {
        if !line.text(Col::Group).is_empty() {
            intake.required(line, Col::Branch);
        }
        return Ok((None, None));
    };
    let branch = find_branch(intake, draft, words, office, current, stored)?;
    let group = match intake.text(line, Col::Group) {
        None => None,
        Some(words) => {
            let found =
                stored.groups.iter().find(|row| row.parent_id == Some(branch.id) && row.name == words);
            if found.is_none() && !intake.failed(branches::KIND, words) {
                intake.fault(
                    line.row,
                    Col::Group,
                    "group",
                    format!("“{}”下没有这个党小组；请填写已登记的名称。", branch.name),
                    "The organisation has no such party group; write a registered name.",
                );
            }
            Some(found.ok_or(())?.id)
        }
    };
    if let Some(live) = current {
        let told = |same: bool, blank: bool| same || blank;
        let same = live.branch_id == branch.id
            && told(live.group_id == group, group.is_none())
            && told(Some(live.standing) == draft.standing, draft.standing.is_none());
        if same {
            return Ok((None, None));
        }
    }
    for (column, told) in
        [(Col::Standing, draft.standing.is_some()), (Col::JoinedOn, draft.joined_on.is_some())]
    {
        if !told && line.text(column).is_empty() {
            intake.required(line, column);
        }
    }
    let (Some(standing), Some(starts_on)) = (draft.standing, draft.joined_on) else { return Err(()) };
    if !intake.hand.may(May::ManageBranch, &Facts::from(Place::from(branch))) {
        intake.forbidden(line);
    }
    let clashes = own.iter().any(|row| {
        let over = row.ends_on.is_some_and(|end| end <= starts_on || end <= row.starts_on);
        let ends_now = current.is_some_and(|live| live.id == row.id) && row.starts_on < starts_on;
        !over && !ends_now
    });
    if clashes {
        intake.fault(
            line.row,
            Col::JoinedOn,
            "membership",
            "该同志这段时间已有党员组织关系；转换组织时，转入日期应晚于现有组织关系的开始日期。",
            "This cadre has another party membership at that time; a new one begins after the day on which that began.",
        );
    }
    let ended = current.map(|live| {
        let after = membership::Model { ends_on: Some(starts_on), ..live.clone() };
        Change { before: live.clone(), after, also: &[] }
    });
    let begun = membership::Model {
        id: MembershipId(Uuid::now_v7()),
        cadre_id: cadre,
        branch_id: branch.id,
        group_id: group,
        standing,
        starts_on,
        ends_on: None,
        version: 1,
    };
    Ok((ended, Some(begun)))
}

/// The organisation by its name: the one that the cadre belongs to, else one around the office, else the only one.
fn find_branch<'s>(
    intake: &mut Intake<'_>,
    draft: &Draft,
    words: &str,
    office: &region::Model,
    live: Option<&membership::Model>,
    stored: &'s Stored,
) -> std::result::Result<&'s branch::Model, ()> {
    let own: Option<BranchId> = live.map(|live| live.branch_id);
    let named: Vec<&branch::Model> = stored.branches.iter().filter(|row| row.name == words).collect();
    let here: Vec<&branch::Model> = named.iter().copied().filter(|row| row.region_id == office.id).collect();
    let around: Vec<&branch::Model> =
        named.iter().copied().filter(|row| lies_in(office, row.region_id)).collect();
    if let Some(own) = named.iter().find(|row| Some(row.id) == own) {
        return Ok(own);
    }
    for few in [&here, &around, &named] {
        if let [one] = few.as_slice() {
            return Ok(one);
        }
    }
    if named.is_empty() {
        if !intake.failed(branches::KIND, words) {
            intake.fault(
                draft.line.row,
                Col::Branch,
                "branch",
                format!("没有“{words}”这个党组织，或不在您的范围内；请填写已登记的名称。"),
                format!(
                    "There is no organisation “{words}”, or none within your scope; write a registered name."
                ),
            );
        }
    } else {
        intake.fault(
            draft.line.row,
            Col::Branch,
            "branch-ambiguous",
            format!("有几个党组织叫“{words}”，无法区分；请先给其中一个改名。"),
            format!("Several organisations are called “{words}” and cannot be told apart; rename one first."),
        );
    }
    Err(())
}
