//! Answers, read for what they show: whose fields, and whether whoever asked was expected to see them.

use super::{
    canaries::Known,
    sight::{Land, Sight},
};
use crate::contract::model::{CLASSES, Contract, base};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};

/// The part that shows a field of a household, a member or an enterprise, as `rights/matrix.md` says. What is in no line
/// is seen with the record itself.
const PARTS: [(&str, char); 23] = [
    ("Household.headName", 'N'),
    ("Household.address", 'N'),
    ("Household.memberCount", 'I'),
    ("Household.lastVisitOn", 'I'),
    ("Household.registeredOn", 'I'),
    ("Household.residentUntil", 'I'),
    ("Household.tags", 'I'),
    ("Household.phoneMasked", 'P'),
    ("Household.housing", 'P'),
    ("Household.location", 'P'),
    ("Household.head", 'P'),
    ("Household.members", 'P'),
    ("Household.phone", 'T'),
    ("HouseholdMember.phone", 'T'),
    ("Enterprise.trade", 'I'),
    ("Enterprise.size", 'I'),
    ("Enterprise.employees", 'I'),
    ("Enterprise.status", 'I'),
    ("Enterprise.closedOn", 'I'),
    ("Enterprise.legalRepresentative", 'P'),
    ("Enterprise.contactPerson", 'P'),
    ("Enterprise.phoneMasked", 'P'),
    ("Enterprise.phone", 'T'),
];

/// Fields above the public class that everybody sees.
const OPEN: [(&str, &str); 2] = [
    ("SearchHit.kind", "of a region, which is public"),
    ("SearchHit.matched", "of a region, which is public"),
];

/// A field of somebody that was shown: its coordinate, and the subject as the access log names it.
pub(super) type Shown = BTreeSet<(String, String)>;

/// What one answer held.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// What should not have been there.
    pub leaks: Vec<String>,
    /// What was shown of whom.
    pub shown: Shown,
    /// Personal values that were shown.
    pub personal: usize,
    /// Values that were put and have been seen.
    pub met: BTreeSet<String>,
}

/// What every answer is held against.
pub(super) struct Judge {
    fields: HashMap<String, Option<usize>>,
    leaves: HashMap<String, bool>,
    /// To which household each member, correction, card, visit and file of one belongs; to which enterprise a visit.
    pub households: HashMap<String, String>,
    /// All that is known by sight.
    pub known: Known,
    /// What there is to be seen.
    pub land: Land,
}

/// One answer, and who got it.
pub(super) struct Asked<'a> {
    /// Whether anybody is signed in.
    pub signed_in: bool,
    /// What they are expected to see.
    pub sight: &'a Sight,
    /// What they sent.
    pub sent: &'a str,
    /// What came back, headers and all.
    pub came: &'a str,
}

/// Whether a telephone number is hidden as it should be.
fn is_masked(text: &str) -> bool {
    text.contains("****") && text.chars().filter(char::is_ascii_digit).count() <= 7
}

impl Judge {
    pub(super) fn new(
        contract: &Contract,
        known: Known,
        households: HashMap<String, String>,
        land: Land,
    ) -> Self {
        let fields = contract.fields().map(|field| (field.at(), field.class()));
        let leaves = contract.fields().map(|field| (field.at(), !contract.is_composite(base(field.ty()))));
        Self { fields: fields.collect(), leaves: leaves.collect(), households, known, land }
    }

    /// Reads one answer.
    pub(super) fn read(&self, asked: &Asked<'_>, body: &Value) -> Reading {
        let mut reading = Reading::default();
        for (text, all) in self.known.found(asked.came) {
            let expected = all.iter().any(|one| asked.sight.shows(&one.of, one.part));
            if expected {
                reading.met.extend(all.iter().filter(|one| one.put).map(|_| text.to_owned()));
            } else if !asked.sent.contains(text) {
                reading.leaks.push(format!("“{text}”, {} of {}", all[0].field, all[0].of));
            }
        }
        self.errors(asked, &body["errors"], &mut reading);
        self.walk(asked, &body["data"], "", &mut reading);
        reading
    }

