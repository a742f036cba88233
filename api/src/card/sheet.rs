//! A place's cards on sheets of A4 (联系卡打印页), to be printed and cut: each with its code, the number and the head of the
//! household, and who to call. One page of HTML that asks nothing of anybody: drawings and styles stand in it.
//!
//! The rows are read at once, in as many statements whatever their number; the page is written while it is sent.

use super::{
    code::Code,
    contacts::{self, Contact, Home},
    token::spelt,
};
use crate::{
    kernel::{
        access::{self, Line, Subject},
        door::{households_showing, level_of},
        error::{Error, Fault, Locale, Result},
        place::{Level, Place},
        policy::{May, Part},
        request::Ctx,
        scope::Facts,
    },
    region,
};
use bytes::Bytes;
use entity::{
    card_token, contact_card, household,
    id::{HouseholdId, RegionId},
    kind::{AccessAction, CardKind, DataClass, HouseholdStatus, RegionKind},
    scalar::Date,
};
use futures_util::{Stream, StreamExt, stream};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef,
};
use std::{collections::HashMap, fmt::Write as _};

/// Cards of one page at the most: a large village.
pub const MOST: usize = 2000;
/// Cards on a sheet of paper.
const ON_A_SHEET: usize = 8;

#[derive(FromQueryResult)]
struct Row {
    id: HouseholdId,
    number: String,
    head_name: String,
    #[sea_orm(nested)]
    place: Place,
    token: Option<Vec<u8>>,
}

impl Row {
    fn facts(&self) -> Facts<'static> {
        Facts { place: self.place, household: Some(self.id), ..Facts::default() }
    }
}

/// A card to be printed.
struct Printed {
    number: String,
    head_name: String,
    address: String,
    contacts: Vec<Contact>,
}

/// The cards of a place that are to be printed.
pub struct Sheets {
    place: String,
    day: Date,
    cards: Vec<Printed>,
}

/// The cards of a village, a group or a grid that the viewer may issue. That the names of their heads go out is written into
/// the access log before anybody sees them.
pub async fn of(ctx: &Ctx, id: RegionId, base: &str) -> Result<Sheets> {
    ctx.in_person()?;
    let region = region::of(ctx.db().read(), id, "region").await?;
    let small = [RegionKind::Village, RegionKind::Group, RegionKind::Grid].contains(&region.kind);
    let within = level_of(region.kind).and_then(Level::column::<household::Entity>).filter(|_| small);
    let within = within.ok_or_else(|| {
        Fault::input("请给出一个村（社区）、组或网格。", "Name a village, a group or a grid.")
    })?;
    let mut rows = rows(ctx, within, id).await?;
    rows.retain(|row| ctx.may(May::KeepCard, &row.facts()));
    if rows.is_empty() {
        ctx.must(May::KeepCard, &Facts::from(Place::from(&region)))?;
    }
    if rows.len() > MOST {
        return Err(Fault::input(
            format!("联系卡超过 {MOST} 张，请按组打印。"),
            format!("There are more than {MOST} cards; print them by group."),
        )
        .into());
    }
    let db = ctx.db().read();
    let homes: Vec<Home> = rows.iter().map(home).collect();
    let mut contacts = contacts::of(db, &homes, ctx.today()).await?;
    told(ctx, &rows, region.name.clone()).await?;
    let cards = rows.into_iter().map(|row| print(ctx, row, &mut contacts, base));
    let cards = cards.collect::<Result<Vec<_>>>()?;
    Ok(Sheets { place: region.name, day: ctx.today(), cards })
}

fn home(row: &Row) -> Home {
    Home { id: row.id, group_id: row.place.group_id, grid_id: row.place.grid_id }
}

/// Households that live there and have a card to be left with them, with their tokens.
async fn rows(ctx: &Ctx, within: household::Column, region: RegionId) -> Result<Vec<Row>> {
    let card: RelationDef = household::Entity::belongs_to(contact_card::Entity)
        .from(household::Column::Id)
        .to(contact_card::Column::HouseholdId)
        .into();
    let token: RelationDef = household::Entity::belongs_to(card_token::Entity)
        .from(household::Column::Id)
        .to(card_token::Column::HouseholdId)
        .into();
    let (own, most) = (household::Column::Id, u64::try_from(MOST).unwrap_or(u64::MAX));
    let rows = ctx
        .throughout::<household::Entity>()
        .filter(within.eq(region))
        .filter(household::Column::Status.eq(HouseholdStatus::Resident))
        .filter(households_showing(Part::Names, ctx.scope(), ctx.backend()))
        .join(JoinType::InnerJoin, card)
        .filter(contact_card::Column::Kind.eq(CardKind::Contact))
        .filter(contact_card::Column::ReplacedOn.is_null())
        .join(JoinType::InnerJoin, token)
        .filter(card_token::Column::RevokedAt.is_null())
        .select_only()
        .columns([own, household::Column::Number, household::Column::HeadName])
        .columns(Level::ALL.into_iter().filter_map(Level::column::<household::Entity>))
        .column(card_token::Column::Token)
        .order_by_asc(household::Column::Number)
        .order_by_asc(own)
        .limit(most + 1);
    Ok(rows.into_model::<Row>().all(ctx.db().read()).await?)
}

