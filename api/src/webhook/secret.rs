//! The secrets of webhooks, and what they sign, as Standard Webhooks says: `id.timestamp.body` by HMAC-SHA256.

use crate::kernel::{
    error::{Error, Result},
    vault::{self, Vault},
};
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::Duration;
use entity::{scalar::DateTime, webhook};

/// What every secret begins with.
const MARK: &str = "whsec_";
/// How long a secret signs on after it was replaced.
pub(super) const OVERLAP: Duration = Duration::hours(24);

/// A new secret, as it is kept.
pub(super) fn fresh() -> Result<String> {
    vault::secret()
}

/// As it is shown, once.
pub(super) fn shown(secret: &str) -> String {
    format!("{MARK}{secret}")
}

/// The header `webhook-signature`: by the secret, and by the one before while it still signs.
pub fn signatures(
    vault: &Vault,
    hook: &webhook::Model,
    now: DateTime,
    id: &str,
    body: &str,
) -> Result<String> {
    let old = hook.old_secret.as_deref().filter(|_| hook.old_secret_until.is_some_and(|until| until > now));
    let content = format!("{id}.{}.{body}", now.0.timestamp());
    let mut all = Vec::new();
    for sealed in [Some(hook.secret.as_slice()), old].into_iter().flatten() {
        let secret = STANDARD.decode(vault.open(sealed)?).map_err(Error::internal)?;
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), content.as_bytes());
        all.push(format!("v1,{}", STANDARD.encode(tag.as_ref())));
    }
    Ok(all.join(" "))
}
