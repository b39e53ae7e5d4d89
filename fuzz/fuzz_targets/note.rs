//! Signed notes and keys: what parses prints to the same bytes, and what is signed comes back.

#![no_main]

use custos_fuzz::fixture::{Agency, seeded};
use custos_protocol::{
    hash::{Hash, base64_decode, base64_encode},
    note::{Note, Signer, Verifier},
};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static AGENCY: LazyLock<Agency> = LazyLock::new(Agency::custos);
static SIGNERS: LazyLock<[Signer; 2]> =
    LazyLock::new(|| [seeded("one/more", 77), seeded("any/name", 78)]);

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (agency, [one_more, any]) = (&*AGENCY, &*SIGNERS);
    let known = [
        agency.root.verifier(),
        agency.witness.verifier(),
        agency.anna.verifier(),
    ];
    if let Ok(note) = text.parse::<Note>() {
        assert_eq!(note.to_string(), text);
        let signed = note.verify(&known).map(|keys| keys.len());
        if let Ok(all) = note.verify_strict(&known) {
            assert_eq!(
                (signed, all.len()),
                (Ok(note.signatures().len()), note.signatures().len())
            );
        }
        for line in note.signatures() {
            let _ = line.time();
        }
        // One more signature, and nothing else, is added to any note.
        let mut more = note.clone();
        more.add_signature(one_more)
            .expect("any text that was signed");
        let back: Note = more.to_string().parse().expect("a note");
        assert_eq!((&back, back.text()), (&more, note.text()));
        back.signature_of(&one_more.verifier())
            .expect("just signed");
    }
    // Whatever may be signed at all can be read again, and says the same.
    if let Ok(note) = Note::sign(text, &[any, &agency.root]) {
        let back: Note = note.to_string().parse().expect("a note");
        assert_eq!((&back, back.text()), (&note, text));
        assert_eq!(
            back.verify_strict(&[any.verifier(), agency.root.verifier()])
                .map(|k| k.len()),
            Ok(2)
        );
    }
    for line in text.lines().chain([text]) {
        if let Ok(key) = line.parse::<Verifier>() {
            assert_eq!(key.to_string(), line);
            let json = serde_json::to_string(&key).expect("a string");
            assert_eq!(
                serde_json::from_str::<Verifier>(&json).expect("own words"),
                key
            );
        }
        if let Ok(key) = Signer::from_private_text(line) {
            assert_eq!(key.to_private_text(), line.trim_end());
            assert_eq!(key.verifier().to_string().parse(), Ok(key.verifier()));
        }
        if let Ok(hash) = line.parse::<Hash>() {
            assert_eq!(hash.to_string(), line);
        }
        if let Some(bytes) = base64_decode(line) {
            assert_eq!(base64_encode(&bytes), line);
        }
    }
});
