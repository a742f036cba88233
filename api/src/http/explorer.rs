//! The explorer: a page on which a person writes and runs operations, at `/`.
//!
//! Its files are built beforehand, compressed, and stand in the binary; nothing is fetched from
//! elsewhere, neither when the server is built nor when the page is opened.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Read as _;
use std::sync::{Arc, LazyLock};

use axum::extract::{Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, body::Body};
use flate2::read::GzDecoder;
use rust_embed::RustEmbed;
use serde::Deserialize;

use super::{Door, media, not_found};

/// The list of the files.
const INDEX: &str = "index.json";
/// The page itself.
const PAGE: &str = "index.html";
const A_YEAR: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

#[derive(RustEmbed)]
#[folder = "explorer/bundle"]
struct Bundle;

static POLICY: &str = include_str!("../../explorer/CSP.txt");

/// A line of the list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    path: String,
    content_type: String,
    etag: String,
    immutable: bool,
}

/// A file of the explorer.
struct Asset {
    packed: Cow<'static, [u8]>,
    content_type: String,
    etag: String,
    immutable: bool,
}

static ASSETS: LazyLock<HashMap<String, Asset>> = LazyLock::new(|| {
    let index = Bundle::get(INDEX).map(|file| file.data).unwrap_or_default();
    let lines: Vec<Line> = serde_json::from_slice(&index).unwrap_or_default();
    let assets = lines.into_iter().filter_map(|line| {
        let packed = Bundle::get(&format!("{}.gz", line.path))?.data;
        let Line { path, content_type, etag, immutable } = line;
        Some((path, Asset { packed, content_type, etag, immutable }))
    });
    assets.collect()
});

/// `GET /`
pub async fn page(headers: HeaderMap) -> Response {
    serve(PAGE, &headers)
}

/// `GET /explorer/{path}`
pub async fn file(Path(path): Path<String>, headers: HeaderMap) -> Response {
    serve(&format!("explorer/{path}"), &headers)
}

/// `GET /explorer/accounts.json`: the accounts of the demo, where there is one.
pub async fn accounts(State(door): State<Arc<Door>>, headers: HeaderMap) -> Response {
    match &door.state.demo_accounts {
        Some(accounts) => ([(CACHE_CONTROL, "no-store")], Json(accounts)).into_response(),
        None => not_found(&headers),
    }
}

fn serve(path: &str, headers: &HeaderMap) -> Response {
    let Some(asset) = ASSETS.get(path) else { return not_found(headers) };
    let is_packed = media::takes_gzip(headers);
    let tag = format!("\"{}{}\"", asset.etag, if is_packed { "-gzip" } else { "" });
    let seen = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).is_some_and(|tags| {
        tags.split(',')
            .any(|one| matches!(one.trim().trim_start_matches("W/"), one if one == "*" || one == tag))
    });
    let mut response = if seen {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match body(asset, is_packed) {
            Some(body) => Response::new(body),
            None => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    };
    let fields = response.headers_mut();
    if let (Ok(kind), Ok(tag)) = (asset.content_type.parse(), tag.parse()) {
        fields.insert(CONTENT_TYPE, kind);
        fields.insert(ETAG, tag);
    }
    if is_packed {
        fields.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let caching = if asset.immutable { A_YEAR } else { ASK_AGAIN };
    let fixed = [
        (CACHE_CONTROL, caching),
        (VARY, "Accept-Encoding"),
        (CONTENT_SECURITY_POLICY, POLICY.trim()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in fixed {
        fields.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn body(asset: &'static Asset, is_packed: bool) -> Option<Body> {
    if is_packed {
        return Some(match &asset.packed {
            Cow::Borrowed(bytes) => Body::from(*bytes),
            Cow::Owned(bytes) => Body::from(bytes.clone()),
        });
    }
    let mut plain = Vec::new();
    GzDecoder::new(&*asset.packed).read_to_end(&mut plain).ok()?;
    Some(Body::from(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_list_is_in_the_binary() {
        let index = Bundle::get(INDEX).expect("the list").data;
        let lines: Vec<Line> = serde_json::from_slice(&index).expect("a list of files");
        assert_eq!(lines.len(), ASSETS.len());
        assert!(ASSETS.contains_key(PAGE));
        assert!(HeaderValue::from_str(POLICY.trim()).is_ok());
    }
}
