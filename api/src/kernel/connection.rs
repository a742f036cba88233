//! Connections as clients know them (Relay), with `nodes` beside the edges and a count that costs only when asked.

use super::{
    error::{Error, Result},
    page::Slice,
    request::Ctx,
};
use async_graphql::{Context, Object, OutputType, SimpleObject, TypeName};
use futures_util::future::BoxFuture;
use std::{borrow::Cow, sync::Arc};

pub use super::page::Cursor;

/// How to count, when asked.
pub type Count = Arc<dyn Fn() -> BoxFuture<'static, Result<i64>> + Send + Sync>;

/// One entry of a page: the node and its cursor.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(name_type)]
pub struct Edge<N: OutputType> {
    /// What stands here.
    pub node: N,
    /// To go on after it, or before it.
    pub cursor: Cursor,
}

impl<N: OutputType> TypeName for Edge<N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", N::type_name()).into()
    }
}

/// Whether there is more, and from where to go on.
#[derive(Clone, Debug, SimpleObject)]
pub struct PageInfo {
    /// Whether there are entries after the last one.
    pub has_next_page: bool,
    /// Whether there are entries before the first one.
    pub has_previous_page: bool,
    /// Cursor of the first entry; null when the page is empty.
    pub start_cursor: Option<Cursor>,
    /// Cursor of the last entry; null when the page is empty.
    pub end_cursor: Option<Cursor>,
}

/// One page of a list.
pub struct Connection<N: OutputType> {
    edges: Vec<Edge<N>>,
    page_info: PageInfo,
    count: Count,
}

impl<N: OutputType> Connection<N> {
    /// A page with a way to count the whole.
    #[must_use]
    pub fn new(slice: Slice<N>, count: Count) -> Self {
        let edges: Vec<_> =
            slice.rows.into_iter().map(|(cursor, node)| Edge { node, cursor: Cursor(cursor) }).collect();
        let page_info = PageInfo {
            has_next_page: slice.has_next,
            has_previous_page: slice.has_previous,
            start_cursor: edges.first().map(|edge| edge.cursor.clone()),
            end_cursor: edges.last().map(|edge| edge.cursor.clone()),
        };
        Self { edges, page_info, count }
    }

    /// The nodes, to be read as they were on another day.
    pub fn nodes_mut(&mut self) -> impl Iterator<Item = &mut N> {
        self.edges.iter_mut().map(|edge| &mut edge.node)
    }
}

impl<N: OutputType> TypeName for Connection<N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", N::type_name()).into()
    }
}

/// One page of a list that the viewer may see, with what leads to the next.
#[Object(name_type)]
impl<N: OutputType> Connection<N> {
    /// The entries themselves, for clients that need no cursor of each.
    async fn nodes(&self) -> Vec<&N> {
        self.edges.iter().map(|edge| &edge.node).collect()
    }

    /// The entries with their cursors.
    async fn edges(&self) -> &Vec<Edge<N>> {
        &self.edges
    }

    /// Whether there is more, and from where to go on.
    async fn page_info(&self) -> &PageInfo {
        &self.page_info
    }

    /// How many there are in all under the same conditions, of those that the viewer may see. Counted only when asked. To an
    /// integration counts are told in whole steps (of 5 unless set otherwise): rounded down, and fewer as 0.
    async fn total_count(&self, gql: &Context<'_>) -> Result<i64, Error> {
        Ok(gql.data_unchecked::<Ctx>().told((self.count)().await?))
    }
}
