//! Which key counts, and what happens without a keychain.

use super::*;

#[derive(Default)]
struct Memory(Mutex<HashMap<String, Secret>>, Mutex<u32>);

impl SecretStore for Memory {
    fn get(&self, name: &str) -> Result<Option<Secret>, SecretStoreError> {
        *lock(&self.1) += 1;
        Ok(lock(&self.0).get(name).cloned())
    }
    fn set(&self, name: &str, secret: &Secret) -> Result<(), SecretStoreError> {
        lock(&self.0).insert(name.to_owned(), secret.clone());
        Ok(())
    }
    fn delete(&self, name: &str) -> Result<(), SecretStoreError> {
        lock(&self.0).remove(name);
        Ok(())
    }
}

fn no_keychain() -> Result<Arc<dyn SecretStore>, SecretStoreError> {
    Err(SecretStoreError::new("no keychain was found"))
}

fn environment(name: &str) -> Option<String> {
    match name {
        "OPENAI_API_KEY" => Some(" sk-env-1234\n".to_owned()),
        "GEMINI_API_KEY" => Some(String::new()),
        "GOOGLE_API_KEY" => Some("google-1234".to_owned()),
        _ => None,
    }
}

#[test]
fn the_keychain_goes_before_the_environment() {
    let keys = Keys::new(Ok(Arc::new(Memory::default())), environment);
    assert_eq!(keys.source(Provider::Openai), KeySource::Environment);
    assert_eq!(keys.get(Provider::Openai), Some(Secret::new("sk-env-1234")));
    assert_eq!(keys.set(Provider::Openai, "sk-chain-1234"), Ok(KeySource::Keychain));
    assert_eq!(keys.get(Provider::Openai), Some(Secret::new("sk-chain-1234")));
    assert_eq!(keys.delete(Provider::Openai), Ok(KeySource::Environment));
    assert_eq!(keys.keychain_problem(), None);
}

#[test]
fn without_a_keychain_a_key_lives_until_the_program_ends() {
    let keys = Keys::new(no_keychain(), |_| None);
    assert_eq!(keys.source(Provider::Anthropic), KeySource::Missing);
    assert_eq!(keys.set(Provider::Anthropic, "sk-ant-1234"), Ok(KeySource::Session));
    assert_eq!(keys.source(Provider::Anthropic), KeySource::Session);
    assert_eq!(keys.keychain_problem().as_deref(), Some("no keychain was found"));
    assert_eq!(keys.delete(Provider::Anthropic), Ok(KeySource::Missing));
}

#[test]
fn the_keychain_is_asked_once_a_provider() {
    let memory = Arc::new(Memory::default());
    let keys = Keys::new(Ok(Arc::clone(&memory) as Arc<dyn SecretStore>), |_| None);
    for _ in 0..100 {
        assert_eq!(keys.get(Provider::Gemini), None);
    }
    assert_eq!(*lock(&memory.1), 1);
}

#[test]
fn empty_variables_and_keys_are_no_keys() {
    let keys = Keys::new(no_keychain(), environment);
    assert_eq!(keys.get(Provider::Gemini), Some(Secret::new("google-1234")));
    for bad in ["", "  ", "two words", "schlüssel"] {
        assert!(keys.set(Provider::Gemini, bad).is_err(), "{bad:?}");
    }
    assert_eq!(keys.source(Provider::Ollama), KeySource::NotNeeded);
    assert!(!format!("{keys:?}").contains("google-1234"));
}

#[test]
fn a_secret_of_the_program_itself_is_taken_from_the_environment_first() {
    let keys = Keys::new(Ok(Arc::new(Memory::default())), |name| {
        (name == "OWN_TOKEN").then(|| " from-the-environment ".to_owned())
    });
    assert_eq!(keys.own("own", "OTHER_TOKEN"), None);
    assert_eq!(keys.keep_own("own", Secret::new("kept-1234")), KeySource::Keychain);
    assert_eq!(keys.own("own", "OTHER_TOKEN"), Some((Secret::new("kept-1234"), KeySource::Keychain)));
    let set = Some((Secret::new("from-the-environment"), KeySource::Environment));
    assert_eq!(keys.own("own", "OWN_TOKEN"), set);

    let keys = Keys::new(no_keychain(), |_| None);
    assert_eq!(keys.keep_own("own", Secret::new("kept-1234")), KeySource::Session);
    assert_eq!(keys.own("own", "OWN_TOKEN"), Some((Secret::new("kept-1234"), KeySource::Session)));
}
