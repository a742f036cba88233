//! The place that is walked through: the demonstration with values that are known by sight, records of every type, and
//! what stands for the names of arguments here and in another county.

use super::{
    answer::Judge,
    canaries::{self, Put},
    fill::Deck,
    sight::Land,
    walk::Person,
};
use crate::{
    contract::model::Contract,
    rights::{
        account_of,
        rows::{generous, put},
    },
};
use entity::{
    access_subject, account, account_identity, api_key, area, assignment, attachment, box_opening, branch,
    cadre, card_token, category, contact_card, correction, demand, department, enterprise, grant, household,
    id::{AccountId, IdentityId},
    intake_point, member, membership, notice, position, region, region_succession, session, task, task_event,
    visit, visit_participation,
};
use lianhu_tests::{Actor, World, ground};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

/// What is typed where a secret is asked for: it must not come back, nor be in the log.
pub(super) const TYPED: &str = "walker-typed-secret-5c1f";

/// A place to walk through.
pub(super) struct Place {
    /// The server.
    pub world: World,
    /// What every answer is held against.
    pub judge: Judge,
    /// The households into which values were put.
    pub homes: Vec<household::Model>,
    /// Ids of every type of record, by the type.
    pub ids: HashMap<&'static str, Vec<String>>,
    /// What stands for a name: with the resident, in another village, in another county.
    pub decks: [Deck; 3],
    /// Tokens and passwords.
    pub secrets: Vec<String>,
    firms: Vec<enterprise::Model>,
}

/// Settings under which all may be asked.
pub(super) fn settings(config: &mut lianhu::config::Config) {
    generous(config);
    config.graphql.max_cost = 1_000_000;
    config.graphql.anonymous_cost_per_minute = 1_000_000_000;
    config.graphql.max_query_bytes = 65_536;
    config.graphql.timeout = std::time::Duration::from_mins(1);
}

async fn made(admin: &Actor, mutation: &str, noun: &str, input: Value) -> String {
    let ty = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let made = admin.change(mutation, &ty, &format!("{noun} {{ id }}"), input).await;
    made[noun]["id"].as_str().unwrap_or_else(|| panic!("{mutation}: {made}")).to_owned()
}

impl Place {
    /// Puts everything there.
    pub(super) async fn make(contract: &Contract) -> Self {
        let world = World::with(settings).await;
        let Put { homes, firms, known } = Put::into(&world).await;
        let mut place = Self {
            judge: Judge::new(contract, known, HashMap::new(), Land::read(&world).await),
            world,
            homes,
            firms,
            ids: HashMap::new(),
            decks: Default::default(),
            secrets: vec![TYPED.to_owned()],
        };
        let mut decks = Vec::new();
        for (nth, firm, admin) in [(0, 0, "county-admin"), (5, 1, "county-admin"), (8, 2, "nancheng-admin")] {
            decks.push(place.deck(nth, firm, admin).await);
        }
        let tokens = decks.iter().filter_map(|deck: &Deck| deck.0["token"].as_str().map(str::to_owned));
        place.secrets.extend(tokens);
        place.decks = decks.try_into().expect("three");
        place.gather().await;
        place.judge.land = Land::read(&place.world).await;
        place.judge.households = canaries::households(&place.world).await;
        place
    }

