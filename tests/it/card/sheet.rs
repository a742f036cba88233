//! Printing the cards of a village.

use super::{file, home, issue};
use entity::{
    access_line, access_subject, assignment, cadre, card_token, contact_card, household,
    kind::{AccessAction, CardKind},
};
use lianhu_tests::{Actor, World};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use std::collections::HashSet;

const VILLAGE: &str = "530304101200";

async fn region(actor: &Actor, code: &str) -> String {
    let found = actor.get(&format!("{{ region(by: {{ code: \"{code}\" }}) {{ id }} }}")).await;
    found["region"]["id"].as_str().expect("an id").to_owned()
}

fn path(region: &str) -> String {
    format!("/cards/sheet?region={region}")
}

fn cards(html: &str) -> usize {
    html.matches("<article class=\"card\">").count()
}

/// Households of a village that have a card to be left with them.
async fn carded(world: &World, village: &str) -> Vec<household::Model> {
    let db = world.state.db.read();
    let cards = contact_card::Entity::find()
        .filter(contact_card::Column::Kind.eq(CardKind::Contact))
        .filter(contact_card::Column::ReplacedOn.is_null());
    let cards: HashSet<_> =
        cards.all(db).await.expect("cards").into_iter().map(|card| card.household_id).collect();
    let homes = household::Entity::find().all(db).await.expect("households");
    homes
        .into_iter()
        .filter(|home| home.village_id.to_string() == village && cards.contains(&home.id))
        .collect()
}

#[tokio::test]
async fn a_sheet_has_every_card_of_the_village_and_asks_nothing_of_anybody() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let village = region(&admin, VILLAGE).await;
    let homes = carded(&world, &village).await;
    assert!(homes.len() > 200, "a village: {}", homes.len());
    let (status, kind, html) = file(&world, &admin, &path(&village)).await;
    let html = String::from_utf8(html).expect("a text");
    assert_eq!((status, kind.as_str()), (200, "text/html; charset=utf-8"), "{html}");
    assert_eq!(cards(&html), homes.len());
    assert_eq!(html.matches("<svg ").count(), homes.len());
    for home in &homes {
        assert!(html.contains(&home.number) && html.contains(&home.head_name), "{}", home.number);
    }
    let db = world.state.db.read();
    let duty = assignment::Entity::find()
        .filter(assignment::Column::HouseholdId.eq(homes[0].id))
        .filter(assignment::Column::IsPrimary.eq(true))
        .filter(assignment::Column::EndsOn.is_null());
    let duty = duty.one(db).await.expect("a row").expect("a contact");
    let contact = cadre::Entity::find_by_id(duty.cadre_id.expect("a cadre")).one(db).await;
    let contact = contact.expect("a row").expect("the cadre");
    let phone = contact.work_phone.expect("a telephone on duty");
    assert!(html.contains(&contact.name) && html.contains(&phone), "who to call");
    for outside in ["src=", "href=", "url(", "<script", "@import", "<link"] {
        assert!(!html.contains(outside), "{outside}");
    }
    assert!(html.ends_with("</body></html>\n"), "the whole page");
    // Codes are drawn: no token is to be read, and no telephone of a household.
    for home in homes.iter().filter(|home| home.phone.is_some()).take(10) {
        let own = card_token::Entity::find().filter(card_token::Column::HouseholdId.eq(home.id));
        let own = own.one(db).await.expect("a row").expect("a token");
        let token = world.state.vault.open(&own.token.expect("kept")).expect("ours");
        let phone = world.state.vault.open(home.phone.as_ref().expect("a telephone")).expect("ours");
        assert!(!html.contains(&token) && !html.contains(&phone), "{}", home.number);
    }
}

#[tokio::test]
async fn whose_names_go_out_on_a_sheet_stands_in_the_access_log() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let village = region(&admin, VILLAGE).await;
    let homes: HashSet<_> = carded(&world, &village).await.into_iter().map(|home| home.id).collect();
    assert_eq!(file(&world, &admin, &path(&village)).await.0, 200);
    let db = world.state.db.read();
    let lines = access_line::Entity::find().filter(access_line::Column::Action.eq(AccessAction::Export));
    let lines = lines.all(db).await.expect("the log");
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].fields, serde_json::json!(["Household.headName"]));
    let subjects = access_subject::Entity::find().filter(access_subject::Column::LineId.eq(lines[0].id));
    let subjects = subjects.all(db).await.expect("the log");
    assert_eq!(subjects.iter().filter_map(|one| one.household_id).collect::<HashSet<_>>(), homes);
}

#[tokio::test]
async fn a_sheet_takes_as_many_statements_for_a_village_as_for_a_group() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let (village, group) = (region(&admin, VILLAGE).await, region(&admin, super::GROUP).await);
    // What is the same for both is known after the first time.
    file(&world, &admin, &path(&group)).await;
    let ((_, _, few), part) = world.statements(file(&world, &admin, &path(&group))).await;
    let ((_, _, many), whole) = world.statements(file(&world, &admin, &path(&village))).await;
    let number = |html: &[u8]| cards(&String::from_utf8_lossy(html));
    assert!(number(&many) > 4 * number(&few).max(1), "{} and {}", number(&many), number(&few));
    // Lines of the log go in by 1024, 256 and 64.
    assert!(whole <= part + 4 && part < 16, "{whole} and {part}");
}

#[tokio::test]
async fn a_sheet_is_for_who_may_issue_the_cards_and_has_those_alone() {
    let world = World::demo().await;
    let (contact, admin) = (world.actor("contact").await, world.actor("town-admin").await);
    let (own, _) = home(&world, "卡-<b>&").await;
    issue(&contact, &own, "CONTACT").await;
    let village = region(&admin, VILLAGE).await;
    let (status, _, html) = file(&world, &contact, &path(&village)).await;
    let html = String::from_utf8(html).expect("a text");
    assert_eq!(status, 200);
    assert!(html.contains("卡-&lt;b&gt;&amp;") && !html.contains("卡-<b>"), "what is written is no markup");
    let theirs = "{ households(where: { region: REGION }, first: 100) { nodes { number contactCards(where: { current: true, kind: { eq: CONTACT } }) { totalCount } } } }";
    let theirs = contact.get(&theirs.replace("REGION", &format!("\"{village}\""))).await;
    let theirs = theirs["households"]["nodes"].as_array().expect("households");
    let theirs = theirs.iter().filter(|home| home["contactCards"]["totalCount"] == 1).count();
    assert_eq!(cards(&html), theirs, "the own households alone");
    for (name, expected) in
        [("leader", 403), ("dispatcher", 403), ("wanfang-contact", 403), ("resident", 403)]
    {
        let (status, _, body) = file(&world, &world.actor(name).await, &path(&village)).await;
        assert_eq!(status, expected, "{name}: {}", String::from_utf8_lossy(&body));
    }
    assert_eq!(file(&world, &world.anyone(), &path(&village)).await.0, 401);
    let town = region(&admin, "530304101").await;
    assert_eq!(file(&world, &admin, &path(&town)).await.0, 400, "a town is too much for a page");
    assert_eq!(file(&world, &admin, "/cards/sheet").await.0, 400);
}
