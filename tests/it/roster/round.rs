//! Out and in again: the demonstration's households, and who may take them.

use super::{Place, counts, sound, told};
use entity::{household, kind::ChangeKind, member, region};
use lianhu::{
    account,
    kernel::{clock::Clock, error::Locale, sheet::Hand, vault::Vault},
    roster::{self, Kind, Options, Report, Source},
};
use lianhu_tests::{World, ground};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use std::{collections::HashMap, fmt::Write, path::Path, time::Instant};

pub(super) async fn take(world: &World, hand: &Hand, path: &Path) -> Report {
    let vault = Vault::new(&ground::SECRET).expect("keys");
    let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
    let source = Source { path, name };
    let with = (&world.state.db, &vault, &Clock::default());
    roster::import(hand, with, source, Options::default(), &|_| (), None).await.expect("it is read")
}

pub(super) async fn lines(world: &World) -> u64 {
    entity::change::Entity::find().count(world.state.db.read()).await.expect("a number")
}

pub(super) async fn hand(world: &World, name: &str) -> Hand {
    let token = world.actor(name).await.access.expect("signed in");
    let ctx =
        account::enter(&world.state, &account::Pass::Bearer(token), None, Locale::Zh, "a-request").await;
    Hand::Viewer(ctx.unwrap_or_else(|fault| panic!("{fault:?}")))
}

#[tokio::test]
async fn a_town_goes_out_masked_and_comes_in_again_unchanged() {
    let world = World::demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let before = lines(&world).await;
    for name in ["户.xlsx", "户.csv"] {
        let path = folder.path().join(name);
        let count =
            roster::export(&Hand::Operator, &world.state.db, Kind::Households, "530304101", &path, &|_| ())
                .await
                .expect("a sheet");
        assert_eq!(count, 3635);
        let began = Instant::now();
        let report = take(&world, &Hand::Operator, &path).await;
        sound(&report);
        assert_eq!(counts(&report), [0, 0, 3635, 0]);
        assert!(report.warnings.is_empty(), "{:?}", report.warnings);
        eprintln!("{name}: {:?}", began.elapsed());
    }
    assert_eq!(lines(&world).await, before, "no line of the log");
    let text = std::fs::read_to_string(folder.path().join("户.csv")).expect("text");
    let member = member::Entity::find()
        .filter(member::Column::IdentityNumber.is_not_null())
        .one(world.state.db.read())
        .await
        .expect("a member")
        .expect("a member");
    let vault = Vault::new(&ground::SECRET).expect("keys");
    let number = vault.open(&member.identity_number.expect("a number")).expect("it opens");
    assert!(!text.contains(&number) && !text.contains("低保户"));
    assert!(text.starts_with("\u{feff}乡镇,村（社区）"), "{}", &text[..60]);

    // One telephone number is overwritten, one masked differently.
    let masked = text
        .lines()
        .nth(1)
        .and_then(|line| line.split(',').find(|cell| cell.contains("****") && cell.len() < 14));
    let masked = masked.expect("a telephone number").to_owned();
    let path = folder.path().join("changed.csv");
    std::fs::write(&path, text.replacen(&masked, "199****9999", 1)).expect("a file");
    let report = take(&world, &Hand::Operator, &path).await;
    assert_eq!(report.faults.iter().map(|fault| fault.rule).collect::<Vec<_>>(), ["masked"]);
    std::fs::write(&path, text.replacen(&masked, "19900009999", 1)).expect("a file");
    let report = take(&world, &Hand::Operator, &path).await;
    sound(&report);
    assert_eq!(counts(&report), [0, 1, 3634, 0]);
}

