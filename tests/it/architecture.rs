//! The house as it is built: the order of the rooms, who writes which table, where questions begin. Read from the
//! sources; each rule is tried on a snippet that breaks it.

mod rules;
mod source;

use rules::{Allowed, Finding, judge};
use source::{Source, read, read_all};

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

/// Where a question is asked without regard to who asks: file, table, and why nothing is shown by it.
const UNSCOPED: &[Allowed] = &[
    ("api/src/kernel/door.rs", "E", "the gate is put over it, or it is the gate"),
    ("api/src/kernel/door.rs", "membership", "the party organisations of a cadre are a fact of rights"),
    ("api/src/kernel/filter.rs", "region", "regions are public"),
    ("api/src/kernel/page.rs", "E", "the gate's branches are put over it; the rows are those that they gave"),
    (
        "api/src/kernel/search/ask.rs",
        "search_gram",
        "the openings of the scope are its branches; what they give goes through the door",
    ),
    ("api/src/kernel/search/ask.rs", "search_text", "the words of a candidate"),
    ("api/src/kernel/search/ask.rs", "region", "regions are public"),
    ("api/src/kernel/search/narrow.rs", "region", "regions are public"),
    ("api/src/kernel/search/ask.rs", "E", "the group of a candidate"),
    ("api/src/kernel/search/narrow.rs", "E", "single records by a condition of the door"),
    ("api/src/kernel/search/store.rs", "E", "words are kept of all records; nothing is shown by it"),
    ("api/src/kernel/search/store.rs", "region", "words are kept of all records; nothing is shown by it"),
    ("api/src/kernel/search/store.rs", "cadre", "words are kept of all records; nothing is shown by it"),
    ("api/src/kernel/search/store.rs", "enterprise", "words are kept of all records; nothing is shown by it"),
    ("api/src/kernel/search/store.rs", "household", "words are kept of all records; nothing is shown by it"),
    ("api/src/kernel/search/store.rs", "search_text", "whether there are any words at all"),
    ("api/src/kernel/viewer.rs", "region", "a fact of rights: a province or city stands for its counties"),
    ("api/src/kernel/viewer.rs", "area_village", "a fact of rights: an area stands for its villages"),
    ("api/src/kernel/viewer.rs", "branch", "a fact of rights: a party organisation stands for those below"),
    (
        "api/src/kernel/place/rewrite.rs",
        "household",
        "what moved is found at its new place; nothing of it is shown",
    ),
    ("api/src/kernel/work.rs", "E", "the version of a record that the command has found"),
    (
        "api/src/kernel/work.rs",
        "change",
        "names of columns changed since, of a record that the command has found",
    ),
    ("api/src/kernel/work.rs", "idempotency", "the actor's own key"),
    ("api/src/kernel/access/store.rs", "E", "where the subjects of a look stand; kept beside it"),
    ("api/src/kernel/access/chain.rs", "access_anchor", "the chain is over the whole log"),
    ("api/src/kernel/access/chain.rs", "access_seal", "the chain is over the whole log"),
    ("api/src/kernel/access/chain.rs", "access_line", "the chain is over the whole log"),
    ("api/src/kernel/access/chain.rs", "access_subject", "the chain is over the whole log"),
    ("api/src/audit/access.rs", "access_line", "the line of a look that was found through its door"),
    ("api/src/audit/access.rs", "account", "whoever may read the log knows by name who looked"),
    ("api/src/household/reveal.rs", "account", "the viewer's own, as a lock"),
    ("api/src/household/reveal.rs", "access_line", "the viewer's own looks are counted"),
    (
        "api/src/household/object.rs",
        "household",
        "to open it in an emergency, or find that it does not exist",
    ),
    ("api/src/household/emergency.rs", "household", "opened in an emergency, or found not to exist"),
    ("api/src/household/emergency.rs", "emergency", "what the viewer has just opened"),
    ("api/src/household/consent.rs", "consent", "of households that the caller has found"),
    (
        "api/src/household/correction.rs",
        "household",
        "a condition on corrections that are asked through the door",
    ),
    (
        "api/src/household/held.rs",
        "household",
        "whether anything is held, told to who may know; no value is shown",
    ),
    (
        "api/src/household/held.rs",
        "member",
        "whether anything is held, told to who may know; no value is shown",
    ),
    ("api/src/household/held.rs", "household_tag", "whether any is held, told to who may know"),
    ("api/src/household/held.rs", "tag", "the dictionary is public"),
    ("api/src/household/erase.rs", "household", "what is past its time is erased, whoever could see it"),
    ("api/src/household/erase.rs", "member", "what is past its time is erased, whoever could see it"),
    ("api/src/household/erase.rs", "household_tag", "what is past its time is erased, whoever could see it"),
    ("api/src/household/erase.rs", "tag", "the dictionary is public"),
    ("api/src/household/erase.rs", "correction", "what is past its time is erased, whoever could see it"),
    ("api/src/account/upkeep.rs", "session", "what is past its time is removed, whosever it is"),
    ("api/src/roster/upkeep.rs", "roster_import", "what is past its time is removed, whosever it is"),
    ("api/src/retention/mod.rs", "retention_night", "one process alone does it"),
    ("api/src/kernel/place/past.rs", "place_past", "a condition on rows that are asked through the door"),
    ("api/src/kernel/place/past.rs", "region", "regions are public"),
    ("api/src/kernel/place/past.rs", "region_succession", "regions are public, and so is what they were"),
    ("api/src/kernel/place/rewrite.rs", "E", "where rows were is kept beside them; nothing is shown"),
    ("api/src/region/mod.rs", "region", "regions are public; codes are unique over all"),
    ("api/src/region/mod.rs", "region_succession", "regions are public, and so is what they were"),
    ("api/src/region/object.rs", "region", "regions are public"),
    ("api/src/region/history.rs", "region", "regions are public"),
    ("api/src/region/history.rs", "region_succession", "regions are public, and so is what they were"),
    ("api/src/region/past.rs", "region_succession", "regions are public, and so is what they were"),
    ("api/src/region/succession.rs", "region_succession", "regions are public, and so is what they were"),
    ("api/src/region/area.rs", "region", "regions are public"),
    ("api/src/region/area.rs", "area", "areas are public"),
    ("api/src/region/area.rs", "area_village", "areas are public; a village belongs to one"),
    ("api/src/region/area.rs", "assignment", "whose rights change with the area; nothing of it is shown"),
    (
        "api/src/region/import/load.rs",
        "region",
        "regions are public; the sheet is compared with what is there",
    ),
    ("api/src/demo/made_up/mod.rs", "account", "whether the database is empty"),
    ("api/src/demo/made_up/mod.rs", "region", "whether the database is empty"),
    ("api/src/demo/made_up/mod.rs", "household", "how many townships were filled; a number"),
    ("api/src/kernel/ring/mod.rs", "ring_key", "the keys of the house; nothing is shown"),
    ("api/src/kernel/ring/change.rs", "ring_key", "the keys of the house; nothing is shown"),
    ("api/src/kernel/viewer.rs", "account", "whether there is any account at all"),
    ("api/src/account/session.rs", "account", "nobody is known yet"),
    ("api/src/account/session.rs", "session", "the session of a token that was shown"),
    ("api/src/account/session.rs", "refresh_token", "the token that was shown, by its hash"),
    (
        "api/src/account/admin.rs",
        "account",
        "login names are unique over all; the other is named only if seen",
    ),
    ("api/src/account/grant.rs", "grant", "what an account reaches is a fact of rights"),
    (
        "api/src/account/succession.rs",
        "grant",
        "roles of a region that the command merges; shown only if seen",
    ),
    ("api/src/account/reach.rs", "grant", "what an account reaches is a fact of rights"),
    ("api/src/account/reach.rs", "assignment", "what an account reaches is a fact of rights"),
    ("api/src/upload/upkeep.rs", "upload", "what is past its time goes, whose it may be; nothing is shown"),
    (
        "api/src/enterprise/mod.rs",
        "enterprise",
        "credit codes are unique over all; the other is named only if seen",
    ),
    ("api/src/branch/mod.rs", "branch", "the organisations above one that the command has found"),
    ("api/src/branch/mod.rs", "grant", "whose rights change with the tree; nothing of it is shown"),
    ("api/src/department/mod.rs", "department", "departments are public; names are unique in a region"),
    (
        "api/src/cadre/membership.rs",
        "membership",
        "one membership on any day; the other is named only if seen",
    ),
    (
        "api/src/cadre/membership.rs",
        "branch",
        "the party organisation of a membership that the command has found",
    ),
    ("api/src/cadre/position.rs", "cadre", "the cadre of a post that the command has found"),
    (
        "api/src/household/mod.rs",
        "household",
        "numbers are unique in a village; the other is named only if seen",
    ),
    ("api/src/household/object.rs", "place_past", "leads to a household that is then asked through the door"),
    ("api/src/household/succession.rs", "household", "numbers are unique in a village; shown only if seen"),
    (
        "api/src/household/object.rs",
        "household_tag",
        "a condition on households that are asked through the door",
    ),
    (
        "api/src/household/object.rs",
        "assignment",
        "a condition on households that are asked through the door",
    ),
    ("api/src/household/member.rs", "member", "the members of a household that the command may change"),
    (
        "api/src/household/tag.rs",
        "tag",
        "the dictionary is public; joined with tags of households already seen",
    ),
    ("api/src/household/tag.rs", "household_tag", "the tags of a household that the command may change"),
    (
        "api/src/kernel/sheet/intake.rs",
        "E",
        "whoever runs the command line sees all; others through the gate",
    ),
    (
        "api/src/branch/roster.rs",
        "branch",
        "of a region whose sheets the caller may take out, and those above",
    ),
    ("api/src/branch/roster.rs", "grant", "whose rights change with the tree; nothing of it is shown"),
    ("api/src/cadre/roster/store.rs", "department", "departments are public"),
    (
        "api/src/cadre/roster/store.rs",
        "membership",
        "one membership on any day, of cadres whom the importer sees",
    ),
    ("api/src/cadre/roster/export.rs", "cadre", "of a region whose sheets the caller may take out"),
    ("api/src/cadre/roster/export.rs", "department", "departments are public"),
    ("api/src/cadre/roster/export.rs", "membership", "of cadres who are given out"),
    ("api/src/cadre/roster/export.rs", "branch", "the organisations of cadres who are given out"),
    ("api/src/region/lookup.rs", "region", "regions are public; others than the importer's answer as none"),
    (
        "api/src/household/roster/store.rs",
        "household",
        "compared with a sheet, where the importer may bring it in",
    ),
    ("api/src/household/roster/store.rs", "member", "members of households that are compared with a sheet"),
    (
        "api/src/household/roster/store.rs",
        "household_tag",
        "tags of households that are compared with a sheet",
    ),
    ("api/src/household/roster/store.rs", "tag", "the dictionary is public"),
    ("api/src/household/roster/export.rs", "region", "regions are public"),
    (
        "api/src/household/roster/export.rs",
        "household",
        "of a region whose sheets the caller may take out; masked",
    ),
    (
        "api/src/household/roster/export.rs",
        "member",
        "of a region whose sheets the caller may take out; masked",
    ),
    ("api/src/household/roster/export.rs", "tag", "ordinary tags of households that are given out"),
    (
        "api/src/enterprise/roster.rs",
        "enterprise",
        "compared with a sheet, where the importer may bring it in; codes are unique over all",
    ),
    (
        "api/src/enterprise/roster/export.rs",
        "enterprise",
        "of a region whose sheets the caller may take out; masked",
    ),
    ("api/src/enterprise/roster/export.rs", "region", "regions are public"),
    (
        "api/src/contact/roster/look.rs",
        "household",
        "looked up by number in a village where the importer may bring in sheets",
    ),
    (
        "api/src/contact/roster/look.rs",
        "enterprise",
        "looked up by code, where the importer may bring in sheets",
    ),
    ("api/src/contact/roster/look.rs", "area", "areas are public"),
    ("api/src/contact/roster/look.rs", "cadre", "for whoever runs the command line; others ask by the door"),
    ("api/src/contact/roster/look.rs", "department", "departments are public"),
    (
        "api/src/contact/roster/look.rs",
        "assignment",
        "one primary contact on any day; of the others nothing is shown",
    ),
    ("api/src/contact/roster/export.rs", "assignment", "of a region whose sheets the caller may take out"),
    (
        "api/src/contact/roster/export.rs",
        "cadre",
        "those whom everybody sees who takes sheets out of the region",
    ),
    ("api/src/contact/roster/export.rs", "department", "departments are public"),
    ("api/src/contact/roster/export.rs", "region", "regions are public"),
    ("api/src/contact/roster/export.rs", "area", "areas are public"),
    ("api/src/contact/roster/export.rs", "household", "numbers of households whose assignments go out"),
    ("api/src/contact/roster/export.rs", "enterprise", "codes of enterprises whose assignments go out"),
    ("api/src/roster/job.rs", "roster_import", "the actor's own, whether one is on its way"),
    ("api/src/roster/mod.rs", "region", "regions are public; others than the importer's answer as none"),
    ("api/src/contact/mod.rs", "department", "departments are public"),
    ("api/src/contact/target.rs", "area", "areas are public"),
    ("api/src/contact/plan.rs", "membership", "the party organisations of a cadre are a fact of rights"),
    ("api/src/contact/carry.rs", "change", "a condition on assignments that are asked through the door"),
    ("api/src/contact/spread.rs", "assignment", "a condition on households that are asked through the door"),
    (
        "api/src/contact/mod.rs",
        "assignment",
        "one primary contact on any day; the other is named only if seen",
    ),
    ("api/src/contact/rule.rs", "grant", "whose rights change with the assignment; nothing of it is shown"),
    (
        "api/src/contact/succession.rs",
        "assignment",
        "assignments to a region that the command merges; shown only if seen",
    ),
    ("api/src/boundary/mod.rs", "grant", "whose rights change with the regions; nothing of it is shown"),
    ("api/src/boundary/mod.rs", "assignment", "whose rights change with the regions; nothing of it is shown"),
    ("api/src/boundary/mod.rs", "E", "whose rights change with the regions; nothing of it is shown"),
    ("api/src/boundary/plan.rs", "region", "regions are public"),
    ("api/src/boundary/plan.rs", "E", "how much moves with regions that the viewer administers"),
    ("api/src/boundary/join.rs", "region", "regions are public"),
    ("api/src/boundary/part.rs", "region", "regions are public"),
    (
        "api/src/contact/coverage.rs",
        "assignment",
        "a condition on villages whose assignments the viewer sees",
    ),
    ("api/src/contact/coverage.rs", "area_village", "areas are public"),
];

/// Where SQL is written by hand.
const RAW_SQL: &[Allowed] = &[
    ("api/src/kernel/db.rs", "sqlx", "settings of a connection, which SeaORM does not pass on"),
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
    ("api/src/account/session.rs", "Statement", "session and account in one statement, at each request"),
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
    assert_eq!(rules::unowned(&[tables, vec!["diary".to_owned()]].concat()).len(), 1);
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
