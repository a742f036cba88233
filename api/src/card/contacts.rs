//! Who is contact of households now: to be called, named on a card, told to whoever holds one.

use crate::kernel::{
    door::{any_of, held_in_office, live, unscoped},
    error::Result,
};
use entity::{
    assignment, cadre, department, household,
    id::{AssignmentId, CadreId, DepartmentId, HouseholdId, RegionId},
    kind::AssignmentKind,
    position,
    scalar::Date,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder,
    QuerySelect, RelationDef,
};
use std::collections::{BTreeSet, HashMap};

/// Contacts of one household that are told at the most.
pub const MOST: usize = 3;

/// A contact, as whoever holds the card may know them: a cadre, or for paired help a department.
#[derive(Clone, Debug)]
pub struct Contact {
    /// Name.
    pub name: String,
    /// The post held, as it is called.
    pub post: Option<String>,
    /// Number to be called at on duty.
    pub office_phone: Option<String>,
}

/// A household with the regions around it whose contacts are its own.
#[derive(Clone, Copy, Debug)]
pub struct Home {
    /// The household.
    pub id: HouseholdId,
    /// Its group.
    pub group_id: Option<RegionId>,
    /// Its grid.
    pub grid_id: Option<RegionId>,
}

impl From<&household::Model> for Home {
    fn from(row: &household::Model) -> Self {
        Self { id: row.id, group_id: row.group_id, grid_id: row.grid_id }
    }
}

impl Home {
    fn around(self) -> impl Iterator<Item = RegionId> {
        [self.group_id, self.grid_id].into_iter().flatten()
    }
}

#[derive(Clone, FromQueryResult)]
struct Held {
    id: AssignmentId,
    household_id: Option<HouseholdId>,
    region_id: Option<RegionId>,
    is_primary: bool,
    cadre_id: Option<CadreId>,
    name: Option<String>,
    work_phone: Option<String>,
    department_id: Option<DepartmentId>,
    department: Option<String>,
    department_phone: Option<String>,
}

impl Held {
    fn is_of(&self, home: Home) -> bool {
        self.household_id == Some(home.id)
            || self.region_id.is_some_and(|region| home.around().any(|own| own == region))
    }

    /// A cadre with their post, or a department.
    fn contact(&self, posts: &HashMap<CadreId, String>) -> Contact {
        match self.cadre_id {
            Some(cadre) => Contact {
                name: self.name.clone().unwrap_or_default(),
                post: posts.get(&cadre).cloned(),
                office_phone: self.work_phone.clone(),
            },
            None => Contact {
                name: self.department.clone().unwrap_or_default(),
                post: None,
                office_phone: self.department_phone.clone(),
            },
        }
    }
}

/// Assignments in force to these households, their groups and their grids, whose holders are in office: the primary one first,
/// the household's own before those of its group.
async fn held(db: &impl ConnectionTrait, homes: &[Home], day: Date) -> Result<Vec<Held>> {
    use assignment::Column::{self, EndsOn, HouseholdId, Id, IsPrimary, Kind, StartsOn};
    let backend = db.get_database_backend();
    let around: BTreeSet<RegionId> = homes.iter().flat_map(|home| home.around()).collect();
    let of_group = any_of(Column::RegionId, around, backend);
    let whose = Condition::any()
        .add(any_of(HouseholdId, homes.iter().map(|home| home.id), backend))
        .add(Condition::all().add(of_group).add(Kind.eq(AssignmentKind::Group)));
    let holder: RelationDef =
        assignment::Entity::belongs_to(cadre::Entity).from(Column::CadreId).to(cadre::Column::Id).into();
    let office: RelationDef = assignment::Entity::belongs_to(department::Entity)
        .from(Column::DepartmentId)
        .to(department::Column::Id)
        .into();
    let mut held = unscoped::<assignment::Entity>()
        .join(JoinType::LeftJoin, holder)
        .join(JoinType::LeftJoin, office)
        .select_only()
        .columns([Id, HouseholdId, Column::RegionId, IsPrimary, Column::CadreId, Column::DepartmentId])
        .columns([cadre::Column::Name, cadre::Column::WorkPhone])
        .column_as(department::Column::Name, "department")
        .column_as(department::Column::OfficePhone, "department_phone")
        .filter(whose)
        .filter(live(StartsOn, EndsOn, day))
        .filter(held_in_office(day))
        .order_by_asc(StartsOn)
        .order_by_asc(Id)
        .into_model::<Held>()
        .all(db)
        .await?;
    held.sort_by_key(|one| (one.household_id.is_none(), !one.is_primary));
    Ok(held)
}

/// The assignment whose holder a card names that is issued today: the primary one of the household, or else of its group.
pub(super) async fn first(
    db: &impl ConnectionTrait,
    household: &household::Model,
    day: Date,
) -> Result<Option<AssignmentId>> {
    let held = held(db, &[household.into()], day).await?;
    Ok(held.first().map(|one| one.id))
}

/// The posts of cadres: of each the one that was taken up last.
async fn posts(
    db: &impl ConnectionTrait,
    cadres: impl IntoIterator<Item = CadreId>,
    day: Date,
) -> Result<HashMap<CadreId, String>> {
    use position::Column::{CadreId as Of, EndsOn, Id, StartsOn, Title};
    let rows: Vec<(CadreId, String)> = unscoped::<position::Entity>()
        .select_only()
        .columns([Of, Title])
        .filter(any_of(Of, cadres, db.get_database_backend()))
        .filter(live(StartsOn, EndsOn, day))
        .order_by_asc(StartsOn)
        .order_by_asc(Id)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}

/// The contacts of households, in two statements for all of them.
pub async fn of(
    db: &impl ConnectionTrait,
    homes: &[Home],
    day: Date,
) -> Result<HashMap<HouseholdId, Vec<Contact>>> {
    let held = held(db, homes, day).await?;
    let cadres: BTreeSet<CadreId> = held.iter().filter_map(|one| one.cadre_id).collect();
    let posts = posts(db, cadres, day).await?;
    let (mut own, mut around) = (HashMap::<_, Vec<&Held>>::new(), HashMap::<_, Vec<&Held>>::new());
    for one in &held {
        match (one.household_id, one.region_id) {
            (Some(household), _) => own.entry(household).or_default().push(one),
            (None, Some(region)) => around.entry(region).or_default().push(one),
            (None, None) => {}
        }
    }
    let contacts = homes.iter().map(|home| {
        let own = own.get(&home.id).into_iter().flatten();
        let around = home.around().flat_map(|region| around.get(&region).into_iter().flatten());
        let mut known = BTreeSet::new();
        let contacts = own
            .chain(around)
            .filter(|one| one.is_of(*home) && known.insert((one.cadre_id, one.department_id)));
        let contacts = contacts.take(MOST).map(|one| one.contact(&posts));
        (home.id, contacts.collect())
    });
    Ok(contacts.collect())
}
