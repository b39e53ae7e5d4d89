//! What this library is, and that it survives.

/// The library's version, `major.minor.patch`.
#[uniffi::export]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// Always fails with an internal exception: a check, on the device itself, that this build turns a
/// defect of its own into an exception and does not take a running recording down with it.
#[uniffi::export]
#[expect(clippy::panic, reason = "what it is for")]
pub fn panic_on_purpose() {
    panic!("on {}", "purpose")
}