/// The households of 纳章镇 as an office would have written them, with whole numbers.
async fn whole_sheet(world: &World) -> String {
    let (db, vault) = (world.state.db.read(), Vault::new(&ground::SECRET).expect("keys"));
    let open = |sealed: &Option<Vec<u8>>| {
        sealed.as_ref().map_or_else(String::new, |sealed| vault.open(sealed).expect("it opens"))
    };
    let regions: HashMap<_, _> =
        region::Entity::find().all(db).await.expect("regions").into_iter().map(|row| (row.id, row)).collect();
    let town = regions.values().find(|row| row.code.0 == "530304101").expect("the town").id;
    let homes = household::Entity::find().filter(household::Column::TownshipId.eq(town));
    let homes = homes
        .order_by_asc(household::Column::VillageId)
        .order_by_asc(household::Column::Number)
        .all(db)
        .await
        .expect("households");
    let mut members: HashMap<_, Vec<member::Model>> = HashMap::new();
    let all =
        member::Entity::find().filter(member::Column::LeftOn.is_null()).order_by_asc(member::Column::Id);
    for row in all.all(db).await.expect("members") {
        members.entry(row.household_id).or_default().push(row);
    }
    let mut sheet = "村（社区）,村民小组,网格,户编号,姓名,与户主关系,身份证号,电话,住址,户电话\n".to_owned();
    for home in &homes {
        for (at, person) in members[&home.id].iter().enumerate() {
            use entity::kind::Kinship::{
                Daughter, Grandchild, Grandparent, Head, Other, Parent, Sibling, Son, Spouse,
            };
            let relation = match person.relation {
                Head => "户主",
                Spouse => "配偶",
                Son => "儿子",
                Daughter => "女儿",
                Grandchild => "孙子",
                Parent => "母亲",
                Grandparent => "祖父",
                Sibling => "弟弟",
                Other => "其他",
            };
            let part = |id: Option<entity::id::RegionId>| id.map_or("", |id| regions[&id].name.as_str());
            let (address, phone) = if at == 0 {
                (home.address.clone().unwrap_or_default(), open(&home.phone))
            } else {
                Default::default()
            };
            let cells = [
                regions[&home.village_id].name.as_str(),
                part(home.group_id),
                part(home.grid_id),
                &home.number,
                &person.name,
                relation,
                &open(&person.identity_number),
                &open(&person.phone),
                &address,
                &phone,
            ];
            sheet.push_str(&cells.join(","));
            sheet.push('\n');
        }
    }
    sheet
}

#[tokio::test]
async fn three_thousand_households_come_into_a_fresh_database_and_again_in_the_same_state() {
    let world = World::demo().await;
    let sheet = whole_sheet(&world).await;
    let place = Place::empty().await;
    let regions = region::Entity::find().all(world.state.db.read()).await.expect("regions");
    let mut text = "code,name,kind\n".to_owned();
    for row in &regions {
        let kind = sea_orm::ActiveEnum::to_value(&row.kind);
        writeln!(text, "{},{},{kind}", row.code.0, row.name).expect("a line");
    }
    place.regions(&text).await;
    let began = Instant::now();
    let report = place.take(&sheet).await;
    sound(&report);
    assert_eq!(counts(&report), [3635, 0, 0, 0]);
    let rows = u64::try_from(sheet.lines().count() - 1).expect("a number");
    assert_eq!(report.sheets[0].rows, rows);
    eprintln!("{rows} rows: {:?}", began.elapsed());
    let (households, members, log) = place.state().await;
    assert_eq!((households.len(), members.len() as u64), (3635, rows));
    assert!(log >= rows + 3635, "a line for each");
    let made = entity::change::Entity::find()
        .filter(entity::change::Column::Entity.eq("household"))
        .all(place.db.read())
        .await
        .expect("lines");
    assert!(made.iter().all(|line| line.kind == ChangeKind::Created && line.request_id == "import"));
    assert!(made[0].content["number"].is_string() && made[0].content.get("address").is_none());
    let report = place.take(&sheet).await;
    assert_eq!(counts(&report), [0, 0, 3635, 0]);
    assert_eq!(place.state().await, (households, members, log));
}

#[tokio::test]
async fn who_is_signed_in_takes_in_the_own_place_and_others_answer_as_if_they_did_not_exist() {
    let world = World::demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("户.csv");
    let sheet = "村,户编号,姓名,与户主关系\n530304101200,X1,甲,户主\n361021108200,X1,乙,户主\n";
    std::fs::write(&path, sheet).expect("a file");
    let admin = hand(&world, "town-admin").await;
    let report = take(&world, &admin, &path).await;
    assert_eq!(told(&report), [(3, "村", "village")]);
    std::fs::write(&path, sheet.lines().take(2).collect::<Vec<_>>().join("\n")).expect("a file");
    let report = take(&world, &admin, &path).await;
    sound(&report);
    let line = entity::change::Entity::find()
        .order_by_desc(entity::change::Column::Sequence)
        .one(world.state.db.read())
        .await
        .expect("a line")
        .expect("a line");
    assert_eq!((line.actor.is_some(), line.request_id.as_str()), (true, "a-request"));
    let contact = hand(&world, "contact").await;
    let report = take(&world, &contact, &path).await;
    assert_eq!(told(&report), [(2, "村", "village")], "a contact brings in no sheets");
    let out = folder.path().join("out.csv");
    let db = &world.state.db;
    assert!(roster::export(&contact, db, Kind::Households, "530304101200", &out, &|_| ()).await.is_err());
    assert!(roster::export(&admin, db, Kind::Households, "361021108", &out, &|_| ()).await.is_err());
    assert!(!out.exists());
    assert!(roster::export(&admin, db, Kind::Households, "530304101200", &out, &|_| ()).await.is_ok());
}
