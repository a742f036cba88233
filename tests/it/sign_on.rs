//! Signing in by an outer service: the good way, whatever can be wrong with a token, and identities of accounts.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Duration;
use entity::{change, sign_on};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use lianhu::config::ClientSecret;
use lianhu_tests::{
    Actor, World,
    issuer::{CLIENT, CLIENT_SECRET, Change, Forge, Issuer},
};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

const BACK: &str = "cn.example.lianhu:/back";
const START: &str = "mutation($input: SignOnStartInput!) { signOnStart(input: $input) {
  authorizationUrl state expiresAt errors { code path ... on ValidationError { rule } } } }";
const FINISH: &str = "mutation($input: SignOnFinishInput!) { signOnFinish(input: $input) {
  session { account { name } } accessToken refreshToken errors { code path message } } }";
const LINK: &str = "mutation($input: IdentityLinkStartInput!) { identityLinkStart(input: $input) {
  authorizationUrl state errors { code } } }";
const LINKED: &str = "mutation($input: IdentityLinkFinishInput!) { identityLinkFinish(input: $input) {
  accountIdentity { id issuer subject version account { name } } errors { code } } }";

async fn world(algorithm: Algorithm) -> (World, Issuer) {
    let issuer = Issuer::start(algorithm).await;
    let address = issuer.address.clone();
    let world = World::with(|config| {
        config.oidc.issuer = Some(address);
        config.oidc.client_id = Some(CLIENT.to_owned());
        config.oidc.client_secret = Some(ClientSecret::new(CLIENT_SECRET));
        config.oidc.redirect_uris = vec![BACK.to_owned()];
    })
    .await;
    issuer.set_clock(world.state.clock.now().0.timestamp());
    (world, issuer)
}

async fn start(world: &World) -> (String, String) {
    let begun =
        world.anyone().ask(START, json!({"input": {"redirectUri": BACK, "device": "a tablet"}})).await.ok();
    let begun = &begun["signOnStart"];
    assert_eq!(begun["errors"], json!([]), "{begun}");
    let text = |field: &str| begun[field].as_str().expect("a text").to_owned();
    (text("authorizationUrl"), text("state"))
}

async fn finish(world: &World, state: &str, code: &str) -> Value {
    let input = json!({"input": {"state": state, "code": code}});
    world.anyone().ask(FINISH, input).await.ok()["signOnFinish"].clone()
}

/// The whole way, to whatever it comes to.
async fn sign_on(world: &World, issuer: &Issuer) -> Value {
    let (url, state) = start(world).await;
    let (code, returned) = issuer.visit(&url).await;
    assert_eq!(returned, state);
    finish(world, &state, &code).await
}

fn code_of(payload: &Value) -> &str {
    payload["errors"][0]["code"].as_str().unwrap_or_default()
}

async fn account(admin: &Actor, name: &str) -> Value {
    let query = "query($name: String!) { account(by: { name: $name }) { id } }";
    admin.ask(query, json!({"name": name})).await.ok()["account"]["id"].clone()
}

async fn link(admin: &Actor, account: Value, subject: &str) -> Value {
    let input = json!({"accountId": account, "subject": subject});
    let shown = "accountIdentity { id issuer subject version account { name } }";
    admin.change("accountIdentityAdd", "AccountIdentityAddInput", shown, input).await
}

async fn add(admin: &Actor, name: &str, subject: &str) -> Value {
    link(admin, account(admin, name).await, subject).await
}

async fn assert_signed_in(world: &World, payload: &Value, name: &str) {
    assert_eq!(payload["errors"], json!([]), "{payload}");
    assert_eq!(payload["session"]["account"]["name"], name);
    let token = payload["accessToken"].as_str().expect("a token");
    let seen = world.anyone().bearing(token).get("{ viewer { account { name } } }").await;
    assert_eq!(seen["viewer"]["account"]["name"], name);
}

