//! `Retry-After`: seconds, or a date, which is measured against the answer's own `Date` so that clocks need not agree.

use std::time::SystemTime;

use http::HeaderMap;
use http::header::{DATE, HeaderName, RETRY_AFTER};

/// Seconds to wait, if the answer says so. A date that has passed is zero; more than fits is the most that does.
pub(super) fn seconds(headers: &HeaderMap, now: SystemTime) -> Option<u32> {
    let value = text(headers, &RETRY_AFTER)?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(value.parse().unwrap_or(u32::MAX));
    }
    let at = httpdate::parse_http_date(value).ok()?;
    let from = text(headers, &DATE).and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
    let seconds = at.duration_since(from).unwrap_or_default().as_secs();
    Some(u32::try_from(seconds).unwrap_or(u32::MAX))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(retry_after: &str, date: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, retry_after.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        headers
    }

    #[test]
    fn seconds_and_dates_are_both_understood() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:00 GMT").unwrap();
        let sent = Some("Sun, 06 Nov 1994 08:49:30 GMT");
        let cases = [
            ("120", None, Some(120)),
            (" 5 ", None, Some(5)),
            ("99999999999999999999", None, Some(u32::MAX)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", None, Some(37)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", sent, Some(7)),
            ("Sun, 06 Nov 1994 08:48:37 GMT", sent, Some(0)),
            ("-5", None, None),
            ("soon", None, None),
            ("", None, None),
        ];
        for (value, date, expected) in cases {
            assert_eq!(seconds(&headers(value, date), now), expected, "{value:?}");
        }
        assert_eq!(seconds(&HeaderMap::new(), now), None);
    }
}
