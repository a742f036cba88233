//! The place of the matrix: a household with everything around it, and a person for each line.

use super::{
    around::{Around, CREDIT, NUMBER},
    page::Line,
    rows::{account, cadre_at, generous, granted, put},
};
use chrono::{Days, Duration};
use entity::{
    account, api_key, assignment, box_opening, cadre, category, change, consent, contact_card, correction,
    demand, diary, emergency, grant,
    id::{
        AccountId, ApiKeyId, BoxOpeningId, CadreId, CardId, ConsentId, CorrectionId, DiaryId, EmergencyId,
        IntakePointId, MembershipId, ParticipationId, RegionId, VisitId,
    },
    intake_point,
    kind::{
        CadreLevel, CardKind, ConsentPurpose, CorrectionState, IntakeKind, MembershipStanding, Role,
        VisitMethod,
    },
    member, membership, region,
    scalar::{Date, DateTime},
    visit, visit_participation,
};
use lianhu::kernel::{clock::civil, vault};
use lianhu_tests::{Actor, World};
use sea_orm::{
    ActiveEnum, ColumnTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait},
};
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

/// Whoever holds a line.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// Signed in.
    pub actor: Actor,
    /// Their account.
    pub account: AccountId,
    /// Which contact the line is about.
    pub about: &'static str,
}

/// The world of the matrix.
pub(super) struct Stage {
    /// The server.
    pub world: World,
    /// Ids and numbers by name.
    pub ids: HashMap<&'static str, String>,
    people: HashMap<String, Person>,
}

/// A cadre who is a member of the party and nothing else, and can be searched for.
async fn member_of_the_party(admin: &Actor, name: &str, at: &region::Model) -> CadreId {
    let input = json!({"name": name, "level": "PARTY_MEMBER", "regionId": at.id.to_string(), "sex": "FEMALE",
                       "startsOn": "2020-01-01"});
    let made = admin.change("cadreCreate", "CadreCreateInput", "cadre { id }", input).await;
    let id = made["cadre"]["id"].as_str().unwrap_or_else(|| panic!("{made}"));
    CadreId(entity::id::read(id).expect("an id").1)
}

/// First day and end of a tie that stands like this.
fn days(day: &str, today: Date) -> (Date, Option<Date>) {
    let tomorrow = Date(today.0 + Days::new(1));
    let long_ago = Date(today.0 - Days::new(400));
    match day {
        "until yesterday" => (long_ago, Some(today)),
        "until today" => (long_ago, Some(tomorrow)),
        "from tomorrow" => (tomorrow, None),
        _ => (long_ago, None),
    }
}

impl Stage {
    /// Sets up everything that the lines speak of.
    pub(super) async fn set(lines: &[Line]) -> Self {
        let world = World::with(generous).await;
        let around = Around::make(&world).await;
        let mut stage = Self { world, ids: HashMap::new(), people: HashMap::new() };
        stage.name_all(&around).await;
        for (n, line) in lines.iter().enumerate() {
            let person = stage.person(&around, line, n).await;
            stage.people.insert(line.name(), person);
        }
        stage.revoke(lines).await;
        stage
    }

    /// Whoever holds a line.
    pub(super) fn holder(&self, line: &Line) -> &Person {
        &self.people[&line.name()]
    }

