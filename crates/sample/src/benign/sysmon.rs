//! Sysmon logs of ordinary days on the hosts that send them: office programs, updates, services, the
//! connections and names they ask for.

use crate::clock::after;
use crate::dice::Dice;
use crate::estate::{Host, Role};
use crate::formats::sysmon::{self as format, Process, Program, Session};
use crate::people::Person;
use crate::streams::{Origin, Streams};
use crate::world::World;

const MICROSOFT: &str = "Microsoft Corporation";
const SYSTEM: &str = r"NT AUTHORITY\SYSTEM";

/// A program, its usual command line and whether the system runs it.
type Habit = (Program, &'static str, bool);

const fn program(
    image: &'static str,
    description: &'static str,
    original: &'static str,
) -> Program {
    Program {
        image,
        description,
        company: MICROSOFT,
        original,
    }
}

const HABITS: &[Habit] = &[
    (
        program(
            r"C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE",
            "Microsoft Outlook",
            "Outlook.exe",
        ),
        r#""C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE""#,
        false,
    ),
    (
        program(
            r"C:\Program Files\Microsoft Office\root\Office16\EXCEL.EXE",
            "Microsoft Excel",
            "Excel.exe",
        ),
        r#""C:\Program Files\Microsoft Office\root\Office16\EXCEL.EXE" /dde"#,
        false,
    ),
    (
        program(
            r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
            "Microsoft Edge",
            "msedge.exe",
        ),
        r#""C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe" --profile-directory=Default"#,
        false,
    ),
    (
        program(
            r"C:\Program Files\WindowsApps\MSTeams\ms-teams.exe",
            "Microsoft Teams",
            "msteams.exe",
        ),
        r#""C:\Program Files\WindowsApps\MSTeams\ms-teams.exe""#,
        false,
    ),
    (
        program(r"C:\Windows\System32\notepad.exe", "Notepad", "NOTEPAD.EXE"),
        r#""C:\Windows\System32\notepad.exe""#,
        false,
    ),
    (
        program(
            r"C:\Windows\System32\backgroundTaskHost.exe",
            "Background Task Host",
            "backgroundTaskHost.exe",
        ),
        r#""C:\Windows\System32\backgroundTaskHost.exe" -ServerName:App.AppX.mca"#,
        false,
    ),
    (
        program(
            r"C:\Windows\System32\SearchProtocolHost.exe",
            "Microsoft Windows Search Protocol Host",
            "SearchProtocolHost.exe",
        ),
        r#""C:\Windows\system32\SearchProtocolHost.exe" Global\UsGthrFltPipeMssGthrPipe12_ Global\UsGthrCtrlFltPipeMssGthrPipe12 1"#,
        true,
    ),
    (
        program(
            r"C:\Windows\System32\svchost.exe",
            "Host Process for Windows Services",
            "svchost.exe",
        ),
        r"C:\Windows\system32\svchost.exe -k netsvcs -p -s wuauserv",
        true,
    ),
    (
        program(
            r"C:\Windows\System32\taskhostw.exe",
            "Host Process for Windows Tasks",
            "taskhostw.exe",
        ),
        "taskhostw.exe",
        true,
    ),
    (
        program(
            r"C:\Windows\System32\gpupdate.exe",
            "Microsoft Group Policy Update Utility",
            "GPUpdate.exe",
        ),
        r"C:\Windows\system32\gpupdate.exe /target:computer",
        true,
    ),
];

/// Names and addresses programs talk to.
const PEERS: &[(&str, &str)] = &[
    ("outlook.cloud.example", "198.19.200.10"),
    ("teams.cloud.example", "198.19.200.22"),
    ("files.cloud.example", "198.19.200.35"),
    ("updates.vendor.example", "198.19.201.4"),
    ("news.portal.example", "198.19.203.80"),
];

/// Adds `count` events.
pub(crate) fn add(world: &World, streams: &mut Streams, count: usize) {
    let mut dice = world.dice("benign/sysmon");
    let seats = seats(world);
    let mut left = count as i64;
    while left > 0 {
        let (host, person) = *dice.pick(&seats);
        left -= burst(world, streams, &mut dice, host, person);
    }
}

/// The hosts whose Sysmon log is collected, with their users: two admin workstations, the second
/// victim's workstation and one more.
fn seats(world: &World) -> Vec<(&Host, &Person)> {
    let admins = world.of_role(Role::AdminWorkstation).into_iter();
    let reached = &world.hosts[world.cast.admin_host];
    let other = admins.filter(|host| host.name != reached.name).take(1);
    let mut seats = vec![(reached, &world.people[3])];
    seats.extend(other.map(|host| (host, &world.people[4])));
    seats.push((
        world.workstation(world.cast.second_victim),
        world.second_victim(),
    ));
    let neighbour = (world.cast.second_victim + 5) % world.people.len();
    seats.push((world.workstation(neighbour), &world.people[neighbour]));
    seats
}

/// A program starts and, most often, asks for a name and connects.
fn burst(
    world: &World,
    streams: &mut Streams,
    dice: &mut Dice,
    host: &Host,
    person: &Person,
) -> i64 {
    let (program, command_line, by_system) = dice.pick(HABITS);
    let user = if *by_system {
        SYSTEM.to_owned()
    } else {
        world.nt_name(person)
    };
    let at = if *by_system {
        world.window.any(dice)
    } else {
        world.window.working(dice)
    };
    let (parent_image, parent_line) = if *by_system {
        (
            r"C:\Windows\System32\services.exe",
            r"C:\Windows\system32\services.exe",
        )
    } else {
        (r"C:\Windows\explorer.exe", r"C:\Windows\Explorer.EXE")
    };
    let parent = Process::new(dice, parent_image, parent_line, &user);
    let process = Process::new(dice, program.image, command_line, &user);
    let session = if *by_system {
        Session {
            logon_id: 0x3e7,
            integrity: "System",
        }
    } else {
        Session {
            logon_id: crate::formats::security::logon_id(dice),
            integrity: "Medium",
        }
    };
    let mut records = vec![format::created(
        at, &host.fqdn, program, &process, &parent, &session,
    )];
    if dice.chance(70) {
        let (name, address) = *dice.pick(PEERS);
        let port = dice.between(49_152, 65_500) as u16;
        records.push(format::dns(
            after(at, 700),
            &host.fqdn,
            &process,
            name,
            address,
        ));
        records.push(format::connected(
            after(at, 730),
            &host.fqdn,
            &process,
            (&host.ip, port),
            (address, name, 443),
        ));
    }
    let mut kept = 0;
    for record in records {
        if record.at < world.window.end {
            streams.windows(Origin::Benign, &host.name, record);
            kept += 1;
        }
    }
    kept
}
