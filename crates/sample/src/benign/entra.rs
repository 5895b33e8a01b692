//! Sign-ins and directory changes of ordinary days. Everyone signs in from the home country only;
//! first of all once within the window's first hours, so that there is something to compare with.

use crate::dice::Dice;
use crate::estate::Place;
use crate::formats::entra::{self as format, APPS, Audit, PORTAL, SignIn};
use crate::streams::{Origin, Streams};
use crate::world::World;
use jiff::Timestamp;

const EDGE: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Safari/537.36 Edg/122.0.0.0";
/// The failure of a mistyped password.
const WRONG_PASSWORD: i64 = 50_126;

/// Adds `count` sign-ins, and at least one for each person.
pub(crate) fn add_sign_ins(world: &World, streams: &mut Streams, count: usize) {
    let mut dice = world.dice("benign/sign-ins");
    for index in 0..world.people.len() {
        let at = world.window.early(&mut dice, 10);
        sign_in(world, streams, &mut dice, at, index, 0);
    }
    let rest = count.saturating_sub(world.people.len());
    let failures = rest / 25;
    for turn in 0..rest {
        let index = dice.below(world.people.len());
        let at = world.window.working(&mut dice);
        // A failure is the person's own and from home, so no address sees several people fail.
        let error = if turn < failures { WRONG_PASSWORD } else { 0 };
        sign_in(world, streams, &mut dice, at, index, error);
    }
}

fn sign_in(
    world: &World,
    streams: &mut Streams,
    dice: &mut Dice,
    at: Timestamp,
    index: usize,
    error: i64,
) {
    let person = &world.people[index];
    let company = &world.company;
    let office: &Place = &company.places[0];
    let own: &Place = &company.places[person.place];
    let (ip, place) = match dice.between(0, 99) {
        _ if error != 0 => (person.home_ip.as_str(), own),
        0..=59 => (company.office_ip.as_str(), office),
        60..=79 => (company.vpn_ip.as_str(), office),
        _ => (person.home_ip.as_str(), own),
    };
    let administers = person.sensitivity == "privileged" && dice.chance(25);
    let app = if administers {
        PORTAL
    } else {
        *dice.pick(APPS)
    };
    let device = &world.workstation(index).fqdn;
    let what = SignIn {
        app,
        ip,
        place,
        error,
        device: Some(device),
        user_agent: EDGE,
        risk: "none",
    };
    let row = format::sign_in(dice, at, &company.tenant_id, person, &what);
    streams.signin.push(Origin::Benign, at, row);
}

/// Adds `count` entries of the directory's audit log.
pub(crate) fn add_audit(world: &World, streams: &mut Streams, count: usize) {
    let mut dice = world.dice("benign/audit");
    let bystanders: Vec<usize> = (0..world.people.len())
        .filter(|index| ![world.cast.victim, world.cast.second_victim].contains(index))
        .collect();
    for _ in 0..count {
        let at = world.window.working(&mut dice);
        let target = &world.people[*dice.pick(&bystanders)];
        let admin = &world.people[3 + dice.below(4)];
        let (operation, category, verb, change, by_self) = *dice.pick(&[
            (
                "Add member to group",
                "GroupManagement",
                "Assign",
                ("Group.DisplayName", "", "Travel"),
                false,
            ),
            (
                "Remove member from group",
                "GroupManagement",
                "Unassign",
                ("Group.DisplayName", "Travel", ""),
                false,
            ),
            (
                "Update user",
                "UserManagement",
                "Update",
                ("TelephoneNumber", "", "100"),
                false,
            ),
            (
                "Change user password",
                "UserManagement",
                "Update",
                ("LastPasswordChange", "", "now"),
                true,
            ),
        ]);
        let actor = if by_self { target } else { admin };
        let what = Audit {
            operation,
            category,
            service: "Core Directory",
            verb,
            ip: &world.company.office_ip,
            target,
            change,
        };
        let row = format::audit(&mut dice, at, &world.company.tenant_id, actor, &what);
        streams.audit.push(Origin::Benign, at, row);
    }
}
