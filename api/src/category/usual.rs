//! The tree that a county begins with (常用类别): what people of a township bring, from the five reports, under the six
//! fields of the task list.

use entity::{
    category,
    id::{CategoryId, RegionId},
    kind::DemandField::{
        self, BasicLivelihood, Convenience, Governance, PovertyAlleviation, Prosperity, RuralRevitalisation,
    },
};

/// A category with those beneath it.
type Branch = (&'static str, &'static [&'static str]);

const USUAL: [(DemandField, &[Branch]); 6] = [
    (
        Prosperity,
        &[
            ("产业发展", &[]),
            ("就业务工", &[]),
            ("技能培训", &[]),
            ("农产品销售", &[]),
            ("创业贷款", &[]),
            ("其他", &[]),
        ],
    ),
    (
        PovertyAlleviation,
        &[("防返贫监测", &[]), ("住房安全", &[]), ("饮水安全", &[]), ("易地搬迁", &[]), ("其他", &[])],
    ),
    (
        RuralRevitalisation,
        &[
            ("水利", &[]),
            ("道路", &[]),
            ("环境卫生", &["垃圾清运", "污水处理", "厕所改造"]),
            ("农田建设", &[]),
            ("路灯亮化", &[]),
            ("其他", &[]),
        ],
    ),
    (
        BasicLivelihood,
        &[
            ("低保", &[]),
            ("特困供养", &[]),
            ("临时救助", &[]),
            ("医疗", &[]),
            ("养老", &[]),
            ("教育", &[]),
            ("供水供电", &[]),
            ("其他", &[]),
        ],
    ),
    (Convenience, &[("停车", &[]), ("公共交通", &[]), ("证件证明", &[]), ("通信网络", &[]), ("其他", &[])]),
    (
        Governance,
        &[
            ("拆迁", &[]),
            ("土地权属", &[]),
            ("邻里纠纷", &[]),
            ("社会治安", &[]),
            ("安全隐患", &[]),
            ("作风", &["形式主义", "官僚主义", "享乐主义", "奢靡之风"]),
            ("经济社会发展", &[]),
            ("民生", &[]),
            ("其他", &[]),
        ],
    ),
];

/// Room between two neighbours, for those that a county puts in between.
const STEP: i32 = 10;

/// The usual tree as rows of a county, each before those beneath it.
pub fn rows(county_id: RegionId, mut id: impl FnMut() -> CategoryId) -> Vec<category::Model> {
    let mut rows = Vec::new();
    for (field, branches) in USUAL {
        let mut row = |name: &str, parent_id, sort| {
            let id = id();
            rows.push(category::Model {
                id,
                county_id,
                field,
                parent_id,
                name: name.to_owned(),
                sort,
                retired_on: None,
                version: 1,
            });
            id
        };
        for ((name, beneath), sort) in branches.iter().zip((1..).map(|at| at * STEP)) {
            let parent = row(name, None, sort);
            for (name, sort) in beneath.iter().zip((1..).map(|at| at * STEP)) {
                row(name, Some(parent), sort);
            }
        }
    }
    rows
}
