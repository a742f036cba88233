//! Settings: what is wrong is refused by its name in both languages, and a secret is never printed.

use lianhu::config::{
    Config, ConfigError, DatabaseUrl, MasterKey,
    setting::{Kind, SETTINGS, Setting},
};

const KEY: &str = "bm90IGEgc2VjcmV0LCBidXQgMzIgYnl0ZXMgbG9uZyE=";
/// What the key decodes to, in the forms in which it might be printed.
const LEAKS: &[&str] = &["bm90IGEg", "not a secret", "110, 111, 116", "6e6f7420", "6E6F7420"];

fn file(text: &str) -> Result<Config, ConfigError> {
    Config::from_parts(text, [])
}

fn environment(name: &str, value: &str) -> Result<Config, ConfigError> {
    Config::from_parts("", [(name.to_owned(), value.to_owned())])
}

fn variable(setting: &Setting) -> String {
    format!("LIANHU_{}", setting.name.replacen('.', "__", 1).to_uppercase())
}

fn line(setting: &Setting, value: &str) -> String {
    let (section, name) = setting.parts();
    format!("[{section}]\n{name} = {value}\n")
}

fn has_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// Fails unless both languages say what would be right, and the whole names the setting.
fn assert_told(error: &ConfigError, name: &str, why: &str) {
    assert_eq!(error.name, name, "{why}: {error}");
    assert!(has_chinese(&error.zh), "{why}: {error}");
    assert!(!error.en.is_empty() && !has_chinese(&error.en), "{why}: {error}");
    let told = error.to_string();
    assert!(told.contains(&error.zh) && told.contains(&error.en) && told.contains(name), "{why}: {told}");
}

/// Values as TOML that a setting of this kind must refuse.
fn wrong(kind: Kind) -> Vec<String> {
    let fixed: &[&str] = match kind {
        Kind::Whole(least, most) => {
            let beside = [least - 1, most + 1, i64::MIN].map(|number| number.to_string());
            let others = ["1.5", "\"1\"", "true", "[1]"].map(str::to_owned);
            return beside.into_iter().chain(others).collect();
        }
        Kind::Flag => &["1", "\"yes\"", "\"\"", "[true]"],
        Kind::Text => &["\"\"", "\"  \"", "1"],
        Kind::Choice(_) => &["\"other\"", "\"\"", "\"JSON\"", "1"],
        Kind::Address => &["\"here\"", "\"127.0.0.1\"", "\":8080\"", "\"127.0.0.1:99999\"", "8080"],
        Kind::Origins => &[
            "\"https://a.gov.cn\"",
            "[\"a.gov.cn\"]",
            "[\"https://\"]",
            "[\"https://a.gov.cn/x\"]",
            "[\"*\"]",
        ],
        Kind::Networks => &["\"10.0.0.0/8\"", "[\"10.0.0.0/33\"]", "[\"localhost\"]", "[1]"],
        Kind::Database => &["\"\"", "\"mysql://me:hidden@db/x\"", "\"lianhu.db\"", "1"],
        Kind::Http => &["\"\"", "\"http://\"", "\"https://traces\"", "\"localhost:4318\"", "4318"],
        Kind::Webhook => &["\"\"", "\"https://\"", "\"sms.example.gov.cn\"", "\"ftp://sms\"", "1"],
        Kind::WebhookSecret => &["\"\"", "\"whsec_c2hvcnQ=\"", "\"not base64 at all!\"", "1"],
        Kind::Issuer => &[
            "\"\"",
            "\"http://sso.example.gov.cn\"",
            "\"sso.example.gov.cn\"",
            "\"https://sso.example.gov.cn?x=1\"",
            "\"https://me@sso.example.gov.cn\"",
            "1",
        ],
        Kind::Returns => &[
            "\"https://a.gov.cn/back\"",
            "[\"/back\"]",
            "[\"javascript:alert(1)\"]",
            "[\"https://a.gov.cn/back#x\"]",
            "[1]",
        ],
        Kind::Filter => &["\"\"", "\"info,lianhu=loud\"", "1"],
        Kind::Key => &["\"\"", "\"c2hvcnQ=\"", "\"not base64 at all!\"", "1"],
    };
    fixed.iter().map(|value| (*value).to_owned()).collect()
}

