//! Errors of what lies below, as the port tells them.

use bakeoff_core::ports::lab::SubjectError;

/// Something did not work this time.
pub(crate) fn refused(error: impl ToString) -> SubjectError {
    SubjectError { message: error.to_string(), is_unavailable: false }
}

/// Something can't work here at all.
pub(crate) fn unavailable(message: impl Into<String>) -> SubjectError {
    SubjectError { message: message.into(), is_unavailable: true }
}
