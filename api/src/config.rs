//! The settings of a server, and the only place that reads the environment.
//!
//! One TOML file, and `LIANHU_SECTION__NAME` variables over it. Every setting stands once, in the
//! table of [`setting`]: from there come its default, its check, its line in the sample that
//! `lianhu config` prints, and the refusal of names that do not exist.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ipnet::IpNet;
use serde::{Deserialize, Deserializer};

mod files;
mod outward;
pub mod setting;
#[cfg(test)]
mod tests;

pub use files::{AttachmentConfig, StoreConfig};
pub use outward::{CourierConfig, WebhookConfig};
use setting::{SETTINGS, Setting};

/// What begins the name of a variable of the environment that is meant for us.
const PREFIX: &str = "LIANHU_";
/// The variable that names the settings file.
const FILE_VARIABLE: &str = "LIANHU_CONFIG";
/// The settings file that is read when none is named and it exists.
const USUAL_FILE: &str = "lianhu.toml";

/// All settings, checked.
#[derive(Clone, Debug, Deserialize)]
pub struct Config {
    /// The HTTP server.
    pub http: HttpConfig,
    /// What one operation may cost and how long it may take.
    pub graphql: GraphqlConfig,
    /// The database.
    pub database: DatabaseConfig,
    /// Files.
    pub store: StoreConfig,
    /// Files that are attached to records.
    pub attachment: AttachmentConfig,
    /// Sessions and passwords.
    pub identity: IdentityConfig,
    /// Signing in by an outer service.
    pub oidc: OidcConfig,
    /// What is shown of people.
    pub privacy: PrivacyConfig,
    /// Texts to phones.
    pub courier: CourierConfig,
    /// What is posted to other systems.
    pub webhook: WebhookConfig,
    /// For how long what is kept.
    pub retention: RetentionConfig,
    /// The master secret.
    pub secret: SecretConfig,
    /// The log.
    pub log: LogConfig,
    /// Traces.
    pub telemetry: TelemetryConfig,
}

/// The HTTP server.
#[derive(Clone, Debug, Deserialize)]
pub struct HttpConfig {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Connections at once; one more is answered 503.
    pub max_connections: usize,
    /// How long a client may take to send the head of a request.
    #[serde(rename = "header_timeout_ms", deserialize_with = "millis")]
    pub header_timeout: Duration,
    /// How long a client may take to send a body, or to take up what it is sent.
    #[serde(rename = "body_timeout_ms", deserialize_with = "millis")]
    pub body_timeout: Duration,
    /// How long a connection may stay open with nothing asked.
    #[serde(rename = "idle_timeout_ms", deserialize_with = "millis")]
    pub idle_timeout: Duration,
    /// How long, at a stop, the server still takes requests while it says that it is not ready.
    #[serde(rename = "drain_ms", deserialize_with = "millis")]
    pub drain: Duration,
    /// The largest body of a request, in bytes.
    pub max_body_bytes: usize,
    /// Origins whose pages may call the API; none by default.
    pub cors_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// From where `/metrics` may be read.
    #[serde(deserialize_with = "networks")]
    pub metrics_from: Vec<IpNet>,
    /// By what address people reach this service.
    pub public_address: String,
}

/// What one operation may cost and how long it may take.
#[derive(Clone, Debug, Deserialize)]
pub struct GraphqlConfig {
    /// The cost of the dearest operation that is run.
    pub max_cost: u64,
    /// The budget of an account for a minute.
    pub cost_per_minute: u64,
    /// The budget of an address that has not signed in, for a minute.
    pub anonymous_cost_per_minute: u64,
    /// How long an operation may run.
    #[serde(rename = "timeout_ms", deserialize_with = "millis")]
    pub timeout: Duration,
    /// The longest query text, in bytes.
    pub max_query_bytes: usize,
}

/// The database.
#[derive(Clone, Debug, Deserialize)]
pub struct DatabaseConfig {
    /// `sqlite://…` or `postgres://…`.
    pub url: DatabaseUrl,
    /// Connections that read (`SQLite`), or all of them (`PostgreSQL`).
    pub readers: u32,
    /// How long a request waits for a connection.
    #[serde(rename = "acquire_timeout_ms", deserialize_with = "millis")]
    pub acquire_timeout: Duration,
    /// How long one statement may run (`PostgreSQL`).
    #[serde(rename = "statement_timeout_ms", deserialize_with = "millis")]
    pub statement_timeout: Duration,
    /// How long a statement waits for a lock of another process (`SQLite`).
    #[serde(rename = "busy_timeout_ms", deserialize_with = "millis")]
    pub busy_timeout: Duration,
}

