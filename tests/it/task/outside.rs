//! Intake from outside: a hotline desk's system raises demands by key, and clients of Open311 come in by its own interface.

use super::act::{self, Town, fine, refusal, step};
use lianhu_tests::{Actor, World};
use serde_json::{Value, json};

const SENT: &str = "demand { id state channel spokenFor sourceReference version }";

async fn region(actor: &Actor, code: &str) -> Value {
    let found = actor.get(&format!("{{ region(by: {{ code: \"{code}\" }}) {{ id }} }}")).await;
    found["region"]["id"].clone()
}

/// A system with a key of the town, and its secret.
async fn system(world: &World, scopes: Value) -> (Actor, String) {
    let admin = world.actor("county-admin").await;
    let account =
        admin.get("{ account(by: { name: \"integration\" }) { id } }").await["account"]["id"].clone();
    let expires = world.state.clock.now().0 + chrono::Duration::days(30);
    let input = json!({"accountId": account, "name": "热线平台", "scopes": scopes, "regionId": region(&admin, "530304101").await,
                       "expiresAt": expires.format("%Y-%m-%dT%H:%M:%SZ").to_string()});
    let made = admin.change("apiKeyCreate", "ApiKeyCreateInput", "apiKey { id } secret", input).await;
    let secret = made["secret"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    (world.anyone().bearing(secret.clone()), secret)
}

async fn send(actor: &Actor, input: &Value) -> Value {
    actor.change("demandRegister", "DemandRegisterInput", SENT, input.clone()).await
}

#[tokio::test]
async fn a_hotline_sends_a_demand_under_its_own_number_and_follows_it_to_the_strike_off() {
    let town = Town::open().await;
    let (hotline, _) = system(&town.world, json!(["DEMAND"])).await;
    let village = region(&hotline, "530304101200").await;
    let call = json!({"kind": "REQUEST", "channel": "HOTLINE", "field": "BASIC_LIVELIHOOD", "urgency": "RED",
                      "target": {"regionId": village}, "content": "村口水管爆裂，路面积水。",
                      "raiser": {"name": "热心人", "phone": "13900000007"}, "sourceReference": "12345-2026-000815"});
    let mut again = call.clone();
    again["idempotencyKey"] = json!(lianhu_tests::key());
    let sent = send(&hotline, &again).await;
    let demand = fine(&sent)["demand"].clone();
    assert_eq!(
        [&demand["state"], &demand["spokenFor"], &demand["sourceReference"]],
        [&json!("REGISTERED"), &json!(false), &json!("12345-2026-000815")]
    );
    // Sent twice it is there once: by the same key as a replay, by another as a duplicate that says which one.
    assert_eq!(send(&hotline, &again).await["replayed"], true);
    let twice = hotline
        .ask(
            "mutation($input: DemandRegisterInput!) { demandRegister(input: $input) {
               demand { id } errors { code path ... on DuplicateError { existing } } } }",
            json!({"input": {"idempotencyKey": lianhu_tests::key(), "kind": call["kind"], "channel": call["channel"], "field": call["field"],
                             "target": call["target"], "content": call["content"], "sourceReference": call["sourceReference"]}}),
        )
        .await
        .ok();
    let twice = refusal(&twice["demandRegister"]).clone();
    assert_eq!((&twice["code"], &twice["existing"]), (&json!("DUPLICATE"), &demand["id"]), "{twice}");

    // It sees what it has sent, and nothing else of the town.
    let own = "{ demands { nodes { id content raiserPhone redactedFields } } tasks { nodes { id } } households { nodes { id } } }";
    let seen = hotline.get(own).await;
    assert_eq!(seen["demands"]["nodes"].as_array().map(Vec::len), Some(1), "{seen}");
    assert_eq!(seen["demands"]["nodes"][0]["content"], "村口水管爆裂，路面积水。");
    assert_eq!(seen["demands"]["nodes"][0]["raiserPhone"], Value::Null);
    assert_eq!((&seen["tasks"]["nodes"], &seen["households"]["nodes"]), (&json!([]), &json!([])), "{seen}");
    let (other, _) = system(&town.world, json!(["STAFF"])).await;
    assert_eq!(other.get(own).await["demands"]["nodes"], json!([]), "a key without the scope");
    assert_eq!(refusal(&send(&other, &call).await)["code"], "FORBIDDEN");

    // By a key demands are registered, and nothing else is done.
    for (mutation, input) in [
        ("demandSettle", json!({"answer": "好"})),
        ("demandDecline", json!({"reason": "不"})),
        ("demandWithdraw", json!({"reason": "不"})),
    ] {
        let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
        let query =
            format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ errors {{ code }} }} }}");
        let mut input = input;
        (input["id"], input["expectedVersion"]) = (demand["id"].clone(), json!(1));
        input["idempotencyKey"] = json!(lianhu_tests::key());
        let answer = hotline.ask(&query, json!({"input": input})).await;
        assert_eq!(answer.code(), "FORBIDDEN", "{mutation}: {}", answer.body);
    }
    let mut visit = call.clone();
    (visit["channel"], visit["sourceReference"]) = (json!("VISIT"), json!("12345-2"));
    assert_eq!(refusal(&send(&hotline, &visit).await)["code"], "INVALID", "nobody of theirs was there");
    let mut far = call.clone();
    (far["target"], far["sourceReference"]) =
        (json!({"regionId": region(&hotline, "361021").await}), json!("12345-3"));
    assert_eq!(refusal(&send(&hotline, &far).await)["code"], "FORBIDDEN");

    // It goes its way, and the hotline asks for it by its own number.
    let made = town.accepted(&demand).await;
    let sent = step(&town.dispatcher, "taskDispatch", &made, town.to_water()).await;
    let claimed = step(&town.water, "taskClaim", &sent, json!({})).await;
    step(&town.water, "taskResolve", &claimed, json!({"result": "已抢修，恢复供水。"})).await;
    let by_number = "{ demands(where: { sourceReference: { eq: \"12345-2026-000815\" } }) {
        nodes { state task { number state result leadDepartment { name } household { id } measures events(first: 10) { nodes { action note } } } } } }";
    let told = hotline.get(by_number).await["demands"]["nodes"][0]["task"].clone();
    assert_eq!(
        (&told["state"], &told["result"]),
        (&json!("RESOLVED"), &json!("已抢修，恢复供水。")),
        "{told}"
    );
    assert_eq!((&told["measures"], &told["household"]), (&Value::Null, &Value::Null), "{told}");
    let notes = told["events"]["nodes"].as_array().expect("events");
    assert!(notes.iter().all(|event| event["note"].is_null()), "what offices write to each other: {told}");
    let close = "mutation($input: TaskCloseInput!) { taskClose(input: $input) { errors { code } } }";
    let input = json!({"id": made["id"], "expectedVersion": 4, "idempotencyKey": lianhu_tests::key()});
    assert_eq!(hotline.ask(close, json!({"input": input})).await.code(), "FORBIDDEN");
    let after = town.supervisor.ask("query($id: ID!) { task(id: $id) { state } }", json!({"id": made["id"]}));
    assert_eq!(after.await.ok()["task"]["state"], "RESOLVED");
}

