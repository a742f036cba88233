//! The rules, each a function from a source to what it finds there.

use super::source::{Named, Source, Token, resolve};
use std::collections::HashMap;

/// The longest file.
pub(super) const LINES: usize = 600;

/// Which room owns which table; the names are those of the modules of `entity`.
pub(super) const OWNERS: &[(&str, &[&str])] = &[
    (
        "kernel",
        &[
            "access_anchor",
            "access_line",
            "access_seal",
            "access_subject",
            "change",
            "idempotency",
            "place_past",
            "ring_key",
            "search_gram",
            "search_text",
        ],
    ),
    ("region", &["county_setting", "region", "region_succession", "area", "area_village"]),
    ("branch", &["branch"]),
    ("department", &["department"]),
    ("calendar", &["deadline_rule", "work_day", "work_hours"]),
    ("category", &["category"]),
    ("cadre", &["cadre", "membership", "position"]),
    (
        "account",
        &[
            "account",
            "account_identity",
            "api_key",
            "grant",
            "handout",
            "session",
            "sign_on",
            "refresh_token",
            "notice",
            "second_factor",
            "recovery_code",
            "one_time_code",
        ],
    ),
    ("webhook", &["webhook", "webhook_delivery"]),
    ("upload", &["upload"]),
    ("attachment", &["attachment"]),
    ("household", &["consent", "correction", "emergency", "household", "household_tag", "member", "tag"]),
    ("enterprise", &["enterprise"]),
    ("contact", &["assignment", "assignment_batch"]),
    ("intake", &["box_opening", "intake_point"]),
    ("diary", &["diary", "diary_visit"]),
    ("visit", &["visit", "visit_concern", "visit_participation"]),
    ("demand", &["demand", "feedback"]),
    (
        "task",
        &["task", "task_event", "task_list", "task_milestone", "task_number", "task_part", "task_request"],
    ),
    ("card", &["card_token", "contact_card"]),
    ("roster", &["roster_import"]),
    ("retention", &["retention_night"]),
];

/// What stands in the root of the crate, and the room above which it stands: `State` holds the schema.
const ROOT_ITEMS: &[(&str, &str)] = &[("State", "schema"), ("options", "schema")];
/// The room that knows no other.
const KERNEL: &str = "kernel";
/// The room that loads a whole made-up place, table by table.
const LOADER: &str = "demo";
const WRITES: [&str; 7] =
    ["insert", "insert_many", "update", "update_many", "delete", "delete_many", "delete_by_id"];
/// What `kernel/bulk.rs` does for the room that owns the table.
const BULK: [&str; 4] = ["insert", "create", "change", "end"];
/// Ways from a row to other rows that pass no door.
const RELATED: [&str; 9] = [
    "find_related",
    "find_with_related",
    "find_also_related",
    "find_linked",
    "find_with_linked",
    "find_also_linked",
    "load_one",
    "load_many",
    "load_many_to_many",
];
const RAW: [&str; 5] =
    ["execute_unprepared", "execute_raw", "query_one_raw", "query_all_raw", "from_raw_sql"];

/// Something found where it should not be.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// In which file.
    pub(super) path: String,
    /// On which line.
    pub(super) line: usize,
    /// What it is about: a room, a table, a call.
    pub(super) what: String,
    /// The rule.
    pub(super) rule: &'static str,
}

