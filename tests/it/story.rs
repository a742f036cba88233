//! The stories of `client-schema/story.md`: the page is run, document by document, and each answer on it is what comes back.
//! `LIANHU_WRITE=1` writes the answers into the page.

use lianhu_tests::{Actor, World};
use serde_json::{Value, json};
use std::{collections::HashMap, fmt::Write};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../client-schema/story.md");
/// What stands for what differs from day to day.
const LEFT_OUT: &str = "…";
/// An answer that fits into one line of the page is written so.
const WIDTH: usize = 118;

/// A step: who asks, in which form, what.
struct Step {
    who: String,
    kind: String,
    text: String,
    answer: Option<String>,
    /// Where the block of the question ends, and that of the answer, in lines of the page.
    lines: (usize, usize),
}

/// The steps of a page.
fn steps(page: &str) -> Vec<Step> {
    let lines: Vec<&str> = page.lines().collect();
    let (mut steps, mut who, mut at) = (Vec::<Step>::new(), String::new(), 0);
    while at < lines.len() {
        let line = lines[at];
        if let Some((_, name)) = line.rsplit_once("As `") {
            name.trim_end_matches("`:").clone_into(&mut who);
        }
        if let Some(kind) = line.strip_prefix("```").filter(|kind| !kind.is_empty()) {
            let end = (at + 1..lines.len()).find(|end| lines[*end] == "```").expect("the block ends");
            let text = lines[at + 1..end].join("\n");
            match kind {
                "graphql" | "http" => steps.push(Step {
                    who: who.clone(),
                    kind: kind.to_owned(),
                    text,
                    answer: None,
                    lines: (end, end),
                }),
                _ => {
                    let step = steps.last_mut().expect("an answer follows its question");
                    (step.answer, step.lines.1) = (Some(text), end);
                }
            }
            at = end;
        }
        at += 1;
    }
    steps
}

/// What the page has kept so far, and who is signed in.
struct Teller {
    world: World,
    actors: HashMap<String, Actor>,
    kept: HashMap<String, Value>,
}

impl Teller {
    async fn actor(&mut self, who: &str) -> Actor {
        if let Some(token) = self.kept.get(who) {
            return self.world.anyone().bearing(token.as_str().expect("a token"));
        }
        if who == "anyone" {
            return self.world.anyone();
        }
        if !self.actors.contains_key(who) {
            let actor = self.world.actor(who).await;
            self.actors.insert(who.to_owned(), actor);
        }
        self.actors[who].clone()
    }

    /// A variable that a document asks for.
    async fn variable(&mut self, name: &str, actor: &Actor) -> Value {
        let now = self.world.state.clock.now().0;
        let day = |days: i64| (now + chrono::Duration::hours(8 + 24 * days)).date_naive().to_string();
        match name {
            "key" => json!(lianhu_tests::key()),
            "hourAgo" => json!((now - chrono::Duration::hours(1)).to_rfc3339()),
            "today" => json!(day(0)),
            "inFiveDays" => json!(day(5)),
            "photo" => json!(actor.send_file("新管.jpg", Some("image/jpeg"), &photo()).await),
            "token" => self.scan().await,
            "code" => self.code().await,
            kept => self.kept.get(kept).unwrap_or_else(|| panic!("nothing is kept as {kept}")).clone(),
        }
    }

    /// What a phone reads from the card.
    async fn scan(&mut self) -> Value {
        let card = self.kept["card"].as_str().expect("an id").to_owned();
        let owner = self.actor("grid-worker").await;
        let answer = owner.fetch(&format!("/cards/{card}/qr.png"), &[]).await;
        assert_eq!(answer.status(), 200, "the code of the card");
        let address = crate::card::scanned(&answer.bytes().await.expect("a picture"));
        json!(address.rsplit('/').next().expect("its token"))
    }

    /// The digits that came to the telephone last.
    async fn code(&self) -> Value {
        let log = self.world.ground.store().join("courier.log");
        for _ in 0..500 {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            let letter = text.lines().rev().find_map(|line| serde_json::from_str::<Value>(line).ok());
            if let Some(letter) = letter {
                let text = letter["text"].as_str().expect("a text").to_owned();
                let digits: String = text.chars().skip_while(|one| !one.is_ascii_digit()).take(6).collect();
                return json!(digits);
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("no text went out")
    }

    /// Runs a step; what came back, as the page has it.
    async fn run(&mut self, step: &Step) -> String {
        let actor = self.actor(&step.who).await;
        if step.kind == "http" {
            return self.fetch(&actor, &step.text).await;
        }
        let mut variables = json!({});
        for name in declared(&step.text) {
            variables[&name] = self.variable(&name, &actor).await;
        }
        let answer = actor.ask(&step.text, variables).await.ok();
        for line in step.text.lines().filter_map(|line| line.strip_prefix("# ‹")) {
            let (name, path) = line.split_once("› = ").expect("a name and where it stands");
            let value = look(&answer, path).unwrap_or_else(|| panic!("{path}: {answer}"));
            self.kept.insert(name.to_owned(), value.clone());
        }
        written(&self.normal(answer), 0)
    }

    async fn fetch(&self, actor: &Actor, text: &str) -> String {
        let mut path = text.strip_prefix("GET ").expect("a GET").to_owned();
        for (name, value) in &self.kept {
            path = path.replace(&format!("‹{name}›"), value.as_str().unwrap_or_default());
        }
        let (path, filter) = path.split_once("?where=").map_or((path.as_str(), ""), |both| both);
        let filter = lianhu_tests::encoded(filter);
        let answer = actor.fetch(&format!("{path}?where={filter}"), &[]).await;
        assert_eq!(answer.status(), 200, "{path}");
        let body = answer.text().await.expect("a text");
        let number = self.kept["number"].as_str().expect("a number");
        let lines = body.trim_start_matches('\u{feff}').lines();
        let told =
            lines.map(|line| line.split(',').map(|cell| shown(cell, number)).collect::<Vec<_>>().join(","));
        told.collect::<Vec<_>>().join("\n")
    }

    /// An answer without what differs from day to day: what is kept by its name, moments and days left out.
    fn normal(&self, answer: Value) -> Value {
        match answer {
            Value::Object(fields) => {
                fields.into_iter().map(|(name, value)| (name, self.normal(value))).collect()
            }
            Value::Array(all) => all.into_iter().map(|value| self.normal(value)).collect(),
            Value::String(text) => {
                let own = Value::String(text.clone());
                if let Some((name, _)) = self.kept.iter().find(|(_, value)| **value == own) {
                    return json!(format!("‹{name}›"));
                }
                let number = self.kept.get("number").and_then(Value::as_str);
                if number.is_some_and(|number| text.contains(number)) {
                    return json!(text.replace(number.unwrap_or_default(), "‹number›"));
                }
                let is_moment = chrono::DateTime::parse_from_rfc3339(&text).is_ok();
                let is_id = entity::id::read(&text).is_some();
                let is_day = text.parse::<chrono::NaiveDate>().is_ok();
                if is_moment || is_id || is_day { json!(LEFT_OUT) } else { own }
            }
            other => other,
        }
    }
}

/// A cell without the moments of the day on which it was told.
fn shown<'a>(cell: &'a str, number: &str) -> &'a str {
    let is_moment = chrono::NaiveDateTime::parse_from_str(cell, "%Y-%m-%d %H:%M").is_ok();
    match cell {
        _ if cell == number => "‹number›",
        _ if is_moment => LEFT_OUT,
        _ => cell,
    }
}

