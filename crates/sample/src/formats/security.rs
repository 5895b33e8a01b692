//! Windows Security events (provider Microsoft-Windows-Security-Auditing), with the names, types
//! and order of their `EventData` as Windows Server 2022 writes them.

use crate::dice::Dice;
use crate::evtx_writer::{Record, Value};
use jiff::Timestamp;
use uuid::{Uuid, uuid};

const PROVIDER: Uuid = uuid!("54849625-5478-4994-a5ba-3e3b0328c30d");
const AUDIT_SUCCESS: u64 = 0x8020_0000_0000_0000;
const AUDIT_FAILURE: u64 = 0x8010_0000_0000_0000;

/// An account as Security events name it.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) sid: String,
    pub(crate) name: String,
    pub(crate) domain: String,
    pub(crate) logon_id: u64,
}

impl Account {
    /// The local system, acting as the computer `host`.
    pub(crate) fn system(host: &str, domain: &str) -> Self {
        Self {
            sid: "S-1-5-18".to_owned(),
            name: format!("{host}$"),
            domain: domain.to_owned(),
            logon_id: 0x3e7,
        }
    }

    /// Nobody: the subject of a logon that came over the network.
    pub(crate) fn nobody() -> Self {
        Self {
            sid: "S-1-0-0".to_owned(),
            name: "-".to_owned(),
            domain: "-".to_owned(),
            logon_id: 0,
        }
    }

    fn subject(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("SubjectUserSid", Value::Sid(self.sid.clone())),
            ("SubjectUserName", self.name.as_str().into()),
            ("SubjectDomainName", self.domain.as_str().into()),
            ("SubjectLogonId", Value::Hex64(self.logon_id)),
        ]
    }

    fn target(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("TargetUserSid", Value::Sid(self.sid.clone())),
            ("TargetUserName", self.name.as_str().into()),
            ("TargetDomainName", self.domain.as_str().into()),
        ]
    }
}

/// Where a logon comes from.
pub(crate) struct Origin<'a> {
    pub(crate) workstation: &'a str,
    pub(crate) ip: &'a str,
    pub(crate) port: i64,
}

/// Number, version and task of an event.
struct Kind(u16, u8, u16);

