//! The local API: what people and their tools ask of the process.

mod describe;
mod login;
mod runs;
mod status;
mod tasks;
pub mod types;
mod why;

use axum::Router;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::routing::{get, post};

use crate::answer::No;
use crate::serve::App;

/// The routes under `/api/v1`.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/login", post(login::login))
        .route("/tasks", get(tasks::list))
        .route("/tasks/{id}", get(tasks::show))
        .route("/tasks/{id}/answer", post(tasks::answer))
        .route("/runs", get(runs::list))
        .route("/runs/{id}", get(runs::show))
        .route("/runs/{id}/why", get(runs::why))
        .route("/runs/{id}/undo", post(runs::undo))
        .route("/status", get(status::status))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
}

async fn unknown(uri: axum::http::Uri) -> No {
    let path = uri.path().to_owned();
    No::new(
        StatusCode::NOT_FOUND,
        format!("the interface has no /api/v1{path}"),
        "it is described in docs/reference/api.md",
    )
}

async fn wrong_method(method: axum::http::Method) -> No {
    No::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("this part of the interface does not take {method}"),
        "it is described in docs/reference/api.md",
    )
}

/// Whoever signed in, by the token of the request.
pub(crate) struct Person(pub String);

impl FromRequestParts<App> for Person {
    type Rejection = No;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, No> {
        let stranger = |error: &str| {
            No::new(
                StatusCode::UNAUTHORIZED,
                error,
                "sign in with `countersign login`, and send the token as `Authorization: Bearer …`",
            )
        };
        let value = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = value.and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
        });
        let Some(token) = token else { return Err(stranger("nobody is signed in")) };
        match app.handle.person_of(token).await? {
            Some(person) => Ok(Self(person)),
            None => Err(stranger("the token stands for nobody")),
        }
    }
}

/// A JSON body, whose faults are told in our own form.
pub(crate) struct Given<T>(pub T);

impl<T: serde::de::DeserializeOwned> FromRequest<App> for Given<T> {
    type Rejection = No;

    async fn from_request(request: axum::extract::Request, app: &App) -> Result<Self, No> {
        match axum::Json::<T>::from_request(request, app).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(No::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body is not marked as JSON",
                "send it with `content-type: application/json`",
            )),
            Err(rejection) => {
                let status = rejection.status();
                let status =
                    if status == StatusCode::BAD_REQUEST { StatusCode::UNPROCESSABLE_ENTITY } else { status };
                let text = rejection.body_text();
                Err(No::new(status, text, "what is expected is described in docs/reference/api.md"))
            }
        }
    }
}

/// The parameters of a query, whose faults are told in our own form.
pub(crate) struct Asked<T>(pub T);

impl<T: serde::de::DeserializeOwned> FromRequestParts<App> for Asked<T> {
    type Rejection = No;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, No> {
        let query: Result<_, QueryRejection> =
            axum::extract::Query::<T>::from_request_parts(parts, app).await;
        query.map(|axum::extract::Query(value)| Self(value)).map_err(|rejection| {
            No::unprocessable(rejection.body_text(), "what is expected is described in docs/reference/api.md")
        })
    }
}

/// The id in a path.
pub(crate) struct Id(pub String);

impl FromRequestParts<App> for Id {
    type Rejection = No;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, No> {
        let path: Result<_, PathRejection> =
            axum::extract::Path::<String>::from_request_parts(parts, app).await;
        path.map(|axum::extract::Path(id)| Self(id))
            .map_err(|rejection| No::new(StatusCode::NOT_FOUND, rejection.body_text(), ""))
    }
}
