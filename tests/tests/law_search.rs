//! The law library as officers use it: quality over real laws, dates, and what a hostile query or
//! pack must not do.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::{fs, path::Path};

use custos_core::{
    Error, PackFault,
    lookup::law::{self, LawQuery, Pack, PackSpec, Standing},
};
use custos_protocol::{
    key::SigningKey,
    note::Signer,
    suite,
    trust::{Person, ROLE_DEVICE, ROLE_PACK, Roots, TrustSet},
};
use custos_tests::law as quality;

/// Floors over the starter pack, for what it can answer.
const FLOORS: [(&str, f64); 3] = [("text", 0.95), ("number", 0.95), ("everyday", 0.8)];

fn starter() -> (tempfile::TempDir, Pack) {
    let dir = tempfile::tempdir().unwrap();
    let pack = quality::pack_of(&quality::starter(), &dir.path().join("starter.pack"));
    (dir, pack)
}

fn search(pack: &Pack, words: &str, date: &str) -> Vec<law::Hit> {
    let query = LawQuery {
        words,
        date: Some(date),
        limit: 5,
    };
    pack.search(&query).unwrap()
}

fn first(pack: &Pack, words: &str, date: &str) -> (String, String, String) {
    let hit = search(pack, words, date).into_iter().next();
    let hit = hit.unwrap_or_else(|| panic!("nothing for {words}"));
    (hit.law, hit.version, hit.number.to_string())
}

fn floors(name: &str, pack: &Pack, queries: &[quality::Query]) {
    let scores = quality::scores(pack, queries);
    for (group, floor) in FLOORS {
        let score = &scores[group];
        eprintln!(
            "{name}, {group}: {} queries, recall@5 {:.3}, MRR {:.3}",
            score.queries, score.recall, score.reciprocal_rank
        );
        assert!(
            score.recall >= floor,
            "{name}, {group}: missed {:#?}",
            score.missed
        );
    }
}

#[test]
fn officers_find_what_they_ask_for() {
    let all = quality::queries();
    assert!(all.len() >= 200, "{} queries", all.len());
    let (dir, pack) = starter();
    let mut queries = all.clone();
    queries.retain(|query| quality::can_answer(&pack, query));
    assert!(queries.len() >= 150, "{} queries", queries.len());
    floors("starter pack", &pack, &queries);
    let mut unseen = quality::heldout();
    unseen.retain(|query| quality::can_answer(&pack, query));
    assert!(unseen.len() >= 60, "{} queries", unseen.len());
    let score = &quality::scores(&pack, &unseen)["heldout"];
    eprintln!("starter pack, held out: recall@5 {:.3}", score.recall);
    assert!(score.recall >= 0.8, "recall@5 {:.3}", score.recall);
    if let Some(full) = quality::full_set(dir.path()) {
        let pack = quality::pack_of(&full, &dir.path().join("full.pack"));
        assert!(pack.manifest().articles > 150_000);
        floors("full set", &pack, &all);
    }
}

#[test]
fn the_date_decides_which_text() {
    let (_dir, pack) = starter();
    let law = "中华人民共和国治安管理处罚法".to_owned();
    let new = (law.clone(), "2025-06-27".to_owned());
    let old = (law, "2012-10-26".to_owned());
    for (words, date, (law, version), number) in [
        ("治安法 23", "2026-01-01", &new, "23"),
        ("治安法 23", "2025-12-31", &old, "23"),
        ("殴打他人 故意伤害", "2026-01-01", &new, "51"),
        ("殴打他人 故意伤害", "2025-12-31", &old, "43"),
        ("zagl", "2025-12-31", &old, "1"),
    ] {
        let expected = (law.clone(), version.clone(), number.to_owned());
        assert_eq!(first(&pack, words, date), expected, "{words} {date}");
    }
    let hits = search(&pack, "治安法 23", "2025-12-31");
    let standing: Vec<_> = hits.iter().map(|h| h.standing).collect();
    assert_eq!(standing, [Standing::InForce, Standing::NotYet]);
    assert_eq!(
        (hits[0].until.as_str(), hits[1].since.as_str()),
        ("2026-01-01", "2026-01-01")
    );
    let bad = LawQuery {
        words: "盗窃",
        date: Some("2025-13-01"),
        limit: 5,
    };
    assert_eq!(pack.search(&bad), Err(Error::Pack(PackFault::Date)));
}

