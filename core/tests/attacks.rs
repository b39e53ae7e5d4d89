//! What is refused: tickets, stations, directives, keys, and a network that breaks.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    path::Path,
    sync::Arc,
    thread,
};

use common::{OFFICER, Scene, admin, kinds, media, pin};
use custos_core::{
    Class, DirectiveFault, Error, EvidenceState, RecordingSpec, SoftwareKeySource, State, Terminal,
    TicketFault,
};
use custos_protocol::{hash::Hash, key::SigningKey, note::Signer, ticket::Ticket};

fn holds_no_terminal(dir: &Path) {
    assert!(!dir.join("keys/master").exists());
    let opened = Terminal::open(dir, Arc::new(SoftwareKeySource::in_folder(dir)));
    assert_eq!(opened.unwrap_err(), Error::NotProvisioned);
}

#[test]
fn a_ticket_works_once_in_time_and_unforged() {
    let scene = Scene::new();
    let ticket = scene.ticket("t-1", &[]);
    scene.try_provision("t-1", &ticket).unwrap();
    assert_eq!(
        scene.try_provision("t-1", &ticket).unwrap_err(),
        Error::AlreadyProvisioned
    );
    let used = scene.try_provision("copy", &ticket).unwrap_err();
    assert_eq!(used, Error::Ticket(TicketFault::Used));
    holds_no_terminal(&scene.terminal_dir("copy"));

    let brief = scene.ticket_for("t-2", &[], 1);
    thread::sleep(std::time::Duration::from_millis(1_100));
    let expired = scene.try_provision("t-2", &brief).unwrap_err();
    assert_eq!(expired, Error::Ticket(TicketFault::Expired));
    holds_no_terminal(&scene.terminal_dir("t-2"));

    let mut forged = scene.ticket("t-3", &[]);
    forged.token = Hash::of(b"guess").to_string();
    let unknown = scene.try_provision("t-3", &forged).unwrap_err();
    assert_eq!(unknown, Error::Ticket(TicketFault::Unknown));
    // For another terminal than it was printed for.
    let mut moved = scene.ticket("t-4", &[]);
    moved.terminal = "t-9".to_owned();
    assert_eq!(
        scene.try_provision("t-4", &moved).unwrap_err().class(),
        Class::Refused
    );
    holds_no_terminal(&scene.terminal_dir("t-4"));
}

/// Somebody answers at the station's address with another key.
#[test]
fn a_station_is_recognised_by_its_pin() {
    let scene = Scene::new();
    let mut ticket = scene.ticket("t-1", &[]);
    ticket.pin = Some(Hash::of(b"another key").to_string());
    let error = scene.try_provision("t-1", &ticket).unwrap_err();
    assert_eq!(
        (error.clone(), error.class()),
        (Error::StationIdentity, Class::Unreachable)
    );
    holds_no_terminal(&scene.terminal_dir("t-1"));
    // Downgraded to plain HTTP on loopback: the station does not answer that.
    let mut ticket = scene.ticket("t-1", &[]);
    ticket.station = ticket.station.replace("https", "http");
    ticket.pin = None;
    assert_eq!(
        scene.try_provision("t-1", &ticket).unwrap_err(),
        Error::Unreachable
    );
    ticket.station = "http://192.0.2.1".to_owned();
    assert_eq!(
        scene.try_provision("t-1", &ticket).unwrap_err(),
        Error::PlainHttp
    );
}

/// A station whose trust set other roots signed than those on the ticket.
#[test]
fn the_first_trust_set_is_held_against_the_ticket() {
    let scene = Scene::new();
    let mut ticket = scene.ticket("t-1", &[]);
    let other = Signer::new("custos.local/root", SigningKey::from_seed(&[1; 32])).unwrap();
    ticket.roots.keys = vec![other.verifier()];
    assert_eq!(
        scene.try_provision("t-1", &ticket).unwrap_err(),
        Error::TrustInvalid
    );
    holds_no_terminal(&scene.terminal_dir("t-1"));
}

#[test]
fn an_unreachable_station_leaves_nothing_behind_and_recording_goes_on() {
    let mut scene = Scene::new();
    let ticket = scene.ticket("t-1", &[OFFICER]);
    scene.proxy.cut();
    let error = scene.try_provision("t-1", &ticket).unwrap_err();
    assert_eq!(
        (error.clone(), error.class()),
        (Error::Unreachable, Class::Unreachable)
    );
    holds_no_terminal(&scene.terminal_dir("t-1"));
    scene.proxy.mend();
    let terminal = scene.try_provision("t-1", &ticket).unwrap();
    terminal.enrol_officer(OFFICER, &pin()).unwrap();
    let officer = terminal.unlock(OFFICER, &pin()).unwrap();
    scene.stop_station();
    officer.begin_duty("case").unwrap();
    let photo = officer.photo(&media::photo()).unwrap();
    assert_eq!(terminal.sync_once(), Err(Error::Unreachable));
    scene.restart_station();
    assert_eq!(terminal.sync_once().unwrap().confirmed, [photo.clip]);
}

