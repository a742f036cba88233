//! The history of the schema. It never imports `entity`: a step written today means the same in ten years.
//!
//! Steps are SQL with a word for each type that the two databases spell differently (`dialect`).

use sea_orm_migration::prelude::*;

mod dialect;
mod m20261121_000001_log;
mod m20261121_000002_place;
mod m20261121_000003_people;
mod m20261121_000004_identity;
mod m20261121_000005_served;
mod m20261121_000006_contact;
mod m20261122_000001_boundary;
mod m20261122_000002_upload;
mod m20261122_000003_batch;
mod m20261122_000004_search;
mod m20261122_000005_scale;
mod m20261122_000006_roster;
mod m20261123_000001_ring;
mod m20261123_000002_identity;
mod m20261123_000003_ways_in;
mod m20261123_000004_access;
mod m20261123_000005_duties;
mod m20261123_000006_trail;
mod m20261123_000007_closed;
mod m20261124_000001_visit;
mod m20261124_000002_calendar;
mod m20261124_000003_card;
mod m20261124_000004_diary;
mod m20261125_000001_category;
mod m20261125_000002_intake;
mod m20261125_000003_attachment;
mod m20261126_000001_demand;
mod m20261126_000002_task;
mod m20261127_000001_webhook;
mod m20261127_000002_notice;

pub use sea_orm_migration::{MigrationStatus, MigratorTrait};

/// All steps, oldest first.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_log::Migration),
            Box::new(m20261121_000002_place::Migration),
            Box::new(m20261121_000003_people::Migration),
            Box::new(m20261121_000004_identity::Migration),
            Box::new(m20261121_000005_served::Migration),
            Box::new(m20261121_000006_contact::Migration),
            Box::new(m20261122_000001_boundary::Migration),
            Box::new(m20261122_000002_upload::Migration),
            Box::new(m20261122_000003_batch::Migration),
            Box::new(m20261122_000004_search::Migration),
            Box::new(m20261122_000005_scale::Migration),
            Box::new(m20261122_000006_roster::Migration),
            Box::new(m20261123_000001_ring::Migration),
            Box::new(m20261123_000002_identity::Migration),
            Box::new(m20261123_000003_ways_in::Migration),
            Box::new(m20261123_000004_access::Migration),
            Box::new(m20261123_000005_duties::Migration),
            Box::new(m20261123_000006_trail::Migration),
            Box::new(m20261123_000007_closed::Migration),
            Box::new(m20261124_000001_visit::Migration),
            Box::new(m20261124_000002_calendar::Migration),
            Box::new(m20261124_000003_card::Migration),
            Box::new(m20261124_000004_diary::Migration),
            Box::new(m20261125_000001_category::Migration),
            Box::new(m20261125_000002_intake::Migration),
            Box::new(m20261125_000003_attachment::Migration),
            Box::new(m20261126_000001_demand::Migration),
            Box::new(m20261126_000002_task::Migration),
            Box::new(m20261127_000001_webhook::Migration),
            Box::new(m20261127_000002_notice::Migration),
        ]
    }
}
