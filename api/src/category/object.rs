//! `Category` as it is spoken.

use super::{no_county, tree};
use crate::{
    kernel::{
        directive::{DataClass, auth, class, cost, everyone, may},
        error::{Result, UserError},
        node::{Any, AsMade, Node},
        payload::{Outcome, ctx, payload},
        policy::May,
        request::Ctx,
    },
    region::object::Region,
};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{
    category,
    id::{CategoryId, RegionId},
    kind::DemandField,
    scalar::Date,
};
use sea_orm::DerivePartialModel;
use uuid::Uuid;

/// A category of demands that a county keeps beneath one of the six fields (诉求类别). Everyone may read it, signed in or not.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "category::Entity")]
#[graphql(complex)]
pub struct Category {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub id: CategoryId,
    /// The field that it belongs to (所属领域), which never changes.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub field: DemandField,
    /// Name (名称), unique among those that are offered beside it.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub name: String,
    /// Its place among those beside it (排序), the smallest first.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub sort: i32,
    /// First day on which it is offered for new demands no more (停用日期). Null while it is offered.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub retired_on: Option<Date>,
    /// Raised by each change; what a mutation expects.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub version: i32,
    #[graphql(skip)]
    pub(crate) county_id: RegionId,
    #[graphql(skip)]
    pub(crate) parent_id: Option<CategoryId>,
}

impl From<&category::Model> for Category {
    fn from(row: &category::Model) -> Self {
        Self {
            id: row.id,
            field: row.field,
            name: row.name.clone(),
            sort: row.sort,
            retired_on: row.retired_on,
            version: row.version,
            county_id: row.county_id,
            parent_id: row.parent_id,
        }
    }
}

impl Node for Category {
    type Entity = category::Entity;
    type Where = Any;
    type Order = AsMade;
    const NAME: &'static str = CategoryId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

/// Questions about categories.
#[derive(Debug, Default)]
pub struct CategoryQuery;

#[Object]
impl CategoryQuery {
    /// One category by its id, retired ones too. Null when there is none. Requires nothing.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(1), directive = auth::apply(everyone()))]
    async fn category(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one.")] id: CategoryId,
    ) -> Option<Result<Category>> {
        ctx(gql).edge(Some(id)).await
    }

    /// The categories of a county (诉求类别) in the order of the tree, each before those beneath it; at most 500. Null when
    /// there is no such region. Requires nothing.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(100), directive = auth::apply(everyone()))]
    async fn categories(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "The county, or a city that has none.")] county_id: RegionId,
        #[graphql(desc = "Those of one field alone.")] field: Option<DemandField>,
        #[graphql(desc = "Retired ones, too; left out when nothing is said.")] include_retired: Option<bool>,
    ) -> Option<Result<Vec<Category>>> {
        let ctx = ctx(gql);
        let find = async {
            let Some(region) = ctx.node::<Region>(county_id).await? else { return Ok(None) };
            if region.place().county_id != Some(county_id) {
                return Err(no_county(&region.name).into());
            }
            all(ctx, county_id, field, include_retired.unwrap_or_default()).await.map(Some)
        };
        find.await.transpose()
    }
}

async fn all(
    ctx: &Ctx,
    county: RegionId,
    field: Option<DemandField>,
    retired: bool,
) -> Result<Vec<Category>> {
    let tree = tree::of(ctx, county).await?;
    let wanted = |row: &&category::Model| {
        field.is_none_or(|field| row.field == field) && (retired || row.retired_on.is_none())
    };
    Ok(tree.all().filter(wanted).map(Category::from).collect())
}

/// A category to make.
#[derive(Clone, Debug, InputObject)]
pub struct CategoryCreateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Id minted by the client; made by the server otherwise.
    #[graphql(default)]
    pub id: Option<CategoryId>,
    /// The county, or a city that has none.
    pub county_id: RegionId,
    /// The field that it belongs to.
    pub field: DemandField,
    /// The one above it, of the same county and field, on the second level at the most; none for the top.
    #[graphql(default)]
    pub parent_id: Option<CategoryId>,
    /// Name, unique among those beside it, at most 20 characters.
    pub name: String,
    /// Its place among those beside it, from 0 to 9999; the last when nothing is said.
    #[graphql(default)]
    pub sort: Option<i32>,
}

/// A change to a category. What is absent stays.
#[derive(Clone, Debug, InputObject)]
pub struct CategoryUpdateInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which category.
    pub id: CategoryId,
    /// The version that the change is based on.
    pub expected_version: i32,
    /// New name, unique among those beside it, at most 20 characters.
    #[graphql(default)]
    pub name: Option<String>,
    /// New place among those beside it, from 0 to 9999.
    #[graphql(default)]
    pub sort: Option<i32>,
    /// Another one above it, of the same county and field; null for the top. All beneath it comes along.
    pub parent_id: MaybeUndefined<CategoryId>,
}

