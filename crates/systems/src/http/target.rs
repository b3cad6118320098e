//! A target appended to a base, so that the base alone says which host is called and under which path.
//!
//! In go the base as the operator set it and the target as the engine rendered it, whose inserted values are encoded but
//! come from outside; out comes one address, or the reason why there is none.

use percent_encoding::percent_decode_str;
use url::Url;

use crate::InvalidOptions;

/// Where a system is: scheme, host, port, and a path without a slash at its end.
pub(super) struct Base(Url);

impl Base {
    pub(super) fn new(mut url: Url) -> Result<Self, InvalidOptions> {
        let reject = |problem: &str| Err(InvalidOptions::new("base", problem));
        if !matches!(url.scheme(), "http" | "https") {
            return reject("expected an address that begins with http:// or https://");
        }
        if url.host_str().is_none_or(str::is_empty) {
            return reject("expected a host in the address");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return reject("the address contains a user or password; name a secret with `auth` instead");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return reject("the address goes on after its path; leave out what follows `?` or `#`");
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }

    pub(super) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    pub(super) fn authority(&self) -> &str {
        self.0.authority()
    }

    pub(super) fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The address of one call.
    pub(super) fn join(&self, target: &str) -> Result<Url, String> {
        check(target).map_err(|problem| format!("not sent: the target `{}` {problem}", shown(target)))?;
        let url = Url::parse(&format!("{}{target}", self.as_str()))
            .map_err(|error| format!("not sent: the target `{}` gives no address: {error}", shown(target)))?;
        // The checks above suffice; this holds even if they should not.
        if self.is_origin_of(&url) && url.path().starts_with(self.0.path().trim_end_matches('/')) {
            Ok(url)
        } else {
            Err(format!("not sent: the target `{}` leads away from {}", shown(target), self.as_str()))
        }
    }

    /// Where a redirect leads, if that is on the same host: credentials go nowhere else.
    pub(super) fn follow(&self, from: &Url, location: &str) -> Option<Url> {
        let to = from.join(location).ok()?;
        let bare = to.username().is_empty() && to.password().is_none();
        (bare && self.is_origin_of(&to)).then_some(to)
    }

    fn is_origin_of(&self, url: &Url) -> bool {
        self.0.origin() == url.origin()
    }
}

fn check(target: &str) -> Result<(), &'static str> {
    let (path, _) = target.split_once('?').unwrap_or((target, ""));
    if !path.is_empty() && !path.starts_with('/') {
        return Err("is no path; expected it to begin with `/`");
    }
    if path.starts_with("//") {
        return Err("begins with `//`, which would name another host");
    }
    if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("contains a character that is not encoded");
    }
    if target.contains(['\\', '#']) {
        return Err("contains `\\` or `#`, which is not encoded");
    }
    if !escapes_are_whole(target) {
        return Err("contains a `%` that begins no escape");
    }
    if path.split('/').any(climbs) {
        return Err("contains `.` or `..` as a step, which would lead to another path");
    }
    Ok(())
}

fn escapes_are_whole(target: &str) -> bool {
    target.split('%').skip(1).all(|rest| {
        let mut digits = rest.bytes();
        digits.next().is_some_and(|b| b.is_ascii_hexdigit())
            && digits.next().is_some_and(|b| b.is_ascii_hexdigit())
    })
}

/// Whether a segment is a dot step once it is decoded, be it once or twice, as servers behind servers do.
fn climbs(segment: &str) -> bool {
    let once = percent_decode_str(segment).decode_utf8_lossy().into_owned();
    let twice = percent_decode_str(&once).decode_utf8_lossy().into_owned();
    [once, twice].iter().any(|text| text.split(['/', '\\']).any(|step| matches!(step, "." | "..")))
}

/// A target as it may stand in a message: short, and without characters that move the cursor.
fn shown(target: &str) -> String {
    let mut text: String = target.chars().take(120).flat_map(char::escape_debug).collect();
    if target.chars().nth(120).is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> Base {
        Base::new(Url::parse(text).unwrap()).unwrap()
    }

    #[test]
    fn a_target_is_appended_to_the_path_of_the_base() {
        let cases = [
            ("http://erp.test", "/vendors/1", "http://erp.test/vendors/1"),
            ("http://erp.test/", "/vendors/1", "http://erp.test/vendors/1"),
            (
                "https://erp.test:8443/api/v2/",
                "/p?invoice=i%201",
                "https://erp.test:8443/api/v2/p?invoice=i%201",
            ),
            ("http://erp.test/api", "?q=..", "http://erp.test/api?q=.."),
            ("http://erp.test/api", "", "http://erp.test/api"),
            ("http://erp.test", "/a%2Fb//c/.../d", "http://erp.test/a%2Fb//c/.../d"),
            ("http://[::1]:80", "/x", "http://[::1]/x"),
        ];
        for (start, target, expected) in cases {
            assert_eq!(base(start).join(target).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn no_target_leads_away_from_the_base() {
        for target in [
            "//evil.test/x",
            "http://evil.test/",
            "@evil.test/",
            ".evil.test/",
            ":99/",
            "vendors",
            "/..",
            "/../admin",
            "/a/../../admin",
            "/a/%2e%2e/admin",
            "/a/%2E./admin",
            "/a/..%2fadmin",
            "/a/..%5cadmin",
            "/a/%252e%252e/admin",
            "/./a",
            "/\\evil.test",
            "\\\\evil.test",
            "/a b",
            "/a\r\nHost: evil.test",
            "/a\u{0}",
            "/\u{e9}",
            "/a#b",
            "/a%",
            "/a%2",
            "/a%zz",
        ] {
            assert!(base("https://erp.test/api").join(target).is_err(), "{target:?}");
        }
    }

    #[test]
    fn the_reason_shows_the_target_without_its_tricks() {
        let reason = base("http://erp.test").join("/a\r\nHost: evil.test").unwrap_err();
        insta::assert_snapshot!(reason, @r"not sent: the target `/a\r\nHost: evil.test` contains a character that is not encoded");
    }

    #[test]
    fn a_base_is_an_address_and_nothing_more() {
        let problem = |text: &str| match Base::new(Url::parse(text).unwrap()) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        };
        let problems: Vec<_> =
            ["ftp://erp.test", "http://u:p@erp.test", "http://erp.test?x=1", "https://erp.test/#a"]
                .map(problem)
                .to_vec();
        insta::assert_snapshot!(problems.join("\n"), @"
        base: expected an address that begins with http:// or https://
        base: the address contains a user or password; name a secret with `auth` instead
        base: the address goes on after its path; leave out what follows `?` or `#`
        base: the address goes on after its path; leave out what follows `?` or `#`
        ");
    }

    #[test]
    fn a_redirect_is_followed_on_the_same_host_alone() {
        let base = base("https://erp.test/api");
        let from = base.join("/a/b").unwrap();
        let follow = |location: &str| base.follow(&from, location).map(String::from);
        assert_eq!(follow("c").as_deref(), Some("https://erp.test/api/a/c"));
        assert_eq!(follow("/elsewhere").as_deref(), Some("https://erp.test/elsewhere"));
        for away in
            ["http://erp.test/", "https://erp.test:444/", "//evil.test/", "https://u@erp.test/", "https://"]
        {
            assert_eq!(follow(away), None, "{away}");
        }
    }
}
