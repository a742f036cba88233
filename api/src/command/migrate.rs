//! `lianhu migrate`

use super::{Done, Settings, ours};
use lianhu::kernel::{db::Db, search};
use migration::{MigrationStatus, Migrator, MigratorTrait};

/// Takes all steps that are missing.
pub(crate) async fn up(settings: &Settings) -> Done {
    let db = settings.open().await?;
    let pending = Migrator::get_pending_migrations(db.write()).await?;
    let progress = indicatif::ProgressBar::new(pending.len() as u64);
    for step in &pending {
        progress.println(format!("up {}", step.name()));
        Migrator::up(db.write(), Some(1)).await?;
        progress.inc(1);
    }
    progress.finish_and_clear();
    println!("已完成 {0} 步。 {0} steps taken.", pending.len());
    reindex_if_missing(&db).await
}

/// Takes the last step back.
pub(crate) async fn down(settings: &Settings) -> Done {
    let db = settings.open().await?;
    let taken = Migrator::get_applied_migrations(db.write()).await?;
    let Some(last) = taken.last() else {
        println!("没有可撤回的步骤。 There is no step to take back.");
        return Ok(());
    };
    Migrator::down(db.write(), Some(1)).await?;
    println!("down {}", last.name());
    Ok(())
}

/// Tells which steps are taken.
pub(crate) async fn status(settings: &Settings) -> Done {
    let db = settings.open().await?;
    for step in Migrator::get_migration_with_status_read_only(db.read()).await? {
        let mark = match step.status() {
            MigrationStatus::Applied => "taken  ",
            MigrationStatus::Pending => "missing",
        };
        println!("{mark} {}", step.name());
    }
    Ok(())
}

/// Makes what searches find records by, where a step has just made room for it.
pub(crate) async fn reindex_if_missing(db: &Db) -> Done {
    if search::is_missing(db).await.map_err(ours)? { rebuild(db).await } else { Ok(()) }
}

/// `lianhu reindex`
pub(crate) async fn reindex(settings: &Settings) -> Done {
    rebuild(&settings.open().await?).await
}

async fn rebuild(db: &Db) -> Done {
    let all = search::count(db).await.map_err(ours)?;
    let progress = indicatif::ProgressBar::new(all);
    if let Ok(style) = indicatif::ProgressStyle::with_template("{wide_bar} {pos}/{len} {eta}") {
        progress.set_style(style);
    }
    let count = search::reindex(db, &progress).await;
    progress.finish_and_clear();
    println!("{0} 条记录可搜索。 {0} records can be found.", count.map_err(ours)?);
    Ok(())
}
