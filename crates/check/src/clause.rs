//! The words of a clause as people are shown them: the tokens of the source with canonical blanks, so that formatting and
//! comments change neither what is shown nor a program's hash.

use countersign_syntax::{Span, Token, TokenKind as T};

/// The text of what stands in `span`.
pub(crate) fn text(source: &str, tokens: &[Token], span: Span) -> String {
    let first = tokens.partition_point(|token| token.span.start < span.start);
    let mut out = String::new();
    let mut before: Option<T> = None;
    for token in tokens.iter().skip(first).take_while(|token| token.span.end <= span.end) {
        if let Some(before) = before
            && is_apart(before, token.kind)
        {
            out.push(' ');
        }
        out.push_str(token.span.text(source));
        before = Some(token.kind);
    }
    out
}

/// Whether a blank stands between two tokens.
fn is_apart(before: T, next: T) -> bool {
    let closes = matches!(
        next,
        T::Comma | T::Dot | T::DotDot | T::Colon | T::ParenClose | T::BracketClose | T::Question
    );
    let opens =
        matches!(before, T::Dot | T::DotDot | T::ParenOpen | T::BracketOpen | T::TextHead | T::TextMiddle);
    let in_text = matches!(next, T::TextMiddle | T::TextTail);
    let call = matches!(next, T::ParenOpen) && before.is_word() && !before.is_reserved();
    let lookup = matches!(next, T::BracketOpen) && matches!(before, T::Name);
    let lone_name = lookup && next == T::BracketOpen;
    !(closes || opens || in_text || call || lone_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &str) {
        let tokens: Vec<Token> = countersign_syntax::parse(source)
            .tokens
            .into_iter()
            .filter(|token| !token.kind.is_trivia())
            .collect();
        let end = u32::try_from(source.len()).unwrap_or(u32::MAX);
        assert_eq!(text(source, &tokens, Span::new(0, end)), expected);
    }

    #[test]
    fn formatting_and_comments_do_not_show() {
        check(
            "invoice . amount<=5_000   EUR // why\n and\n vendor.trusted",
            "invoice.amount <= 5_000 EUR and vendor.trusted",
        );
        check("payment( result.id )matches{id:x}", "payment(result.id) matches { id: x }");
        check("asked [ a,b ]", "asked [a, b]");
        check("\"Pay { a.b } now?\"", "\"Pay {a.b} now?\"");
    }
}