fn record(
    at: Timestamp,
    computer: &str,
    kind: Kind,
    success: bool,
    data: Vec<(&'static str, Value)>,
) -> Record {
    let noise = crate::dice::fnv1a(computer.as_bytes()) ^ at.as_microsecond() as u64;
    Record {
        at,
        provider: "Microsoft-Windows-Security-Auditing",
        provider_guid: PROVIDER,
        channel: "Security",
        computer: computer.to_owned(),
        event_id: kind.0,
        version: kind.1,
        level: 0,
        task: kind.2,
        opcode: 0,
        keywords: if success {
            AUDIT_SUCCESS
        } else {
            AUDIT_FAILURE
        },
        process_id: 700 + (crate::dice::fnv1a(computer.as_bytes()) % 30) as u32 * 4,
        thread_id: 800 + (noise % 400) as u32 * 4,
        user_sid: None,
        data,
    }
}

/// 4624: an account was logged on.
pub(crate) fn logon(
    at: Timestamp,
    computer: &str,
    subject: &Account,
    target: &Account,
    logon_type: u32,
    from: &Origin<'_>,
) -> Record {
    let network = logon_type == 3;
    let (process, package) = if network {
        ("Kerberos", "Kerberos")
    } else {
        ("User32 ", "Negotiate")
    };
    let mut data = subject.subject();
    data.extend(target.target());
    data.extend([
        ("TargetLogonId", Value::Hex64(target.logon_id)),
        ("LogonType", Value::U32(logon_type)),
        ("LogonProcessName", process.into()),
        ("AuthenticationPackageName", package.into()),
        ("WorkstationName", from.workstation.into()),
        (
            "LogonGuid",
            Value::Guid(Uuid::new_v5(
                &PROVIDER,
                format!("{at}{}", target.sid).as_bytes(),
            )),
        ),
        ("TransmittedServices", "-".into()),
        ("LmPackageName", "-".into()),
        ("KeyLength", Value::U32(0)),
        ("ProcessId", Value::Hex64(if network { 0 } else { 0x4f0 })),
        (
            "ProcessName",
            if network {
                "-"
            } else {
                r"C:\Windows\System32\svchost.exe"
            }
            .into(),
        ),
        ("IpAddress", from.ip.into()),
        ("IpPort", from.port.to_string().into()),
        ("ImpersonationLevel", "%%1833".into()),
        ("RestrictedAdminMode", "-".into()),
        ("TargetOutboundUserName", "-".into()),
        ("TargetOutboundDomainName", "-".into()),
        ("VirtualAccount", "%%1843".into()),
        ("TargetLinkedLogonId", Value::Hex64(0)),
        ("ElevatedToken", "%%1843".into()),
    ]);
    record(at, computer, Kind(4624, 2, 12544), true, data)
}

/// 4625: an account failed to log on, the password being wrong (0xC000006A).
pub(crate) fn logon_failed(
    at: Timestamp,
    computer: &str,
    name: &str,
    domain: &str,
    from: &Origin<'_>,
) -> Record {
    let mut data = Account::nobody().subject();
    data.extend([
        ("TargetUserSid", Value::Sid("S-1-0-0".to_owned())),
        ("TargetUserName", name.into()),
        ("TargetDomainName", domain.into()),
        ("Status", Value::Hex32(0xc000_006d)),
        ("FailureReason", "%%2313".into()),
        ("SubStatus", Value::Hex32(0xc000_006a)),
        ("LogonType", Value::U32(3)),
        ("LogonProcessName", "NtLmSsp ".into()),
        ("AuthenticationPackageName", "NTLM".into()),
        ("WorkstationName", from.workstation.into()),
        ("TransmittedServices", "-".into()),
        ("LmPackageName", "-".into()),
        ("KeyLength", Value::U32(0)),
        ("ProcessId", Value::Hex64(0)),
        ("ProcessName", "-".into()),
        ("IpAddress", from.ip.into()),
        ("IpPort", from.port.to_string().into()),
    ]);
    record(at, computer, Kind(4625, 0, 12544), false, data)
}

/// 4634: an account was logged off.
pub(crate) fn logoff(at: Timestamp, computer: &str, target: &Account, logon_type: u32) -> Record {
    let mut data = target.target();
    data.push(("TargetLogonId", Value::Hex64(target.logon_id)));
    data.push(("LogonType", Value::U32(logon_type)));
    record(at, computer, Kind(4634, 0, 12545), true, data)
}

/// 4672: special privileges were assigned to a new logon.
pub(crate) fn privileges(at: Timestamp, computer: &str, subject: &Account) -> Record {
    let mut data = subject.subject();
    data.push((
        "PrivilegeList",
        "SeSecurityPrivilege\r\n\t\t\tSeBackupPrivilege\r\n\t\t\tSeRestorePrivilege".into(),
    ));
    record(at, computer, Kind(4672, 0, 12548), true, data)
}

/// 4768: a Kerberos ticket-granting ticket was requested and given.
pub(crate) fn ticket_granting(
    at: Timestamp,
    computer: &str,
    target: &Account,
    ip: &str,
    port: i64,
) -> Record {
    let domain_sid = target.sid.rsplit_once('-').map_or("", |(domain, _)| domain);
    let data = vec![
        ("TargetUserName", target.name.as_str().into()),
        ("TargetDomainName", target.domain.as_str().into()),
        ("TargetSid", Value::Sid(target.sid.clone())),
        ("ServiceName", "krbtgt".into()),
        ("ServiceSid", Value::Sid(format!("{domain_sid}-502"))),
        ("TicketOptions", Value::Hex32(0x4081_0010)),
        ("Status", Value::Hex32(0)),
        ("TicketEncryptionType", Value::Hex32(0x12)),
        ("PreAuthType", "2".into()),
        ("IpAddress", format!("::ffff:{ip}").into()),
        ("IpPort", port.to_string().into()),
        ("CertIssuerName", "".into()),
        ("CertSerialNumber", "".into()),
        ("CertThumbprint", "".into()),
    ];
    record(at, computer, Kind(4768, 0, 14339), true, data)
}

/// 4769: a Kerberos service ticket was requested and given.
pub(crate) fn service_ticket(
    at: Timestamp,
    computer: &str,
    target: &Account,
    realm: &str,
    service: &str,
    ip: &str,
    port: i64,
) -> Record {
    let data = vec![
        ("TargetUserName", format!("{}@{realm}", target.name).into()),
        ("TargetDomainName", realm.into()),
        ("ServiceName", service.into()),
        (
            "ServiceSid",
            Value::Sid(format!(
                "{}-1{:03}",
                target.sid.rsplit_once('-').map_or("", |(d, _)| d),
                crate::dice::fnv1a(service.as_bytes()) % 90
            )),
        ),
        ("TicketOptions", Value::Hex32(0x4081_0000)),
        ("TicketEncryptionType", Value::Hex32(0x12)),
        ("IpAddress", format!("::ffff:{ip}").into()),
        ("IpPort", port.to_string().into()),
        ("Status", Value::Hex32(0)),
        (
            "LogonGuid",
            Value::Guid(Uuid::new_v5(&PROVIDER, format!("{at}{service}").as_bytes())),
        ),
        ("TransmittedServices", "-".into()),
    ];
    record(at, computer, Kind(4769, 0, 14337), true, data)
}

/// 4771: Kerberos pre-authentication failed, the password being wrong (0x18).
pub(crate) fn preauth_failed(
    at: Timestamp,
    computer: &str,
    target: &Account,
    realm: &str,
    ip: &str,
    port: i64,
) -> Record {
    let data = vec![
        ("TargetUserName", target.name.as_str().into()),
        ("TargetSid", Value::Sid(target.sid.clone())),
        ("ServiceName", format!("krbtgt/{realm}").into()),
        ("TicketOptions", Value::Hex32(0x4081_0010)),
        ("Status", Value::Hex32(0x18)),
        ("PreAuthType", "2".into()),
        ("IpAddress", format!("::ffff:{ip}").into()),
        ("IpPort", port.to_string().into()),
        ("CertIssuerName", "".into()),
        ("CertSerialNumber", "".into()),
        ("CertThumbprint", "".into()),
    ];
    record(at, computer, Kind(4771, 0, 14339), false, data)
}

/// What 4688 tells about a new process.
pub(crate) struct NewProcess<'a> {
    pub(crate) id: u32,
    pub(crate) image: &'a str,
    pub(crate) command_line: &'a str,
    pub(crate) parent_id: u32,
    pub(crate) parent_image: &'a str,
}

