//! Values that are known by sight: put into a few records by whoever may, and the numbers of everybody else as they
//! are stored. Each belongs to a record, to a field, and to a part of the record.

use crate::rights::Specimens;
use entity::{
    attachment, contact_card, correction, demand, enterprise, feedback, household,
    id::{CadreId, EnterpriseId, HouseholdId},
    member, task, task_event, task_milestone, task_part, task_request, visit,
};
use lianhu::kernel::standards::identity_check_digit;
use lianhu_tests::{Actor, World};
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Begins every text that was put; two letters follow, for the record and for the field.
const MARK: &str = "哨兵";
const HOMES: &str = "子丑寅卯辰巳午未申";
const FIRMS: &str = "酉戌亥";

/// One value that is known by sight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Canary {
    /// Whose it is: the id of a household or an enterprise.
    pub of: String,
    /// The field that holds it.
    pub field: &'static str,
    /// Letter of the part that shows it, as in `rights/matrix.md`; `C` for what was asked to be put right, `!` for what
    /// is of the sensitive class.
    pub part: char,
    /// Whether it was put, rather than made up with the demonstration.
    pub put: bool,
}

/// All that is known by sight, by its text.
#[derive(Clone, Debug, Default)]
pub(super) struct Known(HashMap<String, Vec<Canary>>);

impl Known {
    fn add(
        &mut self,
        text: impl Into<String>,
        of: &impl ToString,
        field: &'static str,
        part: char,
        put: bool,
    ) {
        self.0.entry(text.into()).or_default().push(Canary { of: of.to_string(), field, part, put });
    }

    /// Nothing but one value.
    pub(super) fn one(text: &str, of: &str, field: &'static str, part: char) -> Self {
        let mut known = Self::default();
        known.add(text, &of, field, part, true);
        known
    }

    /// What stands in a text of all this.
    pub(super) fn found<'a>(&'a self, text: &'a str) -> Vec<(&'a str, &'a [Canary])> {
        let marked = text.match_indices(MARK).filter_map(|(at, _)| {
            let (end, last) = text[at..].char_indices().nth(3)?;
            Some(&text[at..at + end + last.len_utf8()])
        });
        // Numbers, days, amounts and degrees.
        let is_number = |letter: char| letter.is_ascii_digit() || matches!(letter, '.' | '-' | 'X');
        let numbers = text.split(|letter: char| !is_number(letter)).map(|word| word.trim_matches(['.', '-']));
        let numbers = numbers.filter(|word| word.len() >= 8);
        marked.chain(numbers).filter_map(|word| Some((word, self.0.get(word)?.as_slice()))).collect()
    }

    /// A value of a record, to be asked for.
    pub(super) fn text(&self, of: &str, field: &str) -> &str {
        let mut own = self
            .0
            .iter()
            .filter(|(_, all)| all.iter().any(|one| one.put && one.of == of && one.field == field));
        own.next().unwrap_or_else(|| panic!("{field} of {of}")).0
    }

    /// What was put, by its text.
    pub(super) fn put(&self) -> impl Iterator<Item = (&str, &Canary)> {
        self.0
            .iter()
            .flat_map(|(text, all)| all.iter().filter(|one| one.put).map(move |one| (text.as_str(), one)))
    }
}

fn letter(letters: &str, nth: usize) -> char {
    letters.chars().nth(nth).expect("a letter for each")
}

async fn change(actor: &Actor, mutation: &str, selection: &str, input: Value) -> Value {
    let ty = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let made = actor.change(mutation, &ty, selection, input).await;
    assert_eq!(made["errors"], json!([]), "{mutation}: {made}");
    made
}

