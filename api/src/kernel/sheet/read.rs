//! Reading: a workbook or text file is opened once, in a thread of its own, and gives its rows a few at a time, so that
//! memory does not grow with it. (What a workbook keeps apart as shared strings is the exception.)

use super::{Cell, Flaw, MOST_CHARACTERS, MOST_COLUMNS, shortened, text::Text, too_large, unreadable};
use crate::kernel::error::{Error, Result};
use calamine::{DataRef, ExcelDateTime, Reader, Xlsx, XlsxError};
use std::{
    fs::File,
    io::{self, BufReader, Read},
    ops::ControlFlow,
    path::Path,
    sync::mpsc as thread,
};
use tokio::sync::{mpsc, oneshot};

/// What a workbook may come to when it is unpacked.
const MOST_BYTES: u64 = 1 << 30;
/// What its shared strings and styles may come to: they are held in memory.
const MOST_SHARED: u64 = 256 << 20;
/// Cells without anything in them, one after another, after which a sheet is taken to be ended.
const MOST_BLANKS: u32 = 4_000_000;
/// Rows that travel together.
const BATCH: usize = 200;
/// Batches on the way.
const WAY: usize = 4;
/// Rows among which the headings are looked for.
const HEAD: u32 = 10;

/// A row of a sheet that holds anything.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its number as Excel counts, from 1.
    pub number: u32,
    /// Its cells from the first column on.
    pub cells: Vec<Cell>,
}

/// How a sheet begins.
#[derive(Clone, Debug)]
pub struct Head {
    /// The rows within the first ten.
    pub rows: Vec<Row>,
    /// How many rows there are, where the file tells.
    pub total: Option<u64>,
}

/// A file that has been opened.
pub struct Book {
    /// Names of its sheets; that of a text file is its own.
    pub sheets: Vec<String>,
    ask: thread::Sender<Ask>,
}

enum Ask {
    Head(String, oneshot::Sender<Result<Head>>),
    Rows(String, mpsc::Sender<Result<Piece>>),
}

enum Piece {
    Rows(Vec<Row>),
    End,
}

/// The rows of a sheet, as they come.
pub struct Rows(mpsc::Receiver<Result<Piece>>);

impl Rows {
    /// The next few; none at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<Row>>> {
        match self.0.recv().await {
            Some(Ok(Piece::Rows(rows))) => Ok(Some(rows)),
            Some(Ok(Piece::End)) => Ok(None),
            Some(Err(error)) => Err(error),
            None => Err(broken()),
        }
    }
}

/// The reader gave up: a file that its library cannot bear.
fn broken() -> Error {
    unreadable("文件已损坏，无法读取。", "The file is damaged and cannot be read.")
}

impl Book {
    /// Opens a file. Which format it is, its name tells: .xlsx, .xlsm or .csv, .txt. The old .xls unpacks in memory to
    /// whatever size it claims, and is not read.
    pub async fn open(path: &Path, name: &str) -> Result<Self> {
        let (path, name) = (path.to_owned(), name.to_owned());
        let (ask, asked) = thread::channel();
        let (opened, wait) = oneshot::channel();
        tokio::task::spawn_blocking(move || match Source::open(&path, &name) {
            Ok((source, sheets)) => {
                if opened.send(Ok(sheets)).is_ok() {
                    serve(source, &asked);
                }
            }
            Err(error) => _ = opened.send(Err(error)),
        });
        let sheets = wait.await.map_err(|_| broken())??;
        Ok(Self { sheets, ask })
    }

    /// How a sheet begins.
    pub async fn head(&self, sheet: &str) -> Result<Head> {
        let (send, wait) = oneshot::channel();
        self.ask.send(Ask::Head(sheet.to_owned(), send)).map_err(|_| broken())?;
        wait.await.map_err(|_| broken())?
    }

