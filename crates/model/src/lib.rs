//! Neural networks for tensorseal: an ONNX file becomes a float graph, the float graph an integer graph, and integer
//! inference on that graph *is* the meaning of the model that a proof speaks about.
//!
//! ```text
//! ONNX bytes ── onnx ──> Model ── import ──> FloatGraph ── lower ──> LayeredGraph ── quantise ──> IntegerGraph ── infer ──> Trace
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`integer`] | the integer graph, its rounding rule, inference in `i64`; `no_std`, no floats on the path of a proof |
//! | `onnx` | a strict reader of ONNX protobuf bytes |
//! | `import` | one file per operator family: ONNX nodes to the float graph |
//! | `graph` | the typed float graph |
//! | `float` | the `f32` interpreter, the reference that quantisation is measured against |
//! | `layered` | the network as linear maps over shifted positions, each followed by one function |
//! | `lower` | every operator of the float graph as such layers |
//! | `data` | `.npz` and JSON files of inputs, calibration samples and labels |
//! | `generate` | networks of well-known shapes with weights from a seed |
//! | `program` | lowering to the proof system's program, and the way back |
//! | `quantise` | calibration, scales, lookup tables, integer weights |
//! | `report` | what compiling did to the accuracy, and what each layer costs |
//!
//! The paved path is `compile`: ONNX bytes and calibration data in, both graphs and a report out.
//!
//! [`integer`] needs no feature and `program` the feature `program`, which is all that a prover wants; everything else needs `onnx` (on by
//! default), which uses `std`.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "onnx")]
extern crate std;

pub mod integer;

#[cfg(feature = "onnx")]
mod compile;
#[cfg(feature = "onnx")]
pub mod data;
#[cfg(feature = "onnx")]
pub mod float;
#[cfg(feature = "onnx")]
pub mod generate;
#[cfg(feature = "onnx")]
pub mod graph;
#[cfg(feature = "onnx")]
pub mod import;
#[cfg(feature = "onnx")]
pub mod layered;
#[cfg(feature = "onnx")]
pub mod lower;
#[cfg(feature = "onnx")]
pub mod onnx;
#[cfg(feature = "program")]
pub mod program;
#[cfg(feature = "onnx")]
pub mod quantise;
#[cfg(feature = "onnx")]
pub mod report;

#[cfg(feature = "onnx")]
pub use compile::{CompileError, Compiled, compile};
pub use integer::{
    Cell, Function, GraphError, InferenceError, IntegerGraph, IntegerLayer, IntegerTerm, Port,
    PostProcessing, Segment, Trace, ValidGraph,
};
