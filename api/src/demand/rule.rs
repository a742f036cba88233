//! What must hold of a demand, without a look at the database.

use crate::kernel::{error::Refusal, refusal::Checks};
use entity::kind::{DemandChannel, DemandKind};

/// Characters of what was said.
pub(super) const CONTENT: usize = 2000;
/// Characters of where it is about.
pub(super) const SPOT: usize = 100;
/// Characters of a name.
pub(super) const NAME: usize = 50;
/// Characters of an answer or a reason.
pub(super) const ANSWER: usize = 1000;
/// Characters of the number that another system gave.
pub(super) const REFERENCE: usize = 64;
/// Days within which somebody may object.
pub(super) const OBJECT_DAYS: i64 = 30;

/// Channels by which something may be said without a name.
const ANONYMOUS: [DemandChannel; 5] = [
    DemandChannel::Box,
    DemandChannel::Hotline,
    DemandChannel::MiniProgram,
    DemandChannel::Station,
    DemandChannel::Web,
];

/// Channels of those who raise something themselves.
pub(super) const OWN: [DemandChannel; 3] =
    [DemandChannel::MiniProgram, DemandChannel::App, DemandChannel::Web];

/// Channels of other systems, which send what came in there.
const SENT: [DemandChannel; 4] =
    [DemandChannel::Hotline, DemandChannel::MiniProgram, DemandChannel::App, DemandChannel::Web];

/// What is told of a demand, as far as its parts have to fit.
#[expect(clippy::struct_excessive_bools, reason = "each is whether a part was told")]
pub(super) struct Told {
    pub kind: DemandKind,
    pub channel: DemandChannel,
    pub anonymous: bool,
    pub of_region: bool,
    pub raiser: bool,
    pub of_household: bool,
    pub other_household: bool,
    pub leader: bool,
    pub about: usize,
    pub intake_point: bool,
    pub box_opening: bool,
    pub in_person: bool,
    pub by_key: bool,
}

/// Notes what does not fit together.
pub(super) fn check(checks: &mut Checks, told: &Told) {
    use DemandChannel::{Box, Station};
    use DemandKind::{Complaint, Dispute, PetitionBacklog, Suggestion};
    let rules: [(bool, &'static str, &str, &str, &str); 10] = [
        (
            !told.anonymous || ANONYMOUS.contains(&told.channel),
            "anonymous",
            "anonymous",
            "匿名诉求只能来自说事箱、说事站点、热线、网上或小程序。",
            "Something is said without a name by box, station, hotline, web or mini-program alone.",
        ),
        (
            !told.anonymous || told.of_region && !told.raiser,
            "anonymous-target",
            "target",
            "匿名诉求不写明户、企业和姓名电话，只写明区域。",
            "What is said without a name tells a region, and no household, enterprise, name or number.",
        ),
        (
            (told.kind == Dispute) == told.other_household,
            "dispute",
            "otherHouseholdId",
            "矛盾纠纷应写明对方户，其他类型不写。",
            "A dispute names the household on the other side, and nothing else does.",
        ),
        (
            told.kind != Dispute || told.of_household,
            "dispute-side",
            "target",
            "矛盾纠纷应写明提出的户。",
            "A dispute is raised by a household.",
        ),
        (
            (told.kind == PetitionBacklog) == told.leader,
            "petition",
            "leaderId",
            "信访积案应写明包案领导，其他类型不写。",
            "An old petition names the leader who took it over, and nothing else does.",
        ),
        (
            told.about == 0 || matches!(told.kind, Suggestion | Complaint),
            "about",
            "about",
            "只有意见建议和投诉可以针对干部或部门。",
            "Suggestions and complaints alone are about a cadre or a department.",
        ),
        (
            !told.intake_point || matches!(told.channel, Station | Box),
            "intake-point",
            "intakePointId",
            "只有说事站点和说事箱收到的诉求写明受理点。",
            "What came in at a station, a point or a box alone names it.",
        ),
        (
            !told.box_opening || told.channel == Box,
            "box-opening",
            "boxOpeningId",
            "只有说事箱收到的诉求写明开箱记录。",
            "What was found in a box alone names its opening.",
        ),
        (
            !told.in_person || OWN.contains(&told.channel),
            "own-channel",
            "channel",
            "本人提出的诉求，渠道应为小程序、APP 或网上。",
            "What one raises oneself comes by mini-program, app or web.",
        ),
        (
            !told.by_key || SENT.contains(&told.channel),
            "sent-channel",
            "channel",
            "外部系统转来的诉求，渠道应为热线、小程序、APP 或网上。",
            "What another system sends came by hotline, mini-program, app or web.",
        ),
    ];
    for (holds, rule, field, zh, en) in rules {
        checks.require(holds, || Refusal::rule(rule, field, zh, en));
    }
}
