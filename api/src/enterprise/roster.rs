//! Enterprises from sheets and into sheets (企业名册): one row for each, known by its credit code or its id.
//!
//! What a blank cell would say stays as it is. A telephone number in the masked form that an export has stands for what
//! is stored. The rules are those of `create`, told at the cell; a code of an enterprise that the importer does not
//! reach is refused as it is there, without a word on whose it is.

mod export;

pub use export::export;

use super::{Known, TAKEN, Told, closed_on, place};
use crate::{
    household::roster::{put, put_phone, put_some, refusals, refuse_masked, whole_or_masked},
    kernel::{
        bulk::{self, Change},
        door::{any_of, unscoped},
        error::{Error, Result},
        place::Place,
        policy::May,
        refusal::Checks,
        scope::Facts,
        sheet::{
            Column, Form, Intake, Line, Roster, columns,
            intake::{Seen, Words as Spellings},
            value::plain,
        },
        standards,
        work::Work,
    },
    region::lookup::{Found, Places, Words},
};
use entity::{
    enterprise,
    id::EnterpriseId,
    kind::{EnterpriseSize, EnterpriseStatus, RegionKind},
    scalar::{CreditCode, PhoneNumber},
};
use sea_orm::{ColumnTrait, Condition, QueryFilter};
use std::collections::HashMap;
use uuid::Uuid;

columns! { Col, COLUMNS:
    Id = Column::new("系统编号").or(&["系统标识", "ID", "企业编号"]).note("由系统导出时填写；新登记的企业空着。", "").wide(38);
    Name = Column::must("企业名称").or(&["名称", "单位名称", "公司名称", "市场主体名称", "企业"])
        .note("最多120字。", "某某建材有限公司").wide(30);
    Code = Column::must("统一社会信用代码").or(&["信用代码", "社会信用代码", "统一信用代码", "营业执照号", "统一代码"])
        .note("18位，末位为校验码。该列须为文本格式。企业按它识别。", "").wide(22);
    Township = Column::new("乡镇").or(&["乡镇（街道）", "镇", "街道", "所属乡镇", "所在乡镇"])
        .note("乡镇名称或代码。", "纳章镇");
    Village = Column::new("村（社区）").or(&["村", "社区", "村（居）", "村居", "村名", "村委会", "行政村", "所在村", "所属村"])
        .note("村（社区）的名称或12位区划代码；不属于某个村的空着。", "竹园村").wide(20);
    Legal = Column::new("法定代表人").or(&["法人", "法人代表", "法定代表人姓名", "负责人", "经营者"]).note("最多60字。", "");
    Contact = Column::new("联系人").or(&["企业联系人", "联系人姓名"]).note("最多60字。", "");
    Phone = Column::new("联系电话").or(&["电话", "手机", "手机号", "手机号码", "联系人电话", "联系方式"])
        .note("11位手机号码或带区号的固定电话。导出时中间几位隐去，原样导入即不变。", "138****5678");
    Trade = Column::new("行业").or(&["所属行业", "行业类别", "行业类型", "主营业务"]).note("最多60字。", "建筑材料");
    Size = Column::new("企业规模").or(&["规模", "企业类型（规模）", "规模类型"])
        .note("新登记的企业必填。", "小型").of(&["大型", "中型", "小型", "微型"]).wide(10);
    Employees = Column::new("职工人数").or(&["员工人数", "从业人数", "职工数", "员工数", "人数", "从业人员数"])
        .note("", "25").wide(10);
    Status = Column::new("状态").or(&["企业状态", "经营状态", "经营状况", "登记状态"])
        .note("新登记的企业空着即为在营。", "在营").of(&["在营", "停业", "注销"]).wide(8);
}

const SIZES: Spellings<EnterpriseSize> = &[
    (EnterpriseSize::Large, &["大型", "大", "大型企业"]),
    (EnterpriseSize::Medium, &["中型", "中", "中型企业"]),
    (EnterpriseSize::Small, &["小型", "小", "小型企业"]),
    (EnterpriseSize::Micro, &["微型", "微", "微型企业", "小微", "小微企业", "个体", "个体工商户"]),
];

const STATUSES: Spellings<EnterpriseStatus> = &[
    (EnterpriseStatus::Operating, &["在营", "正常", "营业", "开业", "存续", "在业", "正常经营"]),
    (EnterpriseStatus::Suspended, &["停业", "歇业", "停产", "停产停业"]),
    (EnterpriseStatus::Closed, &["注销", "已注销", "吊销", "关闭"]),
];

/// Enterprises that are looked up and stored together.
const CHUNK: usize = 500;

