//! A grant as the people go who make it, use it and end it, and rules that an agency publishes,
//! through the program alone.

use custos_tests::{
    process::{Said, done, sample, say},
    scene::{PIN, Scene, text},
};

const OTHER: &str = "100200";

struct House {
    scene: Scene,
    dir: String,
    pin: String,
}

impl House {
    /// A terminal that two officers share, the first with a confirmed clip of case A-1, and the
    /// agency's people: dora applies, emil approves, carla sets, fred is her colleague.
    fn new() -> (Self, String) {
        let scene = Scene::station();
        let dir = scene.path("shared");
        let ticket = scene.ticket(
            "shared.ticket",
            &scene.station.url,
            &[
                "--officer",
                "100123",
                "--officer",
                OTHER,
                "--terminal",
                "t-shared",
            ],
        );
        done(["terminal", "--dir", &dir, "provision", "--ticket", &ticket]);
        let pin = scene.path("shared.pin");
        std::fs::write(&pin, PIN).expect("written");
        let house = Self { scene, dir, pin };
        for (name, role) in [
            ("dora", "manager"),
            ("emil", "approver"),
            ("carla", "device"),
            ("fred", "device"),
            ("eve", "supervisor"),
        ] {
            let key = house.key(name);
            done(
                house
                    .scene
                    .admin(&["person", "add", name, "--role", role, "-o", &key]),
            );
        }
        for officer in ["100123", OTHER] {
            done(house.officer(officer, &["officer", "enrol"]));
        }
        done(house.officer("100123", &["duty", "begin", "--case", "A-1"]));
        let media = sample().display().to_string();
        let said = done(house.officer("100123", &["record", "--media", &media]));
        let sealed = said.lines.iter().find(|l| l["event"] == "sealed");
        let clip = text(&sealed.expect("a sealed line")["clip"]);
        done(house.sync());
        (house, clip)
    }

    fn key(&self, name: &str) -> String {
        self.scene.path(&format!("{name}.key"))
    }

    fn by(&self, name: &str, arguments: &[&str]) -> Said {
        say(self.scene.admin_as(&self.key(name), arguments))
    }

    fn officer(&self, officer: &str, arguments: &[&str]) -> Vec<String> {
        let mut all: Vec<String> = ["terminal", "--dir", &self.dir, "--officer", officer]
            .map(str::to_owned)
            .to_vec();
        all.extend(["--pin-file".to_owned(), self.pin.clone()]);
        all.extend(arguments.iter().map(|a| (*a).to_owned()));
        all
    }

    fn sync(&self) -> Vec<String> {
        ["terminal", "--dir", &self.dir, "sync"]
            .map(str::to_owned)
            .to_vec()
    }

    /// Applied for, approved and set; its id.
    fn grant(&self, more: &[&str]) -> String {
        let mut apply = vec![
            "grant",
            "apply",
            "--for",
            OTHER,
            "--purpose",
            "joint inquiry",
        ];
        apply.extend(["--case", "A-1", "--action", "evidence-list"]);
        apply.extend([
            "--action",
            "evidence-metadata",
            "--action",
            "evidence-export",
        ]);
        apply.extend(more);
        let said = self.by("dora", &apply);
        assert_eq!(said.code, Some(0), "{said:?}");
        assert_eq!(said.last()["state"], "applied");
        let id = text(&said.last()["id"]);
        let said = self.by("emil", &["grant", "approve", &id]);
        assert_eq!(said.last()["state"], "approved", "{said:?}");
        let said = self.by("carla", &["grant", "set", &id]);
        assert_eq!(said.last()["state"], "in-force", "{said:?}");
        id
    }