    /// What stands for each name, at one of the households.
    async fn deck(&self, nth: usize, firm: usize, admin: &str) -> Deck {
        let (world, home, firm) = (&self.world, &self.homes[nth], &self.firms[firm]);
        let db = world.state.db.read();
        let admin = world.actor(admin).await;
        let village = home.village_id.to_string();
        let regions = region::Entity::find().all(db).await.expect("regions");
        let code = |id| regions.iter().find(|row| row.id == id).expect("a region").code.0.clone();
        let mut deck = Deck::default();
        let today = ground::today().to_string();
        let name = format!("walker-{nth}");
        let account = made(
            &admin,
            "accountCreate",
            "account",
            json!({"name": name, "password": TYPED, "regionId": village}),
        )
        .await;
        let granted = json!({"accountId": account, "role": "LEADER", "regionId": village, "startsOn": today});
        deck.put("grantId", made(&admin, "roleGrantCreate", "roleGrant", granted).await);
        let account_id = AccountId(entity::id::read(&account).expect("an id").1);
        let identity = account_identity::Model {
            id: IdentityId(Uuid::now_v7()),
            account_id,
            issuer: "https://walker.example".to_owned(),
            subject: format!("walker-subject-{nth}"),
            created_at: world.state.clock.now(),
            created_by: None,
            version: 1,
        };
        deck.put("identityId", identity.id.to_string());
        put(world, identity).await;
        let renamed =
            json!({"id": village, "expectedVersion": 1, "name": format!("改名村{nth}"), "note": "改名"});
        made(&admin, "regionUpdate", "region", renamed).await;
        macro_rules! of_here {
            ($table:ident, $column:ident, $value:expr) => {{
                let row = $table::Entity::find().filter($table::Column::$column.eq($value));
                row.one(db).await.expect("a row").map(|row| row.id.to_string())
            }};
        }
        let staff = cadre::Entity::find().filter(cadre::Column::TownshipId.eq(home.township_id));
        let staff = staff.one(db).await.expect("a row").expect("a cadre");
        let rows = [
            ("cardId", of_here!(contact_card, HouseholdId, home.id)),
            ("memberId", of_here!(member, HouseholdId, home.id)),
            ("categoryId", of_here!(category, CountyId, home.county_id)),
            ("intakePointId", of_here!(intake_point, TownshipId, home.township_id)),
            ("areaId", of_here!(area, TownshipId, home.township_id)),
            ("departmentId", of_here!(department, TownshipId, home.township_id)),
            ("branchId", of_here!(branch, TownshipId, home.township_id)),
            ("membershipId", of_here!(membership, CadreId, staff.id)),
            ("positionId", of_here!(position, CadreId, staff.id)),
            ("assignmentId", of_here!(assignment, TownshipId, home.township_id)),
        ];
        rows.into_iter().filter_map(|(name, id)| Some((name, id?))).for_each(|(name, id)| deck.put(name, id));
        for name in ["cadreId", "fromCadreId", "toCadreId"] {
            deck.put(name, staff.id.to_string());
        }
        for name in ["regionId", "villageId", "intoId"] {
            deck.put(name, village.clone());
        }
        for name in ["townshipId", "parentId", "fromId"] {
            deck.put(name, home.township_id.to_string());
        }
        deck.put("countyId", home.county_id.to_string());
        deck.put("groupId", home.group_id.map_or_else(|| village.clone(), |id| id.to_string()));
        deck.put("gridId", home.grid_id.map_or_else(|| village.clone(), |id| id.to_string()));
        let unknown = |prefix| entity::id::spell(prefix, Uuid::now_v7());
        for (name, prefix) in [
            ("unknownId", "household"),
            ("uploadId", "upload"),
            ("apiKeyId", "apikey"),
            ("webhookId", "webhook"),
            ("allOf", "account"),
        ] {
            deck.put(name, unknown(prefix));
        }
        let of = visit::Entity::find().filter(visit::Column::HouseholdId.eq(home.id));
        let visits =
            of.order_by_desc(visit::Column::RecordedAt).one(db).await.expect("a row").expect("a visit");
        deck.put("visitId", visits.id.to_string());
        deck.put("diaryId", unknown("diary"));
        let asked = demand::Entity::find().filter(demand::Column::TownshipId.eq(home.township_id));
        let asked = asked.one(db).await.expect("a row").expect("a demand");
        let given = task::Entity::find().filter(task::Column::TownshipId.eq(home.township_id));
        let given = given.one(db).await.expect("a row").expect("a task");
        deck.put("demandId", asked.id.to_string());
        deck.put("taskId", given.id.to_string());
        deck.put("milestoneId", unknown("milestone"));
        deck.put("leaderId", staff.id.to_string());
        let file = attachment::Entity::find().filter(attachment::Column::RecordId.eq(visits.id.0));
        deck.put("attachmentId", file.one(db).await.expect("a row").expect("a file").id.to_string());
        let own = card_token::Entity::find()
            .filter(card_token::Column::HouseholdId.eq(home.id))
            .filter(card_token::Column::RevokedAt.is_null());
        let own = own.one(db).await.expect("a row").expect("a card's token");
        let token = world.state.vault.open(&own.token.expect("kept")).expect("ours");
        deck.put("cardToken", token.clone());
        deck.put("token", token);
        self.words(&mut deck, home, firm);
        for (name, value) in [
            ("accountId", account),
            ("accountName", name),
            ("RegionCode", code(home.village_id)),
            ("Date", today),
            ("text", self.judge.known.text(&home.id.to_string(), "Household.address").to_owned()),
        ] {
            deck.put(name, value);
        }
        deck
    }

