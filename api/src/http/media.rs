//! What a request says it sends and takes: media types, encodings, the bearer token, the request id.

use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::kernel::error::{Code, Fault, Locale};

/// The header of the request id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest request id that is taken from a client.
const MAX_REQUEST_ID: usize = 64;

/// The media types of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Media {
    /// `application/graphql-response+json`: the status tells whether the operation was executed.
    Graphql,
    /// `application/json`, also for those who don't say.
    Json,
}

impl Media {
    /// The value of `Content-Type`.
    pub fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Graphql => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        })
    }

    const fn subtype(self) -> &'static str {
        match self {
            Self::Graphql => "graphql-response+json",
            Self::Json => "json",
        }
    }
}

/// One range of an `Accept` header.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    quality: f32,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let mut quality = 1.0;
        for parameter in parts {
            match parameter.split_once('=') {
                Some((name, value)) if name.eq_ignore_ascii_case("q") => quality = value.parse().ok()?,
                Some((name, value)) if name.eq_ignore_ascii_case("charset") && !is_utf8(value) => {
                    return None;
                }
                _ => {}
            }
        }
        Some(Self { kind, subtype, quality })
    }

    /// How closely this range names a media type; nothing when it does not.
    fn closeness(&self, media: Media) -> Option<u8> {
        let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
        match (self.kind, self.subtype) {
            ("*", "*") => Some(0),
            (kind, "*") if same(kind, "application") => Some(1),
            (kind, subtype) if same(kind, "application") && same(subtype, media.subtype()) => Some(2),
            _ => None,
        }
    }
}

/// The media type that a client wants; nothing when we have none that it takes.
pub fn accepted(headers: &HeaderMap) -> Option<Media> {
    let texts: Vec<_> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    if texts.iter().all(|text| text.trim().is_empty()) {
        return Some(Media::Json);
    }
    let ranges: Vec<_> = texts.iter().flat_map(|text| text.split(',')).filter_map(Range::parse).collect();
    let wish = |media| {
        let matches = ranges.iter().enumerate();
        let close = matches.filter_map(|(at, range)| Some((range.closeness(media)?, at, range.quality)));
        let closest = close.max_by_key(|(closeness, at, _)| (*closeness, usize::MAX - at));
        closest.filter(|(.., quality)| *quality > 0.0)
    };
    match (wish(Media::Graphql), wish(Media::Json)) {
        (None, None) => None,
        (Some(_), None) => Some(Media::Graphql),
        (Some((g_close, g_at, g_quality)), Some((j_close, j_at, j_quality))) => {
            // As much wanted as the other: the one that is named, then the one that is named first.
            let order = g_quality.total_cmp(&j_quality).then(g_close.cmp(&j_close)).then(j_at.cmp(&g_at));
            Some(if order.is_gt() { Media::Graphql } else { Media::Json })
        }
        (None, Some(_)) => Some(Media::Json),
    }
}

/// Whether a body is JSON in UTF-8, not compressed.
pub fn sends_json(headers: &HeaderMap) -> bool {
    let Some(Ok(text)) = headers.get(CONTENT_TYPE).map(HeaderValue::to_str) else { return false };
    let mut parts = text.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    let plain = headers.get(CONTENT_ENCODING).is_none_or(|value| value == "identity");
    let is_utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => is_utf8(value),
        _ => true,
    });
    is_json && is_utf8 && plain
}

fn is_utf8(charset: &str) -> bool {
    let charset = charset.trim_matches('"');
    charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
}

/// Whether a client takes gzip.
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    let texts = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).any(|coding| {
        let (name, parameter) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = parameter.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()) == Some(0.0);
        matches!(name.trim(), "gzip" | "x-gzip" | "*") && !refused
    })
}

/// The language of messages.
pub fn locale(headers: &HeaderMap) -> Locale {
    Locale::from_accept_language(headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()))
}

/// The token of a request: none, one `Bearer`, or a fault.
pub fn bearer(headers: &HeaderMap) -> Result<Option<String>, Fault> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (first, second) = (all.next(), all.next());
    let Some(value) = first else { return Ok(None) };
    let token = value.to_str().ok().and_then(|text| text.split_once(' ')).and_then(|(scheme, token)| {
        let token = token.trim();
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| token.to_owned())
    });
    match token {
        Some(token) if second.is_none() => Ok(Some(token)),
        _ => Err(Fault::new(
            Code::Unauthenticated,
            "Authorization 须为 Bearer 令牌",
            "Authorization must be one Bearer token",
        )),
    }
}

/// The id of a request: the client's when it is a plain token, else a new one.
pub fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let is_plain = |text: &&str| {
        (1..=MAX_REQUEST_ID).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    given.filter(is_plain).map_or_else(|| uuid::Uuid::now_v7().simple().to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(accept: &str) -> Option<Media> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().expect("a value"));
        accepted(&headers)
    }

    #[test]
    fn media_types_are_negotiated() {
        assert_eq!(accepted(&HeaderMap::new()), Some(Media::Json));
        let table = [
            ("*/*", Some(Media::Json)),
            ("application/*", Some(Media::Json)),
            ("application/json", Some(Media::Json)),
            ("application/graphql-response+json", Some(Media::Graphql)),
            ("application/graphql-response+json, application/json;q=0.9", Some(Media::Graphql)),
            ("application/json;q=0.9, application/graphql-response+json", Some(Media::Graphql)),
            ("application/json, application/graphql-response+json", Some(Media::Json)),
            ("application/graphql-response+json, */*", Some(Media::Graphql)),
            ("*/*, application/json;q=0", Some(Media::Graphql)),
            ("application/json; charset=utf-8", Some(Media::Json)),
            ("application/json; charset=gbk", None),
            ("text/html", None),
            ("application/json;q=0", None),
        ];
        for (accept, media) in table {
            assert_eq!(wanted(accept), media, "{accept}");
        }
    }

    #[test]
    fn one_bearer_token_or_none() {
        let token = |value: &str| {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, value.parse().expect("a value"))]);
            bearer(&headers).map_err(|fault| fault.code)
        };
        assert_eq!(token("Bearer abc"), Ok(Some("abc".to_owned())));
        assert_eq!(token("bearer abc"), Ok(Some("abc".to_owned())));
        assert_eq!(token("Basic abc"), Err(Code::Unauthenticated));
        assert_eq!(token("Bearer "), Err(Code::Unauthenticated));
        assert_eq!(bearer(&HeaderMap::new()).map_err(|fault| fault.code), Ok(None));
    }

    #[test]
    fn only_plain_request_ids_are_taken() {
        let id =
            |value: &str| request_id(&HeaderMap::from_iter([(REQUEST_ID, value.parse().expect("a value"))]));
        assert_eq!(id("a-1_b.C"), "a-1_b.C");
        assert_eq!(id("two words").len(), 32);
        assert_eq!(id(&"x".repeat(65)).len(), 32);
    }
}
