//! Rosters (名册): the sheets that offices keep, taken in and given out. Which sheet of a workbook is of which kind, their
//! order, and one transaction around all of them; what a kind of record is, its own room knows (`kernel::sheet::Roster`).
//!
//! A dry run is a real one that is taken back at the end, so the two agree. Everything is stored, or, with a fault and
//! without `skip_bad`, nothing; so an import that dies in the middle leaves nothing either.

pub mod job;
mod kind;
pub mod object;
pub mod upkeep;

pub use kind::Kind;

use crate::kernel::{
    access::{self, Subject},
    clock::Clock,
    db::Db,
    door::unscoped,
    error::{Error, Fault, Result},
    place::{Place, still},
    scope::Facts,
    sheet::{
        Book, Counts, Faults, Hand, Heading, Intake, Line, Roster, RowFault, Warning,
        write::{self, Writer},
    },
    vault::Vault,
};
use entity::{
    kind::{AccessAction, DataClass},
    region,
};
use futures_util::future::BoxFuture;
use kind::Roles;
use sea_orm::{ColumnTrait, DatabaseTransaction, QueryFilter};
use serde::Serialize;
use std::path::Path;

/// Faults that are kept when nothing else is said.
pub const SHOWN: usize = 1000;

/// A file to take in.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// What it was called; its ending tells the format.
    pub name: &'a str,
}

/// How to take it in.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What it is; found out by the names and headings of its sheets otherwise.
    pub kind: Option<Kind>,
    /// Only tell what would become of it.
    pub dry_run: bool,
    /// Take the good records where there are bad ones.
    pub skip_bad: bool,
    /// Faults to keep at the most.
    pub faults: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { kind: None, dry_run: false, skip_bad: false, faults: SHOWN }
    }
}

impl Options {
    /// Whether so many faults let anything be stored.
    fn stores(&self, faults: u64) -> bool {
        !self.dry_run && (faults == 0 || self.skip_bad)
    }
}

/// How far it has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// The sheet.
    pub sheet: &'a str,
    /// Rows that have been looked at.
    pub rows: u64,
    /// Rows that there are, as far as the file tells.
    pub total: Option<u64>,
}

/// Told now and then how far it has come.
pub type Watch<'a> = &'a (dyn Fn(Progress<'_>) + Sync);

/// What became of a sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SheetReport {
    /// Its name.
    pub sheet: String,
    /// What it is.
    pub kind: Kind,
    /// Rows below the headings.
    pub rows: u64,
    /// What became of its records.
    #[serde(flatten)]
    pub counts: Counts,
}

/// What became of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The sheets that were taken in, in the order in which they were.
    pub sheets: Vec<SheetReport>,
    /// What is wrong, in the order in which it was found; the first of them.
    pub faults: Vec<RowFault>,
    /// How much is wrong in all.
    pub total_faults: u64,
    /// What is worth knowing.
    pub warnings: Vec<Warning>,
    /// Whether anything was stored.
    pub stored: bool,
}

/// What else is stored with an import: done in its transaction, right before it is committed.
pub type Before<'a> =
    Box<dyn for<'t> FnOnce(&'t DatabaseTransaction, &'t Report) -> BoxFuture<'t, Result<()>> + Send + 'a>;

/// A sheet whose kind is known.
struct Known {
    sheet: String,
    kind: Kind,
    heading: Heading,
    total: Option<u64>,
}

/// Takes in a file. Answers with an error only where it cannot be read at all or the database fails; what is wrong with
/// its rows is in the report.
pub async fn import(
    hand: &Hand,
    (db, vault, clock): (&Db, &Vault, &Clock),
    source: Source<'_>,
    options: Options,
    watch: Watch<'_>,
    before_commit: Option<Before<'_>>,
) -> Result<Report> {
    let book = Book::open(source.path, source.name).await?;
    let mut warnings = Vec::new();
    let sheets = recognise(&book, options.kind, &mut warnings).await?;
    let tx = db.begin().await?;
    still::hold(&tx).await?;
    let mut intake = Intake::new(&tx, hand, vault, clock.now(), Faults::keeping(options.faults));
    let taken = take_all(&book, &sheets, &mut intake, options, watch).await;
    let faults = intake.faults;
    let ended = match taken {
        Err(error) => Err(error),
        Ok(sheets) => {
            let total_faults = faults.total();
            let stored = options.stores(total_faults);
            let report = Report { sheets, faults: faults.into_kept(), total_faults, warnings, stored };
            match before_commit.filter(|_| stored) {
                Some(before) => before(&tx, &report).await.map(|()| report),
                None => Ok(report),
            }
        }
    };
    if ended.as_ref().is_ok_and(|report| report.stored) {
        tx.commit().await?;
        db.wrote();
    } else {
        tx.rollback().await?;
    }
    ended
}