#[tokio::test]
async fn somebody_whom_the_service_vouches_for_signs_in_by_a_key_of_each_kind() {
    for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
        let (world, issuer) = world(algorithm).await;
        let info = world.anyone().get("{ signOn { enabled name } }").await;
        assert_eq!(info["signOn"], json!({"enabled": true, "name": "统一认证"}));
        let unknown = sign_on(&world, &issuer).await;
        assert_eq!(code_of(&unknown), "UNKNOWN_IDENTITY", "{unknown}");
        let admin = world.actor("county-admin").await;
        let linked = add(&admin, "leader", "person-1").await;
        assert_eq!(linked["accountIdentity"]["issuer"], issuer.address.as_str(), "{linked}");
        assert_signed_in(&world, &sign_on(&world, &issuer).await, "leader").await;
        assert_eq!(issuer.asked_for_keys(), 1, "they are remembered");
    }
}

#[tokio::test]
async fn a_token_that_is_not_about_this_sign_on_is_refused() {
    let (world, issuer) = world(Algorithm::ES256).await;
    let admin = world.actor("county-admin").await;
    add(&admin, "leader", "person-1").await;
    let now = world.state.clock.now().0.timestamp();
    let set = |field: &'static str, value: Value| -> Change {
        Box::new(move |_: &mut Header, claims: &mut Value| claims[field] = value.clone())
    };
    let wrong: Vec<(&str, Change)> = vec![
        ("nonce", set("nonce", json!("another"))),
        ("no nonce", Box::new(|_, claims| drop(claims.as_object_mut().expect("claims").remove("nonce")))),
        ("aud", set("aud", json!("another"))),
        ("several aud without azp", set("aud", json!([CLIENT, "another"]))),
        ("azp", set("azp", json!("another"))),
        ("iss", set("iss", json!("https://sso.example.org"))),
        ("exp", set("exp", json!(now - 61))),
        ("exp as a text", set("exp", json!("9999999999"))),
        ("iat to come", set("iat", json!(now + 120))),
        ("iat long ago", set("iat", json!(now - 3600))),
        ("sub", set("sub", json!(""))),
        ("another key", Box::new(|header, _| header.kid = Some("third".to_owned()))),
    ];
    for (what, change) in wrong {
        issuer.change(Some(change));
        let refused = sign_on(&world, &issuer).await;
        assert_eq!(code_of(&refused), "SIGN_ON_FAILED", "{what}: {refused}");
        assert_eq!(refused["accessToken"], Value::Null);
    }
    let right: Vec<(&str, Change)> = vec![
        ("a little late", set("exp", json!(now - 30))),
        (
            "several aud and azp",
            Box::new(|_, claims| {
                claims["aud"] = json!([CLIENT, "another"]);
                claims["azp"] = json!(CLIENT);
            }),
        ),
        ("no key id", Box::new(|header, _| header.kid = None)),
    ];
    for (what, change) in right {
        issuer.change(Some(change));
        let signed = sign_on(&world, &issuer).await;
        assert_eq!(code_of(&signed), "", "{what}: {signed}");
    }
}

/// A token with another header and no signature, or one by the public key.
fn forged(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(header), part(claims))
}

#[tokio::test]
async fn a_token_without_a_signature_or_signed_by_the_public_key_is_refused() {
    let (world, issuer) = world(Algorithm::RS256).await;
    let admin = world.actor("county-admin").await;
    add(&admin, "leader", "person-1").await;
    let forgeries: Vec<(&str, Forge)> = vec![
        ("alg none", Box::new(|_, claims, _| forged(&json!({"alg": "none", "kid": "first"}), claims, ""))),
        (
            "no signature",
            Box::new(|_, claims, _| forged(&json!({"alg": "RS256", "kid": "first"}), claims, "")),
        ),
        (
            "HS256 by the modulus",
            Box::new(|_, claims, public| {
                let mut header = Header::new(Algorithm::HS256);
                header.kid = Some("first".to_owned());
                let secret =
                    URL_SAFE_NO_PAD.decode(public["n"].as_str().expect("a modulus")).expect("base64");
                encode(&header, claims, &EncodingKey::from_secret(&secret)).expect("a token")
            }),
        ),
        (
            "HS256 by the key as it is published",
            Box::new(|_, claims, public| {
                let mut header = Header::new(Algorithm::HS256);
                header.kid = Some("first".to_owned());
                encode(&header, claims, &EncodingKey::from_secret(public.to_string().as_bytes()))
                    .expect("a token")
            }),
        ),
        ("nothing like a token", Box::new(|_, _, _| "a.b.c".to_owned())),
    ];
    for (what, forge) in forgeries {
        issuer.forge(Some(forge));
        let refused = sign_on(&world, &issuer).await;
        assert_eq!(code_of(&refused), "SIGN_ON_FAILED", "{what}: {refused}");
    }
    issuer.forge(None);
    assert_signed_in(&world, &sign_on(&world, &issuer).await, "leader").await;
}

