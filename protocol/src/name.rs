//! Names of exported files, from a template: `{terminal}_{officer}_{date}_{time}{imp}`.

use std::{fmt, str::FromStr};

/// Longest template, in bytes.
const MAX_TEMPLATE: usize = 256;
/// Longest name made of one, in bytes; with its extensions it fits every file system.
const MAX_NAME: usize = 180;

/// What may stand between braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Agency,
    Department,
    Terminal,
    Officer,
    Case,
    Date,
    Time,
    Clip,
    Recording,
    Kind,
    Number,
    Important,
}

const FIELDS: [(&str, Field); 12] = [
    ("agency", Field::Agency),
    ("department", Field::Department),
    ("terminal", Field::Terminal),
    ("officer", Field::Officer),
    ("case", Field::Case),
    ("date", Field::Date),
    ("time", Field::Time),
    ("clip", Field::Clip),
    ("recording", Field::Recording),
    ("kind", Field::Kind),
    ("n", Field::Number),
    ("imp", Field::Important),
];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(Field),
}

/// A template that is well-formed: text, and fields in braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameTemplate(Vec<Part>);

/// A template that is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("a name template has 1 to 256 bytes")]
    Length,
    #[error("a brace in the name template has no counterpart")]
    Brace,
    #[error("the name template has a field that there is not")]
    Field,
}

/// What the fields of one item stand for.
#[derive(Debug, Clone, Copy, Default)]
pub struct NameFields<'a> {
    pub agency: &'a str,
    pub department: &'a str,
    pub terminal: &'a str,
    pub officer: &'a str,
    pub case: &'a str,
    /// When it began, Unix milliseconds, and the minutes that local time is ahead of UTC.
    pub began_ms: i64,
    pub utc_offset_min: i32,
    pub clip: &'a str,
    pub recording: &'a str,
    /// `video`, `audio`, `photo`, `copy`, `note` or `sheet`.
    pub kind: &'a str,
    /// Position within the recording, or within what is exported, from 1.
    pub number: u32,
    /// Marked as important.
    pub important: bool,
}

impl FromStr for NameTemplate {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        if text.is_empty() || text.len() > MAX_TEMPLATE {
            return Err(TemplateError::Length);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let inner = from.strip_prefix('{').ok_or(TemplateError::Brace)?;
            let (name, after) = inner.split_once('}').ok_or(TemplateError::Brace)?;
            let field = FIELDS.iter().find(|(known, _)| *known == name);
            parts.push(Part::Field(field.ok_or(TemplateError::Field)?.1));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }
}

impl NameTemplate {
    /// The name without its extensions. Whatever the fields hold, it is one name in one folder on
    /// any file system: what is neither a letter, a digit nor one of `-_.()[]` becomes `_`.
    pub fn name(&self, fields: &NameFields<'_>) -> String {
        let mut name = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => name.push_str(text),
                Part::Field(field) => name.push_str(&field.value(fields)),
            }
        }
        safe(&name)
    }
}

impl Field {
    fn value(self, of: &NameFields<'_>) -> String {
        let local = || Local::of(of.began_ms, of.utc_offset_min);
        match self {
            Self::Agency => of.agency.to_owned(),
            Self::Department => of.department.to_owned(),
            Self::Terminal => of.terminal.to_owned(),
            Self::Officer => of.officer.to_owned(),
            Self::Case => of.case.to_owned(),
            Self::Date => local().date.replace('-', ""),
            Self::Time => local().time.replace(':', ""),
            Self::Clip => of.clip.to_owned(),
            Self::Recording => of.recording.to_owned(),
            Self::Kind => of.kind.to_owned(),
            Self::Number => format!("{:03}", of.number),
            Self::Important => if of.important { "_IMP" } else { "" }.to_owned(),
        }
    }
}

fn safe(name: &str) -> String {
    let kept =
        |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '(' | ')' | '[' | ']');
    let mut safe: String = name
        .chars()
        .map(|c| if kept(c) { c } else { '_' })
        .collect();
    while safe.len() > MAX_NAME {
        safe.pop();
    }
    // No hidden file and no folder, no name that Windows takes for a device.
    let device = safe.split('.').next().unwrap_or_default();
    let numbered = |prefix: &str| {
        device.len() == prefix.len() + 1
            && device
                .get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            && device.ends_with(|c: char| c.is_ascii_digit())
    };
    let reserved = ["con", "prn", "aux", "nul"]
        .iter()
        .any(|word| device.eq_ignore_ascii_case(word))
        || numbered("com")
        || numbered("lpt");
    if safe.is_empty() || safe.starts_with('.') || reserved {
        safe.insert(0, '_');
    }
    safe
}

