//! Remarks of a compile report.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

/// Something a user should know about a compiled network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Note {
    /// The batch axis was open.
    DynamicBatch {
        /// The input tensor.
        tensor: String,
    },
    /// Final operators are not proved.
    OutsideProof {
        /// The operators, in order.
        operators: Vec<String>,
        /// The tensor that a proof ends with.
        output: String,
    },
    /// There are few calibration samples.
    FewSamples {
        /// How many there are.
        samples: usize,
        /// How many are advised.
        advised: usize,
    },
    /// Not every calibration sample was used.
    SamplesLeftOut {
        /// How many there are.
        samples: usize,
        /// How many were used.
        used: usize,
    },
    /// Some channels of a layer have only small integers as weights, so rounding changes them much.
    WeakChannels {
        /// The layer.
        layer: String,
        /// How many of its channels.
        channels: usize,
        /// Of how many.
        of: usize,
    },
    /// Some held-out samples could not be proved, because a value leaves its range.
    Unprovable {
        /// How many.
        samples: usize,
        /// Of how many.
        of: usize,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DynamicBatch { tensor } => {
                write!(f, "the dynamic batch axis of {tensor:?} is taken as 1")
            }
            Self::OutsideProof { operators, output } => {
                write!(
                    f,
                    "the final {} is outside the proof, which ends with {output:?}",
                    operators.join(" and ")
                )
            }
            Self::FewSamples { samples, advised } => {
                write!(
                    f,
                    "only {samples} calibration samples: pass {advised} or more typical inputs for reliable ranges"
                )
            }
            Self::SamplesLeftOut { samples, used } => {
                write!(f, "calibration used the first {used} of {samples} samples")
            }
            Self::WeakChannels {
                layer,
                channels,
                of,
            } => {
                write!(
                    f,
                    "{channels} of {of} channels of layer {layer:?} have weights of 3 at most, coarsely rounded: compile with a larger log_rows \
                     if its signal-to-noise ratio is low"
                )
            }
            Self::Unprovable { samples, of } => {
                write!(
                    f,
                    "{samples} of {of} held-out samples leave a calibrated range and cannot be proved: calibrate with data like them"
                )
            }
        }
    }
}
