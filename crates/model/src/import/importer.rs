//! The state of an import: what each tensor name stands for, and the nodes so far.

use alloc::collections::BTreeMap;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::constant::Constant;
use super::node_view::NodeView;
use super::{Draft, ImportError, MAX_CHANNELS, channels};
use crate::graph::{Node, Operation, TensorType};
use crate::integer::PostProcessing;
use crate::onnx::{TensorProto, ValueInfo};

/// What a tensor name stands for.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Constant(Rc<Constant>),
    Activation(Activation),
    Final(Final),
}

/// A tensor that depends on the input.
#[derive(Clone, Debug)]
pub(super) struct Activation {
    /// 0 for the input, `i + 1` for the output of draft `i`.
    pub(super) tensor: usize,
    /// Its ONNX shape.
    pub(super) shape: Vec<usize>,
}

impl Activation {
    pub(super) fn channels(&self) -> usize {
        self.shape.iter().product()
    }
}

/// What a final operator makes of an activation.
#[derive(Clone, Debug)]
pub(super) struct Final {
    pub(super) logits: Activation,
    pub(super) logits_name: String,
    pub(super) shape: Vec<usize>,
    pub(super) steps: Vec<PostProcessing>,
}

pub(super) struct Importer<'a> {
    operator_set: i64,
    values: BTreeMap<&'a str, Value>,
    drafts: Vec<Draft>,
    limit: usize,
    elements: usize,
}

impl<'a> Importer<'a> {
    /// Elements expanded beyond what the file's own bytes hold are limited in proportion to those bytes, with room for small files.
    pub(super) fn new(operator_set: i64, file_bytes: usize) -> Self {
        let limit = file_bytes.saturating_add(1 << 20);
        Self {
            operator_set,
            values: BTreeMap::new(),
            drafts: Vec::new(),
            limit,
            elements: 0,
        }
    }

    pub(super) fn operator_set(&self) -> i64 {
        self.operator_set
    }

    pub(super) fn value(&self, name: &str) -> Option<Value> {
        self.values.get(name).cloned()
    }

    fn insert(&mut self, name: &'a str, value: Value) -> Result<(), ImportError> {
        match self.values.insert(name, value) {
            None => Ok(()),
            Some(_) => Err(ImportError::DuplicateTensor {
                tensor: name.to_string(),
            }),
        }
    }

    pub(super) fn initializer(&mut self, tensor: &TensorProto<'a>) -> Result<(), ImportError> {
        let constant = Constant::read(tensor, tensor.name)?;
        self.insert(tensor.name, Value::Constant(Rc::new(constant)))
    }

    pub(super) fn input(
        &mut self,
        infos: Vec<&ValueInfo<'a>>,
        tensor: &TensorType,
    ) -> Result<(), ImportError> {
        for info in infos {
            self.insert(
                info.name,
                Value::Activation(Activation {
                    tensor: 0,
                    shape: tensor.shape.clone(),
                }),
            )?;
        }
        Ok(())
    }

    /// Binds the node's first output.
    pub(super) fn bind(
        &mut self,
        node: &NodeView<'_, 'a>,
        value: Value,
    ) -> Result<(), ImportError> {
        match node.output() {
            "" => Ok(()),
            name => self.insert(name, value),
        }
    }

    /// Takes `elements` from the budget for expanded constants.
    pub(super) fn charge(
        &mut self,
        node: &NodeView<'_, '_>,
        elements: usize,
    ) -> Result<(), ImportError> {
        self.elements = self.elements.saturating_add(elements);
        if self.elements > self.limit {
            return Err(ImportError::TooLarge {
                place: node.place(),
                limit: self.limit,
            });
        }
        Ok(())
    }

    /// A new constant, paid for from the budget.
    pub(super) fn constant(
        &mut self,
        node: &NodeView<'_, '_>,
        constant: Constant,
    ) -> Result<Value, ImportError> {
        self.charge(node, constant.len())?;
        Ok(Value::Constant(Rc::new(constant)))
    }

    /// The node's input number `index`, `None` when it is left out.
    pub(super) fn optional(
        &self,
        node: &NodeView<'_, '_>,
        index: usize,
    ) -> Result<Option<Value>, ImportError> {
        let name = node.input(index);
        if name.is_empty() {
            return Ok(None);
        }
        let value = self.value(name);
        value.map(Some).ok_or_else(|| ImportError::UnknownTensor {
            place: node.place(),
            tensor: name.to_string(),
        })
    }

    /// The node's input number `index`, which must be there and may follow a final operator.
    pub(super) fn any(&self, node: &NodeView<'_, '_>, index: usize) -> Result<Value, ImportError> {
        let missing = || ImportError::UnknownTensor {
            place: node.place(),
            tensor: String::new(),
        };
        self.optional(node, index)?.ok_or_else(missing)
    }

    /// The node's input number `index`, which must be there and must not follow a final operator.
    pub(super) fn operand(
        &self,
        node: &NodeView<'_, '_>,
        index: usize,
    ) -> Result<Value, ImportError> {
        match self.any(node, index)? {
            Value::Final(last) => {
                let previous = last.steps.last().map_or("", |step| step.operator());
                Err(ImportError::NotFinal {
                    place: node.place(),
                    previous,
                })
            }
            value => Ok(value),
        }
    }

    pub(super) fn activation(
        &self,
        node: &NodeView<'_, '_>,
        index: usize,
    ) -> Result<Activation, ImportError> {
        match self.operand(node, index)? {
            Value::Activation(activation) => Ok(activation),
            _ => Err(ImportError::Constant {
                place: node.place(),
                tensor: node.input(index).to_string(),
            }),
        }
    }

    pub(super) fn known(
        &self,
        node: &NodeView<'_, '_>,
        index: usize,
    ) -> Result<Rc<Constant>, ImportError> {
        match self.operand(node, index)? {
            Value::Constant(constant) => Ok(constant),
            _ => Err(node.not_constant(index)),
        }
    }

    /// A constant that may be left out.
    pub(super) fn known_if_any(
        &self,
        node: &NodeView<'_, '_>,
        index: usize,
    ) -> Result<Option<Rc<Constant>>, ImportError> {
        if node.input(index).is_empty() {
            Ok(None)
        } else {
            self.known(node, index).map(Some)
        }
    }

    /// Adds a node that makes a tensor of this shape out of `input`.
    pub(super) fn push(
        &mut self,
        node: &NodeView<'_, '_>,
        input: &Activation,
        shape: Vec<usize>,
        operation: Operation,
    ) -> Result<Value, ImportError> {
        let tensor = || node.output().to_string();
        let size = channels(&shape);
        let channels = size.ok_or_else(|| ImportError::TensorSize {
            tensor: tensor(),
            shape: shape.clone(),
            limit: MAX_CHANNELS,
        })?;
        let place = node.place();
        let node = Node {
            name: place.node,
            operator: place.operator,
            channels,
            operation,
        };
        self.drafts.push(Draft {
            input: input.tensor,
            node,
        });
        Ok(Value::Activation(Activation {
            tensor: self.drafts.len(),
            shape,
        }))
    }

    /// The nodes between the input and this tensor. Every node has one input that is no constant, so they are a chain.
    pub(super) fn chain_to(self, tensor: usize) -> Vec<Node> {
        let mut kept = Vec::new();
        let mut wanted = tensor;
        for (index, draft) in self.drafts.into_iter().enumerate().rev() {
            if index + 1 == wanted {
                wanted = draft.input;
                kept.push(draft.node);
            }
        }
        kept.reverse();
        kept
    }
}