    /// Kinds and bodies of the terminal's journal, as the supervisor reads them at the station.
    fn journal(&self) -> Vec<serde_json::Value> {
        done(self.sync());
        let said = self.by("eve", &["terminal", "journal", "t-shared"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        said.lines
    }

    fn of_kind(&self, kind: &str) -> Vec<serde_json::Value> {
        let entries = self.journal().into_iter();
        let bodies = entries
            .filter(|e| e["kind"] == kind)
            .map(|e| e["body"].clone());
        bodies.collect()
    }
}

#[test]
fn a_grant_from_its_application_to_its_end() {
    let (house, clip) = House::new();
    let other = |arguments: &[&str]| say(house.officer(OTHER, arguments));
    assert_eq!(other(&["show", &clip]).error(), "unknown-clip");
    assert!(other(&["list", "--granted"]).lines.is_empty());

    let id = house.grant(&["--days", "3"]);
    let listed = house.by("carla", &["grant", "list", "--state", "in-force"]);
    assert_eq!(text(&listed.last()["id"]), id);
    // It works once it is there, and without the station from then on.
    assert_eq!(other(&["show", &clip]).error(), "unknown-clip");
    done(house.sync());
    let grants = done(house.officer(OTHER, &["grants"]));
    assert_eq!(grants.last()["state"], "in-force");
    let listed = done(house.officer(OTHER, &["list", "--granted"]));
    assert_eq!(
        (&listed.last()["clip"], &listed.last()["grant"]),
        (&clip.as_str().into(), &id.as_str().into())
    );
    assert!(
        done(house.officer(OTHER, &["list"])).lines.is_empty(),
        "not the own"
    );
    assert_eq!(
        done(house.officer(OTHER, &["show", &clip])).last()["case"],
        "A-1"
    );
    let bundle = house.scene.path("granted");
    done(house.officer(OTHER, &["export", &clip, "-o", &bundle]));
    done(["verify", &bundle]);
    // Content is not in it, and no grant opens what is sealed to another.
    let film = house.scene.path("film.mp4");
    assert_eq!(other(&["play", &clip, "-o", &film]).error(), "unknown-clip");

    let exported = house.of_kind("exported");
    assert_eq!(exported[0]["grant"], id.as_str());
    let listed = house.of_kind("listed");
    assert!(listed.iter().all(|body| body["grant"] == id.as_str()) && listed.len() == 2);
    assert_eq!(house.of_kind("grant-received").len(), 1);
    let denied = house.of_kind("access-denied");
    assert!(denied.iter().any(|body| body["action"] == "evidence-play"));

    // Not with a grant for it either: the officer's key is another lock, and rules do not open it.
    let id_play = house.grant(&["--hours", "1", "--action", "evidence-play"]);
    done(house.sync());
    let said = other(&["play", &clip, "-o", &film]);
    assert_eq!(
        (said.code, said.error()),
        (Some(5), "evidence-other-recipient")
    );
    assert!(!std::path::Path::new(&film).exists());
    assert!(house.of_kind("viewed").is_empty(), "nothing was seen");
    let said = house.by(
        "carla",
        &["grant", "revoke", &id_play, "--reason", "a test"],
    );
    assert_eq!(said.code, Some(0));
    done(house.sync());

    // Revoked: with the next sync, although there is nothing else to do.
    let said = house.by("emil", &["grant", "revoke", &id, "--reason", "closed"]);
    assert_eq!(said.last()["state"], "revoked", "{said:?}");
    done(house.officer(OTHER, &["show", &clip]));
    done(house.sync());
    assert_eq!(other(&["show", &clip]).error(), "unknown-clip");
    assert!(other(&["list", "--granted"]).lines.is_empty());
    let grants = done(house.officer(OTHER, &["grants"]));
    assert!(grants.lines.iter().all(|grant| grant["state"] == "revoked"));
    let revoked = house.of_kind("grant-revoked");
    assert_eq!(
        (&revoked[0]["by"], &revoked[1]["by"]),
        (&"carla".into(), &"emil".into())
    );
    let denied = house.of_kind("access-denied");
    assert_eq!(denied.last().expect("a denial")["reason"], "grant-revoked");
}

#[test]
fn steps_that_are_refused_say_why() {
    let (house, clip) = House::new();
    let apply = [
        "grant",
        "apply",
        "--for",
        OTHER,
        "--case",
        "A-1",
        "--action",
        "evidence-list",
    ];
    let with = |more: &[&'static str]| {
        let mut all = apply.to_vec();
        all.extend(more);
        all
    };
    let good = with(&["--purpose", "inquiry", "--hours", "2"]);
    assert_eq!(house.by("emil", &good).error(), "grant-wrong-role");
    let no_purpose = with(&["--purpose", " ", "--hours", "2"]);
    let said = house.by("dora", &no_purpose);
    assert_eq!(
        (said.error(), text(&said.last()["reason"])),
        ("grant-terms", "purpose".into())
    );
    let said = house.by("dora", &with(&["--purpose", "x", "--until", "tomorrow"]));
    assert_eq!((said.code, said.error()), (Some(2), "bad-time"));
    let id = text(&house.by("dora", &good).last()["id"]);
    assert_eq!(
        house.by("carla", &["grant", "set", &id]).error(),
        "grant-state"
    );
    assert_eq!(
        house.by("dora", &["grant", "approve", &id]).error(),
        "grant-wrong-role"
    );
    let widened = house.by("emil", &["grant", "approve", &id, "--case", "B-2"]);
    assert_eq!(widened.error(), "grant-widened");
    let narrower = ["grant", "approve", &id, "--until", "2000-01-01"];
    assert_eq!(house.by("emil", &narrower).error(), "grant-terms");
    assert_eq!(house.by("emil", &["grant", "approve", &id]).code, Some(0));
    assert_eq!(
        house.by("eve", &["grant", "set", &id]).error(),
        "grant-wrong-role"
    );
    // Nobody at the station without a role or a grant.
    let said = house.by(
        "dora",
        &["evidence", "get", &clip, "-o", &house.scene.path("x")],
    );
    assert_eq!((said.code, said.error()), (Some(1), "forbidden"));
    assert_eq!(text(&said.last()["reason"]), "no-rule");
}

#[test]
fn rules_are_published_installed_and_replaced() {
    let (house, clip) = House::new();
    let shipped = done(house.scene.admin(&["rules", "show"]));
    let text_of = text(&shipped.last()["text"]);
    // Nobody exports any more.
    let stricter = format!(
        "{text_of}\n@id(\"no-export\") @clause(\"T7.2\")\nforbid (principal, action == Action::\"evidence-export\", resource);\n"
    );
    let file = house.scene.path("rules.cedar");
    std::fs::write(&file, &stricter).expect("written");
    done(["policy", "check", &file]);
    assert_eq!(
        house.by("emil", &["rules", "publish", &file]).error(),
        "forbidden"
    );
    let said = house.by("carla", &["rules", "publish", &file]);
    assert_eq!(
        (&said.last()["version"], &said.last()["missing"]),
        (&1.into(), &0.into()),
        "{said:?}"
    );
    let export = |name: &str| {
        let to = house.scene.path(name);
        say(house.officer("100123", &["export", &clip, "-o", &to]))
    };
    assert_eq!(export("before").code, Some(0), "not there yet");
    done(house.sync());
    assert_eq!(export("after").error(), "unknown-clip");
    let denied = house.of_kind("access-denied");
    assert_eq!(denied.last().expect("a denial")["reason"], "no-export");
    assert_eq!(house.of_kind("rules-updated")[0]["version"], 1);
    // What is in force there can be asked, offline.
    let installed = done(["terminal", "--dir", &house.dir, "rules"]);
    assert_eq!(text(&installed.last()["text"]), stricter);
    let asked = [
        "--role",
        "officer",
        "--action",
        "evidence-export",
        "--resource",
        "evidence officer=me",
    ];
    let mut explain = vec!["policy", "explain", "--rules", &file];
    explain.extend(asked);
    assert_eq!(done(explain).last()["reason"], "no-export");
    let shown = house.by("dora", &["rules", "show"]);
    assert_eq!(text(&shown.last()["text"]), stricter);

    // Two people from now on.
    done(
        house
            .scene
            .admin(&["policy", "publish", "--set", "access.rules_signers=2"]),
    );
    std::fs::write(&file, &text_of).expect("written");
    let said = house.by("carla", &["rules", "publish", &file]);
    assert_eq!(said.last()["missing"], 1);
    done(house.sync());
    assert_eq!(export("waiting").error(), "unknown-clip");
    let said = house.by("fred", &["rules", "sign", "2"]);
    assert_eq!(said.last()["missing"], 0, "{said:?}");
    done(house.sync());
    assert_eq!(export("open").code, Some(0));

    std::fs::write(&file, "permit (principal, action, resource);").expect("written");
    assert_eq!(
        house.by("carla", &["rules", "publish", &file]).error(),
        "rules-no-id"
    );
}