#[test]
fn a_wrong_value_of_any_setting_is_refused_by_name_in_both_languages() {
    let mut tried = 0;
    for setting in SETTINGS.iter().filter(|setting| setting.name != "secret.key_file") {
        for value in wrong(setting.kind) {
            let error = file(&line(setting, &value)).map(|_| value.clone());
            assert_told(&error.expect_err(setting.name), setting.name, &value);
            tried += 1;
            // In the environment numbers and lists are bare, so that some of these are right there.
            let bare = value.trim_matches(['"', '[', ']']);
            let Err(error) = environment(&variable(setting), bare) else { continue };
            assert_told(&error, setting.name, bare);
        }
    }
    assert!(tried > 3 * SETTINGS.len(), "{tried} values");
}

#[test]
fn a_wrong_value_in_the_environment_is_refused_as_one_in_the_file_is() {
    for (variable, value, name) in [
        ("LIANHU_HTTP__LISTEN", "here", "http.listen"),
        ("LIANHU_HTTP__MAX_CONNECTIONS", "many", "http.max_connections"),
        ("LIANHU_HTTP__MAX_CONNECTIONS", "", "http.max_connections"),
        ("LIANHU_HTTP__TRUSTED_PROXIES", "10.0.0.0/8, nowhere", "http.trusted_proxies"),
        ("LIANHU_DATABASE__URL", "mysql://db", "database.url"),
        ("LIANHU_IDENTITY__HASH_QUEUE", "0", "identity.hash_queue"),
        ("LIANHU_LOG__FORMAT", "xml", "log.format"),
        ("LIANHU_SECRET__KEY_FILE", "/no/such/file", "secret.key_file"),
    ] {
        assert_told(&environment(variable, value).expect_err(variable), name, value);
    }
    let over = Config::from_parts(
        "[http]\nmax_connections = 5",
        [("LIANHU_HTTP__MAX_CONNECTIONS".to_owned(), "7".to_owned())],
    );
    assert_eq!(over.expect("both are right").http.max_connections, 7);
}

#[test]
fn a_name_that_does_not_exist_is_refused_with_those_that_do() {
    for setting in SETTINGS {
        let (section, name) = setting.parts();
        let misspelt = format!("{section}.{name}x");
        let error = file(&format!("[{section}]\n{name}x = 1\n")).expect_err(&misspelt);
        assert_told(&error, &misspelt, "in the file");
        assert!(error.en.contains(name) && error.zh.contains(name), "the right name is offered: {error}");
        let misspelt = format!("{}X", variable(setting));
        let error = environment(&misspelt, "1").expect_err(&misspelt);
        assert_told(&error, &misspelt, "in the environment");
        assert!(error.en.contains(name) && error.zh.contains(name), "the right name is offered: {error}");
    }
    for (text, name) in [("[htp]\nlisten = 1", "htp.listen"), ("listen = 1", "listen"), ("http = 1", "http")]
    {
        let error = file(text).expect_err(text);
        assert_told(&error, name, text);
    }
    for name in ["LIANHU_HTTP_LISTEN", "LIANHU_LISTEN", "LIANHU_", "LIANHU_TEST_DATABASE", "LIANHU_HTTP__"] {
        assert_told(&environment(name, "x").expect_err(name), name, "in the environment");
    }
    for other in ["PATH", "RUST_LOG", "lianhu_http__listen", "XLIANHU_HTTP__LISTEN"] {
        assert!(environment(other, "x").is_ok(), "{other} is not ours");
    }
}

#[test]
fn a_file_that_is_not_toml_is_refused_with_the_line() {
    let error = file("[http]\nmax_connections = 5\nlisten = = 1\n").expect_err("not TOML");
    assert_told(&error, "config", "a stray sign");
    assert!(error.zh.contains("第 3 行") && error.en.contains("line 3"), "{error}");
}

#[test]
fn the_sample_says_the_defaults_and_every_setting_in_both_languages() {
    let sample = lianhu::config::sample();
    let read = file(&sample).expect("the sample is a settings file");
    assert_eq!(format!("{read:?}"), format!("{:?}", Config::default()));
    let mut lines = sample.lines().peekable();
    for setting in SETTINGS {
        let (_, name) = setting.parts();
        let english = lines.by_ref().find(|line| *line == format!("# {}", setting.en));
        assert!(english.is_some(), "{} in English, in its place", setting.name);
        assert_eq!(lines.next(), Some(format!("# {}", setting.zh).as_str()));
        let value = lines.next().expect("its line").trim_start_matches("# ");
        assert!(value.starts_with(&format!("{name} = ")), "{}: {value}", setting.name);
        assert!(has_chinese(setting.zh) && !has_chinese(setting.en), "{}", setting.name);
    }
}

