//! The rules of the national standards: published examples, and what must be caught.

use entity::kind::RegionKind;
use lianhu::kernel::standards::{
    Fault, check_credit_code, check_identity_number, check_phone, check_region_code, credit_check_character,
    identity_check_digit, mask_identity, mask_phone, organisation_check_character, parent_region_code, tidy,
};

const CITIZEN: &str = "11010519491231002X";

const ENTERPRISES: [&str; 4] =
    ["91350100M000100Y43", "91310000775785552L", "914403001922038216", "91110000802100433B"];

#[test]
fn the_published_citizen_number_is_read() {
    let citizen = check_identity_number(CITIZEN).unwrap();
    assert_eq!(citizen.birth.to_string(), "1949-12-31");
    assert!(!citizen.male);
    assert_eq!(check_identity_number(" 11010519491231002x "), Ok(citizen));
    assert_eq!(tidy(" 11010519491231002x "), CITIZEN);
}

#[test]
fn an_odd_sequence_number_is_a_man() {
    let body = "99010120000229001";
    let number = format!("{body}{}", identity_check_digit(body));
    let citizen = check_identity_number(&number).unwrap();
    assert!(citizen.male);
    assert_eq!(citizen.birth.to_string(), "2000-02-29");
}

#[test]
fn the_region_of_a_citizen_number_is_never_rejected() {
    for region in ["000000", "990101", "110104"] {
        let body = format!("{region}19491231002");
        assert!(check_identity_number(&format!("{body}{}", identity_check_digit(&body))).is_ok(), "{region}");
    }
}

#[test]
fn every_wrong_character_of_a_citizen_number_is_caught() {
    for place in 0..CITIZEN.len() {
        for other in "0123456789X".chars() {
            let corrupt = replaced(CITIZEN, place, other);
            assert_eq!(check_identity_number(&corrupt).is_ok(), corrupt == CITIZEN, "{corrupt}");
        }
    }
}

#[test]
fn every_swap_of_neighbours_in_a_citizen_number_is_caught() {
    for place in 0..CITIZEN.len() - 1 {
        let mut swapped: Vec<char> = CITIZEN.chars().collect();
        swapped.swap(place, place + 1);
        let swapped: String = swapped.into_iter().collect();
        assert_eq!(check_identity_number(&swapped).is_ok(), swapped == CITIZEN, "{swapped}");
    }
}

#[test]
fn what_is_wrong_with_a_citizen_number_is_told_precisely() {
    let fault = |text| check_identity_number(text).unwrap_err();
    assert_eq!(fault(""), Fault::Empty);
    assert_eq!(fault("  "), Fault::Empty);
    assert_eq!(fault("1101051949123100"), Fault::Length { wanted: &[18], found: 16 });
    assert_eq!(fault("11010519491231002XX"), Fault::Length { wanted: &[18], found: 19 });
    assert_eq!(fault("1101051949123100四X"), Fault::Character { position: 17, found: '四' });
    assert_eq!(fault("X1010519491231002X"), Fault::Character { position: 1, found: 'X' });
    assert_eq!(fault("11010519490230002X"), Fault::Date { found: "19490230".to_owned() });
    assert_eq!(fault("11010519001332002X"), Fault::Date { found: "19001332".to_owned() });
    assert_eq!(fault("110105194912310021"), Fault::CheckDigit { wanted: 'X', found: '1' });
    assert_eq!(fault("110105194912310021").zh(), "校验码应为“X”，现为“1”。");
    assert_eq!(fault("110105194912310021").en(), "The check character should be X and is 1.");
    assert_eq!(fault("1101051949123100").zh(), "应为18位，现为16位。");
}

#[test]
fn the_published_credit_codes_hold() {
    for code in ENTERPRISES {
        assert!(check_credit_code(code).unwrap().organisation_holds, "{code}");
        assert!(check_credit_code(&format!(" {} ", code.to_lowercase())).is_ok(), "{code}");
    }
}

#[test]
fn every_wrong_character_of_a_credit_code_is_caught() {
    for code in ENTERPRISES {
        for place in 0..code.len() {
            for other in ('0'..='9').chain('A'..='Z') {
                let corrupt = replaced(code, place, other);
                assert_eq!(check_credit_code(&corrupt).is_ok(), corrupt == code, "{corrupt}");
            }
        }
    }
}

#[test]
fn an_organisation_code_that_fails_is_worth_a_warning_alone() {
    let body = "91990101MA0000001";
    assert_ne!(organisation_check_character(&body[8..16]), '1');
    let code = format!("{body}{}", credit_check_character(body));
    assert!(!check_credit_code(&code).unwrap().organisation_holds);
}

