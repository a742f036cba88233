//! The secrets of the house: keys to seal what is personal at rest, to find it again exactly, to sign tokens. They lie
//! in the ring (`ring`), wrapped by a key that is derived from the master secret; the first of each purpose is derived
//! from it, too.

use super::error::{Code, Error, Fault, Result};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    digest,
    encoding::{AsDer, Pkcs8V1Der},
    hkdf, hmac, rand,
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::kind::KeyPurpose;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::Notify;

/// Length of the master secret in bytes.
pub const SECRET_BYTES: usize = 32;
/// Id of the keys that are derived from the master secret.
pub const FIRST: i16 = 1;
const NONCE_BYTES: usize = 12;

/// A key as it is, never stored so.
type Bare = [u8; 32];

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive(secret: &[u8], purpose: &str) -> Result<Bare> {
    let mut key = [0; 32];
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"lianhu")
        .extract(secret)
        .expand(&[purpose.as_bytes()], Length(key.len()))
        .and_then(|material| material.fill(&mut key))
        .map_err(|_| Error::internal("key derivation"))?;
    Ok(key)
}

/// The name of a purpose, in the derivation of its first key and in what binds a wrapped key to its place.
fn word(purpose: KeyPurpose) -> &'static str {
    match purpose {
        KeyPurpose::Seal => "seal",
        KeyPurpose::Find => "find",
        KeyPurpose::Sign => "sign",
        KeyPurpose::Chain => "chain",
    }
}

fn encrypt(key: &RandomizedNonceKey, bound: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    let mut body = plain.to_vec();
    let nonce =
        key.seal_in_place_append_tag(Aad::from(bound), &mut body).map_err(|_| Error::internal("seal"))?;
    Ok([nonce.as_ref().as_slice(), &body].concat())
}

fn decrypt(key: &RandomizedNonceKey, bound: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, body) = sealed.split_at_checked(NONCE_BYTES)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut body = body.to_vec();
    key.open_in_place(nonce, Aad::from(bound), &mut body).ok().map(|plain| plain.to_vec())
}

fn aead(key: &Bare) -> Result<RandomizedNonceKey> {
    RandomizedNonceKey::new(&AES_256_GCM, key).map_err(Error::internal)
}

/// What wraps the keys of the ring: derived from the master secret, and good for nothing else.
pub struct Wrapping(RandomizedNonceKey);

impl Wrapping {
    /// Derives it.
    pub fn new(secret: &[u8; SECRET_BYTES]) -> Result<Self> {
        Ok(Self(aead(&derive(secret, "wrap")?)?))
    }

    fn bound(purpose: KeyPurpose, id: i16) -> Vec<u8> {
        format!("lianhu ring {} {id}", word(purpose)).into_bytes()
    }

    fn wrap(&self, purpose: KeyPurpose, id: i16, key: &Bare) -> Result<Vec<u8>> {
        encrypt(&self.0, &Self::bound(purpose, id), key)
    }

    fn unwrap(&self, purpose: KeyPurpose, id: i16, wrapped: &[u8]) -> Result<Bare> {
        let key = decrypt(&self.0, &Self::bound(purpose, id), wrapped);
        key.and_then(|key| key.try_into().ok()).ok_or_else(wrong_secret)
    }

    /// The first key of a purpose, wrapped: the one that is derived from the master secret.
    pub fn first(&self, secret: &[u8; SECRET_BYTES], purpose: KeyPurpose) -> Result<Vec<u8>> {
        self.wrap(purpose, FIRST, &derive(secret, word(purpose))?)
    }

    /// A new key, wrapped.
    pub fn fresh(&self, purpose: KeyPurpose, id: i16) -> Result<Vec<u8>> {
        let mut key = [0; 32];
        rand::fill(&mut key).map_err(|_| Error::internal("no randomness"))?;
        self.wrap(purpose, id, &key)
    }

    /// A key that is wrapped by this, wrapped by another.
    pub fn hand_over(&self, to: &Self, purpose: KeyPurpose, id: i16, wrapped: &[u8]) -> Result<Vec<u8>> {
        to.wrap(purpose, id, &self.unwrap(purpose, id, wrapped)?)
    }

    /// Refuses a key that is wrapped by another master secret.
    pub fn check(&self, purpose: KeyPurpose, id: i16, wrapped: &[u8]) -> Result<()> {
        self.unwrap(purpose, id, wrapped).map(|_| ())
    }
}

