//! Somebody who sends files in, header by header.

use lianhu_tests::{Actor, World, key};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::{net::SocketAddr, path::PathBuf};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What a piece of a file is sent as.
pub(super) const OCTETS: &str = "application/offset+octet-stream";

const CREATED: &str =
    "upload { id fileName mediaType purpose length received complete url version createdAt expiresAt }";

/// An account with a client that sends files.
pub(super) struct Sender {
    /// The same account at the GraphQL endpoint.
    pub(super) actor: Actor,
    address: SocketAddr,
    store: PathBuf,
    http: reqwest::Client,
}

impl Sender {
    pub(super) async fn new(world: &World, name: &str) -> Self {
        Self {
            actor: world.actor(name).await,
            address: world.address,
            store: world.ground.store().join("uploads"),
            http: reqwest::Client::new(),
        }
    }

    pub(super) fn token(&self) -> &str {
        self.actor.access.as_deref().expect("a token")
    }

    /// A request as tus clients send it.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(self.token()).header("tus-resumable", "1.0.0")
    }

    /// A request without any header.
    pub(super) fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.address))
    }

    /// Asks for an upload; gives the payload.
    pub(super) async fn create(&self, input: Value) -> Value {
        let mut whole = json!({"purpose": "ROSTER", "fileName": "households.csv", "length": 11});
        for (name, value) in input.as_object().expect("an input") {
            whole[name] = value.clone();
        }
        self.actor.change("uploadCreate", "UploadCreateInput", CREATED, whole).await
    }

    /// Announces a file of so many bytes; gives its path.
    pub(super) async fn announce(&self, length: usize) -> String {
        let made = self.create(json!({"length": length})).await;
        assert_eq!(made["errors"], json!([]), "{made}");
        made["upload"]["url"].as_str().expect("a path").to_owned()
    }

    /// Sends a piece.
    pub(super) async fn send(&self, path: &str, offset: usize, bytes: impl Into<Vec<u8>>) -> Response {
        self.piece(path, offset, bytes).send().await.expect("an answer")
    }

    /// A piece to send.
    pub(super) fn piece(&self, path: &str, offset: usize, bytes: impl Into<Vec<u8>>) -> RequestBuilder {
        let request = self.request(Method::PATCH, path).header("content-type", OCTETS);
        request.header("upload-offset", offset).body(bytes.into())
    }

    pub(super) async fn head(&self, path: &str) -> Response {
        self.request(Method::HEAD, path).send().await.expect("an answer")
    }

    /// How far an upload is.
    pub(super) async fn offset(&self, path: &str) -> usize {
        let head = self.head(path).await;
        assert_eq!(head.status(), 200);
        header(&head, "upload-offset").parse().expect("a number")
    }

    /// Waits until an upload is so far.
    pub(super) async fn until(&self, path: &str, offset: usize) {
        while self.offset(path).await != offset {
            tokio::task::yield_now().await;
        }
    }

    /// What the store holds of an upload.
    pub(super) fn kept(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.file(path)).expect("a file")
    }

    pub(super) fn file(&self, path: &str) -> PathBuf {
        self.store.join(path.rsplit('/').next().expect("an id"))
    }

    /// The upload as its account sees it.
    pub(super) async fn upload(&self, path: &str) -> Value {
        let id = path.rsplit('/').next().expect("an id");
        let query = format!(
            "query($id: ID!) {{ node(id: $id) {{ ... on Upload {{ {} }} }} }}",
            &CREATED[9..CREATED.len() - 2]
        );
        self.actor.ask(&query, json!({"id": id})).await.ok()["node"].clone()
    }

    pub(super) async fn delete(&self, id: &Value, version: &Value) -> Value {
        let input = json!({"idempotencyKey": key(), "id": id, "expectedVersion": version});
        self.actor.change("uploadDelete", "UploadDeleteInput", "uploadId", input).await
    }

    /// Begins a piece on a connection of its own and sends some of it.
    pub(super) async fn begin(&self, path: &str, length: usize, some: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        let head = format!(
            "PATCH {path} HTTP/1.1\r\nHost: lianhu\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n\
             Content-Type: {OCTETS}\r\nUpload-Offset: 0\r\nContent-Length: {length}\r\n\r\n",
            self.token()
        );
        stream.write_all(head.as_bytes()).await.expect("it takes the head");
        stream.write_all(some).await.expect("it takes some");
        stream
    }
}

/// The status of an answer on a connection of its own.
pub(super) async fn status(stream: &mut TcpStream) -> String {
    let mut line = [0; 12];
    stream.read_exact(&mut line).await.expect("an answer");
    String::from_utf8_lossy(&line[9..]).into_owned()
}

pub(super) fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map_or("", |value| value.to_str().expect("a text")).to_owned()
}

/// Bytes that differ from place to place.
pub(super) fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at * 31 + at / 251) % 256).expect("a byte")).collect()
}
