//! The quantiser: calibration samples choose real scales, scales choose integer weights and tables.
//!
//! Quantisation is symmetric with zero point 0: a tensor's real values are its scale times its integers. For a layer with input scale
//! `s_in` and calibrated pre-activation scale `s_pre`, the weight scale is *defined* as `s_pre / (s_in * 2^shift)`, so that the division
//! of the accumulator by `2^shift` loses nothing to a power of two. All rounding is `floor(x + 1/2)`.
//!
//! Which codes a tensor uses, with `A` activation bits:
//!
//! | function | codes | scale of `pre` and `out` |
//! |---|---|---|
//! | identity (the inputs, and layers without activation) | its whole segment; an input aims at `2^A` codes, a layer at `2.5 * 2^A` | chosen per tensor, the same for both |
//! | LeakyRelu and other homogeneous functions, Clip below 0 | `-2^(A-1) ..= 2^(A-1) - 1` | chosen per layer, the same for both |
//! | Relu, Abs, Clip from 0 | `0 ..= 2^A - 1` | chosen per layer, the same for both |
//! | any other function | unsigned where it is never negative, else signed | `pre` from the calibrated range of all layers with this function, `out` from its values there |
//!
//! So layers with the same function share one segment of the table whatever their scales.
//!
//! Networks that are quantised already have layers with [`ScaleRule::Fixed`] instead, whose integers are those of the file (see `fixed`); their
//! calibration only says how wide the table should be, and may be left out.
//!
//! Layers with [`ScaleRule::Follows`] are different: their coefficients are exact integers that are public, so their scale follows from their
//! sources'. Nothing in them is calibrated, and their segment holds every value that their sources can make. The same is true of the layers
//! with [`ScaleRule::QuarterSquare`], which make products (see `products`).

mod calibrate;
mod error;
mod fixed;
mod follow;
mod function;
mod gather;
mod group;
mod products;
mod range;
mod resolve;
mod rounding;
mod scale;
mod shifts;
mod tables;
mod weights;

use alloc::vec::Vec;

pub use calibrate::{MAX_CALIBRATION_SAMPLES, products, samples_used};
pub use error::QuantiseError;
pub use rounding::rounding_differences;

use crate::integer::{
    self, Conversion, IntegerGraph, IntegerLayer, IntegerTerm, MAX_LOG_ROWS, ValidGraph, Weights,
};
use crate::layered::{FloatLayer, LayeredGraph, ScaleRule};
use calibrate::{Calibration, Statistics};
use fixed::GivenTable;
use function::Codes;
use gather::Packing;
use group::Group;
use resolve::ResolvedLayer;
use scale::FreePlan;
use tables::{Candidate, Tables};

/// The values of every input of one inference, each in the order of its ONNX tensor's elements.
pub type Sample = Vec<Vec<f32>>;

/// Activation bits when the options do not say.
pub const DEFAULT_ACTIVATION_BITS: u32 = 8;
/// Fewest activation bits.
pub const MIN_ACTIVATION_BITS: u32 = 4;
/// Most activation bits.
pub const MAX_ACTIVATION_BITS: u32 = 16;
/// Smallest base-2 logarithm of the number of rows.
pub const MIN_LOG_ROWS: u32 = crate::program::LEAST_LOG_ROWS;

/// What may be chosen about a quantisation. The default is the smallest table for 8-bit activations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuantiseOptions {
    /// Bits of every activation, 4 to 16; 8 when `None`.
    pub activation_bits: Option<u32>,
    /// Base-2 logarithm of the number of rows of the proof's table and columns, from 11; the smallest that fits when `None`.
    pub log_rows: Option<u32>,
    /// Where the functions' tables stand. Those of a network that is quantised already stand in the columns.
    pub tables: TableChoice,
}

/// Where the tables of functions stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableChoice {
    /// Where proving is estimated to be cheaper.
    #[default]
    Auto,
    /// In the columns, which become as long as the table.
    Columns,
    /// The widest in a large table beside the columns, which is preprocessed once.
    Large,
}

impl QuantiseOptions {
    /// These options with other activation bits.
    #[must_use]
    pub fn with_activation_bits(self, bits: u32) -> Self {
        Self {
            activation_bits: Some(bits),
            ..self
        }
    }

    /// These options with another number of rows, `2^log_rows`.
    #[must_use]
    pub fn with_log_rows(self, log_rows: u32) -> Self {
        Self {
            log_rows: Some(log_rows),
            ..self
        }
    }

