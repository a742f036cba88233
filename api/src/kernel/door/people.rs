//! Gates of places and of the people who serve there.

use super::{Gate, Guarded, Openings, Placed, any_of, between, located, some, through, unscoped};
use crate::kernel::scope::{Doors, Scope};
use entity::{
    area, branch, cadre, category, department, id::BranchId, kind::CadreLevel, membership, position, region,
    region_succession, tag,
};
use sea_orm::{
    ColumnTrait, DbBackend,
    sea_query::{ExprTrait, SelectStatement},
};

impl Guarded for region::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        Self::openings(scope, backend).gate::<Self>()
    }
}

impl Placed for region::Entity {
    fn openings(_: &Scope, _: DbBackend) -> Openings {
        Openings::EVERYTHING
    }
}

impl Guarded for region_succession::Entity {
    fn gate(_: &Scope, _: DbBackend) -> Gate {
        Gate::Everything
    }
}

impl Guarded for area::Entity {
    fn gate(_: &Scope, _: DbBackend) -> Gate {
        Gate::Everything
    }
}

impl Guarded for department::Entity {
    fn gate(_: &Scope, _: DbBackend) -> Gate {
        Gate::Everything
    }
}

impl Guarded for category::Entity {
    fn gate(_: &Scope, _: DbBackend) -> Gate {
        Gate::Everything
    }
}

impl Guarded for tag::Entity {
    fn gate(_: &Scope, _: DbBackend) -> Gate {
        Gate::Everything
    }
}

impl Guarded for branch::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        let mut gate = located::<Self>(&scope.staff, None);
        let Gate::Branches(branches) = &mut gate else { return gate };
        branches.extend(
            some(&scope.offices).map(|own| any_of(branch::Column::RegionId, own.iter().copied(), backend)),
        );
        branches.extend(
            some(&scope.staff.branches).map(|own| any_of(branch::Column::Id, own.iter().copied(), backend)),
        );
        gate
    }
}

/// Cadres of the subtrees, of the branches, and oneself.
pub(super) fn staff(doors: &Doors, scope: &Scope, backend: DbBackend) -> Openings {
    let mut openings = Openings::new(doors, None);
    if let Some(own) = some(&doors.branches) {
        openings.rest.push(cadre::Column::Id.in_subquery(members_of(own, scope, backend)));
    }
    openings.rest.extend(scope.cadre.map(|own| cadre::Column::Id.eq(own)));
    openings
}

impl Guarded for cadre::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        Self::openings(scope, backend).gate::<Self>()
    }
}

impl Placed for cadre::Entity {
    /// Beside one's staff: those who hold a post in the offices above, not every party member who lives there.
    fn openings(scope: &Scope, backend: DbBackend) -> Openings {
        let mut openings = staff(&scope.staff, scope, backend);
        openings.rest.extend(some(&scope.offices).map(|own| {
            any_of(cadre::Column::RegionId, own.iter().copied(), backend)
                .and(cadre::Column::Level.ne(CadreLevel::PartyMember))
        }));
        openings
    }
}

pub(super) fn members_of(branches: &[BranchId], scope: &Scope, backend: DbBackend) -> SelectStatement {
    use sea_orm::{QueryFilter, QuerySelect, QueryTrait};
    unscoped::<membership::Entity>()
        .select_only()
        .column(membership::Column::CadreId)
        .filter(any_of(membership::Column::BranchId, branches.iter().copied(), backend))
        .filter(between(membership::Column::StartsOn, membership::Column::EndsOn, scope.membership_days))
        .into_query()
}

impl Guarded for membership::Entity {
    /// Of one's staff alone: nobody's membership is told to the households whom they serve.
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        through::<cadre::Entity>(
            staff(&scope.staff, scope, backend).gate::<cadre::Entity>(),
            membership::Column::CadreId,
        )
    }
}

impl Guarded for position::Entity {
    fn gate(scope: &Scope, backend: DbBackend) -> Gate {
        through::<cadre::Entity>(cadre::Entity::gate(scope, backend), position::Column::CadreId)
    }
}
