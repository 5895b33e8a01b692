//! Windows Security logs of ordinary days: logons, Kerberos tickets, services, a mistyped password
//! now and then, and the help desk's password resets and group changes.

use crate::clock::after;
use crate::dice::Dice;
use crate::estate::{Host, Role};
use crate::formats::security::{self as format, Account, Origin as From};
use crate::people::Person;
use crate::streams::{Origin, Streams};
use crate::world::World;
use jiff::Timestamp;

const GROUPS: &[(&str, u32)] = &[
    ("Sales Readers", 3_101),
    ("ERP Users", 3_114),
    ("Webshop Editors", 3_127),
    ("Travel", 3_140),
];

/// Adds `count` events.
pub(crate) fn add(world: &World, streams: &mut Streams, count: usize) {
    let mut dice = world.dice("benign/security");
    let mut left = count as i64;
    let controllers = world.of_role(Role::DomainController);
    let mut typos = (count / 170).max(2) as i64;
    while left > 0 {
        let controller = controllers[usize::from(dice.chance(35))];
        let index = dice.below(world.people.len());
        let at = world.window.working(&mut dice);
        let written = match dice.between(0, 99) {
            0..=54 => domain_logon(world, streams, &mut dice, at, controller, index),
            55..=74 => service_logon(world, streams, &mut dice, controller),
            75..=84 => local_session(world, streams, &mut dice, at),
            85..=95 => process(world, streams, &mut dice, at),
            96 => help_desk(world, streams, &mut dice, at, controllers[0]),
            _ if typos > 0 => {
                typos -= 1;
                mistyped(world, streams, &mut dice, controllers[0], typos)
            }
            _ => 0,
        };
        left -= written;
    }
}

fn account(world: &World, dice: &mut Dice, person: &Person) -> Account {
    Account {
        sid: person.sid.clone(),
        name: person.sam.clone(),
        domain: world.company.netbios.clone(),
        logon_id: format::logon_id(dice),
    }
}

fn port(dice: &mut Dice) -> i64 {
    dice.between(49_152, 65_500)
}

/// A person's workstation asks the controller for tickets and reads its policies.
fn domain_logon(
    world: &World,
    streams: &mut Streams,
    dice: &mut Dice,
    at: Timestamp,
    controller: &Host,
    index: usize,
) -> i64 {
    let who = account(world, dice, &world.people[index]);
    let home = world.workstation(index);
    let realm = world.company.dns.to_uppercase();
    let (fqdn, ip) = (&controller.fqdn, home.ip.as_str());
    let service = world
        .host(["FS01", "SQL01", "PRN01", "ERP01"][dice.below(4)])
        .name
        .clone()
        + "$";
    let from = From {
        workstation: "-",
        ip,
        port: port(dice),
    };
    let records = [
        format::ticket_granting(at, fqdn, &who, ip, port(dice)),
        format::service_ticket(after(at, 40), fqdn, &who, &realm, &service, ip, port(dice)),
        format::logon(after(at, 900), fqdn, &Account::nobody(), &who, 3, &from),
        format::logoff(after(at, dice.between(20_000, 90_000)), fqdn, &who, 3),
    ];
    keep(world, streams, controller, records)
}

/// A service account's regular work: from one server, always the same.
fn service_logon(world: &World, streams: &mut Streams, dice: &mut Dice, controller: &Host) -> i64 {
    let pick = dice.below(world.services.len());
    let server = world.host(["BKP01", "SQL01", "ERP01", "PRN01"][pick % 4]);
    let who = account(world, dice, &world.services[pick]);
    let at = world.window.any(dice);
    let realm = world.company.dns.to_uppercase();
    let from = From {
        workstation: "-",
        ip: &server.ip,
        port: port(dice),
    };
    let records = [
        format::service_ticket(
            at,
            &controller.fqdn,
            &who,
            &realm,
            &format!("{}$", controller.name),
            &server.ip,
            port(dice),
        ),
        format::logon(
            after(at, 30),
            &controller.fqdn,
            &Account::nobody(),
            &who,
            3,
            &from,
        ),
        format::logoff(after(at, 4_000), &controller.fqdn, &who, 3),
    ];
    keep(world, streams, controller, records)
}

/// The owner works at an admin workstation or at a workstation whose log is collected.
fn local_session(world: &World, streams: &mut Streams, dice: &mut Dice, at: Timestamp) -> i64 {
    let (host, person) = logged_seat(world, dice);
    let who = account(world, dice, person);
    let system = Account::system(&host.name, &world.company.netbios);
    let from = From {
        workstation: &host.name,
        ip: "127.0.0.1",
        port: 0,
    };
    let logon = format::logon(at, &host.fqdn, &system, &who, 2, &from);
    let off = format::logoff(
        after(at, dice.between(600_000, 5_000_000)),
        &host.fqdn,
        &who,
        2,
    );
    let mut records = vec![logon, off];
    if host.role == Role::AdminWorkstation {
        records.push(format::privileges(after(at, 1), &host.fqdn, &who));
    }
    keep(world, streams, host, records)
}