    async fn name_all(&mut self, around: &Around) {
        let world = &self.world;
        let db = world.state.db.read();
        let today = civil(world.state.clock.now());
        let long_ago = Date(today.0 - Days::new(400));
        let (village, township, group) =
            (&around.regions["village"], &around.regions["township"], &around.regions["group"]);
        let mut ids: HashMap<&'static str, String> = HashMap::new();
        let admin = world.actor("town-admin").await;
        for (name, stands, from, until) in [
            ("", "矩阵甲", long_ago, None),
            ("left", "矩阵乙", long_ago, Some(today)),
            ("joins", "矩阵丙", Date(today.0 + Days::new(1)), None),
            ("other", "矩阵戊", long_ago, None),
        ] {
            let key = |what: &str| -> &'static str {
                Box::leak(format!("{what} {name}").trim().to_owned().into_boxed_str())
            };
            let contact = member_of_the_party(&admin, stands, village).await;
            let belongs = membership::Model {
                id: MembershipId(Uuid::now_v7()),
                cadre_id: contact,
                branch_id: around.branches["the contact's branch"],
                group_id: None,
                standing: MembershipStanding::Full,
                starts_on: from,
                ends_on: until,
                version: 1,
            };
            let mut home = around.assign("the household", long_ago, None);
            let mut whole = around.assign("its group", long_ago, None);
            (home.cadre_id, whole.cadre_id) = (Some(contact), Some(contact));
            home.is_primary = name.is_empty();
            ids.insert(key("staff"), contact.to_string());
            ids.insert(key("staff name"), stands.to_owned());
            ids.insert(key("membership"), belongs.id.to_string());
            ids.insert(key("assignment"), home.id.to_string());
            ids.insert(key("group assignment"), whole.id.to_string());
            put(world, belongs).await;
            put(world, home).await;
            put(world, whole).await;
        }
        let input = json!({"cadreId": ids["staff"], "place": {"regionId": village.id.to_string()}, "title": "会计",
                           "startsOn": "2020-01-01"});
        let post = admin.change("positionAppoint", "PositionAppointInput", "position { id }", input).await;
        let post = post["position"]["id"].as_str().unwrap_or_else(|| panic!("{post}"));
        ids.insert("position", post.to_owned());
        let answerable =
            cadre_at("矩阵丁", CadreLevel::VillageCadre, &around.regions["next village"], long_ago);
        let mut of_village = around.assign("its village", long_ago, None);
        of_village.cadre_id = Some(answerable.id);
        let mut of_department = around.assign("the household", long_ago, None);
        of_department.department_id = Some(around.departments["the department"]);
        ids.insert("village-contact", of_village.id.to_string());
        ids.insert("department-task", of_department.id.to_string());
        put(world, answerable).await;
        put(world, of_village).await;
        put(world, of_department).await;

