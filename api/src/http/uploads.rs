//! Files over HTTP at `/uploads`, resumable, by tus 1.0.0 (tus.io) with creation, termination, expiration and checksum.
//!
//! The work is done in [`crate::upload`]; here are methods, headers and statuses. A piece is taken in by a task of its own:
//! when its connection breaks, what has arrived is still put in safety.

use std::sync::Arc;

use axum::body::{Body, HttpBody as _};
use axum::extract::{Path, Request, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use entity::id::{self, UploadId};
use entity::kind::UploadPurpose;
use entity::upload as table;
use futures_util::StreamExt;
use sea_orm::ActiveEnum;
use tracing::Instrument;

use super::answer::status_of;
use super::budget::Payer;
use super::telemetry::Caller;
use super::{Door, errors, media, not_allowed, refuse};
use crate::account::{self, Pass};
use crate::kernel::error::{Code, Error, Fault, RefusalCode};
use crate::kernel::request::Ctx;
use crate::upload;
use crate::upload::intake::{Checksum, Piece, Trouble};
use crate::upload::object::UploadCreateInput;

/// The version of the protocol, the only one.
const TUS: HeaderValue = HeaderValue::from_static("1.0.0");
const EXTENSIONS: HeaderValue = HeaderValue::from_static("creation,termination,expiration,checksum");
const ALGORITHMS: HeaderValue = HeaderValue::from_static(Checksum::ALGORITHMS);
const OCTETS: &str = "application/offset+octet-stream";
const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const VERSION: HeaderName = HeaderName::from_static("tus-version");
const MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
const EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
const ALGORITHM: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const METHOD: HeaderName = HeaderName::from_static("x-http-method-override");
const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Headers that a page of another origin may send.
pub(super) const SENT: [HeaderName; 6] = [RESUMABLE, OFFSET, LENGTH, METADATA, CHECKSUM, METHOD];
/// Headers that a page of another origin may read.
pub(super) const SHOWN: [HeaderName; 10] =
    [RESUMABLE, VERSION, MAX_SIZE, EXTENSION, ALGORITHM, OFFSET, LENGTH, METADATA, EXPIRES, LOCATION];

/// The status of a piece that does not come to its checksum, as tus has it.
const CHECKSUM_MISMATCH: u16 = 460;
/// What a request costs that reads, and one that writes.
const READING: u64 = 1;
const WRITING: u64 = 10;
/// When to come back while another piece is being taken.
const BUSY_MS: u64 = 1_000;
/// Bytes of a body that are still read when it is refused, so that its sender sees the answer.
const REMAINDER: usize = 1024 * 1024;

/// Why a request is refused.
struct Refused {
    status: StatusCode,
    fault: Fault,
    /// Where the file goes on.
    offset: Option<i64>,
}

impl Refused {
    fn new(status: StatusCode, code: Code, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { status, fault: Fault::new(code, zh, en), offset: None }
    }

    fn bad(zh: &str, en: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::BadUserInput, zh, en)
    }

    fn too_long(most: i64) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            Code::PayloadTooLarge,
            format!("最多还能接收 {most} 字节"),
            format!("At most {most} bytes can be taken"),
        )
    }

    fn not_there() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            Code::NotFound,
            "没有这个上传，或已过期",
            "There is no such upload, or it has expired",
        )
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        let status = status_of(fault.code).unwrap_or(match fault.code {
            Code::NotFound => StatusCode::NOT_FOUND,
            Code::Conflict | Code::IdempotencyKeyReused => StatusCode::CONFLICT,
            _ => StatusCode::BAD_REQUEST,
        });
        Self { status, fault, offset: None }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match error {
            Error::Fault(fault) => (*fault).into(),
            Error::Internal(cause) => {
                tracing::error!(cause = cause.0, "an upload failed");
                errors::internal().into()
            }
            Error::Refused(refusals) => {
                let Some(first) = refusals.into_iter().next() else { return errors::internal().into() };
                if first.code == RefusalCode::NotFound {
                    return Self::not_there();
                }
                let refused = Self::from(Fault::new(first.code.fault(), first.zh, first.en));
                let status = match first.code {
                    RefusalCode::Limit => StatusCode::TOO_MANY_REQUESTS,
                    _ => refused.status,
                };
                Self { status, ..refused }
            }
        }
    }
}

