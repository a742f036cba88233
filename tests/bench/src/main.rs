//! How much longer a county takes than a township: the questions of every day over HTTP, by turns, in one run.
//!
//! `cargo run --release -p lianhu-bench -- --database sqlite:/tmp/lianhu-bench` makes the places that are not there yet
//! (a file each, or a database each on a PostgreSQL server), serves both, and prints ratios. Ratios, not times: those
//! belong to the machine.

mod ground;
mod work;

use clap::Parser;
use entity::kind::Role;
use ground::{Ground, Size};
use lianhu::kernel::policy::{Opens, Policy, Relation, Resource, Rule, Sight};
use std::time::Duration;
use work::Workload;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What goes wrong ends the run.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Compares a large place with a small one.
#[derive(Parser)]
struct Options {
    /// `sqlite:FOLDER`, or the address of a PostgreSQL server on which databases may be made.
    #[arg(long)]
    database: String,
    /// The small place.
    #[arg(long, value_enum, default_value = "township")]
    small: Size,
    /// The large place.
    #[arg(long, value_enum, default_value = "county")]
    large: Size,
    /// The seed of both.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Lay the regions of a whole country beside the large place.
    #[arg(long)]
    country: bool,
    /// What rights cost instead: the lists of a contact in the large place, compared with the same lists of somebody who
    /// sees every household without a condition.
    #[arg(long)]
    rights: bool,
    /// How many times each question is asked.
    #[arg(long, default_value_t = 300)]
    repeat: usize,
    /// Settings of the PostgreSQL session, as `-c name=value`.
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    session: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let large = Ground::open(&options, options.large, options.country, Policy::default()).await?;
    if options.rights {
        let open = Ground::open(&options, options.large, options.country, everything_open()).await?;
        heading(&options, "with rights ÷ without", "without");
        for workload in work::lists_of("contact") {
            let without = workload.asked_by("platform-admin");
            let mut narrowed = without.in_village_of("contact");
            narrowed.name = format!("{}, of the village", workload.name);
            for base in [&without, &narrowed] {
                compare((base, &open), (&workload, &large), options.repeat).await?;
            }
        }
    } else {
        let small = Ground::open(&options, options.small, false, Policy::default()).await?;
        heading(&options, "large ÷ small", "small");
        for workload in work::all() {
            compare((&workload, &small), (&workload, &large), options.repeat).await?;
        }
    }
    println!("memory of this process, client and both servers: {}", memory());
    Ok(())
}

fn heading(options: &Options, ratio: &str, base: &str) {
    println!("seed {}, {} repetitions; medians, {ratio}", options.seed, options.repeat);
    println!("{:<60} {:>6} {:>6}  {:>10}  {base:>8}", "", "median", "p95", "statements");
}

/// A table of rights under which the platform's administrator sees every household, as close as its contact does.
fn everything_open() -> Policy {
    let whole = Policy::default();
    let open = Rule {
        role: Role::PlatformAdmin,
        relation: Relation::Everywhere,
        opens: Opens::See(Resource::Household, Sight::CLOSE),
    };
    Policy { rules: whole.rules.iter().copied().chain([open]).collect(), ..whole }
}

/// A question and where it is asked.
type Asked<'a> = (&'a Workload, &'a Ground);

/// Asks both by turns; how much longer the other takes than the base.
async fn compare(base: Asked<'_>, other: Asked<'_>, repeat: usize) -> Result<()> {
    let mut asks = Vec::new();
    for (workload, place) in [base, other] {
        asks.push(workload.prepare(place).await?);
    }
    let mut times: [Vec<Duration>; 2] = [Vec::new(), Vec::new()];
    for round in 0..repeat + WARM {
        for at in 0..2 {
            // By turns, and each of the two first as often as the other.
            let at = (at + round) % 2;
            let taken = asks[at].time(round).await?;
            if round >= WARM {
                times[at].push(taken);
            }
        }
    }
    for times in &mut times {
        times.sort_unstable();
    }
    let ratio = |percent: usize| {
        let at = |times: &[Duration]| times[(times.len() - 1) * percent / 100].as_secs_f64();
        at(&times[1]) / at(&times[0])
    };
    let mut statements = Vec::new();
    for (ask, (_, place)) in asks.iter().zip([base, other]) {
        let before = place.state.db.statements();
        ask.time(0).await?;
        statements.push((place.state.db.statements() - before).to_string());
    }
    let statements = statements.join(" / ");
    let (median, p95, small) = (ratio(50), ratio(95), times[0][times[0].len() / 2].as_secs_f64() * 1000.0);
    println!("{:<60} {median:>6.2} {p95:>6.2}  {statements:>10}  {small:>5.1} ms", base.0.name);
    Ok(())
}

/// Repetitions that do not count.
const WARM: usize = 20;

fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = |name: &str| status.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    format!("{}, {}", line("VmRSS"), line("VmHWM"))
}
