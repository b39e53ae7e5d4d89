//! Over TLS: each side shows who it is, and nobody else is spoken with.

use std::{fs, path::Path};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
    server::WebPkiClientVerifier,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

use super::*;

/// Somebody who signs certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    der: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let cert = params.self_signed(&key).unwrap();
        Self {
            pem: cert.pem(),
            der: cert.der().clone(),
            issuer: Issuer::new(params, key),
        }
    }

    /// A certificate for a name, and its key.
    fn signs(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// The two in one file.
    fn identity(&self, dir: &Path, name: &str) -> std::path::PathBuf {
        let (cert, key) = self.signs(name);
        let file = dir.join(format!("{name}.pem"));
        fs::write(&file, cert.pem() + &key.serialize_pem()).unwrap();
        file
    }
}

/// A registry that speaks with who shows a certificate of `authority`; its URL.
async fn registry(authority: &Authority) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.der.clone()).unwrap();
    let asked_for = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
    let (cert, key) = authority.signs("127.0.0.1");
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(asked_for.build().unwrap())
        .with_single_cert(
            vec![cert.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/ask", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            // Head and body of this question arrive in one piece or two.
            let mut question = Vec::new();
            while !question.ends_with(b"}") {
                match stream.read_buf(&mut question).await {
                    Ok(1..) => {}
                    _ => break,
                }
            }
            let body = known("京A12345").to_string();
            let reply = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(reply.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    url
}

#[tokio::test]
async fn both_sides_show_who_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let (agency, stranger) = (Authority::new(), Authority::new());
    let url = registry(&agency).await;
    let file = |name: &str, pem: &str| {
        let file = dir.path().join(name);
        fs::write(&file, pem).unwrap();
        file
    };
    let config = |ca: &std::path::PathBuf, identity: Option<std::path::PathBuf>| HttpConfig {
        url: url.clone(),
        ca: Some(ca.clone()),
        identity,
        timeout_ms: 5_000,
        retries: 0,
        wildcards: false,
    };
    let ca = file("ca.pem", &agency.pem);
    let ours = agency.identity(dir.path(), "station");
    let records = ask(&config(&ca, Some(ours.clone()))).await.unwrap();
    assert_eq!(records[0].fields[0].value, "no");

    // Who shows nothing, or what a stranger signed.
    assert_eq!(ask(&config(&ca, None)).await, Err(Unanswered::Unreachable));
    let foreign = stranger.identity(dir.path(), "stranger");
    assert_eq!(
        ask(&config(&ca, Some(foreign))).await,
        Err(Unanswered::Unreachable)
    );
    // A registry that a stranger signed for.
    let other = file("other.pem", &stranger.pem);
    assert_eq!(
        ask(&config(&other, Some(ours))).await,
        Err(Unanswered::Unreachable)
    );
    // A certificate without its key is no identity.
    let half = Http::new(&config(&ca, Some(ca.clone()))).err();
    assert_eq!(half, Some(RegistriesError::Identity));
}
