//! The table as people read it.

use super::{Opens, Part, Policy, Relation, Resource, Sight};
use async_graphql::resolver_utils::EnumType;
use entity::kind::Role;
use sea_orm::ActiveEnum;
use serde_json::{Map, Value, json};
use std::fmt::Write;

const ROLES: [(Role, &str); 13] = [
    (Role::PlatformAdmin, "平台管理员"),
    (Role::RegionAdmin, "区域管理员"),
    (Role::Leader, "领导"),
    (Role::Dispatcher, "受理派单员"),
    (Role::Supervisor, "督查员"),
    (Role::BranchSecretary, "支部书记"),
    (Role::DepartmentHandler, "部门经办"),
    (Role::Cadre, "包联干部"),
    (Role::GridWorker, "网格员"),
    (Role::Resident, "群众"),
    (Role::EnterpriseRep, "企业联络员"),
    (Role::Integration, "第三方"),
    (Role::Auditor, "审计员"),
];

/// A relation: by its name, and in words.
fn relation(relation: Relation) -> (&'static str, String) {
    let (name, words) = match relation {
        Relation::Granted(scope) => {
            let words = format!("in the region of a key with the scope `{}` (密钥授权)", scope.to_value());
            return ("GRANTED", words);
        }
        Relation::Everywhere => ("EVERYWHERE", "everywhere (全平台)"),
        Relation::Region => ("REGION", "in the region that the role is bound to (所辖区域)"),
        Relation::Branch => {
            ("BRANCH", "members of the own party organisation and below, at its seat (所在党组织)")
        }
        Relation::Department => ("DEPARTMENT", "given to the own department (所在部门)"),
        Relation::Own => ("OWN", "the own household or enterprise (本户、本企业)"),
        Relation::Contact => {
            ("CONTACT", "a live assignment to the household, its group, or the enterprise (现任联系人)")
        }
        Relation::PlaceContact => {
            ("PLACE_CONTACT", "a live assignment to the township, area or village around it (包片、包村)")
        }
        Relation::County => ("COUNTY", "in the county of any tie of the role (同县)"),
        Relation::Given => {
            ("GIVEN", "an open task that was given to the own department or to oneself (承办任务)")
        }
        Relation::Emergency => ("EMERGENCY", "opened in an emergency, for an hour (紧急查看)"),
    };
    (name, words.to_owned())
}

/// What is guarded: by its name, and in words.
fn resource(resource: Resource) -> (&'static str, &'static str) {
    match resource {
        Resource::Household => ("HOUSEHOLD", "households (户)"),
        Resource::Enterprise => ("ENTERPRISE", "enterprises (企业)"),
        Resource::Staff => ("STAFF", "staff and party organisations of the place (干部与党组织)"),
        Resource::Office => ("OFFICE", "officials of the offices above (上级机关干部)"),
        Resource::Assignment => ("ASSIGNMENT", "contact assignments (包联)"),
        Resource::Figures => ("FIGURES", "counts and coverage (统计)"),
        Resource::Account => ("ACCOUNT", "accounts and roles (账号与授权)"),
        Resource::AccessLog => ("ACCESS_LOG", "the access log (查看记录)"),
        Resource::Trail => ("TRAIL", "the audit trail (变更记录)"),
        Resource::Correction => ("CORRECTION", "corrections that households asked for (更正申请)"),
        Resource::BoxOpening => ("BOX_OPENING", "openings of boxes (说事箱开箱记录)"),
        Resource::Visit => ("VISIT", "visits (走访)"),
        Resource::Diary => ("DIARY", "diaries of cadres (民情日记)"),
        Resource::Participation => ("PARTICIPATION", "who took part in visits (参加走访)"),
        Resource::Demand => ("DEMAND", "demands and judgements (诉求与评价)"),
        Resource::Task => ("TASK", "tasks and their ledger (任务与台账)"),
    }
}

