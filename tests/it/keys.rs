//! The key ring: keys change while people go on working, and nothing is lost by it.

use chrono::Duration;
use entity::{change, enterprise, household, id::HouseholdId, kind::KeyPurpose, member, ring_key};
use futures_util::future::{join_all, try_join_all};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use lianhu::{
    State,
    config::{Config, DatabaseUrl},
    kernel::{
        error::Error,
        ring::{
            self, KEPT, KeyState,
            change::{Tools, reseal, tend},
            sealed::{self, SEALED},
        },
    },
};
use lianhu_tests::{Actor, World, ground, ground::Ground};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, PaginatorTrait, Set};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time,
};

const PHONES: &str =
    "{ contactAssignments(first: 100, where: { live: true, kind: { eq: HOUSEHOLD }, isPrimary: true }) {
    nodes { household { id version phone } } } }";
const OTHER: [u8; 32] = *b"another secret, of 32 bytes also";

fn tools(world: &World) -> Tools<'_> {
    let state = &world.state;
    Tools { db: &state.db, vault: &state.vault, clock: &state.clock }
}

async fn begin(world: &World, purpose: KeyPurpose) -> Option<ring_key::Model> {
    let state = &world.state;
    let begun = ring::begin(&state.db, &state.vault, purpose, Duration::zero(), state.clock.now()).await;
    begun.expect("the ring may be changed")
}

/// What the upkeep of a server does by itself.
async fn upkeep(world: &World) {
    tend(tools(world), world.state.config.identity.signing_key_life).await.expect("done");
}

/// What each server does every few seconds.
async fn look(world: &World) {
    ring::refresh(&world.state.db, &world.state.vault, world.state.clock.now())
        .await
        .expect("the ring is read");
}

async fn keys(world: &World) -> Vec<ring_key::Model> {
    ring::all(world.state.db.read()).await.expect("the ring")
}

async fn states(world: &World, purpose: KeyPurpose) -> Vec<(i16, KeyState)> {
    let now = world.state.clock.now();
    let of_purpose = keys(world).await.into_iter().filter(|key| key.purpose == purpose);
    of_purpose.map(|key| (key.id, ring::state(&key, now).0)).collect()
}

async fn sealed_by(world: &World) -> BTreeMap<i16, u64> {
    sealed::count(&world.state.db).await.expect("a count")
}

/// Every sealed value, opened, with the version of its record. Fails the test if its hash is not that of the number.
async fn opened(world: &World) -> BTreeMap<String, (String, i32)> {
    let (db, vault) = (world.state.db.read(), &world.state.vault);
    let mut all = BTreeMap::new();
    let mut add = |name: String, sealed: Option<Vec<u8>>, hash: Option<Vec<u8>>, version| {
        let Some(sealed) = sealed else { return };
        let text = vault.open(&sealed).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(hash.as_ref(), Some(&vault.fingerprint(&text)), "{name} is found by its number");
        all.insert(name, (text, version));
    };
    for row in household::Entity::find().all(db).await.expect("rows") {
        add(format!("{} phone", row.id), row.phone, row.phone_hash, row.version);
    }
    for row in member::Entity::find().all(db).await.expect("rows") {
        add(format!("{} phone", row.id), row.phone, row.phone_hash, row.version);
        add(format!("{} number", row.id), row.identity_number, row.identity_number_hash, row.version);
    }
    for row in enterprise::Entity::find().all(db).await.expect("rows") {
        add(format!("{} phone", row.id), row.phone, row.phone_hash, row.version);
    }
    assert!(all.len() > 10_000, "the demonstration has numbers: {}", all.len());
    all
}

async fn changes(world: &World) -> u64 {
    change::Entity::find().count(world.state.db.read()).await.expect("a count")
}

/// The households of a contact, with their numbers.
async fn phones(actor: &Actor) -> Vec<Value> {
    let seen = actor.get(PHONES).await;
    let seen = seen["contactAssignments"]["nodes"].as_array().expect("a list");
    let seen: Vec<_> = seen.iter().map(|one| one["household"].clone()).collect();
    let shown = seen.iter().filter(|one| one["phone"].is_string()).count();
    assert!(shown > 40, "a contact sees telephone numbers: {shown}");
    seen
}

/// A server over the same database.
async fn beside(world: &World) -> World {
    World::over(Arc::clone(&world.ground), |_| ()).await
}

