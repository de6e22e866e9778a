//! Tests across the crates; they stand in the folder `tests` beside this file, their files in `vectors` and `fixtures`.
