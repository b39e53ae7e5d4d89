//! Resident numbers, plates and masks, against the standards' examples and made-up people.

use custos_protocol::lookup::{
    mask::{self, Personal, Shown},
    plate::{Plate, PlateError},
    query::{Registry, Subject},
    resident::{ResidentId, ResidentIdError},
};
use proptest::prelude::*;

fn rows(table: &'static str) -> impl Iterator<Item = [&'static str; 3]> {
    table.lines().skip(1).map(|line| {
        let mut fields = line.splitn(3, '\t');
        [0; 3].map(|_| fields.next().unwrap_or_default())
    })
}

/// Of area 999999 or born in 2099, so that they are nobody's.
#[test]
fn resident_numbers() {
    let mut seen = 0;
    for [typed, expected, why] in rows(include_str!("data/resident-ids.tsv")) {
        let id = typed.parse::<ResidentId>();
        let right = match expected {
            "valid" | "valid-checksum" => id.as_ref().is_ok_and(|id| id.as_str() == typed),
            "normalise" | "legacy-15" => id.is_ok(),
            "invalid-date" => id == Err(ResidentIdError::Date),
            "invalid" => id.is_err(),
            other => panic!("{other}"),
        };
        assert!(right, "{typed} {expected} {why}: {id:?}");
        seen += 1;
    }
    assert!(seen > 50);
    let id: ResidentId = "11010519491231002X".parse().unwrap();
    assert_eq!((id.area(), id.born()), ("110105", (1949, 12, 31)));
    assert!(!id.is_male());
    assert_eq!(id.masked(), "110105********002X");
    assert_eq!(format!("{id:?}"), "ResidentId(110105********002X)");
    // The form of before 1999 becomes the one of the same person since.
    let old: ResidentId = "110105491231002".parse().unwrap();
    assert_eq!(old, id);
}

/// What the check character is for (ISO 7064): any one digit wrong, any two neighbours swapped.
#[test]
fn a_slip_of_the_finger_is_found() {
    let right = b"99999920990101123X";
    let parse = |id: &[u8]| std::str::from_utf8(id).unwrap().parse::<ResidentId>();
    let right: Vec<u8> = match parse(right) {
        Ok(id) => id.as_str().bytes().collect(),
        // The last character is ours to compute.
        Err(_) => (b'0'..=b'9')
            .chain([b'X'])
            .map(|last| [&right[..17], &[last]].concat())
            .find(|id| parse(id).is_ok())
            .unwrap(),
    };
    for at in 0..17 {
        for digit in b'0'..=b'9' {
            let mut wrong = right.clone();
            wrong[at] = digit;
            assert_eq!(parse(&wrong).is_ok(), wrong == right, "{wrong:?}");
        }
        let mut swapped = right.clone();
        swapped.swap(at, at + 1);
        assert_eq!(parse(&swapped).is_ok(), swapped == right, "{swapped:?}");
    }
}

#[test]
fn plates() {
    let mut seen = 0;
    for [typed, expected, why] in rows(include_str!("data/plates.tsv")) {
        let plate = typed.parse::<Plate>();
        let right = match expected {
            "invalid" => plate.is_err(),
            "normalise" => plate
                .as_ref()
                .is_ok_and(|p| p.as_str().chars().count() == 7),
            // Whether such plates are issued could not be found out: not taken until it is.
            "open" => plate.is_err(),
            kind => plate
                .as_ref()
                .is_ok_and(|p| p.kind().as_str() == kind && p.as_str() == typed),
        };
        assert!(right, "{typed} {expected} {why}: {plate:?}");
        seen += 1;
    }
    assert!(seen > 20);
    let parse = |typed: &str| typed.parse::<Plate>();
    assert_eq!(parse("京a·1２345").unwrap().as_str(), "京A12345");
    assert_eq!(parse("A12345"), Err(PlateError::Province));
    assert_eq!(parse("京I12345"), Err(PlateError::Office));
    assert_eq!(parse("京A1O345"), Err(PlateError::Sequence));
    // Only Guangdong's Z goes abroad.
    assert_eq!(parse("京A1234港"), Err(PlateError::Sequence));
    assert_eq!(
        format!("{:?}", parse("京A12345").unwrap()),
        "Plate(京A***45, ordinary)"
    );
}

#[test]
fn masks_leave_too_little_to_find_somebody_by() {
    let masked = |what, value| mask::show(Shown::Masked, what, value);
    let some = |text: &str| Some(text.to_owned());
    for (what, value, left) in [
        (Personal::Number, "110101209901011234", "110101********1234"),
        (Personal::Number, "E12345678", "E1*****78"),
        (Personal::Name, "张三", "张*"),
        (Personal::Name, "欧阳明月", "欧阳**"),
        (Personal::Name, "欧阳", "欧*"),
        (Personal::Name, "张", "*"),
        (Personal::Phone, "13812341234", "138****1234"),
        (Personal::Phone, "110", "***"),
        (Personal::Address, "北京市朝阳区某街1号", "北京市朝阳区****"),
        (Personal::Address, "某市某街1号", "某市****"),
        (Personal::Address, "某街1号", "****"),
        (Personal::Plate, "京A12345", "京A***45"),
    ] {
        assert_eq!(masked(what, value), some(left), "{value}");
    }
    assert_eq!(masked(Personal::Other, "尿检阳性"), None);
    assert_eq!(mask::show(Shown::Hidden, Personal::Name, "张三"), None);
    assert_eq!(
        mask::show(Shown::Full, Personal::Name, "张三"),
        some("张三")
    );
}

proptest! {
    #[test]
    fn any_text_is_taken_or_refused(typed: String) {
        if let Ok(id) = typed.parse::<ResidentId>() {
            prop_assert_eq!(id.as_str().parse::<ResidentId>(), Ok(id.clone()));
        }
        if let Ok(plate) = typed.parse::<Plate>() {
            prop_assert_eq!(plate.as_str().parse::<Plate>(), Ok(plate.clone()));
        }
    }

    /// What a pattern was made of makes itself again, and nothing is a number and a pattern.
    #[test]
    fn any_pattern_has_one_form(typed in "[京A-C0-3a*?＊？·\\[ ]{0,12}") {
        for registry in Registry::ALL {
            let Ok(pattern) = Subject::pattern(registry, &typed) else {
                continue;
            };
            prop_assert!(pattern.is_sound_pattern() && !pattern.is_sound(), "{:?}", typed);
            prop_assert!(Subject::parse(registry, &typed).is_err());
            prop_assert!(matches!(registry, Registry::Vehicle | Registry::Case));
        }
    }

    /// However short or long: at most half of a masked value is left, beside an address's
    /// district, and its length does not change.
    #[test]
    fn half_is_the_most_that_is_left(value in "[0-9]{2,40}") {
        for what in [Personal::Number, Personal::Name, Personal::Phone, Personal::Plate] {
            let left = mask::show(Shown::Masked, what, &value).unwrap_or_default();
            prop_assert_eq!(left.chars().count(), value.chars().count());
            let seen = left.chars().filter(|c| *c != '*').count();
            prop_assert!(2 * seen <= value.len() + 3, "{}", left);
        }
    }
}
