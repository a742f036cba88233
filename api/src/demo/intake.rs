//! What a county and its towns keep ready for whoever wants something: categories, stations, points and boxes.
//!
//! It has dice of its own: whatever else is made stays as it is.

use super::{Making, dice::Dice, people::People, places::Town};
use crate::{category::usual, kernel::clock::midnight};
use chrono::Duration;
use entity::{
    box_opening,
    id::{AccountId, CadreId, RegionId},
    intake_point,
    kind::IntakeKind,
    region,
    scalar::DateTime,
};

/// Days between two openings of a box, about.
const PAUSE: i32 = 15;
/// For so many days back boxes have been opened.
const OPENED: i32 = 120;

/// The usual categories of a county.
pub(super) fn categories(making: &mut Making, county: RegionId, seed: u64) {
    let mut dice = Dice::new(seed ^ 0x6361_7465);
    making.rows.categories.extend(usual::rows(county, || dice.id()));
}

/// The station of a town, a point in each second village, a box in each third.
pub(super) fn points(making: &mut Making, town: &Town, people: &People, by: AccountId, seed: u64) {
    let mut dice = Dice::new(seed ^ 0x696e_7461);
    let hours = Some("周一至周五 8:30–12:00，14:00–17:30");
    let name = format!("{}群众说事站", town.name);
    let address = format!("{}便民服务中心一楼", town.name);
    point(making, &mut dice, (IntakeKind::Station, name, address, hours), &town.region);
    for (at, village) in town.villages.iter().enumerate() {
        if at % 2 == 0 {
            let (name, address) =
                (format!("{}说事点", village.name), format!("{}党群服务中心", village.name));
            point(
                making,
                &mut dice,
                (IntakeKind::Point, name, address, Some("每周三 9:00–11:30")),
                &village.region,
            );
        }
        if at % 3 == 0 {
            let (name, address) =
                (format!("{}说事箱", village.name), format!("{}村务公开栏旁", village.name));
            point(making, &mut dice, (IntakeKind::Box, name, address, None), &village.region);
            let own = people.officials.get(at).and_then(|officials| officials.first());
            let of_town = people.staff.get(at % people.staff.len().max(1));
            if let Some((&of_town, &own)) = of_town.zip(own) {
                openings(making, &mut dice, [of_town, own], by);
            }
        }
    }
}

type Told = (IntakeKind, String, String, Option<&'static str>);

fn point(making: &mut Making, dice: &mut Dice, (kind, name, address, hours): Told, region: &region::Model) {
    let (Some(county_id), Some(township_id)) = (region.county_id, region.township_id) else { return };
    let row = intake_point::Model {
        id: dice.id(),
        kind,
        name,
        region_id: region.id,
        county_id,
        township_id,
        village_id: region.village_id,
        address,
        latitude: None,
        longitude: None,
        hours: hours.map(str::to_owned),
        opened_on: making.ago(400),
        closed_on: None,
        version: 1,
    };
    making.rows.intake_points.push(row);
}

/// Openings of the box that was put up last.
fn openings(making: &mut Making, dice: &mut Dice, witnesses: [CadreId; 2], by: AccountId) {
    let Some(intake_point_id) = making.rows.intake_points.last().map(|point| point.id) else { return };
    let mut days = OPENED;
    while days > 0 {
        let opened_on = making.ago(days);
        let minute = i64::from(dice.between(8 * 60 + 30, 11 * 60));
        let opened_at = DateTime(midnight(opened_on).0 + Duration::minutes(minute));
        let letters = i32::try_from(dice.below(5)).unwrap_or_default();
        let row = box_opening::Model {
            id: dice.id(),
            intake_point_id,
            opened_at,
            opened_on,
            first_witness_id: witnesses[0],
            second_witness_id: witnesses[1],
            letters,
            note: (letters == 0).then(|| "箱内无信件。".to_owned()),
            recorded_by: by,
            recorder_id: None,
            recorded_at: DateTime(opened_at.0 + Duration::hours(2)),
            version: 1,
        };
        making.rows.openings.push(row);
        days -= dice.between(PAUSE - 3, PAUSE + 3);
    }
}
