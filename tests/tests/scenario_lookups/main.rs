//! Looking up people and vehicles, as officers, registrars and auditors meet it; `many`: several at
//! once, or by a part of the number.

#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

mod many;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    process::Stdio,
    thread,
};

use custos_tests::{
    process::{Said, custos, done, say},
    scene::{OFFICER, Scene, text},
};
use serde_json::json;

const CARS: &str = "号牌,owner:name,phone:phone,stolen\n京A12345,张三丰,13812341234,no\n";
const PEOPLE: &str = "id,name:name,address:address,id:number\n\
                      11010519491231002X,王小明,北京市朝阳区某路1号,11010519491231002X\n";

fn import(scene: &Scene, registry: &str, csv: &str) -> Said {
    let file = scene.path(&format!("{registry}.csv"));
    std::fs::write(&file, csv).unwrap();
    let dir = scene.station.dir().display().to_string();
    say([
        "station",
        "import",
        "--dir",
        &dir,
        "--registry",
        registry,
        &file,
    ])
}

fn scene() -> Scene {
    let scene = Scene::on_duty();
    for (registry, csv) in [("vehicle", CARS), ("person", PEOPLE)] {
        let said = import(&scene, registry, csv);
        assert_eq!((said.code, &said.last()["records"]), (Some(0), &json!(1)));
    }
    scene
}

fn lookup(scene: &Scene, arguments: &[&str]) -> Said {
    let mut all = vec!["lookup"];
    all.extend(arguments);
    say(scene.terminal(&all))
}

/// `audit lookups` by an auditor.
fn audit(scene: &Scene, arguments: &[&str]) -> Said {
    let key = scene.path("ada.key");
    if !std::path::Path::new(&key).exists() {
        done(scene.admin(&["person", "add", "ada", "--role", "auditor", "-o", &key]));
    }
    let mut all = vec![
        "audit",
        "lookups",
        "--station",
        &scene.station.url,
        "--key",
        &key,
    ];
    all.extend(arguments);
    done(all)
}

