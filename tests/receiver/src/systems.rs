//! What ERP and billing do with a request when nothing is wrong with them.
//!
//! In go the state and the request; out comes the answer with the changes that it stands for, which the caller keeps or
//! drops. Pure, so that a fault is a matter of what is kept.

use axum::http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::record::{Effect, Invoice, InvoiceStatus, Money, Payment, PaymentStatus, Refund};
use crate::route::Route;
use crate::world::{Made, World};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    pub route: Option<Route>,
    pub key: Option<String>,
    /// The body, or what is wrong with it.
    pub body: Result<Value, String>,
    /// Whether it shows a token that is let in.
    pub let_in: bool,
}

impl Request {
    fn query(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.query.as_bytes())
            .find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    }

    /// Every id that the request names, for faults that wait for one.
    pub fn names(&self, world: &World) -> Vec<String> {
        let mut names: Vec<String> =
            self.route.iter().filter_map(Route::subject).map(str::to_owned).collect();
        names.extend(form_urlencoded::parse(self.query.as_bytes()).map(|(_, value)| value.into_owned()));
        if let Ok(body) = &self.body {
            names.extend(
                ["id", "invoice", "vendor"]
                    .iter()
                    .filter_map(|field| body.get(field)?.as_str())
                    .map(str::to_owned),
            );
        }
        let invoices: Vec<_> =
            names.iter().filter_map(|name| Some(world.payment(name)?.what.invoice.clone())).collect();
        names.extend(invoices);
        names
    }
}

/// The answer, and what it stands for.
#[derive(Debug)]
pub struct Done {
    pub status: StatusCode,
    pub answer: Value,
    pub effects: Vec<Effect>,
    pub repeat: bool,
}

/// Where and when a request is worked off.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The number of its entry, from which ids are made, so that none is ever given twice.
    pub n: u64,
    /// Milliseconds since 1970.
    pub at: u64,
}

pub fn respond(world: &World, request: &Request, moment: Moment) -> Done {
    work(world, request, moment).unwrap_or_else(|(status, problem)| Done {
        status,
        answer: json!({ "error": problem }),
        effects: Vec::new(),
        repeat: false,
    })
}

type Refusal = (StatusCode, String);

fn work(world: &World, request: &Request, moment: Moment) -> Result<Done, Refusal> {
    let Some(route) = &request.route else {
        return Err((StatusCode::NOT_FOUND, format!("no route {} {}", request.method, request.path)));
    };
    if !request.let_in {
        return Err((StatusCode::UNAUTHORIZED, "expected a bearer token that is let in".to_owned()));
    }
    let visible = |at: u64| moment.at.saturating_sub(at) >= world.settings.visible_after_ms;
    match route {
        Route::ReadVendor(id) => read(world.vendors.get(id), "vendor", id),
        Route::ReadInvoice(id) => read(world.invoices.get(id), "invoice", id),
        Route::ReadPayment(id) => {
            read(world.payment(id).filter(|made| visible(made.at)).map(|made| &made.what), "payment", id)
        }
        Route::ReadPayments => {
            let invoice = request.query("invoice");
            let wanted =
                |payment: &Payment| invoice.as_ref().is_none_or(|invoice| payment.invoice == *invoice);
            found(&list(&world.payments, visible, wanted))
        }
        Route::ReadRefunds => {
            let payment = request.query("payment");
            let wanted = |refund: &Refund| payment.as_ref().is_none_or(|payment| refund.payment == *payment);
            found(&list(&world.refunds, visible, wanted))
        }
        Route::EnterInvoice => {
            let invoice: Invoice = body(request)?;
            let answer = to_json(&invoice)?;
            Ok(created(answer, vec![Effect::InvoiceSet(invoice)]))
        }
        Route::MarkInvoice(id) => mark(world, request, id),
        Route::Pay => once(world, request, route, |body: Order| pay(world, &body, moment)),
        Route::Refund(id) => once(world, request, route, |_: Value| refund(world, id, moment)),
    }
}

fn mark(world: &World, request: &Request, id: &str) -> Result<Done, Refusal> {
    #[derive(serde::Deserialize)]
    struct Mark {
        status: InvoiceStatus,
    }
    let Mark { status } = body(request)?;
    let invoice = world.invoices.get(id).ok_or_else(|| missing("invoice", id))?;
    let answer = to_json(&Invoice { status, ..invoice.clone() })?;
    let effects = vec![Effect::InvoiceMarked { id: id.to_owned(), status }];
    Ok(Done { status: StatusCode::OK, answer, effects, repeat: false })
}