#[tokio::test]
async fn state_and_code_are_good_for_one_return_and_belong_together() {
    let (world, issuer) = world(Algorithm::EdDSA).await;
    let admin = world.actor("county-admin").await;
    add(&admin, "leader", "person-1").await;
    let (url, state) = start(&world).await;
    let (code, _) = issuer.visit(&url).await;
    assert_signed_in(&world, &finish(&world, &state, &code).await, "leader").await;
    let again = finish(&world, &state, &code).await;
    assert_eq!(
        (code_of(&again), &again["errors"][0]["path"]),
        ("SIGN_ON_FAILED", &json!(["input", "state"]))
    );

    let (first, first_state) = start(&world).await;
    let (_, second_state) = start(&world).await;
    let (first_code, _) = issuer.visit(&first).await;
    let mixed = finish(&world, &second_state, &first_code).await;
    assert_eq!(code_of(&mixed), "SIGN_ON_FAILED", "the verifier of the other does not fit: {mixed}");
    let used = finish(&world, &first_state, &first_code).await;
    assert_eq!(code_of(&used), "SIGN_ON_FAILED", "the code was shown already");

    let (url, state) = start(&world).await;
    let (code, _) = issuer.visit(&url).await;
    assert_eq!(code_of(&finish(&world, "another state", &code).await), "SIGN_ON_FAILED");
    world.state.clock.shift(Duration::minutes(11));
    issuer.set_clock(world.state.clock.now().0.timestamp());
    assert_eq!(code_of(&finish(&world, &state, &code).await), "SIGN_ON_FAILED", "ten minutes are over");
    start(&world).await;
    world.state.clock.shift(Duration::minutes(11));
    let cleared = lianhu::account::sign_on::clear(&world.state.db, world.state.clock.now()).await;
    assert_eq!(cleared.expect("cleared"), 1);
    let left = sign_on::Entity::find().all(world.state.db.read()).await.expect("rows");
    assert!(left.is_empty());
}

#[tokio::test]
async fn a_new_key_of_the_service_is_taken_at_once_and_the_old_one_no_longer() {
    let (world, issuer) = world(Algorithm::RS256).await;
    let admin = world.actor("county-admin").await;
    add(&admin, "leader", "person-1").await;
    assert_signed_in(&world, &sign_on(&world, &issuer).await, "leader").await;
    world.state.clock.shift(Duration::seconds(11));
    issuer.rotate(Algorithm::ES256);
    assert_signed_in(&world, &sign_on(&world, &issuer).await, "leader").await;
    assert_eq!(issuer.asked_for_keys(), 2);
    for _ in 0..3 {
        issuer.change(Some(Box::new(|header, _| header.kid = Some("first".to_owned()))));
        assert_eq!(code_of(&sign_on(&world, &issuer).await), "SIGN_ON_FAILED");
    }
    assert_eq!(issuer.asked_for_keys(), 2, "a token of an unknown key does not make us ask again and again");
}

#[tokio::test]
async fn where_to_come_back_to_is_fixed_and_without_a_service_nothing_begins() {
    let (world, issuer) = world(Algorithm::EdDSA).await;
    let elsewhere = json!({"input": {"redirectUri": "https://evil.example/back", "device": ""}});
    let refused = world.anyone().ask(START, elsewhere).await.ok()["signOnStart"].clone();
    assert_eq!(
        refused["errors"],
        json!([{"code": "INVALID", "path": ["input", "redirectUri"], "rule": "redirect-uri"}])
    );
    let (url, _) = start(&world).await;
    assert!(url.starts_with(&issuer.address) && url.contains("code_challenge_method=S256"), "{url}");
    let plain = World::demo().await;
    let info = plain.anyone().get("{ signOn { enabled } }").await;
    assert_eq!(info["signOn"]["enabled"], false);
    let refused = plain.anyone().ask(START, json!({"input": {"redirectUri": BACK, "device": ""}})).await.ok();
    assert_eq!(refused["signOnStart"]["errors"][0]["code"], "STATE");
    let silent = World::with(|config| {
        config.oidc.issuer = Some("http://127.0.0.1:9".to_owned());
        config.oidc.client_id = Some(CLIENT.to_owned());
        config.oidc.redirect_uris = vec![BACK.to_owned()];
    })
    .await;
    let answer = silent.anyone().ask(START, json!({"input": {"redirectUri": BACK, "device": ""}})).await;
    assert_eq!((answer.status, answer.code()), (503, "OVERLOADED"), "{}", answer.body);
}

