//! Tokens: what the lexer cuts a text into. Together, with their trivia, they are the text, byte for byte.
//!
//! Words that mean something somewhere have a kind of their own. Those of them that are not reserved may be names as
//! well; the parser decides by where they stand.

use crate::Span;
use logos::Logos;

/// A piece of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands.
    pub span: Span,
}

macro_rules! kinds {
    (
        fixed { $( $(#[$meta:meta])* $fixed:ident = $shown:literal, )* }
        marks { $( $mark:ident = $mark_text:tt, )* }
        reserved { $( $reserved:ident = $reserved_text:tt, )* }
        words { $( $word:ident = $word_text:tt, )* }
    ) => {
        /// What a token is.
        #[derive(Logos, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum TokenKind {
            $( $(#[$meta])* $fixed, )*
            $( #[doc = concat!("`", $mark_text, "`")] #[token($mark_text, priority = 20)] $mark, )*
            $( #[doc = concat!("`", $reserved_text, "`")] #[token($reserved_text, priority = 20)] $reserved, )*
            $( #[doc = concat!("`", $word_text, "`")] #[token($word_text, priority = 20)] $word, )*
        }

        impl TokenKind {
            /// All kinds, in their order.
            pub const ALL: &'static [Self] = &[
                $( Self::$fixed, )* $( Self::$mark, )* $( Self::$reserved, )* $( Self::$word, )*
            ];

            /// How it is written, or what it is called where it can be written in many ways.
            pub const fn text(self) -> &'static str {
                match self {
                    $( Self::$fixed => $shown, )*
                    $( Self::$mark => $mark_text, )*
                    $( Self::$reserved => $reserved_text, )*
                    $( Self::$word => $word_text, )*
                }
            }

            /// Whether it is a word that is never a name.
            pub const fn is_reserved(self) -> bool {
                matches!(self, $( Self::$reserved )|*)
            }

            /// Whether it is a word that means something in some places and may be a name in others.
            pub const fn is_contextual(self) -> bool {
                matches!(self, $( Self::$word )|*)
            }
        }
    };
}

kinds! {
    fixed {
        /// A character that no token has.
        Unknown = "unknown character",
        /// Blanks and line ends.
        #[regex(r"[ \t\r\n\f\u{FEFF}]+")]
        Whitespace = "blank",
        /// `// …`
        #[regex(r"//[^\n]*", allow_greedy = true)]
        Comment = "comment",
        /// `/// …`
        Doc = "doc comment",
        /// `//! …`
        ModuleDoc = "module doc comment",
        /// A name that is no keyword anywhere.
        #[regex(r"[\p{XID_Start}_][\p{XID_Continue}]*", priority = 3)]
        Name = "name",
        /// `1_000`
        #[regex(r"[0-9][0-9_]*(\.[0-9][0-9_]*)?(%|[A-Za-z_][A-Za-z0-9_]*)?", priority = 4)]
        Int = "number",
        /// `0.5`
        Decimal = "decimal number",
        /// `5%`
        Percent = "percentage",
        /// `1h30min`
        Duration = "duration",
        /// `2026-11-22`
        #[regex(r"[0-9]+-[0-9]+-[0-9]+", priority = 5)]
        Date = "date",
        /// `09:00`
        #[regex(r"[0-9]+:[0-9]+(:[0-9]+)?", priority = 5)]
        Time = "time",
        /// `2026-11-22T09:00:00Z`
        #[regex(r"[0-9]+-[0-9]+-[0-9]+[Tt][0-9:.]*([Zz]|[+-][0-9:]*)?", priority = 5)]
        Instant = "instant",
        /// A number, duration, date or time that is none; its error has been given.
        BadLiteral = "literal",
        /// A text in which nothing is computed.
        #[token("\"")]
        Text = "text",
        /// A text up to the first thing that is computed: `"Pay {`
        TextHead = "text",
        /// A text between two things that are computed: `} to {`
        TextMiddle = "text",
        /// A text behind the last thing that is computed: `}?"`
        TextTail = "text",
        /// A text that does not end on its line; its error has been given.
        BadText = "text",
        /// Where a line ends, in a text with mistakes; only the parser sees it.
        Break = "end of the line",
        /// Where the text ends; only the parser sees it.
        End = "end of the file",
    }
    marks {
        BraceOpen = "{",
        BraceClose = "}",
        ParenOpen = "(",
        ParenClose = ")",
        BracketOpen = "[",
        BracketClose = "]",
        Comma = ",",
        Colon = ":",
        Semicolon = ";",
        Dot = ".",
        DotDot = "..",
        Equals = "=",
        EqualEqual = "==",
        NotEqual = "!=",
        Less = "<",
        AtMost = "<=",
        More = ">",
        AtLeast = ">=",
        Plus = "+",
        Minus = "-",
        Star = "*",
        Slash = "/",
        Question = "?",
        QuestionQuestion = "??",
        Arrow = "->",
        FatArrow = "=>",
        Pipe = "|",
        Underscore = "_",
    }
    reserved {
        And = "and",
        Or = "or",
        Not = "not",
        Is = "is",
        In = "in",
        Where = "where",
        Within = "within",
        Until = "until",
        Throughout = "throughout",
        Else = "else",
        Then = "then",
        Because = "because",
        When = "when",
        While = "while",
        For = "for",
        Each = "each",
        If = "if",
        As = "as",
        With = "with",
        By = "by",
        At = "at",
        Showing = "showing",
        Reminding = "reminding",
        Unless = "unless",
        True = "true",
        False = "false",
        None = "none",
    }
    words {
        A = "a",
        About = "about",
        Above = "above",
        Acknowledged = "acknowledged",
        Act = "act",
        Action = "action",
        After = "after",
        An = "an",
        Answers = "answers",
        Approval = "approval",
        Approve = "approve",
        Approved = "approved",
        Approves = "approves",
        Ask = "ask",
        Asked = "asked",
        Auth = "auth",
        Automatic = "automatic",
        Away = "away",
        Before = "before",
        Breaker = "breaker",
        But = "but",
        Calendar = "calendar",
        Case = "case",
        Changes = "changes",
        Closed = "closed",
        Creates = "creates",
        Data = "data",
        Decide = "decide",
        Deletes = "deletes",
        Did = "did",
        Do = "do",
        Down = "down",
        Effect = "effect",
        Enough = "enough",
        Enum = "enum",
        Every = "every",
        Eyes = "eyes",
        Fails = "fails",
        Failure = "failure",
        Failures = "failures",
        Flow = "flow",
        Fn = "fn",
        Four = "four",
        Fresh = "fresh",
        From = "from",
        Given = "given",
        Goes = "goes",
        Grants = "grants",
        Guardrail = "guardrail",
        Hand = "hand",
        Has = "has",
        Health = "health",
        History = "history",
        Honours = "honours",
        Infrastructure = "infrastructure",
        Irreversible = "irreversible",
        Key = "key",
        Limit = "limit",
        Live = "live",
        Matches = "matches",
        Members = "members",
        Messages = "messages",
        Money = "money",
        Moves = "moves",
        Need = "need",
        Needs = "needs",
        Never = "never",
        Nothing = "nothing",
        Notify = "notify",
        Objected = "objected",
        Objects = "objects",
        Of = "of",
        On = "on",
        Once = "once",
        One = "one",
        Open = "open",
        Otherwise = "otherwise",
        Out = "out",
        Owned = "owned",
        People = "people",
        Per = "per",
        Priority = "priority",
        Probe = "probe",
        Read = "read",
        Receives = "receives",
        Record = "record",
        Refuse = "refuse",
        Refused = "refused",
        Refuses = "refuses",
        Render = "render",
        Review = "review",
        Role = "role",
        Run = "run",
        Sample = "sample",
        Secret = "secret",
        Setting = "setting",
        Shadow = "shadow",
        Signed = "signed",
        Silence = "silence",
        Simulation = "simulation",
        Skip = "skip",
        Some = "some",
        Status = "status",
        Still = "still",
        Suggest = "suggest",
        System = "system",
        Takes = "takes",
        Task = "task",
        Tell = "tell",
        Test = "test",
        Times = "times",
        To = "to",
        Told = "told",
        Transient = "transient",
        Truth = "truth",
        Try = "try",
        Twice = "twice",
        Understand = "understand",
        Undo = "undo",
        Unsigned = "unsigned",
        Unverified = "unverified",
        Up = "up",
        Use = "use",
        Verify = "verify",
        Via = "via",
        Visible = "visible",
        Was = "was",
        Webhook = "webhook",
        Without = "without",
        Zone = "zone",
    }
}

impl TokenKind {
    /// Whether the grammar passes over it.
    pub const fn is_trivia(self) -> bool {
        matches!(self, Self::Whitespace | Self::Comment | Self::Doc | Self::ModuleDoc | Self::Unknown)
    }

    /// Whether it is a word, reserved or not, or a name.
    pub const fn is_word(self) -> bool {
        matches!(self, Self::Name) || self.is_reserved() || self.is_contextual()
    }

    /// Whether it can stand where a name must stand.
    pub const fn can_be_name(self) -> bool {
        matches!(self, Self::Name) || self.is_contextual()
    }

    /// Whether it is one of `( [ {` or the head of a text.
    pub const fn opens(self) -> bool {
        matches!(self, Self::BraceOpen | Self::ParenOpen | Self::BracketOpen | Self::TextHead)
    }

    /// Whether it is one of `) ] }` or the tail of a text.
    pub const fn closes(self) -> bool {
        matches!(self, Self::BraceClose | Self::ParenClose | Self::BracketClose | Self::TextTail)
    }

    /// Whether it is a text, or the head of one.
    pub const fn opens_text(self) -> bool {
        matches!(self, Self::Text | Self::TextHead | Self::BadText)
    }

    /// Whether it is a number without a unit.
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Decimal)
    }

    /// What closes it, if it opens something.
    pub const fn partner(self) -> Option<Self> {
        match self {
            Self::BraceOpen => Some(Self::BraceClose),
            Self::ParenOpen => Some(Self::ParenClose),
            Self::BracketOpen => Some(Self::BracketClose),
            Self::TextHead => Some(Self::TextTail),
            _ => None,
        }
    }

    /// Whether it can only go on with what stands before it: an operator, or a word that continues a clause.
    pub const fn continues(self) -> bool {
        self.is_operator()
            || matches!(
                self,
                Self::Where
                    | Self::Within
                    | Self::Until
                    | Self::Throughout
                    | Self::Else
                    | Self::Because
                    | Self::If
                    | Self::As
                    | Self::With
                    | Self::By
                    | Self::At
                    | Self::Showing
                    | Self::Reminding
                    | Self::Unless
                    | Self::Comma
                    | Self::Colon
                    | Self::Equals
                    | Self::Arrow
                    | Self::FatArrow
                    | Self::DotDot
            )
    }

    /// Whether it can stand between two operands.
    pub const fn is_operator(self) -> bool {
        matches!(
            self,
            Self::And
                | Self::Or
                | Self::Is
                | Self::In
                | Self::Dot
                | Self::EqualEqual
                | Self::NotEqual
                | Self::Less
                | Self::AtMost
                | Self::More
                | Self::AtLeast
                | Self::Plus
                | Self::Minus
                | Self::Star
                | Self::Slash
                | Self::QuestionQuestion
        )
    }
}
