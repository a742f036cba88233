//! Registering demands: one, several in a visit, the parts of one letter.

use super::{
    hold,
    input::{
        DemandPartInput, DemandRegisterInput, DemandSplitInput, DemandTarget, RaiserInput, VisitDemandInput,
    },
    must_be,
    rule::{self, Told},
    tell,
};
use crate::{
    calendar, category,
    household::{self, SealedPhone},
    intake,
    kernel::{
        door::{self, unscoped},
        error::{Error, Refusal, RefusalCode, Result},
        policy::May,
        refusal::{Checks, Detail},
        work::Work,
    },
    visit::{self, Target, object::VisitTarget},
};
use entity::{
    box_opening, cadre, demand, diary,
    id::{
        BoxOpeningId, CadreId, CategoryId, DemandId, DepartmentId, DiaryId, IntakePointId, RegionId, VisitId,
    },
    kind::{DemandChannel, DemandField, DemandKind, DemandState, IntakeKind, Urgency},
    scalar::DateTime,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect,
    sea_query::ExprTrait,
};
use uuid::Uuid;

impl From<&DemandTarget> for VisitTarget {
    fn from(target: &DemandTarget) -> Self {
        match *target {
            DemandTarget::HouseholdId(id) => Self::HouseholdId(id),
            DemandTarget::EnterpriseId(id) => Self::EnterpriseId(id),
            DemandTarget::RegionId(id) => Self::RegionId(id),
        }
    }
}

/// By when something is to be answered: amber, and over.
pub(super) async fn response(
    work: &Work,
    county: RegionId,
    kind: DemandKind,
    urgency: Urgency,
) -> Result<(DateTime, DateTime)> {
    let calendar = calendar::in_work(work, county).await?;
    let deadline = if kind == DemandKind::PetitionBacklog {
        calendar.deadline(calendar::terms::PETITION_ACCEPT, work.now(), &[])
    } else {
        calendar.response(urgency, work.now())
    };
    let deadline = deadline.ok_or_else(|| Error::internal("a deadline that never comes"))?;
    Ok((deadline.amber, deadline.due))
}

/// The field of a demand, by its category where one is named: one of the county, of that field, and not retired.
async fn classify(
    work: &Work,
    checks: &mut Checks,
    county: RegionId,
    field: Option<DemandField>,
    category_id: Option<CategoryId>,
) -> Result<DemandField> {
    let Some(id) = category_id else {
        checks.require(field.is_some(), || {
            Refusal::rule("required", "field", "应写明领域或类别。", "Say the field, or the category.")
        });
        return Ok(field.unwrap_or(DemandField::Governance));
    };
    let row = category::find(work, id, "categoryId").await?;
    checks.require(row.county_id == county, || Refusal::not_found("categoryId"));
    checks.require(row.retired_on.is_none(), || {
        Refusal::rule(
            "retired",
            "categoryId",
            "此类别已停用，请另选。",
            "This category is retired; choose another.",
        )
    });
    checks.require(field.is_none_or(|field| field == row.field), || {
        Refusal::rule(
            "category-field",
            "categoryId",
            "类别不属于所写领域。",
            "The category is of another field.",
        )
    });
    Ok(row.field)
}

/// The station, point or box at which it came in, and the opening of the box: of the same county, and of each other.
async fn came_in(
    work: &Work,
    checks: &mut Checks,
    county: RegionId,
    channel: DemandChannel,
    point: Option<IntakePointId>,
    opening: Option<BoxOpeningId>,
) -> Result<()> {
    if let Some(id) = point {
        let row = intake::find(work, id, "intakePointId").await?;
        checks.require(row.county_id == county, || Refusal::not_found("intakePointId"));
        checks.require((row.kind == IntakeKind::Box) == (channel == DemandChannel::Box), || {
            Refusal::rule(
                "intake-kind",
                "intakePointId",
                "说事箱对应渠道 BOX，站点对应 STATION。",
                "A box belongs to channel BOX, a station or point to STATION.",
            )
        });
    }
    if let Some(id) = opening {
        let own = box_opening::Column::Id.eq(id);
        let row = door::within::<box_opening::Entity>(work.ctx.scope(), work.ctx.backend()).filter(own);
        let row = row.one(&work.tx).await?;
        let fits = row.is_some_and(|row| point.is_none_or(|point| row.intake_point_id == point));
        checks.require(fits, || Refusal::not_found("boxOpeningId"));
    }
    Ok(())
}