#[tokio::test]
async fn an_owner_links_an_identity_and_nobody_else_can_use_what_was_begun() {
    let (world, issuer) = world(Algorithm::EdDSA).await;
    let (leader, contact) = (world.actor("leader").await, world.actor("contact").await);
    let begin = async |actor: &Actor| {
        let begun =
            actor.ask(LINK, json!({"input": {"redirectUri": BACK}})).await.ok()["identityLinkStart"].clone();
        let (code, state) = issuer.visit(begun["authorizationUrl"].as_str().expect("an address")).await;
        json!({"input": {"state": state, "code": code}})
    };
    assert_eq!(
        world.anyone().ask(LINK, json!({"input": {"redirectUri": BACK}})).await.code(),
        "UNAUTHENTICATED"
    );
    let stolen = begin(&leader).await;
    let refused = contact.ask(LINKED, stolen.clone()).await.ok();
    assert_eq!(refused["identityLinkFinish"]["errors"][0]["code"], "SIGN_ON_FAILED");
    let input = begin(&leader).await;
    let as_sign_on = world.anyone().ask(FINISH, input.clone()).await.ok();
    assert_eq!(
        as_sign_on["signOnFinish"]["errors"][0]["code"], "SIGN_ON_FAILED",
        "it was begun for another end"
    );
    let linked = leader.ask(LINKED, begin(&leader).await).await.ok()["identityLinkFinish"].clone();
    assert_eq!(linked["accountIdentity"]["subject"], "person-1", "{linked}");
    assert_signed_in(&world, &sign_on(&world, &issuer).await, "leader").await;
    let second = contact.ask(LINKED, begin(&contact).await).await.ok();
    assert_eq!(second["identityLinkFinish"]["errors"][0]["code"], "DUPLICATE");

    let own = leader
        .get("{ viewer { account { identities(first: 5) { totalCount nodes { id subject } } } } }")
        .await;
    assert_eq!(own["viewer"]["account"]["identities"]["totalCount"], 1);
    let input = json!({"id": linked["accountIdentity"]["id"], "expectedVersion": 1});
    let foreign = contact
        .change("accountIdentityRemove", "AccountIdentityRemoveInput", "account { name }", input.clone())
        .await;
    assert_eq!(foreign["errors"][0]["code"], "NOT_FOUND");
    let removed =
        leader.change("accountIdentityRemove", "AccountIdentityRemoveInput", "account { name }", input).await;
    assert_eq!(removed["account"]["name"], "leader", "{removed}");
    assert_eq!(code_of(&sign_on(&world, &issuer).await), "UNKNOWN_IDENTITY");
    let lines = change::Entity::find().all(world.state.db.read()).await.expect("lines");
    let lines: Vec<_> = lines.iter().filter(|line| line.entity == "identity").collect();
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|line| !line.content.to_string().contains("person-1")), "no subject in the log");
}

#[tokio::test]
async fn an_account_that_is_disabled_is_not_entered_and_an_administrator_links_only_accounts_of_theirs() {
    let (world, issuer) = world(Algorithm::EdDSA).await;
    let county = world.actor("county-admin").await;
    add(&county, "leader", "person-1").await;
    let twice = add(&county, "contact", "person-1").await;
    assert_eq!(twice["errors"][0]["code"], "DUPLICATE");
    assert!(twice["errors"][0]["existing"].is_string(), "{twice}");
    crate::identity::disable(&world, "leader").await;
    assert_eq!(code_of(&sign_on(&world, &issuer).await), "UNKNOWN_IDENTITY");
    let other = world.actor("nancheng-admin").await;
    let foreign = link(&other, account(&county, "contact").await, "person-2").await;
    assert_eq!(code_of(&foreign), "NOT_FOUND", "{foreign}");
    add(&county, "contact", "person-2").await;
    issuer.is_used_by("person-2");
    assert_signed_in(&world, &sign_on(&world, &issuer).await, "contact").await;
}