/// A part of a record: by its name, and in words.
fn part(part: Part) -> (&'static str, &'static str) {
    match part {
        Part::Row => ("ROW", "number and status"),
        Part::Names => ("NAMES", "names and address"),
        Part::Internal => ("INTERNAL", "what is internal"),
        Part::Personal => ("PERSONAL", "what is personal"),
        Part::Phone => ("PHONE", "telephone numbers"),
    }
}

fn parts(sight: Sight) -> impl Iterator<Item = (&'static str, &'static str)> {
    Part::ALL.into_iter().filter(move |&one| sight.shows(one)).map(part)
}

fn sight(sight: Sight) -> String {
    parts(sight).map(|(_, words)| words).collect::<Vec<_>>().join(", ")
}

/// The names of permissions as clients read them.
fn permission(may: super::May) -> &'static str {
    let item = super::May::items().iter().find(|item| item.value == may);
    item.map_or("", |item| item.name)
}

/// By what a role opens something, in the order of the table.
fn relations(policy: &Policy, role: Role) -> Vec<Relation> {
    let mut relations: Vec<Relation> = Vec::new();
    for rule in policy.rules.iter().filter(|rule| rule.role == role) {
        if !relations.contains(&rule.relation) {
            relations.push(rule.relation);
        }
    }
    relations
}

/// The whole table, as programs read it: for each role and relation the parts of records that are seen, and the permissions.
#[must_use]
pub fn table(policy: &Policy) -> Vec<Value> {
    let mut lines = Vec::new();
    for (role, _) in ROLES {
        for by in relations(policy, role) {
            let of = policy.rules.iter().filter(|rule| rule.role == role && rule.relation == by);
            let (mut sees, mut may) = (Map::new(), Vec::new());
            for rule in of {
                match rule.opens {
                    Opens::See(what, shown) => {
                        // Of other records it only matters whether they are seen at all.
                        let masked = matches!(what, Resource::Household | Resource::Enterprise);
                        let names: Vec<_> = parts(shown).map(|(name, _)| name).collect();
                        let shown = if masked { json!(names) } else { json!(["ROW"]) };
                        sees.insert(resource(what).0.to_owned(), shown);
                    }
                    Opens::Do(one) => may.push(permission(one)),
                }
            }
            let (name, words) = relation(by);
            let scope = match by {
                Relation::Granted(scope) => json!(scope.to_value()),
                _ => Value::Null,
            };
            lines.push(json!({ "role": role.to_value(), "relation": name, "scope": scope, "meaning": words,
                               "sees": sees, "may": may }));
        }
    }
    lines
}

/// The whole table, in Markdown.
#[must_use]
pub fn markdown(policy: &Policy) -> String {
    let mut text = String::from(
        "# Who sees and does what (权限表)\n\n\
         Made by `lianhu permissions`. What stands in no line is refused. A person may hold several roles; what they see and\n\
         may do is all that any of them opens. Every grant and every assignment is dated: the first day counts, the end does\n\
         not. `CADRE` is never granted: it follows from live assignments, while their holder is in office.\n",
    );
    for (role, zh) in ROLES {
        let name = role.to_value();
        _ = write!(text, "\n## `{name}` {zh}\n\n| relation | sees | may |\n| --- | --- | --- |\n");
        for by in relations(policy, role) {
            let of = policy.rules.iter().filter(|rule| rule.role == role && rule.relation == by);
            let (mut sees, mut does) = (Vec::new(), Vec::new());
            for rule in of {
                match rule.opens {
                    Opens::See(what @ (Resource::Household | Resource::Enterprise), shown) => {
                        sees.push(format!("{}: {}", resource(what).1, sight(shown)));
                    }
                    Opens::See(what, _) => sees.push(resource(what).1.to_owned()),
                    Opens::Do(may) => does.push(format!("`{}`", permission(may))),
                }
            }
            _ = writeln!(text, "| {} | {} | {} |", relation(by).1, sees.join("; "), does.join(", "));
        }
    }
    text
}
