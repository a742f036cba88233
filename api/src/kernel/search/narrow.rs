//! Where a search looks: what the scope opens of each kind, cut to a region.

use super::{
    super::{
        door::{Openings, Placed, any_of, level_of, unscoped},
        error::{Error, Fault, Result},
        place::{Level, Place, Root},
        request::Ctx,
    },
    Kind,
};
use entity::{cadre, enterprise, household, id::RegionId, region, search_gram::Column as Gram};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, SelectStatement},
};
use std::{collections::HashMap, str::FromStr};
use uuid::Uuid;

/// What the scope opens of each kind, in one region or everywhere.
pub(super) struct Narrow {
    pub(super) spots: HashMap<Kind, Spots>,
}

/// Where records of a kind may be.
pub(super) struct Spots {
    /// Everywhere, under a condition on the pairs.
    pub(super) anywhere: Option<Condition>,
    /// In these regions.
    pub(super) roots: Vec<Root>,
    /// Ids of single records.
    pub(super) single: Vec<SelectStatement>,
}

impl Narrow {
    pub(super) async fn to(ctx: &Ctx, kinds: &[Kind], region: Option<RegionId>) -> Result<Self> {
        let (scope, backend) = (ctx.scope(), ctx.backend());
        let opened = |kind| match kind {
            Kind::Region => region::Entity::openings(scope, backend),
            Kind::Cadre => cadre::Entity::openings(scope, backend),
            Kind::Enterprise => enterprise::Entity::openings(scope, backend),
            Kind::Household => household::Entity::openings(scope, backend),
        };
        let opened: HashMap<Kind, Openings> = kinds.iter().map(|&kind| (kind, opened(kind))).collect();
        let within = match region {
            Some(region) => Some(Within::read(ctx, region, &opened).await?),
            None => None,
        };
        let spots = opened.into_iter().map(|(kind, openings)| {
            let spots = match kind {
                Kind::Region => Spots::new::<region::Entity>(openings, within.as_ref()),
                Kind::Cadre => Spots::new::<cadre::Entity>(openings, within.as_ref()),
                Kind::Enterprise => Spots::new::<enterprise::Entity>(openings, within.as_ref()),
                Kind::Household => Spots::new::<household::Entity>(openings, within.as_ref()),
            };
            Ok((kind, spots?))
        });
        Ok(Self { spots: spots.collect::<Result<_>>()? })
    }
}

/// The region that a search is narrowed to, with the regions of the scope.
struct Within {
    region: region::Model,
    known: HashMap<RegionId, region::Model>,
}

impl Within {
    async fn read(ctx: &Ctx, region: RegionId, opened: &HashMap<Kind, Openings>) -> Result<Self> {
        let mut ids: Vec<Uuid> =
            opened.values().flat_map(|openings| openings.roots.iter().map(|root| root.id.0)).collect();
        ids.push(region.0);
        ids.sort_unstable();
        ids.dedup();
        let known = unscoped::<region::Entity>()
            .filter(any_of(region::Column::Id, ids, ctx.backend()))
            .all(ctx.db().read())
            .await?;
        let known: HashMap<_, _> = known.into_iter().map(|region| (region.id, region)).collect();
        let region = known.get(&region).cloned();
        let region =
            region.ok_or_else(|| Error::from(Fault::input("没有这个区域。", "There is no such region.")))?;
        Ok(Self { region, known })
    }

    /// The root that it is; none for a province, and for a city that has counties.
    fn root(&self) -> Option<Root> {
        self.region.county_id?;
        level_of(self.region.kind).map(|level| Root { level, id: self.region.id })
    }

    /// What of a root lies in it.
    fn cut(&self, root: Root) -> Option<Root> {
        let inside = self.known.get(&root.id).is_some_and(|of| {
            let above = [of.province_id, of.city_id].into_iter().flatten();
            above.chain(Place::from(of).path()).any(|id| id == self.region.id)
        });
        if inside { Some(root) } else { self.root().filter(|_| root.holds(&Place::from(&self.region))) }
    }

    /// Rows of a table that lie in it.
    fn condition<E: EntityTrait>(&self) -> Expr {
        let never = Expr::val(1).eq(0);
        match self.root() {
            Some(root) => root.level.column::<E>().map_or(never, |column| column.eq(root.id)),
            None => {
                Level::County.column::<E>().map_or(never, |column| column.in_subquery(self.regions(true)))
            }
        }
    }

    /// Ids of the regions of a province or city, or of its counties.
    fn regions(&self, counties: bool) -> SelectStatement {
        use region::Column::{CityId, CountyId, Id, ProvinceId};
        let own = self.region.id;
        let select = unscoped::<region::Entity>().select_only().column(Id);
        let select = select.filter(CityId.eq(own).or(ProvinceId.eq(own)));
        let at_county = Expr::col(CountyId).eq(Expr::col(Id));
        if counties { select.filter(at_county).into_query() } else { select.into_query() }
    }
}

impl Spots {
    fn new<E: Placed>(openings: Openings, within: Option<&Within>) -> Result<Self> {
        let Openings { everything, roots, rest } = openings;
        let id = E::Column::from_str("id").map_err(|_| Error::internal("a record without an id"))?;
        let roots: Vec<Root> = roots.into_iter().filter(|root| root.level.column::<E>().is_some()).collect();
        let Some(within) = within else {
            let single = rest.into_iter().map(|rest| ids::<E>(id, rest, None)).collect();
            return Ok(Self { anywhere: everything.then(Condition::all), roots, single });
        };
        if everything {
            let root = within.root().filter(|root| root.level.column::<E>().is_some());
            let anywhere = root
                .is_none()
                .then(|| Condition::all().add(Gram::EntityId.in_subquery(within.regions(false))));
            return Ok(Self { anywhere, roots: root.into_iter().collect(), single: Vec::new() });
        }
        let mut cut: Vec<Root> = roots.into_iter().filter_map(|root| within.cut(root)).collect();
        cut.retain(|root| root.level.column::<E>().is_some());
        cut.sort_unstable_by_key(|root| (root.level, root.id));
        cut.dedup();
        let single = rest.into_iter().map(|rest| ids::<E>(id, rest, Some(within))).collect();
        Ok(Self { anywhere: None, roots: cut, single })
    }
}

fn ids<E: EntityTrait>(id: E::Column, rest: Expr, within: Option<&Within>) -> SelectStatement {
    let inside = Condition::all().add_option(within.map(Within::condition::<E>));
    unscoped::<E>().select_only().column_as(id, "id").filter(rest).filter(inside).into_query()
}
