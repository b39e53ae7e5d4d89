//! Modes, categories, battery and storage as a shell meets them: allowed by the agency's policy,
//! journalled, and ended when they have to.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use common::{OFFICER, Scene, kinds, media, pin};
use custos_core::{Error, KeptFor, Mode, RecordingSpec, Secret, Terminal};
use custos_protocol::{
    journal::{Entry, Event},
    policy::Category,
};

/// Publishes the policy with a change, and has the terminal take it.
fn category(code: &str) -> Category {
    Category {
        code: code.to_owned(),
        name: "一般".to_owned(),
        local_retention_days: 30,
        retention_days: 90,
    }
}

/// The mode changes of the journal, with who made them.
fn modes(terminal: &Terminal) -> Vec<(String, bool, Option<String>)> {
    let entries = terminal.journal(0).unwrap();
    let entries = entries.iter().map(|raw| Entry::from_raw(raw).unwrap());
    entries
        .filter_map(|entry| match entry.event() {
            Some(Event::ModeChanged { mode, on }) => Some((mode, on, entry.officer)),
            _ => None,
        })
        .collect()
}

fn by(officer: &str, mode: &str, on: bool) -> (String, bool, Option<String>) {
    (mode.to_owned(), on, Some(officer.to_owned()))
}

#[test]
fn modes_end_with_the_duty() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    officer.set_mode(Mode::Stealth, true).unwrap();
    officer.set_mode(Mode::Stealth, true).unwrap();
    officer.set_mode(Mode::Sleep, true).unwrap();
    let on = terminal.status().unwrap().modes;
    assert_eq!(on, [Mode::Stealth, Mode::Sleep]);
    // They are the terminal's: another process sees them.
    let other = scene.open("t-1").unwrap();
    assert_eq!(other.status().unwrap().modes, on);
    officer.end_duty().unwrap();
    assert_eq!(terminal.status().unwrap().modes, []);
    assert_eq!(
        officer.set_mode(Mode::Stealth, true),
        Err(Error::NoDuty),
        "nobody would end it"
    );
    officer.set_mode(Mode::Stealth, false).unwrap();
    let mut said = modes(&terminal);
    said.sort();
    assert_eq!(
        said,
        [
            by(OFFICER, "sleep", false),
            by(OFFICER, "sleep", true),
            by(OFFICER, "stealth", false),
            by(OFFICER, "stealth", true)
        ]
    );
}

#[test]
fn sleep_ends_with_whoever_unlocks_or_records() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    officer.set_mode(Mode::Sleep, true).unwrap();
    assert!(terminal.unlock(OFFICER, &Secret::from("000000")).is_err());
    assert_eq!(terminal.status().unwrap().modes, [Mode::Sleep]);
    terminal.unlock(OFFICER, &pin()).unwrap();
    assert_eq!(terminal.status().unwrap().modes, []);

    officer.set_mode(Mode::Stealth, true).unwrap();
    officer.set_mode(Mode::Sleep, true).unwrap();
    let recording = officer.start_recording(RecordingSpec::default()).unwrap();
    assert_eq!(terminal.status().unwrap().modes, [Mode::Stealth]);
    media::record(&recording, 1);
    recording.stop().unwrap();
    assert_eq!(
        modes(&terminal).last().unwrap(),
        &by(OFFICER, "sleep", false)
    );
}

#[test]
fn a_policy_that_forbids_a_mode_ends_it() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    officer.set_mode(Mode::Stealth, true).unwrap();
    scene.publish(&terminal, |policy| policy.recording.stealth = false);
    assert_eq!(terminal.status().unwrap().modes, []);
    assert_eq!(
        officer.set_mode(Mode::Stealth, true),
        Err(Error::PolicyForbids)
    );
    officer.set_mode(Mode::Sleep, true).unwrap();
    assert_eq!(
        modes(&terminal)[1],
        ("stealth".to_owned(), false, None),
        "by the terminal itself"
    );
}

