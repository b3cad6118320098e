//! What every host of the engine answers at once: calendars, the directory, rendered texts.
//!
//! In goes a [`Question`], out comes an [`Answer`], which the engine journals as an input and never asks for again. No
//! clock and no I/O: the runtime and the test host answer with the same [`Oracle`], so a test waits for as long as
//! production does.

pub mod calendar;
mod directory;
mod render;

use std::sync::Arc;

use countersign_engine::Deployment;
use countersign_engine::protocol::{Answer, Question};

/// Answers the engine's questions out of a deployment.
///
/// Roles and calendars are bound late: who is asked is a member *now*, so a host builds a new oracle when it deploys.
#[derive(Debug, Clone)]
pub struct Oracle {
    deployment: Arc<Deployment>,
}

impl Oracle {
    /// An oracle that speaks for this deployment.
    pub fn new(deployment: Arc<Deployment>) -> Self {
        Self { deployment }
    }

    /// The answer to a question. What cannot be answered is [`Answer::Failed`], in words.
    pub fn answer(&self, question: &Question) -> Answer {
        match question {
            Question::Deadline { from, span, calendar } => {
                match calendar::deadline(*from, *span, calendar.as_ref()) {
                    Ok(at) => Answer::At(at),
                    Err(reason) => Answer::Failed(reason),
                }
            }
            Question::Members { roles, persons } => {
                directory::members(&self.deployment.program, roles, persons)
            }
            Question::Render { template, source, context } => render::text(template, source, context),
        }
    }
}
