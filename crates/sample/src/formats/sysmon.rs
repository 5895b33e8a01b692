//! Sysmon events (provider Microsoft-Windows-Sysmon, schema 4.90): process creation (1), network
//! connection (3), process access (10), file creation (11) and DNS query (22).

use crate::clock;
use crate::dice::{Dice, file_hash};
use crate::evtx_writer::{Record, Value};
use jiff::Timestamp;
use uuid::{Uuid, uuid};

const PROVIDER: Uuid = uuid!("5770385f-c22a-43e0-bf4c-06f5698ffbd9");
const KEYWORDS: u64 = 0x8000_0000_0000_0000;

/// A program as its version resource describes it.
#[derive(Clone, Copy)]
pub(crate) struct Program {
    pub(crate) image: &'static str,
    pub(crate) description: &'static str,
    pub(crate) company: &'static str,
    pub(crate) original: &'static str,
}

/// A running process.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) guid: Uuid,
    pub(crate) id: u32,
    pub(crate) image: String,
    pub(crate) command_line: String,
    pub(crate) user: String,
}

impl Process {
    /// Draws the numbers of a new process.
    pub(crate) fn new(dice: &mut Dice, image: &str, command_line: &str, user: &str) -> Self {
        Self {
            guid: dice.guid(),
            id: dice.between(500, 4_000) as u32 * 4,
            image: image.to_owned(),
            command_line: command_line.to_owned(),
            user: user.to_owned(),
        }
    }
}

/// The session a process runs in.
pub(crate) struct Session {
    pub(crate) logon_id: u64,
    pub(crate) integrity: &'static str,
}

