//! Asks a provider whether it can be used: its list of models is free everywhere.

use crate::builtin;
use crate::keys::Secret;
use crate::remote::{self, Transport};
use bakeoff_core::ports::{ModelError, ModelErrorKind};
use bakeoff_core::variant::Provider;
use serde_json::Value;
use std::time::Duration;

/// How long a list of models may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a provider said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderAnswer {
    /// It can be used.
    pub ok: bool,
    /// In plain words; what to do when it can't.
    pub message: String,
    /// Models that it offers, sorted; empty where it doesn't tell.
    pub models: Vec<String>,
}

/// Lists the models of a provider at this address with this key.
pub async fn test_provider(
    transport: &Transport,
    provider: Provider,
    target: Result<(String, Option<Secret>), ModelError>,
) -> ProviderAnswer {
    if provider == Provider::Builtin {
        let models = vec![builtin::MODEL_NAME.to_owned()];
        return ProviderAnswer { ok: true, message: "always here; no language model".to_owned(), models };
    }
    let listed = async {
        let (base, key) = target?;
        let listing = list_models(transport, provider, &base, key.as_ref());
        match tokio::time::timeout(PATIENCE, listing).await {
            Ok(models) => models,
            Err(_) => {
                let message =
                    format!("no answer within {} s; check the network and base_url", PATIENCE.as_secs());
                Err(remote::failure(ModelErrorKind::Connection, message))
            }
        }
    };
    match listed.await {
        Ok(models) => {
            ProviderAnswer { ok: true, message: format!("works; offers {} models", models.len()), models }
        }
        Err(error) => ProviderAnswer { ok: false, message: error.message, models: Vec::new() },
    }
}

/// The models that a server offers, sorted.
pub async fn list_models(
    transport: &Transport,
    provider: Provider,
    base: &str,
    key: Option<&Secret>,
) -> Result<Vec<String>, ModelError> {
    let url = remote::models_url(provider, base).map_err(remote::unsupported)?;
    let answer = transport.get(url, &remote::headers(provider, key), key).await?;
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let Some(entries) = ["data", "models"].iter().find_map(|field| body.get(field)?.as_array()) else {
        let message = "the answer is no list of models; check base_url and provider";
        return Err(remote::failure(ModelErrorKind::Connection, message));
    };
    let name = |entry: &Value| {
        let name = ["id", "name", "model"].iter().find_map(|field| entry.get(field)?.as_str())?;
        Some(name.strip_prefix("models/").unwrap_or(name).to_owned())
    };
    let mut models: Vec<String> = entries.iter().filter_map(name).collect();
    models.sort();
    models.dedup();
    Ok(models)
}
