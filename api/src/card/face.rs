//! What a card alone shows to whoever holds it: who to call. Nothing of the household itself.

use super::contacts::{self, Contact, Home};
use crate::{
    account::Identity,
    household::query::by_card_token,
    kernel::{
        directive::{DataClass, auth, class, cost, everyone},
        door::unscoped,
        error::Result,
        payload::ctx,
        request::Ctx,
        vault::digest,
    },
    region::object::Region,
};
use async_graphql::{Context, Object, SimpleObject};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::{household, id::RegionId, kind::HouseholdStatus, scalar::PhoneNumber};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QuerySelect, sea_query::LockType};
use std::{net::IpAddr, sync::Arc};

/// Somebody whom a household calls (联系人), as the card tells.
#[derive(Clone, Debug, SimpleObject)]
pub struct CardContact {
    /// Name (姓名).
    #[graphql(directive = class::apply(DataClass::Public))]
    pub name: String,
    /// The post held, as it is called (职务). Null when none is on record.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub post: Option<String>,
    /// Telephone on duty (办公电话). Null when there is none.
    #[graphql(directive = class::apply(DataClass::Public))]
    pub office_phone: Option<PhoneNumber>,
}

impl From<Contact> for CardContact {
    fn from(contact: Contact) -> Self {
        let Contact { name, post, office_phone } = contact;
        Self { name, post, office_phone: office_phone.map(PhoneNumber) }
    }
}

/// What a card alone shows (联系卡所示): the village, and who is contact now. Nothing of the household itself.
pub struct CardFace {
    village: RegionId,
    contacts: Vec<Contact>,
}

/// What a card alone shows (联系卡所示): the village, and who is contact now. Nothing of the household itself.
#[Object]
impl CardFace {
    /// The village or community (村、社区). Null when it is no longer there.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn village(&self, gql: &Context<'_>) -> Option<Result<Region>> {
        ctx(gql).edge(Some(self.village)).await
    }

    /// Who to call now (现任联系人), the primary contact first; at most 3.
    #[graphql(directive = class::apply(DataClass::Public))]
    async fn contacts(&self) -> Vec<CardContact> {
        self.contacts.iter().cloned().map(Into::into).collect()
    }
}

/// By what attempts with a token are counted: nothing that opens anything.
pub(super) fn counted_as(token: &str) -> String {
    format!("card {}", URL_SAFE_NO_PAD.encode(digest(token.trim())))
}

/// The household of a good token, while it lives there.
pub(super) async fn holder(
    ctx: &Ctx,
    db: &impl ConnectionTrait,
    token: &str,
    lock: Option<LockType>,
) -> Result<Option<household::Model>> {
    let Some(id) = by_card_token(db, ctx.vault(), token).await? else { return Ok(None) };
    let mut found = unscoped::<household::Entity>()
        .filter(household::Column::Id.eq(id))
        .filter(household::Column::Status.eq(HouseholdStatus::Resident));
    if let Some(lock) = lock {
        found = found.lock(lock);
    }
    Ok(found.one(db).await?)
}

async fn face(
    ctx: &Ctx,
    identity: &Identity,
    token: &str,
    address: Option<IpAddr>,
) -> Result<Option<CardFace>> {
    let attempt = identity.cards.begin(&counted_as(token), address, ctx.now())?;
    let db = ctx.db().read();
    let Some(household) = holder(ctx, db, token, None).await? else {
        attempt.failed();
        return Ok(None);
    };
    attempt.succeeded();
    let mut contacts = contacts::of(db, &[Home::from(&household)], ctx.today()).await?;
    let contacts = contacts.remove(&household.id).unwrap_or_default();
    Ok(Some(CardFace { village: household.village_id, contacts }))
}

/// What a card alone shows.
#[derive(Debug, Default)]
pub struct CardQuery;

#[Object]
impl CardQuery {
    /// What the card of a household shows to whoever holds it: the village, and who to call. Requires nothing but what the code
    /// on it holds. Null when that is unknown or was revoked. Answers `RATE_LIMITED` after many of those from one address.
    #[graphql(directive = class::apply(DataClass::Public), directive = cost::apply(10), directive = auth::apply(everyone()))]
    async fn card(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What the code holds: the last part of its address.")] token: String,
    ) -> Option<Result<CardFace>> {
        let identity = gql.data_unchecked::<Arc<Identity>>();
        let address = gql.data_opt::<IpAddr>().copied();
        face(ctx(gql), identity, &token, address).await.transpose()
    }
}
