//! Regions by the words of a sheet: a code, or a name as people write it (“竹园村” for 竹园村民委员会, “3组” for 三组). A
//! name that fits several places where the importer may bring in sheets is told as ambiguous; places elsewhere answer
//! as if they did not exist.

use crate::kernel::{
    door::{any_of, level_of, unscoped},
    error::Result,
    place::{Level, Place, Root},
    scope::Facts,
    sheet::{Intake, value},
};
use entity::{id::RegionId, kind::RegionKind, region};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr,
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// What is asked for: a place as a sheet names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Words {
    /// Its name, or its code.
    pub name: String,
    /// Its code, if there is a column for it: it decides.
    pub code: String,
    /// Name or code of the township, to tell places of one name apart.
    pub township: String,
}

/// What was found.
#[derive(Clone, Debug)]
pub enum Found {
    /// This one.
    One(Arc<region::Model>),
    /// The code is of a place of another name.
    Other(Arc<region::Model>),
    /// None where the importer may bring in sheets.
    None,
    /// More than one.
    Several,
}

/// Places that have been looked up. It grows with the places, never with the rows.
#[derive(Debug, Default)]
pub struct Places {
    found: HashMap<Words, Found>,
    names: HashMap<RegionId, Arc<region::Model>>,
    parts: HashMap<RegionId, Vec<Arc<region::Model>>>,
}

/// Ends of names that people leave out, longest first, by what they name.
const VILLAGE_ENDS: [&str; 6] = ["村村民委员会", "村村委会", "村民委员会", "村委会", "行政村", "村"];
const COMMUNITY_ENDS: [&str; 5] = ["社区居民委员会", "社区居委会", "居民委员会", "居委会", "社区"];
const TOWNSHIP_ENDS: [&str; 5] = ["街道办事处", "街道", "镇", "乡", "办事处"];
/// What a group's or grid's name has around its own.
const PART_ENDS: [&str; 6] = ["村民小组", "居民小组", "小组", "网格", "组", "社"];

impl Places {
    /// Looks up what has not been looked up yet, among places of these kinds: two statements for all of them.
    pub async fn learn(
        &mut self,
        intake: &Intake<'_>,
        kinds: &[RegionKind],
        asked: impl IntoIterator<Item = Words>,
    ) -> Result<()> {
        let asked: HashSet<Words> =
            asked.into_iter().filter(|words| !self.found.contains_key(words)).collect();
        if asked.is_empty() {
            return Ok(());
        }
        let mut codes: Vec<String> = Vec::new();
        let mut names: Vec<String> = Vec::new();
        for words in &asked {
            let code = words.code_asked();
            match code {
                Some(code) => codes.push(code.to_owned()),
                None => names.extend(candidates(words.own_name())),
            }
        }
        names.sort_unstable();
        names.dedup();
        let wanted =
            Condition::any().add(region::Column::Code.is_in(codes)).add(region::Column::Name.is_in(names));
        let rows = unscoped::<region::Entity>()
            .filter(region::Column::Until.is_null())
            .filter(region::Column::Kind.is_in(kinds.iter().copied()))
            .filter(wanted)
            .all(intake.tx)
            .await?;
        let rows: Vec<Arc<region::Model>> = rows
            .into_iter()
            .filter(|row| intake.hand.may_import(&Facts::from(Place::from(row))))
            .map(Arc::new)
            .collect();
        self.learn_names(intake, rows.iter().filter_map(|row| row.township_id)).await?;
        for words in asked {
            let found = self.choose(&words, &rows);
            self.found.insert(words, found);
        }
        Ok(())
    }

    fn choose(&self, words: &Words, rows: &[Arc<region::Model>]) -> Found {
        if let Some(code) = words.code_asked() {
            let row = rows.iter().find(|row| row.code.0 == code);
            let fits = |row: &region::Model| {
                words.code.is_empty()
                    || words.own_name().is_empty()
                    || words.name == code
                    || candidates(words.own_name()).contains(&row.name)
            };
            return row.map_or(Found::None, |row| {
                if fits(row) { Found::One(Arc::clone(row)) } else { Found::Other(Arc::clone(row)) }
            });
        }
        let wanted = candidates(words.own_name());
        let here: Vec<_> = rows
            .iter()
            .filter(|row| wanted.contains(&row.name) && self.in_township(row, &words.township))
            .collect();
        let exact: Vec<_> = here.iter().filter(|row| row.name == words.own_name()).copied().collect();
        let best = if exact.is_empty() { here } else { exact };
        match best.as_slice() {
            [] => Found::None,
            [one] => Found::One(Arc::clone(one)),
            _ => Found::Several,
        }
    }

