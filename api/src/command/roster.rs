//! `lianhu import roster`, `lianhu import template` and `lianhu export roster`.

use super::{Done, Failed, Settings, ours, secret};
use indicatif::{ProgressBar, ProgressStyle};
use lianhu::{
    kernel::{
        clock::Clock,
        ring,
        sheet::{Hand, RowFault},
    },
    roster::{self, Kind, Options, Progress, Report, Source},
};
use std::path::{Path, PathBuf};

/// Faults that a report file takes at the most.
const REPORTED: usize = 1_000_000;
/// Faults that the terminal shows.
const SHOWN: usize = 200;

fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {pos} {per_sec} {elapsed}") {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, progress: Progress<'_>) {
    if let Some(total) = progress.total
        && bar.length() != Some(total)
    {
        bar.set_length(total);
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}") {
            bar.set_style(style);
        }
    }
    bar.set_message(progress.sheet.to_owned());
    bar.set_position(progress.rows);
}

/// `lianhu import roster`
pub(crate) async fn import(
    settings: &Settings,
    file: &Path,
    options: Options,
    report_file: Option<&Path>,
) -> Done {
    let config = settings.load()?;
    let key = secret(&config)?;
    let (db, clock) = (settings.open().await?, Clock::default());
    let vault = ring::open(&db, key.expose(), clock.now()).await.map_err(ours)?;
    let options = if report_file.is_some() { Options { faults: REPORTED, ..options } } else { options };
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let bar = bar();
    let watch = |progress: Progress<'_>| show(&bar, progress);
    let source = Source { path: file, name };
    let done = tokio::select! {
        done = roster::import(&Hand::Operator, (&db, &vault, &clock), source, options, &watch, None) => done,
        never = ring::watch(&db, &vault, &clock) => match never {},
    };
    bar.finish_and_clear();
    let report = done.map_err(ours)?;
    if let Some(report_file) = report_file {
        write(report_file, &report.faults)?;
    }
    tell(&report, options)
}

fn write(file: &Path, faults: &[RowFault]) -> Result<(), Failed> {
    let mut lines =
        csv::Writer::from_path(file).map_err(|error| Failed(format!("{}: {error}", file.display())))?;
    lines.write_record(["\u{feff}工作表", "行", "列", "规则", "错误", "error"])?;
    for fault in faults {
        let row = fault.row.to_string();
        lines.write_record([&fault.sheet, &row, &fault.column, fault.rule, &fault.zh, &fault.en])?;
    }
    lines.flush()?;
    Ok(())
}

fn tell(report: &Report, options: Options) -> Done {
    for warning in &report.warnings {
        eprintln!("{}: {} {}", warning.sheet, warning.zh, warning.en);
    }
    for fault in report.faults.iter().take(SHOWN) {
        eprintln!("{}!{} {}: {} {}", fault.sheet, fault.row, fault.column, fault.zh, fault.en);
    }
    for sheet in &report.sheets {
        let counts = sheet.counts;
        println!(
            "{name}: {rows} 行，新增 {created}，更改 {updated}，未变 {unchanged}，略过 {skipped}。 {rows} rows, {created} created, {updated} updated, {unchanged} unchanged, {skipped} left out.",
            name = sheet.sheet,
            rows = sheet.rows,
            created = counts.created,
            updated = counts.updated,
            unchanged = counts.unchanged,
            skipped = counts.skipped,
        );
    }
    if !report.stored {
        println!(
            "{}",
            if options.dry_run {
                "试运行，未保存。 A dry run; nothing was stored."
            } else {
                "未保存。 Nothing was stored."
            }
        );
    }
    match report.total_faults {
        0 => Ok(()),
        total => Err(Failed(format!("共 {total} 处错误。 {total} faults."))),
    }
}

/// `lianhu import template`
pub(crate) async fn template(kind: Kind, out: Option<PathBuf>) -> Done {
    let out = out.unwrap_or_else(|| PathBuf::from(format!("{}.xlsx", kind.name())));
    roster::template(kind, &out).await.map_err(ours)?;
    println!("{}", out.display());
    Ok(())
}

/// `lianhu export roster`
pub(crate) async fn export(settings: &Settings, kind: Kind, region: &str, out: &Path) -> Done {
    let db = settings.open().await?;
    let bar = bar();
    let watch = |progress: Progress<'_>| show(&bar, progress);
    let done = roster::export(&Hand::Operator, &db, kind, region, out, &watch).await;
    bar.finish_and_clear();
    println!("{}: {}", out.display(), done.map_err(ours)?);
    Ok(())
}