/// The network breaks in the middle of the upload, again and again; what arrived is not sent
/// twice, and in the end every byte is there.
#[test]
fn a_cut_network_costs_time_alone() {
    let mut scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    let recording = officer.start_recording(RecordingSpec::default()).unwrap();
    media::record(&recording, 20);
    let clip = recording.stop().unwrap();
    let length = clip.length.unwrap();
    assert!(length > 3_000_000, "{length}");
    let mut rounds = 0;
    loop {
        rounds += 1;
        assert!(rounds < 40, "no progress");
        if rounds == 3 {
            // The station, too, dies in the middle.
            scene.stop_station();
            scene.restart_station();
        }
        scene
            .proxy
            .cut_after(if rounds < 6 { 900_000 } else { i64::MAX });
        match terminal.sync_once() {
            Ok(report) => {
                assert_eq!(report.confirmed, std::slice::from_ref(&clip.clip));
                break;
            }
            Err(error) => assert_eq!(error, Error::Unreachable),
        }
    }
    assert!(rounds > 1, "the cut was in the way");
    assert_eq!(
        officer.evidence().unwrap()[0].state,
        EvidenceState::Confirmed
    );
    let passed = scene.proxy.passed();
    assert!(
        passed < length * 3,
        "{passed} bytes for {length}: it resumes, it does not restart"
    );
}

/// A redirect is not followed: evidence goes to the station of the ticket and nowhere else.
#[test]
fn redirects_are_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let target = elsewhere.local_addr().unwrap();
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let _ = client.read(&mut request);
            let answer = format!(
                "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://{target}/v1/enrol\r\n\
                 Content-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let _ = client.write_all(answer.as_bytes());
        }
    });
    let scene = Scene::new();
    let mut ticket = scene.ticket("t-1", &[]);
    ticket.station = format!("http://127.0.0.1:{port}");
    ticket.pin = None;
    assert_eq!(
        scene.try_provision("t-1", &ticket).unwrap_err(),
        Error::StationProtocol
    );
    assert!(elsewhere.accept().is_err(), "nobody asked there");
}

/// Invariant 8, from the façade: a wrong key is an error and everything stays.
#[test]
fn a_wrong_key_and_a_damaged_vault_are_errors_and_everything_stays() {
    let scene = Scene::new();
    drop(scene.provision("t-1"));
    let dir = scene.terminal_dir("t-1");
    let before = std::fs::read(dir.join("vault.db")).unwrap();
    let other = SoftwareKeySource::at(scene.dir.path().join("other-kek"));
    custos_core::KeySource::create(&other).unwrap();
    let error = Terminal::open(&dir, Arc::new(other)).unwrap_err();
    assert_eq!(
        (error.clone(), error.class()),
        (Error::WrongKey, Class::Credential)
    );
    let absent = SoftwareKeySource::at(scene.dir.path().join("absent"));
    assert_eq!(
        Terminal::open(&dir, Arc::new(absent)).unwrap_err(),
        Error::WrongKey
    );
    assert_eq!(std::fs::read(dir.join("vault.db")).unwrap(), before);
    // Another terminal's vault in this folder.
    drop(scene.provision("t-2"));
    std::fs::copy(
        scene.terminal_dir("t-2").join("vault.db"),
        dir.join("vault.db"),
    )
    .unwrap();
    assert_eq!(scene.open("t-1").unwrap_err(), Error::WrongKey);
    std::fs::write(dir.join("vault.db"), &before[..5_000]).unwrap();
    assert_eq!(scene.open("t-1").unwrap_err(), Error::Damaged);
    std::fs::write(dir.join("vault.db"), b"").unwrap();
    assert_eq!(scene.open("t-1").unwrap_err(), Error::Damaged);
    std::fs::write(dir.join("vault.db"), &before).unwrap();
    scene.open("t-1").unwrap();
}

