//! Households from sheets and into sheets (户名册): one sheet, one row for each member, as offices keep it.
//!
//! The rows of a household stand together. What a blank cell would say stays as it is; a member whom the sheet does not
//! mention stays, too. Telephone and identity numbers are compared by their keyed hash; in the masked form that an export
//! has, they stand for what is stored. The rules are those of `create` and `NewMember`, told at the cell.

mod export;
mod merge;
mod read;
mod store;

pub use export::export;
pub(crate) use merge::{put, put_phone, put_some, refuse_masked};
pub(crate) use read::{refusals, whole_or_masked};

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
use entity::{
    id::RegionId,
    kind::{Employment, HouseholdStatus, Kinship, Sex},
    tag,
};

columns! { Col, COLUMNS:
    Township = Column::new("乡镇").or(&["乡镇（街道）", "镇", "街道", "所属乡镇"])
        .note("乡镇名称或代码。村名在本县不重复时可不填。", "纳章镇");
    Village = Column::must("村（社区）").or(&["村", "社区", "村（居）", "村居", "村名", "村委会", "行政村", "所在村", "所属村"])
        .note("村（社区）的名称或12位区划代码。", "竹园村").wide(20);
    Code = Column::new("区划代码").or(&["村代码", "村（社区）代码", "村区划代码"])
        .note("村（社区）的12位代码。填写时以它为准。", "530304101200");
    Group = Column::new("村民小组").or(&["小组", "组", "居民小组", "组别", "村组", "自然村"])
        .note("须是本村已登记的小组：名称、序号或15位代码。", "大竹园村民小组").wide(20);
    Grid = Column::new("网格").or(&["所属网格", "网格名称"]).note("须是本村已登记的网格。", "第一网格").wide(20);
    Number = Column::must("户编号").or(&["户号", "户编码", "家庭编号", "编号"])
        .note("在本村不重复，最多20字。同一户的各行相同并连在一起。", "0001").wide(10);
    HeadName = Column::new("户主姓名").or(&["户主"]).note("可不填；填写时须与该户户主的姓名一致。", "").wide(10);
    Name = Column::must("姓名").or(&["成员姓名", "家庭成员姓名", "家庭成员"]).note("每人一行，最多40字。", "某某某").wide(10);
    Relation = Column::must("与户主关系").or(&["关系", "家庭关系", "与户主的关系"])
        .note("每户有且只有一位户主。", "户主")
        .of(&["户主", "配偶", "子", "女", "孙辈", "父母", "祖父母", "兄弟姐妹", "其他"]).wide(12);
    Sex = Column::new("性别").note("有身份证号时可不填。", "男").of(&["男", "女", "未知", "未说明"]).wide(6);
    BirthDate = Column::new("出生日期").or(&["出生年月日", "出生年月", "生日"])
        .note("有身份证号时可不填。", "1980-01-31").wide(12);
    Identity = Column::new("身份证号").or(&["身份证号码", "身份证", "公民身份号码", "公民身份证号", "证件号码"])
        .note("18位。该列须为文本格式。导出时只显示首末位，原样导入即不变。", "").wide(22);
    Phone = Column::new("电话").or(&["联系电话", "手机", "手机号", "手机号码", "本人电话"])
        .note("11位手机号码或带区号的固定电话。导出时中间几位隐去，原样导入即不变。", "138****5678");
    Employment = Column::new("就业情况").or(&["就业", "从业情况", "就业状况"])
        .note("", "务农").of(&["务农", "本地就业", "外出务工", "失业", "在校", "退休", "无劳动能力"]);
    Workplace = Column::new("务工地点").or(&["就业地点", "工作地点", "外出地点"]).note("最多100字。", "").wide(18);
    Needs = Column::new("需求").or(&["诉求", "本人需求", "主要需求"]).note("最多500字。", "").wide(20);
    Address = Column::new("住址").or(&["家庭住址", "地址", "居住地址", "家庭地址"])
        .note("以下各列写在户主一行，其他行空着。最多200字。", "").wide(30);
    HousePhone = Column::new("户电话").or(&["家庭电话", "户联系电话"]).note("全户的联系电话。", "");
    Housing = Column::new("住房情况").or(&["住房", "房屋情况"]).note("最多200字。", "砖混二层，120平方米").wide(20);
    Income = Column::new("年收入（元）").or(&["家庭年收入", "年收入", "全年收入"])
        .note("全户一年的收入。导出时空着，空着即不变。", "42000").wide(12);
    IncomeSource = Column::new("主要收入来源").or(&["收入来源"]).note("最多100字。", "务工");
    Tags = Column::new("标签").or(&["户标签", "户类型", "户类别"])
        .note("几个标签之间用顿号隔开。导出时没有涉及隐私的标签，空着即不变。", "脱贫户、军属").wide(20);
    Status = Column::new("户状态").or(&["状态"]).note("", "常住").of(&["常住", "迁出", "销户"]).wide(8);
    Id = Column::new("系统编号").or(&["系统标识", "ID"]).note("由系统导出时填写；新登记的户空着。", "").wide(36);
}

