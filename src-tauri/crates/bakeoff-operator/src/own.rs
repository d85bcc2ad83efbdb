//! What this program adds to a trial that it writes into an `eval.db`: everything that the old columns can't hold, so
//! that the trial comes back as it was. It is one key in `chaos_metadata`, which old programs ignore.

use bakeoff_core::dataset::Case;
use bakeoff_core::trial::TrialRecord;
use bakeoff_core::variant::Variant;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The key in `chaos_metadata`.
pub(crate) const KEY: &str = "bakeoff";
/// Of this form.
const VERSION: u32 = 1;

/// A whole trial with its case and variant.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Own {
    version: u32,
    case_id: String,
    /// As text: its bytes are its identity.
    case: String,
    variant: Variant,
    trial: TrialRecord,
}

impl Own {
    /// Of a trial that is written.
    pub fn new(case: &Case, variant: &Variant, trial: &TrialRecord) -> Self {
        Self {
            version: VERSION,
            case_id: case.id.to_string(),
            case: case.json.get().to_owned(),
            variant: variant.clone(),
            trial: trial.clone(),
        }
    }

    /// Of a trial that is read; `None`: Operator wrote it.
    ///
    /// # Errors
    /// A newer version wrote it, or somebody changed it.
    pub fn of(metadata: &Map<String, Value>) -> Result<Option<Self>, String> {
        let Some(value) = metadata.get(KEY) else { return Ok(None) };
        let version = value.get("version").and_then(Value::as_u64);
        if version != Some(u64::from(VERSION)) {
            return Err(format!(
                "chaos_metadata.{KEY} has a version that is not {VERSION}; a newer Bakeoff wrote it"
            ));
        }
        let own = serde_json::from_value(value.clone());
        own.map(Some).map_err(|error| format!("chaos_metadata.{KEY} can't be read: {error}"))
    }

    /// The case, the variant and the trial.
    pub fn parts(self) -> Result<(Case, Variant, TrialRecord), String> {
        let json =
            RawValue::from_string(self.case).map_err(|error| format!("its case is no JSON: {error}"))?;
        Ok((Case { id: self.case_id.into(), json }, self.variant, self.trial))
    }
}
