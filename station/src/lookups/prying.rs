//! What looks like curiosity rather than work. It is noticed, and by policy refused; it proves
//! nothing: somebody asks the officer.

use custos_protocol::policy::LookupPolicy;

use crate::store::lookups::Counts;

/// Words for what is noticed about a question, with the questions that were asked before it.
pub(super) fn noticed(
    policy: &LookupPolicy,
    before: Counts,
    watched: Vec<String>,
    off_duty: bool,
) -> Vec<String> {
    let over = |count: i64, limit: u32| count >= i64::from(limit);
    let limits = [
        ("burst", over(before.minute, policy.per_minute)),
        ("hourly", over(before.hour, policy.per_hour)),
        ("daily", over(before.day, policy.per_day)),
        (
            "same-subject",
            over(before.same, policy.same_subject_per_day),
        ),
        ("off-duty", off_duty),
    ];
    let words = limits.into_iter().filter(|(_, is)| *is);
    let words = words.map(|(word, _)| word.to_owned());
    words
        .chain(watched.into_iter().map(|list| format!("watched-{list}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_than_the_policy_allows_is_noticed() {
        let policy = LookupPolicy {
            per_minute: 2,
            per_hour: 4,
            per_day: 6,
            same_subject_per_day: 1,
            ..LookupPolicy::default()
        };
        let words = |minute, hour, day, same| {
            let before = Counts {
                minute,
                hour,
                day,
                same,
            };
            noticed(&policy, before, Vec::new(), false)
        };
        assert!(words(1, 3, 5, 0).is_empty());
        assert_eq!(words(2, 3, 5, 0), ["burst"]);
        assert_eq!(words(0, 4, 5, 0), ["hourly"]);
        assert_eq!(words(0, 0, 6, 0), ["daily"]);
        assert_eq!(words(0, 0, 1, 1), ["same-subject"]);
        let none = Counts {
            minute: 0,
            hour: 0,
            day: 0,
            same: 0,
        };
        assert_eq!(
            noticed(&policy, none, vec!["celebrity".to_owned()], true),
            ["off-duty", "watched-celebrity"]
        );
    }
}
