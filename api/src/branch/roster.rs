//! Party organisations from sheets and into sheets (党组织名册). Those above may stand further down in the sheet than those
//! below them; so all lines are gathered first, and there is a limit to them.

use super::{check_parent, fits, lies_in, seat};
use crate::{
    kernel::{
        bulk::{self, Change},
        door::unscoped,
        error::{Error, Result},
        place::Place,
        policy::May,
        refusal::Checks,
        scope::Facts,
        sheet::{
            Column, Form, Intake, Line, Roster, columns,
            intake::{Seen, Words as Spellings, spelling},
            value::plain,
            write::Writer,
        },
        work::raise_rights,
    },
    region::lookup::{Places, Words, held_by, named, office, subtrees},
};
use entity::{
    account, branch, grant,
    id::BranchId,
    kind::{BranchKind, RegionKind},
    region,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait},
};
use std::{collections::HashMap, sync::Arc};
use uuid::Uuid;

columns! { Col, COLUMNS:
    Name = Column::must("党组织名称").or(&["党组织", "名称", "党组织全称"]).note("最多60字。", "竹园村党支部").wide(26);
    Kind = Column::must("类型").or(&["党组织类型", "类别"]).note("", "党支部").of(&["党委", "党总支", "党支部", "党小组"]).wide(10);
    Parent = Column::new("上级党组织").or(&["上级", "隶属党组织"])
        .note("上级党组织的名称，已登记或在本表中，次序不限。党小组必填。", "纳章镇党委").wide(26);
    Region = Column::must("所属区域").or(&["区域", "所在区域", "所属乡镇（村）"]).note("县、乡镇或村（社区）的名称或代码。", "竹园村").wide(20);
    Code = Column::new("区划代码").or(&["区域代码"]).note("填写时以它为准。", "530304101200");
    Township = Column::new("乡镇").or(&["所属乡镇"]).note("村名不重复时可不填。", "纳章镇");
    Id = Column::new("系统编号").or(&["系统标识", "ID"]).note("由系统导出时填写；新登记的空着。", "").wide(36);
}

/// How kinds are written.
pub const KINDS: Spellings<BranchKind> = &[
    (BranchKind::Committee, &["党委", "委员会", "党工委", "基层党委"]),
    (BranchKind::GeneralBranch, &["党总支", "总支", "党总支部", "总支部"]),
    (BranchKind::Branch, &["党支部", "支部"]),
    (BranchKind::Group, &["党小组", "小组"]),
];

/// Where organisations have their seat.
const SEATS: [RegionKind; 5] =
    [RegionKind::Province, RegionKind::City, RegionKind::County, RegionKind::Township, RegionKind::Village];

/// Organisations in one sheet at the most.
const MOST: usize = 5000;
/// Organisations that are written together.
const CHUNK: u64 = 500;

/// Name of the kind, for records that depend on an organisation; the key is its name.
pub const KIND: &str = "branch";

/// Party organisations as they come in.
#[derive(Default)]
pub struct Branches {
    lines: Vec<Line>,
    places: Places,
    seen: Seen,
    made_any: bool,
}

/// An organisation as a sheet has it.
struct Draft {
    line: Line,
    name: String,
    kind: Option<BranchKind>,
    region: Option<Arc<region::Model>>,
    id: Option<BranchId>,
    sound: bool,
}

/// What is known of what stands above.
enum Above {
    None,
    There(Box<branch::Model>),
    /// A draft of the same sheet.
    Draft(usize),
    /// It has been told as a fault, or depends on one.
    Failed,
}

impl Roster for Branches {
    const FORM: Form =
        Form { sheet: "党组织", aliases: &["党组织名册", "党支部", "branches"], columns: COLUMNS };

    async fn take(&mut self, intake: &mut Intake<'_>, lines: Vec<Line>, last: bool) -> Result<()> {
        self.lines.extend(lines);
        if let Some(first) = self.lines.get(MOST) {
            intake.row_fault(
                first.row,
                "limit",
                format!("一张表最多 {MOST} 个党组织，请分开导入。"),
                format!("{MOST} organisations in a sheet at the most; split it."),
            );
            self.lines.truncate(MOST);
        }
        if last { self.settle(intake).await } else { Ok(()) }
    }

