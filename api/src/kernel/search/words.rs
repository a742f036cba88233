//! The words by which a record is found, and the pairs of characters that they fall into.

use super::Kind;
use pinyin::ToPinyinMulti;
use sea_orm::{EntityName, EntityTrait, Value};
use std::{collections::BTreeMap, str::FromStr};
use uuid::Uuid;

/// Stands after the last character of a word; no word holds it.
pub(super) const END: char = '$';
/// Stands before a name and before a number.
pub(super) const BEGIN: char = '^';
/// Readings of a name that are kept: characters with several sounds multiply.
const READINGS: usize = 4;

/// Where a word stands; searches rank by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// A name or number begins with it, or is it.
    Start,
    /// Inside a name or number.
    Inside,
    /// In the initials of a name.
    Initials,
    /// In an address.
    Address,
}

impl Rank {
    pub(super) const ALL: [Self; 4] = [Self::Start, Self::Inside, Self::Initials, Self::Address];

    pub(super) fn number(self) -> i16 {
        self as i16
    }
}

/// A table whose records are found by words.
#[derive(Clone, Copy, Debug)]
pub struct Worded {
    /// What its records are called in a search.
    pub kind: Kind,
    table: &'static str,
    name: &'static str,
    number: Option<&'static str>,
    /// An official code, found by its beginning alone: all pairs of a code are those of a hundred thousand others.
    code: Option<&'static str>,
    address: Option<&'static str>,
    /// The column that takes a record out of every search once it has a value: it was withdrawn.
    withdrawn: Option<&'static str>,
}

/// Every table that is searched, by its columns.
const WORDED: [Worded; 4] = [
    Worded {
        kind: Kind::Region,
        table: "region",
        name: "name",
        number: None,
        code: Some("code"),
        address: None,
        withdrawn: Some("until"),
    },
    Worded {
        kind: Kind::Cadre,
        table: "cadre",
        name: "name",
        number: None,
        code: None,
        address: None,
        withdrawn: None,
    },
    Worded {
        kind: Kind::Enterprise,
        table: "enterprise",
        name: "name",
        number: Some("credit_code"),
        code: None,
        address: None,
        withdrawn: None,
    },
    Worded {
        kind: Kind::Household,
        table: "household",
        name: "head_name",
        number: Some("number"),
        code: None,
        address: Some("address"),
        withdrawn: None,
    },
];

const PLACES: [&str; 3] = ["county_id", "township_id", "village_id"];

/// How the records of a table are found; none for a table that is not searched.
#[must_use]
pub fn worded<E: EntityTrait>() -> Option<&'static Worded> {
    let table = E::default();
    WORDED.iter().find(|worded| worded.table == EntityName::table_name(&table))
}

/// What is stored of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) id: Uuid,
    pub(super) place: [Option<Uuid>; 3],
    pub(super) text: String,
    /// Pairs, and the code, with their weights.
    pub(super) grams: Vec<(String, i16)>,
}

impl Worded {
    /// Whether a change of these columns changes how the record is found.
    #[must_use]
    pub fn touched(&self, columns: &[&str]) -> bool {
        let own = [Some(self.name), self.number, self.code, self.address, self.withdrawn];
        columns.iter().any(|column| PLACES.contains(column) || own.contains(&Some(column)))
    }

    /// The words of a record, from its columns; none for one that was withdrawn.
    pub(super) fn words<E: EntityTrait>(&self, value: impl Fn(E::Column) -> Option<Value>) -> Option<Words> {
        let get = |name: &str| value(E::Column::from_str(name).ok()?);
        let text = |name: Option<&str>| match get(name?)? {
            Value::String(text) => text.map(|text| normal(&text)),
            _ => None,
        };
        let uuid = |name: &str| match get(name)? {
            Value::Uuid(id) => id,
            _ => None,
        };
        if self.withdrawn.and_then(get).is_some_and(|value| value != value.as_null()) {
            return None;
        }
        let name = text(Some(self.name)).unwrap_or_default();
        let mut found = Found::default();
        found.word(&name, Rank::Start, Rank::Inside);
        found.word(&text(self.number).unwrap_or_default(), Rank::Start, Rank::Inside);
        for initials in initials(&name) {
            found.word(&initials, Rank::Initials, Rank::Initials);
        }
        found.word(&text(self.address).unwrap_or_default(), Rank::Address, Rank::Address);
        let Found { words, mut ranks } = found;
        ranks.extend(text(self.code).filter(|code| !code.is_empty()).map(|code| (code, Rank::Start)));
        Some(Words { id: uuid("id")?, place: PLACES.map(uuid), text: words, grams: weighed(ranks) })
    }
}

