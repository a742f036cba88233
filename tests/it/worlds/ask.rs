//! What a server shows somebody: by lists, page by page, by single checks, by edges, and by counts.

use super::{
    found::TAGS,
    model::{Model, Target},
    oracle::{Seen, count, has_contact},
};
use crate::rights::ways;
use entity::{id::RegionId, kind::RegionKind};
use lianhu_tests::{Actor, Dice};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
};

const HOUSEHOLD: &str = "fragment H on Household { id number headName address phone phoneMasked housing memberCount
  registeredOn yearlyIncome incomeSource tags { code sensitive } sensitiveTags { code } head { name phone identityNumber } }";
const ENTERPRISE: &str =
    "fragment E on Enterprise { id name creditCode trade size employees status legalRepresentative
  contactPerson phone phoneMasked }";

/// The lists, and what is asked of each row.
const LISTS: [(&str, &str); 4] = [
    ("households", "...H"),
    ("enterprises", "...E"),
    ("contactAssignments", "id household { ...H } enterprise { ...E }"),
    ("cadres", "id"),
];

/// Somebody who looks, and how they are named when it fails.
pub(super) struct Looker<'a> {
    pub(super) actor: Actor,
    pub(super) model: &'a Model,
    pub(super) name: String,
    pub(super) dice: Dice,
}

/// Rows that were shown in several ways, and the disagreements among these.
struct Shown {
    /// The rows, by id: letters, or nothing for those without parts.
    rows: BTreeMap<String, String>,
    total: Option<u64>,
}

/// What differs between what is right and what was shown.
fn differences<T: Debug + PartialEq>(
    way: &str,
    right: &BTreeMap<String, T>,
    shown: &BTreeMap<String, T>,
    wrong: &mut Vec<String>,
) {
    let ids: BTreeSet<_> = right.keys().chain(shown.keys()).collect();
    for id in ids {
        let (expected, is) = (right.get(id), shown.get(id));
        if expected != is {
            wrong.push(format!("{way}: {id}: expected {expected:?}, is {is:?}"));
        }
    }
}

fn bare(ids: &BTreeSet<String>) -> BTreeMap<String, String> {
    ids.iter().map(|id| (id.clone(), String::new())).collect()
}

impl Seen {
    /// Where what was shown is not this.
    pub(super) fn differs(&self, shown: &Self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (list, _) in LISTS {
            differences(list, &self.rows(list), &shown.rows(list), &mut wrong);
        }
        wrong
    }

    /// The rows of a list.
    fn rows(&self, list: &str) -> BTreeMap<String, String> {
        match list {
            "households" => self.homes.clone(),
            "enterprises" => self.firms.clone(),
            "contactAssignments" => bare(&self.duties),
            _ => bare(&self.cadres),
        }
    }
}