    async fn finish(&mut self, intake: &mut Intake<'_>) -> Result<()> {
        if !self.made_any {
            return Ok(());
        }
        // Secretaries of the organisations above reach one more now.
        let holders = unscoped::<grant::Entity>()
            .select_only()
            .column(grant::Column::AccountId)
            .filter(grant::Column::BranchId.is_not_null())
            .into_query();
        raise_rights(intake.tx, account::Column::Id.in_subquery(holders)).await
    }
}

fn words(line: &Line) -> Words {
    let cell = |column: Col| plain(line.text(column));
    Words { name: cell(Col::Region), code: cell(Col::Code), township: cell(Col::Township) }
}

impl Branches {
    async fn settle(&mut self, intake: &mut Intake<'_>) -> Result<()> {
        let lines = std::mem::take(&mut self.lines);
        self.places.learn(intake, &SEATS, lines.iter().map(words)).await?;
        let mut drafts: Vec<Draft> = lines.into_iter().map(|line| self.read(intake, line)).collect();
        let names = drafts.iter().flat_map(|draft| [draft.name.as_str(), draft.line.text(Col::Parent)]);
        let ids = drafts.iter().filter_map(|draft| draft.id);
        let asked =
            Condition::any().add(branch::Column::Name.is_in(names)).add(branch::Column::Id.is_in(ids));
        let there = intake.within::<branch::Entity>().filter(asked).all(intake.tx).await?;

        let own: Vec<Option<branch::Model>> =
            drafts.iter_mut().map(|draft| existing(intake, draft, &there)).collect();
        let above: Vec<Above> =
            (0..drafts.len()).map(|at| above(intake, &mut drafts, at, &own, &there)).collect();
        let mut done: Vec<Option<branch::Model>> = vec![None; drafts.len()];
        let (mut open, mut made, mut changed) =
            ((0..drafts.len()).collect::<Vec<_>>(), Vec::new(), Vec::new());
        loop {
            let ready = |&at: &usize| match &above[at] {
                Above::Draft(parent) => done[*parent].is_some() || !drafts[*parent].sound,
                _ => true,
            };
            let (now, later): (Vec<usize>, Vec<usize>) = open.into_iter().partition(ready);
            open = later;
            if now.is_empty() {
                break;
            }
            for at in now {
                let parent = match &above[at] {
                    Above::None | Above::Failed => None,
                    Above::There(parent) => Some(parent.as_ref().clone()),
                    Above::Draft(parent) => done[*parent].clone(),
                };
                let lost = matches!(above[at], Above::Failed)
                    || matches!(above[at], Above::Draft(_)) && parent.is_none();
                drafts[at].sound &= !lost;
                let row = settle_one(intake, &mut drafts[at], own[at].as_ref(), parent.as_ref());
                match (row, &own[at]) {
                    (Some(row), None) => {
                        intake.counts.created += 1;
                        made.push(row.clone());
                        done[at] = Some(row);
                    }
                    (Some(row), Some(before)) if row == *before => {
                        intake.counts.unchanged += 1;
                        done[at] = Some(row);
                    }
                    (Some(row), Some(before)) => {
                        intake.counts.updated += 1;
                        changed.push(Change { before: before.clone(), after: row.clone(), also: &[] });
                        done[at] = Some(row);
                    }
                    (None, _) => {
                        intake.counts.skipped += 1;
                        intake.fail(KIND, &drafts[at].name);
                    }
                }
            }
        }
        for at in open {
            intake.counts.skipped += 1;
            intake.fault(
                drafts[at].line.row,
                Col::Parent,
                "parent",
                "上下级关系成了循环。",
                "The organisations stand above each other in a circle.",
            );
        }
        self.made_any |= !made.is_empty();
        bulk::create::<branch::Entity>(intake.tx, made, intake.by()).await?;
        bulk::change::<branch::Entity>(intake.tx, changed, intake.by()).await
    }

    fn read(&mut self, intake: &mut Intake<'_>, line: Line) -> Draft {
        let before = intake.faults.total();
        let name = intake.required(&line, Col::Name).unwrap_or_default().to_owned();
        let kind = intake.required(&line, Col::Kind).is_some().then(|| intake.word(&line, Col::Kind, KINDS));
        let asked = words(&line);
        let region = if asked.code.is_empty() && intake.required(&line, Col::Region).is_none() {
            None
        } else {
            office(intake, &self.places, &asked, line.row, (Col::Region.into(), Col::Code.into()))
        };
        let id = intake.id(&line, Col::Id, BranchId::PREFIX).map(BranchId);
        let mut checks = Checks::default();
        if !name.is_empty() {
            checks.text("name", &name, 60);
        }
        tell(intake, &line, checks);
        if let Some(region) = &region
            && !name.is_empty()
            && !self.seen.first(KIND, &format!("{} {name} {:?}", region.id, kind.flatten()))
        {
            intake.fault(
                line.row,
                Col::Name,
                "branch-twice",
                "本表前面已有这个党组织。",
                "This organisation stands further up already.",
            );
        }
        let sound = intake.faults.total() == before;
        Draft { line, name, kind: kind.flatten(), region, id, sound }
    }
}

