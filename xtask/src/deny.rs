//! Licences, sources and bans of `deny.toml`, checked against `cargo metadata`.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;

use crate::step::{Result, cargo, root};

#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
    /// Crates that may depend on it all the same.
    #[serde(default)]
    wrappers: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

/// Fails with every finding.
pub fn run() -> Result {
    let text = std::fs::read_to_string(root().join("deny.toml")).map_err(|e| e.to_string())?;
    let deny: Deny = toml::from_str(&text).map_err(|e| e.to_string())?;
    let mut findings = BTreeSet::new();
    for manifest in MANIFESTS {
        let metadata = metadata(manifest)?;
        eprintln!("{manifest}: {} packages", metadata.packages.len());
        findings.append(&mut self::findings(&deny, &metadata));
    }
    if findings.is_empty() {
        eprintln!("licences, sources and bans hold");
        return Ok(());
    }
    Err(findings.into_iter().collect::<Vec<_>>().join("\n"))
}

/// The workspace, and what has a lock file of its own: the Kotlin generator, the fuzz targets and
/// the peer that the search for laws is measured against.
const MANIFESTS: [&str; 4] = [
    "Cargo.toml",
    "bindings/bindgen/Cargo.toml",
    "fuzz/Cargo.toml",
    "tests/peers/law/Cargo.toml",
];

fn metadata(manifest: &str) -> Result<Metadata> {
    let arguments = [
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--manifest-path",
        manifest,
    ];
    let output = cargo(&arguments).output().map_err(|e| e.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|e| e.to_string())
}

fn findings(deny: &Deny, metadata: &Metadata) -> BTreeSet<String> {
    let mut findings = BTreeSet::new();
    let packages: HashMap<&str, &Package> = metadata
        .packages
        .iter()
        .map(|p| (p.id.as_str(), p))
        .collect();
    for package in &metadata.packages {
        let named = format!("{} {}", package.name, package.version);
        let license = package.license.as_deref().unwrap_or("");
        if !allowed(license, &deny.licenses.allow) {
            findings.insert(format!("{named}: licence {license:?} is not allowed"));
        }
        // The default registry under either of its two index protocols; never git.
        let registry = |s: &String| s.starts_with("registry+") || s.starts_with("sparse+");
        if !package.source.as_ref().is_none_or(registry) {
            findings.insert(format!("{named}: not from the registry"));
        }
    }
    for node in &metadata.resolve.nodes {
        let Some(user) = packages.get(node.id.as_str()) else {
            continue;
        };
        for used in node
            .dependencies
            .iter()
            .filter_map(|id| packages.get(id.as_str()))
        {
            for ban in deny.bans.deny.iter().filter(|ban| ban.name == used.name) {
                if !ban.wrappers.contains(&user.name) {
                    let reason = &ban.reason;
                    findings.insert(format!("{} uses {}: {reason}", user.name, ban.name));
                }
            }
        }
    }
    findings
}

/// An SPDX expression of AND, OR and parentheses; `/` is the old spelling of OR.
fn allowed(expression: &str, allow: &[String]) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let spaced = spaced.replace(" WITH ", "~WITH~");
    let mut words = spaced.split_whitespace().peekable();
    let result = any(&mut words, allow);
    result && words.peek().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words<'_>, allow: &[String]) -> bool {
    let mut result = all(words, allow);
    while words.next_if_eq(&"OR").is_some() {
        result |= all(words, allow);
    }
    result
}

fn all(words: &mut Words<'_>, allow: &[String]) -> bool {
    let mut result = one(words, allow);
    while words.next_if_eq(&"AND").is_some() {
        result &= one(words, allow);
    }
    result
}

fn one(words: &mut Words<'_>, allow: &[String]) -> bool {
    match words.next() {
        Some("(") => {
            let result = any(words, allow);
            words.next_if_eq(&")").is_some() && result
        }
        Some(license) => allow
            .iter()
            .any(|a| *a == license.replace("~WITH~", " WITH ")),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, license: &str, source: &str) -> Package {
        Package {
            id: name.into(),
            name: name.into(),
            version: "1".into(),
            license: Some(license.into()),
            source: Some(source.into()),
        }
    }

    #[test]
    fn spdx_expressions() {
        let allow = [
            "MIT".to_owned(),
            "Apache-2.0".to_owned(),
            "X WITH Y".to_owned(),
        ];
        for (expression, expected) in [
            ("MIT", true),
            ("MIT OR GPL-3.0", true),
            ("GPL-3.0/MIT", true),
            ("MIT AND GPL-3.0", false),
            ("(GPL-3.0 OR MIT) AND Apache-2.0", true),
            ("X WITH Y", true),
            ("GPL-3.0", false),
            ("", false),
            ("(MIT", false),
        ] {
            assert_eq!(allowed(expression, &allow), expected, "{expression}");
        }
    }

    #[test]
    fn each_rule_finds_its_breach() {
        let ban = Ban {
            name: "openssl-sys".into(),
            reason: "r".into(),
            wrappers: vec!["sql".into()],
        };
        let deny = Deny {
            licenses: Licenses {
                allow: vec!["MIT".into()],
            },
            bans: Bans { deny: vec![ban] },
        };
        let node = |id: &str, uses: &[&str]| Node {
            id: id.into(),
            dependencies: uses.iter().map(|u| (*u).into()).collect(),
        };
        let metadata = Metadata {
            packages: vec![
                package("sql", "MIT", "registry+x"),
                package("other", "MIT", "git+x"),
                package("openssl-sys", "GPL-3.0", "registry+x"),
            ],
            resolve: Resolve {
                nodes: vec![
                    node("sql", &["openssl-sys"]),
                    node("other", &["openssl-sys"]),
                ],
            },
        };
        let found: Vec<_> = findings(&deny, &metadata).into_iter().collect();
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].contains("licence") && found[1].contains("not from the registry"));
        assert!(found[2].starts_with("other uses openssl-sys"));
    }
}
