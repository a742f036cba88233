//! What ends, grows narrower or passes its day never adds a row to anybody.

use super::{
    Play, assert_none, deal,
    deal::Begins,
    model::{Bound, Duty, Grant, Holder, Target, Who},
    oracle::{Seen, seen_by},
};
use crate::rights::rows::{account, granted, put, sign_in};
use entity::{
    assignment, cadre, grant,
    id::{AccountId, RegionId},
    kind::{RegionKind, Role},
    membership,
};
use futures_util::{StreamExt, stream};
use lianhu_tests::{Actor, ground};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, sea_query::Expr};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// What was done, whom it concerns, and what may be different without being more.
#[derive(Debug)]
struct Step {
    what: String,
    whose: Option<Who>,
    /// An assignment that is to something else from now on, and new to those around that.
    moved: Option<String>,
    /// Whether the holder has come closer: fewer rows, and more of each.
    closer: bool,
}

/// Rows and letters that are seen now and were not before, but for assignments that were moved; whoever has come closer
/// sees more of a row.
fn growth(before: &Seen, after: &Seen, moved: &BTreeSet<String>, closer: bool) -> Vec<String> {
    let mut more = Vec::new();
    let parts = |before: &BTreeMap<String, String>, after: &BTreeMap<String, String>| {
        let grown = after.iter().filter(|(id, letters)| {
            let known = before.get(*id);
            known.is_none_or(|known| !closer && letters.chars().any(|letter| !known.contains(letter)))
        });
        grown.map(|(id, letters)| format!("{id} {letters}, before {:?}", before.get(id))).collect::<Vec<_>>()
    };
    more.extend(parts(&before.homes, &after.homes));
    more.extend(parts(&before.firms, &after.firms));
    more.extend(after.duties.difference(&before.duties).filter(|id| !moved.contains(*id)).cloned());
    more.extend(after.cadres.difference(&before.cadres).cloned());
    more
}

impl Play {
    /// What the lists show these people now.
    async fn shown(&self, people: &[Who]) -> Vec<(Who, Seen)> {
        let looks =
            stream::iter(people.to_vec()).map(async |who| (who, self.looker(who, &self.world).lists().await));
        looks.buffer_unordered(4).collect().await
    }

    /// An administrator of all of it, who is nobody of the model.
    async fn steward(&self) -> AccountId {
        let province = self.model.of(RegionKind::Province)[0];
        let (id, _) = account(
            &self.world,
            "world-steward",
            &self.ground.regions[&self.model.of(RegionKind::Township)[0]],
            None,
        )
        .await;
        let mut all = granted(id, Role::RegionAdmin, self.ground.day(-400), None);
        all.region_id = Some(province);
        put(&self.world, all).await;
        id
    }

