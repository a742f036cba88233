//! A place that is served: made the first time, found again the next.

use super::{Options, Result};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use lianhu::{
    State,
    config::{Config, DatabaseUrl},
    demo::{
        Seal,
        made_up::{self, Scale, country},
    },
    http,
    kernel::{
        clock::civil,
        db::Db,
        policy::Policy,
        vault::{SECRET_BYTES, Vault},
        viewer::has_accounts,
    },
    options,
    region::import,
};
use migration::MigratorTrait;
use sea_orm::{ConnectionTrait, Database};
use std::{path::Path, sync::Arc, time::Duration};

/// How large a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Size {
    /// 15 villages.
    Township,
    /// 370 villages.
    County,
    /// 3 500 villages; PostgreSQL only.
    City,
}

impl Size {
    fn scale(self) -> (Scale, &'static str) {
        match self {
            Self::Township => (Scale::Township, "township"),
            Self::County => (Scale::County, "county"),
            Self::City => (Scale::City, "city"),
        }
    }
}

const SECRET: [u8; SECRET_BYTES] = *b"a secret for nothing but testing";

/// A served place.
pub(super) struct Ground {
    pub(super) state: Arc<State>,
    pub(super) endpoint: String,
}

impl Ground {
    /// Finds or makes the place, and serves it.
    pub(super) async fn open(
        asked: &Options,
        size: Size,
        with_country: bool,
        policy: Policy,
    ) -> Result<Self> {
        let (scale, name) = size.scale();
        let beside = if with_country { "_country" } else { "" };
        let name = format!("lianhu_bench_{name}{beside}_{}", asked.seed);
        let url = match asked.database.strip_prefix("sqlite:") {
            Some(folder) => {
                std::fs::create_dir_all(folder)?;
                format!("sqlite:{}", Path::new(folder).join(name).with_extension("sqlite").display())
            }
            None => {
                let server = Database::connect(&asked.database).await?;
                // It is there when it was made before.
                _ = server.execute_unprepared(&format!("CREATE DATABASE {name}")).await;
                server.close().await?;
                let (base, _) = asked.database.rsplit_once('/').ok_or("an address with a database")?;
                format!("{base}/{name}")
            }
        };
        let mut config = Config::default();
        config.graphql.cost_per_minute = u64::from(u32::MAX);
        config.graphql.anonymous_cost_per_minute = u64::from(u32::MAX);
        config.database.url = DatabaseUrl::new(url.clone());
        config.database.statement_timeout = Duration::from_mins(2);
        let db = Db::open(&options(&config)).await?;
        migration::Migrator::up(db.write(), None).await?;
        if !has_accounts(&db).await.map_err(told)? {
            make(&db, scale, asked.seed, with_country).await?;
        }
        db.close().await;
        if !asked.session.is_empty() && !url.starts_with("sqlite") {
            let session = asked.session.replace(' ', "%20");
            config.database.url = DatabaseUrl::new(format!("{url}?options={session}"));
        }
        let db = Db::open(&options(&config)).await?;
        let state = Arc::new(State::over(config, db, &SECRET, policy).await.map_err(told)?);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}/graphql", listener.local_addr()?);
        let (router, limits) = (http::router(Arc::clone(&state)), state.config.http.clone());
        tokio::spawn(async move {
            http::listener::serve(listener, router, &limits, std::future::pending()).await;
        });
        Ok(Self { state, endpoint })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
fn told(error: lianhu::kernel::error::Error) -> String {
    format!("{error:?}")
}

async fn make(db: &Db, scale: Scale, seed: u64, with_country: bool) -> Result<()> {
    let progress = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{prefix} {msg} {wide_bar} {percent}% {eta}") {
        progress.set_style(style);
    }
    let now = lianhu::kernel::clock::Clock::default().now();
    let vault = Vault::new(&SECRET).map_err(told)?;
    let made = made_up::fill(db.write(), &Sealing(&vault), civil(now).0, scale, seed, &progress).await;
    made.map_err(told)?;
    if with_country {
        let mut sheet = Vec::new();
        country::write(&mut sheet, seed, &ProgressBar::hidden())?;
        progress.reset();
        let imported = import::regions(db.write(), sheet.as_slice(), &progress, now).await;
        imported.map_err(|error| format!("{error:?}"))?;
        db.write().execute_unprepared("ANALYZE region").await?;
    }
    progress.finish_and_clear();
    Ok(())
}

struct Sealing<'a>(&'a Vault);

impl Seal for Sealing<'_> {
    fn seal(&self, text: &str) -> Vec<u8> {
        self.0.seal(text).expect("sealing fails only where there is no randomness")
    }

    fn fingerprint(&self, text: &str) -> Vec<u8> {
        self.0.fingerprint(text)
    }

    fn hash_password(&self, password: &str) -> String {
        lianhu::account::password::hash_now(password)
            .expect("hashing fails only where there is no randomness")
    }
}
