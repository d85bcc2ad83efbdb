//! Content hashes: the identity of variants, cases and campaign definitions.

use sha2::{Digest, Sha256};

/// SHA-256 of `bytes` as 64 lower-case hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        use std::fmt::Write;
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The hash of a value's canonical JSON (its serde form, fields in declaration order).
pub fn content_hash<T: serde::Serialize>(value: &T) -> String {
    // A checked value has only string keys and finite numbers, so it always has a JSON form.
    sha256_hex(&serde_json::to_vec(value).unwrap_or_default())
}
