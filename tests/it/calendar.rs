//! Working calendars and deadlines: everyone reads them, and the county's administrator sets them.

mod reckon;

use lianhu_tests::{Actor, World, key};
use serde_json::{Value, json};

/// The county of the demonstration, and another.
const COUNTY: &str = "530304";
const OTHER: &str = "361021";

async fn region(actor: &Actor, code: &str) -> Value {
    let query = "query($code: RegionCode!) { region(by: { code: $code }) { id } }";
    actor.ask(query, json!({"code": code})).await.ok()["region"]["id"].clone()
}

/// The calendar of a county from one day to another.
async fn calendar(actor: &Actor, county: &Value, from: &str, to: &str) -> Value {
    let query = "query($county: ID!, $from: Date!, $to: Date!) {
        workCalendar(countyId: $county, from: $from, to: $to) {
          known county { id } viewerCan { update { allowed requires } }
          days { date working name source notice known version }
          hours { startsOn spans { from to } version } } }";
    let variables = json!({"county": county, "from": from, "to": to});
    actor.ask(query, variables).await.ok()["workCalendar"].clone()
}

/// One day of a county.
async fn one_day(actor: &Actor, county: &Value, day: &str) -> Value {
    let next: chrono::NaiveDate = day.parse().expect("a date");
    let next = next.succ_opt().expect("a day after").to_string();
    calendar(actor, county, day, &next).await["days"][0].clone()
}

/// When something is due, in China: response and resolution.
async fn due(actor: &Actor, county: &Value, urgency: &str, from: &str) -> [String; 2] {
    let query = "query($county: ID!, $urgency: Urgency!, $from: DateTime) {
        deadline(countyId: $county, urgency: $urgency, from: $from) { response { dueAt } resolution { dueAt } } }";
    let variables = json!({"county": county, "urgency": urgency, "from": format!("{from}:00+08:00")});
    let found = actor.ask(query, variables).await.ok()["deadline"].clone();
    ["response", "resolution"].map(|which| {
        let text = found[which]["dueAt"].as_str().unwrap_or_else(|| panic!("{found}"));
        let moment = chrono::DateTime::parse_from_rfc3339(text).expect("a moment").naive_utc();
        (moment + chrono::Duration::hours(8)).format("%Y-%m-%dT%H:%M").to_string()
    })
}

async fn set_day(actor: &Actor, input: Value) -> Value {
    let selection = "workDay { date working name source notice version }";
    actor.change("workDaySet", "WorkDaySetInput", selection, input).await
}

async fn unset_day(actor: &Actor, input: Value) -> Value {
    let selection = "workDay { date working name source notice version }";
    actor.change("workDayUnset", "WorkDayUnsetInput", selection, input).await
}

async fn set_hours(actor: &Actor, input: Value) -> Value {
    let selection = "workHours { startsOn spans { from to } version }";
    actor.change("workCalendarUpdate", "WorkCalendarUpdateInput", selection, input).await
}

const RULE: &str =
    "deadlineRule { urgency own version respond { amount unit } resolve { amount unit } county { id } }";

async fn set_rule(actor: &Actor, input: Value) -> Value {
    actor.change("deadlineRuleUpdate", "DeadlineRuleUpdateInput", RULE, input).await
}

async fn reset_rule(actor: &Actor, input: Value) -> Value {
    actor.change("deadlineRuleReset", "DeadlineRuleResetInput", RULE, input).await
}

/// Where and by which rule something was refused.
fn refused(payload: &Value) -> Vec<(String, String)> {
    let errors = payload["errors"].as_array().expect("errors").iter();
    let told = errors.map(|error| {
        let path: Vec<_> =
            error["path"].as_array().expect("a path").iter().filter_map(Value::as_str).collect();
        let what = error["rule"].as_str().or(error["code"].as_str()).unwrap_or_default();
        (path.join("."), what.to_owned())
    });
    told.collect()
}

