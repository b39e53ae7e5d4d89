//! A fuzzer's bytes read as numbers and pieces. The end of the input is `None`.

/// What is left of the input.
#[derive(Debug, Clone)]
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// The next `length` bytes, or as many as there are.
    pub fn bytes(&mut self, length: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        bytes
    }

    /// A piece with its length before it, in two bytes.
    pub fn piece(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        Some(self.bytes(length.into()))
    }

    /// The pieces between lines that say `----`: as a person would write several texts into one
    /// input. The last piece gets all the rest.
    pub fn split<const N: usize>(&self) -> [&'a [u8]; N] {
        const MARK: &[u8] = b"----\n";
        let mut rest = self.0;
        std::array::from_fn(|piece| {
            let cut = (0..rest.len()).find(|at| rest[*at..].starts_with(MARK));
            match cut.filter(|_| piece + 1 < N) {
                Some(at) => {
                    let before = &rest[..at];
                    rest = &rest[at + MARK.len()..];
                    before
                }
                None => std::mem::take(&mut rest),
            }
        })
    }
}
