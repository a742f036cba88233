//! The walk: somebody asks every document of a corpus, and every answer, the access log and the server's log are read.

use super::{
    answer::{Asked, Judge, Reading, Shown},
    document::Document,
    lines,
    sight::Sight,
};
use entity::id::AccountId;
use lianhu_tests::World;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};

/// Codes with which a document is refused before it is walked; those after the first are faults of the corpus.
const FAULTS: [&str; 8] = [
    "INTERNAL_SERVER_ERROR",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "QUERY_TOO_DEEP",
    "QUERY_TOO_WIDE",
    "QUERY_TOO_COSTLY",
    "OVERLOADED",
    "RATE_LIMITED",
];

/// Whoever walks.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// The account of the demonstration, or the key by its scope.
    pub name: String,
    /// What is shown at the door; none for somebody unknown.
    pub token: Option<String>,
    /// The account that the access log names.
    pub account: Option<AccountId>,
    /// What is expected to be seen.
    pub sight: Sight,
}

/// What came of a walk.
#[derive(Clone, Debug, Default)]
pub(super) struct Report {
    /// Answers that were read.
    pub answers: usize,
    /// Personal values that were shown.
    pub personal: usize,
    /// Lines of the access log.
    pub lines: usize,
    /// What was wrong, once for each document.
    pub wrong: Vec<String>,
    /// Values that were put and have been seen.
    pub met: BTreeSet<String>,
    /// How often each code was answered.
    pub codes: BTreeMap<String, usize>,
    /// Bytes of the server's log that were looked through.
    pub said: usize,
    /// Answers of which the log told.
    pub heard: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { answers, personal, lines, said, codes, .. } = self;
        write!(
            f,
            "{answers} answers, {personal} personal values, {lines} lines of the access log, {said} bytes of the log, {codes:?}"
        )
    }
}

impl Report {
    /// Two walks as one.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.answers += other.answers;
        self.personal += other.personal;
        self.lines += other.lines;
        self.wrong.extend(other.wrong);
        self.said += other.said;
        self.heard += other.heard;
        self.met.extend(other.met);
        for (code, count) in other.codes {
            *self.codes.entry(code).or_default() += count;
        }
        self
    }
}

/// What came back.
struct Came {
    /// All of it, headers and all.
    text: String,
    body: Value,
}

/// Every code in an answer, of its errors and of refusals in payloads.
fn codes(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| codes(one, found)),
        Value::Object(object) => {
            let is_error = object.contains_key("message") && object.contains_key("code")
                || object.contains_key("requestId");
            let code = object.get("code").and_then(Value::as_str).filter(|_| is_error);
            found.extend(code.map(str::to_owned));
            object.values().for_each(|one| codes(one, found));
        }
        _ => {}
    }
}

/// Whether an answer holds any row, or counts any.
fn finds(value: &Value) -> bool {
    match value {
        Value::Array(all) => all.iter().any(finds),
        Value::Object(object) => {
            object.get("totalCount").and_then(Value::as_i64).is_some_and(|count| count > 0)
                || object.get("nodes").and_then(Value::as_array).is_some_and(|rows| !rows.is_empty())
                || object.values().any(finds)
        }
        _ => false,
    }
}

/// A walk through a world.
pub(super) struct Walk<'a> {
    /// The server.
    pub world: &'a World,
    /// What every answer is held against.
    pub judge: &'a Judge,
    /// Sends.
    pub http: reqwest::Client,
}

impl Walk<'_> {
    async fn ask(&self, person: &Person, request: &str, sent: &Value) -> Came {
        let asked = self.http.post(self.world.endpoint()).header("x-request-id", request);
        let asked = asked.header("accept", "application/graphql-response+json").json(sent);
        let asked = match &person.token {
            Some(token) => asked.bearer_auth(token),
            None => asked,
        };
        let answer = asked.send().await.expect("the server answers");
        let headers = format!("{:?}", answer.headers());
        let body = answer.text().await.expect("a body");
        Came { body: serde_json::from_str(&body).unwrap_or_default(), text: format!("{headers}\n{body}") }
    }

    /// Asks every document, and reads all that comes of it.
    pub(super) async fn of(&self, person: &Person, documents: &[Document]) -> Report {
        let mut report = Report::default();
        let mut shown: HashMap<String, Shown> = HashMap::new();
        let beginning = format!("walk-{}", uuid::Uuid::now_v7().simple());
        for (nth, document) in documents.iter().enumerate() {
            let request = format!("{beginning}.{nth}");
            let sent = json!({"query": document.text, "variables": document.variables});
            let came = self.ask(person, &request, &sent).await;
            let at = format!("{} asks {}", person.name, document.name);
            let sent = sent.to_string();
            let asked = Asked {
                signed_in: person.token.is_some(),
                sight: &person.sight,
                sent: &sent,
                came: &came.text,
            };
            let Reading { leaks, shown: of_this, personal, met } = self.judge.read(&asked, &came.body);
            if let Some(first) = leaks.first() {
                report.wrong.push(format!(
                    "{at}: {first}, and {} more\n  {}",
                    leaks.len() - 1,
                    document.text
                ));
            }
            let mut told = Vec::new();
            codes(&came.body, &mut told);
            // Guesses at a secret are slowed down, whoever makes them.
            let sort = if document.text.starts_with("mutation") { FAULTS.len() - 1 } else { FAULTS.len() };
            let faults = if document.runs { &FAULTS[..sort] } else { &FAULTS[..1] };
            if came.body.is_null() || told.iter().any(|code| faults.contains(&code.as_str())) {
                let text: String = came.text.chars().take(1500).collect();
                report.wrong.push(format!("{at}: is not answered: {text}\n  {sent}"));
            }
            for code in told {
                *report.codes.entry(code).or_default() += 1;
            }
            let hidden = document.seeks.as_ref().filter(|(of, part)| !person.sight.shows(of, *part));
            if hidden.is_some() && finds(&came.body["data"]) {
                report.wrong.push(format!("{at}: finds what is hidden: {}\n  {sent}", came.body));
            }
            report.answers += 1;
            report.personal += personal;
            report.met.extend(met);
            if !of_this.is_empty() {
                shown.insert(request, of_this);
            }
        }
        let lines = lines::lines(self.world, &format!("{beginning}.")).await;
        report.lines = lines.len();
        report.wrong.extend(lines::differences(person.account, &shown, &lines));
        report
    }
}
