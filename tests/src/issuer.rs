//! A small sign-on service: OpenID Connect with discovery, authorisation by code with PKCE, and keys of three kinds.

use aws_lc_rs::{
    digest,
    encoding::AsDer,
    rsa,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
};
use axum::{
    Form, Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

/// By what the service knows the server.
pub const CLIENT: &str = "lianhu tests";
/// The secret of this client: with signs that a form spells otherwise.
pub const CLIENT_SECRET: &str = "a secret/of: the client";

/// How a token is changed before it is signed.
pub type Change = Box<dyn FnMut(&mut Header, &mut Value) + Send>;
/// How a token is forged, from its header and claims and the public keys.
pub type Forge = Box<dyn FnMut(&Header, &Value, &Value) -> String + Send>;

struct Key {
    header: Header,
    private: EncodingKey,
    public: Value,
}

impl Key {
    fn new(algorithm: Algorithm, id: &str) -> Self {
        let private = match algorithm {
            Algorithm::RS256 => {
                let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).expect("a key");
                let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().expect("its form");
                EncodingKey::from_rsa_pem(&pem(der.as_ref())).expect("a key")
            }
            Algorithm::ES256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
                EncodingKey::from_ec_der(pair.to_pkcs8v1().expect("its form").as_ref())
            }
            _ => {
                let pair = Ed25519KeyPair::generate().expect("a key");
                let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().expect("its form");
                EncodingKey::from_ed_der(der.as_ref())
            }
        };
        let mut jwk = Jwk::from_encoding_key(&private, algorithm).expect("its public half");
        jwk.common.key_id = Some(id.to_owned());
        let mut header = Header::new(algorithm);
        header.kid = Some(id.to_owned());
        Self { header, private, public: serde_json::to_value(jwk).expect("JSON") }
    }
}

fn pem(der: &[u8]) -> Vec<u8> {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n")).into_bytes()
}

/// What was asked for when a code was given.
struct Asked {
    challenge: String,
    nonce: String,
    redirect_uri: String,
}

struct Inner {
    keys: Vec<Key>,
    codes: HashMap<String, Asked>,
    subject: String,
    now: i64,
    change: Option<Change>,
    forge: Option<Forge>,
    asked_for_keys: usize,
}

/// A sign-on service that runs until the test is over.
#[derive(Clone)]
pub struct Issuer {
    /// Its address: the `iss` of its tokens.
    pub address: String,
    inner: Arc<Mutex<Inner>>,
}

impl Issuer {
    /// A service with one key for this algorithm.
    pub async fn start(algorithm: Algorithm) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let inner = Inner {
            keys: vec![Key::new(algorithm, "first")],
            codes: HashMap::new(),
            subject: "person-1".to_owned(),
            now: 0,
            change: None,
            forge: None,
            asked_for_keys: 0,
        };
        let issuer = Self { address, inner: Arc::new(Mutex::new(inner)) };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/keys", get(keys))
            .with_state(issuer.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        issuer
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nobody failed with it")
    }

    /// Who sits at the browser.
    pub fn is_used_by(&self, subject: &str) {
        subject.clone_into(&mut self.inner().subject);
    }

    /// What time its tokens are made at, in seconds.
    pub fn set_clock(&self, now: i64) {
        self.inner().now = now;
    }

    /// Changes its tokens before they are signed; none for no change.
    pub fn change(&self, change: Option<Change>) {
        self.inner().change = change;
    }

    /// Forges its tokens; none for honest ones.
    pub fn forge(&self, forge: Option<Forge>) {
        self.inner().forge = forge;
    }

    /// Signs by another key from now on, and publishes it alone.
    pub fn rotate(&self, algorithm: Algorithm) {
        self.inner().keys = vec![Key::new(algorithm, "second")];
    }

    /// How often its keys were asked for.
    pub fn asked_for_keys(&self) -> usize {
        self.inner().asked_for_keys
    }

