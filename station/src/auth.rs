//! Who is asking: a challenge signed with the key that is enrolled, then a bearer token.
//!
//! The challenge is not kept: it carries its expiry and a MAC of ours. The nonce of an answered
//! one is, so that an answer begins one session. Tokens are kept as SHA-256 alone and looked up
//! by it, so that comparing takes the same time whatever was guessed.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
};
use custos_protocol::{
    api::{ChallengeResponse, SessionResponse},
    hash::{Hash, base64_decode, base64_encode},
    key::random,
    note::{Note, Verifier},
    session::ChallengeAnswer,
    statement, suite,
};
use ring::hmac;

use crate::{
    api::error::ApiError,
    app::{self, App, Shared},
    clock::{millis, now_ms},
    store::{
        self, Conn,
        sessions::{self, SessionRow},
    },
};

const CHALLENGE_FOR: Duration = Duration::from_secs(60);
const SESSION_FOR: Duration = Duration::from_secs(3600);

/// Who can begin a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Principal {
    Terminal(String),
    Person(String),
}

impl Principal {
    fn parse(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once(':')?;
        match kind {
            _ if !custos_protocol::id::is_safe(name) => None,
            "terminal" => Some(Self::Terminal(name.to_owned())),
            "person" => Some(Self::Person(name.to_owned())),
            _ => None,
        }
    }

    /// The enrolled key, and the epoch for a terminal.
    async fn key(&self, conn: &mut Conn) -> Result<Option<(Verifier, u32)>, ApiError> {
        match self {
            Self::Terminal(name) => {
                let row = store::enrolment::terminal(conn, name).await?;
                Ok(row.and_then(|row| {
                    Some((
                        row.journal_key.parse().ok()?,
                        u32::try_from(row.epoch).ok()?,
                    ))
                }))
            }
            Self::Person(name) => {
                let trust = app::trust(conn).await?;
                Ok(trust.person(name).map(|person| (person.key.clone(), 0)))
            }
        }
    }
}

/// Makes and recognises nonces: base64 of random (16), expiry (8), MAC (32) over both and the
/// principal.
pub(crate) struct Challenges(hmac::Key);

impl Challenges {
    pub(crate) fn new() -> Result<Self, custos_protocol::key::NoRandom> {
        let mut key = zeroize::Zeroizing::new([0; 32]);
        random(key.as_mut())?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, key.as_ref())))
    }

    fn message(principal: &str, head: &[u8]) -> Vec<u8> {
        [head, principal.as_bytes()].concat()
    }

    fn make(&self, principal: &str, expires_ms: i64) -> Result<String, ApiError> {
        let mut nonce = vec![0; 16];
        random(&mut nonce).map_err(|_| ApiError::internal())?;
        nonce.extend_from_slice(&expires_ms.to_be_bytes());
        let tag = hmac::sign(&self.0, &Self::message(principal, &nonce));
        nonce.extend_from_slice(tag.as_ref());
        Ok(base64_encode(&nonce))
    }

    fn accepts(&self, principal: &str, nonce: &str, now_ms: i64) -> bool {
        let Some(bytes) = base64_decode(nonce).filter(|bytes| bytes.len() == 56) else {
            return false;
        };
        let (head, tag) = bytes.split_at(24);
        // ring compares in constant time.
        let ours = hmac::verify(&self.0, &Self::message(principal, head), tag).is_ok();
        let expires = head[16..].try_into().map(i64::from_be_bytes);
        ours && expires.is_ok_and(|expires| now_ms < expires)
    }
}

pub(crate) fn challenge(app: &App, principal: &str) -> Result<ChallengeResponse, ApiError> {
    if Principal::parse(principal).is_none() {
        return Err(ApiError::bad_request(
            "A principal is terminal:<id> or person:<name>.",
        ));
    }
    // Whether the principal exists is not told: everybody gets a challenge.
    let expires_ms = now_ms() + millis(CHALLENGE_FOR);
    Ok(ChallengeResponse {
        nonce: app.challenges.make(principal, expires_ms)?,
        expires_ms,
    })
}

pub(crate) async fn begin(
    app: &App,
    peer: IpAddr,
    principal: &str,
    answer: &str,
) -> Result<SessionResponse, ApiError> {
    app.failures.check(peer, principal)?;
    let session = try_begin(app, principal, answer).await;
    if let Err(error) = &session
        && error.status == StatusCode::UNAUTHORIZED
    {
        app.failures.count(peer, principal);
    }
    session
}

async fn try_begin(app: &App, principal: &str, answer: &str) -> Result<SessionResponse, ApiError> {
    let refused = || {
        ApiError::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "The answer was not accepted.",
        )
    };
    let who = Principal::parse(principal).ok_or_else(refused)?;
    let mut tx = app.store.write().await?;
    let (key, epoch) = who.key(&mut tx).await?.ok_or_else(refused)?;
    let note: Note = answer.parse().map_err(|_| refused())?;
    let answer: ChallengeAnswer = statement::open(&note, [&key], 1).map_err(|_| refused())?;
    let now = now_ms();
    if answer.suite != suite::CURRENT
        || answer.agency != app.agency()
        || answer.principal != principal
        || !app.challenges.accepts(principal, &answer.nonce, now)
    {
        return Err(refused());
    }
    let mut token = zeroize::Zeroizing::new([0; 32]);
    random(token.as_mut()).map_err(|_| ApiError::internal())?;
    let token = base64_encode(token.as_ref());
    let expires_ms = now + millis(SESSION_FOR);
    let (kind, name) = match who {
        Principal::Terminal(name) => ("terminal", name),
        Principal::Person(name) => ("person", name),
    };
    let row = SessionRow {
        kind: kind.to_owned(),
        name,
        epoch: i64::from(epoch),
        expires_ms,
    };
    let nonce = Hash::of(answer.nonce.as_bytes());
    if !sessions::add(&mut tx, &Hash::of(token.as_bytes()), &nonce, &row).await? {
        return Err(refused());
    }
    if kind == "terminal" {
        store::enrolment::touch(&mut tx, &row.name, epoch, now).await?;
    }
    tx.commit().await?;
    Ok(SessionResponse { token, expires_ms })
}

