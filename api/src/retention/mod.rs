//! Retention (保存期限): one table of what is erased when, and the runner that goes through it in small transactions. What was
//! erased is no longer found, so the same run twice does nothing the second time.

use crate::{
    account::upkeep as accounts,
    card::erase as cards,
    demand::erase as demands,
    enterprise::erase as enterprises,
    household::erase::{self, Part},
    kernel::{
        access::chain,
        clock::{civil, later},
        db::Db,
        door::unscoped,
        error::Result,
        keep::Retention,
        record::By,
        work,
    },
    roster::upkeep as rosters,
    task::erase as tasks,
    visit::erase as visits,
    webhook::{self, upkeep as webhooks},
};
use chrono::Duration;
use entity::{kind::DataClass, retention_night, scalar::DateTime};
use indicatif::ProgressBar;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, Set, sea_query::OnConflict};

/// Whose doing it is, in the change log.
const BY: &str = "retention";
/// The hour of the night, by China Standard Time, from which on it is done.
const HOUR: i64 = 2;

/// What is past its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Corrections,
    Members(Part),
    Households(Part),
    Cards,
    Enterprises,
    Visits,
    Demands,
    Tasks,
    Concerns,
    Emergencies,
    Sessions,
    Imports,
    Deliveries,
    Keys,
    AccessLog,
}

/// One rule: what, of which class, after how many days, and what is done.
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// The highest class of what it erases.
    pub class: DataClass,
    /// What is done, in Chinese.
    pub zh: &'static str,
    /// What is done, in English.
    pub en: &'static str,
    days: fn(&Retention) -> u32,
    what: What,
}

const fn rule(
    name: &'static str,
    class: DataClass,
    days: fn(&Retention) -> u32,
    what: What,
    zh: &'static str,
    en: &'static str,
) -> Rule {
    Rule { name, class, zh, en, days, what }
}

use DataClass::{Closed, Internal, Personal, Sensitive};

/// All rules, in the order in which they are gone through: what stands by itself before what takes it along.
pub const RULES: &[Rule] = &[
    rule(
        "corrections",
        Personal,
        |of| of.correction_days,
        What::Corrections,
        "删除已处理的更正申请",
        "corrections that were decided are removed",
    ),
    rule(
        "members-sensitive",
        Sensitive,
        |of| of.sensitive_days,
        What::Members(Part::Sensitive),
        "清除已离开成员的身份证号",
        "identity numbers of members who left are erased",
    ),
    rule(
        "members-personal",
        Sensitive,
        |of| of.personal_days,
        What::Members(Part::Personal),
        "清除已离开成员的个人信息",
        "what is personal of members who left is erased",
    ),
    rule(
        "households-sensitive",
        Sensitive,
        |of| of.sensitive_days,
        What::Households(Part::Sensitive),
        "清除迁出、销户户的敏感信息",
        "what is sensitive of households that are gone is erased",
    ),
    rule(
        "households-personal",
        Sensitive,
        |of| of.personal_days,
        What::Households(Part::Personal),
        "清除迁出、销户户的个人信息",
        "what is personal of households that are gone is erased",
    ),
    rule(
        "cards-personal",
        Personal,
        |of| of.personal_days,
        What::Cards,
        "清除迁出、销户户联系卡上的内容，并作废二维码",
        "what is written on the cards of households that are gone is erased, and their codes are revoked",
    ),
    rule(
        "enterprises-personal",
        Personal,
        |of| of.personal_days,
        What::Enterprises,
        "清除注销企业的法定代表人、联系人和电话",
        "who spoke for enterprises that are closed is erased",
    ),
    rule(
        "visits-personal",
        Sensitive,
        |of| of.personal_days,
        What::Visits,
        "清除迁出、销户户的走访内容及附件",
        "what was said in visits to households that are gone is erased, and what was attached to them",
    ),
    rule(
        "demands-personal",
        Personal,
        |of| of.personal_days,
        What::Demands,
        "清除迁出、销户户的诉求内容和评价",
        "what was said in demands of households that are gone is erased",
    ),
    rule(
        "tasks-personal",
        Personal,
        |of| of.personal_days,
        What::Tasks,
        "清除涉及迁出、销户户的任务内容和说明",
        "what was written in tasks that concern households that are gone is erased",
    ),
    rule(
        "concern-notes",
        Closed,
        |_| 1,
        What::Concerns,
        "删除到期的关切记录（走访后 90 日，或包联结束后 30 日）",
        "concern notes go 90 days after the visit, or 30 days after the assignment has ended",
    ),
    rule(
        "emergencies",
        Personal,
        |of| of.access_log_days,
        What::Emergencies,
        "删除到期的紧急查看及其事由",
        "emergencies are let go with their reasons",
    ),
    rule(
        "sessions",
        Personal,
        |of| of.session_days,
        What::Sessions,
        "删除已结束的会话",
        "sessions that ended are removed",
    ),
    rule(
        "imports",
        Sensitive,
        |of| of.import_days,
        What::Imports,
        "删除名册导入报告",
        "reports of roster imports are removed",
    ),
    rule(
        "webhook-deliveries",
        Internal,
        |_| webhook::KEPT_DAYS,
        What::Deliveries,
        "删除回调投递记录",
        "deliveries of webhooks are forgotten",
    ),
    rule(
        "idempotency-keys",
        Internal,
        |_| work::REMEMBERED_DAYS,
        What::Keys,
        "删除幂等键",
        "idempotency keys are forgotten",
    ),
    rule(
        "access-log",
        Personal,
        |of| of.access_log_days,
        What::AccessLog,
        "删除到期的查看记录",
        "lines of the access log are let go",
    ),
];