    /// These options with another place for the tables.
    #[must_use]
    pub fn with_tables(self, tables: TableChoice) -> Self {
        Self { tables, ..self }
    }

    fn checked(self) -> Result<(Codes, Option<u32>), QuantiseError> {
        let bits = self.activation_bits.unwrap_or(DEFAULT_ACTIVATION_BITS);
        let (least, most) = (MIN_ACTIVATION_BITS, MAX_ACTIVATION_BITS);
        if !(least..=most).contains(&bits) {
            return Err(QuantiseError::ActivationBits { bits, least, most });
        }
        let (least, most) = (MIN_LOG_ROWS, MAX_LOG_ROWS);
        match self.log_rows {
            Some(log_rows) if !(least..=most).contains(&log_rows) => Err(QuantiseError::LogRows {
                log_rows,
                least,
                most,
            }),
            log_rows => Ok((Codes::new(bits), log_rows)),
        }
    }
}

/// What is known before the table is laid out.
struct Plan<'a> {
    graph: &'a LayeredGraph,
    codes: Codes,
    input_scales: Vec<f64>,
    /// Per layer; `None` where the scale follows.
    free: Vec<Option<FreePlan>>,
    groups: Vec<Group>,
    /// Per layer, the values before its activation; empty where a quantised network is not calibrated.
    pre: Vec<Statistics>,
    /// The functions that a quantised network gives.
    tables: Vec<GivenTable>,
    /// How rows of constant tables are packed.
    packings: Vec<Packing>,
    /// Per input, the group of its segment.
    input_groups: Vec<usize>,
    /// Per packing, the group of its chunks' last entries.
    part_groups: Vec<usize>,
}

impl<'a> Plan<'a> {
    fn new(
        graph: &'a LayeredGraph,
        calibration: Calibration,
        codes: Codes,
    ) -> Result<Self, QuantiseError> {
        let inputs = graph.inputs.len();
        let packings = gather::packings(graph, codes)?;
        let plan = |(index, (layer, values)): (usize, (&FloatLayer, &Statistics))| {
            let is_output = graph
                .outputs
                .iter()
                .any(|port| port.tensor == inputs + index);
            if let Some(packing) = packings.iter().find(|packing| packing.layer == index) {
                return Some(packing.plan());
            }
            matches!(layer.scale, ScaleRule::Free | ScaleRule::Products { .. })
                .then(|| scale::plan(layer.activation, values, codes, is_output))
        };
        let layers = graph.layers.iter().zip(&calibration.pre);
        let free: Vec<Option<FreePlan>> = layers.enumerate().map(plan).collect();
        let mut groups = Group::all(&free, codes);
        let (mut input_scales, mut input_groups) = (Vec::new(), Vec::new());
        for (port, values) in graph.inputs.iter().zip(&calibration.inputs) {
            input_scales.push(match port.rows {
                Some(_) => 1.0,
                None => scale::input_scale(values, codes),
            });
            input_groups.push(match port.rows {
                // Fewer than 2^24 rows.
                Some(rows) => Group::add(&mut groups, Group::counting(rows as i32 - 1)),
                None => 0,
            });
        }
        let parts = packings.iter().map(Packing::largest_entry);
        let part_groups = parts
            .map(|last| Group::add(&mut groups, Group::counting(last)))
            .collect();
        Ok(Self {
            graph,
            codes,
            input_scales,
            groups,
            free,
            pre: calibration.pre,
            tables: Vec::new(),
            packings,
            input_groups,
            part_groups,
        })
    }

    /// The plan of a network that is quantised already: its tensors hold integers, of scale one.
    fn quantised(graph: &'a LayeredGraph, pre: Vec<Statistics>, codes: Codes) -> Self {
        let mut plan = Self {
            graph,
            codes,
            input_scales: alloc::vec![1.0; graph.inputs.len()],
            free: alloc::vec![None; graph.layers.len()],
            groups: Vec::new(),
            pre,
            tables: Vec::new(),
            packings: Vec::new(),
            input_groups: alloc::vec![0; graph.inputs.len()],
            part_groups: Vec::new(),
        };
        let mut tables = Vec::new();
        plan.groups = fixed::groups(&plan, &mut tables);
        plan.tables = tables;
        plan
    }
}

