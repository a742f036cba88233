//! What is kept beside the database: files. Plain data from the settings, for the rooms that keep some.

use chrono::Duration;
use std::path::PathBuf;

/// Where files are kept, and how much of them.
#[derive(Clone, Debug)]
pub struct Keep {
    /// The folder.
    pub folder: PathBuf,
    /// The longest file that may be sent in, in bytes.
    pub max_upload_bytes: i64,
    /// How long a file that was sent in stays.
    pub upload_life: Duration,
}
