//! Regions that are made up: names of hills and waters, codes of the right form in a province that does not exist.

use super::{Measure, Scale};
use crate::{
    demo::{dice::Dice, numeral},
    region::{blank, placed},
};
use entity::{kind::RegionKind, region, scalar::RegionCode};
use std::collections::HashSet;

const FIRST: &str = "青白清云石龙凤金银双大上下东西南北长高红松竹梅桃柳";
const SECOND: &str = "溪山河坪湾坝岭塘桥泉峰原田谷沟坡井滩洲潭";

/// A place from its province down to its villages.
pub(super) struct Land {
    /// All of it, parents before children.
    pub(super) regions: Vec<region::Model>,
    pub(super) counties: Vec<region::Model>,
    pub(super) lots: Vec<Lot>,
}

/// A township with its villages, and how many households each will have.
pub(super) struct Lot {
    /// Index of the county.
    pub(super) county: usize,
    pub(super) region: region::Model,
    pub(super) villages: Vec<(region::Model, usize)>,
}

/// Names of which none comes twice.
#[derive(Default)]
pub(super) struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// A name of two characters, or of three where those are used up.
    pub(super) fn draw(&mut self, dice: &mut Dice) -> String {
        let mut tries = 0;
        loop {
            let mut name = String::from(dice.any(FIRST));
            if tries > 20 {
                name.push(dice.any(FIRST));
            }
            name.push(dice.any(SECOND));
            if self.taken.insert(name.clone()) {
                return name;
            }
            tries += 1;
        }
    }
}

/// The last digits of a township's code and how its kind is called; the first are streets, the last plain townships.
pub(super) fn township(at: usize, of: usize) -> (usize, &'static str) {
    let streets = if of > 4 { of / 8 + 1 } else { 0 };
    let towns = of - of / 3;
    match at {
        _ if at < streets => (at + 1, "街道"),
        _ if at < towns || of == 1 => (100 + at - streets, "镇"),
        _ => (200 + at - towns.max(streets), "乡"),
    }
}

/// The last digits of a village's code and how its committee is called; the first are communities.
pub(super) fn village(at: usize, of: usize) -> (usize, &'static str) {
    let communities = of / 10 + 1;
    if at < communities {
        (at + 1, "社区居民委员会")
    } else {
        (200 + at - communities, "村民委员会")
    }
}

/// The last digits of a county's code and how its kind is called: districts, counties, county-level cities.
pub(super) fn county(at: usize, of: usize) -> (usize, &'static str) {
    let districts = of / 3;
    let counties = of - of / 5;
    match at {
        _ if at < districts => (at + 1, "区"),
        _ if at < counties => (21 + at - districts, "县"),
        _ => (81 + at - counties, "市"),
    }
}

/// Lays the land out.
pub(super) fn land(dice: &mut Dice, measure: &Measure, scale: Scale) -> Land {
    let mut regions = Vec::new();
    let mut add = |dice: &mut Dice, code: String, name: String, kind, above: Option<&region::Model>| {
        let region = placed(blank(dice.id(), RegionCode(code), name, kind), above);
        regions.push(region.clone());
        region
    };
    let province = add(dice, "99".to_owned(), "拟设省".to_owned(), RegionKind::Province, None);
    let city = add(dice, "9901".to_owned(), "拟设市".to_owned(), RegionKind::City, Some(&province));
    let mut names = Names::default();
    let mut counties = Vec::new();
    for at in 0..measure.counties {
        let (own, ending) = if scale == Scale::City { county(at, measure.counties) } else { (21, "县") };
        let name = names.draw(dice) + ending;
        counties.push(add(dice, format!("9901{own:02}"), name, RegionKind::County, Some(&city)));
    }
    let weights: Vec<usize> = (0..measure.villages).map(|_| weight(dice)).collect();
    let mut sizes = apportion(measure.households, &weights).into_iter();
    let of_counties = dice.split(measure.towns, measure.counties);
    let mut of_towns = dice.split(measure.villages, measure.towns).into_iter();
    let mut lots = Vec::new();
    for (at, (above, towns)) in counties.iter().zip(of_counties).enumerate() {
        let mut names = Names::default();
        for number in 0..towns {
            let (own, ending) = township(number, towns);
            let code = format!("{}{own:03}", above.code.0);
            let name = names.draw(dice) + ending;
            let town = add(dice, code, name, RegionKind::Township, Some(above));
            let count = of_towns.next().unwrap_or_default();
            let mut villages = Vec::new();
            for (number, households) in sizes.by_ref().take(count).enumerate() {
                let (own, ending) = village(number, count);
                let code = format!("{}{own:03}", town.code.0);
                let name = names.draw(dice) + ending;
                let region = add(dice, code, name, RegionKind::Village, Some(&town));
                villages.push((region, households));
            }
            lots.push(Lot { county: at, region: town, villages });
        }
    }
    Land { regions, counties, lots }
}

/// How large a village is beside others: a few have ten times the households of the small ones.
fn weight(dice: &mut Dice) -> usize {
    let (least, most) = match dice.below(100) {
        0..15 => (30, 55),
        15..70 => (60, 120),
        70..93 => (120, 220),
        _ => (300, 450),
    };
    usize::try_from(dice.between(least, most)).unwrap_or_default()
}

/// Splits a total by weights.
fn apportion(total: usize, weights: &[usize]) -> Vec<usize> {
    let sum = weights.iter().sum::<usize>().max(1);
    let mut shares: Vec<usize> = weights.iter().map(|weight| total * weight / sum).collect();
    let rest = total - shares.iter().sum::<usize>();
    for share in shares.iter_mut().take(rest) {
        *share += 1;
    }
    shares
}

/// Names of a village's groups: by number in half of the villages, by hills and waters in the others.
pub(super) fn groups(dice: &mut Dice, count: usize) -> Vec<String> {
    if dice.percent(50) {
        return (1..=count).map(|number| format!("{}组", numeral(number))).collect();
    }
    let mut names = Names::default();
    (0..count).map(|_| names.draw(dice)).collect()
}
