//! Model servers on this machine: looks at the usual ports of Ollama and LM Studio, on loopback only.

use crate::probe::list_models;
use crate::remote::Transport;
use bakeoff_core::variant::Provider;
use std::time::Duration;

/// A server on this machine answers at once or is not there.
const PATIENCE: Duration = Duration::from_millis(600);
/// A list of models is small.
const LARGEST_LIST: usize = 1024 * 1024;

/// Where to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalAddresses {
    /// Ollama's address.
    pub ollama: String,
    /// LM Studio's address, with `/v1`.
    pub lm_studio: String,
}

impl Default for LocalAddresses {
    fn default() -> Self {
        Self { ollama: "http://127.0.0.1:11434".to_owned(), lm_studio: "http://127.0.0.1:1234/v1".to_owned() }
    }
}

/// A server that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalServer {
    /// `Ollama` or `LM Studio`.
    pub name: &'static str,
    /// The provider to write in a variant file.
    pub provider: Provider,
    /// The `base_url` to write there.
    pub base_url: String,
    /// Models that it offers.
    pub models: Vec<String>,
}

/// Looks for servers; takes at most 0.6 seconds. Addresses other than loopback are not looked at.
pub async fn local_servers(addresses: &LocalAddresses) -> Vec<LocalServer> {
    let Ok(transport) = Transport::plain_local(LARGEST_LIST) else { return Vec::new() };
    let (ollama, lm_studio) = futures::join!(
        look(&transport, "Ollama", Provider::Ollama, &addresses.ollama),
        look(&transport, "LM Studio", Provider::OpenaiCompatible, &addresses.lm_studio),
    );
    ollama.into_iter().chain(lm_studio).collect()
}

async fn look(
    transport: &Transport,
    name: &'static str,
    provider: Provider,
    address: &str,
) -> Option<LocalServer> {
    if !is_loopback(address) {
        return None;
    }
    let listing = list_models(transport, provider, address, None);
    let models = tokio::time::timeout(PATIENCE, listing).await.ok()?.ok()?;
    Some(LocalServer { name, provider, base_url: address.to_owned(), models })
}

fn is_loopback(address: &str) -> bool {
    let url = reqwest::Url::parse(address).ok();
    url.and_then(|url| url.host_str()?.parse::<std::net::IpAddr>().ok()).is_some_and(|ip| ip.is_loopback())
}
