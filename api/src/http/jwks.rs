//! `/.well-known/jwks.json`: the public keys by which anybody can check our access tokens (RFC 7517, RFC 8037).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::Door;

/// Where they are.
pub const PATH: &str = "/.well-known/jwks.json";

/// `GET /.well-known/jwks.json`: the next key, the one in use, and those on their way out.
pub async fn keys(State(door): State<Arc<Door>>) -> Response {
    let keys = door.state.vault.signing_keys();
    let keys = keys.iter().map(|key| {
        let x = URL_SAFE_NO_PAD.encode(&key.public);
        json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": key.kid, "x": x })
    });
    let body = json!({ "keys": keys.collect::<Vec<_>>() });
    ([(CACHE_CONTROL, "public, max-age=300")], Json(body)).into_response()
}
