//! Cards of households: filling and issuing them, their codes, signing in by one, printing a village's.

mod sheet;
mod sign_in;

use entity::{account, card_token, change, contact_card, id::CardId, id::HouseholdId, kind::CardKind};
use lianhu_tests::{Actor, World, ground};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};

const GROUP: &str = "530304101200001";
const PHONE: &str = "13887417701";
const PROMISE: &str = "每月上门一次，有事随叫随到";
const CARD: &str =
    "card { id version kind filledOn issuedOn replacedOn voidSince promise basics householdWord
  contact { id } household { id cardIssuedOn } viewerCan { keep { allowed } revokeToken { allowed } } }";

fn today() -> String {
    ground::today().to_string()
}

async fn cadre_of(world: &World, name: &str) -> String {
    let found = account::Entity::find().filter(account::Column::Name.eq(name));
    let found = found.one(world.state.db.read()).await.expect("a row").expect("an account");
    found.cadre_id.expect("a cadre").to_string()
}

async fn assign(world: &World, household: &Value, name: &str) -> Value {
    let input = json!({"kind": "HOUSEHOLD", "householdId": household, "cadreId": cadre_of(world, name).await,
                       "isPrimary": true, "startsOn": today()});
    let admin = world.actor("town-admin").await;
    let made = admin.change("assignmentCreate", "AssignmentCreateInput", "assignment { id version }", input);
    let made = made.await;
    assert_eq!(made["errors"], json!([]), "{made}");
    made["assignment"].clone()
}

/// A household that was just registered, and the assignment of its contact.
async fn home(world: &World, number: &str) -> (Value, Value) {
    let admin = world.actor("town-admin").await;
    let group = admin.get(&format!("{{ region(by: {{ code: \"{GROUP}\" }}) {{ id }} }}")).await;
    let input = json!({"regionId": group["region"]["id"], "number": number, "address": "大竹园 88 号", "phone": PHONE,
                       "members": [{"name": "卡户主", "relation": "HEAD"}]});
    let made = admin.change("householdCreate", "HouseholdCreateInput", "household { id }", input).await;
    assert_eq!(made["errors"], json!([]), "{made}");
    let home = made["household"]["id"].clone();
    let duty = assign(world, &home, "contact").await;
    (home, duty)
}

async fn fill(actor: &Actor, household: &Value, kind: &str, more: Value) -> Value {
    let mut input = json!({"householdId": household, "kind": kind});
    input.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    actor.change("cardFill", "CardFillInput", CARD, input).await
}

async fn issue(actor: &Actor, household: &Value, kind: &str) -> Value {
    actor.change("cardIssue", "CardIssueInput", CARD, json!({"householdId": household, "kind": kind})).await
}

async fn revoke(actor: &Actor, household: &Value) -> Value {
    let input = json!({"householdId": household});
    actor.change("cardTokenRevoke", "CardTokenRevokeInput", "household { id }", input).await
}

fn code(refused: &Value) -> &str {
    refused["errors"][0]["code"].as_str().unwrap_or_default()
}

fn uuid(id: &Value) -> uuid::Uuid {
    entity::id::read(id.as_str().expect("an id")).expect("an id").1
}

/// The good token of a household, as it is sealed in the database.
async fn token(world: &World, household: &Value) -> String {
    let own = card_token::Entity::find()
        .filter(card_token::Column::HouseholdId.eq(HouseholdId(uuid(household))))
        .filter(card_token::Column::RevokedAt.is_null());
    let own = own.one(world.state.db.read()).await.expect("a row").expect("a good token");
    world.state.vault.open(&own.token.expect("kept")).expect("ours")
}

/// What a file over HTTP answers: status, type, bytes.
async fn file(world: &World, actor: &Actor, path: &str) -> (u16, String, Vec<u8>) {
    let mut request = reqwest::Client::new().get(format!("http://{}{path}", world.address));
    if let Some(token) = &actor.access {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.expect("an answer");
    let kind = answer.headers()["content-type"].to_str().expect("a type").to_owned();
    (answer.status().as_u16(), kind, answer.bytes().await.expect("a body").to_vec())
}

/// What the code in a picture says.
pub(crate) fn scanned(png: &[u8]) -> String {
    let decoder = png::Decoder::new(std::io::Cursor::new(png));
    let mut reader = decoder.read_info().expect("a picture");
    let mut bits = vec![0; reader.output_buffer_size().expect("a size")];
    let frame = reader.next_frame(&mut bits).expect("its dots");
    let (width, height) = (frame.width as usize, frame.height as usize);
    let dot = |x: usize, y: usize| {
        let byte = bits[y * frame.line_size + x / 8];
        if byte & (0x80 >> (x % 8)) == 0 { 0 } else { 255 }
    };
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, dot);
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1, "one code");
    grids[0].decode().expect("it is read").1
}