/// What is allowed all the same: file, what, and why.
pub(super) type Allowed = (&'static str, &'static str, &'static str);

/// The findings that nothing allows, and the permissions that nothing needs any more.
pub(super) fn judge(findings: &[Finding], allowed: &[Allowed]) -> Vec<String> {
    let fits = |finding: &Finding, (path, what, _): &Allowed| finding.path == *path && finding.what == *what;
    let wrong = findings.iter().filter(|finding| !allowed.iter().any(|one| fits(finding, one)));
    let wrong =
        wrong.map(|finding| format!("{}:{}: {}: {}", finding.path, finding.line, finding.what, finding.rule));
    let idle = allowed.iter().filter(|one| !findings.iter().any(|finding| fits(finding, one)));
    let idle =
        idle.map(|(path, what, _)| format!("{path}: {what} is allowed but not used: take the line out"));
    wrong.chain(idle).collect()
}

fn finding(source: &Source, line: usize, what: impl Into<String>, rule: &'static str) -> Finding {
    Finding { path: source.path.clone(), line, what: what.into(), rule }
}

/// The rooms, in the order of the map.
pub(super) fn rooms(map: &Source) -> Vec<String> {
    let tokens = map.tokens();
    let rooms = tokens.windows(3).filter(|three| three[0].text == "mod" && three[2].text == ";");
    rooms.map(|three| three[1].text.to_owned()).collect()
}

/// The modules on the way to a file of the library: `["kernel", "door"]`. None for its root and for the command.
fn modules(path: &str) -> Option<Vec<&str>> {
    let path = path.strip_prefix("api/src/")?.strip_suffix(".rs")?;
    let mut modules: Vec<&str> = path.split('/').collect();
    if modules.last() == Some(&"mod") {
        modules.pop();
    }
    let outside = ["lib", "main", "command"].contains(modules.first()?);
    (!outside).then_some(modules)
}

/// The room of a file of the library.
fn room(source: &Source) -> Option<&str> {
    modules(&source.path)?.first().copied()
}

/// What a path names in the root of the crate, if it reaches there.
fn in_root(named: &Named, depth: usize) -> Option<&str> {
    let ups = named.segments.iter().take_while(|segment| *segment == "super").count();
    match named.segments.first().map(String::as_str) {
        // `pub(crate)` names nothing.
        Some("crate") if named.segments.len() == 1 => named.alias.as_deref(),
        Some("crate") => Some(&named.segments[1]),
        Some("super") if ups == depth + named.inside => {
            Some(named.segments.get(ups).map_or("crate", String::as_str))
        }
        _ => None,
    }
}

/// A room uses those before it on the map; the kernel uses none.
pub(super) fn direction(source: &Source, rooms: &[String]) -> Vec<Finding> {
    const RULE: &str = "a room uses only those above it in api/src/lib.rs, and the kernel none";
    let Some(modules) = modules(&source.path) else { return Vec::new() };
    let place = |room: &str| rooms.iter().position(|one| one == room);
    let Some(own) = place(modules[0]) else {
        return vec![finding(source, 1, modules[0], "every room has its `pub mod` line in api/src/lib.rs")];
    };
    let allowed = |target: &str| match (place(target), ROOT_ITEMS.iter().find(|(item, _)| *item == target)) {
        (Some(at), _) if modules[0] == KERNEL => at == own,
        (Some(at), _) => at <= own,
        (None, Some((_, above))) => place(above).is_some_and(|above| above < own),
        (None, None) => false,
    };
    let named = source.named();
    let reached = named.iter().filter_map(|named| Some((named.line, in_root(named, modules.len())?)));
    reached
        .filter(|(_, target)| !allowed(target))
        .map(|(line, target)| finding(source, line, target, RULE))
        .collect()
}

/// Crates that a crate must not know.
pub(super) fn strangers(source: &Source, crates: &[&str]) -> Vec<Finding> {
    let named = source.named();
    let strange = named.iter().filter(|named| crates.contains(&named.segments[0].as_str()));
    let strange = strange.filter(|named| named.alias.is_some() || named.segments.len() > 1);
    strange
        .map(|named| finding(source, named.line, &named.segments[0], "this crate does not know that one"))
        .collect()
}

/// Ways to what a crate keeps to itself.
pub(super) fn break_ins(source: &Source) -> Vec<Finding> {
    let tokens = source.tokens();
    let pairs = tokens.windows(2).enumerate();
    let found = pairs.filter(|(at, pair)| match (pair[0].text, pair[1].text) {
        ("path", "=") => *at > 0 && tokens[at - 1].text == "[",
        ("include", "!") => true,
        _ => false,
    });
    found
        .map(|(_, pair)| {
            finding(source, pair[0].line, pair[0].text, "tests see what is public, nothing else")
        })
        .collect()
}

fn owner(table: &str) -> Option<&'static str> {
    OWNERS.iter().find(|(_, tables)| tables.contains(&table)).map(|(room, _)| *room)
}

fn is_generic(name: &str) -> bool {
    name.len() == 1 && name.chars().all(char::is_uppercase)
}

/// The table that a path is about, before the segment at `at`; the letter of one that is not named.
fn table_before(whole: &[String], at: usize) -> Option<&str> {
    let before = |steps: usize| whole.get(at.checked_sub(steps)?).map(String::as_str);
    match (before(2), before(1)) {
        (Some(table), Some("Entity")) => Some(table),
        (_, Some(letter)) if is_generic(letter) => Some(letter),
        _ => None,
    }
}

