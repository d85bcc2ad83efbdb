//! Bodies, queries and path parameters, read so that what is wrong is named.

use super::error::{ApiError, Code};
use axum::body::Bytes;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A JSON object as the body.
pub(crate) struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::new(Code::UnsupportedMediaType, "the body is not sent as JSON")
                .hint("send the header `Content-Type: application/json`"));
        }
        // The guard has read it already and knows its size.
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|_| ApiError::new(Code::InvalidBody, "the request's body broke off"))?;
        read(&bytes).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// Reads a JSON object, or names what is wrong and where.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let no_object = |problem: &str| {
        ApiError::new(Code::InvalidBody, format!("the body is no JSON object: {problem}"))
            .hint("the page /api/docs shows what each call takes")
    };
    // The whole body first, so that half a body is never taken for one that lacks a field.
    let body: Value = serde_json::from_slice(bytes).map_err(|problem| no_object(&problem.to_string()))?;
    if !body.is_object() {
        return Err(no_object("it is something else"));
    }
    serde_path_to_error::deserialize(body).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { "body" } else { &path };
        ApiError::param(path, error.inner())
    })
}

/// What follows the question mark.
pub(crate) struct QueryOf<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryOf<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(query) = Query::from_request_parts(parts, state)
            .await
            .map_err(|problem: QueryRejection| ApiError::new(Code::InvalidParam, problem.body_text()))?;
        Ok(Self(query))
    }
}

/// A run's number in a path: `12`, `#12` or the job's id `run_abtest_12`.
pub(crate) struct RunId(pub u32);

impl<S: Send + Sync> FromRequestParts<S> for RunId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path: Result<Path<String>, PathRejection> = Path::from_request_parts(parts, state).await;
        let text = path.map(|Path(text)| text).unwrap_or_default();
        let number = text.strip_prefix(JOB_PREFIX).unwrap_or_else(|| text.trim_start_matches('#'));
        let is_plain = number.chars().all(|digit| digit.is_ascii_digit());
        number.parse().ok().filter(|number| is_plain && *number > 0).map(Self).ok_or_else(|| {
            ApiError::param("id", format!("{text:?} is not a run's number"))
                .hint("GET /api/admin/abtests lists them")
        })
    }
}

/// What a job's id begins with; the run's number follows.
pub(crate) const JOB_PREFIX: &str = "run_abtest_";

/// A whole number or nothing; JSON knows no difference between 50 and 50.0.
pub(crate) fn whole<'a, D: Deserializer<'a>>(reader: D) -> Result<Option<u32>, D::Error> {
    let Some(number) = Option::<serde_json::Number>::deserialize(reader)? else { return Ok(None) };
    let as_float = number.as_f64().filter(|float| float.fract() == 0.0);
    let whole = number.as_u64().or_else(|| as_float.filter(|float| *float >= 0.0).map(|float| float as u64));
    let whole = whole.and_then(|whole| u32::try_from(whole).ok());
    whole
        .map(Some)
        .ok_or_else(|| D::Error::custom(format!("{number} is not a whole number from 0 to {}", u32::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[serde(rename = "inner")]
        _inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[serde(rename = "number")]
        _number: u32,
    }

    #[track_caller]
    fn check(body: &str, expected: &str) {
        let error = read::<Outer>(body.as_bytes()).expect_err("it is wrong");
        let text = format!("{error:?}");
        assert!(text.contains(expected), "{body}: {expected:?} is not in {text}");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        check(r#"{"inner": [{"number": 1}, {"number": "x"}]}"#, "inner[1].number: invalid type: string");
        check(r#"{"inner": [{}]}"#, "inner[0]: missing field `number`");
        check(r#"{"inner": [{"number": 1, "more": 2}]}"#, "unknown field `more`");
        check("{}", "body: missing field `inner`");
        for none in ["", "[]", "null", "3", "{", "{\"inner\": [", "{\"inner\": []} more", "not json"] {
            check(none, "InvalidBody");
        }
    }
}
