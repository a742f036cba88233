//! The database under a world: a copy of one that was filled once for all tests.

use indicatif::ProgressBar;
use lianhu::{
    demo::{
        self, DemoAccount, Seal,
        made_up::{self, Scale},
    },
    kernel::{
        db::{Db, Options},
        error::Error,
        vault::{SECRET_BYTES, Vault},
    },
};
use migration::MigratorTrait;
use sea_orm::{ConnectionTrait, Database};
use std::{path::PathBuf, sync::OnceLock, time::Duration};
use tempfile::TempDir;

/// The master secret of the tests.
pub const SECRET: [u8; SECRET_BYTES] = *b"a secret for nothing but testing";

/// The day on which the demonstration was loaded is today's, by the system's clock.
#[must_use]
pub fn today() -> chrono::NaiveDate {
    lianhu::kernel::clock::civil(lianhu::kernel::clock::Clock::default().now()).0
}

/// Where a database is.
#[derive(Debug)]
pub enum Ground {
    /// A file in a folder that goes with it.
    Sqlite(TempDir),
    /// A database on a server, dropped with it.
    Postgres {
        /// Address of the server.
        server: String,
        /// Name of the database.
        name: String,
        /// For files.
        folder: TempDir,
    },
}

impl Ground {
    /// The folder for files.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        let (Self::Sqlite(folder) | Self::Postgres { folder, .. }) = self;
        folder.path().join("store")
    }

    /// Address of the database.
    #[must_use]
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path().join("lianhu.sqlite").display()),
            Self::Postgres { server, name, .. } => {
                let (base, _) = server.rsplit_once('/').unwrap_or((server, ""));
                format!("{base}/{name}")
            }
        }
    }

    /// Whether it is PostgreSQL.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres { .. })
    }

    /// A database without any table.
    pub async fn empty() -> Self {
        match server() {
            None => Self::Sqlite(folder()),
            Some(server) => {
                let name = format!("lianhu_{}", uuid::Uuid::now_v7().simple());
                command(&server, &format!("CREATE DATABASE {name}")).await;
                Self::Postgres { server, name, folder: folder() }
            }
        }
    }

    /// A made-up place of this size, made for this test alone.
    pub async fn made_up(scale: Scale, seed: u64) -> Self {
        let ground = Self::empty().await;
        ground.make_up(scale, seed).await.expect("a made-up place is loaded");
        ground
    }

    /// Migrates the database and fills it with a made-up place, if that is not refused.
    pub async fn make_up(&self, scale: Scale, seed: u64) -> Result<Vec<DemoAccount>, Error> {
        let db = Db::open(&options(&self.url())).await.expect("the database opens");
        migration::Migrator::up(db.write(), None).await.expect("every step is taken");
        let vault = Vault::new(&SECRET).expect("keys");
        let progress = ProgressBar::hidden();
        let made = made_up::fill(db.write(), &Sealing(&vault), today(), scale, seed, &progress).await;
        db.close().await;
        made
    }

    /// A copy of the demonstration.
    pub async fn demo() -> Self {
        let template = tokio::task::spawn_blocking(template).await.expect("the template is made");
        match template {
            Template::Sqlite(file) => {
                let folder = folder();
                std::fs::copy(file, folder.path().join("lianhu.sqlite")).expect("a copy of the file");
                Self::Sqlite(folder)
            }
            Template::Postgres { server, name: from } => {
                let name = format!("lianhu_{}", uuid::Uuid::now_v7().simple());
                command(server, &format!("CREATE DATABASE {name} TEMPLATE {from}")).await;
                Self::Postgres { server: server.clone(), name, folder: folder() }
            }
        }
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let Self::Postgres { server, name, .. } = self else { return };
        let (server, name) = (server.clone(), name.clone());
        let drop = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime
                .expect("a runtime")
                .block_on(command(&server, &format!("DROP DATABASE {name} WITH (FORCE)")));
        };
        let _ = std::thread::spawn(drop).join();
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder for a database")
}

#[expect(clippy::disallowed_methods, reason = "how the tests are told their database")]
fn server() -> Option<String> {
    std::env::var("LIANHU_TEST_DATABASE").ok().filter(|server| server.starts_with("postgres"))
}

/// Whether the tests that take minutes run, too.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "how the tests are told to take their time")]
pub fn long() -> bool {
    std::env::var("LIANHU_LONG").is_ok_and(|long| long == "1")
}

/// The world by chance that is to be repeated, if any.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "how the tests are told a seed")]
pub fn seed() -> Option<u64> {
    let seed = std::env::var("LIANHU_SEED").ok()?;
    Some(seed.parse().unwrap_or_else(|_| panic!("LIANHU_SEED is a number: {seed}")))
}

async fn command(server: &str, sql: &str) {
    let db = Database::connect(server).await.expect("the PostgreSQL server answers");
    // Copies of one template are made one at a time: the server refuses a second.
    db.execute_unprepared("SELECT pg_advisory_lock(20140507)").await.expect("a lock");
    db.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    db.close().await.expect("a connection closes");
}

enum Template {
    Sqlite(PathBuf),
    Postgres { server: String, name: String },
}

fn template() -> &'static Template {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            match server() {
                None => {
                    let folder = folder().keep();
                    let file = folder.join("lianhu.sqlite");
                    fill(&format!("sqlite:{}", file.display())).await;
                    Template::Sqlite(file)
                }
                Some(server) => {
                    let name = format!("lianhu_template_{}", uuid::Uuid::now_v7().simple());
                    command(&server, &format!("CREATE DATABASE {name}")).await;
                    let (base, _) = server.rsplit_once('/').expect("an address with a database");
                    fill(&format!("{base}/{name}")).await;
                    Template::Postgres { server, name }
                }
            }
        })
    })
}

/// How tests reach a database.
#[must_use]
pub fn options(url: &str) -> Options {
    Options {
        url: url.to_owned(),
        readers: 4,
        acquire_timeout: Duration::from_secs(5),
        statement_timeout: Duration::from_secs(20),
        busy_timeout: Duration::from_secs(5),
    }
}

async fn fill(url: &str) {
    let db = Db::open(&options(url)).await.expect("the database opens");
    migration::Migrator::up(db.write(), None).await.expect("every step is taken");
    let vault = Vault::new(&SECRET).expect("keys");
    demo::fill(db.write(), &Sealing(&vault), today()).await.expect("the demonstration is loaded");
    if url.starts_with("sqlite") {
        db.write().execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await.expect("one file");
    }
    db.close().await;
}

/// The accounts of the demonstration by their scheme.
#[must_use]
pub fn password(name: &str) -> String {
    format!("lianhu-demo-{name}")
}

/// The vault as made-up places need it.
pub struct Sealing<'a>(pub &'a Vault);

impl Seal for Sealing<'_> {
    fn seal(&self, text: &str) -> Vec<u8> {
        self.0.seal(text).expect("randomness")
    }

    fn fingerprint(&self, text: &str) -> Vec<u8> {
        self.0.fingerprint(text)
    }

    fn hash_password(&self, password: &str) -> String {
        lianhu::account::password::hash_now(password).expect("a hash")
    }
}
