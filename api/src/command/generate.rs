//! `lianhu generate`

use super::{Done, Failed, Sealing, Settings, accounts_table, ours, ready};
use indicatif::{ProgressBar, ProgressStyle};
use lianhu::demo::made_up::{self, Scale, country as list};
use std::path::Path;

fn bar(length: u64) -> ProgressBar {
    let progress = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template("{prefix} {msg} {wide_bar} {percent}% {eta}") {
        progress.set_style(style);
    }
    progress
}

/// A place in a database.
pub(crate) async fn place(settings: &Settings, scale: Scale, seed: u64, accounts: Option<&Path>) -> Done {
    let state = ready(settings.load()?).await?;
    let today = lianhu::kernel::clock::civil(state.clock.now()).0;
    let progress = bar(0);
    let sealing = Sealing(&state.vault);
    let made = made_up::fill(state.db.write(), &sealing, today, scale, seed, &progress).await;
    progress.finish_and_clear();
    let table = serde_json::to_value(made.map_err(ours)?)?;
    println!("{}", accounts_table(&table));
    if let Some(file) = accounts {
        let text = serde_json::to_string_pretty(&table)?;
        std::fs::write(file, text).map_err(|error| Failed(format!("{}: {error}", file.display())))?;
    }
    Ok(())
}

/// The regions of a country in a sheet.
pub(crate) fn country(out: Option<&Path>, seed: u64) -> Done {
    let out = out.ok_or_else(|| Failed("--out".to_owned()))?;
    let progress = bar(u64::try_from(list::ROWS).unwrap_or_default());
    let told = |error| Failed(format!("{}: {error}", out.display()));
    list::write(std::fs::File::create(out).map_err(told)?, seed, &progress).map_err(told)?;
    progress.finish_and_clear();
    Ok(())
}
