//! Bakeoff's shells over the application service: the window, the command line, and the local HTTP API, which the other
//! two start.

#[cfg(feature = "desktop")]
pub mod app;
pub mod cli;
pub mod http;

/// What the names of folders begin with that are made for one look and removed after it.
pub const FLEETING: &str = "bakeoff-viewer-";
