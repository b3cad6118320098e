//! What the test says and asks: `/control/…`.
//!
//! | | |
//! |---|---|
//! | `POST /control/vendors`, `POST /control/invoices` | one record or a list of them, put in place |
//! | `POST /control/faults` | a [`Fault`]; answers `{"id": N}`, `GET` lists them with how often each was used, `DELETE` clears all |
//! | `POST /control/settings` | [`Settings`], whole: what is left out is as it is by default; `GET` shows them |
//! | `POST /control/payments/{id}` | `{"status": "settled"}` and the like |
//! | `GET /control/record` | every entry, oldest first; `?route=POST /payments` or `?key=…` for some |
//! | `GET /control/payments` | `{"payments", "refunds", "duplicates"}`; a payment carries the key and the number of its entry |
//! | `GET /control/invoices` | every invoice |

use axum::Json;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::record::{Effect, Invoice, PaymentStatus, Vendor};
use crate::route::Route;
use crate::server::{App, Failure};
use crate::world::Settings;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/control/vendors", post(vendors))
        .route("/control/invoices", post(enter_invoices).get(invoices))
        .route("/control/faults", post(set_fault).get(faults).delete(clear_faults))
        .route("/control/settings", post(change_settings).get(settings))
        .route("/control/payments", get(payments))
        .route("/control/payments/{id}", post(mark_payment))
        .route("/control/record", get(record))
}

/// One, or a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> OneOrMany<T> {
    fn list(self) -> Vec<T> {
        match self {
            Self::Many(list) => list,
            Self::One(one) => vec![one],
        }
    }
}

async fn vendors(
    State(app): State<App>,
    Json(some): Json<OneOrMany<Vendor>>,
) -> Result<Json<Value>, Failure> {
    change(app, "/control/vendors", some.list().into_iter().map(Effect::VendorSet).collect()).await
}

async fn enter_invoices(
    State(app): State<App>,
    Json(some): Json<OneOrMany<Invoice>>,
) -> Result<Json<Value>, Failure> {
    change(app, "/control/invoices", some.list().into_iter().map(Effect::InvoiceSet).collect()).await
}

async fn invoices(State(app): State<App>) -> Result<Json<Value>, Failure> {
    app.with(|store| Ok(json!(store.world.invoices.values().collect::<Vec<_>>()))).await.map(Json)
}

async fn set_fault(State(app): State<App>, Json(fault): Json<Fault>) -> Result<Response, Failure> {
    if fault.route != "*" && !Route::NAMES.contains(&fault.route.as_str()) {
        let problem = format!("no route `{}`; expected `*` or one of {:?}", fault.route, Route::NAMES);
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "error": problem }))).into_response());
    }
    Ok(change(app, "/control/faults", vec![Effect::FaultSet(fault)]).await?.into_response())
}

async fn faults(State(app): State<App>) -> Result<Json<Value>, Failure> {
    app.with(|store| Ok(json!(store.world.faults))).await.map(Json)
}

async fn clear_faults(State(app): State<App>) -> Result<Json<Value>, Failure> {
    change(app, "/control/faults", vec![Effect::FaultsCleared]).await
}

async fn change_settings(
    State(app): State<App>,
    Json(settings): Json<Settings>,
) -> Result<Json<Value>, Failure> {
    change(app, "/control/settings", vec![Effect::SettingsChanged(settings)]).await
}

async fn settings(State(app): State<App>) -> Result<Json<Value>, Failure> {
    app.with(|store| Ok(json!(store.world.settings))).await.map(Json)
}

#[derive(Deserialize)]
struct Mark {
    status: PaymentStatus,
}

async fn mark_payment(
    State(app): State<App>,
    Path(id): Path<String>,
    Json(Mark { status }): Json<Mark>,
) -> Result<Json<Value>, Failure> {
    change(app, "/control/payments", vec![Effect::PaymentMarked { id, status }]).await
}

async fn payments(State(app): State<App>) -> Result<Json<Value>, Failure> {
    app.with(|store| {
        let world = &store.world;
        Ok(json!({
            "payments": world.payments,
            "refunds": world.refunds,
            "duplicates": world.duplicates(),
        }))
    })
    .await
    .map(Json)
}

#[derive(Deserialize)]
struct Filter {
    route: Option<String>,
    key: Option<String>,
}

async fn record(State(app): State<App>, Query(filter): Query<Filter>) -> Result<Json<Value>, Failure> {
    let wanted = move |value: &Option<String>, filter: &Option<String>| filter.is_none() || value == filter;
    app.with(move |store| {
        let entries: Vec<_> = store
            .entries
            .iter()
            .filter(|entry| wanted(&entry.route, &filter.route) && wanted(&entry.key, &filter.key))
            .collect();
        Ok(json!(entries))
    })
    .await
    .map(Json)
}

async fn change(app: App, path: &'static str, effects: Vec<Effect>) -> Result<Json<Value>, Failure> {
    let id = app.with(move |store| store.control(path, effects)).await?;
    Ok(Json(json!({ "id": id })))
}
