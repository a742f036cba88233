//! Expected refusals as data: `UserError` and its types, and the collector of checks.

use super::error::{Code, Error, Locale, Result};
use async_graphql::{Context, Enum, ID, Interface, MaybeUndefined, SimpleObject};

/// What kind of refusal it is (拒绝类型). Stable; the message is for people, this is for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum RefusalCode {
    /// A value breaks a rule; `rule` says which (校验未通过).
    Invalid,
    /// The record was changed meanwhile (版本冲突).
    Conflict,
    /// There is one already (已存在).
    Duplicate,
    /// The viewer lacks the right (无权限).
    Forbidden,
    /// There is no such thing, or none that the viewer may see (不存在).
    NotFound,
    /// The state of the record does not allow it (状态不允许).
    State,
    /// Name and password do not belong together (用户名或密码错误).
    BadCredentials,
    /// The password is right, and a code of the second factor is needed, too (需要双重验证码).
    SecondFactorRequired,
    /// A code that is wrong, used, or past its time (验证码无效).
    CodeInvalid,
    /// The password must have been shown recently: `sessionConfirm` (需要确认密码).
    ConfirmationRequired,
    /// The token cannot be used any more (令牌失效).
    TokenInvalid,
    /// What came back from the sign-on service is not good (统一认证失败).
    SignOnFailed,
    /// No account is linked to the identity of the sign-on service (身份未关联账号).
    UnknownIdentity,
    /// Too many, or too much at once (超出限制).
    Limit,
}

impl RefusalCode {
    /// The code that it has where there is no payload to carry it.
    #[must_use]
    pub fn fault(self) -> Code {
        match self {
            Self::Invalid | Self::State | Self::Limit => Code::BadUserInput,
            Self::Conflict | Self::Duplicate => Code::Conflict,
            Self::Forbidden | Self::ConfirmationRequired => Code::Forbidden,
            Self::NotFound => Code::NotFound,
            Self::BadCredentials
            | Self::SecondFactorRequired
            | Self::CodeInvalid
            | Self::TokenInvalid
            | Self::SignOnFailed
            | Self::UnknownIdentity => Code::Unauthenticated,
        }
    }
}

/// What a refusal carries beside its message.
#[derive(Clone, Debug, Default)]
pub enum Detail {
    /// Nothing more.
    #[default]
    None,
    /// The rule that was broken.
    Rule(&'static str),
    /// The version that stands now, and the columns changed since the one expected.
    Conflict {
        /// Version that stands now.
        current: i32,
        /// Columns changed since.
        changed: Vec<String>,
    },
    /// What would allow it: any of these roles, or a relation.
    Requires(Vec<String>),
    /// The one that exists, if the viewer may see it.
    Existing(Option<String>),
    /// The most that is allowed.
    Limit(i32),
    /// Ids of what changed since a preview, as far as the viewer may see it.
    Overtaken(Vec<String>),
    /// The state that forbids it.
    State(Box<Transition>),
}

/// A step that the state forbids.
#[derive(Clone, Debug)]
pub struct Transition {
    /// The state as it stands.
    pub current: String,
    /// The states that would allow it.
    pub allowed: Vec<String>,
    /// Who may do it then.
    pub roles: Vec<String>,
}

/// One refusal: what, where, why, and what would be right.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// What kind.
    pub code: RefusalCode,
    /// Where in the arguments, `["input", "phone"]`.
    pub path: Vec<String>,
    /// Message in Chinese.
    pub zh: String,
    /// Message in English.
    pub en: String,
    /// What it carries.
    pub detail: Detail,
}

impl Refusal {
    /// A refusal at a field of the input (`"phone"`, `"members.0.name"`; empty for the input as a whole).
    pub fn new(code: RefusalCode, field: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        let path = std::iter::once("input")
            .chain(field.split('.').filter(|part| !part.is_empty()))
            .map(str::to_owned)
            .collect();
        Self { code, path, zh: zh.into(), en: en.into(), detail: Detail::None }
    }

    /// A value that breaks a rule.
    pub fn rule(rule: &'static str, field: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(RefusalCode::Invalid, field, zh, en).with(Detail::Rule(rule))
    }

