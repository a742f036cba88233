//! The categories of a county in the order of their tree: each before those beneath it. Read whole, in one statement: a
//! county has few.

use crate::kernel::{
    door::{any_of, unscoped},
    error::{Error, Result},
    request::Ctx,
    rows::Key,
    work::Work,
};
use entity::{
    category,
    id::{CategoryId, RegionId},
    kind::DemandField,
};
use sea_orm::{ColumnTrait, QueryFilter};
use std::{collections::HashMap, sync::Arc};

/// The categories of a county, retired ones too.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// Each with its level, from 1.
    rows: Vec<(usize, category::Model)>,
}

impl Tree {
    /// Puts rows in the order of the tree: by field, and beside each other by their place.
    #[must_use]
    pub fn new(mut rows: Vec<category::Model>) -> Self {
        rows.sort_by_key(|row| (row.field, row.sort, row.id));
        let mut beneath: HashMap<Option<CategoryId>, Vec<category::Model>> = HashMap::new();
        for row in rows.into_iter().rev() {
            beneath.entry(row.parent_id).or_default().push(row);
        }
        let mut rows = Vec::new();
        let top = beneath.remove(&None).unwrap_or_default();
        let mut waiting: Vec<_> = top.into_iter().map(|row| (1, row)).collect();
        while let Some((level, row)) = waiting.pop() {
            let next = beneath.remove(&Some(row.id)).unwrap_or_default();
            waiting.extend(next.into_iter().map(|row| (level + 1, row)));
            rows.push((level, row));
        }
        Self { rows }
    }

    /// The tree as a command sees it.
    pub(super) async fn read(work: &Work, county: RegionId) -> Result<Self> {
        let of = unscoped::<category::Entity>().filter(category::Column::CountyId.eq(county));
        Ok(Self::new(of.all(&work.tx).await?))
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rows.len()
    }

    /// All of them, in order.
    pub fn all(&self) -> impl Iterator<Item = &category::Model> {
        self.rows.iter().map(|(_, row)| row)
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: CategoryId) -> Option<&category::Model> {
        self.all().find(|row| row.id == id)
    }

    /// Those directly beneath another, or at the top of a field.
    pub fn beneath(
        &self,
        field: DemandField,
        parent: Option<CategoryId>,
    ) -> impl Iterator<Item = &category::Model> {
        self.all().filter(move |row| row.field == field && row.parent_id == parent)
    }

    /// One with all beneath it.
    fn branch(&self, id: CategoryId) -> &[(usize, category::Model)] {
        let Some(at) = self.rows.iter().position(|(_, row)| row.id == id) else { return &[] };
        let further = self.rows[at + 1..].iter().take_while(|(level, _)| *level > self.rows[at].0);
        &self.rows[at..=at + further.count()]
    }

    /// One with all beneath it, each before those beneath it.
    pub fn with_beneath(&self, id: CategoryId) -> impl Iterator<Item = &category::Model> {
        self.branch(id).iter().map(|(_, row)| row)
    }

    /// On which level one stands; 0 where it is not there.
    #[must_use]
    pub fn level(&self, id: CategoryId) -> usize {
        self.branch(id).first().map_or(0, |(level, _)| *level)
    }

    /// How many levels one takes with those beneath it.
    #[must_use]
    pub fn height(&self, id: CategoryId) -> usize {
        let deepest = self.branch(id).iter().map(|(level, _)| *level).max();
        deepest.map_or(0, |deepest| deepest + 1 - self.level(id))
    }

    /// The names on the way from the top down to one.
    #[must_use]
    pub fn path(&self, id: CategoryId) -> Vec<String> {
        let way = std::iter::successors(self.get(id), |row| self.get(row.parent_id?));
        let mut names: Vec<_> = way.map(|row| row.name.clone()).collect();
        names.reverse();
        names
    }
}

/// The question for the categories of a county.
#[derive(Clone, PartialEq, Eq, Hash)]
struct TreeOf(RegionId);

impl Key for TreeOf {
    type Value = Arc<Tree>;

    async fn load(ctx: Ctx, keys: Vec<Self>) -> Result<HashMap<Self, Arc<Tree>>> {
        let counties = any_of(category::Column::CountyId, keys.iter().map(|key| key.0), ctx.backend());
        let rows = ctx.within::<category::Entity>().filter(counties).all(ctx.db().read()).await?;
        let mut of: HashMap<_, Vec<_>> = keys.into_iter().map(|key| (key, Vec::new())).collect();
        for row in rows {
            of.entry(TreeOf(row.county_id)).or_default().push(row);
        }
        Ok(of.into_iter().map(|(county, rows)| (county, Arc::new(Tree::new(rows)))).collect())
    }
}

/// The categories of a county, for questions: read once in a request.
pub async fn of(ctx: &Ctx, county: RegionId) -> Result<Arc<Tree>> {
    let tree = ctx.load(TreeOf(county)).await?;
    tree.ok_or_else(|| Error::internal("a county without a tree of categories"))
}

#[cfg(test)]
mod tests {
    use super::Tree;
    use crate::category::usual;
    use entity::id::{CategoryId, RegionId};
    use uuid::Uuid;

    fn usual() -> Tree {
        let mut given = 0;
        let mut rows = usual::rows(RegionId(Uuid::nil()), || {
            given += 1;
            CategoryId(Uuid::from_u128(given))
        });
        rows.reverse();
        Tree::new(rows)
    }

    #[test]
    fn each_stands_before_those_beneath_it_however_they_are_read() {
        let tree = usual();
        let ids: Vec<_> = tree.all().map(|row| row.id.0.as_u128()).collect();
        assert_eq!(ids, (1..=ids.len() as u128).collect::<Vec<_>>());
        let style = tree.all().find(|row| row.name == "作风").expect("one").id;
        assert_eq!((tree.level(style), tree.height(style), tree.with_beneath(style).count()), (1, 2, 5));
        let last = tree.with_beneath(style).last().expect("one");
        assert_eq!(
            (tree.path(last.id), tree.level(last.id)),
            (vec!["作风".to_owned(), "奢靡之风".to_owned()], 2)
        );
        assert_eq!(tree.height(last.id), 1);
        assert_eq!((tree.level(CategoryId(Uuid::nil())), tree.height(CategoryId(Uuid::nil()))), (0, 0));
    }
}
