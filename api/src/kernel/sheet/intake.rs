//! An import under way: the transaction, who sends the sheet, and what has been found wrong. Kinds of sheets read their
//! cells through it, so that a fault is told at its cell and in the same words everywhere.

use super::{
    Faults, Flaw, Form, Heading, Line, RowFault,
    value::{self, plain},
};
use crate::kernel::{
    access::Looker,
    clock::Clock,
    door::{Guarded, unscoped},
    error::Result,
    policy::May,
    record::By,
    refusal::{Detail, Refusal},
    request::Ctx,
    scope::Facts,
    standards::{self, Fault as Breach},
    vault::{self, Vault},
};
use entity::{
    id::AccountId,
    scalar::{Date, DateTime, Yuan},
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Select};
use serde::Serialize;
use std::collections::HashSet;
use uuid::Uuid;

/// Who sends a sheet.
pub enum Hand {
    /// Whoever runs the command line: all places, no account.
    Operator,
    /// Somebody who is signed in.
    Viewer(Ctx),
}

impl Hand {
    /// Who looks, for the access log.
    #[must_use]
    pub fn looker(&self) -> Looker {
        match self {
            Self::Viewer(ctx) => ctx.looker(),
            Self::Operator => Looker {
                at: Clock::default().now(),
                account: None,
                session: None,
                api_key: None,
                request_id: "command".to_owned(),
            },
        }
    }

    /// Whether something may be done to a record with these facts.
    #[must_use]
    pub fn may(&self, may: May, facts: &Facts<'_>) -> bool {
        match self {
            Self::Operator => true,
            Self::Viewer(ctx) => ctx.may(may, facts),
        }
    }

    /// Whether sheets may be brought in and out for a place.
    #[must_use]
    pub fn may_import(&self, facts: &Facts<'_>) -> bool {
        self.may(May::ImportRoster, facts)
    }

    /// The account.
    #[must_use]
    pub fn actor(&self) -> Option<AccountId> {
        match self {
            Self::Operator => None,
            Self::Viewer(ctx) => ctx.viewer().map(|viewer| viewer.account),
        }
    }

    /// The id of the request, for the log.
    #[must_use]
    pub fn request_id(&self) -> &str {
        match self {
            Self::Operator => "import",
            Self::Viewer(ctx) => ctx.request_id(),
        }
    }
}

/// What became of the records of a sheet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Made.
    pub created: u64,
    /// Changed.
    pub updated: u64,
    /// There already, as the sheet has them.
    pub unchanged: u64,
    /// Left out, for a fault of their own or of one that they depend on.
    pub skipped: u64,
}

/// A kind of record that comes in sheets. It belongs to the room that owns its tables.
pub trait Roster: Default + Send {
    /// What its sheets look like.
    const FORM: Form;

    /// Takes in some lines, in the order of the sheet: checks them, notes what is wrong, and stores what is sound, in a
    /// number of statements that does not grow with the lines. What spans lines may be kept for the next call; after
    /// the `last` one nothing is left.
    fn take(
        &mut self,
        intake: &mut Intake<'_>,
        lines: Vec<Line>,
        last: bool,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Done once when all sheets have been taken in and will be stored: what follows from them, such as rights that
    /// are read anew.
    fn finish(&mut self, _: &mut Intake<'_>) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }
}

/// An import under way.
pub struct Intake<'a> {
    /// The transaction.
    pub tx: &'a DatabaseTransaction,
    /// Who sends the sheet.
    pub hand: &'a Hand,
    /// The secrets.
    pub vault: &'a Vault,
    /// The moment of the import.
    pub now: DateTime,
    /// Its civil date.
    pub today: Date,
    /// What became of the records of the sheet so far.
    pub counts: Counts,
    /// What is wrong so far.
    pub faults: Faults,
    sheet: String,
    heading: Option<Heading>,
    failed: HashSet<[u8; 16]>,
    failed_kinds: HashSet<&'static str>,
}

impl<'a> Intake<'a> {
    /// Begins.
    #[must_use]
    pub fn new(
        tx: &'a DatabaseTransaction,
        hand: &'a Hand,
        vault: &'a Vault,
        now: DateTime,
        faults: Faults,
    ) -> Self {
        Self {
            tx,
            hand,
            vault,
            now,
            today: crate::kernel::clock::civil(now),
            counts: Counts::default(),
            faults,
            sheet: String::new(),
            heading: None,
            failed: HashSet::new(),
            failed_kinds: HashSet::new(),
        }
    }

    /// Turns to a sheet.
    pub fn turn(&mut self, sheet: &str, heading: Heading) {
        sheet.clone_into(&mut self.sheet);
        self.heading = Some(heading);
        self.counts = Counts::default();
    }

