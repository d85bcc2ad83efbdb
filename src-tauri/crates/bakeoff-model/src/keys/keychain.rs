//! The operating system's keychain. On Linux the secret service over D-Bus; macOS and Windows have their seam here
//! (`platform_store`) and fall back to environment variables and session memory until somebody can test them.
//!
//! A keychain may ask the user to unlock it, or never answer: every call runs on a thread of its own with a time limit.

use super::Secret;
use super::store::{SecretStore, SecretStoreError};
use keyring_core::api::CredentialStoreApi;
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// Under which service the keys are kept.
const SERVICE: &str = "bakeoff";
/// How long a keychain may take.
const PATIENCE: Duration = Duration::from_secs(3);

type Store = Arc<dyn CredentialStoreApi + Send + Sync>;

/// Opens the keychain; waits for it for at most 3 seconds.
///
/// # Errors
/// There is none (no D-Bus session, no secret service), or it does not answer; with what to do instead.
pub fn open_keychain() -> Result<Arc<dyn SecretStore>, SecretStoreError> {
    let store = within(PATIENCE, platform_store)?;
    Ok(Arc::new(Keychain { store, patience: PATIENCE }))
}

#[cfg(target_os = "linux")]
fn platform_store() -> Result<Store, SecretStoreError> {
    match zbus_secret_service_keyring_store::Store::new() {
        Ok(store) => Ok(store),
        Err(error) => Err(problem("no keychain was found", &error)),
    }
}

#[cfg(not(target_os = "linux"))]
fn platform_store() -> Result<Store, SecretStoreError> {
    Err(SecretStoreError::new(format!("keychains of this system are not supported yet; {ADVICE}")))
}

const ADVICE: &str =
    "set the key as an environment variable, or type it in: then it is kept until Bakeoff ends";

fn problem(what: &str, error: &keyring_core::Error) -> SecretStoreError {
    // Errors about bad data carry the data itself: name the kind only.
    let reason = match error {
        keyring_core::Error::BadEncoding(_) => "the entry is not text".to_owned(),
        keyring_core::Error::BadDataFormat(..) => "the entry has another format".to_owned(),
        other => other.to_string(),
    };
    SecretStoreError::new(format!("{what} ({reason}); {ADVICE}"))
}

struct Keychain {
    store: Store,
    patience: Duration,
}

impl Keychain {
    /// Runs one call on an entry in time.
    fn with_entry<T: Send + 'static>(
        &self,
        name: &str,
        call: impl FnOnce(&keyring_core::Entry) -> keyring_core::Result<T> + Send + 'static,
    ) -> Result<T, SecretStoreError> {
        let (store, name) = (Arc::clone(&self.store), name.to_owned());
        within(self.patience, move || {
            let entry = store.build(SERVICE, &name, None);
            entry.and_then(|entry| call(&entry)).map_err(|error| problem("the keychain refused", &error))
        })
    }
}

impl SecretStore for Keychain {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretStoreError> {
        self.with_entry(name, |entry| match entry.get_password() {
            Ok(key) => Ok(Some(Secret::new(&key))),
            Err(keyring_core::Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        })
    }

    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretStoreError> {
        let secret = secret.clone();
        self.with_entry(name, move |entry| entry.set_password(secret.expose()))
    }

    fn delete(&self, name: &str) -> Result<(), SecretStoreError> {
        self.with_entry(name, |entry| match entry.delete_credential() {
            Ok(()) | Err(keyring_core::Error::NoEntry) => Ok(()),
            Err(error) => Err(error),
        })
    }
}

/// Runs `call` on a thread of its own; gives up waiting after `patience` (the thread then ends by itself).
fn within<T: Send + 'static>(
    patience: Duration,
    call: impl FnOnce() -> Result<T, SecretStoreError> + Send + 'static,
) -> Result<T, SecretStoreError> {
    let (answer, answered) = mpsc::channel();
    let spawned = std::thread::Builder::new().name("keychain".to_owned()).spawn(move || {
        // Nobody waits any more when the patience is over; the answer may then go nowhere.
        let _ = answer.send(call());
    });
    spawned.map_err(|error| {
        SecretStoreError::new(format!("failed to start a thread for the keychain: {error}"))
    })?;
    let late =
        |_| SecretStoreError::new(format!("the keychain did not answer within {patience:?}; {ADVICE}"));
    answered.recv_timeout(patience).map_err(late)?
}

#[cfg(test)]
#[path = "keychain_tests.rs"]
mod tests;