/// Tells what checks refused at their cells.
fn tell(intake: &mut Intake<'_>, line: &Line, checks: Checks) {
    let Err(Error::Refused(refusals)) = checks.done() else { return };
    for refusal in refusals {
        let column = match refusal.path.last().map(String::as_str) {
            Some("name") => Col::Name,
            Some("parentId") => Col::Parent,
            _ => Col::Region,
        };
        intake.refused(line, refusal, Some(column.into()));
    }
}

/// The organisation that a draft is about, if it is there.
fn existing(intake: &mut Intake<'_>, draft: &mut Draft, there: &[branch::Model]) -> Option<branch::Model> {
    if let Some(id) = draft.id {
        let found = there.iter().find(|row| row.id == id).cloned();
        if found.is_none() {
            intake.no_such_id(&draft.line, Col::Id);
            draft.sound = false;
        }
        return found;
    }
    let region = draft.region.as_ref()?;
    let named = |row: &&branch::Model| row.name == draft.name && row.region_id == region.id;
    let same: Vec<_> = there.iter().filter(named).collect();
    let of_kind: Vec<_> = same.iter().copied().filter(|row| Some(row.kind) == draft.kind).collect();
    match (same.as_slice(), of_kind.as_slice()) {
        (_, [one]) | ([one], []) => Some((*one).clone()),
        ([], _) => None,
        _ => {
            intake.fault(
                draft.line.row,
                Col::Name,
                "branch-ambiguous",
                "该区域有几个同名的党组织，请填写系统编号。",
                "Several organisations of the region have this name; fill in the id.",
            );
            draft.sound = false;
            None
        }
    }
}

/// What stands above a draft: by name, in the sheet or registered, where it may stand above it.
fn above(
    intake: &mut Intake<'_>,
    drafts: &mut [Draft],
    at: usize,
    own: &[Option<branch::Model>],
    there: &[branch::Model],
) -> Above {
    let words = drafts[at].line.text(Col::Parent).to_owned();
    if words.is_empty() {
        return Above::None;
    }
    let (Some(kind), Some(region)) = (drafts[at].kind, drafts[at].region.clone()) else {
        return Above::Failed;
    };
    let mut candidates: Vec<(Above, bool)> = there
        .iter()
        .filter(|row| row.name == words && own[at].as_ref().is_none_or(|own| own.id != row.id))
        .map(|row| {
            let stands = fits(kind, row.kind) && lies_in(&region, row.region_id);
            (Above::There(Box::new(row.clone())), stands)
        })
        .collect();
    let new = drafts
        .iter()
        .enumerate()
        .filter(|(other, draft)| *other != at && draft.name == words && own[*other].is_none());
    candidates.extend(new.map(|(other, draft)| {
        let stands = match (draft.kind, &draft.region) {
            (Some(above), Some(upper)) => fits(kind, above) && lies_in(&region, upper.id),
            _ => true,
        };
        (Above::Draft(other), stands)
    }));
    let standing = candidates.iter().filter(|(_, stands)| *stands).count();
    if standing > 0 {
        candidates.retain(|(_, stands)| *stands);
    }
    let rule = match candidates.len() {
        // Of one that fits badly, the rules say why.
        1 => return candidates.pop().map_or(Above::Failed, |(above, _)| above),
        0 => "没有这个党组织，或不在您的范围内；请填写已登记或本表中的名称。",
        _ => "有几个同名的上级党组织，请改用不重复的名称。",
    };
    if !intake.failed(KIND, &words) {
        let en = if candidates.is_empty() {
            "There is no such organisation, or none within your scope; write one that is registered or in this sheet."
        } else {
            "Several organisations above have this name."
        };
        intake.fault(drafts[at].line.row, Col::Parent, "parent", rule, en);
    }
    drafts[at].sound = false;
    Above::Failed
}