impl From<Trouble> for Refused {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Other(error) => error.into(),
            Trouble::Busy => Self {
                fault: Fault::new(
                    Code::Conflict,
                    "此文件正在接收中",
                    "This file is being sent at the moment",
                )
                .retry_after(BUSY_MS),
                ..Self::new(StatusCode::LOCKED, Code::Conflict, "", "")
            },
            Trouble::Offset { received } => Self {
                offset: Some(received),
                ..Self::new(
                    StatusCode::CONFLICT,
                    Code::Conflict,
                    format!("应从第 {received} 字节续传"),
                    format!("The file goes on at byte {received}"),
                )
            },
            Trouble::TooLong { left } => Self::too_long(left),
            Trouble::Checksum => Self::new(
                StatusCode::from_u16(CHECKSUM_MISMATCH).unwrap_or(StatusCode::BAD_REQUEST),
                Code::BadUserInput,
                "校验和不符，此段未保存",
                "The checksum does not fit; the piece was not kept",
            ),
            Trouble::Silent => Self {
                fault: Fault::new(Code::Timeout, "请求体未在时限内送达", "The body did not arrive in time")
                    .retry_after(BUSY_MS),
                ..Self::new(StatusCode::REQUEST_TIMEOUT, Code::Timeout, "", "")
            },
            Trouble::Broken => Self::bad("请求体不完整", "The body broke off"),
        }
    }
}

/// The headers of the protocol, on whatever is answered under `/uploads`, a preflight included.
pub(super) async fn speak(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let ours = path == "/uploads" || path.starts_with("/uploads/");
    let asks = request.method() == Method::OPTIONS;
    let mut response = next.run(request).await;
    if !ours {
        return response;
    }
    let headers = response.headers_mut();
    headers.insert(RESUMABLE, TUS);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if asks || headers.contains_key(VERSION) {
        headers.insert(VERSION, TUS);
        headers.insert(MAX_SIZE, door.state.keep.max_upload_bytes.into());
        headers.insert(EXTENSION, EXTENSIONS);
        headers.insert(ALGORITHM, ALGORITHMS);
    }
    response
}

/// `/uploads`: OPTIONS tells what can be done, POST announces a file.
pub async fn all(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answer = match meant(&parts) {
        Method::OPTIONS => Ok(StatusCode::NO_CONTENT.into_response()),
        Method::POST => announce(&door, &parts).await,
        _ => return allowed(not_allowed(parts.headers).await, "OPTIONS, POST"),
    };
    finish(answer, body, &parts.headers).await
}

/// `/uploads/{id}`: HEAD tells how far it is, PATCH goes on, DELETE takes it away.
pub async fn one(State(door): State<Arc<Door>>, Path(name): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answer = match meant(&parts) {
        Method::OPTIONS => Ok(StatusCode::NO_CONTENT.into_response()),
        Method::HEAD => look(&door, &name, &parts).await,
        Method::DELETE => terminate(&door, &name, &parts).await,
        Method::PATCH => {
            let length = body.size_hint().exact();
            match proceed(&door, &name, &parts, length).await {
                Ok((ctx, piece)) => {
                    return finish(receive(ctx, piece, body).await, Body::empty(), &parts.headers).await;
                }
                Err(refused) => Err(refused),
            }
        }
        _ => return allowed(not_allowed(parts.headers).await, "OPTIONS, HEAD, PATCH, DELETE"),
    };
    finish(answer, body, &parts.headers).await
}

/// The method, or the one that stands for it where a client cannot send that.
fn meant(parts: &Parts) -> Method {
    let given = parts.headers.get(METHOD).and_then(|value| Method::from_bytes(value.as_bytes()).ok());
    given.unwrap_or_else(|| parts.method.clone())
}

fn allowed(mut response: Response, methods: &'static str) -> Response {
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    response
}

async fn finish(answer: Result<Response, Refused>, body: Body, headers: &HeaderMap) -> Response {
    let Refused { status, fault, offset } = match answer {
        Ok(response) => return response,
        Err(refused) => refused,
    };
    drain(body).await;
    let mut response = refuse(status, &fault, headers);
    if let Some(offset) = offset {
        response.headers_mut().insert(OFFSET, offset.into());
    }
    if status == StatusCode::PRECONDITION_FAILED {
        response.headers_mut().insert(VERSION, TUS);
    }
    response
}

