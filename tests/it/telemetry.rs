//! The program itself, from outside: what it tells of its requests, how it stops, and how it starts again.

use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use base64::{Engine, engine::general_purpose::STANDARD};
use lianhu_tests::{Actor, ground, ground::Ground};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// How long the program may take to load the demonstration, on a machine that does other things too.
const LOADING: Duration = Duration::from_mins(2);
/// How long it may take to serve what is there, or to stop.
pub(crate) const SOON: Duration = Duration::from_secs(20);
/// What it says when it loads the demonstration.
const LOADED: &str = "载入演示数据";

/// The program, next to the folder of this one. Cargo does not build it for the tests of this package alone, so that it
/// may be missing or old: the file beside it names its sources.
pub(crate) fn program() -> PathBuf {
    let own = std::env::current_exe().expect("where this program is");
    let program = own.parent().and_then(Path::parent).expect("a folder").join("lianhu");
    let sources = std::fs::read_to_string(program.with_extension("d")).unwrap_or_default();
    let modified = |path: &Path| path.metadata().and_then(|data| data.modified()).ok();
    let newest = sources.split_whitespace().filter_map(|source| modified(Path::new(source))).max();
    assert!(
        newest.is_some() && newest <= modified(&program),
        "{} is missing or older than its sources: run `cargo build` first",
        program.display()
    );
    program
}

/// Lines of a stream as they come, for as long as it is open.
fn follow(stream: impl std::io::Read + Send + 'static) -> (mpsc::Receiver<String>, JoinHandle<Vec<String>>) {
    let (send, lines) = mpsc::channel();
    let all = std::thread::spawn(move || {
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        lines.inspect(|line| drop(send.send(line.clone()))).collect()
    });
    (lines, all)
}

/// The program at work.
pub(crate) struct Running {
    child: Child,
    pub(crate) address: String,
    started: Duration,
    out: JoinHandle<Vec<String>>,
    log: JoinHandle<Vec<String>>,
}

impl Running {
    /// Starts it with these arguments and settings and nothing else of this process's environment, and waits until it
    /// tells where it listens.
    pub(crate) async fn start(
        folder: &Path,
        arguments: &[&str],
        settings: &[(&str, &str)],
        patience: Duration,
    ) -> Self {
        let mut command = Command::new(program());
        command.current_dir(folder).args(arguments).env_clear().envs(settings.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let begun = Instant::now();
        tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().expect("the program runs");
            let (said, out) = follow(child.stdout.take().expect("its output"));
            let (logged, log) = follow(child.stderr.take().expect("its log"));
            let place = |lines: &mpsc::Receiver<String>| {
                lines
                    .try_iter()
                    .find_map(|line| Some(line.split_once("http://")?.1.split('/').next()?.to_owned()))
            };
            let address = loop {
                if let Some(address) = place(&said).or_else(|| place(&logged)) {
                    break address;
                }
                let over = child.try_wait().expect("its state");
                if over.is_some() || begun.elapsed() > patience {
                    let _ = child.kill();
                    panic!("{over:?} without an address: {:?} {:?}", out.join(), log.join());
                }
                std::thread::sleep(Duration::from_millis(10));
            };
            Self { child, address, started: begun.elapsed(), out, log }
        })
        .await
        .expect("it starts")
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = reqwest::get(self.url(path)).await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    }

    pub(crate) async fn actor(&self, name: &str) -> Actor {
        Actor::new(self.url("/graphql")).sign_in(name, &ground::password(name)).await
    }

    fn terminate(&self) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().expect("a signal is sent");
        assert!(sent.success());
    }

    /// Ends it in the middle of whatever it does, as a cut of the power would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("a signal is sent");
        self.child.wait().expect("it has ended");
    }

    /// Waits until it has stopped by itself; gives how, what it said, and what it logged.
    async fn stopped(mut self) -> (ExitStatus, Vec<String>, Vec<String>) {
        let begun = Instant::now();
        tokio::task::spawn_blocking(move || {
            let status = loop {
                if let Some(status) = self.child.try_wait().expect("its state") {
                    break status;
                }
                if begun.elapsed() > SOON {
                    let _ = self.child.kill();
                    panic!("it does not stop");
                }
                std::thread::sleep(Duration::from_millis(10));
            };
            (status, self.out.join().expect("its output"), self.log.join().expect("its log"))
        })
        .await
        .expect("it stops")
    }
}

/// One span, as far as these tests read it.
#[derive(Debug)]
struct Span {
    service: String,
    name: String,
    trace: Vec<u8>,
    parent: Vec<u8>,
    attributes: HashMap<String, String>,
}

/// The fields of a protobuf message that have a length, with their numbers.
fn fields(mut rest: &[u8]) -> Vec<(u64, &[u8])> {
    fn number(rest: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (first, after) = rest.split_first().expect("a number");
            *rest = after;
            value |= u64::from(first & 0x7f) << shift;
            if first & 0x80 == 0 {
                return value;
            }
        }
        panic!("a number is too long")
    }
    let mut found = Vec::new();
    while !rest.is_empty() {
        let tag = number(&mut rest);
        let length = match tag & 7 {
            0 => {
                number(&mut rest);
                continue;
            }
            1 => 8,
            5 => 4,
            _ => usize::try_from(number(&mut rest)).expect("a length"),
        };
        let (field, after) = rest.split_at(length);
        rest = after;
        if tag & 7 == 2 {
            found.push((tag >> 3, field));
        }
    }
    found
}

