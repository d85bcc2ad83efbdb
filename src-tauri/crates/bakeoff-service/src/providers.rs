//! Providers as Settings shows them: keys, addresses, limits, prices, tests.

use crate::dto::{
    ErrorCode, KeySource, LocalServer, ProviderStatus, ProviderTest, ServiceError, Settings, SettingsView,
};
use crate::error::Result;
use crate::service::Service;
use crate::settings;
use bakeoff_core::diagnostic::Diagnostic;
use bakeoff_core::variant::Provider;
use bakeoff_model::{
    LocalAddresses, ModelConfig, Models, PriceTable, local_servers, shipped_prices, variables,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The addresses that the user set.
type Addresses = BTreeMap<Provider, String>;

/// The models that were made last, and for which addresses. Keys are asked for at each call, so they may change.
pub(crate) type KeptModels = Mutex<Option<(Addresses, Arc<Models>)>>;

impl Service {
    /// Everything the Settings place shows. Holds no key.
    pub fn settings(&self) -> Result<SettingsView> {
        let settings = self.current_settings();
        Ok(SettingsView {
            path: settings::path_in(self.config_folder()).display().to_string(),
            providers: Provider::ALL.into_iter().map(|provider| self.status(provider)).collect(),
            keychain_problem: self.keys().keychain_problem(),
            prices: shipped_prices().clone(),
            prices_date: PriceTable::date().to_owned(),
            data_folder: self.files().data_folder().display().to_string(),
            settings,
        })
    }

    /// Checks and saves settings; runs that are going on keep theirs.
    pub fn save_settings(&self, settings: &Settings) -> Result<SettingsView> {
        settings::save(self.config_folder(), settings)?;
        self.replace_settings(settings.clone());
        self.settings()
    }

    /// Keeps a provider's key in the keychain; where there is none, in memory until the program ends.
    pub fn set_key(&self, provider: Provider, key: &str) -> Result<ProviderStatus> {
        let kept = self.keys().set(provider, key);
        kept.map_err(|error| {
            ServiceError::bad_input(error.to_string()).with_hint("copy the key again from your provider")
        })?;
        Ok(self.status(provider))
    }

    /// Forgets a provider's key. An environment variable stays.
    pub fn delete_key(&self, provider: Provider) -> Result<ProviderStatus> {
        let deleted = self.keys().delete(provider);
        deleted.map_err(|error| ServiceError::new(ErrorCode::Unavailable, error.to_string()))?;
        Ok(self.status(provider))
    }

    /// Asks a provider whether it answers.
    pub fn test_provider(&self, provider: Provider) -> Result<ProviderTest> {
        let models = self.models()?;
        let answer = self.handle().block_on(models.test_provider(provider, None));
        Ok(ProviderTest { ok: answer.ok, message: answer.message, models: answer.models })
    }

    /// Model servers on this machine.
    pub fn local_servers(&self) -> Result<Vec<LocalServer>> {
        let found = self.handle().block_on(local_servers(&LocalAddresses::default()));
        let server = |server: bakeoff_model::LocalServer| LocalServer {
            name: server.name.to_owned(),
            provider: server.provider,
            base_url: server.base_url,
            models: server.models,
        };
        Ok(found.into_iter().map(server).collect())
    }

    /// What calls cost: the user's prices before the shipped ones.
    pub(crate) fn price_list(&self) -> PriceTable {
        PriceTable::new(self.current_settings().prices)
    }

    /// The models, with the settings as they are now. They are the same until an address changes, so that their
    /// connections are used again.
    pub(crate) fn models(&self) -> Result<Arc<Models>> {
        let providers = self.current_settings().providers;
        let addresses: Addresses =
            providers.into_iter().filter_map(|(provider, own)| Some((provider, own.base_url?))).collect();
        let mut kept = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, models)) = kept.as_ref().filter(|(known, _)| *known == addresses) {
            return Ok(Arc::clone(models));
        }
        let config =
            ModelConfig { base_urls: addresses.clone(), ..ModelConfig::new(Arc::clone(self.keys())) };
        let models =
            Models::new(config).map_err(|problem| ServiceError::new(ErrorCode::Unavailable, problem))?;
        let models = Arc::new(models);
        *kept = Some((addresses, Arc::clone(&models)));
        Ok(models)
    }

    /// The finding that a provider has no key.
    pub(crate) fn missing_key(&self, provider: Provider) -> Option<Diagnostic> {
        if self.keys().source(provider) != bakeoff_model::KeySource::Missing {
            return None;
        }
        let variable = variables(provider).first().copied().unwrap_or_default();
        let finding = Diagnostic::error("no-key", "", format!("there is no key for {}", provider.name()));
        Some(finding.hint(format!("give it in Settings, or set {variable} and start again")))
    }

    fn status(&self, provider: Provider) -> ProviderStatus {
        let settings = self.current_settings().providers.get(&provider).cloned().unwrap_or_default();
        ProviderStatus {
            provider,
            key: key_source(self.keys().source(provider)),
            variable: variables(provider).first().map(|name| (*name).to_owned()),
            base_url: settings
                .base_url
                .clone()
                .or_else(|| bakeoff_model::default_base_url(provider).map(str::to_owned)),
            settings,
        }
    }
}

pub(crate) fn key_source(source: bakeoff_model::KeySource) -> KeySource {
    match source {
        bakeoff_model::KeySource::Keychain => KeySource::Keychain,
        bakeoff_model::KeySource::Environment => KeySource::Environment,
        bakeoff_model::KeySource::Session => KeySource::Session,
        bakeoff_model::KeySource::Missing => KeySource::Missing,
        bakeoff_model::KeySource::NotNeeded => KeySource::NotNeeded,
    }
}

#[cfg(test)]
mod tests {
    use crate::dto::{ProviderSettings, Settings};
    use crate::{Service, ServiceOptions};
    use bakeoff_core::variant::Provider;
    use std::sync::Arc;

    #[test]
    fn the_same_models_are_used_until_an_address_changes() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("workspace");
        Service::init(&workspace).unwrap();
        let options =
            ServiceOptions { config_folder: folder.path().join("config"), ..ServiceOptions::default() };
        let service = Service::open(&workspace, options).unwrap();
        let first = service.models().unwrap();
        assert!(Arc::ptr_eq(&first, &service.models().unwrap()));

        let mut settings = Settings { spend_cap_usd: Some(5.0), ..Settings::default() };
        service.save_settings(&settings).unwrap();
        assert!(Arc::ptr_eq(&first, &service.models().unwrap()), "a spend cap needs no new connections");

        let own =
            ProviderSettings { base_url: Some("http://127.0.0.1:9/v1".to_owned()), ..Default::default() };
        settings.providers.insert(Provider::Ollama, own);
        service.save_settings(&settings).unwrap();
        let second = service.models().unwrap();
        assert!(!Arc::ptr_eq(&first, &second), "the new address counts from the next call");
        assert!(Arc::ptr_eq(&second, &service.models().unwrap()));
    }
}
