//! Language models behind core's port: the built-in one and, through genai, the providers on the network. Also what
//! belongs to them: keys, prices, and model servers on this machine.

pub mod builtin;
mod keys;
mod local;
mod models;
mod offline;
mod prices;
mod probe;
mod remote;
mod structured;

pub use keys::{KeySource, Keys, Secret, SecretStore, SecretStoreError, open_keychain, variables};
pub use local::{LocalAddresses, LocalServer, local_servers};
pub use models::{ModelConfig, Models};
pub use prices::{PriceTable, shipped_prices};
pub use probe::ProviderAnswer;
pub use remote::default_base_url;
