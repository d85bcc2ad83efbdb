//! Errors as the API answers them: `{"ok": false, "error": {"code", "message", "hint", "details"}}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bakeoff_core::diagnostic::Severity;
use bakeoff_service::dto::{ErrorCode, ServiceError};
use serde::Serialize;
use utoipa::ToSchema;

/// What kind of error it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Code {
    /// 400: the body is no JSON object.
    InvalidBody,
    /// 400: a value is wrong; the message names it.
    InvalidParam,
    /// 401: no token was shown.
    MissingApiKey,
    /// 401: it is not the token.
    InvalidApiKey,
    /// 403: the request comes from a web page or names another host.
    Forbidden,
    /// 403: triage tests are off.
    FeatureDisabled,
    /// 404: there is no such thing.
    NotFound,
    /// 405: this path has no such method.
    MethodNotAllowed,
    /// 408: the body took too long.
    RequestTimeout,
    /// 409: it changed, or its state forbids it.
    Conflict,
    /// 409: a gate blocks this workflow; say why it is applied all the same.
    DeployBlocked,
    /// 413: the body is too large.
    PayloadTooLarge,
    /// 415: the body is not sent as JSON.
    UnsupportedMediaType,
    /// 500: a defect of this program or of its disk.
    InternalError,
    /// 500: something that the request needs is not set up in this program, such as a provider's key.
    ServerConfigError,
    /// 503: no workspace is open.
    NotInitialized,
    /// 503: MLflow is not set up or does not answer.
    MlflowUnavailable,
    /// 503: something else that is needed can't be reached.
    Unavailable,
    /// 503: the answer took too long; what was begun goes on.
    Timeout,
}

impl Code {
    fn status(self) -> StatusCode {
        match self {
            Self::InvalidBody | Self::InvalidParam => StatusCode::BAD_REQUEST,
            Self::MissingApiKey | Self::InvalidApiKey => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::FeatureDisabled => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::Conflict | Self::DeployBlocked => StatusCode::CONFLICT,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::InternalError | Self::ServerConfigError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NotInitialized | Self::MlflowUnavailable | Self::Unavailable | Self::Timeout => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }
}

/// An answer that tells an error.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ErrorAnswer {
    /// Always false.
    #[schema(example = false)]
    pub ok: bool,
    /// The error.
    pub error: ErrorBody,
}

/// An error.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// What kind.
    pub code: Code,
    /// What is wrong, naming the thing.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hint: Option<String>,
    /// Every finding, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Finding>,
}

/// One finding of several.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Finding {
    /// A stable short name.
    pub code: String,
    /// Where, such as `variants[1].model`; empty for the whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Why a request can't be answered.
#[derive(Debug)]
pub(crate) struct ApiError(Box<ErrorBody>);

impl ApiError {
    /// An error without hint.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(ErrorBody { code, message: message.into(), hint: None, details: Vec::new() }))
    }

    /// The same with a hint on what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// No workspace is open.
    pub fn not_initialized() -> Self {
        Self::new(Code::NotInitialized, "no workspace is open").hint("open one in the window, then ask again")
    }

    /// A value is wrong; `path` names it, such as `variants[1].model`.
    pub fn param(path: &str, problem: impl std::fmt::Display) -> Self {
        Self::new(Code::InvalidParam, format!("{path}: {problem}"))
    }

    /// The same as another kind: what is unavailable here has a name.
    #[must_use]
    pub fn unavailable_is(mut self, code: Code) -> Self {
        if self.0.code == Code::Unavailable {
            self.0.code = code;
        }
        self
    }
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        let code = match error.code {
            ErrorCode::BadInput => Code::InvalidParam,
            ErrorCode::NotFound => Code::NotFound,
            ErrorCode::Conflict => Code::Conflict,
            ErrorCode::Unavailable => Code::Unavailable,
            ErrorCode::Disabled => Code::FeatureDisabled,
            ErrorCode::Storage | ErrorCode::RunFailed | ErrorCode::Internal => {
                // The caller learns nothing of the inside; whoever started the program does.
                eprintln!("error: the HTTP API: {}", error.message);
                return Self::new(Code::InternalError, "the request failed inside Bakeoff")
                    .hint("what happened is in the output of the program that serves the API");
            }
        };
        let errors = error.diagnostics.iter().filter(|finding| finding.severity == Severity::Error);
        let details: Vec<Finding> = errors
            .map(|finding| Finding {
                code: finding.code.clone(),
                path: finding.path.clone(),
                message: finding.message.clone(),
                hint: finding.hint.clone(),
            })
            .collect();
        let is_setup = |finding: &Finding| finding.code == "no-key";
        let code = match code {
            Code::InvalidParam if !details.is_empty() && details.iter().all(is_setup) => {
                Code::ServerConfigError
            }
            code => code,
        };
        let (mut message, mut hint) = (error.message, error.hint);
        if let Some(first) = details.first() {
            let place = if first.path.is_empty() { String::new() } else { format!("{}: ", first.path) };
            if !message.contains(&first.message) {
                message = format!("{message}: {place}{}", first.message);
            }
            hint = first.hint.clone().or(hint);
        }
        Self(Box::new(ErrorBody { code, message, hint, details }))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.0.code.status();
        let mut response = (status, Json(ErrorAnswer { ok: false, error: *self.0 })).into_response();
        let headers = response.headers_mut();
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            // What is left of the request is not read.
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}
