//! `Notice` as it is spoken.

use super::{NoticesReadInput, read};
use crate::{
    account::object::Account,
    kernel::{
        directive::{DataClass, auth, class, cost, signed_in},
        error::{Locale, Result},
        node::{Filter, Node, Ordering},
        page::Run,
        payload::{ctx, payload},
        request::Ctx,
    },
};
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::{id::NoticeId, kind::NoticeKind, notice, scalar::DateTime};
use sea_orm::{ColumnTrait, Condition, DerivePartialModel};
use serde_json::Value;
use uuid::Uuid;

/// A short message of the system to an account (通知), of what its owner should know. Only the account itself sees it.
#[derive(Clone, Debug, SimpleObject, DerivePartialModel)]
#[sea_orm(entity = "notice::Entity")]
#[graphql(complex)]
pub struct Notice {
    /// Its id, which never changes (标识).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub id: NoticeId,
    /// What it tells (通知类型).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub kind: NoticeKind,
    /// When it happened, of several the last (时间).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub at: DateTime,
    /// How many happenings it tells of together (合并条数): what comes in floods is one notice until it is read.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub count: i32,
    /// When it was marked as read (已读时间). Null while it is not.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub read_at: Option<DateTime>,
    #[graphql(skip)]
    #[sea_orm(from_col = "subject")]
    about: Option<String>,
    #[graphql(skip)]
    words: Value,
}

#[ComplexObject]
impl Notice {
    /// Id of the record that it is about (相关记录), as `node` takes it. Null when it is about none, and about several.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn subject(&self) -> Option<ID> {
        self.about.clone().map(ID)
    }

    /// What happened (内容), in the language of `Accept-Language`, fit to show.
    #[graphql(directive = class::apply(DataClass::Internal))]
    async fn text(&self, gql: &Context<'_>) -> String {
        let locale = gql.data_opt::<Locale>().copied().unwrap_or_default();
        let word = |name: &str| self.words[name].as_str().unwrap_or_default();
        let how_told = if self.count > 1 { how::MANY } else { word("how") };
        let (_, _, zh, en) = TEXTS
            .iter()
            .find(|(kind, how, ..)| *kind == self.kind && (how.is_empty() || *how == how_told))
            .unwrap_or(&(NoticeKind::GlassBroken, "", "", ""));
        let count = self.count.to_string();
        let named = ["device", "number", "name"].map(|name| (name, word(name)));
        named
            .into_iter()
            .chain([("count", count.as_str())])
            .fold(locale.pick(zh, en).to_owned(), |text, (name, word)| {
                text.replace(&format!("{{{name}}}"), word)
            })
    }
}

/// Who changed a password or a second factor.
pub(in crate::account) mod how {
    pub(in crate::account) const OWNER: &str = "owner";
    pub(in crate::account) const ADMINISTRATOR: &str = "administrator";
    pub(in crate::account) const CODE: &str = "code";
    pub(in crate::account) const ENDED: &str = "ended";
    /// Several happenings in one notice.
    pub(in crate::account) const MANY: &str = "many";
}

