//! Titles of security audit events, for `SecurityEvent.Activity` (`4625 - An account failed to
//! log on.`; titles as in Windows security auditing).

const TITLES: &[(i64, &str)] = &[
    (1100, "The event logging service has shut down."),
    (1101, "Audit events have been dropped by the transport."),
    (1102, "The audit log was cleared."),
    (1104, "The security Log is now full."),
    (4608, "Windows is starting up."),
    (
        4610,
        "An authentication package has been loaded by the Local Security Authority.",
    ),
    (
        4611,
        "A trusted logon process has been registered with the Local Security Authority.",
    ),
    (
        4614,
        "A notification package has been loaded by the Security Account Manager.",
    ),
    (4616, "The system time was changed."),
    (
        4622,
        "A security package has been loaded by the Local Security Authority.",
    ),
    (4624, "An account was successfully logged on."),
    (4625, "An account failed to log on."),
    (4627, "Group membership information."),
    (4634, "An account was logged off."),
    (4647, "User initiated logoff."),
    (4648, "A logon was attempted using explicit credentials."),
    (4649, "A replay attack was detected."),
    (4656, "A handle to an object was requested."),
    (4657, "A registry value was modified."),
    (4658, "The handle to an object was closed."),
    (4660, "An object was deleted."),
    (4661, "A handle to an object was requested."),
    (4662, "An operation was performed on an object."),
    (4663, "An attempt was made to access an object."),
    (4670, "Permissions on an object were changed."),
    (4672, "Special privileges assigned to new logon."),
    (4673, "A privileged service was called."),
    (4674, "An operation was attempted on a privileged object."),
    (4688, "A new process has been created."),
    (4689, "A process has exited."),
    (
        4690,
        "An attempt was made to duplicate a handle to an object.",
    ),
    (4692, "Backup of data protection master key was attempted."),
    (
        4693,
        "Recovery of data protection master key was attempted.",
    ),
    (4696, "A primary token was assigned to process."),
    (4697, "A service was installed in the system."),
    (4698, "A scheduled task was created."),
    (4699, "A scheduled task was deleted."),
    (4700, "A scheduled task was enabled."),
    (4701, "A scheduled task was disabled."),
    (4702, "A scheduled task was updated."),
    (4703, "A user right was adjusted."),
    (4704, "A user right was assigned."),
    (4706, "A new trust was created to a domain."),
    (4713, "Kerberos policy was changed."),
    (4716, "Trusted domain information was modified."),
    (4717, "System security access was granted to an account."),
    (4719, "System audit policy was changed."),
    (4720, "A user account was created."),
    (4722, "A user account was enabled."),
    (4723, "An attempt was made to change an account's password."),
    (4724, "An attempt was made to reset an account's password."),
    (4725, "A user account was disabled."),
    (4726, "A user account was deleted."),
    (4727, "A security-enabled global group was created."),
    (
        4728,
        "A member was added to a security-enabled global group.",
    ),
    (
        4729,
        "A member was removed from a security-enabled global group.",
    ),
    (4731, "A security-enabled local group was created."),
    (
        4732,
        "A member was added to a security-enabled local group.",
    ),
    (
        4733,
        "A member was removed from a security-enabled local group.",
    ),
    (4734, "A security-enabled local group was deleted."),
    (4735, "A security-enabled local group was changed."),
    (4737, "A security-enabled global group was changed."),
    (4738, "A user account was changed."),
    (4739, "Domain Policy was changed."),
    (4740, "A user account was locked out."),
    (4741, "A computer account was created."),
    (4742, "A computer account was changed."),
    (4743, "A computer account was deleted."),
    (4754, "A security-enabled universal group was created."),
    (
        4756,
        "A member was added to a security-enabled universal group.",
    ),
    (
        4757,
        "A member was removed from a security-enabled universal group.",
    ),
    (4764, "A group's type was changed."),
    (4765, "SID History was added to an account."),
    (4766, "An attempt to add SID History to an account failed."),
    (4767, "A user account was unlocked."),
    (
        4768,
        "A Kerberos authentication ticket (TGT) was requested.",
    ),
    (4769, "A Kerberos service ticket was requested."),
    (4770, "A Kerberos service ticket was renewed."),
    (4771, "Kerberos pre-authentication failed."),
    (
        4776,
        "The domain controller attempted to validate the credentials for an account.",
    ),
    (4778, "A session was reconnected to a Window Station."),
    (4779, "A session was disconnected from a Window Station."),
    (
        4780,
        "The ACL was set on accounts which are members of administrators groups.",
    ),
    (4781, "The name of an account was changed."),
    (
        4794,
        "An attempt was made to set the Directory Services Restore Mode administrator password.",
    ),
    (4798, "A user's local group membership was enumerated."),
    (
        4799,
        "A security-enabled local group membership was enumerated.",
    ),
    (4800, "The workstation was locked."),
    (4801, "The workstation was unlocked."),
    (4886, "Certificate Services received a certificate request."),
    (
        4887,
        "Certificate Services approved a certificate request and issued a certificate.",
    ),
    (
        4904,
        "An attempt was made to register a security event source.",
    ),
    (
        4905,
        "An attempt was made to unregister a security event source.",
    ),
    (4907, "Auditing settings on object were changed."),
    (
        4928,
        "An Active Directory replica source naming context was established.",
    ),
    (
        4929,
        "An Active Directory replica source naming context was removed.",
    ),
    (
        4946,
        "A change has been made to Windows Firewall exception list. A rule was added.",
    ),
    (
        4947,
        "A change has been made to Windows Firewall exception list. A rule was modified.",
    ),
    (
        4948,
        "A change has been made to Windows Firewall exception list. A rule was deleted.",
    ),
    (4957, "Windows Firewall did not apply the following rule."),
    (4964, "Special groups have been assigned to a new logon."),
    (4985, "The state of a transaction has changed."),
    (5007, "Configuration changed."),
    (
        5024,
        "The Windows Firewall Service has started successfully.",
    ),
    (5025, "The Windows Firewall Service has been stopped."),
    (
        5033,
        "The Windows Firewall Driver has started successfully.",
    ),
    (
        5038,
        "Code integrity determined that the image hash of a file is not valid.",
    ),
    (5058, "Key file operation."),
    (5059, "Key migration operation."),
    (5061, "Cryptographic operation."),
    (5136, "A directory service object was modified."),
    (5137, "A directory service object was created."),
    (5138, "A directory service object was undeleted."),
    (5139, "A directory service object was moved."),
    (5140, "A network share object was accessed."),
    (5141, "A directory service object was deleted."),
    (5142, "A network share object was added."),
    (5143, "A network share object was modified."),
    (5144, "A network share object was deleted."),
    (
        5145,
        "A network share object was checked to see whether client can be granted desired access.",
    ),
    (5152, "The Windows Filtering Platform blocked a packet."),
    (
        5154,
        "The Windows Filtering Platform has permitted an application or service to listen on a port for incoming connections.",
    ),
    (
        5156,
        "The Windows Filtering Platform has permitted a connection.",
    ),
    (
        5157,
        "The Windows Filtering Platform has blocked a connection.",
    ),
    (
        5158,
        "The Windows Filtering Platform has permitted a bind to a local port.",
    ),
    (5379, "Credential Manager credentials were read."),
    (5381, "Vault credentials were read."),
    (5382, "Vault credentials were read."),
    (
        5447,
        "A Windows Filtering Platform filter has been changed.",
    ),
    (6272, "Network Policy Server granted access to a user."),
    (6273, "Network Policy Server denied access to a user."),
    (6416, "A new external device was recognized by the system."),
];

/// `id - title`, or the id alone when Windows has no title known here.
pub(crate) fn activity(event_id: i64) -> String {
    match title(event_id) {
        Some(title) => format!("{event_id} - {title}"),
        None => event_id.to_string(),
    }
}

/// Whether the number is one of the security audit events listed here.
pub(crate) fn is_security_audit(event_id: i64) -> bool {
    title(event_id).is_some()
}

fn title(event_id: i64) -> Option<&'static str> {
    let at = TITLES.binary_search_by_key(&event_id, |(id, _)| *id).ok()?;
    TITLES.get(at).map(|(_, title)| *title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_for_its_search() {
        assert!(TITLES.is_sorted_by_key(|(id, _)| *id));
        assert_eq!(activity(4625), "4625 - An account failed to log on.");
        assert_eq!(activity(7), "7");
    }
}