async fn session(parts: &Parts, app: &App) -> Result<SessionRow, ApiError> {
    let token = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or_else(ApiError::unauthenticated)?;
    let mut conn = app.store.read().await?;
    let token = Hash::of(token.trim().as_bytes());
    sessions::find(&mut conn, &token, now_ms())
        .await?
        .ok_or_else(ApiError::unauthenticated)
}

/// A terminal, in its present enrolment.
#[derive(Debug, Clone)]
pub(crate) struct TerminalAuth {
    pub(crate) id: String,
    pub(crate) epoch: u32,
}

impl FromRequestParts<Shared> for TerminalAuth {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, ApiError> {
        let session = session(parts, app).await?;
        match u32::try_from(session.epoch) {
            Ok(epoch) if session.kind == "terminal" => Ok(Self {
                id: session.name,
                epoch,
            }),
            _ => Err(ApiError::forbidden("This is for terminals.")),
        }
    }
}

/// A person, with the roles that the trust set gives now.
#[derive(Debug, Clone)]
pub(crate) struct PersonAuth {
    pub(crate) name: String,
    roles: Vec<String>,
}

impl PersonAuth {
    pub(crate) fn roles(&self) -> &[String] {
        &self.roles
    }

    pub(crate) fn has(&self, role: &str) -> bool {
        self.roles.iter().any(|r| r == role)
    }

    pub(crate) fn need(&self, role: &str) -> Result<(), ApiError> {
        if self.has(role) {
            return Ok(());
        }
        Err(ApiError::forbidden("Your roles do not include this."))
    }
}

impl FromRequestParts<Shared> for PersonAuth {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, ApiError> {
        let session = session(parts, app).await?;
        if session.kind != "person" {
            return Err(ApiError::forbidden("This is for staff."));
        }
        let mut conn = app.store.read().await?;
        let trust = app::trust(&mut conn).await?;
        // Somebody struck off the trust set has no session any more.
        let person = trust
            .person(&session.name)
            .ok_or_else(ApiError::unauthenticated)?;
        Ok(Self {
            name: session.name,
            roles: person.roles.clone(),
        })
    }
}

const FAILURES: u32 = 10;
const WINDOW: Duration = Duration::from_secs(60);
const TRACKED: usize = 10_000;

/// Failed attempts by address and principal: by both, so that a stranger cannot lock a terminal
/// out by failing in its name.
#[derive(Default)]
pub(crate) struct Failures(Mutex<HashMap<(IpAddr, Hash), (u32, Instant)>>);

impl Failures {
    pub(crate) fn check(&self, peer: IpAddr, principal: &str) -> Result<(), ApiError> {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match failures.get(&(peer, Hash::of(principal.as_bytes()))) {
            Some((count, since)) if *count >= FAILURES && since.elapsed() < WINDOW => {
                let wait = WINDOW.saturating_sub(since.elapsed()).as_secs() + 1;
                Err(ApiError::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "too-many-attempts",
                    "Too many attempts failed; wait before the next.",
                )
                .with_retry_after(wait))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn count(&self, peer: IpAddr, principal: &str) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= TRACKED {
            failures.retain(|_, (_, since)| since.elapsed() < WINDOW);
        }
        let key = (peer, Hash::of(principal.as_bytes()));
        if failures.len() >= TRACKED && !failures.contains_key(&key) {
            return;
        }
        let (count, since) = failures.entry(key).or_insert((0, Instant::now()));
        if since.elapsed() >= WINDOW {
            (*count, *since) = (0, Instant::now());
        }
        *count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_for_one_principal_and_a_time() {
        let challenges = Challenges::new().expect("random");
        let nonce = challenges.make("terminal:a", 1000).expect("nonce");
        assert!(challenges.accepts("terminal:a", &nonce, 999));
        assert!(!challenges.accepts("terminal:a", &nonce, 1000), "expired");
        assert!(
            !challenges.accepts("terminal:b", &nonce, 999),
            "another principal"
        );
        assert!(
            !Challenges::new()
                .expect("random")
                .accepts("terminal:a", &nonce, 999)
        );
        let mut bytes = base64_decode(&nonce).expect("base64");
        bytes[23] ^= 1; // a later expiry
        assert!(!challenges.accepts("terminal:a", &base64_encode(&bytes), 999));
    }

    #[test]
    fn principals() {
        assert_eq!(
            Principal::parse("person:a"),
            Some(Principal::Person("a".into()))
        );
        for bad in ["a", "person:", "terminal:../x", "robot:a", "person:a b"] {
            assert_eq!(Principal::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn failures_are_counted_by_address_and_principal() {
        let failures = Failures::default();
        let (here, there) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        for _ in 0..FAILURES {
            assert!(failures.check(here, "a").is_ok());
            failures.count(here, "a");
        }
        assert!(failures.check(here, "a").is_err());
        assert!(failures.check(here, "b").is_ok() && failures.check(there, "a").is_ok());
    }
}
