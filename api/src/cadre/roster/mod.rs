//! Cadres with their party memberships from sheets and into sheets (干部名册): one row for each.
//!
//! A cadre is known by the id, else by office and name, and by the telephone where two have one name. A membership is
//! dated: another organisation, group or standing begins a new one on the day that the sheet names and ends the one
//! before. Whoever has left office is not looked at.

mod export;
mod store;

pub use export::export;

use crate::{
    kernel::{
        error::Result,
        sheet::{
            Column, Form, Intake, Line, Roster, columns,
            intake::{Seen, Words, spelling},
        },
    },
    region::lookup::Places,
};
use entity::kind::{CadreLevel, MembershipStanding, Sex};

columns! { Col, COLUMNS:
    Name = Column::must("姓名").or(&["干部姓名", "党员姓名"]).note("最多40字。", "某某某").wide(10);
    Sex = Column::new("性别").note("", "男").of(&["男", "女", "未知", "未说明"]).wide(6);
    Level = Column::must("层级").or(&["干部层级", "类别", "人员类别", "身份"])
        .note("", "村干部").of(&["县级领导", "乡镇领导", "乡镇干部", "村干部", "网格员", "党员"]);
    Office = Column::must("所在单位（区域）").or(&["所在单位", "单位", "所属区域", "所在区域", "所在村"])
        .note("县、乡镇或村（社区）的名称或代码。", "竹园村").wide(20);
    Code = Column::new("区划代码").or(&["单位代码", "区域代码"]).note("填写时以它为准。", "530304101200");
    Township = Column::new("乡镇").or(&["所属乡镇"]).note("村名不重复时可不填。", "纳章镇");
    Department = Column::new("部门").or(&["部门（站所）", "站所", "所在部门"]).note("本单位或其上级已登记的部门。", "").wide(18);
    Phone = Column::new("工作电话").or(&["联系电话", "办公电话", "手机", "手机号码", "电话"])
        .note("没有职务的党员不填。同名时用来区分。", "0874-8881234");
    StartsOn = Column::new("任职日期").or(&["任职时间", "到任日期"]).note("新登记的必填。", "2024-01-01").wide(12);
    Branch = Column::new("党组织").or(&["所在党组织", "所在党支部", "党支部"]).note("已登记或本次导入的党组织名称。", "竹园村党支部").wide(26);
    Group = Column::new("党小组").or(&["所在党小组"]).note("该党支部下的党小组。", "").wide(18);
    Standing = Column::new("党员身份").or(&["党员类别", "党籍"]).note("填写党组织时必填。", "正式党员").of(&["正式党员", "预备党员"]);
    JoinedOn = Column::new("转入日期").or(&["转入时间", "组织关系转入日期"])
        .note("组织关系转入之日；新登记或转换组织时必填。", "2024-01-01").wide(12);
    Id = Column::new("系统编号").or(&["系统标识", "ID"]).note("由系统导出时填写；新登记的空着。", "").wide(36);
}

const SEXES: Words<Sex> = &[
    (Sex::Male, &["男", "男性", "1"]),
    (Sex::Female, &["女", "女性", "2"]),
    (Sex::Unknown, &["未知", "不详", "0"]),
    (Sex::NotStated, &["未说明", "9"]),
];

/// The word for a level, as sheets have it.
#[must_use]
pub fn level_word(level: CadreLevel) -> &'static str {
    spelling(LEVELS, &level)
}

const LEVELS: Words<CadreLevel> = &[
    (CadreLevel::CountyLeader, &["县级领导", "县领导", "区领导", "市领导", "县（市、区）领导", "区级领导"]),
    (
        CadreLevel::TownshipLeader,
        &["乡镇领导", "镇领导", "乡领导", "街道领导", "乡镇班子成员", "班子成员", "镇班子成员"],
    ),
    (
        CadreLevel::TownshipStaff,
        &["乡镇干部", "镇干部", "乡干部", "街道干部", "站所人员", "站所干部", "乡镇工作人员"],
    ),
    (CadreLevel::VillageCadre, &["村干部", "社区干部", "村（社区）干部", "村两委", "两委干部", "村两委干部"]),
    (CadreLevel::GridWorker, &["网格员", "专职网格员", "兼职网格员"]),
    (CadreLevel::PartyMember, &["党员", "无职党员", "普通党员"]),
];

const STANDINGS: Words<MembershipStanding> = &[
    (MembershipStanding::Full, &["正式党员", "正式", "党员", "中共党员"]),
    (MembershipStanding::Probationary, &["预备党员", "预备", "中共预备党员"]),
];

/// Cadres that are looked up and stored together.
const CHUNK: usize = 500;

/// Name of the kind, for records that depend on a cadre.
pub const KIND: &str = "cadre";

/// The key by which `Intake::fail` knows a cadre: the office and the name.
#[must_use]
pub fn key(office: entity::id::RegionId, name: &str) -> String {
    format!("{} {name}", office.0)
}

/// Cadres as they come in.
#[derive(Default)]
pub struct Cadres {
    ready: Vec<Line>,
    places: Places,
    /// Those who have come already, by their ids.
    seen: Seen,
}

impl Roster for Cadres {
    const FORM: Form = Form {
        sheet: "干部",
        aliases: &["干部名册", "党员干部", "党员", "网格员", "cadres"],
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
