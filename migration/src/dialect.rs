//! One text for both databases: `{uuid}`, `{text}` and the like become the type's name in each, and a block between
//! `{postgres}` or `{sqlite}` and `{end}` is kept for that one alone.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// (word, PostgreSQL, SQLite). Text is compared by its bytes in both, so that both page in one order.
const TYPES: [(&str, &str, &str); 9] = [
    ("{uuid}", "uuid", "blob"),
    ("{blob}", "bytea", "blob"),
    ("{text}", "text COLLATE \"C\"", "text"),
    ("{date}", "date", "date_text"),
    ("{moment}", "timestamptz", "timestamp_with_timezone_text"),
    ("{json}", "jsonb", "json_text"),
    ("{float}", "double precision", "double"),
    ("{big}", "bigint", "bigint"),
    ("{sequence}", "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "integer PRIMARY KEY AUTOINCREMENT"),
];

/// Runs the text, statement by statement; statements are parted by a line that holds `;` alone.
pub(crate) async fn run(manager: &SchemaManager<'_>, text: &str) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let sql = speak(db.get_database_backend(), text);
    for statement in sql.split("\n;\n").map(str::trim).filter(|statement| !statement.is_empty()) {
        db.execute_unprepared(statement).await?;
    }
    Ok(())
}

fn speak(backend: DbBackend, text: &str) -> String {
    let (ours, other) = match backend {
        DbBackend::Postgres => ("{postgres}", "{sqlite}"),
        _ => ("{sqlite}", "{postgres}"),
    };
    let mut sql = String::with_capacity(text.len());
    let mut keep = true;
    for line in text.lines() {
        match line.trim() {
            word if word == other => keep = false,
            word if word == ours => {}
            "{end}" => keep = true,
            _ if keep => {
                sql.push_str(line);
                sql.push('\n');
            }
            _ => {}
        }
    }
    for (word, postgres, sqlite) in TYPES {
        sql = sql.replace(word, if ours == "{postgres}" { postgres } else { sqlite });
    }
    sql
}

/// Drops tables, the last made first.
pub(crate) async fn drop(manager: &SchemaManager<'_>, tables: &[&str]) -> Result<(), DbErr> {
    for table in tables {
        manager.get_connection().execute_unprepared(&format!("DROP TABLE {table}")).await?;
    }
    Ok(())
}

/// A step: the text that makes, and the tables to drop on the way back, or the text that takes back.
macro_rules! step {
    ($up:expr, back: $back:expr) => {
        crate::dialect::step!(@ $up, |manager| crate::dialect::run(manager, $back));
    };
    ($up:expr, $down:expr) => {
        crate::dialect::step!(@ $up, |manager| crate::dialect::drop(manager, $down));
    };
    (@ $up:expr, |$manager:ident| $down:expr) => {
        #[derive(sea_orm_migration::prelude::DeriveMigrationName)]
        pub(crate) struct Migration;

        #[sea_orm_migration::async_trait::async_trait]
        impl sea_orm_migration::prelude::MigrationTrait for Migration {
            async fn up(
                &self,
                manager: &sea_orm_migration::prelude::SchemaManager,
            ) -> Result<(), sea_orm_migration::prelude::DbErr> {
                crate::dialect::run(manager, $up).await
            }

            async fn down(
                &self,
                $manager: &sea_orm_migration::prelude::SchemaManager,
            ) -> Result<(), sea_orm_migration::prelude::DbErr> {
                $down.await
            }
        }
    };
}
pub(crate) use step;