/// Puts values into a household, its head, and a member who is added.
async fn put_home(admin: &Actor, nth: usize, home: &household::Model, known: &mut Known) {
    let seen = "query($id: ID!) { household(by: { id: $id }) { id version head { id version } } }";
    let seen = admin.ask(seen, json!({"id": home.id.to_string()})).await.ok()["household"].clone();
    let text = |of: char| format!("{MARK}{}{of}", letter(HOMES, nth));
    let n = nth + 1;
    let latitude = format!("25.3117{n}1");
    let income = format!("98700{n}.37");
    let phones = [format!("1990000{n}101"), format!("1990000{n}202"), format!("1990000{n}303")];
    let (birth, compact) = (format!("1931-05-1{n}"), format!("1931051{n}"));
    let number = format!("530304{compact}9{n}0");
    let number = format!("{number}{}", identity_check_digit(&number));
    change(admin, "householdUpdate", "household { id }", json!({
        "id": home.id.to_string(), "expectedVersion": seen["version"], "phone": phones[0], "address": text('址'),
        "housing": text('屋'), "incomeSource": text('收'), "yearlyIncome": income,
        "location": {"latitude": latitude.parse::<f64>().expect("a number"), "longitude": 103.571_117, "datum": "WGS84"},
    })).await;
    let head = &seen["head"];
    change(
        admin,
        "householdMemberUpdate",
        "member { id }",
        json!({
            "id": head["id"], "expectedVersion": head["version"], "name": text('首'), "phone": phones[1],
            "employmentPlace": text('处'), "needs": text('求'),
        }),
    )
    .await;
    change(admin, "householdMemberAdd", "member { id }", json!({
        "householdId": home.id.to_string(),
        "member": {"name": text('名'), "relation": "OTHER", "sex": "FEMALE", "phone": phones[2], "employmentPlace": text('地'),
                   "needs": text('需'), "identityNumber": number, "birthDate": birth},
    })).await;
    let mut add = |text: String, field, part| known.add(text, &home.id, field, part, true);
    add(phones[0].clone(), "Household.phone", 'T');
    add(text('址'), "Household.address", 'N');
    add(text('屋'), "Household.housing", 'P');
    add(text('收'), "Household.incomeSource", '!');
    add(income, "Household.yearlyIncome", '!');
    add(latitude, "Household.location", 'P');
    add(text('首'), "Household.headName", 'N');
    add(phones[1].clone(), "HouseholdMember.phone", 'T');
    add(text('处'), "HouseholdMember.employmentPlace", 'P');
    add(text('求'), "HouseholdMember.needs", 'P');
    add(text('名'), "HouseholdMember.name", 'P');
    add(phones[2].clone(), "HouseholdMember.phone", 'T');
    add(text('地'), "HouseholdMember.employmentPlace", 'P');
    add(text('需'), "HouseholdMember.needs", 'P');
    add(number, "HouseholdMember.identityNumber", '!');
    add(birth, "HouseholdMember.birthDate", 'P');
}

/// Puts values into an enterprise.
async fn put_firm(admin: &Actor, nth: usize, firm: &enterprise::Model, known: &mut Known) {
    let text = |of: char| format!("{MARK}{}{of}", letter(FIRMS, nth));
    let phone = format!("1990009{}404", nth + 1);
    let (legal, contact) = (text('法'), text('联'));
    change(admin, "enterpriseUpdate", "enterprise { id }", json!({
        "id": firm.id.to_string(), "expectedVersion": firm.version, "phone": phone, "legalRepresentative": legal,
        "contactPerson": contact,
    })).await;
    known.add(phone, &firm.id, "Enterprise.phone", 'T', true);
    known.add(legal, &firm.id, "Enterprise.legalRepresentative", 'P', true);
    known.add(contact, &firm.id, "Enterprise.contactPerson", 'P', true);
}

/// Has the resident ask that something be put right, and answers.
async fn put_correction(world: &World, home: HouseholdId, known: &mut Known) {
    let (wanted, answer) = (format!("{MARK}子愿"), format!("{MARK}子答"));
    let resident = world.actor("resident").await;
    let asked = change(
        &resident,
        "correctionAsk",
        "correction { id version }",
        json!({
            "householdId": home.to_string(), "field": "Household.address", "wanted": wanted,
        }),
    )
    .await;
    change(&world.actor("town-admin").await, "correctionDecide", "correction { id }", json!({
        "id": asked["correction"]["id"], "expectedVersion": asked["correction"]["version"], "outcome": "DECLINED",
        "answer": answer,
    })).await;
    known.add(wanted, &home, "Correction.wanted", 'C', true);
    known.add(answer, &home, "Correction.answer", 'C', true);
}