    /// Which database it is.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        self.tx.get_database_backend()
    }

    /// Rows of a table that whoever sends the sheet may see.
    #[must_use]
    pub fn within<E: Guarded>(&self) -> Select<E> {
        match self.hand {
            Hand::Operator => unscoped::<E>(),
            Hand::Viewer(ctx) => ctx.within::<E>(),
        }
    }

    /// Who changes things, for the change log.
    #[must_use]
    pub fn by(&self) -> By<'a> {
        By { now: self.now, actor: self.hand.actor(), request_id: self.hand.request_id() }
    }

    /// Whether the sheet has a column.
    #[must_use]
    pub fn has(&self, column: impl Into<usize>) -> bool {
        self.heading.as_ref().is_some_and(|heading| heading.has(column))
    }

    /// Notes that a record of a kind cannot be had from this import: who depends on it is not told a second time.
    pub fn fail(&mut self, kind: &'static str, key: &str) {
        self.failed.insert(short(kind, key));
    }

    /// Notes that no record of a kind can be had from this import.
    pub fn fail_kind(&mut self, kind: &'static str) {
        self.failed_kinds.insert(kind);
    }

    /// Whether a record that cannot be found has been told already, as a fault of its own.
    #[must_use]
    pub fn failed(&self, kind: &'static str, key: &str) -> bool {
        self.failed_kinds.contains(kind) || self.failed.contains(&short(kind, key))
    }

    /// Notes a fault at a cell.
    pub fn fault(
        &mut self,
        row: u32,
        column: impl Into<usize>,
        rule: &'static str,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) {
        let column = self.heading.as_ref().map_or("", |heading| heading.spelt(column.into())).to_owned();
        self.note(row, column, rule, zh.into(), en.into());
    }

    /// Notes a fault of a row as a whole.
    pub fn row_fault(&mut self, row: u32, rule: &'static str, zh: impl Into<String>, en: impl Into<String>) {
        self.note(row, String::new(), rule, zh.into(), en.into());
    }

    /// Notes a fault at a column that the sheet may not have.
    pub fn column_fault(
        &mut self,
        row: u32,
        heading: &str,
        rule: &'static str,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) {
        self.note(row, heading.to_owned(), rule, zh.into(), en.into());
    }

    fn note(&mut self, row: u32, column: String, rule: &'static str, zh: String, en: String) {
        self.faults.note(RowFault { sheet: self.sheet.clone(), row, column, rule, zh, en });
    }

    /// Notes what a check of the room refused, at the cell that `column` names for its path; for personal numbers in
    /// words that tell nothing of them.
    pub fn refused(&mut self, line: &Line, refusal: Refusal, column: Option<usize>) {
        let rule = match &refusal.detail {
            Detail::Rule(rule) => rule,
            _ => "refused",
        };
        let text = column.map_or("", |column| line.text(column));
        let breach = match rule {
            "identity-number" => {
                standards::check_identity_number(&plain(text)).err().map(|breach| discreet(&breach))
            }
            _ => None,
        };
        let (zh, en) = breach.unwrap_or((refusal.zh, refusal.en));
        match column {
            Some(column) => self.fault(line.row, column, rule, zh, en),
            None => self.row_fault(line.row, rule, zh, en),
        }
    }

    /// What stands in a cell; nothing for a blank one, and for one with a flaw, which is told.
    pub fn text<'l>(&mut self, line: &'l Line, column: impl Into<usize>) -> Option<&'l str> {
        let column = column.into();
        let cell = line.cell(column).filter(|cell| !cell.text.is_empty())?;
        match cell.flaw {
            None => Some(&cell.text),
            Some(Flaw::Rounded) => {
                self.fault(
                    line.row,
                    column,
                    "digits-lost",
                    "数字过长，表格软件已丢失末几位：请把该列设为“文本”格式后重新填写。",
                    "The number is too long for a number cell and has lost its last digits: format the column as text and write it again.",
                );
                None
            }
            Some(Flaw::Formula) => {
                self.fault(
                    line.row,
                    column,
                    "formula",
                    "单元格公式出错，请改为填写数值。",
                    "The formula of the cell has an error; write the value.",
                );
                None
            }
        }
    }

    /// The same where a blank cell is a fault.
    pub fn required<'l>(&mut self, line: &'l Line, column: impl Into<usize>) -> Option<&'l str> {
        let column = column.into();
        if line.text(column).is_empty() {
            self.fault(line.row, column, "required", "不能为空。", "Must not be empty.");
            return None;
        }
        self.text(line, column)
    }

    /// A date.
    pub fn date(&mut self, line: &Line, column: impl Into<usize>) -> Option<Date> {
        let column = column.into();
        let text = self.text(line, column)?;
        let date = value::date(text).map(Date);
        if date.is_none() {
            self.fault(
                line.row,
                column,
                "date",
                "不是有效的日期，应写作 2026-01-31、2026/1/31 或 2026年1月31日。",
                "Not a date; write it as 2026-01-31, 2026/1/31 or 2026年1月31日.",
            );
        }
        date
    }

    /// An amount of money.
    pub fn yuan(&mut self, line: &Line, column: impl Into<usize>) -> Option<Yuan> {
        let column = column.into();
        let text = self.text(line, column)?;
        let yuan = value::yuan(text);
        if yuan.is_none() {
            self.fault(
                line.row,
                column,
                "yuan",
                "不是金额，应写作 12000 或 12000.50（元）。",
                "Not an amount; write 12000 or 12000.50 (yuan).",
            );
        }
        yuan
    }

    /// One of the words that a column takes. The first spelling of each is the one that is exported.
    pub fn word<T: Copy>(&mut self, line: &Line, column: impl Into<usize>, words: Words<T>) -> Option<T> {
        let column = column.into();
        let text = plain(self.text(line, column)?);
        let found = words.iter().find(|(_, spellings)| spellings.contains(&text.as_str()));
        if found.is_none() {
            let first: Vec<&str> =
                words.iter().filter_map(|(_, spellings)| spellings.first().copied()).collect();
            let (zh, en) = (first.join("、"), first.join(", "));
            self.fault(
                line.row,
                column,
                "word",
                format!("应为以下之一：{zh}。"),
                format!("Must be one of {en}."),
            );
        }
        found.map(|&(value, _)| value)
    }

    /// An id of a kind of record, as exported sheets have it.
    pub fn id(&mut self, line: &Line, column: impl Into<usize>, prefix: &str) -> Option<Uuid> {
        let column = column.into();
        let text = self.text(line, column)?;
        let id = entity::id::read(text).filter(|(found, _)| found == prefix).map(|(_, id)| id);
        if id.is_none() {
            self.fault(
                line.row,
                column,
                "id",
                format!("应为形如 {prefix}_01jd3k… 的系统编号；新登记的请留空。"),
                format!("An id of the form {prefix}_01jd3k… is needed; leave it blank for a new one."),
            );
        }
        id
    }

    /// The fault of an id that is nobody's, or of somebody out of reach.
    pub fn no_such_id(&mut self, line: &Line, column: impl Into<usize>) {
        self.fault(
            line.row,
            column,
            "id",
            "没有这个系统编号，或不在您的范围内；新登记的请留空。",
            "There is no such id, or none within your scope; leave it blank for a new one.",
        );
    }

    /// The fault of somebody who may not make or change this record.
    pub fn forbidden(&mut self, line: &Line) {
        self.row_fault(
            line.row,
            "forbidden",
            "您无权登记或更改这一条。",
            "You may not register or change this one.",
        );
    }
}

