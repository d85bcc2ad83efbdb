//! Bakeoff's two shells over the application service: the window and the command line.

#[cfg(feature = "desktop")]
pub mod app;
pub mod cli;

/// What the names of folders begin with that are made for one look and removed after it.
pub const FLEETING: &str = "bakeoff-viewer-";