    /// The rows of a sheet.
    pub fn rows(&self, sheet: &str) -> Result<Rows> {
        let (send, rows) = mpsc::channel(WAY);
        self.ask.send(Ask::Rows(sheet.to_owned(), send)).map_err(|_| broken())?;
        Ok(Rows(rows))
    }
}

fn serve(mut source: Source, asked: &thread::Receiver<Ask>) {
    while let Ok(ask) = asked.recv() {
        match ask {
            Ask::Head(sheet, to) => {
                let mut rows = Vec::new();
                let walked = source.walk(&sheet, &mut |row| {
                    if row.number > HEAD {
                        return ControlFlow::Break(());
                    }
                    rows.push(row);
                    ControlFlow::Continue(())
                });
                _ = to.send(walked.map(|total| Head { rows, total }));
            }
            Ask::Rows(sheet, to) => {
                let mut batch = Vec::with_capacity(BATCH);
                let walked = source.walk(&sheet, &mut |row| {
                    batch.push(row);
                    if batch.len() < BATCH {
                        return ControlFlow::Continue(());
                    }
                    let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                    match to.blocking_send(Ok(Piece::Rows(full))) {
                        Ok(()) => ControlFlow::Continue(()),
                        Err(_) => ControlFlow::Break(()),
                    }
                });
                let last = match walked {
                    Ok(_) => to
                        .blocking_send(Ok(Piece::Rows(batch)))
                        .and_then(|()| to.blocking_send(Ok(Piece::End))),
                    Err(error) => to.blocking_send(Err(error)),
                };
                // Whoever asked may have gone.
                drop(last);
            }
        }
    }
}

enum Source {
    Xlsx(Box<Xlsx<BufReader<File>>>),
    Text(Text),
}

impl Source {
    fn open(path: &Path, name: &str) -> Result<(Self, Vec<String>)> {
        let ending = Path::new(name).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let file = File::open(path).map_err(|error| {
            unreadable(format!("无法打开文件：{error}"), format!("The file cannot be opened: {error}"))
        })?;
        let length = file.metadata().map_err(Error::internal)?.len();
        match ending.to_ascii_lowercase().as_str() {
            "xlsx" | "xlsm" => {
                unpacks(path)?;
                let book = Xlsx::new(BufReader::new(file)).map_err(|error| damaged(&error))?;
                let sheets = book.sheet_names();
                Ok((Self::Xlsx(Box::new(book)), sheets))
            }
            "csv" | "txt" | "tsv" if length <= MOST_BYTES => {
                let stem = Path::new(name).file_stem().and_then(|stem| stem.to_str()).unwrap_or(name);
                Ok((Self::Text(Text::open(path)?), vec![stem.to_owned()]))
            }
            "csv" | "txt" | "tsv" => Err(too_large()),
            _ => Err(unreadable(
                "只能导入 .xlsx 或 .csv 文件；其他格式（如 .xls、.ods）请另存为 .xlsx。",
                "Files are .xlsx or .csv; save any other (.xls, .ods) as .xlsx.",
            )),
        }
    }

