//! The identity of a setup: four points, and where they come from.

use super::hermez;
use crate::curve::{G1Affine, G2Affine, encode_g1, encode_g2};
use crate::digest::{Digest32, Hasher};
use crate::encoding::{DecodeError, Reader, Writer};

/// The points that tell one setup from another, and the mark of a development setup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Made on one machine, by somebody who may know τ: proofs under it convince nobody.
    pub development: bool,
    /// [τ]₁.
    pub tau_g1: G1Affine,
    /// [τ]₂.
    pub tau_g2: G2Affine,
    /// [β]₁.
    pub beta_g1: G1Affine,
    /// [β]₂.
    pub beta_g2: G2Affine,
}

/// What is known about the origin of a setup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetupOrigin {
    /// The Hermez Powers of Tau, 54 contributions and a beacon: its points are pinned in this crate.
    Hermez,
    /// A development setup, insecure by nature.
    Development,
    /// Neither: sound only for those who trust whoever made it.
    Unknown,
}

impl SetupOrigin {
    /// A stable name: `hermez`, `development` or `unknown`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hermez => "hermez",
            Self::Development => "development",
            Self::Unknown => "unknown",
        }
    }
}

impl Setup {
    /// Bytes of the encoding.
    pub const BYTES: usize = 1 + 2 * 32 + 2 * 64;

    /// Where the setup comes from. The mark of a development setup wins over everything else.
    pub fn origin(&self) -> SetupOrigin {
        if self.development {
            SetupOrigin::Development
        } else if hermez::is_hermez(self) {
            SetupOrigin::Hermez
        } else {
            SetupOrigin::Unknown
        }
    }

    /// The digest that names the setup.
    pub fn digest(&self) -> Digest32 {
        let mut writer = Writer::new();
        self.write(&mut writer);
        Hasher::new("tensorseal setup")
            .part(&writer.finish())
            .finish()
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.u8(u8::from(self.development));
        writer.bytes(&encode_g1(&self.tau_g1));
        writer.bytes(&encode_g2(&self.tau_g2));
        writer.bytes(&encode_g1(&self.beta_g1));
        writer.bytes(&encode_g2(&self.beta_g2));
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let development = match reader.u8()? {
            0 => false,
            1 => true,
            found => {
                return Err(DecodeError::InvalidNumber {
                    what: "mark of a development setup",
                    found: found.into(),
                });
            }
        };
        Ok(Self {
            development,
            tau_g1: reader.g1_nonzero()?,
            tau_g2: reader.g2_nonzero()?,
            beta_g1: reader.g1_nonzero()?,
            beta_g2: reader.g2_nonzero()?,
        })
    }
}
