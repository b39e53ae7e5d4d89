//! Vectors that others published, as data: `testdata/SOURCES.md` says whose and under which
//! licence.

use custos_protocol::{
    hash::{Hash, base64_decode},
    key::VerifyingKey,
    merkle::{verify_consistency, verify_inclusion},
};
use serde::{Deserialize, de::DeserializeOwned};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Inclusion {
    name: String,
    leaf_idx: u64,
    tree_size: u64,
    root: Option<String>,
    leaf_hash: Option<String>,
    proof: Option<Vec<String>>,
    want_err: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Consistency {
    name: String,
    size1: u64,
    size2: u64,
    root1: Option<String>,
    root2: Option<String>,
    proof: Option<Vec<String>>,
    want_err: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ed25519 {
    number: u32,
    key: String,
    sig: String,
    msg: String,
    flags: Option<Vec<String>>,
}

fn read<T: DeserializeOwned>(name: &str) -> Vec<T> {
    let path = format!("{}/testdata/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("test data");
    serde_json::from_str(&text).expect("test data as JSON")
}

/// `None` where the text is not a hash at all: a refusal, too.
fn hash(text: &Option<String>) -> Option<Hash> {
    Hash::from_slice(&base64_decode(text.as_deref()?)?).ok()
}

fn path(proof: &Option<Vec<String>>) -> Option<Vec<Hash>> {
    let hashes = proof.iter().flatten();
    hashes.map(|text| hash(&Some(text.clone()))).collect()
}

#[test]
fn inclusion_proofs_of_transparency_dev() {
    let vectors: Vec<Inclusion> = read("merkle/inclusion.json");
    assert_eq!(vectors.len(), 98);
    assert_eq!(vectors.iter().filter(|v| !v.want_err).count(), 6);
    for v in vectors {
        let proved = || {
            let (leaf, root) = (hash(&v.leaf_hash)?, hash(&v.root)?);
            verify_inclusion(&leaf, v.leaf_idx, v.tree_size, &root, &path(&v.proof)?).ok()
        };
        assert_eq!(proved().is_none(), v.want_err, "{}", v.name);
    }
}

#[test]
fn consistency_proofs_of_transparency_dev() {
    // Their verifier takes no proof from an empty tree at all; for ours it is a prefix of every
    // tree, since a journal begins with one.
    let ours = "additional/size1-is-zero-and-size2-is-not-zero";
    // The roots "don't care 1" and "don't care 2" stand for any hashes.
    let any = |root: &Option<String>| {
        let bytes = base64_decode(root.as_deref().unwrap_or_default())?;
        hash(root).or_else(|| bytes.starts_with(b"don't care").then(|| Hash::of(&bytes)))
    };
    let vectors: Vec<Consistency> = read("merkle/consistency.json");
    assert_eq!(vectors.len(), 98);
    for v in vectors {
        let proved = || {
            let (old, new) = (any(&v.root1)?, any(&v.root2)?);
            verify_consistency(v.size1, v.size2, &old, &new, &path(&v.proof)?).ok()
        };
        assert_eq!(
            proved().is_none(),
            v.want_err && v.name != ours,
            "{}",
            v.name
        );
    }
}

/// What Go, OpenSSL and most others do (the vectors' README, "Ecosystem behaviors"): R is taken
/// in canonical encoding only and the equation is checked without the cofactor. If ring came to
/// differ, one verifier could take what another refuses.
#[test]
fn ed25519_edge_cases_of_cctv() {
    let vectors: Vec<Ed25519> = read("ed25519/vectors.json");
    assert_eq!(vectors.len(), 66);
    let mut accepted = 0;
    for v in vectors {
        let flags = v.flags.unwrap_or_default();
        let refused = flags
            .iter()
            .any(|f| matches!(f.as_str(), "non_canonical_R" | "low_order_residue"));
        let key = hex(&v.key).try_into().expect("32 bytes");
        let verifies = VerifyingKey(key).verifies(v.msg.as_bytes(), &hex(&v.sig));
        assert_eq!(verifies, !refused, "vector {} {flags:?}", v.number);
        accepted += u32::from(verifies);
    }
    assert!(accepted > 0);
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex"))
        .collect()
}
