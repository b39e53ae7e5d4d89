use proptest::prelude::*;

use super::*;
use crate::ReceiptFault;

fn clip(id: &str, length: u64) -> Clip {
    Clip {
        id: id.to_owned(),
        has_upload: false,
        available: length,
        length: Some(length),
        seal_seq: Some(0),
    }
}

fn ready(machine: &mut Machine, view: &View) -> Action {
    // Session, updates, directives, journal position.
    for expected in [Action::OpenSession, Action::Update, Action::FetchDirectives] {
        assert_eq!(machine.next(view, 0), expected);
        machine.on(&expected, Ok(&Outcome::Done), 0);
    }
    assert_eq!(machine.next(view, 0), Action::AskJournal);
    machine.on(
        &Action::AskJournal,
        Ok(&Outcome::JournalAt(view.journal_size)),
        0,
    );
    machine.next(view, 0)
}

fn quiet(clips: Vec<Clip>) -> View {
    View {
        journal_size: 5,
        cosigned_size: 5,
        acks: false,
        question: None,
        clips,
    }
}

#[test]
fn one_clip_from_nothing_to_its_receipt() {
    let mut view = quiet(vec![clip("a", 100)]);
    let mut machine = Machine::new(Mode::Once, 1);
    let create = Action::Create { clip: "a".into() };
    assert_eq!(ready(&mut machine, &view), create);
    machine.on(
        &create,
        Ok(&Outcome::At(Remote {
            offset: 0,
            length: Some(100),
        })),
        0,
    );
    let send = Action::Send {
        clip: "a".into(),
        offset: 0,
        count: 100,
        length: Some(100),
    };
    assert_eq!(machine.next(&view, 0), send);
    machine.on(
        &send,
        Ok(&Outcome::Sent {
            offset: 100,
            took_ms: 5,
        }),
        0,
    );
    let receipt = Action::Receipt { clip: "a".into() };
    assert_eq!(machine.next(&view, 0), receipt);
    machine.on(&receipt, Ok(&Outcome::Done), 0);
    view.clips.clear();
    assert!(matches!(machine.next(&view, 0), Action::Wait { .. }));
}

/// While a clip is recorded only whole committed chunks leave, and nothing is declared finished.
#[test]
fn a_growing_clip_is_sent_as_far_as_it_is_durable() {
    let mut growing = Clip {
        available: 500,
        length: None,
        seal_seq: None,
        ..clip("a", 0)
    };
    let mut machine = Machine::new(Mode::Follow, 1);
    let view = quiet(vec![growing.clone()]);
    let create = Action::Create { clip: "a".into() };
    assert_eq!(ready(&mut machine, &view), create);
    machine.on(
        &create,
        Ok(&Outcome::At(Remote {
            offset: 0,
            length: None,
        })),
        0,
    );
    let send = Action::Send {
        clip: "a".into(),
        offset: 0,
        count: 500,
        length: None,
    };
    assert_eq!(machine.next(&view, 0), send);
    machine.on(
        &send,
        Ok(&Outcome::Sent {
            offset: 500,
            took_ms: 5,
        }),
        0,
    );
    assert!(matches!(machine.next(&view, 0), Action::Wait { .. }));
    // It is sealed; its entry is the journal's sixth, and no receipt is asked for before the
    // station has countersigned that.
    growing.available = 700;
    growing.length = Some(700);
    growing.seal_seq = Some(5);
    let mut view = View {
        journal_size: 6,
        ..quiet(vec![growing])
    };
    let send = Action::Send {
        clip: "a".into(),
        offset: 500,
        count: 200,
        length: Some(700),
    };
    assert_eq!(machine.next(&view, 0), send);
    machine.on(
        &send,
        Ok(&Outcome::Sent {
            offset: 700,
            took_ms: 5,
        }),
        0,
    );
    let push = Action::PushJournal { from: 5 };
    assert_eq!(machine.next(&view, 0), push);
    machine.on(&push, Ok(&Outcome::JournalAt(6)), 0);
    view.cosigned_size = 6;
    assert_eq!(machine.next(&view, 0), Action::Receipt { clip: "a".into() });
}

#[test]
fn the_first_of_the_view_leaves_first() {
    let view = quiet(vec![clip("marked", 10), clip("old", 10)]);
    let mut machine = Machine::new(Mode::Once, 1);
    assert_eq!(
        ready(&mut machine, &view),
        Action::Create {
            clip: "marked".into()
        }
    );
}

