//! Opening evidence with other people's code.

use std::{
    io::{BufReader, Read as _},
    path::Path,
    str::FromStr as _,
};

/// Opens an age file with the key in an `age-keygen` file, through the `age` crate.
pub fn with_key(file: &Path, key_file: &str) -> Vec<u8> {
    try_with_key(file, key_file).unwrap_or_else(|fault| panic!("{}: {fault}", file.display()))
}

/// As [`with_key`].
///
/// # Errors
/// In words, what of it does not open.
pub fn try_with_key(file: &Path, key_file: &str) -> Result<Vec<u8>, String> {
    let line = key_file
        .lines()
        .find(|l| l.starts_with("AGE-SECRET-KEY-"))
        .ok_or("no key")?;
    let identity = age::x25519::Identity::from_str(line)?;
    let file = std::fs::File::open(file).map_err(|e| format!("no file: {e}"))?;
    let decryptor = age::Decryptor::new_buffered(BufReader::new(file))
        .map_err(|e| format!("no age file: {e}"))?;
    let identities = std::iter::once(&identity as &dyn age::Identity);
    let mut plain = Vec::new();
    decryptor
        .decrypt(identities)
        .map_err(|e| format!("not sealed to this key: {e}"))?
        .read_to_end(&mut plain)
        .map_err(|e| format!("not every chunk is authentic: {e}"))?;
    Ok(plain)
}