/// Name of the kind, for records that depend on an enterprise.
pub const KIND: &str = "enterprise";

/// The key by which `Intake::fail` knows an enterprise.
#[must_use]
pub fn key(code: &str) -> String {
    standards::tidy(code)
}

/// Enterprises as they come in.
#[derive(Default)]
pub struct Enterprises {
    ready: Vec<Line>,
    seen: Seen,
    towns: Places,
    villages: Places,
}

/// An enterprise as a sheet has it.
struct Draft {
    line: Line,
    id: Option<EnterpriseId>,
    known: Known,
    /// A telephone number of which only a part is shown.
    masked_phone: Option<String>,
    size: Option<EnterpriseSize>,
    status: Option<EnterpriseStatus>,
    township: Words,
    village: Words,
    sound: bool,
}

/// What is stored of the enterprises of a chunk.
struct Stored {
    /// Those where the importer may bring in sheets.
    by_id: HashMap<EnterpriseId, enterprise::Model>,
    /// Whose a code is, wherever.
    by_code: HashMap<String, EnterpriseId>,
}

/// Where a sheet says that an enterprise is.
enum Where {
    /// It does not say.
    Untold,
    /// Here.
    At(Place),
    /// In one of several places of that name.
    Unclear,
    /// Nowhere that is known: told already.
    Nowhere,
}

impl Roster for Enterprises {
    const FORM: Form = Form {
        sheet: "企业",
        aliases: &["企业名册", "企业信息", "企业台账", "市场主体", "enterprises"],
        columns: COLUMNS,
    };

    async fn take(&mut self, intake: &mut Intake<'_>, lines: Vec<Line>, last: bool) -> Result<()> {
        self.ready.extend(lines);
        while self.ready.len() >= CHUNK || last && !self.ready.is_empty() {
            let rest = self.ready.split_off(self.ready.len().min(CHUNK));
            let chunk = std::mem::replace(&mut self.ready, rest);
            self.settle(intake, chunk).await?;
        }
        Ok(())
    }
}

impl Enterprises {
    async fn settle(&mut self, intake: &mut Intake<'_>, chunk: Vec<Line>) -> Result<()> {
        let mut drafts = Vec::with_capacity(chunk.len());
        for line in chunk {
            drafts.push(read(intake, line)?);
        }
        let villages = drafts.iter().filter(|draft| !draft.village.name.is_empty());
        self.villages
            .learn(intake, &[RegionKind::Village], villages.map(|draft| draft.village.clone()))
            .await?;
        let towns =
            drafts.iter().filter(|draft| draft.village.name.is_empty() && !draft.township.name.is_empty());
        self.towns.learn(intake, &[RegionKind::Township], towns.map(|draft| draft.township.clone())).await?;
        let stored = look_up(intake, &drafts).await?;
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        for draft in drafts {
            let code = draft.known.credit_code.clone();
            if !self.compare(intake, draft, &stored, &mut new, &mut changed) {
                intake.counts.skipped += 1;
                if let Some(code) = code {
                    intake.fail(KIND, &key(&code.0));
                }
            }
        }
        let (tx, by) = (intake.tx, intake.by());
        bulk::change::<enterprise::Entity>(tx, changed, by).await.map_err(taken)?;
        bulk::create::<enterprise::Entity>(tx, new, by).await.map_err(taken)
    }

