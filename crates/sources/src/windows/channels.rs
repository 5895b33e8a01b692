//! Channels and the names Sigma gives them (Sigma specification, taxonomy: log sources).

use schema::LogSource;

/// Channel to Sigma service. Several channels may be one service.
const SERVICES: &[(&str, &str)] = &[
    ("Security", "security"),
    ("System", "system"),
    ("Application", "application"),
    ("Microsoft-Windows-Sysmon/Operational", "sysmon"),
    ("Microsoft-Windows-PowerShell/Operational", "powershell"),
    ("PowerShellCore/Operational", "powershell"),
    ("Windows PowerShell", "powershell-classic"),
    (
        "Microsoft-Windows-TaskScheduler/Operational",
        "taskscheduler",
    ),
    ("Microsoft-Windows-WMI-Activity/Operational", "wmi"),
    (
        "Microsoft-Windows-Windows Defender/Operational",
        "windefend",
    ),
    (
        "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall",
        "firewall-as",
    ),
    ("Microsoft-Windows-Bits-Client/Operational", "bits-client"),
    (
        "Microsoft-Windows-CodeIntegrity/Operational",
        "codeintegrity-operational",
    ),
    ("Microsoft-Windows-AppLocker/MSI and Script", "applocker"),
    ("Microsoft-Windows-AppLocker/EXE and DLL", "applocker"),
    (
        "Microsoft-Windows-AppLocker/Packaged app-Deployment",
        "applocker",
    ),
    (
        "Microsoft-Windows-AppLocker/Packaged app-Execution",
        "applocker",
    ),
    (
        "Microsoft-Windows-AppModel-Runtime/Admin",
        "appmodel-runtime",
    ),
    (
        "Microsoft-Windows-AppXDeploymentServer/Operational",
        "appxdeployment-server",
    ),
    (
        "Microsoft-Windows-AppxPackaging/Operational",
        "appxpackaging-om",
    ),
    ("Microsoft-Windows-CAPI2/Operational", "capi2"),
    (
        "Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational",
        "certificateservicesclient-lifecycle-system",
    ),
    (
        "Microsoft-Windows-Diagnosis-Scripted/Operational",
        "diagnosis-scripted",
    ),
    ("Microsoft-Windows-DHCP-Server/Operational", "dhcp"),
    ("Microsoft-Windows-DNS-Client/Operational", "dns-client"),
    ("DNS Server", "dns-server"),
    ("Microsoft-Windows-DNS-Server/Audit", "dns-server-audit"),
    (
        "Microsoft-Windows-DNS-Server/Analytical",
        "dns-server-analytic",
    ),
    (
        "Microsoft-Windows-DriverFrameworks-UserMode/Operational",
        "driver-framework",
    ),
    ("Microsoft-Windows-Hyper-V-Worker", "hyper-v-worker"),
    (
        "Microsoft-Windows-Kernel-EventTracing",
        "kernel-event-tracing",
    ),
    (
        "Microsoft-Windows-Kernel-ShimEngine/Operational",
        "kernel-shimengine",
    ),
    (
        "Microsoft-Windows-Kernel-ShimEngine/Diagnostic",
        "kernel-shimengine",
    ),
    ("Microsoft-Windows-LDAP-Client/Debug", "ldap"),
    ("Microsoft-Windows-LSA/Operational", "lsa-server"),
    ("Microsoft-Windows-NTLM/Operational", "ntlm"),
    ("Microsoft-Windows-NTFS/Operational", "ntfs"),
    ("Microsoft-Windows-PrintService/Admin", "printservice-admin"),
    (
        "Microsoft-Windows-PrintService/Operational",
        "printservice-operational",
    ),
    (
        "Microsoft-Windows-Security-Mitigations/Kernel Mode",
        "security-mitigations",
    ),
    (
        "Microsoft-Windows-Security-Mitigations/User Mode",
        "security-mitigations",
    ),
    ("Microsoft-Windows-Shell-Core/Operational", "shell-core"),
    ("Microsoft-Windows-SmbClient/Security", "smbclient-security"),
    (
        "Microsoft-Windows-SmbClient/Connectivity",
        "smbclient-connectivity",
    ),
    (
        "Microsoft-Windows-SMBServer/Connectivity",
        "smbserver-connectivity",
    ),
    (
        "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
        "terminalservices-localsessionmanager",
    ),
    ("Microsoft-Windows-VHDMP/Operational", "vhdmp"),
    (
        "Microsoft-IIS-Configuration/Operational",
        "iis-configuration",
    ),
    (
        "Microsoft-ServiceBus-Client/Operational",
        "microsoft-servicebus-client",
    ),
    (
        "Microsoft-ServiceBus-Client/Admin",
        "microsoft-servicebus-client",
    ),
    ("MSExchange Management", "msexchange-management"),
    ("OpenSSH/Operational", "openssh"),
    ("Microsoft-Windows-SENSE/Operational", "sense"),
];

/// Sigma's log source for a Windows channel; an unknown channel has no service.
pub(crate) fn windows_log_source(channel: &str) -> LogSource {
    let service = SERVICES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(channel))
        .map_or("", |(_, service)| service);
    LogSource::new("windows", service)
}

/// Sigma's log source for the rows of a table, for rows that arrive already in its columns.
pub(crate) fn log_source(table: &str) -> LogSource {
    let (product, service) = match table {
        "SecurityEvent" => ("windows", "security"),
        "AWSCloudTrail" => ("aws", "cloudtrail"),
        "SigninLogs" | "AADNonInteractiveUserSignInLogs" => ("azure", "signinlogs"),
        "AuditLogs" => ("azure", "auditlogs"),
        "AzureActivity" => ("azure", "activitylogs"),
        "AADUserRiskEvents" => ("azure", "riskdetection"),
        "OfficeActivity" => ("m365", "audit"),
        "Syslog" => ("linux", "syslog"),
        "GCPAuditLogs" => ("gcp", "gcp.audit"),
        _ => ("", ""),
    };
    LogSource::new(product, service)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_find_their_service() {
        assert_eq!(
            windows_log_source("Microsoft-Windows-Sysmon/Operational").service,
            "sysmon"
        );
        assert_eq!(windows_log_source("security").service, "security");
        assert_eq!(windows_log_source("Nothing"), LogSource::new("windows", ""));
    }
}
