//! What is past its time is erased: so many days after it was over, once, and nowhere is a trace of it left.

use chrono::Duration;
use entity::{
    access_line, change, correction, emergency, enterprise, household, household_tag,
    id::{HouseholdId, ImportId, MemberId, UploadId},
    idempotency,
    kind::{ChangeKind, CorrectionState, ImportState, Kinship, Sex},
    member, roster_import, search_text, session,
};
use indicatif::ProgressBar;
use lianhu::{
    household::erase::ERASED,
    kernel::{
        access::chain,
        clock::{civil, later, midnight},
        keep::Retention,
    },
    retention::{self, Outcome, RULES},
};
use lianhu_tests::World;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    Set, prelude::Uuid,
};
use serde_json::{Value, json};

fn settings(world: &World) -> Retention {
    world.state.keep.retention
}

async fn run(world: &World, retention: &Retention, dry_run: bool) -> Vec<Outcome> {
    let now = world.state.clock.now();
    let done = retention::run(&world.state.db, retention, now, dry_run, &ProgressBar::hidden()).await;
    done.unwrap_or_else(|error| panic!("{error:?}"))
}

fn count(outcomes: &[Outcome], name: &str) -> u64 {
    outcomes.iter().find(|one| one.name == name).unwrap_or_else(|| panic!("{name}")).count
}

fn uuid(id: &Value) -> Uuid {
    entity::id::read(id.as_str().expect("an id")).expect("an id").1
}

/// The resident's household, gone as of today, with what it held.
async fn gone(world: &World) -> (household::Model, Vec<member::Model>) {
    let resident = world.actor("resident").await;
    let own = resident.get("{ households { nodes { id version } } }").await["households"]["nodes"][0].clone();
    let input = json!({"id": own["id"], "expectedVersion": own["version"], "status": "MOVED_AWAY",
        "yearlyIncome": "42000.00", "incomeSource": "务工", "tags": ["MINIMUM_ALLOWANCE", "MILITARY_FAMILY"],
        "location": {"latitude": 25.5, "longitude": 103.8, "datum": "WGS84"}});
    let admin = world.actor("town-admin").await;
    let done = admin.change("householdUpdate", "HouseholdUpdateInput", "household { id }", input).await;
    assert_eq!(done["errors"], json!([]), "{done}");
    let id = HouseholdId(uuid(&own["id"]));
    (of(world, id).await, family(world, id).await)
}

async fn of(world: &World, id: HouseholdId) -> household::Model {
    household::Entity::find_by_id(id).one(world.state.db.read()).await.expect("a row").expect("it")
}

async fn family(world: &World, id: HouseholdId) -> Vec<member::Model> {
    let rows = member::Entity::find().filter(member::Column::HouseholdId.eq(id));
    rows.order_by_asc(member::Column::Id).all(world.state.db.read()).await.expect("members")
}

async fn tags(world: &World, id: HouseholdId) -> Vec<String> {
    let rows = household_tag::Entity::find().filter(household_tag::Column::HouseholdId.eq(id));
    let rows = rows.order_by_asc(household_tag::Column::Tag).all(world.state.db.read()).await.expect("tags");
    rows.into_iter().map(|row| row.tag).collect()
}

/// The last line of the change log about a record.
async fn line(world: &World, id: Uuid) -> change::Model {
    let lines = change::Entity::find().filter(change::Column::EntityId.eq(id));
    let lines = lines.order_by_desc(change::Column::Sequence);
    lines.one(world.state.db.read()).await.expect("a line").expect("one")
}

