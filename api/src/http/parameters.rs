//! What a request says, whatever carries it: query, name of the operation, variables.

use async_graphql::Variables;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::pipeline::Call;
use crate::account::Pass;
use crate::kernel::error::Locale;

/// The parameters of a request. Members that the specification does not know are passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parameters {
    pub(super) query: String,
    pub(super) operation_name: Option<String>,
    pub(super) variables: Option<Variables>,
    #[serde(rename = "extensions")]
    pub(super) _extensions: Option<Map<String, Value>>,
}

impl Parameters {
    /// The operation, for whoever asks.
    pub(super) fn call(
        self,
        pass: Pass,
        locale: Locale,
        request_id: String,
        address: Option<std::net::IpAddr>,
    ) -> Call {
        Call {
            query: self.query,
            operation_name: self.operation_name.filter(|name| !name.is_empty()),
            variables: self.variables.unwrap_or_default(),
            key: None,
            export: None,
            read_only: false,
            pass,
            locale,
            request_id,
            address,
        }
    }
}