/// The same with a number on standard input, where no other program reads it.
fn piped(arguments: Vec<String>, number: &str) -> Said {
    let mut child = custos(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{number}").unwrap();
    Said::of(&child.wait_with_output().unwrap())
}

#[test]
fn an_officer_asks_and_an_auditor_sees_who_asked() {
    let scene = scene();
    let found = lookup(&scene, &["vehicle", "京a·12345", "--reason", "traffic"]);
    assert_eq!(found.code, Some(0), "{found:?}");
    assert_eq!(
        (&found.last()["state"], &found.last()["records"]),
        (
            &json!("answered"),
            &json!([{"owner": "张**", "phone": "138****1234", "stolen": "no"}])
        )
    );
    let arguments = scene.terminal(&["lookup", "person", "-", "--reason", "查验身份"]);
    let found = piped(arguments, "11010519491231002x");
    assert_eq!(
        found.last()["records"],
        json!([{"name": "王**", "address": "北京市朝阳区****", "id": "110105********002X"}])
    );
    let nothing = lookup(&scene, &["vehicle", "京A99999", "--reason", "traffic"]);
    assert_eq!(
        (nothing.code, &nothing.last()["records"]),
        (Some(0), &json!([]))
    );

    let all = audit(&scene, &["--officer", OFFICER, "--since", "1d"]);
    assert_eq!(all.lines.len(), 3);
    let about = audit(&scene, &["--person", "11010519491231002X"]);
    assert_eq!(about.lines.len(), 1);
    assert_eq!(
        (
            &about.last()["officer"],
            &about.last()["text"],
            &about.last()["case"]
        ),
        (&json!(OFFICER), &json!("查验身份"), &json!("A-1"))
    );
    assert!(audit(&scene, &["--vehicle", "京A54321"]).lines.is_empty());
    assert!(audit(&scene, &["--until", "2020-01-01"]).lines.is_empty());
    // The first person manages devices, and that is no reason to read this.
    let said = say(scene.admin(&["audit", "lookups"]));
    assert_eq!((said.code, said.error()), (Some(1), "forbidden"));
}

#[test]
fn what_is_refused_says_so_by_its_code() {
    let scene = scene();
    for (arguments, code) in [
        (
            &["person", "110105194912310021", "--reason", "identity"][..],
            "id-check",
        ),
        (
            &["vehicle", "京A*", "--reason", "traffic"],
            "subject-wildcard",
        ),
        (
            &["vehicle", "京A12345", "--reason", "other"],
            "purpose-missing",
        ),
        (
            &["vehicle", "京A12345", "--reason", "谁的京A12345"],
            "purpose-names-subject",
        ),
        (&["device", "cam-1", "--reason", "inquiry"], "lookup-denied"),
        (&["answer", "lookup-1"], "unknown-lookup"),
    ] {
        let said = lookup(&scene, arguments);
        assert_eq!((said.code, said.error()), (Some(1), code), "{said:?}");
        let line = said.last().to_string();
        assert!(
            !line.contains("12345") && !line.contains("110105"),
            "{line}"
        );
    }
    assert_eq!(lookup(&scene, &["vehicle", "京A12345"]).code, Some(2));
    done(scene.terminal(&["duty", "end"]));
    let said = lookup(&scene, &["vehicle", "京A12345", "--reason", "traffic"]);
    assert_eq!(said.error(), "lookup-denied");

    let said = import(&scene, "vehicle", "plate\n京A1\n");
    assert_eq!(
        (said.code, said.error()),
        (Some(1), "bad-import"),
        "{said:?}"
    );
    let said = say([
        "station",
        "import",
        "--dir",
        "/nowhere",
        "--watched",
        "/dev/null",
    ]);
    assert_eq!((said.code, said.error()), (Some(1), "no-station"));
}

#[test]
fn a_question_waits_for_the_station() {
    let mut scene = scene();
    scene.station.kill();
    let queued = lookup(&scene, &["vehicle", "京A12345", "--reason", "inquiry: A-1"]);
    assert_eq!(
        (queued.code, &queued.last()["state"]),
        (Some(0), &json!("queued"))
    );
    let name = text(&queued.last()["lookup"]);
    assert_eq!(lookup(&scene, &["waiting"]).last()["state"], "queued");
    assert_eq!(lookup(&scene, &["answer", &name]).error(), "unknown-lookup");
    scene.station.restart();
    assert_eq!(scene.sync().last()["lookups"], 1);
    assert_eq!(lookup(&scene, &["waiting"]).last()["state"], "answered");
    let found = lookup(&scene, &["answer", &name]);
    assert_eq!(
        (&found.last()["state"], &found.last()["records"][0]["owner"]),
        (&json!("kept"), &json!("张**"))
    );
}

/// From the desk to the street: a list is signed, published, named by the policy, and asked where
/// the station cannot be.
#[test]
fn a_list_of_stolen_cars_goes_along() {
    let mut scene = scene();
    let file = scene.path("stolen.txt");
    std::fs::write(&file, "京A12345\n粤BD12345\n").unwrap();
    let publish = ["list", "publish", "stolen", "--registry", "vehicle", &file];
    let said = done(scene.admin(&publish));
    assert_eq!(
        (&said.last()["version"], &said.last()["count"]),
        (&json!(1), &json!(2))
    );
    let said = done(scene.admin(&publish));
    assert_eq!(said.last()["version"], 2);
    assert_eq!(done(scene.admin(&["list", "show"])).last()["version"], 2);
    std::fs::write(&file, "京A12345\n京A1\n").unwrap();
    let said = say(scene.admin(&publish));
    assert_eq!((said.code, said.error()), (Some(1), "bad-import"));
    done(scene.admin(&["policy", "publish", "--set", r#"lookup.lists=["stolen"]"#]));
    assert_eq!(scene.sync().code, Some(0));
    scene.station.kill();
    let found = lookup(&scene, &["vehicle", "粤B·D12345", "--reason", "traffic"]);
    let list = &found.last()["lists"][0];
    assert_eq!(
        (&found.last()["state"], &list["list"], &list["on_it"]),
        (&json!("queued"), &json!("stolen"), &json!(true)),
        "{found:?}"
    );
}

/// A registry's system on this machine: whoever is asked about, it knows an owner.
fn registry() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/cars", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while line != "\r\n" {
                line.clear();
                if reader.read_line(&mut line).unwrap_or(0) == 0 {
                    break;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
            }
            let mut question = vec![0; length];
            reader.read_exact(&mut question).unwrap();
            let question: serde_json::Value = serde_json::from_slice(&question).unwrap();
            let owner = json!({ "name": "owner", "what": "name", "value": "李四光" });
            let reply = json!({ "key": question["key"], "records": [{ "fields": [owner] }] });
            let reply = reply.to_string();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{reply}",
                reply.len()
            );
        }
    });
    url
}

/// The station's program asks a system of somebody else's, as its folder says.
#[test]
fn another_system_is_asked() {
    let mut scene = scene();
    let config = json!({
        "sources": { "vehicle": { "http": { "url": registry() } } },
        "masks": { "officer": { "vehicle": { "owner": "full" } } },
    });
    scene.station.terminate();
    let file = scene.station.dir().join("registries.json");
    std::fs::write(&file, config.to_string()).unwrap();
    scene.station.restart();
    let found = lookup(&scene, &["vehicle", "京A12345", "--reason", "traffic"]);
    assert_eq!(
        found.last()["records"],
        json!([{ "owner": "李四光" }]),
        "{found:?}"
    );

    // What is not understood stops the start, and says so.
    scene.station.terminate();
    std::fs::write(&file, r#"{"sources": {"vehicle": "elsewhere"}}"#).unwrap();
    let dir = scene.station.dir().display().to_string();
    let said = say(["station", "run", "--dir", &dir]);
    assert_eq!(
        (said.code, said.error()),
        (Some(1), "registries-config"),
        "{said:?}"
    );
}