#[test]
fn what_is_wrong_with_a_credit_code_is_told_precisely() {
    let fault = |text| check_credit_code(text).unwrap_err();
    assert_eq!(fault(""), Fault::Empty);
    assert_eq!(fault("530321600012345"), Fault::Length { wanted: &[18], found: 15 });
    assert_eq!(fault("9I350100M000100Y43"), Fault::Character { position: 2, found: 'I' });
    assert_eq!(fault("91A50100M000100Y43"), Fault::Character { position: 3, found: 'A' });
    assert_eq!(fault("91350100M000100Y44"), Fault::CheckDigit { wanted: '3', found: '4' });
}

#[test]
fn mobile_and_landline_numbers_are_told_apart() {
    for (text, digits, mobile) in [
        ("13800005678", "13800005678", true),
        ("199 0000 5678", "19900005678", true),
        ("+86 138-0000-5678", "13800005678", true),
        ("0874-8881234", "08748881234", false),
        ("0755-28881234", "075528881234", false),
        ("010 88881234", "01088881234", false),
        ("+86 10 88881234", "01088881234", false),
        ("+86 874 8881234", "08748881234", false),
    ] {
        let phone = check_phone(text).unwrap();
        assert_eq!((phone.digits.as_str(), phone.mobile), (digits, mobile), "{text}");
    }
}

#[test]
fn what_is_no_number_of_the_mainland_is_refused() {
    assert_eq!(check_phone(" "), Err(Fault::Empty));
    assert_eq!(check_phone("1380000567a"), Err(Fault::Character { position: 11, found: 'a' }));
    for text in [
        "12800005678",
        "1380000567",
        "138000056789",
        "8881234",
        "010-8881234",
        "0874-888123",
        "0074-8881234",
        "0874-1881234",
        "-",
        "+86",
        "0",
        "00",
    ] {
        assert_eq!(check_phone(text), Err(Fault::Phone), "{text}");
    }
}

#[test]
fn masks_show_little() {
    assert_eq!(mask_phone("13812345678"), "138****5678");
    assert_eq!(mask_phone("08748881234"), "0874****234");
    assert_eq!(mask_phone("01088881234"), "010****1234");
    assert_eq!(mask_phone("110"), "****");
    assert_eq!(mask_identity(CITIZEN), "1****************X");
    assert_eq!(mask_identity(""), "");
}

#[test]
fn a_region_code_has_the_length_of_its_kind() {
    let code = "530304101200001";
    for kind in RegionKind::all() {
        let right = match kind {
            RegionKind::Province => 2,
            RegionKind::City => 4,
            RegionKind::County => 6,
            RegionKind::Township => 9,
            RegionKind::Village => 12,
            RegionKind::Group | RegionKind::Grid => 15,
        };
        for length in 1..=code.len() {
            assert_eq!(
                check_region_code(kind, &code[..length]).is_ok(),
                length == right,
                "{kind:?} {length}"
            );
        }
        assert_eq!(check_region_code(kind, ""), Err(Fault::Empty));
    }
}

#[test]
fn parts_of_a_region_code_keep_their_range() {
    let part = |found: &str, most| Err(Fault::Part { found: found.to_owned(), least: 1, most });
    assert_eq!(check_region_code(RegionKind::Township, "530304000"), part("000", 599));
    assert_eq!(check_region_code(RegionKind::Township, "530304600"), part("600", 599));
    assert_eq!(check_region_code(RegionKind::Township, "530304001"), Ok(()));
    assert_eq!(check_region_code(RegionKind::Township, "530304599"), Ok(()));
    assert_eq!(check_region_code(RegionKind::County, "441900"), part("00", 99));
    assert_eq!(check_region_code(RegionKind::County, "441900").unwrap_err().zh(), "“00”应在01至99之间。");
    assert_eq!(check_region_code(RegionKind::Village, "530304101000"), part("000", 999));
    assert_eq!(
        check_region_code(RegionKind::Township, "53030410a"),
        Err(Fault::Character { position: 9, found: 'a' })
    );
}

#[test]
fn a_region_lies_under_the_prefix_of_its_code() {
    for (kind, code, above) in [
        (RegionKind::Province, "53", None),
        (RegionKind::City, "5303", Some("53")),
        (RegionKind::County, "530304", Some("5303")),
        (RegionKind::Township, "530304101", Some("530304")),
        (RegionKind::Township, "441900003", Some("4419")),
        (RegionKind::Village, "530304101200", Some("530304101")),
        (RegionKind::Group, "530304101200002", Some("530304101200")),
        (RegionKind::Grid, "530304101200901", Some("530304101200")),
    ] {
        assert_eq!(parent_region_code(kind, code), above, "{code}");
    }
}

fn replaced(text: &str, place: usize, by: char) -> String {
    text.chars().enumerate().map(|(at, found)| if at == place { by } else { found }).collect()
}
