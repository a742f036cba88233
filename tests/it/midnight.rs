//! What ends on a day ends at its midnight by itself: nobody changes anything, and nobody signs in again.

use chrono::{Days, Duration};
use lianhu_tests::{Actor, World};
use serde_json::{Value, json};

const ONE_OF_EACH: &str = "{
    contactAssignments(first: 1, where: { live: true, kind: { eq: HOUSEHOLD }, isPrimary: true }) { nodes { id version } }
    region(by: { code: \"530304101\" }) { members: cadres(first: 9, where: { partyMember: true }) { nodes { id
      held: memberships(first: 9, where: { live: true }) { nodes { id version } } } }
    holders: cadres(first: 40, where: { level: { in: [TOWNSHIP_LEADER, VILLAGE_CADRE] } }) { nodes { id
      held: positions(first: 9, where: { live: true }) { nodes { id version } } } } } }";

const LOOK: &str = "query($assignment: ID!, $member: ID!, $holder: ID!, $office: ID!) {
    coverage(region: { code: \"530304101\" }) { households { numerator } }
    assignment: node(id: $assignment) { ... on ContactAssignment { live } }
    member: cadre(by: { id: $member }) { partyMember memberships(first: 9, where: { live: true }) { totalCount } }
    holder: cadre(by: { id: $holder }) { positions(first: 9, where: { live: true }) { totalCount } }
    office: cadre(by: { id: $office }) { load { households } } }";

const WITHOUT: &str = "{ coverage(region: { code: \"530304101\" }) { householdsWithout(first: 100) { nodes {
    contactAssignments(first: 9, where: { live: true }) { nodes { cadre { id } } } } } } }";

async fn end(admin: &Actor, mutation: &str, of: &Value, on: &str, more: Value) {
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let mut input = json!({"id": of["id"], "expectedVersion": of["version"], "endsOn": on});
    input.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    let ended = admin.change(mutation, &kind, "replayed", input).await;
    assert_eq!(ended["errors"], json!([]), "{mutation}: {ended}");
}

#[tokio::test]
async fn assignments_memberships_posts_and_offices_end_at_the_midnight_of_their_day_by_themselves() {
    let world = World::demo().await;
    world.state.clock.shift(world.to_midnight() - Duration::minutes(2));
    let tomorrow = (world.state.clock.now().0.naive_utc() + Duration::hours(8)).date() + Days::new(1);
    let tomorrow = tomorrow.to_string();
    let (admin, contact) = (world.actor("town-admin").await, world.actor("contact").await);
    let found = admin.get(ONE_OF_EACH).await;
    let (town, assignment) = (&found["region"], &found["contactAssignments"]["nodes"][0]);
    let with_one = |whom: &str| {
        let cadres = town[whom]["nodes"].as_array().expect("cadres");
        let has_one = |cadre: &&Value| cadre["held"]["nodes"].as_array().is_some_and(|rows| rows.len() == 1);
        cadres.iter().find(has_one).unwrap_or_else(|| panic!("no cadre with one: {town}")).clone()
    };
    let (member, holder) = (with_one("members"), with_one("holders"));
    let own = contact.get("{ viewer { cadre { id version } } }").await["viewer"]["cadre"].clone();

    end(&admin, "assignmentEnd", assignment, &tomorrow, json!({"reason": "换届"})).await;
    end(&admin, "partyMembershipEnd", &member["held"]["nodes"][0], &tomorrow, json!({})).await;
    end(&admin, "positionEnd", &holder["held"]["nodes"][0], &tomorrow, json!({})).await;
    end(&admin, "cadreUpdate", &own, &tomorrow, json!({})).await;

    let ids = json!({"assignment": assignment["id"], "member": member["id"], "holder": holder["id"], "office": own["id"]});
    let look = async || admin.ask(LOOK, ids.clone()).await.ok();
    let homes =
        async || contact.get("{ households { totalCount } }").await["households"]["totalCount"].clone();
    let before = look().await;
    assert_eq!(before["assignment"]["live"], true, "{before}");
    assert_eq!(before["member"], json!({"partyMember": true, "memberships": {"totalCount": 1}}));
    assert_eq!(before["holder"], json!({"positions": {"totalCount": 1}}));
    assert_eq!((homes().await, &before["office"]["load"]["households"]), (json!(52), &json!(52)));
    let covered = before["coverage"]["households"]["numerator"].as_i64().expect("a number");

    world.state.clock.shift(Duration::minutes(4));
    let after = look().await;
    assert_eq!(after["assignment"]["live"], false, "{after}");
    assert_eq!(after["member"], json!({"partyMember": false, "memberships": {"totalCount": 0}}));
    assert_eq!(after["holder"], json!({"positions": {"totalCount": 0}}));
    assert_eq!(homes().await, 0, "who is out of office sees no household");
    // Nobody answers for the one whose assignment ended, nor for those that the cadre who left had alone.
    let without = admin.get(WITHOUT).await["coverage"]["householdsWithout"]["nodes"].clone();
    let without = without.as_array().expect("households");
    let now = after["coverage"]["households"]["numerator"].as_i64().expect("a number");
    assert_eq!(usize::try_from(covered - now), Ok(without.len()), "{after}");
    let left = |home: &Value| home["contactAssignments"]["nodes"] == json!([{"cadre": {"id": own["id"]}}]);
    assert_eq!(without.iter().filter(|home| !left(home)).count(), 1, "{without:?}");
    assert!(without.len() > 40, "most had no other contact");
}
