//! `tensorseal inspect`.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tensorseal_model::program::Description;
use tensorseal_model::report::CompileReport;
use tensorseal_protocol::bundle::{BundleFront, BundleHeader};
use tensorseal_protocol::cq::CachedTable;
use tensorseal_protocol::encoding::FileKind;
use tensorseal_protocol::srs::Srs;
use tensorseal_protocol::{Opening, OpeningSecret, Proof, ProvingKey, VerifyingKey};

use super::compile::{REPORT, VERIFYING_KEY};
use crate::args::InspectArguments;
use crate::files::{self, Audience};
use crate::terminal::{Progress, print_json, say, short_list};
use crate::{Outcome, report};

pub(crate) fn run(arguments: &InspectArguments) -> Result<Outcome> {
    let path = &arguments.file;
    let folder = path.is_dir();
    let key = path.join(VERIFYING_KEY);
    let file = if folder { &key } else { path };
    let facts = inspect(&files::read(file)?).with_context(|| format!("in {}", file.display()))?;
    let report = if folder { stored(path)? } else { None };
    if let Some(page) = &arguments.html {
        let report = report.as_ref().with_context(|| {
            format!(
                "{} is no folder with a {REPORT}, which --html shows; name the folder that `compile` wrote",
                path.display()
            )
        })?;
        files::write(page, report::page(report).as_bytes(), Audience::Owner)?;
    }
    if arguments.json {
        let mut facts = facts;
        if let Some(report) = &report {
            facts["report"] = serde_json::to_value(report)?;
        }
        print_json(&facts)?;
        return Ok(Outcome::Good);
    }
    print(&facts, 0)?;
    if let Some(report) = &report {
        report::print(report)?;
    }
    Ok(Outcome::Good)
}

/// The report in a model's folder, if it is there.
fn stored(folder: &Path) -> Result<Option<CompileReport>> {
    let path = folder.join(REPORT);
    if !path.exists() {
        return Ok(None);
    }
    let report = serde_json::from_slice(&files::read(&path)?);
    let report = report.with_context(|| format!("{} is no report", path.display()))?;
    Ok(Some(report))
}

fn inspect(bytes: &[u8]) -> Result<Value> {
    if bytes.starts_with(b"ptau") {
        let _progress = Progress::spinner("checking the powers of tau");
        let (srs, file) = Srs::from_ptau(bytes, None)?;
        let mut facts = setup(&srs, bytes.len());
        facts["kind"] = json!("snarkjs powers of tau");
        facts["published file"] = json!(file.map(|file| file.name.to_string()));
        return Ok(facts);
    }
    match FileKind::of(bytes) {
        Some(FileKind::Setup) => Ok(setup(&Srs::from_bytes(bytes)?, bytes.len())),
        Some(FileKind::VerifyingKey) => Ok(verifying_key(
            &VerifyingKey::from_bytes(bytes)?,
            bytes.len(),
        )),
        Some(FileKind::ProvingKey) => proving_key(bytes),
        Some(FileKind::Proof | FileKind::BatchProof) => {
            Ok(proof(&Proof::from_bytes(bytes)?, bytes))
        }
        Some(FileKind::Opening) => Ok(opening(&Opening::from_bytes(bytes)?, bytes.len())),
        Some(FileKind::OpeningSecret) => secret(bytes),
        Some(FileKind::Bundle) => bundle(bytes),
        Some(FileKind::CachedTable) => {
            Ok(cached_table(&CachedTable::from_bytes(bytes)?, bytes.len()))
        }
        _ => bail!(
            "this is none of tensorseal's files (setup, key, cached table, proof, opening, bundle) and no .ptau file"
        ),
    }
}

fn setup(srs: &Srs, bytes: usize) -> Value {
    json!({
        "kind": "setup",
        "bytes": bytes,
        "setup": srs.setup().origin().name(),
        "digest": srs.setup().digest().to_string(),
        "powers": srs.powers().len(),
        "powers in G2": srs.powers_g2().len(),
    })
}

fn verifying_key(key: &VerifyingKey, bytes: usize) -> Value {
    let program = key.program();
    let description = Description::from_bytes(key.annotation());
    let large = program.large_tables().iter();
    let large: Vec<Value> = large
        .map(|table| {
            json!({ "rows": table.rows(), "segments": table.segments.len(), "hidden": table.hidden })
        })
        .collect();
    json!({
        "kind": "verifying key",
        "bytes": bytes,
        "model": key.digest().to_string(),
        "setup": key.setup().origin().name(),
        "setup digest": key.setup().digest().to_string(),
        "rows": program.rows(),
        "columns": program.columns().count(),
        "weight matrix": [program.weight_rows(), program.weight_columns()],
        "shift": program.shift(),
        "table rows": program.table().len(),
        "table segments": program.table().segments.len(),
        "large tables": large,
        "can be public": { "inputs": program.inputs(), "outputs": program.outputs() },
        "semantics": description.as_ref().map(|own| own.semantics().name()),
        "description": description,
    })
}

