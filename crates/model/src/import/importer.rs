//! The state of an import: what each tensor name stands for, and the nodes so far.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::node_view::NodeView;
use super::{ImportError, MAX_ELEMENTS, MAX_RANK};
use crate::graph::{ElementType, Node, Operand, Operation, Tensor, TensorType, extent};
use crate::onnx::TensorProto;

pub(super) struct Importer<'a> {
    names: BTreeMap<&'a str, Operand>,
    pub(super) values: Vec<TensorType>,
    pub(super) inputs: Vec<usize>,
    pub(super) nodes: Vec<Node>,
    limit: usize,
    charged: usize,
}

impl<'a> Importer<'a> {
    /// Constants expanded beyond what the file's own bytes hold have at most `limit` elements in all.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            names: BTreeMap::new(),
            values: Vec::new(),
            inputs: Vec::new(),
            nodes: Vec::new(),
            limit,
            charged: 0,
        }
    }

    pub(super) fn named(&self, name: &str) -> Option<&Operand> {
        self.names.get(name)
    }

    fn insert(&mut self, name: &'a str, operand: Operand) -> Result<(), ImportError> {
        match self.names.insert(name, operand) {
            None => Ok(()),
            Some(_) => Err(ImportError::DuplicateTensor {
                tensor: name.to_string(),
            }),
        }
    }

    pub(super) fn initializer(&mut self, tensor: &TensorProto<'a>) -> Result<(), ImportError> {
        let constant = read(tensor, tensor.name)?;
        self.constant(tensor.name, constant)
    }

    /// Binds a name to a constant.
    pub(super) fn constant(&mut self, name: &'a str, tensor: Tensor) -> Result<(), ImportError> {
        self.insert(name, Operand::Constant(Arc::new(tensor)))
    }

    /// Adds an input.
    pub(super) fn input(
        &mut self,
        name: &'a str,
        shape: Vec<usize>,
        element_type: ElementType,
    ) -> Result<(), ImportError> {
        let value = self.value(name.to_string(), shape, element_type);
        self.inputs.push(value);
        self.insert(name, Operand::Value(value))
    }

    fn value(&mut self, name: String, shape: Vec<usize>, element_type: ElementType) -> usize {
        self.values.push(TensorType {
            name,
            shape,
            element_type,
        });
        self.values.len() - 1
    }

    /// Binds the node's outputs; names that are left out may be more or fewer than the results.
    pub(super) fn bind(
        &mut self,
        node: &NodeView<'_, 'a>,
        results: Vec<Operand>,
    ) -> Result<(), ImportError> {
        for (index, result) in results.into_iter().enumerate() {
            match node.output(index) {
                "" => {}
                name => self.insert(name, result)?,
            }
        }
        Ok(())
    }

    /// Takes `elements` from the budget for expanded constants.
    pub(super) fn charge(
        &mut self,
        node: &NodeView<'_, '_>,
        elements: usize,
    ) -> Result<(), ImportError> {
        self.charged = self.charged.saturating_add(elements);
        if self.charged > self.limit {
            return Err(ImportError::TooLarge {
                place: node.place(),
                limit: self.limit,
            });
        }
        Ok(())
    }

    /// The node's input number `index`, `None` when it is left out.
    pub(super) fn optional(
        &self,
        node: &NodeView<'_, '_>,
        index: usize,
    ) -> Result<Option<Operand>, ImportError> {
        let name = node.input(index);
        if name.is_empty() {
            return Ok(None);
        }
        let operand = self.named(name).cloned();
        operand.map(Some).ok_or_else(|| ImportError::UnknownTensor {
            place: node.place(),
            tensor: name.to_string(),
        })
    }

    /// The node's input number `index`, which must be there.
    pub(super) fn operand(
        &self,
        node: &NodeView<'_, '_>,
        index: usize,
    ) -> Result<Operand, ImportError> {
        let missing = || ImportError::UnknownTensor {
            place: node.place(),
            tensor: String::new(),
        };
        self.optional(node, index)?.ok_or_else(missing)
    }

    /// The node's inputs, all of which must be there.
    pub(super) fn operands(&self, node: &NodeView<'_, '_>) -> Result<Vec<Operand>, ImportError> {
        (0..node.inputs())
            .map(|index| self.operand(node, index))
            .collect()
    }

    /// The node's first `count` inputs, and then those of the rest that are not left out.
    pub(super) fn operands_with_optional(
        &self,
        node: &NodeView<'_, '_>,
        count: usize,
    ) -> Result<Vec<Operand>, ImportError> {
        let mut operands = Vec::new();
        for index in 0..node.inputs().max(count) {
            if index < count {
                operands.push(self.operand(node, index)?);
            } else {
                operands.extend(self.optional(node, index)?);
            }
        }
        Ok(operands)
    }

    /// The node's input number `index`, which must be a constant.
    pub(super) fn known(
        &self,
        node: &NodeView<'_, '_>,
        index: usize,
    ) -> Result<Arc<Tensor>, ImportError> {
        match self.operand(node, index)? {
            Operand::Constant(constant) => Ok(constant),
            Operand::Value(_) => Err(node.not_constant(index)),
        }
    }

    /// A constant that may be left out.
    pub(super) fn known_if_any(
        &self,
        node: &NodeView<'_, '_>,
        index: usize,
    ) -> Result<Option<Arc<Tensor>>, ImportError> {
        if node.input(index).is_empty() {
            Ok(None)
        } else {
            self.known(node, index).map(Some)
        }
    }

    /// A constant list of integers that may be left out.
    pub(super) fn ints_if_any(
        &self,
        node: &NodeView<'_, '_>,
        index: usize,
    ) -> Result<Option<Vec<i64>>, ImportError> {
        let Some(constant) = self.known_if_any(node, index)? else {
            return Ok(None);
        };
        let list = constant.as_ints().filter(|_| constant.shape().len() <= 1);
        let list = list.ok_or_else(|| node.constant_type(index, "a list of integers"))?;
        // Axes are few, and parts of a split are not that many.
        if list.len() > 1024 {
            return Err(node.constant_type(index, "a list of at most 1024 integers"));
        }
        Ok(Some(list.to_vec()))
    }

    /// A constant list of integers.
    pub(super) fn ints(
        &self,
        node: &NodeView<'_, '_>,
        index: usize,
    ) -> Result<Vec<i64>, ImportError> {
        self.operand(node, index)?;
        self.ints_if_any(node, index).map(Option::unwrap_or_default)
    }

    pub(super) fn shape<'s>(&'s self, operand: &'s Operand) -> &'s [usize] {
        match operand {
            Operand::Value(index) => &self.values[*index].shape,
            Operand::Constant(tensor) => tensor.shape(),
        }
    }

    pub(super) fn element_type(&self, operand: &Operand) -> ElementType {
        match operand {
            Operand::Value(index) => self.values[*index].element_type,
            Operand::Constant(tensor) => tensor.element_type(),
        }
    }

    /// The results of an operation: constants where every operand is one, or values of a new node.
    pub(super) fn apply(
        &mut self,
        node: &NodeView<'_, '_>,
        operation: Operation,
        operands: Vec<Operand>,
    ) -> Result<Vec<Operand>, ImportError> {
        let misfit = |importer: &Self| ImportError::Operands {
            place: node.place(),
            operands: operands
                .iter()
                .map(|operand| {
                    (
                        importer.element_type(operand),
                        importer.shape(operand).to_vec(),
                    )
                })
                .collect(),
        };
        let types: Vec<ElementType> = operands.iter().map(|o| self.element_type(o)).collect();
        let shapes: Vec<&[usize]> = operands.iter().map(|o| self.shape(o)).collect();
        let element_type = operation.output_type(&types);
        let Some((element_type, results)) = element_type.zip(operation.output_shapes(&shapes))
        else {
            return Err(misfit(self));
        };
        let work = operation.work_per_element(&shapes);
        let constants: Option<Vec<Arc<Tensor>>> =
            operands.iter().map(|o| o.constant().cloned()).collect();
        self.check_sizes(node, &results, constants.is_some())?;
        // The integers of quantised weights stay in the graph.
        let keep = matches!(operation, Operation::DequantizeLinear(_));
        if let Some(constants) = constants.filter(|_| !keep) {
            let total = results.iter().map(|shape| shape.iter().product::<usize>());
            let total = total.fold(0usize, usize::saturating_add);
            // What is multiplied is paid for as well, so that a small file cannot ask for hours of work.
            self.charge(node, total.saturating_mul(1 + work / WORK_PER_ELEMENT))?;
            return self.execute(node, &operation, &constants);
        }
        let mut outputs = Vec::with_capacity(shapes.len());
        for (index, shape) in results.into_iter().enumerate() {
            let name = node.output(index).to_string();
            outputs.push(self.value(name, shape, element_type));
        }
        let place = node.place();
        self.nodes.push(Node {
            name: place.node,
            operator: place.operator,
            inputs: operands,
            outputs: outputs.clone(),
            operation,
        });
        Ok(outputs.into_iter().map(Operand::Value).collect())
    }

    /// Activations are limited in size; constants are paid for, unless they are empty along an axis and huge along others.
    fn check_sizes(
        &self,
        node: &NodeView<'_, '_>,
        shapes: &[Vec<usize>],
        constant: bool,
    ) -> Result<(), ImportError> {
        let refused = |shape: &&Vec<usize>| {
            let limited = !constant || shape.contains(&0);
            let large = extent(shape).is_none_or(|extent| limited && extent > MAX_ELEMENTS);
            large || shape.len() > MAX_RANK
        };
        match shapes.iter().find(refused) {
            None => Ok(()),
            Some(shape) => Err(ImportError::TensorSize {
                tensor: node.output(0).to_string(),
                shape: shape.clone(),
                limit: MAX_ELEMENTS,
            }),
        }
    }

    fn execute(
        &self,
        node: &NodeView<'_, '_>,
        operation: &Operation,
        constants: &[Arc<Tensor>],
    ) -> Result<Vec<Operand>, ImportError> {
        let operands: Vec<&Tensor> = constants.iter().map(|tensor| &**tensor).collect();
        let arithmetic = || ImportError::Arithmetic {
            place: node.place(),
        };
        // Shapes and types were checked, so what can fail is arithmetic, or an index.
        let results = operation.apply(&operands).map_err(|_| arithmetic())?;
        if !results.iter().all(Tensor::is_finite) {
            return Err(arithmetic());
        }
        let results = results.into_iter();
        Ok(results
            .map(|tensor| Operand::Constant(Arc::new(tensor)))
            .collect())
    }

    /// One result of an operation.
    pub(super) fn apply_one(
        &mut self,
        node: &NodeView<'_, '_>,
        operation: Operation,
        operands: Vec<Operand>,
    ) -> Result<Operand, ImportError> {
        let results = self.apply(node, operation, operands)?;
        let first = results.into_iter().next();
        first.ok_or_else(|| node.arity(&(1..=1)))
    }

    /// A single result, as the operators' importers return it.
    pub(super) fn single(
        &mut self,
        node: &NodeView<'_, '_>,
        operation: Operation,
        operands: Vec<Operand>,
    ) -> Result<Vec<Operand>, ImportError> {
        self.apply_one(node, operation, operands)
            .map(|operand| vec![operand])
    }
}

/// Multiplications on constants that count as much as one element.
const WORK_PER_ELEMENT: usize = 1 << 10;

/// Reads a tensor of the file; `name` is how errors call it.
pub(super) fn read(tensor: &TensorProto<'_>, name: &str) -> Result<Tensor, ImportError> {
    let constant = tensor.read()?;
    let shape = constant.shape();
    if shape.contains(&0) && extent(shape).is_none_or(|extent| extent > MAX_ELEMENTS) {
        return Err(ImportError::TensorSize {
            tensor: name.to_string(),
            shape: shape.to_vec(),
            limit: MAX_ELEMENTS,
        });
    }
    if constant.is_finite() {
        return Ok(constant);
    }
    Err(ImportError::NotFinite {
        tensor: name.to_string(),
    })
}
