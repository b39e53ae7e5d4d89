//! What an officer gets while the station is away: a place in the queue, what is at hand, what lists say.

use super::*;

/// The station cannot be reached: the question waits, is asked at the next contact, and its answer
/// waits for the officer who asked, sealed.
#[test]
fn a_question_waits_for_the_station() {
    let scene = scene();
    let (terminal, officer) = scene.on_duty("t-1");
    scene.proxy.cut();
    let queued = ask(&officer, "京A12345").unwrap();
    assert_eq!(queued.known, QUEUED);
    assert_eq!(outcomes(&terminal), ["queued"]);
    let waiting = officer.waiting().unwrap();
    assert_eq!(waiting.len(), 1);
    assert!(!waiting[0].answered && !waiting[0].subject.contains("12345"));
    let early = officer.waited(&queued.lookup).unwrap_err();
    assert_eq!(early, Error::Lookup(LookupFault::Unknown));

    scene.proxy.mend();
    assert_eq!(terminal.sync_once().unwrap().lookups, 1);
    assert!(officer.waiting().unwrap()[0].answered);
    assert_eq!(outcomes(&terminal), ["queued", "delivered"]);
    nowhere(&scene.terminal_dir("t-1"), &["京A12345", "138****1234"]);
    let found = officer.waited(&queued.lookup).unwrap();
    assert_eq!(first(&found), (SEEN.to_vec(), true));
    assert_eq!(outcomes(&terminal), ["queued", "delivered", "shown"]);
    assert_eq!(register(&scene).len(), 1);
}

/// Another officer of the same terminal neither sees what waits nor opens it.
#[test]
fn an_answer_is_for_who_asked() {
    let scene = scene();
    let ticket = scene.ticket("t-1", &[OFFICER, "zhao"]);
    let terminal = scene.try_provision("t-1", &ticket).unwrap();
    let officers = [OFFICER, "zhao"].map(|name| {
        terminal.enrol_officer(name, &pin()).unwrap();
        let officer = terminal.unlock(name, &pin()).unwrap();
        officer.begin_duty("2026-0042").unwrap();
        officer
    });
    let keep = LookupPolicy {
        cache_minutes: 10,
        ..LookupPolicy::default()
    };
    limit(&scene, &terminal, keep);
    ask(&officers[0], "京A12345").unwrap();
    scene.proxy.cut();
    let queued = ask(&officers[0], "京A54321").unwrap();
    assert_eq!(queued.known, QUEUED);
    // At hand for one, not for the other.
    assert!(first(&ask(&officers[0], "京A12345").unwrap()).1);
    assert_eq!(ask(&officers[1], "京A12345").unwrap().known, QUEUED);
    scene.proxy.mend();
    terminal.sync_once().unwrap();
    assert_eq!(officers[0].waiting().unwrap().len(), 1);
    let stolen = officers[1].waited(&queued.lookup).unwrap_err();
    assert_eq!(stolen, Error::Lookup(LookupFault::Unknown));
}

/// By policy an answer is at hand for a time; each showing is a look-up of its own in the journal.
#[test]
fn an_answer_is_at_hand_as_long_as_the_policy_says() {
    let scene = scene();
    let (terminal, officer) = scene.on_duty("t-1");
    assert!(!first(&ask(&officer, "京A12345").unwrap()).1);
    assert!(
        !first(&ask(&officer, "京A12345").unwrap()).1,
        "none is kept by default"
    );
    let keep = LookupPolicy {
        cache_minutes: 10,
        ..LookupPolicy::default()
    };
    limit(&scene, &terminal, keep);
    ask(&officer, "京A12345").unwrap();
    scene.proxy.cut();
    assert_eq!(
        first(&ask(&officer, "京a12345").unwrap()),
        (SEEN.to_vec(), true)
    );
    assert_eq!(outcomes(&terminal).last().unwrap(), "cached");
    scene.proxy.mend();
    limit(&scene, &terminal, LookupPolicy::default());
    assert!(
        !first(&ask(&officer, "京A12345").unwrap()).1,
        "the policy took it back"
    );
}

