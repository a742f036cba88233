//! The table as people read it.

use super::{Opens, Part, Policy, Relation, Resource, Sight};
use async_graphql::resolver_utils::EnumType;
use entity::kind::Role;
use sea_orm::ActiveEnum;
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

fn relation(relation: Relation) -> String {
    let words = match relation {
        Relation::Granted(scope) => {
            return format!("in the region of a key with the scope `{}` (密钥授权)", scope.to_value());
        }
        Relation::Everywhere => "everywhere (全平台)",
        Relation::Region => "in the region that the role is bound to (所辖区域)",
        Relation::Branch => "members of the own party organisation and below, at its seat (所在党组织)",
        Relation::Department => "given to the own department (所在部门)",
        Relation::Own => "the own household or enterprise (本户、本企业)",
        Relation::Contact => "a live assignment to the household, its group, or the enterprise (现任联系人)",
        Relation::PlaceContact => "a live assignment to the township, area or village around it (包片、包村)",
        Relation::County => "in the county of any tie of the role (同县)",
        Relation::Emergency => "opened in an emergency, for an hour (紧急查看)",
    };
    words.to_owned()
}

fn resource(resource: Resource) -> &'static str {
    match resource {
        Resource::Household => "households (户)",
        Resource::Enterprise => "enterprises (企业)",
        Resource::Staff => "staff and party organisations of the place (干部与党组织)",
        Resource::Office => "officials of the offices above (上级机关干部)",
        Resource::Assignment => "contact assignments (包联)",
        Resource::Figures => "counts and coverage (统计)",
        Resource::Account => "accounts and roles (账号与授权)",
        Resource::AccessLog => "the access log (查看记录)",
        Resource::Trail => "the audit trail (变更记录)",
        Resource::Correction => "corrections that households asked for (更正申请)",
    }
}

fn part(part: Part) -> &'static str {
    match part {
        Part::Row => "number and status",
        Part::Names => "names and address",
        Part::Internal => "what is internal",
        Part::Personal => "what is personal",
        Part::Phone => "telephone numbers",
    }
}

fn sight(sight: Sight) -> String {
    let parts: Vec<_> = Part::ALL.into_iter().filter(|&one| sight.shows(one)).map(part).collect();
    parts.join(", ")
}

/// The names of permissions as clients read them.
fn permission(may: super::May) -> String {
    let item = super::May::items().iter().find(|item| item.value == may);
    item.map_or_else(String::new, |item| format!("`{}`", item.name))
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
        let mut relations: Vec<Relation> = Vec::new();
        for rule in policy.rules.iter().filter(|rule| rule.role == role) {
            if !relations.contains(&rule.relation) {
                relations.push(rule.relation);
            }
        }
        for by in relations {
            let of = policy.rules.iter().filter(|rule| rule.role == role && rule.relation == by);
            let (mut sees, mut does) = (Vec::new(), Vec::new());
            for rule in of {
                match rule.opens {
                    Opens::See(what @ (Resource::Household | Resource::Enterprise), shown) => {
                        sees.push(format!("{}: {}", resource(what), sight(shown)));
                    }
                    Opens::See(what, _) => sees.push(resource(what).to_owned()),
                    Opens::Do(may) => does.push(permission(may)),
                }
            }
            _ = writeln!(text, "| {} | {} | {} |", relation(by), sees.join("; "), does.join(", "));
        }
    }
    text
}
