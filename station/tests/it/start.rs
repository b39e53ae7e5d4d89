//! Starting, refusing to start, and TLS.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
};

use custos_protocol::{hash::Hash, policy::Policy, trust::TrustSet};
use custos_station::{StartError, Station, StationConfig};

use super::support::{House, client, config};

#[tokio::test]
async fn the_first_run_makes_keys_trust_and_policy_and_later_ones_keep_them() {
    let house = House::new().await;
    let trust = house.trust().await;
    assert_eq!((trust.version, trust.agency.as_str()), (1, "custos.local"));
    assert_eq!(trust.people.len(), 1);
    let policy = house.text("/v1/policy").await;
    assert_eq!(Policy::open(&policy, &trust).expect("policy").version, 1);
    let keys = house.dir.path().join("station/keys");
    for name in [
        "root",
        "registrar",
        "witness",
        "storage",
        "policy",
        "agency",
        "admin",
    ] {
        let mode = fs::metadata(keys.join(format!("{name}.key")))
            .expect("key")
            .permissions();
        assert_eq!(mode.mode() & 0o777, 0o600, "{name}");
    }
    let identity = fs::read_to_string(keys.join("agency.key")).expect("agency key");
    let secret = identity
        .lines()
        .find(|l| l.starts_with("AGE-SECRET-KEY-1"))
        .expect("secret");
    let identity: age::x25519::Identity = secret.parse().expect("identity");
    assert_eq!(trust.recipients, [identity.to_public().to_string()]);
    // Once set up, the private halves that only the set-up needs may be taken elsewhere.
    fs::remove_file(keys.join("agency.key")).expect("remove");
    fs::remove_file(keys.join("admin.key")).expect("remove");
    let dir = house.dir.path().to_owned();
    house.station.shutdown().await;
    let again = Station::start(config(&dir)).await.expect("second run");
    let text = client()
        .get(format!("{}/v1/trust", again.url))
        .send()
        .await
        .expect("answer");
    assert_eq!(
        TrustSet::open(&text.text().await.expect("text")).expect("trust"),
        trust
    );
    assert!(!keys.join("agency.key").exists(), "nothing is made twice");
}

#[tokio::test]
async fn a_folder_is_served_by_one_process_and_a_taken_port_has_a_name() {
    let house = House::new().await;
    let second = Station::start(config(house.dir.path())).await;
    assert!(matches!(second, Err(StartError::InUse)));
    let other = tempfile::tempdir().expect("folder");
    let taken = StationConfig {
        listen: house.station.addr,
        ..config(other.path())
    };
    let error = Station::start(taken).await.expect_err("taken");
    assert_eq!(error.code(), "port-taken");
    // The folder it had begun is free again.
    Station::start(config(other.path()))
        .await
        .expect("another port");
}

#[tokio::test]
async fn plain_http_is_for_loopback_and_the_agency_is_fixed() {
    let dir = tempfile::tempdir().expect("folder");
    let everywhere = StationConfig {
        listen: ([0, 0, 0, 0], 0).into(),
        ..config(dir.path())
    };
    let error = Station::start(everywhere).await.expect_err("everywhere");
    assert_eq!(error.code(), "plain-http-not-loopback");
    assert!(
        !dir.path().join("station").exists(),
        "refused before anything was made"
    );
    for name in ["", "a b", "../x", "a/b"] {
        let config = StationConfig {
            agency: name.to_owned(),
            ..config(dir.path())
        };
        assert_eq!(
            Station::start(config).await.expect_err("name").code(),
            "agency-name"
        );
    }
    Station::start(config(dir.path()))
        .await
        .expect("station")
        .shutdown()
        .await;
    let other = StationConfig {
        agency: "other.example".to_owned(),
        ..config(dir.path())
    };
    assert_eq!(
        Station::start(other).await.expect_err("other").code(),
        "other-agency"
    );
}

