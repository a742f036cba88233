//! Where files are kept, and how much of them.

use super::{ClientSecret, hours};
use serde::Deserialize;
use std::{path::PathBuf, time::Duration};

/// Files.
#[derive(Clone, Debug, Deserialize)]
pub struct StoreConfig {
    /// The folder in which they are kept.
    pub folder: PathBuf,
    /// The longest file that may be sent in, in bytes.
    pub max_upload_bytes: i64,
    /// How long a file that was sent in stays.
    #[serde(rename = "upload_hours", deserialize_with = "hours")]
    pub upload_life: Duration,
    /// The bucket in which attachments are kept; in the folder without one.
    pub s3_bucket: Option<String>,
    /// Where the bucket is.
    pub s3_endpoint: Option<String>,
    /// Its region.
    pub s3_region: String,
    /// Who we are there.
    pub s3_access_key: Option<String>,
    /// By what we show it.
    pub s3_secret_key: Option<ClientSecret>,
    /// Whether the bucket's name stands in the path.
    pub s3_path_style: bool,
}

/// Files that are attached to records.
#[derive(Clone, Debug, Deserialize)]
pub struct AttachmentConfig {
    /// The longest, in bytes.
    pub max_bytes: i64,
    /// Bytes of all files of one record.
    pub max_record_bytes: i64,
    /// Bytes that one account may attach in a day.
    pub max_day_bytes: i64,
    /// Millions of dots of a picture.
    pub max_megapixels: u64,
    /// Pictures made ready at once; 0: as many as there are cores.
    pub threads: usize,
}