    /// Nothing of that id, or nothing that the viewer may see: the two answer alike.
    #[must_use]
    pub fn not_found(field: &str) -> Self {
        Self::new(
            RefusalCode::NotFound,
            field,
            "不存在，或不在您的范围内。",
            "There is no such record, or none within your scope.",
        )
    }

    /// Adds what it carries.
    #[must_use]
    pub fn with(mut self, detail: Detail) -> Self {
        self.detail = detail;
        self
    }
}

/// The refusal where nothing is set yet and something was expected.
pub fn nothing_yet(expected: i32) -> Result<()> {
    if expected == 0 {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::Conflict,
        "expectedVersion",
        format!("尚未设定，现为第 0 版，您依据的是第 {expected} 版。请重新读取。"),
        format!("Nothing is set yet: version 0 stands, {expected} was expected. Read it anew."),
    )
    .with(Detail::Conflict { current: 0, changed: Vec::new() })
    .into())
}

/// Collects every broken rule of an input, so that a client can show all of them at once.
#[derive(Debug, Default)]
pub struct Checks(Vec<Refusal>);

impl Checks {
    /// Notes a refusal unless the condition holds.
    pub fn require(&mut self, holds: bool, refusal: impl FnOnce() -> Refusal) {
        if !holds {
            self.0.push(refusal());
        }
    }

    /// Notes a refusal.
    pub fn refuse(&mut self, refusal: Refusal) {
        self.0.push(refusal);
    }

    /// A value of a patch that may be absent but not null: what must always be there cannot be cleared.
    pub fn given<T>(&mut self, field: &str, value: MaybeUndefined<T>) -> Option<T> {
        self.require(!value.is_null(), || {
            Refusal::rule("required", field, "不能为空。", "Must not be empty.")
        });
        value.take()
    }

    /// A text that must hold something and not be endless; trimmed.
    pub fn text(&mut self, field: &str, value: &str, most: usize) -> String {
        let text = value.trim();
        self.require(!text.is_empty(), || {
            Refusal::rule("required", field, "不能为空。", "Must not be empty.")
        });
        self.length(field, text, most);
        text.to_owned()
    }

    /// A text that may be absent or empty; trimmed, empty becomes none.
    pub fn optional_text(&mut self, field: &str, value: Option<&str>, most: usize) -> Option<String> {
        let text = value.map(str::trim).filter(|text| !text.is_empty())?;
        self.length(field, text, most);
        Some(text.to_owned())
    }

    fn length(&mut self, field: &str, text: &str, most: usize) {
        self.require(text.chars().count() <= most, || {
            Refusal::rule(
                "length",
                field,
                format!("最多 {most} 个字。"),
                format!("At most {most} characters."),
            )
        });
    }

    /// Ends the collection: all or nothing.
    pub fn done(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Refused(self.0)) }
    }
}

/// A refusal that a client can expect (业务错误). Selecting `code message path` once serves every mutation; the types
/// carry what a client needs to do better.
#[derive(Clone, Debug, Interface)]
#[graphql(
    field(name = "code", ty = "&RefusalCode", desc = "What kind of refusal: stable, for programs."),
    field(
        name = "message",
        ty = "String",
        desc = "For people, in the language of `Accept-Language` (zh-CN by default, or en)."
    ),
    field(name = "path", ty = "&Vec<String>", desc = "Where in the arguments, from `input` down."),
    field(
        name = "retryable",
        ty = "bool",
        desc = "Whether the same input may do better after reading the record anew."
    )
)]
pub enum UserError {
    /// A value breaks a rule.
    ValidationError(ValidationError),
    /// The record was changed meanwhile.
    ConflictError(ConflictError),
    /// There is one already.
    DuplicateError(DuplicateError),
    /// The viewer lacks the right.
    PermissionError(PermissionError),
    /// Too many at once.
    LimitError(LimitError),
    /// What was previewed is not what would happen now.
    PlanChangedError(PlanChangedError),
    /// The state does not allow it.
    TransitionError(TransitionError),
    /// Any other refusal.
    SimpleError(SimpleError),
}