/// A policy under which questions do not wait.
#[test]
fn where_questions_do_not_wait_the_officer_learns_it() {
    let scene = scene();
    let (terminal, officer) = scene.on_duty("t-1");
    let now_or_never = LookupPolicy {
        queue_hours: 0,
        ..LookupPolicy::default()
    };
    limit(&scene, &terminal, now_or_never);
    scene.proxy.cut();
    assert_eq!(ask(&officer, "京A12345").unwrap_err(), Error::Unreachable);
    assert_eq!(outcomes(&terminal), ["station-unreachable"]);
    assert!(officer.waiting().unwrap().is_empty());
}

/// Signed by one who may, with these plates.
fn publish(scene: &Scene, version: u64, plates: &[&str]) {
    let key = ListKey::fresh().unwrap();
    let subjects: Vec<_> = plates
        .iter()
        .map(|plate| Subject::parse(Registry::Vehicle, plate).unwrap())
        .collect();
    let draft = LookupList {
        suite: suite::CURRENT,
        list: "stolen".to_owned(),
        registry: Registry::Vehicle,
        version,
        time_ms: 7,
        expires_ms: i64::MAX,
        key_sha256: Hash::of(b""),
        count: 0,
        entries_sha256: Hash::of(b""),
    };
    let (list, entries) = list::make(draft, &key, &subjects).unwrap();
    let note = statement::sign(&list, &[&scene.admin.person.signer]).unwrap();
    let body = json!({ "note": note.to_string(), "key": *key.to_text(), "entries": entries });
    scene.admin.post(&scene.runtime, "/v1/admin/lists", &body);
}

/// A list says of one exact number whether it is on it, where the station cannot be asked; what is
/// on it, it tells nobody.
#[test]
fn a_list_answers_without_the_station() {
    let scene = scene();
    let (terminal, officer) = scene.on_duty("t-1");
    publish(&scene, 1, &["京A54321"]);
    terminal.sync_once().unwrap();
    assert!(
        bodies(&terminal, "list-updated").is_empty(),
        "the policy names none"
    );
    let mut named = LookupPolicy {
        queue_hours: 0,
        lists: vec!["stolen".to_owned()],
        ..LookupPolicy::default()
    };
    limit(&scene, &terminal, named.clone());
    assert_eq!(
        bodies(&terminal, "list-updated"),
        [json!({"list": "stolen", "version": 1})]
    );
    scene.proxy.cut();
    let said = |plate: &str| match ask(&officer, plate).unwrap().known {
        Known::Offline {
            lists,
            queued: false,
        } => lists,
        other => panic!("{other:?}"),
    };
    let listed = |on_it| Listed {
        list: "stolen".to_owned(),
        on_it,
        time_ms: 7,
    };
    assert_eq!(said("京a·54321"), [listed(true)]);
    assert_eq!(said("京A12345"), [listed(false)]);
    assert_eq!(outcomes(&terminal), ["listed", "listed"]);
    nowhere(&scene.terminal_dir("t-1"), &["京A54321"]);

    // A newer one takes its place; one that the policy no longer names goes.
    scene.proxy.mend();
    publish(&scene, 2, &["京A12345"]);
    named.queue_hours = 1;
    limit(&scene, &terminal, named.clone());
    scene.proxy.cut();
    let queued = ask(&officer, "京A12345").unwrap();
    assert_eq!(
        queued.known,
        Known::Offline {
            lists: vec![listed(true)],
            queued: true
        }
    );
    scene.proxy.mend();
    named.lists.clear();
    limit(&scene, &terminal, named);
    scene.proxy.cut();
    assert_eq!(ask(&officer, "京A12345").unwrap().known, QUEUED);
}
