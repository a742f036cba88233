//! A sheet that has been read, as small as it can be kept: a number for each code, all names in one text.

use super::{Faults, ImportError};
use crate::kernel::standards::{check_region_code, parent_region_code};
use entity::kind::RegionKind;
use sea_orm::ActiveEnum;
use std::{io::Read, ops::Range};

/// Longest name, in characters.
const LONGEST_NAME: usize = 60;

/// A code that sorts as the tree runs, a region directly before what lies in it: its digits, filled up with zeros behind,
/// and how many they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Packed(u64);

impl Packed {
    const DIGITS: u32 = 15;

    /// None for what is not a code of any kind.
    pub(super) fn new(code: &str) -> Option<Self> {
        let length = u32::try_from(code.len()).ok().filter(|length| (1..=Self::DIGITS).contains(length))?;
        let digits = code.bytes().all(|byte| byte.is_ascii_digit()).then(|| code.parse::<u64>().ok())??;
        Some(Self(((digits * 10_u64.pow(Self::DIGITS - length)) << 4) | u64::from(length)))
    }

    fn text(self) -> String {
        let mut digits = format!("{:015}", self.0 >> 4);
        digits.truncate(usize::try_from(self.0 & 0xF).unwrap_or_default());
        digits
    }
}

/// A row of the sheet: what it says, and on which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Line of the sheet, counted from 1.
    pub line: u64,
    /// Official code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Level.
    pub kind: RegionKind,
}

impl Row {
    /// The code of the region above.
    pub(super) fn above(&self) -> Option<&str> {
        parent_region_code(self.kind, &self.code)
    }
}

#[derive(Debug)]
struct Entry {
    code: Packed,
    line: u32,
    name: u32,
    bytes: u8,
    /// None for a row with a fault of its own, which is kept for its code alone.
    kind: Option<RegionKind>,
}

/// A sheet that has been read: its rows, and what is wrong with them.
#[derive(Debug, Default)]
pub struct Sheet {
    entries: Vec<Entry>,
    names: String,
    pub(super) faults: Faults,
}

/// What a sheet says of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Nothing,
    /// A row of that code is wrong by itself.
    Wrong,
    As(RegionKind),
}