/// 4688: a process was created.
pub(crate) fn process(
    at: Timestamp,
    computer: &str,
    subject: &Account,
    new: &NewProcess<'_>,
) -> Record {
    let mut data = subject.subject();
    data.extend([
        ("NewProcessId", Value::Hex64(u64::from(new.id))),
        ("NewProcessName", new.image.into()),
        ("TokenElevationType", "%%1936".into()),
        ("ProcessId", Value::Hex64(u64::from(new.parent_id))),
        ("CommandLine", new.command_line.into()),
        ("TargetUserSid", Value::Sid("S-1-0-0".to_owned())),
        ("TargetUserName", "-".into()),
        ("TargetDomainName", "-".into()),
        ("TargetLogonId", Value::Hex64(0)),
        ("ParentProcessName", new.parent_image.into()),
        ("MandatoryLabel", Value::Sid("S-1-16-8192".to_owned())),
    ]);
    record(at, computer, Kind(4688, 2, 13312), true, data)
}

/// 4698: a scheduled task was created.
pub(crate) fn task_created(
    at: Timestamp,
    computer: &str,
    subject: &Account,
    name: &str,
    xml: &str,
) -> Record {
    let mut data = subject.subject();
    data.extend([
        ("TaskName", name.into()),
        ("TaskContent", xml.into()),
        ("ClientProcessStartKey", Value::U64(4_222_124_650_660_162)),
        ("ClientProcessId", Value::U32(6_120)),
        ("ParentProcessId", Value::U32(5_012)),
        ("RpcCallClientLocality", Value::U32(0)),
        ("FQDN", computer.into()),
    ]);
    record(at, computer, Kind(4698, 1, 12804), true, data)
}

/// 4728: a member was added to a security-enabled global group.
pub(crate) fn group_member(
    at: Timestamp,
    computer: &str,
    subject: &Account,
    member: &Account,
    member_dn: &str,
    group: &Account,
) -> Record {
    let mut data = vec![
        ("MemberName", member_dn.into()),
        ("MemberSid", Value::Sid(member.sid.clone())),
        ("TargetUserName", group.name.as_str().into()),
        ("TargetDomainName", group.domain.as_str().into()),
        ("TargetSid", Value::Sid(group.sid.clone())),
    ];
    data.extend(subject.subject());
    data.push(("PrivilegeList", "-".into()));
    record(at, computer, Kind(4728, 0, 13826), true, data)
}

/// 4724: somebody reset another account's password.
pub(crate) fn password_reset(
    at: Timestamp,
    computer: &str,
    subject: &Account,
    target: &Account,
) -> Record {
    let mut data = vec![
        ("TargetUserName", target.name.as_str().into()),
        ("TargetDomainName", target.domain.as_str().into()),
        ("TargetSid", Value::Sid(target.sid.clone())),
    ];
    data.extend(subject.subject());
    record(at, computer, Kind(4724, 0, 13824), true, data)
}

/// Draws the number of a new logon session.
pub(crate) fn logon_id(dice: &mut Dice) -> u64 {
    dice.between(0x10_0000, 0xfff_ffff) as u64
}
