//! A key that can't be printed by accident.

/// A secret text. Neither `Debug` nor `Display` shows it; there is no serialisation.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// What stands in a text where a key stood.
const INSTEAD: &str = "[key]";
/// Shorter texts are no keys; replacing them would tear words apart.
const SHORTEST: usize = 6;

impl Secret {
    /// Wraps a key.
    pub fn new(key: &str) -> Self {
        Self(key.to_owned())
    }

    /// The key itself, for the one place that puts it on the wire or into the keychain.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text without this key: some providers repeat the key in their error messages.
    pub fn redact(&self, text: &str) -> String {
        if self.0.len() < SHORTEST { text.to_owned() } else { text.replace(&self.0, INSTEAD) }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret([key])")
    }
}

impl std::fmt::Display for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(INSTEAD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::new("sk-planted-123");
        for shown in [format!("{secret}"), format!("{secret:?}"), format!("{:#?}", Some(&secret))] {
            assert!(!shown.contains("planted"), "{shown}");
        }
        assert_eq!(secret.redact("bad key sk-planted-123!"), "bad key [key]!");
        assert_eq!(Secret::new("e").redact("the key"), "the key");
    }
}