/// A cadre whom the viewer sees.
async fn known_cadre(work: &Work, checks: &mut Checks, id: Option<CadreId>, field: &str) -> Result<()> {
    let Some(id) = id else { return Ok(()) };
    let own = cadre::Column::Id.eq(id);
    let known = door::within::<cadre::Entity>(work.ctx.scope(), work.ctx.backend()).filter(own);
    let known = known.count(&work.tx).await? > 0;
    checks.require(known, || Refusal::not_found(field));
    Ok(())
}

async fn known_department(
    work: &Work,
    checks: &mut Checks,
    id: Option<DepartmentId>,
    field: &str,
) -> Result<()> {
    let Some(id) = id else { return Ok(()) };
    let own = entity::department::Column::Id.eq(id);
    let known = unscoped::<entity::department::Entity>().filter(own).count(&work.tx).await? > 0;
    checks.require(known, || Refusal::not_found(field));
    Ok(())
}

/// A diary entry of one's own, or a visit that one has recorded: what a demand is drawn from.
async fn drawn_from(
    work: &Work,
    checks: &mut Checks,
    visit: Option<VisitId>,
    diary: Option<DiaryId>,
) -> Result<()> {
    if let Some(id) = visit {
        let own = entity::visit::Column::Id.eq(id).and(entity::visit::Column::WithdrawnAt.is_null());
        let known = door::within::<entity::visit::Entity>(work.ctx.scope(), work.ctx.backend()).filter(own);
        let known = known.count(&work.tx).await? > 0;
        checks.require(known, || Refusal::not_found("visitId"));
    }
    if let Some(id) = diary {
        let own = diary::Column::Id.eq(id);
        let known = door::within::<diary::Entity>(work.ctx.scope(), work.ctx.backend()).filter(own);
        let known = known.one(&work.tx).await?;
        let own = known.is_some_and(|entry| work.ctx.scope().cadre == Some(entry.cadre_id));
        checks.require(own, || Refusal::not_found("diaryId"));
    }
    Ok(())
}

