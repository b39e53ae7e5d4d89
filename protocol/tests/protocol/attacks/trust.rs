//! Trust sets: who may replace whom.

use custos_protocol::{
    note::{Note, Signer},
    statement::{self, StatementError},
    trust::{Roots, TrustError, TrustFile, TrustSet},
    verify::verify_clip,
};

use super::flipped;
use crate::fixture::{Agency, World, seeded};

fn signed(set: &TrustSet, by: &[&Signer]) -> String {
    statement::sign(set, by).expect("a note").to_string()
}

fn next(of: &TrustSet, change: impl FnOnce(&mut TrustSet)) -> TrustSet {
    let mut set = of.clone();
    set.version += 1;
    change(&mut set);
    set
}

fn roots(keys: &[&Signer], threshold: usize) -> Roots {
    Roots {
        keys: keys.iter().map(|k| k.verifier()).collect(),
        threshold,
    }
}

fn short(signed: usize, threshold: usize) -> TrustError {
    StatementError::Threshold { signed, threshold }.into()
}

#[test]
fn every_flipped_bit_of_a_trust_file() {
    let world = World::new();
    let (receipt, trust) = (
        world.parts(&world.photo).to_text(),
        world.agency.trust_file(),
    );
    for bit in 0..trust.len() * 8 {
        let Ok(changed) = String::from_utf8(flipped(trust.as_bytes(), bit)) else {
            continue; // Not text: no caller can even hand it in.
        };
        let report = verify_clip(world.photo.file.as_slice(), &receipt, &changed);
        assert!(!report.verified(), "bit {bit}: {changed}");
    }
}

#[test]
fn versions_follow_one_another() {
    let agency = Agency::custos();
    let first = agency.trust();
    let second = next(&first, |set| set.people.clear());
    assert_eq!(
        first.update(&signed(&second, &[&agency.root])),
        Ok(second.clone())
    );
    let version = |known, offered| Err(TrustError::Version { known, offered });
    let third = next(&second, |_| {});
    assert_eq!(
        first.update(&signed(&third, &[&agency.root])),
        version(1, 3)
    );
    assert_eq!(
        second.update(&signed(&first, &[&agency.root])),
        version(2, 1)
    );
    assert_eq!(
        first.update(&signed(&first, &[&agency.root])),
        version(1, 1)
    );
    let last = TrustSet {
        version: u64::MAX,
        ..first.clone()
    };
    let after = TrustSet {
        version: 0,
        ..first
    };
    assert_eq!(
        last.update(&signed(&after, &[&agency.root])),
        version(u64::MAX, 0)
    );
}

#[test]
fn another_agency() {
    let (ours, theirs) = (Agency::custos(), Agency::new("elsewhere.example", 50));
    let renamed = next(&ours.trust(), |set| set.agency = "elsewhere.example".into());
    let update = |set: &TrustSet, by: &[&Signer]| ours.trust().update(&signed(set, by));
    assert_eq!(
        update(&renamed, &[&ours.root]),
        Err(TrustError::OtherAgency)
    );
    let foreign = next(&theirs.trust(), |_| {});
    assert_eq!(
        update(&foreign, &[&theirs.root]),
        Err(TrustError::OtherAgency)
    );
    // The same name and other keys: our roots did not sign.
    let namesake = Agency::new(&ours.name, 50);
    let usurped = next(&namesake.trust(), |_| {});
    assert_eq!(update(&usurped, &[&namesake.root]), Err(short(0, 1)));
}

#[test]
fn roots_rotate_with_both_signatures_alone() {
    let agency = Agency::custos();
    let (old, new) = (&agency.root, &agency.second_root);
    let first = agency.trust();
    let second = next(&first, |set| set.roots = roots(&[new], 1));
    assert_eq!(
        first.update(&signed(&second, &[new])),
        Err(short(0, 1)),
        "old roots missing"
    );
    assert_eq!(
        first.update(&signed(&second, &[old])),
        Err(short(0, 1)),
        "new roots missing"
    );
    let note = signed(&second, &[old, new]);
    assert_eq!(first.update(&note), Ok(second.clone()));
    // From then on the old root is nobody.
    let third = next(&second, |_| {});
    assert!(second.update(&signed(&third, &[old])).is_err());
    assert_eq!(second.update(&signed(&third, &[new])), Ok(third));
    // Whoever meets the rotated set first can open it, and its file has no unchecked line.
    assert_eq!(TrustSet::open(&note).as_ref(), Ok(&second));
    let file = TrustFile::new(&note);
    assert_eq!(file.note, signed(&second, &[new]));
    assert_eq!(file.open(), Ok(second.clone()));
    // A stranger's line in an update is an error, and so it is in a file.
    let stranger = seeded("stranger", 240);
    let with_stranger = signed(&second, &[old, new, &stranger]);
    assert!(first.update(&with_stranger).is_err());
    let mut file: serde_json::Value =
        serde_json::from_str(&TrustFile::new(&note).to_text()).expect("JSON");
    file["note"] = signed(&second, &[new, &stranger]).into();
    let file: TrustFile = serde_json::from_value(file).expect("a trust file");
    assert!(file.open().is_err());
}

