//! A sheet goes in by the thousand, in the order of the tree: what lies above a row has come before it, and is either in
//! hand or found with one statement for all rows of the chunk.

use super::{
    ImportError, Report,
    sheet::{Row, Said, Sheet},
};
use crate::{
    kernel::{
        bulk,
        clock::civil,
        door::unscoped,
        record::{append, log_line},
        search,
        standards::parent_region_code,
    },
    region::{blank, placed, succession},
};
use entity::{
    id::RegionId,
    kind::{ChangeKind, RegionKind},
    region, region_succession,
    scalar::{DateTime, RegionCode},
};
use indicatif::ProgressBar;
use sea_orm::{
    ActiveEnum, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect, sea_query::OnConflict,
};
use serde_json::json;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Rows of a chunk: each takes a fixed number of statements.
pub const CHUNK: usize = 1024;

/// Codes in a question: filled up to a multiple of this, so that there are few different statements.
const CODES: usize = 256;

/// Lays a sheet down; where anything is wrong, what it has written is to be rolled back.
pub(super) async fn load(
    txn: &DatabaseTransaction,
    mut sheet: Sheet,
    progress: &ProgressBar,
    now: DateTime,
) -> Result<Report, ImportError> {
    let mut report = Report::default();
    let mut path: Vec<region::Model> = Vec::new();
    for from in (0..sheet.len()).step_by(CHUNK) {
        let rows: Vec<Row> = sheet.sound(from..(from + CHUNK).min(sheet.len())).collect();
        let mut chunk = Chunk::look_up(txn, &rows, &path).await?;
        for row in &rows {
            chunk.take(row, &mut sheet, &mut report);
        }
        path = chunk.path(rows.last());
        if sheet.faults.none() {
            chunk.write(txn, now).await?;
        }
        progress.inc(u64::try_from(CHUNK.min(sheet.len() - from)).unwrap_or_default());
    }
    if sheet.faults.none() { Ok(report) } else { Err(sheet.faults.told()) }
}

/// What is known while a chunk is gone through, and what has to be written for it.
struct Chunk {
    known: HashMap<String, region::Model>,
    /// Cities of which the database has counties.
    with_counties: HashSet<RegionId>,
    created: Vec<String>,
    /// Regions under another name, as they were.
    renamed: Vec<region::Model>,
    /// Regions that were there, and the columns that change, by code.
    changed: HashMap<String, Vec<&'static str>>,
    order: Vec<String>,
}

impl Chunk {
    /// Finds what the database has of these rows and of what lies above them.
    async fn look_up(txn: &DatabaseTransaction, rows: &[Row], path: &[region::Model]) -> Result<Self, DbErr> {
        let mut known: HashMap<String, region::Model> =
            path.iter().map(|region| (region.code.0.clone(), region.clone())).collect();
        let mut codes: HashSet<&str> = HashSet::new();
        for row in rows {
            codes.insert(&row.code);
            codes.extend(row.above());
        }
        codes.retain(|code| !known.contains_key(*code));
        let mut codes: Vec<&str> = codes.into_iter().collect();
        if let Some(&filler) = codes.first() {
            codes.resize(codes.len().next_multiple_of(CODES), filler);
        }
        let found = unscoped::<region::Entity>()
            .filter(region::Column::Code.is_in(codes))
            .filter(region::Column::Until.is_null())
            .all(txn)
            .await?;
        known.extend(found.into_iter().map(|region| (region.code.0.clone(), region)));
        let mut cities: Vec<RegionId> = rows
            .iter()
            .filter(|row| row.kind == RegionKind::Township && !known.contains_key(&row.code))
            .filter_map(|row| known.get(row.above()?))
            .filter(|above| above.kind == RegionKind::City)
            .map(|city| city.id)
            .collect();
        cities.sort_unstable();
        cities.dedup();
        let with_counties = if cities.is_empty() {
            HashSet::new()
        } else {
            let counties = unscoped::<region::Entity>()
                .select_only()
                .column(region::Column::ParentId)
                .distinct()
                .filter(region::Column::ParentId.is_in(cities))
                .filter(region::Column::Kind.eq(RegionKind::County));
            counties.into_tuple::<RegionId>().all(txn).await?.into_iter().collect()
        };
        Ok(Self {
            known,
            with_counties,
            created: Vec::new(),
            renamed: Vec::new(),
            changed: HashMap::new(),
            order: Vec::new(),
        })
    }

    /// Decides what becomes of one row.
    fn take(&mut self, row: &Row, sheet: &mut Sheet, report: &mut Report) {
        let Row { line, code, name, kind } = row;
        if let Some(region) = self.known.get_mut(code) {
            if region.kind != *kind {
                let stored = region.kind.to_value();
                let zh = format!("该代码已登记为“{stored}”。");
                let en = format!("The code is there already, as {stored}.");
                sheet.faults.add(*line, "kind", kind.to_value(), zh, en);
            } else if region.name == *name {
                report.unchanged += 1;
            } else {
                self.renamed.push(region.clone());
                region.name.clone_from(name);
                self.change(code, "name");
                report.renamed += 1;
            }
            return;
        }
        if let Some((zh, en)) = self.misplaced(row, sheet) {
            sheet.faults.add(*line, "code", code.clone(), zh, en);
            return;
        }
        let above = row.above();
        let Some(parent) = above.map(|above| self.known.get_mut(above)) else {
            return self.create(row, None, sheet, report);
        };
        // A parent that the sheet has with a fault of its own has been told already.
        let Some(parent) = parent else { return };
        if *kind == RegionKind::Township && parent.kind == RegionKind::City && parent.county_id.is_none() {
            // It has no counties, and stands in the county's column from now on.
            parent.county_id = Some(parent.id);
            let city = parent.code.0.clone();
            self.change(&city, "county_id");
        }
        let parent = above.and_then(|above| self.known.get(above)).cloned();
        self.create(row, parent.as_ref(), sheet, report);
    }

