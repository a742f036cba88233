//! `lianhu audit`

use super::{Done, Failed, Settings, ours, ready};
use lianhu::kernel::access::chain::{self, Broken};
use std::fmt::Write;

/// `lianhu audit verify`
pub(crate) async fn verify(settings: &Settings) -> Done {
    let state = ready(settings.load()?).await?;
    // What waits for its place gets it first, should no server run.
    chain::seal(&state.db, &state.vault).await.map_err(ours)?;
    let progress = indicatif::ProgressBar::new(0);
    if let Ok(style) = indicatif::ProgressStyle::with_template("{wide_bar} {pos}/{len} {eta}") {
        progress.set_style(style);
    }
    let verdict = chain::verify(&state.db, &state.vault, state.clock.now(), &progress).await;
    progress.finish_and_clear();
    let verdict = verdict.map_err(ours)?;
    let (held, position) = (verdict.held, verdict.head.position);
    let hash = verdict.head.hash.iter().take(8).fold(String::new(), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    });
    match verdict.broken {
        None => {
            println!(
                "查看记录完整：{held} 行，末行 {position}（{hash}）。 The access log holds: {held} lines, the last is {position} ({hash})."
            );
            Ok(())
        }
        Some(Broken { position, line, zh, en }) => {
            let line = line.map_or_else(|| "?".to_owned(), |line| line.to_string());
            Err(Failed(format!(
                "查看记录自第 {position} 行起不可信（{line}）：{zh}。前 {held} 行完整。\n\
                 The access log cannot be trusted from line {position} on ({line}): {en}. The {held} lines before it hold."
            )))
        }
    }
}
