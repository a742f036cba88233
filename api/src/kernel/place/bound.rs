//! Where what a grant is bound to stands: a region, a branch, a department, a household, an enterprise.

use super::Level;
use entity::{branch, department, enterprise, grant, household, region};
use sea_orm::{
    ColumnTrait, EntityTrait, JoinType, QuerySelect, Select,
    sea_query::{Expr, Func, FunctionCall},
};

/// Its place column of a level, once `join` was asked.
pub(crate) fn at(level: Level) -> FunctionCall {
    fn column<E: EntityTrait>(level: Level) -> Option<Expr> {
        level.column::<E>().map(|column| Expr::col(column.as_column_ref()))
    }
    let columns = [
        column::<region::Entity>(level),
        column::<branch::Entity>(level),
        column::<department::Entity>(level),
        column::<household::Entity>(level),
        column::<enterprise::Entity>(level),
    ];
    Func::coalesce(columns.into_iter().flatten())
}

fn to<E: EntityTrait>(
    select: Select<grant::Entity>,
    from: grant::Column,
    to: E::Column,
) -> Select<grant::Entity> {
    let relation = grant::Entity::belongs_to(E::default()).from(from).to(to);
    select.join(JoinType::LeftJoin, relation.into())
}

/// Reads what grants are bound to together with them.
pub(crate) fn join(mut select: Select<grant::Entity>) -> Select<grant::Entity> {
    use grant::Column;
    select = to::<region::Entity>(select, Column::RegionId, region::Column::Id);
    select = to::<branch::Entity>(select, Column::BranchId, branch::Column::Id);
    select = to::<department::Entity>(select, Column::DepartmentId, department::Column::Id);
    select = to::<household::Entity>(select, Column::HouseholdId, household::Column::Id);
    to::<enterprise::Entity>(select, Column::EnterpriseId, enterprise::Column::Id)
}