/// A process of the owner's session.
fn process(world: &World, streams: &mut Streams, dice: &mut Dice, at: Timestamp) -> i64 {
    let (host, person) = logged_seat(world, dice);
    let who = account(world, dice, person);
    let (image, command_line) = *dice.pick(&[
        (r"C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE", r#""C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE""#),
        (r"C:\Program Files\Microsoft Office\root\Office16\EXCEL.EXE", r#""C:\Program Files\Microsoft Office\root\Office16\EXCEL.EXE" "Costs & <forecast>.xlsx""#),
        (r"C:\Windows\System32\notepad.exe", r#""C:\Windows\System32\notepad.exe""#),
        (r"C:\Windows\System32\mmc.exe", r#""C:\Windows\System32\mmc.exe" "C:\Windows\System32\dsa.msc""#),
    ]);
    let new = format::NewProcess {
        id: dice.between(500, 4_000) as u32 * 4,
        image,
        command_line,
        parent_id: 5_012,
        parent_image: r"C:\Windows\explorer.exe",
    };
    keep(
        world,
        streams,
        host,
        [format::process(at, &host.fqdn, &who, &new)],
    )
}

/// The seats whose Security log is collected: the first administrator's and the second victim's.
fn logged_seat<'w>(world: &'w World, dice: &mut Dice) -> (&'w Host, &'w Person) {
    if dice.chance(55) {
        (&world.hosts[world.cast.admin_host], &world.people[3])
    } else {
        let index = world.cast.second_victim;
        (world.workstation(index), &world.people[index])
    }
}

/// An administrator resets a password or adds somebody to an ordinary group.
fn help_desk(
    world: &World,
    streams: &mut Streams,
    dice: &mut Dice,
    at: Timestamp,
    controller: &Host,
) -> i64 {
    let admin = 3 + dice.below(4);
    let admin = account(world, dice, &world.people[admin]);
    let member = loop {
        let index = dice.below(world.people.len());
        if index != world.cast.victim && index != world.cast.second_victim {
            break &world.people[index];
        }
    };
    let target = account(world, dice, member);
    let record = if dice.chance(50) {
        format::password_reset(at, &controller.fqdn, &admin, &target)
    } else {
        let (group, rid) = *dice.pick(GROUPS);
        let group = Account {
            sid: format!("{}-{rid}", world.company.domain_sid),
            name: group.to_owned(),
            domain: world.company.netbios.clone(),
            logon_id: 0,
        };
        let dn = distinguished_name(world, member);
        format::group_member(at, &controller.fqdn, &admin, &target, &dn, &group)
    };
    keep(world, streams, controller, [record])
}

/// Somebody mistypes the password once or twice, then gets it right. `turn` spreads the cases over
/// the window and over people, so that no hour and no address sees many.
fn mistyped(
    world: &World,
    streams: &mut Streams,
    dice: &mut Dice,
    controller: &Host,
    turn: i64,
) -> i64 {
    let index = (turn as usize * 7 + 3) % world.people.len();
    let person = &world.people[index];
    let home = world.workstation(index);
    let at = world.window.working(dice);
    let who = account(world, dice, person);
    let from = From {
        workstation: &home.name,
        ip: &home.ip,
        port: port(dice),
    };
    let realm = world.company.dns.to_uppercase();
    let fqdn = &controller.fqdn;
    let mut records = vec![format::logon_failed(
        at,
        fqdn,
        &person.sam,
        &world.company.netbios,
        &from,
    )];
    if dice.chance(50) {
        records.push(format::preauth_failed(
            after(at, 6_000),
            fqdn,
            &who,
            &realm,
            &home.ip,
            port(dice),
        ));
    }
    records.push(format::logon(
        after(at, 15_000),
        fqdn,
        &Account::nobody(),
        &who,
        3,
        &from,
    ));
    keep(world, streams, controller, records)
}

/// A person's place in the directory.
pub(crate) fn distinguished_name(world: &World, person: &Person) -> String {
    let domain = world.company.dns.replace('.', ",DC=");
    format!("CN={},OU={},DC={domain}", person.display, person.department)
}

/// Adds the records that lie before the window's end and counts them.
fn keep(
    world: &World,
    streams: &mut Streams,
    host: &Host,
    records: impl IntoIterator<Item = crate::evtx_writer::Record>,
) -> i64 {
    let mut kept = 0;
    for record in records {
        if record.at < world.window.end {
            streams.windows(Origin::Benign, &host.name, record);
            kept += 1;
        }
    }
    kept
}
