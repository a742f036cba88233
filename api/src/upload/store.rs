//! The files themselves. Nothing else touches the disk; another kind of store would offer the same few functions.
//!
//! A file has the name of its upload, is seen by the server's own user alone, and is written by one writer at a time: the
//! lock is the file system's, so that it holds between processes and falls with the one that held it.

use crate::kernel::{
    error::{Code, Error, Fault, Result},
    keep::Keep,
};
use bytes::Bytes;
use entity::id::{self, UploadId};
use std::{
    fs::TryLockError,
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};
use tokio::{
    fs::File,
    io::{AsyncSeekExt, AsyncWriteExt},
};

/// The folder of uploads within the store.
const UPLOADS: &str = "uploads";

/// The store.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// A file under the hand of its one writer, until it is dropped.
#[derive(Debug)]
pub struct Writer {
    file: File,
}

/// What the disk refused. Its cause is for the log.
fn refused(error: &io::Error) -> Error {
    tracing::error!(%error, "the store failed");
    Fault::new(
        Code::Storage,
        "暂时无法保存，请稍后再试。",
        "Nothing can be stored at the moment; please try again.",
    )
    .into()
}

/// What was there, or nothing.
fn if_there<T>(done: io::Result<T>) -> Result<Option<T>> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(refused(&error)),
    }
}

impl Store {
    /// The store of the settings. Its folder is made when the first file comes.
    #[must_use]
    pub fn new(keep: &Keep) -> Self {
        Self { folder: keep.folder.join(UPLOADS) }
    }

    /// Where the file of an upload is.
    #[must_use]
    pub fn path(&self, id: UploadId) -> PathBuf {
        self.folder.join(id.to_string())
    }

    /// Opens the file of an upload to write on, and makes it if need be; none while somebody else writes on it.
    pub async fn writer(&self, id: UploadId) -> Result<Option<Writer>> {
        let (folder, path) = (self.folder.clone(), self.path(id));
        let opened = tokio::task::spawn_blocking(move || open(&folder, &path)).await;
        let opened = opened.map_err(Error::internal)?.map_err(|error| refused(&error))?;
        Ok(opened.map(|file| Writer { file: File::from_std(file) }))
    }

    /// Bytes of a file; none when it is not there.
    pub async fn length(&self, id: UploadId) -> Result<Option<u64>> {
        let found = if_there(tokio::fs::metadata(self.path(id)).await)?;
        Ok(found.map(|found| found.len()))
    }

    /// Takes a file away; tells whether it was there.
    pub async fn remove(&self, id: UploadId) -> Result<bool> {
        Ok(if_there(tokio::fs::remove_file(self.path(id)).await)?.is_some())
    }

    /// The uploads whose files are there. Files of other names are not ours.
    pub async fn all(&self) -> Result<Vec<UploadId>> {
        let Some(mut files) = if_there(tokio::fs::read_dir(&self.folder).await)? else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        while let Some(file) = files.next_entry().await.map_err(|error| refused(&error))? {
            let name = file.file_name();
            let named = name.to_str().and_then(id::read).filter(|(prefix, _)| prefix == UploadId::PREFIX);
            found.extend(named.map(|(_, id)| UploadId(id)));
        }
        Ok(found)
    }
}

impl Writer {
    /// Goes to a place and forgets what lies behind it; false when the file does not reach so far.
    pub async fn cut(&mut self, at: u64) -> Result<bool> {
        self.go(at).await.map_err(|error| refused(&error))
    }

    async fn go(&mut self, at: u64) -> io::Result<bool> {
        self.file.flush().await?;
        let length = self.file.metadata().await?.len();
        if length > at {
            self.file.set_len(at).await?;
        }
        self.file.seek(io::SeekFrom::Start(at)).await?;
        Ok(length >= at)
    }

    /// Writes on.
    pub async fn write(&mut self, bytes: &Bytes) -> Result<()> {
        self.file.write_all(bytes).await.map_err(|error| refused(&error))
    }

    /// Returns when what was written is safe on the disk.
    pub async fn settle(&mut self) -> Result<()> {
        let settled = match self.file.flush().await {
            Ok(()) => self.file.sync_all().await,
            failed => failed,
        };
        settled.map_err(|error| refused(&error))
    }
}

fn open(folder: &Path, path: &Path) -> io::Result<Option<std::fs::File>> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).mode(0o600);
    let file = match options.open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            let made = options.create(true).truncate(false).open(path)?;
            // A new name is safe when its folder is.
            std::fs::File::open(folder)?.sync_all()?;
            made
        }
        opened => opened?,
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