#[tokio::test]
async fn a_contact_fills_and_issues_a_card_and_the_two_are_told_apart() {
    let world = World::demo().await;
    let (home, duty) = home(&world, "卡-1").await;
    let contact = world.actor("contact").await;
    let made = fill(&contact, &home, "CONTACT", json!({"promise": format!(" {PROMISE} ")})).await;
    let card = &made["card"];
    assert_eq!(made["errors"], json!([]), "{made}");
    assert_eq!((&card["filledOn"], &card["issuedOn"]), (&json!(today()), &Value::Null));
    assert_eq!((&card["promise"], &card["contact"]), (&json!(PROMISE), &Value::Null));
    assert_eq!(card["viewerCan"], json!({"keep": {"allowed": true}, "revokeToken": {"allowed": true}}));
    let again = fill(&contact, &home, "CONTACT", json!({})).await;
    assert_eq!((code(&again), &again["errors"][0]["existing"]), ("DUPLICATE", &card["id"]));

    let issued = issue(&contact, &home, "CONTACT").await["card"].clone();
    assert_eq!((&issued["id"], &issued["issuedOn"]), (&card["id"], &json!(today())));
    assert_eq!((&issued["contact"]["id"], &issued["voidSince"]), (&duty["id"], &Value::Null));
    assert_eq!(issued["household"]["cardIssuedOn"], today());
    assert_eq!(code(&issue(&contact, &home, "CONTACT").await), "STATE");

    // Handed out blank, and filled later.
    let blank = issue(&contact, &home, "REGISTER").await["card"].clone();
    assert_eq!((&blank["filledOn"], &blank["issuedOn"]), (&Value::Null, &json!(today())));
    let told =
        fill(&contact, &home, "REGISTER", json!({"basics": "两人务工", "householdWord": "满意"})).await;
    assert_eq!((&told["card"]["id"], &told["card"]["filledOn"]), (&blank["id"], &json!(today())));
    assert_eq!(
        (&told["card"]["basics"], &told["card"]["householdWord"]),
        (&json!("两人务工"), &json!("满意"))
    );

    let lines = change::Entity::find().filter(change::Column::Entity.is_in([CardId::PREFIX, "cardtoken"]));
    let lines = lines.all(world.state.db.read()).await.expect("the log");
    assert_eq!(lines.len(), 5, "two for each card, one for the token");
    assert!(lines.iter().all(|line| line.village_id.is_some()), "each says where its record stands");
    let told = format!("{lines:?}");
    assert!(!told.contains(PROMISE) && !told.contains("两人务工"), "the log keeps no text");
}

#[tokio::test]
async fn what_belongs_on_the_other_card_is_refused_and_a_change_keeps_what_it_does_not_name() {
    let world = World::demo().await;
    let (home, _) = home(&world, "卡-2").await;
    let worker = world.actor("town-admin").await;
    let refused =
        fill(&worker, &home, "CONTACT", json!({"basics": "务农", "promise": "长".repeat(501)})).await;
    let rules: Vec<_> =
        refused["errors"].as_array().expect("errors").iter().map(|one| &one["rule"]).collect();
    assert_eq!(rules, ["length", "card-kind"]);
    let made =
        fill(&worker, &home, "REGISTER", json!({"basics": "务农", "householdWord": "满意"})).await["card"]
            .clone();
    let update = async |input: Value| worker.change("cardUpdate", "CardUpdateInput", CARD, input).await;
    let changed = update(
        json!({"id": made["id"], "expectedVersion": made["version"], "householdWord": null, "basics": "养蚕"}),
    );
    let changed = changed.await["card"].clone();
    assert_eq!((&changed["basics"], &changed["householdWord"]), (&json!("养蚕"), &Value::Null));
    let late = update(json!({"id": made["id"], "expectedVersion": made["version"], "basics": "养鱼"})).await;
    assert_eq!((code(&late), &late["errors"][0]["changedFields"]), ("CONFLICT", &json!(["basics", "word"])));
    let wrong =
        update(json!({"id": made["id"], "expectedVersion": changed["version"], "promise": "常来"})).await;
    assert_eq!(wrong["errors"][0]["rule"], "card-kind");
}

