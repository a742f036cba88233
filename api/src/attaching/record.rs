//! The kinds of records that files are attached to. One more is one more line here, and one where its door and its place
//! are told (`kernel/door/served.rs`, `kernel/trail.rs`).

use crate::{
    attachment::object::Attachment,
    demand::{self, object::Demand},
    diary::{self, object::Diary},
    kernel::{error::Result, request::Ctx},
    task::{self, ledger::TaskEvent},
    visit::{self, object::Visit},
};
use async_graphql::OneofObject;
use entity::{
    id::{DemandId, DiaryId, TaskEventId, VisitId},
    kind::RecordKind,
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

/// A record that files are attached to.
trait Filed {
    /// Notes that something of a file is shown, as of whom the record is about; false when the viewer is not shown its files.
    async fn shows_file(&self, ctx: &Ctx, field: &'static str) -> Result<bool>;
}

impl Filed for Visit {
    async fn shows_file(&self, ctx: &Ctx, field: &'static str) -> Result<bool> {
        self.shows(ctx, FILE, field);
        Ok(true)
    }
}

impl Filed for Diary {
    async fn shows_file(&self, ctx: &Ctx, field: &'static str) -> Result<bool> {
        self.shows(ctx, FILE, field);
        Ok(true)
    }
}

impl Filed for Demand {
    async fn shows_file(&self, ctx: &Ctx, field: &'static str) -> Result<bool> {
        let shown = self.shows_files();
        if shown {
            self.shows(ctx, FILE, field);
        }
        Ok(shown)
    }
}

impl Filed for TaskEvent {
    async fn shows_file(&self, ctx: &Ctx, field: &'static str) -> Result<bool> {
        let task = self.whole(ctx).await?.filter(|task| self.shows_files(task));
        if let Some(task) = &task {
            task.shows(ctx, FILE, field);
        }
        Ok(task.is_some())
    }
}

/// The type of which something is shown.
const FILE: &str = "Attachment";

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
                        let Some(record) = ctx.node::<$kind>(self.record_id).await? else { return Ok(false) };
                        record.shows_file(ctx, field).await
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
    /// A demand that was not refused or withdrawn: by whoever registered it, and whoever raised it.
    Demand: DemandId, "demandId", demand::changeable;
    /// A step of a task that is not over: by whoever took it, as long as they may do the like.
    TaskEvent: TaskEventId, "taskEventId", task::changeable;
}
