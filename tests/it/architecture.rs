//! The house as it is built: the order of the rooms, who writes which table, where questions begin. Read from the
//! sources; each rule is tried on a snippet that breaks it.

mod rules;
mod source;
mod unscoped;

use rules::{Allowed, Finding, judge};
use source::{Source, read, read_all};
use unscoped::UNSCOPED;

const LIBRARY: [&str; 1] = ["api/src"];
const ALL: [&str; 5] = ["api/src", "entity/src", "migration/src", "tests/src", "tests/it"];

/// What reaches over the order of the rooms.
const OVER: &[Allowed] = &[(
    "api/src/account/mod.rs",
    "State",
    "`account::enter` takes apart what the front door holds; it belongs to the door",
)];

/// Who else writes a table.
const WRITERS: &[Allowed] = &[
    ("api/src/kernel/work.rs", "E", "writes any record together with its line in the log"),
    ("api/src/kernel/many.rs", "E", "writes any table for the room that owns it"),
    ("api/src/kernel/bulk.rs", "E", "writes any table for the room that owns it"),
    ("api/src/kernel/place/rewrite.rs", "E", "place columns of any table, when regions move"),
    (
        "api/src/kernel/place/rewrite.rs",
        "region",
        "place columns of groups and grids that come to another village",
    ),
    (
        "api/src/kernel/work.rs",
        "account",
        "raises `rights_version`, in the transaction that changes the rights",
    ),
];

/// Where questions begin.
const DOORS: &[Allowed] = &[
    ("api/src/kernel/door.rs", "find", "the door itself"),
    ("api/src/kernel/door.rs", "Query::select", "a condition that can name no column"),
    ("api/src/kernel/page.rs", "Query::select", "puts together questions that begin at the door"),
    (
        "api/src/kernel/search/ask.rs",
        "Query::select",
        "puts together branches; what they give goes through the door",
    ),
    (
        "api/src/kernel/place/past.rs",
        "Query::select",
        "a table beside itself, inside a question that begins at the door",
    ),
    ("api/src/kernel/place/still.rs", "Query::select", "a lock, not a table"),
    (
        "api/src/kernel/ring/sealed.rs",
        "Query::select",
        "all that is sealed, to be sealed anew; nothing is shown",
    ),
    (
        "api/src/region/history.rs",
        "Query::select",
        "a table beside itself, inside a question that begins at the door",
    ),
];

/// Where SQL is written by hand.
const RAW_SQL: &[Allowed] = &[
    ("api/src/kernel/db.rs", "sqlx", "settings of a connection, which SeaORM does not pass on"),
    ("api/src/kernel/db.rs", "execute_unprepared", "NOTIFY, which takes no parameters"),
    ("api/src/kernel/log.rs", "Statement", "row values and snapshots of PostgreSQL"),
    ("api/src/demo/made_up/mod.rs", "execute_unprepared", "ANALYZE"),
    (
        "api/src/kernel/access/chain.rs",
        "execute_unprepared",
        "PostgreSQL: one sealer among any number of processes",
    ),
    ("api/src/kernel/access/chain.rs", "Statement", "lines in an order in which none can come late"),
    (
        "api/src/kernel/search/store.rs",
        "Statement",
        "millions of pairs: unnest in PostgreSQL, json_each in SQLite",
    ),
    (
        "api/src/kernel/search/store.rs",
        "execute_raw",
        "millions of pairs: unnest in PostgreSQL, json_each in SQLite",
    ),
    ("api/src/kernel/door.rs", "Expr::cust", "a plus sign, which SQLite's planner takes as a hint"),
    ("api/src/kernel/viewer.rs", "Statement", "all bonds of an account in one statement"),
    ("api/src/kernel/page.rs", "Expr::cust", "count(*) without a column"),
    (
        "api/src/account/session/enter.rs",
        "Statement",
        "session and account in one statement, at each request",
    ),
    ("api/src/contact/coverage.rs", "Expr::cust", "count(*) and count(DISTINCT …)"),
];

