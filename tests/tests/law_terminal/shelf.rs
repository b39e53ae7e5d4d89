//! What an officer reads and keeps.

use std::fs;

use custos_tests::{
    process::{done, say},
    scene::Scene,
};

use super::laws::Laws;

#[test]
fn an_officer_keeps_articles_and_finds_what_was_read_again() {
    let scene = Scene::on_duty();
    let laws = Laws { scene };
    let key = laws.path("editor.key");
    done(
        laws.scene
            .admin(&["person", "add", "editor", "--role", "pack", "-o", &key]),
    );
    done(laws.scene.terminal(&["sync"]));
    laws.installed(&laws.pack(5, 30, "editor"));
    let ask = |words: &[&str]| say(laws.scene.terminal(&[&["lookup"], words].concat()));
    let articles = |words: &[&str]| -> Vec<String> {
        let said = ask(words);
        assert_eq!(said.code, Some(0), "{said:?}");
        said.lines
            .iter()
            .map(|line| {
                format!(
                    "{} {}",
                    line["law"].as_str().unwrap(),
                    line["article"].as_str().unwrap()
                )
            })
            .collect()
    };
    assert!(articles(&["bookmarks"]).is_empty() && articles(&["recent"]).is_empty());
    ask(&["bookmark", "某罚法", "第七条"]);
    ask(&["bookmark", "某处罚法", "9"]);
    ask(&["bookmark", "mcff", "７"]);
    assert_eq!(articles(&["bookmarks"]), ["某处罚法 7", "某处罚法 9"]);
    assert_eq!(
        ask(&["bookmark", "某罚法", "999"]).error(),
        "unknown-article"
    );
    assert_eq!(ask(&["bookmark", "无此法", "1"]).error(), "unknown-law");
    assert_eq!(ask(&["bookmark", "某罚法", "abc"]).code, Some(2));
    assert_eq!(
        ask(&["bookmark", "某罚法", "7", "--remove"]).last()["event"],
        "removed"
    );
    assert_eq!(
        ask(&["bookmark", "某罚法", "7", "--remove"]).last()["event"],
        "none"
    );
    assert_eq!(articles(&["bookmarks"]), ["某处罚法 9"]);

    articles(&["article", "某罚法", "3"]);
    articles(&["law", "k39595"]);
    articles(&["article", "某罚法", "3"]);
    assert_eq!(articles(&["recent"]), ["某处罚法 3", "某处罚法 5"]);

    // Whoever is not let in sees none of it, and leaves no trace.
    let dir = laws.path("terminal");
    let nobody = |words: &[&str]| say([&["terminal", "--dir", &dir, "lookup"], words].concat());
    assert_eq!(nobody(&["bookmarks"]).code, Some(2));
    assert_eq!(nobody(&["article", "某罚法", "4"]).code, Some(0));
    assert_eq!(articles(&["recent"]), ["某处罚法 3", "某处罚法 5"]);
    fs::write(laws.path("pin"), "999999").unwrap();
    assert_eq!(ask(&["bookmarks"]).code, Some(5));
}

#[test]
fn headings_lead_to_articles_and_an_article_is_shown_whole() {
    let laws = Laws::new();
    let five = laws.pack(5, 30, "editor");
    laws.installed(&five);
    let dir = laws.path("terminal");
    let of_pack = done(["pack", "chapters", &five, "某罚法"]).lines;
    assert_eq!(
        of_pack,
        done(["terminal", "--dir", &dir, "laws", "chapters", "某罚法"]).lines
    );
    let shown: Vec<_> = of_pack
        .iter()
        .map(|line| {
            (
                line["chapter"].as_str().unwrap(),
                line["article"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(shown, [("第一章 总则", "1"), ("第二章 罚则", "2")]);
    let whole = done(["pack", "show", &five, "mcff", "第七条"])
        .last()
        .clone();
    assert_eq!(
        whole["paragraphs"][0],
        "违反第7项的，处7元罚款，编号k55433。"
    );
    assert_eq!(
        (&whole["chapter"][0], &whole["standing"]),
        (&"第二章 罚则".into(), &"in-force".into())
    );
    for (law, number, date, error) in [
        ("某处罚法", "999", "2026-01-01", "unknown-article"),
        ("无此法", "1", "2026-01-01", "unknown-law"),
        ("", "1", "2026-01-01", "unknown-law"),
        ("某罚法", "1", "yesterday", "bad-date"),
    ] {
        let said = say(["pack", "show", &five, law, number, "--date", date]);
        assert_eq!((said.code, said.error()), (Some(1), error), "{said:?}");
    }
}
