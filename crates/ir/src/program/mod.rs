//! The compiled program: what the checker lowers to, what the prover reads, what the engine executes.
//!
//! Everything refers by index into the tables of [`Program`]; names are kept for people. The program is serde data with
//! one serialisation ([`Program::to_bytes`]), whose hash is the program's identity: formatting and comments of the source
//! do not change it, anything that could change behaviour does.

mod action;
mod expr;
mod flow;
mod people;
mod rules;

pub use action::*;
pub use expr::*;
pub use flow::*;
pub use people::*;
pub use rules::*;

use serde::{Deserialize, Serialize};

use crate::hash::{Hash, Hasher};
use crate::value::{Currency, Value};

/// The version of the serialised form. A program of a newer format is refused.
pub const FORMAT: u32 = 1;
/// The version of what programs *mean*. An engine runs every number that still has waiting runs.
pub const SEMANTICS: u32 = 1;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u16);
        impl $name {
            /// As an index into the program's table.
            pub fn index(self) -> usize { usize::from(self.0) }
        }
    )*};
}

ids! {
    /// Index into [`Program::records`].
    RecordId
    /// Index into [`Program::enums`].
    EnumId
    /// Index into [`Program::settings`].
    SettingId
    /// Index into [`Program::secrets`].
    SecretId
    /// Index into [`Program::calendars`].
    CalendarId
    /// Index into [`Program::roles`].
    RoleId
    /// Index into [`Program::systems`].
    SystemId
    /// Index into [`System::reads`].
    ReadId
    /// Index into [`System::actions`].
    ActionId
    /// Index into [`Program::approvals`].
    ApprovalId
    /// Index into [`Approval::levels`].
    LevelId
    /// Index into [`Program::decisions`].
    DecisionId
    /// Index into [`Program::guardrails`].
    GuardrailId
    /// Index into [`Program::flows`].
    FlowId
    /// Index into [`Program::templates`].
    TemplateId
    /// Index into [`Flow::steps`].
    StepId
    /// A place in a frame of values.
    Slot
}

/// A compiled project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// [`FORMAT`] of the compiler that wrote it.
    pub format: u32,
    /// [`SEMANTICS`] that it was compiled for.
    pub semantics: u32,
    /// The project's name.
    pub name: String,
    /// Records, those of the source and those that lowering makes (bodies of requests, history).
    pub records: Vec<Record>,
    /// Enums, those of the source and one per approval policy (`payment.Level`).
    pub enums: Vec<Enum>,
    /// What an organisation may set.
    pub settings: Vec<Setting>,
    /// Names of secrets; their values never come near a program.
    pub secrets: Vec<String>,
    /// When people work.
    pub calendars: Vec<Calendar>,
    /// Who people are.
    pub roles: Vec<Role>,
    /// What can be read and done.
    pub systems: Vec<System>,
    /// Who has to agree.
    pub approvals: Vec<Approval>,
    /// Ordered rules.
    pub decisions: Vec<Decision>,
    /// What no path may break.
    pub guardrails: Vec<Guardrail>,
    /// What happens.
    pub flows: Vec<Flow>,
    /// Texts to be rendered.
    pub templates: Vec<Template>,
}

/// The static type of a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Type {
    /// Any text.
    Text,
    /// Yes or no.
    Bool,
    /// A whole number.
    Int,
    /// An exact decimal number.
    Decimal,
    /// A share in percent.
    Percent,
    /// Money, of one currency or of any.
    Money(Option<Currency>),
    /// A length of time.
    Duration,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A point in time.
    Instant,
    /// An e-mail address.
    Email,
    /// An absolute URL.
    Url,
    /// A person known to sign-in, by their e-mail address.
    Person,
    /// A rendered text.
    Draft,
    /// A variant of an enum.
    Enum(EnumId),
    /// A record.
    Record(RecordId),
    /// A list with at most that many elements.
    List(Box<Type>, u32),
    /// A value or none.
    Optional(Box<Type>),
}

/// A record and its fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its name; empty for the shape of a request's body.
    pub name: String,
    /// The fields, in the order of the declaration.
    pub fields: Vec<Field>,
}

/// One field of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its name, in JSON too.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// What must hold of it at the door. The frame holds the record's fields in their order.
    pub refinement: Option<Refinement>,
}

/// A condition that a value must meet to pass the door.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refinement {
    /// The condition.
    pub condition: Expr,
    /// As the source says it.
    pub text: String,
}

/// An enum and its variants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Enum {
    /// Its name; `payment.Level` for the levels of a policy.
    pub name: String,
    /// The variants in the order of the declaration.
    pub variants: Vec<String>,
}

/// What an organisation may set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// What holds when nobody sets it; without a default a deployment must name a value.
    pub default: Option<Value>,
    /// What each value must meet. Settings are read with [`Expr::Setting`].
    pub bounds: Option<Refinement>,
}

/// A text with holes, rendered by the host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Template {
    /// The file's name, as the source gives it.
    pub name: String,
    /// The file's text.
    pub source: String,
}

/// Why bytes are not a program that this engine can run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The program is newer than the engine.
    #[error(
        "the program has format {found}, this binary reads up to {FORMAT}: update countersign, or build it again"
    )]
    Format {
        /// What it has.
        found: u32,
    },
    /// The program means what this engine does not know.
    #[error("the program has semantics {found}, this binary runs up to {SEMANTICS}: update countersign")]
    Semantics {
        /// What it has.
        found: u32,
    },
    /// The bytes are damaged.
    #[error("not a compiled program: {0}")]
    Malformed(String),
}

impl Program {
    /// The one serialisation: what is stored, and what is hashed.
    pub fn to_bytes(&self) -> Vec<u8> {
        crate::to_cbor(self)
    }

    /// The program's identity.
    pub fn hash(&self) -> Hash {
        Hasher::new("countersign/program/v1").bytes(&self.to_bytes()).finish()
    }

    /// Reads what [`Program::to_bytes`] wrote.
    ///
    /// # Errors
    /// If the bytes are damaged or the program is newer than this engine.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LoadError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
            semantics: u32,
        }
        let head: Head = crate::from_cbor(bytes).map_err(LoadError::Malformed)?;
        if head.format > FORMAT {
            return Err(LoadError::Format { found: head.format });
        }
        if head.semantics > SEMANTICS {
            return Err(LoadError::Semantics { found: head.semantics });
        }
        crate::from_cbor(bytes).map_err(LoadError::Malformed)
    }

    /// A type as the source would write it.
    pub fn type_name(&self, ty: &Type) -> String {
        match ty {
            Type::Money(None) => "Money".into(),
            Type::Money(Some(currency)) => format!("Money({currency})"),
            Type::Enum(id) => self.enums.get(id.index()).map_or_else(|| "enum".into(), |e| e.name.clone()),
            Type::Record(id) => match self.records.get(id.index()) {
                Some(record) if !record.name.is_empty() => record.name.clone(),
                _ => "record".into(),
            },
            Type::List(of, up_to) => format!("[{}] up to {up_to}", self.type_name(of)),
            Type::Optional(of) => format!("{}?", self.type_name(of)),
            plain => format!("{plain:?}"),
        }
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Currency::new(&code)
            .ok_or_else(|| serde::de::Error::custom(format!("`{code}` is not a currency code")))
    }
}
