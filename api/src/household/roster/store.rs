//! From what a sheet says to what is stored: households are looked up a few hundred at a time, compared with what is
//! there, and what differs is written in a fixed number of statements.

use super::{
    Col, Households, KIND, key,
    merge::{family, put, put_phone, put_some, refuse_masked},
    read::{Draft, read},
};
use crate::{
    household::{Family, consent, facts, member::MOST_MEMBERS},
    kernel::{
        bulk::{self, Change},
        door::{any_of, unscoped},
        error::{Error, Result},
        place::Place,
        policy::May,
        scope::Facts,
        sheet::{Intake, Line},
        work::Work,
    },
    region::lookup::{Found, Places},
};
use entity::{
    household, household_tag,
    id::{HouseholdId, RegionId},
    kind::{ConsentPurpose, HouseholdStatus, Kinship, RegionKind},
    member, tag,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// What is stored of the households of a chunk.
#[derive(Default)]
struct Stored {
    by_id: HashMap<HouseholdId, household::Model>,
    by_number: HashMap<(RegionId, String), HouseholdId>,
    members: HashMap<HouseholdId, Vec<member::Model>>,
    tags: HashMap<HouseholdId, Vec<String>>,
    /// Consents that were withdrawn.
    withdrawn: HashSet<(HouseholdId, ConsentPurpose)>,
}

/// What is to be written.
#[derive(Default)]
struct Writes {
    households: Vec<household::Model>,
    changed: Vec<Change<household::Model>>,
    members: Vec<member::Model>,
    changed_members: Vec<Change<member::Model>>,
    /// Households whose ordinary tags are taken away before `tags` are given.
    bared: Vec<HouseholdId>,
    tags: Vec<household_tag::Model>,
}

impl Households {
    /// Takes in some whole households.
    pub(super) async fn settle(&mut self, intake: &mut Intake<'_>, chunk: Vec<Vec<Line>>) -> Result<()> {
        let dictionary = match self.tags.take() {
            Some(tags) => tags,
            None => unscoped::<tag::Entity>().order_by_asc(tag::Column::Rank).all(intake.tx).await?,
        };
        let mut drafts = Vec::with_capacity(chunk.len());
        for lines in chunk {
            drafts.extend(read(intake, lines, &dictionary)?);
        }
        let places = self.place(intake, &mut drafts).await?;
        let stored = look_up(intake, &drafts, &places).await?;
        let mut writes = Writes::default();
        for (draft, place) in drafts.into_iter().zip(places) {
            let number = draft.known.number.clone();
            let village = place.and_then(|place| place.village_id);
            let done = match place {
                Some(place) => compare(intake, draft, place, &stored, &dictionary, &mut writes),
                None => false,
            };
            if !done {
                intake.counts.skipped += 1;
                if let Some(village) = village {
                    intake.fail(KIND, &key(village, &number));
                }
            }
        }
        self.tags = Some(dictionary);
        write(intake, writes, self.tags.as_deref().unwrap_or_default()).await
    }

    /// Where the households are; none for those whose village is not to be found.
    async fn place(&mut self, intake: &mut Intake<'_>, drafts: &mut [Draft]) -> Result<Vec<Option<Place>>> {
        self.places
            .learn(intake, &[RegionKind::Village], drafts.iter().map(|draft| draft.village.clone()))
            .await?;
        let villages: Vec<Option<Place>> = drafts
            .iter_mut()
            .map(|draft| {
                let before = intake.faults.total();
                let found = village(intake, &self.places, draft);
                draft.sound &= intake.faults.total() == before;
                found
            })
            .collect();
        self.places
            .learn_parts(intake, villages.iter().flatten().filter_map(|place| place.village_id))
            .await?;
        let placed = drafts.iter_mut().zip(villages).map(|(draft, place)| {
            let place = place?;
            let before = intake.faults.total();
            let found = parts(intake, &self.places, draft, place);
            let village = place.village_id?;
            let number = draft.known.number.as_str();
            if !number.is_empty() && !self.seen.first(KIND, &key(village, number)) {
                intake.fault(
                    draft.lines.first().map_or(0, |line| line.row),
                    Col::Number,
                    "household-twice",
                    "本表前面已有本村这个户编号；同一户的各行应连在一起。",
                    "This number of this village stands further up already; the rows of a household stand together.",
                );
            }
            draft.sound &= intake.faults.total() == before;
            Some(found)
        });
        Ok(placed.collect())
    }
}

fn village(intake: &mut Intake<'_>, places: &Places, draft: &Draft) -> Option<Place> {
    let words = &draft.village;
    if words.name.is_empty() && words.code.is_empty() {
        return None;
    }
    let row = draft.lines.first().map_or(0, |line| line.row);
    let asked = if words.code.is_empty() { &words.name } else { &words.code };
    let column = if words.code.is_empty() { Col::Village } else { Col::Code };
    match places.find(words) {
        Found::One(region) => return Some(Place::from(region.as_ref())),
        Found::None => intake.fault(
            row,
            column,
            "village",
            format!("没有“{asked}”这个村（社区），或不在您的范围内；请填写已登记的名称或12位区划代码。"),
            format!("There is no village “{asked}”, or none within your scope; write a registered name or its code of 12 digits."),
        ),
        Found::Several => intake.fault(
            row,
            column,
            "village-ambiguous",
            format!("有几个村（社区）叫“{asked}”；请填写“乡镇”列或12位区划代码。"),
            format!("Several villages are called “{asked}”; fill in the township, or the code of 12 digits."),
        ),
        Found::Other(region) => intake.fault(
            row,
            column,
            "village-code",
            format!("区划代码是“{}”的，与“村（社区）”列不符。", region.name),
            format!("The code is that of {}, which is not what the column of the village says.", region.name),
        ),
    }
    None
}

/// The place with the group and the grid that the sheet names.
fn parts(intake: &mut Intake<'_>, places: &Places, draft: &Draft, village: Place) -> Place {
    let mut place = village;
    let Some(id) = village.village_id else { return place };
    for (column, kind) in [(Col::Group, RegionKind::Group), (Col::Grid, RegionKind::Grid)] {
        let Some(line) = draft.lines.iter().find(|line| !line.text(column).is_empty()) else { continue };
        let Some(words) = intake.text(line, column) else { continue };
        match places.part(id, kind, words) {
            Some(part) if kind == RegionKind::Group => place.group_id = Some(part.id),
            Some(part) => place.grid_id = Some(part.id),
            None => {
                let names = places.part_names(id, kind).join("、");
                let known = if names.is_empty() {
                    "本村没有登记".to_owned()
                } else {
                    format!("本村有：{names}")
                };
                intake.fault(
                    line.row,
                    column,
                    if kind == RegionKind::Group { "group" } else { "grid" },
                    format!("本村没有“{words}”（{known}）；请先登记，或留空。"),
                    format!(
                        "The village has no “{words}” ({names}); register it first, or leave the cell blank."
                    ),
                );
            }
        }
    }
    place
}

async fn look_up(intake: &Intake<'_>, drafts: &[Draft], places: &[Option<Place>]) -> Result<Stored> {
    let mut stored = Stored::default();
    let backend = intake.backend();
    let villages: Vec<RegionId> = {
        let mut all: Vec<_> = places.iter().flatten().filter_map(|place| place.village_id).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let ids: Vec<HouseholdId> = drafts.iter().filter_map(|draft| draft.id).collect();
    if villages.is_empty() && ids.is_empty() {
        return Ok(stored);
    }
    let numbers = drafts.iter().map(|draft| draft.known.number.as_str());
    let named = Condition::all()
        .add(any_of(household::Column::VillageId, villages, backend))
        .add(household::Column::Number.is_in(numbers));
    let condition = Condition::any().add(named).add(any_of(household::Column::Id, ids, backend));
    let rows = unscoped::<household::Entity>().filter(condition).all(intake.tx).await?;
    let visible: Vec<household::Model> =
        rows.into_iter().filter(|row| intake.hand.may_import(&facts(row))).collect();
    let ids = || visible.iter().map(|row| row.id);
    let members = unscoped::<member::Entity>()
        .filter(any_of(member::Column::HouseholdId, ids(), backend))
        .filter(member::Column::LeftOn.is_null())
        .order_by_asc(member::Column::Id)
        .all(intake.tx)
        .await?;
    for row in members {
        stored.members.entry(row.household_id).or_default().push(row);
    }
    let tags = unscoped::<household_tag::Entity>()
        .filter(any_of(household_tag::Column::HouseholdId, ids(), backend))
        .all(intake.tx)
        .await?;
    for row in tags {
        stored.tags.entry(row.household_id).or_default().push(row.tag);
    }
    stored.withdrawn = consent::withdrawn(intake.tx, ids()).await?;
    for row in visible {
        stored.by_number.insert((row.village_id, row.number.clone()), row.id);
        stored.by_id.insert(row.id, row);
    }
    Ok(stored)
}

/// Compares a household with what is stored, and notes what is to be written. Tells whether it is sound.
fn compare(
    intake: &mut Intake<'_>,
    draft: Draft,
    place: Place,
    stored: &Stored,
    dictionary: &[tag::Model],
    writes: &mut Writes,
) -> bool {
    let Some(village) = place.village_id else { return false };
    let row = draft.lines.first().map_or(0, |line| line.row);
    let same_number = stored.by_number.get(&(village, draft.known.number.clone())).copied();
    let id = match draft.id {
        None => same_number,
        Some(id) if stored.by_id.contains_key(&id) => Some(id),
        Some(_) => {
            if let Some(line) = draft.lines.first() {
                intake.no_such_id(line, Col::Id);
            }
            return false;
        }
    };
    let existing = id.and_then(|id| stored.by_id.get(&id));
    let (may, about) = match existing {
        None => (May::CreateHousehold, Facts::from(place)),
        Some(row) => (May::UpdateHousehold, facts(row)),
    };
    if !intake.hand.may(may, &about) {
        if let Some(line) = draft.lines.first() {
            intake.forbidden(line);
        }
        return false;
    }
    match existing {
        None => make(intake, draft, place, writes),
        Some(before) => {
            if same_number.is_some_and(|other| other != before.id) {
                intake.fault(
                    row,
                    Col::Number,
                    "household-number",
                    "本村另一户已用这个户编号。",
                    "Another household of the village has this number.",
                );
                return false;
            }
            if before.village_id != village {
                intake.fault(
                    row,
                    Col::Village,
                    "household-moves",
                    "这个系统编号的户登记在另一个村；名册不能把户移到别的村。",
                    "The household of this id is registered in another village; a sheet cannot move it.",
                );
                return false;
            }
            alter(intake, draft, place, before, stored, dictionary, writes)
        }
    }
}

fn make(intake: &mut Intake<'_>, draft: Draft, place: Place, writes: &mut Writes) -> bool {
    let Draft { lines, known, masked_phone, status, tags, members, mut sound, .. } = draft;
    let before = intake.faults.total();
    let row_of = |at: usize| lines.get(at).map_or(0, |line| line.row);
    if masked_phone.is_some() {
        let line = lines.iter().find(|line| !line.text(Col::HousePhone).is_empty());
        refuse_masked(intake, line.map_or(0, |line| line.row), Col::HousePhone);
    }
    for member in &members {
        if member.masked_identity.is_some() {
            refuse_masked(intake, row_of(member.line), Col::Identity);
        }
        if member.masked_phone.is_some() {
            refuse_masked(intake, row_of(member.line), Col::Phone);
        }
    }
    sound &= intake.faults.total() == before;
    let id = HouseholdId(Uuid::now_v7());
    let family = Family::of(members.iter().map(|member| (member.new.name.as_str(), member.new.relation)));
    let Some(mut row) = known.row(id, place, &family, intake.today).filter(|_| sound) else { return false };
    row.status = status.unwrap_or(HouseholdStatus::Resident);
    row.resident_until = (row.status != HouseholdStatus::Resident).then_some(intake.today);
    writes.households.push(row);
    // The head first: members are listed by their ids.
    let (head, others): (Vec<_>, Vec<_>) = members.into_iter().partition(|member| member.new.is_head());
    for mut member in head.into_iter().chain(others) {
        member.new.id = Uuid::now_v7().into();
        writes.members.push(member.new.row(id));
    }
    writes.tags.extend(tags.into_iter().flatten().map(|tag| household_tag::Model { household_id: id, tag }));
    intake.counts.created += 1;
    true
}

fn alter(
    intake: &mut Intake<'_>,
    draft: Draft,
    place: Place,
    before: &household::Model,
    stored: &Stored,
    dictionary: &[tag::Model],
    writes: &mut Writes,
) -> bool {
    let Draft { lines, known, masked_phone, status, tags, members, sound, .. } = draft;
    let faults = intake.faults.total();
    let row_with = |column: Col| {
        lines.iter().find(|line| !line.text(column).is_empty()).or(lines.first()).map_or(0, |line| line.row)
    };
    let mut after = before.clone();
    for (column, told, own) in
        [(Col::Group, place.group_id, before.group_id), (Col::Grid, place.grid_id, before.grid_id)]
    {
        if told.is_some() && told != own {
            intake.fault(
                row_with(column),
                column,
                "household-moves",
                "本户登记在别处；名册不能改户所在的小组或网格，请保留原值或留空。",
                "The household is registered elsewhere; a sheet cannot change its group or grid: keep what it was or leave the cell blank.",
            );
        }
    }
    for (column, told) in
        [(Col::Income, known.yearly_income.is_some()), (Col::IncomeSource, known.income_source.is_some())]
    {
        if told && stored.withdrawn.contains(&(before.id, ConsentPurpose::Income)) {
            let (rule, zh, en) = consent::WITHDRAWN;
            intake.fault(row_with(column), column, rule, zh, en);
        }
    }
    after.number = known.number;
    put_some(&mut after.address, known.address);
    put_some(&mut after.housing, known.housing);
    put_some(&mut after.yearly_income, known.yearly_income);
    put_some(&mut after.income_source, known.income_source);
    put(&mut after.status, status);
    if after.status != before.status {
        let lives_here = after.status == HouseholdStatus::Resident;
        after.resident_until = (!lives_here).then_some(intake.today);
    }
    put_phone((&mut after.phone, &mut after.phone_masked, &mut after.phone_hash), known.phone);
    if masked_phone.is_some() && masked_phone != before.phone_masked {
        refuse_masked(intake, row_with(Col::HousePhone), Col::HousePhone);
    }
    let own = stored.members.get(&before.id).map_or::<&[_], _>(&[], Vec::as_slice);
    let (changed, new) = family(intake, &lines, members, own);
    let living = Family::of(
        own.iter()
            .map(|member| {
                changed
                    .iter()
                    .find(|change| change.after.id == member.id)
                    .map_or(member, |change| &change.after)
            })
            .map(|member| (member.name.as_str(), member.relation))
            .chain(new.iter().map(|member| (member.name.as_str(), member.relation))),
    );
    let heads = |rows: &mut dyn Iterator<Item = &member::Model>| {
        rows.filter(|row| row.relation == Kinship::Head).count()
    };
    let demoted = |row: &&member::Model| changed.iter().all(|change| change.after.id != row.id);
    let count = heads(&mut own.iter().filter(demoted))
        + heads(&mut changed.iter().map(|change| &change.after))
        + heads(&mut new.iter());
    if sound && count != 1 {
        intake.fault(
            row_with(Col::Relation),
            Col::Relation,
            "one-head",
            "本户已登记的户主是另一人；换户主时请把原户主也列入，并写明与新户主的关系。",
            "Another member is registered as the head; to change heads, list that person as well, with the relation to the new head.",
        );
    }
    if usize::try_from(living.count).unwrap_or(usize::MAX) > MOST_MEMBERS && !new.is_empty() {
        intake.fault(
            row_with(Col::Name),
            Col::Name,
            "members",
            format!("与已登记的家庭成员合计超过 {MOST_MEMBERS} 人。"),
            format!("Together with the members who are registered, more than {MOST_MEMBERS}."),
        );
    }
    if !sound || intake.faults.total() != faults {
        return false;
    }
    let retagged = tags.and_then(|tags| retag(before.id, tags, stored, dictionary));
    let altered = !changed.is_empty() || !new.is_empty();
    if altered {
        after.head_name = living.head;
        after.member_count = living.count;
    }
    let also: &'static [&'static str] = match (altered, retagged.is_some()) {
        (false, false) => &[],
        (true, false) => &["members"],
        (false, true) => &["tags"],
        (true, true) => &["members", "tags"],
    };
    if also.is_empty() && after == *before {
        intake.counts.unchanged += 1;
        return true;
    }
    intake.counts.updated += 1;
    writes.changed.push(Change { before: before.clone(), after, also });
    writes.changed_members.extend(changed);
    writes.members.extend(new.into_iter().map(|row| member::Model { household_id: before.id, ..row }));
    if let Some(tags) = retagged {
        writes.bared.push(before.id);
        writes.tags.extend(tags);
    }
    true
}

/// The tags to give after the ordinary ones are taken away; none where nothing changes.
fn retag(
    id: HouseholdId,
    told: Vec<String>,
    stored: &Stored,
    dictionary: &[tag::Model],
) -> Option<Vec<household_tag::Model>> {
    let sensitive = |code: &str| dictionary.iter().any(|tag| tag.code == code && tag.sensitive);
    let own = stored.tags.get(&id).map_or::<&[String], _>(&[], Vec::as_slice);
    let same = told.iter().all(|code| own.contains(code))
        && own.iter().all(|code| sensitive(code) || told.contains(code));
    let new = told.into_iter().filter(|code| !sensitive(code) || !own.contains(code));
    (!same).then(|| new.map(|tag| household_tag::Model { household_id: id, tag }).collect())
}

/// Writes a chunk: what is pointed at before what points; whoever ceases to be the head before whoever becomes it.
async fn write(intake: &mut Intake<'_>, mut writes: Writes, dictionary: &[tag::Model]) -> Result<()> {
    let (tx, by) = (intake.tx, intake.by());
    bulk::create::<household::Entity>(tx, writes.households, by).await.map_err(taken)?;
    bulk::change::<household::Entity>(tx, writes.changed, by).await.map_err(taken)?;
    writes.changed_members.sort_by_key(|change| change.after.relation == Kinship::Head);
    bulk::change::<member::Entity>(tx, writes.changed_members, by).await?;
    bulk::create::<member::Entity>(tx, writes.members, by).await?;
    if !writes.bared.is_empty() {
        let ordinary = dictionary.iter().filter(|tag| !tag.sensitive).map(|tag| tag.code.as_str());
        household_tag::Entity::delete_many()
            .filter(any_of(household_tag::Column::HouseholdId, writes.bared, intake.backend()))
            .filter(household_tag::Column::Tag.is_in(ordinary))
            .exec(tx)
            .await?;
    }
    bulk::insert::<household_tag::Entity>(tx, writes.tags).await?;
    Ok(())
}

/// A number that somebody else took at the same moment.
fn taken(error: Error) -> Error {
    let signs = ["household_village_id_number_key", "household.village_id, household.number"];
    if signs.iter().any(|sign| Work::is_constraint(&error, sign)) { bulk::met() } else { error }
}
