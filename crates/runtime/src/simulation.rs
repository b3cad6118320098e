//! Simulated systems in the place of every real one: what `countersign dev` runs against.
//!
//! The world lives in memory and ends with the process. Each call takes a small real time, so that things happen one
//! after the other as they do outside.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign_engine::Deployment;
use countersign_ir::program::System;
use countersign_ir::suite::Given;
use countersign_ir::wire::Call;
use countersign_sim::World;
use countersign_systems::{Connector, Performing};

use crate::calls::{Announce, Connectors};
use crate::clock::Clock;
use crate::connectors::SIM;

/// How long a simulated system takes to answer.
pub const LATENCY: Duration = Duration::from_millis(20);

struct Simulated {
    system: String,
    world: Arc<Mutex<World>>,
    clock: Arc<dyn Clock>,
    latency: Duration,
}

impl Connector for Simulated {
    fn perform<'a>(&'a self, call: &'a Call) -> Performing<'a> {
        Box::pin(async move {
            tokio::time::sleep(self.latency).await;
            // The time to send it was translated into real time, which the world does not know; it is never late.
            let call = Call { send_before: i64::MAX, ..call.clone() };
            let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
            let told = world.troubles().len();
            let reply = world.perform(self.clock.now(), &call);
            for trouble in world.troubles().iter().skip(told) {
                tracing::warn!(system = %self.system, "the simulation: {trouble}");
            }
            reply
        })
    }

    fn describe(&self) -> String {
        format!("a simulation of {}", self.system)
    }
}

/// A simulated system for each system of the program, in one world.
pub fn simulate(
    deployment: &Arc<Deployment>,
    clock: &Arc<dyn Clock>,
    simulation: &[Given],
    latency: Duration,
) -> Connectors {
    simulate_some(deployment, clock, simulation, latency, Connectors::new(), |_| true)
}

/// A simulated system for each that the program declares `via sim`, beside those that can be reached already.
pub fn simulate_declared(
    deployment: &Arc<Deployment>,
    clock: &Arc<dyn Clock>,
    simulation: &[Given],
    latency: Duration,
    others: Connectors,
) -> Connectors {
    let declared = |system: &System| system.connector.kind == SIM;
    if !deployment.program.systems.iter().any(declared) {
        return others;
    }
    simulate_some(deployment, clock, simulation, latency, others, declared)
}

fn simulate_some(
    deployment: &Arc<Deployment>,
    clock: &Arc<dyn Clock>,
    simulation: &[Given],
    latency: Duration,
    mut connectors: Connectors,
    which: impl Fn(&System) -> bool,
) -> Connectors {
    let world = Arc::new(Mutex::new(World::new(Arc::clone(deployment), simulation)));
    for system in deployment.program.systems.iter().filter(|system| which(system)) {
        let simulated = Simulated {
            system: system.name.clone(),
            world: Arc::clone(&world),
            clock: Arc::clone(clock),
            latency,
        };
        connectors = connectors.with(system.name.as_str(), Arc::new(simulated));
    }
    let announce: Announce = Arc::new(move |ty, payload| {
        world.lock().unwrap_or_else(PoisonError::into_inner).announce(ty, payload);
    });
    connectors.announcing(announce)
}
