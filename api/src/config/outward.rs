//! What goes out to others: texts to phones, and what is posted to other systems.

use super::{WebhookSecret, networks};
use ipnet::IpNet;
use serde::Deserialize;
use std::path::PathBuf;

/// Texts to phones.
#[derive(Clone, Debug, Deserialize)]
pub struct CourierConfig {
    /// The file in which they are put down when there is no gateway.
    pub file: Option<PathBuf>,
    /// The gateway that carries them.
    pub webhook: Option<String>,
    /// What the gateway knows us by.
    pub secret: Option<WebhookSecret>,
}

/// What is posted to other systems.
#[derive(Clone, Debug, Deserialize)]
pub struct WebhookConfig {
    /// Networks that are not public and may be posted to all the same.
    #[serde(deserialize_with = "networks")]
    pub allowed_networks: Vec<IpNet>,
}