/// What is told when the master secret is not the one of the database.
pub fn wrong_secret() -> Error {
    Fault::new(
        Code::InternalServerError,
        "secret.key: 此主密钥打不开该数据库的密钥环。请设置原来的主密钥；若已用 `lianhu keys rewrap` 更换，请设置新的。",
        "secret.key: this master secret does not open the key ring of this database. Set the one that it was begun with, or, after `lianhu keys rewrap`, the new one.",
    )
    .into()
}

/// A key that signs access tokens.
pub struct SigningKey {
    /// Its id in the ring.
    pub id: i16,
    /// The name by which tokens and `jwks.json` call it: the id, and a digest of the public key.
    pub kid: String,
    /// The public key.
    pub public: Vec<u8>,
    /// The whole key, as PKCS #8.
    pub(crate) pair: Vec<u8>,
}

impl SigningKey {
    fn new(id: i16, seed: &Bare) -> Result<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(Error::internal)?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(Error::internal)?;
        let public = pair.public_key().as_ref().to_vec();
        let digest = URL_SAFE_NO_PAD.encode(&digest(&URL_SAFE_NO_PAD.encode(&public))[..9]);
        Ok(Self { id, kid: format!("{id}-{digest}"), public, pair: der.as_ref().to_vec() })
    }
}

/// A key of the ring that is not removed.
pub struct Ringed<'a> {
    /// What it is for.
    pub purpose: KeyPurpose,
    /// Its id.
    pub id: i16,
    /// The key.
    pub wrapped: &'a [u8],
    /// Whether it is the one in use.
    pub is_active: bool,
}

/// Keys of one purpose, and which of them is in use.
struct Set<K> {
    all: BTreeMap<i16, Arc<K>>,
    active: i16,
}

impl<K> Clone for Set<K> {
    fn clone(&self) -> Self {
        Self { all: self.all.clone(), active: self.active }
    }
}

impl<K> Set<K> {
    fn empty() -> Self {
        Self { all: BTreeMap::new(), active: 0 }
    }

    fn active(&self) -> Result<&Arc<K>> {
        self.all.get(&self.active).ok_or_else(|| Error::internal("the ring has no key in use"))
    }

