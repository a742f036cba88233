//! What rooms need of the settings, as plain data: where files are kept, and how much of what.

use super::store::Store;
use chrono::Duration;
use std::{path::PathBuf, sync::Arc};
use tokio::sync::Semaphore;

/// Where files are kept, and how much of what.
#[derive(Clone, Debug)]
pub struct Keep {
    /// The folder.
    pub folder: PathBuf,
    /// The longest file that may be sent in, in bytes.
    pub max_upload_bytes: i64,
    /// How long a file that was sent in stays.
    pub upload_life: Duration,
    /// Where files are kept for good.
    pub files: Store,
    /// How much may be attached to records.
    pub attachment: Attachable,
    /// How often an account is shown what is sensitive in a day.
    pub reveals_per_day: u32,
    /// For how long what is kept.
    pub retention: Retention,
}

/// How much may be attached to records.
#[derive(Clone, Debug)]
pub struct Attachable {
    /// The longest file, in bytes.
    pub max_bytes: i64,
    /// Bytes of all files of one record.
    pub max_record_bytes: i64,
    /// Bytes that one account may attach in a day.
    pub max_day_bytes: i64,
    /// Dots of a picture.
    pub max_pixels: u64,
    /// Turns at making files ready.
    pub turns: Arc<Semaphore>,
}

/// For how many days what is kept, from the day on which it was over; 0: without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// What is sensitive of households and members who are gone.
    pub sensitive_days: u32,
    /// What is personal of them, and of enterprises that are closed.
    pub personal_days: u32,
    /// Corrections that were decided.
    pub correction_days: u32,
    /// Sessions that ended.
    pub session_days: u32,
    /// Reports of rosters that were taken in.
    pub import_days: u32,
    /// The access log, and emergencies.
    pub access_log_days: u32,
}
