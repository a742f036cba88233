//! Edges of `Visit` and of who took part.

use crate::{
    attachment::object::{Attachment, AttachmentsOf},
    cadre::object::Cadre,
    demand::{
        input::{DemandOrderField, DemandWhere},
        object::Demand,
    },
    enterprise::object::Enterprise,
    household::object::{GeoPosition, Household},
    kernel::{
        connection::{Connection, Cursor},
        directive::{DataClass, class},
        error::{Error, Result},
        node::{Listing, OrderBy},
        page::PageArgs,
        payload::{Permission, ctx},
        policy::{May, Part},
    },
    region::object::Region,
    visit::{
        NOT_OWN,
        object::{Condolence, ToldOf, Visit},
        participation::{ParticipantsOf, VisitParticipation},
    },
};
use async_graphql::{ComplexObject, Context, SimpleObject};
use entity::{kind::RecordKind, scalar::Yuan};
use futures_util::future::try_join_all;

/// What the viewer may do to a visit (可否操作).
#[derive(Clone, Debug, SimpleObject)]
pub struct VisitViewerCan {
    /// Change it (`visitUpdate`), and attach files to it (`attachmentsAdd`): whoever recorded it.
    pub update: Permission,
    /// Withdraw it (`visitWithdraw`): whoever recorded it, and the administrator of its place.
    pub withdraw: Permission,
}

#[ComplexObject]
impl Visit {
    /// Names of the fields that are null because the viewer may not see them (未显示的字段), whether or not they hold anything.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn redacted_fields(&self) -> Vec<&'static str> {
        self.hidden()
    }

    /// What the viewer may do to it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn viewer_can(&self, gql: &Context<'_>) -> VisitViewerCan {
        let ctx = ctx(gql);
        let own = ctx.permission(May::RecordVisit, &self.facts());
        let own =
            if self.is_own(ctx) { own } else { Permission::to_maker(ctx, "RECORDER", NOT_OWN.0, NOT_OWN.1) };
        let any = ctx.permission(May::WithdrawVisit, &self.facts());
        VisitViewerCan { withdraw: if own.allowed { own.clone() } else { any }, update: own }
    }

    /// What was said (走访内容), at most 4000 characters. Null when nothing was written down.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn summary(&self, gql: &Context<'_>) -> Option<Result<String>> {
        if !self.complete || !self.sight.shows(Part::Personal) {
            return None;
        }
        let ctx = ctx(gql);
        let text = match ctx.load(ToldOf(self.id)).await {
            Ok(told) => told?.summary?,
            Err(error) => return Some(Err(error)),
        };
        self.shows(ctx, "Visit", "summary");
        Some(Ok(text))
    }

    /// Where it was (走访位置). Null when that was not told.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn location(&self, gql: &Context<'_>) -> Option<Result<GeoPosition>> {
        if !self.sight.shows(Part::Personal) {
            return None;
        }
        let ctx = ctx(gql);
        let position = match ctx.load(ToldOf(self.id)).await {
            Ok(told) => told?.position?,
            Err(error) => return Some(Err(error)),
        };
        self.shows(ctx, "Visit", "location");
        Some(Ok(position))
    }

    /// Files that are attached to it (附件), the first first; at most 20, and none of a visit that was withdrawn. Null when hidden.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn attachments(&self, gql: &Context<'_>) -> Option<Result<Vec<Attachment>>> {
        if !self.sight.shows(Part::Personal) {
            return None;
        }
        let asked = AttachmentsOf { kind: RecordKind::Visit, record: self.id.0 };
        Some(ctx(gql).load(asked).await.map(Option::unwrap_or_default))
    }

    /// What was given (慰问). Null when nothing was.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn condolence(&self) -> Option<Condolence> {
        Some(Condolence { form: self.condolence_form?, visit: self.clone() })
    }

    /// Demands that were heard in it (诉求), the latest first. Requires what `demands` requires; empty to others.
    #[graphql(directive = class::apply(DataClass::Internal))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
    async fn demands(
        &self,
        gql: &Context<'_>,
        #[graphql(name = "where", desc = "Conditions, all of them to hold.")] filter: Option<DemandWhere>,
        #[graphql(desc = "The order; at most one entry.")] order_by: Option<Vec<OrderBy<DemandOrderField>>>,
        #[graphql(desc = "How many from the front, at most 100; 20 when nothing is said.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
        #[graphql(desc = "How many from the back, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Those before this cursor.")] before: Option<Cursor>,
    ) -> Option<Result<Connection<Demand>>> {
        let page = PageArgs::new(first, after, last, before);
        Some(
            crate::demand::object::children_of_author(
                gql,
                "visit_id",
                self.id,
                Listing { filter, order_by, page },
            )
            .await,
        )
    }

    /// The household that was visited (走访户). Null where it was not a household, and when the household is outside the viewer's
    /// scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn household(&self, gql: &Context<'_>) -> Option<Result<Household>> {
        ctx(gql).edge(self.household_id).await
    }

    /// The enterprise that was visited (走访企业). Null where it was not an enterprise, and when it is outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn enterprise(&self, gql: &Context<'_>) -> Option<Result<Enterprise>> {
        ctx(gql).edge(self.enterprise_id).await
    }

    /// The region whose people were visited (走访区域). Null where it was a household or an enterprise.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn region(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(self.region_id).await
    }

    /// The village or community (村、社区) in which the target lies. Null when it lies in none.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn village(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(self.village_id).await
    }

    /// The township (乡镇) in which the target lies. Null when it lies in none.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn township(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(self.township_id).await
    }

    /// The cadre who recorded it (记录人). Null when no cadre is behind that account, and when outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn recorder(&self, gql: &Context<'_>) -> Option<Result<Cadre>> {
        ctx(gql).edge(self.recorder_id).await
    }

    /// Cadres who took part (参加人), the recorder first; at most 21, those within the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn participants(&self, gql: &Context<'_>) -> Result<Vec<Cadre>, Error> {
        let ctx = ctx(gql);
        let ids = ctx.load(ParticipantsOf(self.id)).await?.unwrap_or_default();
        let cadres = try_join_all(ids.into_iter().map(|id| ctx.node::<Cadre>(id))).await?;
        Ok(cadres.into_iter().flatten().collect())
    }
}

#[ComplexObject]
impl Condolence {
    /// What was given (慰问内容). Null when that was not told, or hidden.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn items(&self, gql: &Context<'_>) -> Option<Result<String>> {
        if !self.visit.sight.shows(Part::Personal) {
            return None;
        }
        let ctx = ctx(gql);
        let items = match ctx.load(ToldOf(self.visit.id)).await {
            Ok(told) => told?.items?,
            Err(error) => return Some(Err(error)),
        };
        self.visit.shows(ctx, "Condolence", "items");
        Some(Ok(items))
    }

    /// What it is worth (金额). Null for everyone: of the sensitive class.
    #[graphql(directive = class::apply(DataClass::Sensitive))]
    async fn value(&self) -> Option<Yuan> {
        None
    }
}

#[ComplexObject]
impl VisitParticipation {
    /// The visit (走访). Null when its target is outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn visit(&self, gql: &Context<'_>) -> Option<Result<Visit>> {
        ctx(gql).edge(Some(self.visit_id)).await
    }

    /// The cadre who took part (参加人). Null when outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn cadre(&self, gql: &Context<'_>) -> Option<Result<Cadre>> {
        ctx(gql).edge(Some(self.cadre_id)).await
    }
}