    /// Ends, or makes narrower, something that stands; nothing when chance finds nothing.
    async fn lessen(&mut self, steward: &Actor, platform: &Actor) -> Option<Step> {
        let today = self.today;
        match self.dice.below(6) {
            0 => {
                let n = self.some(|grant: &Grant| grant.days.from < today && grant.days.hold_on(today))?;
                let grant = &mut self.model.grants[n];
                grant.days.until = Some(today);
                let day = self.ground.day(today).0.to_string();
                let input = json!({"id": grant.id.to_string(), "expectedVersion": 1, "endsOn": day});
                let ended = platform.change("roleGrantEnd", "RoleGrantEndInput", "replayed", input).await;
                assert_eq!(ended["errors"], json!([]), "LIANHU_SEED={}: {grant:?}: {ended}", self.seed);
                Some(Step {
                    what: format!("ended {grant:?}"),
                    whose: Some(grant.who),
                    moved: None,
                    closer: false,
                })
            }
            1 => {
                let n = self.some_duty(|duty| duty.days.from < today && duty.days.hold_on(today))?;
                let duty = &mut self.model.duties[n];
                duty.days.until = Some(today);
                let input = json!({"id": duty.id.to_string(), "expectedVersion": 1, "reason": "轮换"});
                let ended = steward.change("assignmentEnd", "AssignmentEndInput", "replayed", input).await;
                assert_eq!(ended["errors"], json!([]), "LIANHU_SEED={}: {duty:?}: {ended}", self.seed);
                let duty = duty.clone();
                Some(Step {
                    what: format!("ended {duty:?}"),
                    whose: self.holder(duty.by),
                    moved: None,
                    closer: false,
                })
            }
            2 => self.narrow_grant().await,
            3 => self.narrow_duty().await,
            4 => {
                let live = |n: &usize| self.model.memberships[*n].days.hold_on(today);
                let live: Vec<_> = (0..self.model.memberships.len()).filter(live).collect();
                let n = *live.get(self.dice.below(live.len().max(1)))?;
                let member = &mut self.model.memberships[n];
                member.days.until = Some(today);
                let until = membership::Entity::update_many()
                    .col_expr(membership::Column::EndsOn, Expr::value(self.ground.day(today)))
                    .filter(membership::Column::Id.eq(member.id));
                until.exec(self.world.state.db.write()).await.expect("ended");
                let step = format!("ended {member:?}");
                self.raise_all().await;
                Some(Step { what: step, whose: None, moved: None, closer: false })
            }
            _ => {
                let live = |n: &usize| self.model.cadres[*n].term.hold_on(today);
                let live: Vec<_> = (0..self.model.cadres.len()).filter(live).collect();
                let n = *live.get(self.dice.below(live.len().max(1)))?;
                let one = &mut self.model.cadres[n];
                one.term.until = Some(today);
                let until = cadre::Entity::update_many()
                    .col_expr(cadre::Column::EndsOn, Expr::value(self.ground.day(today)))
                    .filter(cadre::Column::Id.eq(one.id));
                until.exec(self.world.state.db.write()).await.expect("left office");
                let (id, step) = (one.id, format!("out of office: {one:?}"));
                self.raise_all().await;
                Some(Step { what: step, whose: self.holder(Holder::Cadre(id)), moved: None, closer: false })
            }
        }
    }

    fn some(&mut self, so: impl Fn(&Grant) -> bool) -> Option<usize> {
        let found: Vec<_> = (0..self.model.grants.len()).filter(|n| so(&self.model.grants[*n])).collect();
        found.get(self.dice.below(found.len().max(1))).copied()
    }

    fn some_duty(&mut self, so: impl Fn(&Duty) -> bool) -> Option<usize> {
        let found: Vec<_> = (0..self.model.duties.len()).filter(|n| so(&self.model.duties[*n])).collect();
        found.get(self.dice.below(found.len().max(1))).copied()
    }

    fn holder(&self, by: Holder) -> Option<Who> {
        let Holder::Cadre(id) = by else { return None };
        self.model.people.iter().position(|person| person.cadre == Some(id))
    }

    async fn raise_all(&self) {
        let accounts = self.model.people.iter().map(|person| person.account).collect();
        deal::raise(self.world.state.db.write(), accounts).await;
    }

    /// A place within another, of one of these kinds.
    fn below(&mut self, region: RegionId, kinds: &[RegionKind]) -> Option<RegionId> {
        let inside = self.model.places.iter().filter(|place| place.within[1..].contains(&region));
        let inside: Vec<_> =
            inside.filter(|place| kinds.contains(&place.kind)).map(|place| place.id).collect();
        inside.get(self.dice.below(inside.len().max(1))).copied()
    }

    /// A role holds in a part of where it held.
    async fn narrow_grant(&mut self) -> Option<Step> {
        use RegionKind::{County, Grid, Group, Township, Village};
        let today = self.today;
        let n = self.some(|grant| matches!(grant.to, Bound::Region(_)) && grant.days.hold_on(today))?;
        let (Bound::Region(region), role) = (self.model.grants[n].to, self.model.grants[n].role) else {
            return None;
        };
        let kinds: &[_] =
            if role == Role::GridWorker { &[Group, Grid] } else { &[County, Township, Village] };
        let part = self.below(region, kinds)?;
        let grant = &mut self.model.grants[n];
        let what = format!("{grant:?} is of {part} alone");
        grant.to = Bound::Region(part);
        let (who, id) = (grant.who, grant.id);
        let narrow = grant::Entity::update_many()
            .col_expr(grant::Column::RegionId, Expr::value(part))
            .filter(grant::Column::Id.eq(id));
        narrow.exec(self.world.state.db.write()).await.expect("narrower");
        deal::raise(self.world.state.db.write(), vec![self.model.people[who].account]).await;
        Some(Step { what, whose: Some(who), moved: None, closer: false })
    }

