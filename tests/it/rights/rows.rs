//! Rows as the tests put them, without regard to rights.

use chrono::Duration;
use entity::{
    account, assignment, cadre, grant,
    id::{AccountId, AssignmentId, CadreId, GrantId, SessionId},
    kind::{AccountStatus, AssignmentKind, CadreLevel, Role, Sex},
    region,
    scalar::{Date, DateTime},
    session,
};
use lianhu::config::Config;
use lianhu_tests::{Actor, World};
use sea_orm::{ActiveModelBehavior, ActiveModelTrait, EntityTrait, IntoActiveModel};
use uuid::Uuid;

/// Settings under which much may be asked.
pub(crate) fn generous(config: &mut Config) {
    config.graphql.cost_per_minute = 1_000_000_000;
    config.graphql.max_cost = 100_000;
    config.privacy.reveals_per_day = 10_000;
    // Counts are told exactly: by steps of one.
    config.privacy.smallest_cell = 1;
}

/// Rows without regard to rights, as the tests put them.
pub(crate) async fn put<M, A>(world: &World, row: M)
where
    M: IntoActiveModel<A> + sea_orm::ModelTrait,
    A: ActiveModelTrait<Entity = M::Entity> + ActiveModelBehavior + Send,
{
    let row = row.into_active_model().reset_all();
    M::Entity::insert(row).exec_without_returning(world.state.db.write()).await.expect("a row is put");
}

/// An account, signed in.
pub(crate) async fn account(
    world: &World,
    name: &str,
    at: &region::Model,
    cadre: Option<CadreId>,
) -> (AccountId, Actor) {
    let now = world.state.clock.now();
    let id = AccountId(Uuid::now_v7());
    put(
        world,
        account::Model {
            id,
            name: name.to_owned(),
            password_due: false,
            password_hash: String::new(),
            cadre_id: cadre,
            region_id: Some(at.id),
            county_id: at.county_id,
            township_id: at.township_id,
            village_id: at.village_id,
            status: AccountStatus::Active,
            rights_version: 1,
            created_at: now,
            version: 1,
        },
    )
    .await;
    (id, sign_in(world, id).await)
}

/// A session of an account; its access token is as good as one from signing in.
pub(crate) async fn sign_in(world: &World, account: AccountId) -> Actor {
    let now = world.state.clock.now();
    let session = SessionId(Uuid::now_v7());
    let expires_at = DateTime::new(now.0 + Duration::days(1));
    let open = session::Model {
        id: session,
        account_id: account,
        device: "tests".to_owned(),
        created_at: now,
        expires_at,
        ended_at: None,
        ends_at: expires_at,
        last_used_at: now,
        confirmed_at: now,
        second_factor: false,
    };
    put(world, open).await;
    let (token, _) = world.state.identity.tokens.issue(account, session, now).expect("a token");
    world.anyone().bearing(token)
}

/// A grant that is bound to nothing yet.
pub(crate) fn granted(
    account: AccountId,
    role: Role,
    starts_on: Date,
    ends_on: Option<Date>,
) -> grant::Model {
    grant::Model {
        id: GrantId(Uuid::now_v7()),
        account_id: account,
        role,
        region_id: None,
        branch_id: None,
        department_id: None,
        household_id: None,
        enterprise_id: None,
        starts_on,
        ends_on,
        granted_by: None,
        version: 1,
    }
}

/// An assignment at a place, to nothing yet.
pub(crate) fn assigned(
    kind: AssignmentKind,
    at: &region::Model,
    starts_on: Date,
    ends_on: Option<Date>,
) -> assignment::Model {
    assignment::Model {
        id: AssignmentId(Uuid::now_v7()),
        kind,
        cadre_id: None,
        department_id: None,
        region_id: None,
        area_id: None,
        household_id: None,
        enterprise_id: None,
        county_id: at.county_id.expect("a county"),
        township_id: at.township_id.expect("a township"),
        village_id: at.village_id,
        group_id: at.group_id,
        grid_id: at.grid_id,
        is_primary: false,
        starts_on,
        ends_on,
        assigned_by: None,
        ended_reason: None,
        started_batch_id: None,
        ended_batch_id: None,
        version: 1,
    }
}

/// A cadre at a place.
pub(crate) fn cadre_at(name: &str, level: CadreLevel, at: &region::Model, starts_on: Date) -> cadre::Model {
    cadre::Model {
        id: CadreId(Uuid::now_v7()),
        name: name.to_owned(),
        sex: Sex::Female,
        level,
        region_id: at.id,
        county_id: at.county_id,
        township_id: at.township_id,
        village_id: at.village_id,
        department_id: None,
        work_phone: None,
        starts_on,
        ends_on: None,
        version: 1,
    }
}
