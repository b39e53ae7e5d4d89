//! Opening evidence with other people's code.

use std::{
    io::{BufReader, Read as _},
    path::Path,
    str::FromStr as _,
};

/// Opens an age file with the key in an `age-keygen` file, through the `age` crate.
pub fn with_key(file: &Path, key_file: &str) -> Vec<u8> {
    let line = key_file
        .lines()
        .find(|l| l.starts_with("AGE-SECRET-KEY-"))
        .expect("a key");
    let identity = age::x25519::Identity::from_str(line).expect("a key");
    let file = BufReader::new(std::fs::File::open(file).expect("the file"));
    let decryptor = age::Decryptor::new_buffered(file).expect("an age header");
    let identities = std::iter::once(&identity as &dyn age::Identity);
    let mut plain = Vec::new();
    decryptor
        .decrypt(identities)
        .expect("sealed to this key")
        .read_to_end(&mut plain)
        .expect("every chunk authentic");
    plain
}