    /// Texts and numbers: what is known by sight wherever it may stand.
    fn words(&self, deck: &mut Deck, home: &household::Model, firm: &enterprise::Model) {
        let (of, known) = (home.id.to_string(), &self.judge.known);
        for (name, field) in [
            ("name", "Household.headName"),
            ("label", "Household.headName"),
            ("PhoneNumber", "Household.phone"),
            ("identityNumber", "HouseholdMember.identityNumber"),
            ("Yuan", "Household.yearlyIncome"),
            ("incomeSource", "Household.incomeSource"),
            ("housing", "Household.housing"),
            ("needs", "HouseholdMember.needs"),
            ("employmentPlace", "HouseholdMember.employmentPlace"),
            ("subject", "HouseholdMember.identityNumber"),
        ] {
            deck.put(name, known.text(&of, field));
        }
        let firm_id = firm.id.to_string();
        deck.put("legalRepresentative", known.text(&firm_id, "Enterprise.legalRepresentative"));
        deck.put("contactPerson", known.text(&firm_id, "Enterprise.contactPerson"));
        deck.put("householdId", of.clone());
        deck.put("enterpriseId", firm_id);
        deck.put("number", home.number.clone());
        deck.put("CreditCode", firm.credit_code.0.clone());
        deck.put("DateTime", "2099-01-01T00:00:00Z");
        deck.put("TimeOfDay", "08:30");
        deck.put("field", "Household.address");
        deck.put("redirectUri", "https://walker.example/back");
        deck.put("addresses", json!(["10.0.0.1"]));
        deck.put("tags", json!(["MONITORED"]));
        deck.put("mediaType", "text/csv");
        for name in ["password", "new", "current", "code", "refreshToken", "state"] {
            deck.put(name, TYPED);
        }
    }

