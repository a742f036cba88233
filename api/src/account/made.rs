//! An account as it is made: by an administrator, from the roster of cadres, or from the command line. All begin here.

use super::object::tidy;
use crate::kernel::{
    error::{Error, Result},
    place::Place,
};
use aws_lc_rs::rand;
use entity::{
    account,
    id::{AccountId, CadreId, RegionId},
    kind::AccountStatus,
    scalar::DateTime,
};
use uuid::Uuid;

/// Letters and digits that nobody takes for another.
const READABLE: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// Length of a first password: 59 bits of this alphabet.
const LENGTH: usize = 12;

/// An account to be made.
pub(super) struct New {
    /// Minted by the client, or not.
    pub(super) id: Option<AccountId>,
    /// Login name.
    pub(super) name: String,
    /// The hash of its first password.
    pub(super) password_hash: String,
    /// Whose login it is.
    pub(super) cadre_id: Option<CadreId>,
    /// The region that administers it, and where that is; none for the platform.
    pub(super) region: Option<(RegionId, Place)>,
}

impl New {
    /// The row of it.
    pub(super) fn row(self, now: DateTime) -> account::Model {
        let place = self.region.map(|(_, place)| place).unwrap_or_default();
        account::Model {
            id: self.id.unwrap_or_else(|| AccountId(Uuid::now_v7())),
            name: tidy(&self.name),
            password_hash: self.password_hash,
            password_due: true,
            cadre_id: self.cadre_id,
            region_id: self.region.map(|(id, _)| id),
            county_id: place.county_id,
            township_id: place.township_id,
            village_id: place.village_id,
            status: AccountStatus::Active,
            rights_version: 1,
            created_at: now,
            version: 1,
        }
    }
}

/// A random first password that can be read out and typed in.
pub(super) fn first_password() -> Result<String> {
    let mut password = String::with_capacity(LENGTH);
    let least_unfair = u8::MAX - u8::MAX % u8::try_from(READABLE.len()).unwrap_or(u8::MAX);
    while password.len() < LENGTH {
        let mut bytes = [0; 2 * LENGTH];
        rand::fill(&mut bytes).map_err(|_| Error::internal("no randomness"))?;
        let fair = bytes.into_iter().filter(|byte| *byte < least_unfair);
        let letters = fair.map(|byte| char::from(READABLE[usize::from(byte) % READABLE.len()]));
        password.extend(letters.take(LENGTH - password.len()));
    }
    Ok(password)
}
