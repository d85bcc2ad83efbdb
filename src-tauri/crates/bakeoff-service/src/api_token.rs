//! The token of the local HTTP API: where it is kept, and how a new one is made.

use crate::dto::KeySource;
use crate::providers::key_source;
use crate::service::Service;
use bakeoff_model::Secret;
use data_encoding::BASE64URL_NOPAD;

/// The environment variable that says the token; it goes before what is kept.
pub const API_TOKEN_VARIABLE: &str = "BAKEOFF_API_TOKEN";

/// Its name in the keychain.
const NAME: &str = "api-token";

/// Bytes of randomness in a token: as many as nobody guesses.
const RANDOM_BYTES: usize = 32;

/// The token that whoever uses the HTTP API must show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// The token itself.
    pub secret: Secret,
    /// Where it comes from, or where it is kept.
    pub source: KeySource,
}

impl Service {
    /// The token in force: what `BAKEOFF_API_TOKEN` says, else the one of this session or of the keychain. `None`: there
    /// is none yet. Waits for the keychain for at most 3 seconds.
    pub fn api_token(&self) -> Option<ApiToken> {
        let (secret, source) = self.keys().own(NAME, API_TOKEN_VARIABLE)?;
        Some(ApiToken { secret, source: key_source(source) })
    }

    /// Makes a new token in the place of the old one and keeps it in the keychain; where there is none, in memory until
    /// the program ends. The old one is worth nothing from the next start of the API on.
    pub fn new_api_token(&self) -> ApiToken {
        let secret = random_api_token();
        let source = self.keys().keep_own(NAME, secret.clone());
        ApiToken { secret, source: key_source(source) }
    }
}

/// A token that nobody guesses. It is kept nowhere.
pub fn random_api_token() -> Secret {
    let random: [u8; RANDOM_BYTES] = rand::random();
    Secret::new(&format!("bakeoff_{}", BASE64URL_NOPAD.encode(&random)))
}
