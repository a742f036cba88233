//! The access log as it is stored, held against what answers have shown. A line of the log has fields and subjects: one
//! for each way in which a request came by them, so a field of a subject has its line when one line has both.

use super::answer::Shown;
use entity::{access_line, access_subject, id::AccountId};
use lianhu_tests::World;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The request.
    pub request: String,
    /// Who looked.
    pub account: Option<AccountId>,
    /// Coordinates of fields.
    pub fields: BTreeSet<String>,
    /// At whom.
    pub subjects: BTreeSet<String>,
}

/// All lines of requests whose id begins like this.
pub(super) async fn lines(world: &World, beginning: &str) -> Vec<Line> {
    world.state.access.flush(&world.state.db).await.expect("the log is written");
    let db = world.state.db.read();
    let rows = access_line::Entity::find().filter(access_line::Column::RequestId.starts_with(beginning));
    let rows = rows.all(db).await.expect("lines");
    let mut subjects: HashMap<Uuid, BTreeSet<String>> = HashMap::new();
    for some in rows.chunks(500) {
        let of = access_subject::Column::LineId.is_in(some.iter().map(|row| row.id));
        for row in access_subject::Entity::find().filter(of).all(db).await.expect("subjects") {
            let household = row.household_id.map(|id| id.to_string());
            let enterprise = row.enterprise_id.map(|id| id.to_string());
            let subject = household.or(enterprise).or(row.cadre_id.map(|id| id.to_string()));
            subjects
                .entry(row.line_id)
                .or_default()
                .extend(subject.or(row.region_id.map(|id| id.to_string())));
        }
    }
    let line = |row: access_line::Model| Line {
        request: row.request_id,
        account: row.account_id,
        fields: serde_json::from_value(row.fields).expect("a list"),
        subjects: subjects.remove(&row.id).unwrap_or_default(),
    };
    rows.into_iter().map(line).collect()
}

/// What was shown and has no line, and what has a line and was not shown; by request.
pub(super) fn differences(
    account: Option<AccountId>,
    shown: &HashMap<String, Shown>,
    lines: &[Line],
) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut by_request: HashMap<&str, Vec<&Line>> = HashMap::new();
    for line in lines {
        by_request.entry(&line.request).or_default().push(line);
        if line.account != account {
            wrong.push(format!("{}: a line of {:?}", line.request, line.account));
        }
    }
    let nothing = Shown::new();
    for (request, of) in &by_request {
        let shown = shown.get(*request).unwrap_or(&nothing);
        for line in of {
            let fields = line.fields.iter().filter(|field| shown.iter().all(|(one, _)| one != *field));
            wrong.extend(
                fields.map(|field| format!("{request}: a line tells of {field}, which was not shown")),
            );
            let subjects =
                line.subjects.iter().filter(|subject| shown.iter().all(|(_, one)| one != *subject));
            wrong.extend(
                subjects.map(|one| format!("{request}: a line tells of {one}, of whom nothing was shown")),
            );
        }
    }
    for (request, shown) in shown {
        let own = by_request.get(request.as_str()).map_or(&[][..], Vec::as_slice);
        for (field, subject) in shown {
            if !own.iter().any(|line| line.fields.contains(field) && line.subjects.contains(subject)) {
                wrong.push(format!("{request}: {field} of {subject} was shown and has no line"));
            }
        }
    }
    wrong
}
