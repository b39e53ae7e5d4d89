//! An officer's slot whose PIN takes next to no time to look at, so that a test can unlock a
//! thousand times. The costs stand in the slot's row; this writes it anew, from outside.

use std::{fs, path::Path};

use argon2::{Algorithm, Argon2, Params, Version};
use custos_core::{KeySource as _, SoftwareKeySource};
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey},
    hkdf,
};
use rusqlite::Connection;

/// What Argon2 allows at the least: KiB, passes.
const CHEAP: (u32, u32) = (8, 1);

/// Makes the slot cheap to open, with the same PIN. The terminal in `folder` has the software key
/// source, and nobody has it open.
pub fn cheapen(folder: &Path, officer: &str, pin: &str) {
    let source = SoftwareKeySource::in_folder(folder);
    let database = open(folder, &source);
    let (salt, costs, wrapped): (Vec<u8>, (u32, u32), Vec<u8>) = database
        .query_row(
            "SELECT salt, memory_kib, passes, wrapped FROM officer WHERE officer = ?1",
            [officer],
            |row| {
                let costs = (row.get(1)?, row.get(2)?);
                Ok((row.get(0)?, costs, row.get(3)?))
            },
        )
        .expect("the officer has a slot");
    let purpose = format!("custos officer {officer}");
    let mut inner = source.unwrap(&purpose, &wrapped).expect("our key");
    let (nonce, sealed) = inner.split_first_chunk_mut().expect("a nonce");
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let aad = || Aad::from(officer.as_bytes());
    let secret = key(pin, &salt, costs).open_in_place(nonce, aad(), sealed);
    let mut secret = secret.expect("the right PIN").to_vec();

    // Another key, so that a nonce of zeros is used once.
    key(pin, &salt, CHEAP)
        .seal_in_place_append_tag(Nonce::assume_unique_for_key([0; 12]), aad(), &mut secret)
        .expect("32 bytes");
    let inner = [&[0; 12][..], &secret].concat();
    let wrapped = source.wrap(&purpose, &inner).expect("our key");
    let changed = database.execute(
        "UPDATE officer SET memory_kib = ?2, passes = ?3, wrapped = ?4 WHERE officer = ?1",
        (officer, CHEAP.0, CHEAP.1, wrapped),
    );
    assert_eq!(changed, Ok(1));
}

fn key(pin: &str, salt: &[u8], (memory_kib, passes): (u32, u32)) -> LessSafeKey {
    let params = Params::new(memory_kib, passes, 1, Some(32)).expect("allowed");
    let mut key = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(pin.as_bytes(), salt, &mut key)
        .expect("a salt and a key of allowed lengths");
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &key).expect("32 bytes"))
}

/// The vault's database, as the core opens it.
fn open(folder: &Path, source: &SoftwareKeySource) -> Connection {
    let master = fs::read(folder.join("keys/master")).expect("a provisioned terminal");
    let wrapped = master.strip_prefix(b"custos-master/1\n").expect("ours");
    let master = source.unwrap("custos master key", wrapped);
    let master = hkdf::Salt::new(hkdf::HKDF_SHA256, b"custos terminal keys v1")
        .extract(&master.expect("our key"));
    let derive = |label: &[u8], length: usize| {
        let mut out = vec![0; length];
        master
            .expand(&[label], Length(length))
            .and_then(|okm| okm.fill(&mut out))
            .expect("short enough");
        out.iter()
            .fold(String::new(), |hex, b| format!("{hex}{b:02x}"))
    };
    let key = derive(b"database key", 32) + &derive(b"database salt", 16);
    let database = Connection::open(folder.join("vault.db")).expect("the database");
    let opened = database.pragma_update(None, "key", format!("x'{key}'"));
    opened.expect("the key fits");
    database
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}
