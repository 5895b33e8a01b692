//! The intrusions: the hybrid one that every sample holds, and the second one on request.
//!
//! The hybrid intruder sprays passwords at the domain, signs in to the cloud as the victim, hides
//! behind a mailbox rule, runs a command on a machine in Azure, goes on to AWS through the
//! federation (from another address, under the employee number: only the identity table tells that
//! it is the same person), and ends on an admin workstation. Times are set in [`Plan`].

mod aws;
mod cloud;
mod onprem;
mod second;

use crate::clock::after;
use crate::streams::Streams;
use crate::truth::Stage;
use crate::world::World;
use jiff::Timestamp;

const MINUTE: i64 = 60_000;

/// When each step of the hybrid intrusion begins.
pub(crate) struct Plan {
    pub(crate) spray: Timestamp,
    pub(crate) logon: Timestamp,
    pub(crate) sign_in: Timestamp,
    pub(crate) risk: Timestamp,
    pub(crate) mailbox_rule: Timestamp,
    pub(crate) run_command: Timestamp,
    pub(crate) defender_for_cloud: Timestamp,
    pub(crate) federation: Timestamp,
    pub(crate) guardduty: Timestamp,
    pub(crate) admin_logon: Timestamp,
    pub(crate) dump: Timestamp,
    pub(crate) defender_xdr: Timestamp,
    pub(crate) group: Timestamp,
}

impl Plan {
    fn draw(world: &World) -> Self {
        let mut dice = world.dice("intrusion/plan");
        let mut now = after(world.window.end, -dice.between(205, 228) * MINUTE);
        let mut step = |low: i64, high: i64| {
            now = after(now, dice.between(low * MINUTE, high * MINUTE));
            now
        };
        Self {
            spray: step(0, 3),
            logon: step(11, 13),
            sign_in: step(12, 18),
            risk: step(3, 6),
            mailbox_rule: step(8, 14),
            run_command: step(10, 16),
            defender_for_cloud: step(3, 6),
            federation: step(9, 14),
            guardduty: step(12, 16),
            admin_logon: step(12, 18),
            dump: step(4, 7),
            defender_xdr: step(2, 4),
            group: step(5, 9),
        }
    }
}

/// Adds the hybrid intrusion and tells its stages in order.
pub(crate) fn add_hybrid(world: &World, streams: &mut Streams) -> Vec<Stage> {
    let plan = Plan::draw(world);
    let mut stages = onprem::spray(world, streams, &plan);
    stages.extend(cloud::add(world, streams, &plan));
    stages.extend(aws::add(world, streams, &plan));
    stages.extend(onprem::admin_workstation(world, streams, &plan));
    stages
}

/// Adds the second intrusion and tells its stages in order.
pub(crate) fn add_second(world: &World, streams: &mut Streams) -> Vec<Stage> {
    second::add(world, streams)
}