fn written(whole: &[String]) -> Option<&str> {
    if let Some(at) = whole.iter().position(|segment| segment == "ActiveModel") {
        return whole.get(at.checked_sub(1)?).map(String::as_str).filter(|table| owner(table).is_some());
    }
    let last = whole.len().checked_sub(1)?;
    if WRITES.contains(&whole[last].as_str()) { table_before(whole, last) } else { None }
}

/// Only the room that owns a table writes it.
pub(super) fn writes(source: &Source) -> Vec<Finding> {
    const RULE: &str = "only the room that owns a table writes it";
    const UNNAMED: &str =
        "say which table: `IntoActiveModel::<household::ActiveModel>::into_active_model(row)`";
    let Some(room) = room(source).filter(|room| *room != LOADER) else { return Vec::new() };
    let (named, imports) = (source.named(), source.imports());
    let foreign = |table: &str| owner(table) != Some(room);
    let mut found = Vec::new();
    for named in &named {
        let whole = resolve(&named.segments, &imports);
        if let Some(table) = written(&whole).filter(|table| foreign(table)) {
            found.push(finding(source, named.line, table, RULE));
        }
    }
    let in_bulk = |named: &&Named| matches!(named.segments.as_slice(), [.., bulk, call] if (bulk == "bulk" || bulk == "many") && BULK.contains(&call.as_str()));
    for call in named.iter().filter(in_bulk) {
        let table = named.iter().find(|named| named.at.start == call.at.end + 2);
        let mut whole = table.map(|table| resolve(&table.segments, &imports)).unwrap_or_default();
        whole.push("insert".to_owned());
        let table = table_before(&whole, whole.len() - 1).unwrap_or("?");
        if foreign(table) {
            found.push(finding(source, call.line, table, RULE));
        }
    }
    let tokens = source.tokens();
    for three in tokens.windows(3) {
        if three[0].text == ">" && three[1].text == "::" && WRITES.contains(&three[2].text) {
            found.push(finding(source, three[2].line, "<…>", RULE));
        }
    }
    // A row that becomes a write names no table: where tables of others are at hand, it has to.
    let at_hand = imports.values().any(|whole| matches!(whole.as_slice(), [entity, table, ..] if entity == "entity" && owner(table).is_some() && foreign(table)));
    for (at, token) in
        tokens.iter().enumerate().filter(|(_, token)| at_hand && token.text == "into_active_model")
    {
        let names_it = at >= 2 && tokens[at - 1].text == "::" && tokens[at - 2].text == ">";
        if !names_it {
            found.push(finding(source, token.line, token.text, UNNAMED));
        }
    }
    found
}

