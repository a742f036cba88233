//! People at work on demands and tasks: each step as one call.

use lianhu_tests::{Actor, World};
use serde_json::{Value, json};

/// What every step answers with.
pub(super) const TASK: &str = "task { id number state version round dueAt overdue returns extensions
    leadDepartment { name } leadCadre { name } leader { name } closedAt
    parts { id role state department { name } cadre { name } }
    demands(first: 10) { nodes { id state version } } }";

const DEMAND: &str = "demand { id state version urgency channel kind respondDueAt }";

/// A payload without errors.
pub(super) fn fine(payload: &Value) -> &Value {
    assert_eq!(payload["errors"], json!([]), "{payload}");
    payload
}

/// The one error of a payload.
pub(super) fn refusal(payload: &Value) -> &Value {
    assert_eq!(payload["errors"].as_array().map(Vec::len), Some(1), "{payload}");
    &payload["errors"][0]
}

pub(super) fn input_of(mutation: &str) -> String {
    format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..])
}

/// One step on a demand, tried.
pub(super) async fn demand(actor: &Actor, mutation: &str, input: Value) -> Value {
    actor.change(mutation, &input_of(mutation), DEMAND, input).await
}

/// One step on a task, tried.
pub(super) async fn task(actor: &Actor, mutation: &str, input: Value) -> Value {
    actor.change(mutation, &input_of(mutation), TASK, input).await
}

/// The same on a task as it stands, with more; it is done.
pub(super) async fn step(actor: &Actor, mutation: &str, on: &Value, more: Value) -> Value {
    let mut input = json!({"id": on["id"], "expectedVersion": on["version"]});
    if let (Some(input), Some(more)) = (input.as_object_mut(), more.as_object()) {
        input.extend(more.clone());
    }
    let done = task(actor, mutation, input).await;
    fine(&done)["task"].clone()
}

/// The same, refused.
pub(super) async fn refused(actor: &Actor, mutation: &str, on: &Value, more: Value) -> Value {
    let mut input = json!({"id": on["id"], "expectedVersion": on["version"]});
    if let (Some(input), Some(more)) = (input.as_object_mut(), more.as_object()) {
        input.extend(more.clone());
    }
    let done = task(actor, mutation, input).await;
    refusal(&done).clone()
}

/// Who is at hand in 纳章镇, and what they are bound to.
pub(super) struct Town {
    pub(super) world: World,
    pub(super) dispatcher: Actor,
    pub(super) leader: Actor,
    pub(super) supervisor: Actor,
    /// Handles for the water office.
    pub(super) water: Actor,
    /// Handles for the office of towns and villages.
    pub(super) building: Actor,
    pub(super) contact: Actor,
    pub(super) resident: Actor,
    pub(super) home: Value,
    pub(super) water_office: Value,
    pub(super) building_office: Value,
    pub(super) leader_id: Value,
}

impl Town {
    pub(super) async fn open() -> Self {
        Self::of(World::demo().await).await
    }

    /// The same in a world that is set up already.
    pub(super) async fn of(world: World) -> Self {
        let admin = world.actor("town-admin").await;
        let town = admin.get("{ region(by: { code: \"530304101\" }) { id } }").await["region"]["id"].clone();
        let town = town.as_str().expect("a town");
        let named = |all: &Value, name: &str| {
            let nodes = all["departments"]["nodes"].as_array().cloned().unwrap_or_default();
            nodes
                .iter()
                .find(|one| one["name"].as_str().is_some_and(|of| of.ends_with(name)))
                .map(|one| one["id"].clone())
                .expect("a department")
        };
        let all = admin
            .get(
                "{ departments(first: 100, where: { region: \"TOWN\" }) { nodes { id name } } }"
                    .replace("TOWN", town)
                    .as_str(),
            )
            .await;
        let (water_office, building_office) =
            (named(&all, "水务站"), named(&all, "国土和村镇规划建设服务中心"));
        let leader = world.actor("leader").await;
        let leader_id = leader.get("{ viewer { cadre { id } } }").await["viewer"]["cadre"]["id"].clone();
        let resident = world.actor("resident").await;
        let home = resident.get("{ households { nodes { id village { id } } } }").await;
        let home = home["households"]["nodes"][0].clone();
        // The second office has nobody with an account in the demonstration: the member of staff gets the role.
        let account = world.actor("town-contact").await.get("{ viewer { account { id } } }").await;
        let grant = json!({"accountId": account["viewer"]["account"]["id"], "role": "DEPARTMENT_HANDLER", "startsOn": lianhu_tests::ground::today().to_string(),
                           "departmentId": building_office});
        let granted =
            admin.change("roleGrantCreate", "RoleGrantCreateInput", "roleGrant { id }", grant).await;
        assert_eq!(granted["errors"], json!([]), "{granted}");
        Self {
            dispatcher: world.actor("dispatcher").await,
            leader,
            supervisor: world.actor("supervisor").await,
            water: world.actor("handler").await,
            building: world.actor("town-contact").await,
            contact: world.actor("contact").await,
            resident,
            home,
            water_office,
            building_office,
            leader_id,
            world,
        }
    }

    /// A demand of the household, registered by its contact.
    pub(super) async fn demanded(&self, urgency: &str, content: &str) -> Value {
        let input = json!({"kind": "REQUEST", "channel": "VISIT", "field": "BASIC_LIVELIHOOD", "urgency": urgency,
                           "target": {"householdId": self.home["id"]}, "content": content});
        fine(&demand(&self.contact, "demandRegister", input).await)["demand"].clone()
    }

    /// The task that a demand is accepted into.
    pub(super) async fn accepted(&self, demand: &Value) -> Value {
        let input = json!({"ids": [demand["id"]], "expectedVersion": demand["version"]});
        fine(&task(&self.dispatcher, "demandAccept", input).await)["task"].clone()
    }

    /// What a dispatch to the water office says.
    pub(super) fn to_water(&self) -> Value {
        json!({"leaderId": self.leader_id, "leads": [{"departmentId": self.water_office}],
               "measures": ["现场查看水管", "更换老化管段"]})
    }
}
