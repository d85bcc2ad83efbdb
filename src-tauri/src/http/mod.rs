//! The opt-in local HTTP API: a thin shell over the same service as the window and the command line. Off unless somebody
//! starts it with [`start`]; only this machine reaches it unless another address is named; every call but `/health` and
//! the documentation needs the token.
//!
//! ```text
//! socket ─ server (connections, time for headers) ─ guard (Host, Origin, token, size, time) ─ routes ─ Service (blocking)
//! ```
//! It never reads or writes a file by itself, and it never answers a page of another origin.

mod abtests;
mod abtests_view;
mod answer;
mod body;
mod compare_view;
mod docs;
mod error;
mod events;
mod guard;
mod optimization;
mod queue;
mod routes;
mod server;
mod state;
mod token;

pub use server::{Limits, Options, Server, start};
pub use state::OpenWorkspace;
pub use token::Token;