    /// The set as the ring has it. A key that is known already is not unwrapped again.
    fn take(
        &mut self,
        ring: &[Ringed<'_>],
        purpose: KeyPurpose,
        mut open: impl FnMut(&Ringed<'_>) -> Result<K>,
    ) -> Result<()> {
        let mut trouble = Ok(());
        let mut all = BTreeMap::new();
        for ringed in ring.iter().filter(|ringed| ringed.purpose == purpose) {
            let key = match self.all.get(&ringed.id) {
                Some(known) => Ok(Arc::clone(known)),
                None => open(ringed).map(Arc::new),
            };
            match key {
                Ok(key) => {
                    all.insert(ringed.id, key);
                    if ringed.is_active {
                        self.active = ringed.id;
                    }
                }
                Err(error) => trouble = Err(error),
            }
        }
        self.all = all;
        trouble
    }
}

/// The keys at one moment.
#[derive(Clone)]
struct Keys {
    seal: Set<RandomizedNonceKey>,
    find: Set<hmac::Key>,
    sign: Set<SigningKey>,
    chain: Set<hmac::Key>,
}

/// The keys that a process holds.
pub struct Vault {
    wrapping: Wrapping,
    keys: RwLock<Arc<Keys>>,
    /// Whether the ring could not be read for so long that nothing more may be sealed.
    lapsed: AtomicBool,
    missed: Notify,
}

impl Vault {
    /// The keys that are derived from the master secret, without a database: for tools.
    pub fn new(secret: &[u8; SECRET_BYTES]) -> Result<Self> {
        let wrapping = Wrapping::new(secret)?;
        let mut first = Vec::new();
        for purpose in KeyPurpose::all() {
            first.push((purpose, wrapping.first(secret, purpose)?));
        }
        let ring = first.iter().map(|(purpose, wrapped)| Ringed {
            purpose: *purpose,
            id: FIRST,
            wrapped,
            is_active: true,
        });
        Self::holding(wrapping, &ring.collect::<Vec<_>>())
    }

    /// The keys of a ring.
    pub fn holding(wrapping: Wrapping, ring: &[Ringed<'_>]) -> Result<Self> {
        let keys = Arc::new(Keys {
            seal: Set::empty(),
            find: Set::empty(),
            sign: Set::empty(),
            chain: Set::empty(),
        });
        let vault =
            Self { wrapping, keys: RwLock::new(keys), lapsed: AtomicBool::new(false), missed: Notify::new() };
        vault.take(ring)?;
        let keys = vault.keys();
        keys.seal.active()?;
        keys.find.active()?;
        keys.sign.active()?;
        keys.chain.active()?;
        Ok(vault)
    }

    /// Takes up the ring as it is now. What cannot be unwrapped is an error, after all the rest was taken up.
    pub fn take(&self, ring: &[Ringed<'_>]) -> Result<()> {
        let bare = |ringed: &Ringed<'_>| self.wrapping.unwrap(ringed.purpose, ringed.id, ringed.wrapped);
        let mut keys = Keys::clone(&self.keys());
        let taken = [
            keys.seal.take(ring, KeyPurpose::Seal, |ringed| aead(&bare(ringed)?)),
            keys.find
                .take(ring, KeyPurpose::Find, |ringed| Ok(hmac::Key::new(hmac::HMAC_SHA256, &bare(ringed)?))),
            keys.sign.take(ring, KeyPurpose::Sign, |ringed| SigningKey::new(ringed.id, &bare(ringed)?)),
            keys.chain.take(ring, KeyPurpose::Chain, |ringed| {
                Ok(hmac::Key::new(hmac::HMAC_SHA256, &bare(ringed)?))
            }),
        ];
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        taken.into_iter().collect()
    }

    /// Says whether the ring is known as it is. Where it is not, nothing is sealed: the key may be on its way out.
    pub(super) fn lapse(&self, lapsed: bool) {
        self.lapsed.store(lapsed, Ordering::Relaxed);
    }

    /// Ends when a key was asked for that is not held.
    pub(super) async fn missed(&self) {
        self.missed.notified().await;
    }

    /// What wraps the keys.
    pub(super) fn wrapping(&self) -> &Wrapping {
        &self.wrapping
    }

    /// Id of the key that seals.
    pub(super) fn sealing(&self) -> i16 {
        self.keys().seal.active
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Seals a text: key id, nonce, ciphertext with its tag.
    pub fn seal(&self, text: &str) -> Result<Vec<u8>> {
        if self.lapsed.load(Ordering::Relaxed) {
            return Err(busy());
        }
        let keys = self.keys();
        let id = u8::try_from(keys.seal.active).map_err(Error::internal)?;
        Ok([&[id], &*encrypt(keys.seal.active()?, &[id], text.as_bytes())?].concat())
    }

    /// Opens what was sealed.
    pub fn open(&self, sealed: &[u8]) -> Result<String> {
        let broken = || Error::internal("a sealed value does not open");
        let (&id, body) = sealed.split_first().ok_or_else(broken)?;
        let keys = self.keys();
        let Some(key) = keys.seal.all.get(&i16::from(id)) else {
            let is_newer = keys.seal.all.keys().all(|known| *known < i16::from(id));
            self.missed.notify_one();
            return Err(if is_newer { busy() } else { broken() });
        };
        decrypt(key, &[id], body).and_then(|text| String::from_utf8(text).ok()).ok_or_else(broken)
    }

    /// A keyed hash, for exact look-up and comparison without keeping the value.
    pub fn fingerprint(&self, text: &str) -> Vec<u8> {
        let keys = self.keys();
        let key = keys.find.active().expect("no vault begins without one, and it is never removed");
        hmac::sign(key, text.as_bytes()).as_ref().to_vec()
    }

    /// The keyed hash that ties a text to the hash before it.
    #[must_use]
    pub fn chain(&self, before: &[u8], text: &str) -> Vec<u8> {
        let keys = self.keys();
        let key = keys.chain.active().expect("no vault begins without one, and it is never removed");
        hmac::sign(key, &[before, text.as_bytes()].concat()).as_ref().to_vec()
    }

    /// The key that signs.
    pub fn signing(&self) -> Result<Arc<SigningKey>> {
        Ok(Arc::clone(self.keys().sign.active()?))
    }

    /// The keys whose signatures count: the next, the one in use, those on their way out.
    pub fn signing_keys(&self) -> Vec<Arc<SigningKey>> {
        self.keys().sign.all.values().cloned().collect()
    }

    /// Whether the signatures of a key count.
    #[must_use]
    pub fn accepts(&self, id: i16) -> bool {
        self.keys().sign.all.contains_key(&id)
    }

    /// The key of this name, if its signatures count.
    #[must_use]
    pub fn signing_key(&self, kid: &str) -> Option<Arc<SigningKey>> {
        let found = self.keys().sign.all.values().find(|key| key.kid == kid).cloned();
        if found.is_none() {
            self.missed.notify_one();
        }
        found
    }
}

/// The ring is just being changed, or cannot be read.
fn busy() -> Error {
    Fault::new(
        Code::Overloaded,
        "正在更换密钥，请稍后再试。",
        "The keys are being changed at this moment; please try again.",
    )
    .retry_after(1000)
    .into()
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