/// Which sheets are of which kind, in the order in which kinds depend on each other.
async fn recognise(book: &Book, kind: Option<Kind>, warnings: &mut Vec<Warning>) -> Result<Vec<Known>> {
    let mut known = Vec::new();
    for sheet in book.sheets.iter().filter(|sheet| *sheet != write::GUIDE) {
        let head = book.head(sheet).await?;
        if head.rows.is_empty() {
            continue;
        }
        let found = match kind {
            Some(kind) => kind.form().heading(&head.rows).map(|heading| (kind, heading)),
            None => Kind::of(sheet, &head.rows),
        };
        match found {
            Some((kind, heading)) => {
                known.push(Known { sheet: sheet.clone(), kind, heading, total: head.total });
            }
            None => warnings.push(Warning {
                sheet: sheet.clone(),
                zh: "没有认出是哪一种名册，未导入。列名应在前10行内。".to_owned(),
                en: "Not known as any kind of roster, and left out. Headings are looked for in the first 10 rows.".to_owned(),
            }),
        }
    }
    if known.is_empty() {
        return Err(Fault::input(
            "没有认出任何名册。请用模板的列名，或指明种类（--kind）。",
            "No roster was recognised. Use the headings of the template, or say which kind it is (--kind).",
        )
        .into());
    }
    for Known { sheet, heading, .. } in &known {
        let strange: Vec<&str> =
            heading.unknown.iter().map(String::as_str).filter(|name| *name != "序号").collect();
        if !strange.is_empty() {
            warnings.push(Warning {
                sheet: sheet.clone(),
                zh: format!("不认识这些列，未导入：{}。", strange.join("、")),
                en: format!("These columns are not known and were left out: {}.", strange.join(", ")),
            });
        }
    }
    known.sort_by_key(|known| known.kind);
    Ok(known)
}

async fn take_all(
    book: &Book,
    sheets: &[Known],
    intake: &mut Intake<'_>,
    options: Options,
    watch: Watch<'_>,
) -> Result<Vec<SheetReport>> {
    let mut reports = Vec::new();
    let mut roles = Roles::default();
    for known in sheets {
        intake.turn(&known.sheet, known.heading.clone());
        let rows = if known.heading.missing.is_empty() {
            roles.take(book, known, intake, watch).await?
        } else {
            for missing in &known.heading.missing {
                intake.column_fault(
                    known.heading.row,
                    missing,
                    "column",
                    format!("缺少“{missing}”列，本表未导入。"),
                    format!("The column {missing} is missing; the sheet was left out."),
                );
            }
            intake.fail_kind(known.kind.record());
            0
        };
        reports.push(SheetReport {
            sheet: known.sheet.clone(),
            kind: known.kind,
            rows,
            counts: intake.counts,
        });
    }
    if options.stores(intake.faults.total()) {
        roles.finish(intake).await?;
    }
    Ok(reports)
}

/// Takes in one sheet; tells how many rows it had.
async fn take<R: Roster>(
    roster: &mut R,
    book: &Book,
    known: &Known,
    intake: &mut Intake<'_>,
    watch: Watch<'_>,
) -> Result<u64> {
    let mut rows = book.rows(&known.sheet)?;
    let mut count = 0;
    loop {
        let next = rows.next().await?;
        let last = next.is_none();
        let lines: Vec<Line> = next
            .into_iter()
            .flatten()
            .filter(|row| row.number > known.heading.row)
            .map(|row| known.heading.line(row))
            .filter(|line| !line.is_blank())
            .collect();
        count += u64::try_from(lines.len()).unwrap_or_default();
        roster.take(intake, lines, last).await?;
        let total = known.total.map(|total| total.saturating_sub(u64::from(known.heading.row)).max(count));
        watch(Progress { sheet: &known.sheet, rows: count, total });
        if last {
            return Ok(count);
        }
    }
}

/// Writes the empty sheet of a kind, with what is to be written where.
pub async fn template(kind: Kind, path: &Path) -> Result<()> {
    write::template(path, kind.form()).await
}

/// Writes the records of a kind in a region into a sheet that `import` takes again; tells how many there are. Personal
/// numbers stay masked; a sheet with names of people is written into the access log.
pub async fn export(
    hand: &Hand,
    db: &Db,
    kind: Kind,
    region_code: &str,
    path: &Path,
    watch: Watch<'_>,
) -> Result<u64> {
    let region = unscoped::<region::Entity>()
        .filter(region::Column::Code.eq(region_code))
        .filter(region::Column::Until.is_null())
        .one(db.read())
        .await?
        .filter(|region| hand.may_import(&Facts::from(Place::from(region))))
        .ok_or_else(|| {
            Error::from(Fault::input(
                format!("没有代码为 {region_code} 的区域，或不在您的范围内。"),
                format!("There is no region of the code {region_code}, or none within your scope."),
            ))
        })?;
    let form = kind.form();
    let mut writer = Writer::open(path, form);
    let done = |rows| watch(Progress { sheet: form.sheet, rows, total: None });
    // Who is in the sheet is written down before anybody has it.
    let fields = kind.personal().iter().map(|&field| field.to_owned()).collect::<Vec<_>>();
    if !fields.is_empty() {
        let subjects = vec![(Subject::Region(region.id), DataClass::Personal)];
        let purpose = Some(format!("{} {region_code}", form.sheet));
        let who = hand.looker();
        let line = access::Line { who, action: AccessAction::Export, purpose, fields, subjects };
        access::write(db.write(), &[line]).await?;
    }
    let count = kind.export(db.read(), &region, &mut writer, &done).await?;
    writer.finish().await?;
    Ok(count)
}
