use custos_protocol::{
    checkpoint::{Checkpoint, cosign},
    journal::{ClockTrust, Entry},
    key::SigningKey,
    merkle::MemoryTree,
    note::Signer,
    proof::TlogProof,
    receipt::Receipt,
};

use super::*;
use crate::testing::{Agency, sealed};

fn refuses(agency: &Agency, clip: &str, receipt: &Receipt, fault: ReceiptFault) {
    let before = agency.state(clip);
    assert_eq!(
        accept(agency.vault(), clip, &receipt.to_text()),
        Err(Error::Receipt(fault))
    );
    assert_eq!(
        agency.state(clip),
        before,
        "a refused receipt confirms nothing"
    );
    assert!(agency.kinds().ends_with(&["receipt-refused".to_owned()]));
}

#[test]
fn our_receipt_confirms_and_is_journalled_once() {
    let agency = Agency::new();
    agency.seal("clip-1", 100_000);
    let receipt = agency.receipt("clip-1").to_text();
    accept(agency.vault(), "clip-1", &receipt).unwrap();
    accept(agency.vault(), "clip-1", &receipt).unwrap();
    assert_eq!(agency.state("clip-1"), "confirmed");
    assert_eq!(agency.kinds(), ["sealed", "confirmed"]);
}

#[test]
fn a_receipt_for_another_clip_is_refused() {
    let agency = Agency::new();
    // Even one with the very same bytes.
    agency.seal("clip-1", 1_000);
    agency.seal("clip-2", 1_000);
    refuses(
        &agency,
        "clip-1",
        &agency.receipt("clip-2"),
        ReceiptFault::OtherClip,
    );
}

#[test]
fn a_receipt_for_other_bytes_is_refused() {
    let agency = Agency::new();
    agency.seal("clip-1", 1_000);
    agency
        .vault()
        .write(|tx| Ok(tx.execute("DELETE FROM evidence", [])?))
        .unwrap();
    // Of the same name, and longer.
    agency.seal("clip-1", 1_001);
    refuses(
        &agency,
        "clip-1",
        &receipt_of_first(&agency),
        ReceiptFault::OtherBytes,
    );
    // As long, with another content.
    let receipt = agency.receipt("clip-1");
    let sql = "UPDATE evidence SET root = zeroblob(32)";
    agency.vault().write(|tx| Ok(tx.execute(sql, [])?)).unwrap();
    refuses(&agency, "clip-1", &receipt, ReceiptFault::OtherBytes);
}

/// A genuine receipt for what the journal's first entry says of clip-1: 1,000 bytes of body.
fn receipt_of_first(agency: &Agency) -> Receipt {
    let log = agency.test.signer();
    agency
        .vault()
        .read(|c| {
            let entry = journal::entries(c, 0, 1, usize::MAX)?.remove(0);
            let Some(Event::Sealed(said)) = Entry::from_raw(&entry).unwrap().event() else {
                panic!("the first entry seals")
            };
            let size = journal::size(c)?;
            let mut checkpoint = journal::sign_checkpoint(c, &log, None)?;
            cosign(&mut checkpoint, &agency.witness, 1);
            let hashes = custos_protocol::merkle::inclusion(0, size, &journal::Nodes(c))?;
            let proof = TlogProof {
                index: 0,
                hashes,
                checkpoint,
            };
            let stored = agency.stored("clip-1", "t-1", said.digest, 0, &entry);
            let certificate = agency.certificate("t-1", 1, &log);
            Ok(Receipt::new(certificate, entry, proof.to_string(), stored))
        })
        .unwrap()
}

/// Two entries of our journal say the same of a clip; the receipt is for the wrong one.
#[test]
fn a_receipt_for_another_entry_is_refused() {
    let agency = Agency::new();
    agency.seal("clip-1", 1_000);
    let receipt = agency.receipt("clip-1");
    agency
        .vault()
        .write(|tx| Ok(tx.execute("DELETE FROM evidence", [])?))
        .unwrap();
    agency.seal("clip-1", 1_000);
    refuses(&agency, "clip-1", &receipt, ReceiptFault::OtherBytes);
}