/// Kind, how it came about (empty: however), and the text in both languages.
const TEXTS: &[(NoticeKind, &str, &str, &str)] = &[
    (
        NoticeKind::SessionStolen,
        "",
        "设备“{device}”的登录凭据疑似被他人复制，该会话已结束。如非本人操作，请更改密码。",
        "Somebody seems to have copied the credentials of the device “{device}”; its session was ended. If it was not you, change your password.",
    ),
    (
        NoticeKind::PasswordChanged,
        how::OWNER,
        "密码已更改，其他设备均已退出登录。如非本人操作，请联系管理员。",
        "Your password was changed, and all other devices were signed out. If it was not you, tell an administrator.",
    ),
    (
        NoticeKind::PasswordChanged,
        how::ADMINISTRATOR,
        "管理员为您设置了新密码，所有设备均已退出登录。",
        "An administrator gave your account a new password, and all devices were signed out.",
    ),
    (
        NoticeKind::PasswordChanged,
        how::CODE,
        "密码已通过短信验证码重设，所有设备均已退出登录。如非本人操作，请联系管理员。",
        "Your password was set anew by a code sent to your phone, and all devices were signed out. If it was not you, tell an administrator.",
    ),
    (
        NoticeKind::NewDevice,
        "",
        "您的账号在新设备“{device}”上登录。如非本人操作，请结束该会话并更改密码。",
        "Your account was signed in on a new device, “{device}”. If it was not you, end that session and change your password.",
    ),
    (
        NoticeKind::SecondFactorChanged,
        how::OWNER,
        "双重验证已开启。请妥善保管恢复码。",
        "Your second factor is in force. Keep your recovery codes safe.",
    ),
    (
        NoticeKind::SecondFactorChanged,
        how::ENDED,
        "双重验证已关闭。如非本人操作，请更改密码。",
        "Your second factor was ended. If it was not you, change your password.",
    ),
    (
        NoticeKind::SecondFactorChanged,
        how::ADMINISTRATOR,
        "管理员关闭了您账号的双重验证。",
        "An administrator ended the second factor of your account.",
    ),
    (
        NoticeKind::GlassBroken,
        "",
        "有人在紧急情况下查看了受保护的信息。",
        "Somebody looked at what is protected, in an emergency.",
    ),
    (NoticeKind::TaskGiven, "", "新任务 {number}，请签收。", "A new task, {number}, waits to be claimed."),
    (
        NoticeKind::DemandRegistered,
        "",
        "有 {count} 件诉求待受理。",
        "Demands that wait to be accepted: {count}.",
    ),
    (
        NoticeKind::DemandAccepted,
        "",
        "您的诉求已受理立项，编号 {number}。",
        "What you asked for was accepted as task {number}.",
    ),
    (
        NoticeKind::DemandAnswered,
        "",
        "您提出或登记的诉求已有答复；如有异议，30 天内可提出。",
        "A demand that you raised or registered was answered; an objection can be raised within 30 days.",
    ),
    (NoticeKind::TaskUrged, how::MANY, "有 {count} 次催办待处理。", "Tasks were urged {count} times."),
    (NoticeKind::TaskUrged, "", "任务 {number} 被催办。", "Task {number} was urged."),
    (
        NoticeKind::TaskSupervised,
        "",
        "任务 {number} 被督办，请回复。",
        "Task {number} is supervised; an answer is owed.",
    ),
    (
        NoticeKind::TaskInstructed,
        "",
        "领导对任务 {number} 作了批示。",
        "A leader gave an instruction on task {number}.",
    ),
    (
        NoticeKind::TaskReturned,
        "",
        "任务 {number} 被退单，请重新派单。",
        "Task {number} was returned; dispatch it anew.",
    ),
    (NoticeKind::TaskReopened, "", "任务 {number} 需重新办理。", "Task {number} was opened again."),
    (
        NoticeKind::LeaveDecided,
        "",
        "任务 {number} 的申请已审批。",
        "What was asked in task {number} was decided.",
    ),
    (
        NoticeKind::SupervisionAnswered,
        "",
        "任务 {number} 的督办已回复。",
        "The supervision of task {number} was answered.",
    ),
    (
        NoticeKind::ResultToJudge,
        "",
        "您的诉求（{number}）已办结，请评价。",
        "What you asked for ({number}) was resolved; please judge the result.",
    ),
    (
        NoticeKind::TaskClosed,
        "",
        "您的诉求（{number}）已销号；如有异议，30 天内可申请复核。",
        "What you asked for ({number}) was struck off; you can contest it within 30 days.",
    ),
    (
        NoticeKind::WebhookDisabled,
        "GONE",
        "回调“{name}”已停用：对方返回 410，不再接收。",
        "The webhook “{name}” was disabled: the other side answered 410 and wants no more.",
    ),
    (
        NoticeKind::WebhookDisabled,
        "RIGHTS_ENDED",
        "回调“{name}”已停用：所用 API 密钥或账号已失效。",
        "The webhook “{name}” was disabled: its API key or account is over.",
    ),
    (
        NoticeKind::WebhookDisabled,
        "",
        "回调“{name}”已停用：连续失败五天，或其订阅文档已失效。修复后可重新启用。",
        "The webhook “{name}” was disabled: nothing was taken for five days, or its document is not valid any more. Turn it on again when that is mended.",
    ),
];

/// Conditions on notices, all of them to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, InputObject)]
pub struct NoticeWhere {
    /// True: those that were not read; false: those that were.
    #[graphql(default)]
    pub unread: Option<bool>,
}

impl Filter for NoticeWhere {
    async fn condition(&self, _: &Ctx) -> Result<Condition> {
        Ok(Condition::all().add_option(self.unread.map(|unread| {
            let read_at = notice::Column::ReadAt;
            if unread { read_at.is_null() } else { read_at.is_not_null() }
        })))
    }
}

/// What notices are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum NoticeOrderField {
    /// When it happened: the order of the ids.
    At,
}

impl Ordering for NoticeOrderField {
    fn column(self) -> Option<&'static str> {
        None
    }

    fn usual() -> Run {
        Run { column: None, descending: true }
    }
}

impl Node for Notice {
    type Entity = notice::Entity;
    type Where = NoticeWhere;
    type Order = NoticeOrderField;
    const NAME: &'static str = NoticeId::PREFIX;

    fn uuid(&self) -> Uuid {
        self.id.0
    }
}

payload! {
    /// The account whose notices were marked as read, or why not.
    NoticesReadPayload, account: Account
}

/// Changes to notices.
#[derive(Debug, Default)]
pub struct NoticeMutation;

#[Object]
impl NoticeMutation {
    /// Marks notices of one's own as read: those that are named, or all. Others' and unknown ones are left alone. Requires
    /// being signed in. Errors: `INVALID` (too many).
    #[graphql(directive = cost::apply(10), directive = auth::apply(signed_in()))]
    async fn notices_read(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "Which ones.")] input: NoticesReadInput,
    ) -> Option<Result<NoticesReadPayload>> {
        let ctx = ctx(gql);
        let written = ctx.write("noticesRead", &input.idempotency_key, &input, read).await;
        NoticesReadPayload::of(ctx, written).await
    }
}
