//! The agency's policy for people: shown with what each setting means, changed setting by setting.

use std::path::Path;

use custos_protocol::{
    policy::{Policy, PolicyError},
    verify::utc,
};
use serde_json::{Map, Value};

use crate::{
    failure::{Exit, Failure},
    output::{Lang, Output},
};

/// Setting, what it means in English and in Chinese. Times and sizes in the unit that the name
/// says.
const SETTINGS: &[(&str, &str, &str)] = &[
    ("suite", "algorithms", "算法套件"),
    ("version", "version of the policy", "策略版本"),
    ("time_ms", "when it was published", "发布时间"),
    (
        "fragment_ms",
        "longest fragment: what a power cut may cost",
        "最长片段：断电最多损失的时长",
    ),
    (
        "clip_max_s",
        "length at which a clip ends",
        "单个文件最长时长",
    ),
    (
        "clip_max_bytes",
        "size at which a clip ends",
        "单个文件最大字节数",
    ),
    (
        "local_retention_days",
        "days that confirmed evidence stays on the terminal",
        "已确认证据在终端的保留天数",
    ),
    (
        "retention_days",
        "days that evidence stays at the station",
        "证据在服务器的保留天数",
    ),
    (
        "utc_offset_min",
        "local time, in minutes from UTC",
        "当地时间与 UTC 相差的分钟数",
    ),
    (
        "export_name",
        "how exported files are named",
        "导出文件的命名模板",
    ),
    ("pin_min_length", "shortest PIN", "PIN 最短长度"),
    (
        "pin_attempts",
        "wrong PINs before a lock-out",
        "锁定前允许的 PIN 错误次数",
    ),
    (
        "pin_lockout_s",
        "length of the first lock-out",
        "首次锁定时长",
    ),
    (
        "recording.pre_event_s",
        "seconds kept from before the button is pressed",
        "按键前预录时长",
    ),
    (
        "recording.pre_event_max_bytes",
        "memory that they may take",
        "预录可占用内存",
    ),
    (
        "recording.pre_event_audio",
        "whether their sound is kept",
        "预录是否保留声音",
    ),
    (
        "recording.post_event_s",
        "seconds that a recording goes on after it was ended",
        "结束后延录时长",
    ),
    (
        "recording.mute",
        "muting by the officer: never, hold (the button), toggle",
        "静音方式：never 不允许，hold 按住，toggle 切换",
    ),
    (
        "recording.stealth",
        "whether light, sound and vibration may be switched off",
        "是否允许静默模式（无灯光、声音、振动）",
    ),
    (
        "recording.sleep",
        "whether the terminal may be sent to sleep",
        "是否允许休眠（无预录）",
    ),
    (
        "recording.reminder_s",
        "seconds between reminders that a recording runs; 0: none",
        "录制提醒间隔；0 为不提醒",
    ),
    (
        "recording.watermark",
        "whether photos get a copy that says when, who and where",
        "照片是否另存带水印的副本",
    ),
    (
        "storage.warn_minutes",
        "minutes of recording left at which the officer is warned",
        "剩余可录分钟数的告警级别",
    ),
    (
        "storage.reserve_bytes",
        "bytes kept free for bringing things to their end",
        "为收尾保留的空闲字节数",
    ),
    (
        "storage.purge_when_full",
        "whether confirmed evidence past its retention makes room",
        "空间不足时是否清除已确认且到期的证据",
    ),
    (
        "storage.keep_marked",
        "whether marked evidence stays on the terminal",
        "已标记证据是否始终保留",
    ),
    (
        "storage.low_battery_percent",
        "charge at which running clips are sealed early; 0: never",
        "提前封存的电量百分比；0 为不启用",
    ),
    (
        "lookup.per_minute",
        "an officer's look-ups in a minute before it is noticed",
        "每分钟查询次数上限（超出即提示）",
    ),
    (
        "lookup.per_hour",
        "the same, in an hour",
        "每小时查询次数上限",
    ),
    ("lookup.per_day", "the same, in a day", "每日查询次数上限"),
    (
        "lookup.same_subject_per_day",
        "the same, about one person or thing",
        "每日对同一对象的查询次数上限",
    ),
    (
        "lookup.stop",
        "whether what is noticed is refused",
        "超出上限时是否拒绝",
    ),
    (
        "lookup.cache_minutes",
        "how long an answer is at hand; 0: not at all",
        "查询结果在终端保留的分钟数；0 为不保留",
    ),
    (
        "lookup.queue_hours",
        "how long a question waits for the station; 0: not at all",
        "离线查询排队的小时数；0 为不排队",
    ),
    (
        "lookup.lists",
        "lists that terminals keep, to be asked without the station",
        "终端保存的离线名单",
    ),
    (
        "access.rules_signers",
        "people who have to sign access rules: 1 or 2",
        "签署访问规则所需人数（1 或 2）",
    ),
    (
        "access.people_signers",
        "people who have to sign each change to people or policy: 1 or 2",
        "签署人员或策略变更所需人数（1 或 2）",
    ),
    (
        "categories",
        "what evidence is sorted into: code, name, days here and at the station",
        "证据类别：代码、名称、终端与服务器保留天数",
    ),
];

