//! A Go program on other people's libraries verifies our receipts, checkpoints and consistency
//! proofs, and refuses what was tampered with: `tests/interop/go`.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use custos_protocol::{
    checkpoint::{Checkpoint, cosign},
    hash::Hash,
    merkle::{MemoryTree, consistency, leaf_hash},
    note::{Note, Signer},
    proof::TlogProof,
    receipt::Receipt,
    verify::verify_clip,
};
use custos_tests::{
    process::{done, sample},
    scene::{Scene, text},
};
use fixture::{Evidence, Terminal, World};

#[path = "../../protocol/tests/protocol/fixture/mod.rs"]
mod fixture;

/// The program, built once; `None`, with the reason printed, where there is no Go.
fn verifier() -> Option<PathBuf> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let program = PROGRAM.get_or_init(build).clone();
    if program.is_none() {
        eprintln!("skipped: no `go` on this machine");
    }
    program
}

fn build() -> Option<PathBuf> {
    Command::new("go").arg("version").output().ok()?;
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .expect("a target folder");
    let program = target.join("interop/go/verify");
    let built = Command::new("go")
        .args(["build", "-trimpath", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/go"))
        .output()
        .expect("go runs");
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    Some(program)
}

/// The files that the program reads.
struct Case {
    clip: Vec<u8>,
    receipt: String,
    trust: String,
    earlier: String,
    consistency: String,
}

impl Case {
    fn genuine(world: &World, of: &Evidence) -> Self {
        let proof = world.terminal.consistency(world.earlier);
        Self {
            clip: of.file.clone(),
            receipt: world.parts(of).to_text(),
            trust: world.agency.trust_file(),
            earlier: world
                .terminal
                .cosigned(world.earlier, &world.agency.witness)
                .to_string(),
            consistency: proof.iter().map(|hash| format!("{hash}\n")).collect(),
        }
    }

    fn run(&self, program: &Path) -> Output {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(program);
        let files: [(&str, &[u8]); 5] = [
            ("clip", &self.clip),
            ("receipt", self.receipt.as_bytes()),
            ("trust", self.trust.as_bytes()),
            ("earlier", self.earlier.as_bytes()),
            ("consistency", self.consistency.as_bytes()),
        ];
        for (name, bytes) in files {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).expect("written");
            command.arg(format!("-{name}")).arg(path);
        }
        command.output().expect("the verifier runs")
    }

    fn accepted(&self, program: &Path) -> bool {
        let output = self.run(program);
        let code = output.status.code();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            code == Some(0) || code == Some(1) && said.starts_with("does not verify:"),
            "{said}"
        );
        code == Some(0)
    }
}

#[test]
fn genuine_evidence() {
    let Some(program) = verifier() else { return };
    let world = World::new();
    for evidence in [&world.photo, &world.video] {
        let output = Case::genuine(&world, evidence).run(&program);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(
            said.contains(&format!("receipt for {}", evidence.clip)),
            "{said}"
        );
        assert!(
            said.contains("the journal of 4 entries is a prefix of that of 10"),
            "{said}"
        );
        assert!(said.contains("bit for bit"), "{said}");
    }
}

/// A bit of each part, at places all over it. In text bits 0 to 4: bit 5 turns the case of a
/// letter, and Go's JSON reader takes the name of a field in either.
#[test]
fn flipped_bits() {
    let Some(program) = verifier() else { return };
    let world = World::new();
    let genuine = || Case::genuine(&world, &world.photo);
    let flip = |text: &str, byte: usize| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[byte] ^= 1 << (byte % 5);
        String::from_utf8(bytes).ok()
    };
    let case = genuine();
    for byte in (3..case.clip.len()).step_by(61) {
        let mut case = genuine();
        case.clip[byte] ^= 1 << (byte % 8);
        assert!(!case.accepted(&program), "clip, byte {byte}");
    }
    for byte in (7..case.receipt.len()).step_by(53) {
        let Some(receipt) = flip(&case.receipt, byte) else {
            continue;
        };
        assert!(
            !Case {
                receipt,
                ..genuine()
            }
            .accepted(&program),
            "receipt, byte {byte}"
        );
    }
    for byte in (11..case.trust.len()).step_by(53) {
        let Some(trust) = flip(&case.trust, byte) else {
            continue;
        };
        assert!(
            !Case { trust, ..genuine() }.accepted(&program),
            "trust, byte {byte}"
        );
    }
    for byte in (1..case.earlier.len()).step_by(17) {
        let Some(earlier) = flip(&case.earlier, byte) else {
            continue;
        };
        assert!(
            !Case {
                earlier,
                ..genuine()
            }
            .accepted(&program),
            "earlier, byte {byte}"
        );
    }
    for byte in (0..case.consistency.len() - 4).step_by(13) {
        let Some(consistency) = flip(&case.consistency, byte) else {
            continue;
        };
        assert!(
            !Case {
                consistency,
                ..genuine()
            }
            .accepted(&program),
            "proof, byte {byte}"
        );
    }
}