#[tokio::test]
async fn after_a_change_of_the_sealing_key_all_numbers_are_shown_and_found_and_the_old_key_goes() {
    let world = World::demo().await;
    let (other, late) = (beside(&world).await, beside(&world).await);
    let (before, lines) = (opened(&world).await, changes(&world).await);
    let contact = world.actor("contact").await;
    let shown = phones(&contact).await;
    let total: u64 = sealed_by(&world).await.values().sum();

    let next = begin(&world, KeyPurpose::Seal).await.expect("a next key");
    assert_eq!(next.id, 2);
    assert!(begin(&other, KeyPurpose::Seal).await.is_none(), "a next one is there already");
    look(&world).await;
    look(&other).await;
    upkeep(&world).await;
    assert_eq!(sealed_by(&world).await, BTreeMap::from([(1, total)]), "its moment has not come");
    let known = world.state.vault.seal("13800000000").expect("sealed");
    assert_eq!(known[0], 1);

    for world in [&world, &other, &late] {
        world.state.clock.shift(Duration::minutes(1));
    }
    upkeep(&world).await;
    assert_eq!(sealed_by(&world).await, BTreeMap::from([(2, total)]));
    assert_eq!(states(&world, KeyPurpose::Seal).await, [(1, KeyState::Retiring), (2, KeyState::Active)]);
    // The other server read the key ahead of its moment; the third has not, says so, and has it after its next look.
    assert_eq!(phones(&other.actor("contact").await).await, shown);
    let third = late.actor("contact").await;
    let refused = third.ask(PHONES, json!({})).await;
    assert_eq!(refused.code(), "OVERLOADED", "{}", refused.body);
    look(&late).await;
    assert_eq!(phones(&third).await, shown);
    assert_eq!(opened(&late).await, before, "no number and no version changed");
    assert_eq!(changes(&world).await, lines);

    upkeep(&world).await;
    assert_eq!(
        states(&world, KeyPurpose::Seal).await[0],
        (1, KeyState::Retiring),
        "somebody may still use it"
    );
    world.state.clock.shift(KEPT);
    upkeep(&world).await;
    assert_eq!(states(&world, KeyPurpose::Seal).await, [(1, KeyState::Removed), (2, KeyState::Active)]);
    let gone = keys(&world).await.into_iter().find(|key| key.purpose == KeyPurpose::Seal && key.id == 1);
    assert_eq!(gone.expect("its line stays").wrapped, None, "the key itself is erased");
    look(&world).await;
    assert!(world.state.vault.open(&known).is_err(), "and nobody holds it any more");
    let fresh = beside(&world).await;
    assert_eq!(opened(&fresh).await, before);
    assert_eq!(phones(&fresh.actor("contact").await).await, shown);
}

#[tokio::test]
async fn a_change_that_was_interrupted_is_finished_by_another_server() {
    let world = World::demo().await;
    let other = beside(&world).await;
    let before = opened(&world).await;
    begin(&world, KeyPurpose::Seal).await.expect("a next key");
    for world in [&world, &other] {
        world.state.clock.shift(Duration::minutes(1));
    }
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let mut stop = (Some(stop), 0);
    let work = reseal(tools(&world), time::Duration::from_millis(20), |rows| {
        stop.1 += rows;
        if stop.1 >= 3000 {
            _ = stop.0.take().map(|stop| stop.send(()));
        }
    });
    tokio::select! {
        done = work => panic!("it was to be interrupted: {done:?}"),
        _ = stopped => {}
    }
    let halfway = sealed_by(&world).await;
    assert!(halfway[&1] > 1000 && halfway[&2] > 1000, "{halfway:?}");
    upkeep(&other).await;
    assert_eq!(sealed_by(&world).await, halfway, "whoever was at it might still be");
    other.state.clock.shift(Duration::minutes(2));
    upkeep(&other).await;
    assert_eq!(sealed_by(&world).await.into_keys().collect::<Vec<_>>(), [2]);
    assert_eq!(opened(&other).await, before);

    // The next change removes what this one has left.
    other.state.clock.shift(KEPT);
    assert_eq!(begin(&other, KeyPurpose::Seal).await.map(|key| key.id), Some(3));
    other.state.clock.shift(Duration::minutes(1));
    upkeep(&other).await;
    assert_eq!(sealed_by(&world).await.into_keys().collect::<Vec<_>>(), [3]);
    let stand = [(1, KeyState::Removed), (2, KeyState::Retiring), (3, KeyState::Active)];
    assert_eq!(states(&other, KeyPurpose::Seal).await, stand);
    assert_eq!(opened(&other).await, before);
}

