//! From a row to an assignment: what stands where, and what is wrong with it by itself.

use super::{Col, KINDS, YES_NO};
use crate::{
    kernel::sheet::{Intake, Line, value::plain},
    region::lookup::Words,
};
use entity::{
    id::{AssignmentId, CadreId, DepartmentId},
    kind::AssignmentKind,
    scalar::Date,
};

/// An assignment as a sheet has it.
pub(super) struct Draft {
    pub(super) line: Line,
    pub(super) id: Option<AssignmentId>,
    pub(super) kind: Option<AssignmentKind>,
    pub(super) target: Asked,
    pub(super) holder: Holder,
    pub(super) is_primary: Option<bool>,
    pub(super) starts_on: Option<Date>,
    pub(super) ends_on: Option<Date>,
    /// Whether nothing is wrong with it so far.
    pub(super) sound: bool,
}

/// The target by the words of the sheet.
pub(super) enum Asked {
    /// Not told.
    Nothing,
    Township(Words),
    Village(Words),
    Part(Words, String),
    Area(Words, String),
    Household(Words, String),
    Enterprise(String),
}

/// The holder by the words of the sheet.
#[derive(Default)]
pub(super) struct Holder {
    pub(super) cadre_id: Option<CadreId>,
    pub(super) department_id: Option<DepartmentId>,
    pub(super) name: Option<String>,
    pub(super) office: Option<String>,
    pub(super) department: Option<String>,
}

impl Holder {
    pub(super) fn by_cadre(&self) -> bool {
        self.cadre_id.is_some() || self.name.is_some()
    }

    pub(super) fn by_department(&self) -> bool {
        self.department_id.is_some() || self.department.is_some()
    }
}

impl Asked {
    /// The column that names the target of a kind.
    pub(super) fn column(kind: Option<AssignmentKind>) -> Col {
        match kind {
            Some(AssignmentKind::Township) => Col::Township,
            Some(AssignmentKind::Area) => Col::Area,
            Some(AssignmentKind::Village) => Col::Village,
            Some(AssignmentKind::Group) => Col::Part,
            Some(AssignmentKind::Household) => Col::Number,
            Some(AssignmentKind::Enterprise) => Col::Code,
            None => Col::Kind,
        }
    }

    /// The village that it names.
    pub(super) fn village(&self) -> Option<&Words> {
        match self {
            Self::Village(village) | Self::Part(village, _) | Self::Household(village, _) => Some(village),
            _ => None,
        }
    }

    /// The township that it names, where no village is named.
    pub(super) fn township(&self) -> Option<&Words> {
        match self {
            Self::Township(township) => Some(township),
            Self::Area(township, _) => Some(township).filter(|words| !words.name.is_empty()),
            _ => None,
        }
    }
}

pub(super) fn read(intake: &mut Intake<'_>, line: Line) -> Draft {
    let before = intake.faults.total();
    let id = match intake.text(&line, Col::Id).map(entity::id::read) {
        None => None,
        Some(Some((prefix, id))) if prefix == AssignmentId::PREFIX => Some(AssignmentId(id)),
        Some(_) => {
            intake.fault(
                line.row,
                Col::Id,
                "id",
                "不是包联的系统编号；新的包联请留空。",
                "Not the id of an assignment; leave it blank for a new one.",
            );
            None
        }
    };
    let new = line.text(Col::Id).is_empty();
    if new {
        for column in [Col::Kind, Col::Starts] {
            if line.text(column).is_empty() {
                intake.required(&line, column);
            }
        }
    }
    let kind = intake.word(&line, Col::Kind, KINDS);
    let target = match kind {
        Some(kind) => target(intake, &line, kind, new),
        None => Asked::Nothing,
    };
    let holder = holder(intake, &line, new);
    let is_primary = intake.word(&line, Col::Primary, YES_NO);
    let starts_on = intake.date(&line, Col::Starts);
    let ends_on = intake.date(&line, Col::Ends);
    let sound = intake.faults.total() == before;
    Draft { line, id, kind, target, holder, is_primary, starts_on, ends_on, sound }
}