#[test]
fn what_does_not_belong_together() {
    let Some(program) = verifier() else { return };
    let world = World::new();
    let genuine = || Case::genuine(&world, &world.photo);
    let parts = world.parts(&world.photo);
    let other = world.parts(&world.video);
    let again = World::of(
        fixture::Agency::custos(),
        Terminal::new(fixture::AGENCY, fixture::TERMINAL, 2, 102),
    );
    let elsewhere = World::of(
        fixture::Agency::new(fixture::AGENCY, 50),
        Terminal::new(fixture::AGENCY, fixture::TERMINAL, 1, 101),
    );
    let mut unwitnessed = parts.clone();
    let terminal = &world.terminal;
    let bare = terminal
        .checkpoint(terminal.tree.size())
        .sign(&terminal.key)
        .expect("own origin");
    unwitnessed.proof.checkpoint = bare.clone();
    let mut by_stranger = parts.clone();
    let key = custos_protocol::key::SigningKey::from_seed(&[240; 32]);
    let stranger = Signer::cosigner("custos.local/witness", key).expect("a name");
    by_stranger.proof.checkpoint = bare;
    cosign(&mut by_stranger.proof.checkpoint, &stranger, 1);
    let mut entry = parts.clone();
    entry.entry = other.entry.clone();
    let mut proof = parts.clone();
    proof.proof = other.proof.clone();
    let mut stored = parts.clone();
    stored.stored = other.stored.clone();
    let mut certificate = parts.clone();
    certificate.certificate = again.parts(&again.photo).certificate;
    let with = |receipt: String| Case {
        receipt,
        ..genuine()
    };
    let cases = [
        ("another clip's receipt", with(other.to_text())),
        (
            "another enrolment's receipt",
            with(again.parts(&again.photo).to_text()),
        ),
        (
            "another agency's receipt",
            with(elsewhere.parts(&elsewhere.photo).to_text()),
        ),
        (
            "another agency's trust set",
            Case {
                trust: elsewhere.agency.trust_file(),
                ..genuine()
            },
        ),
        ("no cosignature", with(unwitnessed.to_text())),
        ("a stranger's cosignature", with(by_stranger.to_text())),
        ("another entry", with(entry.to_text())),
        ("another proof", with(proof.to_text())),
        ("another statement of storage", with(stored.to_text())),
        ("another certificate", with(certificate.to_text())),
        (
            "a cut file",
            Case {
                clip: world.photo.file[..500].to_vec(),
                ..genuine()
            },
        ),
        (
            "a longer file",
            Case {
                clip: [&world.photo.file[..], b"x"].concat(),
                ..genuine()
            },
        ),
        (
            "another journal's checkpoint",
            Case {
                earlier: again
                    .terminal
                    .cosigned(4, &again.agency.witness)
                    .to_string(),
                ..genuine()
            },
        ),
        (
            "a proof from another size",
            Case {
                earlier: terminal.cosigned(3, &world.agency.witness).to_string(),
                ..genuine()
            },
        ),
        (
            "no proof",
            Case {
                consistency: String::new(),
                ..genuine()
            },
        ),
    ];
    for (what, case) in cases {
        assert!(!case.accepted(&program), "{what}");
        let ours = verify_clip(case.clip.as_slice(), &case.receipt, &case.trust);
        // Ours looks at a clip alone: at no earlier checkpoint.
        let journal = [
            "another enrolment's receipt",
            "another journal's checkpoint",
        ];
        let journal = journal.contains(&what) || what.contains("proof from") || what == "no proof";
        assert_eq!(
            ours.verified(),
            journal,
            "{what}: the two verifiers disagree"
        );
    }
}

