//! The kinds of rosters, in the order in which they depend on each other.

use super::{Known, Watch, take};
use crate::{
    branch::roster::{self as branches, Branches},
    cadre::roster::{self as cadres, Cadres},
    contact::roster::{self as assignments, Assignments},
    enterprise::roster::{self as enterprises, Enterprises},
    household::roster::{self as households, Households},
    kernel::{
        error::Result,
        sheet::{Book, Form, Heading, Intake, Roster, Row, write::Writer},
    },
};
use entity::region;
use sea_orm::ConnectionTrait;
use serde::Serialize;

/// The kinds, each with its room: what it is called, and what it does.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal, $record:expr, $roster:ty, $field:ident, $export:path;)*) => {
        /// A kind of roster (名册种类), those that others depend on first.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "lowercase")]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            /// Its name on the command line.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// What its sheets look like.
            #[must_use]
            pub fn form(self) -> Form {
                match self { $(Self::$kind => <$roster as Roster>::FORM,)* }
            }

            /// The name by which records that depend on it know it.
            pub(super) fn record(self) -> &'static str {
                match self { $(Self::$kind => $record,)* }
            }

            /// Writes the records of a region.
            pub(super) async fn export(
                self,
                db: &impl ConnectionTrait,
                region: &region::Model,
                writer: &mut Writer,
                done: &(dyn Fn(u64) + Sync),
            ) -> Result<u64> {
                match self { $(Self::$kind => $export(db, region, writer, done).await,)* }
            }
        }

        /// What each kind keeps from one sheet to the next of the same import.
        #[derive(Default)]
        pub(super) struct Roles {
            $($field: $roster,)*
        }

        impl Roles {
            /// Takes in one sheet.
            pub(super) async fn take(
                &mut self,
                book: &Book,
                known: &Known,
                intake: &mut Intake<'_>,
                watch: Watch<'_>,
            ) -> Result<u64> {
                match known.kind { $(Kind::$kind => take(&mut self.$field, book, known, intake, watch).await,)* }
            }

            /// What follows from the sheets, done once before they are stored.
            pub(super) async fn finish(&mut self, intake: &mut Intake<'_>) -> Result<()> {
                $(self.$field.finish(intake).await?;)*
                Ok(())
            }
        }
    };
}

kinds! {
    /// Party organisations (党组织).
    Branches = "branches", branches::KIND, Branches, branches, branches::export;
    /// Cadres with their party memberships (干部).
    Cadres = "cadres", cadres::KIND, Cadres, cadres, cadres::export;
    /// Households with their members (户).
    Households = "households", households::KIND, Households, households, households::export;
    /// Enterprises (企业).
    Enterprises = "enterprises", enterprises::KIND, Enterprises, enterprises, enterprises::export;
    /// Contact assignments (包联).
    Assignments = "assignments", assignments::KIND, Assignments, assignments, assignments::export;
}

impl Kind {
    /// Fields of the personal class that its sheets show, as coordinates of the schema.
    pub(super) fn personal(self) -> &'static [&'static str] {
        match self {
            Self::Branches | Self::Assignments => &[],
            Self::Cadres => &["Cadre.sex"],
            Self::Households => &[
                "Household.headName",
                "Household.address",
                "Household.phoneMasked",
                "Household.housing",
                "HouseholdMember.name",
                "HouseholdMember.relation",
                "HouseholdMember.sex",
                "HouseholdMember.birthDate",
                "HouseholdMember.phoneMasked",
                "HouseholdMember.employment",
                "HouseholdMember.employmentPlace",
                "HouseholdMember.needs",
            ],
            Self::Enterprises => {
                &["Enterprise.legalRepresentative", "Enterprise.contactPerson", "Enterprise.phoneMasked"]
            }
        }
    }

    /// The kind of a sheet: by its name, else by its headings, of which all required ones must be there.
    pub(super) fn of(sheet: &str, head: &[Row]) -> Option<(Self, Heading)> {
        let all = Self::ALL.iter().copied();
        let named = all.clone().find(|kind| kind.form().named(sheet));
        if let Some(heading) = named.and_then(|kind| kind.form().heading(head)) {
            return named.map(|kind| (kind, heading));
        }
        all.filter_map(|kind| Some((kind, kind.form().heading(head)?)))
            .filter(|(_, heading)| heading.missing.is_empty())
            .max_by_key(|(_, heading)| heading.known)
    }
}

impl std::str::FromStr for Kind {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Self, String> {
        let found = Self::ALL.iter().copied().find(|kind| kind.name() == name || kind.form().named(name));
        found.ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|kind| kind.name()).collect();
            format!("{}: {}", name, names.join(", "))
        })
    }
}
