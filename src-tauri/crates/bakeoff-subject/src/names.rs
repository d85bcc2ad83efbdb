//! Names of instances: unique, and telling an agent nothing.

use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A name for a new instance, such as `db-5f3a91c2`. It differs from that of every other instance on this machine.
pub(crate) fn instance(seed: u64) -> String {
    let number = u64::from(NEXT.fetch_add(1, Ordering::Relaxed));
    let mixed = (seed ^ (u64::from(std::process::id()) << 32) ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    format!("db-{:08x}{number:x}", mixed >> 32)
}
