//! Text files: rows parted by commas, in UTF-8 or in what Excel in Chinese writes.

use super::{Cell, Flaw, MOST_CHARACTERS, MOST_COLUMNS, Row, shortened, too_large, unreadable, value};
use crate::kernel::error::{Error, Result};
use encoding_rs::{Decoder, DecoderResult, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};
use std::{
    fs::File,
    io::{self, BufReader, Read},
    ops::ControlFlow,
    path::{Path, PathBuf},
    rc::Rc,
};

/// Bytes that are looked at together.
const PIECE: usize = 64 * 1024;
/// Bytes by which the separator is told.
const SAMPLE: usize = 8 * 1024;

/// A text file whose encoding and separator are known.
#[derive(Debug)]
pub(super) struct Text {
    path: PathBuf,
    encoding: &'static Encoding,
    separator: u8,
    /// Lines, for progress.
    pub(super) lines: u64,
}

impl Text {
    /// Looks through the file once: which encoding fits, and how many lines there are.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut start = [0; 3];
        let mut file = File::open(path).map_err(Error::internal)?;
        let read = file.read(&mut start).map_err(Error::internal)?;
        let marked = Encoding::for_bom(&start[..read]).map(|(encoding, _)| encoding);
        let candidates = marked.map_or_else(|| vec![UTF_8, GB18030], |encoding| vec![encoding]);
        for encoding in candidates {
            if let Some((lines, sample)) = fits(path, encoding)? {
                let separator = separator(&sample, encoding == UTF_16LE || encoding == UTF_16BE);
                return Ok(Self { path: path.to_owned(), encoding, separator, lines });
            }
        }
        Err(unreadable(
            "无法识别文件的编码，请另存为“CSV UTF-8”或 .xlsx。",
            "The encoding of the file is not known; save it as “CSV UTF-8” or .xlsx.",
        ))
    }

    /// Gives each row that holds anything.
    pub(super) fn walk(&self, each: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<()> {
        let file = File::open(&self.path).map_err(Error::internal)?;
        let given = Rc::new(std::cell::Cell::new(0));
        let decoding = Decoding::new(BufReader::with_capacity(PIECE, file), self.encoding);
        let decoding = Bounded { from: decoding, given: Rc::clone(&given) };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.separator)
            .from_reader(decoding);
        let mut record = csv::StringRecord::new();
        // Lines within cells, which Excel does not count as rows.
        let mut inside = 0;
        loop {
            given.set(0);
            match reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(_) if given.get() > MOST_ROW => {
                    return Err(endless(record.position(), inside));
                }
                Err(error) => {
                    return Err(unreadable(
                        "文件不是有效的 CSV。",
                        format!(
                            "The file is not a CSV: {}.",
                            error.position().map_or(0, csv::Position::line)
                        ),
                    ));
                }
            }
            // Lines after a mark that has no end, or that ends much further down.
            if record.iter().any(|cell| cell.len() > MOST_CHARACTERS * 3 && cell.contains('\n')) {
                return Err(endless(record.position(), inside));
            }
            let line = record.position().map_or(0, csv::Position::line);
            let row = line.saturating_sub(inside);
            inside += record.iter().map(|cell| cell.matches('\n').count() as u64).sum::<u64>();
            let cells: Vec<Cell> = record.iter().take(MOST_COLUMNS).map(cell).collect();
            if cells.iter().all(|cell| cell.text.is_empty()) {
                continue;
            }
            let number = u32::try_from(row).unwrap_or(u32::MAX);
            if each(Row { number, cells }).is_break() {
                return Ok(());
            }
        }
    }
}

fn endless(at: Option<&csv::Position>, inside: u64) -> Error {
    let row = at.map_or(1, csv::Position::line).saturating_sub(inside);
    unreadable(
        format!("第 {row} 行起没有结束：可能缺少一个引号。"),
        format!("Row {row} has no end: a quotation mark may be missing."),
    )
}