/// What is to be paid.
#[derive(serde::Deserialize)]
struct Order {
    invoice: String,
    amount: Money,
}

/// A payment each time: two for one invoice are for the test to find, not for billing to prevent.
fn pay(world: &World, order: &Order, moment: Moment) -> Result<(String, Done), Refusal> {
    let payment = Payment {
        id: format!("p-{}", moment.n),
        invoice: order.invoice.clone(),
        amount: order.amount.clone(),
        status: world.settings.payment_status,
    };
    let mut effects = vec![Effect::Paid(payment.clone())];
    if world.settings.settle_invoice && world.invoices.contains_key(&order.invoice) {
        effects.push(Effect::InvoiceMarked { id: order.invoice.clone(), status: InvoiceStatus::Settled });
    }
    Ok((payment.id.clone(), created(to_json(&payment)?, effects)))
}

fn refund(world: &World, id: &str, moment: Moment) -> Result<(String, Done), Refusal> {
    let payment = &world.payment(id).ok_or_else(|| missing("payment", id))?.what;
    let refund =
        Refund { id: format!("r-{}", moment.n), payment: id.to_owned(), amount: payment.amount.clone() };
    let answer = to_json(&refund)?;
    let marked = Effect::PaymentMarked { id: id.to_owned(), status: PaymentStatus::Refunded };
    Ok((refund.id.clone(), created(answer, vec![Effect::Refunded(refund), marked])))
}

/// Do it, unless this key has done it before: then what it made is told again.
fn once<T: DeserializeOwned>(
    world: &World,
    request: &Request,
    route: &Route,
    act: impl FnOnce(T) -> Result<(String, Done), Refusal>,
) -> Result<Done, Refusal> {
    // The path belongs to what a key stands for, since it names what is refunded.
    let scope = format!("{} {}", route.name(), route.subject().unwrap_or_default());
    let sent = request.body.clone().unwrap_or_default();
    if let Some(key) = &request.key
        && let Some(remembered) = world.remembered(&scope, key)
    {
        if remembered.body != sent {
            let problem = "this key was used with another body".to_owned();
            return Err((StatusCode::UNPROCESSABLE_ENTITY, problem));
        }
        let answer = match route {
            Route::Refund(_) => to_json(
                &world.refunds.iter().find(|made| made.what.id == remembered.made).map(|made| &made.what),
            )?,
            _ => to_json(&world.payment(&remembered.made).map(|made| &made.what))?,
        };
        return Ok(Done { status: StatusCode::CREATED, answer, effects: Vec::new(), repeat: true });
    }
    let (made, mut done) = act(body(request)?)?;
    if let Some(key) = &request.key {
        done.effects.push(Effect::KeyTaken { route: scope, key: key.clone(), made, body: sent });
    }
    Ok(done)
}

fn body<T: DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    let refuse = |problem: String| (StatusCode::UNPROCESSABLE_ENTITY, problem);
    let body = request.body.clone().map_err(refuse)?;
    serde_json::from_value(body).map_err(|error| refuse(error.to_string()))
}

fn list<T: Clone>(all: &[Made<T>], visible: impl Fn(u64) -> bool, wanted: impl Fn(&T) -> bool) -> Vec<T> {
    all.iter().filter(|made| visible(made.at) && wanted(&made.what)).map(|made| made.what.clone()).collect()
}

fn read<T: Serialize>(found_one: Option<&T>, kind: &str, id: &str) -> Result<Done, Refusal> {
    found(found_one.ok_or_else(|| missing(kind, id))?)
}

fn found<T: Serialize>(what: &T) -> Result<Done, Refusal> {
    Ok(Done { status: StatusCode::OK, answer: to_json(what)?, effects: Vec::new(), repeat: false })
}

fn created(answer: Value, effects: Vec<Effect>) -> Done {
    Done { status: StatusCode::CREATED, answer, effects, repeat: false }
}

fn missing(kind: &str, id: &str) -> Refusal {
    (StatusCode::NOT_FOUND, format!("no {kind} {id}"))
}

fn to_json<T: Serialize>(what: &T) -> Result<Value, Refusal> {
    serde_json::to_value(what).map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}
