//! `lianhu keys`

use super::{Done, Failed, Settings, ours, ready, secret};
use chrono::{Duration, FixedOffset};
use entity::{kind::KeyPurpose, ring_key, scalar::DateTime};
use indicatif::{ProgressBar, ProgressStyle};
use lianhu::{
    State,
    config::MasterKey,
    kernel::{
        clock::Clock,
        ring::{
            self, KeyState,
            change::{self, Standing, Tools},
            sealed,
        },
    },
};
use sea_orm::ActiveEnum;
use std::path::Path;

/// How often it is looked whether a key has come into use.
const LOOK: std::time::Duration = std::time::Duration::from_millis(500);

/// In the time of China.
fn spell(moment: DateTime) -> String {
    let east = FixedOffset::east_opt(8 * 3600).map(|zone| moment.0.with_timezone(&zone));
    east.map_or_else(|| moment.0.to_string(), |moment| moment.format("%Y-%m-%d %H:%M:%S").to_string())
}

fn spell_state(state: KeyState) -> &'static str {
    match state {
        KeyState::Next => "待用 next",
        KeyState::Active => "使用中 active",
        KeyState::Retiring => "退役中 retiring",
        KeyState::Removed => "已删除 removed",
    }
}

/// `lianhu keys status`
pub(crate) async fn status(settings: &Settings) -> Done {
    let state = ready(settings.load()?).await?;
    let now = state.clock.now();
    let keys = ring::all(state.db.read()).await.map_err(ours)?;
    let is_old = |key: &ring_key::Model| {
        key.purpose == KeyPurpose::Seal && ring::state(key, now).0 == KeyState::Retiring
    };
    let counts =
        if keys.iter().any(is_old) { Some(sealed::count(&state.db).await.map_err(ours)?) } else { None };
    for key in &keys {
        let (stands, since) = ring::state(key, now);
        let left = counts.as_ref().filter(|_| is_old(key));
        let left = left.map(|counts| counts.get(&key.id).copied().unwrap_or_default());
        let left = left.map_or_else(String::new, |left| format!("  {left} 个值待重新加密 values left"));
        let purpose = key.purpose.to_value();
        println!("{purpose} {id:>4}  {} {}{left}", spell_state(stands), spell(since), id = key.id);
    }
    Ok(())
}

/// `lianhu keys rotate`
pub(crate) async fn rotate(settings: &Settings, purpose: KeyPurpose) -> Done {
    let state = ready(settings.load()?).await?;
    match purpose {
        KeyPurpose::Sign => rotate_signing(&state).await,
        _ => rotate_sealing(&state).await,
    }
}

async fn rotate_signing(state: &State) -> Done {
    let now = state.clock.now();
    let next = ring::begin(&state.db, &state.vault, KeyPurpose::Sign, Duration::zero(), now).await;
    let keys = ring::all(state.db.read()).await.map_err(ours)?;
    let pending = keys.into_iter().rfind(|key| key.purpose == KeyPurpose::Sign && key.retired_at.is_none());
    let (id, from) = match next.map_err(ours)?.or(pending) {
        Some(next) => (next.id, spell(next.active_from)),
        None => return Err(Failed("ring_key".to_owned())),
    };
    println!(
        "签名密钥 {id} 自 {from} 起使用；此前签发的令牌到期前仍有效，之后运行中的服务会删除旧密钥。\n\
         Key {id} signs from {from} on. Tokens signed until then stay good for their time; then a running server removes the former key."
    );
    Ok(())
}

async fn rotate_sealing(state: &State) -> Done {
    let State { db, vault, clock, .. } = state;
    let keys = ring::all(db.read()).await.map_err(ours)?;
    match change::standing(&keys, clock.now()) {
        Standing::Ahead(_) | Standing::Waiting => {
            println!("继续尚未完成的更换。 Going on with the change that is under way.");
        }
        Standing::None | Standing::Swept(_) => {
            let next = ring::begin(db, vault, KeyPurpose::Seal, Duration::zero(), clock.now()).await;
            if let Some(next) = next.map_err(ours)? {
                println!("新密钥 {id}。 The new key is {id}.", id = next.id);
            }
        }
    }
    await_use(state).await?;
    let bar = ProgressBar::new(sealed::rows(db).await.map_err(ours)?);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    let tools = Tools { db, vault, clock };
    let swept = change::reseal(tools, std::time::Duration::ZERO, |rows| {
        // Another walk, to see that nothing is left.
        if Some(bar.position() + rows) > bar.length() {
            bar.set_position(0);
        }
        bar.inc(rows);
    });
    let swept = swept.await;
    bar.finish_and_clear();
    let swept = swept.map_err(ours)?;
    println!("{0} 个值已重新加密。 {0} values were sealed anew.", swept.anew);
    if swept.missed > 0 {
        println!(
            "{0} 个值正被占用，由运行中的服务或下一次 keys rotate 完成。 {0} values were in use; a running server or the next `keys rotate` does them.",
            swept.missed
        );
    }
    if swept.broken > 0 {
        return Err(Failed(format!(
            "{0} 个值无法解密，保持原样，旧密钥不删除；详见日志。 {0} values do not open and stay as they are, and so does the former key; the log names them.",
            swept.broken
        )));
    }
    let keys = ring::all(db.read()).await.map_err(ours)?;
    if let Standing::Swept(end) = change::standing(&keys, clock.now()) {
        println!(
            "旧密钥已不再需要，{0} 之后由运行中的服务或下一次 keys rotate 删除。 Nothing needs the former key; after {0} a running server or the next `keys rotate` removes it.",
            spell(end)
        );
    }
    Ok(())
}

/// Waits until every server seals with the new key.
async fn await_use(state: &State) -> Done {
    let spinner = ProgressBar::new_spinner();
    loop {
        let keys = ring::all(state.db.read()).await.map_err(ours)?;
        let Standing::Ahead(from) = change::standing(&keys, state.clock.now()) else { break };
        let left = from.0.signed_duration_since(state.clock.now().0).num_seconds();
        spinner.set_message(format!("等待各服务启用新密钥 … waiting until all servers use it … {left} s"));
        spinner.tick();
        tokio::time::sleep(LOOK).await;
    }
    spinner.finish_and_clear();
    Ok(())
}

/// `lianhu keys rewrap`
pub(crate) async fn rewrap(settings: &Settings, new_key_file: &Path) -> Done {
    let old = secret(&settings.load()?)?;
    let new = MasterKey::read(new_key_file)?;
    let db = settings.open().await?;
    let keys = ring::rewrap(&db, old.expose(), new.expose(), Clock::default().now()).await.map_err(ours)?;
    println!(
        "{keys} 把密钥已改由新主密钥保护。请立即在设置中换上新主密钥并重启各服务。\n\
         {keys} keys are wrapped by the new master secret. Set it now and start all servers anew."
    );
    Ok(())
}