/// Reads a little of what nobody wants: a client that is still sending would see a broken pipe instead of the answer.
async fn drain(body: Body) {
    let rest = async {
        let (mut body, mut read) = (body.into_data_stream(), 0);
        while let Some(Ok(bytes)) = body.next().await {
            read += bytes.len();
            if read > REMAINDER {
                break;
            }
        }
    };
    // Whether it all came is its sender's affair.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(2), rest).await;
}

/// Who asks, by the same protocol version and within their budget.
async fn enter(door: &Door, parts: &Parts, cost: u64) -> Result<Ctx, Refused> {
    let headers = &parts.headers;
    let caller = parts.extensions.get::<Caller>().cloned().unwrap_or_default();
    if headers.get(RESUMABLE) != Some(&TUS) {
        return Err(Refused::new(
            StatusCode::PRECONDITION_FAILED,
            Code::BadUserInput,
            "Tus-Resumable 应为 1.0.0",
            "Tus-Resumable must be 1.0.0",
        ));
    }
    let spend =
        |payer| door.pipeline.spend(payer, cost).map(|_| ()).map_err(|refused| Refused::from(*refused.fault));
    let unknown = caller.address.map(Payer::address);
    let pass = match media::bearer(headers) {
        Ok(Some(bearer)) => Ok(Pass::Bearer(bearer)),
        Ok(None) => Err(Fault::unauthenticated()),
        Err(fault) => Err(fault),
    };
    let entered = match pass {
        Ok(pass) => {
            let locale = media::locale(headers);
            account::enter(&door.state, &pass, caller.address, locale, &caller.request_id).await
        }
        Err(fault) => Err(fault),
    };
    match entered {
        Ok(ctx) => spend(Payer::of(&ctx)).map(|()| ctx),
        Err(fault) => {
            unknown.map(spend).transpose()?;
            Err(fault.into())
        }
    }
}

fn named(name: &str) -> Result<UploadId, Refused> {
    let read = id::read(name).filter(|(prefix, _)| prefix == UploadId::PREFIX);
    read.map(|(_, id)| UploadId(id)).ok_or_else(Refused::not_there)
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<i64> {
    let text = headers.get(name)?.to_str().ok()?;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(i64::MAX))
}

async fn announce(door: &Door, parts: &Parts) -> Result<Response, Refused> {
    let ctx = enter(door, parts, WRITING).await?;
    let headers = &parts.headers;
    let length = number(headers, &LENGTH).ok_or_else(|| {
        Refused::bad("Upload-Length 应为文件的字节数", "Upload-Length must be the bytes of the file")
    })?;
    let most = door.state.keep.max_upload_bytes;
    if length > most {
        return Err(Refused::too_long(most));
    }
    let metadata = Metadata::read(headers)?;
    let purpose = metadata.purpose.as_deref().unwrap_or_default();
    let purpose = UploadPurpose::try_from_value(&purpose.to_owned()).map_err(|_| {
        let known: Vec<_> = UploadPurpose::all().map(|one| one.to_value()).collect();
        let known = known.join(", ");
        Refused::bad(
            &format!("Upload-Metadata 的 purpose 应为其中之一：{known}"),
            &format!("purpose in Upload-Metadata must be one of: {known}"),
        )
    })?;
    let key = headers.get(KEY).and_then(|value| value.to_str().ok());
    let input = UploadCreateInput {
        idempotency_key: key.map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned).into(),
        id: None,
        purpose,
        file_name: metadata.file_name.unwrap_or_default(),
        media_type: metadata.media_type,
        length,
    };
    let written = upload::announce(&ctx, &input).await?;
    let upload = upload::find(&ctx, UploadId(written.entity), "id").await?;
    let mut response = StatusCode::CREATED.into_response();
    let headers = response.headers_mut();
    headers.insert(LOCATION, value(&upload::url(upload.id)));
    headers.insert(EXPIRES, expiry(&upload));
    Ok(response)
}

