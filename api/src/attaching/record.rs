//! The kinds of records that files are attached to. One more is one more line here, and one where its door and its place
//! are told (`kernel/door/served.rs`, `kernel/trail.rs`).

use crate::{
    attachment::object::Attachment,
    diary::{self, object::Diary},
    kernel::{error::Result, request::Ctx},
    visit::{self, object::Visit},
};
use async_graphql::OneofObject;
use entity::{
    id::{DiaryId, VisitId},
    kind::RecordKind,
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

macro_rules! records {
    ($($(#[$doc:meta])* $kind:ident: $id:ident, $field:literal, $changeable:path;)*) => {
        /// The record that files are attached to: exactly one of these.
        #[derive(Clone, Debug, OneofObject)]
        pub enum AttachmentRecord {
            $($(#[$doc])* $id($id),)*
        }

        impl AttachmentRecord {
            /// What kind of record it is.
            pub(super) fn kind(&self) -> RecordKind {
                match self {
                    $(Self::$id(_) => RecordKind::$kind,)*
                }
            }
        }

        /// The record, if the viewer may change it, held until the transaction ends.
        pub(super) async fn changeable(
            ctx: &Ctx,
            db: &impl ConnectionTrait,
            record: &AttachmentRecord,
        ) -> Result<(RecordKind, Uuid)> {
            match *record {
                $(AttachmentRecord::$id(id) => {
                    $changeable(ctx, db, id, concat!("record.", $field)).await?;
                    Ok((RecordKind::$kind, id.0))
                })*
            }
        }

        /// The same of a file that is attached already.
        pub(super) async fn changeable_of(
            ctx: &Ctx,
            db: &impl ConnectionTrait,
            kind: RecordKind,
            id: Uuid,
        ) -> Result<()> {
            match kind {
                $(RecordKind::$kind => $changeable(ctx, db, $id(id), "id").await.map(drop),)*
            }
        }

        impl Attachment {
            /// Notes that something of it is shown, as of its record; false when the viewer does not see that.
            pub(crate) async fn shows(&self, ctx: &Ctx, field: &'static str) -> Result<bool> {
                match self.record_kind {
                    $(RecordKind::$kind => {
                        let record = ctx.node::<$kind>(self.record_id).await?;
                        if let Some(record) = &record {
                            record.shows(ctx, "Attachment", field);
                        }
                        Ok(record.is_some())
                    })*
                }
            }
        }
    };
}

records! {
    /// A visit: by whoever recorded it.
    Visit: VisitId, "visitId", visit::changeable;
    /// A diary entry: by whoever wrote it.
    Diary: DiaryId, "diaryId", diary::changeable;
}
