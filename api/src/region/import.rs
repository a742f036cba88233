//! Regions from a sheet (`code,name,kind`): every row is checked, every fault is told, and either all of it is laid down
//! or nothing. Reading the same sheet again changes nothing.
//!
//! The order of the rows does not matter. A code that is there under another name is renamed; a region that the sheet
//! does not mention is left alone.

use super::{blank, placed};
use crate::kernel::{
    bulk,
    door::unscoped,
    search,
    standards::{check_region_code, parent_region_code},
    work::{append, log_line},
};
use entity::{
    id::RegionId,
    kind::{ChangeKind, RegionKind},
    region,
    scalar::{DateTime, RegionCode},
};
use indicatif::ProgressBar;
use sea_orm::{
    ActiveEnum, ActiveModelTrait, ActiveValue::Set, ConnectionTrait, DatabaseConnection, DbErr,
    IntoActiveModel, TransactionTrait,
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io::Read,
};
use uuid::Uuid;

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

/// Rows in one statement.
const CHUNK: usize = 1000;

/// Longest name, in characters.
const LONGEST_NAME: usize = 60;

/// Reads regions from a sheet and lays them down in one transaction.
pub async fn regions(
    db: &DatabaseConnection,
    reader: impl Read,
    progress: &ProgressBar,
    now: DateTime,
) -> Result<Report, ImportError> {
    let sheet = Sheet::read(reader);
    let txn = db.begin().await?;
    let existing = unscoped::<region::Entity>().all(&txn).await?;
    let plan = sheet.plan(existing, || RegionId(Uuid::now_v7()))?;
    let report = plan.report();
    progress
        .set_length(u64::try_from(report.created + report.renamed + report.unchanged).unwrap_or(u64::MAX));
    plan.carry_out(&txn, progress, now).await?;
    txn.commit().await?;
    Ok(report)
}

/// A sheet that has been read: its sound rows, its codes, and what is wrong with the rest.
#[derive(Debug, Default)]
pub struct Sheet {
    rows: Vec<Row>,
    codes: HashSet<String>,
    errors: Vec<RowError>,
}

#[derive(Debug)]
struct Row {
    line: u64,
    code: String,
    name: String,
    kind: RegionKind,
}

