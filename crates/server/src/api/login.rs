//! Signing in: who can read the operator's key says who a person is.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::Given;
use super::types::{LoginRequest, LoginResponse};
use crate::answer::No;
use crate::serve::App;

/// How long a wrong key is made to wait.
const PAUSE: Duration = Duration::from_millis(300);

pub(crate) async fn login(
    State(app): State<App>,
    Given(request): Given<LoginRequest>,
) -> Result<Json<LoginResponse>, No> {
    if !app.operator.is(&request.operator_key) {
        tracing::warn!(person = %request.person, "somebody tried to sign in with a wrong operator key");
        tokio::time::sleep(PAUSE).await;
        return Err(No::new(
            StatusCode::UNAUTHORIZED,
            "that is not the operator's key",
            "it stands in `.countersign/operator.key` of the project",
        ));
    }
    let person = request.person.trim().to_owned();
    let token = app.handle.issue_token(&person).await?;
    tracing::info!(%person, "signed in");
    let roles = app.handle.roles_of(&person);
    Ok(Json(LoginResponse { token, person, roles }))
}
