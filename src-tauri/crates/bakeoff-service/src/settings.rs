//! The user's settings: one JSON file in their configuration folder.

use crate::atomic;
use crate::classify::can_classify;
use crate::dto::{ServiceError, Settings};
use crate::error::Result;
use bakeoff_mlflow::{Credentials, TrackingUri};
use std::path::{Path, PathBuf};

/// The folder of the settings: `BAKEOFF_CONFIG_DIR`, else the system's place for configuration.
pub fn config_folder() -> PathBuf {
    std::env::var_os("BAKEOFF_CONFIG_DIR")
        .map(PathBuf::from)
        .or_else(|| dirs::config_dir().map(|folder| folder.join("bakeoff")))
        .unwrap_or_else(|| PathBuf::from(".bakeoff-config"))
}

/// The settings in this folder; the defaults when there is no file.
pub fn load(folder: &Path) -> Result<Settings> {
    let path = path_in(folder);
    if !path.exists() {
        return Ok(Settings::default());
    }
    let (text, _) = atomic::read_text(&path)?;
    serde_json::from_str(&text).map_err(|error| {
        ServiceError::bad_input(format!("{}:{}:{}: {error}", path.display(), error.line(), error.column()))
            .with_hint("mend the file, or delete it to start with the defaults")
    })
}

/// Checks and saves settings.
pub fn save(folder: &Path, settings: &Settings) -> Result<()> {
    check(settings)?;
    let text = serde_json::to_string_pretty(settings)
        .map_err(|error| ServiceError::bad_input(format!("settings can't be written: {error}")))?;
    atomic::write(&path_in(folder), format!("{text}\n").as_bytes())
}

/// The settings file of a folder.
pub fn path_in(folder: &Path) -> PathBuf {
    folder.join("settings.json")
}

fn is_address(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

fn check(settings: &Settings) -> Result<()> {
    let bad = |message: String, hint: &str| Err(ServiceError::bad_input(message).with_hint(hint));
    for (provider, provider_settings) in &settings.providers {
        let name = provider.name();
        if let Some(url) = &provider_settings.base_url
            && !is_address(url)
        {
            return bad(format!("{name}: {url:?} is not an address"), "start it with http:// or https://");
        }
        for (what, value) in [
            ("calls at the same time", provider_settings.max_parallel),
            ("calls a minute", provider_settings.requests_per_minute),
            ("tokens a minute", provider_settings.tokens_per_minute),
        ] {
            if value == Some(0) {
                return bad(format!("{name}: 0 {what} would stop every run"), "leave it empty for no limit");
            }
        }
    }
    for (model, price) in &settings.prices {
        let parts = [Some(price.input), price.cached_input, Some(price.output)];
        if parts.into_iter().flatten().any(|part| !part.is_finite() || part < 0.0) {
            return bad(format!("{model}: a price must be 0 or more"), "give USD for a million tokens");
        }
    }
    if let Some(uri) = &settings.mlflow_tracking_uri
        && TrackingUri::split_credentials(uri).1 != Credentials::default()
    {
        return bad(
            "the tracking URI has a user or password in it, which would be kept in a readable file"
                .to_owned(),
            "leave them out, and set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
        );
    }
    for (what, value) in [
        ("triage tests at the same time", settings.triage_workers),
        ("items of a triage test", settings.triage_max_items),
    ] {
        if value == Some(0) {
            return bad(format!("0 {what} would be no test"), "give 1 or more, or leave it empty");
        }
    }
    if let Some(classifier) = &settings.classifier {
        if !can_classify(classifier.provider) {
            return bad(
                "the built-in model is no language model: it can't tell the class of a command".to_owned(),
                "choose another provider for the class of commands",
            );
        }
        if classifier.model.trim().is_empty() {
            return bad(
                "the class of commands: the model has no name".to_owned(),
                "write the name as the provider has it, or choose none",
            );
        }
        if let Some(url) = classifier.base_url.as_deref().filter(|url| !is_address(url)) {
            return bad(
                format!("the class of commands: {url:?} is not an address"),
                "start it with http:// or https://",
            );
        }
    }
    if settings.spend_cap_usd.is_some_and(|cap| !cap.is_finite() || cap < 0.0) {
        return bad("the spend cap must be 0 or more".to_owned(), "give USD, or leave it empty for no cap");
    }
    Ok(())
}
