//! Users, sessions, tokens, and the brake on guessing.
#![allow(clippy::unwrap_used)]

mod support;

use soc::{Error, NewToken, Role, Scope, Store};
use support::{at, store};

const PASSWORD: &str = "correct horse battery";

async fn with_ann() -> Store {
    let store = store().await;
    store
        .add_user("Ann", Role::Analyst, PASSWORD, false, at(0))
        .await
        .unwrap();
    store
}

#[tokio::test]
async fn a_session_lives_until_it_ends() {
    let store = with_ann().await;
    let new = store
        .login(" ANN ", PASSWORD, "192.0.2.1", at(1))
        .await
        .unwrap();
    let session = store.session(&new.token, at(2)).await.unwrap().unwrap();
    assert_eq!(
        (session.user.name.as_str(), session.user.role),
        ("ann", Role::Analyst)
    );
    assert!(session.csrf_is(&new.session.csrf) && !session.csrf_is(""));
    assert_ne!(session.csrf, new.token);
    assert!(
        store
            .session(&new.token, at(12 * 60 + 1))
            .await
            .unwrap()
            .is_none(),
        "expired"
    );
    assert!(store.session("guess", at(2)).await.unwrap().is_none());
    store.logout(&new.token).await.unwrap();
    assert!(store.session(&new.token, at(2)).await.unwrap().is_none());
}

#[tokio::test]
async fn guessing_is_slowed_and_a_reset_lifts_the_lock() {
    let store = with_ann().await;
    for _ in 0..5 {
        assert!(matches!(
            store.login("ann", "wrong password", "c", at(1)).await,
            Err(Error::WrongPassword)
        ));
    }
    let locked = store
        .login("ann", PASSWORD, "c", at(1))
        .await
        .err()
        .unwrap();
    assert!(
        matches!(locked, Error::LockedOut { seconds } if (1..=31).contains(&seconds)),
        "{locked}"
    );
    assert!(
        store
            .login("ann", PASSWORD, "elsewhere", at(1))
            .await
            .is_ok(),
        "the owner comes in from elsewhere"
    );
    assert!(
        store.login("ann", PASSWORD, "c", at(2)).await.is_ok(),
        "the lock ends"
    );
    for _ in 0..5 {
        let _ = store.login("ann", "wrong password", "c", at(3)).await;
    }
    let one_time = store.reset_password("ann", at(3)).await.unwrap();
    let session = store
        .login("ann", &one_time, "c", at(3))
        .await
        .unwrap()
        .session;
    assert!(session.user.must_change_password);
}

#[tokio::test]
async fn an_unknown_name_looks_like_a_wrong_password() {
    let store = with_ann().await;
    let unknown = store
        .login("nobody", PASSWORD, "c", at(1))
        .await
        .err()
        .unwrap();
    assert!(matches!(unknown, Error::WrongPassword));
    for name in ["", "' OR 1=1 --", &"x".repeat(100_000)] {
        assert!(matches!(
            store.login(name, PASSWORD, "c", at(1)).await,
            Err(Error::WrongPassword)
        ));
    }
}

#[tokio::test]
async fn changing_the_password_ends_all_sessions() {
    let store = with_ann().await;
    let session = store.login("ann", PASSWORD, "c", at(1)).await.unwrap();
    let change = |current: &'static str, new: &'static str| {
        store.change_password("ann", current, new, at(2))
    };
    assert!(matches!(
        change("wrong", "another long one").await,
        Err(Error::WrongPassword)
    ));
    assert!(matches!(
        change(PASSWORD, "short").await,
        Err(Error::Invalid { .. })
    ));
    assert!(matches!(
        change(PASSWORD, PASSWORD).await,
        Err(Error::Invalid { .. })
    ));
    change(PASSWORD, "another long one").await.unwrap();
    assert!(
        store
            .session(&session.token, at(2))
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .login("ann", "another long one", "c", at(3))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn users_are_made_once_and_removed_with_their_sessions() {
    let store = with_ann().await;
    let again = store
        .add_user("ANN", Role::Admin, PASSWORD, false, at(0))
        .await;
    assert!(matches!(again, Err(Error::UserExists(_))));
    assert!(
        store
            .add_user("a b", Role::Admin, PASSWORD, false, at(0))
            .await
            .is_err()
    );
    let session = store.login("ann", PASSWORD, "c", at(1)).await.unwrap();
    store.set_role("ann", Role::Reader).await.unwrap();
    assert_eq!(
        store
            .session(&session.token, at(2))
            .await
            .unwrap()
            .unwrap()
            .user
            .role,
        Role::Reader
    );
    store.remove_user("ann").await.unwrap();
    assert!(
        store
            .session(&session.token, at(2))
            .await
            .unwrap()
            .is_none()
    );
    assert!(matches!(
        store.remove_user("ann").await,
        Err(Error::NoUser(_))
    ));
}

#[tokio::test]
async fn a_token_does_what_it_was_made_for_until_it_ends() {
    let store = store().await;
    let new = NewToken {
        name: "shipper".into(),
        scopes: vec![Scope::Ingest],
        sources: vec!["cef".into()],
        expires_at: Some(at(100)),
    };
    let (text, made) = store.add_token(&new, "admin", at(0)).await.unwrap();
    let token = store.token(&text, at(1)).await.unwrap().unwrap();
    assert_eq!(token, made);
    assert!(token.allows_source("cef") && !token.allows_source("evtx"));
    assert!(!token.allows(Scope::Read));
    for wrong in [
        "",
        "wf_",
        "wf__",
        &text[..text.len() - 1],
        &format!("{text}x"),
    ] {
        assert!(
            store.token(wrong, at(1)).await.unwrap().is_none(),
            "{wrong}"
        );
    }
    assert!(
        store.token(&text, at(100)).await.unwrap().is_none(),
        "expired"
    );
    store.revoke_token(&token.id, at(2)).await.unwrap();
    assert!(
        store.token(&text, at(3)).await.unwrap().is_none(),
        "revoked"
    );
    assert_eq!(store.tokens().await.unwrap()[0].revoked_at, Some(at(2)));
    let nothing = NewToken {
        scopes: Vec::new(),
        ..new
    };
    assert!(store.add_token(&nothing, "admin", at(0)).await.is_err());
}