/// The fields of one number.
fn each(message: &[u8], wanted: u64) -> impl Iterator<Item = &[u8]> {
    fields(message).into_iter().filter(move |(number, _)| *number == wanted).map(|(_, field)| field)
}

fn text(message: &[u8], number: u64) -> String {
    each(message, number).map(String::from_utf8_lossy).collect()
}

/// Attributes whose value is a text.
fn attributes(message: &[u8], number: u64) -> HashMap<String, String> {
    let pair = |pair: &[u8]| (text(pair, 1), each(pair, 2).map(|value| text(value, 1)).collect());
    each(message, number).map(pair).collect()
}

/// The spans of an `ExportTraceServiceRequest`.
fn spans(body: &[u8]) -> Vec<Span> {
    let mut found = Vec::new();
    for resource_spans in each(body, 1) {
        let resource: HashMap<_, _> =
            each(resource_spans, 1).flat_map(|resource| attributes(resource, 1)).collect();
        for span in each(resource_spans, 2).flat_map(|scope| each(scope, 2).collect::<Vec<_>>()) {
            found.push(Span {
                service: resource.get("service.name").cloned().unwrap_or_default(),
                name: text(span, 5),
                trace: each(span, 1).collect::<Vec<_>>().concat(),
                parent: each(span, 4).collect::<Vec<_>>().concat(),
                attributes: attributes(span, 9),
            });
        }
    }
    found
}

type Bodies = Arc<Mutex<Vec<Bytes>>>;

/// A collector of traces: where it listens, and what it was sent.
async fn collector() -> (String, Bodies) {
    async fn take(State(bodies): State<Bodies>, body: Bytes) -> StatusCode {
        bodies.lock().expect("no panic").push(body);
        StatusCode::OK
    }
    let bodies = Bodies::default();
    let router = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&bodies));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}"), bodies)
}