    /// An assignment is to a part of what it was to.
    async fn narrow_duty(&mut self) -> Option<Step> {
        use RegionKind::{Grid, Group, Township, Village};
        let today = self.today;
        let n = self.some_duty(|duty| duty.days.hold_on(today))?;
        let (to, closer) = match self.model.duties[n].to {
            Target::Area(area) => {
                let villages = self.model.area(area).villages.clone();
                (Target::Region(self.dice.pick(&villages)), false)
            }
            Target::Region(region) => match self.model.place(region).kind {
                Township => (Target::Region(self.below(region, &[Village])?), false),
                Village => (Target::Region(self.below(region, &[Group, Grid])?), true),
                _ => {
                    let homes = self.model.homes.iter().filter(|home| home.within.contains(&region));
                    let homes: Vec<_> = homes.map(|home| home.id).collect();
                    (Target::Home(*homes.get(self.dice.below(homes.len().max(1)))?), false)
                }
            },
            Target::Home(_) | Target::Firm(_) => return None,
        };
        let by = self.model.duties[n].by;
        if self.model.duties.iter().any(|duty| duty.by == by && duty.to == to) {
            return None;
        }
        let duty = &mut self.model.duties[n];
        let what = format!("{duty:?} is to {to:?} alone");
        duty.to = to;
        let duty = duty.clone();
        let row = deal::duty_row(&self.ground, &self.model, &duty);
        let row: assignment::ActiveModel = row.into_active_model().reset_all();
        row.update(self.world.state.db.write()).await.expect("narrower");
        self.raise_all().await;
        Some(Step { what, whose: self.holder(by), moved: Some(duty.id.to_string()), closer })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_ends_grows_narrower_or_passes_its_day_nobody_is_shown_a_row_more() {
    let mut play = Play::begin(ground::seed().unwrap_or(20_261_123)).await;
    let (steward, mut wrong, mut looks) = (play.steward().await, Vec::new(), 0);
    for _ in 0..if ground::long() { 10 } else { 1 } {
        play.deal(Begins::ByNow).await;
        let everybody: Vec<Who> = (0..play.model.people.len()).collect();
        let mut before: BTreeMap<Who, Seen> = play.shown(&everybody).await.into_iter().collect();
        let (admin, platform) =
            (sign_in(&play.world, steward).await, play.world.actor("platform-admin").await);
        let mut moved = BTreeSet::new();
        for _ in 0..30 {
            let Some(step) = play.lessen(&admin, &platform).await else { continue };
            moved.extend(step.moved.clone());
            let mut people: Vec<Who> = step.whose.into_iter().collect();
            people.extend((0..3).map(|_| play.dice.below(everybody.len())));
            people.sort_unstable();
            people.dedup();
            for (who, after) in play.shown(&people).await {
                let name = play.looker(who, &play.world).name;
                let more = growth(&before[&who], &after, &moved, step.closer && step.whose == Some(who));
                wrong.extend(more.iter().map(|row| format!("{name}: {}: more: {row}", step.what)));
                let differs = seen_by(&play.model, who, play.today).differs(&after);
                wrong.extend(differs.iter().map(|row| format!("{name}: {}: {row}", step.what)));
                before.insert(who, after);
                looks += 1;
            }
        }
        before = play.shown(&everybody).await.into_iter().collect();
        // The ends of tomorrow, and those of a month.
        for days in [1, 30] {
            play.pass(days).await;
            for (who, after) in play.shown(&everybody).await {
                let name = play.looker(who, &play.world).name;
                let more = growth(&before[&who], &after, &BTreeSet::new(), false);
                wrong.extend(more.iter().map(|row| format!("{name}: {days} days later: more: {row}")));
                let differs = seen_by(&play.model, who, play.today).differs(&after);
                wrong.extend(differs.iter().map(|row| format!("{name}: {days} days later: {row}")));
                before.insert(who, after);
                looks += 1;
            }
        }
    }
    println!("{looks} times somebody looked again after something had ended or grown narrower");
    assert_none(&wrong);
    assert!(looks > 100, "{looks} looks");
}
