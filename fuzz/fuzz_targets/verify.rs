//! The offline verifier end to end, against parts that are all rightly signed and say anything:
//! the bodies of the certificate, the seal entry and the statement of storage, and then the
//! evidence file, with lines of four dashes between them. What verifies is coherent, by a check
//! of another kind.

#![no_main]

use custos_fuzz::{
    fixture::{Parts, World},
    input::Input,
};
use custos_protocol::{
    certificate::Certificate, clip, merkle::leaf_hash, note::Note, statement::Statement,
    stored::Stored, verify::verify_clip,
};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use std::sync::LazyLock;

struct Known {
    world: World,
    trust_file: String,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let world = World::new();
    let trust_file = world.agency.trust_file();
    Known { world, trust_file }
});

/// Stands for the leaf hash of the entry, which an input cannot know.
const ENTRY_HASH: &str = "ENTRY-HASH";
/// Stands for the digest of the file.
const DIGEST: &str = "\"DIGEST\"";

fuzz_target!(|data: &[u8]| {
    let pieces = Input(data).split::<4>();
    let [Ok(certificate), Ok(entry), Ok(stored)] =
        [pieces[0], pieces[1], pieces[2]].map(|p| std::str::from_utf8(p).map(str::trim_end))
    else {
        return;
    };
    let file = pieces[3];
    let Known { world, trust_file } = &*KNOWN;
    let agency = &world.agency;

    let digest = clip::digest(file).ok();
    let own = digest.map_or(String::new(), |d| {
        serde_json::to_string(&d).expect("plain data")
    });
    let entry = entry.replace(DIGEST, &own);
    let hash = leaf_hash(entry.as_bytes()).to_string();
    let stored = stored.replace(DIGEST, &own).replace(ENTRY_HASH, &hash);

    let mut terminal = custos_fuzz::fixture::Terminal::new(&agency.name, "cam-07", 1, 101);
    terminal.entries.clone_from(&world.terminal.entries);
    terminal.tree = world.terminal.tree.clone();
    let index = terminal.tree.size();
    terminal.append_raw(entry.clone());
    let note = |kind: &str, json: &str, signer| {
        Note::sign(&format!("{kind}\n{json}\n"), &[signer])
            .ok()
            .map(|n| n.to_string())
    };
    let (Some(certificate_note), Some(stored_note)) = (
        note(Certificate::TYPE, certificate, &agency.registrar),
        note(Stored::TYPE, &stored, &agency.storage),
    ) else {
        return;
    };
    let receipt = Parts {
        certificate: certificate_note,
        entry: entry.clone(),
        proof: terminal.proof(index, &agency.witness),
        stored: stored_note,
    };
    let report = verify_clip(file, &receipt.to_text(), trust_file);
    for words in report.proved.iter().map(ToString::to_string) {
        assert!(!words.is_empty());
    }
    for words in report.not_proved.iter().map(ToString::to_string) {
        assert!(!words.is_empty());
    }
    if let Some(error) = &report.error {
        assert!(report.proved.is_empty() && !error.to_string().is_empty());
        return;
    }

    let read = |json: &str| serde_json::from_str::<Value>(json).expect("it verified");
    let (certificate, entry, stored) = (read(certificate), read(&entry), read(&stored));
    let sealed = &entry["body"];
    for value in [&certificate, &entry, &stored] {
        assert_eq!(
            (&value["suite"], &value["terminal"]),
            (&1.into(), &"cam-07".into())
        );
    }
    assert_eq!(entry["kind"], "sealed");
    assert_eq!(
        (&entry["seq"], &stored["entry"]),
        (&index.into(), &index.into())
    );
    assert_eq!(
        (&certificate["epoch"], &stored["epoch"]),
        (&1.into(), &1.into())
    );
    assert_eq!(
        certificate["journal_key"],
        terminal.key.verifier().to_string()
    );
    assert_eq!(
        (&sealed["clip"], &sealed["digest"]),
        (&stored["clip"], &stored["digest"])
    );
    assert_eq!(stored["entry_hash"], hash);
    let digest = digest.expect("it verified");
    assert_eq!(
        stored["digest"],
        serde_json::to_value(digest).expect("plain data")
    );
    assert_eq!(digest.length, file.len() as u64);
});