#[tokio::test]
async fn of_a_household_that_is_gone_what_is_sensitive_is_erased_first_and_what_is_personal_later() {
    let world = World::demo().await;
    let (home, people) = gone(&world).await;
    assert!(people.iter().any(|one| one.identity_number.is_some()));
    let kept = settings(&world);
    world.state.clock.shift(Duration::days(179));
    let early = run(&world, &kept, true).await;
    assert_eq!(count(&early, "households-sensitive"), 0, "a day too early: {early:?}");
    world.state.clock.shift(Duration::days(1));
    let dry = run(&world, &kept, true).await;
    assert_eq!(count(&dry, "households-sensitive"), 1, "{dry:?}");
    assert_eq!(
        (of(&world, home.id).await, family(&world, home.id).await),
        (home.clone(), people.clone()),
        "a dry run changes nothing"
    );
    assert_eq!(run(&world, &kept, false).await, dry, "a dry run tells what becomes of it");
    let after = of(&world, home.id).await;
    let expected = household::Model {
        yearly_income: None,
        income_source: None,
        version: home.version + 1,
        ..home.clone()
    };
    assert_eq!(after, expected, "the rest stays as it was");
    for (before, after) in people.iter().zip(family(&world, home.id).await) {
        let erased = before.identity_number.is_some();
        let expected = member::Model {
            identity_number: None,
            identity_number_masked: None,
            identity_number_hash: None,
            version: before.version + i32::from(erased),
            ..before.clone()
        };
        assert_eq!(after, expected);
    }
    assert_eq!(tags(&world, home.id).await, ["MILITARY_FAMILY"]);
    let told = line(&world, home.id.0).await;
    assert_eq!((told.kind, told.entity_version), (ChangeKind::Updated, home.version + 1));
    assert_eq!(told.columns, json!(["yearly_income", "income_source", "members", "tags"]));
    assert_eq!((told.content, told.request_id.as_str()), (json!({}), "retention"));
    let again = run(&world, &kept, false).await;
    assert!(again.iter().all(|one| one.count == 0), "{again:?}");

    world.state.clock.shift(Duration::days(1825 - 180));
    let dry = run(&world, &kept, true).await;
    assert_eq!(count(&dry, "households-personal"), 1, "{dry:?}");
    assert_eq!(run(&world, &kept, false).await, dry);
    let after = of(&world, home.id).await;
    let expected = household::Model {
        head_name: ERASED.to_owned(),
        address: None,
        latitude: None,
        longitude: None,
        phone: None,
        phone_masked: None,
        phone_hash: None,
        housing: None,
        yearly_income: None,
        income_source: None,
        version: home.version + 2,
        ..home.clone()
    };
    assert_eq!(after, expected, "number, place, status and days stay");
    let mut names = vec![home.head_name.clone()];
    for (before, after) in people.iter().zip(family(&world, home.id).await) {
        names.push(before.name.clone());
        let expected = member::Model {
            id: before.id,
            household_id: before.household_id,
            name: ERASED.to_owned(),
            relation: Kinship::Other,
            sex: Sex::Unknown,
            birth_date: None,
            identity_number: None,
            identity_number_masked: None,
            identity_number_hash: None,
            phone: None,
            phone_masked: None,
            phone_hash: None,
            employment: None,
            employment_place: None,
            needs: None,
            left_on: before.left_on,
            version: after.version,
        };
        assert_eq!(after, expected);
        let told = line(&world, before.id.0).await;
        assert_eq!((told.kind, told.content), (ChangeKind::Updated, json!({})));
    }
    assert!(tags(&world, home.id).await.is_empty());
    let ids: Vec<Uuid> = people.iter().map(|one| one.id.0).chain([home.id.0]).collect();
    let words = search_text::Entity::find().filter(search_text::Column::EntityId.is_in(ids));
    for row in words.all(world.state.db.read()).await.expect("words") {
        assert!(names.iter().all(|name| !row.words.contains(name)), "found by its name: {}", row.words);
    }
    let again = run(&world, &kept, false).await;
    assert!(again.iter().all(|one| one.count == 0), "{again:?}");
    assert_eq!(of(&world, home.id).await.version, home.version + 2);
}

