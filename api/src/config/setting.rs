//! The table of all settings: name, default, check, and what each means in both languages.

use std::net::SocketAddr;

use super::{ConfigError, MasterKey, WebhookSecret, network};

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Its full name: section, dot, name.
    pub name: &'static str,
    /// Its default as TOML; empty when it has none.
    pub default: &'static str,
    /// What a value must be.
    pub kind: Kind,
    /// What it means, in English.
    pub en: &'static str,
    /// What it means, in Chinese.
    pub zh: &'static str,
}

/// What the value of a setting must be.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A whole number from the first to the second.
    Whole(i64, i64),
    /// Yes or no.
    Flag,
    /// Some text, not empty.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Where to listen: address and port.
    Address,
    /// A list of origins: `https://desk.example.gov.cn`.
    Origins,
    /// A list of addresses or networks: `10.0.0.0/8`.
    Networks,
    /// The address of a database.
    Database,
    /// An `http://` address.
    Http,
    /// An `http://` or `https://` address.
    Webhook,
    /// The secret of a webhook. Never repeated in a refusal.
    WebhookSecret,
    /// The address of a sign-on service: over TLS, or on this machine.
    Issuer,
    /// Addresses that a sign-on may come back to: `https://desk.example.gov.cn/back`, `cn.gov.example.desk:/back`.
    Returns,
    /// A filter of tracing.
    Filter,
    /// 32 bytes in base64. Never repeated in a refusal.
    Key,
}

/// What would be right, in both languages.
struct Wanted {
    zh: String,
    en: String,
}

impl Kind {
    /// A value that would do, as TOML, for a setting without a default.
    pub fn example(self) -> &'static str {
        match self {
            Self::Whole(..) => "1",
            Self::Flag => "true",
            Self::Text | Self::Filter | Self::Choice(_) => "\"…\"",
            Self::Address => "\"127.0.0.1:8080\"",
            Self::Origins => "[\"https://desk.example.gov.cn\"]",
            Self::Networks => "[\"10.0.0.0/8\"]",
            Self::Database => "\"postgres://lianhu@localhost/lianhu\"",
            Self::Http => "\"http://localhost:4318\"",
            Self::Webhook => "\"https://sms.example.gov.cn/send\"",
            Self::WebhookSecret => "\"whsec_…\"  # whsec_ and: openssl rand -base64 32",
            Self::Issuer => "\"https://sso.example.gov.cn\"",
            Self::Returns => "[\"https://desk.example.gov.cn/back\"]",
            Self::Key => "\"…\"  # openssl rand -base64 32",
        }
    }

    fn accepts(self, value: &toml::Value) -> bool {
        let text = value.as_str();
        match self {
            Self::Whole(least, most) => {
                value.as_integer().is_some_and(|number| (least..=most).contains(&number))
            }
            Self::Flag => value.is_bool(),
            Self::Text => text.is_some_and(|text| !text.trim().is_empty()),
            Self::Choice(words) => text.is_some_and(|text| words.contains(&text)),
            Self::Address => text.is_some_and(|text| text.parse::<SocketAddr>().is_ok()),
            Self::Origins => every(value, is_origin),
            Self::Networks => every(value, |text| network(text).is_some()),
            Self::Database => text.is_some_and(|text| {
                ["sqlite:", "postgres://", "postgresql://"].iter().any(|start| text.starts_with(start))
            }),
            Self::Http => text.is_some_and(|text| text.starts_with("http://") && text.len() > 7),
            Self::Webhook => text.is_some_and(|text| {
                ["http://", "https://"]
                    .iter()
                    .any(|start| text.len() > start.len() && text.starts_with(start))
            }),
            Self::WebhookSecret => text.is_some_and(|text| WebhookSecret::parse(text).is_some()),
            Self::Issuer => text.is_some_and(is_issuer),
            Self::Returns => every(value, is_return),
            Self::Filter => text.is_some_and(|text| {
                !text.is_empty() && text.parse::<tracing_subscriber::filter::Targets>().is_ok()
            }),
            Self::Key => text.is_some_and(|text| MasterKey::parse(text).is_some()),
        }
    }

    fn wanted(self) -> Wanted {
        let (zh, en) = match self {
            Self::Whole(least, most) => (
                format!("应为 {least} 到 {most} 的整数"),
                format!("must be a whole number from {least} to {most}"),
            ),
            Self::Flag => ("应为 true 或 false".to_owned(), "must be true or false".to_owned()),
            Self::Text => ("应为非空文字".to_owned(), "must be a text that is not empty".to_owned()),
            Self::Choice(words) => {
                let words = words.join(", ");
                (format!("应为其中之一：{words}"), format!("must be one of: {words}"))
            }
            Self::Address => both("应为地址和端口，如", "must be address and port, as", self),
            Self::Origins => both("应为来源列表，如", "must be a list of origins, as", self),
            Self::Networks => {
                both("应为地址或网段列表，如", "must be a list of addresses or networks, as", self)
            }
            Self::Database => both(
                "应以 sqlite: 或 postgres:// 开头，如",
                "must begin with sqlite: or postgres://, as",
                self,
            ),
            Self::Http => both("应为 http:// 地址，如", "must be an http:// address, as", self),
            Self::Webhook => {
                both("应为 http:// 或 https:// 地址，如", "must be an http:// or https:// address, as", self)
            }
            Self::WebhookSecret => (
                "应为 whsec_ 加 base64 编码的 24 到 64 字节".to_owned(),
                "must be whsec_ and 24 to 64 bytes in base64".to_owned(),
            ),
            Self::Issuer => both(
                "应为 https:// 地址（仅本机可用 http://），如",
                "must be an https:// address (http:// on this machine alone), as",
                self,
            ),
            Self::Returns => both("应为回调地址列表，如", "must be a list of redirect URIs, as", self),
            Self::Filter => (
                "应为日志级别，如 \"info\" 或 \"info,lianhu=debug\"".to_owned(),
                "must be a level, as \"info\" or \"info,lianhu=debug\"".to_owned(),
            ),
            Self::Key => (
                "应为 base64 编码的 32 字节（openssl rand -base64 32）".to_owned(),
                "must be 32 bytes in base64 (openssl rand -base64 32)".to_owned(),
            ),
        };
        Wanted { zh, en }
    }
}

