//! Files made ready before they are attached: whole uploads, recognised by their content, pictures cleaned, and the bytes
//! put into the store, all before the transaction that attaches them begins. What is put and then not attached is
//! taken away at once, or by `upkeep` after a crash.

use super::{format, picture};
use crate::{
    kernel::{
        error::{Error, Refusal, Result},
        keep::Keep,
        refusal::Checks,
        request::Ctx,
        work::{Command, Work, Written},
    },
    upload,
};
use async_graphql::{ID, InputType};
use aws_lc_rs::digest::{SHA256, digest};
use entity::{
    id::{AttachmentId, UploadId},
    kind::UploadPurpose,
    upload as sent,
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use std::{path::PathBuf, sync::Arc};
use uuid::Uuid;

/// The folder of attachments within the store.
pub(super) const FOLDER: &str = "attachments";

/// A file that lies in the store and waits to be attached.
#[derive(Clone, Debug)]
pub struct Ready {
    pub(super) id: AttachmentId,
    pub(super) upload: UploadId,
    pub(super) file_name: String,
    pub(super) media_type: &'static str,
    pub(super) bytes: i64,
    pub(super) sha256: Vec<u8>,
    pub(super) size: Option<(i32, i32)>,
    pub(super) store_key: String,
    pub(super) thumbnail_key: Option<String>,
}

/// Files of one mutation.
pub type Files = Arc<[Ready]>;

/// A command that attaches files. Every `async fn(&Work, Input, Files) -> Result<Uuid>` is one.
pub trait Taking<'a, I>: Sync {
    /// What it does, on its way.
    type Running: Future<Output = Result<Uuid>> + Send + 'a;

    /// Begins it.
    fn run(&self, work: &'a Work, input: I, files: Files) -> Self::Running;
}

impl<'a, I, F, R> Taking<'a, I> for F
where
    F: Fn(&'a Work, I, Files) -> R + Sync,
    R: Future<Output = Result<Uuid>> + Send + 'a,
{
    type Running = R;

    fn run(&self, work: &'a Work, input: I, files: Files) -> R {
        self(work, input, files)
    }
}

/// A command with its files, or why there are none: that is told only if the command was not done before.
struct With<C> {
    files: Result<Files>,
    command: C,
}

impl<'a, I, C> Command<'a, I> for With<C>
where
    I: Send + 'a,
    C: Taking<'a, I>,
{
    type Running = BoxFuture<'a, Result<Uuid>>;

    fn run(&self, work: &'a Work, input: I) -> Self::Running {
        match &self.files {
            Ok(files) => self.command.run(work, input, Arc::clone(files)).boxed(),
            Err(error) => std::future::ready(Err(error.clone())).boxed(),
        }
    }
}

/// Runs a command under an idempotency key with uploads of the viewer's made ready for it. Nothing is made ready for
/// what may not be done: the caller looks at the right first, and the command again.
pub async fn write<I, C>(
    ctx: &Ctx,
    operation: &'static str,
    key: &ID,
    input: &I,
    uploads: &[UploadId],
    command: C,
) -> Result<Written>
where
    I: InputType + Clone + std::fmt::Debug + Send + 'static,
    C: for<'a> Taking<'a, I>,
{
    let files: Result<Files> = all(ctx, uploads).await.map(Into::into);
    let written = ctx.write(operation, key, input, With { files: files.clone(), command }).await;
    let put = files.as_deref().unwrap_or_default();
    match &written {
        // Where that fails the store has told of it in the log, and upkeep comes by.
        Ok(Written { replayed: false, .. }) => drop(upload::let_go(ctx, uploads).await),
        Ok(_) | Err(Error::Refused(_)) => discard(ctx.keep()?, put).await,
        // Whether it was done is not known: what belongs to no record goes by itself.
        Err(_) => {}
    }
    written
}

/// Takes files away that were put for nothing.
async fn discard(keep: &Keep, files: &[Ready]) {
    for file in files {
        // Where that fails the store has told of it in the log, and upkeep comes by.
        let _ = keep.files.remove(&file.store_key).await;
        if let Some(small) = &file.thumbnail_key {
            let _ = keep.files.remove(small).await;
        }
    }
}

/// Makes uploads ready: all of them, or none.
async fn all(ctx: &Ctx, uploads: &[UploadId]) -> Result<Vec<Ready>> {
    let made = join_all(uploads.iter().map(|&id| one(ctx, id))).await;
    let (mut files, mut checks, mut failed) = (Vec::new(), Checks::default(), None);
    for (at, made) in made.into_iter().enumerate() {
        match made {
            Ok(file) => files.push(file),
            Err(Error::Refused(refusals)) => refusals.into_iter().for_each(|refusal| {
                let path = ["input".to_owned(), "uploadIds".to_owned(), at.to_string()].into();
                checks.refuse(Refusal { path, ..refusal });
            }),
            Err(error) => failed = Some(error),
        }
    }
    let outcome = failed.map_or_else(|| checks.done(), Err);
    if outcome.is_err() {
        discard(ctx.keep()?, &files).await;
    }
    outcome.map(|()| files)
}

/// The content of a file as it is stored.
struct Content {
    bytes: Vec<u8>,
    media_type: &'static str,
    file_name: String,
    sha256: Vec<u8>,
    /// Of a picture: width, height, and the same in small.
    picture: Option<(u32, u32, Vec<u8>)>,
}

async fn one(ctx: &Ctx, id: UploadId) -> Result<Ready> {
    let (upload, path) = upload::complete(ctx, id, UploadPurpose::Attachment).await?;
    let keep = ctx.keep()?;
    let most = keep.attachment.max_bytes;
    if upload.length > most {
        return Err(Refusal::rule(
            "length",
            "",
            format!("附件最多 {most} 字节。"),
            format!("An attachment has at most {most} bytes."),
        )
        .into());
    }
    let most_pixels = keep.attachment.max_pixels;
    let turn = Arc::clone(&keep.attachment.turns).acquire_owned().await.map_err(Error::internal)?;
    // The turn ends with the work, also when nobody waits for it any more.
    let read = move || {
        let _turn = turn;
        content(path, &upload, most_pixels)
    };
    let content = tokio::task::spawn_blocking(read).await.map_err(Error::internal)??;
    store(keep, id, content).await
}

fn content(path: PathBuf, upload: &sent::Model, most_pixels: u64) -> Result<Content> {
    let bytes = std::fs::read(path).map_err(Error::internal)?;
    let format = format::recognise(&bytes, &upload.file_name, upload.media_type.as_deref())?;
    let (bytes, picture) = match format.picture {
        None => (bytes, None),
        Some(kind) => {
            let made = picture::ready(&bytes, kind, most_pixels).map_err(|trouble| match trouble {
                picture::Trouble::Large(width, height) => {
                    format::too_large(width, height, most_pixels).into()
                }
                picture::Trouble::Broken => Error::from(format::broken()),
                picture::Trouble::Ours(error) => Error::internal(error),
            })?;
            (made.bytes, Some((made.width, made.height, made.thumbnail)))
        }
    };
    let sha256 = digest(&SHA256, &bytes).as_ref().to_vec();
    let file_name = format.name(&upload.file_name);
    Ok(Content { bytes, media_type: format.media_type, file_name, sha256, picture })
}

async fn store(keep: &Keep, upload: UploadId, content: Content) -> Result<Ready> {
    let Content { bytes, media_type, file_name, sha256, picture } = content;
    let id = AttachmentId(Uuid::now_v7());
    let name = id.to_string();
    // The last letters differ most: no folder grows too large.
    let store_key = format!("{FOLDER}/{}/{name}", &name[name.len() - 2..]);
    let length = i64::try_from(bytes.len()).map_err(Error::internal)?;
    let side = |side: u32| i32::try_from(side).map_err(Error::internal);
    let mut dots = None;
    let mut thumbnail_key = None;
    keep.files.put(&store_key, bytes).await?;
    if let Some((width, height, thumbnail)) = picture {
        dots = Some((side(width)?, side(height)?));
        let key = format!("{store_key}.small");
        keep.files.put(&key, thumbnail).await?;
        thumbnail_key = Some(key);
    }
    Ok(Ready {
        id,
        upload,
        file_name,
        media_type,
        bytes: length,
        sha256,
        size: dots,
        store_key,
        thumbnail_key,
    })
}
