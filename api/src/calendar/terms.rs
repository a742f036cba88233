//! Times that are allotted: to each urgency, and to petitions by statute.

use entity::kind::{AllotmentUnit, Urgency};

/// So many of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allotment {
    /// How many, at least one.
    pub amount: i32,
    /// Of what.
    pub unit: AllotmentUnit,
}

/// What is allotted to an urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Until the first claim, or settling on the spot.
    pub respond: Allotment,
    /// Until it is resolved.
    pub resolve: Allotment,
}

const fn of(amount: i32, unit: AllotmentUnit) -> Allotment {
    Allotment { amount, unit }
}

/// What holds where a county sets nothing: red runs by day and night, the others in working time.
#[must_use]
pub const fn usual(urgency: Urgency) -> Terms {
    use AllotmentUnit::{NaturalHour, WorkingDay, WorkingHour};
    match urgency {
        Urgency::Red => Terms { respond: of(2, NaturalHour), resolve: of(24, NaturalHour) },
        Urgency::Orange => Terms { respond: of(4, WorkingHour), resolve: of(3, WorkingDay) },
        Urgency::Yellow => Terms { respond: of(1, WorkingDay), resolve: of(7, WorkingDay) },
        Urgency::Blue => Terms { respond: of(2, WorkingDay), resolve: of(15, WorkingDay) },
    }
}

/// The statutory clock of petitions until it is decided whether they are taken up (信访工作条例 §22: 15 days), from receipt.
pub const PETITION_ACCEPT: Allotment = of(15, AllotmentUnit::NaturalDay);
/// And until they are settled (信访工作条例 §34: 60 days), from acceptance.
pub const PETITION_SETTLE: Allotment = of(60, AllotmentUnit::NaturalDay);
/// The longest that settling can be extended, once (the same: 30 days).
pub const PETITION_EXTEND_DAYS: i32 = 30;

impl Allotment {
    /// The most that can be allotted.
    #[must_use]
    pub const fn most(unit: AllotmentUnit) -> i32 {
        match unit {
            AllotmentUnit::NaturalHour | AllotmentUnit::WorkingHour => 2000,
            AllotmentUnit::NaturalDay | AllotmentUnit::WorkingDay => 366,
        }
    }
}
