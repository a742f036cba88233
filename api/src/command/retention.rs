//! `lianhu retention`

use super::{Done, Settings, ours};
use lianhu::{
    attachment, keep, kept,
    kernel::{clock::Clock, db::Db},
    migrated, options,
    retention::{self, RULES},
};

/// `lianhu retention`
pub(crate) async fn run(settings: &Settings, dry_run: bool) -> Done {
    let config = settings.load()?;
    let db = Db::open(&options(&config)).await?;
    migrated(&db).await.map_err(super::Failed)?;
    let progress = indicatif::ProgressBar::new_spinner();
    if let Ok(style) = indicatif::ProgressStyle::with_template("{msg} {pos}") {
        progress.set_style(style);
    }
    let now = Clock::default().now();
    let done = retention::run(&db, &kept(&config), now, dry_run, &progress).await;
    progress.finish_and_clear();
    let done = done.map_err(ours)?;
    if !dry_run {
        // The bytes of what was erased.
        attachment::upkeep::clear(&db, &keep(&config).map_err(ours)?, now).await.map_err(ours)?;
    }
    for (rule, outcome) in RULES.iter().zip(&done) {
        let days = if outcome.days == 0 { "-".to_owned() } else { outcome.days.to_string() };
        println!("{:<21} {days:>6} {:>9}  {}  {}", outcome.name, outcome.count, rule.zh, rule.en);
    }
    println!(
        "{}",
        if dry_run {
            "试运行，未作改动。 A dry run: nothing was changed."
        } else {
            "已完成。 Done."
        }
    );
    Ok(())
}
