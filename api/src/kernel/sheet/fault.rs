//! What is wrong with a sheet, told at its cell.

use serde::Serialize;

/// One fault of one row. It never carries what stands in a personal cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowFault {
    /// The sheet by its name.
    pub sheet: String,
    /// The row as Excel counts, from 1.
    pub row: u32,
    /// The column by its heading; empty where the whole row is meant.
    pub column: String,
    /// The rule that is broken, for programs.
    pub rule: &'static str,
    /// What is wrong and what would be right, in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
}

/// Something to know that keeps no row out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The sheet by its name.
    pub sheet: String,
    /// What it is, in Chinese.
    pub zh: String,
    /// What it is, in English.
    pub en: String,
}

/// Faults as they are found: the first are kept, all are counted.
#[derive(Clone, Debug)]
pub struct Faults {
    kept: Vec<RowFault>,
    total: u64,
    most: usize,
}

impl Faults {
    /// None yet; at most so many will be kept.
    #[must_use]
    pub fn keeping(most: usize) -> Self {
        Self { kept: Vec::new(), total: 0, most }
    }

    /// Notes one.
    pub fn note(&mut self, fault: RowFault) {
        self.total += 1;
        if self.kept.len() < self.most {
            self.kept.push(fault);
        }
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Those that were kept.
    #[must_use]
    pub fn into_kept(self) -> Vec<RowFault> {
        self.kept
    }
}
