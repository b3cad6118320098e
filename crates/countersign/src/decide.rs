//! Decisions asked with JSON: the parameters by name in, the answer with its rule and reason out.

use std::sync::Arc;

use countersign_engine::eval::{self, EvalError, Refinements};
use countersign_ir::json::{self, Style, Violation};
use countersign_ir::program;
use countersign_ir::value::Value;
use serde_json::Value as Json;

/// A compiled project with the values of its settings. Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Program {
    program: Arc<program::Program>,
    settings: Arc<[Value]>,
}

/// What a decision said.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The answer, as people read it: money as `120.00 EUR`.
    pub answer: Json,
    /// Which rule fired, from 1.
    pub rule: usize,
    /// The rule's condition as the source says it; `otherwise` for the last.
    pub when: String,
    /// Why, in the owner's words.
    pub because: Option<String>,
}

/// Why a decision has no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DecideError {
    /// The program has no decision of this name.
    #[error("there is no decision `{name}`; there are: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The input is not a JSON object.
    #[error("the input of `{0}` is an object with a field for each parameter")]
    NotAnObject(String),
    /// A field is no parameter.
    #[error("`{decision}` has no parameter `{name}`")]
    NoSuchParameter {
        /// The decision.
        decision: String,
        /// The field.
        name: String,
    },
    /// A field breaks its parameter's type.
    #[error("{0}")]
    Violation(Violation),
    /// The rules could not be evaluated.
    #[error(transparent)]
    Eval(#[from] EvalError),
}

impl Program {
    pub(crate) fn new(program: program::Program, settings: Vec<Value>) -> Self {
        Self { program: Arc::new(program), settings: settings.into() }
    }

    /// The compiled program itself.
    pub fn inner(&self) -> &Arc<program::Program> {
        &self.program
    }

    /// The names of its decisions.
    pub fn decisions(&self) -> impl Iterator<Item = &str> {
        self.program.decisions.iter().map(|decision| decision.name.as_str())
    }

    /// Asks a decision. The input is an object with a field for each parameter.
    ///
    /// # Errors
    /// If there is no such decision, or the input breaks its types.
    pub fn decide(&self, name: &str, input: &Json) -> Result<Decided, DecideError> {
        let decision = self.program.decisions.iter().find(|decision| decision.name == name);
        let decision = decision.ok_or_else(|| DecideError::Unknown {
            name: name.to_owned(),
            known: self.decisions().collect::<Vec<_>>().join(", "),
        })?;
        let frame = self.arguments(decision, input)?;
        let decided = eval::decide(decision, &frame, &self.settings)?;
        let clause = decision.rules.get(decided.rule).and_then(|rule| rule.when.as_ref());
        Ok(Decided {
            answer: json::to_json(&self.program, &decision.result, &decided.answer, Style::People),
            rule: decided.rule.saturating_add(1),
            when: clause.map_or_else(|| "otherwise".to_owned(), |clause| clause.text.clone()),
            because: decided.because.map(str::to_owned),
        })
    }

    fn arguments(
        &self,
        decision: &program::Decision,
        input: &Json,
    ) -> Result<Vec<Option<Value>>, DecideError> {
        let fields = input.as_object().ok_or_else(|| DecideError::NotAnObject(decision.name.clone()))?;
        let stranger = fields.keys().find(|name| !decision.params.iter().any(|param| param.name == **name));
        if let Some(name) = stranger {
            return Err(DecideError::NoSuchParameter { decision: decision.name.clone(), name: name.clone() });
        }
        let refine = Refinements { settings: &self.settings };
        let mut frame = Vec::with_capacity(decision.params.len());
        for param in &decision.params {
            let given = fields.get(&param.name).unwrap_or(&Json::Null);
            let value = json::decode(&self.program, &param.ty, given.to_string().as_bytes(), &refine);
            let value = value.map_err(|violation| {
                let path = if violation.path.is_empty() || violation.path.starts_with('[') {
                    format!("{}{}", param.name, violation.path)
                } else {
                    format!("{}.{}", param.name, violation.path)
                };
                DecideError::Violation(Violation { path, ..violation })
            })?;
            frame.push(Some(value));
        }
        Ok(frame)
    }
}
