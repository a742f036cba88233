//! What a settings file and an environment may and may not say.

use super::*;

fn refused(text: &str) -> ConfigError {
    Config::from_parts(text, []).expect_err("it should be refused")
}

fn variable(name: &str, value: &str) -> Result<Config, ConfigError> {
    Config::from_parts("", [(name.to_owned(), value.to_owned())])
}

#[test]
fn defaults_pass_their_checks_and_the_sample_says_the_same() {
    let config = Config::default();
    assert_eq!(config.http.listen.port(), 8080);
    let sampled = Config::from_parts(&sample(), []).expect("the sample is a settings file");
    assert_eq!(format!("{config:?}"), format!("{sampled:?}"));
}

#[test]
fn a_wrong_or_unknown_setting_is_refused_by_name() {
    assert_eq!(refused("[http]\nlisten = \"here\"").name, "http.listen");
    assert_eq!(refused("[http]\nmax_connections = 0").name, "http.max_connections");
    assert_eq!(refused("[http]\nlisten_to = 1").name, "http.listen_to");
    assert!(refused("[htp]\nlisten = 1").en.contains("http"));
    assert_eq!(refused("[log]\nformat = \"xml\"").name, "log.format");
}

#[test]
fn the_environment_stands_over_the_file() {
    let config = variable("LIANHU_HTTP__CORS_ORIGINS", "https://a.gov.cn, https://b.gov.cn");
    assert_eq!(config.expect("two origins").http.cors_origins.len(), 2);
    let error = variable("LIANHU_HTTP__LISTN", "x").expect_err("no such setting");
    assert_eq!(error.name, "LIANHU_HTTP__LISTN");
    assert!(variable("PATH", "/bin").is_ok());
}

#[test]
fn secrets_are_never_printed() {
    let key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    let config = variable("LIANHU_SECRET__KEY", key).expect("32 bytes");
    assert_eq!(config.secret.key.as_ref().map(|key| key.expose()[0]), Some(b'0'));
    assert!(!format!("{config:?}").contains("MDEy"));
    let wrong = variable("LIANHU_SECRET__KEY", "c2hvcnQ=").expect_err("too short");
    assert!(!wrong.to_string().contains("c2hvcnQ"));
    let url = DatabaseUrl::new("postgres://me:hidden@db/lianhu?password=hidden");
    assert_eq!(format!("{url:?}"), "postgres://db/lianhu");
}

#[test]
fn a_bucket_comes_with_its_keys_and_they_are_never_printed() {
    assert_eq!(refused("[store]\ns3_bucket = \"files\"").name, "store.s3_bucket");
    let text = "[store]\ns3_bucket = \"files\"\ns3_access_key = \"known\"\ns3_secret_key = \"hidden-away\"";
    let config = Config::from_parts(text, []).expect("a bucket");
    assert_eq!(config.store.s3_secret_key.as_ref().map(ClientSecret::expose), Some("hidden-away"));
    assert!(!format!("{config:?}").contains("hidden-away"));
}
