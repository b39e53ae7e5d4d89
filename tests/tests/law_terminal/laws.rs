//! A terminal, and who makes packs for it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use custos_tests::{
    process::{Said, done, say},
    scene::Scene,
};

/// A station, a terminal with nothing to read yet, and an editor of packs.
pub(crate) struct Laws {
    pub(crate) scene: Scene,
}

impl Laws {
    pub(crate) fn new() -> Self {
        Self::on(|_| ())
    }

    pub(crate) fn on(prepare: impl FnOnce(&Scene)) -> Self {
        let scene = Scene::station();
        for (person, role) in [("editor", "pack"), ("other", "device")] {
            let key = scene.path(&format!("{person}.key"));
            done(scene.admin(&["person", "add", person, "--role", role, "-o", &key]));
        }
        prepare(&scene);
        scene.provision("terminal", &scene.station.url.clone());
        Self { scene }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.scene.path(name)
    }

    /// A pack of `count` articles that all say their version, signed by `person`.
    pub(crate) fn pack(&self, version: u32, count: u32, person: &str) -> String {
        self.named("laws", version, count, person)
    }

    pub(crate) fn named(&self, name: &str, version: u32, count: u32, person: &str) -> String {
        let dir = self.path(&format!("{name}-{version}-{person}"));
        fs::create_dir(&dir).unwrap();
        let mut text = String::from(
            "---\ntitle: \"某处罚法\"\nversion: \"2020-01-01\"\nlevel: \"法律\"\n---\n#### 第一章 总则\n",
        );
        text += &format!("第一条 本版为v{version}。\n#### 第二章 罚则\n");
        for n in 2..=count {
            text += &format!("第{n}条 违反第{n}项的，处{n}元罚款，编号k{}。\n", n * 7919);
        }
        fs::write(Path::new(&dir).join("a.md"), text).unwrap();
        let file = format!("{dir}.pack");
        let (key, version) = (self.path(&format!("{person}.key")), version.to_string());
        let mut arguments = vec!["pack", "build", &dir, "-o", &file];
        arguments.extend(["--name", name, "--version", &version]);
        if person != "nobody" {
            arguments.extend(["--key", &key]);
        }
        done(arguments);
        file
    }

    pub(crate) fn delta(&self, old: &str, new: &str, person: &str) -> String {
        let file = format!("{new}.{person}.delta");
        let key = self.path(&format!("{person}.key"));
        let mut arguments = vec!["pack", "delta", old, new, "-o", &file];
        if person != "nobody" {
            arguments.extend(["--key", &key]);
        }
        done(arguments);
        file
    }

    pub(crate) fn install(&self, file: &str) -> Said {
        say(["terminal", "--dir", &self.path("terminal"), "laws", file])
    }

    pub(crate) fn installed(&self, file: &str) {
        let said = self.install(file);
        assert_eq!(said.code, Some(0), "{said:?}");
    }

    pub(crate) fn refused(&self, file: &str, error: &str) {
        let said = self.install(file);
        assert_eq!((said.code, said.error()), (Some(1), error), "{said:?}");
        let next = said.last()["next"].as_str().unwrap();
        assert!(!next.is_empty() && !said.last()["what_is_safe"].as_str().unwrap().is_empty());
    }

    pub(crate) fn place(&self) -> PathBuf {
        Path::new(&self.path("terminal")).join("laws/laws.pack")
    }

    /// What the terminal answers; the version of its laws.
    pub(crate) fn asked(&self) -> Result<u32, String> {
        let dir = self.path("terminal");
        let said = say(["terminal", "--dir", &dir, "lookup", "law", "某罚法 1"]);
        if said.code != Some(0) {
            return Err(said.error().to_owned());
        }
        let snippet = said.last()["snippet"].as_str().unwrap().to_owned();
        let version = snippet
            .split_once('v')
            .unwrap()
            .1
            .split_once('。')
            .unwrap()
            .0;
        Ok(version.parse().unwrap())
    }
}

/// With one bit of it changed; the file's copy.
pub(crate) fn altered(file: &str, at: impl Fn(usize) -> usize) -> String {
    let mut bytes = fs::read(file).unwrap();
    let at = at(bytes.len());
    bytes[at] ^= 1;
    let altered = format!("{file}.altered");
    fs::write(&altered, bytes).unwrap();
    altered
}
