//! Taking in a piece: from the wire to the disk in bounded memory, and then into the table.
//!
//! The order is what makes it safe: lock the file, read how much of it counts, cut off what does not, write, sync, and only
//! then raise the count, on the condition that it is still the old one. A long piece is counted in between, so that a crash
//! costs little of it. One with a checksum counts as a whole or not at all.

use super::{
    find,
    store::{Store, Writer},
};
use crate::kernel::{
    error::{Error, Result},
    record,
    request::Ctx,
};
use aws_lc_rs::digest;
use bytes::Bytes;
use entity::{id::UploadId, kind::ChangeKind, upload};
use futures_util::{Stream, StreamExt};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, Set,
    sea_query::{Expr, ExprTrait},
};
use std::time::Duration;

/// Bytes of a piece that are written before they are counted, as long as it goes on.
const MARK: i64 = 8 * 1024 * 1024;

/// A piece of a file that is on its way.
pub struct Piece {
    /// Of which upload.
    pub id: UploadId,
    /// Where it begins.
    pub offset: i64,
    /// How long it is going to be, where that is known.
    pub length: Option<i64>,
    /// What it must come to, if its sender says so.
    pub checksum: Option<Checksum>,
    /// How long its sender may be silent.
    pub patience: Duration,
}

/// What the bytes of a piece must come to.
pub struct Checksum {
    running: digest::Context,
    wanted: Vec<u8>,
}

impl Checksum {
    /// Names of what can be checked, as tus spells them.
    pub const ALGORITHMS: &'static str = "sha1,sha256";

    /// A checksum by its algorithm; none when we do not know that.
    #[must_use]
    pub fn new(algorithm: &str, wanted: Vec<u8>) -> Option<Self> {
        let algorithm = match algorithm {
            "sha1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            "sha256" => &digest::SHA256,
            _ => return None,
        };
        Some(Self { running: digest::Context::new(algorithm), wanted })
    }

    fn holds(self) -> bool {
        self.running.finish().as_ref() == self.wanted
    }
}

/// Why a piece was not taken, or not all of it.
#[derive(Debug)]
pub enum Trouble {
    /// Another piece is being taken at the moment.
    Busy,
    /// It does not begin where the file goes on.
    Offset {
        /// Where it goes on.
        received: i64,
    },
    /// It would make the file longer than announced.
    TooLong {
        /// What is still to come.
        left: i64,
    },
    /// It does not come to its checksum.
    Checksum,
    /// Its sender fell silent. What had arrived is kept.
    Silent,
    /// It broke off. What had arrived is kept.
    Broken,
    /// Anything else.
    Other(Error),
}

impl<E: Into<Error>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

/// How a piece came to its end.
enum End {
    Whole,
    Silent,
    Broken,
}

/// Takes in a piece; gives the upload as it stands then.
pub async fn receive<E>(
    ctx: Ctx,
    mut piece: Piece,
    body: impl Stream<Item = Result<Bytes, E>> + Send + Unpin,
) -> Result<upload::Model, Trouble> {
    let store = Store::new(ctx.keep()?);
    let upload = find(&ctx, piece.id, "id").await?;
    if upload.received != piece.offset {
        return Err(Trouble::Offset { received: upload.received });
    }
    let mut file = store.writer(piece.id).await?.ok_or(Trouble::Busy)?;
    // Nobody else writes on it from here on: what is read now stays true.
    let mut upload = match find(&ctx, piece.id, "id").await {
        Ok(upload) => upload,
        Err(error) => {
            store.remove(piece.id).await?;
            return Err(error.into());
        }
    };
    if upload.received != piece.offset {
        return Err(Trouble::Offset { received: upload.received });
    }
    let left = upload.length - upload.received;
    if piece.length.is_some_and(|length| length > left) {
        return Err(Trouble::TooLong { left });
    }
    if !file.cut(place(upload.received)?).await? {
        return Err(
            Error::internal(format!("{}: the file is shorter than what was received", piece.id)).into()
        );
    }
    let taken = take(&ctx, &mut upload, &mut file, &mut piece, body).await;
    if taken.is_err() {
        // What does not count need not fill the disk until the next piece comes.
        file.cut(place(upload.received)?).await?;
    }
    match taken? {
        End::Whole => Ok(upload),
        End::Silent => Err(Trouble::Silent),
        End::Broken => Err(Trouble::Broken),
    }
}

