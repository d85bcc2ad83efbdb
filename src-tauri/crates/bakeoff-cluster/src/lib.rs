//! A real small replicated database that needs nothing but this program: what campaigns with faults are tried on when
//! there is no Docker.
//!
//! ```text
//! controller (Cluster) ─ JSON lines over a pipe ─▶ host process ─ owns ─▶ links (TCP proxies) and node processes
//! client ─ link ─▶ node n1 ─ link ─▶ node n2 …       every ordered pair of nodes has a link of its own
//! ```
//!
//! A host process and its nodes live only as long as the program that controls them: the host ends with its pipe, the
//! nodes end with the host, and [`sweep`] finds what a machine's crash has left. Nothing here knows of trials,
//! campaigns or why a link is disturbed.

mod controller;
mod files;
mod host;
mod instance;
mod link;
mod node;
mod options;
mod process;
mod protocol;
mod ready;
mod sweep;

pub use controller::Cluster;
pub use host::host_main;
pub use node::node_main;
pub use options::{ClusterError, ClusterOptions};
pub use process::leave_session;
pub use protocol::{
    DiskUse, Endpoint, FileEntry, Fill, LinkMode, LinkState, NodeState, NodeStatus, Party, RestartPolicy,
    Status, Written,
};
pub use sweep::{Leftover, sweep};