fn both(zh: &str, en: &str, kind: Kind) -> (String, String) {
    let example = kind.example();
    (format!("{zh} {example}"), format!("{en} {example}"))
}

fn every(value: &toml::Value, holds: impl Fn(&str) -> bool) -> bool {
    value.as_array().is_some_and(|list| list.iter().all(|one| one.as_str().is_some_and(&holds)))
}

fn is_origin(text: &str) -> bool {
    let place = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    place.is_some_and(|place| {
        !place.is_empty()
            && place.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    })
}

/// Whether an address is one over TLS, or on this very machine.
pub(crate) fn is_issuer(text: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(text) else { return false };
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let here = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    plain && url.has_host() && (url.scheme() == "https" || url.scheme() == "http" && here)
}

/// Whether a browser can be sent there: an address, or what an app has registered.
fn is_return(text: &str) -> bool {
    let refused = ["javascript", "data", "file", "about", "blob"];
    reqwest::Url::parse(text).is_ok_and(|url| url.fragment().is_none() && !refused.contains(&url.scheme()))
}

impl Setting {
    /// The setting of this full name.
    pub fn named(name: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.name == name)
    }

    /// Section and name.
    pub fn parts(&self) -> (&'static str, &'static str) {
        self.name.split_once('.').unwrap_or(("", self.name))
    }

    /// Its default, if it has one.
    pub(super) fn default_value(&self) -> Option<toml::Value> {
        let table: toml::Table = format!("value = {}", self.default).parse().ok()?;
        table.into_iter().next().map(|(_, value)| value)
    }

    /// Refuses, by name, a value that is not what it must be.
    pub(super) fn check(&self, value: &toml::Value) -> Result<(), ConfigError> {
        if self.kind.accepts(value) {
            return Ok(());
        }
        let Wanted { zh, en } = self.kind.wanted();
        Err(ConfigError::new(self.name, zh, en))
    }

    /// Its value as the environment writes it: numbers bare, lists with commas.
    pub(super) fn parse(&self, text: &str) -> Result<toml::Value, ConfigError> {
        let value = match self.kind {
            Kind::Whole(..) => match text.trim().parse::<i64>() {
                Ok(number) => number.into(),
                Err(_) => text.into(),
            },
            Kind::Flag => match text.trim().parse::<bool>() {
                Ok(flag) => flag.into(),
                Err(_) => text.into(),
            },
            Kind::Origins | Kind::Networks | Kind::Returns => {
                let list = text.split(',').map(str::trim).filter(|one| !one.is_empty());
                toml::Value::Array(list.map(Into::into).collect())
            }
            _ => text.into(),
        };
        self.check(&value).map(|()| value)
    }
}