/// Values of a closed set, each with the spellings that are read; the first is the one that is written.
pub type Words<T> = &'static [(T, &'static [&'static str])];

/// The word by which a value is written.
#[must_use]
pub fn spelling<T: PartialEq>(words: Words<T>, value: &T) -> &'static str {
    words
        .iter()
        .find(|(own, _)| own == value)
        .and_then(|(_, spellings)| spellings.first().copied())
        .unwrap_or_default()
}

/// A key as it is remembered: 16 bytes, however long it is.
fn short(kind: &str, key: &str) -> [u8; 16] {
    let digest = vault::digest(&format!("{kind} {key}"));
    let mut short = [0; 16];
    short.copy_from_slice(&digest[..16]);
    short
}

/// Keys that have come, to find those that come twice.
#[derive(Debug, Default)]
pub struct Seen(HashSet<[u8; 16]>);

impl Seen {
    /// Whether a key comes for the first time.
    pub fn first(&mut self, kind: &str, key: &str) -> bool {
        self.0.insert(short(kind, key))
    }
}

/// What is wrong with an identity number, without a part of it.
fn discreet(breach: &Breach) -> (String, String) {
    match breach {
        Breach::Character { position, .. } => (
            format!("身份证号第 {position} 位不是数字（只有末位可为 X）。"),
            format!("Character {position} of the identity number is not a digit (only the last may be X)."),
        ),
        Breach::Date { .. } => (
            "身份证号第 7 至 14 位不是有效的日期。".to_owned(),
            "Characters 7 to 14 of the identity number are not a date.".to_owned(),
        ),
        Breach::CheckDigit { wanted, .. } => (
            format!("身份证号的校验码不符：末位应为 {wanted}，请核对各位数字。"),
            format!(
                "The check digit of the identity number does not fit: it should be {wanted}; compare all digits."
            ),
        ),
        other => (other.zh(), other.en()),
    }
}
