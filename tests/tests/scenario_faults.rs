//! The main path with the station killed, the terminal killed, and the network cut.

use std::{net::SocketAddr, process::Command, time::Duration};

use custos_tests::{
    process::{Running, done, sample, say},
    proxy::Proxy,
    scene::{Scene, text},
};

fn sealed_clip(lines: &[serde_json::Value]) -> String {
    text(
        &lines
            .iter()
            .find(|l| l["event"] == "sealed")
            .expect("a sealed line")["clip"],
    )
}

fn address(scene: &Scene) -> SocketAddr {
    let address = scene.station.url.strip_prefix("https://").expect("TLS");
    address.parse().expect("an address and port")
}

#[test]
fn the_station_is_killed_in_mid_upload() {
    let mut scene = Scene::station();
    let proxy = Proxy::start(address(&scene));
    scene.provision("terminal", &format!("https://127.0.0.1:{}", proxy.port));
    done(scene.terminal(&["duty", "begin", "--case", "A-1"]));
    let media = sample().display().to_string();
    let arguments = [
        "record",
        "--media",
        &media,
        "--repeat",
        "12",
        "--station-offline",
    ];
    let clip = sealed_clip(&done(scene.terminal(&arguments)).lines);
    // The line goes dead after a part of the clip, and the station dies with it.
    // (Pieces are a megabyte at first; what is torn within one is sent again.)
    proxy.cut_after(1_600_000);
    let failed = scene.sync();
    assert_eq!(
        (failed.code, failed.error()),
        (Some(3), "station-unreachable")
    );
    assert!(proxy.is_cut(), "the upload was under way");
    assert_ne!(scene.item(&clip)["state"], "confirmed");
    scene.station.kill();
    proxy.mend();
    assert_eq!(scene.sync().code, Some(3), "nobody is there");
    scene.station.restart();
    let said = done(scene.terminal(&["sync"]));
    assert_eq!(scene.item(&clip)["state"], "confirmed");
    // Resumed, not begun anew.
    let bytes = scene.item(&clip)["bytes"].as_u64().expect("sealed");
    let again = said.last()["uploaded_bytes"].as_u64().expect("a number");
    assert!(again > 0 && again < bytes, "{again} of {bytes}");
    scene.export_and_verify(&clip);
}

#[test]
fn the_terminal_is_killed_in_mid_recording() {
    let scene = Scene::on_duty();
    let media = sample().display().to_string();
    for acknowledged in [1, 3] {
        let arguments = [
            "record",
            "--media",
            &media,
            "--realtime",
            "--repeat",
            "20",
            "--station-offline",
        ];
        let mut recording = Running::start(scene.terminal(&arguments));
        let mut last = serde_json::Value::Null;
        for _ in 0..acknowledged {
            last = recording.line().expect("a committed line");
            assert_eq!(last["event"], "committed");
        }
        recording.kill();
        let clip = text(&last["clip"]);

        let item = scene.item(&clip);
        assert_eq!(item["state"], "recovered", "{item}");
        assert!(
            item["fragments"].as_u64() >= last["fragment"].as_u64(),
            "{item} {last}"
        );
        done(scene.terminal(&["sync"]));
        assert_eq!(scene.item(&clip)["state"], "confirmed");
        let bundle = scene.export_and_verify(&clip);
        let plain = scene.open(&bundle.join(format!("{clip}.mp4.age")));
        let mp4 = scene.path("recovered.mp4");
        std::fs::write(&mp4, plain).expect("writable");
        plays_until(&mp4, last["end_us"].as_i64().expect("a time"));
    }
}

/// ffmpeg decodes the file without a word, up to what was acknowledged.
fn plays_until(mp4: &str, end_us: i64) {
    let probe = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v:0", "-show_entries"])
        .args(["frame=pts_time", "-of", "csv=p=0", mp4])
        .output();
    let Ok(probe) = probe else {
        eprintln!("skipped: no ffprobe on this machine");
        return;
    };
    assert!(
        probe.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&probe.stderr)
    );
    let times = String::from_utf8(probe.stdout).expect("numbers");
    let times: Vec<f64> = times
        .lines()
        .filter_map(|l| l.trim_end_matches(',').parse().ok())
        .collect();
    let last = times.iter().copied().fold(0.0, f64::max);
    // The end of a fragment is that of its last sample; half a second covers any frame's length.
    assert!(
        last * 1e6 + 500_000.0 >= end_us as f64,
        "{last} s of {end_us} us"
    );
}

#[test]
fn the_network_is_cut_for_a_while() {
    let scene = Scene::station();
    let proxy = Proxy::start(address(&scene));
    scene.provision("terminal", &format!("https://127.0.0.1:{}", proxy.port));
    proxy.cut();
    // Duty and recording need no network.
    done(scene.terminal(&["duty", "begin", "--case", "A-1"]));
    let media = sample().display().to_string();
    let clip = sealed_clip(&done(scene.terminal(&["record", "--media", &media])).lines);
    let failed = scene.sync();
    assert_eq!(
        (failed.code, failed.error()),
        (Some(3), "station-unreachable")
    );

    let mut following = Running::start(scene.terminal(&["sync", "--follow"]));
    std::thread::sleep(Duration::from_millis(500));
    proxy.mend();
    while let Some(line) = following.line() {
        if line["confirmed"].as_array().is_some_and(|c| !c.is_empty()) {
            break;
        }
    }
    drop(following);
    assert_eq!(scene.item(&clip)["state"], "confirmed");
    scene.export_and_verify(&clip);
}

#[test]
fn another_station_is_not_believed() {
    let scene = Scene::station();
    let other = Scene::station();
    // Somebody else answers at the address on the ticket.
    let ticket = scene.ticket("ticket", &other.station.url, &[]);
    let said = say([
        "terminal",
        "--dir",
        &scene.path("terminal"),
        "provision",
        "--ticket",
        &ticket,
    ]);
    assert_eq!(
        (said.code, said.error()),
        (Some(3), "station-identity"),
        "{said:?}"
    );
}
