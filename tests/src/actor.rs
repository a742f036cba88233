//! Somebody who asks over HTTP, and the answers that they get.

use serde_json::{Value, json};
use std::ops::Index;

/// A person at a client, signed in or not.
#[derive(Clone, Debug)]
pub struct Actor {
    http: reqwest::Client,
    endpoint: String,
    /// The access token.
    pub access: Option<String>,
    /// The refresh token.
    pub refresh: Option<String>,
    language: &'static str,
}

const SIGN_IN: &str = "mutation($input: SessionStartInput!) { sessionStart(input: $input) {
  accessToken refreshToken errors { code message path } } }";

impl Actor {
    /// Somebody who is not signed in.
    #[must_use]
    pub fn new(endpoint: String) -> Self {
        Self { http: reqwest::Client::new(), endpoint, access: None, refresh: None, language: "en" }
    }

    /// The same person with another language.
    #[must_use]
    pub fn speaking(mut self, language: &'static str) -> Self {
        self.language = language;
        self
    }

    /// The same person with another access token.
    #[must_use]
    pub fn bearing(mut self, token: impl Into<String>) -> Self {
        self.access = Some(token.into());
        self
    }

    /// The same person at another server.
    #[must_use]
    pub fn at(mut self, endpoint: String) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// Signs in; fails the test if that is refused.
    pub async fn sign_in(mut self, name: &str, password: &str) -> Self {
        let input = json!({"input": {"name": name, "password": password, "device": "tests"}});
        let answer = self.ask(SIGN_IN, input).await.ok();
        let session = &answer["sessionStart"];
        let text = |field: &str| session[field].as_str().map(str::to_owned);
        self.access = text("accessToken");
        self.refresh = text("refreshToken");
        assert!(self.access.is_some(), "{name} signs in: {session}");
        self
    }

    /// Signs in for the first time, and changes the password that somebody else has made.
    pub async fn sign_in_first(self, name: &str, password: &str) -> Self {
        let actor = self.sign_in(name, password).await;
        let input = json!({"input": {"current": password, "new": format!("{password} of my own")}});
        let change =
            "mutation($input: PasswordChangeInput!) { passwordChange(input: $input) { errors { code } } }";
        let changed = actor.ask(change, input).await.ok();
        assert_eq!(changed["passwordChange"]["errors"], json!([]), "{name} changes the first password");
        actor
    }

    /// Sends one document with its variables.
    pub async fn ask(&self, query: &str, variables: Value) -> Answer {
        let mut request = self
            .http
            .post(&self.endpoint)
            .header("accept", "application/graphql-response+json")
            .header("accept-language", self.language)
            .json(&json!({"query": query, "variables": variables}));
        if let Some(token) = &self.access {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.expect("the server answers");
        let status = response.status().as_u16();
        let body = response.json().await.expect("an answer in JSON");
        Answer { status, body }
    }

    /// Sends a document without variables and gives its data; fails the test on any error.
    pub async fn get(&self, query: &str) -> Value {
        self.ask(query, json!({})).await.ok()
    }

    fn path(&self, path: &str) -> String {
        format!("{}{path}", self.endpoint.trim_end_matches("/graphql"))
    }

    /// Sends a file in that is meant for a record; gives the id of the upload.
    pub async fn send_file(&self, name: &str, media_type: Option<&str>, bytes: &[u8]) -> String {
        let input = json!({"purpose": "ATTACHMENT", "fileName": name, "mediaType": media_type, "length": bytes.len()});
        let made = self.change("uploadCreate", "UploadCreateInput", "upload { id url }", input).await;
        let upload = &made["upload"];
        let (id, url) = upload["id"].as_str().zip(upload["url"].as_str()).unwrap_or_else(|| panic!("{made}"));
        let sent =
            self.http.patch(self.path(url)).header("tus-resumable", "1.0.0").header("upload-offset", "0");
        let sent = sent.header("content-type", "application/offset+octet-stream").body(bytes.to_vec());
        let token = self.access.as_deref().unwrap_or_default();
        let sent = sent.bearer_auth(token).send().await.expect("the server answers");
        assert_eq!(sent.status(), 204, "{name} is sent");
        id.to_owned()
    }

    /// Fetches a file over HTTP.
    pub async fn fetch(&self, path: &str, headers: &[(&str, &str)]) -> reqwest::Response {
        let mut request = self.http.get(self.path(path)).header("accept-language", self.language);
        if let Some(token) = &self.access {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.expect("the server answers")
    }

    /// Runs a mutation of one field with an input, under a new idempotency key unless the input has one; gives its payload.
    pub async fn change(&self, mutation: &str, input_type: &str, selection: &str, mut input: Value) -> Value {
        if input.get("idempotencyKey").is_none() {
            input["idempotencyKey"] = json!(crate::key());
        }
        let query = format!(
            "mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ {selection}
             errors {{ __typename code message path
               ... on ValidationError {{ rule }} ... on ConflictError {{ current changedFields }}
               ... on DuplicateError {{ existing }} ... on PermissionError {{ requires }}
               ... on TransitionError {{ state allowedFrom allowedRoles }} }} replayed }} }}"
        );
        self.ask(&query, json!({"input": input})).await.ok()[mutation].clone()
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
}

impl Answer {
    /// The data; fails the test on any error.
    #[must_use]
    pub fn ok(self) -> Value {
        assert!(self.body.get("errors").is_none(), "no errors: {}", self.body);
        self.body["data"].clone()
    }

    /// Code of the first error; empty when there is none.
    #[must_use]
    pub fn code(&self) -> &str {
        self.body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
    }
}

impl Index<&str> for Answer {
    type Output = Value;

    fn index(&self, field: &str) -> &Value {
        &self.body["data"][field]
    }
}
