//! From a provider's refusal to core's error: which kind, how long to wait, what it said.

use bakeoff_core::ports::{ModelError, ModelErrorKind};
use bakeoff_core::trial::Usage;
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::time::{Duration, SystemTime};

/// Longer messages are cut.
const LONGEST_MESSAGE: usize = 600;

/// An error without status.
pub fn failure(kind: ModelErrorKind, message: impl Into<String>) -> ModelError {
    ModelError { kind, status: None, message: message.into(), retry_after: None, usage: Usage::default() }
}

/// An error for an answer with an error status.
pub fn from_status(status: u16, headers: &HeaderMap, body: &str, now: SystemTime) -> ModelError {
    let (kind, advice) = match status {
        // Waiting mends no used-up account.
        402 => (ModelErrorKind::Auth, "the account has nothing left; add credit at the provider"),
        429 if is_used_up(body) => {
            (ModelErrorKind::Auth, "the account's quota is used up; add credit at the provider")
        }
        429 => (ModelErrorKind::RateLimited, "too many requests"),
        401 | 403 => (ModelErrorKind::Auth, "the key was refused; check it in Settings"),
        408 | 409 | 500.. => (ModelErrorKind::Server, "the provider had a problem"),
        300..=399 => (ModelErrorKind::BadRequest, "the address redirects elsewhere; correct base_url"),
        404 => (ModelErrorKind::BadRequest, "not found; check the model's name and base_url"),
        _ => (ModelErrorKind::BadRequest, "the provider does not accept the request"),
    };
    let said = said(body).map(|said| format!(": {said}")).unwrap_or_default();
    ModelError {
        status: Some(status),
        retry_after: retry_after(headers, now),
        ..failure(kind, format!("HTTP {status}, {advice}{said}"))
    }
}

/// An error that a provider put into an answer with a good status, as routers do; `None` when there is none.
pub fn from_good_status(status: u16, body: &Value) -> Option<ModelError> {
    let error = body.get("error").filter(|error| !error.is_null())?;
    let code = error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    let error = match code.filter(|code| (400..=599).contains(code)) {
        Some(code) => from_status(code, &HeaderMap::new(), &body.to_string(), SystemTime::UNIX_EPOCH),
        None => {
            let said = said(&body.to_string()).unwrap_or_default();
            failure(ModelErrorKind::Server, format!("the provider answered with an error: {said}"))
        }
    };
    Some(ModelError { status: Some(status), ..error })
}

/// Whether a refusal means the account's quota and not the pace of requests, as OpenAI and those that copy it say it.
fn is_used_up(body: &str) -> bool {
    let Ok(json) = serde_json::from_str::<Value>(body) else { return false };
    ["/error/code", "/error/type"].iter().any(|path| {
        json.pointer(path).and_then(Value::as_str).is_some_and(|word| {
            matches!(word, "insufficient_quota" | "billing_hard_limit_reached" | "billing_not_active")
        })
    })
}

/// The message inside an error's body.
fn said(body: &str) -> Option<String> {
    let text = match serde_json::from_str::<Value>(body) {
        Ok(json) => ["/error/message", "/error", "/message", "/detail", "/0/error/message"]
            .iter()
            .find_map(|path| json.pointer(path)?.as_str().map(str::to_owned))
            .unwrap_or_else(|| json.to_string()),
        Err(_) if body.trim_start().starts_with('<') => "a web page came instead of an answer".to_owned(),
        Err(_) => body.to_owned(),
    };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = text.chars().take(LONGEST_MESSAGE).collect();
    (!cut.is_empty()).then_some(cut)
}

/// `retry-after-ms`, or `retry-after` as seconds or as a date.
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    let milliseconds = text("retry-after-ms").and_then(number).map(|ms| ms / 1e3);
    let seconds = milliseconds.or_else(|| text("retry-after").and_then(number));
    match seconds {
        Some(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        None => {
            let date = text("retry-after")?;
            let at = SystemTime::from(jiff::fmt::rfc2822::parse(date).ok()?.timestamp());
            // A date that is over means: now.
            Some(at.duration_since(now).unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(name: &'static str, value: &str, now: u64) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().expect("a header"));
        retry_after(&headers, SystemTime::UNIX_EPOCH + Duration::from_secs(now))
    }

    #[test]
    fn a_used_up_quota_is_no_matter_of_pace() {
        let of = |body: &str| from_status(429, &HeaderMap::new(), body, SystemTime::UNIX_EPOCH);
        let used_up = of(r#"{"error": {"code": "insufficient_quota", "message": "You exceeded your quota"}}"#);
        assert_eq!(used_up.kind, ModelErrorKind::Auth, "it is not tried again");
        assert!(used_up.message.contains("add credit") && used_up.message.contains("You exceeded your quota"));
        assert_eq!(of(r#"{"error": {"code": "rate_limit_exceeded"}}"#).kind, ModelErrorKind::RateLimited);
        assert_eq!(of("slow down").kind, ModelErrorKind::RateLimited);
    }

    #[test]
    fn retry_after_in_all_its_forms() {
        assert_eq!(waits("retry-after", "7", 0), Some(Duration::from_secs(7)));
        assert_eq!(waits("retry-after", "0.5", 0), Some(Duration::from_millis(500)));
        assert_eq!(waits("retry-after-ms", "250", 0), Some(Duration::from_millis(250)));
        let date = "Wed, 21 Oct 2015 07:28:00 GMT";
        assert_eq!(waits("retry-after", date, 1_445_412_470), Some(Duration::from_secs(10)));
        assert_eq!(waits("retry-after", date, 1_445_412_490), Some(Duration::ZERO));
        for bad in ["soon", "-1", "inf", "NaN", "1e300", ""] {
            assert_eq!(waits("retry-after", bad, 0), None, "{bad:?}");
        }
    }

    #[test]
    fn kinds_by_status() {
        for (status, kind) in [
            (402, ModelErrorKind::Auth),
            (429, ModelErrorKind::RateLimited),
            (408, ModelErrorKind::Server),
            (409, ModelErrorKind::Server),
            (500, ModelErrorKind::Server),
            (529, ModelErrorKind::Server),
            (401, ModelErrorKind::Auth),
            (403, ModelErrorKind::Auth),
            (400, ModelErrorKind::BadRequest),
            (404, ModelErrorKind::BadRequest),
            (422, ModelErrorKind::BadRequest),
            (301, ModelErrorKind::BadRequest),
        ] {
            let error = from_status(status, &HeaderMap::new(), "", SystemTime::UNIX_EPOCH);
            assert_eq!((error.kind, error.status), (kind, Some(status)));
        }
    }

    #[test]
    fn an_error_with_a_good_status_is_seen() {
        let body = serde_json::json!({"error": {"code": 429, "message": "slow down"}});
        let error = from_good_status(200, &body).expect("an error");
        assert_eq!(error.kind, ModelErrorKind::RateLimited);
        assert!(error.message.contains("slow down"));
        assert_eq!(from_good_status(200, &serde_json::json!({"error": null, "choices": []})), None);
    }
}