/// What a kind needs to name its target, and what it leaves blank.
fn columns(kind: AssignmentKind) -> (&'static [Col], &'static [Col]) {
    match kind {
        AssignmentKind::Township => {
            (&[Col::Township], &[Col::Village, Col::Part, Col::Area, Col::Number, Col::Code])
        }
        AssignmentKind::Area => (&[Col::Area], &[Col::Part, Col::Number, Col::Code]),
        AssignmentKind::Village => (&[Col::Village], &[Col::Part, Col::Area, Col::Number, Col::Code]),
        AssignmentKind::Group => (&[Col::Village, Col::Part], &[Col::Area, Col::Number, Col::Code]),
        AssignmentKind::Household => (&[Col::Village, Col::Number], &[Col::Area, Col::Code]),
        AssignmentKind::Enterprise => (&[Col::Code], &[Col::Area, Col::Number]),
    }
}

fn target(intake: &mut Intake<'_>, line: &Line, kind: AssignmentKind, new: bool) -> Asked {
    let (needed, others) = columns(kind);
    for &column in others {
        if !line.text(column).is_empty() {
            intake.fault(
                line.row,
                column,
                "target",
                "此类包联的对象不用本列，请留空，或改“包联类型”。",
                "The target of this kind is not named by this column; leave it blank, or change the kind.",
            );
        }
    }
    let mut blank = false;
    for &column in needed {
        if line.text(column).is_empty() {
            blank = true;
            if new {
                intake.required(line, column);
            }
        }
    }
    if blank {
        return Asked::Nothing;
    }
    let mut cell = |column: Col| intake.text(line, column).map(plain).unwrap_or_default();
    let township = Words { name: cell(Col::Township), ..Words::default() };
    let village = Words { name: cell(Col::Village), township: township.name.clone(), ..Words::default() };
    match kind {
        AssignmentKind::Township => Asked::Township(township),
        AssignmentKind::Village => Asked::Village(village),
        AssignmentKind::Group => Asked::Part(village, line.text(Col::Part).to_owned()),
        AssignmentKind::Area => Asked::Area(township, line.text(Col::Area).to_owned()),
        AssignmentKind::Household => {
            cell(Col::Number);
            Asked::Household(village, line.text(Col::Number).to_owned())
        }
        AssignmentKind::Enterprise => {
            Asked::Enterprise(crate::enterprise::roster::key(&cell(Col::Code).replace(' ', "")))
        }
    }
}

fn holder(intake: &mut Intake<'_>, line: &Line, new: bool) -> Holder {
    let mut holder = Holder::default();
    match intake.text(line, Col::HolderId).map(entity::id::read) {
        None => {}
        Some(Some((prefix, id))) if prefix == CadreId::PREFIX => holder.cadre_id = Some(CadreId(id)),
        Some(Some((prefix, id))) if prefix == DepartmentId::PREFIX => {
            holder.department_id = Some(DepartmentId(id));
        }
        Some(_) => intake.fault(
            line.row,
            Col::HolderId,
            "id",
            "不是干部或部门的系统编号；不知道时请留空，填写姓名和单位。",
            "Not the id of a cadre or a department; if you do not know it, leave it blank and write name and office.",
        ),
    }
    let mut cell = |column: Col| intake.text(line, column).map(plain);
    holder.name = cell(Col::Holder).map(|name| name.replace(' ', ""));
    holder.office = cell(Col::Office);
    holder.department = cell(Col::Department);
    let (by_cadre, by_department) = (holder.by_cadre(), holder.by_department());
    if by_cadre && by_department {
        intake.fault(
            line.row,
            if holder.department.is_some() { Col::Department } else { Col::HolderId },
            "one-holder",
            "包联人应为一名干部或一个部门，二者取一；部门只在结对帮扶时填写。",
            "The holder is one cadre or one department, not both; a department is written for paired help alone.",
        );
    }
    if new && !by_cadre && !by_department && line.text(Col::HolderId).is_empty() {
        intake.required(line, Col::Holder);
    }
    holder
}
