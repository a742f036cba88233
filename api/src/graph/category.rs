//! Edges of `Category`.

use crate::{
    category::{object::Category, place, tree},
    kernel::{
        directive::{DataClass, class, cost},
        error::{Error, Result},
        payload::{Permission, ctx},
        policy::May,
        scope::Facts,
    },
    region::object::Region,
};
use async_graphql::{ComplexObject, Context, SimpleObject};

/// What the viewer may do to a category (可否操作).
#[derive(Clone, Debug, SimpleObject)]
pub struct CategoryViewerCan {
    /// Change, retire and restore it (`categoryUpdate`, `categoryRetire`, `categoryRestore`).
    pub update: Permission,
}

#[ComplexObject]
impl Category {
    /// What the viewer may do to it.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn viewer_can(&self, gql: &Context<'_>) -> CategoryViewerCan {
        let facts = Facts::from(place(self.county_id));
        CategoryViewerCan { update: ctx(gql).permission(May::ManageCategory, &facts) }
    }

    /// The county whose category it is (所属县).
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn county(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(Some(self.county_id)).await
    }

    /// The category above it (上级类别). Null at the top.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn parent(&self, gql: &Context<'_>) -> Option<Result<Self>> {
        ctx(gql).edge(self.parent_id).await
    }

    /// Those directly beneath it (下级类别), in their order; at most 50.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(50))]
    async fn children(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Retired ones, too; left out when nothing is said.")] include_retired: Option<bool>,
    ) -> Result<Vec<Self>, Error> {
        let retired = include_retired.unwrap_or_default();
        let tree = tree::of(ctx(gql), self.county_id).await?;
        let beneath = tree.beneath(self.field, Some(self.id));
        Ok(beneath.filter(|row| retired || row.retired_on.is_none()).map(Self::from).collect())
    }

    /// The names on the way from the top down to it (全称): 环境卫生, 垃圾清运.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn path(&self, gql: &Context<'_>) -> Result<Vec<String>, Error> {
        Ok(tree::of(ctx(gql), self.county_id).await?.path(self.id))
    }
}
