//! The rules of the contract, each a function from the schema to what breaks it.

use super::model::{CLASSES, Contract, base, directive, has_chinese, is_carrier, is_list, is_root, words};
use async_graphql::parser::types::{Type, TypeKind};

/// Fields that are masked for everyone.
const SENSITIVE: [&str; 4] = ["identityNumber", "yearlyIncome", "incomeSource", "sensitiveTags"];
/// Mutations that are not repeated under a key: signing in, on and out, what shows or takes a secret; where a state is good
/// for one return, it is the key.
const UNKEYED: [&str; 17] = [
    "sessionStart",
    "sessionRefresh",
    "sessionEnd",
    "sessionConfirm",
    "signOnStart",
    "signOnFinish",
    "identityLinkStart",
    "identityLinkFinish",
    "passwordChange",
    "passwordResetStart",
    "passwordResetFinish",
    "secondFactorStart",
    "secondFactorConfirm",
    "householdReveal",
    "householdMemberReveal",
    "cardCodeSend",
    "cardSignIn",
];

/// What breaks a rule: where (`Household.phone`), and what would be right.
pub(super) type Finding = (String, String);

/// What is right all the same: where, and why.
pub(super) type Allowed = (&'static str, &'static str);

/// The findings that nothing allows, and the permissions that nothing needs any more.
pub(super) fn judge(findings: &[Finding], allowed: &[Allowed]) -> Vec<String> {
    let wrong = findings.iter().filter(|(at, _)| !allowed.iter().any(|(one, _)| one == at));
    let idle = allowed.iter().filter(|(one, _)| !findings.iter().any(|(at, _)| at == one));
    let idle = idle.map(|(one, _)| format!("{one}: allowed but not needed: take the line out"));
    wrong.map(|(at, right)| format!("{at}: {right}")).chain(idle).collect()
}

fn wrong(at: impl Into<String>, right: impl Into<String>) -> Finding {
    (at.into(), right.into())
}

/// Everything is described, and by more than its name.
pub(super) fn undescribed(contract: &Contract) -> Vec<Finding> {
    let poor = contract.names().into_iter().filter(|(_, name, description)| {
        description.chars().count() < 10 || words(description) == words(name)
    });
    poor.map(|(at, _, description)| wrong(at, format!("“{description}” should say more than the name")))
        .collect()
}

/// Data, sets and their values carry the Chinese term. An order is not a term.
pub(super) fn without_chinese(contract: &Contract) -> Vec<Finding> {
    let data = |of: &str| !is_root(of) && !is_carrier(of);
    let meant = |at: &str| {
        let of = at.split('.').next().unwrap_or_default();
        match contract.kind(of) {
            Some(TypeKind::Enum(_)) => !of.ends_with("OrderField"),
            Some(TypeKind::Object(_)) => data(of) && at == of,
            _ => false,
        }
    };
    let names = contract.names().into_iter().filter(|(at, _, text)| meant(at) && !has_chinese(text));
    names.map(|(at, _, text)| wrong(at, format!("“{text}” lacks the Chinese term"))).collect()
}

/// Each field of data has its class.
pub(super) fn unclassed(contract: &Contract) -> Vec<Finding> {
    let fields = contract.data().filter(|field| field.class().is_none());
    fields.map(|field| wrong(field.at(), "needs @class")).collect()
}

/// Numbers by which people are reached or known are personal, some fields sensitive.
pub(super) fn too_open(contract: &Contract) -> Vec<Finding> {
    let least = |name: &str| {
        let lower = name.to_lowercase();
        let personal = lower.contains("phone") || lower.contains("identitynumber");
        if SENSITIVE.contains(&name) { 3 } else { 2 * usize::from(personal) }
    };
    let open = contract.data().filter(|field| field.class().unwrap_or(0) < least(field.name()));
    open.map(|field| wrong(field.at(), format!("is {} at the least", CLASSES[least(field.name())]))).collect()
}

/// Each root field has its cost, and may be null so that one failure spares its siblings.
pub(super) fn bad_roots(contract: &Contract) -> Vec<Finding> {
    let mut found = Vec::new();
    for field in contract.fields().filter(|field| is_root(field.of)) {
        if directive(&field.it.directives, "cost").is_none() {
            found.push(wrong(field.at(), "needs @cost"));
        }
        if !field.ty().nullable {
            found.push(wrong(field.at(), "is nullable, so that one failure spares its siblings"));
        }
    }
    found
}

/// Each root field says what opens it; the prose of a mutation names the same roles.
pub(super) fn bad_auth(contract: &Contract) -> Vec<Finding> {
    let roles: Vec<String> =
        entity::kind::Role::all().map(|role| sea_orm::ActiveEnum::to_value(&role)).collect();
    let mut found = Vec::new();
    for field in contract.fields().filter(|field| is_root(field.of)) {
        let any_of = directive(&field.it.directives, "auth").and_then(|auth| auth.arguments.first());
        let Some((_, any_of)) = any_of else {
            found.push(wrong(field.at(), "needs @auth"));
            continue;
        };
        let opened = any_of.node.to_string();
        if opened == "[]" {
            found.push(wrong(field.at(), "nobody may ask it"));
        }
        let prose = field.description().split_whitespace().collect::<Vec<_>>().join(" ");
        if field.of != "Mutation" || prose.contains("requires what `") {
            continue;
        }
        for role in &roles {
            let (says, opens) = (
                prose.contains(&format!("`{}`", role.to_lowercase())),
                opened.contains(&format!("\"{role}\"")),
            );
            if says != opens {
                let right = if opens { "is not named in the prose" } else { "is named in the prose alone" };
                found.push(wrong(field.at(), format!("{role} {right}")));
            }
        }
    }
    found
}

