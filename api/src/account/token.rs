//! Access tokens: JWT signed with Ed25519, ten life, no rights in them (RFC 9068).

use crate::kernel::{
    clock::later,
    error::{Code, Error, Fault, Result},
    vault::{self, Vault},
};
use chrono::Duration;
use entity::{
    id::{AccountId, SessionId},
    scalar::DateTime,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
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

/// What a token was found to say, and the key that signed it.
#[derive(Clone, Copy)]
struct Known {
    account: AccountId,
    session: SessionId,
    expires: i64,
    key: i16,
}

/// Signs and reads access tokens.
pub struct Tokens {
    vault: Arc<Vault>,
    issuer: String,
    audience: String,
    life: Duration,
    known: Cache<Vec<u8>, Known>,
}

impl Tokens {
    /// Keys from the vault, as it holds them at each moment.
    #[must_use]
    pub fn new(vault: &Arc<Vault>, issuer: &str, audience: &str, life: Duration) -> Self {
        Self {
            vault: Arc::clone(vault),
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            life,
            known: Cache::new(20_000),
        }
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
        let key = self.vault.signing()?;
        header.kid = Some(key.kid.clone());
        let pair = EncodingKey::from_ed_der(&key.pair);
        let token = encode(&header, &claims, &pair).map_err(Error::internal)?;
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
        // What was found once lasts no longer than the key.
        let known = match self.known.get(&hash).filter(|known| self.vault.accepts(known.key)) {
            Some(known) => known,
            None => {
                let known = self.verify(token).ok_or_else(refused)?;
                self.known.insert(hash, known);
                known
            }
        };
        if now.0.timestamp() >= known.expires { Err(refused()) } else { Ok((known.account, known.session)) }
    }

    fn verify(&self, token: &str) -> Option<Known> {
        let header = decode_header(token).ok().filter(|header| header.typ.as_deref() == Some(KIND))?;
        let key = self.vault.signing_key(header.kid.as_deref()?)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        // Compared with our own clock by the caller.
        validation.validate_exp = false;
        let claims =
            decode::<Claims>(token, &DecodingKey::from_ed_der(&key.public), &validation).ok()?.claims;
        let id = |text: &str, prefix: &str| {
            entity::id::read(text).filter(|(found, _)| found == prefix).map(|(_, uuid)| uuid)
        };
        Some(Known {
            account: AccountId(id(&claims.sub, AccountId::PREFIX)?),
            session: SessionId(id(&claims.sid, SessionId::PREFIX)?),
            expires: claims.exp,
            key: key.id,
        })
    }
}
