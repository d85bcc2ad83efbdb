//! A case of a fault campaign: a subject and what is done to it.

use crate::dataset::Case;
use crate::fault::Fault;
use crate::lab::NO_AGENT;
use crate::subject::Subject;
use crate::variant::{Provider, Variant};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What is tried in a trial of a fault campaign.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultCase {
    /// The subject's name.
    pub subject: String,
    /// The whole subject as it was when the run was planned; `None` in a case that only names it.
    pub definition: Option<Box<Subject>>,
    /// What is done to it.
    pub fault: Fault,
}

/// The fields of a case's JSON.
#[derive(Serialize, Deserialize)]
struct Fields {
    subject: Value,
    fault: Fault,
    #[serde(default)]
    metadata: Value,
}

impl FaultCase {
    /// Reads a stored case back.
    ///
    /// # Errors
    /// When it is a case of something else.
    pub fn of(case: &Case) -> Result<Self, String> {
        let wrong =
            |error: serde_json::Error| format!("the case {} is no fault of a subject: {error}", case.id);
        let fields: Fields = serde_json::from_str(case.json.get()).map_err(wrong)?;
        Ok(match fields.subject {
            Value::String(subject) => Self { subject, definition: None, fault: fields.fault },
            whole => {
                let subject: Subject = serde_json::from_value(whole).map_err(wrong)?;
                Self {
                    subject: subject.name.clone(),
                    definition: Some(Box::new(subject)),
                    fault: fields.fault,
                }
            }
        })
    }

    /// The case of a subject and a fault, which `label` names within the campaign. `metadata` has the names of both, to
    /// group by.
    ///
    /// # Errors
    /// When a number in the subject is none (it then came from no file).
    pub(crate) fn case(subject: &Subject, fault: &Fault, label: &str) -> Result<Case, String> {
        let whole = serde_json::to_value(subject).map_err(|error| error.to_string())?;
        written(whole, &subject.name, fault, label)
    }

    /// The case of a subject that is only known by its name: of trials that another program ran.
    ///
    /// # Errors
    /// When a number in the fault is none.
    pub fn named(subject: &str, fault: &Fault) -> Result<Case, String> {
        written(Value::String(subject.to_owned()), subject, fault, &fault.label())
    }
}

fn written(subject: Value, name: &str, fault: &Fault, label: &str) -> Result<Case, String> {
    let metadata = serde_json::json!({"subject": name, "fault": label});
    let fields = Fields { subject, fault: fault.clone(), metadata };
    let json = serde_json::value::to_raw_value(&fields).map_err(|error| error.to_string())?;
    Ok(Case { id: format!("{name}/{label}").into(), json })
}

/// The variant that stands for "nobody repairs". It has no file.
pub fn no_agent() -> Variant {
    Variant {
        name: NO_AGENT.to_owned(),
        description: Some("Nobody repairs: what the system does by itself.".to_owned()),
        provider: Provider::Builtin,
        model: NO_AGENT.to_owned(),
        base_url: None,
        system_prompt: None,
        prompt: None,
        reasoning_effort: None,
        temperature: None,
        top_p: None,
        max_output_tokens: None,
        stop: Vec::new(),
        tools_config: BTreeMap::new(),
        config_overrides: BTreeMap::new(),
        tags: Vec::new(),
        pace_ms: None,
        workflow: None,
    }
}