/// Each connection is asked by page, from either end.
pub(super) fn unpaged(contract: &Contract) -> Vec<Finding> {
    let mut found = Vec::new();
    for field in contract.fields().filter(|field| base(field.ty()).ends_with("Connection")) {
        for (name, ty) in [("first", "Int"), ("after", "Cursor"), ("last", "Int"), ("before", "Cursor")] {
            if field.argument(name).is_none_or(|argument| argument.ty.node.to_string() != ty) {
                found.push(wrong(format!("{}({name}:)", field.at()), format!("{name}: {ty} is missing")));
            }
        }
    }
    found
}

/// Each plain list of objects says how long it can be.
pub(super) fn unbounded(contract: &Contract) -> Vec<Finding> {
    let pages = |of: &str| of.ends_with("Connection");
    let lists =
        contract.fields().filter(|field| is_list(field.ty()) && contract.is_composite(base(field.ty())));
    let lists = lists.filter(|field| !pages(field.of) && field.name() != "errors");
    let long = lists
        .filter(|field| !["at most", "at the most"].iter().any(|bound| field.description().contains(bound)));
    long.map(|field| wrong(field.at(), "says “at most …”, or is a connection")).collect()
}

/// Mutations take one input and answer with a payload.
pub(super) fn bad_mutations(contract: &Contract) -> Vec<Finding> {
    let mut found = Vec::new();
    for field in contract.of("Mutation") {
        let name = field.name();
        let input = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
        let given: Vec<_> = field
            .it
            .arguments
            .iter()
            .map(|one| (one.node.name.node.as_str(), one.node.ty.node.to_string()))
            .collect();
        if given != [("input", format!("{input}!"))] {
            found.push(wrong(field.at(), format!("takes exactly `input: {input}!`")));
        }
        let inputs = contract.inputs(&input);
        let has = |name: &str, ty: &str| {
            inputs.iter().any(|one| one.name.node == name && one.ty.node.to_string() == ty)
        };
        if !UNKEYED.contains(&name) && !has("idempotencyKey", "ID!") {
            found.push(wrong(&input, "has `idempotencyKey: ID!`"));
        }
        if !UNKEYED.contains(&name) && has("id", "ID!") && !has("expectedVersion", "Int!") {
            found.push(wrong(&input, "changes something that exists: has `expectedVersion: Int!`"));
        }
        let payload = base(field.ty());
        if !payload.ends_with("Payload") {
            found.push(wrong(field.at(), "answers with a payload"));
        }
        for (name, ty) in [("errors", "[UserError!]!"), ("replayed", "Boolean!")] {
            if !contract.of(payload).any(|one| one.name() == name && one.ty().to_string() == ty) {
                found.push(wrong(payload, format!("has `{name}: {ty}`")));
            }
        }
        let nouns = contract
            .of(payload)
            .filter(|one| contract.is_composite(base(one.ty())) && one.name() != "errors");
        let firm = nouns.filter(|one| !one.ty().nullable);
        found.extend(firm.map(|one| wrong(one.at(), "is null when there are errors")));
    }
    found
}

/// Names have no digits; ids are of the type `ID`; own scalars say what they are.
pub(super) fn bad_names(contract: &Contract) -> Vec<Finding> {
    let digits = contract
        .names()
        .into_iter()
        .filter(|(_, name, _)| name.contains(|letter: char| letter.is_ascii_digit()));
    let mut found: Vec<_> = digits.map(|(at, _, _)| wrong(at, "names have no digits")).collect();
    let is_id = |name: &str| name == "id" || name == "ids" || name.ends_with("Id") || name.ends_with("Ids");
    let mut check = |at: String, name: &str, ty: &Type| {
        if is_id(name) && !["ID", "IdFilter"].contains(&base(ty)) {
            found.push(wrong(at, "an id is of the type ID"));
        }
    };
    for field in contract.fields() {
        check(field.at(), field.name(), field.ty());
        for argument in field.it.arguments.iter().map(|argument| &argument.node) {
            check(format!("{}({}:)", field.at(), argument.name.node), &argument.name.node, &argument.ty.node);
        }
    }
    for definition in &contract.types {
        let of = definition.name.node.as_str();
        for field in contract.inputs(of) {
            check(format!("{of}.{}", field.name.node), &field.name.node, &field.ty.node);
        }
    }
    let scalars = contract.types.iter().filter(|one| matches!(one.kind, TypeKind::Scalar));
    let vague = scalars.filter(|one| directive(&one.directives, "specifiedBy").is_none());
    found.extend(vague.map(|one| wrong(one.name.node.as_str(), "a scalar has @specifiedBy")));
    found
}

/// A relation may be out of sight; an own column is null only for a reason that is told.
pub(super) fn bad_nulls(contract: &Contract) -> Vec<Finding> {
    let mut found = Vec::new();
    for field in contract.data() {
        let (ty, target) = (field.ty(), base(field.ty()));
        if contract.is_composite(target) {
            if !is_list(ty) && !ty.nullable && contract.is_node(target) {
                found.push(wrong(field.at(), "a relation is nullable"));
            }
        } else if ty.nullable && !field.description().contains("null") {
            found.push(wrong(field.at(), "says when it is null"));
        }
    }
    found
}