#[tokio::test]
async fn a_household_that_lives_there_and_one_of_which_nothing_is_to_be_erased_stay_as_they_are() {
    let world = World::demo().await;
    let (home, people) = gone(&world).await;
    let rows = async || {
        household::Entity::find().order_by_asc(household::Column::Id).all(world.state.db.read()).await
    };
    let before = rows().await.expect("households");
    world.state.clock.shift(Duration::days(4000));
    let never = Retention { sensitive_days: 0, personal_days: 0, ..settings(&world) };
    let done = run(&world, &never, false).await;
    assert_eq!((count(&done, "households-personal"), count(&done, "households-sensitive")), (0, 0));
    assert_eq!(rows().await.expect("households"), before);
    assert_eq!(family(&world, home.id).await, people);
    // Without the first step the second erases all.
    let at_once = Retention { sensitive_days: 0, ..settings(&world) };
    assert_eq!(count(&run(&world, &at_once, false).await, "households-personal"), 1);
    let after = rows().await.expect("households");
    // A version rises with members who left; nothing else of the household changes.
    let differs = |(before, after): &(&household::Model, &household::Model)| {
        household::Model { version: after.version, ..(*before).clone() } != **after
    };
    let differing = before.iter().zip(&after).filter(differs).count();
    assert_eq!(differing, 1, "nobody who lives there is touched");
    assert_eq!(of(&world, home.id).await.yearly_income, None);
    assert!(family(&world, home.id).await.iter().all(|one| one.identity_number_hash.is_none()));
}

#[tokio::test]
async fn a_member_who_left_is_erased_by_the_same_days_and_the_others_stay() {
    let world = World::demo().await;
    let kept = settings(&world);
    // Those of the demonstration who left long ago.
    world.state.clock.shift(Duration::days(4000));
    let _ = run(&world, &kept, false).await;
    let all = member::Entity::find().filter(member::Column::Relation.ne(Kinship::Head));
    let all =
        all.filter(member::Column::LeftOn.is_null()).filter(member::Column::IdentityNumber.is_not_null());
    let who = all.order_by_asc(member::Column::Id).one(world.state.db.read()).await;
    let who = who.expect("a row").expect("a member");
    let left = member::ActiveModel {
        id: Set(who.id),
        left_on: Set(Some(lianhu::kernel::clock::civil(world.state.clock.now()))),
        ..Default::default()
    };
    left.update(world.state.db.write()).await.expect("gone");
    let home = of(&world, who.household_id).await;
    let others = async || {
        let rows = family(&world, home.id).await;
        rows.into_iter().filter(|row| row.id != who.id).collect::<Vec<_>>()
    };
    let before = others().await;
    world.state.clock.shift(Duration::days(180));
    let dry = run(&world, &kept, true).await;
    assert_eq!(count(&dry, "members-sensitive"), 1, "{dry:?}");
    assert_eq!(run(&world, &kept, false).await, dry);
    let read = async |id: MemberId| {
        member::Entity::find_by_id(id).one(world.state.db.read()).await.expect("a row").expect("the member")
    };
    let after = read(who.id).await;
    assert_eq!(
        (after.identity_number, after.identity_number_hash, after.identity_number_masked),
        (None, None, None)
    );
    assert_eq!((after.name, after.version), (who.name.clone(), who.version + 1));
    assert_eq!(
        of(&world, home.id).await.version,
        home.version + 1,
        "a household has its next version with its members"
    );
    world.state.clock.shift(Duration::days(1825 - 180));
    assert_eq!(count(&run(&world, &kept, false).await, "members-personal"), 1);
    let after = read(who.id).await;
    assert_eq!((after.name.as_str(), after.birth_date, after.sex), (ERASED, None, Sex::Unknown));
    assert_eq!(others().await, before);
    assert!(run(&world, &kept, false).await.iter().all(|one| one.count == 0));
}