/// Records the sample on a real terminal, has a real station confirm it, and gives the exported
/// clip, receipt and trust set.
fn confirmed(scene: &Scene) -> [Vec<u8>; 3] {
    let media = sample().display().to_string();
    let said = done(scene.terminal(&["record", "--media", &media]));
    let sealed = said
        .lines
        .iter()
        .find(|l| l["event"] == "sealed")
        .expect("a sealed line");
    let clip = text(&sealed["clip"]);
    done(scene.terminal(&["sync"]));
    let bundle = scene.export_and_verify(&clip);
    [
        format!("{clip}.mp4.age"),
        format!("{clip}.mp4.receipt"),
        "trust.json".to_owned(),
    ]
    .map(|name| std::fs::read(bundle.join(name)).expect("exported"))
}

fn proof_of(receipt: &str) -> TlogProof {
    let receipt = Receipt::from_text(receipt).expect("a receipt");
    receipt.proof.parse().expect("a tlog-proof")
}

/// The checkpoint of a proof, its signatures being the Go program's to check.
fn checkpoint_of(note: &Note) -> Checkpoint {
    Checkpoint::from_text(note.text()).expect("a checkpoint")
}

/// The journal as the station holds it, up to `size`.
fn journal(scene: &Scene, size: u64) -> MemoryTree {
    let database = rusqlite::Connection::open(scene.station.dir().join("station.db"));
    let database = database.expect("the station's database");
    let mut rows = database
        .prepare("SELECT raw FROM entries WHERE seq < ?1 ORDER BY seq")
        .expect("entries");
    let mut tree = MemoryTree::new();
    let entries = rows
        .query_map([size], |row| row.get::<_, String>(0))
        .expect("entries");
    for raw in entries {
        tree.push(leaf_hash(raw.expect("an entry").as_bytes()));
    }
    tree
}

#[test]
fn what_a_station_and_a_terminal_really_produced() {
    let Some(program) = verifier() else { return };
    let mut scene = Scene::on_duty();
    let first = confirmed(&scene);
    let [clip, receipt, trust] = confirmed(&scene);
    scene.station.terminate();
    let string = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let (receipt, trust) = (string(&receipt), string(&trust));
    let earlier = proof_of(&string(&first[1])).checkpoint;
    let (old, new) = (
        checkpoint_of(&earlier),
        checkpoint_of(&proof_of(&receipt).checkpoint),
    );
    assert!(old.size < new.size, "the journal grew in between");
    let tree = journal(&scene, new.size);
    assert_eq!(
        tree.root(),
        new.root,
        "the station's entries are those under the checkpoint"
    );
    let proof: Vec<Hash> =
        consistency(old.size, new.size, &tree).unwrap_or_else(|never| match never {});
    let case = |clip: &[u8]| Case {
        clip: clip.to_vec(),
        receipt: receipt.clone(),
        trust: trust.clone(),
        earlier: earlier.to_string(),
        consistency: proof.iter().map(|hash| format!("{hash}\n")).collect(),
    };
    let output = case(&clip).run(&program);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        said.contains("is a prefix of") && said.contains("bit for bit"),
        "{said}"
    );

    assert!(!case(&first[0]).accepted(&program), "the other clip");
    for part in [0, clip.len() / 2, clip.len() - 1] {
        let mut damaged = clip.clone();
        damaged[part] ^= 1;
        assert!(!case(&damaged).accepted(&program), "byte {part}");
    }
    let other = Case {
        trust: fixture::Agency::custos().trust_file(),
        ..case(&clip)
    };
    assert!(!other.accepted(&program), "another agency's trust set");
    let mut hashes = proof.clone();
    hashes.reverse();
    let consistency: String = hashes.iter().map(|hash| format!("{hash}\n")).collect();
    if hashes != proof {
        assert!(
            !Case {
                consistency,
                ..case(&clip)
            }
            .accepted(&program),
            "proof turned round"
        );
    }
}
