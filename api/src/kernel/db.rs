//! The database: a pool to read and a pool to write. SQLite has one writer, so that none ever waits in vain.

use super::error::{Error, Result};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::watch;

/// How to reach the database and how long to wait for it.
#[derive(Clone, Debug)]
pub struct Options {
    /// `sqlite:FILE` or `postgres://…`.
    pub url: String,
    /// Connections that read.
    pub readers: u32,
    /// How long a request waits for a connection.
    pub acquire_timeout: Duration,
    /// How long PostgreSQL works on one statement.
    pub statement_timeout: Duration,
    /// How long SQLite waits for a lock.
    pub busy_timeout: Duration,
}

/// Whoever looks at the statements as they go out.
type Listener = Box<dyn Fn(&Statement) + Send + Sync>;

/// What goes out to the database.
#[derive(Default)]
struct Traffic {
    statements: AtomicU64,
    listener: OnceLock<Listener>,
}

impl std::fmt::Debug for Traffic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Traffic").field("statements", &self.statements).finish_non_exhaustive()
    }
}

/// The channel on which PostgreSQL passes on that something was written.
const CHANNEL: &str = "lianhu_written";
/// Other processes are told of many changes once.
const GATHER: Duration = Duration::from_millis(20);

/// Rung when something was written.
#[derive(Debug, Default)]
struct Bell {
    /// Counts how often something was written here.
    here: watch::Sender<u64>,
    passing_on: AtomicBool,
}

/// The pools.
#[derive(Clone, Debug)]
pub struct Db {
    read: DatabaseConnection,
    write: DatabaseConnection,
    traffic: Arc<Traffic>,
    bell: Arc<Bell>,
}

impl Db {
    /// Connects. A SQLite file is made if it is not there.
    pub async fn open(options: &Options) -> Result<Self, DbErr> {
        let traffic = Arc::new(Traffic::default());
        let sqlite = options.url.starts_with("sqlite:");
        let writers = if sqlite { 1 } else { options.readers };
        let write = connect(options, writers, false, &traffic).await?;
        // A pool of its own in PostgreSQL as well: a command that must look at what another transaction has just stored
        // never waits for a connection that commands like itself hold.
        let read = connect(options, options.readers, sqlite, &traffic).await?;
        Ok(Self { read, write, traffic, bell: Arc::default() })
    }

    /// To ask.
    #[must_use]
    pub fn read(&self) -> &DatabaseConnection {
        &self.read
    }

    /// To change outside a request: migrations and bulk loads.
    #[must_use]
    pub fn write(&self) -> &DatabaseConnection {
        &self.write
    }

    /// Which of the two it is.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        self.read.get_database_backend()
    }

    /// A transaction to change in. In SQLite it takes the write lock at once: one that is upgraded later can only fail.
    pub async fn begin(&self) -> Result<DatabaseTransaction> {
        Ok(self
            .write
            .begin_with_options(TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..Default::default()
            })
            .await?)
    }

    /// Something was written and committed: whoever follows the change log may look. A hint, which may be lost; to other
    /// processes it goes while nobody waits for it.
    pub fn wrote(&self) {
        self.bell.here.send_modify(|times| *times = times.wrapping_add(1));
        if self.backend() != DbBackend::Postgres || self.bell.passing_on.swap(true, Ordering::AcqRel) {
            return;
        }
        let db = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(GATHER).await;
            db.bell.passing_on.store(false, Ordering::Release);
            if let Err(error) = db.write.execute_unprepared(&format!("NOTIFY {CHANNEL}")).await {
                tracing::debug!(%error, "other processes were not told of a change");
            }
        });
    }

    /// Hears whenever something was written in this process, from now on.
    #[must_use]
    pub fn writing(&self) -> Writing {
        Writing(self.bell.here.subscribe())
    }

    /// Hears, over a connection of its own, when any process wrote something. None where there is one process.
    pub async fn listen(&self) -> Result<Option<Ear>> {
        use sea_orm::sqlx::postgres::{PgListener, PgPoolOptions};
        if self.backend() != DbBackend::Postgres {
            return Ok(None);
        }
        let options = self.read.get_postgres_connection_pool().connect_options();
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with((*options).clone());
        let ear = async {
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.listen(CHANNEL).await.map(|()| Ear(listener))
        };
        ear.await.map(Some).map_err(Error::internal)
    }

    /// Closes the pools, after what is under way.
    pub async fn close(self) {
        for pool in [self.read, self.write] {
            if let Err(error) = pool.close().await {
                tracing::warn!(%error, "a pool did not close");
            }
        }
    }

    /// Statements sent so far: what an operation costs is counted by it.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.traffic.statements.load(Ordering::Relaxed)
    }

    /// Shows each statement to this listener from now on; there is one at most. For looking at how they are answered.
    pub fn overhear(&self, listener: impl Fn(&Statement) + Send + Sync + 'static) {
        _ = self.traffic.listener.set(Box::new(listener));
    }
}

/// Hears what is written in this process.
pub struct Writing(watch::Receiver<u64>);

impl Writing {
    /// Ends when something was written since it ended last. What was written while nobody waited is not lost.
    pub async fn heard(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Hears what PostgreSQL passes on.
pub struct Ear(sea_orm::sqlx::postgres::PgListener);

impl Ear {
    /// Ends when some process wrote something, or with the connection, which is made anew by itself.
    pub async fn heard(&mut self) -> Result<()> {
        self.0.try_recv().await.map(drop).map_err(Error::internal)
    }
}

async fn connect(
    options: &Options,
    connections: u32,
    read_only: bool,
    traffic: &Arc<Traffic>,
) -> Result<DatabaseConnection, DbErr> {
    let mut connect = ConnectOptions::new(options.url.clone());
    connect
        .max_connections(connections.max(1))
        .min_connections(1)
        .acquire_timeout(options.acquire_timeout)
        .connect_timeout(options.acquire_timeout.max(Duration::from_secs(5)))
        .test_before_acquire_if_idle_for(Duration::from_secs(30))
        .sqlx_logging(false);
    let busy = options.busy_timeout;
    connect.map_sqlx_sqlite_opts(move |sqlite| {
        use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
        sqlite
            .create_if_missing(!read_only)
            .read_only(read_only)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(busy)
            .statement_cache_capacity(500)
    });
    let statement_timeout = options.statement_timeout.as_millis().to_string();
    connect.map_sqlx_postgres_opts(move |postgres| {
        postgres
            .statement_cache_capacity(500)
            .application_name("lianhu")
            .options([("statement_timeout", statement_timeout.as_str()), ("lock_timeout", "5000")])
    });
    let mut connection = Database::connect(connect).await?;
    let traffic = Arc::clone(traffic);
    connection.set_metric_callback(move |sent| {
        traffic.statements.fetch_add(1, Ordering::Relaxed);
        if let Some(listener) = traffic.listener.get() {
            listener(sent.statement);
        }
    });
    Ok(connection)
}