#[tokio::test]
async fn what_is_written_during_a_change_stays_written() {
    let world = World::demo().await;
    let slow = beside(&world).await;
    let contact = slow.actor("contact").await;
    let mine = phones(&contact).await;
    begin(&world, KeyPurpose::Seal).await.expect("a next key");
    world.state.clock.shift(Duration::minutes(1));
    // The slow server goes on with the former key, as long as it has not looked.
    let mut written = BTreeMap::new();
    let writing = async {
        for (at, household) in mine.iter().enumerate() {
            let phone = format!("139{at:08}");
            let input =
                json!({"id": household["id"], "expectedVersion": household["version"], "phone": phone});
            let done =
                contact.change("householdUpdate", "HouseholdUpdateInput", "household { phone }", input).await;
            assert_eq!(done["household"]["phone"], json!(phone), "{done}");
            written.insert(household["id"].as_str().expect("an id").to_owned(), phone);
        }
    };
    let work = reseal(tools(&world), time::Duration::from_millis(2), |_| ());
    let (swept, ()) = tokio::join!(work, writing);
    assert!(swept.expect("it goes on").anew > 10_000);
    look(&slow).await;
    slow.state.clock.shift(Duration::minutes(1) + KEPT);
    world.state.clock.shift(KEPT);
    for _ in 0..2 {
        upkeep(&world).await;
        world.state.clock.shift(Duration::minutes(2));
    }
    assert_eq!(sealed_by(&world).await.into_keys().collect::<Vec<_>>(), [2]);
    assert_eq!(states(&world, KeyPurpose::Seal).await[0], (1, KeyState::Removed));
    look(&slow).await;
    let all = opened(&slow).await;
    for household in &mine {
        let id = household["id"].as_str().expect("an id");
        let version = i32::try_from(household["version"].as_i64().expect("a version")).expect("small");
        assert_eq!(all[&format!("{id} phone")], (written[id].clone(), version + 1), "{id}");
    }
}

#[tokio::test]
async fn a_token_outlives_the_change_of_the_key_that_signed_it_but_not_that_key() {
    let world = World::with(|config| config.identity.access = time::Duration::from_hours(1)).await;
    let kid = |actor: &Actor| {
        let token = actor.access.as_deref().expect("a token");
        decode_header(token).expect("a header").kid.expect("a kid")
    };
    let earlier = world.actor("leader").await;
    let next = begin(&world, KeyPurpose::Sign).await.expect("a next key");
    look(&world).await;
    assert_eq!(kid(&world.actor("leader").await), kid(&earlier), "the next key does not sign yet");
    world.state.clock.shift(next.active_from.0 - next.created_at.0 + Duration::seconds(1));
    look(&world).await;
    let later = world.actor("leader").await;
    assert!(kid(&earlier).starts_with("1-") && kid(&later).starts_with("2-"), "{}", kid(&later));
    let households = "{ households(first: 1) { totalCount } }";
    for actor in [&earlier, &later] {
        assert_eq!(actor.get(households).await["households"]["totalCount"], 3635);
    }
    world.state.clock.shift(Duration::minutes(45));
    upkeep(&world).await;
    assert_eq!(states(&world, KeyPurpose::Sign).await, [(1, KeyState::Retiring), (2, KeyState::Active)]);
    earlier.get(households).await;

    // Removed before its time, by hand.
    let first = keys(&world).await.into_iter().find(|key| key.purpose == KeyPurpose::Sign && key.id == 1);
    let mut first = first.expect("the first key").into_active_model();
    first.wrapped = Set(None);
    first.removed_at = Set(Some(world.state.clock.now()));
    first.update(world.state.db.write()).await.expect("removed");
    look(&world).await;
    let refused = earlier.ask(households, json!({})).await;
    assert_eq!((refused.status, refused.code()), (401, "UNAUTHENTICATED"), "it was known, and is no longer");
    later.get(households).await;
}

