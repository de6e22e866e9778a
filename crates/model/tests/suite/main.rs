//! The model crate from outside: import, quantisation, inference and report, on built models and on the carried ones.

#[macro_use]
mod common;

mod archive;
mod conformance;
mod embeddings;
mod gather;
mod import_exporters;
mod import_file_errors;
mod import_node_errors;
mod import_old_forms;
mod import_operators;
mod import_patterns;
mod inference;
mod large_tables;
mod light;
mod limbs;
mod lowering;
mod models;
mod multiply;
mod networks;
mod never_panics;
mod program;
mod proved;
mod quantise;
mod quantised;
mod report;
