//! Access tokens: JWT signed with Ed25519, ten life, no rights in them (RFC 9068).

use crate::kernel::{
    clock::later,
    error::{Code, Error, Fault, Result},
    vault::{self, Vault},
};
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Duration;
use entity::{
    id::{AccountId, SessionId},
    scalar::DateTime,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const KIND: &str = "at+jwt";

/// What a token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    iat: i64,
    exp: i64,
    jti: Uuid,
}

/// Signs and reads access tokens.
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    kid: String,
    issuer: String,
    audience: String,
    life: Duration,
    known: Cache<Vec<u8>, (AccountId, SessionId, i64)>,
}

impl Tokens {
    /// Keys from the vault.
    pub fn new(vault: &Vault, issuer: &str, audience: &str, life: Duration) -> Result<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&vault.signing_seed).map_err(Error::internal)?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(Error::internal)?;
        let public = pair.public_key().as_ref();
        Ok(Self {
            encoding: EncodingKey::from_ed_der(der.as_ref()),
            decoding: DecodingKey::from_ed_der(public),
            kid: URL_SAFE_NO_PAD.encode(&vault::digest(&URL_SAFE_NO_PAD.encode(public))[..9]),
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            life,
            known: Cache::new(20_000),
        })
    }

    /// A new token and the moment at which it ends.
    pub fn issue(&self, account: AccountId, session: SessionId, now: DateTime) -> Result<(String, DateTime)> {
        let expires = later(now, self.life);
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: account.to_string(),
            sid: session.to_string(),
            iat: now.0.timestamp(),
            exp: expires.0.timestamp(),
            jti: Uuid::now_v7(),
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(KIND.to_owned());
        header.kid = Some(self.kid.clone());
        let token = encode(&header, &claims, &self.encoding).map_err(Error::internal)?;
        Ok((token, expires))
    }

    /// Whose token it is. A token that is forged, of another issuer or over is refused; which of these, nobody is told.
    pub fn read(&self, token: &str, now: DateTime) -> Result<(AccountId, SessionId), Fault> {
        let refused = || {
            Fault::new(
                Code::Unauthenticated,
                "访问令牌无效或已过期，请刷新令牌或重新登录。",
                "The access token is not valid, or no longer; refresh it or sign in again.",
            )
        };
        let hash = vault::digest(token);
        let (account, session, expires) = match self.known.get(&hash) {
            Some(known) => known,
            None => {
                let known = self.verify(token).ok_or_else(refused)?;
                self.known.insert(hash, known);
                known
            }
        };
        if now.0.timestamp() >= expires { Err(refused()) } else { Ok((account, session)) }
    }

    fn verify(&self, token: &str) -> Option<(AccountId, SessionId, i64)> {
        let header = decode_header(token).ok()?;
        if header.typ.as_deref() != Some(KIND) || header.kid.as_deref() != Some(&self.kid) {
            return None;
        }
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        // Compared with our own clock by the caller.
        validation.validate_exp = false;
        let claims = decode::<Claims>(token, &self.decoding, &validation).ok()?.claims;
        let id = |text: &str, prefix: &str| {
            entity::id::read(text).filter(|(found, _)| found == prefix).map(|(_, uuid)| uuid)
        };
        Some((
            AccountId(id(&claims.sub, AccountId::PREFIX)?),
            SessionId(id(&claims.sid, SessionId::PREFIX)?),
            claims.exp,
        ))
    }
}
