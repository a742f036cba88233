//! What one request has shown so far.

use super::{Line, Looker, Subject};
use entity::kind::{AccessAction, DataClass};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// How a record came into an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// By its id, or by an edge.
    #[default]
    One,
    /// In a list.
    Listed,
}

/// Whose it is, of which type, and how it came into the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Whose it is.
    pub subject: Subject,
    /// The GraphQL type that has the field.
    pub of: &'static str,
    /// How it came into the answer.
    pub way: Way,
}

#[derive(Default)]
struct Looks {
    fields: BTreeSet<String>,
    subjects: BTreeMap<Subject, DataClass>,
}

/// What one request has shown so far.
#[derive(Default)]
pub struct Seen {
    looks: Mutex<BTreeMap<AccessAction, Looks>>,
    searching: AtomicBool,
    export: OnceLock<String>,
}

impl Seen {
    /// What is read from now on are hits of a search.
    pub fn searching(&self) {
        self.searching.store(true, Ordering::Relaxed);
    }

    /// What is read leaves in a file, for this purpose.
    pub fn exporting(&self, purpose: &str) {
        _ = self.export.set(purpose.to_owned());
    }

    /// Notes a field that is shown of a subject.
    pub fn note(&self, subject: Subject, way: Way, of: &str, field: &str, class: DataClass) {
        let action = match way {
            _ if self.export.get().is_some() => AccessAction::Export,
            _ if self.searching.load(Ordering::Relaxed) => AccessAction::Search,
            Way::One => AccessAction::Read,
            Way::Listed => AccessAction::List,
        };
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        let looks = looks.entry(action).or_default();
        let name = format!("{of}.{field}");
        if !looks.fields.contains(&name) {
            looks.fields.insert(name);
        }
        let highest = looks.subjects.entry(subject).or_insert(class);
        *highest = class.max(*highest);
    }

    /// The lines that tell it.
    pub fn lines(&self, who: impl Fn() -> Looker) -> Vec<Line> {
        let looks = std::mem::take(&mut *self.looks.lock().unwrap_or_else(PoisonError::into_inner));
        let line = |(action, looks): (AccessAction, Looks)| Line {
            who: who(),
            action,
            purpose: self.export.get().cloned(),
            fields: looks.fields.into_iter().collect(),
            subjects: looks.subjects.into_iter().collect(),
        };
        looks.into_iter().map(line).collect()
    }
}