/// Sessions and passwords.
#[derive(Clone, Debug, Deserialize)]
pub struct IdentityConfig {
    /// Life of an access token.
    #[serde(rename = "access_minutes", deserialize_with = "minutes")]
    pub access: Duration,
    /// A session that was not refreshed for so long ends.
    #[serde(rename = "refresh_idle_days", deserialize_with = "days")]
    pub refresh_idle: Duration,
    /// A session ends after so long in any case.
    #[serde(rename = "refresh_days", deserialize_with = "days")]
    pub refresh: Duration,
    /// Passwords hashed at once; 0 means as many as there are cores.
    pub hash_threads: usize,
    /// Passwords that may wait to be hashed.
    pub hash_queue: usize,
    /// The `iss` of our tokens.
    pub issuer: String,
    /// The `aud` of our tokens.
    pub audience: String,
    /// The key that signs tokens is replaced after so long; zero: only by hand.
    #[serde(rename = "signing_key_days", deserialize_with = "days")]
    pub signing_key_life: Duration,
    /// Whether a password that somebody else made is to be changed at the first sign-in.
    pub first_password_must_change: bool,
    /// Of whom a second factor is asked.
    pub second_factor: SecondFactorRule,
}

/// What is shown of people.
#[derive(Clone, Debug, Deserialize)]
pub struct PrivacyConfig {
    /// How often an account is shown what is sensitive in a day.
    pub reveals_per_day: u32,
    /// How long the access log is kept, in days.
    pub access_log_days: u32,
    /// Counts are told to other systems in steps of this; 0 tells them exactly.
    pub smallest_cell: i64,
}

/// Signing in by an outer service (OpenID Connect).
#[derive(Clone, Debug, Deserialize)]
pub struct OidcConfig {
    /// Its address; not used without one.
    pub issuer: Option<String>,
    /// By what it knows this system.
    pub client_id: Option<String>,
    /// The secret of this client.
    pub client_secret: Option<ClientSecret>,
    /// Where people may be sent back to.
    pub redirect_uris: Vec<String>,
    /// What apps write on the button.
    pub name: String,
    /// Scopes that are asked for.
    pub scopes: String,
}

/// The secret of a client, never printed.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// A secret made by hand, for tests.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ClientSecret(…)")
    }
}

/// Of whom a second factor is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecondFactorRule {
    /// Of those who set one up.
    Optional,
    /// Of administrators, too: without it their roles stay closed.
    Administrators,
}

/// For how long what is kept, in days after it was over; 0: without end.
#[derive(Clone, Debug, Deserialize)]
pub struct RetentionConfig {
    /// What is sensitive of households and members who are gone.
    pub sensitive_days: u32,
    /// What is personal of them.
    pub personal_days: u32,
    /// Corrections that were decided.
    pub correction_days: u32,
    /// Sessions that ended.
    pub session_days: u32,
    /// Reports of roster imports.
    pub import_days: u32,
}

/// The master secret, from `secret.key` or the file that `secret.key_file` names.
#[derive(Clone, Debug, Deserialize)]
pub struct SecretConfig {
    /// The key, when one is set.
    pub key: Option<MasterKey>,
}

/// How the log is written.
#[derive(Clone, Debug, Deserialize)]
pub struct LogConfig {
    /// For people or for machines.
    pub format: LogFormat,
    /// A filter of tracing: `info`, or `info,lianhu=debug`.
    pub level: String,
}

/// For whom the log is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A line for people.
    Human,
    /// One JSON object a line.
    Json,
}

/// Traces.
#[derive(Clone, Debug, Deserialize)]
pub struct TelemetryConfig {
    /// Where traces go (OTLP over HTTP); nowhere without it.
    pub otlp_endpoint: Option<String>,
    /// The name of this service in traces.
    pub service_name: String,
}

/// The address of the database. It may hold a password, so it prints without one.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// An address made by hand, for tests and the demo.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The whole address, password and all.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("", &self.0));
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        let place = place.split_once('?').map_or(place, |(place, _)| place);
        write!(out, "{scheme}://{place}")
    }
}

