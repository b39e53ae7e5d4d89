//! Two people of device management, where neither changes people or policy alone: through the
//! program, as they would.

use custos_tests::{
    process::{Said, done, say},
    scene::{Scene, text},
};

struct House {
    scene: Scene,
}

impl House {
    /// A station whose policy wants two for changes: its first person, and carla.
    fn new() -> Self {
        let house = Self {
            scene: Scene::station(),
        };
        let key = house.key("carla");
        let arguments = ["person", "add", "carla", "--role", "device", "-o", &key];
        done(house.scene.admin(&arguments));
        let set = "access.people_signers=2";
        done(house.scene.admin(&["policy", "publish", "--set", set]));
        house
    }

    fn key(&self, name: &str) -> String {
        self.scene.path(&format!("{name}.key"))
    }

    fn carla(&self, arguments: &[&str]) -> Said {
        say(self.scene.admin_as(&self.key("carla"), arguments))
    }

    fn people(&self) -> Vec<String> {
        let said = done(self.scene.admin(&["person", "list"]));
        said.lines.iter().map(|line| text(&line["id"])).collect()
    }
}

#[test]
fn a_person_waits_for_the_second_signature() {
    let house = House::new();
    let key = house.key("emil");
    let arguments = ["person", "add", "emil", "--role", "approver", "-o", &key];
    let said = done(house.scene.admin(&arguments));
    assert_eq!(said.last()["missing"], 1);
    let change = text(&said.last()["change"]);
    assert_eq!(house.people(), ["admin", "carla"]);
    // A key that the station does not know opens no session.
    let early = say(house.scene.admin_as(&key, &["person", "list"]));
    assert_ne!(early.code, Some(0), "{early:?}");
    // The same person's second signature is no second person's.
    let again = done(house.scene.admin(&["change", "sign", &change]));
    assert_eq!(again.last()["missing"], 1);

    let waiting = house.carla(&["change", "list"]);
    assert_eq!(text(&waiting.lines[0]["id"]), change);
    let shown = house.carla(&["change", "show", &change]);
    assert_eq!(shown.last()["what"]["person"]["name"], "emil");
    assert_eq!(shown.last()["signed_by"], serde_json::json!(["admin"]));
    let signed = house.carla(&["change", "sign", &change]);
    assert_eq!(signed.last()["missing"], 0);
    assert_eq!(house.people(), ["admin", "carla", "emil"]);
    done(house.scene.admin_as(&key, &["person", "list"]));
    let late = house.carla(&["change", "sign", &change]);
    assert_eq!(late.error(), "change-made");
}

#[test]
fn so_does_a_policy_and_the_way_back_to_one() {
    let house = House::new();
    let publish = ["policy", "publish", "--set", "access.people_signers=1"];
    let said = done(house.scene.admin(&publish));
    assert_eq!(said.last()["missing"], 1);
    let change = text(&said.last()["change"]);
    let shown = || done(house.scene.admin(&["policy", "show"])).last().clone();
    assert_eq!(shown()["access"]["people_signers"], 2);
    // Who signs second reads what would change.
    let read = house.carla(&["change", "show", &change]).stderr;
    assert!(read.contains("access.people_signers: 2 → 1"), "{read}");
    // One that was published meanwhile: whoever signs late does not bring the old one back.
    let other = done(
        house
            .scene
            .admin(&["policy", "publish", "--set", "pin_attempts=4"]),
    );
    let other = text(&other.last()["change"]);
    assert_eq!(
        house.carla(&["change", "sign", &other]).last()["missing"],
        0
    );
    assert_eq!(shown()["pin_attempts"], 4);
    let late = house.carla(&["change", "sign", &change]);
    assert_eq!(late.error(), "policy-version");
    let said = done(house.scene.admin(&publish));
    let change = text(&said.last()["change"]);
    house.carla(&["change", "sign", &change]);
    assert_eq!(shown()["access"]["people_signers"], 1);
    let key = house.key("zoe");
    done(house.scene.admin(&["person", "add", "zoe", "-o", &key]));
    assert_eq!(house.people(), ["admin", "carla", "zoe"]);
}
