//! Edges of `Attachment`, and what is told of it as of its record.

use crate::{
    attachment::{object::Attachment, url},
    demand::object::Demand,
    diary::object::Diary,
    kernel::{
        directive::{DataClass, class},
        error::Result,
        payload::ctx,
    },
    task::ledger::TaskEvent,
    visit::object::Visit,
};
use async_graphql::{ComplexObject, Context};
use entity::kind::RecordKind;

#[ComplexObject]
impl Attachment {
    /// Its name, as it was sent in (文件名). Null when the record has just gone from the viewer's scope.
    #[graphql(directive = class::apply(DataClass::Personal))]
    async fn file_name(&self, gql: &Context<'_>) -> Option<Result<String>> {
        match self.shows(ctx(gql), "fileName").await {
            Ok(true) => Some(Ok(self.file_name.clone())),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        }
    }

    /// Where it is fetched (下载地址): GET at a path of this server, with the same bearer token. The right is asked each time.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn url(&self) -> String {
        url(self.id)
    }

    /// Where the same is fetched small, as JPEG of at most 320 dots a side (缩略图地址). Null when it is no picture.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn thumbnail_url(&self) -> Option<String> {
        self.thumbnail_key.as_ref().map(|_| format!("{}/thumbnail", url(self.id)))
    }

    /// The visit that it is attached to (走访). Null when it is attached to something else.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn visit(&self, gql: &Context<'_>) -> Option<Result<Visit>> {
        let own = (self.record_kind == RecordKind::Visit).then_some(self.record_id);
        ctx(gql).edge(own).await
    }

    /// The diary entry that it is attached to (民情日记). Null when it is attached to something else.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn diary(&self, gql: &Context<'_>) -> Option<Result<Diary>> {
        let own = (self.record_kind == RecordKind::Diary).then_some(self.record_id);
        ctx(gql).edge(own).await
    }

    /// The demand that it is attached to (诉求). Null when it is attached to something else.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn demand(&self, gql: &Context<'_>) -> Option<Result<Demand>> {
        let own = (self.record_kind == RecordKind::Demand).then_some(self.record_id);
        ctx(gql).edge(own).await
    }

    /// The step of a task that it is attached to (台账记录). Null when it is attached to something else.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn task_event(&self, gql: &Context<'_>) -> Option<Result<TaskEvent>> {
        let own = (self.record_kind == RecordKind::TaskEvent).then_some(self.record_id);
        ctx(gql).edge(own).await
    }
}
