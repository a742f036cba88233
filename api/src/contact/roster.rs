//! Assignments from sheets and into sheets (包联名册): one row for each, known by target, holder and first day, or by its id.
//!
//! A row that is there already changes nothing; a last day on one that goes on ends it. Nothing else of an assignment can
//! change: what is over stays as it was. The rules are those of `create` and `end`, told at the cell. Only who may assign
//! by the place of the target itself brings assignments in.

mod export;
mod look;
mod read;
mod store;

pub use export::export;

use crate::{
    kernel::{
        error::Result,
        sheet::{
            Column, Form, Intake, Line, Roster, columns,
            intake::{Seen, Words},
        },
    },
    region::lookup::Places,
};
use entity::kind::AssignmentKind;

columns! { Col, COLUMNS:
    Id = Column::new("系统编号").or(&["系统标识", "ID", "包联编号"]).note("由系统导出时填写；新的包联空着。", "").wide(38);
    Kind = Column::must("包联类型").or(&["类型", "包联方式", "联系类型", "包保类型", "挂联类型"])
        .note("", "联系户").of(&["联系户", "包组", "包村", "包片", "包乡镇", "联系企业"]).wide(10);
    Township = Column::new("乡镇").or(&["乡镇（街道）", "镇", "街道", "所属乡镇"])
        .note("乡镇名称或代码。村名在本县不重复时可不填。", "纳章镇");
    Village = Column::new("村（社区）").or(&["村", "社区", "村（居）", "村居", "村名", "村委会", "行政村", "所在村", "所属村"])
        .note("村（社区）的名称或12位区划代码。联系户、包组、包村必填。", "竹园村").wide(20);
    Part = Column::new("村民小组/网格").or(&["村民小组", "小组", "组", "居民小组", "组别", "网格", "所属网格", "村组"])
        .note("包组必填：须是本村已登记的小组或网格。", "第二村民小组").wide(20);
    Area = Column::new("片区").or(&["片区名称", "片", "所属片区"]).note("包片必填：本乡镇已登记的片区。", "");
    Number = Column::new("户编号").or(&["户号", "户编码", "家庭编号"]).note("联系户必填：该户在本村的户编号。", "0001").wide(10);
    Code = Column::new("统一社会信用代码").or(&["信用代码", "社会信用代码", "企业信用代码", "统一信用代码"])
        .note("联系企业必填。", "").wide(22);
    Holder = Column::new("联系人姓名").or(&["联系人", "包联人", "包联干部", "包保干部", "联系干部", "责任人", "包联人姓名", "干部姓名"])
        .note("已登记的干部。", "某某某").wide(12);
    Office = Column::new("联系人单位").or(&["单位", "工作单位", "包联人单位", "所在单位", "干部单位"])
        .note("乡镇、村（社区）、县（市、区）或部门的名称。姓名不重复时可不填。", "纳章镇").wide(20);
    HolderId = Column::new("联系人系统编号").or(&["联系人编号", "包联人系统编号", "干部系统编号"])
        .note("由系统导出时填写；填写时以它为准。", "").wide(36);
    Department = Column::new("部门").or(&["帮扶部门", "挂联部门", "帮扶单位", "包联部门", "包村部门"])
        .note("由部门结对帮扶时填写，这时联系人各列空着。", "").wide(20);
    Primary = Column::new("主要联系人").or(&["是否主要联系人", "是否主要", "主要"])
        .note("联系户、联系企业、包组空着即为是。", "是").of(&["是", "否"]).wide(10);
    Starts = Column::must("开始日期").or(&["开始时间", "包联开始日期", "起始日期", "起始时间", "包联时间"])
        .note("第一天，可以是过去的日子。", "2026-01-01").wide(12);
    Ends = Column::new("结束日期").or(&["结束时间", "包联结束日期", "终止日期", "截止日期"])
        .note("不再包联的第一天；仍在包联的空着。填上即在那天结束，不能早于今天。", "").wide(12);
}

const KINDS: Words<AssignmentKind> = &[
    (AssignmentKind::Household, &["联系户", "包户", "联户", "户", "联系农户", "包保户", "HOUSEHOLD"]),
    (AssignmentKind::Group, &["包组", "包网格", "联系组", "组", "网格", "包村民小组", "GROUP"]),
    (AssignmentKind::Village, &["包村", "包社区", "包村（社区）", "联系村", "村", "挂村", "VILLAGE"]),
    (AssignmentKind::Area, &["包片", "包片区", "联系片", "片", "片区", "AREA"]),
    (AssignmentKind::Township, &["包乡镇", "包镇", "包乡", "包街道", "联系乡镇", "乡镇", "TOWNSHIP"]),
    (AssignmentKind::Enterprise, &["联系企业", "包企业", "包企", "挂钩企业", "企业", "ENTERPRISE"]),
];

const YES_NO: Words<bool> = &[
    (true, &["是", "√", "主要", "主要联系人", "主", "Y", "y", "1"]),
    (false, &["否", "×", "不是", "次要", "协助", "N", "n", "0"]),
];

/// Assignments that are looked up and stored together.
const CHUNK: usize = 500;

/// Name of the kind.
pub const KIND: &str = "assignment";

/// Assignments as they come in.
#[derive(Default)]
pub struct Assignments {
    ready: Vec<Line>,
    seen: Seen,
    towns: Places,
    villages: Places,
}

impl Roster for Assignments {
    const FORM: Form = Form {
        sheet: "包联",
        aliases: &["包联名册", "包联台账", "联系户", "联系企业", "包户", "结对帮扶", "assignments"],
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
