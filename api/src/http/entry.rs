//! Who asks for a file over HTTP: signed in, and with budget left.

use std::fmt::Write as _;

use axum::http::HeaderValue;
use axum::http::request::Parts;
use axum::response::Response;

use super::answer::status_of_file;
use super::budget::Payer;
use super::telemetry::Caller;
use super::{Door, errors, media, refuse};
use crate::account::{self, Pass};
use crate::kernel::error::{Error, Fault};
use crate::kernel::request::Ctx;

/// Whoever is signed in, once this has been paid; an address pays for whom nobody knows.
pub(super) async fn enter(door: &Door, parts: &Parts, cost: u64) -> Result<Ctx, Fault> {
    let headers = &parts.headers;
    let caller = parts.extensions.get::<Caller>().cloned().unwrap_or_default();
    let spend = |payer| door.pipeline.spend(payer, cost).map(drop).map_err(|refused| *refused.fault);
    let pass = Pass::of(media::bearer(headers)?);
    let locale = media::locale(headers);
    let entered = account::enter(&door.state, &pass, caller.address, locale, &caller.request_id).await;
    match entered {
        Ok(ctx) if ctx.viewer().is_some() => spend(Payer::of(&ctx)).map(|()| ctx),
        Ok(_) => {
            caller.address.map(Payer::address).map(spend).transpose()?;
            Err(Fault::unauthenticated())
        }
        Err(fault) => {
            caller.address.map(Payer::address).map(spend).transpose()?;
            Err(fault)
        }
    }
}

/// What went wrong, for whoever asked.
pub(super) fn fault(error: Error) -> Fault {
    match error {
        Error::Fault(fault) => *fault,
        Error::Refused(refusals) => match refusals.into_iter().next() {
            Some(first) => Fault::new(first.code.fault(), first.zh, first.en),
            None => errors::internal(),
        },
        Error::Internal(cause) => {
            tracing::error!(cause = cause.0, "a file could not be handed out");
            errors::internal()
        }
    }
}

/// The answer that refuses a file.
pub(super) fn refused(fault: &Fault, parts: &Parts) -> Response {
    refuse(status_of_file(fault.code), fault, &parts.headers)
}

/// How a file is to be taken, and its name, each byte that a header cannot carry spelt by its number (RFC 8187).
pub(super) fn disposition(how: &'static str, name: &str) -> HeaderValue {
    let mut spelt = format!("{how}; filename*=UTF-8''");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            spelt.push(char::from(byte));
        } else {
            _ = write!(spelt, "%{byte:02X}");
        }
    }
    HeaderValue::from_str(&spelt).unwrap_or(HeaderValue::from_static(how))
}
