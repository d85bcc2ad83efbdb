//! Keys of the providers: from the user's session, the operating system's keychain, or environment variables. Never
//! written to a file, a log or a message.

mod keychain;
mod secret;
mod store;

pub use keychain::open_keychain;
pub use secret::Secret;
pub use store::{SecretStore, SecretStoreError};

use bakeoff_core::variant::Provider;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where a key comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySource {
    /// The operating system's keychain.
    Keychain,
    /// An environment variable.
    Environment,
    /// Typed in, kept until the program ends.
    Session,
    /// There is none.
    Missing,
    /// The provider needs none.
    NotNeeded,
}

/// Environment variables that are looked at, the first one that is set counts.
pub fn variables(provider: Provider) -> &'static [&'static str] {
    match provider {
        Provider::Anthropic => &["ANTHROPIC_API_KEY"],
        Provider::Openai => &["OPENAI_API_KEY"],
        Provider::Gemini => &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        Provider::OpenaiCompatible => &["OPENAI_COMPATIBLE_API_KEY"],
        Provider::Builtin | Provider::Ollama => &[],
    }
}

type Environment = dyn Fn(&str) -> Option<String> + Send + Sync;

/// All keys of this program. Looked up in this order: typed in for this session, keychain, environment.
pub struct Keys {
    keychain: Result<Arc<dyn SecretStore>, SecretStoreError>,
    environment: Box<Environment>,
    session: Mutex<HashMap<String, Secret>>,
    /// What the keychain said, so that it is asked once a name and not once a call.
    known: Mutex<HashMap<String, Option<Secret>>>,
    problem: Mutex<Option<String>>,
}

impl Keys {
    /// Keys from this keychain and this environment.
    pub fn new(
        keychain: Result<Arc<dyn SecretStore>, SecretStoreError>,
        environment: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let problem = keychain.as_ref().err().map(ToString::to_string);
        Self {
            keychain,
            environment: Box::new(environment),
            session: Mutex::default(),
            known: Mutex::default(),
            problem: Mutex::new(problem),
        }
    }

    /// Keys from the system's keychain and the process's environment. Waits for the keychain for at most 3 seconds.
    pub fn of_this_system() -> Self {
        Self::new(open_keychain(), |name| std::env::var(name).ok())
    }

    /// The key of a provider.
    pub fn get(&self, provider: Provider) -> Option<Secret> {
        let typed = lock(&self.session).get(provider.name()).cloned();
        typed.or_else(|| self.in_keychain(provider.name())).or_else(|| self.in_environment(provider))
    }

    /// Where a provider's key comes from.
    pub fn source(&self, provider: Provider) -> KeySource {
        if matches!(provider, Provider::Builtin | Provider::Ollama) {
            KeySource::NotNeeded
        } else if lock(&self.session).contains_key(provider.name()) {
            KeySource::Session
        } else if self.in_keychain(provider.name()).is_some() {
            KeySource::Keychain
        } else if self.in_environment(provider).is_some() {
            KeySource::Environment
        } else if provider == Provider::OpenaiCompatible {
            KeySource::NotNeeded
        } else {
            KeySource::Missing
        }
    }

    /// Keeps a key in the keychain; where there is none, in memory until the program ends. An empty key is refused.
    /// Blocks for as long as the keychain takes, at most 3 seconds.
    ///
    /// # Errors
    /// The key is empty or has characters that no HTTP header can carry.
    pub fn set(&self, provider: Provider, key: &str) -> Result<KeySource, SecretStoreError> {
        let key = key.trim();
        if key.is_empty() || !key.chars().all(|c| c.is_ascii_graphic()) {
            return Err(SecretStoreError::unusable_key(provider));
        }
        Ok(self.keep(provider.name(), Secret::new(key)))
    }

    /// A secret of this program itself, such as the token of its HTTP API, and where it comes from: the environment
    /// variable before this session and the keychain, so that whoever starts the program has the last word.
    pub fn own(&self, name: &str, variable: &str) -> Option<(Secret, KeySource)> {
        let set = (self.environment)(variable).map(|value| value.trim().to_owned());
        if let Some(value) = set.filter(|value| !value.is_empty()) {
            return Some((Secret::new(&value), KeySource::Environment));
        }
        if let Some(kept) = lock(&self.session).get(name).cloned() {
            return Some((kept, KeySource::Session));
        }
        self.in_keychain(name).map(|kept| (kept, KeySource::Keychain))
    }

    /// Keeps a secret of this program itself in the keychain; where there is none, in memory until the program ends.
    pub fn keep_own(&self, name: &str, secret: Secret) -> KeySource {
        self.keep(name, secret)
    }

    fn keep(&self, name: &str, secret: Secret) -> KeySource {
        let stored = match &self.keychain {
            Ok(keychain) => keychain.set(name, &secret),
            Err(problem) => Err(problem.clone()),
        };
        match stored {
            Ok(()) => {
                lock(&self.session).remove(name);
                lock(&self.known).insert(name.to_owned(), Some(secret));
                KeySource::Keychain
            }
            Err(problem) => {
                *lock(&self.problem) = Some(problem.to_string());
                lock(&self.session).insert(name.to_owned(), secret);
                KeySource::Session
            }
        }
    }

    /// Forgets a key, in memory and in the keychain. An environment variable stays; the result tells what is left.
    ///
    /// # Errors
    /// The keychain has the key and does not give it up.
    pub fn delete(&self, provider: Provider) -> Result<KeySource, SecretStoreError> {
        lock(&self.session).remove(provider.name());
        if let Ok(keychain) = &self.keychain {
            keychain.delete(provider.name())?;
            lock(&self.known).insert(provider.name().to_owned(), None);
        }
        Ok(self.source(provider))
    }

    /// Why keys can't be kept in the keychain, for people; `None` while it works.
    pub fn keychain_problem(&self) -> Option<String> {
        lock(&self.problem).clone()
    }

    fn in_keychain(&self, name: &str) -> Option<Secret> {
        let keychain = self.keychain.as_ref().ok()?;
        if let Some(known) = lock(&self.known).get(name) {
            return known.clone();
        }
        let found = keychain.get(name);
        if let Err(problem) = &found {
            *lock(&self.problem) = Some(problem.to_string());
        }
        let found = found.unwrap_or_default();
        lock(&self.known).insert(name.to_owned(), found.clone());
        found
    }

    fn in_environment(&self, provider: Provider) -> Option<Secret> {
        let set = variables(provider).iter().filter_map(|name| (self.environment)(name));
        set.map(|value| value.trim().to_owned())
            .find(|value| !value.is_empty())
            .map(|value| Secret::new(&value))
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("keychain_problem", &self.keychain_problem()).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
