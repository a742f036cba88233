//! The matrix as it is read from its page.

use std::collections::BTreeSet;

const PAGE: &str = include_str!("matrix.md");

/// One line: a tie on a day, and all that it opens.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Of the role.
    pub role: String,
    /// By what the role is held.
    pub tie: String,
    /// How the tie stands today.
    pub day: String,
    /// What is seen and may be done.
    pub opens: Opened,
}

/// What a tie opens, as the page says it or as a server showed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Opened {
    /// Letters of the parts of the household.
    pub household: String,
    /// The same of the enterprise.
    pub enterprise: String,
    /// What else is seen, by the words of the page.
    pub sees: BTreeSet<String>,
    /// Permissions, by the words of the page.
    pub may: BTreeSet<String>,
}

impl Line {
    /// How it is named when it fails.
    pub(super) fn name(&self) -> String {
        format!("{}, {}, {}", self.role, self.tie, self.day)
    }
}

/// Every line of the page.
pub(super) fn lines() -> Vec<Line> {
    let (mut sets, mut role, mut lines): (Vec<(String, String)>, _, _) =
        (Vec::new(), String::new(), Vec::new());
    let mut whole = String::new();
    for text in PAGE.lines() {
        // A list item goes on in the lines below it.
        match text.strip_prefix("  ") {
            Some(more) => whole = format!("{whole} {more}"),
            None => text.clone_into(&mut whole),
        }
        if let Some((name, words)) = whole.strip_prefix("- `").and_then(|rest| rest.split_once("`: ")) {
            sets.retain(|(known, _)| known != name);
            sets.push((name.to_owned(), words.to_owned()));
        }
        if let Some(rest) = text.strip_prefix("## `") {
            rest.split('`').next().unwrap_or_default().clone_into(&mut role);
        }
        let cells: Vec<_> = text.trim_matches('|').split('|').map(str::trim).collect();
        let [tie, day, household, enterprise, shown, may] = cells[..] else { continue };
        if tie == "tie" || tie.starts_with("---") {
            continue;
        }
        let letters = |cell: &str| cell.replace('-', "");
        let words = |cell: &str| -> BTreeSet<String> {
            let spelt = cell.split_whitespace().filter(|word| *word != "-").map(|word| {
                sets.iter().find(|(name, _)| name == word).map_or(word, |(_, words)| words.as_str())
            });
            spelt.flat_map(str::split_whitespace).map(str::to_owned).collect()
        };
        let opens = Opened {
            household: letters(household),
            enterprise: letters(enterprise),
            sees: words(shown),
            may: words(may),
        };
        lines.push(Line { role: role.clone(), tie: tie.to_owned(), day: day.to_owned(), opens });
    }
    lines
}

/// Root fields that are in no line, and why.
pub(super) fn excused() -> Vec<(String, String)> {
    let rows =
        PAGE.lines().filter_map(|text| text.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | "));
    rows.map(|(field, why)| (field.to_owned(), why.to_owned())).collect()
}
