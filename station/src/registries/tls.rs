//! How the station knows a registry's system, and shows itself to it. Everything it needs is in the
//! configuration: no certificate authority of the world's can stand in for the agency's, and nothing
//! is set for the whole process.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use zeroize::Zeroizing;

use crate::error::RegistriesError;

/// TLS 1.3 to a system whose certificate one in `ca` signed, with our own certificate and key from
/// `identity`, where it asks for that. Without `ca` there is nobody to be spoken with over TLS.
///
/// # Errors
/// [`RegistriesError::Ca`], [`RegistriesError::Identity`].
pub(super) fn client(
    ca: Option<&Path>,
    identity: Option<&Path>,
) -> Result<ClientConfig, RegistriesError> {
    let mut roots = RootCertStore::empty();
    if let Some(ca) = ca {
        let pem = std::fs::read(ca).map_err(|_| RegistriesError::Ca)?;
        for root in chain(&pem).ok_or(RegistriesError::Ca)? {
            roots.add(root).map_err(|_| RegistriesError::Ca)?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|_| RegistriesError::Tls)?
        .with_root_certificates(roots);
    let Some(identity) = identity else {
        return Ok(config.with_no_client_auth());
    };
    let pem = std::fs::read(identity).map_err(|_| RegistriesError::Identity)?;
    let pem = Zeroizing::new(pem);
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| RegistriesError::Identity)?;
    let own = chain(&pem).ok_or(RegistriesError::Identity)?;
    config
        .with_client_auth_cert(own, key)
        .map_err(|_| RegistriesError::Identity)
}

/// The certificates in a PEM file; `None` where there is none.
fn chain(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    chain.ok().filter(|chain| !chain.is_empty())
}
