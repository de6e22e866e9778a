//! Accuracy of the integer network against the float network and against labels.

use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::integer::{Cell, InferenceError, Segment, ValidGraph};
use crate::layered::{LayeredError, LayeredGraph, ScaleRule};
use crate::quantise::Sample;

/// How the integer network does on some samples. Values out of range are saturated here, and counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Number of samples.
    pub samples: usize,
    /// Share of samples whose label is the float network's largest output; `None` without labels.
    pub float_accuracy: Option<f64>,
    /// The same for the integer network.
    pub integer_accuracy: Option<f64>,
    /// Share of samples on which both networks have their largest output in the same place.
    pub argmax_agreement: f64,
    /// Signal-to-noise ratio of the outputs against the float network in decibels, `None` when there is no noise or no signal.
    pub snr_db: Option<f64>,
    /// Samples in which no value had to be saturated to stay in its range: those that can be proved.
    pub provable: usize,
    /// Per layer.
    pub layers: Vec<LayerEvaluation>,
}

/// How one layer does on some samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerEvaluation {
    /// Smallest and largest `pre`.
    pub pre_seen: (i64, i64),
    /// Share of cells cut off by the ends of the codes; where a Clip has its own ends, those count too.
    pub saturated_share: f64,
    /// Signal-to-noise ratio of the layer's output against the float network in decibels, `None` when there is no noise or no signal.
    pub snr_db: Option<f64>,
}

