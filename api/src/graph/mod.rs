//! The edges between rooms, both ways, a file for each type: `Household.village` and `Region.households` are written
//! here, so that no room knows its neighbours above.

pub mod region;
pub mod succession;
pub mod area;
pub mod branch;
pub mod department;
pub mod work_calendar;
pub mod deadline_rule;
pub mod category;
pub mod cadre;
mod change;
pub mod membership;
pub mod position;
pub mod account;
pub mod api_key;
pub mod account_identity;
pub mod grant;
pub mod viewer;
pub mod household;
pub mod attachment;
pub mod member;
pub mod correction;
pub mod enterprise;
pub mod access;
pub mod card;
pub mod contact;
pub mod intake;
pub mod visit;
pub mod diary;
pub mod demand;
pub mod task;
pub mod webhook;
pub mod node;
pub mod search;
pub mod changes;