    fn in_township(&self, row: &region::Model, words: &str) -> bool {
        if words.is_empty() {
            return true;
        }
        let Some(town) = row.township_id.and_then(|id| self.names.get(&id)) else { return false };
        town.code.0 == words || without(&town.name, &TOWNSHIP_ENDS) == without(words, &TOWNSHIP_ENDS)
    }

    /// What was found for words that have been looked up.
    #[must_use]
    pub fn find(&self, words: &Words) -> Found {
        self.found.get(words).cloned().unwrap_or(Found::None)
    }

    /// Reads regions by their ids, for their names.
    pub async fn learn_names(
        &mut self,
        intake: &Intake<'_>,
        ids: impl IntoIterator<Item = RegionId>,
    ) -> Result<()> {
        let ids: HashSet<RegionId> = ids.into_iter().filter(|id| !self.names.contains_key(id)).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let rows = unscoped::<region::Entity>()
            .filter(region::Column::Until.is_null())
            .filter(any_of(region::Column::Id, ids, intake.backend()))
            .all(intake.tx)
            .await?;
        self.names.extend(rows.into_iter().map(|row| (row.id, Arc::new(row))));
        Ok(())
    }

    /// A region that has been learnt by its id.
    #[must_use]
    pub fn named(&self, id: RegionId) -> Option<&region::Model> {
        self.names.get(&id).map(AsRef::as_ref)
    }

    /// Looks up the groups and grids of villages: one statement for all of them.
    pub async fn learn_parts(
        &mut self,
        intake: &Intake<'_>,
        villages: impl IntoIterator<Item = RegionId>,
    ) -> Result<()> {
        let new: HashSet<RegionId> = villages.into_iter().filter(|id| !self.parts.contains_key(id)).collect();
        if new.is_empty() {
            return Ok(());
        }
        self.parts.extend(new.iter().map(|&id| (id, Vec::new())));
        let rows = unscoped::<region::Entity>()
            .filter(region::Column::Until.is_null())
            .filter(any_of(region::Column::ParentId, new, intake.backend()))
            .order_by_asc(region::Column::Code)
            .all(intake.tx)
            .await?;
        for row in rows {
            if let Some(parts) = row.parent_id.and_then(|village| self.parts.get_mut(&village)) {
                parts.push(Arc::new(row));
            }
        }
        Ok(())
    }

    /// The group or grid of a village by its name, number or code. The village has been learnt.
    #[must_use]
    pub fn part(&self, village: RegionId, kind: RegionKind, words: &str) -> Option<Arc<region::Model>> {
        let parts = || self.parts_of(village, kind);
        let exact = parts().find(|part| part.name == words || part.code.0 == words);
        if let Some(exact) = exact {
            return Some(Arc::clone(exact));
        }
        let wanted = core(words);
        let one = |fits: &dyn Fn(&region::Model) -> bool| {
            let mut fitting = parts().filter(|part| fits(part.as_ref()));
            let one = fitting.next()?;
            fitting.next().is_none().then(|| Arc::clone(one))
        };
        one(&|part| core(&part.name) == wanted).or_else(|| one(&|part| part.name.ends_with(words)))
    }

    /// Names of the groups or grids of a village, at most ten, for whoever wrote one that is not there.
    #[must_use]
    pub fn part_names(&self, village: RegionId, kind: RegionKind) -> Vec<&str> {
        self.parts_of(village, kind).map(|part| part.name.as_str()).take(10).collect()
    }

    fn parts_of(&self, village: RegionId, kind: RegionKind) -> impl Iterator<Item = &Arc<region::Model>> {
        self.parts.get(&village).into_iter().flatten().filter(move |part| part.kind == kind)
    }
}

impl Words {
    /// The code, from its own column or written where the name would stand.
    fn code_asked(&self) -> Option<&str> {
        let is_code = |text: &str| text.len() >= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        [self.code.as_str(), self.name.as_str()].into_iter().find(|text| is_code(text))
    }

    /// The name without that of the township, which some write before it.
    fn own_name(&self) -> &str {
        match self.name.strip_prefix(self.township.as_str()) {
            Some(rest) if !rest.is_empty() => rest,
            _ => &self.name,
        }
    }
}

