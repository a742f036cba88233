//! What people ask for, and what comes of it.

use entity::kind::{DemandField, DemandKind, Urgency};

/// What is asked: kind, field, urgency, what was said, what is done about it, and what came of it.
pub(super) struct Matter {
    pub(super) kind: DemandKind,
    pub(super) field: DemandField,
    pub(super) urgency: Urgency,
    pub(super) said: &'static str,
    pub(super) measures: [&'static str; 2],
    pub(super) result: &'static str,
}

const fn matter(
    kind: DemandKind,
    field: DemandField,
    urgency: Urgency,
    said: &'static str,
    measures: [&'static str; 2],
    result: &'static str,
) -> Matter {
    Matter { kind, field, urgency, said, measures, result }
}

pub(super) const MATTERS: [Matter; 14] = {
    use DemandField::{
        BasicLivelihood, Convenience, Governance, PovertyAlleviation, Prosperity, RuralRevitalisation,
    };
    use DemandKind::{Application, Complaint, Hazard, Request, Suggestion};
    use Urgency::{Blue, Orange, Red, Yellow};
    [
        matter(
            Request,
            BasicLivelihood,
            Red,
            "自来水停了两天，老人挑不动水。",
            ["抢修主管", "临时送水"],
            "主管已修复，恢复供水。",
        ),
        matter(
            Request,
            BasicLivelihood,
            Yellow,
            "慢性病门诊卡办了半年还没有拿到。",
            ["核对资料", "上门送卡"],
            "卡已办好，送到家中。",
        ),
        matter(
            Request,
            Convenience,
            Blue,
            "村口路灯有三盏不亮。",
            ["更换灯头", "检查线路"],
            "三盏路灯均已更换。",
        ),
        matter(
            Request,
            Convenience,
            Yellow,
            "进组的路下雨积水，孩子上学不方便。",
            ["疏通边沟", "铺碎石"],
            "边沟已疏通，路面已铺平。",
        ),
        matter(
            Hazard,
            Governance,
            Red,
            "屋后边坡有裂缝，雨季前请人看看。",
            ["现场勘查", "设警示牌并排水"],
            "已开沟排水，设监测桩。",
        ),
        matter(
            Hazard,
            Governance,
            Orange,
            "电线离树太近，刮风就打火。",
            ["修剪树枝", "加绝缘"],
            "已修剪并加装绝缘护套。",
        ),
        matter(
            Request,
            Prosperity,
            Blue,
            "想学养蜂，问有没有培训班。",
            ["联系农技站", "列入下月培训"],
            "已报名参加下月培训。",
        ),
        matter(
            Request,
            RuralRevitalisation,
            Yellow,
            "水渠渗水，浇不到地。",
            ["查漏补缝", "更换闸门"],
            "渠道已补漏，闸门已换。",
        ),
        matter(
            Application,
            PovertyAlleviation,
            Yellow,
            "申请低保复核。",
            ["入户核查", "提交评议"],
            "已通过评议，下月起执行。",
        ),
        matter(
            Application,
            BasicLivelihood,
            Blue,
            "申请高龄补贴。",
            ["核对年龄", "录入系统"],
            "已录入，次月发放。",
        ),
        matter(
            Complaint,
            Governance,
            Orange,
            "隔壁养殖场夜里排污，气味很大。",
            ["现场检查", "限期整改"],
            "养殖场已加盖沉淀池。",
        ),
        matter(
            Suggestion,
            Convenience,
            Blue,
            "建议把垃圾池移到路口，方便清运。",
            ["征求意见", "选址"],
            "已移到路口。",
        ),
        matter(
            Suggestion,
            Governance,
            Blue,
            "建议村务公开栏每月更新。",
            ["列入清单", "按月检查"],
            "已按月更新。",
        ),
        matter(
            Request,
            Prosperity,
            Orange,
            "烤烟收购排队太久，烟叶受潮。",
            ["增设收购点", "分时预约"],
            "已分时预约收购。",
        ),
    ]
};
