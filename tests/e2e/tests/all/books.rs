//! What the tests read from the receiver's record, which is the judge.

use e2e::Stack;
use e2e::receiver::{Entry, Payment};

/// Expects exactly one payment for the invoice, of that amount, that was read back after it was made.
#[track_caller]
pub fn paid_once_and_read_back(stack: &Stack, invoice: &str, amount: &str) -> Payment {
    let books = stack.receiver.books();
    let payments = books.of(invoice);
    assert_eq!(payments.len(), 1, "{invoice} is paid exactly once: {payments:?}");
    let payment = payments[0].clone();
    assert_eq!(payment.amount, serde_json::json!({"amount": amount, "currency": "EUR"}));
    let record = stack.receiver.record();
    let path = format!("/payments/{}", payment.id);
    assert!(
        record.iter().any(|entry| entry.n > payment.n && entry.path == path && entry.status == Some(200)),
        "nobody read {path} after it was made: {record:#?}"
    );
    payment
}

/// Expects that no money moved, and that nobody tried to move any.
#[track_caller]
pub fn nothing_was_paid(stack: &Stack) {
    assert_eq!(stack.receiver.books().payments, []);
    let tried: Vec<_> = stack.receiver.record().into_iter().filter(|e| e.is("POST /payments")).collect();
    assert_eq!(tried, []);
}

/// The attempts to pay an invoice.
pub fn attempts(record: &[Entry], invoice: &str) -> Vec<Entry> {
    record.iter().filter(|e| e.is("POST /payments") && e.body["invoice"] == invoice).cloned().collect()
}

/// Expects that whoever tried to pay an invoice again had looked for the first payment before.
#[track_caller]
pub fn never_tried_blindly(record: &[Entry], invoice: &str) {
    let attempts = attempts(record, invoice);
    for pair in attempts.windows(2) {
        let looked = record.iter().any(|entry| {
            entry.is("GET /payments")
                && entry.query == format!("invoice={invoice}")
                && (pair[0].n..pair[1].n).contains(&entry.n)
        });
        assert!(looked, "{invoice} was tried again without a look: {attempts:#?}");
    }
}