#[test]
fn any_writing_finds_the_same() {
    let (_dir, pack) = starter();
    let day = quality::DAY;
    let article = first(&pack, "治安管理处罚法第八十八条", day);
    for words in [
        "治安處罰法 88",
        "治安法第８８条",
        "zaglcff §88",
        "ZAGL 88條",
        "《中华人民共和国治安管理处罚法》第八十八条第一款",
    ] {
        assert_eq!(first(&pack, words, day), article, "{words}");
    }
    let hits = search(&pack, "枪", day);
    assert!(
        hits.iter()
            .all(|h| h.snippet.contains('枪') && !h.marks.is_empty())
    );
    let hit = &search(&pack, "社會生活噪聲", day)[0];
    let marked: String = hit
        .snippet
        .chars()
        .skip(hit.marks[0].start)
        .take(hit.marks[0].len())
        .collect();
    assert_eq!(marked, "社会生活噪声");
}

#[test]
fn chapters_lead_to_their_articles() {
    let (_dir, pack) = starter();
    let hits = search(&pack, "道交法 第四章 第二节", quality::DAY);
    let hit = &hits[0];
    assert_eq!(hit.number.to_string(), "42");
    assert_eq!(
        hit.chapter,
        ["第四章 道路通行规定", "第二节 机动车通行规定"]
    );
    let chapters = pack.chapters(hit).unwrap();
    let section = chapters
        .iter()
        .find(|c| c.title == "第二节 机动车通行规定")
        .unwrap();
    assert_eq!((section.depth, section.number), (1, hit.number));
    let whole = pack.article(hit).unwrap();
    assert_eq!(whole.paragraphs.len(), 2);
}

#[test]
fn a_hostile_query_is_words_like_any_other() {
    let (_dir, pack) = starter();
    let before = pack.manifest().clone();
    let long = "盗窃\" NEAR/2 * OR 1=1; ".repeat(500);
    let many = "条之第§章节《》".repeat(2_000);
    let huge = "盗窃 ".repeat(16_000);
    let one_word = "盗".repeat(40_000);
    let controls: String = (0..0x20_u8).map(char::from).collect();
    for words in [
        "\"",
        "'",
        "*",
        "盗窃*",
        "NEAR(盗窃 诈骗)",
        "盗窃 AND NOT (",
        "-",
        "--",
        "\0",
        "盗\0窃",
        "^盗窃",
        "'; DROP TABLE article; --",
        "\" OR 1=1 --",
        "%",
        "_",
        "text:盗窃",
        "{盗窃}",
        "\u{202e}盗窃",
        "第九十九万条",
        "§",
        "第条",
        "第章",
        "\u{1f600}",
        "\u{10ffff}",
        "",
        "   ",
        &long,
        &many,
        &huge,
        &one_word,
        &controls,
        "\t\r\n\u{3000}\u{a0}",
        "; SELECT * FROM article",
        "盗窃'; ATTACH DATABASE '/tmp/x' AS x; --",
        "NEAR/99999(盗窃)",
        "盗窃*\"*'\u{0}\u{7f}",
        "\u{feff}盗窃",
    ] {
        let hits = search(&pack, words, quality::DAY);
        assert!(hits.len() <= 5, "{words:?}");
    }
    assert_eq!(first(&pack, "盗窃、诈骗、哄抢\"*'", quality::DAY).2, "58");
    assert_eq!(*pack.manifest(), before);
}

fn person(name: &str, role: &str, signer: &Signer) -> Person {
    Person {
        name: name.to_owned(),
        key: signer.verifier(),
        roles: vec![role.to_owned()],
    }
}