#[tokio::test]
async fn everyone_reads_the_national_calendar_with_its_sources_without_signing_in() {
    let world = World::demo().await;
    let anyone = world.anyone();
    let county = region(&anyone, COUNTY).await;
    let seen = calendar(&anyone, &county, "2026-09-19", "2026-10-12").await;
    assert_eq!((&seen["known"], &seen["county"]["id"]), (&json!(true), &county));
    assert_eq!(seen["viewerCan"]["update"], json!({"allowed": false, "requires": ["REGION_ADMIN"]}));
    let days = seen["days"].as_array().expect("days");
    assert_eq!(days.len(), 23);
    let notice = "国办发明电〔2025〕7号";
    let of = |date: &str| days.iter().find(|day| day["date"] == date).expect("a day").clone();
    for (date, working, name) in [
        ("2026-09-20", true, "国庆节调休"),
        ("2026-09-26", false, "中秋节"),
        ("2026-10-01", false, "国庆节"),
        ("2026-10-07", false, "国庆节"),
        ("2026-10-10", true, "国庆节调休"),
    ] {
        let expected = json!({"date": date, "working": working, "name": name, "source": "NATIONAL", "notice": notice,
                              "known": true, "version": 0});
        assert_eq!(of(date), expected);
    }
    for (date, working) in [("2026-09-19", false), ("2026-10-08", true), ("2026-10-11", false)] {
        let expected = json!({"date": date, "working": working, "name": null, "source": "WEEK", "notice": null,
                              "known": true, "version": 0});
        assert_eq!(of(date), expected);
    }
    let usual = json!([{"from": "08:30", "to": "12:00"}, {"from": "14:30", "to": "18:00"}]);
    assert_eq!(seen["hours"], json!([{"startsOn": null, "spans": usual, "version": 0}]));
    // A year without a notice: weekends alone, and it says so.
    let later = calendar(&anyone, &county, "2026-12-31", "2027-01-04").await;
    let told = later["days"].as_array().expect("days").iter();
    let told: Vec<_> = told.map(|day| (day["working"].as_bool(), day["known"].as_bool())).collect();
    let (yes, no) = (Some(true), Some(false));
    assert_eq!((told, &later["known"]), (vec![(yes, yes), (yes, no), (no, no), (no, no)], &json!(false)));
}

#[tokio::test]
async fn what_cannot_be_told_is_refused_with_what_would_be_right() {
    let world = World::demo().await;
    let anyone = world.anyone();
    let (county, town) = (region(&anyone, COUNTY).await, region(&anyone, "530304101").await);
    let query = "query($county: ID!, $from: Date!, $to: Date!) {
        workCalendar(countyId: $county, from: $from, to: $to) { known days { date } } }";
    let ask = async |county: &Value, from: &str, to: &str| {
        anyone.ask(query, json!({"county": county, "from": from, "to": to})).await
    };
    let longest = ask(&county, "2026-01-01", "2027-02-05").await.ok();
    assert_eq!(longest["workCalendar"]["days"].as_array().map(Vec::len), Some(400));
    let nothing = ask(&county, "2026-01-01", "2026-01-01").await.ok();
    assert_eq!(nothing["workCalendar"], json!({"known": true, "days": []}));
    for (county, from, to, says) in [
        (&county, "2026-01-01", "2027-02-06", "400 days"),
        (&county, "2026-01-02", "2026-01-01", "not before from"),
        (&county, "1999-12-31", "2000-01-02", "2000 to 2100"),
        (&county, "2100-12-31", "2101-01-01", "2000 to 2100"),
        (&town, "2026-01-01", "2026-01-02", "is no county"),
    ] {
        let answer = ask(county, from, to).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{}", answer.body);
        let message = answer.body["errors"][0]["message"].as_str().unwrap_or_default();
        assert!(message.contains(says), "{message}");
    }
    let unknown = json!(entity::id::spell("region", uuid::Uuid::now_v7()));
    assert_eq!(ask(&unknown, "2026-01-01", "2026-01-02").await.ok()["workCalendar"], Value::Null);
    let of = "query($county: ID!) { deadlineRules(countyId: $county) { version }
        deadline(countyId: $county, urgency: RED) { from }
        petitionDeadline(countyId: $county, receivedAt: \"2026-01-01T00:00:00Z\") { acceptance { dueAt } } }";
    let nothing = json!({"deadlineRules": null, "deadline": null, "petitionDeadline": null});
    assert_eq!(anyone.ask(of, json!({"county": unknown})).await.ok(), nothing);
    assert_eq!(anyone.ask(of, json!({"county": town})).await.code(), "BAD_USER_INPUT");
    let far = "query($county: ID!) { deadline(countyId: $county, urgency: RED, from: \"2101-01-01T00:00:00Z\") { from } }";
    assert_eq!(anyone.ask(far, json!({"county": county})).await.code(), "BAD_USER_INPUT");
    let early =
        "query($county: ID!) { petitionDeadline(countyId: $county, receivedAt: \"2026-01-02T00:00:00Z\",
        acceptedAt: \"2026-01-01T00:00:00Z\") { acceptance { dueAt } } }";
    assert_eq!(anyone.ask(early, json!({"county": county})).await.code(), "BAD_USER_INPUT");
}