    /// Compares an enterprise with what is stored, and notes what is to be written. Tells whether it is sound.
    fn compare(
        &mut self,
        intake: &mut Intake<'_>,
        draft: Draft,
        stored: &Stored,
        new: &mut Vec<enterprise::Model>,
        changed: &mut Vec<Change<enterprise::Model>>,
    ) -> bool {
        let before = intake.faults.total();
        let row = draft.line.row;
        let code = draft.known.credit_code.as_ref().map(|code| code.0.clone());
        let twice = code.as_ref().is_some_and(|code| !self.seen.first("code", code))
            || draft.id.is_some_and(|id| !self.seen.first("id", &id.to_string()));
        if twice {
            intake.fault(
                row,
                Col::Code,
                "enterprise-twice",
                "本表前面已有这家企业；一家企业只写一行。",
                "This enterprise stands further up already; write one row for each.",
            );
            return false;
        }
        let same_code = code.as_ref().and_then(|code| stored.by_code.get(code)).copied();
        let id = draft.id.or(same_code);
        let existing = id.and_then(|id| stored.by_id.get(&id));
        if draft.id.is_some() && existing.is_none() {
            intake.fault(
                row,
                Col::Id,
                "id",
                "没有这个系统编号的企业，或不在您的范围内；新登记的企业请留空。",
                "There is no enterprise of this id, or none within your scope; leave it blank for a new one.",
            );
            return false;
        }
        if same_code.is_some() && same_code != existing.map(|row| row.id) {
            intake.fault(row, Col::Code, "credit-code-taken", TAKEN.0, TAKEN.1);
            return false;
        }
        let at = self.find_place(intake, &draft, existing.is_none());
        if matches!(at, Where::Nowhere) {
            return false;
        }
        let (may, about) = match (existing, &at) {
            (Some(row), _) => (May::UpdateEnterprise, facts(row)),
            (None, Where::At(place)) => (May::CreateEnterprise, Facts::from(*place)),
            (None, _) => return false,
        };
        if !intake.hand.may(may, &about) {
            intake.row_fault(
                row,
                "forbidden",
                "您无权登记或更改这家企业。",
                "You may not register or change this enterprise.",
            );
            return false;
        }
        let done = match (existing, at) {
            (Some(row), at) => alter(intake, draft, row, &at).map(|change| {
                if change.after == change.before {
                    intake.counts.unchanged += 1;
                } else {
                    intake.counts.updated += 1;
                    changed.push(change);
                }
            }),
            (None, Where::At(place)) => make(intake, draft, place).map(|row| {
                intake.counts.created += 1;
                new.push(row);
            }),
            (None, _) => None,
        };
        done.is_some() && intake.faults.total() == before
    }

    fn find_place(&self, intake: &mut Intake<'_>, draft: &Draft, new: bool) -> Where {
        let (column, words, found) = if !draft.village.name.is_empty() {
            (Col::Village, &draft.village.name, self.villages.find(&draft.village))
        } else if !draft.township.name.is_empty() {
            (Col::Township, &draft.township.name, self.towns.find(&draft.township))
        } else {
            if new {
                intake.required(&draft.line, Col::Township);
                return Where::Nowhere;
            }
            return Where::Untold;
        };
        match found {
            Found::One(region) => return Where::At(Place::from(region.as_ref())),
            // Of an enterprise that is known the sheet need not tell the place.
            Found::Several if !new => return Where::Unclear,
            Found::Several => intake.fault(
                draft.line.row,
                column,
                "place-ambiguous",
                format!("有几个地方叫“{words}”；请填写“乡镇”列或区划代码。"),
                format!("Several places are called “{words}”; fill in the township, or write the code."),
            ),
            Found::None | Found::Other(_) => intake.fault(
                draft.line.row,
                column,
                if column == Col::Village { "village" } else { "township" },
                format!("没有“{words}”，或不在您的范围内；请填写已登记的名称或区划代码。"),
                format!(
                    "There is no “{words}”, or none within your scope; write a registered name or its code."
                ),
            ),
        }
        Where::Nowhere
    }
}

fn facts(row: &enterprise::Model) -> Facts<'static> {
    Facts { place: place(row), enterprise: Some(row.id), ..Facts::default() }
}

fn read(intake: &mut Intake<'_>, line: Line) -> Result<Draft> {
    let before = intake.faults.total();
    let id = match intake.text(&line, Col::Id).map(entity::id::read) {
        None => None,
        Some(Some((prefix, id))) if prefix == EnterpriseId::PREFIX => Some(EnterpriseId(id)),
        Some(_) => {
            intake.fault(
                line.row,
                Col::Id,
                "id",
                "不是企业的系统编号；新登记的企业请留空。",
                "Not the id of an enterprise; leave it blank for a new one.",
            );
            None
        }
    };
    let known_by_id = !line.text(Col::Id).is_empty();
    let code = if known_by_id { intake.text(&line, Col::Code) } else { intake.required(&line, Col::Code) };
    let code = code.map(|code| CreditCode(plain(code).replace(' ', "")));
    let (phone, masked_phone) = whole_or_masked(intake.text(&line, Col::Phone));
    let phone = phone.map(PhoneNumber);
    let told = Told {
        name: intake.text(&line, Col::Name),
        credit_code: code.as_ref(),
        legal_representative: intake.text(&line, Col::Legal),
        contact_person: intake.text(&line, Col::Contact),
        phone: phone.as_ref(),
        trade: intake.text(&line, Col::Trade),
        employees: employees(intake, &line),
    };
    let mut checks = Checks::default();
    let known = Known::check(intake.vault, &mut checks, &told)?;
    for refusal in refusals(checks)? {
        let column = match refusal.path.last().map(String::as_str) {
            Some("name") => Col::Name,
            Some("creditCode") => Col::Code,
            Some("legalRepresentative") => Col::Legal,
            Some("contactPerson") => Col::Contact,
            Some("phone") => Col::Phone,
            Some("trade") => Col::Trade,
            _ => Col::Employees,
        };
        intake.refused(&line, refusal, Some(column.into()));
    }
    let size = intake.word(&line, Col::Size, SIZES);
    let status = intake.word(&line, Col::Status, STATUSES);
    let cell = |column: Col| plain(line.text(column));
    let township = Words { name: cell(Col::Township), ..Words::default() };
    let village = Words { name: cell(Col::Village), township: cell(Col::Township), ..Words::default() };
    let sound = intake.faults.total() == before;
    Ok(Draft { line, id, known, masked_phone, size, status, township, village, sound })
}

