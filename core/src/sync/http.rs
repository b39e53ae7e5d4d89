//! The only way out of the terminal: HTTP to the one station of the ticket.
//!
//! TLS 1.3 with ring. The station is recognised by the SHA-256 of its public key (RFC 7469,
//! section 2.4), not by a name that some authority vouches for. Redirects and proxies are not
//! followed. Plain HTTP exists for the loopback interface alone.

use std::{error::Error as _, io, net::IpAddr, sync::Arc, time::Duration};

use custos_protocol::hash::Hash;
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url, redirect};
use rustls::{
    CertificateError, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring::default_provider, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use crate::{Error, Result};

const CONNECT: Duration = Duration::from_secs(10);
/// Longer than the longest poll the station holds (60 s).
const READ: Duration = Duration::from_secs(75);
/// Longest answer taken in that is not evidence.
const MAX_BODY: usize = 8 << 20;

/// HTTP to one station.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
    base: Url,
}

impl Http {
    /// For the station at `base`, recognised by `pin`: base64 of the SHA-256 of its SPKI.
    ///
    /// # Errors
    /// [`Error::PlainHttp`] for HTTP beyond loopback, [`Error::StationIdentity`] for HTTPS
    /// without a pin or an URL that is none.
    pub fn new(base: &str, pin: Option<&str>) -> Result<Self> {
        let base = Url::parse(base).map_err(|_| Error::StationIdentity)?;
        let pin = match (base.scheme(), pin) {
            ("https", Some(pin)) => Some(pin.parse().map_err(|_| Error::StationIdentity)?),
            ("http", _) if is_loopback(&base) => None,
            ("http", _) => return Err(Error::PlainHttp),
            _ => return Err(Error::StationIdentity),
        };
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(pin)?)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .read_timeout(READ)
            .https_only(base.scheme() == "https")
            .build()
            .map_err(|_| Error::Internal("the HTTP client can be built"))?;
        Ok(Self { client, base })
    }

    /// A request for a path of the station's.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut url = self.base.clone();
        let (path, query) = path
            .split_once('?')
            .map_or((path, None), |(p, q)| (p, Some(q)));
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url.set_query(query);
        self.client.request(method, url)
    }

    /// The path of a `Location` the station answered with.
    ///
    /// # Errors
    /// [`Error::StationProtocol`] when it leads to another host: evidence goes nowhere else.
    pub fn own_path(&self, location: &str) -> Result<String> {
        let url = self
            .base
            .join(location)
            .map_err(|_| Error::StationProtocol)?;
        if url.origin() != self.base.origin() || url.query().is_some() {
            return Err(Error::StationProtocol);
        }
        let prefix = self.base.path().trim_end_matches('/');
        url.path()
            .strip_prefix(prefix)
            .map(str::to_owned)
            .ok_or(Error::StationProtocol)
    }
}

/// Sends; what comes back is an answer of the station, of whatever status.
///
/// # Errors
/// [`Error::Unreachable`], [`Error::StationIdentity`].
pub async fn send(request: RequestBuilder) -> Result<Response> {
    let response = request.send().await.map_err(|error| transport(&error))?;
    match response.status() {
        status if status.is_redirection() => Err(Error::StationProtocol),
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            Err(Error::Unreachable)
        }
        _ => Ok(response),
    }
}

/// The body of an answer, of bounded length.
///
/// # Errors
/// [`Error::Unreachable`] when the connection breaks, [`Error::StationProtocol`] when it is too
/// long or not text.
pub async fn text(mut response: Response) -> Result<String> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(|error| transport(&error))? {
        body.extend_from_slice(&part);
        if body.len() > MAX_BODY {
            return Err(Error::StationProtocol);
        }
    }
    String::from_utf8(body).map_err(|_| Error::StationProtocol)
}

/// Whether the other side was there and was the right one.
fn transport(error: &reqwest::Error) -> Error {
    if error.source().is_some_and(is_certificate_fault) {
        return Error::StationIdentity;
    }
    Error::Unreachable
}

/// Looks for rustls's refusal of the certificate. An `io::Error` keeps what it wraps beside its
/// `source`, and connectors wrap one into another.
fn is_certificate_fault(error: &(dyn std::error::Error + 'static)) -> bool {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return matches!(tls, rustls::Error::InvalidCertificate(_));
    }
    let wrapped = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    wrapped.is_some_and(|inner| is_certificate_fault(inner))
        || error.source().is_some_and(is_certificate_fault)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn tls(pin: Option<Hash>) -> Result<rustls::ClientConfig> {
    let provider = Arc::new(default_provider());
    let verifier = Arc::new(Pinned {
        pin,
        provider: provider.clone(),
    });
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|_| Error::Internal("ring speaks TLS 1.3"))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(config)
}

/// Accepts the certificate whose public key was pinned, and no other; without a pin, none.
#[derive(Debug)]
struct Pinned {
    pin: Option<Hash>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let spki = webpki::EndEntityCert::try_from(end_entity)
            .map_err(|_| rustls::Error::InvalidCertificate(CertificateError::BadEncoding))?
            .subject_public_key_info();
        if self.pin == Some(Hash::of(spki.as_ref())) {
            Ok(ServerCertVerified::assertion())
        } else {
            let failure = CertificateError::ApplicationVerificationFailure;
            Err(rustls::Error::InvalidCertificate(failure))
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::PeerIncompatible(
            rustls::PeerIncompatible::ServerDoesNotSupportTls12Or13,
        ))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_on_loopback_alone_and_https_with_a_pin_alone() {
        let pin = Hash::of(b"").to_string();
        let new = |base, pin| Http::new(base, pin).map(drop);
        for good in [
            "http://127.0.0.1:1",
            "http://[::1]:1",
            "http://localhost:1/station",
        ] {
            assert_eq!(new(good, None), Ok(()), "{good}");
        }
        for plain in [
            "http://10.0.0.1",
            "http://example.org",
            "http://127.0.0.1.example.org",
        ] {
            assert_eq!(new(plain, None), Err(Error::PlainHttp), "{plain}");
            assert_eq!(new(plain, Some(&pin)), Err(Error::PlainHttp), "{plain}");
        }
        assert_eq!(new("https://example.org", Some(&pin)), Ok(()));
        assert_eq!(
            new("https://example.org", None),
            Err(Error::StationIdentity)
        );
        assert_eq!(
            new("https://example.org", Some("AAAA")),
            Err(Error::StationIdentity)
        );
        assert_eq!(
            new("ftp://example.org", Some(&pin)),
            Err(Error::StationIdentity)
        );
        assert_eq!(new("", Some(&pin)), Err(Error::StationIdentity));
    }

    #[test]
    fn a_location_on_another_host_is_refused() {
        let http = Http::new("http://127.0.0.1:99", None).unwrap();
        assert_eq!(http.own_path("/v1/files/7").as_deref(), Ok("/v1/files/7"));
        let absolute = "http://127.0.0.1:99/v1/files/7";
        assert_eq!(http.own_path(absolute).as_deref(), Ok("/v1/files/7"));
        for foreign in [
            "http://127.0.0.1:98/v1/files/7",
            "https://127.0.0.1:99/x",
            "//evil.example/x",
        ] {
            assert_eq!(
                http.own_path(foreign),
                Err(Error::StationProtocol),
                "{foreign}"
            );
        }
    }
}