#[tokio::test]
async fn an_urgency_is_answered_and_settled_in_the_usual_time_where_a_county_sets_none() {
    let world = World::demo().await;
    let anyone = world.anyone();
    let county = region(&anyone, COUNTY).await;
    for (urgency, response, resolution) in [
        ("RED", "2025-09-30T19:00", "2025-10-01T17:00"),
        ("ORANGE", "2025-10-09T11:30", "2025-10-11T17:00"),
        ("YELLOW", "2025-10-09T17:00", "2025-10-16T17:00"),
        ("BLUE", "2025-10-10T17:00", "2025-10-28T17:00"),
    ] {
        assert_eq!(
            due(&anyone, &county, urgency, "2025-09-30T17:00").await,
            [response, resolution],
            "{urgency}"
        );
    }
    let query = "query($county: ID!, $from: DateTime) { deadline(countyId: $county, urgency: YELLOW, from: $from) {
        from response { allotted { amount unit } dueAt lastDay amberAt urgesAt known } resolution { known } } }";
    let seen = anyone.ask(query, json!({"county": county, "from": "2026-12-30T09:30:00+08:00"})).await.ok();
    let response = json!({"allotted": {"amount": 1, "unit": "WORKING_DAY"}, "dueAt": "2026-12-31T01:30:00.000Z",
        "lastDay": "2026-12-31", "amberAt": "2026-12-30T08:54:00.000Z",
        "urgesAt": ["2026-12-30T07:30:00.000Z", "2026-12-31T01:30:00.000Z"], "known": true});
    assert_eq!(seen["deadline"]["response"], response);
    assert_eq!(seen["deadline"]["resolution"]["known"], false, "no notice is known of 2027");
    let now = anyone.ask(query, json!({"county": county})).await.ok();
    assert!(now["deadline"]["from"].is_string(), "from now on: {now}");
}

#[tokio::test]
async fn petitions_have_the_clocks_of_the_statute() {
    let world = World::demo().await;
    let anyone = world.anyone();
    let county = region(&anyone, COUNTY).await;
    let query = "query($county: ID!, $received: DateTime!, $accepted: DateTime) {
        petitionDeadline(countyId: $county, receivedAt: $received, acceptedAt: $accepted) {
          acceptance { lastDay dueAt } settlement { lastDay allotted { amount unit } } extended { lastDay allotted { amount } } } }";
    let variables = json!({"county": county, "received": "2025-09-16T09:00:00+08:00"});
    let seen = anyone.ask(query, variables).await.ok()["petitionDeadline"].clone();
    assert_eq!(seen["acceptance"], json!({"lastDay": "2025-10-09", "dueAt": "2025-10-09T16:00:00.000Z"}));
    assert_eq!((&seen["settlement"], &seen["extended"]), (&Value::Null, &Value::Null));
    let variables = json!({"county": county, "received": "2025-07-31T09:00:00+08:00",
                           "accepted": "2025-08-05T09:00:00+08:00"});
    let seen = anyone.ask(query, variables).await.ok()["petitionDeadline"].clone();
    let sixty = json!({"lastDay": "2025-10-09", "allotted": {"amount": 60, "unit": "NATURAL_DAY"}});
    assert_eq!(seen["settlement"], sixty);
    assert_eq!(seen["extended"], json!({"lastDay": "2025-11-03", "allotted": {"amount": 90}}));
}