fn check(sources: &[Source], rule: impl Fn(&Source) -> Vec<Finding>, allowed: &[Allowed]) {
    let findings: Vec<_> = sources.iter().flat_map(rule).collect();
    let wrong = judge(&findings, allowed);
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// What a rule finds in a snippet, and on which lines.
fn found(rule: impl Fn(&Source) -> Vec<Finding>, path: &str, text: &str) -> Vec<(String, usize)> {
    let findings = rule(&Source::snippet(path, text)).into_iter();
    findings.map(|finding| (finding.what, finding.line)).collect()
}

fn is(found: &[(String, usize)], wanted: &[(&str, usize)]) {
    let found: Vec<_> = found.iter().map(|(what, line)| (what.as_str(), *line)).collect();
    assert_eq!(found, wanted);
}

fn map() -> Vec<String> {
    rules::rooms(&Source::snippet("api/src/lib.rs", &read("api/src/lib.rs")))
}

#[test]
fn the_map_names_every_room_in_order() {
    let rooms = map();
    let at = |room: &str| {
        rooms.iter().position(|one| one == room).unwrap_or_else(|| panic!("{room} in {rooms:?}"))
    };
    let order =
        ["config", "kernel", "region", "account", "household", "contact", "graph", "schema", "http"].map(at);
    assert!(order.is_sorted(), "{rooms:?}");
}

#[test]
fn no_room_uses_one_below_it() {
    let rooms = map();
    check(&read_all(&LIBRARY), |source| rules::direction(source, &rooms), OVER);
}

#[test]
fn a_use_that_runs_the_wrong_way_is_found() {
    let rooms = ["config", "kernel", "region", "household", "schema", "http"].map(str::to_owned);
    let rule = |source: &Source| rules::direction(source, &rooms);
    let region = "//! x\nuse crate::{\n    kernel::door,\n    household::{object::Household, tag},\n};\n";
    is(&found(rule, "api/src/region/mod.rs", region), &[("household", 4), ("household", 4)]);
    let body = "fn f() {\n    crate::http::listener::serve(\"crate::schema\"); // crate::schema\n}\n";
    is(&found(rule, "api/src/region/object.rs", body), &[("http", 2)]);
    is(&found(rule, "api/src/household/mod.rs", "use crate::region;\nuse super::region::find;\n"), &[]);
    is(&found(rule, "api/src/region/mod.rs", "use super::household::find;\n"), &[("household", 1)]);
    is(
        &found(rule, "api/src/region/area.rs", "use super::find;\nuse super::super::schema;\n"),
        &[("schema", 2)],
    );
    let inner = "mod tests {\n    use super::*;\n    use super::super::super::http;\n}\nuse super::object;\n";
    is(&found(rule, "api/src/region/area.rs", inner), &[("http", 3)]);
    is(&found(rule, "api/src/kernel/door.rs", "use crate::config::Config;\n"), &[("config", 1)]);
    is(&found(rule, "api/src/region/mod.rs", "use crate::State;\n"), &[("State", 1)]);
    is(&found(rule, "api/src/http/mod.rs", "use crate::State as Server;\nuse crate::schema;\n"), &[]);
    is(&found(rule, "api/src/attic/mod.rs", "//! x\n"), &[("attic", 1)]);
    let generated = "macro_rules! m { () => { $crate::http::refuse() } }\n";
    is(&found(rule, "api/src/kernel/payload.rs", generated), &[("http", 1)]);
}

#[test]
fn entity_and_migration_know_nobody() {
    let ours = ["entity", "migration", "lianhu", "lianhu_tests"];
    let others = |own: &str| ours.into_iter().filter(|one| *one != own).collect::<Vec<_>>();
    for own in ["entity", "migration"] {
        let folder = format!("{own}/src");
        check(&read_all(&[&folder]), |source| rules::strangers(source, &others(own)), &[]);
        let manifest = read(format!("{own}/Cargo.toml"));
        assert!(
            rules::dependencies(&manifest).is_empty(),
            "{own}/Cargo.toml: {:?}",
            rules::dependencies(&manifest)
        );
    }
    assert!(!rules::dependencies(&read("api/Cargo.toml")).contains(&"lianhu-tests"));
    let snippet =
        "use sea_orm::entity::prelude::*;\nuse entity::household;\nfn f() { lianhu::schema::sdl(); }\n";
    let rule = |source: &Source| rules::strangers(source, &others("migration"));
    is(&found(rule, "migration/src/x.rs", snippet), &[("entity", 2), ("lianhu", 3)]);
    assert_eq!(
        rules::dependencies("[dependencies]\nentity = { path = \"../entity\" }\nuuid.workspace = true"),
        ["entity"]
    );
}

#[test]
fn tests_see_what_is_public() {
    check(&read_all(&["tests/src", "tests/it"]), rules::break_ins, &[]);
    let snippet =
        "#[path = \"../../api/src/kernel/rows.rs\"]\nmod rows;\ninclude!(\"x.rs\");\nlet path = 1;\n";
    is(&found(rules::break_ins, "tests/it/x.rs", snippet), &[("path", 1), ("include", 3)]);
}

#[test]
fn every_table_has_an_owner() {
    let entity = read_all(&["entity/src"]);
    let tables = entity.iter().filter(|source| source.text.contains("DeriveEntityModel"));
    let tables: Vec<_> = tables
        .filter_map(|source| Some(source.path.strip_prefix("entity/src/")?.strip_suffix(".rs")?.to_owned()))
        .collect();
    let wrong = rules::unowned(&tables);
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(rules::unowned(&[tables, vec!["ballot".to_owned()]].concat()).len(), 1);
}

#[test]
fn only_the_room_that_owns_a_table_writes_it() {
    check(&read_all(&LIBRARY), rules::writes, WRITERS);
}

#[test]
fn a_foreign_write_is_found() {
    let rule = rules::writes;
    let used = "use entity::{household, assignment};\nfn f() {\n    household::ActiveModel {};\n    assignment::ActiveModel {};\n}\n";
    is(&found(rule, "api/src/contact/mod.rs", used), &[("household", 3)]);
    is(&found(rule, "api/src/demo/homes.rs", used), &[]);
    let short = "use entity::household::{self, Entity as Homes};\nfn f() { Homes::update_many(); household::Entity::find(); }\n";
    is(&found(rule, "api/src/contact/mod.rs", short), &[("household", 2)]);
    is(&found(rule, "api/src/household/mod.rs", short), &[]);
    is(
        &found(rule, "api/src/contact/mod.rs", "fn f() { entity::member::Entity::delete_by_id(1); }"),
        &[("member", 1)],
    );
    is(&found(rule, "api/src/contact/mod.rs", "use entity::tag::ActiveModel;\n"), &[("tag", 1)]);
    is(
        &found(rule, "api/src/contact/mod.rs", "fn f<E>() { E::insert(row); <N as X>::insert_many(rows); }"),
        &[("E", 1), ("<…>", 1)],
    );
    let many = "use entity::{assignment, household};\nfn f() {\n    bulk::insert::<household::Entity>(tx, rows);\n    crate::kernel::bulk::insert::<assignment::Entity>(tx, rows);\n    bulk::insert(tx, rows);\n    bulk::change::<household::Entity>(tx, changes, by);\n}\n";
    is(&found(rule, "api/src/contact/mod.rs", many), &[("household", 3), ("?", 5), ("household", 6)]);
    let turned = "use entity::{grant, scalar::Date};\nfn f() { row.into_active_model().update(tx); }\n";
    is(&found(rule, "api/src/contact/mod.rs", turned), &[("into_active_model", 2)]);
    let named = "use entity::{assignment, grant};\nfn f() { IntoActiveModel::<assignment::ActiveModel>::into_active_model(row); }\n";
    is(&found(rule, "api/src/contact/mod.rs", named), &[]);
    is(&found(rule, "api/src/account/mod.rs", turned), &[]);
    is(
        &found(
            rule,
            "api/src/contact/mod.rs",
            "use crate::region;\nfn f() { region::update(work); map.insert(1); }",
        ),
        &[],
    );
}

#[test]
fn questions_begin_at_a_door() {
    check(&read_all(&LIBRARY), rules::questions, DOORS);
    let snippet = "use entity::household;\nfn f() {\n    household::Entity::find();\n    household::Entity::find_by_id(1);\n    E::find();\n    rows.iter().find(|row| row.open);\n    region::find(work, id);\n    row.find_related(member::Entity);\n    Row::find_by_statement(x);\n    Query::select();\n    Household::find();\n}\n";
    let wanted = [
        ("find", 3),
        ("find_by_id", 4),
        ("find", 5),
        ("Query::select", 10),
        ("find_related", 8),
        ("find", 11),
    ];
    is(&found(rules::questions, "api/src/contact/mod.rs", snippet), &wanted);
}

#[test]
fn a_question_without_regard_to_who_asks_has_a_reason() {
    check(&read_all(&LIBRARY), rules::unscoped, UNSCOPED);
    let snippet = "use super::door::unscoped;\nuse entity::member;\nfn f() {\n    unscoped::<member::Entity>();\n    door::unscoped::<entity::tag::Entity>();\n    unscoped::<E>();\n    let x: Select<member::Entity> = unscoped();\n}\npub fn unscoped<E>() {}\n";
    is(
        &found(rules::unscoped, "api/src/contact/mod.rs", snippet),
        &[("member", 4), ("tag", 5), ("E", 6), ("?", 7)],
    );
}

#[test]
fn sql_by_hand_has_a_reason() {
    check(&read_all(&LIBRARY), rules::raw_sql, RAW_SQL);
    let snippet = "use sea_orm::{Statement, sea_query::Expr};\nfn f() {\n    Statement::from_string(x, y);\n    Expr::cust(\"1\");\n    db.execute_unprepared(\"DROP\");\n    sea_orm::sqlx::query(\"x\");\n}\n";
    let wanted = [("Statement", 3), ("Expr::cust", 4), ("sqlx", 6), ("execute_unprepared", 5)];
    is(&found(rules::raw_sql, "api/src/contact/mod.rs", snippet), &wanted);
}

#[test]
fn the_environment_has_one_reader() {
    let mut sources = read_all(&["api/src", "entity/src", "migration/src"]);
    sources.retain(|source| source.path != "api/src/config.rs");
    check(&sources, rules::environment, &[]);
    let snippet =
        "use std::env;\nuse std::env::var;\nfn f() { env::var_os(\"X\"); std::env::args(); env!(\"Y\"); }\n";
    is(&found(rules::environment, "api/src/http/mod.rs", snippet), &[("env", 2), ("env", 3)]);
}

#[test]
fn names_are_imported_one_by_one() {
    check(&read_all(&LIBRARY), rules::globs, &[]);
    let snippet = "use entity::*;\nuse entity::{household::*, kind::*};\nuse sea_orm::*;\nuse super::*;\n";
    let wanted = [("entity::*", 1), ("entity::household::*", 2), ("sea_orm::*", 3)];
    is(&found(rules::globs, "api/src/contact/mod.rs", snippet), &wanted);
}

#[test]
fn files_say_what_they_mean_and_silence_no_lint() {
    check(&read_all(&ALL), rules::form, &[]);
    let snippet =
        "use std::fmt;\n#[allow(dead_code)]\n#[cfg_attr(test, allow(unused))]\nfn f() { policy.allow(1); }\n";
    is(&found(rules::form, "api/src/x.rs", snippet), &[("no `//!`", 1), ("allow", 2), ("allow", 3)]);
    let long = "//! x\n".repeat(rules::LINES + 1);
    is(&found(rules::form, "api/src/x.rs", &long), &[("601 lines", 600)]);
}

#[test]
fn a_permission_that_nothing_needs_is_told() {
    assert_eq!(judge(&[], &OVER[..1]).len(), 1);
}

#[test]
fn sources_are_read_past_comments_texts_and_lifetimes() {
    let text = "//! a::b\n/* c::d */ fn f<'a>(x: &'a str) -> char { r#\"e::\"f\"#; b\"g::h\\\"\"; 'i'; '\\''; j::k::<l::m>() }\n";
    let named = Source::snippet("x.rs", text).named();
    let named: Vec<_> =
        named.iter().map(|named| named.segments.join("::")).filter(|path| path.contains("::")).collect();
    assert_eq!(named, ["j::k", "l::m"]);
}
