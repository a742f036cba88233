//! Regions from a sheet (`code,name,kind`): every row is checked, every fault is told, and either all of it is laid down
//! or nothing. Reading the same sheet again changes nothing.
//!
//! The order of the rows does not matter. A code that is there under another name is renamed; a region that the sheet
//! does not mention is left alone. A sheet may be the list of the whole country: it is kept as codes and names alone
//! (`sheet`), and goes in by the thousand, down the tree (`load`).

mod load;
mod sheet;

use entity::scalar::DateTime;
use indicatif::ProgressBar;
use sea_orm::{DatabaseConnection, DbErr, TransactionTrait};
use serde::Serialize;
use std::io::Read;

pub use load::CHUNK;
pub use sheet::{Row, Sheet};

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Regions that were not there before.
    pub created: usize,
    /// Regions that were there under another name.
    pub renamed: usize,
    /// Regions that were there as the sheet has them.
    pub unchanged: usize,
}

/// One fault of one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowError {
    /// Line of the sheet, counted from 1; the header stands in the first.
    pub row: u64,
    /// Column by its name in the header; empty where the whole row is meant.
    pub column: &'static str,
    /// What stands there.
    pub value: String,
    /// What is wrong, in Chinese.
    pub zh: String,
    /// What is wrong, in English.
    pub en: String,
}

/// Why nothing was imported.
#[derive(Debug)]
pub enum ImportError {
    /// Rows of the sheet are wrong.
    Rows {
        /// The faults in the order of the rows, at most `SHOWN` of them.
        rows: Vec<RowError>,
        /// How many there are in all.
        total: usize,
    },
    /// The database refused.
    Database(DbErr),
}

impl From<DbErr> for ImportError {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

/// Faults that are shown at most.
pub const SHOWN: usize = 1000;

/// Faults as they are found; those of the first rows are kept.
#[derive(Debug, Default)]
struct Faults {
    kept: Vec<RowError>,
    total: usize,
}

impl Faults {
    fn add(&mut self, row: u64, column: &'static str, value: String, zh: String, en: String) {
        self.total += 1;
        self.kept.push(RowError { row, column, value, zh, en });
        if self.kept.len() > 2 * SHOWN {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.kept.sort_by_key(|fault| fault.row);
        self.kept.truncate(SHOWN);
    }

    fn none(&self) -> bool {
        self.total == 0
    }

    fn told(mut self) -> ImportError {
        self.cut();
        ImportError::Rows { rows: self.kept, total: self.total }
    }
}

/// Reads regions from a sheet and lays them down in one transaction.
pub async fn regions(
    db: &DatabaseConnection,
    reader: impl Read,
    progress: &ProgressBar,
    now: DateTime,
) -> Result<Report, ImportError> {
    let sheet = Sheet::read(reader);
    progress.set_length(u64::try_from(sheet.len()).unwrap_or(u64::MAX));
    let txn = db.begin().await?;
    // A transaction that is dropped is rolled back.
    let report = load::load(&txn, sheet, progress, now).await?;
    txn.commit().await?;
    Ok(report)
}
