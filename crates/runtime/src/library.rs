//! The deployments: programs with their settings, by hash, as the store keeps them.
//!
//! Runs are pinned to theirs; new events go to the current one. Which one was current when is kept too, because the gate
//! asks the guardrails of the current one, and a replay must ask the same.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_engine::{Deployment, Deployments};
use countersign_ir::hash::Hash;
use countersign_store::{Store, StoreError, StoreRead};
use serde::{Deserialize, Serialize};

/// The meta value that says which deployment was current from which entry on.
const META_DEPLOYMENTS: &str = "deployments";

/// One line of [`META_DEPLOYMENTS`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tenure {
    /// The last entry that was written before it.
    pub after: u64,
    /// Its hash, in hexadecimal.
    pub hash: String,
}

/// Which deployment was current when, oldest first.
pub(crate) fn tenures(store: &dyn StoreRead) -> Result<Vec<Tenure>, StoreError> {
    let text = store.meta(META_DEPLOYMENTS)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// Keeps the deployment and notes that it is current from here on.
pub(crate) fn install(store: &mut dyn Store, deployment: &Deployment) -> Result<(), StoreError> {
    store.put_program(&store_hash(&deployment.hash), &deployment.to_bytes())?;
    let mut all = tenures(store)?;
    let hash = deployment.hash.hex();
    if all.last().is_some_and(|last| last.hash == hash) {
        return Ok(());
    }
    all.push(Tenure { after: store.last_position()?, hash });
    // Names and numbers are always expressible.
    let text = serde_json::to_string(&all).unwrap_or_default();
    store.put_meta(META_DEPLOYMENTS, &text)
}

/// The same hash in the store's terms.
pub(crate) fn store_hash(hash: &Hash) -> countersign_store::Hash {
    countersign_store::Hash(hash.0)
}

/// The deployments that were loaded so far.
#[derive(Debug, Default)]
pub(crate) struct Library {
    known: Mutex<BTreeMap<Hash, Arc<Deployment>>>,
}

impl Library {
    pub(crate) fn new(current: &Arc<Deployment>) -> Self {
        Self { known: Mutex::new(BTreeMap::from([(current.hash, Arc::clone(current))])) }
    }

    /// A deployment of the store.
    pub(crate) fn get(&self, store: &dyn StoreRead, hash: &Hash) -> Option<Arc<Deployment>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(deployment) = known.get(hash) {
            return Some(Arc::clone(deployment));
        }
        let bytes = match store.program(&store_hash(hash)) {
            Ok(bytes) => bytes?,
            Err(error) => {
                tracing::error!(program = %hash.short(), %error, "a program cannot be read");
                return None;
            }
        };
        match Deployment::from_bytes(&bytes) {
            Ok(deployment) if deployment.hash == *hash => {
                let deployment = Arc::new(deployment);
                known.insert(*hash, Arc::clone(&deployment));
                Some(deployment)
            }
            Ok(_) => {
                tracing::error!(program = %hash.short(), "a program is not the one that was kept");
                None
            }
            Err(error) => {
                tracing::error!(program = %hash.short(), %error, "a program cannot be loaded");
                None
            }
        }
    }
}

/// The library with the store behind it and one deployment as the current one.
pub(crate) struct Shelf<'a> {
    pub(crate) library: &'a Library,
    pub(crate) store: &'a dyn StoreRead,
    pub(crate) current: &'a Arc<Deployment>,
}

impl Deployments for Shelf<'_> {
    fn get(&self, hash: &Hash) -> Option<Arc<Deployment>> {
        self.library.get(self.store, hash)
    }

    fn current(&self) -> Arc<Deployment> {
        Arc::clone(self.current)
    }
}
