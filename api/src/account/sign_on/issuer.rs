//! The outer sign-on service, as far as it is asked: what it says of itself, its keys, and a token for a code. Whatever it
//! answers is bounded in time and size and followed nowhere else.

use super::id_token::Keys;
use crate::{
    config::OidcConfig,
    kernel::{
        clock::later,
        error::{Code, Error, Fault, Result},
    },
};
use chrono::Duration;
use entity::scalar::DateTime;
use reqwest::{Client, RequestBuilder, redirect::Policy};
use serde::{Deserialize, de::DeserializeOwned};
use std::sync::Arc;
use tokio::sync::Mutex;

/// How long what it says of itself is believed.
const BELIEVED: Duration = Duration::hours(1);
/// Keys are not asked for again sooner than this.
const ASKED: Duration = Duration::seconds(10);
/// The longest answer.
const LONGEST: usize = 256 * 1024;
const CONNECT: std::time::Duration = std::time::Duration::from_secs(2);
const WHOLE: std::time::Duration = std::time::Duration::from_secs(3);

/// What the service says of itself (OpenID Connect Discovery 1.0), as far as it matters here.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    pub(super) authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// The service, and what is remembered of it.
pub(super) struct Issuer {
    http: Client,
    address: String,
    client_id: String,
    client_secret: Option<String>,
    metadata: Mutex<Option<(DateTime, Arc<Metadata>)>>,
    keys: Mutex<Option<(DateTime, Arc<Keys>)>>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

/// The service cannot be reached, or does not say what it should.
fn silent(what: &str, cause: impl std::fmt::Display) -> Error {
    tracing::warn!(what, %cause, "the sign-on service");
    Fault::new(
        Code::Overloaded,
        "统一认证服务暂时无法使用，请稍后再试，或用密码登录。",
        "The sign-on service cannot be used at the moment; try again later, or sign in by password.",
    )
    .retry_after(5_000)
    .into()
}

/// Whether an address of the service may be asked: over TLS, or on this very machine.
fn is_safe(address: &str) -> bool {
    crate::config::setting::is_issuer(address)
}

impl Issuer {
    pub(super) fn new(config: &OidcConfig) -> Result<Option<Self>> {
        let (Some(address), Some(client_id)) = (&config.issuer, &config.client_id) else { return Ok(None) };
        let http = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .build()
            .map_err(Error::internal)?;
        Ok(Some(Self {
            http,
            address: address.clone(),
            client_id: client_id.clone(),
            client_secret: config.client_secret.as_ref().map(|secret| secret.expose().to_owned()),
            metadata: Mutex::default(),
            keys: Mutex::default(),
        }))
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// What it says of itself.
    pub(super) async fn metadata(&self, now: DateTime) -> Result<Arc<Metadata>> {
        let mut known = self.metadata.lock().await;
        if let Some((_, metadata)) = known.as_ref().filter(|(read, _)| fresh(*read, BELIEVED, now)) {
            return Ok(Arc::clone(metadata));
        }
        let address = format!("{}/.well-known/openid-configuration", self.address.trim_end_matches('/'));
        let metadata: Metadata = self.ask("discovery", self.http.get(address)).await?;
        let places = [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri];
        if metadata.issuer != self.address || !places.into_iter().all(|place| is_safe(place)) {
            return Err(silent("discovery", "it names another issuer, or an address without TLS"));
        }
        let metadata = Arc::new(metadata);
        *known = Some((now, Arc::clone(&metadata)));
        Ok(metadata)
    }

    /// Its keys; asked for anew when the one that is needed is not among those known.
    pub(super) async fn keys(&self, needed: Option<&str>, now: DateTime) -> Result<Arc<Keys>> {
        let mut known = self.keys.lock().await;
        if let Some((read, keys)) = known.as_ref() {
            let enough = fresh(*read, BELIEVED, now) && keys.have(needed);
            if enough || fresh(*read, ASKED, now) {
                return Ok(Arc::clone(keys));
            }
        }
        let place = self.metadata(now).await?.jwks_uri.clone();
        let keys = Arc::new(Keys::read(self.ask("keys", self.http.get(place)).await?));
        *known = Some((now, Arc::clone(&keys)));
        Ok(keys)
    }

    /// The ID token for a code. None when the service refuses the code.
    pub(super) async fn redeem(
        &self,
        code: &str,
        verifier: &str,
        redirect_uri: &str,
        now: DateTime,
    ) -> Result<Option<String>> {
        let metadata = self.metadata(now).await?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("client_id", &self.client_id),
            ("code_verifier", verifier),
        ];
        let mut request = self.http.post(&metadata.token_endpoint);
        if let Some(secret) = &self.client_secret {
            let methods = &metadata.token_endpoint_auth_methods_supported;
            let takes = |method: &str| methods.iter().any(|one| one == method);
            if takes("client_secret_post") && !takes("client_secret_basic") {
                form.push(("client_secret", secret));
            } else {
                request = request.basic_auth(spelt(&self.client_id), Some(spelt(secret)));
            }
        }
        let answer =
            request.form(&form).send().await.map_err(|error| silent("token", error.without_url()))?;
        if answer.status().is_client_error() {
            return Ok(None);
        }
        let tokens: Tokens = read("token", answer).await?;
        Ok(Some(tokens.id_token))
    }

    async fn ask<T: DeserializeOwned>(&self, what: &str, request: RequestBuilder) -> Result<T> {
        let answer = request.send().await.map_err(|error| silent(what, error.without_url()))?;
        read(what, answer).await
    }
}

/// Whether something that was read then is still to be believed.
fn fresh(read: DateTime, life: Duration, now: DateTime) -> bool {
    read <= now && later(read, life) > now
}

/// As RFC 6749 has it, 2.3.1: id and secret are spelt as in a form before they become a password.
fn spelt(text: &str) -> String {
    let mut spelt = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._*".contains(&byte) {
            spelt.push(char::from(byte));
        } else {
            use std::fmt::Write;
            _ = write!(spelt, "%{byte:02X}");
        }
    }
    spelt
}

async fn read<T: DeserializeOwned>(what: &str, mut answer: reqwest::Response) -> Result<T> {
    if !answer.status().is_success() {
        return Err(silent(what, answer.status()));
    }
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(|error| silent(what, error.without_url()))? {
        body.extend_from_slice(&piece);
        if body.len() > LONGEST {
            return Err(silent(what, "the answer is too long"));
        }
    }
    // What does not fit is not repeated: it may hold a token.
    serde_json::from_slice(&body).map_err(|error| silent(what, format!("{:?}", error.classify())))
}
