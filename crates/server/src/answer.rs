//! What a handler answers when it cannot do what was asked: a status and `{"error", "help"}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_runtime::InputError;

use crate::api::types::ErrorBody;

/// How long a sender is asked to wait while more waits than may wait, in seconds.
const RETRY_AFTER: &str = "1";

/// An answer that says no.
#[derive(Debug)]
pub(crate) struct No {
    pub status: StatusCode,
    pub body: Box<ErrorBody>,
}

impl No {
    pub(crate) fn new(status: StatusCode, error: impl Into<String>, help: impl Into<String>) -> Self {
        let body = ErrorBody {
            error: error.into(),
            help: help.into(),
            event: None,
            path: None,
            problem: None,
            run: None,
        };
        Self { status, body: Box::new(body) }
    }

    pub(crate) fn unprocessable(error: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, error, help)
    }

    pub(crate) fn not_found(what: &str, id: &str) -> Self {
        let help = match what {
            "run" => "list them with `countersign runs`",
            "task" => "list them with `countersign inbox`",
            _ => "",
        };
        Self::new(StatusCode::NOT_FOUND, format!("there is no {what} `{id}`"), help)
    }
}

impl IntoResponse for No {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
        }
        response
    }
}

impl From<InputError> for No {
    fn from(error: InputError) -> Self {
        let text = error.to_string();
        match error {
            InputError::Ending | InputError::Busy => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                text,
                "send it again in a moment; nothing is lost by that",
            ),
            InputError::NotFound { what, key } => Self::not_found(what, &key),
            InputError::Forbidden(_) => {
                Self::new(StatusCode::FORBIDDEN, text, "ask somebody whose role allows it")
            }
            InputError::Declined(_) => {
                Self::new(StatusCode::FORBIDDEN, text, "it is on record, and changes nothing")
            }
            InputError::Late(_) => Self::new(
                StatusCode::CONFLICT,
                text,
                "your answer is on record; an objection to what passed by silence has given the owner a task",
            ),
            InputError::TooLarge { .. } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, text, "send less at once")
            }
            InputError::Step { .. } | InputError::Store(_) | InputError::Random(_) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                text,
                "nothing was kept; the log of the process says more",
            ),
        }
    }
}
