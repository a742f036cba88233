//! Writing: a sheet of a form, row by row, in a thread of its own and without holding it in memory; and the empty sheet
//! that an office fills in.

use super::{Form, unreadable};
use crate::kernel::error::{Error, Result};
use rust_xlsxwriter::{DataValidation, Format, FormatAlign, Workbook, Worksheet, XlsxError};
use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;
use tokio::{sync::mpsc, task::JoinHandle};

/// Batches on the way.
const WAY: usize = 4;
/// Rows of a template that offer words to choose from.
const OFFERED: u32 = 5000;
/// Longest list of words that a cell can offer.
const LONGEST: usize = 250;
/// The sheet of a template that says how to fill it in.
pub const GUIDE: &str = "填写说明";

/// A sheet that is being written.
pub struct Writer {
    send: mpsc::Sender<Vec<Vec<String>>>,
    done: JoinHandle<Result<()>>,
}

impl Writer {
    /// Begins a sheet: a workbook, or a text file where the name ends in `.csv`. The file is there when it is finished.
    #[must_use]
    pub fn open(path: &Path, form: Form) -> Self {
        let (send, rows) = mpsc::channel(WAY);
        let path = path.to_owned();
        let done = tokio::task::spawn_blocking(move || write(&path, form, rows));
        Self { send, done }
    }

    /// Adds rows, each with a text for each column of the form.
    pub async fn rows(&mut self, rows: Vec<Vec<String>>) -> Result<()> {
        if self.send.send(rows).await.is_ok() {
            return Ok(());
        }
        let done = (&mut self.done).await.map_err(Error::internal)?;
        Err(done.err().unwrap_or_else(|| Error::internal("the sheet ended early")))
    }

    /// Ends the sheet.
    pub async fn finish(self) -> Result<()> {
        drop(self.send);
        self.done.await.map_err(Error::internal)?
    }
}

/// Writes an empty sheet with what is to be written where.
pub async fn template(path: &Path, form: Form) -> Result<()> {
    let path = path.to_owned();
    let written = tokio::task::spawn_blocking(move || {
        if is_text(&path) {
            return Lines::begin(&path, form)?.keep();
        }
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        begin(sheet, form).map_err(|error| failed(&error))?;
        offer(sheet, form).map_err(|error| failed(&error))?;
        guide(book.add_worksheet(), form).map_err(|error| failed(&error))?;
        save(&mut book, &path)
    });
    written.await.map_err(Error::internal)?
}

fn write(path: &Path, form: Form, mut rows: mpsc::Receiver<Vec<Vec<String>>>) -> Result<()> {
    if is_text(path) {
        let mut lines = Lines::begin(path, form)?;
        while let Some(some) = rows.blocking_recv() {
            for row in some {
                lines.add(row.iter().map(|cell| guarded(cell)))?;
            }
        }
        return lines.keep();
    }
    let mut book = Workbook::new();
    let sheet = book.add_worksheet_with_constant_memory().map_err(|error| failed(&error))?;
    begin(sheet, form).map_err(|error| failed(&error))?;
    let text = as_text();
    let mut at = 0;
    while let Some(some) = rows.blocking_recv() {
        for row in some {
            at += 1;
            for (column, cell) in (0..).zip(&row).filter(|(_, cell)| !cell.is_empty()) {
                sheet.write_string_with_format(at, column, cell, &text).map_err(|error| failed(&error))?;
            }
        }
    }
    save(&mut book, path)
}

fn as_text() -> Format {
    Format::new().set_num_format("@")
}

/// The headings, and columns that keep what is written in them as it is.
fn begin(sheet: &mut Worksheet, form: Form) -> Result<(), XlsxError> {
    let (bold, text) = (Format::new().set_bold().set_num_format("@"), as_text());
    sheet.set_name(form.sheet)?.set_freeze_panes(1, 0)?;
    for (at, column) in (0..).zip(form.columns) {
        sheet.set_column_width(at, f64::from(column.width))?.set_column_format(at, &text)?;
    }
    for (at, column) in (0..).zip(form.columns) {
        sheet.write_string_with_format(0, at, column.heading, &bold)?;
    }
    Ok(())
}