#[tokio::test]
async fn who_spoke_for_an_enterprise_that_is_closed_is_erased_and_an_emergency_is_forgotten_with_its_reason()
{
    let world = World::demo().await;
    let admin = world.actor("town-admin").await;
    let firms = "{ enterprises(first: 2, where: { status: { eq: OPERATING } }) { nodes { id version } } }";
    let firms = admin.get(firms).await["enterprises"]["nodes"].clone();
    let shown = async |at: usize| {
        let ask = "query($id: ID!) { enterprise(by: { id: $id }) { name status closedOn legalRepresentative contactPerson phoneMasked } }";
        admin.ask(ask, json!({"id": firms[at]["id"]})).await.ok()["enterprise"].clone()
    };
    let set = async |version: i64, status: &str| {
        let input = json!({"id": firms[0]["id"], "expectedVersion": version, "status": status});
        let done = admin.change("enterpriseUpdate", "EnterpriseUpdateInput", "enterprise { version }", input);
        done.await["enterprise"]["version"].as_i64().expect("a version")
    };
    let closed = set(firms[0]["version"].as_i64().expect("a version"), "CLOSED").await;
    let today = lianhu::kernel::clock::civil(world.state.clock.now()).0.to_string();
    assert_eq!(shown(0).await["closedOn"], today);
    let reopened = set(closed, "OPERATING").await;
    assert_eq!(shown(0).await["closedOn"], Value::Null, "what works again is not closed");
    set(reopened, "CLOSED").await;
    let other = world.actor("wanfang-contact").await;
    let homes = "{ households(first: 1) { nodes { id } } }";
    let home = other.get(homes).await["households"]["nodes"][0]["id"].clone();
    let nearby = world.actor("nancheng-admin").await;
    let open = json!({"household": {"id": home}, "reason": "上门无人应答"});
    let opened =
        nearby.change("householdBreakGlass", "HouseholdBreakGlassInput", "emergency { id }", open).await;
    assert!(opened["emergency"]["id"].is_string(), "{opened}");
    let kept = settings(&world);
    let (before, neighbour) = (shown(0).await, shown(1).await);
    assert!(before["contactPerson"].is_string() && before["phoneMasked"].is_string(), "{before}");
    world.state.clock.shift(Duration::days(i64::from(kept.access_log_days) + 1));
    let early = run(&world, &kept, true).await;
    assert_eq!((count(&early, "enterprises-personal"), count(&early, "emergencies")), (0, 1), "{early:?}");
    assert_eq!(run(&world, &kept, false).await, early, "a dry run tells what becomes of it");
    assert_eq!(emergency::Entity::find().count(world.state.db.read()).await.expect("a count"), 0);
    world.state.clock.shift(Duration::days(i64::from(kept.personal_days)));
    let dry = run(&world, &kept, true).await;
    // Of the demonstration some are closed, too.
    let number = enterprise::Entity::find().filter(enterprise::Column::ClosedOn.is_not_null());
    let number = number.count(world.state.db.read()).await.expect("a count");
    assert!(number > 1);
    assert_eq!(count(&dry, "enterprises-personal"), number, "{dry:?}");
    assert_eq!(run(&world, &kept, false).await, dry);
    let id = entity::id::EnterpriseId(uuid(&firms[0]["id"]));
    let row =
        enterprise::Entity::find_by_id(id).one(world.state.db.read()).await.expect("a row").expect("it");
    assert_eq!((row.legal_representative, row.contact_person), (None, None));
    assert_eq!((row.phone, row.phone_masked, row.phone_hash), (None, None, None));
    assert_eq!(row.name, before["name"].as_str().expect("a name"));
    assert_eq!(line(&world, id.0).await.content, json!({}), "nothing of it stays in the log");
    let id = entity::id::EnterpriseId(uuid(&firms[1]["id"]));
    let row =
        enterprise::Entity::find_by_id(id).one(world.state.db.read()).await.expect("a row").expect("it");
    assert_eq!(row.contact_person.as_deref(), neighbour["contactPerson"].as_str());
    assert_eq!(count(&run(&world, &kept, false).await, "enterprises-personal"), 0);
}