#[test]
fn a_lock_keeps_everybody_out_until_an_unlock() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    let lock = scene.order("t-1", "lock", &[&scene.admin.person]);
    assert_eq!(terminal.sync_once().unwrap().directives, 1);
    assert_eq!(scene.directive_state(&lock), "done");
    assert_eq!(terminal.status().unwrap().state, State::Locked);
    assert_eq!(terminal.unlock(OFFICER, &pin()).unwrap_err(), Error::Locked);
    assert_eq!(terminal.enrol_officer("li", &pin()), Err(Error::Locked));
    // Nor does one who was inside begin anything new.
    assert_eq!(officer.photo(&media::photo()), Err(Error::Locked));
    assert_eq!(
        officer
            .start_recording(RecordingSpec::default())
            .unwrap_err(),
        Error::Locked
    );
    drop(terminal);
    let terminal = scene.open("t-1").unwrap();
    assert_eq!(terminal.unlock(OFFICER, &pin()).unwrap_err(), Error::Locked);
    let unlock = scene.order("t-1", "unlock", &[&scene.admin.person]);
    terminal.sync_once().unwrap();
    assert_eq!(scene.directive_state(&unlock), "done");
    terminal.unlock(OFFICER, &pin()).unwrap();
}

/// A directive that arrives while the terminal listens acts within moments.
#[test]
fn a_directive_is_listened_for() {
    let scene = Scene::new();
    let terminal = scene.provision("t-1");
    let sync = terminal.start_sync().unwrap();
    thread::sleep(std::time::Duration::from_millis(500));
    let lock = scene.order("t-1", "lock", &[&scene.admin.person]);
    for _ in 0..100 {
        if scene.directive_state(&lock) == "done" {
            assert_eq!(terminal.status().unwrap().state, State::Locked);
            return drop(sync);
        }
        thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("not acted on: {}", scene.directive_state(&lock));
}

/// What the station would never hand out, handed over in a file.
#[test]
fn directives_from_a_file_are_verified_alike() {
    let scene = Scene::new();
    let (first, second) = (scene.provision("t-1"), scene.provision("t-2"));
    let bob = scene.admin.register(&scene.runtime, "bob");
    let draft = |terminal: &str, action: &str| {
        let draft = serde_json::json!({
            "terminal": terminal, "action": action, "reason": "test", "valid_s": 3_600,
        });
        scene
            .admin
            .post(&scene.runtime, "/v1/admin/directives/draft", &draft)
    };
    let refused = |note: &str, fault| {
        assert_eq!(first.apply_directive(note), Err(Error::Directive(fault)));
    };
    let admin = &scene.admin.person;
    let lock = admin::sign(&draft("t-1", "lock"), &[admin]);
    let foreign = admin::sign(&draft("t-2", "lock"), &[admin]);
    refused(&foreign, DirectiveFault::Addressee);
    refused(
        &admin::sign(&draft("t-1", "wipe"), &[admin]),
        DirectiveFault::Threshold,
    );
    let stranger = admin::Person::new("mallory");
    refused(
        &admin::sign(&draft("t-1", "lock"), &[&stranger]),
        DirectiveFault::Signature,
    );
    // Bob is registered at the station; this terminal has not heard of him yet.
    let by_bob = admin::sign(&draft("t-1", "lock"), &[&bob]);
    refused(&by_bob, DirectiveFault::Signature);
    first.sync_once().unwrap();
    assert_eq!(first.apply_directive(&lock).unwrap().action, "lock");
    assert!(first.apply_directive(&lock).unwrap().repeated);
    assert_eq!(first.apply_directive(&by_bob).unwrap().action, "lock");
    // The first one, taken again after the second: nothing.
    assert!(first.apply_directive(&lock).unwrap().repeated);
    assert_eq!(second.status().unwrap().state, State::Ready);
}

#[test]
fn two_people_wipe_and_the_folder_can_be_provisioned_anew() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    officer.photo(&media::photo()).unwrap();
    let bob = scene.admin.register(&scene.runtime, "bob");
    let wipe = scene.order("t-1", "wipe", &[&scene.admin.person, &bob]);
    let report = terminal.sync_once().unwrap();
    assert!(report.wiped);
    // The last word came through, signed with the key that was still in memory.
    assert_eq!(scene.directive_state(&wipe), "done");
    assert_eq!(terminal.status().unwrap_err(), Error::Wiped);
    assert_eq!(officer.photo(&media::photo()), Err(Error::Wiped));
    let dir = scene.terminal_dir("t-1");
    let left: Vec<_> = std::fs::read_dir(&dir)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left, ["wiped"]);
    assert_eq!(scene.open("t-1").unwrap_err(), Error::Wiped);

    let ticket = scene.ticket("t-1", &[OFFICER]);
    assert_eq!(ticket.epoch, 2);
    let terminal = scene.try_provision("t-1", &ticket).unwrap();
    assert_eq!(terminal.status().unwrap().epoch, 2);
    assert_eq!(kinds(&terminal), ["provisioned"]);
    terminal.sync_once().unwrap();
    drop(terminal);
    scene.open("t-1").unwrap();
}

#[test]
fn a_ticket_file_that_is_none() {
    for text in ["", "{}", "null", "{\"format\":\"custos-ticket/9\"}"] {
        assert!(Ticket::from_text(text).is_err());
    }
}
