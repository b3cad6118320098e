//! What a cell is, after all that it has learned.

use countersign_ir::hash::Hash;
use countersign_ir::program::Program;
use countersign_ir::value::Value;
use serde::{Deserialize, Serialize};

use crate::claim::Claim;
use crate::delivery::Delivery;
use crate::history::History;
use crate::run::Run;
use crate::task::Task;

/// The state of a cell, as the store keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// See [`Delivery`].
    Delivery(Delivery),
    /// See [`Claim`].
    Claim(Claim),
    /// See [`Run`].
    Run(Box<Run>),
    /// See [`Task`].
    Task(Box<Task>),
    /// See [`History`].
    History(History),
}

impl State {
    /// The snapshot that the store keeps; equal states have equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        countersign_ir::to_cbor(self)
    }

    /// Reads a snapshot.
    ///
    /// # Errors
    /// In words, if the bytes are not one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        countersign_ir::from_cbor(bytes)
    }
}

/// A program with the settings of an organisation: what runs are pinned to.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployment {
    /// The program.
    pub program: Program,
    /// The values of its settings, in its order.
    pub settings: Vec<Value>,
    /// Its identity: of program and settings together.
    pub hash: Hash,
    /// Whose it is.
    pub tenant: String,
}

impl Deployment {
    /// Puts a program and the values of its settings together.
    pub fn new(program: Program, settings: Vec<Value>, tenant: impl Into<String>) -> Self {
        let tenant = tenant.into();
        let hasher = countersign_ir::hash::Hasher::new("countersign/deployment/v1");
        let hasher = hasher.bytes(&program.hash().0).text(&tenant);
        let hash = settings
            .iter()
            .fold(hasher, |h, value| h.bytes(&countersign_ir::encoding::encode(value)))
            .finish();
        Self { program, settings, hash, tenant }
    }

    /// What a store keeps of it.
    pub fn to_bytes(&self) -> Vec<u8> {
        countersign_ir::to_cbor(&Stored {
            program: self.program.to_bytes(),
            settings: self.settings.clone(),
            tenant: self.tenant.clone(),
        })
    }

    /// Reads what [`Deployment::to_bytes`] wrote.
    ///
    /// # Errors
    /// In words, if the bytes are damaged or of a newer version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let stored: Stored = countersign_ir::from_cbor(bytes)?;
        let program = Program::from_bytes(&stored.program).map_err(|error| error.to_string())?;
        Ok(Self::new(program, stored.settings, stored.tenant))
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(with = "serde_bytes")]
    program: Vec<u8>,
    settings: Vec<Value>,
    tenant: String,
}

/// The deployments that a step may need: those that runs are pinned to, and the current one.
pub trait Deployments {
    /// The deployment of that identity.
    fn get(&self, hash: &Hash) -> Option<std::sync::Arc<Deployment>>;
    /// The one that new events go to.
    fn current(&self) -> std::sync::Arc<Deployment>;
}