/// What a rule did, or would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its name.
    pub name: &'static str,
    /// After how many days; 0: never.
    pub days: u32,
    /// Of how many records.
    pub count: u64,
}

impl Rule {
    async fn apply(
        &self,
        db: &Db,
        now: DateTime,
        days: u32,
        dry_run: bool,
        progress: &ProgressBar,
    ) -> Result<u64> {
        if days == 0 {
            return Ok(0);
        }
        let before = later(now, -Duration::days(days.into()));
        let day = civil(before);
        let by = By { now, actor: None, request_id: BY };
        match (self.what, dry_run) {
            (What::Corrections, true) => erase::count_corrections(db, before).await,
            (What::Corrections, false) => erase::corrections(db, before, by, progress).await,
            (What::Members(part), true) => erase::count_members(db, part, day).await,
            (What::Members(part), false) => erase::members(db, part, day, by, progress).await,
            (What::Households(part), true) => erase::count_households(db, part, day).await,
            (What::Households(part), false) => erase::households(db, part, day, by, progress).await,
            (What::Cards, true) => cards::count(db, day).await,
            (What::Cards, false) => cards::personal(db, day, by, progress).await,
            (What::Enterprises, true) => enterprises::count(db, day).await,
            (What::Enterprises, false) => enterprises::personal(db, day, by, progress).await,
            (What::Visits, true) => visits::count(db, day).await,
            (What::Visits, false) => visits::personal(db, day, by, progress).await,
            (What::Demands, true) => demands::count(db, day).await,
            (What::Demands, false) => demands::personal(db, day, by, progress).await,
            (What::Tasks, true) => tasks::count(db, day).await,
            (What::Tasks, false) => tasks::personal(db, day, by, progress).await,
            (What::Concerns, true) => visits::count_concerns(db, civil(now)).await,
            (What::Concerns, false) => visits::concerns(db, civil(now), progress).await,
            (What::Emergencies, true) => erase::count_emergencies(db, before).await,
            (What::Emergencies, false) => erase::emergencies(db, before, progress).await,
            (What::Sessions, true) => accounts::count_sessions(db, before).await,
            (What::Sessions, false) => accounts::sessions(db, before, progress).await,
            (What::Imports, true) => rosters::count_imports(db, before).await,
            (What::Imports, false) => rosters::imports(db, before, by, progress).await,
            (What::Deliveries, true) => webhooks::count(db, before).await,
            (What::Deliveries, false) => webhooks::deliveries(db, before).await,
            (What::Keys, true) => work::count_keys(db, before).await,
            (What::Keys, false) => work::forget_keys(db, before).await,
            (What::AccessLog, dry_run) => chain::let_go(db, before, dry_run).await,
        }
    }
}

/// Goes through all rules; a dry run only counts.
pub async fn run(
    db: &Db,
    retention: &Retention,
    now: DateTime,
    dry_run: bool,
    progress: &ProgressBar,
) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::with_capacity(RULES.len());
    for rule in RULES {
        progress.set_message(rule.name);
        let days = (rule.days)(retention);
        let count = rule.apply(db, now, days, dry_run, progress).await?;
        outcomes.push(Outcome { name: rule.name, days, count });
    }
    Ok(outcomes)
}

/// The night that a moment belongs to.
fn night(now: DateTime) -> String {
    civil(later(now, -Duration::hours(HOUR))).0.to_string()
}

/// Goes through all rules, once a night among any number of processes: whoever puts the night's row down does it. None
/// where it was done already, or somebody is at it.
pub async fn tonight(db: &Db, retention: &Retention, now: DateTime) -> Result<Option<Vec<Outcome>>> {
    let night = night(now);
    let row = retention_night::ActiveModel {
        night: Set(night.clone()),
        began_at: Set(now),
        ended_at: Set(None),
        report: Set(None),
    };
    // Most of the time it is done: asking costs no writer's turn.
    let mine = retention_night::Column::Night.eq(night.as_str());
    if unscoped::<retention_night::Entity>().filter(mine).one(db.read()).await?.is_some() {
        return Ok(None);
    }
    let first = retention_night::Entity::insert(row)
        .on_conflict(OnConflict::column(retention_night::Column::Night).do_nothing().to_owned())
        .exec_without_returning(db.write())
        .await?;
    if first == 0 {
        return Ok(None);
    }
    let outcomes = run(db, retention, now, false, &ProgressBar::hidden()).await?;
    let counts: serde_json::Map<_, _> =
        outcomes.iter().map(|one| (one.name.to_owned(), one.count.into())).collect();
    let row = retention_night::ActiveModel {
        night: Set(night),
        ended_at: Set(Some(now)),
        report: Set(Some(counts.into())),
        ..Default::default()
    };
    row.update(db.write()).await?;
    Ok(Some(outcomes))
}
