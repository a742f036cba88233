//! Enterprises, none of them real.

use super::{Making, StoredPhone, names, places::Town};
use entity::{
    enterprise,
    id::{EnterpriseId, RegionId},
    kind::{EnterpriseSize, EnterpriseStatus},
    scalar::{CreditCode, Date},
};
use std::collections::HashSet;

/// An enterprise, as contacts need to know it.
#[derive(Clone, Copy)]
pub(super) struct Firm {
    pub(super) id: EnterpriseId,
    pub(super) county_id: RegionId,
    pub(super) township_id: RegionId,
    pub(super) village_id: Option<RegionId>,
}

/// What it does, and how its name ends.
const TRADES: [(&str, &str); 12] = [
    ("种植业", "种植专业合作社"),
    ("养殖业", "养殖专业合作社"),
    ("农产品加工", "农产品加工有限公司"),
    ("农产品加工", "食品有限公司"),
    ("建筑材料", "建材有限公司"),
    ("建筑业", "建筑工程有限公司"),
    ("批发零售", "商贸有限公司"),
    ("批发零售", "农资经营部"),
    ("运输业", "运输有限公司"),
    ("服务业", "餐饮服务部"),
    ("制造业", "机械加工厂"),
    ("林业", "林产品有限公司"),
];

const BRANDS: [&str; 2] = ["云禾绿丰瑞穗青源盛裕祥泰", "田禾源丰泉和润穗康谷园禄"];

/// Makes the enterprises of a town.
pub(super) fn firms(making: &mut Making, town: &Town, count: usize) -> Vec<Firm> {
    let mut taken = HashSet::new();
    let mut firms = Vec::new();
    while firms.len() < count {
        let dice = &mut making.dice;
        let (one, other) = (dice.any(BRANDS[0]), dice.any(BRANDS[1]));
        let (trade, ending) = dice.pick(&TRADES);
        let name = format!("{}{one}{other}{ending}", town.name);
        if !taken.insert(name.clone()) {
            continue;
        }
        let village = dice.percent(85).then(|| dice.below(town.villages.len()));
        let village_id = village.map(|village| town.villages[village].region.id);
        let male = dice.percent(75);
        let surname = names::surname(dice);
        let legal = names::name(dice, surname, male, 1978);
        let contact = if dice.percent(60) {
            legal.clone()
        } else {
            let surname = names::surname(dice);
            names::name(dice, surname, !male, 1990)
        };
        let employees = if dice.percent(70) { dice.between(3, 18) } else { dice.between(20, 160) };
        let digits = names::mobile(dice);
        let credit_code = loop {
            let code = names::credit_code(dice);
            if making.credit_codes.insert(code.clone()) {
                break code;
            }
        };
        // The first is the one whose representative has an account.
        let status = match dice.below(100) {
            0..4 => EnterpriseStatus::Suspended,
            4..6 => EnterpriseStatus::Closed,
            _ => EnterpriseStatus::Operating,
        };
        let status = if firms.is_empty() { EnterpriseStatus::Operating } else { status };
        let firm = Firm { id: dice.id(), county_id: town.county.id, township_id: town.region.id, village_id };
        let StoredPhone { sealed, masked, hash } = making.phone(&digits);
        making.rows.enterprises.push(enterprise::Model {
            id: firm.id,
            name,
            credit_code: CreditCode(credit_code),
            county_id: firm.county_id,
            township_id: firm.township_id,
            village_id,
            legal_representative: Some(legal),
            contact_person: Some(contact),
            phone: sealed,
            phone_masked: masked,
            phone_hash: hash,
            trade: Some(trade.to_owned()),
            size: match employees {
                ..20 => EnterpriseSize::Micro,
                20..100 => EnterpriseSize::Small,
                _ => EnterpriseSize::Medium,
            },
            employees: Some(employees),
            status,
            closed_on: (status == EnterpriseStatus::Closed).then_some(Date(making.today)),
            version: 1,
        });
        firms.push(firm);
    }
    firms
}