/// Writes on both cards of a household: on the one that stands, or on a new one.
async fn put_cards(admin: &Actor, nth: usize, home: &household::Model, known: &mut Known) {
    let seen = "query($id: ID!) { household(by: { id: $id }) {
        contactCards(where: { current: true }) { nodes { id kind version voidSince } } } }";
    let seen = admin.ask(seen, json!({"id": home.id.to_string()})).await.ok();
    let cards = seen["household"]["contactCards"]["nodes"].as_array().expect("cards").clone();
    let written = [
        ("CONTACT", "promise", "ContactCard.promise", '诺'),
        ("REGISTER", "householdWord", "ContactCard.householdWord", '评'),
    ];
    for (kind, name, field, of) in written {
        let text = format!("{MARK}{}{of}", letter(HOMES, nth));
        let (mutation, mut input) =
            match cards.iter().find(|card| card["kind"] == kind && card["voidSince"].is_null()) {
                Some(card) => ("cardUpdate", json!({"id": card["id"], "expectedVersion": card["version"]})),
                None => ("cardFill", json!({"householdId": home.id.to_string(), "kind": kind})),
            };
        input[name] = json!(text);
        change(admin, mutation, "card { id }", input).await;
        known.add(text, &home.id, field, 'P', true);
    }
}

/// A picture of one dot.
fn dot() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(1, 1).write_to(&mut bytes, image::ImageFormat::Png).expect("a picture");
    bytes.into_inner()
}

/// Records a visit to a household, with what was said and given, and a file whose name tells something.
async fn put_visit(world: &World, admin: &Actor, (nth, home): (usize, &household::Model), known: &mut Known) {
    let began = world.state.clock.now().0 - chrono::Duration::hours(30);
    let (said, given) =
        (format!("{MARK}{}访", letter(HOMES, nth)), format!("{MARK}{}赠", letter(HOMES, nth)));
    let named = format!("{MARK}{}附", letter(HOMES, nth));
    let made = change(
        admin,
        "visitRecord",
        "visit { id }",
        json!({
            "method": "DOOR", "target": {"householdId": home.id.to_string()}, "beganAt": began.to_rfc3339(),
            "summary": said, "condolence": {"form": "GOODS", "items": given},
        }),
    )
    .await;
    let upload = admin.send_file(&format!("{named}.png"), None, &dot()).await;
    let input = json!({"record": {"visitId": made["visit"]["id"]}, "uploadIds": [upload]});
    change(admin, "attachmentsAdd", "attachments { id }", input).await;
    known.add(named, &home.id, "Attachment.fileName", 'V', true);
    known.add(said, &home.id, "Visit.summary", 'V', true);
    known.add(given, &home.id, "Condolence.items", 'V', true);
}

/// The records into which values were put.
pub(super) struct Put {
    /// Households, in the order of `Specimens`.
    pub homes: Vec<household::Model>,
    /// Enterprises: the one with an account, another of its town, one in another county.
    pub firms: Vec<enterprise::Model>,
    /// Everything that is known by sight.
    pub known: Known,
}

impl Put {
    /// Puts the values, and reads the numbers that everybody else has.
    pub(super) async fn into(world: &World) -> Self {
        let Specimens(homes) = Specimens::choose(world).await;
        let mut known = Known::default();
        let (here, there) = (world.actor("county-admin").await, world.actor("nancheng-admin").await);
        let county = homes[0].county_id;
        for (nth, home) in homes.iter().enumerate() {
            let admin = if home.county_id == county { &here } else { &there };
            put_home(admin, nth, home, &mut known).await;
            put_cards(admin, nth, home, &mut known).await;
            put_visit(world, admin, (nth, home), &mut known).await;
        }
        put_correction(world, homes[0].id, &mut known).await;
        let firms = firms(world, &there, &homes).await;
        for (nth, firm) in firms.iter().enumerate() {
            put_firm(if firm.county_id == county { &here } else { &there }, nth, firm, &mut known).await;
        }
        let mut put = Self { homes, firms, known };
        put.read_the_rest(world).await;
        put
    }

    async fn read_the_rest(&mut self, world: &World) {
        let db = world.state.db.read();
        let open =
            |sealed: &Option<Vec<u8>>| sealed.as_ref().map(|one| world.state.vault.open(one).expect("ours"));
        let is_put =
            |known: &Known, text: &str| known.0.get(text).is_some_and(|all| all.iter().any(|one| one.put));
        for row in household::Entity::find().all(db).await.expect("households") {
            for (text, field) in [(open(&row.phone), "Household.phone")] {
                let Some(text) = text.filter(|text| !is_put(&self.known, text)) else { continue };
                self.known.add(text, &row.id, field, 'T', false);
            }
        }
        for row in member::Entity::find().all(db).await.expect("members") {
            for (text, field, part) in [
                (open(&row.phone), "HouseholdMember.phone", 'T'),
                (open(&row.identity_number), "HouseholdMember.identityNumber", '!'),
            ] {
                let Some(text) = text.filter(|text| !is_put(&self.known, text)) else { continue };
                self.known.add(text, &row.household_id, field, part, false);
            }
        }
        for row in enterprise::Entity::find().all(db).await.expect("enterprises") {
            let Some(text) = open(&row.phone).filter(|text| !is_put(&self.known, text)) else { continue };
            self.known.add(text, &row.id, "Enterprise.phone", 'T', false);
        }
        assert!(self.known.0.len() > 10_000, "the numbers of everybody: {}", self.known.0.len());
    }
}

