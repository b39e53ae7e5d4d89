//! The description and what is described.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use super::support::House;

const METHODS: [&str; 6] = ["get", "post", "patch", "delete", "head", "options"];

#[tokio::test]
async fn every_described_route_answers_and_asks_for_a_session_where_it_says_so() {
    let house = House::new().await;
    let document: Value =
        serde_json::from_str(&house.text("/openapi.json").await).expect("a document");
    assert!(
        document["openapi"]
            .as_str()
            .expect("version")
            .starts_with("3.1")
    );
    let paths = document["paths"].as_object().expect("paths");
    let mut routes = 0;
    for (path, item) in paths {
        for method in METHODS {
            let operation = &item[method];
            if operation.is_null() {
                continue;
            }
            routes += 1;
            let asked = path
                .replace("{version}", "1")
                .replace("{id}", "x")
                .replace("{clip}", "x");
            let verb: Method = method.to_uppercase().parse().expect("a method");
            let request = house.http.request(verb, house.url(&asked));
            let request = request.header("Tus-Resumable", "1.0.0").body("{}");
            let response = request.send().await.expect("answer");
            let status = response.status().as_u16();
            assert!(status != 404 && status != 405, "{method} {path}: {status}");
            let needs_session = operation["security"][0].get("session").is_some();
            assert_eq!(status == 401, needs_session, "{method} {path}: {status}");
            assert!(
                operation["summary"].is_string() || operation["description"].is_string(),
                "{method} {path} says what it does"
            );
        }
    }
    assert!(routes >= 37, "{routes}");
}

#[tokio::test]
async fn the_routes_are_those_that_terminals_and_staff_were_promised() {
    let house = House::new().await;
    let document: Value =
        serde_json::from_str(&house.text("/openapi.json").await).expect("a document");
    let paths = document["paths"].as_object().expect("paths");
    let mut routes = BTreeSet::new();
    for (path, item) in paths {
        for method in METHODS.iter().filter(|method| item.get(**method).is_some()) {
            routes.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let text = include_str!("routes.txt");
    let promised: BTreeSet<_> = text.lines().map(str::to_owned).collect();
    assert_eq!(routes, promised);
}