/// A receipt that verifies in every signature, for the same clip and bytes, of another terminal
/// of the same agency.
#[test]
fn a_receipt_for_another_terminal_is_refused() {
    let agency = Agency::new();
    let digest = agency.seal("clip-1", 1_000);
    for (terminal, epoch) in [("t-2", 1), ("t-1", 2), ("t-1", 1)] {
        let name = format!("custos.test/terminal/{terminal}/{epoch}");
        let log = Signer::new(&name, SigningKey::from_seed(&[77; 32])).unwrap();
        let (kind, body) = Event::Sealed(sealed("clip-1", digest)).to_parts();
        let entry = Entry {
            suite: 1,
            seq: 0,
            time_ms: 0,
            clock: ClockTrust::None,
            terminal: terminal.to_owned(),
            officer: None,
            duty: None,
            kind,
            body,
        };
        let raw = entry.to_raw();
        let mut tree = MemoryTree::new();
        tree.push(leaf_hash(raw.as_bytes()));
        let checkpoint = Checkpoint {
            origin: name,
            size: 1,
            root: tree.root(),
        };
        let mut checkpoint = checkpoint.sign(&log).unwrap();
        cosign(&mut checkpoint, &agency.witness, 1);
        let proof = TlogProof {
            index: 0,
            hashes: Vec::new(),
            checkpoint,
        };
        let mut stored: custos_protocol::stored::Stored = statement::read_unverified(
            &agency
                .stored("clip-1", terminal, digest, 0, &raw)
                .parse()
                .unwrap(),
        )
        .unwrap();
        stored.epoch = epoch;
        let stored = statement::sign(&stored, &[&agency.storage])
            .unwrap()
            .to_string();
        let certificate = agency.certificate(terminal, epoch, &log);
        let receipt = Receipt::new(certificate, raw, proof.to_string(), stored);
        verify_receipt(&receipt.to_text(), &agency.trust).expect("genuine in itself");
        refuses(&agency, "clip-1", &receipt, ReceiptFault::OtherTerminal);
    }
}

#[test]
fn a_receipt_without_one_of_its_signatures_is_refused() {
    let agency = Agency::new();
    let digest = agency.seal("clip-1", 1_000);
    let good = agency.receipt("clip-1");
    let stranger = Signer::new("custos.test/storage", SigningKey::from_seed(&[9; 32])).unwrap();
    let forged = {
        let note = agency
            .stored("clip-1", "t-1", digest, 0, &good.entry)
            .parse()
            .unwrap();
        let stored: custos_protocol::stored::Stored = statement::read_unverified(&note).unwrap();
        statement::sign(&stored, &[&stranger]).unwrap().to_string()
    };
    let uncosigned = {
        let mut proof: TlogProof = good.proof.parse().unwrap();
        proof.checkpoint = agency
            .vault()
            .read(|c| journal::sign_checkpoint(c, &agency.test.signer(), None))
            .unwrap();
        proof.to_string()
    };
    let mutations: [&dyn Fn(&mut Receipt); 4] = [
        &|bad| bad.stored.clone_from(&forged),
        &|bad| bad.proof.clone_from(&uncosigned),
        &|bad| bad.certificate.clone_from(&bad.stored.clone()),
        &|bad| bad.entry = bad.entry.replace("case", "casf"),
    ];
    for mutate in mutations {
        let mut bad = good.clone();
        mutate(&mut bad);
        refuses(&agency, "clip-1", &bad, ReceiptFault::Invalid);
    }
}

#[test]
fn any_text_is_refused_without_a_panic() {
    let agency = Agency::new();
    agency.seal("clip-1", 100);
    let text = agency.receipt("clip-1").to_text();
    for cut in (0..text.len()).step_by(37) {
        assert_eq!(
            accept(agency.vault(), "clip-1", &text[..cut]),
            Err(Error::Receipt(ReceiptFault::Invalid))
        );
    }
    assert_eq!(
        accept(agency.vault(), "clip-9", &text),
        Err(Error::NotSealed)
    );
    assert_eq!(agency.state("clip-1"), "sealed");
}