#[test]
fn thresholds_of_roots() {
    let agency = Agency::custos();
    let (a, b) = (&agency.root, &agency.second_root);
    let first = TrustSet {
        roots: roots(&[a, b], 2),
        ..agency.trust()
    };
    assert_eq!(TrustSet::open(&signed(&first, &[a])), Err(short(1, 2)));
    assert_eq!(
        TrustSet::open(&signed(&first, &[a, b])).as_ref(),
        Ok(&first)
    );
    let second = next(&first, |_| {});
    assert_eq!(first.update(&signed(&second, &[b])), Err(short(1, 2)));
    assert_eq!(first.update(&signed(&second, &[b, a])), Ok(second));
    // No threshold is no check.
    let none = TrustSet {
        roots: roots(&[a], 0),
        ..agency.trust()
    };
    assert!(TrustSet::open(&signed(&none, &[a])).is_err());
    let unsigned = format!(
        "{}\n",
        signed(&none, &[a]).split("\n\n").next().expect("a text")
    );
    assert!(TrustSet::open(&unsigned).is_err());
    // One key under two names is one key.
    let alias = seeded("custos.local/root-3", 1);
    let doubled = TrustSet {
        roots: roots(&[a, &alias], 2),
        ..agency.trust()
    };
    assert_eq!(
        TrustSet::open(&signed(&doubled, &[a, &alias])),
        Err(short(1, 2))
    );
    let repeated = TrustSet {
        roots: roots(&[a, a], 2),
        ..agency.trust()
    };
    assert_eq!(TrustSet::open(&signed(&repeated, &[a])), Err(short(1, 2)));
}

#[test]
fn pinned_roots() {
    let agency = Agency::custos();
    let (old, new) = (&agency.root, &agency.second_root);
    let set = agency.trust();
    let note = signed(&set, &[old]);
    assert_eq!(
        TrustSet::open_pinned(&note, &agency.roots()).as_ref(),
        Ok(&set)
    );
    let other = Agency::new(&agency.name, 50);
    let error = Err(TrustError::OtherRoots);
    assert_eq!(TrustSet::open_pinned(&note, &other.roots()), error);
    assert_eq!(
        TrustSet::open_pinned(&other.trust_note().to_string(), &agency.roots()),
        error
    );
    // A ticket printed before the roots rotated: good if its roots signed the rotation.
    let rotated = next(&set, |set| set.roots = roots(&[new], 1));
    let pinned = |by: &[&Signer]| TrustSet::open_pinned(&signed(&rotated, by), &agency.roots());
    assert_eq!(pinned(&[new]), Err(TrustError::OtherRoots));
    assert_eq!(pinned(&[old, new]), Ok(rotated.clone()));
    assert!(
        pinned(&[old]).is_err(),
        "the new roots themselves have to sign"
    );
}

#[test]
fn what_is_no_trust_file() {
    let agency = Agency::custos();
    let text = agency.trust_file();
    assert_eq!(
        TrustFile::from_text(&text).expect("a file").open(),
        Ok(agency.trust())
    );
    for bad in [
        text.trim_end().to_owned(),
        format!("{text} "),
        text.replace("custos-trust/1", "custos-trust/2"),
        text.replace("{\"format\"", "{ \"format\""),
        agency.trust_note().to_string(),
        String::new(),
    ] {
        assert_eq!(
            TrustFile::from_text(&bad),
            Err(TrustError::Malformed),
            "{bad}"
        );
    }
    // A certificate is no trust set, whoever signed it.
    let certificate = World::new().terminal.certificate();
    let note: Note = statement::sign(&certificate, &[&agency.root]).expect("a note");
    assert!(matches!(
        TrustSet::open(&note.to_string()),
        Err(TrustError::Statement(StatementError::OtherKind))
    ));
    let later = TrustSet {
        suite: 2,
        ..agency.trust()
    };
    assert!(
        TrustSet::open(&signed(&later, &[&agency.root])).is_err(),
        "another suite"
    );
}