/// The master secret: 32 bytes, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// A key made by hand, for tests and the demo.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes themselves.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    fn parse(text: &str) -> Option<Self> {
        BASE64.decode(text.trim()).ok()?.try_into().ok().map(Self)
    }

    /// A key from a file that holds nothing else.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        let (zh, en) = ("应为 base64 编码的 32 字节", "must be 32 bytes in base64");
        let wrong = || ConfigError::new(file.display().to_string(), zh, en);
        Self::parse(&read(file)?).ok_or_else(wrong)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("MasterKey(…)")
    }
}

impl<'de> Deserialize<'de> for MasterKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(from)?).ok_or_else(|| serde::de::Error::custom("not a key"))
    }
}

/// The secret of a webhook as Standard Webhooks writes it: `whsec_` and 24 to 64 bytes in base64. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Vec<u8>);

impl WebhookSecret {
    /// The bytes themselves.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// A secret as it is written.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = BASE64.decode(text.strip_prefix("whsec_").unwrap_or(text)).ok()?;
        (24..=64).contains(&bytes.len()).then_some(Self(bytes))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("WebhookSecret(…)")
    }
}

impl<'de> Deserialize<'de> for WebhookSecret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(from)?).ok_or_else(|| serde::de::Error::custom("not a secret"))
    }
}

/// A setting that can't be used, or a name that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The setting or file it is about.
    pub name: String,
    /// What would be right, in Chinese.
    pub zh: String,
    /// What would be right, in English.
    pub en: String,
}

impl ConfigError {
    fn new(name: impl Into<String>, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { name: name.into(), zh: zh.into(), en: en.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}\n{}: {}", self.name, self.zh, self.name, self.en)
    }
}

impl std::error::Error for ConfigError {}

/// Values by the full name of their setting.
type Values = BTreeMap<String, toml::Value>;

impl Default for Config {
    /// Every setting at its default.
    fn default() -> Self {
        Self::from_values(Values::new()).expect("a test shows that the defaults pass their checks")
    }
}

impl Config {
    /// Reads `file` (or the file that `LIANHU_CONFIG` names, or `./lianhu.toml` when it is there)
    /// and the environment over it.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let environment: Vec<_> = std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
            .collect();
        let named = environment.iter().find(|(name, _)| name == FILE_VARIABLE);
        let path = file
            .map(Path::to_path_buf)
            .or_else(|| named.map(|(_, path)| PathBuf::from(path)))
            .or_else(|| Some(PathBuf::from(USUAL_FILE)).filter(|path| path.is_file()));
        let text = path.map(|path| read(&path)).transpose()?.unwrap_or_default();
        Self::from_parts(&text, environment)
    }

    /// The settings of a TOML text with those of an environment over them.
    pub fn from_parts(
        text: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut values = from_file(text)?;
        for (name, value) in environment {
            if let Some((name, value)) = from_variable(&name, &value)? {
                values.insert(name, value);
            }
        }
        Self::from_values(values)
    }

    fn from_values(mut given: Values) -> Result<Self, ConfigError> {
        read_key_file(&mut given)?;
        let mut root = toml::Table::new();
        for setting in SETTINGS {
            let value = given.remove(setting.name).or_else(|| setting.default_value());
            let (section, name) = setting.parts();
            let table = root.entry(section).or_insert_with(|| toml::Table::new().into());
            if let (Some(value), Some(table)) = (value, table.as_table_mut()) {
                setting.check(&value)?;
                table.insert(name.to_owned(), value);
            }
        }
        let config: Self = root.try_into().map_err(|error: toml::de::Error| {
            ConfigError::new("config", "设置有误", error.message().to_owned())
        })?;
        let store = &config.store;
        if store.s3_bucket.is_some() && (store.s3_access_key.is_none() || store.s3_secret_key.is_none()) {
            return Err(ConfigError::new(
                "store.s3_bucket",
                "须与 store.s3_access_key、store.s3_secret_key 一并设置",
                "is set together with store.s3_access_key and store.s3_secret_key",
            ));
        }
        if config.courier.webhook.is_some() && config.courier.secret.is_none() {
            return Err(ConfigError::new(
                "courier.secret",
                "设置 courier.webhook 时须一并设置，供网关验证来源",
                "must be set with courier.webhook, so that the gateway knows who sends",
            ));
        }
        Ok(config)
    }
}

