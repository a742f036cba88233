//! The `lianhu` command.
#![expect(clippy::doc_markdown, reason = "these comments are what the terminal shows")]

mod command;

use clap::{Parser, Subcommand, ValueEnum};
use entity::{
    id::{CadreId, GrantId},
    kind::{KeyPurpose, Role},
    scalar::Date,
};
use lianhu::{
    demo::made_up::Scale,
    roster::{Kind, Options},
};
use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// 联户 Lianhu: the open back end for contact work in townships.
///
/// Settings come from one file (--config, LIANHU_CONFIG or ./lianhu.toml) and the environment over it; `lianhu config`
/// prints every one of them with its meaning.
#[derive(Parser)]
#[command(version, max_term_width = 110)]
struct Lianhu {
    /// The settings file.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The database: sqlite:FILE or postgres://USER@HOST/NAME. Overrides the setting database.url.
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Try it: make a folder with a database, fill it with two made-up towns in three real counties, and serve.
    ///
    /// The second time it just serves what is there. Prints an account for each role and the address of the explorer.
    Demo {
        /// Where to listen; port 0 takes a free one.
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8000")]
        listen: SocketAddr,
        /// The folder for database, key and accounts.
        #[arg(long, value_name = "DIR", default_value = "lianhu-demo")]
        data: PathBuf,
        /// Write the table of accounts here as JSON, too.
        #[arg(long, value_name = "FILE")]
        accounts: Option<PathBuf>,
    },
    /// Serve. Needs a migrated database and the master secret (settings secret.key or secret.key_file).
    Serve {
        /// Where to listen. Overrides the setting http.listen.
        #[arg(long, value_name = "ADDR")]
        listen: Option<SocketAddr>,
    },
    /// Bring the tables of the database to this version, or back, or tell where they stand.
    Migrate {
        #[command(subcommand)]
        step: Step,
    },
    /// Take in a sheet. All of it or nothing; the same sheet again changes nothing.
    #[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
    Import {
        /// Write an empty sheet of this kind, with what is to be written where: branches, cadres, households, enterprises, assignments.
        #[arg(long, value_name = "KIND")]
        template: Option<Kind>,
        /// Where to write the empty sheet: a .xlsx or .csv file.
        #[arg(long, value_name = "FILE", requires = "template")]
        out: Option<PathBuf>,
        #[command(subcommand)]
        sheet: Option<Sheet>,
    },
    /// Give out a sheet that `import` takes again. Telephone and identity numbers stay masked.
    Export {
        #[command(subcommand)]
        sheet: Given,
    },
    /// Fill an empty, migrated database with a made-up place of real size, the same for the same seed.
    ///
    /// Prints accounts to try it with. Needs the master secret, as `serve` does. A country is no database but the list of
    /// its regions, for `import regions`.
    Generate {
        /// How large.
        #[arg(long, value_enum)]
        scale: Size,
        /// Everything follows from this number.
        #[arg(long, value_name = "N", default_value_t = 1)]
        seed: u64,
        /// Write the table of accounts here as JSON, too.
        #[arg(long, value_name = "FILE")]
        accounts: Option<PathBuf>,
        /// Where the list of a country goes (CSV).
        #[arg(long, value_name = "FILE", required_if_eq("scale", "country"))]
        out: Option<PathBuf>,
    },
    /// The keys that seal personal numbers and sign tokens, and the master secret that wraps them.
    Keys {
        #[command(subcommand)]
        step: Keys,
    },
    /// Make and change accounts (账号), without having one: the first administrator, a forgotten password.
    ///
    /// Needs the master secret, as `serve` does, and may run while the server serves. Each change stands in the change log.
    Account {
        #[command(subcommand)]
        step: Account,
    },
    /// Make anew what searches find records by. Serving goes on meanwhile.
    Reindex,
    /// The access log: who looked at whom.
    Audit {
        #[command(subcommand)]
        audit: Audit,
    },
    /// Erase what is past its time, by the settings retention.*_days; a server does so once a night by itself.
    Retention {
        /// Only tell of how many records what would be erased.
        #[arg(long)]
        dry_run: bool,
    },
    /// Print the GraphQL schema that clients see.
    Schema,
    /// Print the table of who sees and does what, in Markdown.
    Permissions,
    /// Print how a task goes from state to state, and who lets it, in Markdown.
    Flow,
    /// Print the contract for programs, in JSON: what opens each field, how private it is, what it costs.
    Contract,
    /// Print a sample of the settings file, every setting with its default and meaning.
    Config,
}