/// The variables that a document declares.
fn declared(document: &str) -> Vec<String> {
    let head = document.split('{').next().unwrap_or_default();
    head.split('$')
        .skip(1)
        .map(|rest| rest.chars().take_while(char::is_ascii_alphanumeric).collect())
        .collect()
}

/// What stands at a path: members by name, elements by place, or by what a member of theirs holds.
fn look<'a>(mut at: &'a Value, path: &str) -> Option<&'a Value> {
    for part in path.split('.') {
        at = match (at, part.split_once('=')) {
            (Value::Array(all), Some((name, value))) => all.iter().find(|one| one[name] == value)?,
            (Value::Array(all), None) => all.get(part.parse::<usize>().ok()?)?,
            _ => at.get(part)?,
        };
    }
    Some(at)
}

/// JSON in lines no longer than the page, as far as it can be; what has one member alone begins no line of its own.
fn written(value: &Value, depth: usize) -> String {
    let flat = flat(value);
    if depth + flat.chars().count() <= WIDTH {
        return flat;
    }
    let pad = format!("\n{}", " ".repeat(depth + 2));
    let lines = |open: char, all: Vec<String>, close: char| {
        format!("{open}{pad}{}{close}", all.join(&format!(",{pad}")))
    };
    match value {
        Value::Object(fields) if fields.len() == 1 => {
            let one = fields.iter().map(|(name, value)| format!("{{\"{name}\": {}}}", written(value, depth)));
            one.collect()
        }
        Value::Object(fields) => {
            let members =
                fields.iter().map(|(name, value)| format!("\"{name}\": {}", written(value, depth + 2)));
            lines('{', members.collect(), '}')
        }
        Value::Array(all) => lines('[', all.iter().map(|value| written(value, depth + 2)).collect(), ']'),
        _ => flat,
    }
}

fn flat(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let members: Vec<_> =
                fields.iter().map(|(name, value)| format!("\"{name}\": {}", flat(value))).collect();
            format!("{{{}}}", members.join(", "))
        }
        Value::Array(elements) => {
            format!("[{}]", elements.iter().map(flat).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// A picture of a new pipe.
fn photo() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let dots = image::RgbImage::from_pixel(24, 16, image::Rgb([40, 90, 160]));
    image::DynamicImage::ImageRgb8(dots).write_to(&mut bytes, image::ImageFormat::Jpeg).expect("a picture");
    bytes.into_inner()
}

#[tokio::test]
async fn the_stories_of_the_page_run_as_they_are_told() {
    let page = std::fs::read_to_string(PAGE).expect("client-schema/story.md");
    let mut teller = Teller { world: World::demo().await, actors: HashMap::new(), kept: HashMap::new() };
    let write = std::env::var_os("LIANHU_WRITE").is_some();
    let lines: Vec<&str> = page.lines().collect();
    let (mut told, mut from) = (String::new(), 0);
    let all = steps(&page);
    assert!(all.len() > 40, "two stories: {} steps", all.len());
    for step in all {
        let answer = teller.run(&step).await;
        if !write {
            let line = step.lines.0;
            let holds = step.answer.as_deref().unwrap_or_else(|| panic!("line {line}: no answer"));
            let same = if step.kind == "http" {
                holds == answer
            } else {
                serde_json::from_str::<Value>(holds).ok() == serde_json::from_str(&answer).ok()
            };
            assert!(
                same,
                "line {line}, as {}:\n{}\nthe page has:\n{holds}\ncame back:\n{answer}",
                step.who, step.text
            );
        }
        let (end, last) = step.lines;
        let kind = if step.kind == "http" { "csv" } else { "json" };
        _ = write!(told, "{}\n\n```{kind}\n{answer}\n```\n", lines[from..=end].join("\n"));
        from = last + 1;
    }
    if write {
        told.push_str(&lines[from..].join("\n"));
        std::fs::write(PAGE, told.trim_end().to_owned() + "\n").expect("the page is written");
    }
}