/// The annotated sample that `lianhu config` prints: every setting at its default.
pub fn sample() -> String {
    let mut text = String::from(
        "# Settings of Lianhu. Each can be given by the environment too: LIANHU_HTTP__LISTEN=…\n\
         # 联户的设置。每一项都可用环境变量覆盖，例如 LIANHU_HTTP__LISTEN=…\n",
    );
    let mut last = "";
    for setting in SETTINGS {
        let (section, name) = setting.parts();
        if section != last {
            text.extend(["\n[", section, "]\n"]);
            last = section;
        }
        let line = match setting.default {
            "" => format!("# {name} = {}\n", setting.kind.example()),
            default => format!("{name} = {default}\n"),
        };
        text.extend(["# ", setting.en, "\n# ", setting.zh, "\n", &line]);
    }
    text
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|error| {
        let name = path.display().to_string();
        ConfigError::new(name, format!("无法读取：{error}"), format!("can't be read: {error}"))
    })
}

fn from_file(text: &str) -> Result<Values, ConfigError> {
    let root: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
        ConfigError::new(
            "config",
            format!("第 {line} 行不是正确的 TOML"),
            format!("line {line} is not TOML: {}", error.message()),
        )
    })?;
    let mut values = Values::new();
    for (section, value) in root {
        let toml::Value::Table(table) = value else { return Err(unknown(&section)) };
        for (name, value) in table {
            let name = format!("{section}.{name}");
            Setting::named(&name).ok_or_else(|| unknown(&name))?;
            values.insert(name, value);
        }
    }
    Ok(values)
}

fn from_variable(variable: &str, text: &str) -> Result<Option<(String, toml::Value)>, ConfigError> {
    let Some(rest) = variable.strip_prefix(PREFIX).filter(|_| variable != FILE_VARIABLE) else {
        return Ok(None);
    };
    let name = rest.replacen("__", ".", 1).to_ascii_lowercase();
    let setting = Setting::named(&name).ok_or_else(|| unknown(variable))?;
    Ok(Some((name, setting.parse(text)?)))
}

/// Names what would be right: the settings of the section that was meant, or the sections.
fn unknown(name: &str) -> ConfigError {
    let plain = name.trim_start_matches(PREFIX).replacen("__", ".", 1).to_ascii_lowercase();
    let section = plain.split('.').next().unwrap_or_default();
    let mut known: Vec<_> = SETTINGS.iter().map(Setting::parts).collect();
    known.retain(|(of, _)| *of == section);
    let mut names: Vec<_> = if known.is_empty() {
        SETTINGS.iter().map(|setting| setting.parts().0).collect()
    } else {
        known.into_iter().map(|(_, name)| name).collect()
    };
    names.dedup();
    let names = names.join(", ");
    ConfigError::new(
        name,
        format!("没有这一项设置；可用：{names}"),
        format!("no such setting; there are: {names}"),
    )
}

/// Puts the content of `secret.key_file` where `secret.key` would stand.
fn read_key_file(values: &mut Values) -> Result<(), ConfigError> {
    let Some(file) = values.remove("secret.key_file") else { return Ok(()) };
    if values.contains_key("secret.key") {
        return Err(ConfigError::new(
            "secret.key_file",
            "secret.key 与 secret.key_file 只能设置一项",
            "set either secret.key or secret.key_file, not both",
        ));
    }
    let path = file.as_str().unwrap_or_default();
    let text = std::fs::read_to_string(path).map_err(|error| {
        ConfigError::new("secret.key_file", format!("无法读取：{error}"), format!("can't be read: {error}"))
    })?;
    values.insert("secret.key".to_owned(), text.trim().into());
    Ok(())
}

/// One address or network, as settings write it: `10.0.0.0/8`, `::1`.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

fn networks<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    Ok(texts.iter().filter_map(|text| network(text)).collect())
}

fn millis<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    u64::deserialize(from).map(Duration::from_millis)
}

fn minutes<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    u64::deserialize(from).map(Duration::from_mins)
}

fn hours<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    u64::deserialize(from).map(Duration::from_hours)
}

fn days<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    u64::deserialize(from).map(|days| Duration::from_secs(86_400 * days))
}
