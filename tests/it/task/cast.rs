//! Everybody who might try something: those of the town, and those around it.

use super::act::Town;
use crate::rights::rows::{account, generous, granted, put, sign_in};
use chrono::Duration;
use entity::{
    account as account_row,
    id::{AccountId, DepartmentId, HouseholdId},
    kind::Role,
    region,
    scalar::{Date, DateTime},
};
use lianhu::kernel::clock::civil;
use lianhu_tests::{Actor, World};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use uuid::Uuid;

/// Whoever has no part in the town's tasks: they are not told in which state one is.
pub(super) const OUTSIDE: [&str; 11] = [
    "nancheng-admin",
    "wanfang-contact",
    "stranger",
    "other-handler",
    "enterprise",
    "auditor",
    "platform-admin",
    "integration",
    "key",
    "nobody",
    "anyone",
];

/// Everybody, by name.
pub(super) struct Cast {
    pub(super) town: Town,
    /// The household whose demand is answered by the same task.
    pub(super) neighbours: Value,
    people: Vec<(&'static str, Actor)>,
}

fn uuid(id: &Value) -> Uuid {
    entity::id::read(id.as_str().expect("an id")).expect("an id").1
}

async fn region_of(world: &World, code: &str) -> region::Model {
    let found = region::Entity::find().filter(region::Column::Code.eq(code));
    found.one(world.state.db.read()).await.expect("an answer").expect("the region")
}

/// An account of the demonstration, without its password.
async fn of_demo(world: &World, name: &str) -> AccountId {
    let found = account_row::Entity::find().filter(account_row::Column::Name.eq(name));
    found.one(world.state.db.read()).await.expect("an answer").expect("the account").id
}

/// The key of a system.
async fn key(world: &World, admin: &Actor, town: &region::Model) -> Actor {
    let expires: DateTime = DateTime::new(world.state.clock.now().0 + Duration::days(300));
    let input = json!({"accountId": of_demo(world, "integration").await.to_string(), "name": "platform",
        "scopes": ["HOUSEHOLD", "STATISTICS"], "regionId": town.id.to_string(),
        "expiresAt": expires.0.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()});
    let made = admin.change("apiKeyCreate", "ApiKeyCreateInput", "secret", input).await;
    world.anyone().bearing(made["secret"].as_str().unwrap_or_else(|| panic!("a secret: {made}")))
}

impl Cast {
    /// Gathers them in a world of its own.
    pub(super) async fn gather() -> Self {
        let town = Town::of(World::with(generous).await).await;
        let world = &town.world;
        let place = region_of(world, "530304101").await;
        let since = Date(civil(world.state.clock.now()).0 - Duration::days(400));
        let homes = town.contact.get("{ households(first: 5) { nodes { id village { id } } } }").await;
        let mut others = homes["households"]["nodes"].as_array().expect("households").clone();
        others.retain(|home| home["id"] != town.home["id"]);
        let (neighbours, strangers) = (others.remove(0), others.remove(0));
        let all = "{ departments(first: 100, where: { region: \"TOWN\" }) { nodes { id } } }";
        let all = all.replace("TOWN", &place.id.to_string());
        let all = town.leader.get(&all).await["departments"]["nodes"].clone();
        let own = [&town.water_office, &town.building_office];
        let all = all.as_array().expect("offices").iter();
        let office = all.map(|office| &office["id"]).find(|id| !own.contains(id)).expect("another office");

        let mut people: Vec<(&'static str, Actor)> = Vec::new();
        let mut grants = Vec::new();
        for name in ["officer", "examiner", "neighbour", "stranger", "other-handler"] {
            let (id, actor) = account(world, name, &place, None).await;
            people.push((name, actor));
            grants.push(id);
        }
        let handler = |account, office: &Value| {
            let mut row = granted(account, Role::DepartmentHandler, since, None);
            row.department_id = Some(DepartmentId(uuid(office)));
            row
        };
        let at_home = |account, home: &Value| {
            let mut row = granted(account, Role::Resident, since, None);
            row.household_id = Some(HouseholdId(uuid(&home["id"])));
            row
        };
        let of_town = |account, role| {
            let mut row = granted(account, role, since, None);
            row.region_id = Some(place.id);
            row
        };
        let [officer, examiner, neighbour, stranger, other] = grants[..] else { panic!("five accounts") };
        for row in [
            handler(officer, &town.water_office),
            of_town(officer, Role::Dispatcher),
            of_town(officer, Role::Leader),
            of_town(officer, Role::Supervisor),
            of_town(examiner, Role::Supervisor),
            at_home(neighbour, &neighbours),
            at_home(stranger, &strangers),
            handler(other, office),
        ] {
            put(world, row).await;
        }
        for name in [
            "town-admin",
            "county-admin",
            "nancheng-admin",
            "grid-worker",
            "enterprise",
            "auditor",
            "platform-admin",
            "integration",
            "nobody",
            "wanfang-contact",
        ] {
            people.push((name, sign_in(world, of_demo(world, name).await).await));
        }
        let admin = sign_in(world, of_demo(world, "county-admin").await).await;
        people.push(("key", key(world, &admin, &place).await));
        people.push(("anyone", world.anyone()));
        for (name, actor) in [
            ("dispatcher", &town.dispatcher),
            ("leader", &town.leader),
            ("supervisor", &town.supervisor),
            ("lead", &town.water),
            ("helper", &town.building),
            ("contact", &town.contact),
            ("resident", &town.resident),
        ] {
            people.push((name, actor.clone()));
        }
        Self { town, neighbours, people }
    }

    /// Everybody.
    pub(super) fn people(&self) -> impl Iterator<Item = (&'static str, &Actor)> {
        self.people.iter().map(|(name, actor)| (*name, actor))
    }

    /// One of them.
    pub(super) fn actor(&self, name: &str) -> &Actor {
        self.people().find(|(one, _)| *one == name).unwrap_or_else(|| panic!("nobody is called {name}")).1
    }
}
