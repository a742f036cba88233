//! Everything that is loaded, and how it goes in.

use crate::kernel::bulk;
use entity::{
    account, area, area_village, assignment, box_opening, branch, cadre, card_token, category, contact_card,
    demand, department, enterprise, feedback, grant, household, household_tag, intake_point, member,
    membership, position, region, task, task_event, task_number, task_part, task_request, visit,
    visit_participation,
};
use indicatif::ProgressBar;
use sea_orm::DbErr;

/// Everything that is loaded, table by table.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) regions: Vec<region::Model>,
    pub(super) areas: Vec<area::Model>,
    pub(super) area_villages: Vec<area_village::Model>,
    pub(super) categories: Vec<category::Model>,
    pub(super) departments: Vec<department::Model>,
    pub(super) branches: Vec<branch::Model>,
    pub(super) cadres: Vec<cadre::Model>,
    pub(super) memberships: Vec<membership::Model>,
    pub(super) positions: Vec<position::Model>,
    pub(super) accounts: Vec<account::Model>,
    pub(super) households: Vec<household::Model>,
    pub(super) tags: Vec<household_tag::Model>,
    pub(super) members: Vec<member::Model>,
    pub(super) enterprises: Vec<enterprise::Model>,
    pub(super) grants: Vec<grant::Model>,
    pub(super) assignments: Vec<assignment::Model>,
    pub(super) intake_points: Vec<intake_point::Model>,
    pub(super) openings: Vec<box_opening::Model>,
    pub(super) visits: Vec<visit::Model>,
    pub(super) participations: Vec<visit_participation::Model>,
    pub(super) cards: Vec<contact_card::Model>,
    pub(super) tokens: Vec<card_token::Model>,
    pub(super) demands: Vec<demand::Model>,
    pub(super) feedbacks: Vec<feedback::Model>,
    pub(super) tasks: Vec<task::Model>,
    pub(super) task_parts: Vec<task_part::Model>,
    pub(super) task_events: Vec<task_event::Model>,
    pub(super) task_requests: Vec<task_request::Model>,
    pub(super) task_numbers: Vec<task_number::Model>,
}

macro_rules! tables {
    ($($title:literal $field:ident of $table:ident;)*) => {
        impl Rows {
            pub(super) fn count(&self) -> usize {
                [$(self.$field.len()),*].iter().sum()
            }

            /// Inserts all rows, what is pointed at before what points.
            pub(super) async fn load(self, txn: &sea_orm::DatabaseTransaction, progress: &ProgressBar) -> Result<(), DbErr> {
                $(
                    progress.set_message($title);
                    let count = u64::try_from(self.$field.len()).unwrap_or_default();
                    bulk::insert::<$table::Entity>(txn, self.$field).await?;
                    progress.inc(count);
                )*
                Ok(())
            }
        }
    };
}

tables! {
    "区域" regions of region;
    "片区" areas of area;
    "片区" area_villages of area_village;
    "类别" categories of category;
    "部门" departments of department;
    "党组织" branches of branch;
    "干部" cadres of cadre;
    "党员" memberships of membership;
    "职务" positions of position;
    "账号" accounts of account;
    "户" households of household;
    "标签" tags of household_tag;
    "家庭成员" members of member;
    "企业" enterprises of enterprise;
    "授权" grants of grant;
    "包联" assignments of assignment;
    "受理点" intake_points of intake_point;
    "受理点" openings of box_opening;
    "走访" visits of visit;
    "走访" participations of visit_participation;
    "联系卡" cards of contact_card;
    "联系卡" tokens of card_token;
    "诉求" demands of demand;
    "评价" feedbacks of feedback;
    "任务编号" task_numbers of task_number;
    "任务" tasks of task;
    "承办" task_parts of task_part;
    "台账" task_events of task_event;
    "申请" task_requests of task_request;
}
