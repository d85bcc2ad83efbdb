//! The token of the API, compared so that the time says nothing of it.

use bakeoff_core::hash::sha256_hex;
use bakeoff_service::dto::ServiceError;
use subtle::ConstantTimeEq;

/// Fewer characters could be tried out.
const SHORTEST: usize = 16;

/// What a caller must show. Only its hash is kept, so that nothing can print it and lengths say nothing.
#[derive(Clone)]
pub struct Token {
    hash: String,
}

impl Token {
    /// Takes a token.
    ///
    /// # Errors
    /// It is too short to be safe, or has characters that no HTTP header can carry.
    pub fn new(text: &str) -> Result<Self, ServiceError> {
        let text = text.trim();
        if text.len() < SHORTEST || !text.chars().all(|character| character.is_ascii_graphic()) {
            return Err(ServiceError::bad_input("the API's token can't be used").with_hint(format!(
                "take at least {SHORTEST} letters, digits and signs without spaces, or leave it out and one is made"
            )));
        }
        Ok(Self { hash: sha256_hex(text.as_bytes()) })
    }

    /// Whether this is it; takes as long for a wrong one as for the right one.
    pub fn is(&self, shown: &[u8]) -> bool {
        self.hash.as_bytes().ct_eq(sha256_hex(shown).as_bytes()).into()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Token([token])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_token_is_right() {
        let token = Token::new(" a-token-of-some-length\n").expect("it can be used");
        assert!(token.is(b"a-token-of-some-length"), "spaces around it are no part of it");
        for wrong in ["a-token-of-some-lengt", "a-token-of-some-length1", "A-token-of-some-length", ""] {
            assert!(!token.is(wrong.as_bytes()), "{wrong:?}");
        }
        assert!(!format!("{token:?}").contains("length"), "it can't be printed");
    }

    #[test]
    fn a_token_that_could_be_guessed_or_not_be_sent_is_refused() {
        for bad in ["", "short", "fifteen-letters", "with a space in it", "mit-Umlauten-äöüäöü"] {
            assert!(Token::new(bad).is_err(), "{bad:?}");
        }
    }
}