#[tokio::test]
async fn the_countys_administrator_sets_a_day_and_takes_it_back_and_deadlines_follow() {
    let world = World::demo().await;
    let (admin, resident) = (world.actor("county-admin").await, world.actor("resident").await);
    let (county, other) = (region(&admin, COUNTY).await, region(&admin, OTHER).await);
    let can = calendar(&admin, &county, "2026-01-01", "2026-01-02").await["viewerCan"]["update"].clone();
    assert_eq!(can["allowed"], true);
    let from = "2026-08-06T10:00";
    assert_eq!(due(&resident, &county, "YELLOW", from).await[0], "2026-08-07T10:00");
    let input = json!({"countyId": county, "day": "2026-08-07", "working": false, "name": " 县庆 ",
                       "expectedVersion": 0, "idempotencyKey": key()});
    let made = set_day(&admin, input.clone()).await;
    let set = json!({"date": "2026-08-07", "working": false, "name": "县庆", "source": "COUNTY", "notice": null,
                     "version": 1});
    assert_eq!((&made["workDay"], &made["errors"], &made["replayed"]), (&set, &json!([]), &json!(false)));
    let again = set_day(&admin, input).await;
    assert_eq!((&again["workDay"], &again["replayed"]), (&set, &json!(true)));
    assert_eq!(due(&resident, &county, "YELLOW", from).await[0], "2026-08-10T10:00");
    assert_eq!(due(&resident, &other, "YELLOW", from).await[0], "2026-08-07T10:00", "another county works");
    assert_eq!(one_day(&resident, &county, "2026-08-07").await["name"], "县庆");
    // A county may also have people work when the nation has a holiday.
    let input = json!({"countyId": county, "day": "2026-10-02", "working": true, "name": "抗旱", "expectedVersion": 0});
    assert_eq!(set_day(&admin, input).await["errors"], json!([]));
    assert_eq!(one_day(&resident, &county, "2026-10-02").await["working"], true);
    // Somebody who goes by an older state is told what stands.
    let stale = json!({"countyId": county, "day": "2026-08-07", "working": true, "name": "上班", "expectedVersion": 0});
    let conflict = set_day(&admin, stale).await;
    assert_eq!(
        (&conflict["workDay"], &conflict["errors"][0]["current"]),
        (&Value::Null, &json!(1)),
        "{conflict}"
    );
    let taken =
        unset_day(&admin, json!({"countyId": county, "day": "2026-08-07", "expectedVersion": 1})).await;
    let back = json!({"date": "2026-08-07", "working": true, "name": null, "source": "WEEK", "notice": null,
                      "version": 2});
    assert_eq!((&taken["workDay"], &taken["errors"]), (&back, &json!([])));
    assert_eq!(due(&resident, &county, "YELLOW", from).await[0], "2026-08-07T10:00");
    // The version goes on, so that nobody's old copy fits again.
    let stale = json!({"countyId": county, "day": "2026-08-07", "working": false, "name": "县庆", "expectedVersion": 1});
    assert_eq!(refused(&set_day(&admin, stale).await), [("input.expectedVersion".into(), "CONFLICT".into())]);
    let anew = json!({"countyId": county, "day": "2026-08-07", "working": false, "name": "州庆", "expectedVersion": 2});
    assert_eq!(set_day(&admin, anew).await["workDay"]["version"], 3);
    let never =
        unset_day(&admin, json!({"countyId": county, "day": "2026-08-20", "expectedVersion": 4})).await;
    assert_eq!(refused(&never), [("input.expectedVersion".into(), "CONFLICT".into())]);
    let never =
        unset_day(&admin, json!({"countyId": county, "day": "2026-08-20", "expectedVersion": 0})).await;
    assert_eq!(never["workDay"]["version"], 0, "nothing to take back: {never}");
}