fn trust(people: Vec<Person>) -> TrustSet {
    TrustSet {
        suite: suite::CURRENT,
        version: 1,
        agency: "a.example".to_owned(),
        time_ms: 0,
        roots: Roots {
            keys: Vec::new(),
            threshold: 1,
        },
        registrar: Vec::new(),
        witness: Vec::new(),
        storage: Vec::new(),
        policy: Vec::new(),
        people,
        recipients: Vec::new(),
    }
}

fn small(dir: &Path) -> std::path::PathBuf {
    let laws = dir.join("laws");
    fs::create_dir(&laws).unwrap();
    fs::write(laws.join("a.md"), "---\ntitle: \"某法\"\nversion: \"2020-01-01\"\nlevel: \"法律\"\n---\n第一条 盗窃的，罚款。\n").unwrap();
    let pack = dir.join("a.pack");
    quality::pack_of(&laws, &pack);
    pack
}

#[test]
fn a_pack_is_what_somebody_of_the_role_signed() {
    let dir = tempfile::tempdir().unwrap();
    let pack = small(dir.path());
    let editor = quality::signer();
    let known = trust(vec![person("editor", ROLE_PACK, &editor)]);
    assert_eq!(law::verify(&pack, &known).unwrap().articles, 1);

    let other = Signer::new("a.example/person/editor", SigningKey::from_seed(&[8; 32])).unwrap();
    for people in [
        vec![],
        vec![person("editor", ROLE_DEVICE, &editor)],
        vec![person("editor", ROLE_PACK, &other)],
    ] {
        let fault = law::verify(&pack, &trust(people));
        assert_eq!(fault, Err(Error::Pack(PackFault::Signature)));
    }
}

#[test]
fn no_byte_of_a_pack_can_be_changed() {
    let dir = tempfile::tempdir().unwrap();
    let pack = small(dir.path());
    let known = trust(vec![person("editor", ROLE_PACK, &quality::signer())]);
    let good = fs::read(&pack).unwrap();
    let altered = dir.path().join("b.pack");
    // Every byte of the statement, and one of every page.
    let places = (good.len() - 700..good.len()).chain((0..good.len() - 700).step_by(997));
    for at in places {
        let mut bad = good.clone();
        bad[at] ^= 0x20;
        fs::write(&altered, &bad).unwrap();
        let fault = law::verify(&altered, &known);
        assert!(matches!(fault, Err(Error::Pack(_))), "byte {at}: {fault:?}");
        // Opened all the same, by whoever does not verify: nothing but an error or an answer.
        if let Ok(pack) = Pack::open(&altered) {
            let _ = pack.search(&LawQuery {
                words: "盗窃",
                date: None,
                limit: 5,
            });
        }
    }
    for length in [0, 1, 17, 4096, good.len() - 1] {
        fs::write(&altered, &good[..length]).unwrap();
        assert_eq!(
            law::verify(&altered, &known),
            Err(Error::Pack(PackFault::Malformed))
        );
        assert!(Pack::open(&altered).is_err());
    }
    fs::write(&altered, [&good[..], b"\n"].concat()).unwrap();
    assert!(law::verify(&altered, &known).is_err());
}

#[test]
fn the_same_folder_gives_the_same_pack() {
    let dir = tempfile::tempdir().unwrap();
    let signer = quality::signer();
    let spec = PackSpec {
        pack: "laws",
        version: 1,
        time_ms: 0,
        signer: &signer,
    };
    let build = |name: &str| {
        let file = dir.path().join(name);
        law::build(&quality::starter(), &file, &spec).unwrap();
        fs::read(file).unwrap()
    };
    assert!(build("a.pack") == build("b.pack"));
    let again = law::build(&quality::starter(), &dir.path().join("a.pack"), &spec);
    assert_eq!(again, Err(Error::FileExists));
    let empty = dir.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let nothing = law::build(&empty, &dir.path().join("c.pack"), &spec);
    assert_eq!(nothing, Err(Error::Pack(PackFault::Source)));
}