impl Sheet {
    /// Reads a sheet in UTF-8, with or without a byte order mark. Faults are kept for `plan` to tell.
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
                    sheet.fault(line, "", String::new(), format!("读取失败：{error}"), error.to_string());
                    return sheet;
                }
            }
            let line = record.position().map_or(line, csv::Position::line);
            match columns {
                None => match header(&record) {
                    Ok(found) => columns = Some(found),
                    Err(missing) => {
                        sheet.fault(
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
        if columns.is_none() {
            sheet.fault(1, "", String::new(), "文件为空。".to_owned(), "The file is empty.".to_owned());
        }
        sheet
    }

    /// Checks one row by itself and against the rows before it.
    fn take(&mut self, line: u64, record: &csv::ByteRecord, columns: [usize; 3]) {
        if record.iter().all(<[u8]>::is_empty) {
            return;
        }
        if record.iter().any(|field| std::str::from_utf8(field).is_err()) {
            let en = "The row is not in UTF-8; save the sheet as “CSV UTF-8”.".to_owned();
            self.fault(line, "", text(record, 0), "不是UTF-8编码，请另存为“CSV UTF-8”。".to_owned(), en);
            return;
        }
        let [code, name, kind] = columns.map(|at| text(record, at));
        let before = self.errors.len();
        if !code.is_empty() && !self.codes.insert(code.clone()) {
            let zh = "本表中代码重复。".to_owned();
            self.fault(line, "code", code.clone(), zh, "The code stands twice in this sheet.".to_owned());
        }
        self.check_name(line, &name);
        let Ok(kind) = RegionKind::try_from_value(&kind) else {
            let kinds = RegionKind::all().map(|kind| kind.to_value()).collect::<Vec<_>>().join(" ");
            let (zh, en) = (format!("级别应为以下之一：{kinds}。"), format!("The kind is one of {kinds}."));
            self.fault(line, "kind", kind, zh, en);
            return;
        };
        if let Err(fault) = check_region_code(kind, &code) {
            self.fault(line, "code", code.clone(), fault.zh(), fault.en());
        }
        if disagrees(kind, &name) {
            let zh = format!("名称与级别“{}”不符。", kind.to_value());
            self.fault(
                line,
                "name",
                name.clone(),
                zh,
                format!("The name does not fit the kind {}.", kind.to_value()),
            );
        }
        if self.errors.len() == before {
            self.rows.push(Row { line, code, name, kind });
        }
    }

    fn check_name(&mut self, line: u64, name: &str) {
        if name.is_empty() {
            self.fault(
                line,
                "name",
                String::new(),
                "名称不能为空。".to_owned(),
                "The name is empty.".to_owned(),
            );
        } else if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            let zh = format!("名称不得超过{LONGEST_NAME}字，也不得含控制字符。");
            let en = format!("A name has at most {LONGEST_NAME} characters and none that control.");
            self.fault(line, "name", name.chars().take(LONGEST_NAME).collect(), zh, en);
        }
    }

    fn fault(&mut self, row: u64, column: &'static str, value: String, zh: String, en: String) {
        self.errors.push(RowError { row, column, value, zh, en });
    }

    /// What has to be done so that the regions which are there become those of the sheet. Pure: `mint` makes the ids.
    pub fn plan(
        mut self,
        existing: Vec<region::Model>,
        mut mint: impl FnMut() -> RegionId,
    ) -> Result<Plan, ImportError> {
        let mut rows = std::mem::take(&mut self.rows);
        // Parents before their children, whatever the order of the sheet.
        rows.sort_by(|one, other| one.code.len().cmp(&other.code.len()).then(one.line.cmp(&other.line)));
        let mut known: HashMap<String, region::Model> =
            existing.into_iter().map(|region| (region.code.0.clone(), region)).collect();
        let mut plan = Plan::default();
        for Row { line, code, name, kind } in rows {
            if let Some(region) = known.get(&code) {
                if region.kind != kind {
                    let stored = region.kind.to_value();
                    let zh = format!("该代码已登记为“{stored}”。");
                    self.fault(
                        line,
                        "kind",
                        kind.to_value(),
                        zh,
                        format!("The code is there already, as {stored}."),
                    );
                } else if region.name == name {
                    plan.unchanged += 1;
                } else {
                    plan.renamed.push((region.clone(), name));
                }
                continue;
            }
            let above = parent_region_code(kind, &code);
            let parent = above.and_then(|above| known.get_mut(above));
            if let (Some(above), None) = (above, &parent) {
                // A parent that the sheet has with a fault of its own has been told already.
                if !self.codes.contains(above) {
                    let zh = format!("找不到上级区域 {above}。");
                    let en = format!("There is no region {above} above it.");
                    self.fault(line, "code", code, zh, en);
                }
                continue;
            }
            if let Some(city) = parent.filter(|above| {
                kind == RegionKind::Township && above.kind == RegionKind::City && above.county_id.is_none()
            }) {
                // It has no counties, and stands in the county's column from now on.
                plan.without_counties.insert(city.code.0.clone(), city.clone());
                city.county_id = Some(city.id);
            }
            let region = blank(mint(), RegionCode(code.clone()), name, kind);
            let region = placed(region, above.and_then(|above| known.get(above)));
            known.insert(code, region.clone());
            plan.created.push(region);
        }
        if !self.errors.is_empty() {
            self.errors.sort_by_key(|error| error.row);
            let total = self.errors.len();
            self.errors.truncate(SHOWN);
            return Err(ImportError::Rows { rows: self.errors, total });
        }
        for region in &mut plan.created {
            if plan.without_counties.remove(&region.code.0).is_some() {
                region.county_id = Some(region.id);
            }
        }
        Ok(plan)
    }
}

/// What an import will do.
#[derive(Debug, Default)]
pub struct Plan {
    /// New regions, parents before children, with their place columns.
    pub created: Vec<region::Model>,
    renamed: Vec<(region::Model, String)>,
    unchanged: usize,
    /// Cities that were there before and turn out to have no counties.
    without_counties: BTreeMap<String, region::Model>,
}

impl Plan {
    /// The counts of it.
    pub fn report(&self) -> Report {
        Report { created: self.created.len(), renamed: self.renamed.len(), unchanged: self.unchanged }
    }

    async fn carry_out(
        mut self,
        txn: &impl ConnectionTrait,
        progress: &ProgressBar,
        now: DateTime,
    ) -> Result<(), DbErr> {
        progress.inc(u64::try_from(self.unchanged).unwrap_or(0));
        for (region, _) in &mut self.renamed {
            if self.without_counties.contains_key(&region.code.0) {
                // Two changes of one region: the name comes second.
                region.version += 1;
            }
        }
        let mut lines: Vec<_> = self
            .without_counties
            .values()
            .map(|city| {
                let change = (city.id.0, city.version + 1, ChangeKind::Updated);
                log_line::<region::Entity>(now, change, &["county_id"], serde_json::json!({}), "import")
            })
            .collect();
        lines.extend(self.renamed.iter().map(|(region, name)| {
            let content = serde_json::json!({"name": name});
            let change = (region.id.0, region.version + 1, ChangeKind::Updated);
            log_line::<region::Entity>(now, change, &["name"], content, "import")
        }));
        lines.extend(self.created.iter().map(|region| {
            let content = serde_json::json!({"code": region.code.0, "name": region.name, "kind": region.kind.to_value()});
            let change = (region.id.0, region.version, ChangeKind::Created);
            log_line::<region::Entity>(now, change, &["code", "name", "kind", "parent_id"], content, "import")
        }));
        let mut changed: Vec<RegionId> = self.without_counties.values().map(|city| city.id).collect();
        changed.extend(self.renamed.iter().map(|(region, _)| region.id));
        for (_, city) in self.without_counties {
            let (id, version) = (city.id, city.version);
            let mut city = city.into_active_model();
            city.county_id = Set(Some(id));
            city.version = Set(version + 1);
            city.update(txn).await?;
        }
        for (region, name) in self.renamed {
            let version = region.version;
            let mut region = region.into_active_model();
            region.name = Set(name);
            region.version = Set(version + 1);
            region.update(txn).await?;
            progress.inc(1);
        }
        search::renew::<region::Entity>(txn, changed).await?;
        for chunk in self.created.chunks(CHUNK) {
            bulk::insert::<region::Entity>(txn, chunk.to_vec()).await?;
            progress.inc(u64::try_from(chunk.len()).unwrap_or(0));
        }
        append(txn, lines).await?;
        Ok(())
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
