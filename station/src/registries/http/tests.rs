//! A system behind HTTP, as it answers and as it should not.

mod mutual_tls;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, http::StatusCode, response::IntoResponse, routing::post};
use custos_protocol::lookup::query::Registry;
use serde_json::{Value, json};

use super::*;

/// A registry on this machine that answers as told; counts the questions.
async fn registry<F, R>(answer: F) -> (HttpConfig, Arc<AtomicU32>)
where
    F: Fn(u32, Value) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = axum::response::Response> + Send + 'static,
{
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let handler = move |Json(question): Json<Value>| {
        let number = count.fetch_add(1, Ordering::Relaxed);
        answer(number, question)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/ask", listener.local_addr().unwrap());
    let app = Router::new().route("/ask", post(handler));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let config = HttpConfig {
        url,
        ca: None,
        identity: None,
        timeout_ms: 500,
        retries: 2,
        wildcards: false,
    };
    (config, asked)
}

fn subject() -> Subject {
    Subject::parse(Registry::Vehicle, "京A12345").unwrap()
}

fn known(key: &str) -> Value {
    let field = json!({"name": "stolen", "what": "other", "value": "no"});
    json!({"key": key, "records": [{"fields": [field]}]})
}

async fn ask(config: &HttpConfig) -> Result<Vec<Record>, Unanswered> {
    Http::new(config).unwrap().ask(&subject()).await
}

#[tokio::test]
async fn it_is_asked_for_the_subject_and_answers() {
    let (config, asked) = registry(|_, question| async move {
        assert_eq!(question, json!({"registry": "vehicle", "key": "京A12345"}));
        Json(known("京A12345")).into_response()
    })
    .await;
    let records = ask(&config).await.unwrap();
    assert_eq!(records[0].fields[0].value, "no");
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn an_answer_to_another_question_is_none() {
    let (config, _) = registry(|_, _| async { Json(known("京A54321")).into_response() }).await;
    assert_eq!(ask(&config).await, Err(Unanswered::Nonsense));
    let (config, _) = registry(|_, _| async { "no JSON".into_response() }).await;
    assert_eq!(ask(&config).await, Err(Unanswered::Nonsense));
}

#[tokio::test]
async fn an_oversized_answer_is_not_read() {
    let (config, asked) =
        registry(|_, _| async { vec![b' '; MAX_ANSWER + 1].into_response() }).await;
    assert_eq!(ask(&config).await, Err(Unanswered::TooLarge));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    let (config, _) = registry(|_, _| async {
        let many = vec![json!({"fields": []}); MAX_RECORDS + 1];
        Json(json!({"key": "京A12345", "records": many})).into_response()
    })
    .await;
    assert_eq!(ask(&config).await, Err(Unanswered::TooLarge));
}

/// A system that takes `*` for a character of the number would find nothing, and that would be an
/// answer.
#[tokio::test]
async fn only_one_that_can_is_asked_with_wildcards() {
    let (mut config, asked) = registry(|_, question| async move {
        let many = vec![json!({"fields": []}); MAX_RECORDS + 5];
        Json(json!({"key": question["key"], "records": many})).into_response()
    })
    .await;
    let pattern = Subject::pattern(Registry::Vehicle, "京A12*").unwrap();
    let ask = async |config: &HttpConfig| Http::new(config).unwrap().ask(&pattern).await;
    assert_eq!(ask(&config).await, Err(Unanswered::NoWildcards));
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    config.wildcards = true;
    assert_eq!(ask(&config).await.unwrap().len(), MAX_RECORDS + 1);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn what_may_pass_is_asked_again() {
    let (config, asked) = registry(|number, _| async move {
        if number < 2 {
            StatusCode::BAD_GATEWAY.into_response()
        } else {
            Json(known("京A12345")).into_response()
        }
    })
    .await;
    assert!(ask(&config).await.is_ok());
    assert_eq!(asked.load(Ordering::Relaxed), 3);
    // A refusal stays one.
    let (config, asked) = registry(|_, _| async { StatusCode::FORBIDDEN.into_response() }).await;
    assert_eq!(ask(&config).await, Err(Unanswered::Refused));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn one_that_does_not_answer_is_not_waited_for() {
    let (mut config, _) = registry(|_, _| async {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        StatusCode::OK.into_response()
    })
    .await;
    (config.timeout_ms, config.retries) = (100, 0);
    assert_eq!(ask(&config).await, Err(Unanswered::TooSlow));
    config.url = "http://127.0.0.1:1/ask".to_owned();
    assert_eq!(ask(&config).await, Err(Unanswered::Unreachable));
}

/// It would send a person's number wherever somebody points it.
#[tokio::test]
async fn a_redirection_is_refused() {
    let (config, _) = registry(|_, _| async {
        axum::response::Redirect::temporary("http://127.0.0.1:1/elsewhere").into_response()
    })
    .await;
    assert_eq!(ask(&config).await, Err(Unanswered::Refused));
}

#[test]
fn what_would_go_in_the_clear_is_no_configuration() {
    let config = |url: &str| HttpConfig {
        url: url.to_owned(),
        ca: None,
        identity: None,
        timeout_ms: 1,
        retries: 0,
        wildcards: false,
    };
    for url in [
        "http://registry.example/ask",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "x",
    ] {
        assert_eq!(
            Http::new(&config(url)).err(),
            Some(RegistriesError::Url),
            "{url}"
        );
    }
    // Nobody in particular would be asked.
    let anybody = config("https://registry.example/ask");
    assert_eq!(Http::new(&anybody).err(), Some(RegistriesError::Ca));
    let missing = HttpConfig {
        ca: Some("no-such.pem".into()),
        ..config("https://registry.example/ask")
    };
    assert_eq!(Http::new(&missing).err(), Some(RegistriesError::Ca));
}