/// The value of the first series of a counter that has all these labels.
fn counter(metrics: &str, name: &str, labels: &[&str]) -> u64 {
    let series = metrics.lines().filter(|line| line.starts_with(&format!("{name}{{")));
    let fitting = series.filter(|line| labels.iter().all(|label| line.contains(label)));
    fitting.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_found_by_its_id_in_the_trace_in_the_log_and_counted() {
    let ground = Ground::demo().await;
    let (endpoint, bodies) = collector().await;
    let folder = tempfile::tempdir().expect("a folder");
    let settings = [
        ("LIANHU_DATABASE__URL", &*ground.url()),
        ("LIANHU_SECRET__KEY", &*STANDARD.encode(ground::SECRET)),
        ("LIANHU_LOG__FORMAT", "json"),
        ("LIANHU_LOG__LEVEL", "info,lianhu=debug"),
        ("LIANHU_TELEMETRY__OTLP_ENDPOINT", &*endpoint),
        ("LIANHU_TELEMETRY__SERVICE_NAME", "lianhu-of-the-test"),
        ("LIANHU_HTTP__DRAIN_MS", "3000"),
    ];
    let server = Running::start(folder.path(), &["serve", "--listen", "127.0.0.1:0"], &settings, SOON).await;
    assert_eq!(server.get("/health/live").await, (200, r#"{"status":"live"}"#.to_owned()));
    assert_eq!(server.get("/health/ready").await, (200, r#"{"status":"ready"}"#.to_owned()));

    let contact = server.actor("contact").await;
    let counted = async || {
        let (status, metrics) = server.get("/metrics").await;
        assert_eq!(status, 200);
        let queries = counter(&metrics, "graphql_requests_total", &["operation=\"query\"", "outcome=\"OK\""]);
        let refused = counter(&metrics, "graphql_requests_total", &["outcome=\"GRAPHQL_VALIDATION_FAILED\""]);
        let answers = counter(&metrics, "http_responses_total", &["route=\"/graphql\"", "status=\"200\""]);
        (queries, refused, answers)
    };
    let before = counted().await;
    let (trace, parent) = (0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128, 0x00f0_67aa_0ba9_02b7_u64);
    let request = |operation: &str| {
        let query = "query MyHouseholds { households(first: 1) { totalCount } }";
        reqwest::Client::new()
            .post(server.url("/graphql"))
            .bearer_auth(contact.access.as_deref().expect("a token"))
            .header("x-request-id", format!("id-of-{operation}"))
            .header("traceparent", format!("00-{trace:032x}-{parent:016x}-01"))
            .json(&json!({"query": query, "operationName": operation}))
            .send()
    };
    let answer = request("MyHouseholds").await.expect("an answer");
    assert_eq!(answer.headers()["x-request-id"], "id-of-MyHouseholds");
    let body: Value = answer.json().await.expect("JSON");
    assert!(body["data"]["households"]["totalCount"].as_i64() > Some(0), "{body}");
    let refused: Value = request("NoSuchOperation").await.expect("an answer").json().await.expect("JSON");
    assert_eq!(refused["errors"][0]["extensions"]["requestId"], "id-of-NoSuchOperation");
    let after = counted().await;
    assert_eq!((after.0 - before.0, after.1 - before.1, after.2 - before.2), (1, 1, 2));

    // Told to stop, it says that it is not ready, still answers for a while, and goes with what it has to tell.
    server.terminate();
    let told = Instant::now();
    loop {
        let (status, body) = server.get("/health/ready").await;
        if status == 503 {
            assert!(body.contains("stopping"), "{body}");
            break;
        }
        assert!(told.elapsed() < Duration::from_secs(2), "it is ready though it stops");
    }
    assert!(contact.get("{ households(first: 1) { totalCount } }").await["households"].is_object());
    let (status, _, log) = server.stopped().await;
    assert_eq!(status.code(), Some(0), "{log:?}");

    let all: Vec<_> = bodies.lock().expect("no panic").iter().flat_map(|body| spans(body)).collect();
    let of_request =
        |span: &&Span| span.attributes.get("request_id").is_some_and(|id| id == "id-of-MyHouseholds");
    let [span] = all.iter().filter(of_request).collect::<Vec<_>>()[..] else { panic!("one span: {all:?}") };
    assert_eq!((span.name.as_str(), span.service.as_str()), ("POST /graphql", "lianhu-of-the-test"));
    assert_eq!(span.attributes.get("operation").map(String::as_str), Some("MyHouseholds"));
    assert_eq!((&*span.trace, &*span.parent), (&trace.to_be_bytes()[..], &parent.to_be_bytes()[..]));

    let lines: Vec<Value> = log.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let of_request = |line: &&Value| line["span"]["request_id"] == "id-of-MyHouseholds";
    let line = lines.iter().find(of_request).unwrap_or_else(|| panic!("a line: {log:#?}"));
    assert_eq!([&line["message"], &line["level"]], ["answered", "DEBUG"]);
    assert_eq!([&line["span"]["operation"], &line["span"]["status"]], [&json!("MyHouseholds"), &json!(200)]);
    let token = contact.access.as_deref().expect("a token");
    let told = format!("{log:?} {all:?}");
    for secret in [token, &ground::password("contact"), settings[1].1] {
        assert!(!told.contains(secret), "what is logged and traced holds no secret");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_start_on_the_same_folder_serves_what_is_there_without_loading_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["demo", "--listen", "127.0.0.1:0", "--data", "try", "--accounts", "accounts.json"];
    let accounts = || std::fs::read_to_string(folder.path().join("accounts.json")).expect("the accounts");

    let first = Running::start(folder.path(), &arguments, &[], LOADING).await;
    let (table, loading) = (accounts(), first.started);
    let admin = first.actor("town-admin").await;
    let seen = admin.get("{ households(first: 1) { totalCount nodes { id version } } }").await;
    let household = &seen["households"]["nodes"][0];
    assert_eq!(seen["households"]["totalCount"], 3635);
    let input = json!({"id": household["id"], "expectedVersion": household["version"], "housing": "新房"});
    let changed =
        admin.change("householdUpdate", "HouseholdUpdateInput", "household { housing }", input).await;
    assert_eq!(changed["household"]["housing"], "新房", "{changed}");
    first.terminate();
    let (status, said, log) = first.stopped().await;
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert!(log.iter().any(|line| line.contains(LOADED)), "{log:?}");
    assert!(said.iter().any(|line| line.contains("town-admin") && line.contains("lianhu-demo-town-admin")));

    let second = Running::start(folder.path(), &arguments, &[], SOON).await;
    assert!(second.started < loading, "{:?} after {loading:?}", second.started);
    assert_eq!(accounts(), table);
    // The key in the folder is the same: who was signed in still is.
    let again = Actor::new(second.url("/graphql")).bearing(admin.access.clone().expect("a token"));
    let seen = again
        .ask("query($id: ID!) { household(by: { id: $id }) { housing } }", json!({"id": household["id"]}));
    assert_eq!(seen.await.ok()["household"]["housing"], "新房");
    assert_eq!(again.get("{ households(first: 1) { totalCount } }").await["households"]["totalCount"], 3635);
    second.terminate();
    let (status, _, log) = second.stopped().await;
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert!(!log.iter().any(|line| line.contains(LOADED)), "{log:?}");
}

#[test]
fn a_variable_that_is_no_setting_stops_the_program_before_it_begins() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(program());
    command.current_dir(folder.path()).args(["demo", "--data", "try"]).env_clear();
    let ended = command.env("LIANHU_HTTP__LISTN", "127.0.0.1:0").output().expect("the program runs");
    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(told.contains("LIANHU_HTTP__LISTN: 没有这一项设置"), "{told}");
    assert!(told.contains("LIANHU_HTTP__LISTN: no such setting"), "{told}");
    assert!(!folder.path().join("try").exists(), "nothing was made");
}
