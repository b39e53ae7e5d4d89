//! The station's own certificate. Terminals do not ask who signed it: their ticket carries the
//! SHA-256 of its public key (the pin of RFC 7469, section 2.4).

use std::{fs, io, path::Path, sync::Arc};

use custos_protocol::hash::Hash;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

use crate::{StartError, files};

const CERT: &str = "tls/cert.pem";
const KEY: &str = "tls/key.pem";

pub(crate) struct Identity {
    pub(crate) config: Arc<rustls::ServerConfig>,
    /// base64 of the SHA-256 of the certificate's SubjectPublicKeyInfo.
    pub(crate) pin: String,
}

/// Creates certificate and key unless both are there.
pub(crate) fn create(dir: &Path) -> Result<(), StartError> {
    files::ensure_folder(&dir.join("tls")).map_err(StartError::Storage)?;
    if dir.join(CERT).exists() && dir.join(KEY).exists() {
        return Ok(());
    }
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let pair = rcgen::KeyPair::generate().map_err(|_| StartError::NoRandom)?;
    let params = rcgen::CertificateParams::new(names).expect("the names are valid");
    let cert = params
        .self_signed(&pair)
        .map_err(|_| StartError::NoRandom)?;
    // The certificate goes last: its presence means that the key is there as well.
    files::write_private(&dir.join(KEY), pair.serialize_pem().as_bytes())
        .and_then(|()| files::write_private(&dir.join(CERT), cert.pem().as_bytes()))
        .map_err(StartError::Storage)
}

pub(crate) fn load(dir: &Path) -> Result<Identity, StartError> {
    let cert_pem = read(&dir.join(CERT), CERT)?;
    let key_pem = zeroize::Zeroizing::new(read(&dir.join(KEY), KEY)?);
    let pair = std::str::from_utf8(&key_pem)
        .ok()
        .and_then(|pem| rcgen::KeyPair::from_pem(pem).ok())
        .ok_or(StartError::Damaged(KEY))?;
    let pin = Hash::of(&rcgen::PublicKeyData::subject_public_key_info(&pair)).to_string();
    let key = PrivateKeyDer::from_pem_slice(&key_pem).map_err(|_| StartError::Damaged(KEY))?;
    let chain = CertificateDer::pem_slice_iter(&cert_pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| StartError::Damaged(CERT))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    // with_single_cert also compares the certificate's key with the private one.
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("ring speaks TLS 1.3")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|_| StartError::Damaged(CERT))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Identity {
        config: Arc::new(config),
        pin,
    })
}

fn read(path: &Path, name: &'static str) -> Result<Vec<u8>, StartError> {
    fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => StartError::Missing(name),
        _ => StartError::Damaged(name),
    })
}