fn employees(intake: &mut Intake<'_>, line: &Line) -> Option<i32> {
    let text = plain(intake.text(line, Col::Employees)?);
    let count = text.trim_end_matches('人').trim().parse().ok();
    if count.is_none() {
        intake.fault(
            line.row,
            Col::Employees,
            "number",
            "不是人数，应写作 25。",
            "Not a number of people; write 25.",
        );
    }
    count
}

async fn look_up(intake: &Intake<'_>, drafts: &[Draft]) -> Result<Stored> {
    let ids: Vec<EnterpriseId> = drafts.iter().filter_map(|draft| draft.id).collect();
    let codes = drafts.iter().filter_map(|draft| draft.known.credit_code.as_ref());
    let condition = Condition::any()
        .add(enterprise::Column::CreditCode.is_in(codes.map(|code| code.0.clone())))
        .add(any_of(enterprise::Column::Id, ids, intake.backend()));
    let rows = unscoped::<enterprise::Entity>().filter(condition).all(intake.tx).await?;
    let by_code = rows.iter().map(|row| (row.credit_code.0.clone(), row.id)).collect();
    let seen = rows.into_iter().filter(|row| intake.hand.may_import(&facts(row)));
    Ok(Stored { by_id: seen.map(|row| (row.id, row)).collect(), by_code })
}

fn make(intake: &mut Intake<'_>, draft: Draft, place: Place) -> Option<enterprise::Model> {
    let Draft { line, known, masked_phone, size, status, sound, .. } = draft;
    let before = intake.faults.total();
    if masked_phone.is_some() {
        refuse_masked(intake, line.row, Col::Phone);
    }
    for column in [Col::Name, Col::Size] {
        if line.text(column).is_empty() {
            intake.required(&line, column);
        }
    }
    let size = size.filter(|_| sound && intake.faults.total() == before)?;
    known.row(EnterpriseId(Uuid::now_v7()), place, size, (status, intake.today))
}

fn alter(
    intake: &mut Intake<'_>,
    draft: Draft,
    before: &enterprise::Model,
    at: &Where,
) -> Option<Change<enterprise::Model>> {
    let Draft { line, known, masked_phone, size, status, village, sound, .. } = draft;
    let faults = intake.faults.total();
    if masked_phone.is_some() && masked_phone != before.phone_masked {
        refuse_masked(intake, line.row, Col::Phone);
    }
    if let Where::At(place) = at {
        let (column, elsewhere) = if village.name.is_empty() {
            (Col::Township, place.township_id != Some(before.township_id))
        } else {
            (Col::Village, place.village_id != before.village_id)
        };
        if elsewhere {
            intake.fault(
                line.row,
                column,
                "enterprise-moves",
                "这家企业登记在别处；名册不能改企业所在的乡镇或村，请保留原值或留空。",
                "The enterprise is registered elsewhere; a sheet cannot move it: keep what it was or leave the cell blank.",
            );
        }
    }
    let mut after = before.clone();
    put(&mut after.name, known.name);
    put(&mut after.credit_code, known.credit_code);
    put_some(&mut after.legal_representative, known.legal_representative);
    put_some(&mut after.contact_person, known.contact_person);
    put_phone((&mut after.phone, &mut after.phone_masked, &mut after.phone_hash), known.phone);
    put_some(&mut after.trade, known.trade);
    put_some(&mut after.employees, known.employees);
    put(&mut after.size, size);
    put(&mut after.status, status);
    if after.status != before.status {
        after.closed_on = closed_on(after.status, intake.today);
    }
    (sound && intake.faults.total() == faults).then(|| Change { before: before.clone(), after, also: &[] })
}

/// A code that somebody else took at the same moment.
fn taken(error: Error) -> Error {
    if Work::is_constraint(&error, "credit_code") { bulk::met() } else { error }
}