#[tokio::test]
async fn of_two_who_set_the_same_day_at_once_one_is_told_that_the_other_was_first() {
    let world = World::demo().await;
    let admin = world.actor("county-admin").await;
    let county = region(&admin, COUNTY).await;
    for day in ["2026-08-03", "2026-08-04", "2026-08-05"] {
        let input = |name: &str| json!({"countyId": county, "day": day, "working": false, "name": name, "expectedVersion": 0});
        let (one, other) = tokio::join!(set_day(&admin, input("县庆")), set_day(&admin, input("赶集")));
        let (won, lost) = if one["workDay"].is_null() { (other, one) } else { (one, other) };
        assert_eq!(won["workDay"]["version"], 1, "{won}");
        assert_eq!(
            (&lost["errors"][0]["code"], &lost["errors"][0]["current"]),
            (&json!("CONFLICT"), &json!(1)),
            "{lost}"
        );
        assert_eq!(one_day(&admin, &county, day).await["name"], won["workDay"]["name"]);
    }
}

#[tokio::test]
async fn what_is_changed_stands_in_the_audit_trail_of_the_county() {
    let world = World::demo().await;
    let (admin, auditor) = (world.actor("county-admin").await, world.actor("auditor").await);
    let county = region(&admin, COUNTY).await;
    let input = json!({"countyId": county, "day": "2026-08-07", "working": false, "name": "县庆", "expectedVersion": 0});
    set_day(&admin, input).await;
    unset_day(&admin, json!({"countyId": county, "day": "2026-08-07", "expectedVersion": 1})).await;
    let spans = json!([{"from": "09:00", "to": "17:00"}]);
    let hours = json!({"countyId": county, "startsOn": "2026-06-01", "spans": spans, "expectedVersion": 0});
    set_hours(&admin, hours).await;
    let rule = json!({"countyId": county, "urgency": "BLUE", "respond": {"amount": 1, "unit": "WORKING_DAY"},
                      "resolve": {"amount": 10, "unit": "WORKING_DAY"}, "expectedVersion": 0});
    set_rule(&admin, rule).await;
    let query = "query($kinds: [String!]) { auditTrail(first: 20, where: { recordType: { in: $kinds } }) {
        nodes { kind recordType recordVersion values { field value } } } }";
    let kinds = json!({"kinds": ["workday", "workhours", "deadlinerule"]});
    // The auditor of the demonstration audits a township; what a county sets stands in the county.
    let granted = {
        let platform = world.actor("platform-admin").await;
        let seen = platform.get("{ account(by: { name: \"auditor\" }) { id } }").await;
        let input = json!({"accountId": seen["account"]["id"], "role": "AUDITOR", "regionId": county,
                           "startsOn": "2020-01-01"});
        platform.change("roleGrantCreate", "RoleGrantCreateInput", "roleGrant { id }", input).await
    };
    let seen = auditor.ask(query, kinds).await.ok()["auditTrail"]["nodes"].clone();
    let lines = seen.as_array().expect("lines");
    let told: Vec<_> =
        lines.iter().map(|line| (line["recordType"].as_str(), line["kind"].as_str())).collect();
    let expected = [
        (Some("deadlinerule"), Some("CREATED")),
        (Some("workhours"), Some("CREATED")),
        (Some("workday"), Some("ENDED")),
        (Some("workday"), Some("CREATED")),
    ];
    assert_eq!(told, expected, "{granted}");
    let value = |line: &Value, field: &str| {
        let values = line["values"].as_array().into_iter().flatten();
        values.clone().find(|one| one["field"] == field).map(|one| one["value"].clone())
    };
    assert_eq!(value(&lines[1], "spans"), Some(json!("09:00-17:00")));
    assert_eq!(value(&lines[3], "name"), Some(json!("县庆")));
}