/// A category to retire.
#[derive(Clone, Debug, InputObject)]
pub struct CategoryRetireInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which category.
    pub id: CategoryId,
    /// The version that the change is based on.
    pub expected_version: i32,
}

/// A category to offer again.
#[derive(Clone, Debug, InputObject)]
pub struct CategoryRestoreInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// Which category.
    pub id: CategoryId,
    /// The version that the change is based on.
    pub expected_version: i32,
}

/// A county that is to begin with the usual tree.
#[derive(Clone, Debug, InputObject)]
pub struct CategoriesAdoptInput {
    /// A UUID made anew for this action and kept for its retries.
    pub idempotency_key: ID,
    /// The county, or a city that has none.
    pub county_id: RegionId,
}

payload! {
    /// A category that was made or changed, or why not.
    CategoryPayload, category: Category
}

/// The categories of a county, or why they were not taken over.
#[derive(SimpleObject)]
pub struct CategoriesPayload {
    /// The categories that are offered, in the order of the tree; at most 500. Null exactly when `errors` is not empty.
    #[graphql(directive = cost::apply(100))]
    pub categories: Option<Vec<Category>>,
    /// Why it was refused; empty when it was done.
    pub errors: Vec<UserError>,
    /// Whether an earlier request with the same idempotency key had done it already.
    pub replayed: bool,
}

impl From<Outcome<Vec<Category>>> for CategoriesPayload {
    fn from(outcome: Outcome<Vec<Category>>) -> Self {
        Self {
            categories: outcome.node,
            errors: outcome.refusals.into_iter().map(Into::into).collect(),
            replayed: outcome.replayed,
        }
    }
}

/// Changes to categories.
#[derive(Debug, Default)]
pub struct CategoryMutation;

#[Object]
impl CategoryMutation {
    /// Makes a category. Requires `REGION_ADMIN` of the county. Errors: `INVALID` (name, place, field or level of the one
    /// above, region), `DUPLICATE` (the name, the id), `LIMIT` (50 beside each other, 500 in a county), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageCategory)))]
    async fn category_create(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to make.")] input: CategoryCreateInput,
    ) -> Option<Result<CategoryPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("categoryCreate", &input.idempotency_key, &input, super::create).await;
        CategoryPayload::of(ctx, written).await
    }

    /// Renames or moves a category within its field. Requires `REGION_ADMIN` of the county. Errors: `INVALID` (name, place, the
    /// one above: its field, its level, a circle), `DUPLICATE` (the name), `LIMIT`, `STATE` (retired), `CONFLICT`,
    /// `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageCategory)))]
    async fn category_update(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to change, and the version that it is based on.")] input: CategoryUpdateInput,
    ) -> Option<Result<CategoryPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("categoryUpdate", &input.idempotency_key, &input, super::update).await;
        CategoryPayload::of(ctx, written).await
    }

    /// Retires a category with all beneath it: what was entered under them stays, and they are offered no more. Requires
    /// `REGION_ADMIN` of the county. Errors: `STATE` (retired already), `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageCategory)))]
    async fn category_retire(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one to retire, and the version that this is based on.")]
        input: CategoryRetireInput,
    ) -> Option<Result<CategoryPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("categoryRetire", &input.idempotency_key, &input, super::retire).await;
        CategoryPayload::of(ctx, written).await
    }

    /// Offers a retired category again, but not those beneath it. Requires `REGION_ADMIN` of the county. Errors: `INVALID` (the
    /// one above is retired), `DUPLICATE` (the name), `STATE` (not retired), `CONFLICT`, `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(10), directive = auth::apply(may(May::ManageCategory)))]
    async fn category_restore(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which one to offer again, and the version that this is based on.")]
        input: CategoryRestoreInput,
    ) -> Option<Result<CategoryPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("categoryRestore", &input.idempotency_key, &input, super::restore).await;
        CategoryPayload::of(ctx, written).await
    }

    /// Takes over the usual tree of about 50 categories for a county that has none (套用常用类别). Requires `REGION_ADMIN` of
    /// the county. Errors: `INVALID` (no county), `STATE` (there are some already), `FORBIDDEN`, `NOT_FOUND`.
    #[graphql(directive = cost::apply(20), directive = auth::apply(may(May::ManageCategory)))]
    async fn categories_adopt(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which county is to begin with them.")] input: CategoriesAdoptInput,
    ) -> Option<Result<CategoriesPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("categoriesAdopt", &input.idempotency_key, &input, super::adopt).await;
        let outcome = Outcome::read(written, all(ctx, input.county_id, None, false)).await;
        Some(outcome.map(Into::into))
    }
}
