//! Sources as the rules read them: the paths that a file names, with their lines, past comments and texts.

use std::{collections::HashMap, fs, ops::Range, path::Path};

/// One file.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// From the root of the project: `api/src/kernel/door.rs`.
    pub(super) path: String,
    /// All of it.
    pub(super) text: String,
}

/// One word or sign of a file; a text between quotes is `"`.
#[derive(Clone, Debug)]
pub(super) struct Token<'a> {
    /// As it stands.
    pub(super) text: &'a str,
    /// On which line.
    pub(super) line: usize,
    /// In how many `mod … { }` of the file.
    pub(super) inside: usize,
}

/// A path that a file names, or one that a `use` brings in.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// `["crate", "kernel", "door"]`; of a glob the last is `*`.
    pub(super) segments: Vec<String>,
    /// The name that it has from here on, when it is a `use`.
    pub(super) alias: Option<String>,
    /// On which line.
    pub(super) line: usize,
    /// In how many `mod … { }` of the file.
    pub(super) inside: usize,
    /// Its tokens.
    pub(super) at: Range<usize>,
}

/// Every `.rs` file below these folders of the project, by name.
pub(super) fn read_all(folders: &[&str]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut sources = Vec::new();
    for folder in folders {
        collect(&root, Path::new(folder), &mut sources);
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(!sources.is_empty(), "no source below {folders:?}");
    sources
}

fn collect(root: &Path, folder: &Path, sources: &mut Vec<Source>) {
    let entries =
        fs::read_dir(root.join(folder)).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let entry = entry.expect("an entry of a folder");
        let path = folder.join(entry.file_name());
        if entry.file_type().expect("its kind").is_dir() {
            collect(root, &path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(Source { path: path.to_string_lossy().replace('\\', "/"), text: read(&path) });
        }
    }
}

/// A file of the project.
pub(super) fn read(path: impl AsRef<Path>) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Source {
    /// A snippet, as if it stood at a path.
    pub(super) fn snippet(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Its words and signs, without comments.
    pub(super) fn tokens(&self) -> Vec<Token<'_>> {
        let mut tokens = Vec::new();
        let (mut at, mut line) = (0, 1);
        while let Some(next) = self.text[at..].chars().next() {
            let (length, meant) = lexeme(&self.text[at..], next);
            let text = if meant == Lexeme::Text { "\"" } else { &self.text[at..at + length] };
            if meant != Lexeme::Nothing {
                tokens.push(Token { text, line, inside: 0 });
            }
            line += self.text[at..at + length].matches('\n').count();
            at += length;
        }
        note_modules(&mut tokens);
        tokens
    }

    /// Every path that it names, each leaf of a `use` by itself.
    pub(super) fn named(&self) -> Vec<Named> {
        let tokens = self.tokens();
        let (mut named, mut at) = (Vec::new(), 0);
        while at < tokens.len() {
            if tokens[at].text == "use" {
                let (line, inside) = (tokens[at].line, tokens[at].inside);
                at += 1;
                leaves(&tokens, &mut at, &[], (line, inside), &mut named);
            } else if is_word(tokens[at].text) && !follows(&tokens, at, &["::", ".", "'"]) {
                let from = at;
                let segments = path(&tokens, &mut at);
                let Token { line, inside, .. } = tokens[from];
                named.push(Named { segments, alias: None, line, inside, at: from..at });
            } else {
                at += 1;
            }
        }
        named
    }

    /// What its `use` lines bring in, by the name that it has here.
    pub(super) fn imports(&self) -> HashMap<String, Vec<String>> {
        let uses = self.named().into_iter();
        uses.filter_map(|named| Some((named.alias?, named.segments))).collect()
    }
}

/// A path written out: its head replaced by what was imported under that name.
pub(super) fn resolve(segments: &[String], imports: &HashMap<String, Vec<String>>) -> Vec<String> {
    let mut whole = segments.to_vec();
    for _ in 0..4 {
        let Some(import) = whole.first().and_then(|head| imports.get(head)) else { break };
        if import.first() == whole.first() {
            break;
        }
        whole = import.iter().chain(&whole[1..]).cloned().collect();
    }
    whole
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lexeme {
    Nothing,
    Text,
    Word,
    Sign,
}

/// How long the next lexeme is, in bytes, and what it is.
fn lexeme(rest: &str, next: char) -> (usize, Lexeme) {
    let until = |end: &str| rest.find(end).map_or(rest.len(), |found| found + end.len());
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), Lexeme::Nothing);
    }
    if rest.starts_with("/*") {
        return (until("*/"), Lexeme::Nothing);
    }
    if let Some(length) = raw_text(rest) {
        return (length, Lexeme::Text);
    }
    match next {
        '"' => (text(rest), Lexeme::Text),
        '\'' if rest[1..].starts_with('\\') => (3 + rest[3..].find('\'').unwrap_or(0) + 1, Lexeme::Text),
        '\'' => match rest[1..].char_indices().nth(1) {
            Some((second, '\'')) => (second + 2, Lexeme::Text),
            _ => (1, Lexeme::Sign),
        },
        _ if next.is_whitespace() => (next.len_utf8(), Lexeme::Nothing),
        _ if next == '_' || next.is_alphanumeric() => {
            let end = rest.find(|other: char| other != '_' && !other.is_alphanumeric());
            (end.unwrap_or(rest.len()), Lexeme::Word)
        }
        _ if rest.starts_with("::") => (2, Lexeme::Sign),
        _ => (next.len_utf8(), Lexeme::Sign),
    }
}

