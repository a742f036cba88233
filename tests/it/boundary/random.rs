//! Changes by chance, one upon the other: places agree with the tree, nothing is lost, every code leads somewhere.

use super::{assert_consistent, change, preview, region, tree};
use entity::{kind::RegionKind, region as regions};
use lianhu_tests::{Dice, World};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A change by chance: the mutation, its input, and the preview of the same.
fn some(dice: &mut Dice, rows: &[&regions::Model]) -> (&'static str, Value, Value) {
    let of = |kind: RegionKind| rows.iter().copied().filter(|row| row.kind == kind).collect::<Vec<_>>();
    let (villages, towns, groups) =
        (of(RegionKind::Village), of(RegionKind::Township), of(RegionKind::Group));
    let serial = dice.below(300) + 200;
    let with_version = |change: &Value, row: &regions::Model| {
        let mut input = change.clone();
        input["expectedVersion"] = json!(row.version);
        input
    };
    match dice.below(6) {
        0 | 1 => {
            let kind = if dice.below(3) == 0 { &groups } else { &villages };
            let into = dice.pick(kind);
            let near: Vec<_> = kind
                .iter()
                .copied()
                .filter(|row| row.parent_id == into.parent_id && row.id != into.id)
                .collect();
            let from = if near.is_empty() { into } else { dice.pick(&near) };
            let change = json!({"fromIds": [from.id.to_string()], "intoId": into.id.to_string()});
            ("regionMerge", change.clone(), json!({"merge": change}))
        }
        2 => {
            let (village, town) = (dice.pick(&villages), dice.pick(&towns));
            let change = json!({"id": village.id.to_string(), "parentId": town.id.to_string(), "code": format!("{}{serial}", town.code.0)});
            ("regionMove", with_version(&change, village), json!({"move": change}))
        }
        3 => {
            let town = dice.pick(&towns);
            let change = json!({"id": town.id.to_string(), "code": format!("{}{serial}", &town.code.0[..6])});
            ("regionRecode", with_version(&change, town), json!({"recode": change}))
        }
        4 => {
            let village = dice.pick(&villages);
            let own: Vec<_> = rows.iter().copied().filter(|row| row.parent_id == Some(village.id)).collect();
            let going: BTreeSet<String> =
                (0..own.len() / 2).map(|_| dice.pick(&own).id.to_string()).collect();
            let code = format!("{}{serial}", &village.code.0[..9]);
            let change = json!({"id": village.id.to_string(), "newRegion": {"code": code, "name": format!("新{serial}村民委员会")}, "groupIds": going});
            ("regionSplit", with_version(&change, village), json!({"split": change}))
        }
        _ => {
            let into = dice.pick(&towns);
            let near: Vec<_> = towns
                .iter()
                .copied()
                .filter(|row| row.parent_id == into.parent_id && row.id != into.id)
                .collect();
            let from = if near.is_empty() { into } else { dice.pick(&near) };
            let change = json!({"fromIds": [from.id.to_string()], "intoId": into.id.to_string()});
            ("regionMerge", change.clone(), json!({"merge": change}))
        }
    }
}

#[tokio::test]
async fn whatever_is_changed_places_agree_with_the_tree_and_every_code_leads_to_a_region_in_force() {
    for seed in [7, 20_140_507] {
        let world = World::demo().await;
        let platform = world.actor("platform-admin").await;
        let mut dice = Dice::new(seed);
        let (mut codes, mut made) = (BTreeSet::new(), 0);
        for step in 0..30 {
            let all = tree(&world).await;
            let mut rows: Vec<_> = all.values().filter(|row| row.until.is_none()).collect();
            // Two towns in which people live, and their neighbours.
            let near = |row: &&&regions::Model| {
                let living = row.code.0.starts_with("361021108") || row.code.0.starts_with("530304");
                living || row.kind == RegionKind::Township && row.code.0.starts_with("361021")
            };
            rows.sort_by_key(|row| row.id);
            codes.extend(rows.iter().map(|row| row.code.0.clone()));
            let rows: Vec<_> = rows.iter().filter(|row| near(row)).copied().collect();
            let (mutation, input, look) = some(&mut dice, &rows);
            let planned = preview(&platform, look).await;
            let answer = change(&platform, mutation, input).await;
            let told = |errors: &Value| {
                let errors = errors.as_array().expect("errors").iter();
                errors.map(|error| (error["code"].clone(), error["path"].clone())).collect::<Vec<_>>()
            };
            assert_eq!(
                told(&planned["errors"]),
                told(&answer["errors"]),
                "{seed} {step} {mutation}: {answer}"
            );
            if answer["region"].is_null() {
                continue;
            }
            made += 1;
            let now = tree(&world).await;
            for item in planned["regions"].as_array().expect("regions") {
                let row = now.values().find(|row| item["region"]["id"] == json!(row.id.to_string()));
                let row = row.expect("a region");
                if item["kind"] == "MERGED" {
                    assert!(row.until.is_some(), "{item}");
                } else {
                    assert_eq!((&item["newCode"], &item["newName"]), (&json!(row.code.0), &json!(row.name)));
                }
            }
        }
        assert!(made >= 12, "{made} changes went through");
        assert_consistent(&world, 4835).await;
        for code in &codes {
            let found = region(&platform, code).await;
            assert_eq!(found["until"], Value::Null, "{code} leads to a region in force: {found}");
            assert!(found["id"].is_string(), "{code} leads somewhere");
        }
    }
}