/// What the interface answers: status and body.
async fn get(world: &World, path: &str) -> (u16, Value) {
    let endpoint = world.endpoint();
    let address = format!("{}/open311/v2/{path}", endpoint.trim_end_matches("/graphql"));
    let answer = reqwest::get(address).await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

async fn post(world: &World, form: &[(&str, &str)]) -> (u16, Value) {
    let endpoint = world.endpoint();
    let address = format!("{}/open311/v2/requests.json", endpoint.trim_end_matches("/graphql"));
    let answer = reqwest::Client::new().post(address).form(form).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

#[tokio::test]
async fn a_client_of_open311_finds_services_sends_a_request_and_reads_what_became_of_it() {
    let town = Town::open().await;
    let world = &town.world;
    let (status, services) = get(world, "services.json?jurisdiction_id=530304101").await;
    assert_eq!(status, 200, "{services}");
    let all = services.as_array().expect("a list");
    assert!(
        all.len() > 6 && all.iter().all(|one| one["metadata"] == false && one["type"] == "realtime"),
        "{services}"
    );
    assert!(
        all.iter().all(|one| ["service_code", "service_name", "description", "group", "keywords"]
            .iter()
            .all(|name| one[name].as_str().is_some_and(|text| !text.is_empty()))),
        "{services}"
    );
    let service = all[0]["service_code"].as_str().expect("a code");
    let (status, definition) = get(world, &format!("services/{service}.json")).await;
    assert_eq!((status, &definition), (200, &json!([{"service_code": service, "attributes": []}])));

    let (_, secret) = system(world, json!(["DEMAND"])).await;
    let form = [
        ("api_key", secret.as_str()),
        ("jurisdiction_id", "530304101200"),
        ("service_code", service),
        ("address_string", "村委会门口"),
        ("description", "路灯不亮。"),
        ("first_name", "小明"),
        ("last_name", "张"),
        ("phone", "13900000008"),
        ("media_url", "https://pictures.example/1.jpg"),
    ];
    let (status, sent) = post(world, &form).await;
    assert_eq!(status, 201, "{sent}");
    let id = sent[0]["service_request_id"].as_str().expect("an id").to_owned();
    let (status, told) = get(world, &format!("requests/{id}.json?api_key={secret}")).await;
    let told = &told[0];
    assert_eq!(status, 200, "{told}");
    assert_eq!(
        [&told["status"], &told["address"], &told["service_code"], &told["description"]],
        ["open", "村委会门口", service, "路灯不亮。\n附图：https://pictures.example/1.jpg"]
    );
    for name in ["requested_datetime", "updated_datetime", "expected_datetime"] {
        let moment = told[name].as_str().map(chrono::DateTime::parse_from_rfc3339);
        assert!(moment.is_some_and(|moment| moment.is_ok()), "{name}: {told}");
    }
    // The desk sees who called, and settles it; the client reads that.
    let query =
        "query($id: ID!) { demand(id: $id) { id version anonymous channel raiserName category { id } } }";
    let seen = town.dispatcher.ask(query, json!({"id": id})).await.ok()["demand"].clone();
    assert_eq!(
        [&seen["anonymous"], &seen["channel"], &seen["category"]["id"]],
        [&json!(false), &json!("WEB"), &json!(service)]
    );
    let settle = json!({"id": id, "expectedVersion": seen["version"], "answer": "已换灯泡。"});
    fine(&act::demand(&town.dispatcher, "demandSettle", settle).await);
    let (_, told) = get(world, &format!("requests/{id}.json?api_key={secret}")).await;
    assert_eq!((&told[0]["status"], &told[0]["status_notes"]), (&json!("closed"), &json!("已换灯泡。")));

    // Lists: by ids, by status, by time, by service.
    let nameless = [
        ("api_key", secret.as_str()),
        ("jurisdiction_id", "530304101200"),
        ("service_code", service),
        ("lat", "25.03"),
        ("long", "103.67"),
        ("description", "有人乱倒垃圾。"),
    ];
    let (status, second) = post(world, &nameless).await;
    assert_eq!(status, 201, "{second}");
    let count = async |more: &str| {
        let (status, list) = get(world, &format!("requests.json?api_key={secret}{more}")).await;
        assert_eq!(status, 200, "{list}");
        list.as_array().map(Vec::len).expect("a list")
    };
    assert_eq!(count("").await, 2);
    assert_eq!(count("&status=open").await, 1);
    assert_eq!(count("&status=closed,open").await, 2);
    assert_eq!(count(&format!("&service_request_id={id}")).await, 1);
    assert_eq!(count(&format!("&service_code={service}&jurisdiction_id=530304101")).await, 2);
    assert_eq!(count("&start_date=2020-01-01T00:00:00Z&end_date=2020-02-01T00:00:00Z").await, 0);

    // What is wrong is told in the form of the interface.
    let refused = [
        ("services.json", 400),
        ("services.json?jurisdiction_id=999999999", 404),
        ("services/nothing.json", 404),
        ("services/nothing.xml", 404),
        ("requests.json", 403),
        ("requests.json?api_key=lh_wrong_key", 403),
        (&format!("requests.json?api_key={secret}&status=shut"), 400),
        (&format!("requests.json?api_key={secret}&start_date=yesterday"), 400),
        (&format!("requests/demand_00000000000000000000000000.json?api_key={secret}"), 404),
        ("tokens/1.json", 404),
    ];
    for (path, code) in refused {
        let (status, told) = get(world, path).await;
        assert_eq!(status, code, "{path}: {told}");
        assert_eq!(told[0]["code"], code, "{path}: {told}");
        assert!(told[0]["description"].as_str().is_some_and(|text| !text.is_empty()), "{path}: {told}");
    }
    let without = |name: &str| form.iter().copied().filter(|(one, _)| *one != name).collect::<Vec<_>>();
    for (name, code) in [
        ("api_key", 403),
        ("jurisdiction_id", 400),
        ("service_code", 400),
        ("address_string", 400),
        ("description", 400),
    ] {
        let (status, told) = post(world, &without(name)).await;
        assert_eq!((status, &told[0]["code"]), (code, &json!(code)), "without {name}: {told}");
    }
    let mut wrong = without("phone");
    wrong.push(("phone", "12"));
    let (status, told) = post(world, &wrong).await;
    assert_eq!(status, 400, "{told}");
    let (status, told) =
        post(world, &[&without("jurisdiction_id")[..], &[("jurisdiction_id", "361021")]].concat()).await;
    assert!([403, 404, 400].contains(&status), "{told}");
    assert_eq!(count("").await, 2, "nothing was left by what was refused");
}
