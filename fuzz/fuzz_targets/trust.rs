//! Receipts, trust files and sets, tickets, as they come in from outside. What is signed here
//! was signed by the agency of the tests: no input can say more than that agency did.

#![no_main]

use custos_fuzz::fixture::{Parts, World};
use custos_protocol::{
    certificate::Certificate,
    directive::Directive,
    note::Note,
    policy::Policy,
    receipt::Receipt,
    ticket::Ticket,
    trust::{TrustFile, TrustSet},
    verify::{verify_clip, verify_receipt},
};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

struct Known {
    world: World,
    trust: TrustSet,
    trust_file: String,
    receipts: [Parts; 2],
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let world = World::new();
    Known {
        trust: world.agency.trust(),
        trust_file: world.agency.trust_file(),
        receipts: [world.parts(&world.photo), world.parts(&world.video)],
        world,
    }
});

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Known {
        world,
        trust,
        trust_file,
        receipts,
    } = &*KNOWN;

    if let Ok(receipt) = Receipt::from_text(text) {
        assert_eq!(receipt.to_text(), text);
    }
    if let Ok(verified) = verify_receipt(text, trust) {
        let receipt = Receipt::from_text(text).expect("it verified");
        let known = receipts.iter().find(|known| known.entry == receipt.entry);
        let known = known.expect("an entry of the terminal");
        assert_eq!(
            (&receipt.certificate, &receipt.stored),
            (&known.certificate, &known.stored)
        );
        let proof: custos_protocol::proof::TlogProof = receipt.proof.parse().expect("it verified");
        assert_eq!(
            (proof.index, &proof.hashes),
            (known.proof.index, &known.proof.hashes)
        );
        // With the wrong file it does not: the receipts are for two files.
        let files = [&world.photo.file, &world.video.file];
        let fitting = files
            .iter()
            .filter(|file| verify_clip(file.as_slice(), text, trust_file).verified())
            .count();
        assert_eq!(fitting, 1);
        assert_eq!(verified.stored.digest, verified.sealed.digest);
    }

    if let Ok(file) = TrustFile::from_text(text) {
        assert_eq!(file.to_text(), text);
        let opened = file.open();
        assert!(TrustFile::from_text(&TrustFile::new(&file.note).to_text()).is_ok());
        if opened.is_ok() {
            assert_eq!(TrustFile::new(&file.note), file);
        }
    }
    if let Ok(set) = TrustSet::open(text) {
        let file = TrustFile::new(text);
        assert_eq!(file.open().as_ref(), Ok(&set));
        assert_eq!(TrustSet::open_pinned(text, &set.roots).as_ref(), Ok(&set));
    }
    if let Ok(set) = TrustSet::open_pinned(text, &trust.roots) {
        assert_eq!(&set, trust);
    }
    assert!(trust.update(text).is_err());

    if let Ok(certificate) = Certificate::open(text, trust) {
        assert_eq!(certificate, world.terminal.certificate());
    }
    if let Ok(policy) = Policy::open(text, trust) {
        assert_eq!(policy, world.agency.policy());
    }
    if let Ok(note) = text.parse::<Note>()
        && let Ok(directive) = Directive::open(&note, trust)
    {
        let known = world.agency.directive(directive.action, directive.seq);
        assert_eq!(
            (directive.terminal, directive.epoch),
            (known.terminal, known.epoch)
        );
    }

    if let Ok(ticket) = Ticket::from_text(text) {
        assert_eq!(Ticket::from_text(&ticket.to_text()).as_ref(), Ok(&ticket));
        assert!(!format!("{ticket:?}").contains(&ticket.token) || ticket.token.len() < 8);
    }
});
