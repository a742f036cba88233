//! Codes that follow from a shared secret and the time (RFC 6238): SHA-1, steps of 30 seconds, six digits, as
//! authenticator apps make them.

use crate::kernel::error::{Error, Result};
use aws_lc_rs::{constant_time, hmac, rand};
use entity::scalar::DateTime;
use std::fmt::Write;

/// Seconds of a step.
const STEP: i64 = 30;
/// Steps before and after the present one whose codes are taken, for clocks that differ.
const DRIFT: i64 = 1;
const DIGITS: usize = 6;
/// 160 bits, as long as the hash.
const SECRET_BYTES: usize = 20;
const BASE_32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new secret, in base 32.
pub(super) fn secret() -> Result<String> {
    let mut bytes = [0; SECRET_BYTES];
    rand::fill(&mut bytes).map_err(|_| Error::internal("no randomness"))?;
    Ok(base_32(&bytes))
}

/// Bytes in base 32, without padding; five bytes make eight letters.
pub(super) fn base_32(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let mut bits = [0; 8];
        bits[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(bits);
        let letters = (chunk.len() * 8).div_ceil(5);
        for at in 0..letters {
            text.push(char::from(BASE_32[usize::try_from(bits >> (35 - 5 * at) & 31).unwrap_or_default()]));
        }
    }
    text
}

/// The bytes of a text in base 32; none when it is not one.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for letter in text.bytes() {
        let value = BASE_32.iter().position(|&one| one == letter)?;
        bits = bits << 5 | u32::try_from(value).ok()?;
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// What an authenticator app reads from a picture.
pub(super) fn uri(issuer: &str, account: &str, secret: &str) -> String {
    let (issuer, account) = (escaped(issuer), escaped(account));
    format!(
        "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP}"
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn code_at(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[tag.len() - 1] & 15);
    let word = u32::from_be_bytes([tag[at], tag[at + 1], tag[at + 2], tag[at + 3]]);
    format!("{:0DIGITS$}", (word & 0x7fff_ffff) % 1_000_000)
}

/// The step whose code this is, of those about this moment that come after the last one that was used.
pub(super) fn step_of(secret: &str, code: &str, now: DateTime, last: i64) -> Option<i64> {
    let secret = bytes_of(secret)?;
    let present = now.0.timestamp().div_euclid(STEP);
    let mut steps = (present - DRIFT..=present + DRIFT).filter(|&step| step > last);
    steps.find(|&step| {
        constant_time::verify_slices_are_equal(code_at(&secret, step).as_bytes(), code.as_bytes()).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, the last six of its eight digits.
    const VECTORS: [(i64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    fn at(second: i64) -> DateTime {
        DateTime(chrono::DateTime::from_timestamp(second, 0).expect("a moment"))
    }

    #[test]
    fn codes_are_those_of_the_standard_and_each_is_taken_a_step_early_or_late_and_once() {
        let secret = base_32(b"12345678901234567890");
        assert_eq!(secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        for (second, code) in VECTORS {
            let step = second / STEP;
            for drift in [-STEP, 0, STEP] {
                assert_eq!(step_of(&secret, code, at(second + drift), 0), Some(step), "{second} {drift}");
            }
            for drift in [-2 * STEP, 2 * STEP] {
                assert_eq!(step_of(&secret, code, at(second + drift), 0), None, "{second} {drift}");
            }
            assert_eq!(step_of(&secret, code, at(second), step), None, "it was used");
        }
        assert_eq!(step_of(&secret, "", at(59), 0), None);
    }

    #[test]
    fn base_32_comes_back_as_it_went() {
        for (bytes, text) in
            [(&b"f"[..], "MY"), (b"fo", "MZXQ"), (b"foo", "MZXW6"), (b"foobar", "MZXW6YTBOI")]
        {
            assert_eq!(base_32(bytes), text);
            assert_eq!(bytes_of(text).as_deref(), Some(bytes));
        }
        assert_eq!(bytes_of("0"), None);
    }

    #[test]
    fn the_address_names_the_server_and_the_account() {
        assert_eq!(
            uri("联户", "wang.li", "MY"),
            "otpauth://totp/%E8%81%94%E6%88%B7:wang.li?secret=MY&issuer=%E8%81%94%E6%88%B7&algorithm=SHA1&digits=6&period=30"
        );
    }
}
