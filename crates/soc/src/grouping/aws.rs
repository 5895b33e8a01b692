//! AWS principals as text: ARNs, assumed-role sessions and principal ids (AWS IAM user guide,
//! "IAM identifiers").

/// An AWS principal that can stand for one person or program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Principal {
    /// A session of a role: `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
    Session {
        account: String,
        role: String,
        session: String,
    },
    /// An IAM user: `arn:aws:iam::ACCOUNT:user/PATH/NAME`.
    User,
    /// A federated user: `arn:aws:sts::ACCOUNT:federated-user/NAME`.
    FederatedUser,
    /// The account as a whole, its root, or a role without a session: shared by many.
    Shared,
    /// Another resource.
    Resource,
}

/// Reads an ARN; `None` when the text is none.
pub(crate) fn principal(arn: &str) -> Option<Principal> {
    let mut parts = arn.splitn(6, ':');
    if !parts.next()?.eq_ignore_ascii_case("arn") {
        return None;
    }
    let _partition = parts.next()?;
    let service = parts.next()?.to_ascii_lowercase();
    let _region = parts.next()?;
    let account = parts.next()?.to_owned();
    let resource = parts.next()?;
    let (kind, rest) = resource.split_once('/').unwrap_or((resource, ""));
    Some(
        match (service.as_str(), kind.to_ascii_lowercase().as_str()) {
            ("sts", "assumed-role") => match rest.split_once('/') {
                Some((role, session)) if !session.is_empty() => Principal::Session {
                    account,
                    role: role.to_owned(),
                    session: session.to_owned(),
                },
                _ => Principal::Shared,
            },
            ("iam", "user") if !rest.is_empty() => Principal::User,
            ("sts", "federated-user") if !rest.is_empty() => Principal::FederatedUser,
            ("iam", "root" | "role") => Principal::Shared,
            ("iam" | "sts", _) => Principal::Shared,
            _ if resource.is_empty() || resource == "*" => Principal::Shared,
            _ => Principal::Resource,
        },
    )
}

/// The key under which a session is looked up whatever role it took: the federation gives one
/// person the same session name in every role of an account.
pub(crate) fn session_key(account: &str, session: &str) -> String {
    format!(
        "account/aws-session/{}/{}",
        account.to_lowercase(),
        session.to_lowercase()
    )
}

/// Reads one entry of `aws_principals`: an ARN, an ARN with `*` for the role, a principal id
/// (`AROA...:session`, `AIDA...`), or `ACCOUNT/SESSION` (also with `:`). Gives the key.
///
/// A bare session name says nothing without its account; `account` is the row's own column.
pub(crate) fn listed_key(entry: &str, account: &str) -> Result<String, String> {
    let entry = entry.trim();
    if let Some(principal) = principal(entry) {
        return match principal {
            Principal::Session {
                account,
                role,
                session,
            } if role == "*" => Ok(session_key(&account, &session)),
            Principal::Shared => Err(format!(
                "`{entry}` is shared by many and can't stand for one identity"
            )),
            _ => Ok(format!("account/arn/{}", entry.to_lowercase())),
        };
    }
    let is_id = ["AROA", "AIDA", "ASIA", "AKIA"]
        .iter()
        .any(|prefix| entry.starts_with(prefix));
    if is_id {
        let set = if entry.starts_with("AROA") && !entry.contains(':') {
            return Err(format!("`{entry}` is a role without a session"));
        } else if entry.starts_with("AKIA") || entry.starts_with("ASIA") {
            "aws-key"
        } else {
            "aws-principal"
        };
        return Ok(format!("account/{set}/{}", entry.to_lowercase()));
    }
    let split = entry.split_once(['/', ':']);
    match split {
        Some((account, session)) if is_account(account) && !session.is_empty() => {
            Ok(session_key(account, session))
        }
        None if is_account(account) && !entry.is_empty() => Ok(session_key(account, entry)),
        None => Err(format!("`{entry}` names a session without its account")),
        Some(_) => Err(format!("`{entry}` is not an AWS principal")),
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_are_told_from_what_many_share() {
        let session = principal("arn:aws:sts::123456789012:assumed-role/Ops/e1042");
        assert_eq!(
            session,
            Some(Principal::Session {
                account: "123456789012".into(),
                role: "Ops".into(),
                session: "e1042".into()
            })
        );
        for shared in [
            "arn:aws:iam::123456789012:root",
            "arn:aws:iam::123456789012:role/Ops",
            "arn:aws:sts::123456789012:assumed-role/Ops",
            "arn:aws:iam::123456789012:saml-provider/corp",
        ] {
            assert_eq!(principal(shared), Some(Principal::Shared), "{shared}");
        }
        assert_eq!(principal("arn:aws:iam::1:user/ann"), Some(Principal::User));
        assert_eq!(principal("arn:aws:s3:::bucket"), Some(Principal::Resource));
        assert_eq!(principal("bucket"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(entry in ".{0,60}", account in "[0-9a-z:/]{0,14}") {
            let _ = principal(&entry);
            let _ = principal(&format!("arn:aws:sts::{account}:{entry}"));
            if let Ok(key) = listed_key(&entry, &account) {
                assert!(key.starts_with("account/"));
            }
        }
    }

    #[test]
    fn listed_principals_become_keys() {
        let cases = [
            (
                "123456789012/E1042",
                "",
                Ok("account/aws-session/123456789012/e1042"),
            ),
            (
                "e1042",
                "123456789012",
                Ok("account/aws-session/123456789012/e1042"),
            ),
            (
                "arn:aws:sts::123456789012:assumed-role/*/e1042",
                "",
                Ok("account/aws-session/123456789012/e1042"),
            ),
            (
                "arn:aws:iam::1:user/Ann",
                "",
                Ok("account/arn/arn:aws:iam::1:user/ann"),
            ),
            (
                "AROAEXAMPLE:e1042",
                "",
                Ok("account/aws-principal/aroaexample:e1042"),
            ),
            ("e1042", "", Err(())),
            ("arn:aws:iam::1:role/Ops", "", Err(())),
            ("", "123456789012", Err(())),
        ];
        for (entry, account, expected) in cases {
            let key = listed_key(entry, account).ok();
            assert_eq!(key.as_deref(), expected.ok(), "{entry}");
        }
    }
}
