//! The same with a bucket that speaks S3, in the place of the folder.

use super::{add, attach, bytes, home, jpeg, remove, stored, visit};
use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    http::{Method, StatusCode, header::AUTHORIZATION},
    response::{IntoResponse, Response},
    routing::any,
};
use lianhu::{attachment::upkeep, config::ClientSecret};
use lianhu_tests::World;
use serde_json::json;
use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

const NAME: &str = "lianhu-files";

/// A store with one bucket, which knows one key.
#[derive(Clone, Default)]
struct Bucket {
    objects: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    down: Arc<AtomicBool>,
}

impl Bucket {
    fn keys(&self) -> Vec<String> {
        self.objects.lock().expect("objects").keys().cloned().collect()
    }

    /// Serves it; gives its address.
    async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().fallback(any(answer)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }
}

fn list(objects: &BTreeMap<String, Vec<u8>>) -> String {
    let mut out = format!("<ListBucketResult><Name>{NAME}</Name><IsTruncated>false</IsTruncated>");
    for (key, bytes) in objects {
        let _ = write!(
            out,
            "<Contents><Key>{key}</Key><LastModified>2020-01-01T00:00:00.000Z</LastModified><ETag>\"x\"</ETag><Size>{}</Size></Contents>",
            bytes.len()
        );
    }
    out + "</ListBucketResult>"
}

async fn answer(State(bucket): State<Bucket>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let signed = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let ours = signed.starts_with("AWS4-HMAC-SHA256 Credential=lianhu-key/")
        && signed.contains("/cn-test-1/s3/aws4_request");
    if !ours {
        return StatusCode::FORBIDDEN.into_response();
    }
    if bucket.down.load(Ordering::Relaxed) {
        return StatusCode::NOT_IMPLEMENTED.into_response();
    }
    let path = parts.uri.path().trim_start_matches('/');
    let Some(key) = path.strip_prefix(NAME).map(|key| key.trim_start_matches('/').to_owned()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut objects = bucket.objects.lock().expect("objects");
    match parts.method {
        Method::PUT => {
            objects.insert(key, body.to_vec());
            ([("etag", "\"x\"")], "").into_response()
        }
        Method::GET if key.is_empty() => list(&objects).into_response(),
        Method::GET => match objects.get(&key) {
            Some(bytes) => {
                let headers = [("etag", "\"x\""), ("last-modified", "Wed, 01 Jan 2020 00:00:00 GMT")];
                (headers, bytes.clone()).into_response()
            }
            None => StatusCode::NOT_FOUND.into_response(),
        },
        Method::DELETE => {
            objects.remove(&key);
            StatusCode::NO_CONTENT.into_response()
        }
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

#[tokio::test]
async fn files_are_kept_in_a_bucket_where_there_is_one() {
    let bucket = Bucket::default();
    let endpoint = bucket.serve().await;
    let world = World::with(|config| {
        config.store.s3_bucket = Some(NAME.to_owned());
        config.store.s3_endpoint = Some(endpoint);
        "cn-test-1".clone_into(&mut config.store.s3_region);
        config.store.s3_access_key = Some("lianhu-key".to_owned());
        config.store.s3_secret_key = Some(ClientSecret::new("lianhu-secret"));
    })
    .await;
    let contact = world.actor("contact").await;
    let record = visit(&world, &contact, &home(&world).await).await;
    let file = attach(&contact, &record, "桶.jpg", &jpeg()).await[0].clone();
    let keys = bucket.keys();
    let id = file["id"].as_str().expect("an id");
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert!(keys.iter().all(|key| key.starts_with("attachments/") && key.contains(id)), "{keys:?}");
    assert_eq!(stored(&world), Vec::<String>::new(), "not in the folder");
    let (status, kept) = bytes(&contact, &file["url"]).await;
    assert_eq!((status, json!(kept.len())), (200, file["bytes"].clone()));
    assert_eq!(bytes(&contact, &file["thumbnailUrl"]).await.0, 200);

    let lost = format!("attachments/zz/{}", entity::id::AttachmentId(uuid::Uuid::now_v7()));
    bucket.objects.lock().expect("objects").insert(lost, b"left behind by a crash".to_vec());
    let cleared = upkeep::clear(&world.state.db, &world.state.keep, world.state.clock.now()).await;
    assert_eq!((cleared.unwrap_or_else(|error| panic!("{error:?}")), bucket.keys()), (1, keys));

    bucket.down.store(true, Ordering::Relaxed);
    assert_eq!(bytes(&contact, &file["url"]).await.0, 503);
    let uploads = [contact.send_file("后.jpg", None, &jpeg()).await];
    let input =
        json!({"input": {"record": record, "uploadIds": uploads, "idempotencyKey": lianhu_tests::key()}});
    let mutation = "mutation($input: AttachmentsAddInput!) { attachmentsAdd(input: $input) { replayed } }";
    assert_eq!(contact.ask(mutation, input).await.code(), "STORAGE");
    bucket.down.store(false, Ordering::Relaxed);
    assert_eq!(add(&contact, &record, &uploads).await["errors"], json!([]), "the upload is still there");
    assert_eq!(remove(&contact, &file, 1).await["errors"], json!([]));
    assert!(bucket.keys().iter().all(|key| !key.contains(id)), "gone from the bucket, too");
}
