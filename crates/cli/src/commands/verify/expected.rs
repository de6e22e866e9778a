//! The output that a caller expects.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::Public;
use crate::commands::prove::argmax;
use crate::files;

/// Why a proof that holds is still not what was asked for.
pub(super) enum Mismatch {
    Hidden,
    Ambiguous,
    Unexpected,
}

/// The output that a caller expects.
pub(super) enum Expected {
    Integers {
        /// The output that is meant; the only one where this is left out.
        name: Option<String>,
        integers: Vec<i64>,
    },
    Class(usize),
}

impl Expected {
    pub(super) fn parse(text: &str) -> Result<Self> {
        if let Some(class) = text.strip_prefix("class=") {
            let class = class
                .parse()
                .with_context(|| format!("{class:?} is not the index of a class"))?;
            return Ok(Self::Class(class));
        }
        let json = if text.trim_start().starts_with(['[', '{']) {
            text.as_bytes().to_vec()
        } else {
            files::read(Path::new(text))?
        };
        let value: serde_json::Value =
            serde_json::from_slice(&json).context("--expect-output is neither class=N nor JSON")?;
        let (name, value) = match value {
            serde_json::Value::Object(map) if map.len() == 1 => {
                let (name, value) = map.into_iter().next().context("an object of one array")?;
                (Some(name), value)
            }
            value => (None, value),
        };
        let mut integers = Vec::new();
        flatten(&value, &mut integers)?;
        Ok(Self::Integers { name, integers })
    }

    pub(super) fn check(&self, public: &[Public]) -> Result<(), Mismatch> {
        let outputs: Vec<&Public> = public
            .iter()
            .filter(|tensor| tensor.role == "output")
            .collect();
        let named = |output: &&&Public| match self {
            Self::Integers {
                name: Some(name), ..
            } => output.name.as_ref() == Some(name),
            _ => true,
        };
        let meant: Vec<&&Public> = outputs.iter().filter(named).collect();
        let output = match (&outputs[..], &meant[..]) {
            ([], _) => return Err(Mismatch::Hidden),
            (_, []) => return Err(Mismatch::Unexpected),
            (_, [output]) => output,
            _ => return Err(Mismatch::Ambiguous),
        };
        let equal = match self {
            Self::Integers { integers, .. } => *integers == output.integers,
            Self::Class(class) => *class == argmax(&output.integers),
        };
        if equal {
            Ok(())
        } else {
            Err(Mismatch::Unexpected)
        }
    }
}

/// The integers of nested arrays.
fn flatten(value: &serde_json::Value, integers: &mut Vec<i64>) -> Result<()> {
    match value {
        serde_json::Value::Array(items) => {
            items.iter().try_for_each(|item| flatten(item, integers))
        }
        serde_json::Value::Number(number) => {
            integers.push(number.as_i64().with_context(|| {
                format!("{number} is not an integer; --expect-output takes the integers that `prove --json` prints")
            })?);
            Ok(())
        }
        _ => {
            bail!("--expect-output must be an array of integers, or an object with one such array")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integers(text: &str) -> Option<Vec<i64>> {
        match Expected::parse(text).ok()? {
            Expected::Integers { integers, .. } => Some(integers),
            Expected::Class(_) => None,
        }
    }

    #[test]
    fn expected_outputs_have_three_forms() {
        assert_eq!(integers("[[1, -2, 3]]"), Some(vec![1, -2, 3]));
        assert_eq!(integers("{\"logits\": [4]}"), Some(vec![4]));
        assert!(matches!(Expected::parse("class=7"), Ok(Expected::Class(7))));
        for wrong in ["[1.5]", "{\"a\": [1], \"b\": [2]}", "class=x", "[\"1\"]"] {
            assert!(Expected::parse(wrong).is_err(), "{wrong}");
        }
    }
}
