//! The one place that knows the YAML crates: bounded reading, positions of values, and replacing values without
//! touching any other byte.

mod block;
mod document;
pub mod edit;
mod events;
mod lines;
mod lookup;
mod path;
mod scalar;
mod syntax;
mod tree;
mod value;

pub use document::{Document, read};
pub use path::{parse_path, path_text};

use crate::diagnostic::Position;

/// The largest file that is read, in bytes.
pub const MAX_BYTES: usize = 8 << 20;
/// How deep collections may be nested, aliases followed.
pub const MAX_DEPTH: usize = 100;
/// How many values (keys counted too) a file may have before aliases are followed.
pub const MAX_VALUES: usize = 1_000_000;
/// How many bytes aliases may stand for in one document.
pub const MAX_ALIAS_BYTES: usize = 8 << 20;

/// What libyaml makes of `!!` before the names of YAML's own tags.
const TAG_PREFIX: &str = "tag:yaml.org,2002:";

/// One step of a path into a document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// A key of a mapping.
    Key(String),
    /// An item of a sequence, from 0.
    Index(usize),
}

/// Where something stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Just past the last byte.
    pub end: usize,
    /// Place of the first character.
    pub from: Position,
    /// Place just past the last character.
    pub to: Position,
}