    /// Gives each row that holds anything; tells how many rows there are, where the file does.
    fn walk(&mut self, sheet: &str, each: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<Option<u64>> {
        match self {
            Self::Text(text) => text.walk(each).map(|()| Some(text.lines)),
            Self::Xlsx(book) => {
                let mut reader = book.worksheet_cells_reader(sheet).map_err(|error| damaged(&error))?;
                let total = u64::from(reader.dimensions().end.0) + 1;
                let widths: Vec<usize> = reader
                    .styles()
                    .iter()
                    .map(|style| style.number_format.as_ref().map_or(0, |format| zeros(&format.format_code)))
                    .collect();
                let mut open: Option<Row> = None;
                let mut blanks = 0;
                while let Some((found, style)) =
                    reader.next_cell_with_style_id().map_err(|error| damaged(&error))?
                {
                    let (row, column) = found.get_position();
                    let column = usize::try_from(column).unwrap_or(usize::MAX);
                    let cell = new_cell(found.get_value(), widths.get(style).copied().unwrap_or(0));
                    if column >= MOST_COLUMNS || cell.text.is_empty() {
                        blanks += 1;
                        if blanks > MOST_BLANKS {
                            break;
                        }
                        continue;
                    }
                    blanks = 0;
                    let number = row.saturating_add(1);
                    if open.as_ref().is_some_and(|open| open.number != number)
                        && let Some(full) = open.take()
                        && each(full).is_break()
                    {
                        return Ok(Some(total));
                    }
                    let open = open.get_or_insert_with(|| Row { number, cells: Vec::new() });
                    if open.cells.len() <= column {
                        open.cells.resize(column + 1, Cell::default());
                    }
                    open.cells[column] = cell;
                }
                if let Some(last) = open {
                    // Nothing is left to be broken off.
                    _ = each(last);
                }
                Ok(Some(total))
            }
        }
    }
}

fn damaged(error: &XlsxError) -> Error {
    match error {
        XlsxError::Password => unreadable(
            "文件有密码保护，请先取消密码。",
            "The file is protected by a password; take it off first.",
        ),
        _ => broken(),
    }
}

/// Unpacks a workbook into nothing, to learn what it comes to: what its directory says may be a lie.
fn unpacks(path: &Path) -> Result<()> {
    let file = BufReader::new(File::open(path).map_err(Error::internal)?);
    let mut archive = zip::ZipArchive::new(file).map_err(|_| broken())?;
    let mut total = 0;
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(|_| broken())?;
        let shared = part.name().map_err(|_| broken())?.to_ascii_lowercase();
        let in_memory = !shared.contains("/sheet");
        let left = MOST_BYTES - total;
        let most = if in_memory { MOST_SHARED.min(left) } else { left };
        if part.size() > most {
            return Err(too_large());
        }
        let size = io::copy(&mut part.take(most + 1), &mut io::sink()).map_err(|_| broken())?;
        if size > most {
            return Err(too_large());
        }
        total += size;
    }
    Ok(())
}

/// Width of a format that only fills up with zeros, `0000`.
fn zeros(format: &str) -> usize {
    /// More than any number in an office has.
    const WIDEST: usize = 30;
    let only = (2..=WIDEST).contains(&format.len()) && format.bytes().all(|byte| byte == b'0');
    if only { format.len() } else { 0 }
}

fn text(text: &str) -> Cell {
    let text = super::value::trim(text);
    if text.len() <= MOST_CHARACTERS { Cell::of(text) } else { Cell::of(&shortened(text)) }
}

fn number(value: f64, width: usize) -> Cell {
    /// Digits that a sheet keeps: 15.
    const EXACT: f64 = 1e15;
    if value.abs() >= EXACT {
        return Cell { text: format!("{value:.0}"), flaw: Some(Flaw::Rounded) };
    }
    Cell::of(&format!("{value:0>width$}"))
}

fn moment(value: ExcelDateTime) -> Cell {
    let Some(moment) = value.as_datetime() else { return number(value.as_f64(), 0) };
    let form = if value.as_f64() < 1.0 {
        "%H:%M"
    } else if value.as_f64().fract() == 0.0 {
        "%Y-%m-%d"
    } else {
        "%Y-%m-%d %H:%M"
    };
    Cell::of(&moment.format(form).to_string())
}

fn new_cell(value: &DataRef<'_>, width: usize) -> Cell {
    match value {
        DataRef::Empty => Cell::default(),
        DataRef::SharedString(found) => text(found),
        DataRef::Float(found) => number(*found, width),
        DataRef::DateTime(found) => moment(*found),
        DataRef::Error(error) => Cell { text: error.to_string(), flaw: Some(Flaw::Formula) },
        DataRef::Int(found) => Cell::of(&found.to_string()),
        DataRef::Bool(found) => Cell::of(if *found { "是" } else { "否" }),
        DataRef::String(found) | DataRef::DateTimeIso(found) | DataRef::DurationIso(found) => text(found),
    }
}