/// Shows a policy: the object for programs, a line a setting for people.
pub(crate) fn tell(policy: &Policy, output: &Output) -> Result<(), Failure> {
    let settings = flat(policy)?;
    let lines: Vec<_> = settings
        .iter()
        .map(|(name, value)| {
            let value = match (name.as_str(), value.as_i64()) {
                ("time_ms", Some(ms)) => utc(ms),
                _ => shown(value),
            };
            format!("{name:<30} {value:<12} {}", meaning(name, output.lang))
        })
        .collect();
    output.result(policy, &lines.join("\n"))
}

/// The settings in which two policies differ, a line each.
pub(crate) fn changes(before: &Policy, after: &Policy) -> Result<Vec<String>, Failure> {
    let (before, after) = (flat(before)?, flat(after)?);
    let value = |settings: &[(String, Value)], name: &str| {
        let found = settings.iter().find(|(other, _)| other == name);
        found.map_or_else(|| "-".to_owned(), |(_, value)| shown(value))
    };
    let names = SETTINGS.iter().map(|(name, ..)| *name);
    Ok(names
        .filter(|name| *name != "time_ms")
        .map(|name| (name, value(&before, name), value(&after, name)))
        .filter(|(_, was, is)| was != is)
        .map(|(name, was, is)| format!("{name}: {was} → {is}"))
        .collect())
}

/// The policy that follows `current`: with the settings of a file, which may be a whole policy,
/// and then those of `NAME=VALUE`.
///
/// # Errors
/// Settings that there are not, or that are out of their range; a file made from another version.
pub(crate) fn next(
    current: &Policy,
    file: Option<&Path>,
    sets: &[String],
) -> Result<Policy, Failure> {
    let mut settings = object(current)?;
    if let Some(file) = file {
        let text = std::fs::read_to_string(file).map_err(|e| Failure::file(&e, "the policy"))?;
        let Ok(Value::Object(changed)) = serde_json::from_str(&text) else {
            return Err(bad("the file is not a JSON object"));
        };
        if changed
            .get("version")
            .is_some_and(|version| *version != current.version)
        {
            return Err(Failure::new(
                Exit::Refused,
                "policy-version",
                format!(
                    "the file was made from another version; {} is in force",
                    current.version
                ),
            ));
        }
        merge(&mut settings, changed, "")?;
    }
    for set in sets {
        let (name, value) = set
            .split_once('=')
            .ok_or_else(|| bad("--set takes NAME=VALUE"))?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        let nested = name.split('.').rev().fold(value, |value, part| {
            Value::Object(Map::from_iter([(part.to_owned(), value)]))
        });
        if let Value::Object(changed) = nested {
            merge(&mut settings, changed, "")?;
        }
    }
    settings.insert("version".to_owned(), Value::from(current.version + 1));
    let policy: Policy = serde_json::from_value(Value::Object(settings))
        .map_err(|_| bad("a setting is of another kind than its value"))?;
    match policy.check() {
        Ok(()) => Ok(policy),
        Err(PolicyError::Range(name)) => Err(Failure::new(
            Exit::Refused,
            "setting-out-of-range",
            format!("{name} is out of its range"),
        )),
        Err(error) => Err(bad(&error.to_string())),
    }
}

/// Puts settings in the place of those of the same name; a list as a whole.
fn merge(
    into: &mut Map<String, Value>,
    changed: Map<String, Value>,
    at: &str,
) -> Result<(), Failure> {
    for (name, value) in changed {
        let path = format!("{at}{name}");
        // A list that is empty is not written.
        let known = into.contains_key(&name) || path == "categories";
        match (into.get_mut(&name), value) {
            (Some(Value::Object(into)), Value::Object(changed)) => {
                merge(into, changed, &format!("{path}."))?;
            }
            (_, value) if known => {
                into.insert(name, value);
            }
            _ => {
                return Err(Failure::usage(
                    "unknown-setting",
                    "the policy has no setting of that name",
                ));
            }
        }
    }
    Ok(())
}

fn bad(message: &str) -> Failure {
    Failure::usage("bad-setting", message)
}