async fn look(door: &Door, name: &str, parts: &Parts) -> Result<Response, Refused> {
    let ctx = enter(door, parts, READING).await?;
    let upload = upload::find(&ctx, named(name)?, "id").await?;
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    headers.insert(OFFSET, upload.received.into());
    headers.insert(LENGTH, upload.length.into());
    headers.insert(METADATA, value(&Metadata::of(&upload)));
    headers.insert(EXPIRES, expiry(&upload));
    Ok(response)
}

async fn terminate(door: &Door, name: &str, parts: &Parts) -> Result<Response, Refused> {
    let ctx = enter(door, parts, WRITING).await?;
    upload::intake::terminate(&ctx, named(name)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The piece that a PATCH announces.
async fn proceed(
    door: &Door,
    name: &str,
    parts: &Parts,
    length: Option<u64>,
) -> Result<(Ctx, Piece), Refused> {
    let ctx = enter(door, parts, WRITING).await?;
    let headers = &parts.headers;
    let id = named(name)?;
    let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if sent.is_none_or(|sent| !sent.trim().eq_ignore_ascii_case(OCTETS)) {
        return Err(Refused::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Code::BadUserInput,
            format!("Content-Type 应为 {OCTETS}"),
            format!("Content-Type must be {OCTETS}"),
        ));
    }
    let offset = number(headers, &OFFSET).ok_or_else(|| {
        Refused::bad(
            "Upload-Offset 应为续传的起始字节",
            "Upload-Offset must be the byte at which this begins",
        )
    })?;
    let checksum = headers.get(CHECKSUM).map(checksum).transpose()?;
    let length = length.map(|length| i64::try_from(length).unwrap_or(i64::MAX));
    Ok((ctx, Piece { id, offset, length, checksum, patience: door.state.config.http.body_timeout }))
}

fn checksum(header: &HeaderValue) -> Result<Checksum, Refused> {
    let read = header.to_str().ok().and_then(|text| {
        let (algorithm, wanted) = text.trim().split_once(' ')?;
        Checksum::new(algorithm, BASE64.decode(wanted.trim()).ok()?)
    });
    read.ok_or_else(|| {
        Refused::bad(
            "Upload-Checksum 应为 sha1 或 sha256、空格和 base64 值",
            "Upload-Checksum must be sha1 or sha256, a space, and the value in base64",
        )
    })
}

/// Takes a piece in, to the end that it comes to, also when its connection is gone before that.
async fn receive(ctx: Ctx, piece: Piece, body: Body) -> Result<Response, Refused> {
    let work = upload::intake::receive(ctx, piece, body.into_data_stream());
    let upload = tokio::spawn(work.in_current_span()).await.map_err(Error::internal)??;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(OFFSET, upload.received.into());
    response.headers_mut().insert(EXPIRES, expiry(&upload));
    Ok(response)
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

fn expiry(upload: &table::Model) -> HeaderValue {
    value(&upload.expires_at.0.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

/// What `Upload-Metadata` says of a file.
#[derive(Default)]
struct Metadata {
    file_name: Option<String>,
    media_type: Option<String>,
    purpose: Option<String>,
}

impl Metadata {
    /// Pairs of key and base64, with commas; keys that we do not know are passed over.
    fn read(headers: &HeaderMap) -> Result<Self, Refused> {
        let mut read = Self::default();
        let Some(header) = headers.get(METADATA) else { return Ok(read) };
        let wrong = || {
            Refused::bad(
                "Upload-Metadata 应为“键 base64(UTF-8)”，以逗号分隔",
                "Upload-Metadata must be pairs of a key and UTF-8 in base64, parted by commas",
            )
        };
        for pair in header.to_str().map_err(|_| wrong())?.split(',') {
            let (key, text) = pair.trim().split_once(' ').unwrap_or((pair.trim(), ""));
            let text = BASE64.decode(text.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let text = text.ok_or_else(wrong)?;
            match key {
                "filename" => read.file_name = Some(text),
                "filetype" => read.media_type = Some(text),
                "purpose" => read.purpose = Some(text),
                _ => {}
            }
        }
        Ok(read)
    }

    fn of(upload: &table::Model) -> String {
        let mut pairs = vec![
            format!("filename {}", BASE64.encode(&upload.file_name)),
            format!("purpose {}", BASE64.encode(upload.purpose.to_value())),
        ];
        pairs.extend(upload.media_type.as_ref().map(|kind| format!("filetype {}", BASE64.encode(kind))));
        pairs.join(",")
    }
}
