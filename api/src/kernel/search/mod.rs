//! Search (搜索): records by a part of a name, number or address, or by the initials of a name.
//!
//! What a record is found by stands in two tables of the kernel's own, written with the record by `work` and `bulk`
//! alone: its words as pairs of characters with their rank and the place columns of the record, and its words whole.
//! One or two characters are a range of pairs; a longer text is driven by its rarest pair, and each candidate is held
//! against its words. Each root of the scope is a bounded branch that comes in the order of the ranks, so a county costs
//! what a township costs. What is found is shown only after it came through its own door.

mod ask;
mod narrow;
mod store;
mod words;

use self::{
    ask::{After, Asking},
    narrow::Narrow,
};
use super::{
    error::{Fault, Result},
    page::{Mark, PageArgs, Run, Slice, Stamp},
    request::Ctx,
};
use async_graphql::Enum;
use entity::id::RegionId;
use sea_orm::FromQueryResult;
use uuid::Uuid;

pub use store::{count, is_missing, reindex, renew};
pub(super) use store::{learn, learn_one};
pub use words::{initials, normal, worded};

/// Rows on a page at the most.
pub const MOST: u64 = 50;
/// Characters of a text at the most, blanks and signs apart.
const LONGEST: usize = 40;

/// What can be found (搜索对象).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enum)]
#[graphql(name = "SearchKind")]
pub enum Kind {
    /// Regions (区域), by name and official code.
    Region,
    /// Cadres (干部), by name.
    Cadre,
    /// Enterprises (企业), by name and credit code.
    Enterprise,
    /// Households (户), by the name of the head, number and address.
    Household,
}

impl Kind {
    /// All, in the order in which equals are told.
    pub const ALL: [Self; 4] = [Self::Region, Self::Cadre, Self::Enterprise, Self::Household];

    /// As the tables have it.
    #[must_use]
    pub fn number(self) -> i16 {
        self as i16 + 1
    }
}

/// What somebody searches for.
#[derive(Clone, Debug)]
pub struct Search {
    /// The text as it was typed.
    pub text: String,
    /// What may be found.
    pub kinds: Vec<Kind>,
    /// Only in this region.
    pub region: Option<RegionId>,
    /// Which page.
    pub page: PageArgs,
}

/// A record that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hit {
    /// What it is.
    pub kind: Kind,
    /// Which.
    pub id: Uuid,
}

#[derive(Clone, Debug, FromQueryResult)]
struct Row {
    kind: i16,
    rank: i32,
    gram: String,
    entity_id: Uuid,
}

/// The text as it is compared; refused when nothing is left of it, or too much.
pub fn text(typed: &str) -> Result<String> {
    let text = normal(typed);
    match text.chars().count() {
        0 => Err(Fault::input(
            "请输入至少一个汉字、字母或数字。",
            "Search for at least one character, letter or digit.",
        )
        .into()),
        1..=LONGEST => Ok(text),
        _ => Err(Fault::input(
            format!("搜索内容最多 {LONGEST} 个字。"),
            format!("A text to search for has {LONGEST} characters at the most."),
        )
        .into()),
    }
}

/// One page of what the viewer may see of what the text finds, the best first.
pub async fn find(ctx: &Ctx, search: Search) -> Result<Slice<Hit>> {
    let text = text(&search.text)?;
    let mut kinds = search.kinds;
    kinds.sort_unstable();
    kinds.dedup();
    let stamp =
        Stamp::new("search", &(&text, &kinds, search.region), Run { column: None, descending: false });
    if let Some(first) =
        search.page.first.filter(|&first| u64::try_from(first).is_ok_and(|first| first > MOST))
    {
        return Err(Fault::input(
            format!("每页最多 {MOST} 条，给出的是 {first}。"),
            format!("A page of a search has {MOST} rows at the most; {first} was asked for."),
        )
        .into());
    }
    let page = search.page.page(&stamp)?;
    let after = page.from.as_ref().map(After::read).transpose()?;
    let size = usize::try_from(page.size).unwrap_or(0);
    let narrow = Narrow::to(ctx, &kinds, search.region).await?;
    let asking = Asking::new(ctx, &narrow, &text, &kinds, after, page.size + 1).await?;
    let mut rows = if size == 0 { Vec::new() } else { asking.rows(ctx, &kinds).await? };
    let has_next = rows.len() > size;
    rows.truncate(size);
    let rows = rows.into_iter().filter_map(|row| {
        let kind = Kind::ALL.into_iter().find(|kind| kind.number() == row.kind)?;
        let mark = Mark { value: Some(asking.mark(&row)), id: row.entity_id };
        Some((stamp.cursor(&mark), Hit { kind, id: row.entity_id }))
    });
    Ok(Slice { rows: rows.collect(), has_next, has_previous: page.from.is_some() })
}
