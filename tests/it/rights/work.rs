//! What the household and the enterprise asked for, and the tasks that came of it.

use super::{around::Around, rows::put};
use entity::{
    demand,
    id::{AccountId, CadreId, DemandId, DepartmentId, EnterpriseId, HouseholdId, TaskId, TaskPartId},
    kind::{
        AllotmentUnit, DemandChannel, DemandField, DemandKind, DemandState, PartRole, PartState, TaskState,
        Urgency,
    },
    scalar::DateTime,
    task, task_part,
};
use lianhu_tests::World;
use serde_json::json;
use uuid::Uuid;

/// Numbers of the two tasks: of the household, of the enterprise.
pub(super) const NUMBERS: [&str; 2] = ["000000000-2000-000001", "000000000-2000-000002"];

/// Whose a demand is.
pub(super) type Of = (Option<HouseholdId>, Option<EnterpriseId>);

/// A demand that was accepted into a task.
pub(super) fn asked(around: &Around, of: Of, by: AccountId, task: TaskId, now: DateTime) -> demand::Model {
    demand::Model {
        id: DemandId(Uuid::now_v7()),
        kind: DemandKind::Request,
        channel: DemandChannel::Hotline,
        field: DemandField::BasicLivelihood,
        category_id: None,
        urgency: Urgency::Blue,
        state: DemandState::Accepted,
        household_id: of.0,
        enterprise_id: of.1,
        region_id: None,
        county_id: around.home.county_id,
        township_id: Some(around.home.township_id),
        village_id: Some(around.home.village_id),
        group_id: around.home.group_id.filter(|_| of.0.is_some()),
        grid_id: around.home.grid_id.filter(|_| of.0.is_some()),
        raised_village_id: Some(around.home.village_id),
        raised_group_id: None,
        content: Some("水管漏水".to_owned()),
        spot: None,
        anonymous: false,
        spoken_for: true,
        raiser_name: None,
        raiser_phone: None,
        raiser_phone_masked: None,
        other_household_id: None,
        leader_id: None,
        about_cadre_id: None,
        about_department_id: None,
        visit_id: None,
        diary_id: None,
        intake_point_id: None,
        box_opening_id: None,
        source_reference: None,
        split_from_id: None,
        merged_into_id: None,
        task_id: Some(task),
        registered_by: by,
        registrar_id: None,
        registered_at: now,
        respond_amber_at: now,
        respond_due_at: now,
        decided_at: Some(now),
        decided_by: Some(by),
        answer: None,
        objection: None,
        objected_at: None,
        adoption: None,
        adoption_reason: None,
        version: 1,
    }
}

/// A task in a state.
pub(super) fn task(
    around: &Around,
    of: Of,
    by: AccountId,
    (number, state): (&str, TaskState),
    now: DateTime,
) -> task::Model {
    task::Model {
        id: TaskId(Uuid::now_v7()),
        number: number.to_owned(),
        state,
        open: !matches!(state, TaskState::Closed | TaskState::Cancelled),
        field: DemandField::BasicLivelihood,
        category_id: None,
        urgency: Urgency::Blue,
        petition: false,
        title: "修水管".to_owned(),
        content: Some("水管漏水".to_owned()),
        measures: json!(["换管"]),
        result: None,
        household_id: of.0,
        enterprise_id: of.1,
        county_id: around.home.county_id,
        township_id: Some(around.home.township_id),
        village_id: Some(around.home.village_id),
        group_id: around.home.group_id.filter(|_| of.0.is_some()),
        grid_id: around.home.grid_id.filter(|_| of.0.is_some()),
        raised_village_id: Some(around.home.village_id),
        raised_group_id: None,
        desk_id: around.home.township_id,
        list_id: None,
        leader_id: None,
        lead_department_id: None,
        lead_cadre_id: None,
        clock_from: now,
        respond_due_at: now,
        responded_at: None,
        allotted: 15,
        allotted_unit: AllotmentUnit::WorkingDay,
        half_at: now,
        amber_at: now,
        due_at: now,
        urged_half: true,
        urged_due: true,
        review_on: (state == TaskState::Suspended).then(|| lianhu::kernel::clock::civil(now)),
        returns: 0,
        extensions: 0,
        round: 0,
        created_by: by,
        created_at: now,
        resolved_at: None,
        asked_at: None,
        calls: 0,
        checked_by: None,
        closed_at: None,
        closed_by: None,
        closed_silently: false,
        version: 1,
    }
}

/// A handler's part in a task.
pub(super) fn part(
    task: TaskId,
    (department_id, cadre_id): (Option<DepartmentId>, Option<CadreId>),
    (role, state): (PartRole, PartState),
    now: DateTime,
) -> task_part::Model {
    task_part::Model {
        id: TaskPartId(Uuid::now_v7()),
        task_id: task,
        role,
        department_id,
        cadre_id,
        state,
        live: matches!(state, PartState::Offered | PartState::Claimed | PartState::Done),
        offered_at: now,
        claimed_at: None,
        ended_at: None,
        due_at: now,
        answer: None,
        version: 1,
    }
}

/// Sets up both; tells their ids.
pub(super) async fn set(world: &World, around: &Around, by: AccountId) -> [(&'static str, String); 4] {
    let now = world.state.clock.now();
    let home = (Some(around.home.id), None);
    let firm = (None, Some(around.firm.id));
    let ours = task(around, home, by, (NUMBERS[0], TaskState::Dispatched), now);
    let theirs = task(around, firm, by, (NUMBERS[1], TaskState::Dispatched), now);
    let given = (Some(around.departments["the department"]), None);
    let of_ours = part(ours.id, given, (PartRole::Lead, PartState::Offered), now);
    let of_theirs = part(theirs.id, given, (PartRole::Lead, PartState::Offered), now);
    let demand = asked(around, home, by, ours.id, now);
    let firm_demand = asked(around, firm, by, theirs.id, now);
    let ids = [
        ("demand", demand.id.to_string()),
        ("firm-demand", firm_demand.id.to_string()),
        ("task", ours.id.to_string()),
        ("firm-task", theirs.id.to_string()),
    ];
    put(world, ours).await;
    put(world, theirs).await;
    put(world, of_ours).await;
    put(world, of_theirs).await;
    put(world, demand).await;
    put(world, firm_demand).await;
    ids
}

/// Gives a cadre a part of both.
pub(super) async fn give(world: &World, tasks: [&str; 2], cadre: CadreId) {
    let now = world.state.clock.now();
    for task in tasks {
        let task = TaskId(entity::id::read(task).expect("an id").1);
        put(world, part(task, (None, Some(cadre)), (PartRole::CoHandler, PartState::Offered), now)).await;
    }
}