    /// Why a new row cannot stand where its code says.
    fn misplaced(&self, row: &Row, sheet: &Sheet) -> Option<(String, String)> {
        let above = row.above()?;
        let parent = self.known.get(above);
        if parent.is_none() && sheet.says(above) == Said::Nothing {
            let en = format!("There is no region {above} above it.");
            return Some((format!("找不到上级区域 {above}。"), en));
        }
        if row.kind == RegionKind::Township && above.len() == 4 {
            let stored = parent.is_some_and(|city| self.with_counties.contains(&city.id));
            return (stored || sheet.below_city(above).1).then(|| {
                (
                    format!("{above} 下设县（区、市），乡镇不能直接位于其下。"),
                    format!("The city {above} has counties: no township lies directly below it."),
                )
            });
        }
        let without = parent.is_some_and(|city| city.county_id == Some(city.id));
        (row.kind == RegionKind::County && without).then(|| {
            (
                format!("{above} 不设县（区、市），乡镇直接位于其下。"),
                format!("The city {above} has no counties: its townships lie directly below it."),
            )
        })
    }

    fn create(&mut self, row: &Row, parent: Option<&region::Model>, sheet: &Sheet, report: &mut Report) {
        let region =
            blank(RegionId(Uuid::now_v7()), RegionCode(row.code.clone()), row.name.clone(), row.kind);
        let mut region = placed(region, parent);
        if row.kind == RegionKind::City && sheet.below_city(&row.code) == (true, false) {
            region.county_id = Some(region.id);
        }
        self.known.insert(row.code.clone(), region);
        self.created.push(row.code.clone());
        report.created += 1;
    }

    /// A region that was there gets another version for each of its changes.
    fn change(&mut self, code: &str, column: &'static str) {
        let columns = self.changed.entry(code.to_owned()).or_default();
        if columns.is_empty() {
            self.order.push(code.to_owned());
        }
        columns.push(column);
        if let Some(region) = self.known.get_mut(code) {
            region.version += 1;
        }
    }

    /// The last row with what lies above it: what the next chunk goes on from.
    fn path(&self, last: Option<&Row>) -> Vec<region::Model> {
        let mut path = Vec::new();
        let mut next = last.map(|row| row.code.as_str()).and_then(|code| self.known.get(code));
        while let Some(region) = next {
            path.push(region.clone());
            let above = parent_region_code(region.kind, &region.code.0);
            next = above.and_then(|above| self.known.get(above));
        }
        path
    }

    async fn write(mut self, txn: &DatabaseTransaction, now: DateTime) -> Result<(), DbErr> {
        let mut lines = Vec::new();
        let mut changed = Vec::new();
        for code in &self.order {
            let (Some(region), Some(columns)) = (self.known.get(code), self.changed.get(code)) else {
                continue;
            };
            let before = region.version - i32::try_from(columns.len()).unwrap_or_default();
            for (version, column) in (before + 1..).zip(columns) {
                let content = if *column == "name" { json!({"name": region.name}) } else { json!({}) };
                let change = (region.id.0, version, ChangeKind::Updated);
                lines.push(log_line::<region::Entity>(now, change, &[column], content, "import"));
            }
            changed.push(region.clone());
        }
        let created: Vec<region::Model> =
            self.created.iter().filter_map(|code| self.known.remove(code)).collect();
        lines.extend(created.iter().map(|region| {
            let content = json!({"code": region.code.0, "name": region.name, "kind": region.kind.to_value()});
            let change = (region.id.0, region.version, ChangeKind::Created);
            log_line::<region::Entity>(now, change, &["code", "name", "kind", "parent_id"], content, "import")
        }));
        if !changed.is_empty() {
            use region::Column::{CountyId, Id, Name, Version};
            let ids: Vec<RegionId> = changed.iter().map(|region| region.id).collect();
            let rows = changed.into_iter().map(IntoActiveModel::into_active_model);
            region::Entity::insert_many(rows)
                .on_conflict(OnConflict::column(Id).update_columns([Name, CountyId, Version]).to_owned())
                .exec_without_returning(txn)
                .await?;
            search::renew::<region::Entity>(txn, ids).await?;
        }
        let past = self.renamed.iter().map(|before| succession::renamed(before, civil(now)));
        bulk::insert::<region_succession::Entity>(txn, past.collect()).await?;
        bulk::insert::<region::Entity>(txn, created).await?;
        append(txn, lines).await
    }
}