#[derive(Default)]
struct Found {
    words: String,
    ranks: BTreeMap<String, Rank>,
}

impl Found {
    fn word(&mut self, word: &str, start: Rank, inside: Rank) {
        let mut rank = start;
        for gram in pairs(word) {
            let best = self.ranks.entry(gram).or_insert(rank);
            *best = rank.min(*best);
            rank = inside;
        }
        if !word.is_empty() {
            self.words.extend((start == Rank::Start).then_some(BEGIN));
            self.words.push_str(word);
            self.words.push(END);
        }
    }
}

/// Twice the rank, and one more unless it is the best of those that begin alike: a search for one character reads
/// each record once.
fn weighed(ranks: BTreeMap<String, Rank>) -> Vec<(String, i16)> {
    let mut best: BTreeMap<char, (Rank, String)> = BTreeMap::new();
    for (gram, &rank) in &ranks {
        let Some(first) = gram.chars().next() else { continue };
        let one = best.entry(first).or_insert_with(|| (rank, gram.clone()));
        if rank < one.0 {
            *one = (rank, gram.clone());
        }
    }
    let weight = |gram: &str, rank: Rank| {
        let best = gram.chars().next().and_then(|first| best.get(&first));
        rank.number() * 2 + i16::from(best.is_none_or(|(_, best)| best != gram))
    };
    ranks
        .into_iter()
        .map(|(gram, rank)| {
            let weight = weight(&gram, rank);
            (gram, weight)
        })
        .collect()
}

/// The pairs of a word, in order, the last character with the end mark.
fn pairs(word: &str) -> impl Iterator<Item = String> + '_ {
    let next = word.chars().skip(1).chain([END]);
    word.chars().zip(next).map(|(one, other)| [one, other].into_iter().collect())
}

/// A text as searches compare it: half-width, lower case, without blanks and signs.
#[must_use]
pub fn normal(text: &str) -> String {
    let half = |letter: char| match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        _ => letter,
    };
    text.chars().map(half).filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The initials of a name in pinyin, in each of its usual readings; none for a name without Chinese characters.
#[must_use]
pub fn initials(name: &str) -> Vec<String> {
    let mut readings = vec![String::new()];
    let mut chinese = false;
    for letter in name.chars() {
        let sounds = sounds(letter);
        chinese |= !letter.is_ascii() && !sounds.is_empty();
        let kept = if readings.len() * sounds.len() > READINGS { sounds.len().min(1) } else { sounds.len() };
        if kept > 0 {
            let longer = |reading: &String| {
                let reading = reading.clone();
                sounds[..kept].iter().map(move |sound| format!("{reading}{sound}")).collect::<Vec<_>>()
            };
            readings = readings.iter().flat_map(longer).collect();
        }
    }
    if chinese { readings } else { Vec::new() }
}

/// The first letters of a character's readings, the usual one first; a letter or digit stands for itself.
fn sounds(letter: char) -> Vec<char> {
    if letter.is_ascii() {
        return vec![letter];
    }
    let mut sounds = Vec::new();
    for reading in letter.to_pinyin_multi().into_iter().flatten() {
        if let Some(first) = reading.plain().chars().next().filter(char::is_ascii_lowercase)
            && !sounds.contains(&first)
        {
            sounds.push(first);
        }
    }
    sounds
}