fn record(
    at: Timestamp,
    computer: &str,
    event_id: u16,
    version: u8,
    rest: Vec<(&'static str, Value)>,
) -> Record {
    let utc = at.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string();
    let mut data = vec![("RuleName", Value::from("-")), ("UtcTime", utc.into())];
    data.extend(rest);
    let noise = crate::dice::fnv1a(computer.as_bytes());
    Record {
        at: clock::after(at, 1),
        provider: "Microsoft-Windows-Sysmon",
        provider_guid: PROVIDER,
        channel: "Microsoft-Windows-Sysmon/Operational",
        computer: computer.to_owned(),
        event_id,
        version,
        level: 4,
        task: event_id,
        opcode: 0,
        keywords: KEYWORDS,
        process_id: 2_400 + (noise % 100) as u32 * 4,
        thread_id: 3_000 + (noise % 70) as u32 * 4,
        user_sid: Some("S-1-5-18".to_owned()),
        data,
    }
}

/// 1: a process was created.
pub(crate) fn created(
    at: Timestamp,
    computer: &str,
    program: &Program,
    new: &Process,
    parent: &Process,
    session: &Session,
) -> Record {
    let home = new.user.rsplit('\\').next().unwrap_or_default();
    let directory = if session.integrity == "System" {
        r"C:\Windows\system32\".to_owned()
    } else {
        format!(r"C:\Users\{home}\")
    };
    let product = if program.image.starts_with(r"C:\Windows") {
        "Microsoft® Windows® Operating System"
    } else {
        program.description
    };
    let rest = vec![
        ("ProcessGuid", Value::Guid(new.guid)),
        ("ProcessId", Value::U32(new.id)),
        ("Image", new.image.as_str().into()),
        ("FileVersion", "10.0.19041.3636".into()),
        ("Description", program.description.into()),
        ("Product", product.into()),
        ("Company", program.company.into()),
        ("OriginalFileName", program.original.into()),
        ("CommandLine", new.command_line.as_str().into()),
        ("CurrentDirectory", directory.into()),
        ("User", new.user.as_str().into()),
        (
            "LogonGuid",
            Value::Guid(Uuid::new_v5(&PROVIDER, new.user.as_bytes())),
        ),
        ("LogonId", Value::Hex64(session.logon_id)),
        (
            "TerminalSessionId",
            Value::U32(u32::from(session.integrity != "System")),
        ),
        ("IntegrityLevel", session.integrity.into()),
        ("Hashes", format!("SHA256={}", file_hash(&new.image)).into()),
        ("ParentProcessGuid", Value::Guid(parent.guid)),
        ("ParentProcessId", Value::U32(parent.id)),
        ("ParentImage", parent.image.as_str().into()),
        ("ParentCommandLine", parent.command_line.as_str().into()),
        ("ParentUser", parent.user.as_str().into()),
    ];
    record(at, computer, 1, 5, rest)
}

/// 3: a process connected to `destination` (address, host name, port).
pub(crate) fn connected(
    at: Timestamp,
    computer: &str,
    process: &Process,
    source: (&str, u16),
    destination: (&str, &str, u16),
) -> Record {
    let rest = vec![
        ("ProcessGuid", Value::Guid(process.guid)),
        ("ProcessId", Value::U32(process.id)),
        ("Image", process.image.as_str().into()),
        ("User", process.user.as_str().into()),
        ("Protocol", "tcp".into()),
        ("Initiated", Value::Bool(true)),
        ("SourceIsIpv6", Value::Bool(false)),
        ("SourceIp", source.0.into()),
        ("SourceHostname", computer.into()),
        ("SourcePort", Value::U16(source.1)),
        ("SourcePortName", "-".into()),
        ("DestinationIsIpv6", Value::Bool(false)),
        ("DestinationIp", destination.0.into()),
        ("DestinationHostname", destination.1.into()),
        ("DestinationPort", Value::U16(destination.2)),
        (
            "DestinationPortName",
            if destination.2 == 443 { "https" } else { "-" }.into(),
        ),
    ];
    record(at, computer, 3, 5, rest)
}

/// 10: a process opened another one.
pub(crate) fn accessed(
    at: Timestamp,
    computer: &str,
    source: &Process,
    target: &Process,
    granted: u32,
) -> Record {
    let rest = vec![
        ("SourceProcessGUID", Value::Guid(source.guid)),
        ("SourceProcessId", Value::U32(source.id)),
        ("SourceThreadId", Value::U32(source.id + 44)),
        ("SourceImage", source.image.as_str().into()),
        ("TargetProcessGUID", Value::Guid(target.guid)),
        ("TargetProcessId", Value::U32(target.id)),
        ("TargetImage", target.image.as_str().into()),
        ("GrantedAccess", Value::Hex32(granted)),
        ("CallTrace", r"C:\Windows\SYSTEM32\ntdll.dll+9d4c4|C:\Windows\System32\KERNELBASE.dll+2c13e|C:\Windows\System32\dbgcore.dll+6a7c".into()),
        ("SourceUser", source.user.as_str().into()),
        ("TargetUser", target.user.as_str().into()),
    ];
    record(at, computer, 10, 3, rest)
}

/// 11: a process created a file.
pub(crate) fn file(at: Timestamp, computer: &str, process: &Process, target: &str) -> Record {
    let rest = vec![
        ("ProcessGuid", Value::Guid(process.guid)),
        ("ProcessId", Value::U32(process.id)),
        ("Image", process.image.as_str().into()),
        ("TargetFilename", target.into()),
        (
            "CreationUtcTime",
            at.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string().into(),
        ),
        ("User", process.user.as_str().into()),
    ];
    record(at, computer, 11, 2, rest)
}

/// 22: a process asked for a name.
pub(crate) fn dns(
    at: Timestamp,
    computer: &str,
    process: &Process,
    name: &str,
    address: &str,
) -> Record {
    let rest = vec![
        ("ProcessGuid", Value::Guid(process.guid)),
        ("ProcessId", Value::U32(process.id)),
        ("QueryName", name.into()),
        ("QueryStatus", "0".into()),
        ("QueryResults", format!("::ffff:{address};").into()),
        ("Image", process.image.as_str().into()),
        ("User", process.user.as_str().into()),
    ];
    record(at, computer, 22, 5, rest)
}
