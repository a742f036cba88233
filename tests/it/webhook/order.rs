//! What may be asked for: one subscription that is good for the key.

use super::{DOCUMENT, Hotline, create, order};
use serde_json::{Value, json};

#[tokio::test]
async fn a_document_is_tried_before_it_is_kept() {
    let hotline = Hotline::still().await;
    let url = hotline.receiver.url();
    let deep = format!(
        "subscription {{ changes {{ cursor {} {} }} }}",
        "... on RecordChange { node { id ".repeat(9),
        "} }".repeat(9)
    );
    for document in [
        "",
        "{ viewer { account { id } } }",
        "mutation { sessionEnd(input: {}) { errors { code } } }",
        "subscription { taskInbox { cursor } }",
        "subscription { changes(after: \"x\") { cursor } }",
        "subscription { changes { cursor } taskInbox { cursor } }",
        "subscription { changes { nothing } }",
        "subscription A { changes { cursor } } subscription B { changes { at } }",
        "subscription { changes(kinds: []) { cursor } }",
        "subscription { changes(region: \"region_00000000000000000000000000\") { cursor } }",
        "subscription($kinds: [ChangeSubject!]!, $more: Int!) { changes(kinds: $kinds) { cursor } }",
        &deep,
    ] {
        let mut input = order(&hotline.key, &url);
        input["document"] = json!(document);
        let refused = create(&hotline.admin, input).await;
        let error = &refused["errors"][0];
        assert_eq!(error["rule"], "document", "{document}: {refused}");
        assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{refused}");
    }
    for variables in ["[]", "{", "\"x\""] {
        let mut input = order(&hotline.key, &url);
        input["variables"] = json!(variables);
        assert_eq!(create(&hotline.admin, input).await["errors"][0]["rule"], "variables", "{variables}");
    }
    let mut named = order(&hotline.key, &url);
    named["operationName"] = json!("Other");
    assert_eq!(create(&hotline.admin, named.clone()).await["errors"][0]["rule"], "document");
    named["operationName"] = json!("Told");
    let made = create(&hotline.admin, named).await;
    assert_eq!((&made["errors"], &made["webhook"]["state"]), (&json!([]), &json!("ACTIVE")), "{made}");
    let changed =
        hotline.change("webhookUpdate", json!({"document": "subscription { changes { nothing } }"})).await;
    assert_eq!(changed["errors"][0]["rule"], "document", "{changed}");
}

#[tokio::test]
async fn a_webhook_is_made_once_under_a_key_and_its_secret_is_shown_once() {
    let hotline = Hotline::still().await;
    let mut input = order(&hotline.key, &hotline.receiver.url());
    input["idempotencyKey"] = json!(lianhu_tests::key());
    let first = create(&hotline.admin, input.clone()).await;
    let again = create(&hotline.admin, input).await;
    assert_eq!(
        (&again["webhook"]["id"], &again["replayed"]),
        (&first["webhook"]["id"], &json!(true)),
        "{again}"
    );
    assert!(first["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")), "{first}");
    assert_eq!(again["secret"], Value::Null);
    // Twenty at the most.
    for _ in 2..20 {
        let made = create(&hotline.admin, order(&hotline.key, &hotline.receiver.url())).await;
        assert_eq!(made["errors"], json!([]), "{made}");
    }
    let more = create(&hotline.admin, order(&hotline.key, &hotline.receiver.url())).await;
    assert_eq!(more["errors"][0]["code"], "LIMIT", "{more}");
    let query = "query($a: ID!, $k: ID!) { webhooks(where: {state: ACTIVE, apiKeyId: $k}) { totalCount
        nodes { name url document variables operationName account { id webhooks(first: 1) { totalCount } } apiKey { name } createdBy { name } } }
        account(by: {id: $a}) { webhooks(where: {state: PAUSED}) { totalCount } } }";
    let account =
        hotline.admin.get("{ account(by: { name: \"integration\" }) { id } }").await["account"]["id"].clone();
    let variables = json!({"a": account, "k": hotline.key["apiKey"]["id"]});
    let seen = hotline.admin.ask(query, variables).await.ok();
    let one = &seen["webhooks"]["nodes"][0];
    assert_eq!((&seen["webhooks"]["totalCount"], &one["document"]), (&json!(20), &json!(DOCUMENT)), "{seen}");
    assert_eq!(
        (&one["account"]["webhooks"]["totalCount"], &one["createdBy"]["name"]),
        (&json!(20), &json!("county-admin"))
    );
    assert_eq!(seen["account"]["webhooks"]["totalCount"], 0);
}