#[test]
fn after_an_interruption_the_station_is_asked_how_much_arrived() {
    let mut view = quiet(vec![clip("a", 100)]);
    view.clips[0].has_upload = true;
    let mut machine = Machine::new(Mode::Follow, 1);
    let ask = Action::Ask { clip: "a".into() };
    assert_eq!(ready(&mut machine, &view), ask);
    machine.on(
        &ask,
        Ok(&Outcome::At(Remote {
            offset: 40,
            length: Some(100),
        })),
        0,
    );
    let send = Action::Send {
        clip: "a".into(),
        offset: 40,
        count: 60,
        length: Some(100),
    };
    assert_eq!(machine.next(&view, 0), send);
    machine.on(&send, Err(&Error::Unreachable), 0);
    let Action::Wait { ms } = machine.next(&view, 0) else {
        panic!("backs off")
    };
    assert!((FIRST_BACKOFF / 2..=FIRST_BACKOFF).contains(&ms));
    assert_eq!(machine.next(&view, ms), Action::AskJournal);
    machine.on(&Action::AskJournal, Ok(&Outcome::JournalAt(5)), ms);
    assert_eq!(machine.next(&view, ms), ask);
}

#[test]
fn waits_double_up_to_a_limit_and_once_gives_up() {
    let view = quiet(Vec::new());
    let mut machine = Machine::new(Mode::Once, 7);
    let (mut now, mut last) = (0, 0);
    for round in 1..=30 {
        assert_eq!(machine.next(&view, now), Action::OpenSession);
        machine.on(&Action::OpenSession, Err(&Error::Unreachable), now);
        assert_eq!(machine.gives_up(), round >= GIVE_UP_AFTER);
        let Action::Wait { ms } = machine.next(&view, now) else {
            panic!("backs off")
        };
        assert!(machine.backs_off(now));
        assert!(ms <= LONGEST_BACKOFF && (ms >= last / 4));
        (now, last) = (now + ms, ms);
    }
    assert!(last >= LONGEST_BACKOFF / 2);
}

#[test]
fn an_ended_session_is_begun_anew_without_waiting() {
    let view = quiet(Vec::new());
    let mut machine = Machine::new(Mode::Follow, 1);
    ready(&mut machine, &view);
    let error = Error::StationRefused { status: 401 };
    machine.on(&Action::AskJournal, Err(&error), 0);
    assert_eq!(machine.next(&view, 0), Action::OpenSession);
    // Refused at the door itself: that is waited out.
    machine.on(&Action::OpenSession, Err(&error), 0);
    assert!(matches!(machine.next(&view, 0), Action::Wait { .. }));
}

#[test]
fn a_diverged_journal_is_not_pushed_again_but_evidence_leaves() {
    let view = View {
        journal_size: 9,
        ..quiet(vec![clip("a", 10)])
    };
    let mut machine = Machine::new(Mode::Follow, 1);
    ready(&mut machine, &view);
    machine.on(
        &Action::PushJournal { from: 5 },
        Err(&Error::JournalDiverged),
        0,
    );
    assert_eq!(
        machine.next(&view, 60_000),
        Action::Create { clip: "a".into() }
    );
}

#[test]
fn a_refused_receipt_does_not_hold_up_the_others() {
    let mut view = quiet(vec![clip("a", 10), clip("b", 10)]);
    view.clips[0].has_upload = true;
    let mut machine = Machine::new(Mode::Follow, 1);
    let ask = ready(&mut machine, &view);
    machine.on(
        &ask,
        Ok(&Outcome::At(Remote {
            offset: 10,
            length: Some(10),
        })),
        0,
    );
    let receipt = Action::Receipt { clip: "a".into() };
    assert_eq!(machine.next(&view, 0), receipt);
    let refused = Error::Receipt(ReceiptFault::OtherBytes);
    machine.on(&receipt, Err(&refused), 0);
    assert_eq!(machine.next(&view, 0), Action::Create { clip: "b".into() });
    machine.uploads.entry("b".into()).or_default().not_before = u64::MAX;
    assert!(matches!(
        machine.next(&view, REFUSED_BACKOFF - 1),
        Action::Wait { .. }
    ));
    assert_eq!(machine.next(&view, REFUSED_BACKOFF), ask);
}

#[test]
fn a_directive_that_rings_is_fetched_after_what_it_is_judged_by() {
    let view = quiet(Vec::new());
    let mut machine = Machine::new(Mode::Follow, 1);
    assert!(matches!(ready(&mut machine, &view), Action::Wait { .. }));
    machine.directives_wait();
    assert_eq!(machine.next(&view, 0), Action::Update);
    machine.on(&Action::Update, Ok(&Outcome::Done), 0);
    assert_eq!(machine.next(&view, 0), Action::FetchDirectives);
}

/// A station that loses connections, uploads and sessions, and in the end has everything.
#[derive(Debug)]
struct Weather {
    faults: Vec<u8>,
}

