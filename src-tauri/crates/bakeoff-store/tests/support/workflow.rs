//! Parts of workflow runs to test with.

use crate::support::NOW;
use bakeoff_core::gate::{Gate, GateAction, GateDecision, GateResult, GateScope, GateVerdict};
use bakeoff_core::trial::{SentPrompt, Step, Usage};

/// The steps of a workflow trial: a node, then another for two items, the second of which failed.
pub fn steps() -> Vec<Step> {
    let object = |json: serde_json::Value| json.as_object().cloned().unwrap_or_default();
    let step = |node: &str, item: Option<u32>, error: Option<&str>| Step {
        node: node.into(),
        iteration: 1,
        item,
        started_at: NOW,
        ended_at: NOW + 40,
        latency_ms: error.is_none().then_some(39.5),
        usage: Usage { input_tokens: Some(20), cached_input_tokens: None, output_tokens: Some(3) },
        cost_usd: error.is_none().then_some(0.0001),
        sent: SentPrompt { system: item.map(|_| "Be short.".into()), user: format!("{node} {item:?}") },
        answer: error.is_none().then(|| r#"{"label": "storage"}"#.into()),
        outputs: object(serde_json::json!({"label": "storage", "parts": [1, null, {"deep": true}]})),
        state: object(serde_json::json!({"ticket": "Disk /var", "label": "storage"})),
        error: error.map(str::to_owned),
    };
    vec![
        step("classify", None, None),
        step("check", Some(0), None),
        step("check", Some(1), Some("label is missing")),
    ]
}

/// A gate that failed.
pub fn failed_gate() -> GateResult {
    GateResult {
        gate: Gate {
            name: "cheap".into(),
            description: None,
            metric: "cost_usd_avg".into(),
            max: Some(0.01),
            min: None,
            action: GateAction::BlockDeploy,
            on: GateScope::Variant,
            decide: GateDecision::Point,
        },
        variant: "careful".into(),
        verdict: GateVerdict::Fail,
        actual: Some(0.25),
        interval: None,
        n: 12,
        sentence: "cost_usd_avg is 0.25, over 0.01".into(),
    }
}