#[test]
fn a_value_of_the_file_reaches_the_setting_that_it_names() {
    let text = "[graphql]\ntimeout_ms = 1234\n[identity]\nrefresh_days = 3\naccess_minutes = 2\n\
                [database]\nurl = \"postgres://me@db/x\"\n[telemetry]\notlp_endpoint = \"http://traces:4318\"\n";
    let config = file(text).expect("all are right");
    assert_eq!(config.graphql.timeout.as_millis(), 1234);
    assert_eq!(config.identity.refresh.as_secs(), 3 * 86_400);
    assert_eq!(config.identity.access.as_secs(), 120);
    assert_eq!(config.database.url.expose(), "postgres://me@db/x");
    assert_eq!(config.telemetry.otlp_endpoint.as_deref(), Some("http://traces:4318"));
}

fn assert_silent(printed: &str) {
    for leak in LEAKS.iter().chain(&["hidden"]) {
        assert!(!printed.contains(leak), "{leak} in {printed}");
    }
}

#[test]
fn a_secret_is_never_printed() {
    let text = format!(
        "[secret]\nkey = \"{KEY}\"\n[database]\nurl = \"postgres://me:hidden@db/x?password=hidden&sslkey=hidden\"\n"
    );
    let config = file(&text).expect("32 bytes");
    let key = config.secret.key.clone().expect("a key");
    assert_eq!(key.expose(), b"not a secret, but 32 bytes long!");
    for printed in [
        format!("{config:?} {config:#?}"),
        format!("{key:?} {key:#?} {:?}", Some(&key)),
        format!("{:?}", MasterKey::new(*key.expose())),
        format!("{:?}", DatabaseUrl::new("postgresql://me:hid@hidden@db/x")),
        format!("{:?}", config.database),
    ] {
        assert_silent(&printed);
        assert!(!printed.is_empty());
    }
}

#[test]
fn the_secret_of_a_webhook_is_needed_with_it_and_never_printed() {
    let url = "[courier]\nwebhook = \"https://sms.example.gov.cn/send\"\n";
    assert_told(&file(url).expect_err("a webhook alone"), "courier.secret", "it is missing");
    for secret in [KEY.to_owned(), format!("whsec_{KEY}")] {
        let config = file(&format!("{url}secret = \"{secret}\"\n")).expect("both");
        let held = config.courier.secret.as_ref().expect("a secret");
        assert_eq!(held.expose(), b"not a secret, but 32 bytes long!");
        assert_silent(&format!("{config:?} {held:?}"));
        let error = file(&format!("{url}secret = \"{secret}x\"\n")).expect_err("not base64");
        assert_silent(&format!("{error} {error:?}"));
    }
}

#[test]
fn a_secret_that_is_wrong_is_not_repeated_in_its_refusal() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = folder.path().join("secret.key");
    std::fs::write(&kept, format!("{KEY}{KEY}")).expect("a file");
    let kept = kept.display();
    for text in [
        format!("[secret]\nkey = {KEY}\n"),
        format!("[secret]\nkey = \"{KEY}\n"),
        format!("[secret]\nkey = \"{KEY}\"\nkey = \"{KEY}\"\n"),
        format!("[secret]\nkey = [\"{KEY}\"]\n"),
        format!("[secret]\nkey = \"{KEY}x\"\n"),
        format!("[secret]\nkeys = \"{KEY}\"\n"),
        format!("secret = \"{KEY}\"\n"),
        format!("[secret]\nkey_file = \"{kept}\"\n"),
        format!("[secret]\nkey = \"{KEY}\"\nkey_file = \"{kept}\"\n"),
        format!("[secret]\nkey_file = \"{KEY}\"\nkey = \"{KEY}\"\n"),
    ] {
        let error = file(&text).expect_err("it is wrong");
        assert_silent(&format!("{error} {error:?}"));
        assert!(has_chinese(&error.zh), "{error}");
    }
    for name in ["LIANHU_SECRET__KEY", "LIANHU_SECRET_KEY", "LIANHU_SECRET__KEYS"] {
        let error = environment(name, &format!("{KEY}x")).expect_err(name);
        assert_silent(&format!("{error} {error:?}"));
    }
    std::fs::write(folder.path().join("secret.key"), format!("\n{KEY}\n\n")).expect("a file");
    let right = file(&format!("[secret]\nkey_file = \"{kept}\"\n")).expect("blanks around it do no harm");
    assert_eq!(right.secret.key.expect("a key").expose(), b"not a secret, but 32 bytes long!");
}
