//! What takes a grant: several numbers in one call, and a part of a number.

use custos_tests::{
    process::done,
    scene::{OFFICER, Scene, text},
};
use serde_json::json;

use super::{audit, lookup, piped, scene};

/// Applied for, approved and set, each by another person; its id.
fn grant(scene: &Scene, action: &str) -> String {
    let by = |name: &str, arguments: &[&str]| {
        done(scene.admin_as(&scene.path(&format!("{name}.key")), arguments))
    };
    for (name, role) in [
        ("dora", "manager"),
        ("emil", "approver"),
        ("carla", "device"),
    ] {
        let key = scene.path(&format!("{name}.key"));
        done(scene.admin(&["person", "add", name, "--role", role, "-o", &key]));
    }
    let mut apply = vec!["grant", "apply", "--for", OFFICER, "--days", "1"];
    apply.extend(["--action", action, "--purpose", "joint inquiry"]);
    let id = text(&by("dora", &apply).last()["id"]);
    by("emil", &["grant", "approve", &id]);
    assert_eq!(
        by("carla", &["grant", "set", &id]).last()["state"],
        "in-force"
    );
    id
}

/// Several numbers in one call: refused without a grant, answered with it, asked later where the
/// station cannot be reached, and not after the grant has ended.
#[test]
fn several_at_once_take_a_grant() {
    let mut scene = scene();
    let arguments = [
        "vehicle",
        "京A12345",
        "京A99999",
        "京a·12345",
        "--reason",
        "inquiry: joint",
    ];
    let said = lookup(&scene, &arguments);
    assert_eq!((said.code, said.error()), (Some(1), "lookup-needs-grant"));
    assert!(audit(&scene, &[]).lines.is_empty(), "nothing was asked");

    let grant = grant(&scene, "lookup-batch");
    assert_eq!(lookup(&scene, &arguments).error(), "lookup-needs-grant");
    assert_eq!(scene.sync().code, Some(0));
    let found = lookup(&scene, &arguments);
    assert_eq!(found.code, Some(0), "{found:?}");
    let answers: Vec<_> = found
        .lines
        .iter()
        .map(|line| {
            json!([
                line["position"],
                line["subject"],
                line["records"][0]["owner"]
            ])
        })
        .collect();
    assert_eq!(
        answers,
        [json!([1, "京A***45", "张**"]), json!([2, "京A***99", null])]
    );
    let found = piped(
        scene.terminal(&["lookup", "vehicle", "-", "--reason", "inquiry: joint"]),
        "京A12345\n\n京A99999",
    );
    assert_eq!(found.lines.len(), 2, "{found:?}");
    let all = audit(&scene, &["--officer", OFFICER]).lines;
    assert_eq!(all.len(), 4);
    assert!(all.iter().all(|item| item["grant"] == grant.as_str()));
    assert_eq!(all[0]["batch"], all[1]["batch"]);
    assert_ne!(all[1]["batch"], all[2]["batch"]);

    // What is wrong with one is wrong with all, and which one it is is said.
    let wrong = ["vehicle", "京A12345", "京A1", "--reason", "traffic"];
    let said = lookup(&scene, &wrong);
    assert_eq!(said.error(), "plate-sequence");
    assert_eq!(said.last()["reason"], "2/2", "{said:?}");
    let many: Vec<_> = (10..31).map(|n| format!("京A123{n}")).collect();
    let mut arguments_of_many = vec!["vehicle", "--reason", "traffic"];
    arguments_of_many.extend(many.iter().map(String::as_str));
    let said = lookup(&scene, &arguments_of_many);
    assert_eq!(said.error(), "lookup-batch-too-large");
    assert_eq!(audit(&scene, &[]).lines.len(), 4);

    // Twice without the station; the second time the grant ends before it is there again.
    scene.station.kill();
    let queued = lookup(&scene, &arguments);
    assert_eq!(queued.code, Some(0), "{queued:?}");
    assert!(queued.lines.iter().all(|line| line["state"] == "queued"));
    scene.station.restart();
    assert_eq!(scene.sync().last()["lookups"], 2);
    let answer = lookup(&scene, &["answer", &text(&queued.lines[0]["lookup"])]);
    assert_eq!(answer.last()["records"][0]["owner"], "张**");
    scene.station.kill();
    let queued = lookup(&scene, &arguments);
    scene.station.restart();
    let key = scene.path("emil.key");
    done(scene.admin_as(&key, &["grant", "revoke", &grant, "--reason", "closed"]));
    assert_eq!(scene.sync().last()["lookups"], 0);
    // The officer learns of each that it was refused, and why; once.
    let waiting = lookup(&scene, &["waiting"]);
    let refused = waiting.lines.iter().filter(|l| l["state"] == "refused");
    let reasons: Vec<_> = refused.map(|line| text(&line["reason"])).collect();
    assert_eq!(reasons, ["lookup-needs-grant"; 2], "{waiting:?}");
    let first = text(&queued.lines[0]["lookup"]);
    let answer = || lookup(&scene, &["answer", &first]);
    assert_eq!(answer().error(), "lookup-needs-grant");
    assert_eq!(answer().error(), "unknown-lookup");
    let all = audit(&scene, &[]).lines;
    let denied = all.iter().take(2).all(|item| item["outcome"] == "denied");
    assert!(denied && all.len() == 8, "{all:?}");
    assert!(all.iter().all(|item| item["grant"] == grant.as_str()));
    assert_eq!(lookup(&scene, &arguments).error(), "lookup-needs-grant");
    // One by one goes on as before.
    let found = lookup(&scene, &["vehicle", "京A12345", "--reason", "traffic"]);
    assert_eq!(found.last()["state"], "answered");
}

/// A part of a plate: by its own grant, and never of a person.
#[test]
fn a_part_of_a_plate_takes_a_grant() {
    let scene = scene();
    let arguments = ["vehicle", "京a12*", "--reason", "inquiry: joint"];
    let said = lookup(&scene, &arguments);
    assert_eq!((said.code, said.error()), (Some(1), "lookup-needs-grant"));
    let grant = grant(&scene, "lookup-wildcard");
    assert_eq!(scene.sync().code, Some(0));
    let found = lookup(&scene, &arguments);
    assert_eq!(
        found.last()["records"],
        json!([{"key": "京A12345", "owner": "张**", "phone": "138****1234", "stolen": "no"}])
    );
    for (registry, part) in [("vehicle", "京A*"), ("person", "1101051949123100*")] {
        let said = lookup(&scene, &[registry, part, "--reason", "inquiry"]);
        assert_eq!(said.error(), "subject-wildcard", "{said:?}");
    }
    let two = ["vehicle", "京A12345", "京A54321", "--reason", "inquiry"];
    assert_eq!(lookup(&scene, &two).error(), "lookup-needs-grant");
    let all = audit(&scene, &[]).lines;
    assert_eq!(all.len(), 1);
    let by = (&all[0]["wildcard"], &all[0]["grant"], &all[0]["outcome"]);
    assert_eq!(by, (&json!(true), &json!(grant), &json!("answered")));
}
