//! A part of a plate or of a case's number, with `*` for any characters and `?` for one. Asked for by
//! a grant for that alone, and never about persons: who half a resident number fits was not meant.

use super::{
    plate,
    query::{MAX_TEXT, Registry, Subject, SubjectError},
};

/// Fewest characters of a pattern that are none of its wildcards.
pub const MIN_LITERALS: usize = 4;
/// Most `*` in a pattern.
const MAX_STARS: usize = 2;
/// Longest pattern of a plate, in characters.
const MAX_PLATE: usize = 10;

const WILDCARDS: [char; 2] = ['*', '?'];

impl Subject {
    /// Whether somebody means a pattern, rightly or wrongly.
    pub fn means_pattern(typed: &str) -> bool {
        typed.contains(['*', '?', '＊', '？'])
    }

    /// Reads a pattern in the one form in which it is asked for; its key has a wildcard.
    ///
    /// # Errors
    /// [`SubjectError::Wildcard`]: another registry than vehicles and cases, fewer than
    /// [`MIN_LITERALS`], more than two `*`, or what no number has.
    pub fn pattern(registry: Registry, typed: &str) -> Result<Self, SubjectError> {
        if typed.len() > 4 * MAX_TEXT || typed.contains(['%', ',', ';', '，', '；', '％']) {
            return Err(SubjectError::Wildcard);
        }
        let key = in_one_form(&super::plain(typed));
        let literals: Vec<char> = key.chars().filter(|c| !WILDCARDS.contains(c)).collect();
        let length = key.chars().count();
        let fits = match registry {
            Registry::Vehicle => {
                length <= MAX_PLATE && literals.iter().all(|c| plate::is_character(*c))
            }
            Registry::Case => length <= MAX_TEXT,
            Registry::Person | Registry::Device => false,
        };
        let stars = key.matches('*').count();
        if !fits || !key.contains(WILDCARDS) || literals.len() < MIN_LITERALS || stars > MAX_STARS {
            return Err(SubjectError::Wildcard);
        }
        Ok(Self { registry, key })
    }

    pub fn is_pattern(&self) -> bool {
        self.key.contains(WILDCARDS)
    }

    /// Whether it still is what [`Subject::pattern`] makes.
    pub fn is_sound_pattern(&self) -> bool {
        Self::pattern(self.registry, &self.key).is_ok_and(|subject| subject == *self)
    }

    /// The characters between wildcards.
    pub(super) fn literal_runs(&self) -> impl Iterator<Item = &str> {
        self.key.split(WILDCARDS).filter(|run| !run.is_empty())
    }
}

/// Of wildcards in a row, first each `?`, then one `*` if there is any: what means the same is the
/// same.
fn in_one_form(plain: &str) -> String {
    let mut key = String::with_capacity(plain.len());
    let mut star = false;
    for c in plain.chars() {
        if c == '*' {
            star = true;
            continue;
        }
        if c != '?' && star {
            key.push('*');
            star = false;
        }
        key.push(c);
    }
    if star {
        key.push('*');
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_one_form() {
        for (typed, key) in [
            ("京a·12＊", "京A12*"),
            ("京A12**?5", "京A12?*5"),
            ("京A12？*？5", "京A12??*5"),
            ("*1234", "*1234"),
            ("?A12*34", "?A12*34"),
        ] {
            let pattern = Subject::pattern(Registry::Vehicle, typed).unwrap();
            assert_eq!(pattern.key, key, "{typed}");
            assert!(pattern.is_pattern() && pattern.is_sound_pattern() && !pattern.is_sound());
            let again = Subject {
                key: typed.to_owned(),
                ..pattern
            };
            assert_eq!(again.is_sound_pattern(), typed == key, "{typed}");
        }
        let case = Subject::pattern(Registry::Case, "a-2026*").unwrap();
        assert_eq!(case.key, "A2026*");
        let runs: Vec<_> = case.literal_runs().collect();
        assert_eq!(runs, ["A2026"]);
    }

    #[test]
    fn little_or_anybody_is_no_pattern() {
        for typed in [
            "京A1*",
            "????*",
            "京A12345",
            "京A1%",
            "京A12*,京A13*",
            "京I12*",
            "京A1[23]*",
            "*京*A12*",
            "京A12'*",
            "京A12?????????",
            "",
        ] {
            let error = Subject::pattern(Registry::Vehicle, typed).unwrap_err();
            assert_eq!(error, SubjectError::Wildcard, "{typed}");
        }
        for (registry, typed) in [
            (Registry::Person, "1101051949123100*"),
            (Registry::Device, "cam-0123*"),
            (Registry::Case, "A-1*"),
        ] {
            assert!(Subject::pattern(registry, typed).is_err(), "{typed}");
        }
        let long = "长".repeat(250) + "*";
        assert!(Subject::pattern(Registry::Case, &long).is_err());
    }
}
