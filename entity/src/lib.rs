//! The tables, one file each. This crate knows `SeaORM`, how its values are spelt, and nothing else of ours.

pub mod id;
pub mod kind;
pub mod scalar;

pub mod access_anchor;
pub mod access_line;
pub mod access_seal;
pub mod access_subject;
pub mod change;
pub mod emergency;
pub mod idempotency;
pub mod ring_key;
pub mod search_gram;
pub mod search_text;

pub mod area;
pub mod area_village;
pub mod branch;
pub mod cadre;
pub mod county_setting;
pub mod department;
pub mod membership;
pub mod place_past;
pub mod position;
pub mod region;
pub mod region_succession;

pub mod category;
pub mod deadline_rule;
pub mod work_day;
pub mod work_hours;

pub mod account;
pub mod account_identity;
pub mod api_key;
pub mod grant;
pub mod notice;
pub mod one_time_code;
pub mod recovery_code;
pub mod handout;
pub mod refresh_token;
pub mod second_factor;
pub mod session;
pub mod sign_on;

pub mod attachment;
pub mod upload;

pub mod consent;
pub mod correction;
pub mod enterprise;
pub mod household;
pub mod household_tag;
pub mod member;
pub mod tag;

pub mod assignment;
pub mod assignment_batch;

pub mod box_opening;
pub mod diary;
pub mod diary_visit;
pub mod intake_point;
pub mod visit;
pub mod visit_concern;
pub mod visit_participation;
pub mod demand;
pub mod feedback;
pub mod task;
pub mod task_event;
pub mod task_list;
pub mod task_milestone;
pub mod task_number;
pub mod task_part;
pub mod task_request;
pub mod card_token;
pub mod contact_card;

pub mod webhook;
pub mod webhook_delivery;

pub mod retention_night;
pub mod roster_import;