    /// Signs in at a browser: opens the address and gives back code and state.
    pub async fn visit(&self, address: &str) -> (String, String) {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
        let answer = client.expect("a client").get(address).send().await.expect("an answer");
        let status = answer.status();
        let location = answer.headers().get("location").and_then(|value| value.to_str().ok());
        let location = location.unwrap_or_else(|| panic!("{status} sends nobody back")).to_owned();
        let url = reqwest::Url::parse(&location).expect("an address");
        let of = |name: &str| {
            let found = url.query_pairs().find(|(key, _)| key == name);
            found.map_or_else(|| panic!("{name} in {location}"), |(_, value)| value.into_owned())
        };
        (of("code"), of("state"))
    }
}

async fn discovery(State(issuer): State<Issuer>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", issuer.address);
    Json(json!({
        "issuer": issuer.address,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/keys"),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
    }))
}

async fn keys(State(issuer): State<Issuer>) -> Json<Value> {
    let mut inner = issuer.inner();
    inner.asked_for_keys += 1;
    let mut keys: Vec<_> = inner.keys.iter().map(|key| key.public.clone()).collect();
    keys.push(json!({"kty": "FUTURE", "kid": "of a kind that nobody knows"}));
    Json(json!({"keys": keys}))
}

async fn authorize(State(issuer): State<Issuer>, Query(asked): Query<HashMap<String, String>>) -> Response {
    let of = |name: &str| asked.get(name).cloned().unwrap_or_default();
    let fits = of("response_type") == "code"
        && of("client_id") == CLIENT
        && of("code_challenge_method") == "S256"
        && of("scope").split(' ').any(|scope| scope == "openid")
        && of("code_challenge").len() == 43;
    if !fits {
        return (StatusCode::BAD_REQUEST, format!("{asked:?}")).into_response();
    }
    let code = crate::key();
    let kept =
        Asked { challenge: of("code_challenge"), nonce: of("nonce"), redirect_uri: of("redirect_uri") };
    issuer.inner().codes.insert(code.clone(), kept);
    let back = reqwest::Url::parse_with_params(&of("redirect_uri"), [("code", code), ("state", of("state"))]);
    Redirect::to(back.expect("an address").as_str()).into_response()
}

/// The client by its id and secret, each spelt as in a form.
fn is_client(headers: &HeaderMap) -> bool {
    let shown = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
    let shown = shown.and_then(|text| String::from_utf8(STANDARD.decode(text).ok()?).ok());
    shown.as_deref() == Some("lianhu%20tests:a%20secret%2Fof%3A%20the%20client")
}

async fn token(
    State(issuer): State<Issuer>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let refused = |why: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": why}))).into_response();
    let of = |name: &str| form.get(name).cloned().unwrap_or_default();
    if !is_client(&headers) {
        return (StatusCode::UNAUTHORIZED, Json(json!({"error": "invalid_client"}))).into_response();
    }
    let mut inner = issuer.inner();
    let Some(asked) = inner.codes.remove(&of("code")) else { return refused("invalid_grant") };
    let challenge = digest::digest(&digest::SHA256, of("code_verifier").as_bytes());
    let proved = URL_SAFE_NO_PAD.encode(challenge.as_ref()) == asked.challenge;
    if of("grant_type") != "authorization_code" || !proved || of("redirect_uri") != asked.redirect_uri {
        return refused("invalid_grant");
    }
    let mut claims = json!({
        "iss": issuer.address,
        "sub": inner.subject,
        "aud": CLIENT,
        "exp": inner.now + 300,
        "iat": inner.now,
        "nonce": asked.nonce,
    });
    let mut header = inner.keys[0].header.clone();
    if let Some(change) = &mut inner.change {
        change(&mut header, &mut claims);
    }
    let public = inner.keys[0].public.clone();
    let token = match &mut inner.forge {
        Some(forge) => forge(&header, &claims, &public),
        None => encode(&header, &claims, &inner.keys[0].private).expect("a token"),
    };
    Json(json!({"access_token": "unused", "token_type": "Bearer", "id_token": token})).into_response()
}
