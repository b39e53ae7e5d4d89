//! The commands of docs/FORMATS.md, "Check it yourself", do what it says: blocks after
//! `<!-- runs -->` are run in order in one shell, in the root of the checkout.

use std::{path::Path, process::Command};

#[test]
fn the_commands_of_the_document() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let document = std::fs::read_to_string(root.join("docs/FORMATS.md")).expect("docs/FORMATS.md");
    let mut script = String::from("set -euo pipefail\n");
    let blocks: Vec<&str> = document.split("<!-- runs -->\n```sh\n").skip(1).collect();
    assert_eq!(blocks.len(), 5);
    for block in blocks {
        script += block.split_once("```\n").expect("the end of a block").0;
    }
    // The document has somebody look at the folder afterwards; a test does not.
    script += "rm -r \"$out\"\n";
    for tool in ["bash", "age", "openssl", "go"] {
        if Command::new(tool).arg("--help").output().is_err() {
            eprintln!("skipped: no `{tool}` on this machine");
            return;
        }
    }
    let output = Command::new("bash")
        .arg("-c")
        .arg(script)
        .current_dir(root)
        .output();
    let output = output.expect("bash runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{error}");
    for expected in [
        "photo.jpg",
        "\"root\":",
        "Signature Verified",
        "bit for bit",
    ] {
        assert!(said.contains(expected), "no {expected} in {said}");
    }
}