#[tokio::test]
async fn corrections_sessions_and_keys_go_and_the_chain_of_the_access_log_still_holds() {
    let world = World::demo().await;
    let resident = world.actor("resident").await;
    let own =
        resident.get("{ households { nodes { id headName } } }").await["households"]["nodes"][0].clone();
    let ask = async |wanted: &str| {
        let input = json!({"householdId": own["id"], "field": "Household.address", "wanted": wanted});
        resident.change("correctionAsk", "CorrectionAskInput", "correction { id }", input).await["correction"]
            ["id"]
            .clone()
    };
    let (decided, open) = (ask("应为十七号").await, ask("应为十八号").await);
    let input = json!({"id": decided, "expectedVersion": 1, "outcome": "DONE", "answer": "已改"});
    let contact = world.actor("contact").await;
    let done = contact.change("correctionDecide", "CorrectionDecideInput", "correction { id }", input);
    assert_eq!(done.await["errors"], json!([]));
    world.state.access.flush(&world.state.db).await.expect("the log is written");
    let db = world.state.db.read();
    let account = correction::Entity::find().one(db).await.expect("a row").expect("one").asked_by;
    let import = |finished_at| roster_import::Model {
        id: ImportId(Uuid::now_v7()),
        account_id: account,
        upload_id: UploadId(Uuid::now_v7()),
        file_name: "户.csv".to_owned(),
        kind: None,
        dry_run: true,
        skip_bad: false,
        state: ImportState::Checked,
        report: Some(json!({"faults": [{"value": "530304198001310000"}]})),
        started_at: world.state.clock.now(),
        finished_at,
        beat_at: world.state.clock.now(),
        version: 1,
    };
    for row in [import(Some(world.state.clock.now())), import(None)] {
        let row = row.into_active_model();
        roster_import::Entity::insert(row)
            .exec_without_returning(world.state.db.write())
            .await
            .expect("stored");
    }
    let looks = access_line::Entity::find().count(db).await.expect("a count");
    assert!(looks > 0);
    let mut sealed = 0;
    // In PostgreSQL a line waits for the oldest transaction of the server, whosever it is.
    for _ in 0..200 {
        sealed += chain::seal(&world.state.db, &world.state.vault).await.expect("it is sealed");
        if sealed == looks {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(sealed, looks);
    world.state.clock.shift(Duration::days(1095) + Duration::minutes(10));
    let kept = settings(&world);
    let dry = run(&world, &kept, true).await;
    assert_eq!((count(&dry, "corrections"), count(&dry, "access-log")), (1, looks), "{dry:?}");
    assert!(count(&dry, "sessions") >= 2 && count(&dry, "idempotency-keys") >= 3, "{dry:?}");
    assert_eq!(run(&world, &kept, false).await, dry);
    let left = correction::Entity::find().all(db).await.expect("rows");
    assert_eq!(
        left.iter().map(|row| row.id.to_string()).collect::<Vec<_>>(),
        [open.as_str().expect("an id")]
    );
    assert_eq!(left[0].state, CorrectionState::Open, "what waits stays");
    assert_eq!(line(&world, uuid(&decided)).await.kind, ChangeKind::Ended);
    assert_eq!(count(&dry, "imports"), 1);
    let imports = roster_import::Entity::find().all(db).await.expect("rows");
    assert_eq!(imports.iter().map(|row| row.finished_at).collect::<Vec<_>>(), [None], "what goes on stays");
    assert_eq!(session::Entity::find().count(db).await.expect("a count"), 0);
    assert_eq!(idempotency::Entity::find().count(db).await.expect("a count"), 0);
    assert_eq!(access_line::Entity::find().count(db).await.expect("a count"), 0);
    let now = world.state.clock.now();
    let verdict = chain::verify(&world.state.db, &world.state.vault, now, &ProgressBar::hidden()).await;
    assert_eq!(verdict.expect("the chain is read").broken, None);
    assert!(run(&world, &kept, false).await.iter().all(|one| one.count == 0));
}

#[tokio::test]
async fn of_any_number_of_servers_one_alone_does_it_once_a_night() {
    let world = World::demo().await;
    let (db, kept) = (&world.state.db, settings(&world));
    // At noon, so that no other night begins meanwhile.
    let now = later(midnight(civil(world.state.clock.now())), Duration::hours(12));
    let done = futures_util::future::join_all((0..4).map(|_| retention::tonight(db, &kept, now))).await;
    let did = done.into_iter().filter_map(|one| one.expect("no trouble")).count();
    assert_eq!(did, 1);
    let again = retention::tonight(db, &kept, later(now, Duration::minutes(1))).await.expect("no trouble");
    assert_eq!(again, None);
    let next = retention::tonight(db, &kept, later(now, Duration::days(1))).await.expect("no trouble");
    assert_eq!(next.map(|outcomes| outcomes.len()), Some(RULES.len()));
    let nights = entity::retention_night::Entity::find().all(db.read()).await.expect("nights");
    assert!(
        nights.len() == 2 && nights.iter().all(|night| night.ended_at.is_some() && night.report.is_some())
    );
}