#[derive(Clone, Copy, ValueEnum)]
enum Size {
    /// 15 villages, 4 000 households, 4 700 assignments.
    Township,
    /// About 24 townships, 370 villages, 150 000 households, 160 000 assignments.
    County,
    /// Ten counties, 3 500 villages, 1 500 000 households. PostgreSQL only.
    City,
    /// 665 000 regions, as a sheet.
    Country,
}

#[derive(Subcommand)]
enum Keys {
    /// Tell how each key stands, and how many values are still sealed by one that is on its way out.
    Status,
    /// Change a key while servers go on. Interrupted, it goes on the next time, or on a running server.
    Rotate {
        /// Which.
        #[arg(long, value_enum, default_value_t = Purpose::Seal)]
        purpose: Purpose,
    },
    /// Change the master secret: wrap all keys by another. Start the servers with it right after.
    Rewrap {
        /// A file with the new master secret: 32 bytes in base64.
        #[arg(long, value_name = "FILE")]
        new_key_file: PathBuf,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Purpose {
    /// The key that seals telephone and identity numbers; all of them are sealed anew.
    Seal,
    /// The key that signs access tokens.
    Sign,
}

#[derive(Subcommand)]
enum Step {
    /// Take all steps that are missing.
    Up,
    /// Take the last step back. What it had made is lost.
    Down,
    /// Tell which steps are taken.
    Status,
}

#[derive(Subcommand)]
enum Sheet {
    /// Regions: a CSV with the columns code, name, kind. Each row stands below the region that its code begins with.
    Regions {
        /// The CSV file, UTF-8.
        file: PathBuf,
    },
    /// Rosters (名册): party organisations, cadres, households with their members, enterprises, assignments, from .xlsx or .csv with Chinese headings.
    ///
    /// Every bad row is told with its sheet, row and column, and nothing is stored unless all rows are good.
    Roster {
        /// The file.
        file: PathBuf,
        /// What it is, where neither the name nor the headings of its sheet tell: branches, cadres, households, enterprises, assignments.
        #[arg(long, value_name = "KIND")]
        kind: Option<Kind>,
        /// Only tell what would become of it.
        #[arg(long)]
        dry_run: bool,
        /// Take the good rows where there are bad ones.
        #[arg(long)]
        skip_bad: bool,
        /// Write all that is wrong into this CSV file, too.
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
    },
    /// An empty sheet with what is to be written where.
    Template {
        /// Which kind: branches, cadres, households, enterprises, assignments.
        kind: Kind,
        /// Where to write it: a .xlsx or .csv file.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
enum Audit {
    /// Look through the whole chain of the access log and name the first line that was changed, taken out or put in.
    ///
    /// Needs the master secret, as `serve` does. Fails when the chain is broken.
    Verify,
}

#[derive(Subcommand)]
enum Account {
    /// Make an account. Its password is asked for, read from a file, or made and shown once.
    Create {
        /// Login name: 3 to 40 of a to z, 0 to 9, dot, underscore, hyphen.
        name: String,
        /// Id of the cadre whose login it is: cadre_…
        #[arg(long, value_name = "ID", value_parser = command::accounts::cadre)]
        cadre: Option<CadreId>,
        /// Code of the region that administers it; the platform does without one.
        #[arg(long, value_name = "CODE")]
        region: Option<String>,
        /// A role to begin with, as PLATFORM_ADMIN or REGION_ADMIN.
        #[arg(long, value_name = "ROLE", value_parser = command::accounts::role)]
        role: Option<Role>,
        /// To what the role is bound: the code of a region, or an id as branch_…
        #[arg(long, value_name = "CODE", requires = "role")]
        bound_to: Option<String>,
        /// A file with the password in its first line.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// List all accounts with their roles.
    List,
    /// Give a role to an account.
    Grant {
        /// Login name.
        name: String,
        /// The role, as PLATFORM_ADMIN or REGION_ADMIN.
        #[arg(long, value_name = "ROLE", value_parser = command::accounts::role)]
        role: Role,
        /// To what it is bound: the code of a region, or an id as branch_…
        #[arg(long, value_name = "CODE")]
        bound_to: Option<String>,
        /// First day with it; today without this.
        #[arg(long, value_name = "DATE", value_parser = command::accounts::date)]
        from: Option<Date>,
        /// First day without it.
        #[arg(long, value_name = "DATE", value_parser = command::accounts::date)]
        until: Option<Date>,
    },
    /// End a role.
    EndGrant {
        /// Its id, as `list` shows it: grant_…
        #[arg(value_parser = command::accounts::grant)]
        id: GrantId,
        /// First day without it; today without this.
        #[arg(long, value_name = "DATE", value_parser = command::accounts::date)]
        on: Option<Date>,
    },
    /// Give an account another password, and sign it out everywhere.
    Password {
        /// Login name.
        name: String,
        /// A file with the password in its first line.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Let an account sign in no longer, from its next request on.
    Disable {
        /// Login name.
        name: String,
    },
    /// Let an account sign in again.
    Enable {
        /// Login name.
        name: String,
    },
    /// Make an account for each cadre in office who has none, with first passwords in a sheet.
    Bulk {
        /// Code of the region whose offices it is for, with all below it.
        #[arg(long, value_name = "CODE")]
        region: String,
        /// Where to write the sheet: a .xlsx or .csv file that is not there yet.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

#[derive(Subcommand)]
enum Given {
    /// A roster (名册) of a region.
    Roster {
        /// Which kind: branches, cadres, households, enterprises, assignments.
        kind: Kind,
        /// Code of the region.
        #[arg(long, value_name = "CODE")]
        region: String,
        /// Where to write it: a .xlsx or .csv file.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// Stack of each worker, in bytes, as much as a program's main thread has: a resolver's frames lie upon those of all around it,
/// and without optimisation each is large.
const STACK: usize = 8 << 20;

fn main() -> ExitCode {
    match tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK).build() {
        Ok(runtime) => runtime.block_on(run()),
        Err(error) => {
            eprintln!("no runtime: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> ExitCode {
    let Lianhu { config, database, command } = Lianhu::parse();
    let settings = command::Settings { file: config, database };
    let done = match command {
        Command::Demo { listen, data, accounts } => {
            command::demo(&settings, listen, &data, accounts.as_deref()).await
        }
        Command::Serve { listen } => command::serve(&settings, listen).await,
        Command::Migrate { step: Step::Up } => command::migrate::up(&settings).await,
        Command::Migrate { step: Step::Down } => command::migrate::down(&settings).await,
        Command::Migrate { step: Step::Status } => command::migrate::status(&settings).await,
        Command::Import { template: Some(kind), out, .. }
        | Command::Import { sheet: Some(Sheet::Template { kind, out }), .. } => {
            command::roster::template(kind, out).await
        }
        Command::Import { sheet: Some(Sheet::Regions { file }), .. } => {
            command::import_regions(&settings, &file).await
        }
        Command::Import { sheet: Some(Sheet::Roster { file, kind, dry_run, skip_bad, report }), .. } => {
            let options = Options { kind, dry_run, skip_bad, ..Options::default() };
            command::roster::import(&settings, &file, options, report.as_deref()).await
        }
        Command::Import { .. } => Err(command::Failed("lianhu import --help".to_owned())),
        Command::Export { sheet: Given::Roster { kind, region, out } } => {
            command::roster::export(&settings, kind, &region, &out).await
        }
        Command::Generate { scale, seed, accounts, out } => {
            let accounts = accounts.as_deref();
            match scale {
                Size::Township => command::generate::place(&settings, Scale::Township, seed, accounts).await,
                Size::County => command::generate::place(&settings, Scale::County, seed, accounts).await,
                Size::City => command::generate::place(&settings, Scale::City, seed, accounts).await,
                Size::Country => command::generate::country(out.as_deref(), seed),
            }
        }
        Command::Keys { step: Keys::Status } => command::keys::status(&settings).await,
        Command::Keys { step: Keys::Rotate { purpose } } => {
            let purpose = match purpose {
                Purpose::Seal => KeyPurpose::Seal,
                Purpose::Sign => KeyPurpose::Sign,
            };
            command::keys::rotate(&settings, purpose).await
        }
        Command::Keys { step: Keys::Rewrap { new_key_file } } => {
            command::keys::rewrap(&settings, &new_key_file).await
        }
        Command::Account { step } => command::accounts::run(&settings, step).await,
        Command::Reindex => command::migrate::reindex(&settings).await,
        Command::Audit { audit: Audit::Verify } => command::audit::verify(&settings).await,
        Command::Retention { dry_run } => command::retention::run(&settings, dry_run).await,
        Command::Permissions => {
            print!("{}", lianhu::kernel::policy::print::markdown(&lianhu::kernel::policy::Policy::default()));
            Ok(())
        }
        Command::Flow => {
            print!("{}", lianhu::task::flow::print(&lianhu::kernel::policy::Policy::default()));
            Ok(())
        }
        Command::Schema => {
            print!("{}", lianhu::schema::sdl());
            Ok(())
        }
        Command::Contract => command::contract(),
        Command::Config => {
            print!("{}", lianhu::config::sample());
            Ok(())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(command::Failed(message)) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
