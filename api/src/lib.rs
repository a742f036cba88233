//! Lianhu (联户): the open back end for contact work in townships.
//!
//! The map: rooms in the order of their floors. A room may use those above it in this list, never those below; tests
//! keep it so. `graph` joins them, `schema` puts them together, `http` speaks to the world.
#![warn(missing_docs)]

pub mod config;
pub mod kernel;

// Places and people.
pub mod region;
pub mod branch;
pub mod department;
pub mod calendar;
pub mod category;
pub mod cadre;
pub mod account;

// Who is told from here.
pub mod webhook;

// Who looked, who changed.
pub mod audit;

// What is sent in.
pub mod upload;
pub mod attachment;

// Whom we serve.
pub mod household;
pub mod enterprise;

// Answerability.
pub mod contact;
pub mod card;

// Where people bring what they want.
pub mod intake;

// Field work.
pub mod visit;
pub mod diary;
pub mod demand;

// Work.
pub mod task;

// What hangs on their records.
pub mod attaching;

// What changes all of them.
pub mod boundary;

// Sheets in and out.
pub mod roster;

// What is past its time.
pub mod retention;

// The joints, the whole, the door.
pub mod graph;
pub mod schema;
pub mod http;
pub mod demo;

use account::Identity;
use config::Config;
use kernel::{
    access::book::Book,
    clock::Clock,
    courier::Courier,
    db::{Db, Options},
    error::Error,
    keep::{Attachable, Keep, Retention},
    live::feed::Feed,
    policy::Policy,
    ring,
    store::{Bucket, Store},
    vault::{SECRET_BYTES, Vault},
};
use sea_orm::DbErr;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Everything a running server holds.
pub struct State {
    /// Settings.
    pub config: Config,
    /// The database.
    pub db: Db,
    /// The secrets.
    pub vault: Arc<Vault>,
    /// What is kept beside the database.
    pub keep: Arc<Keep>,
    /// Lines of the access log that wait to be written.
    pub access: Book,
    /// The end of the change log, for whoever listens.
    pub feed: Arc<Feed>,
    /// The time.
    pub clock: Clock,
    /// Signing in and recognising people.
    pub identity: Arc<Identity>,
    /// The contract.
    pub schema: schema::Schema,
    /// Accounts of the demonstration, for the explorer's sign-in box.
    pub demo_accounts: Option<serde_json::Value>,
}

impl State {
    /// Opens the database and its keys. Fails if either cannot be had.
    pub async fn open(config: Config, secret: &[u8; SECRET_BYTES]) -> Result<Self, Error> {
        let db = Db::open(&options(&config)).await?;
        Self::over(config, db, secret, Policy::default()).await
    }

    /// The same over an open, migrated database, under another policy: for trying what the tests notice.
    pub async fn over(
        config: Config,
        db: Db,
        secret: &[u8; SECRET_BYTES],
        policy: Policy,
    ) -> Result<Self, Error> {
        let clock = Clock::default();
        let vault = Arc::new(ring::open(&db, secret, clock.now()).await?);
        let identity = Identity::new(&config, &vault, Arc::new(policy), courier(&config)?)?;
        let identity = Arc::new(identity);
        let schema = schema::build(Arc::clone(&identity));
        let keep = Arc::new(keep(&config)?);
        let access = Book::default();
        let feed = Feed::new(db.clone());
        Ok(Self { config, db, vault, keep, access, feed, clock, identity, schema, demo_accounts: None })
    }

    /// Whether the database answers and every migration is in place.
    pub async fn ready(&self) -> Result<(), String> {
        migrated(&self.db).await
    }
}

/// Whether every migration is in place.
pub async fn migrated(db: &Db) -> Result<(), String> {
    use migration::MigratorTrait;
    let pending = migration::Migrator::get_pending_migrations_read_only(db.read());
    let pending = pending.await.map_err(|error: DbErr| error.to_string())?;
    if pending.is_empty() { Ok(()) } else { Err(format!("{} migrations are pending", pending.len())) }
}

/// Where files are kept, and how much of them, from the settings. Fails if there can be no such store.
pub fn keep(config: &Config) -> Result<Keep, Error> {
    let store = &config.store;
    Ok(Keep {
        folder: store.folder.clone(),
        max_upload_bytes: store.max_upload_bytes,
        upload_life: chrono::Duration::from_std(store.upload_life).unwrap_or_default(),
        files: files(config)?,
        attachment: attachable(config),
        reveals_per_day: config.privacy.reveals_per_day,
        retention: kept(config),
    })
}

/// Where files are kept for good: the bucket of the settings, or the folder of uploads.
fn files(config: &Config) -> Result<Store, Error> {
    let store = &config.store;
    let (Some(name), Some(access_key), Some(secret_key)) =
        (&store.s3_bucket, &store.s3_access_key, &store.s3_secret_key)
    else {
        return Ok(Store::folder(store.folder.clone()));
    };
    Store::bucket(&Bucket {
        name,
        endpoint: store.s3_endpoint.as_deref(),
        region: &store.s3_region,
        access_key,
        secret_key: secret_key.expose(),
        path_style: store.s3_path_style,
    })
}

/// How much may be attached to records, from the settings.
fn attachable(config: &Config) -> Attachable {
    let attachment = &config.attachment;
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let turns = if attachment.threads == 0 { cores() } else { attachment.threads };
    Attachable {
        max_bytes: attachment.max_bytes,
        max_record_bytes: attachment.max_record_bytes,
        max_day_bytes: attachment.max_day_bytes,
        max_pixels: attachment.max_megapixels * 1_000_000,
        turns: Arc::new(Semaphore::new(turns)),
    }
}

/// For how long what is kept, from the settings.
#[must_use]
pub fn kept(config: &Config) -> Retention {
    let retention = &config.retention;
    Retention {
        sensitive_days: retention.sensitive_days,
        personal_days: retention.personal_days,
        correction_days: retention.correction_days,
        session_days: retention.session_days,
        import_days: retention.import_days,
        access_log_days: config.privacy.access_log_days,
    }
}

/// Who carries texts to phones: the gateway of the settings, or a file beside the uploads.
fn courier(config: &Config) -> Result<Courier, Error> {
    let courier = &config.courier;
    match (&courier.webhook, &courier.secret) {
        (Some(url), Some(secret)) => Courier::to_webhook(url, secret.expose()),
        _ => {
            let file = courier.file.clone().unwrap_or_else(|| config.store.folder.join("courier.log"));
            Ok(Courier::to_file(file))
        }
    }
}

/// How to reach the database, from the settings.
#[must_use]
pub fn options(config: &Config) -> Options {
    let database = &config.database;
    Options {
        url: database.url.expose().to_owned(),
        readers: database.readers,
        acquire_timeout: database.acquire_timeout,
        statement_timeout: database.statement_timeout,
        busy_timeout: database.busy_timeout,
    }
}
