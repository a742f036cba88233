//! What rooms need of the settings, as plain data: where files are kept, and how much of what.

use chrono::Duration;
use std::path::PathBuf;

/// Where files are kept, and how much of what.
#[derive(Clone, Debug)]
pub struct Keep {
    /// The folder.
    pub folder: PathBuf,
    /// The longest file that may be sent in, in bytes.
    pub max_upload_bytes: i64,
    /// How long a file that was sent in stays.
    pub upload_life: Duration,
    /// How often an account is shown what is sensitive in a day.
    pub reveals_per_day: u32,
}
