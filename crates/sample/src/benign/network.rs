//! The firewall's noise and the Linux hosts' chatter.

use crate::dice::Dice;
use crate::estate::Role;
use crate::formats::firewall::{self, Traffic};
use crate::formats::linux::{self, Message};
use crate::streams::{Origin, Streams};
use crate::world::World;

/// Ports strangers knock at.
const KNOCKED: &[i64] = &[
    22, 23, 80, 445, 1433, 3306, 3389, 5060, 5900, 6379, 8080, 8443,
];
const STRANGER_NAMES: &[&str] = &["admin", "oracle", "test", "ubuntu", "postgres", "git"];

/// Adds `count` lines of the firewall, the last one at the very end of the window.
pub(crate) fn add_firewall(world: &World, streams: &mut Streams, count: usize) {
    let mut dice = world.dice("benign/firewall");
    let host = world.host("fw01").name.clone();
    for turn in 0..count {
        let at = if turn == 0 {
            world.window.end
        } else {
            world.window.any(&mut dice)
        };
        let line = if dice.chance(62) {
            knock(world, &mut dice)
        } else {
            outward(world, &mut dice)
        };
        streams.firewall.push(Origin::Benign, at, line(at, &host));
    }
}

type Line = Box<dyn Fn(jiff::Timestamp, &str) -> String>;

/// A stranger on the internet tries one port and is denied.
fn knock(world: &World, dice: &mut Dice) -> Line {
    let source = format!("198.19.{}.{}", dice.between(0, 190), dice.between(1, 254));
    let destination = world.company.federation_ip.clone();
    let ports = (dice.between(1_024, 65_500), *dice.pick(KNOCKED));
    let session = dice.between(1_000_000, 9_999_999);
    Box::new(move |at, host| {
        let traffic = Traffic {
            source: (&source, ports.0),
            destination: (&destination, ports.1),
            allowed: false,
            inbound: true,
            app: "unknown",
            sent: 0,
            received: 0,
            session,
        };
        firewall::line(at, host, &traffic)
    })
}

/// Somebody inside reaches a cloud service.
fn outward(world: &World, dice: &mut Dice) -> Line {
    let source = world.workstation(dice.below(world.people.len())).ip.clone();
    let destination = format!("198.19.20{}.{}", dice.between(0, 5), dice.between(2, 90));
    let port = dice.between(49_152, 65_500);
    let (sent, received) = (dice.between(600, 90_000), dice.between(2_000, 900_000));
    let session = dice.between(1_000_000, 9_999_999);
    Box::new(move |at, host| {
        let traffic = Traffic {
            source: (&source, port),
            destination: (&destination, 443),
            allowed: true,
            inbound: false,
            app: "HTTPS",
            sent,
            received,
            session,
        };
        firewall::line(at, host, &traffic)
    })
}

/// Adds `count` lines of the Linux hosts.
pub(crate) fn add_linux(world: &World, streams: &mut Streams, count: usize) {
    let mut dice = world.dice("benign/linux");
    let hosts = world.of_role(Role::Linux);
    for _ in 0..count {
        let which = dice.below(hosts.len());
        let (host, modern) = (hosts[which], which % 2 == 1);
        let at = world.window.any(&mut dice);
        let admin = &world.people[3 + dice.below(4)];
        let from = world.workstation(3 + dice.below(4)).ip.clone();
        let (priority, program, text) = match dice.between(0, 99) {
            0..=44 => (
                78,
                "CRON",
                format!(
                    "(root) CMD ({})",
                    dice.pick(&[
                        "/usr/lib/sysstat/debian-sa1 1 1",
                        "run-parts --report /etc/cron.hourly",
                        "/usr/local/bin/rotate-metrics"
                    ])
                ),
            ),
            45..=64 => (
                86,
                "sshd",
                format!(
                    "Accepted publickey for {} from {from} port {} ssh2: ED25519 SHA256:{}",
                    admin.sam,
                    dice.between(30_000, 60_000),
                    dice.base32(43)
                ),
            ),
            65..=79 => (
                86,
                "sshd",
                format!(
                    "pam_unix(sshd:session): session closed for user {}",
                    admin.sam
                ),
            ),
            80..=91 => (
                85,
                "sudo",
                format!(
                    "{} : TTY=pts/0 ; PWD=/home/{} ; USER=root ; COMMAND=/usr/bin/systemctl status {}",
                    admin.sam,
                    admin.sam,
                    dice.pick(&["nginx", "postgresql", "node-exporter"])
                ),
            ),
            _ => (
                86,
                "sshd",
                format!(
                    "Failed password for invalid user {} from 198.19.{}.{} port {} ssh2",
                    dice.pick(STRANGER_NAMES),
                    dice.between(0, 190),
                    dice.between(1, 254),
                    dice.between(30_000, 60_000)
                ),
            ),
        };
        let message = Message {
            priority,
            program,
            pid: dice.between(800, 60_000),
            text: &text,
        };
        streams.linux.push(
            Origin::Benign,
            at,
            linux::line(at, &host.name, modern, &message),
        );
    }
}
