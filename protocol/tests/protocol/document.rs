//! The examples in docs/FORMATS.md are what the code produces: each block after a line
//! `<!-- example: NAME -->` is compared with the golden example of that name.

use std::{collections::BTreeSet, path::PathBuf};

use crate::golden::{examples, regenerate};

const MARK: &str = "<!-- example: ";

#[test]
fn its_examples_are_what_the_code_produces() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/FORMATS.md");
    let text = std::fs::read_to_string(&path).expect("docs/FORMATS.md");
    let examples = examples();
    let (mut written, mut shown) = (String::new(), Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        written += line;
        written.push('\n');
        let Some(name) = line.strip_prefix(MARK) else {
            continue;
        };
        let name = name.trim_end_matches(" -->");
        let (name, example) = examples.iter().find(|e| e.0 == name).unwrap_or_else(|| {
            panic!("no example is called {name}");
        });
        assert_eq!(lines.next(), Some("```"), "a fenced block after {line}");
        for old in lines.by_ref() {
            if old == "```" {
                break;
            }
        }
        written += &format!("```\n{example}```\n");
        shown.push(*name);
    }
    if regenerate() {
        std::fs::write(path, written).expect("written");
        return;
    }
    assert!(
        written == text,
        "docs/FORMATS.md: CUSTOS_REGENERATE=1 writes its examples anew"
    );
    let missing: Vec<_> = examples
        .iter()
        .map(|e| e.0)
        .filter(|e| !shown.contains(e))
        .collect();
    assert!(missing.is_empty(), "not shown: {missing:?}");
}

/// Every kind of journal entry has its row in the table of kinds, and every field its name there.
#[test]
fn the_table_of_kinds_is_whole() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/FORMATS.md");
    let text = std::fs::read_to_string(path).expect("docs/FORMATS.md");
    let events = examples()
        .into_iter()
        .find(|e| e.0 == "events")
        .expect("events")
        .1;
    for event in events.lines() {
        let (kind, body) = event.split_once(' ').expect("kind and body");
        let row = text
            .lines()
            .find(|line| line.starts_with(&format!("| `{kind}` |")))
            .unwrap_or_else(|| panic!("no row for {kind}"));
        let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
        for field in body.as_object().expect("an object").keys() {
            assert!(
                row.contains(&format!("`{field}`")),
                "{kind} has no {field} in its row"
            );
        }
    }
}

/// Every field of everything signed or handed over is named outside the examples.
#[test]
fn every_field_is_spoken_of() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/FORMATS.md");
    let text = std::fs::read_to_string(path).expect("docs/FORMATS.md");
    let mut missing = BTreeSet::new();
    for (name, example) in examples() {
        if matches!(name, "api" | "events") {
            continue; // Told by /openapi.json, and by the table of kinds.
        }
        for line in example.lines() {
            let Ok(serde_json::Value::Object(object)) = serde_json::from_str(line) else {
                continue;
            };
            let unnamed = |field: &&String| !text.contains(&format!("`{field}`"));
            missing.extend(object.keys().filter(unnamed).cloned());
        }
    }
    assert!(missing.is_empty(), "not spoken of: {missing:?}");
}
