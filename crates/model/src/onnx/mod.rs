//! A strict reader of ONNX files.
//!
//! It borrows from the file's bytes and copies nothing but lists of references, so its memory stays within a small multiple of the
//! input. Fields that cannot change what the network computes (documentation, producers, metadata, intermediate shapes) are skipped
//! by number; any other field it does not know is an error, as is every construct it knows and does not support.

mod attribute;
mod error;
mod graph;
mod model;
mod node;
mod tensor;
mod value_info;
mod wire;

pub use attribute::{Attribute, AttributeValue};
pub use error::ProtoError;
pub use graph::Graph;
pub use model::{Model, OperatorSet};
pub use node::Node;
pub use tensor::{DataType, TensorProto};
pub use value_info::{Dimension, ValueInfo};
