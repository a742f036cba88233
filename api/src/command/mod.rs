//! What each subcommand does.

pub(crate) mod accounts;
pub(crate) mod audit;
pub(crate) mod generate;
pub(crate) mod keys;
pub(crate) mod migrate;
pub(crate) mod retention;
pub(crate) mod roster;

use lianhu::{
    State, account, attachment,
    config::{Config, DatabaseUrl, MasterKey},
    demo, http,
    kernel::{
        access::chain,
        db::Db,
        error::Error,
        policy::Policy,
        ring::{self, change},
        vault,
    },
    migrated, options,
    region::import::{self, ImportError},
    retention as nights, task, upload,
};
use migration::MigratorTrait;
use std::{
    fmt::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Why a subcommand failed, for the person at the terminal.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) String);

impl<E: std::fmt::Display> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

fn ours(error: Error) -> Failed {
    Failed(match error {
        Error::Internal(cause) => cause.0.clone(),
        Error::Fault(fault) => format!("{}\n{}", fault.zh, fault.en),
        Error::Refused(refusals) => {
            refusals.into_iter().map(|refusal| refusal.en).collect::<Vec<_>>().join("\n")
        }
    })
}

type Done = Result<(), Failed>;

/// Prints the contract for programs.
pub(crate) fn contract() -> Done {
    print!("{}", http::contract::contract(&lianhu::schema::sdl(), &Policy::default())?);
    Ok(())
}

/// Where settings come from.
pub(crate) struct Settings {
    pub(crate) file: Option<PathBuf>,
    pub(crate) database: Option<String>,
}

impl Settings {
    fn load(&self) -> Result<Config, Failed> {
        let mut config = Config::load(self.file.as_deref()).map_err(|error| Failed(error.to_string()))?;
        if let Some(url) = &self.database {
            config.database.url = DatabaseUrl::new(url);
        }
        Ok(config)
    }

    async fn open(&self) -> Result<Db, Failed> {
        let config = self.load()?;
        Ok(Db::open(&options(&config)).await?)
    }
}

/// Serves until it is told to stop.
async fn run(state: State, listen: SocketAddr, ready: impl FnOnce(SocketAddr)) -> Done {
    let telemetry = http::telemetry::Telemetry::start(&state.config).map_err(Failed)?;
    let listener = tokio::net::TcpListener::bind(listen)
        .await
        .map_err(|error| Failed(format!("http.listen: {listen}: {error}")))?;
    let address = listener.local_addr()?;
    let limits = state.config.http.clone();
    let state = Arc::new(state);
    let router = http::router(Arc::clone(&state));
    ready(address);
    let last = Arc::clone(&state);
    let upkeep = tokio::spawn(async move {
        tokio::join!(
            http::metrics::upkeep(),
            keep_time(&state),
            keep_store(&state),
            keep_handouts(&state),
            state.access.keep(&state.db),
            seal_log(&state),
            ring::watch(&state.db, &state.vault, &state.clock),
            keep_ring(&state),
            keep_tasks(&state),
            http::hooks::work(Arc::clone(&state))
        )
    });
    http::listener::serve(listener, router, &limits, http::listener::signal()).await;
    upkeep.abort();
    if last.access.flush(&last.db).await.is_err() {
        tracing::error!("lines of the access log were lost");
    }
    telemetry.flush();
    Ok(())
}

/// Erases what is past its time, once a night among all servers; looks every ten minutes.
async fn keep_time(state: &State) {
    loop {
        match nights::tonight(&state.db, &state.keep.retention, state.clock.now()).await {
            Ok(None) => {}
            Ok(Some(outcomes)) => {
                tracing::info!(?outcomes, "what is past its time was erased");
                match attachment::upkeep::clear(&state.db, &state.keep, state.clock.now()).await {
                    Ok(files) => tracing::info!(files, "the store was cleared of what belongs to no record"),
                    Err(error) => tracing::warn!(?error, "files that belong to no record stay for now"),
                }
            }
            Err(error) => tracing::warn!(?error, "what is past its time stays for now"),
        }
        tokio::time::sleep(std::time::Duration::from_mins(10)).await;
    }
}