    /// Ids of every type of record: those into which values were put, and some from either end of each table.
    async fn gather(&mut self) {
        let db = self.world.state.db.read();
        let most: u64 = if ground::long() { 8 } else { 2 };
        macro_rules! some {
            ($($name:literal = $table:ident),*) => {$({
                let mut ids = Vec::new();
                for order in [sea_orm::Order::Asc, sea_orm::Order::Desc] {
                    let rows = $table::Entity::find().order_by($table::Column::Id, order).limit(most).all(db).await;
                    ids.extend(rows.expect("rows").into_iter().map(|row| row.id.to_string()));
                }
                self.ids.insert($name, ids);
            })*};
        }
        some!(
            "Region" = region,
            "RegionSuccession" = region_succession,
            "Area" = area,
            "Category" = category,
            "IntakePoint" = intake_point,
            "BoxOpening" = box_opening,
            "PartyBranch" = branch,
            "Department" = department,
            "Cadre" = cadre,
            "PartyMembership" = membership,
            "Position" = position,
            "Account" = account,
            "RoleGrant" = grant,
            "Session" = session,
            "Notice" = notice,
            "AccountIdentity" = account_identity,
            "ApiKey" = api_key,
            "Household" = household,
            "HouseholdMember" = member,
            "Correction" = correction,
            "ContactCard" = contact_card,
            "VisitParticipation" = visit_participation,
            "Demand" = demand,
            "Task" = task,
            "TaskEvent" = task_event,
            "Enterprise" = enterprise,
            "ContactAssignment" = assignment,
            "AccessEntry" = access_subject
        );
        let unknown = |prefix| vec![entity::id::spell(prefix, Uuid::now_v7())];
        for (name, prefix) in [("Upload", "upload"), ("RosterImport", "import"), ("AssignmentBatch", "batch")]
        {
            self.ids.insert(name, unknown(prefix));
        }
        let homes = self.homes.iter().map(|home| home.id);
        self.ids.insert("Household", homes.clone().map(|id| id.to_string()).collect());
        self.ids.insert("Enterprise", self.firms.iter().map(|firm| firm.id.to_string()).collect());
        let of = member::Entity::find().filter(member::Column::HouseholdId.is_in(homes.clone()));
        let members = of.order_by_desc(member::Column::Id).all(db).await.expect("members");
        self.ids.insert("HouseholdMember", members.iter().take(12).map(|row| row.id.to_string()).collect());
        let of = assignment::Entity::find().filter(assignment::Column::HouseholdId.is_in(homes));
        let assigned = of.limit(most * 3).all(db).await.expect("assignments");
        self.ids.insert("ContactAssignment", assigned.iter().map(|row| row.id.to_string()).collect());
        let of = contact_card::Column::HouseholdId.is_in(self.homes.iter().map(|home| home.id));
        let cards = contact_card::Entity::find().filter(of).limit(most * 12).all(db).await.expect("cards");
        self.ids.insert("ContactCard", cards.iter().map(|row| row.id.to_string()).collect());
        let of = visit::Column::HouseholdId.is_in(self.homes.iter().map(|home| home.id));
        let visits = visit::Entity::find().filter(of).order_by_desc(visit::Column::BeganAt);
        let visits = visits.limit(most * 12).all(db).await.expect("visits");
        self.ids.insert("Visit", visits.iter().map(|row| row.id.to_string()).collect());
        let of = attachment::Column::RecordId.is_in(visits.iter().map(|row| row.id.0));
        let files = attachment::Entity::find().filter(of).all(db).await.expect("files");
        self.ids.insert("Attachment", files.iter().map(|row| row.id.to_string()).collect());
        let named = self.decks.iter();
        for (kind, name) in
            [("Region", "regionId"), ("Account", "accountId"), ("Cadre", "cadreId"), ("RoleGrant", "grantId")]
        {
            let ids = named.clone().filter_map(|deck| deck.0.get(name)?.as_str().map(str::to_owned));
            self.ids.entry(kind).or_default().extend(ids);
        }
    }

    /// Somebody of the demonstration, signed in.
    pub(super) async fn person(&mut self, name: &str) -> Person {
        let actor = self.world.actor(name).await;
        self.secrets
            .extend(actor.access.clone().into_iter().chain(actor.refresh).chain([ground::password(name)]));
        let sight = self.judge.land.of(&self.world, name).await;
        let account = Some(account_of(&self.world, name).await.id);
        Person { name: name.to_owned(), token: actor.access, account, sight }
    }

    /// Somebody who is not signed in.
    pub(super) async fn nobody(&self) -> Person {
        let sight = self.judge.land.of(&self.world, "anonymous").await;
        Person { name: "anonymous".to_owned(), token: None, account: None, sight }
    }

    /// Another system, by a key with one scope.
    pub(super) async fn key(&mut self, scope: &str) -> Person {
        let admin = self.world.actor("county-admin").await;
        let seen =
            "{ account(by: { name: \"integration\" }) { id } region(by: { code: \"530304101\" }) { id } }";
        let seen = admin.get(seen).await;
        let expires = self.world.state.clock.now().0 + chrono::Duration::days(30);
        let input = json!({"accountId": seen["account"]["id"], "name": scope, "scopes": [scope], "regionId": seen["region"]["id"],
                           "expiresAt": expires.format("%Y-%m-%dT%H:%M:%SZ").to_string(), "costPerMinute": 6_000_000});
        let made = admin.change("apiKeyCreate", "ApiKeyCreateInput", "apiKey { id } secret", input).await;
        let secret = made["secret"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
        self.secrets.push(secret.clone());
        let name = format!("key {scope}");
        let sight = self.judge.land.of(&self.world, &name).await;
        let account = Some(account_of(&self.world, "integration").await.id);
        Person { name, token: Some(secret), account, sight }
    }
}
