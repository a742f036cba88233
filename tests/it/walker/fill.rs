//! Arguments and inputs as the contract types them, filled by the names of their fields.

use crate::contract::model::{Contract, base, is_list};
use async_graphql::parser::types::{InputValueDefinition, Type, TypeKind};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// What stands for a name, for records of one place.
#[derive(Clone, Debug, Default)]
pub(super) struct Deck(pub HashMap<&'static str, Value>);

impl Deck {
    pub(super) fn put(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.insert(name, value.into());
    }
}

/// Whose id `id` is, by the beginning of what is asked.
const IDS: [(&str, &str); 30] = [
    ("demand", "demandId"),
    ("suggestion", "demandId"),
    ("task", "taskId"),
    ("leave", "taskId"),
    ("extension", "taskId"),
    ("suspension", "taskId"),
    ("supervision", "taskId"),
    ("milestone", "taskId"),
    ("attachment", "attachmentId"),
    ("coverage", "regionId"),
    ("search", "regionId"),
    ("householdMember", "memberId"),
    ("household", "householdId"),
    ("enterprise", "enterpriseId"),
    ("cadre", "cadreId"),
    ("region", "regionId"),
    ("area", "areaId"),
    ("department", "departmentId"),
    ("partyBranch", "branchId"),
    ("partyMembership", "membershipId"),
    ("position", "positionId"),
    ("accountIdentity", "identityId"),
    ("account", "accountId"),
    ("apiKey", "apiKeyId"),
    ("webhook", "webhookId"),
    ("roleGrant", "grantId"),
    ("assignment", "assignmentId"),
    ("card", "cardId"),
    ("category", "categoryId"),
    ("intakePoint", "intakePointId"),
];

/// Where `name` is that of a login.
const LOGINS: [&str; 4] = ["account", "sessionStart", "passwordResetStart", "passwordResetFinish"];

/// Optional fields that are left out: with them it would not come to the question who may.
const LEFT_OUT: [&str; 3] = ["expectedPlan", "asOf", "regionAsOf"];

/// Fills inputs for one root field.
pub(super) struct Filler<'a> {
    /// The contract.
    pub contract: &'a Contract,
    /// What stands for a name.
    pub deck: &'a Deck,
    /// The root field.
    pub root: &'a str,
}

impl Filler<'_> {
    /// Each way to fill an argument: as many as there are choices in it.
    pub(super) fn ways(&self, argument: &InputValueDefinition) -> Vec<Value> {
        let ty = &argument.ty.node;
        let choices = self.choices(base(ty));
        if choices.is_empty() {
            return vec![self.value(&argument.name.node, ty)];
        }
        choices
            .into_iter()
            .map(|field| json!({field.name.node.as_str(): self.value(&field.name.node, &field.ty.node)}))
            .collect()
    }

    fn choices(&self, name: &str) -> Vec<&InputValueDefinition> {
        let definition = self.contract.types.iter().find(|one| one.name.node == name);
        let one_of =
            definition.is_some_and(|one| one.directives.iter().any(|one| one.node.name.node == "oneOf"));
        if one_of { self.contract.inputs(name) } else { Vec::new() }
    }

    fn value(&self, name: &str, ty: &Type) -> Value {
        let one = self.one(name, base(ty));
        if is_list(ty) && !one.is_array() { json!([one]) } else { one }
    }

    fn one(&self, name: &str, of: &str) -> Value {
        if name == "idempotencyKey" {
            return json!(lianhu_tests::key());
        }
        if name == "id" {
            let whose = IDS.iter().find(|(root, _)| self.root.starts_with(root)).map(|(_, name)| *name);
            let value = whose.and_then(|name| self.deck.0.get(name));
            return value.cloned().unwrap_or_else(|| self.deck.0["unknownId"].clone());
        }
        if name == "name" && LOGINS.contains(&self.root) {
            return self.deck.0["accountName"].clone();
        }
        // `householdIds` as `householdId`.
        for known in [of, name, name.strip_suffix('s').unwrap_or(name)] {
            if let Some(value) = self.deck.0.get(known) {
                return value.clone();
            }
        }
        match self.contract.kind(of) {
            Some(TypeKind::Enum(set)) => json!(set.values[0].node.value.node.as_str()),
            Some(TypeKind::InputObject(_)) => match self.choices(of).first() {
                Some(first) => {
                    json!({first.name.node.as_str(): self.value(&first.name.node, &first.ty.node)})
                }
                None => self.object(of),
            },
            _ => match of {
                "Int" => json!(1),
                "Float" => json!(25.5),
                "Boolean" => json!(false),
                "ID" => self.deck.0["unknownId"].clone(),
                _ => self.deck.0["text"].clone(),
            },
        }
    }

    fn object(&self, of: &str) -> Value {
        let mut object = Map::new();
        for field in self.contract.inputs(of) {
            let name = field.name.node.as_str();
            let own_id = name == "id" && field.ty.node.nullable;
            if !own_id && !LEFT_OUT.contains(&name) {
                object.insert(name.to_owned(), self.value(name, &field.ty.node));
            }
        }
        Value::Object(object)
    }
}