/// Urges, and strikes off after a week of silence: every quarter of a minute, each event once among all servers.
async fn keep_tasks(state: &State) {
    loop {
        let ctx = account::operator::ctx(&state.db, &state.vault, &state.clock, &state.identity);
        match task::upkeep::tick(&ctx).await {
            Ok(0) => {}
            Ok(events) => tracing::info!(events, "the clock moved tasks"),
            Err(error) => tracing::warn!(?error, "the clock of tasks stands for now"),
        }
        tokio::time::sleep(std::time::Duration::from_secs(15)).await;
    }
}

/// Gives the lines of the access log their places in the chain, every second.
async fn seal_log(state: &State) {
    loop {
        match chain::seal(&state.db, &state.vault).await {
            Ok(0) => {}
            Ok(lines) => tracing::debug!(lines, "the access log was sealed"),
            Err(error) => tracing::warn!(?error, "the access log is not sealed for now"),
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
}

/// Forgets sheets that nobody fetched in time, and sign-ons that nobody came back from, every few minutes.
async fn keep_handouts(state: &State) {
    loop {
        let now = state.clock.now();
        if let Err(error) = account::handout::clear(&state.db, now).await {
            tracing::warn!(?error, "sheets that were not fetched stay for now");
        }
        if let Err(error) = account::sign_on::clear(&state.db, now).await {
            tracing::warn!(?error, "sign-ons that nobody came back from stay for now");
        }
        tokio::time::sleep(std::time::Duration::from_mins(5)).await;
    }
}

/// Clears the store of what is past its time, at the start and every hour.
async fn keep_store(state: &State) {
    loop {
        match upload::upkeep::clear(&state.db, &state.keep, state.clock.now()).await {
            Ok(cleared) if cleared == upload::upkeep::Cleared::default() => {}
            Ok(cleared) => tracing::info!(?cleared, "the store was cleared"),
            Err(error) => tracing::warn!(?error, "old uploads stay for now"),
        }
        tokio::time::sleep(std::time::Duration::from_hours(1)).await;
    }
}

/// Changes keys where that is due, every half minute.
async fn keep_ring(state: &State) {
    let tools = change::Tools { db: &state.db, vault: &state.vault, clock: &state.clock };
    loop {
        tokio::time::sleep(std::time::Duration::from_secs(30)).await;
        if let Err(error) = change::tend(tools, state.config.identity.signing_key_life).await {
            tracing::warn!(?error, "keys stay as they are for now");
        }
    }
}

/// The master secret, which has to be set.
fn secret(config: &Config) -> Result<MasterKey, Failed> {
    config.secret.key.clone().ok_or_else(|| {
        Failed(
            "secret.key: 未设置主密钥（32 字节，base64）。可用 `openssl rand -base64 32` 生成。\n\
             secret.key: the master secret is not set (32 bytes in base64); `openssl rand -base64 32` makes one."
                .to_owned(),
        )
    })
}

/// Everything that needs the master secret and a migrated database.
async fn ready(config: Config) -> Result<State, Failed> {
    let key = secret(&config)?;
    let db = Db::open(&options(&config)).await?;
    migrated(&db).await.map_err(|reason| {
        Failed(format!("数据库尚未就绪：{reason}。请先运行 lianhu migrate up。\nThe database is not ready: {reason}. Run `lianhu migrate up` first."))
    })?;
    State::over(config, db, key.expose(), Policy::default()).await.map_err(ours)
}

/// `lianhu serve`
pub(crate) async fn serve(settings: &Settings, listen: Option<SocketAddr>) -> Done {
    let config = settings.load()?;
    let listen = listen.unwrap_or(config.http.listen);
    let state = ready(config).await?;
    run(state, listen, |address| eprintln!("lianhu: http://{address}/")).await
}

/// The vault as the demonstration needs it.
struct Sealing<'a>(&'a vault::Vault);

impl demo::Seal for Sealing<'_> {
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

/// `lianhu demo`
pub(crate) async fn demo(
    settings: &Settings,
    listen: SocketAddr,
    data: &Path,
    accounts: Option<&Path>,
) -> Done {
    let mut config = settings.load()?;
    std::fs::create_dir_all(data).map_err(|error| Failed(format!("{}: {error}", data.display())))?;
    if settings.database.is_none() {
        config.database.url = DatabaseUrl::new(format!("sqlite:{}", data.join("lianhu.sqlite").display()));
    }
    config.store.folder = data.join("store");
    let key = key_of(&data.join("secret.key"))?;
    let db = Db::open(&options(&config)).await?;
    migration::Migrator::up(db.write(), None).await?;
    migrate::reindex_if_missing(&db).await?;
    let mut state = State::over(config, db, key.expose(), Policy::default()).await.map_err(ours)?;
    let kept = data.join("accounts.json");
    let table = if kept.is_file() {
        std::fs::read_to_string(&kept)?
    } else {
        if lianhu::kernel::viewer::has_accounts(&state.db).await.map_err(ours)? {
            return Err(Failed(
                "数据库中已有账号，演示只载入空库。\nThe database has accounts already; the demonstration is loaded into an empty one only.".to_owned(),
            ));
        }
        eprintln!("正在载入演示数据 … Loading the demonstration …");
        let today = lianhu::kernel::clock::civil(state.clock.now()).0;
        let sealing = Sealing(&state.vault);
        let made = demo::fill(state.db.write(), &sealing, today);
        let made = made.await.map_err(|error| {
            Failed(format!(
                "{}: {error}\n{}",
                data.display(),
                "请删除该文件夹后重试。 Delete the folder and try again."
            ))
        })?;
        let table = serde_json::to_string_pretty(&made)?;
        std::fs::write(&kept, &table)?;
        table
    };
    if let Some(file) = accounts {
        std::fs::write(file, &table).map_err(|error| Failed(format!("{}: {error}", file.display())))?;
    }
    let demo_accounts: serde_json::Value = serde_json::from_str(&table)?;
    println!("{}", accounts_table(&demo_accounts));
    state.demo_accounts = Some(demo_accounts);
    run(state, listen, |address| {
        println!("浏览器 Explorer  http://{address}/\nGraphQL          http://{address}/graphql\n停止 Stop        Ctrl-C");
    })
    .await
}

/// The master secret of a folder, made at the first time; readable by its owner alone.
fn key_of(file: &Path) -> Result<MasterKey, Failed> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt};
    if !file.is_file() {
        let secret = vault::secret().map_err(ours)?;
        let mut made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
        writeln!(made, "{secret}")?;
    }
    Ok(MasterKey::read(file)?)
}

