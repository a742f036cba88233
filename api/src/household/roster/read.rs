//! From rows to a household: what stands where, and what is wrong with it by itself.

use super::{Col, EMPLOYMENTS, RELATIONS, SEXES, STATUSES};
use crate::{
    household::{
        Known, Told, check_family,
        member::{HouseholdMemberInput, NewMember},
    },
    kernel::{
        error::{Error, Refusal, Result},
        refusal::Checks,
        sheet::{
            Intake, Line,
            value::{masked, plain, several},
        },
    },
    region::lookup::Words,
};
use entity::{
    id::HouseholdId,
    kind::{HouseholdStatus, Kinship},
    scalar::PhoneNumber,
    tag,
};
use std::collections::HashSet;

/// A household as a sheet has it.
pub(super) struct Draft {
    pub(super) lines: Vec<Line>,
    pub(super) village: Words,
    pub(super) id: Option<HouseholdId>,
    pub(super) known: Known,
    /// A telephone number of which only a part is shown.
    pub(super) masked_phone: Option<String>,
    pub(super) status: Option<HouseholdStatus>,
    /// Codes of its tags; none where the cell is blank.
    pub(super) tags: Option<Vec<String>>,
    pub(super) members: Vec<Member>,
    /// Whether nothing is wrong with it.
    pub(super) sound: bool,
}

/// A member as a sheet has it.
pub(super) struct Member {
    /// Index of its line.
    pub(super) line: usize,
    pub(super) new: NewMember,
    /// Whether the sex is told, by its cell or the identity number.
    pub(super) sex_told: bool,
    pub(super) masked_identity: Option<String>,
    pub(super) masked_phone: Option<String>,
}

/// Whether a line belongs to the household whose lines are open: the same number, or none and not a head.
pub(super) fn continues(open: &[Line], line: &Line) -> bool {
    let Some(first) = open.first() else { return false };
    let same = |column: Col| line.text(column).is_empty() || line.text(column) == first.text(column);
    let heads = RELATIONS.first().map_or::<&[&str], _>(&[], |(_, spellings)| spellings);
    [Col::Township, Col::Village, Col::Code, Col::Number].into_iter().all(same)
        && (!line.text(Col::Number).is_empty() || !heads.contains(&line.text(Col::Relation)))
}

/// The line on which a column of the household stands. On others it is blank or the same.
fn stands<'l>(intake: &mut Intake<'_>, lines: &'l [Line], column: Col) -> Option<&'l Line> {
    let mut standing = lines.iter().filter(|line| !line.text(column).is_empty());
    let first = standing.next()?;
    for other in standing.filter(|other| other.text(column) != first.text(column)) {
        intake.fault(
            other.row,
            column,
            "differs",
            format!("与本户第 {} 行不一致；全户的内容只写在户主一行。", first.row),
            format!(
                "Differs from row {} of the same household; write it on the head's row alone.",
                first.row
            ),
        );
    }
    Some(first)
}

/// The same, as a text.
fn text<'l>(intake: &mut Intake<'_>, lines: &'l [Line], column: Col) -> Option<&'l str> {
    let line = stands(intake, lines, column)?;
    intake.text(line, column)
}

/// A number that is whole, or only a part of one.
pub(crate) fn whole_or_masked(text: Option<&str>) -> (Option<String>, Option<String>) {
    match text.map(|text| plain(text).replace(' ', "")) {
        Some(text) if masked(&text) => (None, Some(text.to_ascii_uppercase())),
        other => (other, None),
    }
}

pub(super) fn read(
    intake: &mut Intake<'_>,
    lines: Vec<Line>,
    dictionary: &[tag::Model],
) -> Result<Option<Draft>> {
    let Some(first) = lines.first() else { return Ok(None) };
    let before = intake.faults.total();
    let cell = |column: Col| plain(first.text(column));
    let village = Words { name: cell(Col::Village), code: cell(Col::Code), township: cell(Col::Township) };
    if village.code.is_empty() {
        intake.required(first, Col::Village);
    }
    let number = intake.required(first, Col::Number).unwrap_or_default();
    let id_line = stands(intake, &lines, Col::Id);
    let id = id_line.and_then(|line| intake.id(line, Col::Id, HouseholdId::PREFIX)).map(HouseholdId);
    let (phone, masked_phone) = whole_or_masked(text(intake, &lines, Col::HousePhone));
    let phone = phone.map(PhoneNumber);
    let income_line = stands(intake, &lines, Col::Income);
    let yearly_income = income_line.and_then(|line| intake.yuan(line, Col::Income));
    let status_line = stands(intake, &lines, Col::Status);
    let status = status_line.and_then(|line| intake.word(line, Col::Status, STATUSES));
    for column in [Col::Group, Col::Grid] {
        stands(intake, &lines, column);
    }
    let told = Told {
        number,
        address: text(intake, &lines, Col::Address),
        phone: phone.as_ref(),
        housing: text(intake, &lines, Col::Housing),
        yearly_income,
        income_source: text(intake, &lines, Col::IncomeSource),
    };
    let mut checks = Checks::default();
    let known = Known::check(intake.vault, &mut checks, &told)?;
    for refusal in refusals(checks)? {
        let column = match refusal.path.last().map(String::as_str) {
            // Told already.
            Some("number") if number.is_empty() => continue,
            Some("number") => Col::Number,
            Some("address") => Col::Address,
            Some("phone") => Col::HousePhone,
            Some("housing") => Col::Housing,
            Some("yearlyIncome") => Col::Income,
            _ => Col::IncomeSource,
        };
        let line = lines.iter().find(|line| !line.text(column).is_empty()).unwrap_or(first);
        intake.refused(line, refusal, Some(column.into()));
    }
    let tags = tags(intake, &lines, dictionary);
    let mut members = Vec::with_capacity(lines.len());
    for (at, line) in lines.iter().enumerate() {
        if let Some(member) = member(intake, at, line)? {
            members.push(member);
        }
    }
    together(intake, &lines, &members)?;
    let sound = intake.faults.total() == before;
    Ok(Some(Draft { lines, village, id, known, masked_phone, status, tags, members, sound }))
}