#[tokio::test]
async fn what_is_damaged_or_lost_is_an_error_and_stays_as_it_is() {
    let dir = tempfile::tempdir().expect("folder");
    Station::start(config(dir.path()))
        .await
        .expect("station")
        .shutdown()
        .await;
    let station = dir.path().join("station");
    for (name, code) in [
        ("keys/root.key", "station-file-damaged"),
        ("keys/witness.key", "station-file-damaged"),
        ("keys/storage.key", "station-file-damaged"),
        ("tls/key.pem", "station-file-damaged"),
        ("tls/cert.pem", "station-file-damaged"),
        ("station.db", "station-file-damaged"),
        ("station.json", "station-file-damaged"),
    ] {
        let path = station.join(name);
        let whole = fs::read(&path).expect("read");
        let inode = fs::metadata(&path).expect("meta").ino();
        fs::write(&path, b"damaged, and long enough to be looked at").expect("write");
        let error = Station::start(config(dir.path())).await.expect_err(name);
        assert_eq!(error.code(), code, "{name}");
        assert!(error.is_storage());
        let meta = fs::metadata(&path).expect("still there");
        assert_eq!(
            (meta.ino(), meta.len()),
            (inode, 40),
            "{name} is left as it is"
        );
        if name == "station.json" {
            fs::write(&path, whole).expect("restore");
            continue;
        }
        fs::remove_file(&path).expect("remove");
        let error = Station::start(config(dir.path())).await.expect_err(name);
        assert_eq!(error.code(), "station-file-missing", "{name}");
        assert!(!path.exists(), "{name} is not made again");
        fs::write(&path, whole).expect("restore");
    }
    // A key of the right name that was never published.
    let witness = fs::read(station.join("keys/witness.key")).expect("read");
    let other = tempfile::tempdir().expect("folder");
    Station::start(config(other.path()))
        .await
        .expect("station")
        .shutdown()
        .await;
    let strange = other.path().join("station/keys/witness.key");
    fs::copy(strange, station.join("keys/witness.key")).expect("copy");
    let error = Station::start(config(dir.path()))
        .await
        .expect_err("strange");
    assert_eq!(error.code(), "station-keys-mismatch");
    fs::write(station.join("keys/witness.key"), witness).expect("restore");
    // One key in another's place is damage too.
    fs::copy(
        station.join("keys/storage.key"),
        station.join("keys/policy.key"),
    )
    .expect("copy");
    let error = Station::start(config(dir.path()))
        .await
        .expect_err("swapped");
    assert_eq!(error.code(), "station-file-damaged");
}

#[tokio::test]
async fn a_first_run_that_was_cut_short_is_taken_up() {
    let dir = tempfile::tempdir().expect("folder");
    Station::start(config(dir.path()))
        .await
        .expect("station")
        .shutdown()
        .await;
    let station = dir.path().join("station");
    let root = fs::read(station.join("keys/root.key")).expect("root");
    // As after a crash before the end of the set-up: no marker, some keys, no database.
    for name in ["station.json", "keys/policy.key", "station.db"] {
        fs::remove_file(station.join(name)).expect("remove");
    }
    let running = Station::start(config(dir.path())).await.expect("taken up");
    assert_eq!(fs::read(station.join("keys/root.key")).expect("root"), root);
    let text = client()
        .get(format!("{}/v1/trust", running.url))
        .send()
        .await
        .expect("answer");
    TrustSet::open(&text.text().await.expect("text")).expect("trust");
}

#[tokio::test]
async fn tls_is_spoken_with_the_pinned_key() {
    client(); // installs the crypto provider
    let dir = tempfile::tempdir().expect("folder");
    let station = Station::start(StationConfig::new(dir.path()))
        .await
        .expect("station");
    assert!(station.url.starts_with("https://127.0.0.1:"));
    let pem = fs::read(dir.path().join("tls/cert.pem")).expect("certificate");
    let certificate = reqwest::Certificate::from_pem(&pem).expect("certificate");
    let http = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([certificate])
        .https_only(true)
        .build()
        .expect("client");
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("https://{host}:{}/v1/info", station.addr.port());
        let info = http.get(url).send().await.expect("answer");
        assert_eq!(info.status(), 200);
    }
    let key = fs::read(dir.path().join("tls/key.pem")).expect("key");
    let pair = rcgen::KeyPair::from_pem(std::str::from_utf8(&key).expect("text")).expect("pair");
    let spki = rcgen::PublicKeyData::subject_public_key_info(&pair);
    assert_eq!(
        station.pin.as_deref(),
        Some(Hash::of(&spki).to_string().as_str())
    );
    // A client that does not know the certificate, and one without TLS, get nowhere.
    assert!(
        client()
            .get(format!("{}/v1/info", station.url))
            .send()
            .await
            .is_err()
    );
    let plain = format!("http://{}/v1/info", station.addr);
    assert!(client().get(plain).send().await.is_err());
}