/// The length of a text between quotes.
fn text(rest: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            '"' if !escaped => return at + 1,
            _ => escaped = letter == '\\' && !escaped,
        }
    }
    rest.len()
}

/// The length of `r"…"`, `r#"…"#`, `b"…"` and the like.
fn raw_text(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r"].into_iter().find(|prefix| rest.starts_with(prefix));
    if let Some(prefix) = prefix {
        let hashes = rest[prefix.len()..].bytes().take_while(|&byte| byte == b'#').count();
        let open = prefix.len() + hashes + 1;
        if rest.get(open - 1..open) == Some("\"") {
            let end = format!("\"{}", "#".repeat(hashes));
            return Some(rest[open..].find(&end).map_or(rest.len(), |found| open + found + end.len()));
        }
    }
    let plain = ["b\"", "c\""].into_iter().any(|open| rest.starts_with(open));
    plain.then(|| 1 + text(&rest[1..]))
}

/// Notes for each token in how many modules of the file it stands.
fn note_modules(tokens: &mut [Token<'_>]) {
    let (mut depth, mut open) = (0_usize, Vec::new());
    for at in 0..tokens.len() {
        match tokens[at].text {
            "{" => {
                depth += 1;
                if at >= 2 && tokens[at - 2].text == "mod" {
                    open.push(depth);
                }
            }
            "}" => {
                if open.last() == Some(&depth) {
                    open.pop();
                }
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
        tokens[at].inside = open.len();
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first == '_' || first.is_alphabetic())
}

fn follows(tokens: &[Token<'_>], at: usize, signs: &[&str]) -> bool {
    at > 0 && signs.contains(&tokens[at - 1].text)
}

/// The words from here that `::` joins.
fn path(tokens: &[Token<'_>], at: &mut usize) -> Vec<String> {
    let mut segments = vec![tokens[*at].text.to_owned()];
    *at += 1;
    while *at + 1 < tokens.len() && tokens[*at].text == "::" && is_word(tokens[*at + 1].text) {
        segments.push(tokens[*at + 1].text.to_owned());
        *at += 2;
    }
    segments
}

/// Each leaf of a tree of `use`.
fn leaves(
    tokens: &[Token<'_>],
    at: &mut usize,
    above: &[String],
    (line, inside): (usize, usize),
    named: &mut Vec<Named>,
) {
    let from = *at;
    let mut segments = above.to_vec();
    while let Some(token) = tokens.get(*at) {
        match token.text {
            "{" => {
                *at += 1;
                while tokens.get(*at).is_some_and(|token| token.text != "}") {
                    let line = tokens[*at].line;
                    leaves(tokens, at, &segments, (line, inside), named);
                    if tokens.get(*at).is_some_and(|token| token.text == ",") {
                        *at += 1;
                    }
                }
                *at += 1;
                return;
            }
            "," | "}" | ";" => break,
            "as" => {
                let alias = tokens.get(*at + 1).map(|token| token.text.to_owned());
                *at += 2;
                named.push(Named { segments, alias, line, inside, at: from..*at });
                return;
            }
            "::" => {}
            "self" if !segments.is_empty() => {}
            other => segments.push(other.to_owned()),
        }
        *at += 1;
    }
    let alias = segments.last().filter(|last| *last != "*").cloned();
    named.push(Named { segments, alias, line, inside, at: from..*at });
}
