//! One module for each subcommand.

pub(crate) mod bench;
pub(crate) mod compile;
pub(crate) mod demo;
pub(crate) mod inspect;
pub(crate) mod open;
pub(crate) mod preprocess;
pub(crate) mod prove;
pub(crate) mod publish;
pub(crate) mod setup;
pub(crate) mod verify;