/// Registers a demand.
pub async fn register(work: &Work, input: DemandRegisterInput) -> Result<Uuid> {
    let DemandRegisterInput {
        idempotency_key: _,
        id,
        kind,
        channel,
        field,
        category_id,
        urgency,
        target,
        content,
        spot,
        anonymous,
        raiser,
        other_household_id,
        leader_id,
        about_cadre_id,
        about_department_id,
        visit_id,
        diary_id,
        intake_point_id,
        box_opening_id,
        source_reference,
    } = input;
    let target = Target::find(work, &VisitTarget::from(&target)).await?;
    work.ctx.must(May::RegisterDemand, &target.facts())?;
    let county = target.county()?;
    let in_person = work.ctx.may(May::JudgeResult, &target.facts());
    let anonymous = anonymous.unwrap_or_default();
    let mut checks = Checks::default();
    rule::check(
        &mut checks,
        &Told {
            kind,
            channel,
            anonymous,
            of_region: target.region.is_some(),
            raiser: raiser.is_some(),
            of_household: target.household.is_some(),
            other_household: other_household_id.is_some(),
            leader: leader_id.is_some(),
            about: usize::from(about_cadre_id.is_some()) + usize::from(about_department_id.is_some()),
            intake_point: intake_point_id.is_some(),
            box_opening: box_opening_id.is_some(),
            in_person,
            by_key: work.ctx.by_key(),
        },
    );
    checks.require(!in_person || urgency.is_none(), || {
        Refusal::rule("urgency", "urgency", "紧急程度由受理人员确定。", "How urgent it is, the desk decides.")
    });
    let urgency = urgency.unwrap_or(Urgency::Blue);
    let content = checks.text("content", &content, rule::CONTENT);
    let spot = checks.optional_text("spot", spot.as_deref(), rule::SPOT);
    let (raiser_name, phone) = heard(work, &mut checks, raiser.as_ref())?;
    let source_reference =
        checks.optional_text("sourceReference", source_reference.as_deref(), rule::REFERENCE);
    let field = classify(work, &mut checks, county, field, category_id).await?;
    if let Some(other) = other_household_id {
        household::find(work, other, "otherHouseholdId").await?;
        checks.require(target.household != Some(other), || {
            Refusal::rule(
                "dispute-self",
                "otherHouseholdId",
                "纠纷双方应为不同的户。",
                "The two sides of a dispute are two households.",
            )
        });
    }
    came_in(work, &mut checks, county, channel, intake_point_id, box_opening_id).await?;
    known_cadre(work, &mut checks, leader_id, "leaderId").await?;
    known_cadre(work, &mut checks, about_cadre_id, "aboutCadreId").await?;
    known_department(work, &mut checks, about_department_id, "aboutDepartmentId").await?;
    drawn_from(work, &mut checks, visit_id, diary_id).await?;
    checks.done()?;
    let (respond_amber_at, respond_due_at) = response(work, county, kind, urgency).await?;
    let row = demand::Model {
        id: id.unwrap_or_else(|| DemandId(Uuid::now_v7())),
        kind,
        channel,
        field,
        category_id,
        urgency,
        state: DemandState::Registered,
        household_id: target.household,
        enterprise_id: target.enterprise,
        region_id: target.region,
        county_id: county,
        township_id: target.place.township_id,
        village_id: target.place.village_id,
        group_id: target.place.group_id,
        grid_id: target.place.grid_id,
        raised_village_id: target.place.village_id,
        raised_group_id: target.place.group_id,
        content: Some(content),
        spot,
        anonymous,
        spoken_for: !in_person && !anonymous && !work.ctx.by_key(),
        raiser_name,
        raiser_phone: phone.sealed,
        raiser_phone_masked: phone.masked,
        other_household_id,
        leader_id,
        about_cadre_id,
        about_department_id,
        visit_id,
        diary_id,
        intake_point_id,
        box_opening_id,
        source_reference,
        split_from_id: None,
        merged_into_id: None,
        task_id: None,
        registered_by: work.ctx.signed_in()?.account,
        registrar_id: work.ctx.scope().cadre,
        registered_at: work.now(),
        respond_amber_at,
        respond_due_at,
        decided_at: None,
        decided_by: None,
        answer: None,
        objection: None,
        objected_at: None,
        adoption: None,
        adoption_reason: None,
        version: 1,
    };
    store(work, row).await
}

/// The name and the number of whoever raised it.
fn heard(
    work: &Work,
    checks: &mut Checks,
    raiser: Option<&RaiserInput>,
) -> Result<(Option<String>, SealedPhone)> {
    let name = raiser.and_then(|raiser| raiser.name.as_deref());
    let name = checks.optional_text("raiser.name", name, rule::NAME);
    let phone = raiser.and_then(|raiser| raiser.phone.as_ref());
    Ok((name, SealedPhone::new(&work.ctx, checks, "raiser.phone", phone)?))
}

