//! Edges of `Diary`.

use crate::{
    attachment::object::{Attachment, AttachmentsOf},
    cadre::object::Cadre,
    diary::{
        NOT_OWN,
        object::{Diary, TextOf, VisitsOf},
    },
    kernel::{
        directive::{DataClass, class},
        error::{Error, Result},
        payload::{Permission, ctx},
    },
    visit::object::Visit,
};
use async_graphql::{ComplexObject, Context, SimpleObject};
use entity::kind::RecordKind;
use futures_util::future::try_join_all;

/// What the viewer may do to a diary entry (可否操作).
#[derive(Clone, Debug, SimpleObject)]
pub struct DiaryViewerCan {
    /// Change it (`diaryUpdate`), and attach files to it (`attachmentsAdd`): whoever wrote it.
    pub update: Permission,
}

#[ComplexObject]
impl Diary {
    /// What is written (内容), at most 10,000 characters. Null when the entry has just gone from the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn text(&self, gql: &Context<'_>) -> Option<Result<String>> {
        let text = ctx(gql).load(TextOf(self.id)).await.transpose()?;
        self.shows(ctx(gql), "Diary", "text");
        Some(text)
    }

    /// The cadre who wrote it (作者). Null when outside the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn author(&self, gql: &Context<'_>) -> Option<Result<Cadre>> {
        ctx(gql).edge(Some(self.cadre_id)).await
    }

    /// Visits that it tells of (所记走访), at most 20: those within the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn visits(&self, gql: &Context<'_>) -> Result<Vec<Visit>, Error> {
        let ctx = ctx(gql);
        let ids = ctx.load(VisitsOf(self.id)).await?.unwrap_or_default();
        let visits = try_join_all(ids.into_iter().map(|id| ctx.node::<Visit>(id))).await?;
        Ok(visits.into_iter().flatten().collect())
    }

    /// Files that are attached to it (附件), the first first; at most 20.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn attachments(&self, gql: &Context<'_>) -> Result<Vec<Attachment>, Error> {
        let asked = AttachmentsOf { kind: RecordKind::Diary, record: self.id.0 };
        Ok(ctx(gql).load(asked).await?.unwrap_or_default())
    }

    /// What the viewer may do to it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn viewer_can(&self, gql: &Context<'_>) -> DiaryViewerCan {
        let ctx = ctx(gql);
        if ctx.scope().cadre == Some(self.cadre_id) {
            return DiaryViewerCan { update: Permission::given() };
        }
        let update = Permission::to_maker(ctx, "AUTHOR", NOT_OWN.0, NOT_OWN.1);
        DiaryViewerCan { update }
    }
}
