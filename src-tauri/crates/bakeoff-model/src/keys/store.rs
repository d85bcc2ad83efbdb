//! Where secrets are kept, as a small port with a keychain and, in tests, a mock behind it.

use super::Secret;
use bakeoff_core::variant::Provider;

/// Why a secret could not be read or kept. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SecretStoreError(String);

impl SecretStoreError {
    /// An error with this text for people.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// For a key that can't be one.
    pub(super) fn unusable_key(provider: Provider) -> Self {
        Self(format!(
            "this is no key for {}: it is empty or has spaces or other characters that keys don't have; copy it again",
            provider.name()
        ))
    }
}

/// A place for secrets by name. Calls may block.
pub trait SecretStore: Send + Sync {
    /// The secret of this name, if there is one.
    ///
    /// # Errors
    /// The store can't be read.
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretStoreError>;

    /// Keeps a secret; replaces an earlier one.
    ///
    /// # Errors
    /// The store can't be written.
    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretStoreError>;

    /// Forgets a secret; one that is not there is no error.
    ///
    /// # Errors
    /// The store can't be written.
    fn delete(&self, name: &str) -> Result<(), SecretStoreError>;
}