#[tokio::test]
async fn a_signing_key_that_has_done_its_days_is_replaced_once_however_many_servers_there_are() {
    let world = World::demo().await;
    let others = join_all((0..3).map(|_| beside(&world))).await;
    let all: Vec<_> = others.iter().chain([&world]).collect();
    let shift = |by| all.iter().for_each(|world| world.state.clock.shift(by));
    shift(Duration::days(89));
    join_all(all.iter().map(|world| upkeep(world))).await;
    assert_eq!(states(&world, KeyPurpose::Sign).await, [(1, KeyState::Active)]);
    shift(Duration::days(2));
    for _ in 0..2 {
        join_all(all.iter().map(|world| upkeep(world))).await;
    }
    assert_eq!(states(&world, KeyPurpose::Sign).await, [(1, KeyState::Active), (2, KeyState::Next)]);
    shift(Duration::minutes(20) + KEPT);
    join_all(all.iter().map(|world| upkeep(world))).await;
    assert_eq!(states(&world, KeyPurpose::Sign).await, [(1, KeyState::Removed), (2, KeyState::Active)]);
    let never = World::with(|config| config.identity.signing_key_life = time::Duration::ZERO).await;
    never.state.clock.shift(Duration::days(10_000));
    upkeep(&never).await;
    assert_eq!(states(&never, KeyPurpose::Sign).await, [(1, KeyState::Active)]);
}

#[tokio::test]
async fn anybody_can_check_a_token_by_the_published_keys() {
    let world = World::demo().await;
    begin(&world, KeyPurpose::Sign).await.expect("a next key");
    look(&world).await;
    let at = format!("http://{}/.well-known/jwks.json", world.address);
    let answer = reqwest::get(&at).await.expect("an answer");
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["cache-control"]),
        (200, &"public, max-age=300".parse().expect("a value"))
    );
    let body: Value = answer.json().await.expect("JSON");
    let listed = body["keys"].as_array().expect("keys");
    assert_eq!(listed.len(), 2, "the one in use and the next: {body}");
    for key in listed {
        let fixed = ["kty", "crv", "alg", "use"].map(|name| key[name].as_str().unwrap_or_default());
        assert_eq!(fixed, ["OKP", "Ed25519", "EdDSA", "sig"]);
        assert_eq!(key.as_object().map(serde_json::Map::len), Some(6), "nothing besides: {key}");
    }
    let set: JwkSet = serde_json::from_value(body).expect("a set of keys");
    let token = world.actor("leader").await.access.expect("a token");
    let kid = decode_header(&token).expect("a header").kid.expect("a kid");
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&["lianhu"]);
    validation.set_audience(&["lianhu-api"]);
    let check = |key| decode::<Value>(&token, &DecodingKey::from_jwk(key).expect("a key"), &validation);
    for key in &set.keys {
        let is_its = key.common.key_id.as_deref() == Some(&*kid);
        assert_eq!(check(key).is_ok(), is_its, "{key:?}");
    }
    assert!(set.find(&kid).is_some());
}

async fn start(ground: &Ground, secret: &[u8; 32]) -> Result<State, Error> {
    let mut config = Config::default();
    config.database.url = DatabaseUrl::new(ground.url());
    State::open(config, secret).await
}

fn assert_wrong_secret(started: Result<State, Error>) {
    let Err(Error::Fault(fault)) = started else { panic!("another secret does not open the ring") };
    assert!(fault.zh.contains("主密钥") && fault.en.contains("master secret"), "{fault:?}");
    assert!(fault.zh.contains("secret.key") && fault.en.contains("secret.key"), "{fault:?}");
}

#[tokio::test]
async fn a_wrong_master_secret_is_told_at_the_start_and_spoils_nothing() {
    let ground = Ground::demo().await;
    assert_wrong_secret(start(&ground, &OTHER).await);
    let right = start(&ground, &ground::SECRET).await.unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(
        ring::all(right.db.read()).await.expect("the ring").len(),
        4,
        "only the right one fills the ring"
    );
    assert_wrong_secret(start(&ground, &OTHER).await);
}

#[tokio::test]
async fn servers_that_start_at_once_end_with_one_ring() {
    let ground = Ground::demo().await;
    let states = try_join_all((0..4).map(|_| start(&ground, &ground::SECRET))).await;
    let states = states.unwrap_or_else(|error| panic!("{error:?}"));
    let sealed = states[0].vault.seal("13800000000").expect("sealed");
    for state in &states {
        assert_eq!(ring::all(state.db.read()).await.expect("the ring").len(), KeyPurpose::all().count());
        assert_eq!(state.vault.open(&sealed).expect("it opens"), "13800000000");
        assert_eq!(state.vault.fingerprint("x"), states[0].vault.fingerprint("x"));
    }
}