/// What the checks of the room refused.
pub(crate) fn refusals(checks: Checks) -> Result<Vec<Refusal>> {
    match checks.done() {
        Ok(()) => Ok(Vec::new()),
        Err(Error::Refused(refusals)) => Ok(refusals),
        Err(error) => Err(error),
    }
}

fn tags(intake: &mut Intake<'_>, lines: &[Line], dictionary: &[tag::Model]) -> Option<Vec<String>> {
    let line = stands(intake, lines, Col::Tags)?;
    let text = intake.text(line, Col::Tags)?;
    let mut codes = Vec::new();
    let mut unknown = false;
    for word in several(text) {
        let known = dictionary.iter().find(|tag| tag.label_zh == word || tag.code.eq_ignore_ascii_case(word));
        match known {
            Some(tag) => codes.push(tag.code.clone()),
            None => unknown = true,
        }
    }
    if unknown {
        let labels: Vec<&str> = dictionary.iter().map(|tag| tag.label_zh.as_str()).collect();
        intake.fault(
            line.row,
            Col::Tags,
            "tags",
            format!("有不认识的标签；应为：{}，用顿号隔开。", labels.join("、")),
            format!("A tag is not known; they are {}, parted by 、.", labels.join(", ")),
        );
    }
    codes.sort_unstable();
    codes.dedup();
    Some(codes)
}

fn member(intake: &mut Intake<'_>, at: usize, line: &Line) -> Result<Option<Member>> {
    let before = intake.faults.total();
    let name = intake.text(line, Col::Name);
    let flawed = intake.faults.total() > before;
    let relation = if line.text(Col::Relation).is_empty() && name == Some(line.text(Col::HeadName)) {
        Some(Kinship::Head)
    } else if intake.required(line, Col::Relation).is_some() {
        intake.word(line, Col::Relation, RELATIONS)
    } else {
        None
    };
    let sex = intake.word(line, Col::Sex, SEXES);
    let birth_date = intake.date(line, Col::BirthDate);
    let (identity_number, masked_identity) = whole_or_masked(intake.text(line, Col::Identity));
    let (phone, masked_phone) = whole_or_masked(intake.text(line, Col::Phone));
    let sex_told = sex.is_some() || identity_number.is_some();
    let input = HouseholdMemberInput {
        id: None,
        name: name.unwrap_or_default().to_owned(),
        relation: relation.unwrap_or(Kinship::Other),
        sex,
        birth_date,
        identity_number,
        phone: phone.map(PhoneNumber),
        employment: intake.word(line, Col::Employment, EMPLOYMENTS),
        employment_place: intake.text(line, Col::Workplace).map(str::to_owned),
        needs: intake.text(line, Col::Needs).map(str::to_owned),
    };
    let mut checks = Checks::default();
    let new = NewMember::check(intake.vault, intake.today, &mut checks, "", input)?;
    for refusal in refusals(checks)? {
        let column = match refusal.path.last().map(String::as_str) {
            Some("name") if flawed => continue,
            Some("name") => Col::Name,
            Some("identityNumber") => Col::Identity,
            Some("sex") => Col::Sex,
            Some("birthDate") => Col::BirthDate,
            Some("phone") => Col::Phone,
            Some("employmentPlace") => Col::Workplace,
            _ => Col::Needs,
        };
        intake.refused(line, refusal, Some(column.into()));
    }
    // Whose relation is not known is counted neither as head nor as another.
    Ok(relation.map(|_| Member { line: at, new, sex_told, masked_identity, masked_phone }))
}

/// The rules over all members.
fn together(intake: &mut Intake<'_>, lines: &[Line], members: &[Member]) -> Result<()> {
    let heads: Vec<&Member> = members.iter().filter(|member| member.new.relation == Kinship::Head).collect();
    let relations: Vec<Kinship> = members.iter().map(|member| member.new.relation).collect();
    let mut checks = Checks::default();
    check_family(&mut checks, &relations);
    for refusal in refusals(checks)? {
        let many = refusal.path.last().is_some() && relations.len() > super::super::member::MOST_MEMBERS;
        // A relation that could not be read may have been the head's.
        if heads.is_empty() && members.len() < lines.len() {
            continue;
        }
        let line = match heads.get(1) {
            Some(second) => lines.get(second.line),
            None if many => lines.last(),
            None => lines.first(),
        };
        if let Some(line) = line {
            intake.refused(line, refusal, Some(Col::Relation.into()));
        }
    }
    if let [head] = heads.as_slice() {
        for line in lines.iter().filter(|line| !line.text(Col::HeadName).is_empty()) {
            if line.text(Col::HeadName) != head.new.name {
                intake.fault(
                    line.row,
                    Col::HeadName,
                    "head-name",
                    "与本户“户主”一行的姓名不符。",
                    "Differs from the name on the row of the head.",
                );
            }
        }
    }
    let mut numbers = HashSet::new();
    for member in members {
        if let Some(hash) = &member.new.identity.hash
            && !numbers.insert(hash)
            && let Some(line) = lines.get(member.line)
        {
            intake.fault(
                line.row,
                Col::Identity,
                "identity-twice",
                "本户另一人已填写这个身份证号。",
                "Another member of the household has this identity number.",
            );
        }
    }
    Ok(())
}