/// Writes down whose names go out.
async fn told(ctx: &Ctx, rows: &[Row], place: String) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let line = Line {
        who: ctx.looker(),
        action: AccessAction::Export,
        purpose: Some(format!("联系卡打印：{place}")),
        fields: vec!["Household.headName".to_owned()],
        subjects: rows.iter().map(|row| (Subject::Household(row.id), DataClass::Personal)).collect(),
    };
    let tx = ctx.db().begin().await?;
    access::write(&tx, &[line]).await?;
    Ok(tx.commit().await?)
}

fn print(
    ctx: &Ctx,
    row: Row,
    contacts: &mut HashMap<HouseholdId, Vec<Contact>>,
    base: &str,
) -> Result<Printed> {
    let sealed = row.token.ok_or_else(|| Error::internal("a good token that is not kept"))?;
    Ok(Printed {
        number: row.number,
        head_name: row.head_name,
        address: spelt(base, &ctx.vault().open(&sealed)?),
        contacts: contacts.remove(&row.id).unwrap_or_default(),
    })
}

const STYLE: &str = "@page{size:A4;margin:0}*{box-sizing:border-box}body{margin:0;font:10pt/1.35 sans-serif;color:#000}\
.sheet{width:210mm;height:297mm;padding:12mm 10mm;display:grid;grid-template:repeat(4,65mm)/repeat(2,92mm);gap:4mm 6mm;break-after:page}\
.card{position:relative;padding:4mm;display:grid;grid-template-columns:1fr 34mm;gap:2mm;overflow:hidden;break-inside:avoid}\
.card h2{grid-column:1/3;margin:0;font-size:12pt}.card p{margin:0 0 1mm}.card svg{width:34mm;height:34mm}.card small{grid-column:1/3;font-size:8pt}\
.cut{position:absolute;width:4mm;height:4mm;border:0 solid #888}.cut.a{top:0;left:0;border-width:.2mm 0 0 .2mm}.cut.b{top:0;right:0;border-width:.2mm .2mm 0 0}\
.cut.c{bottom:0;left:0;border-width:0 0 .2mm .2mm}.cut.d{bottom:0;right:0;border-width:0 .2mm .2mm 0}";

/// A text as it stands in a page.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

impl Printed {
    fn html(&self, locale: Locale) -> Result<String> {
        let say = |zh, en| locale.pick(zh, en);
        let nobody = say("暂无联系人", "Nobody at present");
        let mut people = String::new();
        for Contact { name, post, office_phone } in &self.contacts {
            let post = post.as_deref().unwrap_or_default();
            let phone = office_phone.as_deref().unwrap_or_default();
            let (name, post, phone) = (escaped(name), escaped(post), escaped(phone));
            _ = write!(people, "<p><b>{name}</b> {post}<br>{phone}</p>");
        }
        if people.is_empty() {
            people = format!("<p>{nobody}</p>");
        }
        Ok(format!(
            "<article class=\"card\"><i class=\"cut a\"></i><i class=\"cut b\"></i><i class=\"cut c\"></i><i class=\"cut d\"></i>\
             <h2>{}</h2><div><p>{} {}</p><p>{}</p>{people}</div>{}<small>{}</small></article>\n",
            say("民情联系卡", "Contact card"),
            say("户编号", "Household"),
            escaped(&self.number),
            escaped(&self.head_name),
            Code::new(&self.address)?.svg(),
            say("有事请找联系人，或扫码。", "Call your contact, or scan the code."),
        ))
    }
}

impl Sheets {
    /// How many cards there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.cards.len()
    }

    /// The page, a sheet at a time.
    pub fn html(self, locale: Locale) -> impl Stream<Item = Result<Bytes>> + Send {
        let Self { place, day, cards } = self;
        let title = format!("{} {} {}", escaped(&place), locale.pick("联系卡", "contact cards"), day.0);
        let lang = locale.pick("zh-CN", "en");
        let head = format!(
            "<!doctype html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style></head><body>\n"
        );
        let mut sheets = Vec::with_capacity(cards.len().div_ceil(ON_A_SHEET));
        let mut cards = cards.into_iter().peekable();
        while cards.peek().is_some() {
            sheets.push(cards.by_ref().take(ON_A_SHEET).collect::<Vec<_>>());
        }
        let sheets = stream::iter(sheets).map(move |cards| {
            let mut html = String::from("<section class=\"sheet\">\n");
            for card in cards {
                html.push_str(&card.html(locale)?);
            }
            html.push_str("</section>\n");
            Ok(Bytes::from(html))
        });
        let tail = stream::iter([Ok(Bytes::from_static(b"</body></html>\n"))]);
        stream::iter([Ok(Bytes::from(head))]).chain(sheets).chain(tail)
    }
}
