//! Which algorithms a message was made with, so that an SM2/SM3/SM4 suite can be added beside it.

/// X25519, ChaCha20-Poly1305, SHA-256, Ed25519: the only suite so far.
pub const X25519_CHACHA20POLY1305_SHA256_ED25519: u16 = 1;

/// The suite this build writes.
pub const CURRENT: u16 = X25519_CHACHA20POLY1305_SHA256_ED25519;