        let leader = cadre::Entity::find()
            .filter(cadre::Column::RegionId.eq(township.id))
            .filter(cadre::Column::Level.eq(CadreLevel::TownshipLeader))
            .one(db)
            .await
            .expect("a row")
            .expect("a leader of the township");
        ids.insert("officials", leader.id.to_string());
        let head =
            member::Entity::find().filter(member::Column::HouseholdId.eq(around.home.id)).one(db).await;
        ids.insert("member", head.expect("a row").expect("a head").id.to_string());
        let (login, _) = account(world, "matrix-login", village, None).await;
        ids.insert("account", login.to_string());
        let mut idle = granted(login, Role::Leader, Date(today.0 + Days::new(30)), None);
        idle.region_id = Some(village.id);
        ids.insert("grant", idle.id.to_string());
        put(world, idle).await;
        for (name, id) in [
            ("household", around.home.id.to_string()),
            ("neighbour", around.neighbour.id.to_string()),
            ("enterprise", around.firm.id.to_string()),
            ("village", village.id.to_string()),
            ("township", township.id.to_string()),
            ("county", around.regions["county"].id.to_string()),
            ("group", group.id.to_string()),
            ("next group", around.regions["next group"].id.to_string()),
            ("next village", around.regions["next village"].id.to_string()),
            ("group code", group.code.0.clone()),
            ("village code", village.code.0.clone()),
            ("grid", around.regions["grid"].id.to_string()),
            ("area", around.area.area_id.to_string()),
            ("branch", around.branches["the contact's branch"].to_string()),
            ("department", around.departments["department of the village"].to_string()),
            ("number", NUMBER.to_owned()),
            ("credit", CREDIT.to_owned()),
            ("today", today.0.to_string()),
        ] {
            ids.insert(name, id);
        }
        // Somebody has looked at both.
        let look = "query($h: ID!, $e: ID!) { household(by: { id: $h }) { address } enterprise(by: { id: $e }) { contactPerson } }";
        let _ = admin.ask(look, json!({"h": ids["household"], "e": ids["enterprise"]})).await.ok();
        world.state.access.flush(&world.state.db).await.expect("the log is written");
        let log = "query($h: ID!, $e: ID!) {
            h: accessLog(first: 1, where: { householdId: { eq: $h } }) { nodes { id } }
            e: accessLog(first: 1, where: { enterpriseId: { eq: $e } }) { nodes { id } } }";
        let log = admin.ask(log, json!({"h": ids["household"], "e": ids["enterprise"]})).await.ok();
        for (name, of) in [("log", "h"), ("firm-log", "e")] {
            let id = log[of]["nodes"][0]["id"].as_str().unwrap_or_else(|| panic!("a look: {log}"));
            ids.insert(name, id.to_owned());
        }
        let made = change::Entity::find().filter(change::Column::EntityId.eq(around.home.id.0)).one(db).await;
        ids.insert("change", made.expect("a row").expect("a change").id.to_string());
        let wanted = world.state.vault.seal("十七号").expect("it is sealed");
        let asked = correction::Model {
            id: CorrectionId(Uuid::now_v7()),
            household_id: around.home.id,
            member_id: None,
            field: "Household.address".to_owned(),
            wanted,
            asked_by: login,
            asked_at: world.state.clock.now(),
            state: CorrectionState::Open,
            answer: None,
            decided_by: None,
            decided_at: None,
            version: 1,
        };
        ids.insert("correction", asked.id.to_string());
        put(world, asked).await;
        let card = contact_card::Model {
            id: CardId(Uuid::now_v7()),
            household_id: around.home.id,
            kind: CardKind::Contact,
            filled_on: None,
            filled_by: None,
            issued_on: Some(today),
            issued_by: None,
            assignment_id: None,
            promise: None,
            basics: None,
            matters: None,
            results: None,
            word: None,
            replaced_on: None,
            version: 1,
        };
        ids.insert("card", card.id.to_string());
        put(world, card).await;
        let withdrawn = consent::Model {
            id: ConsentId(Uuid::now_v7()),
            household_id: around.home.id,
            purpose: ConsentPurpose::Income,
            given_on: None,
            withdrawn_on: Some(today),
            given_by: None,
            withdrawn_by: Some(login),
            version: 1,
        };
        put(world, withdrawn).await;
        let now = world.state.clock.now();
        let county = around.regions["county"].id;
        let kept = category::Entity::find().filter(category::Column::CountyId.eq(county)).one(db).await;
        ids.insert("category", kept.expect("a row").expect("a category").id.to_string());
        let place = intake_point::Model {
            id: IntakePointId(Uuid::now_v7()),
            kind: IntakeKind::Box,
            name: "矩阵说事箱".to_owned(),
            region_id: village.id,
            county_id: around.home.county_id,
            township_id: around.home.township_id,
            village_id: Some(around.home.village_id),
            address: "村口".to_owned(),
            latitude: None,
            longitude: None,
            hours: None,
            opened_on: long_ago,
            closed_on: None,
            version: 1,
        };
        let opening = box_opening::Model {
            id: BoxOpeningId(Uuid::now_v7()),
            intake_point_id: place.id,
            opened_at: now,
            opened_on: today,
            first_witness_id: leader.id,
            second_witness_id: CadreId(entity::id::read(&ids["staff"]).expect("an id").1),
            letters: 2,
            note: None,
            recorded_by: login,
            recorder_id: None,
            recorded_at: now,
            version: 1,
        };
        ids.insert("box", place.id.to_string());
        ids.insert("box-opening", opening.id.to_string());
        put(world, place).await;
        put(world, opening).await;
        for (contact, named) in
            [("staff", "diary"), ("staff left", "diary left"), ("staff joins", "diary joins")]
        {
            let entry = diary::Model {
                id: DiaryId(Uuid::now_v7()),
                cadre_id: CadreId(entity::id::read(&ids[contact]).expect("an id").1),
                written_by: login,
                written_on: today,
                text: "今天走了三户".to_owned(),
                county_id: Some(around.home.county_id),
                township_id: Some(around.home.township_id),
                village_id: Some(around.home.village_id),
                written_at: now,
                version: 1,
            };
            ids.insert(named, entry.id.to_string());
            put(world, entry).await;
        }
        for (name, household, enterprise) in
            [("visit", Some(around.home.id), None), ("firm-visit", None, Some(around.firm.id))]
        {
            let row = visit::Model {
                id: VisitId(Uuid::now_v7()),
                method: VisitMethod::Door,
                household_id: household,
                enterprise_id: enterprise,
                region_id: None,
                county_id: around.home.county_id,
                township_id: Some(around.home.township_id),
                village_id: Some(around.home.village_id),
                group_id: around.home.group_id.filter(|_| household.is_some()),
                grid_id: around.home.grid_id.filter(|_| household.is_some()),
                began_at: now,
                visited_on: today,
                minutes: None,
                nights: None,
                attendees: None,
                summary: Some("屋顶漏雨".to_owned()),
                complete: true,
                latitude: None,
                longitude: None,
                condolence_form: None,
                condolence_items: None,
                condolence_value: None,
                recorded_by: login,
                recorder_id: None,
                recorded_at: now,
                withdrawn_at: None,
                withdrawn_reason: None,
                version: 1,
            };
            ids.insert(name, row.id.to_string());
            let visit_id = row.id;
            put(world, row).await;
            if household.is_none() {
                continue;
            }
            for (contact, named) in [
                ("staff", "participation"),
                ("staff left", "participation left"),
                ("staff joins", "participation joins"),
            ] {
                let took_part = visit_participation::Model {
                    id: ParticipationId(Uuid::now_v7()),
                    visit_id,
                    cadre_id: CadreId(entity::id::read(&ids[contact]).expect("an id").1),
                    method: VisitMethod::Door,
                    visited_on: today,
                    nights: None,
                };
                ids.insert(named, took_part.id.to_string());
                put(world, took_part).await;
            }
        }
        ids.extend(super::work::set(world, around, login).await);
        self.ids = ids;
    }

    /// The demand of the household came in by this account.
    async fn sent_by(&self, account: AccountId) {
        let (_, id) = entity::id::read(&self.ids["demand"]).expect("an id");
        let change =
            demand::Entity::update_many().col_expr(demand::Column::RegisteredBy, Expr::value(account));
        let change = change.filter(demand::Column::Id.eq(id)).exec(self.world.state.db.write()).await;
        assert_eq!(change.expect("changed").rows_affected, 1);
    }

    async fn person(&self, around: &Around, line: &Line, n: usize) -> Person {
        let world = &self.world;
        let now = world.state.clock.now();
        let today = civil(now);
        let (starts_on, ends_on) = days(&line.day, today);
        let role =
            Role::try_from_value(&line.role).unwrap_or_else(|error| panic!("{}: {error}", line.name()));
        let elsewhere = &around.regions["other county"];
        let own = if role == Role::Cadre {
            let mut own =
                cadre_at("矩阵人", CadreLevel::TownshipStaff, elsewhere, Date(today.0 - Days::new(400)));
            own.ends_on = match line.day.as_str() {
                "out of office" => Some(today),
                "leaves office tomorrow" => Some(Date(today.0 + Days::new(1))),
                _ => None,
            };
            let id = own.id;
            put(world, own).await;
            Some(id)
        } else {
            None
        };
        let (account, mut actor) = account(world, &format!("matrix-{n}"), elsewhere, own).await;
        if let Some(cadre) = own.filter(|_| line.tie == "given a part of both tasks") {
            super::work::give(world, [&self.ids["task"], &self.ids["firm-task"]], cadre).await;
        } else if role == Role::Cadre {
            let mut row = around.assign(&line.tie, starts_on, ends_on);
            row.cadre_id = own;
            put(world, row).await;
        } else {
            let mut row = granted(account, role, starts_on, ends_on);
            let (scope, tie) = match line.tie.strip_prefix("key for ").and_then(|tie| tie.split_once(" in "))
            {
                Some((scope, tie)) => (Some(scope), tie),
                None => (None, line.tie.as_str()),
            };
            let scope = match scope.map(|scope| (scope, scope.strip_suffix(" of the sender"))) {
                Some((_, Some(scope))) => {
                    self.sent_by(account).await;
                    Some(scope)
                }
                scope => scope.map(|(scope, _)| scope),
            };
            around.bind(&mut row, tie);
            if let (Some(scope), Some(region)) = (scope, row.region_id) {
                actor = key(world, account, scope, region).await;
            }
            put(world, row).await;
        }
        let open = |household_id, minutes| emergency::Model {
            id: EmergencyId(Uuid::now_v7()),
            account_id: account,
            role,
            household_id,
            reason: "火灾".to_owned(),
            opened_at: DateTime::new(now.0 - Duration::hours(1)),
            closes_at: DateTime::new(now.0 + Duration::minutes(minutes)),
        };
        match line.day.as_str() {
            "emergency open" => put(world, open(around.home.id, 55)).await,
            "emergency over" => put(world, open(around.home.id, -1)).await,
            "emergency next door" => put(world, open(around.neighbour.id, 55)).await,
            _ => {}
        }
        let about = match line.day.as_str() {
            "member left" => " left",
            "member joins tomorrow" => " joins",
            _ => "",
        };
        Person { actor, account, about }
    }

    /// What was a right a moment ago is ended by whoever may, while its holder is signed in and has used it.
    async fn revoke(&self, lines: &[Line]) {
        let world = &self.world;
        let db = world.state.db.read();
        let (platform, admin) = (world.actor("platform-admin").await, world.actor("town-admin").await);
        for line in lines.iter().filter(|line| line.day == "revoked") {
            let person = self.holder(line);
            let before = person.actor.get("{ viewer { permissions roles { role } } }").await;
            assert_ne!(before["viewer"]["roles"], json!([]), "{}: held until now: {before}", line.name());
            let row =
                account::Entity::find_by_id(person.account).one(db).await.expect("a row").expect("made");
            let ended = if let Some(cadre) = row.cadre_id {
                let held = assignment::Entity::find().filter(assignment::Column::CadreId.eq(cadre));
                let held = held.one(db).await.expect("a row").expect("assigned");
                let input = json!({"id": held.id.to_string(), "expectedVersion": 1, "reason": "收回"});
                admin.change("assignmentEnd", "AssignmentEndInput", "replayed", input).await
            } else {
                let held = grant::Entity::find().filter(grant::Column::AccountId.eq(person.account));
                let held = held.one(db).await.expect("a row").expect("granted");
                let input =
                    json!({"id": held.id.to_string(), "expectedVersion": 1, "endsOn": self.ids["today"]});
                platform.change("roleGrantEnd", "RoleGrantEndInput", "replayed", input).await
            };
            assert_eq!(ended["errors"], json!([]), "{}: {ended}", line.name());
        }
    }

    /// The ids that a line is about, as variables.
    pub(super) fn variables(&self, person: &Person) -> Value {
        let of = |name: &str| self.ids.get(format!("{name}{}", person.about).as_str()).cloned();
        json!({
            "h": self.ids["household"], "e": self.ids["enterprise"], "village": self.ids["village"],
            "number": self.ids["number"], "credit": self.ids["credit"], "member": self.ids["member"],
            "staff": of("staff"), "staffName": of("staff name"), "membership": of("membership"),
            "assignment": of("assignment"), "official": self.ids["officials"], "branch": self.ids["branch"],
            "villageContact": self.ids["village-contact"], "departmentTask": self.ids["department-task"],
            "account": self.ids["account"], "grant": self.ids["grant"], "log": self.ids["log"], "firmLog": self.ids["firm-log"], "change": self.ids["change"],
            "correction": self.ids["correction"], "grid": self.ids["grid"],
            "visit": self.ids["visit"], "firmVisit": self.ids["firm-visit"], "participation": of("participation"),
            "diary": of("diary"), "box": self.ids["box"], "opening": self.ids["box-opening"],
            "demand": self.ids["demand"], "firmDemand": self.ids["firm-demand"], "task": self.ids["task"],
            "firmTask": self.ids["firm-task"],
        })
    }
}

