//! ID tokens: signed by a key of the service, by the algorithm that the key is made for, and about this very sign-on.

use entity::scalar::DateTime;
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};
use serde::Deserialize;

/// How far two clocks may differ, in seconds.
const SKEW: i64 = 60;
/// How old a token may be that was made for a code just now, in seconds.
const OLDEST: i64 = 600;
/// The longest subject (OpenID Connect Core, 2).
const SUBJECT: usize = 255;

/// The keys of the service that sign by an algorithm we take.
pub(super) struct Keys(Vec<Key>);

struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    public: DecodingKey,
}

/// A set of keys as it is published; what we do not know in it is passed over.
#[derive(Deserialize)]
pub(super) struct Published {
    keys: Vec<serde_json::Value>,
}

/// The one algorithm that a key is for.
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    let (ours, named) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    let signs = jwk.common.public_key_use.as_ref().is_none_or(|own| *own == PublicKeyUse::Signature);
    (signs && jwk.common.key_algorithm.is_none_or(|own| own == named)).then_some(ours)
}

impl Keys {
    pub(super) fn read(published: Published) -> Self {
        let keys = published.keys.into_iter().filter_map(|value| {
            let jwk: Jwk = serde_json::from_value(value).ok()?;
            let algorithm = algorithm(&jwk)?;
            Some(Key { public: DecodingKey::from_jwk(&jwk).ok()?, id: jwk.common.key_id, algorithm })
        });
        Self(keys.collect())
    }

    /// The key of an id; without an id, the only one there is.
    fn find(&self, id: Option<&str>) -> Option<&Key> {
        match (id, self.0.as_slice()) {
            (Some(id), keys) => keys.iter().find(|key| key.id.as_deref() == Some(id)),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }

    pub(super) fn have(&self, id: Option<&str>) -> bool {
        self.find(id).is_some()
    }
}

/// The key that a token says it is signed with, if it says so. Fails for what is no token.
pub(super) fn key_id(token: &str) -> Result<Option<String>, &'static str> {
    Ok(decode_header(token).map_err(|_| "it is no token")?.kid)
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn names(&self, client: &str) -> bool {
        match self {
            Self::One(one) => one == client,
            Self::Several(all) => all.iter().any(|one| one == client),
        }
    }

    fn is_one(&self) -> bool {
        match self {
            Self::One(_) => true,
            Self::Several(all) => all.len() == 1,
        }
    }
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nonce: Option<String>,
}

/// What a token must be about.
#[derive(Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: DateTime,
}

/// The subject of a token, if everything about it is right; otherwise what is wrong, for the log alone.
pub(super) fn subject(token: &str, keys: &Keys, expected: Expected<'_>) -> Result<String, &'static str> {
    let header = decode_header(token).map_err(|_| "it is no token")?;
    let key = keys.find(header.kid.as_deref()).ok_or("its key is not among those of the issuer")?;
    let mut validation = Validation::new(key.algorithm);
    validation.required_spec_claims.clear();
    // The claims are compared below, with our own clock.
    validation.validate_exp = false;
    validation.validate_aud = false;
    let claims =
        decode::<Claims>(token, &key.public, &validation).map_err(|_| "its signature or form is wrong")?;
    let Claims { iss, sub, aud, azp, exp, iat, nonce } = claims.claims;
    let Expected { issuer, client, nonce: own, now } = expected;
    let now = now.0.timestamp();
    let authorised = match azp.as_deref() {
        Some(azp) => azp == client,
        None => aud.is_one(),
    };
    let wrong = [
        (iss != issuer, "it is of another issuer"),
        (!aud.names(client), "it is for another client"),
        (!authorised, "it was given to another client"),
        (exp <= now.saturating_sub(SKEW), "it is over"),
        (iat > now.saturating_add(SKEW), "it is of the future"),
        (iat < now.saturating_sub(OLDEST), "it is old"),
        (nonce.as_deref() != Some(own), "it is of another sign-on"),
        (sub.is_empty() || sub.len() > SUBJECT, "it is about nobody"),
    ];
    match wrong.into_iter().find(|(is, _)| *is) {
        Some((_, what)) => Err(what),
        None => Ok(sub),
    }
}
