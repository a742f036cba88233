//! Who is tied to what, dealt anew each round: roles, assignments, memberships, terms of office and emergencies.

use super::{
    found::Ground,
    model::{Bound, Days, Duty, Emergency, Grant, Holder, Membership, Model, Target, Who},
    oracle::county_of,
};
use crate::rights::rows::granted;
use chrono::Duration;
use entity::{
    account, assignment, cadre, emergency, grant,
    id::{BranchId, EmergencyId, RegionId},
    kind::{MembershipStanding, RegionKind, Role},
    membership,
    scalar::DateTime,
};
use lianhu::kernel::bulk;
use lianhu_tests::{Dice, World};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, TransactionTrait,
    sea_query::{Expr, ExprTrait},
};

/// Roles that somebody may hold beside the own.
const BESIDE: [Role; 10] = [
    Role::RegionAdmin,
    Role::Leader,
    Role::Dispatcher,
    Role::Supervisor,
    Role::BranchSecretary,
    Role::DepartmentHandler,
    Role::GridWorker,
    Role::Resident,
    Role::EnterpriseRep,
    Role::Auditor,
];

/// Roles that open a household in an emergency.
const OPENING: [Role; 7] = [
    Role::RegionAdmin,
    Role::Leader,
    Role::Dispatcher,
    Role::Supervisor,
    Role::DepartmentHandler,
    Role::Cadre,
    Role::GridWorker,
];

/// How ties begin and end around a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begins {
    /// Some only later.
    AnyDay,
    /// All by this day.
    ByNow,
}

struct Dealing<'a> {
    model: &'a mut Model,
    dice: &'a mut Dice,
    today: i64,
    begins: Begins,
}

/// Deals all ties anew, as they stand around `today`.
pub(super) fn deal(model: &mut Model, dice: &mut Dice, today: i64, begins: Begins) {
    (model.memberships, model.grants) = (Vec::new(), Vec::new());
    (model.duties, model.emergencies) = (Vec::new(), Vec::new());
    let mut dealing = Dealing { model, dice, today, begins };
    dealing.people_of_the_party();
    dealing.duties();
    for who in 0..dealing.model.people.len() {
        dealing.roles(who);
        dealing.emergency(who);
    }
}

