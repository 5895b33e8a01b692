//! Everyday business: what the intrusions hide in.
//!
//! Every part keeps to behaviour that well-written generic detections leave alone: few failures per
//! address and account, everyone in the home country, federated sessions from one address each, no
//! keys made, nothing near lsass, no privileged group touched.

mod cloud;
mod entra;
mod network;
pub(crate) mod security;
mod sysmon;

use crate::streams::{Origin, Streams};
use crate::world::World;

/// Shares of the benign events, in thousandths; the firewall takes what is left.
const SECURITY: usize = 85;
const SYSMON: usize = 42;
const SIGN_INS: usize = 20;
const AUDIT: usize = 7;
const ACTIVITY: usize = 7;
const OFFICE: usize = 18;
const CLOUDTRAIL: usize = 125;
const LINUX: usize = 150;

/// Adds `count` benign events, the last of which is the sample's last.
///
/// Some parts need a least number of rows (one baseline sign-in a person, for instance), so a small
/// `count` is exceeded.
pub(crate) fn add(world: &World, streams: &mut Streams, count: usize) {
    let share = |thousandths: usize| count.saturating_mul(thousandths) / 1000;
    security::add(world, streams, share(SECURITY));
    sysmon::add(world, streams, share(SYSMON));
    entra::add_sign_ins(world, streams, share(SIGN_INS));
    entra::add_audit(world, streams, share(AUDIT));
    cloud::add_activity(world, streams, share(ACTIVITY));
    cloud::add_office(world, streams, share(OFFICE));
    cloud::add_cloudtrail(world, streams, share(CLOUDTRAIL));
    network::add_linux(world, streams, share(LINUX));
    let so_far: usize = streams.counts(Origin::Benign).values().sum();
    network::add_firewall(world, streams, count.saturating_sub(so_far).max(1));
}