/// Whoever comes in by a key with one scope in a region.
async fn key(world: &World, account: AccountId, scope: &str, region: RegionId) -> Actor {
    let now = world.state.clock.now();
    let secret = format!("matrix-{scope}");
    let row = api_key::Model {
        id: ApiKeyId(Uuid::now_v7()),
        account_id: account,
        name: scope.to_owned(),
        secret_hash: vault::digest(&secret),
        scopes: scope.to_owned(),
        region_id: region,
        addresses: String::new(),
        cost_per_minute: 10_000_000,
        created_at: now,
        created_by: None,
        expires_at: DateTime::new(now.0 + Duration::days(30)),
        last_used_at: None,
        revoked_at: None,
        version: 1,
    };
    let id = row.id.to_string();
    put(world, row).await;
    world.anyone().bearing(format!("lh_{}_{secret}", id.trim_start_matches("apikey_")))
}

/// What was opened by trying is closed again.
pub(super) async fn close(world: &World, person: &Person, id: &str) {
    let (_, id) = entity::id::read(id).expect("an id");
    let db = world.state.db.write();
    emergency::Entity::delete_by_id(EmergencyId(id)).exec(db).await.expect("closed");
    account::Entity::update_many()
        .col_expr(account::Column::RightsVersion, Expr::col(account::Column::RightsVersion).add(1))
        .filter(account::Column::Id.eq(person.account))
        .exec(db)
        .await
        .expect("raised");
}
