//! Edges of `IntakePoint` and of the openings of boxes.

use crate::{
    cadre::object::Cadre,
    intake::{
        object::IntakePoint,
        opening::{BoxOpening, BoxOpeningOrderField, BoxOpeningWhere, LastOf},
    },
    kernel::{
        connection::{Connection, Cursor},
        directive::{DataClass, class, cost},
        error::{Error, Result},
        node::{Listing, OrderBy, children},
        page::PageArgs,
        payload::{Permission, ctx},
        policy::May,
        scope::Facts,
    },
    region::object::Region,
};
use async_graphql::{ComplexObject, Context, SimpleObject};
use futures_util::future::try_join_all;

/// What the viewer may do to an intake point (可否操作).
#[derive(Clone, Debug, SimpleObject)]
pub struct IntakePointViewerCan {
    /// Change and close it (`intakePointUpdate`, `intakePointClose`).
    pub update: Permission,
    /// Record that it was opened (`boxOpeningRecord`), if it is a box.
    pub open_box: Permission,
}

#[ComplexObject]
impl IntakePoint {
    /// What the viewer may do to it.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn viewer_can(&self, gql: &Context<'_>) -> IntakePointViewerCan {
        let (ctx, facts) = (ctx(gql), Facts::from(self.place()));
        IntakePointViewerCan {
            update: ctx.permission(May::ManageIntake, &facts),
            open_box: ctx.permission(May::OpenBox, &facts),
        }
    }

    /// The township or village whose it is (所在区域).
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn region(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(Some(self.region_id)).await
    }

    /// When it was opened, if it is a box (开箱记录), the latest first: what is within the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn openings(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<BoxOpeningWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<
            Vec<OrderBy<BoxOpeningOrderField>>,
        >,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<BoxOpening>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(children(gql, "intake_point_id", self.id, Listing { filter, order_by, page }).await)
    }

    /// When it was last opened (最近一次开箱). Null when it never was, and when that is outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn last_opening(&self, gql: &Context<'_>) -> Option<Result<BoxOpening>> {
        ctx(gql).load(LastOf(self.id)).await.transpose()
    }
}

#[ComplexObject]
impl BoxOpening {
    /// The box that was opened (说事箱).
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn point(&self, gql: &Context<'_>) -> Option<Result<IntakePoint>> {
        ctx(gql).edge(Some(self.intake_point_id)).await
    }

    /// Before whom (见证人), at most 2: those within the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(2))]
    async fn witnesses(&self, gql: &Context<'_>) -> Result<Vec<Cadre>, Error> {
        let ctx = ctx(gql);
        let both = [self.first_witness_id, self.second_witness_id];
        let both = try_join_all(both.map(|id| ctx.node::<Cadre>(id))).await?;
        Ok(both.into_iter().flatten().collect())
    }

    /// The cadre who recorded it (登记人). Null when no cadre is behind that account, and when outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn recorder(&self, gql: &Context<'_>) -> Option<Result<Cadre>> {
        ctx(gql).edge(self.recorder_id).await
    }
}