/// Questions begin at a door.
pub(super) fn questions(source: &Source) -> Vec<Finding> {
    const RULE: &str = "a question begins with `within` or, with a reason, `unscoped` (kernel/door.rs)";
    let imports = source.imports();
    let mut found = Vec::new();
    for named in source.named() {
        let whole = resolve(&named.segments, &imports);
        let Some(last) = whole.len().checked_sub(1).filter(|last| *last > 0) else { continue };
        let name = whole[last].as_str();
        let starts = name == "find" || name.starts_with("find_by_");
        let loads = name == "load" && whole[last - 1] == "Entity";
        if loads || starts && table_before(&whole, last).is_some() {
            found.push(finding(source, named.line, name, RULE));
        }
        if name == "select" && whole[last - 1] == "Query" {
            found.push(finding(source, named.line, "Query::select", RULE));
        }
    }
    let tokens = source.tokens();
    let text = |at: usize| tokens.get(at).map_or("", |token: &Token<'_>| token.text);
    for (at, token) in tokens.iter().enumerate().skip(1) {
        let bare = token.text == "find" && text(at - 1) == "::" && text(at + 1) == "(" && text(at + 2) == ")";
        let known = found.iter().any(|finding| finding.line == token.line && finding.what == "find");
        if bare && !known || RELATED.contains(&token.text) {
            found.push(finding(source, token.line, token.text, RULE));
        }
    }
    found
}

/// Questions without regard to who asks.
pub(super) fn unscoped(source: &Source) -> Vec<Finding> {
    const RULE: &str = "a question without regard to who asks stands in the list with its reason";
    let (tokens, named, imports) = (source.tokens(), source.named(), source.imports());
    let calls =
        named.iter().filter(|named| named.alias.is_none() && named.segments.ends_with(&["unscoped".into()]));
    let calls = calls.filter(|named| named.at.start == 0 || tokens[named.at.start - 1].text != "fn");
    calls
        .map(|call| {
            let table = named.iter().find(|named| named.at.start == call.at.end + 2);
            let table = table.map(|table| resolve(&table.segments, &imports));
            let table = table.and_then(|mut whole| {
                whole.push("find".to_owned());
                table_before(&whole, whole.len() - 1).map(str::to_owned)
            });
            finding(source, call.line, table.unwrap_or_else(|| "?".to_owned()), RULE)
        })
        .collect()
}

/// SQL that is written by hand.
pub(super) fn raw_sql(source: &Source) -> Vec<Finding> {
    const RULE: &str = "SQL by hand stands in the list with its reason";
    let imports = source.imports();
    let mut found = Vec::new();
    for named in source.named() {
        let whole = resolve(&named.segments, &imports);
        for pair in whole.windows(2) {
            match (pair[0].as_str(), pair[1].as_str()) {
                ("Statement", call) if call.starts_with("from_") => found.push(("Statement", named.line)),
                ("Expr", call) if call.starts_with("cust") => found.push(("Expr::cust", named.line)),
                ("sqlx", _) => found.push(("sqlx", named.line)),
                _ => {}
            }
        }
    }
    for token in source.tokens() {
        found.extend(RAW.iter().find(|raw| **raw == token.text).map(|raw| (*raw, token.line)));
    }
    found.into_iter().map(|(what, line)| finding(source, line, what, RULE)).collect()
}

/// The environment has one reader.
pub(super) fn environment(source: &Source) -> Vec<Finding> {
    let imports = source.imports();
    let reads = |named: &Named| {
        let whole = resolve(&named.segments, &imports);
        whole.windows(2).any(|pair| pair[0] == "env" && pair[1].starts_with("var"))
    };
    let named = source.named().into_iter().filter(reads);
    named
        .map(|named| finding(source, named.line, "env", "only api/src/config.rs reads the environment"))
        .collect()
}

/// Names are brought in one by one where a glob would hide a table.
pub(super) fn globs(source: &Source) -> Vec<Finding> {
    let hides = |named: &Named| match named.segments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["entity" | "sea_orm" | "crate", "*"] => true,
        ["entity", table, "*"] => owner(table).is_some(),
        _ => false,
    };
    let named = source.named().into_iter().filter(hides);
    named.map(|named| finding(source, named.line, named.segments.join("::"), "import by name")).collect()
}

/// A file says what it means, is not endless, and silences no lint.
pub(super) fn form(source: &Source) -> Vec<Finding> {
    let mut found = Vec::new();
    if !source.text.starts_with("//! ") {
        found.push(finding(source, 1, "no `//!`", "a file begins with what it means"));
    }
    let lines = source.text.lines().count();
    if lines > LINES {
        found.push(finding(source, LINES, format!("{lines} lines"), "a file is not longer than 600 lines"));
    }
    for three in source.tokens().windows(3) {
        if matches!(three[0].text, "[" | "," | "(") && three[1].text == "allow" && three[2].text == "(" {
            found.push(finding(source, three[1].line, "allow", "`#[expect(…, reason)]` instead"));
        }
    }
    found
}

/// The crates of ours that a manifest names.
pub(super) fn dependencies(manifest: &str) -> Vec<&str> {
    let ours = ["entity", "migration", "lianhu", "lianhu-tests"];
    let names = manifest.lines().filter_map(|line| line.split(['.', ' ', '=']).next());
    names.filter(|name| ours.contains(name)).collect()
}

/// The tables of `entity` without an owner, and those with one that are not there.
pub(super) fn unowned(tables: &[String]) -> Vec<String> {
    let owned: HashMap<&str, &str> =
        OWNERS.iter().flat_map(|(room, tables)| tables.iter().map(|table| (*table, *room))).collect();
    let missing = tables.iter().filter(|table| !owned.contains_key(table.as_str()));
    let missing = missing.map(|table| format!("entity/src/{table}.rs: no room owns the table"));
    let gone = owned.iter().filter(|(table, _)| !tables.iter().any(|one| one == *table));
    missing.chain(gone.map(|(table, room)| format!("{room} owns {table}, which is not in entity"))).collect()
}
