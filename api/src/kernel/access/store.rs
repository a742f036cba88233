//! Lines into the tables.

use super::{Line, Subject};
use crate::kernel::{
    clock::id_at,
    error::Result,
    many,
    place::{Place, stands},
};
use entity::{
    access_line, access_subject, cadre, enterprise, household, id::AccessId, kind::DataClass, region,
};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ConnectionTrait, EntityTrait,
};
use std::collections::HashMap;
use uuid::Uuid;

impl Subject {
    fn uuid(self) -> Uuid {
        match self {
            Self::Household(id) => id.0,
            Self::Enterprise(id) => id.0,
            Self::Cadre(id) => id.0,
            Self::Region(id) => id.0,
        }
    }
}

fn row(
    line: &Line,
    line_id: Uuid,
    subject: Subject,
    class: DataClass,
    place: Place,
) -> access_subject::Model {
    let mut row = access_subject::Model {
        // What is read is written a little later than what is revealed, and yet stands in order.
        id: AccessId(id_at(line.who.at)),
        line_id,
        at: line.who.at,
        action: line.action,
        account_id: line.who.account,
        class,
        household_id: None,
        enterprise_id: None,
        cadre_id: None,
        region_id: None,
        county_id: place.county_id,
        township_id: place.township_id,
        village_id: place.village_id,
    };
    match subject {
        Subject::Household(id) => row.household_id = Some(id),
        Subject::Enterprise(id) => row.enterprise_id = Some(id),
        Subject::Cadre(id) => row.cadre_id = Some(id),
        Subject::Region(id) => row.region_id = Some(id),
    }
    row
}

/// Writes lines with their subjects, and where these stand now.
pub async fn write(db: &impl ConnectionTrait, lines: &[Line]) -> Result<()> {
    let subjects = lines.iter().flat_map(|line| &line.subjects).map(|(subject, _)| *subject);
    let of = |fits: fn(Subject) -> bool| {
        subjects.clone().filter(|&subject| fits(subject)).map(Subject::uuid).collect::<Vec<_>>()
    };
    let mut places: HashMap<Uuid, Place> = HashMap::new();
    places.extend(stands::of::<household::Entity>(db, of(|one| matches!(one, Subject::Household(_)))).await?);
    places
        .extend(stands::of::<enterprise::Entity>(db, of(|one| matches!(one, Subject::Enterprise(_)))).await?);
    places.extend(stands::of::<cadre::Entity>(db, of(|one| matches!(one, Subject::Cadre(_)))).await?);
    places.extend(stands::of::<region::Entity>(db, of(|one| matches!(one, Subject::Region(_)))).await?);
    let (mut heads, mut rows) = (Vec::with_capacity(lines.len()), Vec::new());
    for line in lines {
        let id = Uuid::now_v7();
        rows.extend(line.subjects.iter().map(|&(subject, class)| {
            row(line, id, subject, class, places.get(&subject.uuid()).copied().unwrap_or_default())
        }));
        heads.push(access_line::ActiveModel {
            sequence: NotSet,
            id: Set(id),
            at: Set(line.who.at),
            action: Set(line.action),
            account_id: Set(line.who.account),
            session_id: Set(line.who.session),
            api_key_id: Set(line.who.api_key),
            class: Set(line.subjects.iter().map(|(_, class)| *class).max().unwrap_or(DataClass::Internal)),
            fields: Set(serde_json::json!(line.fields)),
            purpose: Set(line.purpose.clone()),
            request_id: Set(line.who.request_id.clone()),
        });
    }
    for piece in heads.chunks(1024) {
        access_line::Entity::insert_many(piece.to_vec()).exec_without_returning(db).await?;
    }
    many::insert::<access_subject::Entity>(db, rows).await?;
    Ok(())
}