/// Quantises a layered graph. `samples` are typical inputs; at most [`MAX_CALIBRATION_SAMPLES`] of them are used (see [`samples_used`]),
/// the first ones.
///
/// # Errors
/// A [`QuantiseError`] when an option is out of range, there is no sample (a network that is quantised already needs none), or the network does
/// not fit.
pub fn quantise(
    graph: &LayeredGraph,
    samples: &[Sample],
    options: &QuantiseOptions,
) -> Result<ValidGraph, QuantiseError> {
    let (codes, log_rows) = options.checked()?;
    let (plan, candidates) = if fixed::is_quantised(graph) {
        if let Some(bits) = options.activation_bits {
            return Err(QuantiseError::Quantised { bits });
        }
        if options.tables == TableChoice::Large {
            return Err(QuantiseError::QuantisedTables);
        }
        fixed::check(graph)?;
        let pre = match samples {
            [] => Vec::new(),
            samples => Calibration::run(graph, samples)?.pre,
        };
        let candidates = fixed::candidates(graph, codes, log_rows)?;
        (Plan::quantised(graph, pre, codes), candidates)
    } else {
        let calibration = Calibration::run(graph, samples)?;
        let plan = Plan::new(graph, calibration, codes)?;
        let candidates = Candidate::all(&plan, (log_rows, options.tables))?;
        (plan, candidates)
    };
    let tables = Tables::choose(&plan, &candidates)?;
    let layers = graph.layers.iter().zip(&tables.resolved.layers).enumerate();
    let layers: Result<Vec<IntegerLayer>, QuantiseError> = layers
        .map(|(index, (layer, resolved))| integer_layer((&plan, &tables), (index, layer), resolved))
        .collect();
    let port = |port: &crate::layered::Port| integer::Port {
        tensor: port.tensor,
        name: port.onnx.name.clone(),
        shape: port.onnx.shape.clone(),
        layout: port.layout.clone(),
        scale: match port.codes {
            Some(codes) => codes.scale.into(),
            None => tables.resolved.scales[port.tensor],
        },
        conversion: match (port.codes, port.rows) {
            _ if port.tensor >= graph.inputs.len() => Conversion::HalfUp,
            (Some(codes), _) => codes.conversion(),
            (None, Some(rows)) => Conversion::Rows { rows },
            (None, None) => Conversion::HalfUp,
        },
    };
    let mut integer = IntegerGraph {
        inputs: graph.inputs.iter().map(port).collect(),
        input_segments: tables.resolved.input_segments.clone(),
        outputs: graph.outputs.iter().map(port).collect(),
        shift: tables.shifts.columns,
        log_rows: tables.log_rows,
        segments: tables.resolved.segments(&plan),
        large_tables: tables.large.into_iter().collect(),
        layers: layers?,
        post_processing: Vec::new(),
    };
    gather::expand(&mut integer, &plan.packings, &tables.resolved.part_segments);
    Ok(ValidGraph::new(integer)?)
}

fn integer_layer(
    (plan, tables): (&Plan<'_>, &Tables),
    (index, layer): (usize, &FloatLayer),
    resolved: &ResolvedLayer,
) -> Result<IntegerLayer, QuantiseError> {
    let graph = plan.graph;
    let scales = &tables.resolved.scales;
    let made = |terms, bias, shift| IntegerLayer {
        name: layer.name.clone(),
        operators: layer.operators.clone(),
        extent: layer.extent.clone(),
        terms,
        bias,
        shift,
        limb_bits: None,
        segment: resolved.segment,
        pre_scale: resolved.pre_scale,
        scale: scales[graph.inputs.len() + index],
        inner: false,
    };
    let shift = tables.shifts.of_layer(layer, plan.codes)?;
    if let Some(own) = fixed::requantisation(layer) {
        let (terms, bias) = fixed::integers(graph, (layer, own), shift)?;
        return Ok(made(terms, bias, shift));
    }
    // Accumulators are in units of the scale of `pre` over 2^shift of the layer.
    let unit = resolved.pre_scale / libm::exp2(f64::from(shift));
    let mut terms = Vec::with_capacity(layer.terms.len());
    for (number, term) in layer.terms.iter().enumerate() {
        let weights = match (&resolved.exact, &term.weights) {
            (Some(exact), Weights::Structural { channels, .. }) => Weights::Structural {
                channels: *channels,
                coefficient: exact.coefficients[number],
            },
            _ => {
                let source = &graph.extent(term.source);
                weights::hidden(layer, term, (source, unit / scales[term.source]))?
            }
        };
        terms.push(IntegerTerm {
            source: term.source,
            maps: term.maps.clone(),
            weights,
            exponent: 0,
        });
    }
    Ok(made(terms, weights::biases(layer, unit)?, shift))
}