/// A cell of a text file. A sign put before what might be taken for a formula is taken away again; a number that was
/// shortened has lost its digits.
fn cell(text: &str) -> Cell {
    let text = value::trim(text);
    let text = match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
        _ => text,
    };
    let mut cell = Cell::of(&shortened(text));
    if scientific(text) {
        cell.flaw = Some(Flaw::Rounded);
    }
    cell
}

/// `1.10105E+17`, as Excel writes a long number.
fn scientific(text: &str) -> bool {
    let Some((number, exponent)) = text.split_once("E+").or_else(|| text.split_once("e+")) else {
        return false;
    };
    let digits = number.replace('.', "");
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    number(&digits) && number(exponent)
}

/// Bytes of a line at the most.
const MOST_LINE: usize = 1 << 20;
/// Bytes that are read for one row at the most, lines within its cells included.
const MOST_ROW: usize = 2 << 20;

/// How many lines the file has and how it begins, if all of it is of this encoding.
fn fits(path: &Path, encoding: &'static Encoding) -> Result<Option<(u64, String)>> {
    let mut file = File::open(path).map_err(Error::internal)?;
    let mut decoder = encoding.new_decoder();
    let (mut raw, mut out) = (vec![0; PIECE], vec![0; PIECE * 4]);
    let (mut lines, mut sample, mut run) = (0, String::new(), 0);
    loop {
        let read = file.read(&mut raw).map_err(Error::internal)?;
        let (result, _, written) =
            decoder.decode_to_utf8_without_replacement(&raw[..read], &mut out, read == 0);
        if let DecoderResult::Malformed(..) = result {
            return Ok(None);
        }
        for byte in &out[..written] {
            run = if matches!(byte, b'\n' | b'\r') { 0 } else { run + 1 };
            if run > MOST_LINE {
                return Err(too_large());
            }
        }
        lines += out[..written].split(|byte| *byte == b'\n').skip(1).count() as u64;
        if sample.len() < SAMPLE {
            sample.push_str(&String::from_utf8_lossy(&out[..written.min(SAMPLE)]));
        }
        if read == 0 {
            return Ok(Some((lines, sample)));
        }
    }
}

fn separator(sample: &str, tabs: bool) -> u8 {
    let count = |separator: char| sample.matches(separator).count();
    let (commas, semicolons, tabbed) = (count(','), count(';'), count('\t'));
    if tabbed > commas.max(semicolons) || tabs && tabbed > 0 {
        b'\t'
    } else if semicolons > commas {
        b';'
    } else {
        b','
    }
}

/// Any encoding, read as UTF-8, and any end of a line as `\n`, so that lines can be counted.
struct Decoding<R> {
    from: R,
    decoder: Decoder,
    raw: Vec<u8>,
    ready: Vec<u8>,
    at: usize,
    returned: bool,
    ended: bool,
}

impl<R: Read> Decoding<R> {
    fn new(from: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder();
        Self { from, decoder, raw: vec![0; PIECE], ready: Vec::new(), at: 0, returned: false, ended: false }
    }

    fn even(&mut self) {
        let mut returned = self.returned;
        self.ready.retain_mut(|byte| {
            let second = *byte == b'\n' && returned;
            returned = *byte == b'\r';
            if returned {
                *byte = b'\n';
            }
            !second
        });
        self.returned = returned;
    }
}

/// Gives no more than a row may have: a quotation mark that is missing would make one row of all that is left.
struct Bounded<R> {
    from: R,
    /// Bytes since the last row.
    given: Rc<std::cell::Cell<usize>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(to)?;
        self.given.set(self.given.get() + read);
        if self.given.get() > MOST_ROW { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(read) }
    }
}

impl<R: Read> Read for Decoding<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.at == self.ready.len() && !self.ended {
            let read = self.from.read(&mut self.raw)?;
            self.ended = read == 0;
            self.ready.resize(PIECE * 4, 0);
            let (_, _, written, _) =
                self.decoder.decode_to_utf8(&self.raw[..read], &mut self.ready, self.ended);
            self.ready.truncate(written);
            self.even();
            self.at = 0;
        }
        let ready = &self.ready[self.at..];
        let most = ready.len().min(to.len());
        to[..most].copy_from_slice(&ready[..most]);
        self.at += most;
        Ok(most)
    }
}