impl Weather {
    fn next(&mut self) -> u8 {
        self.faults.pop().unwrap_or(0)
    }
}

proptest! {
    #[test]
    fn whatever_goes_wrong_everything_is_confirmed_in_the_end(
        faults in prop::collection::vec(0_u8..12, 0..60),
        lengths in prop::collection::vec(1_u64..3_000_000, 1..5),
    ) {
        let mut weather = Weather { faults };
        let mut machine = Machine::new(Mode::Follow, 3);
        let mut view = View { journal_size: lengths.len() as u64, ..View::default() };
        let mut held: HashMap<String, u64> = HashMap::new();
        for (index, length) in lengths.iter().enumerate() {
            let seq = Some(index as u64);
            view.clips.push(Clip { seal_seq: seq, ..clip(&index.to_string(), *length) });
        }
        let (mut now, mut journal, mut steps) = (0, 0, 0);
        while !view.clips.is_empty() {
            steps += 1;
            prop_assert!(steps < 3_000, "no progress: {machine:?}");
            let action = machine.next(&view, now);
            if let Action::Wait { ms } = action {
                now += ms.max(1);
                continue;
            }
            let result = match weather.next() {
                1 | 2 => Err(Error::Unreachable),
                3 => Err(Error::StationRefused { status: 401 }),
                4 => Err(Error::StationRefused { status: 423 }),
                fault => Ok(fault),
            };
            let result = result.map(|fault| match &action {
                Action::AskJournal => Outcome::JournalAt(journal),
                Action::PushJournal { from } => {
                    assert_eq!(*from, journal);
                    journal = view.journal_size;
                    view.cosigned_size = journal;
                    Outcome::JournalAt(journal)
                }
                Action::Create { clip } => {
                    held.insert(clip.clone(), 0);
                    let own = view.clips.iter_mut().find(|own| own.id == *clip).unwrap();
                    own.has_upload = true;
                    Outcome::At(Remote { offset: 0, length: own.length })
                }
                Action::Ask { clip } => match held.get(clip) {
                    Some(offset) => {
                        let own = view.clips.iter().find(|own| own.id == *clip).unwrap();
                        Outcome::At(Remote { offset: *offset, length: own.length })
                    }
                    None => Outcome::Gone,
                },
                Action::Send { clip, offset, count, .. } => match fault {
                    5 => {
                        // The station threw the upload away.
                        held.remove(clip);
                        let own = view.clips.iter_mut().find(|own| own.id == *clip).unwrap();
                        own.has_upload = false;
                        Outcome::Gone
                    }
                    6 => {
                        // It arrived and the answer was lost, so the next offset is wrong.
                        *held.get_mut(clip).unwrap() += count;
                        Outcome::Misplaced
                    }
                    _ => {
                        let at = held.get_mut(clip).unwrap();
                        assert_eq!(*at, *offset, "no byte is sent where it does not belong");
                        *at += count;
                        Outcome::Sent { offset: *at, took_ms: u64::from(fault) * 2_000 }
                    }
                },
                Action::Receipt { clip } if fault == 7 => {
                    let _ = clip;
                    Outcome::NotYet
                }
                Action::Receipt { clip } => {
                    let own = view.clips.iter().position(|own| own.id == *clip).unwrap();
                    assert_eq!(held[clip], view.clips[own].length.unwrap());
                    assert!(view.clips[own].seal_seq.unwrap() < view.cosigned_size);
                    view.clips.remove(own);
                    Outcome::Done
                }
                _ => Outcome::Done,
            });
            machine.on(&action, result.as_ref(), now);
        }
    }
}

/// The journal first, then the question, and both before evidence; a registry that does not answer
/// is left alone for a while and holds nothing up.
#[test]
fn a_question_goes_when_its_entry_is_there_and_before_evidence() {
    let mut view = quiet(vec![clip("a", 100)]);
    (view.journal_size, view.question) = (6, Some(5));
    let mut machine = Machine::new(Mode::Once, 1);
    assert_eq!(ready(&mut machine, &view), Action::PushJournal { from: 6 });
    view.cosigned_size = 6;
    assert_eq!(machine.next(&view, 0), Action::Question);
    machine.on(&Action::Question, Ok(&Outcome::NotYet), 0);
    let create = Action::Create { clip: "a".into() };
    assert_eq!(machine.next(&view, 0), create);
    assert_eq!(machine.next(&view, 29_999), create);
    assert_eq!(machine.next(&view, 30_000), Action::Question);
    machine.on(&Action::Question, Ok(&Outcome::Done), 30_000);
    view.question = None;
    assert_eq!(machine.next(&view, 30_000), create);
}
