//! The data class of a field, as a directive in the schema (`domain` of the product: public, internal, personal,
//! sensitive). A test walks the schema: no field without one.

use super::policy::{May, Policy, Relation, Resource, Rule};
use async_graphql::TypeDirective;

pub use entity::kind::DataClass;

/// The data class of this field: who may see it.
#[TypeDirective(location = "FieldDefinition", name = "class")]
pub fn class(is: DataClass) {}

/// What this field costs beside what is asked beneath it; 1 is about one row read. A list costs its page size times
/// what is asked of each entry.
#[TypeDirective(location = "FieldDefinition", name = "cost")]
pub fn cost(value: i32) {}

/// What opens this field: any of these. A name is a role, `CONTACT` (a live assignment to the record), `PLACE_CONTACT` (to
/// the place around it), `SIGNED_IN`, or `EVERYONE`. Printed from the one table of permissions.
#[TypeDirective(location = "FieldDefinition", name = "auth")]
pub fn auth(any_of: Vec<String>) {}

/// A field that is open to everyone, signed in or not.
#[must_use]
pub fn everyone() -> Vec<String> {
    vec!["EVERYONE".to_owned()]
}

/// A field about whoever is signed in.
#[must_use]
pub fn signed_in() -> Vec<String> {
    vec!["SIGNED_IN".to_owned()]
}

/// A field that is opened by the permission to do something.
#[must_use]
pub fn may(may: May) -> Vec<String> {
    Policy::default().would_allow(may)
}

/// The same for any of several.
#[must_use]
pub fn may_any(any_of: &[May]) -> Vec<String> {
    Policy::default().would_allow_any(any_of)
}

/// The same for what nobody does by a key.
#[must_use]
pub fn may_any_in_person(any_of: &[May]) -> Vec<String> {
    let in_person = |rule: &Rule| !matches!(rule.relation, Relation::Granted(_));
    let policy = Policy::default();
    Policy { rules: policy.rules.iter().copied().filter(in_person).collect(), ..policy }
        .would_allow_any(any_of)
}

/// The same, where only a right over a whole region counts.
#[must_use]
pub fn may_in_region(may: May) -> Vec<String> {
    let of_region = |rule: &Rule| rule.relation == Relation::Region;
    let policy = Policy::default();
    Policy { rules: policy.rules.iter().copied().filter(of_region).collect(), ..policy }.would_allow(may)
}

/// A field that shows records of these tables.
#[must_use]
pub fn see(resources: &[Resource]) -> Vec<String> {
    let policy = Policy::default();
    let mut names: Vec<String> = Vec::new();
    for name in resources.iter().flat_map(|&resource| policy.would_show(resource)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
