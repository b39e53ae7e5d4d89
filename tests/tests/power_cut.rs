//! The power goes at any operation of anything that is done with a terminal: what was promised is
//! there afterwards, and the terminal goes on.

#![cfg(target_os = "linux")]

use custos_tests::{
    acts::{Act, Stage, after},
    disk::{Plan, unavailable},
    random::Random,
};

/// Cuts of each act.
const CUTS: u64 = 12;
const SEED: u64 = 4;

#[test]
fn at_any_operation() {
    if let Some(why) = unavailable() {
        eprintln!("skipped: {why}");
        return;
    }
    let stage = Stage::make();
    let mut problems = Vec::new();
    for (number, act) in Act::ALL.into_iter().enumerate() {
        let whole = act.run(&stage, Plan::Nothing);
        assert_eq!(whole.result, Ok(()), "{act:?}");
        let operations = whole.sites.len() as u64;
        eprintln!("{act:?}: {operations} operations");
        // The first one when everything is done, the second in the last operation.
        for cut in 0..CUTS {
            let mut random = Random::of_round(SEED, number as u64 * CUTS + cut);
            let plan = Plan::Cut {
                at: match cut {
                    0 => u64::MAX,
                    1 => operations,
                    _ => 1 + random.below(operations),
                },
                done: random.percent(50),
            };
            let done = act.run(&stage, plan);
            let mut memory = after::Memory::of(&stage, act, &done, false);
            let found = if random.percent(70) {
                let image = done.killed.after_cut(random.number());
                after::problems(&stage, act, &done.told, &image, &mut memory)
            } else {
                // The process is killed first, another goes on, and then the power goes.
                let image = &done.killed;
                after::problems_before_and_after_a_cut(&stage, act, &done.told, image, &mut memory)
            };
            problems.extend(found.into_iter().map(|p| format!("{act:?}, {plan:?}: {p}")));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