#[test]
fn officers_sort_their_own_evidence_into_what_the_policy_has() {
    let scene = Scene::new();
    let ticket = scene.ticket("t-1", &[OFFICER, "li"]);
    let terminal = scene.try_provision("t-1", &ticket).unwrap();
    let other = Secret::from("991277");
    terminal.enrol_officer(OFFICER, &pin()).unwrap();
    terminal.enrol_officer("li", &other).unwrap();
    let officer = terminal.unlock(OFFICER, &pin()).unwrap();
    let li = terminal.unlock("li", &other).unwrap();
    officer.begin_duty("2026-0042").unwrap();
    let photo = officer.photo(&media::photo()).unwrap().clip;
    assert_eq!(
        officer.categorise(&photo, "minor"),
        Err(Error::UnknownCategory)
    );
    scene.publish(&terminal, |policy| {
        policy.categories = vec![category("minor"), category("traffic")];
    });
    assert_eq!(li.categorise(&photo, "minor"), Err(Error::UnknownClip));
    assert_eq!(
        officer.categorise("clip-none", "minor"),
        Err(Error::UnknownClip)
    );
    let item = officer.categorise(&photo, "minor").unwrap();
    assert_eq!(item.category.as_deref(), Some("minor"));
    officer.categorise(&photo, "traffic").unwrap();
    assert_eq!(
        officer.evidence().unwrap()[0].category.as_deref(),
        Some("traffic")
    );
    let given = kinds(&terminal)
        .iter()
        .filter(|kind| *kind == "categorised")
        .count();
    assert_eq!(given, 2);

    // Marked and confirmed: it says why it stays.
    officer.mark(&photo, "important").unwrap();
    terminal.sync_once().unwrap();
    let report = terminal.purge().unwrap();
    assert_eq!((report.purged.len(), report.kept.len()), (0, 1));
    assert_eq!(
        (&report.kept[0].clip, report.kept[0].why),
        (&photo, KeptFor::Mark)
    );
    // A locked terminal sorts nothing.
    scene.order("t-1", "lock", &[&scene.admin.person]);
    terminal.sync_once().unwrap();
    assert_eq!(officer.categorise(&photo, "minor"), Err(Error::Locked));
    assert_eq!(officer.set_mode(Mode::Stealth, true), Err(Error::Locked));
}

#[test]
fn the_battery_is_journalled_once_for_each_fall() {
    let scene = Scene::new();
    let (terminal, _officer) = scene.on_duty("t-1");
    let said = |percent| terminal.battery(percent).unwrap();
    let charges = [100, 11, 10, 9, 12, 14, 10, 1, 15, 11, 10, 0];
    let warned = charges.map(|percent| (percent, said(percent)));
    let low: Vec<_> = warned
        .iter()
        .filter(|(_, low)| *low)
        .map(|(percent, _)| *percent)
        .collect();
    assert_eq!(low, [10, 10]);
    let low = kinds(&terminal)
        .iter()
        .filter(|kind| *kind == "battery-low")
        .count();
    assert_eq!(low, 2);
    scene.publish(&terminal, |policy| {
        policy.storage.low_battery_percent = 0;
    });
    assert!(!said(100) && !said(0), "the policy has no level");
}

#[test]
fn the_forecast_follows_what_was_recorded() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    let before = terminal.forecast().unwrap();
    assert!(before.free_bytes > before.reserve_bytes, "{before:?}");
    assert_eq!(before.bytes_per_s, 516_000, "nothing was recorded yet");
    let recording = officer.start_recording(RecordingSpec::default()).unwrap();
    media::record(&recording, 3);
    let item = recording.stop().unwrap();
    let after = terminal.status().unwrap().forecast;
    let (_, units) = media::video();
    let seconds = 3.0 * units.len() as f64 / 25.0;
    let rate = item.length.unwrap() as f64 / seconds;
    let off = after.bytes_per_s as f64 / rate;
    assert!((0.95..1.05).contains(&off), "{after:?} {rate}");
    let usable = after.free_bytes - after.reserve_bytes;
    assert_eq!(after.minutes_left, usable / after.bytes_per_s / 60);
}

/// How much of each recording came from before the press of the button, in µs.
fn pre_events(terminal: &Terminal) -> Vec<i64> {
    let entries = terminal.journal(0).unwrap();
    let events = entries
        .iter()
        .map(|raw| Entry::from_raw(raw).unwrap().event());
    events
        .filter_map(|event| match event {
            Some(Event::RecordingBegan { pre_event_us, .. }) => Some(pre_event_us),
            _ => None,
        })
        .collect()
}

/// Nothing is buffered while the terminal sleeps, and what was is forgotten.
#[test]
fn a_sleeping_terminal_remembers_nothing() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    let camera = officer.standby(RecordingSpec::default()).unwrap();
    media::record(&camera, 1);
    officer.set_mode(Mode::Sleep, true).unwrap();
    assert_eq!(
        officer.standby(RecordingSpec::default()).unwrap_err(),
        Error::Asleep
    );
    media::record(&camera, 1);
    camera.begin().unwrap();
    assert_eq!(terminal.status().unwrap().modes, []);
    media::record(&camera, 1);
    camera.finish().unwrap();
    // Awake, it remembers again.
    media::record(&camera, 1);
    camera.begin().unwrap();
    camera.finish().unwrap();
    let pre_events = pre_events(&terminal);
    assert_eq!(pre_events[0], 0);
    assert!(pre_events[1] > 0, "{pre_events:?}");
}

/// A low battery seals what is being recorded, which goes on in the next clip.
#[test]
fn a_low_battery_seals_early() {
    let scene = Scene::new();
    let (terminal, officer) = scene.on_duty("t-1");
    let recording = officer.start_recording(RecordingSpec::default()).unwrap();
    media::record(&recording, 1);
    assert!(terminal.battery(5).unwrap());
    media::record(&recording, 1);
    let last = recording.stop().unwrap();
    let items = officer.evidence().unwrap();
    assert_eq!(items.len(), 2, "{items:?}");
    assert!(items.iter().all(|item| item.recording == last.recording));
    assert!(items.iter().all(|item| item.fragments > 0), "{items:?}");
}