fn place(at: i64) -> Result<u64> {
    u64::try_from(at).map_err(Error::internal)
}

async fn take<E>(
    ctx: &Ctx,
    upload: &mut upload::Model,
    file: &mut Writer,
    piece: &mut Piece,
    mut body: impl Stream<Item = Result<Bytes, E>> + Send + Unpin,
) -> Result<End, Trouble> {
    let mut at = upload.received;
    let end = loop {
        let bytes = match tokio::time::timeout(piece.patience, body.next()).await {
            Ok(Some(Ok(bytes))) => bytes,
            Ok(Some(Err(_))) => break End::Broken,
            Ok(None) => break End::Whole,
            Err(_) => break End::Silent,
        };
        let next = at.saturating_add(i64::try_from(bytes.len()).unwrap_or(i64::MAX));
        if next > upload.length {
            return Err(Trouble::TooLong { left: upload.length - piece.offset });
        }
        file.write(&bytes).await?;
        at = next;
        match &mut piece.checksum {
            Some(checksum) => checksum.running.update(&bytes),
            None if at - upload.received >= MARK => count(ctx, upload, file, at).await?,
            None => {}
        }
    };
    if let Some(checksum) = piece.checksum.take() {
        match end {
            End::Whole if checksum.holds() => {}
            End::Whole => return Err(Trouble::Checksum),
            End::Silent => return Err(Trouble::Silent),
            End::Broken => return Err(Trouble::Broken),
        }
    }
    count(ctx, upload, file, at).await?;
    Ok(end)
}

/// What was written counts from now on: first it is safe on the disk, then the table says so.
async fn count(ctx: &Ctx, upload: &mut upload::Model, file: &mut Writer, to: i64) -> Result<(), Trouble> {
    if to == upload.received {
        return Ok(());
    }
    file.settle().await?;
    let tx = ctx.db().begin().await?;
    let version = upload::Column::Version;
    let raised = upload::Entity::update_many()
        .col_expr(upload::Column::Received, Expr::value(to))
        .col_expr(version, Expr::col(version).add(1))
        .filter(upload::Column::Id.eq(upload.id))
        .filter(upload::Column::Received.eq(upload.received))
        .exec(&tx)
        .await?;
    if raised.rows_affected == 0 {
        tx.rollback().await?;
        // Deleted meanwhile, or raised by a server that does not see our lock.
        let upload = find(ctx, upload.id, "id").await?;
        return Err(Trouble::Offset { received: upload.received });
    }
    let change = (upload.id.0, upload.version + 1, ChangeKind::Updated);
    let content = serde_json::json!({ "received": to });
    let mut line =
        record::log_line::<upload::Entity>(ctx.now(), change, &["received"], content, ctx.request_id());
    line.actor = Set(Some(upload.account_id));
    record::append(&tx, vec![line]).await?;
    tx.commit().await?;
    upload.received = to;
    upload.version += 1;
    Ok(())
}

/// Takes an upload of the viewer's away, whatever its version, and its file.
pub async fn terminate(ctx: &Ctx, id: UploadId) -> Result<()> {
    let store = Store::new(ctx.keep()?);
    let upload = find(ctx, id, "id").await?;
    let tx = ctx.db().begin().await?;
    let change = (id.0, upload.version + 1, ChangeKind::Ended);
    let nothing = serde_json::json!({});
    let mut line = record::log_line::<upload::Entity>(ctx.now(), change, &[], nothing, ctx.request_id());
    line.actor = Set(Some(upload.account_id));
    record::append(&tx, vec![line]).await?;
    let gone = upload::Entity::delete_many().filter(upload::Column::Id.eq(id)).exec(&tx).await?;
    if gone.rows_affected > 0 {
        tx.commit().await?;
    } else {
        tx.rollback().await?;
    }
    store.remove(id).await?;
    Ok(())
}
