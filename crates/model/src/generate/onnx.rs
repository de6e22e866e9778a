//! A small writer of ONNX files: enough for networks of convolutions, with weights from a seed.

use alloc::string::String;
use alloc::vec::Vec;
use core::iter;

use super::Input;

/// Length-delimited and variable-length integer fields of a protobuf message.
fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn bytes(field: u64, content: &[u8]) -> Vec<u8> {
    let mut out = varint(field << 3 | 2);
    out.extend(varint(content.len() as u64));
    out.extend(content);
    out
}

fn int(field: u64, value: i64) -> Vec<u8> {
    let mut out = varint(field << 3);
    out.extend(varint(value.cast_unsigned()));
    out
}

fn text(field: u64, value: &str) -> Vec<u8> {
    bytes(field, value.as_bytes())
}

/// An attribute of integers, or of one.
pub(super) enum Attribute<'a> {
    Int(&'a str, i64),
    Ints(&'a str, &'a [i64]),
}

impl Attribute<'_> {
    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Int(name, value) => [text(1, name), int(3, *value), int(20, 2)].concat(),
            Self::Ints(name, values) => {
                let fields: Vec<u8> = values.iter().flat_map(|value| int(8, *value)).collect();
                [text(1, name), fields, int(20, 7)].concat()
            }
        }
    }
}

/// A file under construction, of opset 17.
#[derive(Default)]
pub(super) struct Writer {
    graph: Vec<u8>,
    count: usize,
}

/// ONNX's numbers of element types.
const FLOAT32: i64 = 1;
const INT64: i64 = 7;

impl Writer {
    /// Adds a constant and returns its name.
    pub(super) fn constant(&mut self, shape: &[i64], values: &[f32]) -> String {
        let raw: Vec<[u8; 4]> = values.iter().map(|value| value.to_le_bytes()).collect();
        self.initializer((FLOAT32, shape), raw.as_flattened())
    }

    /// Adds a constant of integers and returns its name.
    pub(super) fn integers(&mut self, shape: &[i64], values: &[i64]) -> String {
        let raw: Vec<[u8; 8]> = values.iter().map(|value| value.to_le_bytes()).collect();
        self.initializer((INT64, shape), raw.as_flattened())
    }

    fn initializer(&mut self, (element_type, shape): (i64, &[i64]), raw: &[u8]) -> String {
        let name = self.name("w");
        let mut tensor: Vec<u8> = shape.iter().flat_map(|length| int(1, *length)).collect();
        tensor.extend(int(2, element_type));
        tensor.extend(text(8, &name));
        tensor.extend(bytes(9, raw));
        self.graph.extend(bytes(5, &tensor));
        name
    }

    /// Adds a node and returns the name of its output.
    pub(super) fn node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attributes: &[Attribute<'_>],
    ) -> String {
        let name = self.name(operator);
        self.named(operator, inputs, (&name, attributes));
        name
    }

    /// Adds a node whose output has a name.
    pub(super) fn named(
        &mut self,
        operator: &str,
        inputs: &[&str],
        (output, attributes): (&str, &[Attribute<'_>]),
    ) {
        let mut node: Vec<u8> = inputs.iter().flat_map(|input| text(1, input)).collect();
        node.extend(text(2, output));
        node.extend(text(3, output));
        node.extend(text(4, operator));
        node.extend(
            attributes
                .iter()
                .flat_map(|attribute| bytes(5, &attribute.encode())),
        );
        self.graph.extend(bytes(1, &node));
    }

    /// The file, with an output `y` of this extent.
    pub(super) fn finish(mut self, inputs: &[Input], output: &[i64]) -> Vec<u8> {
        self.graph.extend(text(2, "generated"));
        for input in inputs {
            let element_type = input.rows.map_or(FLOAT32, |_| INT64);
            let lengths = input.shape.iter().map(|length| *length as i64);
            let shape: Vec<i64> = iter::once(1).chain(lengths).collect();
            let port = port(input.name, element_type, &shape);
            self.graph.extend(bytes(11, &port));
        }
        self.graph.extend(bytes(12, &port("y", FLOAT32, output)));
        let set = [text(1, ""), int(2, 17)].concat();
        [
            int(1, 8),
            text(2, "tensorseal"),
            bytes(7, &self.graph),
            bytes(8, &set),
        ]
        .concat()
    }

    fn name(&mut self, kind: &str) -> String {
        self.count += 1;
        alloc::format!("{}_{}", kind.to_lowercase(), self.count)
    }
}

/// A tensor at the edge of the network.
fn port(name: &str, element_type: i64, shape: &[i64]) -> Vec<u8> {
    let dims: Vec<u8> = shape
        .iter()
        .flat_map(|length| bytes(1, &int(1, *length)))
        .collect();
    let tensor = [int(1, element_type), bytes(2, &dims)].concat();
    [text(1, name), bytes(2, &bytes(1, &tensor))].concat()
}
