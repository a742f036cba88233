//! `/cards`: the codes of contact cards as files, and the sheets on which a place's cards are printed.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use entity::id::{self, CardId, RegionId};
use futures_util::TryStreamExt;
use serde::Deserialize;

use super::entry::{enter, fault, refused};
use super::{Door, media};
use crate::card::{code::Code, sheet, token};
use crate::kernel::error::{Code as FaultCode, Error, Fault};

const SVG: HeaderValue = HeaderValue::from_static("image/svg+xml");
const PNG: HeaderValue = HeaderValue::from_static("image/png");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
/// Nothing is fetched from anywhere, and nothing runs.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'");
/// What a code costs, and what a page of many.
const COST: u64 = 10;
const SHEET_COST: u64 = 500;

/// What sheets are asked for.
#[derive(Deserialize)]
pub struct Asked {
    /// The region whose cards are to be printed.
    #[serde(default)]
    region: String,
}

/// GET: the code of a card as a drawing.
pub async fn svg(State(door): State<Arc<Door>>, Path(name): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let drawn = code(&door, &name, &parts).await.map(|code| file(code.svg().into_bytes(), SVG));
    drawn.unwrap_or_else(|fault| refused(&fault, &parts))
}

/// GET: the code of a card as a picture.
pub async fn png(State(door): State<Arc<Door>>, Path(name): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let drawn = code(&door, &name, &parts).await;
    let drawn = drawn.and_then(|code| Ok(file(code.png().map_err(fault)?, PNG)));
    drawn.unwrap_or_else(|fault| refused(&fault, &parts))
}

/// GET: the cards of a village, a group or a grid, to be printed.
pub async fn sheet(State(door): State<Arc<Door>>, Query(asked): Query<Asked>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let page = page(&door, &asked.region, &parts).await;
    page.unwrap_or_else(|fault| refused(&fault, &parts))
}

fn not_there() -> Fault {
    Fault::new(FaultCode::NotFound, "没有这张联系卡。", "There is no such card.")
}

async fn code(door: &Door, name: &str, parts: &Parts) -> Result<Code, Fault> {
    let ctx = enter(door, parts, COST).await?;
    let id = id::read(name).filter(|(prefix, _)| prefix == CardId::PREFIX);
    let (_, id) = id.ok_or_else(not_there)?;
    let base = &door.state.config.http.public_address;
    let address = token::address(&ctx, CardId(id), base).await.map_err(fault)?;
    Code::new(&address).map_err(fault)
}

async fn page(door: &Door, region: &str, parts: &Parts) -> Result<Response, Fault> {
    let ctx = enter(door, parts, SHEET_COST).await?;
    let id = id::read(region).filter(|(prefix, _)| prefix == RegionId::PREFIX);
    let (_, id) = id.ok_or_else(|| {
        Fault::input("region 应为形如 region_01jd3k… 的标识。", "region is an id of the form region_01jd3k….")
    })?;
    let base = &door.state.config.http.public_address;
    let sheets = sheet::of(&ctx, RegionId(id), base).await.map_err(fault)?;
    let html = sheets.html(media::locale(&parts.headers)).map_err(|error: Error| {
        tracing::error!(?error, "a sheet of cards broke off");
        std::io::Error::other("a sheet broke off")
    });
    let mut response = Body::from_stream(html).into_response();
    guard(response.headers_mut(), HTML);
    Ok(response)
}

fn file(content: Vec<u8>, kind: HeaderValue) -> Response {
    let mut response = content.into_response();
    guard(response.headers_mut(), kind);
    response
}

/// Kept nowhere, and harmless where it is opened.
fn guard(headers: &mut HeaderMap, kind: HeaderValue) {
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