#[tokio::test]
async fn who_does_not_answer_for_the_household_keeps_no_card_of_it() {
    let world = World::demo().await;
    let (home, _) = home(&world, "卡-3").await;
    let admin = world.actor("town-admin").await;
    let made = fill(&admin, &home, "CONTACT", json!({"promise": PROMISE})).await["card"].clone();
    let look = "query($card: ID!, $home: ID!) {
        node(id: $card) { id } household(by: { id: $home }) { cardIssuedOn contactCards { totalCount } } }";
    let look = async |actor: &Actor| actor.ask(look, json!({"card": made["id"], "home": home})).await.ok();
    for (name, refusal, sees) in [
        ("leader", "FORBIDDEN", 1),
        ("dispatcher", "FORBIDDEN", 0),
        ("wanfang-contact", "NOT_FOUND", -1),
        ("resident", "NOT_FOUND", -1),
        ("nobody", "NOT_FOUND", -1),
    ] {
        let actor = world.actor(name).await;
        for refused in [
            fill(&actor, &home, "REGISTER", json!({})).await,
            issue(&actor, &home, "CONTACT").await,
            revoke(&actor, &home).await,
        ] {
            assert_eq!(code(&refused), refusal, "{name}: {refused}");
        }
        let seen = look(&actor).await;
        assert_eq!(seen["node"].is_null(), sees < 1, "{name}: {seen}");
        assert_eq!(seen["household"]["contactCards"]["totalCount"].as_i64().unwrap_or(-1), sees, "{name}");
    }
    assert_eq!(code(&revoke(&world.actor("grid-worker").await, &home).await), "NOT_FOUND", "another grid");
}

#[tokio::test]
async fn a_hand_over_voids_the_card_and_not_its_code() {
    let world = World::demo().await;
    let (home, duty) = home(&world, "卡-4").await;
    let admin = world.actor("town-admin").await;
    let first = issue(&admin, &home, "CONTACT").await["card"].clone();
    let before = token(&world, &home).await;
    let without = async |without: bool| {
        let asked = format!(
            "{{ households(where: {{ number: {{ eq: \"卡-4\" }}, withoutCard: {without} }}) {{ totalCount }} }}"
        );
        admin.get(&asked).await["households"]["totalCount"].clone()
    };
    assert_eq!((without(true).await, without(false).await), (json!(0), json!(1)));

    let end = json!({"id": duty["id"], "expectedVersion": duty["version"], "reason": "调离"});
    let ended = admin.change("assignmentEnd", "AssignmentEndInput", "replayed", end).await;
    assert_eq!(ended["errors"], json!([]), "{ended}");
    let card = "query($id: ID!) { node(id: $id) { ... on ContactCard { version voidSince replacedOn household { cardIssuedOn } } } }";
    let void = admin.ask(card, json!({"id": first["id"]})).await.ok()["node"].clone();
    assert_eq!((&void["voidSince"], &void["replacedOn"]), (&json!(today()), &Value::Null));
    assert_eq!(void["household"]["cardIssuedOn"], Value::Null);
    assert_eq!((without(true).await, without(false).await), (json!(1), json!(0)));
    let late = json!({"id": first["id"], "expectedVersion": void["version"], "promise": "常来"});
    assert_eq!(code(&admin.change("cardUpdate", "CardUpdateInput", CARD, late).await), "STATE");
    let nobody = issue(&admin, &home, "CONTACT").await;
    assert_eq!(nobody["errors"][0]["rule"], "no-contact", "nobody whom a card could name: {nobody}");

    let next = assign(&world, &home, "town-contact").await;
    let second = issue(&admin, &home, "CONTACT").await["card"].clone();
    assert_ne!(second["id"], first["id"]);
    assert_eq!(second["contact"]["id"], next["id"]);
    let gone = admin.ask(card, json!({"id": first["id"]})).await.ok()["node"].clone();
    assert_eq!(gone["replacedOn"], today());
    assert_eq!(token(&world, &home).await, before, "the code is the same");
    let cards = "query($home: ID!) { household(by: { id: $home }) {
        all: contactCards { nodes { id } } current: contactCards(where: { current: true }) { nodes { id } } } }";
    let cards = admin.ask(cards, json!({"home": home})).await.ok()["household"].clone();
    assert_eq!(cards["all"]["nodes"].as_array().map(Vec::len), Some(2));
    assert_eq!(cards["current"]["nodes"], json!([{"id": second["id"]}]));
}