impl Dealing<'_> {
    fn days(&mut self) -> Days {
        let far = usize::from(self.begins == Begins::AnyDay);
        loop {
            let from = self.dice.weighed(&[(60, -400), (12, -1), (13, 0), (8 * far, 1), (7 * far, 30)]);
            let until =
                self.dice.weighed(&[(50, None), (7, Some(-1)), (12, Some(0)), (15, Some(1)), (16, Some(30))]);
            if until.is_none_or(|until| from < until) {
                return Days { from: self.today + from, until: until.map(|until| self.today + until) };
            }
        }
    }

    fn people_of_the_party(&mut self) {
        let branches: Vec<BranchId> = self.model.branches.iter().map(|branch| branch.id).collect();
        for n in 0..self.model.cadres.len() {
            let until = self.dice.weighed(&[(76, None), (5, Some(-1)), (11, Some(0)), (8, Some(1))]);
            self.model.cadres[n].term.until = until.map(|until: i64| self.today + until);
            // Some have left a branch before.
            if self.dice.percent(40) {
                let (cadre, branch) = (self.model.cadres[n].id, self.dice.pick(&branches));
                let id = self.dice.id();
                let days = Days { from: self.today - 400, until: Some(self.today - 1) };
                self.model.memberships.push(Membership { id, cadre, branch, days });
            }
            if self.dice.percent(75) {
                let (cadre, branch) = (self.model.cadres[n].id, self.dice.pick(&branches));
                let (id, days) = (self.dice.id(), self.days());
                self.model.memberships.push(Membership { id, cadre, branch, days });
            }
        }
    }

    fn duties(&mut self) {
        let cadres: Vec<_> = self.model.cadres.iter().map(|cadre| cadre.id).collect();
        let departments: Vec<_> = self.model.departments.iter().map(|one| one.id).collect();
        let held = |id| self.model.people.iter().any(|person| person.cadre == Some(id));
        let mut holders = Vec::new();
        for id in cadres {
            let most = if held(id) { 4 } else { 3 };
            holders.push((Holder::Cadre(id), usize::from(held(id)), most));
        }
        holders.extend(departments.into_iter().map(|id| (Holder::Department(id), 0, 3)));
        for (by, least, most) in holders {
            for _ in 0..least + self.dice.below(most) {
                let to = self.target();
                // One holder has one target once, and one target one primary contact.
                if self.model.duties.iter().any(|duty| duty.by == by && duty.to == to) {
                    continue;
                }
                let single = matches!(to, Target::Home(_) | Target::Firm(_));
                let taken = self.model.duties.iter().any(|duty| duty.to == to && duty.primary);
                let primary = single && !taken && self.dice.percent(60);
                let (id, days) = (self.dice.id(), self.days());
                self.model.duties.push(Duty { id, by, to, primary, days });
            }
        }
    }

    fn target(&mut self) -> Target {
        let place = |of: &mut Self, kind| {
            let places = of.model.of(kind);
            Target::Region(of.dice.pick(&places))
        };
        match self.dice.weighed(&[(32, 0), (14, 1), (9, 2), (13, 3), (10, 4), (7, 5), (15, 6)]) {
            0 => Target::Home(self.dice.one(&self.model.homes).id),
            1 => place(self, RegionKind::Group),
            2 => place(self, RegionKind::Grid),
            3 => place(self, RegionKind::Village),
            4 => Target::Area(self.dice.one(&self.model.areas).id),
            5 => place(self, RegionKind::Township),
            _ => Target::Firm(self.dice.one(&self.model.firms).id),
        }
    }

    fn roles(&mut self, who: Who) {
        let own = self.model.people[who].role;
        let mut held = Vec::new();
        if own != Role::Cadre {
            held.push(own);
        }
        if !matches!(own, Role::Integration) {
            for share in [35, 20] {
                if self.dice.percent(share) {
                    held.push(self.dice.pick(&BESIDE));
                }
            }
        }
        for role in held {
            let (id, to, days) = (self.dice.id(), self.bound(role), self.days());
            let known = |grant: &Grant| grant.who == who && grant.role == role && grant.to == to;
            if !self.model.grants.iter().any(known) {
                self.model.grants.push(Grant { id, who, role, to, days });
            }
        }
    }

    fn bound(&mut self, role: Role) -> Bound {
        let place = |of: &mut Self, kinds: &[(usize, RegionKind)]| {
            let kind = of.dice.weighed(kinds);
            let places: Vec<RegionId> = of.model.of(kind);
            Bound::Region(of.dice.pick(&places))
        };
        match role {
            Role::PlatformAdmin => Bound::Everywhere,
            Role::BranchSecretary => Bound::Branch(self.dice.one(&self.model.branches).id),
            Role::DepartmentHandler => Bound::Department(self.dice.one(&self.model.departments).id),
            Role::Resident => Bound::Home(self.dice.one(&self.model.homes).id),
            Role::EnterpriseRep => Bound::Firm(self.dice.one(&self.model.firms).id),
            Role::GridWorker => {
                place(self, &[(3, RegionKind::Grid), (2, RegionKind::Group), (2, RegionKind::Village)])
            }
            _ => place(
                self,
                &[
                    (6, RegionKind::Village),
                    (5, RegionKind::Township),
                    (3, RegionKind::County),
                    (1, RegionKind::City),
                    (1, RegionKind::Province),
                ],
            ),
        }
    }

    /// Somebody opened a household by the own role; the hour may be over.
    fn emergency(&mut self, who: Who) {
        let role = self.model.people[who].role;
        if !OPENING.contains(&role) || !self.dice.percent(45) {
            return;
        }
        // It was opened in the county of the role, as it stands or stood.
        let model = &*self.model;
        let mut around: Vec<RegionId> = Vec::new();
        for grant in model.grants.iter().filter(|grant| grant.who == who && grant.role == role) {
            around.extend(county_of(model, model.bound(grant.to)));
        }
        if role == Role::Cadre {
            let cadre = model.people[who].cadre.map(Holder::Cadre);
            let own = model.duties.iter().filter(|duty| Some(duty.by) == cadre);
            around.extend(own.filter_map(|duty| county_of(model, model.stands(duty.to))));
        }
        let homes = model.homes.iter().filter(|home| home.within.iter().any(|id| around.contains(id)));
        let homes: Vec<_> = homes.map(|home| home.id).collect();
        if homes.is_empty() {
            return;
        }
        let (home, open) = (self.dice.pick(&homes), self.dice.percent(65));
        self.model.emergencies.push(Emergency { who, role, home, open });
    }
}

