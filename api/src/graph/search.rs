//! `search`: one box for regions, cadres, enterprises and households.

use crate::{
    cadre::object::Cadre,
    enterprise::object::Enterprise,
    household::object::Household,
    kernel::{
        connection::{Cursor, Edge, PageInfo},
        directive::{DataClass, auth, class, cost, everyone},
        error::{Error, Fault, Result},
        page::{PageArgs, Slice},
        payload::ctx,
        request::Ctx,
        search::{self, Hit, Kind, Search, normal},
    },
    region::object::{Region, RegionBy, look_up},
};
use async_graphql::{Context, Enum, Object, SimpleObject, Union};

/// A record that a search finds (搜索到的记录).
#[derive(Clone, Debug, Union)]
pub enum SearchNode {
    /// A region.
    Region(Region),
    /// A cadre.
    Cadre(Cadre),
    /// An enterprise.
    Enterprise(Enterprise),
    /// A household.
    Household(Household),
}

/// Where the text was found (匹配处).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SearchMatch {
    /// In the name, of a household in that of its head (姓名、名称).
    Name,
    /// In the household number or credit code, or at the beginning of the region code (编号、代码).
    Number,
    /// In the initials of the name in pinyin (拼音首字母).
    Initials,
    /// In the address (住址).
    Address,
}

/// One record that a search found (搜索结果).
#[derive(Clone, Debug, SimpleObject)]
pub struct SearchHit {
    /// What it is (类型).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub kind: Kind,
    /// The record (记录), as the viewer may see it.
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub node: SearchNode,
    /// The best place where the text stands in it (匹配处).
    #[graphql(directive = class::apply(DataClass::Internal))]
    pub matched: SearchMatch,
}

/// One page of what a search finds, the best first. It is not counted.
#[derive(Clone, Debug, SimpleObject)]
pub struct SearchConnection {
    /// The hits themselves, for clients that need no cursor of each.
    pub nodes: Vec<SearchHit>,
    /// The hits with their cursors.
    pub edges: Vec<Edge<SearchHit>>,
    /// Whether there is more, and from where to go on.
    pub page_info: PageInfo,
}

/// Questions about everything that has a name.
#[derive(Debug, Default)]
pub struct SearchQuery;

#[Object]
impl SearchQuery {
    /// Regions, cadres, enterprises and households by a part of a name, number or address, one character or more, by the
    /// beginning of a region code, or by the initials of a name in pinyin: `dyf` finds 邓玉芬 (搜索). The best first: beginnings of names and numbers,
    /// then what stands inside them, initials, addresses. Blanks, signs, width and case make no difference. Requires
    /// nothing: whoever is not signed in finds regions; of the rest, everybody finds what their lists show them.
    #[graphql(directive = class::apply(DataClass::Internal), directive = cost::apply(5), directive = auth::apply(everyone()))]
    async fn search(
        &self,
        gql: &Context<'_>,
        #[graphql(desc = "What to look for: 1 to 40 characters, blanks and signs apart.")] text: String,
        #[graphql(desc = "What may be found; anything when nothing is said.")] kinds: Option<Vec<Kind>>,
        #[graphql(desc = "Only in this region, itself included.")] region: Option<RegionBy>,
        #[graphql(desc = "How many from the front, at most 50; 20 when nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Those after this cursor.")] after: Option<Cursor>,
    ) -> Option<Result<SearchConnection>> {
        let page = PageArgs::new(first, after, None, None);
        Some(found(ctx(gql), text, kinds, region, page).await)
    }
}

async fn found(
    ctx: &Ctx,
    text: String,
    kinds: Option<Vec<Kind>>,
    region: Option<RegionBy>,
    page: PageArgs,
) -> Result<SearchConnection> {
    let typed = search::text(&text)?;
    let region = match region {
        None => None,
        Some(RegionBy::Id(id)) => Some(id),
        Some(by) => {
            let region = look_up(ctx, by).await.transpose()?;
            let none = || Error::from(Fault::input("没有这个区域。", "There is no such region."));
            Some(region.ok_or_else(none)?.id)
        }
    };
    let kinds = kinds.unwrap_or_else(|| Kind::ALL.to_vec());
    let Slice { rows, has_next, has_previous } =
        search::find(ctx, Search { text, kinds, region, page }).await?;
    ctx.searching();
    let (start, end) = (rows.first(), rows.last());
    let cursor = |row: Option<&(String, Hit)>| row.map(|(cursor, _)| Cursor(cursor.clone()));
    let page_info = PageInfo {
        has_next_page: has_next,
        has_previous_page: has_previous,
        start_cursor: cursor(start),
        end_cursor: cursor(end),
    };
    let nodes = futures_util::future::try_join_all(rows.iter().map(|(_, hit)| node(ctx, *hit))).await?;
    let edges: Vec<_> = rows
        .into_iter()
        .zip(nodes)
        .filter_map(|((cursor, hit), node)| {
            let node = node?;
            let matched = matched(&node, &typed);
            Some(Edge { node: SearchHit { kind: hit.kind, node, matched }, cursor: Cursor(cursor) })
        })
        .collect();
    let nodes = edges.iter().map(|edge| edge.node.clone()).collect();
    Ok(SearchConnection { nodes, edges, page_info })
}

/// The record under the viewer's rights, through the loader of its type.
async fn node(ctx: &Ctx, hit: Hit) -> Result<Option<SearchNode>> {
    Ok(match hit.kind {
        Kind::Region => ctx.node(hit.id).await?.map(SearchNode::Region),
        Kind::Cadre => ctx.node(hit.id).await?.map(SearchNode::Cadre),
        Kind::Enterprise => ctx.node(hit.id).await?.map(SearchNode::Enterprise),
        Kind::Household => ctx.node(hit.id).await?.map(SearchNode::Household),
    })
}

fn matched(node: &SearchNode, text: &str) -> SearchMatch {
    let (name, number, address) = match node {
        SearchNode::Region(region) => (Some(&region.name), Some(&region.code.0), None),
        SearchNode::Cadre(cadre) => (Some(&cadre.name), None, None),
        SearchNode::Enterprise(enterprise) => (Some(&enterprise.name), Some(&enterprise.credit_code.0), None),
        SearchNode::Household(home) => {
            (home.head_name.inner().as_ref(), Some(&home.number), home.address.inner().as_ref())
        }
    };
    let holds = |words: Option<&String>| words.is_some_and(|words| normal(words).contains(text));
    if holds(name) {
        SearchMatch::Name
    } else if holds(number) {
        SearchMatch::Number
    } else if holds(address)
        && !name.is_some_and(|name| search::initials(&normal(name)).iter().any(|one| one.contains(text)))
    {
        SearchMatch::Address
    } else {
        SearchMatch::Initials
    }
}
