//! Parsers on arbitrary input, and the trees against each other.

use custos_protocol::{
    certificate::Certificate,
    checkpoint::Checkpoint,
    clip::{self, ClipTree, SEALED_CHUNK},
    directive::Directive,
    hash::{Hash, base64_encode},
    journal::{ClockTrust, Entry},
    key::SigningKey,
    merkle::{
        Frontier, MemoryTree, consistency, inclusion, leaf_hash, node_hash, root,
        verify_consistency, verify_inclusion,
    },
    note::{Note, Signer, Verifier},
    policy::Policy,
    proof::TlogProof,
    receipt::Receipt,
    ticket::Ticket,
    trust::{TrustFile, TrustSet},
    verify::{utc, verify_clip, verify_receipt},
};
use proptest::prelude::*;

use crate::{fixture::Agency, golden::examples};

/// Gives `text` to everything that reads text from outside. What reads it reads the same from
/// what it writes.
fn read_everything(text: &str) {
    let trust = Agency::custos().trust();
    if let Ok(note) = text.parse::<Note>() {
        assert_eq!(note.to_string(), text);
        let _ = Directive::open(&note, &trust);
        let _ = note.verify_strict(trust.people.iter().map(|p| &p.key));
    }
    if let Ok(key) = text.parse::<Verifier>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(key) = Signer::from_private_text(text) {
        assert_eq!(key.to_private_text(), text.trim_end());
    }
    if let Ok(hash) = text.parse::<Hash>() {
        assert_eq!(hash.to_string(), text);
    }
    if let Ok(checkpoint) = Checkpoint::from_text(text) {
        assert_eq!(checkpoint.to_text(), text);
    }
    if let Ok(proof) = text.parse::<TlogProof>() {
        assert_eq!(proof.to_string(), text);
        let _ = proof.verify(b"entry", &trust.registrar[0]);
    }
    if let Ok(receipt) = Receipt::from_text(text) {
        assert_eq!(receipt.to_text(), text);
    }
    if let Ok(file) = TrustFile::from_text(text) {
        assert_eq!(file.to_text(), text);
        let _ = file.open();
    }
    if let Ok(ticket) = Ticket::from_text(text) {
        assert_eq!(Ticket::from_text(&ticket.to_text()), Ok(ticket));
    }
    if let Ok(entry) = Entry::from_raw(text) {
        assert_eq!(Entry::from_raw(&entry.to_raw()).as_ref(), Ok(&entry));
        let _ = entry.event();
    }
    let _ = TrustSet::open(text);
    let _ = TrustSet::open_pinned(text, &trust.roots);
    let _ = trust.update(text);
    let _ = Certificate::open(text, &trust);
    let _ = Policy::open(text, &trust);
    let _ = verify_receipt(text, &trust);
    let report = verify_clip(text.as_bytes(), text, text);
    assert!(!report.verified());
}

/// One of our own texts with a part replaced, removed, repeated or put in.
fn mangled() -> impl Strategy<Value = String> {
    let texts: Vec<String> = examples().into_iter().map(|(_, text)| text).collect();
    let index = any::<prop::sample::Index>;
    let other = prop_oneof![
        "[ -~\n]{0,8}",
        Just(String::new()),
        Just("\n\n\u{2014} ".to_owned()),
        Just("99999999999999999999".to_owned()),
        "\\PC{0,3}",
    ];
    (prop::sample::select(texts), index(), index(), other).prop_map(|(text, from, to, other)| {
        let ends: Vec<usize> = (0..=text.len())
            .filter(|at| text.is_char_boundary(*at))
            .collect();
        let (from, to) = (*from.get(&ends), *to.get(&ends));
        let (from, to) = (from.min(to), from.max(to));
        // Mostly a short part; else little is left to read.
        let to = ends[ends.partition_point(|at| *at < to.min(from + 40).max(from))];
        [&text[..from], &other, &text[to..]].concat()
    })
}

fn tree(size: u64) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for leaf in 0..size {
        tree.push(leaf_hash(&leaf.to_be_bytes()));
    }
    tree
}

fn never<T>(value: Result<T, std::convert::Infallible>) -> T {
    value.unwrap_or_else(|never| match never {})
}