/// Puts what was dealt into the database in place of what was there, and lets no cached scope stand.
pub(super) async fn put(world: &World, ground: &Ground, model: &Model, dice: &mut Dice) {
    let txn = world.state.db.write().begin().await.expect("a transaction");
    let accounts: Vec<_> = model.people.iter().map(|person| person.account).collect();
    let cadres: Vec<_> = model.cadres.iter().map(|cadre| cadre.id).collect();
    let counties: Vec<_> = ground.regions.values().filter_map(|row| row.county_id).collect();
    grant::Entity::delete_many()
        .filter(grant::Column::AccountId.is_in(accounts.clone()))
        .exec(&txn)
        .await
        .expect("grants are gone");
    assignment::Entity::delete_many()
        .filter(assignment::Column::CountyId.is_in(counties))
        .exec(&txn)
        .await
        .expect("assignments are gone");
    membership::Entity::delete_many()
        .filter(membership::Column::CadreId.is_in(cadres))
        .exec(&txn)
        .await
        .expect("memberships are gone");
    emergency::Entity::delete_many()
        .filter(emergency::Column::AccountId.is_in(accounts.clone()))
        .exec(&txn)
        .await
        .expect("emergencies are gone");
    for one in &model.cadres {
        let mut row = cadre::ActiveModel { id: ActiveValue::Unchanged(one.id), ..Default::default() };
        row.ends_on = ActiveValue::Set(ground.days(one.term).1);
        row.update(&txn).await.expect("a term of office");
    }
    let rows = model.grants.iter().map(|one| grant_row(ground, model, one)).collect();
    bulk::insert::<grant::Entity>(&txn, rows).await.expect("grants");
    let rows = model.duties.iter().map(|one| duty_row(ground, model, one)).collect();
    bulk::insert::<assignment::Entity>(&txn, rows).await.expect("assignments");
    let rows = model.memberships.iter().map(|one| {
        let (starts_on, ends_on) = ground.days(one.days);
        membership::Model {
            id: one.id,
            cadre_id: one.cadre,
            branch_id: one.branch,
            group_id: None,
            standing: MembershipStanding::Full,
            starts_on,
            ends_on,
            version: 1,
        }
    });
    let rows = rows.collect();
    bulk::insert::<membership::Entity>(&txn, rows).await.expect("memberships");
    let now = world.state.clock.now();
    let rows = model.emergencies.iter().map(|one| emergency::Model {
        id: dice.id::<EmergencyId>(),
        account_id: model.people[one.who].account,
        role: one.role,
        household_id: one.home,
        reason: "火灾".to_owned(),
        opened_at: DateTime::new(now.0 - Duration::hours(1)),
        closes_at: DateTime::new(now.0 + Duration::minutes(if one.open { 55 } else { -1 })),
    });
    let rows = rows.collect();
    bulk::insert::<emergency::Entity>(&txn, rows).await.expect("emergencies");
    raise(&txn, accounts).await;
    txn.commit().await.expect("a deal");
}

/// What these accounts may see has changed.
pub(super) async fn raise(db: &impl ConnectionTrait, accounts: Vec<entity::id::AccountId>) {
    account::Entity::update_many()
        .col_expr(account::Column::RightsVersion, Expr::col(account::Column::RightsVersion).add(1))
        .filter(account::Column::Id.is_in(accounts))
        .exec(db)
        .await
        .expect("raised");
}

/// A grant as the database knows it.
pub(super) fn grant_row(ground: &Ground, model: &Model, one: &Grant) -> grant::Model {
    let (starts_on, ends_on) = ground.days(one.days);
    let mut row = granted(model.people[one.who].account, one.role, starts_on, ends_on);
    row.id = one.id;
    match one.to {
        Bound::Everywhere => {}
        Bound::Region(id) => row.region_id = Some(id),
        Bound::Branch(id) => row.branch_id = Some(id),
        Bound::Department(id) => row.department_id = Some(id),
        Bound::Home(id) => row.household_id = Some(id),
        Bound::Firm(id) => row.enterprise_id = Some(id),
    }
    row
}

/// An assignment as the database knows it.
pub(super) fn duty_row(ground: &Ground, model: &Model, one: &Duty) -> assignment::Model {
    let mut row = ground.assigned(model, one.to, one.days);
    (row.id, row.is_primary) = (one.id, one.primary);
    match one.by {
        Holder::Cadre(id) => row.cadre_id = Some(id),
        Holder::Department(id) => row.department_id = Some(id),
    }
    row
}