async fn firms(world: &World, there: &Actor, homes: &[household::Model]) -> Vec<enterprise::Model> {
    let afar = homes.last().expect("a household afar");
    change(there, "enterpriseCreate", "enterprise { id }", json!({
        "regionId": afar.village_id.to_string(), "name": "远方农业公司", "creditCode": "91350100M000100Y43", "size": "SMALL",
    })).await;
    let all =
        enterprise::Entity::find().order_by_asc(enterprise::Column::Id).all(world.state.db.read()).await;
    let all = all.expect("enterprises");
    let own = crate::rights::grant_of(world, "enterprise").await.enterprise_id;
    let pick =
        |what: &dyn Fn(&enterprise::Model) -> bool| all.iter().find(|row| what(row)).expect("one").clone();
    vec![
        pick(&|row| Some(row.id) == own),
        pick(&|row| Some(row.id) != own && row.village_id == Some(homes[3].village_id)),
        pick(&|row| row.name == "远方农业公司"),
    ]
}

/// To which household each member, correction, card, visit and file of one belongs; to which enterprise a visit.
pub(super) async fn households(world: &World) -> HashMap<String, String> {
    let db = world.state.db.read();
    let members = member::Entity::find().all(db).await.expect("members").into_iter();
    let members = members.map(|row| (row.id.to_string(), row.household_id.to_string()));
    let asked = correction::Entity::find().all(db).await.expect("corrections").into_iter();
    let asked = asked.map(|row| (row.id.to_string(), row.household_id.to_string()));
    let cards = contact_card::Entity::find().all(db).await.expect("cards").into_iter();
    let cards = cards.map(|row| (row.id.to_string(), row.household_id.to_string()));
    let visits = visit::Entity::find().all(db).await.expect("visits").into_iter();
    let visits: HashMap<_, _> = visits
        .filter_map(|row| {
            let to = row.household_id.map(|id| id.to_string()).or(row.enterprise_id.map(|id| id.to_string()));
            Some((row.id.0, (row.id.to_string(), to?)))
        })
        .collect();
    let files = attachment::Entity::find().all(db).await.expect("files").into_iter();
    let files = files.filter_map(|row| {
        let (_, to) = visits.get(&row.record_id)?;
        Some((row.id.to_string(), to.clone()))
    });
    let files: Vec<_> = files.collect();
    let mut work = HashMap::new();
    // What is of a place and was registered by no cadre is nobody's: no line can tell of it.
    let whose = |household: Option<HouseholdId>, enterprise: Option<EnterpriseId>, cadre: Option<CadreId>| {
        let of = household.map(|id| id.to_string()).or(enterprise.map(|id| id.to_string()));
        of.or(cadre.map(|id| id.to_string())).unwrap_or_default()
    };
    for row in demand::Entity::find().all(db).await.expect("demands") {
        work.insert(row.id.to_string(), whose(row.household_id, row.enterprise_id, row.registrar_id));
    }
    for row in feedback::Entity::find().all(db).await.expect("judgements") {
        let of = work.get(&row.demand_id.to_string()).cloned().unwrap_or_default();
        work.insert(row.id.to_string(), of);
    }
    for row in task::Entity::find().all(db).await.expect("tasks") {
        work.insert(row.id.to_string(), whose(row.household_id, row.enterprise_id, None));
    }
    macro_rules! of_tasks {
        ($($table:ident),*) => {$(
            for row in $table::Entity::find().all(db).await.expect("rows") {
                let of = work.get(&row.task_id.to_string()).cloned().unwrap_or_default();
                work.insert(row.id.to_string(), of);
            }
        )*};
    }
    of_tasks!(task_event, task_part, task_milestone, task_request);
    members.chain(asked).chain(cards).chain(files).chain(visits.into_values()).chain(work).collect()
}
