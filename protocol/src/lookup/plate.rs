//! Number plates (GA 36): the province, the issuing office's letter, and a sequence whose form
//! says what kind of plate it is.
//!
//! Only forms that are known for certain are taken. What else is on the road, such as plates of the
//! armed forces and of embassies, is in no registry that is asked here.

use std::{fmt, str::FromStr};

use super::plain;

/// What a plate's form says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlateKind {
    Ordinary,
    /// Eight characters, with D or F after the office's letter.
    NewEnergySmall,
    /// Eight characters, with D or F at the end.
    NewEnergyLarge,
    Police,
    Learner,
    Trailer,
    Consulate,
    /// From Hong Kong, allowed on the mainland.
    HongKong,
    /// From Macao.
    Macao,
    /// Fire and rescue, since 2018.
    Emergency,
}

impl PlateKind {
    /// A stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::NewEnergySmall => "new-energy-small",
            Self::NewEnergyLarge => "new-energy-large",
            Self::Police => "police",
            Self::Learner => "learner",
            Self::Trailer => "trailer",
            Self::Consulate => "consulate",
            Self::HongKong => "hk",
            Self::Macao => "macao",
            Self::Emergency => "emergency",
        }
    }
}

/// A plate in the form in which it is asked for: no separators, upper case.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Plate {
    text: String,
    kind: PlateKind,
}

/// Why a text is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PlateError {
    #[error("a plate begins with the one character of its province")]
    Province,
    #[error("the letter after the province is none of an issuing office")]
    Office,
    #[error("the rest of the plate has no form that there is; I and O are never in it")]
    Sequence,
}

impl PlateError {
    /// A stable word.
    pub fn code(self) -> &'static str {
        match self {
            Self::Province => "plate-province",
            Self::Office => "plate-office",
            Self::Sequence => "plate-sequence",
        }
    }
}

/// Of the 31 on the mainland.
const PROVINCES: &str = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新";

/// The last character, of plates that end with one.
const ENDINGS: [(char, PlateKind); 6] = [
    ('警', PlateKind::Police),
    ('学', PlateKind::Learner),
    ('挂', PlateKind::Trailer),
    ('领', PlateKind::Consulate),
    ('港', PlateKind::HongKong),
    ('澳', PlateKind::Macao),
];

impl Plate {
    /// Such as `京A12345`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn kind(&self) -> PlateKind {
        self.kind
    }
}

impl FromStr for Plate {
    type Err = PlateError;

    /// Takes full-width characters, lower case, and a dot, hyphen or blanks between.
    fn from_str(typed: &str) -> Result<Self, Self::Err> {
        if typed.len() > 256 {
            return Err(PlateError::Sequence);
        }
        let text = plain(typed);
        let mut rest = text.chars();
        let province = rest.next().filter(|c| PROVINCES.contains(*c));
        let province = province.ok_or(PlateError::Province)?;
        let office = rest.next().filter(|c| is_letter(*c));
        let office = office.ok_or(PlateError::Office)?;
        let sequence: Vec<char> = rest.collect();
        let kind = kind(province, office, &sequence).ok_or(PlateError::Sequence)?;
        Ok(Self { text, kind })
    }
}

/// Somebody's: what is logged or shown by accident has its middle left out.
impl fmt::Debug for Plate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Plate({}, {})",
            super::mask::plate(&self.text),
            self.kind.as_str()
        )
    }
}

fn kind(province: char, office: char, sequence: &[char]) -> Option<PlateKind> {
    let energy = |c: char| matches!(c, 'D' | 'F');
    match sequence {
        [number @ .., '应', '急'] => (number.len() == 4
            && number.iter().all(char::is_ascii_digit))
        .then_some(PlateKind::Emergency),
        [number @ .., last] if number.len() == 4 && !last.is_ascii() => {
            let (_, kind) = ENDINGS.into_iter().find(|(ending, _)| ending == last)?;
            let abroad = matches!(kind, PlateKind::HongKong | PlateKind::Macao);
            // Both have Guangdong's Z, and nobody else has.
            let placed = !abroad || (province, office) == ('粤', 'Z');
            (placed && is_sequence(number)).then_some(kind)
        }
        all if all.len() == 5 => is_sequence(all).then_some(PlateKind::Ordinary),
        [first, second, digits @ ..]
            if energy(*first) && digits.len() == 4 && digits.iter().all(char::is_ascii_digit) =>
        {
            is_sequence(&[*second]).then_some(PlateKind::NewEnergySmall)
        }
        [digits @ .., last] if digits.len() == 5 && energy(*last) => digits
            .iter()
            .all(char::is_ascii_digit)
            .then_some(PlateKind::NewEnergyLarge),
        _ => None,
    }
}

/// Whether any plate can have it.
pub(super) fn is_character(c: char) -> bool {
    let ending = ENDINGS.iter().any(|(ending, _)| *ending == c) || matches!(c, '应' | '急');
    c.is_ascii_digit() || is_letter(c) || ending || PROVINCES.contains(c)
}

fn is_letter(c: char) -> bool {
    c.is_ascii_uppercase() && !matches!(c, 'I' | 'O')
}

fn is_sequence(characters: &[char]) -> bool {
    characters
        .iter()
        .all(|c| c.is_ascii_digit() || is_letter(*c))
}
