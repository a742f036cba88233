//! Keys of integrations: made and shown once, taken and refused, with scopes, a region, addresses and a budget of their own.

use chrono::{DateTime, Duration, Utc};
use entity::{api_key, id};
use lianhu_tests::{Actor, Answer, World};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

const MADE: &str = "apiKey { id name scopes addresses costPerMinute expiresAt lastUsedAt revokedAt version
  region { code } account { name } createdBy { name } } secret";
const ASK: &str = "{ regions(first: 1, where: { code: { eq: \"530304\" } }) { nodes { name } } }";
const HOUSEHOLDS: &str = "{ households(first: 1) { nodes { id } } }";

/// The id of a region by its code.
async fn region(actor: &Actor, code: &str) -> Value {
    let found = actor.get(&format!("{{ region(by: {{ code: \"{code}\" }}) {{ id }} }}")).await;
    found["region"]["id"].clone()
}

async fn integration(actor: &Actor) -> Value {
    actor.get("{ account(by: { name: \"integration\" }) { id } }").await["account"]["id"].clone()
}

fn in_days(world: &World, days: i64) -> String {
    let moment: DateTime<Utc> = world.state.clock.now().0 + Duration::days(days);
    moment.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// What makes a key for the integration of the demonstration, with some of it changed.
async fn wanted(world: &World, admin: &Actor, other: Value) -> Value {
    let mut input = json!({
        "accountId": integration(admin).await,
        "name": "county platform",
        "scopes": ["HOUSEHOLD", "STATISTICS"],
        "regionId": region(admin, "530304101").await,
        "expiresAt": in_days(world, 300),
    });
    for (field, value) in other.as_object().expect("fields") {
        input[field] = value.clone();
    }
    input
}

async fn create(admin: &Actor, input: Value) -> Value {
    admin.change("apiKeyCreate", "ApiKeyCreateInput", MADE, input).await
}

/// A new key, and who comes in by it.
async fn made(world: &World, admin: &Actor, other: Value) -> (Value, Actor) {
    let made = create(admin, wanted(world, admin, other).await).await;
    let secret = made["secret"].as_str().unwrap_or_else(|| panic!("a secret: {made}"));
    (made["apiKey"].clone(), world.anyone().bearing(secret))
}

fn assert_refused(answer: &Answer) {
    assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"), "{}", answer.body);
    let message = answer.body["errors"][0]["message"].as_str().unwrap_or_default();
    assert!(message.starts_with("The key is not valid"), "one answer for all that is wrong: {message}");
}

async fn revoke(admin: &Actor, key: &Value) -> Value {
    let input = json!({"id": key["id"], "expectedVersion": key["version"]});
    admin.change("apiKeyRevoke", "ApiKeyRevokeInput", "apiKey { revokedAt version }", input).await
}

#[tokio::test]
async fn a_key_is_shown_once_and_opens_until_it_is_revoked() {
    let world = World::demo().await;
    let admin = world.actor("county-admin").await;
    let mut input = wanted(&world, &admin, json!({})).await;
    input["idempotencyKey"] = json!(lianhu_tests::key());
    let first = create(&admin, input.clone()).await;
    assert_eq!(first["errors"], json!([]));
    let key = &first["apiKey"];
    assert_eq!(key["scopes"], json!(["STATISTICS", "HOUSEHOLD"]));
    assert_eq!(
        [&key["region"]["code"], &key["account"]["name"], &key["createdBy"]["name"]],
        ["530304101", "integration", "county-admin"]
    );
    assert_eq!(
        [&key["addresses"], &key["costPerMinute"], &key["lastUsedAt"]],
        [&json!([]), &json!(60000), &Value::Null]
    );
    let secret = first["secret"].as_str().expect("a secret");
    let suffix = key["id"].as_str().expect("an id").trim_start_matches("apikey_");
    assert!(secret.starts_with(&format!("lh_{suffix}_")) && secret.len() == 73, "{secret}");
    let again = create(&admin, input).await;
    assert_eq!((&again["replayed"], &again["secret"]), (&json!(true), &Value::Null));
    assert_eq!(again["apiKey"]["id"], key["id"], "the same key, without its secret");
    let row = api_key::Entity::find().one(world.state.db.read()).await.expect("rows").expect("a row");
    assert!(!row.secret_hash.windows(8).any(|part| secret.as_bytes().windows(8).any(|same| same == part)));

    let system = world.anyone().bearing(secret);
    assert!(system.get(ASK).await["regions"]["nodes"].is_array());
    let ended = revoke(&admin, key).await;
    assert!(ended["apiKey"]["revokedAt"].is_string(), "{ended}");
    assert_refused(&system.ask(ASK, json!({})).await);
    let twice = revoke(&admin, &json!({"id": key["id"], "version": ended["apiKey"]["version"]})).await;
    assert_eq!(twice["errors"][0]["code"], "STATE");
}

#[tokio::test]
async fn whatever_is_wrong_with_a_key_is_answered_alike() {
    let world = World::demo().await;
    let admin = world.actor("county-admin").await;
    let (key, system) = made(&world, &admin, json!({"expiresAt": in_days(&world, 2)})).await;
    let secret = system.access.clone().expect("a key");
    let end = if secret.ends_with('A') { "B" } else { "A" };
    let (_, other) = made(&world, &admin, json!({"name": "another"})).await;
    let other = other.access.expect("a key");
    let swapped = format!("{}{}", &secret[..30], &other[30..]);
    for wrong in [
        format!("{}{end}", &secret[..secret.len() - 1]),
        swapped,
        secret[..40].to_owned(),
        "lh_".to_owned(),
        "lh_x_y".to_owned(),
        format!(
            "lh_{}_{}",
            id::spell("apikey", uuid::Uuid::now_v7()).trim_start_matches("apikey_"),
            &secret[30..]
        ),
    ] {
        assert_refused(&world.anyone().bearing(wrong).ask(ASK, json!({})).await);
    }
    let (_, elsewhere) =
        made(&world, &admin, json!({"name": "third", "addresses": ["203.0.113.7", "10.1.2.3/8"]})).await;
    assert_refused(&elsewhere.ask(ASK, json!({})).await);
    let (_, here) = made(&world, &admin, json!({"name": "fourth", "addresses": ["127.0.0.1"]})).await;
    here.get(ASK).await;
    system.get(ASK).await;
    world.state.clock.shift(Duration::days(3));
    assert_refused(&system.ask(ASK, json!({})).await);
    here.get(ASK).await;
    assert!(key["expiresAt"].is_string());
    crate::identity::disable(&world, "integration").await;
    assert_refused(&here.ask(ASK, json!({})).await);
}

#[tokio::test]
async fn two_keys_of_a_name_live_at_once_so_that_one_can_replace_the_other() {
    let world = World::demo().await;
    let admin = world.actor("county-admin").await;
    let (old, by_old) = made(&world, &admin, json!({})).await;
    let (_, by_new) = made(&world, &admin, json!({})).await;
    by_old.get(ASK).await;
    by_new.get(ASK).await;
    let third = create(&admin, wanted(&world, &admin, json!({})).await).await;
    assert_eq!(third["errors"][0]["code"], "LIMIT", "{third}");
    assert_eq!(third["secret"], Value::Null);
    revoke(&admin, &old).await;
    made(&world, &admin, json!({})).await;
    let listed = admin
        .get("{ account(by: { name: \"integration\" }) {
          all: apiKeys(first: 10) { totalCount nodes { name } }
          live: apiKeys(first: 10, where: { live: true, name: { eq: \"county platform\" } }) { totalCount } } }")
        .await;
    assert_eq!([&listed["account"]["all"]["totalCount"], &listed["account"]["live"]["totalCount"]], [3, 2]);
}

#[tokio::test]
async fn twenty_keys_that_are_made_at_once_leave_two() {
    let world = World::demo().await;
    let admin = world.actor("county-admin").await;
    let input = wanted(&world, &admin, json!({})).await;
    let all = futures_util::future::join_all((0..20).map(|_| create(&admin, input.clone()))).await;
    let made = all.iter().filter(|one| one["secret"].is_string()).count();
    assert_eq!(made, 2);
}

#[tokio::test]
async fn a_key_is_made_only_for_an_integration_within_its_region_and_for_a_year_at_most() {
    let world = World::demo().await;
    let admin = world.actor("county-admin").await;
    let rule = async |other: Value| {
        let refused = create(&admin, wanted(&world, &admin, other).await).await;
        assert_eq!(refused["apiKey"], Value::Null);
        let error = &refused["errors"][0];
        (error["rule"].as_str().unwrap_or_default().to_owned(), error["path"].clone())
    };
    let path = |field: &str| json!(["input", field]);
    let leader = admin.get("{ account(by: { name: \"leader\" }) { id } }").await["account"]["id"].clone();
    assert_eq!(rule(json!({"accountId": leader})).await, ("integration-grant".to_owned(), path("accountId")));
    let afar = region(&admin, "361021108").await;
    assert_eq!(rule(json!({"regionId": afar})).await, ("within-grant".to_owned(), path("regionId")));
    assert_eq!(rule(json!({"scopes": []})).await, ("required".to_owned(), path("scopes")));
    assert_eq!(rule(json!({"name": "  "})).await, ("required".to_owned(), path("name")));
    assert_eq!(
        rule(json!({"expiresAt": in_days(&world, 370)})).await,
        ("expiry".to_owned(), path("expiresAt"))
    );
    assert_eq!(
        rule(json!({"expiresAt": in_days(&world, -1)})).await,
        ("expiry".to_owned(), path("expiresAt"))
    );
    assert_eq!(rule(json!({"costPerMinute": 10})).await, ("cost".to_owned(), path("costPerMinute")));
    let at = json!(["input", "addresses", "1"]);
    assert_eq!(rule(json!({"addresses": ["::1", "10.0.0.0/40"]})).await, ("address".to_owned(), at));
    let town = world.actor("town-admin").await;
    let mut input = wanted(&world, &admin, json!({})).await;
    input["accountId"] = integration(&admin).await;
    let refused = create(&town, input).await;
    assert_eq!(
        refused["errors"][0]["code"], "NOT_FOUND",
        "an account of the county is out of sight of the town"
    );
}

#[tokio::test]
async fn a_key_only_reads_and_has_nothing_of_its_own() {
    let world = World::demo().await;
    let admin = world.actor("county-admin").await;
    let (_, system) = made(&world, &admin, json!({})).await;
    let seen =
        system.get("{ viewer { account { name } permissions } accounts(first: 5) { nodes { id } } }").await;
    assert_eq!(seen["viewer"], json!({"account": null, "permissions": []}));
    assert_eq!(seen["accounts"]["nodes"], json!([]));
    let input = wanted(&world, &admin, json!({"idempotencyKey": lianhu_tests::key()})).await;
    let create = "mutation($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { secret } }";
    let refused = system.ask(create, json!({"input": input})).await;
    assert_eq!(refused.code(), "FORBIDDEN", "{}", refused.body);
}

#[tokio::test]
async fn the_last_use_is_written_once_a_minute() {
    let world = World::demo().await;
    let admin = world.actor("county-admin").await;
    let (key, system) = made(&world, &admin, json!({})).await;
    let id = key["id"].as_str().expect("an id").to_owned();
    let used = async || {
        let seen = admin
            .get(&format!("{{ node(id: \"{id}\") {{ ... on ApiKey {{ lastUsedAt version }} }} }}"))
            .await;
        assert_eq!(seen["node"]["version"], 1, "a use is no change");
        seen["node"]["lastUsedAt"].as_str().map(str::to_owned)
    };
    let settled = async |before: Option<String>| {
        for _ in 0..100 {
            let now = used().await;
            if now != before {
                return now;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        before
    };
    assert_eq!(used().await, None);
    system.get(ASK).await;
    let first = settled(None).await;
    assert!(first.is_some());
    system.get(ASK).await;
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!(used().await, first, "not twice in a minute");
    world.state.clock.shift(Duration::seconds(61));
    system.get(ASK).await;
    assert_ne!(settled(first.clone()).await, first);
}

#[tokio::test]
async fn a_key_pays_from_a_budget_of_its_own() {
    let world = World::with(|config| config.graphql.max_cost = 1000).await;
    let admin = world.actor("county-admin").await;
    let (key, system) = made(&world, &admin, json!({"costPerMinute": 1000})).await;
    let (_, other) = made(&world, &admin, json!({"name": "another", "costPerMinute": 1000})).await;
    let dear = "{ regions(first: 100) { nodes { households(first: 4) { nodes { id } } } } }";
    let answers = [
        system.ask(dear, json!({})).await,
        system.ask(dear, json!({})).await,
        system.ask(dear, json!({})).await,
    ];
    assert_eq!(answers[0].code(), "");
    assert_eq!(answers[2].code(), "RATE_LIMITED", "{}", answers[2].body);
    other.get(ASK).await;
    admin.get(ASK).await;
    let input = json!({"id": key["id"], "expectedVersion": 1, "costPerMinute": 100_000});
    let raised =
        admin.change("apiKeyUpdate", "ApiKeyUpdateInput", "apiKey { costPerMinute version }", input).await;
    assert_eq!(raised["apiKey"], json!({"costPerMinute": 100_000, "version": 2}));
    system.get(ASK).await;
}

#[tokio::test]
async fn a_key_without_a_scope_for_it_sees_no_household() {
    let world = World::demo().await;
    let admin = world.actor("county-admin").await;
    let (_, system) = made(&world, &admin, json!({"scopes": ["STAFF"]})).await;
    assert_eq!(system.get(HOUSEHOLDS).await["households"]["nodes"], json!([]));
}

#[tokio::test]
async fn a_key_sees_what_its_scopes_say_and_no_more() {
    let world = World::demo().await;
    let admin = world.actor("county-admin").await;
    let asked = "{ households(first: 1, orderBy: { field: NUMBER, direction: ASC }) { nodes {
          number headName address phoneMasked phone memberCount tags { code } members(first: 1) { nodes { name } } redactedFields } }
        byName: households(first: 1, orderBy: { field: HEAD_NAME, direction: ASC }) { nodes { number } }
        enterprises(first: 1) { nodes { name contactPerson status } }
        cadres(first: 1) { nodes { name } } contactAssignments(first: 1) { nodes { id } }
        coverage(region: { code: \"530304101\" }) { households { numerator denominator } villages { denominator } } }";
    let sees = async |scopes: Value| {
        let (_, system) = made(&world, &admin, json!({"scopes": scopes, "name": scopes.to_string()})).await;
        system.get(asked).await
    };
    let statistics = sees(json!(["STATISTICS"])).await;
    assert_eq!(statistics["coverage"]["households"]["denominator"], 3635);
    assert!(statistics["coverage"]["villages"]["denominator"].as_i64() > Some(0));
    for list in ["households", "byName", "enterprises", "cadres", "contactAssignments"] {
        assert_eq!(statistics[list]["nodes"], json!([]), "{list}");
    }
    let plain = sees(json!(["HOUSEHOLD"])).await;
    let one = &plain["households"]["nodes"][0];
    assert!(one["number"].is_string() && one["memberCount"].is_number() && one["tags"].is_array(), "{one}");
    for hidden in ["headName", "address", "phoneMasked", "phone", "members"] {
        assert!(one[hidden].is_null(), "{hidden}: {one}");
        assert!(one["redactedFields"].as_array().is_some_and(|all| all.contains(&json!(hidden))), "{hidden}");
    }
    assert_eq!(plain["byName"]["nodes"], json!([]), "an order by names tells names");
    let personal = sees(json!(["HOUSEHOLD_PERSONAL"])).await;
    let one = &personal["households"]["nodes"][0];
    assert!(one["headName"].is_string() && one["members"]["nodes"][0]["name"].is_string(), "{one}");
    assert!(one["phone"].is_null());
    let firms = sees(json!(["ENTERPRISE"])).await;
    let firm = &firms["enterprises"]["nodes"][0];
    assert!(
        firm["name"].is_string() && firm["status"].is_string() && firm["contactPerson"].is_null(),
        "{firm}"
    );
    let firms = sees(json!(["ENTERPRISE_PERSONAL"])).await;
    assert!(firms["enterprises"]["nodes"][0]["contactPerson"].is_string(), "{firms}");
    let staff = sees(json!(["STAFF"])).await;
    assert!(staff["cadres"]["nodes"][0]["name"].is_string(), "{staff}");
    assert_eq!(staff["households"]["nodes"], json!([]));
    let held = sees(json!(["ASSIGNMENT"])).await;
    assert!(held["contactAssignments"]["nodes"][0]["id"].is_string(), "{held}");
    let search = "{ search(text: \"王\", kinds: [HOUSEHOLD], first: 3) { nodes { matched } } }";
    let (_, system) = made(&world, &admin, json!({"name": "search", "scopes": ["HOUSEHOLD"]})).await;
    assert_eq!(system.get(search).await["search"]["nodes"], json!([]), "a search by names tells names");
}

#[tokio::test]
async fn a_system_is_told_counts_in_whole_steps_and_small_ones_as_none() {
    let world = World::demo().await;
    let admin = world.actor("county-admin").await;
    let (_, system) = made(&world, &admin, json!({})).await;
    let count = async |actor: &Actor, condition: &str| {
        let seen = actor.get(&format!("{{ regions(first: 1, where: {condition}) {{ totalCount }} }}")).await;
        seen["regions"]["totalCount"].as_i64().expect("a number")
    };
    let (villages, one) = ("{ kind: { eq: VILLAGE } }", "{ code: { eq: \"530304101\" } }");
    let exact = count(&admin, villages).await;
    assert!(exact > 5);
    assert_eq!(count(&system, villages).await, exact - exact % 5);
    assert_eq!((count(&admin, one).await, count(&system, one).await), (1, 0));
    let exactly = World::with(|config| config.privacy.smallest_cell = 0).await;
    let admin = exactly.actor("county-admin").await;
    let (_, system) = made(&exactly, &admin, json!({})).await;
    assert_eq!((count(&system, villages).await, count(&system, one).await), (exact, 1));
}
