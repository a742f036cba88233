//! GraphQL over HTTP at `/graphql`, as its specification has it: POST of one JSON object, GET for
//! queries, two media types, and a status that fits each.

use std::sync::Arc;

use axum::body::{Body as HttpBody, HttpBody as _};
use axum::extract::{Query, Request, State};
use axum::http::header::ALLOW;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserialize;

use super::Door;
use super::answer::{declined, respond};
use super::key;
use super::listener::Connection;
use super::live;
use super::media::{self, Media};
use super::parameters::Parameters;
use super::pipeline::Call;
use super::telemetry::Caller;
use crate::account::Pass;
use crate::kernel::error::{Code, Fault};

/// Methods of this endpoint.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");

/// The parameters as a query string has them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Encoded {
    query: String,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

/// Why a request never reached the pipeline.
pub(super) struct Refused(pub(super) StatusCode, pub(super) Fault);

/// `GET` and `POST` of `/graphql`.
pub async fn graphql(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let caller = parts.extensions.get::<Caller>().cloned().unwrap_or_default();
    let locale = media::locale(&parts.headers);
    if live::socket::wanted(&parts.headers) {
        return live::socket::accept(door, parts, caller).await;
    }
    let events = live::events::wanted(&parts.headers);
    let media = media::accepted(&parts.headers).or(events.then_some(Media::Json));
    let read = match media {
        Some(_) => read(&door, &parts.method, &parts.uri, &parts.headers, body).await,
        None => Err(not_acceptable()),
    };
    let answer = match read {
        Ok((parameters, bearer)) => {
            let call = parameters.call(Pass::of(bearer), locale, caller.request_id, caller.address);
            let key = key::of(&parts.headers);
            let call = Call { key, read_only: parts.method == Method::GET, ..call };
            if events {
                let connection = parts.extensions.get::<Connection>().cloned();
                return live::events::answer(door, call, connection, &parts.headers).await;
            }
            door.pipeline.run(call).await
        }
        Err(Refused(status, fault)) => declined(status, &fault, locale, &caller.request_id),
    };
    let mut response = respond(&answer, media.unwrap_or(Media::Json), &parts.headers);
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, METHODS);
    }
    response
}

async fn read(
    door: &Door,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: HttpBody,
) -> Result<(Parameters, Option<String>), Refused> {
    let bearer = media::bearer(headers).map_err(|fault| Refused(StatusCode::UNAUTHORIZED, fault))?;
    let parameters = match *method {
        Method::GET => from_uri(uri)?,
        Method::POST if !media::sends_json(headers) => {
            // A client that is still sending would see a broken pipe instead of the answer.
            _ = collect(door, body).await;
            return Err(unsupported_media());
        }
        Method::POST => from_body(&collect(door, body).await?)?,
        _ => return Err(not_allowed()),
    };
    Ok((parameters, bearer))
}

/// The whole body, within its limits of size and time.
pub(super) async fn collect(door: &Door, body: HttpBody) -> Result<Bytes, Refused> {
    let settings = &door.state.config.http;
    let limit = settings.max_body_bytes;
    if body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
        return Err(too_large(limit));
    }
    let whole = tokio::time::timeout(settings.body_timeout, Limited::new(body, limit).collect()).await;
    match whole {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Ok(Err(_)) => Err(bad("请求体不完整", "The body broke off")),
        Err(_) => Err(Refused(
            StatusCode::REQUEST_TIMEOUT,
            Fault::new(Code::Timeout, "请求体未在时限内送达", "The body did not arrive in time")
                .retry_after(1_000),
        )),
    }
}

fn from_body(body: &[u8]) -> Result<Parameters, Refused> {
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err(bad("不支持批量请求，请逐个发送", "Batches are not taken; send one operation at a time"));
    }
    serde_json::from_slice(body).map_err(|error| {
        let place = (error.line(), error.column());
        if error.is_data() { bad_parameters(place) } else { bad_json(place) }
    })
}

fn from_uri(uri: &Uri) -> Result<Parameters, Refused> {
    let Query(encoded) = Query::<Encoded>::try_from_uri(uri).map_err(|_| bad_parameters((1, 0)))?;
    Ok(Parameters {
        query: encoded.query,
        operation_name: encoded.operation_name,
        variables: decoded(encoded.variables.as_deref())?,
        _extensions: decoded(encoded.extensions.as_deref())?,
    })
}

fn decoded<T: for<'de> Deserialize<'de>>(text: Option<&str>) -> Result<Option<T>, Refused> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    serde_json::from_str(text).map_err(|error| bad_parameters((error.line(), error.column())))
}

fn bad(zh: &str, en: &str) -> Refused {
    Refused(StatusCode::BAD_REQUEST, Fault::new(Code::BadUserInput, zh, en))
}

fn bad_json((line, column): (usize, usize)) -> Refused {
    bad(
        &format!("请求体不是正确的 JSON（第 {line} 行第 {column} 列）"),
        &format!("The body is not JSON (line {line}, column {column})"),
    )
}

fn bad_parameters((line, column): (usize, usize)) -> Refused {
    bad(
        &format!(
            "请求应含 query（字符串），可含 operationName（字符串）、variables 与 extensions（对象）；\
             请看第 {line} 行第 {column} 列"
        ),
        &format!(
            "A request has query (a string) and may have operationName (a string), variables and \
             extensions (maps); see line {line}, column {column}"
        ),
    )
}

fn too_large(limit: usize) -> Refused {
    Refused(
        StatusCode::PAYLOAD_TOO_LARGE,
        Fault::new(
            Code::PayloadTooLarge,
            format!("请求体最多 {limit} 字节"),
            format!("A body may have at most {limit} bytes"),
        ),
    )
}

fn not_acceptable() -> Refused {
    Refused(
        StatusCode::NOT_ACCEPTABLE,
        Fault::new(
            Code::BadUserInput,
            "只能答复 application/graphql-response+json 或 application/json",
            "There is application/graphql-response+json and application/json",
        ),
    )
}

fn unsupported_media() -> Refused {
    Refused(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Fault::new(
            Code::BadUserInput,
            "请求体须为 UTF-8 的 application/json",
            "A body must be application/json in UTF-8",
        ),
    )
}

fn not_allowed() -> Refused {
    Refused(
        StatusCode::METHOD_NOT_ALLOWED,
        Fault::new(Code::BadUserInput, "请用 GET 或 POST", "Use GET or POST"),
    )
}