/// Stores a demand; the number of another system is its own only once.
async fn store(work: &Work, row: demand::Model) -> Result<Uuid> {
    let (sender, reference) = (row.registered_by, row.source_reference.clone());
    let told = row.clone();
    let row = IntoActiveModel::<demand::ActiveModel>::into_active_model(row).reset_all();
    let error = match work.insert(row).await {
        Ok(id) => return tell::desk(work, &told).await.map(|()| id),
        Err(error) => error,
    };
    if !["demand_source", "demand.source_reference"].iter().any(|name| Work::is_constraint(&error, name)) {
        return Err(error);
    }
    // Its own: it may know which one. Beside the transaction, which is over with the fault.
    let known: Option<DemandId> = work
        .ctx
        .within::<demand::Entity>()
        .select_only()
        .column(demand::Column::Id)
        .filter(demand::Column::RegisteredBy.eq(sender))
        .filter(demand::Column::SourceReference.eq(reference))
        .into_tuple()
        .one(work.ctx.db().read())
        .await?;
    Err(Refusal::new(
        RefusalCode::Duplicate,
        "sourceReference",
        "此来源已用此编号登记过诉求。",
        "This source has registered a demand under this reference before.",
    )
    .with(Detail::Existing(known.map(|id| id.to_string())))
    .into())
}

/// Registers what was heard in a visit, for whom the visit was to.
pub async fn heard_in(work: &Work, visit: VisitId, demands: Vec<VisitDemandInput>) -> Result<()> {
    let row = visit::find(&work.ctx, &work.tx, visit, "id").await?;
    let target = match (row.household_id, row.enterprise_id, row.region_id) {
        (Some(id), _, _) => DemandTarget::HouseholdId(id),
        (_, Some(id), _) => DemandTarget::EnterpriseId(id),
        (_, _, Some(id)) => DemandTarget::RegionId(id),
        _ => return Err(Error::internal("a visit to nobody")),
    };
    for (at, one) in demands.into_iter().enumerate() {
        let VisitDemandInput { id, kind, field, category_id, urgency, content, spot, other_household_id } =
            one;
        let input = DemandRegisterInput {
            idempotency_key: async_graphql::ID::default(),
            id,
            kind,
            channel: DemandChannel::Visit,
            field,
            category_id,
            urgency,
            target: target.clone(),
            content,
            spot,
            anonymous: None,
            raiser: None,
            other_household_id,
            leader_id: None,
            about_cadre_id: None,
            about_department_id: None,
            visit_id: Some(visit),
            diary_id: None,
            intake_point_id: None,
            box_opening_id: None,
            source_reference: None,
        };
        register(work, input).await.map_err(|error| error.under(&format!("demands.{at}")))?;
    }
    Ok(())
}

/// Parts one letter that asks for several things: each further part becomes a demand of its own, of the same people and day.
pub async fn split(work: &Work, input: DemandSplitInput) -> Result<Uuid> {
    let DemandSplitInput { idempotency_key: _, id, expected_version, parts } = input;
    let old = hold(work, id, "id").await?;
    work.ctx.must(May::AcceptDemand, &super::facts(&old))?;
    work.stands::<demand::Entity>(id.0, expected_version).await?;
    must_be(&old, &[DemandState::Registered], "id")?;
    let mut checks = Checks::default();
    checks.require((1..=10).contains(&parts.len()), || {
        Refusal::rule("count", "parts", "应拆出 1 至 10 项。", "From one to ten parts are needed.")
    });
    let mut rows = Vec::new();
    for (at, part) in parts.into_iter().enumerate() {
        let DemandPartInput { id: own, content, field, urgency } = part;
        let content = checks.text(&format!("parts.{at}.content"), &content, rule::CONTENT);
        let mut row = old.clone();
        row.id = own.unwrap_or_else(|| DemandId(Uuid::now_v7()));
        row.content = Some(content);
        row.field = field.unwrap_or(old.field);
        if field.is_some_and(|field| field != old.field) {
            row.category_id = None;
        }
        row.urgency = urgency.unwrap_or(old.urgency);
        (row.split_from_id, row.source_reference, row.version) = (Some(id), None, 1);
        rows.push(row);
    }
    checks.done()?;
    for row in rows {
        store(work, row).await?;
    }
    Ok(id.0)
}
