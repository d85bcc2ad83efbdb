//! The node role: one member of a small replicated key-value database named ledger.
//!
//! A node whose disk is full does what etcd does: the write fails, the node takes no further part in the cluster and
//! says so (`/health`, its log), the others go on. Its process stays so that it can be asked. After space was freed it
//! is started again, and everything that it had acknowledged is still there.
//!
//! A node that finds an empty data folder asks the others: as long as they count on it as a member it refuses to run,
//! because it would break the promises that it made before its data was lost. Removed and added again it is given the
//! data by the leader.

mod api;
mod config;
mod data;
mod disk;
mod forward;
pub(crate) mod journal;
mod log_store;
mod machine;
mod members;
mod metrics;
mod peers;
mod server;
mod start;
mod types;
mod watch;

pub(crate) use config::NodeConfig;
pub(crate) use peers::{chain, client};
pub(crate) use start::LISTENING;
pub use start::node_main;
