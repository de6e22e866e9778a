//! The finished parts of a preprocessing, with which one that was interrupted goes on.

use std::fs;
use std::path::{Path, PathBuf};

use tensorseal_protocol::cq::{Checkpoints, Part, PlacedTable};
use tensorseal_protocol::curve::G1Affine;
use tensorseal_protocol::digest::{Digest32, Hasher};

use crate::files::{self, Audience};
use crate::points;

/// The finished parts of a preprocessing as files.
pub(super) struct Parts<'a> {
    folder: &'a Path,
    name: Digest32,
    /// Names what all tables of one size under one setup share.
    size: Digest32,
}

impl<'a> Parts<'a> {
    /// Those of a table.
    pub(super) fn new(folder: &'a Path, place: &PlacedTable<'_>) -> Self {
        Self {
            folder,
            name: place.name(),
            size: Hasher::new("tensorseal parts of all tables")
                .part(&place.setup().0)
                .part(&place.contents().log_rows.to_le_bytes())
                .finish(),
        }
    }

    fn path(&self, part: Part) -> PathBuf {
        self.folder.join(match part {
            Part::Lagrange => format!("{}.lagrange", self.size),
            Part::Shared => format!("{}.shared", self.size),
            Part::Counting => format!("{}.counting", self.size),
            Part::Column(column) => format!("{}.column{column}", self.name),
        })
    }

    /// Deletes the parts of this table; those of its size stay for others. What cannot be deleted is in nobody's way.
    pub(super) fn forget(&self) {
        for column in 0..3 {
            let _ = fs::remove_file(self.path(Part::Column(column)));
        }
    }

    /// Deletes all parts that this table was made of.
    pub(super) fn forget_all(&self) {
        self.forget();
        for part in [Part::Lagrange, Part::Shared, Part::Counting] {
            let _ = fs::remove_file(self.path(part));
        }
    }
}

impl Checkpoints for Parts<'_> {
    fn load(&mut self, part: Part) -> Option<Vec<G1Affine>> {
        let bytes = fs::read(self.path(part)).ok()?;
        points::decode(&bytes, Hasher::new(PART))
    }

    fn store(&mut self, part: Part, points: &[G1Affine]) {
        // A part that cannot be kept is computed again, should it come to that; the table itself is told of.
        let bytes = points::encode(points, Hasher::new(PART));
        let _ = files::write(&self.path(part), &bytes, Audience::Owner);
    }
}

/// What the digest of a part binds besides its points.
pub(super) const PART: &str = "tensorseal part of a table";
