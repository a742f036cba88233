//! Where something is: the ids of its county, township, village, group and grid.

pub(crate) mod bound;
pub mod past;
pub mod rewrite;
pub(in crate::kernel) mod stands;
pub mod still;

use entity::id::RegionId;
use sea_orm::{EntityTrait, FromQueryResult};
use std::str::FromStr;

/// The levels at which places are asked for. A city without counties stands at the county's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// County.
    County,
    /// Township.
    Township,
    /// Village.
    Village,
    /// Group.
    Group,
    /// Grid.
    Grid,
}

impl Level {
    /// All, from above.
    pub const ALL: [Self; 5] = [Self::County, Self::Township, Self::Village, Self::Group, Self::Grid];

    /// Name of the place column.
    #[must_use]
    pub fn column_name(self) -> &'static str {
        match self {
            Self::County => "county_id",
            Self::Township => "township_id",
            Self::Village => "village_id",
            Self::Group => "group_id",
            Self::Grid => "grid_id",
        }
    }

    /// The place column of a table, if the table has one of this level.
    #[must_use]
    pub fn column<E: EntityTrait>(self) -> Option<E::Column> {
        E::Column::from_str(self.column_name()).ok()
    }
}

/// The place columns of a row, or of a region itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromQueryResult)]
pub struct Place {
    /// County.
    pub county_id: Option<RegionId>,
    /// Township.
    pub township_id: Option<RegionId>,
    /// Village.
    pub village_id: Option<RegionId>,
    /// Group.
    pub group_id: Option<RegionId>,
    /// Grid.
    pub grid_id: Option<RegionId>,
}

impl Place {
    /// A place by what it has at each level.
    pub fn of(at: impl Fn(Level) -> Option<RegionId>) -> Self {
        Self {
            county_id: at(Level::County),
            township_id: at(Level::Township),
            village_id: at(Level::Village),
            group_id: at(Level::Group),
            grid_id: at(Level::Grid),
        }
    }

    /// The region at a level.
    #[must_use]
    pub fn at(&self, level: Level) -> Option<RegionId> {
        match level {
            Level::County => self.county_id,
            Level::Township => self.township_id,
            Level::Village => self.village_id,
            Level::Group => self.group_id,
            Level::Grid => self.grid_id,
        }
    }

    /// The regions that it lies in, from above.
    pub fn path(&self) -> impl Iterator<Item = RegionId> + '_ {
        Level::ALL.into_iter().filter_map(|level| self.at(level))
    }

    /// The smallest of them with its level.
    #[must_use]
    pub fn root(&self) -> Option<Root> {
        Level::ALL.into_iter().rev().find_map(|level| Some(Root { level, id: self.at(level)? }))
    }
}

impl From<&entity::region::Model> for Place {
    fn from(region: &entity::region::Model) -> Self {
        Self {
            county_id: region.county_id,
            township_id: region.township_id,
            village_id: region.village_id,
            group_id: region.group_id,
            grid_id: region.grid_id,
        }
    }
}

/// A region with everything in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Root {
    /// Its level.
    pub level: Level,
    /// Its id.
    pub id: RegionId,
}

impl Root {
    /// Whether a place lies in it.
    #[must_use]
    pub fn holds(&self, place: &Place) -> bool {
        place.at(self.level) == Some(self.id)
    }
}