#[tokio::test]
async fn the_master_secret_is_changed_at_once_and_the_former_opens_nothing_more() {
    let world = World::demo().await;
    let before = opened(&world).await;
    begin(&world, KeyPurpose::Sign).await.expect("a next key");
    let now = world.state.clock.now();
    let wrong = ring::rewrap(&world.state.db, &OTHER, &OTHER, now).await;
    assert!(matches!(wrong, Err(Error::Fault(_))), "{wrong:?}");
    let wrapped = ring::rewrap(&world.state.db, &ground::SECRET, &OTHER, now).await;
    assert_eq!(wrapped.unwrap_or_else(|error| panic!("{error:?}")), 5);
    assert_wrong_secret(start(&world.ground, &ground::SECRET).await);
    // Who was running goes on reading and writing, but makes no key that the others could not open.
    assert_eq!(opened(&world).await, before);
    let begun =
        ring::begin(&world.state.db, &world.state.vault, KeyPurpose::Seal, Duration::zero(), now).await;
    assert!(matches!(begun, Err(Error::Fault(_))), "{begun:?}");
    let fresh = start(&world.ground, &OTHER).await.unwrap_or_else(|error| panic!("{error:?}"));
    let some = household::Entity::find_by_id(some_household(&world).await).one(fresh.db.read()).await;
    let some = some.expect("an answer").expect("a household");
    assert_eq!(
        fresh.vault.open(&some.phone.expect("a number")).expect("it opens"),
        before[&format!("{} phone", some.id)].0
    );
}

async fn some_household(world: &World) -> HouseholdId {
    let rows = household::Entity::find().all(world.state.db.read()).await.expect("rows");
    rows.into_iter().find(|row| row.phone.is_some()).expect("a household with a number").id
}

#[tokio::test]
async fn a_wrapped_key_is_good_only_in_its_own_place() {
    let world = World::demo().await;
    let ring = keys(&world).await;
    let of = |purpose| ring.iter().find(|key| key.purpose == purpose).expect("a key").clone();
    let (seal, sign) = (of(KeyPurpose::Seal), of(KeyPurpose::Sign));
    let mut moved = sign.into_active_model();
    moved.wrapped = Set(seal.wrapped);
    moved.update(world.state.db.write()).await.expect("moved");
    assert_wrong_secret(start(&world.ground, &ground::SECRET).await);
}

/// Columns of bytes that are not sealed, hashes and keys that are wrapped; and those that are gone within the hour.
const PLAIN: &[(&str, &str)] = &[
    // Tells of a file, not what is in it.
    ("attachment", "sha256"),
    ("access_anchor", "hash"),
    ("card_token", "hash"),
    ("handout", "sealed"),
    ("sign_on", "sealed"),
    ("access_seal", "hash"),
    ("idempotency", "fingerprint"),
    ("one_time_code", "hash"),
    ("recovery_code", "hash"),
    ("refresh_token", "hash"),
    ("refresh_token", "replaced_by"),
    ("ring_key", "wrapped"),
];

#[test]
fn every_column_of_bytes_is_sealed_and_in_the_table_or_said_to_be_plain() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../entity/src");
    let named = |table: &str, column: &str| (table.to_owned(), column.to_owned());
    let (mut documented, mut plain) = (BTreeSet::new(), BTreeSet::new());
    for file in std::fs::read_dir(folder).expect("the entities") {
        let path = file.expect("a file").path();
        if path.is_dir() {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a text");
        let table = text.split_once("table_name = \"").and_then(|(_, rest)| rest.split_once('"'));
        let Some((table, _)) = table else { continue };
        let mut is_sealed = false;
        for line in text.lines().map(str::trim) {
            let field = line.strip_prefix("pub ").and_then(|line| line.split_once(": "));
            match field {
                Some((column, kind)) if kind.contains("Vec<u8>") && is_sealed => {
                    documented.insert(named(table, column));
                }
                Some((column, kind)) if kind.contains("Vec<u8>") && !column.ends_with("_hash") => {
                    plain.insert(named(table, column));
                }
                _ => {}
            }
            is_sealed = line.starts_with("/// Sealed") || is_sealed && line.starts_with("//");
        }
    }
    let listed =
        SEALED.iter().flat_map(|(table, _, columns)| columns.iter().map(move |column| named(table, column)));
    assert_eq!(
        documented,
        listed.collect(),
        "what is documented as sealed is sealed anew when the key changes"
    );
    assert_eq!(plain, PLAIN.iter().map(|(table, column)| named(table, column)).collect());
}
