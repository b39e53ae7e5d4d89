//! The agency's settings from the desk to the terminal, and what they change there.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use custos_tests::{
    process::{Said, done, sample, say},
    scene::{Scene, text},
};
use serde_json::{Value, json};

fn publish(scene: &Scene, settings: &[&str]) -> Said {
    let mut arguments = vec!["policy", "publish"];
    for setting in settings {
        arguments.extend(["--set", setting]);
    }
    say(scene.admin(&arguments))
}

fn refused(said: &Said, code: i32, error: &str) {
    assert_eq!((said.code, said.error()), (Some(code), error), "{said:?}");
}

fn terminal_policy(scene: &Scene) -> Value {
    done(scene.terminal(&["policy"])).last().clone()
}

fn record(scene: &Scene) -> String {
    let media = sample().display().to_string();
    let said = done(scene.terminal(&["record", "--media", &media, "--station-offline"]));
    text(&said.last()["clip"])
}

#[test]
fn a_policy_goes_from_the_desk_to_the_terminal() {
    let scene = Scene::on_duty();
    let first = done(scene.admin(&["policy", "show"])).last().clone();
    assert_eq!(first["version"], 1);
    assert_eq!(terminal_policy(&scene), first);

    let said = publish(&scene, &["recording.mute=hold", "local_retention_days=3"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(said.last()["version"], 2);
    assert_eq!(terminal_policy(&scene), first, "until it syncs");
    assert_eq!(scene.sync().code, Some(0));
    let second = terminal_policy(&scene);
    assert_eq!(second, *said.last());
    assert_eq!(second["recording"]["mute"], "hold");
    assert_eq!(second["recording"]["pre_event_s"], 30);

    // As a file, made from what `show` says.
    let mut third = second.clone();
    third["storage"]["warn_minutes"] = json!([10]);
    let file = scene.path("policy.json");
    std::fs::write(&file, third.to_string()).unwrap();
    done(scene.admin(&["policy", "publish", &file]));
    // Once more it is out of date.
    let again = say(scene.admin(&["policy", "publish", &file]));
    refused(&again, 1, "policy-version");
    scene.sync();
    let third = terminal_policy(&scene);
    assert_eq!(
        (&third["version"], &third["storage"]["warn_minutes"]),
        (&json!(3), &json!([10]))
    );

    refused(
        &publish(&scene, &["pin_min_length=1"]),
        1,
        "setting-out-of-range",
    );
    refused(&publish(&scene, &["no_such=1"]), 2, "unknown-setting");
    refused(
        &publish(&scene, &["recording.stealth=perhaps"]),
        2,
        "bad-setting",
    );
    refused(&publish(&scene, &[]), 2, "usage");
    // Somebody who may not.
    let key = scene.path("clerk.key");
    done(scene.admin(&["person", "add", "clerk", "--role", "evidence", "-o", &key]));
    let said = say(scene.admin_as(&key, &["policy", "publish", "--set", "clip_max_s=60"]));
    refused(&said, 1, "forbidden");
}

#[test]
fn categories_marks_and_what_stays() {
    let scene = Scene::on_duty();
    let (marked, sorted, plain) = (record(&scene), record(&scene), record(&scene));
    let sort = |clip: &str, category: &str| say(scene.terminal(&["categorise", clip, category]));
    refused(&sort(&sorted, "serious"), 1, "unknown-category");
    let categories = json!([
        { "code": "serious", "name": "重大", "local_retention_days": 365, "retention_days": 3650 },
    ]);
    let setting = format!("categories={categories}");
    assert_eq!(
        publish(&scene, &["local_retention_days=0", &setting]).code,
        Some(0)
    );
    assert_eq!(scene.sync().code, Some(0));
    let item = sort(&sorted, "serious");
    assert_eq!(
        (item.code, &item.last()["category"]),
        (Some(0), &json!("serious"))
    );
    refused(&sort("clip-none", "serious"), 1, "unknown-clip");
    done(scene.terminal(&["mark", &marked]));
    assert_eq!(scene.item(&sorted)["category"], "serious");
    assert_eq!(scene.item(&plain)["category"], Value::Null);

    // Whatever a policy without the category says, its evidence stays; so does what is marked.
    assert_eq!(publish(&scene, &["categories=[]"]).code, Some(0));
    assert_eq!(scene.sync().code, Some(0));
    refused(&sort(&plain, "serious"), 1, "unknown-category");
    let report = done(scene.terminal(&["purge"])).last().clone();
    assert_eq!(report["clips"], json!([plain]));
    assert!(report["freed_bytes"].as_u64().unwrap() > 0);
    let kept = report["kept"].as_array().unwrap();
    let why = |clip: &str| {
        let kept = kept.iter().find(|kept| kept["clip"] == clip).unwrap();
        (text(&kept["reason"]), kept["until_ms"].is_i64())
    };
    assert_eq!(why(&marked), ("marked".to_owned(), false));
    assert_eq!(why(&sorted), ("retention".to_owned(), true));
    refused(&say(scene.terminal(&["show", &plain])), 1, "unknown-clip");
}

#[test]
fn modes_battery_and_storage_are_told() {
    let scene = Scene::on_duty();
    let status = || done(scene.terminal(&["status"])).last().clone();
    let mode = |arguments: &[&str]| say(scene.terminal(&[&["mode"], arguments].concat()));
    assert_eq!(mode(&["stealth", "on"]).code, Some(0));
    // `mode` unlocks, which would end sleep; so it is the last to be switched on.
    assert_eq!(mode(&["sleep", "on"]).code, Some(0));
    assert_eq!(status()["modes"], json!(["stealth", "sleep"]));
    done(scene.terminal(&["list"]));
    assert_eq!(status()["modes"], json!(["stealth"]));
    assert_eq!(publish(&scene, &["recording.sleep=false"]).code, Some(0));
    scene.sync();
    refused(&mode(&["sleep", "on"]), 1, "policy-forbids");
    refused(&mode(&["party", "on"]), 2, "usage");

    let battery = |percent: &str| {
        let said = done(scene.terminal(&["battery", percent]));
        said.last()["warned"].as_bool().unwrap()
    };
    assert!(!battery("50") && battery("10") && !battery("9"));
    refused(&say(scene.terminal(&["battery", "101"])), 2, "usage");

    let status = status();
    let number = |name: &str| status[name].as_u64().unwrap();
    assert!(number("free_bytes") > number("reserve_bytes"));
    assert_eq!(
        (number("reclaimable_bytes"), number("bytes_per_s")),
        (0, 516_000)
    );
    let usable = number("free_bytes") - number("reserve_bytes");
    assert_eq!(number("minutes_left"), usable / 516_000 / 60);
    done(scene.terminal(&["duty", "end"]));
    assert_eq!(done(scene.terminal(&["status"])).last()["modes"], json!([]));
}