#[tokio::test]
async fn the_code_of_a_card_leads_to_the_address_of_the_service_and_is_for_who_may_issue_it() {
    let world =
        World::with(|config| config.http.public_address = "https://lianhu.example.gov.cn/".to_owned()).await;
    let (home, _) = home(&world, "卡-5").await;
    let contact = world.actor("contact").await;
    let card = issue(&contact, &home, "CONTACT").await["card"]["id"].clone();
    let at = |kind: &str| format!("/cards/{}/qr.{kind}", card.as_str().expect("an id"));
    let (status, kind, png) = file(&world, &contact, &at("png")).await;
    assert_eq!((status, kind.as_str()), (200, "image/png"));
    let token = token(&world, &home).await;
    assert_eq!(scanned(&png), format!("https://lianhu.example.gov.cn/c/{token}"));
    let (status, kind, svg) = file(&world, &contact, &at("svg")).await;
    assert_eq!((status, kind.as_str()), (200, "image/svg+xml"));
    assert!(String::from_utf8(svg).expect("a text").starts_with("<svg "));
    for (name, expected) in
        [("leader", 403), ("dispatcher", 404), ("wanfang-contact", 404), ("town-admin", 200)]
    {
        let (status, _, body) = file(&world, &world.actor(name).await, &at("png")).await;
        assert_eq!(status, expected, "{name}");
        assert!(status == 200 || !String::from_utf8_lossy(&body).contains(&token), "{name}");
    }
    assert_eq!(file(&world, &world.anyone(), &at("svg")).await.0, 401);
    assert_eq!(file(&world, &contact, "/cards/card_7/qr.svg").await.0, 404);

    // Whoever holds the card finds the household by it, if it is theirs to see.
    let by = "query($token: String!) { household(by: { cardToken: $token }) { id } }";
    let found = async |actor: &Actor, token: &str| {
        actor.ask(by, json!({"token": token})).await.ok()["household"].clone()
    };
    assert_eq!(found(&contact, &token).await["id"], home);
    assert_eq!(found(&world.actor("wanfang-contact").await, &token).await, Value::Null);
    assert_eq!(found(&world.anyone(), &token).await, Value::Null);
    assert_eq!(revoke(&contact, &home).await["errors"], json!([]));
    assert_eq!(found(&contact, &token).await, Value::Null, "it was revoked");
    let (_, _, png) = file(&world, &contact, &at("png")).await;
    assert!(!scanned(&png).contains(&token), "another is good from now on");
}

#[tokio::test]
async fn cards_filled_and_issued_are_counted_by_region_in_one_statement() {
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let (home, _) = home(&world, "卡-6").await;
    issue(&admin, &home, "CONTACT").await;
    let db = world.state.db.read();
    let all = contact_card::Entity::find().filter(contact_card::Column::ReplacedOn.is_null()).all(db).await;
    let all = all.expect("cards");
    let homes = entity::household::Entity::find().all(db).await.expect("households");
    let town = admin.get("{ region(by: { code: \"530304101\" }) { id } }").await["region"]["id"].clone();
    let count = |kind: CardKind, village: Option<&str>| {
        let of = all.iter().filter(|card| {
            let home = homes.iter().find(|home| home.id == card.household_id).expect("its household");
            let at = village
                .map_or(home.township_id.to_string() == town, |one| home.village_id.to_string() == one);
            card.kind == kind && at && home.status == entity::kind::HouseholdStatus::Resident
        });
        let (filled, issued): (Vec<_>, Vec<_>) = of.map(|card| (card.filled_on, card.issued_on)).unzip();
        let number =
            |days: Vec<Option<_>>| u64::try_from(days.into_iter().flatten().count()).expect("a number");
        (number(filled), number(issued))
    };
    let asked = "{ cardCounts(region: { code: \"530304101\" }) { counts { kind filled issued }
        parts { region { id } counts { kind filled issued } } } }";
    let told = admin.get(asked).await["cardCounts"].clone();
    let told_of = |counts: &Value| {
        let counts = counts.as_array().expect("counts").clone();
        let one = |kind: &str| {
            let count = counts.iter().find(|count| count["kind"] == kind).expect("each kind");
            (count["filled"].as_u64().expect("a number"), count["issued"].as_u64().expect("a number"))
        };
        (one("CONTACT"), one("REGISTER"))
    };
    let expected = (count(CardKind::Contact, None), count(CardKind::Register, None));
    assert_eq!(told_of(&told["counts"]), expected);
    assert!(
        expected.0.0 > 2000 && expected.0.1 < expected.0.0,
        "most are filled, fewer issued: {expected:?}"
    );
    let parts = told["parts"].as_array().expect("parts");
    assert_eq!(parts.len(), 5, "its villages");
    let village = parts[3]["region"]["id"].as_str().expect("a village");
    let expected = (count(CardKind::Contact, Some(village)), count(CardKind::Register, Some(village)));
    assert_eq!(told_of(&parts[3]["counts"]), expected);
    let other = world.actor("wanfang-contact").await.get(asked).await["cardCounts"].clone();
    assert_eq!(told_of(&other["counts"]), ((0, 0), (0, 0)), "none of theirs");

    let narrow = asked.replace("530304101", GROUP);
    let (_, whole) = world.statements(admin.get(asked)).await;
    let (_, part) = world.statements(admin.get(&narrow)).await;
    assert!(whole <= part + 1, "the regions that are named, and nothing besides: {whole}, {part}");
}