fn cached_table(table: &CachedTable, bytes: usize) -> Value {
    json!({
        "kind": "cached points of a large table",
        "bytes": bytes,
        "content": table.name().to_string(),
        "table rows": 1u64 << table.log_rows(),
        "rows here": table.len(),
    })
}

fn proving_key(bytes: &[u8]) -> Result<Value> {
    let key = ProvingKey::from_bytes(bytes)?;
    let verifying = key.verifying();
    let mut facts = verifying_key(verifying, bytes.len());
    facts["kind"] = json!("proving key (secret: it holds the weights)");
    facts["verifying key bytes"] = json!(verifying.to_bytes().len());
    Ok(facts)
}

fn opening(opening: &Opening, bytes: usize) -> Value {
    json!({
        "kind": "opening (what it says is claimed, not checked: use verify)",
        "bytes": bytes,
        "model": opening.model().to_string(),
        "proof": opening.proof().to_string(),
        "tensor": opening.tensor(),
        "inference": opening.inference(),
        "values": opening.values(),
    })
}

/// Nothing of what is secret.
fn secret(bytes: &[u8]) -> Result<Value> {
    let secret = OpeningSecret::from_bytes(bytes)?;
    Ok(json!({
        "kind": "opening secret (keep it: it opens what is committed)",
        "bytes": bytes.len(),
        "model": secret.key().digest().to_string(),
        "committed": secret.committed(),
        "inferences": secret.inferences(),
        "powers": secret.powers(),
    }))
}

fn bundle(bytes: &[u8]) -> Result<Value> {
    let header = BundleHeader::from_bytes(bytes)?;
    let end = header.front_bytes().min(bytes.len());
    let front = BundleFront::from_bytes(&bytes[..end])?;
    front.check_length(bytes.len() as u64)?;
    let key = VerifyingKey::from_bytes(front.key())?;
    Ok(json!({
        "kind": "bundle (what it says is claimed, not checked: use verify)",
        "bytes": bytes.len(),
        "digest": front.digest().to_string(),
        "model": key.digest().to_string(),
        "proofs": front.entries().len(),
        "inferences": front.inferences(),
    }))
}

fn proof(proof: &Proof, bytes: &[u8]) -> Value {
    let public: Vec<Value> = proof
        .public()
        .iter()
        .map(|public| json!({ "tensor": public.tensor(), "values": public.values() }))
        .collect();
    json!({
        "kind": "proof (what it says is claimed, not checked: use verify)",
        "bytes": bytes.len(),
        "digest": Proof::digest_of(bytes).to_string(),
        "proof bytes": proof.argument().len(),
        "model": proof.model().to_string(),
        "inferences": proof.inferences().unwrap_or(1),
        "public": public,
        "committed": proof.arrangement().committed,
    })
}

/// Facts as indented lines.
fn print(facts: &Value, depth: usize) -> Result<()> {
    let Value::Object(facts) = facts else {
        return Ok(());
    };
    let pad = "  ".repeat(depth);
    for (name, fact) in facts {
        match fact {
            Value::Object(_) => {
                say!("{pad}{name}:");
                print(fact, depth + 1)?;
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                say!("{pad}{name}:");
                for item in items {
                    print(item, depth + 1)?;
                }
            }
            Value::Array(items) if items.iter().all(Value::is_i64) => {
                let integers: Vec<i64> = items.iter().filter_map(Value::as_i64).collect();
                say!("{pad}{name}: {}", short_list(&integers));
            }
            // A file's own words may hold control characters, which a terminal would obey.
            Value::String(text) => say!("{pad}{name}: {}", text.escape_debug()),
            Value::Null => say!("{pad}{name}: none"),
            other => say!("{pad}{name}: {other}"),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn arbitrary_files_are_no_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..400), kind in 0usize..9) {
            if let Some(kind) = FileKind::ALL.get(kind) {
                let mut marked = kind.magic().to_vec();
                marked.extend([1, 0]);
                marked.append(&mut bytes);
                bytes = marked;
            }
            let kind = FileKind::of(&bytes);
            let claims = matches!(kind, Some(FileKind::Proof | FileKind::BatchProof | FileKind::Opening));
            prop_assert!(inspect(&bytes).is_err() || claims);
        }
    }
}