/// Lists to choose from. What is not in them may be written all the same.
fn offer(sheet: &mut Worksheet, form: Form) -> Result<(), XlsxError> {
    for (at, column) in (0..).zip(form.columns) {
        if column.words.is_empty() || column.words.join(",").len() > LONGEST {
            continue;
        }
        let words = DataValidation::new().allow_list_strings(column.words)?.show_error_message(false);
        sheet.add_data_validation(1, at, OFFERED, at, &words)?;
    }
    Ok(())
}

fn guide(sheet: &mut Worksheet, form: Form) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top).set_num_format("@");
    sheet.set_name(GUIDE)?.set_freeze_panes(1, 0)?;
    for (at, (heading, width)) in
        (0..).zip([("列名", 18), ("必填", 6), ("说明", 60), ("示例", 24), ("也可写作", 40)])
    {
        sheet.set_column_width(at, width)?.write_string_with_format(0, at, heading, &bold)?;
    }
    for (row, column) in (1..).zip(form.columns) {
        let note = if column.words.is_empty() {
            column.note.to_owned()
        } else {
            format!("{}{}。", column.note, column.words.join("、"))
        };
        let required = if column.required { "是" } else { "" };
        let aliases = column.aliases.join("、");
        let cells = [column.heading, required, &note, column.example, &aliases];
        for (at, cell) in (0..).zip(cells) {
            sheet.write_string_with_format(row, at, cell, &wrapped)?;
        }
    }
    Ok(())
}

fn failed(error: &XlsxError) -> Error {
    match error {
        XlsxError::RowColumnLimitError => {
            unreadable("行数超过 Excel 的上限，请导出为 .csv。", "More rows than Excel takes; export a .csv.")
        }
        other => Error::internal(other),
    }
}

fn save(book: &mut Workbook, path: &Path) -> Result<()> {
    let mut file = beside(path)?;
    book.save_to_writer(BufWriter::new(file.as_file_mut())).map_err(|error| failed(&error))?;
    keep(file, path)
}

/// A file in the same folder, that takes its name when it is whole. Only its owner can read it.
fn beside(path: &Path) -> Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    NamedTempFile::new_in(folder).map_err(|error| {
        unreadable(format!("无法写入 {}：{error}", path.display()), format!("{}: {error}", path.display()))
    })
}

fn keep(file: NamedTempFile, path: &Path) -> Result<()> {
    file.persist(path).map(drop).map_err(|error| Error::internal(error.error))
}

fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"))
}

/// What Excel would take for a formula is made a text; reading takes the sign away again.
fn guarded(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell.to_owned() }
}

/// A text file in UTF-8 with the mark by which Excel knows it.
struct Lines {
    file: NamedTempFile,
    rows: csv::Writer<BufWriter<File>>,
    path: PathBuf,
}

impl Lines {
    fn begin(path: &Path, form: Form) -> Result<Self> {
        let mut file = beside(path)?;
        file.write_all("\u{feff}".as_bytes()).map_err(Error::internal)?;
        let writer = BufWriter::new(file.as_file().try_clone().map_err(Error::internal)?);
        let rows = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(writer);
        let mut begun = Self { file, rows, path: path.to_owned() };
        begun.add(form.columns.iter().map(|column| column.heading.to_owned()))?;
        Ok(begun)
    }

    fn add(&mut self, cells: impl Iterator<Item = String>) -> Result<()> {
        self.rows.write_record(cells.collect::<Vec<_>>()).map_err(Error::internal)
    }

    fn keep(mut self) -> Result<()> {
        self.rows.flush().map_err(Error::internal)?;
        drop(self.rows);
        keep(self.file, &self.path)
    }
}