    /// Nothing that is known by sight stands in an error, unless whoever got it has just typed it.
    fn errors(&self, asked: &Asked<'_>, errors: &Value, reading: &mut Reading) {
        let text = errors.to_string();
        for (found, all) in self.known.found(&text) {
            if !asked.sent.contains(found) {
                reading.leaks.push(format!("an error tells “{found}”, {} of {}", all[0].field, all[0].of));
            }
        }
    }

    fn walk(&self, asked: &Asked<'_>, value: &Value, around: &str, reading: &mut Reading) {
        match value {
            Value::Array(all) => all.iter().for_each(|one| self.walk(asked, one, around, reading)),
            Value::Object(object) => self.object(asked, object, around, reading),
            _ => {}
        }
    }

    fn object(&self, asked: &Asked<'_>, object: &Map<String, Value>, around: &str, reading: &mut Reading) {
        let of = object.get("__typename").and_then(Value::as_str).unwrap_or_default();
        let own = object.get("id").and_then(Value::as_str).unwrap_or(around);
        if of.ends_with("Error") {
            self.errors(asked, &Value::Object(object.clone()), reading);
        }
        // A position has no id; it is the household's.
        let record = self.households.get(own).map_or(own, String::as_str);
        let mut leak = |what: String| reading.leaks.push(format!("{what} of {own}"));
        let parts = match of {
            "Household" | "Enterprise" => Some('R'),
            "HouseholdMember" | "GeoPosition" | "ContactCard" => Some('P'),
            "Correction" => Some('C'),
            "Visit" | "Condolence" | "Attachment" => Some('V'),
            _ => None,
        };
        if parts.is_some_and(|part| !asked.sight.shows(record, part)) {
            leak(format!("a {of} that should not be there"));
        }
        let county = self.land.counties.get(own);
        let inside =
            asked.sight.counties.as_ref().is_none_or(|all| county.is_none_or(|one| all.contains(one)));
        if !inside {
            leak(format!("a {of} of another county"));
        }
        for (name, value) in object.iter().filter(|(name, value)| *name != "__typename" && !value.is_null()) {
            let at = format!("{of}.{name}");
            let class = self.fields.get(&at).copied().flatten().map_or("PUBLIC", |class| CLASSES[class]);
            let is_leaf = self.leaves.get(&at).copied().unwrap_or(true);
            if class == "SENSITIVE" {
                leak(format!("{at}, which is sensitive"));
            }
            if let Some((_, part)) = PARTS.iter().find(|(of, _)| *of == at)
                && !asked.sight.shows(record, *part)
            {
                leak(format!("{at}, which is “{part}”"));
            }
            if name == "phoneMasked" && !value.as_str().is_some_and(is_masked) {
                leak(format!("{at}, which hides nothing: {value}"));
            }
            if at == "Household.tags"
                && value.as_array().is_some_and(|all| all.iter().any(|tag| tag["sensitive"] == true))
            {
                leak("a tag that is sensitive".to_owned());
            }
            let is_public = class == "PUBLIC" || OPEN.iter().any(|(open, _)| *open == at);
            if is_leaf && !asked.signed_in && !is_public {
                leak(format!("{at} to anybody"));
            }
            // An empty list tells of nobody.
            let tells = value.as_array().is_none_or(|all| !all.is_empty());
            if class == "PERSONAL" && tells && (is_leaf || at == "Household.location") {
                reading.personal += usize::from(is_leaf);
                if !at.starts_with("GeoPosition.") && !record.is_empty() {
                    reading.shown.insert((at, record.to_owned()));
                }
            }
        }
        for (_, value) in object.iter().filter(|(name, _)| *name != "__typename") {
            self.walk(asked, value, own, reading);
        }
    }
}