/// The row that is to be, if nothing is wrong.
fn settle_one(
    intake: &mut Intake<'_>,
    draft: &mut Draft,
    own: Option<&branch::Model>,
    parent: Option<&branch::Model>,
) -> Option<branch::Model> {
    let (Some(kind), Some(region), true) = (draft.kind, draft.region.as_ref(), draft.sound) else {
        draft.sound = false;
        return None;
    };
    let faults = intake.faults.total();
    let place = own.map_or_else(|| seat(region), Place::from);
    if !intake.hand.may(May::ManageBranch, &Facts::from(place)) {
        intake.forbidden(&draft.line);
    }
    let row = match own {
        None => {
            let mut checks = Checks::default();
            check_parent(&mut checks, kind, region, parent);
            tell(intake, &draft.line, checks);
            branch::Model {
                id: BranchId(Uuid::now_v7()),
                name: draft.name.clone(),
                kind,
                parent_id: parent.map(|parent| parent.id),
                region_id: region.id,
                county_id: place.county_id,
                township_id: place.township_id,
                village_id: place.village_id,
                version: 1,
            }
        }
        Some(own) => {
            let fixed = [
                (Col::Kind, kind == own.kind),
                (Col::Region, region.id == own.region_id),
                (Col::Parent, parent.is_none_or(|parent| Some(parent.id) == own.parent_id)),
            ];
            for (column, _) in fixed.into_iter().filter(|(_, same)| !same) {
                intake.fault(
                    draft.line.row,
                    column,
                    "branch-fixed",
                    "与已登记的不同；名册只能改党组织的名称。",
                    "Differs from what is registered; a sheet can change the name of an organisation alone.",
                );
            }
            branch::Model { name: draft.name.clone(), ..own.clone() }
        }
    };
    draft.sound = intake.faults.total() == faults;
    draft.sound.then_some(row)
}

/// Writes the organisations of a region. Whoever calls has made sure that sheets of it may be taken out.
pub async fn export(
    db: &impl ConnectionTrait,
    region: &region::Model,
    writer: &mut Writer,
    done: &(dyn Fn(u64) + Sync),
) -> Result<u64> {
    let mut count = 0;
    for root in subtrees(db, region).await? {
        let Some(held) = held_by::<branch::Entity>(root) else { continue };
        let mut after: Option<(String, BranchId)> = None;
        loop {
            let mut question = unscoped::<branch::Entity>().filter(held.clone());
            if let Some((name, id)) = &after {
                let place = Expr::tuple([Expr::col(branch::Column::Name), Expr::col(branch::Column::Id)]);
                question = question.filter(place.gt(Expr::tuple([Expr::val(name.clone()), Expr::val(id.0)])));
            }
            let rows = question
                .order_by_asc(branch::Column::Name)
                .order_by_asc(branch::Column::Id)
                .limit(CHUNK)
                .all(db)
                .await?;
            let Some(last) = rows.last() else { break };
            after = Some((last.name.clone(), last.id));
            let towns = rows.iter().filter_map(|row| row.township_id);
            let places = named(db, rows.iter().map(|row| row.region_id).chain(towns)).await?;
            let above = unscoped::<branch::Entity>()
                .filter(branch::Column::Id.is_in(rows.iter().filter_map(|row| row.parent_id)))
                .all(db)
                .await?;
            let above: HashMap<BranchId, String> = above.into_iter().map(|row| (row.id, row.name)).collect();
            let texts = rows.iter().map(|row| text(row, &places, &above));
            writer.rows(texts.collect()).await?;
            count += u64::try_from(rows.len()).unwrap_or_default();
            done(count);
        }
    }
    Ok(count)
}

fn text(
    row: &branch::Model,
    places: &HashMap<entity::id::RegionId, region::Model>,
    above: &HashMap<BranchId, String>,
) -> Vec<String> {
    let mut cells = vec![String::new(); COLUMNS.len()];
    let mut put = |column: Col, text: &str| text.clone_into(&mut cells[usize::from(column)]);
    put(Col::Name, &row.name);
    put(Col::Kind, spelling(KINDS, &row.kind));
    put(Col::Parent, row.parent_id.and_then(|id| above.get(&id)).map_or("", String::as_str));
    if let Some(place) = places.get(&row.region_id) {
        put(Col::Region, &place.name);
        put(Col::Code, &place.code.0);
    }
    let town = row.township_id.and_then(|id| places.get(&id));
    put(Col::Township, town.map_or("", |town| town.name.as_str()));
    put(Col::Id, &row.id.to_string());
    cells
}