impl Looker<'_> {
    async fn ask(&self, query: &str, variables: Value) -> Value {
        let answer = self.actor.ask(query, variables).await;
        assert!(answer.body.get("errors").is_none(), "{}: {}", self.name, answer.body);
        answer.ok()
    }

    /// Letters of a row that was shown.
    fn letters(&self, row: &Value) -> String {
        let id = row["id"].as_str().unwrap_or_default();
        match id.split('_').next() {
            Some("household") => ways::household(row, &self.name),
            Some("enterprise") => ways::enterprise(row, &self.name),
            _ => String::new(),
        }
    }

    /// A list from end to end, forwards or backwards, in pages of any size.
    async fn walk(&mut self, list: &str, fields: &str) -> (Shown, Vec<Value>) {
        let size = 7 + self.dice.below(80);
        let backwards = self.dice.percent(30);
        let (many, from, more, edge) = if backwards {
            ("last", "before", "hasPreviousPage", "startCursor")
        } else {
            ("first", "after", "hasNextPage", "endCursor")
        };
        let fragments = [("...H", HOUSEHOLD), ("...E", ENTERPRISE)].iter();
        let fragments: String =
            fragments.filter(|(name, _)| fields.contains(name)).map(|(_, text)| *text).collect();
        let query = format!(
            "{fragments} query($from: Cursor) {{ {list}({many}: {size}, {from}: $from) {{ totalCount nodes {{ {fields} }}
             pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
        );
        let (mut rows, mut shown, mut from) = (BTreeMap::new(), Vec::new(), Value::Null);
        loop {
            let page = self.ask(&query, json!({"from": from})).await[list].clone();
            for node in page["nodes"].as_array().expect("nodes") {
                let id = node["id"].as_str().expect("an id").to_owned();
                let twice = rows.insert(id, self.letters(node));
                assert!(twice.is_none(), "{}: {list}: a row comes once: {node}", self.name);
                shown.push(node.clone());
            }
            if page["pageInfo"][more] == false {
                return (Shown { rows, total: page["totalCount"].as_u64() }, shown);
            }
            from = page["pageInfo"][edge].clone();
        }
    }

    /// Records one by one, by their ids.
    async fn singles(&self, ids: &[String]) -> BTreeMap<String, String> {
        let query =
            format!("{HOUSEHOLD} {ENTERPRISE} query($ids: [ID!]!) {{ nodes(ids: $ids) {{ id ...H ...E }} }}");
        let mut rows = BTreeMap::new();
        for some in ids.chunks(100) {
            let nodes = self.ask(&query, json!({"ids": some})).await["nodes"].clone();
            for (node, id) in nodes.as_array().expect("nodes").iter().zip(some) {
                if !node.is_null() {
                    assert_eq!(node["id"], json!(id), "{}: in the order of the ids", self.name);
                    rows.insert(id.clone(), self.letters(node));
                }
            }
        }
        rows
    }

    /// What is seen, by the lists alone.
    pub(super) async fn lists(&mut self) -> Seen {
        let mut seen = Seen::default();
        for (list, fields) in LISTS {
            let fields = if list == "contactAssignments" { "id" } else { fields };
            let rows = self.walk(list, fields).await.0.rows;
            match list {
                "households" => seen.homes = rows,
                "enterprises" => seen.firms = rows,
                "contactAssignments" => seen.duties = rows.into_keys().collect(),
                _ => seen.cadres = rows.into_keys().collect(),
            }
        }
        seen
    }

    /// Looks by every way in; tells where that is not what is right.
    /// `ties` is what is right without the emergencies.
    pub(super) async fn look(&mut self, right: &Seen, ties: &Seen, today: i64) -> Vec<String> {
        let mut wrong = Vec::new();
        let model = self.model;
        for (list, fields) in LISTS {
            let (shown, nodes) = self.walk(list, fields).await;
            let expected = right.rows(list);
            differences(list, &expected, &shown.rows, &mut wrong);
            if shown.total != Some(expected.len() as u64) {
                wrong.push(format!("{list}: expected {}, counts {:?}", expected.len(), shown.total));
            }
            let ids: Vec<String> = match list {
                "households" => model.homes.iter().map(|one| one.id.to_string()).collect(),
                "enterprises" => model.firms.iter().map(|one| one.id.to_string()).collect(),
                "contactAssignments" => model.duties.iter().map(|one| one.id.to_string()).collect(),
                _ => model.cadres.iter().map(|one| one.id.to_string()).collect(),
            };
            differences(&format!("{list}, one by one"), &expected, &self.singles(&ids).await, &mut wrong);
            if list == "contactAssignments" {
                self.edges(right, &nodes, &mut wrong);
            }
        }
        let (right_counts, shown) = self.counts(right, ties, today).await;
        differences("a count", &right_counts, &shown, &mut wrong);
        self.nested(right, &mut wrong).await;
        wrong.into_iter().map(|what| format!("{}: {what}", self.name)).collect()
    }

    /// The household or enterprise at the other end of each assignment.
    fn edges(&self, right: &Seen, nodes: &[Value], wrong: &mut Vec<String>) {
        for node in nodes {
            let id = node["id"].as_str().expect("an id");
            let Some(duty) = self.model.duties.iter().find(|duty| duty.id.to_string() == id) else {
                continue;
            };
            let (home, firm) = match duty.to {
                Target::Home(id) => (right.homes.get(&id.to_string()), None),
                Target::Firm(id) => (None, right.firms.get(&id.to_string())),
                Target::Region(_) | Target::Area(_) => (None, None),
            };
            for (edge, expected) in [("household", home), ("enterprise", firm)] {
                let is = (!node[edge].is_null()).then(|| self.letters(&node[edge]));
                if expected != is.as_ref() {
                    wrong.push(format!("{edge} of {id}: expected {expected:?}, is {is:?}"));
                }
            }
        }
    }

    /// The lists of a region: nothing that isn't in the whole list, and all of it that lies there.
    async fn nested(&mut self, right: &Seen, wrong: &mut Vec<String>) {
        let kinds = [RegionKind::Village, RegionKind::Township, RegionKind::County, RegionKind::Group];
        let places = self.model.of(self.dice.pick(&kinds));
        let region = self.dice.pick(&places);
        let query = format!(
            "{HOUSEHOLD} {ENTERPRISE} query($region: ID!) {{ region(by: {{ id: $region }}) {{
               households(first: 100) {{ totalCount nodes {{ ...H }} }} enterprises(first: 100) {{ totalCount nodes {{ ...E }} }} }} }}"
        );
        let shown = self.ask(&query, json!({"region": region.to_string()})).await["region"].clone();
        let mut expected = [BTreeMap::new(), BTreeMap::new()];
        for home in self.model.homes.iter().filter(|home| home.within.contains(&region)) {
            let id = home.id.to_string();
            expected[0].extend(right.homes.get(&id).map(|letters| (id, letters.clone())));
        }
        for firm in self.model.firms.iter().filter(|firm| firm.within.contains(&region)) {
            let id = firm.id.to_string();
            expected[1].extend(right.firms.get(&id).map(|letters| (id, letters.clone())));
        }
        for (list, expected) in ["households", "enterprises"].into_iter().zip(expected) {
            let nodes = shown[list]["nodes"].as_array().expect("nodes").iter();
            let rows =
                nodes.map(|node| (node["id"].as_str().unwrap_or_default().to_owned(), self.letters(node)));
            differences(&format!("{list} of {region}"), &expected, &rows.collect(), wrong);
            if shown[list]["totalCount"] != json!(expected.len()) {
                wrong.push(format!("{list} of {region}: counts {}", shown[list]["totalCount"]));
            }
        }
    }

    /// Counts under conditions and in coverage: those that are right, and those that were told.
    async fn counts(
        &mut self,
        right: &Seen,
        ties: &Seen,
        today: i64,
    ) -> (BTreeMap<String, usize>, BTreeMap<String, usize>) {
        let model = self.model;
        let dice = &mut self.dice;
        let tag = dice.pick(&TAGS);
        let one = dice.one(&model.homes);
        let firm = dice.one(&model.firms);
        let kinds = [RegionKind::Village, RegionKind::Township, RegionKind::County, RegionKind::Province];
        let of = |dice: &mut Dice| {
            let kind = dice.pick(&kinds);
            dice.pick(&model.of(kind))
        };
        let (near, far): (RegionId, RegionId) = (of(dice), of(dice));
        let query = "query($tag: String!, $number: String!, $head: String!, $near: ID!, $far: ID!, $firm: String!) {
            tag: households(where: { tag: { eq: $tag } }) { totalCount }
            without: households(where: { withoutContact: true }) { totalCount }
            with: households(where: { withoutContact: false, region: $near }) { totalCount }
            number: households(where: { number: { eq: $number } }) { totalCount }
            head: households(where: { headName: { eq: $head } }) { totalCount }
            gone: households(where: { status: { eq: MOVED_AWAY } }) { totalCount }
            near: households(where: { region: $near }) { totalCount }
            large: enterprises(where: { size: { eq: LARGE } }) { totalCount }
            named: enterprises(where: { name: { eq: $firm } }) { totalCount }
            far: enterprises(where: { region: $far }) { totalCount }
            live: contactAssignments(where: { live: true }) { totalCount }
            answers: contactAssignments(where: { region: $near }) { totalCount }
            here: coverage(region: { id: $near }) { households { numerator denominator } householdsWithout { totalCount } }
            there: coverage(region: { id: $far }) { households { numerator denominator } householdsWithout { totalCount } } }";
        let variables = json!({"tag": tag, "number": one.number, "head": one.head, "near": near.to_string(),
                               "far": far.to_string(), "firm": firm.name});
        let told = self.ask(query, variables).await;
        let firms = |letter: char, so: &dyn Fn(&super::model::Firm) -> bool| {
            let seen = |one: &&super::model::Firm| {
                right.firms.get(&one.id.to_string()).is_some_and(|letters| letters.contains(letter))
            };
            model.firms.iter().filter(seen).filter(|one| so(one)).count()
        };
        let duties = |so: &dyn Fn(&super::model::Duty) -> bool| {
            model.duties.iter().filter(|one| right.duties.contains(&one.id.to_string()) && so(one)).count()
        };
        let mut expected = BTreeMap::from([
            ("tag".to_owned(), count(model, right, 'I', |home| home.tags.contains(&tag))),
            ("without".to_owned(), count(model, ties, 'I', |home| !has_contact(model, home, today))),
            (
                "with".to_owned(),
                count(model, ties, 'I', |home| {
                    home.within.contains(&near) && has_contact(model, home, today)
                }),
            ),
            ("number".to_owned(), count(model, right, 'R', |home| home.number == one.number)),
            ("head".to_owned(), count(model, right, 'N', |home| home.head == one.head)),
            ("gone".to_owned(), count(model, right, 'R', |home| !home.lives_here)),
            ("near".to_owned(), count(model, right, 'R', |home| home.within.contains(&near))),
            ("large".to_owned(), firms('I', &|one| one.large)),
            ("named".to_owned(), firms('R', &|one| one.name == firm.name)),
            ("far".to_owned(), firms('R', &|one| one.within.contains(&far))),
            ("live".to_owned(), duties(&|duty| duty.days.hold_on(today))),
            ("answers".to_owned(), duties(&|duty| model.stands(duty.to).contains(&near))),
        ]);
        let number =
            |value: &Value| value.as_u64().and_then(|count| usize::try_from(count).ok()).expect("a number");
        let mut shown: BTreeMap<_, _> =
            expected.keys().map(|name| (name.clone(), number(&told[name.as_str()]["totalCount"]))).collect();
        for (name, region) in [("here", near), ("there", far)] {
            let lives = |home: &super::model::Home| home.lives_here && home.within.contains(&region);
            let all = count(model, ties, 'I', lives);
            let covered = count(model, ties, 'I', |home| lives(home) && has_contact(model, home, today));
            for (what, expected_now, told) in [
                ("denominator", all, &told[name]["households"]["denominator"]),
                ("numerator", covered, &told[name]["households"]["numerator"]),
                ("without", all - covered, &told[name]["householdsWithout"]["totalCount"]),
            ] {
                expected.insert(format!("coverage {name}, {what}"), expected_now);
                shown.insert(format!("coverage {name}, {what}"), number(told));
            }
        }
        (expected, shown)
    }
}