macro_rules! user_error {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident : $ty:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, SimpleObject)]
        #[graphql(complex)]
        pub struct $name {
            /// What kind of refusal: stable, for programs.
            pub code: RefusalCode,
            /// Where in the arguments, from `input` down.
            pub path: Vec<String>,
            #[graphql(skip)]
            zh: String,
            #[graphql(skip)]
            en: String,
            $($(#[$field_doc])* pub $field: $ty,)*
        }

        #[async_graphql::ComplexObject]
        impl $name {
            /// For people, in the language of `Accept-Language` (zh-CN by default, or en).
            async fn message(&self, ctx: &Context<'_>) -> String {
                let locale = ctx.data_opt::<Locale>().copied().unwrap_or_default();
                locale.pick(&self.zh, &self.en).to_owned()
            }

            /// Whether the same input may do better after reading the record anew.
            async fn retryable(&self) -> bool {
                self.code == RefusalCode::Conflict
            }
        }
    )*};
}

user_error! {
    /// A value breaks a rule (校验未通过).
    ValidationError {
        /// The rule that was broken, stable: `required`, `length`, `identity-number-check-digit` …
        rule: String,
    }
    /// The record was changed since the version that was expected (版本冲突). Read it anew and decide again.
    ConflictError {
        /// The version that stands now.
        current: i32,
        /// Names of the columns that were changed since the version that was expected.
        changed_fields: Vec<String>,
    }
    /// There is one already (已存在).
    DuplicateError {
        /// Id of the record that exists. Null when it is outside the viewer's scope.
        existing: Option<ID>,
    }
    /// The viewer lacks the right (无权限).
    PermissionError {
        /// What would allow it: names of roles, or of a relation such as `CONTACT` (a live assignment).
        requires: Vec<String>,
    }
    /// Too many, or too much at once (超出限制).
    LimitError {
        /// The most that is allowed.
        limit: i32,
    }
    /// What was previewed is not what would happen now (计划已变). Nothing was done; preview again and decide anew.
    PlanChangedError {
        /// Ids of the records that were made, changed or ended since the preview, of those that the viewer may see; 100 at
        /// the most.
        changed: Vec<ID>,
    }
    /// The state of the record does not allow it (状态不允许). Nothing was changed.
    TransitionError {
        /// The state as it stands.
        state: String,
        /// The states from which it would be allowed.
        allowed_from: Vec<String>,
        /// Who may do it then: names of roles, or of a relation such as `HANDLER` or `CONTACT`.
        allowed_roles: Vec<String>,
    }
    /// A refusal that its code and message say all about.
    SimpleError {}
}

impl From<Refusal> for UserError {
    fn from(refusal: Refusal) -> Self {
        let Refusal { code, path, zh, en, detail } = refusal;
        match detail {
            Detail::None => Self::SimpleError(SimpleError { code, path, zh, en }),
            Detail::Rule(rule) => {
                Self::ValidationError(ValidationError { code, path, zh, en, rule: rule.to_owned() })
            }
            Detail::Conflict { current, changed } => {
                Self::ConflictError(ConflictError { code, path, zh, en, current, changed_fields: changed })
            }
            Detail::Requires(requires) => {
                Self::PermissionError(PermissionError { code, path, zh, en, requires })
            }
            Detail::Existing(existing) => {
                Self::DuplicateError(DuplicateError { code, path, zh, en, existing: existing.map(ID) })
            }
            Detail::Overtaken(changed) => Self::PlanChangedError(PlanChangedError {
                code,
                path,
                zh,
                en,
                changed: changed.into_iter().map(ID).collect(),
            }),
            Detail::State(step) => {
                let Transition { current, allowed, roles } = *step;
                Self::TransitionError(TransitionError {
                    code,
                    path,
                    zh,
                    en,
                    state: current,
                    allowed_from: allowed,
                    allowed_roles: roles,
                })
            }
            Detail::Limit(limit) => Self::LimitError(LimitError { code, path, zh, en, limit }),
        }
    }
}
