//! Digests: BLAKE2b-512 cut to 32 bytes, with a domain and the length of every part.

use core::fmt::{self, Write as _};

use blake2::{Blake2b512, Digest};

/// A digest of 32 bytes, printed as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest32(pub [u8; 32]);

impl Digest32 {
    /// Parses 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            for digit in pair {
                let digit = char::from(*digit).to_digit(16)?;
                *byte = (*byte << 4) | u8::try_from(digit).ok()?;
            }
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Digest32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = |byte: &u8| [byte >> 4, byte & 0xf];
        let mut digits = self.0.iter().flat_map(digits);
        // Not `{:02x}`: browsers download the formatting of integers in hexadecimal.
        digits.try_for_each(|digit| f.write_char(char::from_digit(digit.into(), 16).unwrap_or('?')))
    }
}

impl fmt::Debug for Digest32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Hashes parts, each with its length, under a domain.
#[derive(Clone, Debug)]
pub struct Hasher(Blake2b512);

impl Hasher {
    /// A hasher for one purpose.
    pub fn new(domain: &'static str) -> Self {
        Self(Blake2b512::new()).part(domain.as_bytes())
    }

    /// Adds one part.
    #[must_use]
    pub fn part(mut self, bytes: &[u8]) -> Self {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.0.update(length.to_le_bytes());
        self.0.update(bytes);
        self
    }

    /// The digest.
    pub fn finish(self) -> Digest32 {
        let mut digest = [0; 32];
        for (to, from) in digest.iter_mut().zip(self.0.finalize()) {
            *to = from;
        }
        Digest32(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn digests_read_back_from_their_digits() {
        let digest = Hasher::new("test").part(b"a").finish();
        assert_eq!(Digest32::from_hex(&digest.to_string()), Some(digest));
        for wrong in ["", "00", "+1", "zz"] {
            assert_eq!(Digest32::from_hex(wrong), None);
        }
        let mut sign = digest.to_string();
        sign.replace_range(0..2, "+1");
        assert_eq!(Digest32::from_hex(&sign), None);
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(
            Hasher::new("test").part(b"ab").part(b"c").finish(),
            Hasher::new("test").part(b"a").part(b"bc").finish()
        );
    }
}
