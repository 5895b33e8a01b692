//! The hybrid intrusion on premises: the password spray at the controller, and later the admin
//! workstation where lsass is dumped and the domain's administrators get a new member.

use super::Plan;
use crate::clock::after;
use crate::estate::Role;
use crate::formats::alerts::{self, Xdr};
use crate::formats::firewall::{self, Traffic};
use crate::formats::security::{self as security, Account, NewProcess, Origin as From};
use crate::formats::sysmon::{self, Process, Program, Session};
use crate::streams::{Origin, Streams};
use crate::truth::Stage;
use crate::world::World;

/// How many accounts the spray tries beside the victim's.
const SPRAYED: usize = 32;
const LSASS: &str = r"C:\Windows\System32\lsass.exe";
const RUNDLL32: Program = Program {
    image: r"C:\Windows\System32\rundll32.exe",
    description: "Windows host process (Rundll32)",
    company: "Microsoft Corporation",
    original: "RUNDLL32.EXE",
};

fn victim_account(world: &World, logon_id: u64) -> Account {
    let victim = world.victim();
    Account {
        sid: victim.sid.clone(),
        name: victim.sam.clone(),
        domain: world.company.netbios.clone(),
        logon_id,
    }
}

/// One password for many accounts, through the published federation service; then the hit.
pub(super) fn spray(world: &World, streams: &mut Streams, plan: &Plan) -> Vec<Stage> {
    let mut dice = world.dice("intrusion/spray");
    let controller = world.of_role(Role::DomainController)[0];
    let fqdn = &controller.fqdn;
    let realm = world.company.dns.to_uppercase();
    let ip = world.cast.spray_ip.as_str();
    let mut tried: Vec<usize> = (0..world.people.len())
        .filter(|index| ![world.cast.victim, world.cast.second_victim].contains(index))
        .collect();
    dice.shuffle(&mut tried);
    tried.truncate(SPRAYED);
    tried.insert(dice.below(SPRAYED), world.cast.victim);
    let mut last = plan.spray;
    for (turn, &index) in tried.iter().enumerate() {
        let at = after(plan.spray, turn as i64 * 18_000 + dice.between(0, 9_000));
        let person = &world.people[index];
        let from = From {
            workstation: "-",
            ip,
            port: dice.between(30_000, 60_000),
        };
        let failed = security::logon_failed(at, fqdn, &person.sam, &world.company.netbios, &from);
        streams.windows(Origin::Hybrid, &controller.name, failed);
        if turn % 4 == 1 {
            let target = Account {
                sid: person.sid.clone(),
                name: person.sam.clone(),
                domain: world.company.netbios.clone(),
                logon_id: 0,
            };
            let again = after(at, 2_500);
            let failed = security::preauth_failed(
                again,
                fqdn,
                &target,
                &realm,
                ip,
                dice.between(30_000, 60_000),
            );
            streams.windows(Origin::Hybrid, &controller.name, failed);
        }
        if turn % 8 == 0 {
            let traffic = Traffic {
                source: (ip, dice.between(30_000, 60_000)),
                destination: (&world.company.federation_ip, 443),
                allowed: true,
                inbound: true,
                app: "HTTPS",
                sent: dice.between(2_000, 9_000),
                received: dice.between(2_000, 9_000),
                session: dice.between(1_000_000, 9_999_999),
            };
            streams.firewall.push(
                Origin::Hybrid,
                at,
                firewall::line(at, &world.host("fw01").name, &traffic),
            );
        }
        last = after(at, 2_500);
    }
    let who = victim_account(world, security::logon_id(&mut dice));
    let from = From {
        workstation: "-",
        ip,
        port: dice.between(30_000, 60_000),
    };
    let logon = security::logon(plan.logon, fqdn, &Account::nobody(), &who, 3, &from);
    streams.windows(Origin::Hybrid, &controller.name, logon);
    vec![
        Stage::new(
            "password-spray",
            "Password spray against the domain controller",
            "CredentialAccess",
            "T1110.003",
            &["windows/Security"],
            plan.spray,
            last,
        ),
        Stage::new(
            "valid-account",
            "The victim's password is found",
            "InitialAccess",
            "T1078.002",
            &["windows/Security"],
            plan.logon,
            plan.logon,
        ),
    ]
}

