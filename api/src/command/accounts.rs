//! `lianhu account`

use super::{Done, Failed, Settings, ours, ready};
use crate::Account;
use entity::{
    id::{self, CadreId, GrantId},
    kind::{AccountStatus, Role},
    scalar::Date,
};
use indicatif::{ProgressBar, ProgressStyle};
use lianhu::{
    State,
    account::{
        bulk::{self, Whom},
        operator::{self, Bound, Giving, Listed, Making},
    },
    kernel::request::Ctx,
};
use sea_orm::ActiveEnum;
use std::{fmt::Write, path::Path};

/// A role as it is written.
pub(crate) fn role(text: &str) -> Result<Role, String> {
    Role::try_from_value(&text.to_uppercase()).map_err(|_| {
        let known: Vec<_> = Role::all().map(|role| role.to_value()).collect();
        format!("应为其中之一 one of: {}", known.join(", "))
    })
}

/// A day as it is written.
pub(crate) fn date(text: &str) -> Result<Date, String> {
    text.parse().map(Date).map_err(|_| "应写作 as in 2026-01-31".to_owned())
}

/// The id of a cadre.
pub(crate) fn cadre(text: &str) -> Result<CadreId, String> {
    read(text, CadreId::PREFIX).map(CadreId)
}

/// The id of a role that was given.
pub(crate) fn grant(text: &str) -> Result<GrantId, String> {
    read(text, GrantId::PREFIX).map(GrantId)
}

fn read(text: &str, prefix: &str) -> Result<uuid::Uuid, String> {
    let id = id::read(text).filter(|(found, _)| found == prefix).map(|(_, id)| id);
    id.ok_or_else(|| format!("应形如 as in {prefix}_01jd3k…"))
}

/// The password that somebody wants: from a file, or typed twice without being shown. None to have one made.
fn wanted(file: Option<&Path>) -> Result<Option<String>, Failed> {
    if let Some(file) = file {
        let text =
            std::fs::read_to_string(file).map_err(|error| Failed(format!("{}: {error}", file.display())))?;
        return Ok(Some(text.lines().next().unwrap_or_default().to_owned()));
    }
    let terminal = console::Term::stderr();
    if !terminal.is_term() || !std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        return Ok(None);
    }
    terminal.write_str("密码（留空则自动生成） Password (empty to have one made): ")?;
    let first = terminal.read_secure_line()?;
    if first.is_empty() {
        return Ok(None);
    }
    terminal.write_str("再输入一次 Once more: ")?;
    if terminal.read_secure_line()? == first {
        return Ok(Some(first));
    }
    Err(Failed("两次输入不一致。 The two are not the same.".to_owned()))
}

/// Shows a password that was made, once.
fn show(name: &str, made: bool, password: &str) {
    if made {
        println!("{name}\n初始密码（仅显示一次） Password, shown once: {password}");
    } else {
        println!("{name}");
    }
}

/// `lianhu account …`
pub(crate) async fn run(settings: &Settings, step: Account) -> Done {
    let state = ready(settings.load()?).await?;
    let ctx = operator::ctx(&state.db, &state.vault, &state.clock, &state.identity);
    match step {
        Account::Create { name, cadre, region, role, bound_to, password_file } => {
            let password = wanted(password_file.as_deref())?;
            let bound = bound_to.map(Bound);
            let role = role.map(|role| Giving { role, bound, starts_on: None, ends_on: None });
            let made = password.is_none();
            let making = Making { name: name.clone(), password, cadre, region, role };
            let password = operator::create(&ctx, &state.identity, making).await.map_err(ours)?;
            show(&name, made, &password);
        }
        Account::List => {
            let count = operator::list(&ctx, |listed| println!("{}", line(&listed))).await.map_err(ours)?;
            println!("共 {count} 个账号。 {count} accounts.");
        }
        Account::Grant { name, role, bound_to, from, until } => {
            let giving = Giving { role, bound: bound_to.map(Bound), starts_on: from, ends_on: until };
            let id = operator::give(&ctx, &name, giving).await.map_err(ours)?;
            println!("{name} {} {id}", role.to_value());
        }
        Account::EndGrant { id, on } => {
            operator::end(&ctx, id, on).await.map_err(ours)?;
            println!("{id}");
        }
        Account::Password { name, password_file } => {
            let password = wanted(password_file.as_deref())?;
            let made = password.is_none();
            let password = operator::set_password(&ctx, &state.identity, &name, password).await;
            show(&name, made, &password.map_err(ours)?);
        }
        Account::Disable { name } => {
            operator::set_status(&ctx, &name, AccountStatus::Disabled).await.map_err(ours)?;
            println!("{name} {}", AccountStatus::Disabled.to_value());
        }
        Account::Enable { name } => {
            operator::set_status(&ctx, &name, AccountStatus::Active).await.map_err(ours)?;
            println!("{name} {}", AccountStatus::Active.to_value());
        }
        Account::Bulk { region, out } => bulk(&state, &ctx, &region, &out).await?,
    }
    Ok(())
}

fn line(listed: &Listed) -> String {
    let Listed { name, status, region, roles } = listed;
    let region = region.as_deref().unwrap_or("-");
    let mut line = format!("{name:<24} {:<9} {region}", status.to_value());
    for (id, role, bound) in roles {
        _ = write!(line, "\n    {role:<18} {id} {}", bound.as_deref().unwrap_or_default());
    }
    line
}

/// `lianhu account bulk`: passwords first, then the sheet, then the accounts, all of them or none.
async fn bulk(state: &State, ctx: &Ctx, code: &str, out: &Path) -> Done {
    if out.exists() {
        return Err(Failed(format!("{}: 文件已存在 the file is there already", out.display())));
    }
    let region = operator::region(ctx, code).await.map_err(ours)?;
    let whom = Whom::Region(Box::new(region));
    let waiting = bulk::look(ctx, ctx.db().read(), &whom, None, false).await.map_err(ours)?;
    let bar = ProgressBar::new(waiting.cadres.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let done = || bar.inc(1);
    let secrets = bulk::secrets(&state.identity.passwords, &waiting.cadres, cores, None, &done).await;
    bar.finish_and_clear();
    let secrets = secrets.map_err(ours)?;
    let made = ctx.operate(async |work| {
        let logins = bulk::open_all(work, &secrets).await?;
        if !logins.is_empty() {
            bulk::write(&work.tx, out, &logins, work.ctx.today()).await?;
        }
        Ok(logins.len())
    });
    match made.await {
        Ok(0) => println!("没有需要开通账号的干部。 No cadre is without an account."),
        Ok(count) => println!("{}: {count}", out.display()),
        Err(error) => {
            // Without the accounts its passwords open nothing.
            _ = std::fs::remove_file(out);
            return Err(ours(error));
        }
    }
    Ok(())
}