#[tokio::test]
async fn nobody_but_the_countys_administrator_changes_its_calendar() {
    let world = World::demo().await;
    let admin = world.actor("county-admin").await;
    let (county, other) = (region(&admin, COUNTY).await, region(&admin, OTHER).await);
    let allotted = json!({"amount": 1, "unit": "WORKING_DAY"});
    for name in
        ["nancheng-admin", "town-admin", "platform-admin", "leader", "dispatcher", "contact", "resident"]
    {
        let actor = world.actor(name).await;
        let day = json!({"countyId": county, "day": "2026-08-07", "working": false, "name": "县庆", "expectedVersion": 0});
        let hours =
            json!({"countyId": county, "startsOn": "2026-06-01", "spans": null, "expectedVersion": 0});
        let rule = json!({"countyId": county, "urgency": "RED", "respond": allotted, "resolve": allotted, "expectedVersion": 0});
        for payload in [
            set_day(&actor, day).await,
            unset_day(&actor, json!({"countyId": county, "day": "2026-08-07", "expectedVersion": 0})).await,
            set_hours(&actor, hours).await,
            set_rule(&actor, rule).await,
            reset_rule(&actor, json!({"countyId": county, "urgency": "RED", "expectedVersion": 0})).await,
        ] {
            assert_eq!(payload["errors"][0]["code"], "FORBIDDEN", "{name}: {payload}");
            assert_eq!(payload["errors"][0]["requires"], json!(["REGION_ADMIN"]), "{name}");
        }
        assert_eq!(one_day(&actor, &county, "2026-08-07").await["version"], 0, "{name} reads it");
    }
    let day = json!({"countyId": other, "day": "2026-08-07", "working": false, "name": "县庆", "expectedVersion": 0});
    assert_eq!(set_day(&admin, day).await["errors"][0]["code"], "FORBIDDEN", "of another county");
    let anyone = world.anyone();
    let unsigned = anyone.ask(
        "mutation($input: WorkDayUnsetInput!) { workDayUnset(input: $input) { errors { code } } }",
        json!({"input": {"countyId": county, "day": "2026-08-07", "expectedVersion": 0, "idempotencyKey": key()}}),
    );
    assert_eq!(unsigned.await.code(), "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_county_changes_its_working_hours_with_the_season() {
    let world = World::demo().await;
    let (admin, resident) = (world.actor("county-admin").await, world.actor("resident").await);
    let county = region(&admin, COUNTY).await;
    let summer = json!([{"from": "08:00", "to": "12:00"}, {"from": "15:00", "to": "18:00"}]);
    let input = json!({"countyId": county, "startsOn": "2026-05-06", "spans": summer, "expectedVersion": 0});
    let made = set_hours(&admin, input.clone()).await;
    assert_eq!(made["workHours"], json!({"startsOn": "2026-05-06", "spans": summer, "version": 1}), "{made}");
    let winter = json!([{"from": "08:30", "to": "12:00"}, {"from": "14:00", "to": "17:30"}]);
    let autumn = json!({"countyId": county, "startsOn": "2026-10-08", "spans": winter, "expectedVersion": 0});
    assert_eq!(set_hours(&admin, autumn).await["errors"], json!([]));
    let seen = calendar(&resident, &county, "2026-05-05", "2026-10-10").await["hours"].clone();
    let starts: Vec<_> = seen.as_array().expect("hours").iter().map(|one| one["startsOn"].clone()).collect();
    assert_eq!(starts, [Value::Null, json!("2026-05-06"), json!("2026-10-08")]);
    assert_eq!(due(&resident, &county, "ORANGE", "2026-05-05T20:00").await[0], "2026-05-06T12:00");
    assert_eq!(due(&resident, &county, "ORANGE", "2026-10-07T20:00").await[0], "2026-10-08T14:30");
    // Taken back, the hours before hold on.
    assert_eq!(set_hours(&admin, input).await["errors"][0]["code"], "CONFLICT");
    let back = json!({"countyId": county, "startsOn": "2026-05-06", "spans": null, "expectedVersion": 1});
    assert_eq!(set_hours(&admin, back).await["workHours"]["startsOn"], Value::Null);
    assert_eq!(due(&resident, &county, "ORANGE", "2026-05-05T20:00").await[0], "2026-05-06T15:00");
}

#[tokio::test]
async fn hours_and_days_that_cannot_be_are_refused_each_at_its_field() {
    let world = World::demo().await;
    let admin = world.actor("county-admin").await;
    let (county, town) = (region(&admin, COUNTY).await, region(&admin, "530304101").await);
    let hours = |spans: Value| json!({"countyId": county, "startsOn": "2026-05-06", "spans": spans, "expectedVersion": 0});
    let at = |path: &str, rule: &str| (format!("input.{path}"), rule.to_owned());
    let span = |from: &str, to: &str| json!({"from": from, "to": to});
    let overlapping = json!([span("08:00", "12:00"), span("11:30", "18:00"), span("18:30", "18:30")]);
    assert_eq!(
        refused(&set_hours(&admin, hours(overlapping)).await),
        [at("spans.1.from", "overlap"), at("spans.2.to", "span")]
    );
    assert_eq!(refused(&set_hours(&admin, hours(json!([]))).await), [at("spans", "number")]);
    let silent = json!({"countyId": county, "startsOn": "2026-05-06", "expectedVersion": 0});
    assert_eq!(refused(&set_hours(&admin, silent).await), [at("spans", "required")]);
    let early = json!({"countyId": county, "startsOn": "1999-12-31", "spans": [span("08:00", "12:00")], "expectedVersion": 0});
    assert_eq!(refused(&set_hours(&admin, early).await), [at("startsOn", "years")]);
    let round = hours(json!([span("00:00", "24:00")]));
    assert_eq!(set_hours(&admin, round).await["errors"], json!([]));
    for wrong in ["8:00", "24:01", "12:60", "noon"] {
        let input = json!({"input": {"countyId": county, "startsOn": "2026-05-07", "spans": [span(wrong, "18:00")],
                                     "expectedVersion": 0, "idempotencyKey": key()}});
        let query = "mutation($input: WorkCalendarUpdateInput!) { workCalendarUpdate(input: $input) { errors { code } } }";
        assert_eq!(admin.ask(query, input).await.code(), "BAD_USER_INPUT", "{wrong}");
    }
    let day = |day: &str, name: &str| json!({"countyId": county, "day": day, "working": false, "name": name, "expectedVersion": 0});
    assert_eq!(
        refused(&set_day(&admin, day("2101-01-01", " ")).await),
        [at("day", "years"), at("name", "required")]
    );
    assert_eq!(refused(&set_day(&admin, day("2026-08-07", &"庆".repeat(41))).await), [at("name", "length")]);
    let of_town = json!({"countyId": town, "day": "2026-08-07", "working": false, "name": "镇庆", "expectedVersion": 0});
    assert_eq!(refused(&set_day(&admin, of_town).await), [at("countyId", "county")]);
}

#[tokio::test]
async fn a_county_sets_a_hundred_days_of_a_year_and_no_more() {
    let world = World::demo().await;
    let admin = world.actor("county-admin").await;
    let county = region(&admin, COUNTY).await;
    let first: chrono::NaiveDate = "2027-01-01".parse().expect("a date");
    let day = |day: chrono::NaiveDate| json!({"countyId": county, "day": day.to_string(), "working": false, "name": "休", "expectedVersion": 0});
    for nth in first.iter_days().take(100) {
        assert_eq!(set_day(&admin, day(nth)).await["errors"], json!([]), "{nth}");
    }
    let more = first + chrono::Days::new(100);
    assert_eq!(set_day(&admin, day(more)).await["errors"][0]["code"], "LIMIT");
    assert_eq!(
        set_day(&admin, day(first + chrono::Days::new(365))).await["errors"],
        json!([]),
        "another year"
    );
}

#[tokio::test]
async fn a_county_allots_its_own_times_and_lets_the_usual_ones_hold_again() {
    let world = World::demo().await;
    let (admin, resident) = (world.actor("county-admin").await, world.actor("resident").await);
    let county = region(&admin, COUNTY).await;
    let query = "query($county: ID!) { deadlineRules(countyId: $county) { urgency own version county { id }
        viewerCan { update { allowed } } respond { amount unit } resolve { amount unit } } }";
    let rules = async || resident.ask(query, json!({"county": county})).await.ok()["deadlineRules"].clone();
    let rule = |urgency: &str, own: bool, version: i32, [respond, resolve]: [(i32, &str); 2]| {
        let of = |(amount, unit): (i32, &str)| json!({"amount": amount, "unit": unit});
        json!({"urgency": urgency, "own": own, "version": version, "county": {"id": county},
               "viewerCan": {"update": {"allowed": false}}, "respond": of(respond), "resolve": of(resolve)})
    };
    let usual = [
        ("RED", [(2, "NATURAL_HOUR"), (24, "NATURAL_HOUR")]),
        ("ORANGE", [(4, "WORKING_HOUR"), (3, "WORKING_DAY")]),
        ("YELLOW", [(1, "WORKING_DAY"), (7, "WORKING_DAY")]),
        ("BLUE", [(2, "WORKING_DAY"), (15, "WORKING_DAY")]),
    ];
    let expected: Vec<_> = usual.iter().map(|(urgency, times)| rule(urgency, false, 0, *times)).collect();
    assert_eq!(rules().await, json!(expected));
    let allot = |version: i32, respond: (i32, &str), resolve: (i32, &str)| {
        json!({"countyId": county, "urgency": "BLUE", "respond": {"amount": respond.0, "unit": respond.1},
               "resolve": {"amount": resolve.0, "unit": resolve.1}, "expectedVersion": version})
    };
    let made = set_rule(&admin, allot(0, (8, "WORKING_HOUR"), (10, "NATURAL_DAY"))).await;
    assert_eq!(made["errors"], json!([]), "{made}");
    let own = rule("BLUE", true, 1, [(8, "WORKING_HOUR"), (10, "NATURAL_DAY")]);
    assert_eq!(rules().await[3], own);
    assert_eq!(
        due(&resident, &county, "BLUE", "2025-11-05T09:30").await,
        ["2025-11-06T10:30", "2025-11-18T00:00"]
    );
    let at = |path: &str, rule: &str| (format!("input.{path}"), rule.to_owned());
    for (respond, resolve, expected) in [
        (
            (0, "WORKING_DAY"),
            (367, "NATURAL_DAY"),
            vec![at("respond.amount", "amount"), at("resolve.amount", "amount")],
        ),
        ((2001, "WORKING_HOUR"), (1, "WORKING_DAY"), vec![at("respond.amount", "amount")]),
        ((2, "WORKING_DAY"), (1, "WORKING_DAY"), vec![at("resolve", "resolve-after-response")]),
        ((8, "WORKING_HOUR"), (1, "WORKING_DAY"), vec![at("resolve", "resolve-after-response")]),
        ((1, "WORKING_DAY"), (1, "WORKING_DAY"), vec![at("expectedVersion", "CONFLICT")]),
    ] {
        assert_eq!(refused(&set_rule(&admin, allot(9, respond, resolve)).await), expected);
    }
    assert_eq!(rules().await[3], own, "nothing is half done");
    let reset = |version: i32| json!({"countyId": county, "urgency": "BLUE", "expectedVersion": version});
    assert_eq!(refused(&reset_rule(&admin, reset(0)).await), [at("expectedVersion", "CONFLICT")]);
    let done = reset_rule(&admin, reset(1)).await;
    assert_eq!(
        (&done["deadlineRule"]["own"], &done["deadlineRule"]["version"]),
        (&json!(false), &json!(2)),
        "{done}"
    );
    assert_eq!(rules().await[3], rule("BLUE", false, 2, usual[3].1));
    assert_eq!(
        refused(
            &reset_rule(&admin, json!({"countyId": county, "urgency": "RED", "expectedVersion": 3})).await
        )
        .len(),
        1
    );
}

#[tokio::test]
async fn a_calendar_is_read_once_for_all_that_a_request_asks_of_it() {
    let world = World::demo().await;
    let actor = world.actor("resident").await;
    let county = region(&actor, COUNTY).await;
    let one = "a: deadline(countyId: $county, urgency: RED) { from }";
    let many = format!(
        "{one} b: deadline(countyId: $county, urgency: BLUE) {{ from }} c: deadlineRules(countyId: $county) {{ own }}
         d: workCalendar(countyId: $county, from: \"2026-01-01\", to: \"2027-01-01\") {{ days {{ date }} hours {{ version }} }}"
    );
    let ask = async |fields: &str| {
        let query = format!("query($county: ID!) {{ {fields} }}");
        world.statements(actor.ask(&query, json!({"county": county}))).await
    };
    let ((few, for_one), (all, for_many)) = (ask(one).await, ask(&many).await);
    assert!(few.ok()["a"].is_object() && all.ok()["d"].is_object());
    assert_eq!(for_one, for_many, "statements");
}