/// A remote desktop session on the admin workstation, a dump of lsass, a new domain administrator.
pub(super) fn admin_workstation(world: &World, streams: &mut Streams, plan: &Plan) -> Vec<Stage> {
    let mut dice = world.dice("intrusion/admin-workstation");
    let host = &world.hosts[world.cast.admin_host];
    let victim = world.victim();
    let user = world.nt_name(victim);
    let who = victim_account(world, security::logon_id(&mut dice));
    let system = Account::system(&host.name, &world.company.netbios);
    let from = From {
        workstation: &host.name,
        ip: &world.cast.inside_ip,
        port: 0,
    };
    let network = From {
        workstation: "-",
        ip: &world.cast.inside_ip,
        port: dice.between(49_152, 65_500),
    };
    let put =
        |streams: &mut Streams, name: &str, record| streams.windows(Origin::Hybrid, name, record);

    let before = after(plan.admin_logon, -4_000);
    put(
        streams,
        &host.name,
        security::logon(before, &host.fqdn, &Account::nobody(), &who, 3, &network),
    );
    put(
        streams,
        &host.name,
        security::logon(plan.admin_logon, &host.fqdn, &system, &who, 10, &from),
    );

    let shell = Process::new(
        &mut dice,
        r"C:\Windows\System32\cmd.exe",
        r"C:\Windows\System32\cmd.exe",
        &user,
    );
    let lsass = Process::new(&mut dice, LSASS, LSASS, r"NT AUTHORITY\SYSTEM");
    let dump_file = r"C:\Users\Public\update.dmp";
    let command_line = format!(
        r"rundll32.exe C:\Windows\System32\comsvcs.dll, MiniDump {} {dump_file} full",
        lsass.id
    );
    let dumper = Process::new(&mut dice, RUNDLL32.image, &command_line, &user);
    let session = Session {
        logon_id: who.logon_id,
        integrity: "High",
    };
    let new = NewProcess {
        id: dumper.id,
        image: &dumper.image,
        command_line: &command_line,
        parent_id: shell.id,
        parent_image: &shell.image,
    };
    put(
        streams,
        &host.name,
        sysmon::created(plan.dump, &host.fqdn, &RUNDLL32, &dumper, &shell, &session),
    );
    put(
        streams,
        &host.name,
        security::process(after(plan.dump, 2), &host.fqdn, &who, &new),
    );
    put(
        streams,
        &host.name,
        sysmon::accessed(
            after(plan.dump, 240),
            &host.fqdn,
            &dumper,
            &lsass,
            0x1f_ffff,
        ),
    );
    let written = after(plan.dump, 900);
    put(
        streams,
        &host.name,
        sysmon::file(written, &host.fqdn, &dumper, dump_file),
    );

    let what = Xdr {
        title: "Suspicious access to LSASS service",
        description: "A process read the memory of the Local Security Authority Subsystem Service, which holds credentials.",
        category: "CredentialAccess",
        techniques: &["T1003.001"],
        image: RUNDLL32.image,
        command_line: &command_line,
        process_id: dumper.id,
        remote_ip: None,
    };
    let alert = alerts::defender_xdr(
        &mut dice,
        plan.defender_xdr,
        plan.dump,
        &world.company,
        host,
        victim,
        &what,
    );
    streams
        .defender_xdr
        .push(Origin::Hybrid, plan.defender_xdr, alert);

    let controller = world.of_role(Role::DomainController)[0];
    let admins = Account {
        sid: format!("{}-512", world.company.domain_sid),
        name: "Domain Admins".to_owned(),
        domain: world.company.netbios.clone(),
        logon_id: 0,
    };
    let dn = crate::benign::security::distinguished_name(world, victim);
    put(
        streams,
        &controller.name,
        security::group_member(plan.group, &controller.fqdn, &who, &who, &dn, &admins),
    );
    vec![
        Stage::new(
            "admin-workstation",
            "Remote desktop session on an admin workstation",
            "LateralMovement",
            "T1021.001",
            &["windows/Security"],
            before,
            plan.admin_logon,
        ),
        Stage::new(
            "credential-dump",
            "Memory of lsass written to a file",
            "CredentialAccess",
            "T1003.001",
            &["windows/Sysmon", "windows/Security"],
            plan.dump,
            written,
        ),
        Stage::new(
            "defender-xdr-alert",
            "Native alert about the access to lsass",
            "CredentialAccess",
            "T1003.001",
            &["alerts/defender-xdr"],
            plan.defender_xdr,
            plan.defender_xdr,
        ),
        Stage::new(
            "privileged-group",
            "The victim joins Domain Admins",
            "Persistence",
            "T1098.007",
            &["windows/Security"],
            plan.group,
            plan.group,
        ),
    ]
}
