//! Every model behind one port: the built-in one and the providers on the network.

use crate::keys::{Keys, Secret, variables};
use crate::remote::{self, Remote, Transport};
use crate::structured::{self, Refusals};
use crate::{offline, probe};
use bakeoff_core::ports::{BoxFuture, Model, ModelAnswer, ModelError, ModelErrorKind, ModelRequest};
use bakeoff_core::variant::Provider;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What decides how models are called.
#[derive(Debug, Clone)]
pub struct ModelConfig {
    /// Addresses instead of the providers' own; a request's own `base_url` goes before them.
    pub base_urls: BTreeMap<Provider, String>,
    /// The keys.
    pub keys: Arc<Keys>,
    /// The most bytes of an answer that are read; a larger one ends as `TooLarge`.
    pub largest_answer: usize,
}

impl ModelConfig {
    /// 8 MiB: more than any model writes.
    pub const LARGEST_ANSWER: usize = 8 * 1024 * 1024;

    /// The providers' own addresses and these keys.
    pub fn new(keys: Arc<Keys>) -> Self {
        Self { base_urls: BTreeMap::new(), keys, largest_answer: Self::LARGEST_ANSWER }
    }
}

/// Every model. Make one for the whole program: it holds the connections.
pub struct Models {
    config: ModelConfig,
    remote: Remote,
    transport: Transport,
    without_schema: Refusals,
}

impl Models {
    /// Ready to call; opens nothing.
    ///
    /// # Errors
    /// HTTP can't be set up on this system.
    pub fn new(config: ModelConfig) -> Result<Self, String> {
        let transport = Transport::new(config.largest_answer);
        let remote = Remote::new(transport.clone())?;
        Ok(Self { remote, transport, config, without_schema: Refusals::default() })
    }

    /// Whether a provider can be used, and what it offers: its list of models, or for the built-in one its name.
    /// `base_url` goes before the settings. Costs nothing.
    pub async fn test_provider(&self, provider: Provider, base_url: Option<&str>) -> probe::ProviderAnswer {
        let target = self.target(provider, base_url);
        probe::test_provider(&self.transport, provider, target).await
    }

    /// The address and the key of a provider.
    fn target(&self, provider: Provider, own: Option<&str>) -> Result<(String, Option<Secret>), ModelError> {
        let configured = self.config.base_urls.get(&provider).map(String::as_str);
        let base = own.or(configured).filter(|base| !base.trim().is_empty());
        let Some(base) = base.or_else(|| remote::default_base_url(provider)) else {
            let advice =
                "write base_url in the variant, such as http://127.0.0.1:8000/v1, or set it in Settings";
            return Err(remote::unsupported(format!("{} has no address; {advice}", provider.name())));
        };
        let key = self.config.keys.get(provider);
        if key.is_none() && remote::needs_key(provider) {
            let variable = variables(provider).first().copied().unwrap_or_default();
            let message =
                format!("there is no key for {}; set it in Settings, or set {variable}", provider.name());
            return Err(remote::failure(ModelErrorKind::Auth, message));
        }
        Ok((base.to_owned(), key))
    }
}

impl Model for Models {
    fn complete<'a>(&'a self, request: &'a ModelRequest) -> BoxFuture<'a, Result<ModelAnswer, ModelError>> {
        Box::pin(async move {
            if request.provider == Provider::Builtin {
                return offline::complete(request).await;
            }
            let (base, key) = self.target(request.provider, request.base_url.as_deref())?;
            let (provider, model) = (request.provider, request.model.as_str());
            if request.answer_schema.is_none() || self.without_schema.has(provider, &base, model) {
                return self.remote.complete(&plain(request), &base, key.as_ref()).await;
            }
            match self.remote.complete(request, &base, key.as_ref()).await {
                Err(error) if structured::is_refusal(&error) => {
                    let answer = self.remote.complete(&plain(request), &base, key.as_ref()).await?;
                    self.without_schema.add(provider, &base, model);
                    Ok(answer)
                }
                result => result,
            }
        })
    }
}

/// The same request without its schema.
fn plain(request: &ModelRequest) -> Cow<'_, ModelRequest> {
    match request.answer_schema {
        None => Cow::Borrowed(request),
        Some(_) => Cow::Owned(ModelRequest { answer_schema: None, ..request.clone() }),
    }
}