const RELATIONS: Words<Kinship> = &[
    (Kinship::Head, &["户主", "本人", "本人（户主）", "户主本人", "02", "01", "0"]),
    (Kinship::Spouse, &["配偶", "妻", "妻子", "夫", "丈夫", "爱人", "老婆", "老公", "10", "11", "12", "1"]),
    (
        Kinship::Son,
        &[
            "子",
            "儿子",
            "长子",
            "次子",
            "三子",
            "四子",
            "五子",
            "二子",
            "独生子",
            "独子",
            "养子",
            "继子",
            "大儿子",
            "小儿子",
            "二儿子",
            "女婿",
            "20",
            "2",
        ],
    ),
    (
        Kinship::Daughter,
        &[
            "女",
            "女儿",
            "长女",
            "次女",
            "三女",
            "四女",
            "五女",
            "二女",
            "独生女",
            "养女",
            "继女",
            "大女儿",
            "小女儿",
            "二女儿",
            "儿媳",
            "儿媳妇",
            "媳妇",
            "30",
            "3",
        ],
    ),
    (
        Kinship::Grandchild,
        &[
            "孙辈",
            "孙子",
            "孙女",
            "孙",
            "长孙",
            "次孙",
            "外孙",
            "外孙子",
            "外孙女",
            "孙媳",
            "孙媳妇",
            "孙女婿",
            "曾孙",
            "曾孙子",
            "曾孙女",
            "重孙",
            "重孙子",
            "重孙女",
            "40",
            "4",
        ],
    ),
    (
        Kinship::Parent,
        &[
            "父母", "父亲", "母亲", "父", "母", "公公", "婆婆", "岳父", "岳母", "养父", "养母", "继父",
            "继母", "50", "5",
        ],
    ),
    (
        Kinship::Grandparent,
        &[
            "祖父母",
            "祖父",
            "祖母",
            "爷爷",
            "奶奶",
            "外祖父",
            "外祖母",
            "外公",
            "外婆",
            "曾祖父",
            "曾祖母",
            "60",
            "6",
        ],
    ),
    (
        Kinship::Sibling,
        &[
            "兄弟姐妹",
            "兄",
            "弟",
            "姐",
            "妹",
            "哥哥",
            "弟弟",
            "姐姐",
            "妹妹",
            "哥",
            "兄弟",
            "姐妹",
            "兄妹",
            "姐弟",
            "嫂",
            "嫂子",
            "弟媳",
            "弟媳妇",
            "姐夫",
            "妹夫",
            "70",
            "7",
        ],
    ),
    (
        Kinship::Other,
        &[
            "其他",
            "其他亲属",
            "亲属",
            "非亲属",
            "其他关系",
            "侄子",
            "侄女",
            "侄",
            "外甥",
            "外甥女",
            "叔",
            "叔叔",
            "伯",
            "伯父",
            "伯母",
            "婶",
            "姑",
            "姑姑",
            "舅",
            "舅舅",
            "姨",
            "保姆",
            "80",
            "97",
            "98",
            "99",
            "8",
        ],
    ),
];

const SEXES: Words<Sex> = &[
    (Sex::Male, &["男", "男性", "1"]),
    (Sex::Female, &["女", "女性", "2"]),
    (Sex::Unknown, &["未知", "不详", "0"]),
    (Sex::NotStated, &["未说明", "9"]),
];

const EMPLOYMENTS: Words<Employment> = &[
    (Employment::Farming, &["务农", "种地", "种植", "养殖", "在家务农", "农业"]),
    (Employment::LocalWork, &["本地就业", "就近就业", "本地务工", "县内务工", "镇内务工", "经商", "个体"]),
    (Employment::MigrantWork, &["外出务工", "务工", "打工", "外出打工", "外出就业", "省外务工", "县外务工"]),
    (Employment::Unemployed, &["失业", "待业", "无业"]),
    (Employment::Student, &["在校", "学生", "在校学生", "上学", "在读", "读书", "就学"]),
    (Employment::Retired, &["退休", "离退休"]),
    (Employment::NotWorking, &["无劳动能力", "学龄前", "学龄前儿童", "未就业", "丧失劳动能力"]),
];

const STATUSES: Words<HouseholdStatus> = &[
    (HouseholdStatus::Resident, &["常住", "正常", "在住", "在册"]),
    (HouseholdStatus::MovedAway, &["迁出", "已迁出", "搬迁"]),
    (HouseholdStatus::Dissolved, &["销户", "已销户", "注销"]),
];

/// Households that are looked up and stored together.
const CHUNK: usize = 500;

/// Name of the kind, for records that depend on a household.
pub const KIND: &str = "household";

/// The key by which `Intake::fail` knows a household.
#[must_use]
pub fn key(village: RegionId, number: &str) -> String {
    format!("{} {number}", village.0)
}

/// Households as they come in.
#[derive(Default)]
pub struct Households {
    /// The household whose rows are still coming.
    open: Vec<Line>,
    ready: Vec<Vec<Line>>,
    seen: Seen,
    places: Places,
    tags: Option<Vec<tag::Model>>,
}

impl Roster for Households {
    const FORM: Form = Form {
        sheet: "户",
        aliases: &["户信息", "户名册", "农户", "家庭", "家庭成员", "农户信息", "households"],
        columns: COLUMNS,
    };

    async fn take(&mut self, intake: &mut Intake<'_>, lines: Vec<Line>, last: bool) -> Result<()> {
        for line in lines {
            if read::continues(&self.open, &line) {
                // One more than a household may have is enough to be told.
                if self.open.len() <= super::member::MOST_MEMBERS {
                    self.open.push(line);
                }
            } else {
                let whole = std::mem::replace(&mut self.open, vec![line]);
                if !whole.is_empty() {
                    self.ready.push(whole);
                }
            }
        }
        if last {
            let whole = std::mem::take(&mut self.open);
            if !whole.is_empty() {
                self.ready.push(whole);
            }
        }
        while self.ready.len() >= CHUNK || last && !self.ready.is_empty() {
            let rest = self.ready.split_off(self.ready.len().min(CHUNK));
            let chunk = std::mem::replace(&mut self.ready, rest);
            self.settle(intake, chunk).await?;
        }
        Ok(())
    }
}
