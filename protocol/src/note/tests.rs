use super::*;
use crate::key::SigningKey;

// The example of golang.org/x/mod/sumdb/note's documentation: key, note and signature.
const PETER_PRIVATE: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PETER_PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETER_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

#[test]
fn agrees_with_the_go_documentation() {
    let signer = Signer::from_private_text(PETER_PRIVATE).expect("key");
    assert_eq!(signer.verifier().to_string(), PETER_PUBLIC);
    assert_eq!(signer.to_private_text(), PETER_PRIVATE);
    let verifier: Verifier = PETER_PUBLIC.parse().expect("vkey");
    let note: Note = PETER_NOTE.parse().expect("note");
    assert_eq!(note.verify_strict([&verifier]), Ok(vec![&verifier]));
    let ours = Note::sign(note.text(), &[&signer]).expect("sign");
    assert_eq!(ours.to_string(), PETER_NOTE);
}

#[test]
fn every_flipped_bit_is_refused() {
    let verifier: Verifier = PETER_PUBLIC.parse().expect("vkey");
    for bit in 0..PETER_NOTE.len() * 8 {
        let mut bytes = PETER_NOTE.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let accepted = String::from_utf8(bytes)
            .ok()
            .and_then(|text| text.parse::<Note>().ok())
            .is_some_and(|note| note.signature_of(&verifier).is_ok());
        assert!(!accepted, "bit {bit}");
    }
}

#[test]
fn unknown_keys_are_passed_over_unless_strict() {
    let known = Signer::new("a", SigningKey::from_seed(&[1; 32])).expect("signer");
    let other = Signer::new("b", SigningKey::from_seed(&[2; 32])).expect("signer");
    let note = Note::sign("text\n", &[&known, &other]).expect("sign");
    let verifier = known.verifier();
    assert_eq!(note.verify([&verifier]), Ok(vec![&verifier]));
    assert_eq!(note.verify_strict([&verifier]), Err(NoteError::Unexpected));
    let stranger = Signer::new("c", SigningKey::from_seed(&[3; 32]))
        .expect("signer")
        .verifier();
    assert_eq!(note.verify([&stranger]), Ok(vec![]));
    assert_eq!(
        note.signature_of(&stranger),
        Err(NoteError::Missing("c".into()))
    );
}

#[test]
fn malformed_notes_and_keys() {
    for text in [
        "",
        "a",
        "a\n",
        "a\n\n",
        "a\n\nb\n",
        "a\r\n\n\u{2014} a AAAAAAAA\n",
    ] {
        assert!(
            text.parse::<Note>()
                .map(|n| n.signatures().len())
                .unwrap_or(0)
                == 0,
            "{text:?}"
        );
    }
    for key in [
        "",
        "a+b",
        "a+00000000+AAAA",
        "a b+c74f20a3+ARpc",
        &PETER_PUBLIC.replace("c7", "C7"),
    ] {
        assert_eq!(
            key.parse::<Verifier>(),
            Err(NoteError::MalformedKey),
            "{key:?}"
        );
    }
    let witness = Signer::cosigner("w", SigningKey::from_seed(&[1; 32])).expect("signer");
    let mut note: Note = PETER_NOTE.parse().expect("note");
    assert_eq!(note.add_signature(&witness), Err(NoteError::OtherAlgorithm));
    assert_eq!(
        Note::sign("text\n", &[&witness]),
        Err(NoteError::OtherAlgorithm)
    );
    assert_eq!(Note::sign("no newline", &[]), Err(NoteError::Malformed));
    assert!(Signer::new("with space", SigningKey::from_seed(&[1; 32])).is_err());
}
