//! What a sheet tells, laid over what is stored.

use super::{Col, read::Member};
use crate::{
    household::SealedPhone,
    kernel::{
        bulk::Change,
        sheet::{Intake, Line},
    },
};
use entity::{id::HouseholdId, member};
use uuid::Uuid;

/// A number of which a part is hidden cannot be stored.
pub(crate) fn refuse_masked(intake: &mut Intake<'_>, row: u32, column: impl Into<usize>) {
    intake.fault(
        row,
        column,
        "masked",
        "号码有几位被隐去，与已登记的不符；请填写完整号码或留空。",
        "Some of the number is hidden and it is not the one that is stored; write all of it or leave the cell blank.",
    );
}

/// Puts a value where something is told.
pub(crate) fn put<T>(to: &mut T, told: Option<T>) {
    if let Some(told) = told {
        *to = told;
    }
}

pub(crate) fn put_some<T>(to: &mut Option<T>, told: Option<T>) {
    if told.is_some() {
        *to = told;
    }
}

/// A telephone number is put where its hash differs.
pub(crate) fn put_phone(
    (sealed, masked, hash): (&mut Option<Vec<u8>>, &mut Option<String>, &mut Option<Vec<u8>>),
    phone: SealedPhone,
) {
    if phone.hash.is_some() && phone.hash != *hash {
        (*sealed, *masked, *hash) = (phone.sealed, phone.masked, phone.hash);
    }
}

/// Members who change, and those who are new. They are known again by identity number, else by name and relation, else
/// by name.
pub(super) fn family(
    intake: &mut Intake<'_>,
    lines: &[Line],
    members: Vec<Member>,
    own: &[member::Model],
) -> (Vec<Change<member::Model>>, Vec<member::Model>) {
    let mut matched: Vec<Option<usize>> = vec![None; members.len()];
    let mut free: Vec<bool> = vec![true; own.len()];
    let rules: [fn(&Member, &member::Model) -> bool; 3] = [
        |told, own| told.new.identity.hash.is_some() && told.new.identity.hash == own.identity_number_hash,
        |told, own| told.new.name == own.name && told.new.relation == own.relation,
        |told, own| told.new.name == own.name,
    ];
    for fits in rules {
        for (told, matched) in members.iter().zip(&mut matched).filter(|(_, matched)| matched.is_none()) {
            let found = own.iter().zip(&free).position(|(own, free)| *free && fits(told, own));
            if let Some(found) = found {
                free[found] = false;
                *matched = Some(found);
            }
        }
    }
    let (mut changed, mut new) = (Vec::new(), Vec::new());
    for (told, matched) in members.into_iter().zip(matched) {
        let row = lines.get(told.line).map_or(0, |line| line.row);
        match matched.and_then(|at| own.get(at)) {
            None => {
                for (masked, column) in
                    [(&told.masked_identity, Col::Identity), (&told.masked_phone, Col::Phone)]
                {
                    if masked.is_some() {
                        refuse_masked(intake, row, column);
                    }
                }
                new.push(told.new.row(HouseholdId(Uuid::nil())));
            }
            Some(before) => {
                let after = merged(intake, row, told, before);
                if after != *before {
                    changed.push(Change { before: before.clone(), after, also: &[] });
                }
            }
        }
    }
    (changed, new)
}

fn merged(intake: &mut Intake<'_>, row: u32, told: Member, before: &member::Model) -> member::Model {
    let Member { new, sex_told, masked_identity, masked_phone, .. } = told;
    let mut after = before.clone();
    if new.identity.hash.is_none() && before.identity_number_hash.is_some() {
        // Sex and date of birth came with the number that is stored.
        if sex_told && new.sex != before.sex {
            intake.fault(
                row,
                Col::Sex,
                "identity-number-sex",
                "性别与已登记的身份证号不符。",
                "The sex does not agree with the identity number that is stored.",
            );
        }
        if new.birth_date.is_some() && new.birth_date != before.birth_date {
            intake.fault(
                row,
                Col::BirthDate,
                "identity-number-birth",
                "出生日期与已登记的身份证号不符。",
                "The date of birth does not agree with the identity number that is stored.",
            );
        }
    }
    if masked_identity.is_some() && masked_identity != before.identity_number_masked {
        refuse_masked(intake, row, Col::Identity);
    }
    if masked_phone.is_some() && masked_phone != before.phone_masked {
        refuse_masked(intake, row, Col::Phone);
    }
    after.name = new.name;
    after.relation = new.relation;
    put(&mut after.sex, sex_told.then_some(new.sex));
    put_some(&mut after.birth_date, new.birth_date);
    if new.identity.hash.is_some() && new.identity.hash != before.identity_number_hash {
        after.identity_number = new.identity.sealed;
        after.identity_number_masked = new.identity.masked;
        after.identity_number_hash = new.identity.hash;
    }
    put_phone((&mut after.phone, &mut after.phone_masked, &mut after.phone_hash), new.phone);
    put_some(&mut after.employment, new.employment);
    put_some(&mut after.employment_place, new.employment_place);
    put_some(&mut after.needs, new.needs);
    after
}