/// The two networks or the samples do not belong together.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// There are no samples.
    #[error("there are no samples to evaluate on; pass at least one")]
    NoSamples,
    /// There is not one label per sample.
    #[error("there are {labels} labels for {samples} samples; pass one per sample or none at all")]
    Labels {
        /// Number of labels.
        labels: usize,
        /// Number of samples.
        samples: usize,
    },
    /// The networks have different layers.
    #[error(
        "the float network has {float} layers and the integer network {integer}; quantise this float network"
    )]
    Layers {
        /// Layers of the float network.
        float: usize,
        /// Layers of the integer network, without inner ones.
        integer: usize,
    },
    /// The float network cannot be evaluated.
    #[error(transparent)]
    Float(#[from] LayeredError),
    /// The integer network cannot be evaluated.
    #[error(transparent)]
    Inference(#[from] InferenceError),
}

/// Runs both networks on the samples. Labels are classes of the first output.
///
/// # Errors
/// When the networks, the samples and the labels do not fit together.
pub fn evaluate(
    float: &LayeredGraph,
    integer: &ValidGraph,
    samples: &[Sample],
    labels: Option<&[usize]>,
) -> Result<Evaluation, EvaluateError> {
    if samples.is_empty() {
        return Err(EvaluateError::NoSamples);
    }
    if let Some(labels) = labels.filter(|labels| labels.len() != samples.len()) {
        return Err(EvaluateError::Labels {
            labels: labels.len(),
            samples: samples.len(),
        });
    }
    let outer = integer.layers.iter().filter(|layer| !layer.inner).count();
    if float.layers.len() != outer {
        return Err(EvaluateError::Layers {
            float: float.layers.len(),
            integer: outer,
        });
    }
    let mut tally = Tally::new(integer.layers.len());
    for (index, sample) in samples.iter().enumerate() {
        let label = labels.and_then(|labels| labels.get(index).copied());
        tally.add((float, integer), sample, label)?;
    }
    let inner = integer.layers.iter().map(|layer| layer.inner);
    let mut evaluation = tally.evaluation(samples.len(), labels.is_some());
    let layers = evaluation.layers.into_iter().zip(inner);
    evaluation.layers = layers
        .filter_map(|(layer, inner)| (!inner).then_some(layer))
        .collect();
    Ok(evaluation)
}

/// Energy of a signal and of its error.
#[derive(Clone, Copy, Default)]
struct Energy {
    signal: f64,
    noise: f64,
}

impl Energy {
    fn add(&mut self, exact: f32, approximate: f64) {
        let exact = f64::from(exact);
        self.signal += exact * exact;
        self.noise += (exact - approximate) * (exact - approximate);
    }

    fn decibels(self) -> Option<f64> {
        (self.signal > 0.0 && self.noise > 0.0)
            .then(|| 10.0 * libm::log10(self.signal / self.noise))
    }
}

#[derive(Clone)]
struct LayerTally {
    pre_seen: Option<(i64, i64)>,
    saturated: u64,
    cells: u64,
    energy: Energy,
}

struct Tally {
    float_right: usize,
    integer_right: usize,
    agreements: usize,
    provable: usize,
    output: Energy,
    layers: Vec<LayerTally>,
}

impl Tally {
    fn new(layers: usize) -> Self {
        let layer = LayerTally {
            pre_seen: None,
            saturated: 0,
            cells: 0,
            energy: Energy::default(),
        };
        let layers = vec![layer; layers];
        Self {
            float_right: 0,
            integer_right: 0,
            agreements: 0,
            provable: 0,
            output: Energy::default(),
            layers,
        }
    }

    fn add(
        &mut self,
        (float, integer): (&LayeredGraph, &ValidGraph),
        sample: &[Vec<f32>],
        label: Option<usize>,
    ) -> Result<(), EvaluateError> {
        let exact = float.evaluate(sample)?;
        let run = integer.infer_saturating(sample)?;
        let (real, codes) = (float.outputs(&exact), integer.outputs(&run.trace)?);
        for (port, (real, codes)) in integer.outputs.iter().zip(real.iter().zip(&codes)) {
            for (&exact, &code) in real.iter().zip(codes) {
                // As whoever reads the output has it.
                self.output
                    .add(exact, f64::from((code as f64 * port.scale) as f32));
            }
        }
        let float_class = real.first().and_then(|values| first_largest(values));
        let integer_class = codes.first().and_then(|values| first_largest(values));
        self.agreements += usize::from(float_class == integer_class);
        self.float_right += usize::from(float_class == label);
        self.integer_right += usize::from(integer_class == label);
        self.provable += usize::from(run.saturated.iter().all(|&count| count == 0));
        let inputs = integer.inputs.len();
        let mut real = float.layers.iter().zip(exact.iter().skip(inputs));
        let tensors = run.trace.tensors.iter().skip(inputs);
        for ((tally, layer), cells) in self.layers.iter_mut().zip(&integer.layers).zip(tensors) {
            tally.add(cells, integer.segments.get(layer.segment));
            // Inner layers are none of the float network's.
            let counterpart = if layer.inner { None } else { real.next() };
            match counterpart {
                // Of a quarter square, only the part that the difference with the other one leaves has a real value.
                Some((float, values))
                    if !matches!(float.scale, ScaleRule::QuarterSquare { .. }) =>
                {
                    tally.compare(cells, &values.out, layer.scale);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn evaluation(self, samples: usize, labelled: bool) -> Evaluation {
        let share = |count: usize| count as f64 / samples as f64;
        Evaluation {
            samples,
            float_accuracy: labelled.then(|| share(self.float_right)),
            integer_accuracy: labelled.then(|| share(self.integer_right)),
            argmax_agreement: share(self.agreements),
            snr_db: self.output.decibels(),
            provable: self.provable,
            layers: self.layers.iter().map(LayerTally::evaluation).collect(),
        }
    }
}

impl LayerTally {
    fn compare(&mut self, cells: &[Cell], exact: &[f32], scale: f64) {
        for (cell, &exact) in cells.iter().zip(exact) {
            self.energy.add(exact, cell.out as f64 * scale);
        }
    }

    fn add(&mut self, cells: &[Cell], segment: Option<&Segment>) {
        let ends = segment
            .and_then(Segment::output_range)
            .unwrap_or((i64::MIN, i64::MAX));
        let is_clamp = segment.is_some_and(|segment| {
            matches!(segment.function, crate::integer::Function::Clamp { .. })
        });
        for cell in cells {
            let (low, high) = self.pre_seen.unwrap_or((cell.pre, cell.pre));
            self.pre_seen = Some((low.min(cell.pre), high.max(cell.pre)));
            // Where zero is the lower end, what is below it was meant to be cut off.
            let cut = is_clamp && (cell.pre > ends.1 || (cell.pre < ends.0 && ends.0 != 0));
            self.saturated += u64::from(cut);
        }
        self.cells += cells.len() as u64;
    }

    fn evaluation(&self) -> LayerEvaluation {
        LayerEvaluation {
            pre_seen: self.pre_seen.unwrap_or((0, 0)),
            saturated_share: self.saturated as f64 / self.cells.max(1) as f64,
            snr_db: self.energy.decibels(),
        }
    }
}

/// Index of the first of the largest values, as ArgMax has it.
fn first_largest<T: PartialOrd>(values: &[T]) -> Option<usize> {
    let mut best: Option<(usize, &T)> = None;
    for (index, value) in values.iter().enumerate() {
        if best.is_none_or(|(_, largest)| value > largest) {
            best = Some((index, value));
        }
    }
    best.map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_several_largest_counts() {
        assert_eq!(first_largest(&[1, 3, 3, 2]), Some(1));
        assert_eq!(first_largest::<i64>(&[]), None);
    }

    #[test]
    fn decibels() {
        let energy = Energy {
            signal: 100.0,
            noise: 1.0,
        };
        assert_eq!(energy.decibels(), Some(20.0));
        assert_eq!(
            Energy {
                signal: 1.0,
                noise: 0.0
            }
            .decibels(),
            None
        );
    }
}
