//! Signing in by an outer service (统一认证): OpenID Connect, the authorisation code flow with PKCE, without cookies.
//!
//! A sign-on is begun with a state that is good for ten minutes and one return. Whoever comes back with it and a code is
//! known by issuer and subject of the ID token; an account is entered only if that identity was linked to it before.

mod id_token;
pub mod identity;
mod issuer;
pub mod object;

use super::{
    Identity,
    session::{self, Issued},
};
use crate::{
    config::OidcConfig,
    kernel::{
        clock::later,
        db::Db,
        door::unscoped,
        error::{Error, Refusal, RefusalCode, Result},
        request::Ctx,
        vault,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Duration;
use entity::{account, account_identity, id::AccountId, kind::AccountStatus, scalar::DateTime, sign_on};
use issuer::Issuer;
use reqwest::Url;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use serde::{Deserialize, Serialize};

/// How long somebody may take at the service.
const LIFE: Duration = Duration::minutes(10);
/// The longest code that is passed on.
const CODE: usize = 4096;

/// Signing in by an outer service, as it is set up.
pub struct SignOn {
    issuer: Option<Issuer>,
    name: String,
    scopes: String,
    redirect_uris: Vec<String>,
}

/// A sign-on that was begun.
pub(super) struct Begun {
    url: String,
    state: String,
    expires_at: DateTime,
}

/// What is kept, sealed, until somebody comes back.
#[derive(Serialize, Deserialize)]
struct Kept {
    verifier: String,
    nonce: String,
    redirect_uri: String,
    device: String,
}

/// Somebody whom the service vouches for.
pub(super) struct Vouched {
    pub(super) issuer: String,
    pub(super) subject: String,
    device: String,
}

fn not_set_up() -> Error {
    Refusal::new(
        RefusalCode::State,
        "",
        "本系统没有启用统一认证，请用密码登录。",
        "No sign-on service is set up here; sign in by password.",
    )
    .into()
}

fn failed(field: &str) -> Error {
    Refusal::new(
        RefusalCode::SignOnFailed,
        field,
        "统一认证未成功，请重新开始。",
        "The sign-on did not succeed; begin anew.",
    )
    .into()
}

fn unknown_identity() -> Error {
    Refusal::new(
        RefusalCode::UnknownIdentity,
        "",
        "此身份尚未关联账号。请先用密码登录后关联，或请管理员关联。",
        "This identity belongs to no account. Sign in by password and link it, or ask an administrator to.",
    )
    .into()
}

impl SignOn {
    /// As the settings say; not set up without issuer and client.
    pub fn new(config: &OidcConfig) -> Result<Self> {
        Ok(Self {
            issuer: Issuer::new(config)?,
            name: config.name.clone(),
            scopes: config.scopes.clone(),
            redirect_uris: config.redirect_uris.clone(),
        })
    }

    fn issuer(&self) -> Result<&Issuer> {
        self.issuer.as_ref().ok_or_else(not_set_up)
    }

    /// Begins a sign-on, to sign in or to link the identity to an account.
    async fn start(
        &self,
        ctx: &Ctx,
        redirect_uri: String,
        device: &str,
        of: Option<AccountId>,
    ) -> Result<Begun> {
        let issuer = self.issuer()?;
        if !self.redirect_uris.contains(&redirect_uri) {
            return Err(Refusal::rule(
                "redirect-uri",
                "redirectUri",
                "此回调地址未在系统中登记（oidc.redirect_uris）。",
                "This redirect URI is not among those set up (oidc.redirect_uris).",
            )
            .into());
        }
        let metadata = issuer.metadata(ctx.now()).await?;
        let (state, verifier, nonce) = (vault::token()?, vault::token()?, vault::token()?);
        let challenge = URL_SAFE_NO_PAD.encode(vault::digest(&verifier));
        let asked = [
            ("response_type", "code"),
            ("client_id", issuer.client_id()),
            ("redirect_uri", &redirect_uri),
            ("scope", &self.scopes),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let url = Url::parse_with_params(&metadata.authorization_endpoint, asked).map_err(Error::internal)?;
        let device = device.chars().take(200).collect();
        let kept = Kept { verifier, nonce, redirect_uri, device };
        let kept = serde_json::to_string(&kept).map_err(Error::internal)?;
        let row = sign_on::Model {
            state_hash: vault::digest(&state),
            sealed: ctx.vault().seal(&kept)?,
            account_id: of,
            expires_at: later(ctx.now(), LIFE),
        };
        let expires_at = row.expires_at;
        sign_on::Entity::insert(row.into_active_model()).exec_without_returning(ctx.db().write()).await?;
        Ok(Begun { url: url.into(), state, expires_at })
    }

    /// Takes a state, which is used up by it, and has the service say whom the code is about.
    async fn finish(&self, ctx: &Ctx, state: &str, code: &str, of: Option<AccountId>) -> Result<Vouched> {
        let issuer = self.issuer()?;
        let kept = take(ctx, state, of).await?.ok_or_else(|| failed("state"))?;
        if code.is_empty() || code.len() > CODE {
            return Err(failed("code"));
        }
        let now = ctx.now();
        let token = issuer.redeem(code, &kept.verifier, &kept.redirect_uri, now).await?;
        let token = token.ok_or_else(|| failed("code"))?;
        let key = id_token::key_id(&token).map_err(|_| failed("code"))?;
        let keys = issuer.keys(key.as_deref(), now).await?;
        let expected = id_token::Expected {
            issuer: issuer.address(),
            client: issuer.client_id(),
            nonce: &kept.nonce,
            now,
        };
        let subject = id_token::subject(&token, &keys, expected).map_err(|what| {
            tracing::warn!(what, "an ID token was refused");
            failed("code")
        })?;
        Ok(Vouched { issuer: issuer.address().to_owned(), subject, device: kept.device })
    }

    /// Signs in whoever the service vouches for, if the identity belongs to an account.
    async fn sign_in(&self, ctx: &Ctx, identity: &Identity, state: &str, code: &str) -> Result<Issued> {
        let Vouched { issuer, subject, device } = self.finish(ctx, state, code, None).await?;
        let account: Option<AccountId> = unscoped::<account_identity::Entity>()
            .select_only()
            .column(account_identity::Column::AccountId)
            .filter(account_identity::Column::Issuer.eq(issuer))
            .filter(account_identity::Column::Subject.eq(subject))
            .into_tuple()
            .one(ctx.db().read())
            .await?;
        let account = account.ok_or_else(unknown_identity)?;
        let stands = unscoped::<account::Entity>()
            .filter(account::Column::Id.eq(account))
            .filter(account::Column::Status.eq(AccountStatus::Active));
        session::start::vouched(ctx, identity, stands, device).await?.ok_or_else(unknown_identity)
    }
}

/// What was kept for a state, once.
async fn take(ctx: &Ctx, state: &str, of: Option<AccountId>) -> Result<Option<Kept>> {
    use sign_on::Column::StateHash;
    let own = StateHash.eq(vault::digest(state));
    let tx = ctx.db().begin().await?;
    let row = unscoped::<sign_on::Entity>().filter(own.clone()).lock_exclusive().one(&tx).await?;
    sign_on::Entity::delete_many().filter(own).exec(&tx).await?;
    tx.commit().await?;
    let row = row.filter(|row| row.expires_at > ctx.now() && row.account_id == of);
    let kept = row.map(|row| ctx.vault().open(&row.sealed)).transpose()?;
    kept.map(|kept| serde_json::from_str(&kept).map_err(Error::internal)).transpose()
}

/// Forgets sign-ons that nobody came back from.
pub async fn clear(db: &Db, now: DateTime) -> Result<u64> {
    let over =
        sign_on::Entity::delete_many().filter(sign_on::Column::ExpiresAt.lte(now)).exec(db.write()).await?;
    Ok(over.rows_affected)
}