/// The subtrees whose offices make up a region: itself, or the counties of a city or province.
pub async fn subtrees(db: &impl ConnectionTrait, of: &region::Model) -> Result<Vec<Root>> {
    let above = match of.kind {
        RegionKind::Province => region::Column::ProvinceId,
        RegionKind::City if of.county_id.is_none() => region::Column::CityId,
        kind => {
            let own = level_of(kind).map(|level| Root { level, id: of.id });
            return Ok(own.into_iter().collect());
        }
    };
    // A city without counties stands in the county's column.
    let counties = unscoped::<region::Entity>()
        .filter(region::Column::Until.is_null())
        .filter(above.eq(of.id))
        .filter(region::Column::Kind.is_in([RegionKind::County, RegionKind::City]))
        .filter(region::Column::CountyId.is_not_null())
        .order_by_asc(region::Column::Code)
        .all(db)
        .await?;
    Ok(counties.into_iter().map(|county| Root { level: Level::County, id: county.id }).collect())
}

/// The column of a table by which a root holds its rows, equal to it; none where the table has none.
pub fn held_by<E: EntityTrait>(root: Root) -> Option<Expr> {
    root.level.column::<E>().map(|column| column.eq(root.id))
}

/// Regions by their ids, for their names and codes.
pub async fn named(
    db: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = RegionId>,
) -> Result<HashMap<RegionId, region::Model>> {
    let ids: HashSet<RegionId> = ids.into_iter().collect();
    let rows = unscoped::<region::Entity>()
        .filter(region::Column::Until.is_null())
        .filter(any_of(region::Column::Id, ids, db.get_database_backend()))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// Tells in words why an office was not found; gives it where it was.
pub fn office(
    intake: &mut Intake<'_>,
    places: &Places,
    words: &Words,
    row: u32,
    columns: (usize, usize),
) -> Option<Arc<region::Model>> {
    let (column, asked) =
        if words.code.is_empty() { (columns.0, &words.name) } else { (columns.1, &words.code) };
    match places.find(words) {
        Found::One(region) => return Some(region),
        Found::None => intake.fault(
            row,
            column,
            "region",
            format!("没有“{asked}”这个区域，或不在您的范围内；请填写已登记的名称或区划代码。"),
            format!("There is no region “{asked}”, or none within your scope; write a registered name or its code."),
        ),
        Found::Several => intake.fault(
            row,
            column,
            "region-ambiguous",
            format!("有几个区域叫“{asked}”；请填写区划代码。"),
            format!("Several regions are called “{asked}”; fill in the code."),
        ),
        Found::Other(region) => intake.fault(
            row,
            column,
            "region-code",
            format!("区划代码是“{}”的，与名称不符。", region.name),
            format!("The code is that of {}, which is not what the name says.", region.name),
        ),
    }
    None
}

/// Whether a written name stands for that of an official list.
#[must_use]
pub fn stands_for(written: &str, name: &str) -> bool {
    candidates(written).iter().any(|one| one == name)
}

/// The names that a written one may stand for, as official lists have them.
fn candidates(name: &str) -> Vec<String> {
    let village = VILLAGE_ENDS.iter().find_map(|end| name.strip_suffix(end));
    let community = COMMUNITY_ENDS.iter().find_map(|end| name.strip_suffix(end));
    let mut names = vec![name.to_owned()];
    let mut add = |root: &str, ends: &[&str]| {
        names.extend(ends.iter().map(|end| format!("{root}{end}")));
    };
    // 居委会 and 村委会 both are what is left of a longer word.
    match (community, village) {
        (Some(root), _) => add(root, &COMMUNITY_ENDS),
        (None, Some(root)) => add(root, &VILLAGE_ENDS),
        (None, None) => {
            add(name, &VILLAGE_ENDS);
            add(name, &COMMUNITY_ENDS);
            add(name, &TOWNSHIP_ENDS);
        }
    }
    if let Some(root) = name.strip_suffix("街道办事处") {
        names.push(format!("{root}街道"));
    }
    names
}

fn without<'a>(name: &'a str, ends: &[&str]) -> &'a str {
    ends.iter().find_map(|end| name.strip_suffix(end)).filter(|rest| !rest.is_empty()).unwrap_or(name)
}

/// What a group or grid is called when everything around its own name is taken away; its number in digits.
fn core(name: &str) -> String {
    let name = value::plain(name);
    let rest = without(&name, &PART_ENDS);
    // 竹园村第一网格
    let number = rest.rsplit_once('第').map_or(rest, |(_, number)| number);
    value::numeral(number).map_or_else(|| rest.to_owned(), |number| number.to_string())
}
