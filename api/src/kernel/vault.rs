//! The secrets of the house. One master secret, from which every key is derived: to seal what is personal at rest, to
//! find it again exactly, to sign tokens.

use super::error::{Error, Result};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    digest, hkdf, hmac, rand,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// Length of the master secret in bytes.
pub const SECRET_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
/// Which key sealed a value: the first byte of the sealed form, so that keys can be changed one day.
const KEY_ID: u8 = 1;

/// The derived keys.
pub struct Vault {
    seal: RandomizedNonceKey,
    find: hmac::Key,
    chain: hmac::Key,
    /// Seed of the Ed25519 key that signs access tokens.
    pub(crate) signing_seed: [u8; 32],
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive(secret: &[u8], purpose: &str) -> Result<[u8; 32]> {
    let mut key = [0; 32];
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"lianhu")
        .extract(secret)
        .expand(&[purpose.as_bytes()], Length(key.len()))
        .and_then(|material| material.fill(&mut key))
        .map_err(|_| Error::internal("key derivation"))?;
    Ok(key)
}

impl Vault {
    /// Derives the keys from the master secret.
    pub fn new(secret: &[u8; SECRET_BYTES]) -> Result<Self> {
        let seal =
            RandomizedNonceKey::new(&AES_256_GCM, &derive(secret, "seal")?).map_err(Error::internal)?;
        let find = hmac::Key::new(hmac::HMAC_SHA256, &derive(secret, "find")?);
        let chain = hmac::Key::new(hmac::HMAC_SHA256, &derive(secret, "chain")?);
        Ok(Self { seal, find, chain, signing_seed: derive(secret, "sign")? })
    }

    /// Seals a text: key id, nonce, ciphertext with its tag.
    pub fn seal(&self, text: &str) -> Result<Vec<u8>> {
        let mut sealed = text.as_bytes().to_vec();
        let nonce = self
            .seal
            .seal_in_place_append_tag(Aad::from([KEY_ID]), &mut sealed)
            .map_err(|_| Error::internal("seal"))?;
        Ok([&[KEY_ID], nonce.as_ref().as_slice(), &sealed].concat())
    }

    /// Opens what was sealed.
    pub fn open(&self, sealed: &[u8]) -> Result<String> {
        let broken = || Error::internal("a sealed value does not open");
        let (head, body) = sealed.split_at_checked(1 + NONCE_BYTES).ok_or_else(broken)?;
        let nonce = Nonce::try_assume_unique_for_key(&head[1..]).map_err(|_| broken())?;
        let mut body = body.to_vec();
        let text = self.seal.open_in_place(nonce, Aad::from([head[0]]), &mut body).map_err(|_| broken())?;
        String::from_utf8(text.to_vec()).map_err(|_| broken())
    }

    /// A keyed hash, for exact look-up and comparison without keeping the value.
    #[must_use]
    pub fn fingerprint(&self, text: &str) -> Vec<u8> {
        hmac::sign(&self.find, text.as_bytes()).as_ref().to_vec()
    }
}

impl Vault {
    /// The keyed hash that ties a text to the hash before it.
    #[must_use]
    pub fn chain(&self, before: &[u8], text: &str) -> Vec<u8> {
        hmac::sign(&self.chain, &[before, text.as_bytes()].concat()).as_ref().to_vec()
    }
}

/// An unguessable token of 256 bits, spelt for a URL.
pub fn token() -> Result<String> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| Error::internal("no randomness"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// SHA-256, for tokens that are unguessable themselves.
#[must_use]
pub fn digest(text: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, text.as_bytes()).as_ref().to_vec()
}

/// A new master secret in base64.
pub fn secret() -> Result<String> {
    let mut bytes = [0; SECRET_BYTES];
    rand::fill(&mut bytes).map_err(|_| Error::internal("no randomness"))?;
    Ok(base64::engine::general_purpose::STANDARD.encode(bytes))
}
