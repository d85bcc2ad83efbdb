//! Subjects that are Docker containers.
//!
//! One trial has one [`Project`](project::Project): its networks, volumes and containers, which nothing else shares and
//! which carry the labels of [`labels`]. Faults ([`fault`]) act on it from outside, through the Docker API and through
//! short-lived sidecars; every fault says beforehand how it is undone, as data. What a killed program leaves behind,
//! [`sweep`] removes.
//!
//! Never: a host mount, a fixed host port, a fault in a container's own file system, a name that tells an agent inside
//! what is going on.

pub mod capability;
pub mod compose;
pub mod container;
pub mod engine;
pub mod error;
pub mod etcd;
pub mod exec;
pub mod fault;
pub mod instance;
pub mod labels;
pub mod pd;
pub mod project;
pub mod shell;
pub mod sidecar;
pub mod sweep;
pub mod warden;
pub mod watch;

pub use engine::Engine;
pub use error::DockerError;
