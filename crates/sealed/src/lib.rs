//! A compiled network that can be run and proved.
//!
//! The proving key is the only copy of a compiled network: [`Sealed`] reads the integer graph out of it, runs that graph on real inputs and
//! proves the run. The command line and the prover in the browser do it in the same way.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod error;

pub use error::SealedError;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

pub use tensorseal_model::integer::Port;
use tensorseal_model::integer::ValidGraph;
use tensorseal_model::program::{Description, estimated_peak_bytes, lift, witness};
use tensorseal_protocol::backend::Backend;
use tensorseal_protocol::cq::{CachedTable, CachedTableError};
use tensorseal_protocol::random::RandomSource;
use tensorseal_protocol::{Proof, ProveOptions, ProvingKey, Witness, prove};

/// A proving key with the network that it holds.
#[derive(Debug)]
pub struct Sealed {
    key: ProvingKey,
    graph: ValidGraph,
}

/// An output tensor in the order of its ONNX elements: its integers, and the real values that they stand for.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The ONNX tensor's name.
    pub name: String,
    /// The ONNX shape.
    pub shape: Vec<usize>,
    /// What a proof speaks about.
    pub integers: Vec<i64>,
    /// The integers times the tensor's scale.
    pub values: Vec<f32>,
}

/// What a proof keeps to itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// The inputs.
    pub input: bool,
    /// The outputs.
    pub output: bool,
}

impl Sealed {
    /// Reads the network out of a proving key.
    ///
    /// # Errors
    ///
    /// [`SealedError::Description`] and [`SealedError::Lift`] for a key that another program has made.
    pub fn new(key: ProvingKey) -> Result<Self, SealedError> {
        let description = Description::from_bytes(key.verifying().annotation());
        let description = description.ok_or(SealedError::Description)?;
        let parts = (key.weights(), key.table_contents());
        let graph = lift(key.verifying().program(), parts, &description)?;
        Ok(Self { key, graph })
    }

    /// Reads a proving key from the bytes of its file.
    ///
    /// # Errors
    ///
    /// [`SealedError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SealedError> {
        Self::new(ProvingKey::from_bytes(bytes)?)
    }

    /// The proving key.
    pub fn key(&self) -> &ProvingKey {
        &self.key
    }

    /// Gives a large table of the key the cached points that proofs will use.
    ///
    /// # Errors
    ///
    /// [`SealedError::Key`] when the key has no such table, or the points are of another one or under another setup.
    pub fn attach_table(
        &mut self,
        table: usize,
        points: Arc<CachedTable>,
    ) -> Result<(), SealedError> {
        Ok(self.key.attach_table(table, points)?)
    }

    /// As [`Self::attach_table`], from the bytes of a file of cached points, or of a slice of one.
    ///
    /// # Errors
    ///
    /// [`SealedError::Table`] when the bytes are none, or the key has no such table, or the points are of another one.
    pub fn attach_table_file(&mut self, table: usize, bytes: &[u8]) -> Result<(), SealedError> {
        let points = Arc::new(CachedTable::from_bytes(bytes)?);
        let attached = self.key.attach_table(table, points);
        Ok(attached.map_err(|_| CachedTableError::OtherTable)?)
    }

    /// The network's inputs.
    pub fn inputs(&self) -> &[Port] {
        &self.graph.inputs
    }

    /// The network's outputs.
    pub fn outputs(&self) -> &[Port] {
        &self.graph.outputs
    }

    /// The most memory that a process should hold which reads the key and proves one inference, in bytes.
    pub fn estimated_peak_bytes(&self) -> u64 {
        estimated_peak_bytes(self.key.verifying().program(), self.key.table_contents())
    }

    /// Runs the network on its inputs, each in the order of its ONNX tensor's elements.
    ///
    /// # Errors
    ///
    /// [`SealedError::Inference`] when an input is missing, has the wrong length, or a value is out of the calibrated range.
    pub fn run(&self, inputs: &[Vec<f32>]) -> Result<(Witness, Vec<Output>), SealedError> {
        let integers = self.graph.quantise_inputs(inputs)?;
        let trace = self.graph.infer(&integers)?;
        let outputs = self.graph.outputs(&trace)?;
        let witness = witness(self.key.verifying().program(), &trace)?;
        let ports = self.graph.outputs.iter().zip(outputs);
        let outputs = ports.map(|(port, integers)| Output {
            name: port.name.clone(),
            shape: port.shape.clone(),
            values: port.dequantise(&integers),
            integers,
        });
        Ok((witness, outputs.collect()))
    }

    /// The tensors that a proof reveals which keeps `hidden` to itself.
    pub fn public(&self, hidden: Hidden) -> Vec<u32> {
        let program = self.key.verifying().program();
        let shown =
            |tensors: &[u32], hidden: bool| if hidden { Vec::new() } else { tensors.to_vec() };
        let mut public = shown(program.inputs(), hidden.input);
        public.extend(shown(program.outputs(), hidden.output));
        public
    }

    /// Proves a run.
    ///
    /// # Errors
    ///
    /// [`SealedError::Prove`] when there is no randomness, or the key is damaged.
    pub fn prove(
        &self,
        witness: &Witness,
        options: &ProveOptions<'_>,
        tools: (&impl Backend, &mut dyn RandomSource),
    ) -> Result<Proof, SealedError> {
        Ok(prove(&self.key, witness, options, tools)?)
    }
}
