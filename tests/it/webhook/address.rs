//! Where may be posted to, when a webhook is set up and at each attempt.

use super::{Hotline, create, order, states};
use lianhu::http::hooks;
use lianhu_tests::World;
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn an_address_that_is_not_public_is_refused() {
    let world = World::demo().await;
    let admin = world.actor("county-admin").await;
    let key = super::key_of(&world, &admin, "热线平台", json!(["DEMAND"])).await;
    for (url, rule) in [
        ("https://127.0.0.1/hook", "address"),
        ("https://2130706433/hook", "address"),
        ("https://[::ffff:10.0.0.1]/hook", "address"),
        ("https://169.254.169.254/latest/meta-data", "address"),
        ("https://localhost:8443/hook", "address"),
        ("https://db.internal/hook", "address"),
        ("http://hooks.example.gov.cn/", "url"),
        ("ftp://hooks.example.gov.cn/", "url"),
        ("https://me:pass@hooks.example.gov.cn/", "url-parts"),
        ("https://hooks.example.gov.cn:22/", "port"),
    ] {
        let refused = create(&admin, order(&key, url)).await;
        let error = &refused["errors"][0];
        assert_eq!((&error["code"], &error["rule"]), (&json!("INVALID"), &json!(rule)), "{url}: {refused}");
        assert_eq!((&refused["webhook"], &refused["secret"]), (&json!(null), &json!(null)));
    }
    let made = create(&admin, order(&key, "https://hooks.example.gov.cn/lianhu?x=1")).await;
    assert_eq!(made["errors"], json!([]), "{made}");
}

#[tokio::test]
async fn a_name_that_leads_to_this_machine_is_not_posted_to_at_a_server_that_does_not_allow_it() {
    let hotline = Hotline::still().await;
    let url = format!("http://localhost:{}/hook", hotline.receiver.address.port());
    let named = hotline.change("webhookUpdate", json!({"url": url})).await;
    assert_eq!(named["errors"], json!([]), "allowed where it is set up: {named}");
    hotline.call("1").await;
    // Another network is allowed here, so that names and http are as such.
    let other = World::over(Arc::clone(&hotline.world.ground), |config| {
        config.webhook.allowed_networks = vec!["10.0.0.0/8".parse().expect("a network")];
    })
    .await;
    let worker = tokio::spawn(hooks::work(Arc::clone(&other.state)));
    let log = hotline.until("a failure", |log| states(log) == ["FAILED"]).await;
    assert_eq!(log["deliveries"]["nodes"][0]["error"], "ADDRESS_NOT_ALLOWED", "{log}");
    worker.abort();
    hotline.receiver.silent(0).await;
}

#[tokio::test]
async fn a_name_is_looked_at_where_it_leads_to() {
    let hotline = Hotline::still().await;
    // Allowed by name, for a part of this machine alone: `localhost` leads to another.
    let url = format!("http://localhost:{}/hook", hotline.receiver.address.port());
    hotline.change("webhookUpdate", json!({"url": url})).await;
    hotline.call("1").await;
    let other = World::over(Arc::clone(&hotline.world.ground), |config| {
        config.webhook.allowed_networks = vec!["::1".parse::<std::net::IpAddr>().expect("an address").into()];
    })
    .await;
    let worker = tokio::spawn(hooks::work(Arc::clone(&other.state)));
    let log = hotline.until("a failure", |log| states(log) == ["FAILED"]).await;
    let error = log["deliveries"]["nodes"][0]["error"].as_str().expect("an error").to_owned();
    worker.abort();
    // Where the name has no address but that of IPv6, nobody listens there.
    assert!(["ADDRESS_NOT_ALLOWED", "REFUSED"].contains(&error.as_str()), "{log}");
    hotline.receiver.silent(0).await;
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_a_port_without_anybody_is_told_as_such() {
    let hotline = Hotline::open().await;
    hotline.receiver.answer([302, 307]);
    hotline.call("1").await;
    hotline.call("2").await;
    let log = hotline.until("both failed", |log| states(log) == ["FAILED", "FAILED"]).await;
    let nodes = &log["deliveries"]["nodes"];
    assert_eq!(
        [&nodes[1]["statusCode"], &nodes[0]["statusCode"], &nodes[0]["error"]],
        [&json!(302), &json!(307), &json!("STATUS")]
    );
    let got = hotline.receiver.got();
    assert!(got.len() == 2 && got.iter().all(|one| one.path == "/hook"), "{got:#?}");
    // Nobody listens at a port that was just given back.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    hotline.change("webhookUpdate", json!({"url": format!("http://{free}/hook")})).await;
    hotline.call("3").await;
    let refused = |log: &serde_json::Value| log["deliveries"]["nodes"][0]["error"] == "REFUSED";
    hotline.until("refused", refused).await;
    // TLS is spoken to nobody who does not.
    let plain = format!("https://{}/hook", hotline.receiver.address);
    hotline.change("webhookUpdate", json!({"url": plain})).await;
    hotline.call("4").await;
    hotline.until("no TLS", |log| log["deliveries"]["nodes"][0]["error"] == "TLS").await;
}