fn accounts_table(accounts: &serde_json::Value) -> String {
    let mut table = String::new();
    let text =
        |account: &serde_json::Value, field: &str| account[field].as_str().unwrap_or_default().to_owned();
    for account in accounts.as_array().into_iter().flatten() {
        let (name, password) = (text(account, "name"), text(account, "password"));
        let (role, title) = (text(account, "role"), text(account, "title"));
        _ = writeln!(table, "{name:<16} {password:<30} {role:<18} {title}");
    }
    table
}

/// `lianhu import regions`
pub(crate) async fn import_regions(settings: &Settings, file: &Path) -> Done {
    let sheet = std::fs::File::open(file).map_err(|error| Failed(format!("{}: {error}", file.display())))?;
    let db = settings.open().await?;
    let progress = indicatif::ProgressBar::new(0);
    if let Ok(style) = indicatif::ProgressStyle::with_template("{wide_bar} {pos}/{len} {eta}") {
        progress.set_style(style);
    }
    let now = lianhu::kernel::clock::Clock::default().now();
    let imported = import::regions(db.write(), std::io::BufReader::new(sheet), &progress, now).await;
    progress.finish_and_clear();
    match imported {
        Ok(report) => {
            println!(
                "新增 {created}，更名 {renamed}，未变 {unchanged}。 {created} created, {renamed} renamed, {unchanged} unchanged.",
                created = report.created,
                renamed = report.renamed,
                unchanged = report.unchanged,
            );
            Ok(())
        }
        Err(ImportError::Database(error)) => Err(error.into()),
        Err(ImportError::Rows { rows, total }) => {
            let mut message = String::new();
            for fault in &rows {
                _ = writeln!(
                    message,
                    "{}: {} “{}”: {} {}",
                    fault.row, fault.column, fault.value, fault.zh, fault.en
                );
            }
            _ = write!(message, "共 {total} 处错误，未导入任何行。 {total} errors; nothing was imported.");
            Err(Failed(message))
        }
    }
}