/// RFC 6962, 2.1, as it is written there: the hash of a list of leaves.
fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::of(b""),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&mth(left), &mth(right))
        }
    }
}

/// RFC 6962, 2.1.1: PATH.
fn audit_path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let middle = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(middle);
    let (mut path, other) = if index < middle {
        (audit_path(index, left), right)
    } else {
        (audit_path(index - middle, right), left)
    };
    path.push(mth(other));
    path
}

/// RFC 6962, 2.1.2: SUBPROOF.
fn subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole { Vec::new() } else { vec![mth(leaves)] };
    }
    let middle = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(middle);
    let (mut path, other) = if old <= middle {
        (subproof(old, left, whole), right)
    } else {
        (subproof(old - middle, right, false), left)
    };
    path.push(mth(other));
    path
}

#[test]
fn every_example_is_read() {
    for (_, text) in examples() {
        read_everything(&text);
        for line in text.lines() {
            read_everything(line);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in "(?s).{0,300}") {
        read_everything(&text);
    }

    #[test]
    fn any_mangled_text(text in mangled()) {
        read_everything(&text);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = clip::digest(bytes.as_slice());
        if let Some(tree) = ClipTree::from_bytes(&bytes) {
            prop_assert_eq!(tree.to_bytes(), bytes.clone());
            let _ = tree.digest();
        }
        if let Some(mut frontier) = Frontier::from_bytes(&bytes) {
            prop_assert_eq!(frontier.to_bytes(), bytes.clone());
            frontier.push_data(b"leaf");
            let _ = frontier.root();
        }
    }

    #[test]
    fn any_frontier(size in any::<u64>(), fill in any::<u8>()) {
        let peaks = size.count_ones() as usize * 32;
        let bytes = [size.to_be_bytes().as_slice(), &vec![fill; peaks]].concat();
        if let Some(mut frontier) = Frontier::from_bytes(&bytes) {
            prop_assert_eq!(frontier.to_bytes(), bytes);
            frontier.push_data(b"leaf");
            prop_assert_eq!(frontier.size(), size + 1);
        }
    }

    #[test]
    fn any_time(time_ms in any::<i64>()) {
        let text = utc(time_ms);
        prop_assert!(text.ends_with('Z') && text.contains('T'));
    }

    #[test]
    fn notes_come_back(
        text in "([ -~]|\\p{Han}){0,80}",
        names in prop::collection::hash_set("[a-z./-]{1,20}", 1..4),
    ) {
        let text = format!("{text}\n");
        let signers: Vec<Signer> = names
            .iter()
            .map(|name| Signer::new(name, SigningKey::from_seed(&[7; 32])).expect("a name"))
            .collect();
        let note = Note::sign(&text, &signers.iter().collect::<Vec<_>>());
        let note = note.expect("a text");
        prop_assert_eq!(note.to_string().parse::<Note>(), Ok(note.clone()));
        let keys: Vec<Verifier> = signers.iter().map(Signer::verifier).collect();
        prop_assert_eq!(note.verify_strict(&keys).expect("signed").len(), names.len());
    }

    #[test]
    fn entries_come_back(
        seq in any::<u64>(), time_ms in any::<i64>(), words in "\\PC{0,40}",
        officer in prop::option::of("[0-9]{6}"), kind in "[a-z-]{1,20}",
    ) {
        let entry = Entry {
            suite: 1,
            seq,
            time_ms,
            clock: ClockTrust::Carried,
            terminal: "cam-07".into(),
            duty: officer.clone(),
            officer,
            kind,
            body: serde_json::json!({ "words": words, "number": seq }),
        };
        prop_assert_eq!(Entry::from_raw(&entry.to_raw()), Ok(entry));
    }

    #[test]
    fn proofs_of_random_trees(size in 1_u64..700, at in any::<prop::sample::Index>(), bit in 0..256_usize) {
        let tree = tree(size);
        let whole = never(root(size, &tree));
        let index = at.index(size as usize) as u64;
        let leaf = leaf_hash(&index.to_be_bytes());
        let path = never(inclusion(index, size, &tree));
        prop_assert_eq!(verify_inclusion(&leaf, index, size, &whole, &path), Ok(()));
        let old = index + 1;
        let before = never(root(old, &tree));
        let steps = never(consistency(old, size, &tree));
        prop_assert_eq!(verify_consistency(old, size, &before, &whole, &steps), Ok(()));
        // The frontier of the first `old` leaves, continued, is the whole tree's.
        let mut frontier = Frontier::new();
        for leaf in 0..old {
            frontier.push(leaf_hash(&leaf.to_be_bytes()));
        }
        prop_assert_eq!(frontier.root(), before);
        let mut frontier = Frontier::from_bytes(&frontier.to_bytes()).expect("own bytes");
        for leaf in old..size {
            frontier.push(leaf_hash(&leaf.to_be_bytes()));
        }
        prop_assert_eq!(frontier.root(), whole);
        // One flipped bit in any hash of either proof.
        let flip = |path: &[Hash], which: usize| {
            let mut path = path.to_vec();
            path[which].0[bit / 8] ^= 1 << (bit % 8);
            path
        };
        for which in 0..path.len() {
            let bad = flip(&path, which);
            prop_assert!(verify_inclusion(&leaf, index, size, &whole, &bad).is_err());
        }
        for which in 0..steps.len() {
            let bad = flip(&steps, which);
            prop_assert!(verify_consistency(old, size, &before, &whole, &bad).is_err());
        }
        // No other index or size is proved by the same path.
        for other in 0..size {
            let proved = verify_inclusion(&leaf, other, size, &whole, &path).is_ok();
            prop_assert_eq!(proved, other == index);
        }
    }

    /// What is kept and made in steps is what the standard defines over whole lists.
    #[test]
    fn trees_are_those_of_the_standard(size in 1_usize..200, at in any::<prop::sample::Index>()) {
        let leaves: Vec<Hash> = (0..size).map(|n| leaf_hash(&(n as u64).to_be_bytes())).collect();
        let tree = tree(size as u64);
        let mut frontier = Frontier::new();
        for (before, leaf) in leaves.iter().enumerate() {
            prop_assert_eq!(frontier.root(), mth(&leaves[..before]));
            prop_assert_eq!(never(root(before as u64, &tree)), mth(&leaves[..before]));
            frontier.push(*leaf);
        }
        prop_assert_eq!((frontier.root(), tree.root()), (mth(&leaves), mth(&leaves)));
        let index = at.index(size);
        let path = never(inclusion(index as u64, size as u64, &tree));
        prop_assert_eq!(path, audit_path(index, &leaves));
        let old = index + 1;
        let steps = never(consistency(old as u64, size as u64, &tree));
        prop_assert_eq!(steps, subproof(old, &leaves, true));
    }

    #[test]
    fn any_proof(
        index in any::<u64>(), size in any::<u64>(),
        path in prop::collection::vec(any::<[u8; 32]>(), 0..66),
    ) {
        let path: Vec<Hash> = path.into_iter().map(Hash).collect();
        let hash = Hash::of(b"");
        let _ = verify_inclusion(&hash, index, size, &hash, &path);
        let _ = verify_consistency(index, size, &hash, &hash, &path);
    }

    #[test]
    fn clip_trees_and_files(length in 0..3 * SEALED_CHUNK, nonce in any::<[u8; 16]>()) {
        let header = b"age-encryption.org/v1\n-> X25519 a\nb\n--- mac\n";
        let body = base64_encode(&vec![0x42; length]);
        let body = &body.as_bytes()[..length];
        let file = [header.as_slice(), &nonce, body].concat();
        let digest = clip::digest(file.as_slice());
        let rest = length % SEALED_CHUNK;
        let whole = length >= SEALED_CHUNK && (rest == 0 || rest > 16) || (16..SEALED_CHUNK).contains(&length);
        prop_assert_eq!(digest.is_ok(), whole);
        if let Ok(digest) = digest {
            let mut tree = ClipTree::new(&file[..header.len() + 16]);
            for chunk in body.chunks(SEALED_CHUNK) {
                tree = ClipTree::from_bytes(&tree.to_bytes()).expect("own bytes");
                tree.push(chunk);
            }
            prop_assert_eq!(tree.digest(), digest);
        }
    }
}