impl Sheet {
    /// Reads a sheet in UTF-8, with or without a byte order mark. Faults are kept, to be told together.
    pub fn read(reader: impl Read) -> Self {
        let mut sheet = Self::default();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(reader);
        let mut record = csv::ByteRecord::new();
        let mut columns = None;
        loop {
            let line = reader.position().line();
            match reader.read_byte_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    sheet.faults.add(
                        line,
                        "",
                        String::new(),
                        format!("读取失败：{error}"),
                        error.to_string(),
                    );
                    break;
                }
            }
            let line = record.position().map_or(line, csv::Position::line);
            match columns {
                None => match header(&record) {
                    Ok(found) => columns = Some(found),
                    Err(missing) => {
                        sheet.faults.add(
                            line,
                            missing,
                            text(&record, 0),
                            format!("表头缺少“{missing}”列，应为 code,name,kind。"),
                            format!("The header lacks the column {missing}; it should be code,name,kind."),
                        );
                        return sheet;
                    }
                },
                Some(columns) => sheet.take(line, &record, columns),
            }
        }
        if columns.is_none() && sheet.faults.none() {
            let (zh, en) = ("文件为空。".to_owned(), "The file is empty.".to_owned());
            sheet.faults.add(1, "", String::new(), zh, en);
        }
        sheet.sort();
        sheet
    }

    /// Checks one row by itself.
    fn take(&mut self, line: u64, record: &csv::ByteRecord, columns: [usize; 3]) {
        if record.iter().all(<[u8]>::is_empty) {
            return;
        }
        if record.iter().any(|field| std::str::from_utf8(field).is_err()) {
            let en = "The row is not in UTF-8; save the sheet as “CSV UTF-8”.".to_owned();
            self.faults.add(line, "", text(record, 0), "不是UTF-8编码，请另存为“CSV UTF-8”。".to_owned(), en);
            return;
        }
        let [code, name, kind] = columns.map(|at| text(record, at));
        let before = self.faults.total;
        self.check_name(line, &name);
        let kind = match RegionKind::try_from_value(&kind) {
            Ok(kind) => {
                self.check_kind(line, &code, &name, kind);
                Some(kind)
            }
            Err(_) => {
                let kinds = RegionKind::all().map(|kind| kind.to_value()).collect::<Vec<_>>().join(" ");
                let (zh, en) =
                    (format!("级别应为以下之一：{kinds}。"), format!("The kind is one of {kinds}."));
                self.faults.add(line, "kind", kind, zh, en);
                None
            }
        };
        let Some(code) = Packed::new(&code) else { return };
        let sound = self.faults.total == before;
        let at = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        if sound {
            self.names.push_str(&name);
        }
        self.entries.push(Entry {
            code,
            line: u32::try_from(line).unwrap_or(u32::MAX),
            name: at,
            bytes: if sound { u8::try_from(name.len()).unwrap_or(u8::MAX) } else { 0 },
            kind: kind.filter(|_| sound),
        });
    }

    fn check_kind(&mut self, line: u64, code: &str, name: &str, kind: RegionKind) {
        if let Err(fault) = check_region_code(kind, code) {
            self.faults.add(line, "code", code.to_owned(), fault.zh(), fault.en());
        }
        if disagrees(kind, name) {
            let (zh, en) = (
                format!("名称与级别“{}”不符。", kind.to_value()),
                format!("The name does not fit the kind {}.", kind.to_value()),
            );
            self.faults.add(line, "name", name.to_owned(), zh, en);
        }
    }

    fn check_name(&mut self, line: u64, name: &str) {
        let (shown, zh, en) = if name.is_empty() {
            (String::new(), "名称不能为空。".to_owned(), "The name is empty.".to_owned())
        } else if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            (
                name.chars().take(LONGEST_NAME).collect(),
                format!("名称不得超过{LONGEST_NAME}字，也不得含控制字符。"),
                format!("A name has at most {LONGEST_NAME} characters and none that control."),
            )
        } else {
            return;
        };
        self.faults.add(line, "name", shown, zh, en);
    }

    /// Brings the rows into the order of the tree, and takes out the second of two that have one code.
    fn sort(&mut self) {
        self.entries.sort_unstable_by_key(|entry| (entry.code, entry.line));
        let faults = &mut self.faults;
        self.entries.dedup_by(|later, first| {
            let same = later.code == first.code;
            if same {
                let (zh, en) = ("本表中代码重复。", "The code stands twice in this sheet.");
                faults.add(later.line.into(), "code", later.code.text(), zh.to_owned(), en.to_owned());
            }
            same
        });
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All rows in the order of the sheet, or what is wrong with them.
    pub fn rows(self) -> Result<Vec<Row>, ImportError> {
        if !self.faults.none() {
            return Err(self.faults.told());
        }
        let mut rows: Vec<Row> = self.sound(0..self.len()).collect();
        rows.sort_by_key(|row| row.line);
        Ok(rows)
    }

    /// The sound ones among these rows, in the order of the tree.
    pub(super) fn sound(&self, at: Range<usize>) -> impl Iterator<Item = Row> + '_ {
        self.entries[at].iter().filter_map(|entry| {
            let from = usize::try_from(entry.name).ok()?;
            Some(Row {
                line: entry.line.into(),
                code: entry.code.text(),
                name: self.names.get(from..from + usize::from(entry.bytes))?.to_owned(),
                kind: entry.kind?,
            })
        })
    }

    /// What the sheet says of a code.
    pub(super) fn says(&self, code: &str) -> Said {
        let found = Packed::new(code).and_then(|code| {
            self.entries.binary_search_by_key(&code, |entry| entry.code).ok().map(|at| &self.entries[at])
        });
        match found {
            None => Said::Nothing,
            Some(entry) => entry.kind.map_or(Said::Wrong, Said::As),
        }
    }

    /// Whether the sheet has townships directly below a city, and counties.
    pub(super) fn below_city(&self, city: &str) -> (bool, bool) {
        let first = |kind: RegionKind, from: &str| {
            let Some(least) = Packed::new(from) else { return false };
            let at = self.entries.partition_point(|entry| entry.code < least);
            let mut below = self.entries[at..].iter();
            below.find(|entry| entry.kind == Some(kind)).is_some_and(|entry| {
                let code = entry.code.text();
                parent_region_code(kind, &code) == Some(city)
            })
        };
        (first(RegionKind::Township, &format!("{city}00")), first(RegionKind::County, &format!("{city}01")))
    }
}

fn header(record: &csv::ByteRecord) -> Result<[usize; 3], &'static str> {
    let names: Vec<String> = (0..record.len())
        .map(|at| text(record, at).trim_start_matches('\u{feff}').trim().to_ascii_lowercase())
        .collect();
    let at = |wanted: &'static str| names.iter().position(|name| name == wanted).ok_or(wanted);
    Ok([at("code")?, at("name")?, at("kind")?])
}

fn text(record: &csv::ByteRecord, at: usize) -> String {
    String::from_utf8_lossy(record.get(at).unwrap_or_default()).trim().to_owned()
}

/// Whether the end of a name says plainly that the region is of another kind than stated.
fn disagrees(kind: RegionKind, name: &str) -> bool {
    const COMMITTEE: &[&str] = &["村委会", "村民委员会", "居委会", "居民委员会"];
    const TOWNSHIP: &[&str] = &["镇", "乡", "街道", "街道办事处"];
    const ABOVE: &[&str] = &["省", "自治区", "自治州", "自治县"];
    const GROUP: &[&str] = &["村民小组", "居民小组"];
    const GRID: &[&str] = &["网格"];
    const NONE: &[&str] = &[];
    let [one, two, three, four] = match kind {
        RegionKind::Province => [COMMITTEE, TOWNSHIP, GROUP, &["自治州", "自治县"]],
        RegionKind::City => [COMMITTEE, TOWNSHIP, GROUP, &["省", "自治区"]],
        RegionKind::County => [COMMITTEE, TOWNSHIP, GROUP, &["省", "自治区", "自治州"]],
        RegionKind::Township => [COMMITTEE, GROUP, GRID, ABOVE],
        RegionKind::Village => [GROUP, GRID, ABOVE, &["街道办事处"]],
        RegionKind::Group => [COMMITTEE, GRID, ABOVE, NONE],
        RegionKind::Grid => [COMMITTEE, GROUP, ABOVE, NONE],
    };
    [one, two, three, four].into_iter().flatten().any(|ending| name.ends_with(ending))
}