const fn setting(
    name: &'static str,
    default: &'static str,
    kind: Kind,
    en: &'static str,
    zh: &'static str,
) -> Setting {
    Setting { name, default, kind, en, zh }
}

/// Ten minutes in milliseconds: the longest of the short times.
const LONG: i64 = 600_000;

/// Every setting there is, in the order of the sample file.
#[rustfmt::skip]
pub const SETTINGS: &[Setting] = &[
    setting("http.listen", "\"127.0.0.1:8080\"", Kind::Address, "Where the server listens.", "服务监听的地址。"),
    setting("http.max_connections", "1024", Kind::Whole(1, 100_000), "Connections at once; one more is answered 503.", "同时连接数上限，超出者得到 503。"),
    setting("http.header_timeout_ms", "10000", Kind::Whole(100, LONG), "How long a client may take to send the head of a request.", "客户端发送请求头的时限（毫秒）。"),
    setting("http.body_timeout_ms", "30000", Kind::Whole(100, LONG), "How long a client may take to send a body, or to take up what it is sent.", "客户端发送请求体、或收取应答的时限（毫秒）。"),
    setting("http.idle_timeout_ms", "75000", Kind::Whole(100, LONG), "How long a connection may stay open with nothing asked.", "空闲连接保留的时间（毫秒）。"),
    setting("http.drain_ms", "0", Kind::Whole(0, 25_000), "How long, at a stop, requests are still taken while readiness says no. Give a balancer time to notice.", "停机时先报告未就绪、仍接收请求的时间（毫秒），留给负载均衡察觉。"),
    setting("http.max_body_bytes", "262144", Kind::Whole(1_024, 16_777_216), "The largest body of a request to /graphql.", "/graphql 请求体的最大字节数。"),
    setting("http.cors_origins", "[]", Kind::Origins, "Origins whose pages may call the API and open sockets.", "允许其网页调用接口、建立 WebSocket 连接的来源。"),
    setting("http.trusted_proxies", "[]", Kind::Networks, "Proxies whose X-Forwarded-For is believed.", "可信代理：采信其 X-Forwarded-For。"),
    setting("http.metrics_from", "[\"127.0.0.0/8\", \"::1\"]", Kind::Networks, "From where /metrics may be read.", "允许读取 /metrics 的地址。"),
    setting("http.public_address", "\"http://localhost:8080\"", Kind::Webhook, "By what address people reach this service: the codes on cards lead to /c/… under it.", "群众访问本服务的地址：联系卡二维码指向其下的 /c/…。"),
    setting("graphql.max_cost", "10000", Kind::Whole(100, 1_000_000), "The cost of the dearest operation that is run.", "单个操作的成本上限。"),
    setting("graphql.cost_per_minute", "600000", Kind::Whole(100, 1_000_000_000), "The cost an account may spend in a minute.", "每个账号每分钟的成本额度。"),
    setting("graphql.anonymous_cost_per_minute", "60000", Kind::Whole(100, 1_000_000_000), "The cost an address may spend in a minute without signing in.", "未登录时每个地址每分钟的成本额度。"),
    setting("graphql.timeout_ms", "10000", Kind::Whole(10, LONG), "How long an operation may run.", "单个操作的时限（毫秒）。"),
    setting("graphql.max_query_bytes", "16384", Kind::Whole(256, 65_536), "The longest query text.", "查询文本的最大字节数。"),
    setting("database.url", "\"sqlite://lianhu.db\"", Kind::Database, "The database: SQLite or PostgreSQL.", "数据库地址：SQLite 或 PostgreSQL。"),
    setting("database.readers", "4", Kind::Whole(1, 256), "Connections for reading (SQLite), or in all (PostgreSQL).", "读连接数（SQLite），或总连接数（PostgreSQL）。"),
    setting("database.acquire_timeout_ms", "800", Kind::Whole(10, LONG), "How long a request waits for a connection before it is answered OVERLOADED.", "等待数据库连接的时限（毫秒），超时答复 OVERLOADED。"),
    setting("database.statement_timeout_ms", "8000", Kind::Whole(10, LONG), "How long one statement may run (PostgreSQL).", "单条语句的时限（毫秒，PostgreSQL）。"),
    setting("database.busy_timeout_ms", "5000", Kind::Whole(10, LONG), "How long a statement waits for another process (SQLite).", "等待其他进程释放锁的时限（毫秒，SQLite）。"),
    setting("store.folder", "\"lianhu-store\"", Kind::Text, "The folder in which files are kept that were sent in.", "存放上传文件的文件夹。"),
    setting("store.max_upload_bytes", "268435456", Kind::Whole(1_024, 2_147_483_647), "The longest file that may be sent in.", "单个上传文件的最大字节数。"),
    setting("store.upload_hours", "24", Kind::Whole(1, 720), "How long a file that was sent in stays; it goes on until then.", "上传文件保留的时间（小时），其间可续传。"),
    setting("store.s3_bucket", "", Kind::Text, "The bucket of an S3-compatible store in which attachments are kept; in store.folder when unset.", "存放附件的 S3 兼容对象存储桶；不设则存于 store.folder。"),
    setting("store.s3_endpoint", "", Kind::Webhook, "Where that store is; Amazon's when unset.", "对象存储的地址；不设则为 Amazon S3。"),
    setting("store.s3_region", "\"us-east-1\"", Kind::Text, "The region of the bucket.", "存储桶所在区域。"),
    setting("store.s3_access_key", "", Kind::Text, "Who we are at that store.", "对象存储的访问密钥标识（Access Key）。"),
    setting("store.s3_secret_key", "", Kind::Text, "By what we show it.", "对象存储的访问密钥（Secret Key）。"),
    setting("store.s3_path_style", "true", Kind::Flag, "Whether the bucket's name stands in the path of an address; before its host otherwise.", "存储桶名写在地址路径中（true），或主机名之前（false）。"),
    setting("attachment.max_bytes", "20971520", Kind::Whole(1_024, 268_435_456), "The longest file that may be attached to a record.", "单个附件的最大字节数。"),
    setting("attachment.max_record_bytes", "104857600", Kind::Whole(1_024, 2_147_483_647), "Bytes of all files of one record.", "一条记录全部附件的最大字节数。"),
    setting("attachment.max_day_bytes", "1073741824", Kind::Whole(1_024, 2_147_483_647), "Bytes that one account may attach within 24 hours.", "一个账号 24 小时内可添加附件的最大字节数。"),
    setting("attachment.max_megapixels", "50", Kind::Whole(1, 200), "Millions of dots of a picture: what is more is refused unread. One takes up to eight times as many bytes of memory while it is made ready.", "图片的最大像素数（百万），超出者不解码即拒绝；处理一张图片至多占用约其八倍字节的内存。"),
    setting("attachment.threads", "0", Kind::Whole(0, 64), "Files that are made ready at once; 0: as many as there are cores.", "同时处理的附件数；0 表示与核数相同。"),
    setting("identity.access_minutes", "10", Kind::Whole(1, 60), "Life of an access token.", "访问令牌的有效期（分钟）。"),
    setting("identity.refresh_idle_days", "14", Kind::Whole(1, 90), "A session not refreshed for so long ends.", "会话多久未刷新即结束（天）。"),
    setting("identity.refresh_days", "30", Kind::Whole(1, 365), "A session ends after so long in any case.", "会话最长期限（天）。"),
    setting("identity.hash_threads", "0", Kind::Whole(0, 64), "Passwords hashed at once; 0: one fewer than cores, at least one.", "同时计算的密码散列数；0 表示核数减一，至少为一。"),
    setting("identity.hash_queue", "50", Kind::Whole(1, 10_000), "Passwords that may wait to be hashed; beyond it OVERLOADED.", "等待计算散列的密码数上限，超出答复 OVERLOADED。"),
    setting("identity.issuer", "\"lianhu\"", Kind::Text, "The issuer named in our tokens.", "令牌中的签发者。"),
    setting("identity.audience", "\"lianhu-api\"", Kind::Text, "The audience named in our tokens.", "令牌中的受众。"),
    setting("identity.signing_key_days", "90", Kind::Whole(0, 3_650), "The key that signs tokens is replaced after so many days; 0: only by `lianhu keys rotate`.", "令牌签名密钥使用多少天后自动更换；0 表示只由 `lianhu keys rotate` 更换。"),
    setting("identity.first_password_must_change", "true", Kind::Flag, "Whether a password that an administrator made is to be changed at the first sign-in.", "管理员设置的密码是否须在首次登录时更改。"),
    setting("identity.second_factor", "\"optional\"", Kind::Choice(&["optional", "administrators"]), "Of whom a second factor is asked: of those who set one up, or of administrators, too, whose roles stay closed without it.", "双重验证：自愿开启（optional），或管理员必须开启、否则其角色不生效（administrators）。"),
    setting("courier.file", "", Kind::Text, "Where texts to phones are put down when there is no gateway; courier.log in store.folder when unset.", "没有短信网关时记下短信的文件；不设则为 store.folder 中的 courier.log。"),
    setting("courier.webhook", "", Kind::Webhook, "The gateway to which texts to phones are posted, signed as Standard Webhooks says.", "短信网关地址：以 POST 发送，按 Standard Webhooks 签名。"),
    setting("courier.secret", "", Kind::WebhookSecret, "The secret that signs what goes to courier.webhook.", "对发往 courier.webhook 的内容签名的密钥。"),
    setting("webhook.allowed_networks", "[]", Kind::Networks, "Networks that are not public and may be posted to by webhooks all the same, by http too: an office's own.", "允许回调发往的非公网地址或网段（如政务内网），其中也可用 http。"),
    setting("oidc.issuer", "", Kind::Issuer, "The sign-on service (OpenID Connect); none when unset.", "统一认证服务（OpenID Connect）的地址，不设则不启用。"),
    setting("oidc.client_id", "", Kind::Text, "By what the sign-on service knows this system.", "本系统在统一认证服务中的客户端标识。"),
    setting("oidc.client_secret", "", Kind::Text, "The secret of this client, if it has one.", "客户端密钥（如有）。"),
    setting("oidc.redirect_uris", "[]", Kind::Returns, "Where apps may have people sent back to.", "允许的回调地址。"),
    setting("oidc.name", "\"统一认证\"", Kind::Text, "What apps write on the button.", "登录按钮上显示的名称。"),
    setting("oidc.scopes", "\"openid\"", Kind::Text, "Scopes that are asked for; openid is one of them.", "请求的授权范围，须含 openid。"),
    setting("privacy.reveals_per_day", "30", Kind::Whole(0, 10_000), "How often an account is shown what is sensitive in a day.", "每个账号每天可查看敏感信息的次数。"),
    setting("privacy.access_log_days", "1095", Kind::Whole(180, 36_500), "How long the access log is kept, and emergencies with their reasons, in days; 180 at the least.", "查看记录及紧急查看事由的保存天数，最少 180 天。"),
    setting("privacy.smallest_cell", "5", Kind::Whole(0, 1000), "Other systems are told counts in steps of this, and fewer as 0; 0 tells them exactly.", "向第三方系统提供的计数按此数向下取整，不足者记为 0；设为 0 则不取整。"),
    setting("retention.sensitive_days", "180", Kind::Whole(0, 36_500), "When a household is gone, or a member: days after which what is sensitive is erased; 0: never.", "户迁出、销户或成员离开多少天后清除敏感信息；0 表示不清除。"),
    setting("retention.personal_days", "1825", Kind::Whole(0, 36_500), "The same for what is personal: names, addresses, telephone numbers and all the rest; and for who spoke for an enterprise, after it was closed.", "户迁出、销户或成员离开、企业注销多少天后清除姓名、住址、电话等个人信息；0 表示不清除。"),
    setting("retention.correction_days", "1095", Kind::Whole(0, 36_500), "Days for which a correction is kept after it was decided; 0: without end.", "更正申请处理完毕后的保存天数；0 表示一直保存。"),
    setting("retention.session_days", "180", Kind::Whole(30, 36_500), "Days for which a session is kept after it ended; 30 at the least.", "会话结束后的保存天数，最少 30 天。"),
    setting("retention.import_days", "365", Kind::Whole(1, 36_500), "Days for which the report of a roster import is kept.", "名册导入报告的保存天数，最少 1 天。"),
    setting("secret.key", "", Kind::Key, "The master secret: 32 bytes in base64. Keep it out of the file if others read it.", "主密钥：base64 编码的 32 字节。文件若有他人可读，请勿写在此处。"),
    setting("secret.key_file", "", Kind::Text, "A file with the master secret, instead of secret.key.", "存放主密钥的文件，代替 secret.key。"),
    setting("log.format", "\"human\"", Kind::Choice(&["human", "json"]), "For people or for machines.", "日志给人看（human）还是给机器看（json）。"),
    setting("log.level", "\"info\"", Kind::Filter, "What is logged: error, warn, info, debug, trace; by module too: info,lianhu=debug.", "日志级别，可按模块：info,lianhu=debug。"),
    setting("telemetry.otlp_endpoint", "", Kind::Http, "Where traces go, by OTLP over HTTP; nowhere when unset.", "链路追踪的去处（OTLP over HTTP），不设则不发送。"),
    setting("telemetry.service_name", "\"lianhu\"", Kind::Text, "The name of this service in traces.", "链路追踪中的服务名。"),
];