fn object(policy: &Policy) -> Result<Map<String, Value>, Failure> {
    match serde_json::to_value(policy) {
        Ok(Value::Object(settings)) => Ok(settings),
        _ => Err(Failure::internal()),
    }
}

/// Names and values, those of a group as `group.name`, in the order of [`SETTINGS`].
fn flat(policy: &Policy) -> Result<Vec<(String, Value)>, Failure> {
    let mut all = Vec::new();
    for (name, value) in object(policy)? {
        match value {
            Value::Object(group) => {
                let of_group = group.into_iter();
                all.extend(of_group.map(|(inner, value)| (format!("{name}.{inner}"), value)));
            }
            value => all.push((name, value)),
        }
    }
    let place = |name: &str| SETTINGS.iter().position(|(other, ..)| *other == name);
    all.sort_by_key(|(name, _)| place(name));
    Ok(all)
}

fn meaning(name: &str, lang: Lang) -> &'static str {
    let row = SETTINGS.iter().find(|(other, ..)| *other == name);
    match (row, lang) {
        (Some((_, en, _)), Lang::En) => en,
        (Some((_, _, zh)), Lang::Zh) => zh,
        (None, _) => "",
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

    use custos_protocol::policy::{Category, MuteRule};

    use super::*;

    fn current() -> Policy {
        Policy {
            version: 7,
            ..Policy::initial(1)
        }
    }

    fn set(settings: &[&str]) -> Result<Policy, Failure> {
        let settings: Vec<_> = settings.iter().map(|s| (*s).to_owned()).collect();
        next(&current(), None, &settings)
    }

    fn refused(settings: &[&str], code: &str) {
        assert_eq!(set(settings).unwrap_err().code, code, "{settings:?}");
    }

    #[test]
    fn every_setting_has_words() {
        let mut policy = current();
        policy.categories = vec![Category {
            code: "a".to_owned(),
            name: "b".to_owned(),
            local_retention_days: 1,
            retention_days: 1,
        }];
        let names: Vec<_> = flat(&policy).unwrap().into_iter().map(|(n, _)| n).collect();
        let words: Vec<_> = SETTINGS.iter().map(|(name, ..)| *name).collect();
        assert_eq!(names, words);
    }

    #[test]
    fn settings_change_one_by_one() {
        let policy = set(&[
            "storage.warn_minutes=[30,3]",
            "recording.mute=hold",
            "local_retention_days=14",
            r#"categories=[{"code":"a","name":"A","local_retention_days":1,"retention_days":2}]"#,
        ])
        .unwrap();
        assert_eq!(policy.version, 8);
        assert_eq!(policy.storage.warn_minutes, [30, 3]);
        assert_eq!(policy.recording.mute, MuteRule::Hold);
        assert_eq!(policy.local_retention_days, 14);
        assert_eq!(policy.category("a").unwrap().retention_days, 2);
        assert_eq!(policy.recording.pre_event_s, 30, "the rest stays");
        let changes = changes(&current(), &policy).unwrap();
        assert_eq!(changes[0], "version: 7 → 8");
        assert_eq!(changes.len(), 5, "{changes:?}");
    }

    #[test]
    fn what_is_no_setting_or_out_of_range_is_refused() {
        refused(&["storage.warn=1"], "unknown-setting");
        refused(&["surprise=1"], "unknown-setting");
        refused(&["=1"], "unknown-setting");
        refused(&["recording"], "bad-setting");
        refused(&["recording=1"], "bad-setting");
        refused(&["recording.stealth=7"], "bad-setting");
        refused(&["recording.mute=loud"], "bad-setting");
        refused(&["pin_min_length=1"], "setting-out-of-range");
        refused(&["storage.warn_minutes=[3,30]"], "setting-out-of-range");
    }

    #[test]
    fn a_file_of_another_version_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("policy.json");
        let mut policy = current();
        policy.recording.stealth = false;
        std::fs::write(&file, serde_json::to_string(&policy).unwrap()).unwrap();
        let after = next(&current(), Some(&file), &[]).unwrap();
        assert_eq!((after.version, after.recording.stealth), (8, false));
        policy.version = 6;
        std::fs::write(&file, serde_json::to_string(&policy).unwrap()).unwrap();
        let refused = next(&current(), Some(&file), &[]).unwrap_err();
        assert_eq!(refused.code, "policy-version");
        std::fs::write(&file, r#"{"storage": {"keep_marked": false}}"#).unwrap();
        let after = next(&current(), Some(&file), &[]).unwrap();
        assert!(!after.storage.keep_marked && after.recording.stealth);
    }
}
