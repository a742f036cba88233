//! Where files are kept for good: a folder of this machine, or a bucket that speaks S3. What is put is safe on the disk,
//! or with the bucket, when `put` returns.

use super::error::{Code, Error, Fault, Result};
use bytes::Bytes;
use entity::scalar::DateTime;
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{
    ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig, aws::AmazonS3Builder, local::LocalFileSystem,
    path::Path,
};
use std::{io, os::unix::fs::DirBuilderExt, path::PathBuf, sync::Arc, time::Duration};

/// How long a bucket may take to be reached, to answer, and to be tried again.
const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(30);
const RETRY: Duration = Duration::from_secs(10);

/// The store; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store(Place);

#[derive(Clone, Debug)]
enum Place {
    Folder(PathBuf),
    Bucket(Arc<dyn ObjectStore>),
}

/// A bucket that speaks S3.
pub struct Bucket<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where it is; with Amazon when nothing is said.
    pub endpoint: Option<&'a str>,
    /// Its region.
    pub region: &'a str,
    /// Who we are there.
    pub access_key: &'a str,
    /// By what we show it.
    pub secret_key: &'a str,
    /// Whether the bucket's name stands in the path of an address, rather than before its host.
    pub path_style: bool,
}

/// A file that is read.
pub struct Reading {
    /// Its bytes in all.
    pub length: u64,
    /// They themselves.
    pub bytes: BoxStream<'static, io::Result<Bytes>>,
}

/// A file as it is listed.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its key.
    pub key: String,
    /// When it was put, by the clock of the store.
    pub put_at: DateTime,
}

/// What the store refused. Its cause is for the log.
fn refused(error: &object_store::Error) -> Error {
    tracing::error!(%error, "the store failed");
    Fault::new(
        Code::Storage,
        "文件暂时无法存取，请稍后再试。",
        "Files can be neither stored nor read at the moment; please try again.",
    )
    .into()
}

impl Store {
    /// A folder of this machine. It is made when the first file comes.
    #[must_use]
    pub fn folder(folder: PathBuf) -> Self {
        Self(Place::Folder(folder))
    }

    /// A bucket.
    pub fn bucket(bucket: &Bucket<'_>) -> Result<Self> {
        let plain = bucket.endpoint.is_some_and(|endpoint| endpoint.starts_with("http://"));
        let client = ClientOptions::new().with_timeout(ANSWER).with_connect_timeout(CONNECT);
        let retry = RetryConfig { max_retries: 3, retry_timeout: RETRY, ..RetryConfig::default() };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket.name)
            .with_region(bucket.region)
            .with_access_key_id(bucket.access_key)
            .with_secret_access_key(bucket.secret_key)
            .with_virtual_hosted_style_request(!bucket.path_style)
            .with_disable_bulk_delete(true)
            .with_client_options(client)
            .with_allow_http(plain)
            .with_retry(retry);
        if let Some(endpoint) = bucket.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        let store = builder.build().map_err(Error::internal)?;
        Ok(Self(Place::Bucket(Arc::new(store))))
    }

    fn open(&self) -> Result<Arc<dyn ObjectStore>> {
        let folder = match &self.0 {
            Place::Bucket(store) => return Ok(Arc::clone(store)),
            Place::Folder(folder) => folder,
        };
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|source| {
            refused(&object_store::Error::Generic { store: "folder", source: source.into() })
        })?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| refused(&error))?;
        Ok(Arc::new(store.with_fsync(true)))
    }

    /// Puts a file.
    pub async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<()> {
        let put = self.open()?;
        let put = put.put(&Path::from(key), bytes.into()).await;
        put.map(drop).map_err(|error| refused(&error))
    }

    /// Reads a file; none when it is not there.
    pub async fn get(&self, key: &str) -> Result<Option<Reading>> {
        match self.open()?.get(&Path::from(key)).await {
            Ok(found) => {
                let length = found.meta.size;
                let bytes = found.into_stream().map_err(io::Error::other).boxed();
                Ok(Some(Reading { length, bytes }))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(refused(&error)),
        }
    }

    /// Takes a file away; tells whether it was there, where the store knows that.
    pub async fn remove(&self, key: &str) -> Result<bool> {
        match self.open()?.delete(&Path::from(key)).await {
            Ok(()) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(refused(&error)),
        }
    }

    /// All files under a folder of the store, some at a time.
    pub fn all(&self, under: &str, at_once: usize) -> Result<BoxStream<'static, Result<Vec<Kept>>>> {
        let listed = self.open()?.list(Some(&Path::from(under)));
        let chunks = listed.try_chunks(at_once).map(|some| {
            let some = some.map_err(|error| refused(&error.1))?;
            let kept = |meta: object_store::ObjectMeta| Kept {
                key: meta.location.to_string(),
                put_at: DateTime(meta.last_modified),
            };
            Ok(some.into_iter().map(kept).collect())
        });
        Ok(chunks.boxed())
    }

    /// Takes away what a crash has left of files that were being put into a folder; tells how many. A bucket has none.
    pub async fn clear_torn(&self, under: &str, before: DateTime) -> Result<usize> {
        let Place::Folder(folder) = &self.0 else { return Ok(0) };
        let folder = folder.join(under);
        let cleared = tokio::task::spawn_blocking(move || clear_torn(&folder, before)).await;
        cleared.map_err(Error::internal)?.map_err(|source| {
            refused(&object_store::Error::Generic { store: "folder", source: source.into() })
        })
    }
}

/// While it is written, a file has a sign behind its name that no key has.
fn clear_torn(folder: &std::path::Path, before: DateTime) -> io::Result<usize> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut cleared = 0;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            cleared += clear_torn(&path, before)?;
        } else if entry.file_name().to_string_lossy().contains('#')
            && chrono::DateTime::<chrono::Utc>::from(entry.metadata()?.modified()?) < before.0
        {
            std::fs::remove_file(path)?;
            cleared += 1;
        }
    }
    Ok(cleared)
}
