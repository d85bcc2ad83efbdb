//! Settings and what works on this machine.

use bakeoff_core::price::Price;
use bakeoff_core::variant::Provider;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// A user's settings, kept in one JSON file in their configuration folder. Holds no keys.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
#[ts(export)]
pub struct Settings {
    /// By provider.
    pub providers: BTreeMap<Provider, ProviderSettings>,
    /// Prices that override the shipped table, by model (exact name).
    pub prices: BTreeMap<String, Price>,
    /// No launch may spend more than this, whatever the campaign says.
    pub spend_cap_usd: Option<f64>,
    /// Where runs are logged besides: `http://…`, `sqlite:///…` or a folder. Absent: the environment's
    /// `MLFLOW_TRACKING_URI`, else nowhere, unless a workflow names one.
    pub mlflow_tracking_uri: Option<String>,
    /// Triage tests may be made. `ENABLE_ABTESTS` in the environment turns them on too.
    pub abtests: bool,
    /// Triage tests at the same time; absent: 1.
    pub triage_workers: Option<u32>,
    /// The most items of a triage test; absent: 200.
    pub triage_max_items: Option<u32>,
    /// Which model tells the class of commands that the rules don't know. Absent: such commands stay unclassified.
    pub classifier: Option<ClassifierSettings>,
}

/// The model that tells the class of commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct ClassifierSettings {
    /// Whose model.
    pub provider: Provider,
    /// Its name, sent exactly as written.
    pub model: String,
    /// Instead of the provider's address.
    #[serde(default)]
    pub base_url: Option<String>,
}

/// Settings of one provider.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
#[ts(export)]
pub struct ProviderSettings {
    /// Instead of the provider's own address.
    pub base_url: Option<String>,
    /// The most calls at the same time.
    pub max_parallel: Option<u32>,
    /// The most calls a minute.
    pub requests_per_minute: Option<u32>,
    /// The most tokens a minute.
    pub tokens_per_minute: Option<u32>,
}

/// Where a provider's key comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum KeySource {
    /// The operating system's keychain.
    Keychain,
    /// An environment variable.
    Environment,
    /// Typed in, kept until the program ends (there is no keychain).
    Session,
    /// There is none.
    Missing,
    /// None is needed.
    NotNeeded,
}

/// A provider as Settings shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ProviderStatus {
    /// Which.
    pub provider: Provider,
    /// Where its key comes from.
    pub key: KeySource,
    /// The environment variable that is looked at.
    pub variable: Option<String>,
    /// Its address.
    pub base_url: Option<String>,
    /// Its settings.
    pub settings: ProviderSettings,
}

/// What testing a provider gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct ProviderTest {
    /// It answered.
    pub ok: bool,
    /// What it said, or what went wrong and how to mend it.
    pub message: String,
    /// Models it offers, where it tells.
    pub models: Vec<String>,
}

/// Everything the Settings place shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct SettingsView {
    /// The settings.
    pub settings: Settings,
    /// Where they are kept.
    pub path: String,
    /// The providers.
    pub providers: Vec<ProviderStatus>,
    /// The keychain works; otherwise why not.
    pub keychain_problem: Option<String>,
    /// The shipped price table.
    pub prices: BTreeMap<String, Price>,
    /// Its date, such as `2026-11-01`.
    pub prices_date: String,
    /// Where results are kept.
    pub data_folder: String,
}

/// A model server found on this machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct LocalServer {
    /// `Ollama` or `LM Studio`.
    pub name: String,
    /// The provider to use in a variant file.
    pub provider: Provider,
    /// Its address.
    pub base_url: String,
    /// Models it offers.
    pub models: Vec<String>,
}

/// One line of `doctor`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// `ok`, `missing` (something optional is not there) or `broken`.
    pub state: CheckState,
    /// What was found.
    pub found: String,
    /// How to mend it.
    pub mend: Option<String>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum CheckState {
    /// Works.
    Ok,
    /// Something optional is not there.
    Missing,
    /// Something needed does not work.
    Broken,
}
