//! Operator's rule for "the system is well again".

use serde_json::Value;

/// The subject for which Operator looks into the state.
const TIKV: &str = "tikv";

/// Whether a final state counts as healthy, by Operator's own rule (section 1.9 of its description): of TiKV every store
/// must be `Up` and there must be some; of any other subject there must be a state at all. Unlike Operator, an error in
/// the place of a state is none, and a list that names only TiKV is TiKV.
pub fn is_healthy(subject: &str, state: &Value) -> bool {
    if is_tikv(subject) {
        let stores = state.get("stores").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        return !stores.is_empty() && stores.iter().all(|store| store["state_name"] == "Up");
    }
    state.as_object().is_some_and(|state| !state.is_empty() && !state.contains_key("error"))
}

/// Whether it is TiKV and nothing else.
pub(crate) fn is_tikv(subject: &str) -> bool {
    subject.split(',').all(|name| name.trim().eq_ignore_ascii_case(TIKV))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_rule() {
        let up = json!({"stores": [{"state_name": "Up"}, {"state_name": "Up"}]});
        let down = json!({"stores": [{"state_name": "Up"}, {"state_name": "Down"}]});
        assert!(is_healthy("tikv", &up) && is_healthy("TiKV", &up));
        assert!(!is_healthy("tikv", &down), "one store is down");
        assert!(!is_healthy("tikv", &json!({"stores": []})), "no stores are no health");
        assert!(!is_healthy("tikv", &json!({"error": "refused"})));
        assert!(is_healthy("limiter", &json!({"nodes": 3})));
        assert!(!is_healthy("limiter", &json!({})));
        assert!(!is_healthy("limiter", &json!({"error": "refused"})), "unlike Operator");
        assert!(!is_healthy("tikv,tikv", &down));
    }
}
