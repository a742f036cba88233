//! `/attachments/{id}`: a file of a record, and the same in small. The right to the record is asked each time, and who is
//! handed a file is written down.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use entity::id::{self, AttachmentId};

use super::Door;
use super::entry::{disposition, enter, fault, refused};
use crate::attaching;
use crate::attachment::object::Attachment;
use crate::kernel::error::{Code, Fault};

const JPEG: HeaderValue = HeaderValue::from_static("image/jpeg");
/// Kept by nobody in between, and by the viewer only as long as the server says that it is still theirs.
const CACHE: HeaderValue = HeaderValue::from_static("private, no-cache");
/// Nothing in it runs, and it fetches nothing.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");
/// What fetching one costs.
const COST: u64 = 10;

/// GET: the file.
pub async fn whole(State(door): State<Arc<Door>>, Path(name): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    fetch(&door, &name, &parts, &WHOLE).await.unwrap_or_else(|fault| refused(&fault, &parts))
}

/// GET: the picture in small.
pub async fn small(State(door): State<Arc<Door>>, Path(name): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    fetch(&door, &name, &parts, &SMALL).await.unwrap_or_else(|fault| refused(&fault, &parts))
}

/// Which of the two.
struct Form {
    /// The field of `Attachment` by which its address is told.
    field: &'static str,
    /// Ends its tag.
    tag: &'static str,
    key: fn(&Attachment) -> Option<&str>,
    kind: fn(&Attachment) -> HeaderValue,
    /// How a browser takes it, and under which name.
    taken: fn(&Attachment) -> HeaderValue,
}

const WHOLE: Form = Form {
    field: "url",
    tag: "",
    key: |file| Some(&file.store_key),
    kind: |file| HeaderValue::from_str(&file.media_type).unwrap_or(OCTETS),
    taken: |file| {
        let how = if file.thumbnail_key.is_some() { "inline" } else { "attachment" };
        disposition(how, &file.file_name)
    },
};
const SMALL: Form = Form {
    field: "thumbnailUrl",
    tag: "-small",
    key: |file| file.thumbnail_key.as_deref(),
    kind: |_| JPEG,
    taken: |_| HeaderValue::from_static("inline"),
};
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// Unknown and out of sight answer alike.
fn not_there() -> Fault {
    Fault::new(
        Code::NotFound,
        "没有此附件，或不在您的范围内。",
        "There is no such file, or none within your scope.",
    )
}

async fn fetch(door: &Door, name: &str, parts: &Parts, form: &Form) -> Result<Response, Fault> {
    let ctx = enter(door, parts, COST).await?;
    let id = id::read(name).filter(|(prefix, _)| prefix == AttachmentId::PREFIX);
    let (_, id) = id.ok_or_else(not_there)?;
    let file = attaching::fetched(&ctx, AttachmentId(id), form.field).await.map_err(fault)?;
    let file = file.ok_or_else(not_there)?;
    let key = (form.key)(&file).ok_or_else(not_there)?;
    door.state.access.note(&door.state.db, ctx.looks()).await.map_err(fault)?;
    let tag = tag(&file, form);
    if is_known(&parts.headers, &tag) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        guard(response.headers_mut(), &tag);
        return Ok(response);
    }
    let Some(kept) = door.state.keep.files.get(key).await.map_err(fault)? else {
        tracing::error!(%name, "a file of the store is not there");
        return Err(Fault::new(
            Code::Storage,
            "文件暂时无法读取，请稍后再试。",
            "The file cannot be read at the moment; please try again.",
        ));
    };
    let mut response = Body::from_stream(kept.bytes).into_response();
    let headers = response.headers_mut();
    guard(headers, &tag);
    headers.insert(CONTENT_TYPE, (form.kind)(&file));
    headers.insert(CONTENT_LENGTH, kept.length.into());
    headers.insert(CONTENT_DISPOSITION, (form.taken)(&file));
    Ok(response)
}

/// The same bytes have the same tag.
fn tag(file: &Attachment, form: &Form) -> String {
    let mut tag = String::from("\"");
    for byte in &file.sha256 {
        _ = write!(tag, "{byte:02x}");
    }
    tag + form.tag + "\""
}

/// Whether whoever asks has these bytes.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    known.split(',').map(|one| one.trim().trim_start_matches("W/")).any(|one| one == tag || one == "*")
}

/// Harmless where it is opened, and shown to nobody else.
fn guard(headers: &mut HeaderMap, tag: &str) {
    headers.insert(ETAG, HeaderValue::from_str(tag).unwrap_or(HeaderValue::from_static("\"\"")));
    headers.insert(CACHE_CONTROL, CACHE);
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
