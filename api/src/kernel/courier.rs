//! Short texts to people's phones: through a gateway of the office's own (a webhook), or into a file where there is none.
//!
//! A webhook is signed as Standard Webhooks says: `webhook-id`, `webhook-timestamp`, and in `webhook-signature` an
//! HMAC-SHA256 over both and the body.

use super::error::{Error, Result};
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use entity::scalar::DateTime;
use serde_json::json;
use std::{path::PathBuf, time::Duration};
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

/// How long the gateway may take.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// A short text to somebody's phone.
#[derive(Clone)]
pub struct Letter {
    /// The number.
    pub to: String,
    /// What is said.
    pub text: String,
}

/// Whoever carries texts to phones.
pub struct Courier(Way);

enum Way {
    File(PathBuf),
    Webhook { url: String, key: Box<hmac::Key>, http: reqwest::Client },
}

impl Courier {
    /// Appends to a file, a line of JSON for each text.
    #[must_use]
    pub fn to_file(file: PathBuf) -> Self {
        Self(Way::File(file))
    }

    /// Posts to a gateway, signed with this secret.
    pub fn to_webhook(url: &str, secret: &[u8]) -> Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(TIME_LIMIT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(Error::internal)?;
        let key = Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret));
        Ok(Self(Way::Webhook { url: url.to_owned(), key, http }))
    }

    /// Sends one. Neither number nor text is in the fault when it fails.
    pub async fn send(&self, now: DateTime, letter: Letter) -> Result<()> {
        let Letter { to, text } = letter;
        let at = now.0.to_rfc3339();
        match &self.0 {
            Way::File(file) => {
                let line = format!("{}\n", json!({"at": at, "to": to, "text": text}));
                append(file, &line).await.map_err(|error| Error::internal(error.kind()))
            }
            Way::Webhook { url, key, http } => {
                let data = json!({"to": to, "text": text});
                let body = json!({"type": "text.send", "timestamp": at, "data": data}).to_string();
                let id = format!("msg_{}", Uuid::now_v7().simple());
                let moment = now.0.timestamp();
                let signature = hmac::sign(key, format!("{id}.{moment}.{body}").as_bytes());
                let sent = http
                    .post(url)
                    .header("content-type", "application/json")
                    .header("webhook-id", id)
                    .header("webhook-timestamp", moment.to_string())
                    .header("webhook-signature", format!("v1,{}", STANDARD.encode(signature.as_ref())))
                    .body(body)
                    .send()
                    .await
                    .and_then(reqwest::Response::error_for_status);
                sent.map(|_| ()).map_err(|error| Error::internal(error.without_url()))
            }
        }
    }
}

/// Only the owner of the server reads the file: codes stand in it.
async fn append(file: &PathBuf, line: &str) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        tokio::fs::create_dir_all(folder).await?;
    }
    let mut options = tokio::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    options.mode(0o600);
    let mut open = options.open(file).await?;
    open.write_all(line.as_bytes()).await?;
    open.flush().await
}
