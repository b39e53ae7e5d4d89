//! The header of an age v1 file, read (C2SP age.md, "Header").
//!
//! Strict: what the specification does not write down is refused, also where the `age` crate
//! would take it for the sake of old files. Ours have none of that.

use std::io::{ErrorKind, Read};

use age_core::{format::Stanza, secrecy::ExposeSecret as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use custos_protocol::clip::{MAX_HEADER, NONCE};
use ring::hmac;

use super::super::age_header::{PayloadKey, derive};
use crate::{Error, EvidenceFault, Result};

const VERSION: &[u8] = b"age-encryption.org/v1\n";
const END: &[u8] = b"---";

/// Columns of a full line of a stanza's body.
const COLUMNS: usize = 64;

/// The payload key of a file and the number of bytes before its first chunk. Reads a little
/// more than that from `source`.
///
/// # Errors
/// [`Error::Evidence`], [`Error::Io`].
pub(super) fn unwrap(
    source: &mut impl Read,
    identity: &dyn age::Identity,
) -> Result<(PayloadKey, u64)> {
    let (bytes, end) = read(source)?;
    let (text, nonce) = bytes[..end + NONCE].split_at(end);
    let header = parse(text).ok_or(fault(EvidenceFault::NotAge))?;
    let file_key = identity
        .unwrap_stanzas(&header.stanzas)
        .ok_or(fault(EvidenceFault::OtherRecipient))?
        .map_err(|_| fault(EvidenceFault::NotAge))?;
    let mac_key = derive(file_key.expose_secret(), &[], b"header");
    let mac_key = hmac::Key::new(hmac::HMAC_SHA256, mac_key.as_ref());
    hmac::verify(&mac_key, header.covered, &header.mac)
        .map_err(|_| fault(EvidenceFault::HeaderAltered))?;
    let key = derive(file_key.expose_secret(), nonce, b"payload");
    Ok((PayloadKey::new(&key), (end + NONCE) as u64))
}

fn fault(fault: EvidenceFault) -> Error {
    Error::Evidence(fault)
}

/// The file's beginning, with the whole header and the nonce in it, and where the header ends.
fn read(source: &mut impl Read) -> Result<(Vec<u8>, usize)> {
    let mut bytes = Vec::new();
    let mut end = None;
    // Where the last line that is not whole yet begins.
    let mut line = 0;
    loop {
        if end.is_some_and(|end| bytes.len() >= end + NONCE) {
            break;
        }
        let more = fill(source, &mut bytes)?;
        let begun = bytes.len().min(VERSION.len());
        if bytes[..begun] != VERSION[..begun] {
            return Err(fault(EvidenceFault::NotAge));
        }
        while end.is_none()
            && let Some(length) = memchr::memchr(b'\n', &bytes[line..])
        {
            let next = line + length + 1;
            if bytes[line..].starts_with(END) {
                end = Some(next);
            }
            line = next;
        }
        if end.unwrap_or(bytes.len()) > MAX_HEADER {
            return Err(fault(EvidenceFault::HeaderTooLarge));
        }
        if more == 0 && end.is_none_or(|end| bytes.len() < end + NONCE) {
            return Err(fault(if bytes.is_empty() {
                EvidenceFault::NotAge
            } else {
                EvidenceFault::Truncated
            }));
        }
    }
    let end = end.ok_or(Error::Internal("the loop ends with the header's end"))?;
    Ok((bytes, end))
}

/// Appends some bytes; 0 at the end of the file.
fn fill(source: &mut impl Read, bytes: &mut Vec<u8>) -> Result<usize> {
    let mut block = [0; 1024];
    loop {
        match source.read(&mut block) {
            Ok(length) => {
                bytes.extend_from_slice(&block[..length]);
                return Ok(length);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[derive(Debug)]
struct Header<'a> {
    stanzas: Vec<Stanza>,
    /// What the MAC is over: everything up to `---`.
    covered: &'a [u8],
    mac: Vec<u8>,
}

/// `None` for what is not in the form of the specification.
fn parse(text: &[u8]) -> Option<Header<'_>> {
    let mut rest = text.strip_prefix(VERSION)?;
    let mut stanzas = Vec::new();
    while !rest.starts_with(END) {
        let (stanza, after) = stanza(rest)?;
        stanzas.push(stanza);
        rest = after;
    }
    let covered = &text[..text.len() - rest.len() + END.len()];
    let mac = rest.strip_prefix(END)?.strip_prefix(b" ")?;
    let mac = STANDARD_NO_PAD.decode(mac.strip_suffix(b"\n")?).ok()?;
    // A passphrase stands alone, so that nobody else can have made the file.
    let alone = stanzas.len() == 1 || stanzas.iter().all(|s| s.tag != "scrypt");
    (mac.len() == 32 && !stanzas.is_empty() && alone).then_some(Header {
        stanzas,
        covered,
        mac,
    })
}

/// `-> tag arguments`, then lines of 64 columns and a shorter last one.
fn stanza(text: &[u8]) -> Option<(Stanza, &[u8])> {
    let (first, mut rest) = line(text)?;
    let mut words = first.strip_prefix(b"-> ")?.split(|b| *b == b' ').map(word);
    let tag = words.next()??;
    let args = words.collect::<Option<Vec<_>>>()?;
    let mut body = Vec::new();
    loop {
        let (part, after) = line(rest)?;
        if part.len() > COLUMNS {
            return None;
        }
        body.extend_from_slice(part);
        rest = after;
        if part.len() < COLUMNS {
            break;
        }
    }
    let body = STANDARD_NO_PAD.decode(body).ok()?;
    Some((Stanza { tag, args, body }, rest))
}

fn line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(b'\n', text)?;
    Some((&text[..end], &text[end + 1..]))
}

/// One or more visible characters.
fn word(bytes: &[u8]) -> Option<String> {
    let visible = !bytes.is_empty() && bytes.iter().all(|b| (0x21..=0x7e).contains(b));
    visible.then(|| bytes.iter().map(|b| char::from(*b)).collect())
}