/// A moment in an agency's local time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// `2026-11-22`
    pub date: String,
    /// `10:18:29`
    pub time: String,
    /// `+08:00`
    pub offset: String,
}

impl Local {
    /// Of Unix milliseconds, in a time that is `offset_min` minutes ahead of UTC.
    pub fn of(time_ms: i64, offset_min: i32) -> Self {
        let text = crate::verify::utc(time_ms.saturating_add(i64::from(offset_min) * 60_000));
        // `2026-11-22T10:18:29Z`
        let (date, time) = text.split_once('T').unwrap_or((&text, ""));
        let sign = if offset_min < 0 { '-' } else { '+' };
        let (hours, minutes) = (offset_min.abs() / 60, offset_min.abs() % 60);
        Self {
            date: date.to_owned(),
            time: time.trim_end_matches('Z').to_owned(),
            offset: format!("{sign}{hours:02}:{minutes:02}"),
        }
    }
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { date, time, offset } = self;
        write!(f, "{date} {time} {offset}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> NameFields<'static> {
        NameFields {
            agency: "custos.local",
            department: "刑侦一中队",
            terminal: "cam-07",
            officer: "100234",
            case: "京公(刑)立字〔2026〕0815号",
            began_ms: 1_795_313_909_999,
            utc_offset_min: 480,
            clip: "clip-1",
            recording: "rec-1",
            kind: "video",
            number: 2,
            important: true,
        }
    }

    fn name(template: &str) -> String {
        template
            .parse::<NameTemplate>()
            .expect("a template")
            .name(&fields())
    }

    #[test]
    fn fields_in_braces() {
        assert_eq!(name("{clip}"), "clip-1");
        assert_eq!(
            name("{terminal}_{officer}_{date}_{time}{imp}"),
            "cam-07_100234_20261122_101829_IMP"
        );
        assert_eq!(
            name("{agency}-{department} {kind}{n}"),
            "custos.local-刑侦一中队_video002"
        );
        assert_eq!(name("{case}"), "京公(刑)立字_2026_0815号");
        assert_eq!(name("x{recording}"), "xrec-1");
    }

    #[test]
    fn what_is_no_template() {
        let error = |text: &str| text.parse::<NameTemplate>().expect_err("none");
        assert_eq!(error(""), TemplateError::Length);
        assert_eq!(error(&"x".repeat(257)), TemplateError::Length);
        assert_eq!(error("{clip"), TemplateError::Brace);
        assert_eq!(error("clip}"), TemplateError::Brace);
        assert_eq!(error("{{clip}}"), TemplateError::Field);
        assert_eq!(error("{Clip}"), TemplateError::Field);
        assert_eq!(error("{}"), TemplateError::Field);
    }

    /// No template and no case number leads out of the folder.
    #[test]
    fn names_are_safe() {
        for (case, expected) in [
            ("../../etc/passwd", "_.._.._etc_passwd"),
            ("a/b\\c:d*e?f\"g<h>i|j", "a_b_c_d_e_f_g_h_i_j"),
            ("", "_"),
            (".", "_."),
            ("con", "_con"),
            ("LPT1.x", "_LPT1.x"),
            ("a\0b\nc\u{202e}d", "a_b_c_d"),
        ] {
            let fields = NameFields { case, ..fields() };
            let template: NameTemplate = "{case}".parse().expect("a template");
            assert_eq!(template.name(&fields), expected);
        }
        let long = "案".repeat(500);
        let fields = NameFields {
            case: &long,
            ..fields()
        };
        let template: NameTemplate = "{case}{case}".parse().expect("a template");
        assert_eq!(template.name(&fields), "案".repeat(60));
    }

    #[test]
    fn local_times() {
        let at = |offset| Local::of(1_795_313_909_999, offset).to_string();
        assert_eq!(at(480), "2026-11-22 10:18:29 +08:00");
        assert_eq!(at(0), "2026-11-22 02:18:29 +00:00");
        assert_eq!(at(-210), "2026-11-21 22:48:29 -03:30");
    }
}
