//! `/sheets/{id}`: a sheet that is handed out once, to whoever asked for it.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use entity::id::{self, HandoutId};

use super::Door;
use super::entry::{disposition, enter, fault, refused};
use crate::account::handout;
use crate::kernel::error::{Code, Fault};

pub(super) const WORKBOOK: HeaderValue =
    HeaderValue::from_static("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
/// What fetching one costs.
const COST: u64 = 10;

/// GET: the sheet, and it is gone.
pub async fn one(State(door): State<Arc<Door>>, Path(name): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    fetch(&door, &name, &parts).await.unwrap_or_else(|fault| refused(&fault, &parts))
}

async fn fetch(door: &Door, name: &str, parts: &Parts) -> Result<Response, Fault> {
    let ctx = enter(door, parts, COST).await?;
    let id = id::read(name).filter(|(prefix, _)| prefix == HandoutId::PREFIX).map(|(_, id)| HandoutId(id));
    let sheet = match id {
        Some(id) => handout::fetch(&ctx, id).await.map_err(fault)?,
        None => None,
    };
    let sheet = sheet.ok_or_else(|| {
        Fault::new(
            Code::NotFound,
            "没有这个表格，或已下载，或已过期。",
            "There is no such sheet, or it was fetched already, or its time is over.",
        )
    })?;
    let mut response = sheet.content.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, WORKBOOK);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_DISPOSITION, disposition("attachment", &sheet.file_name));
    Ok(response)
}
