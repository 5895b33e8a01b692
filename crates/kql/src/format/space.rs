//! Where a blank goes between two pieces on one line.
//!
//! Nothing here changes what a text means: a piece taken for something it is not costs beauty only, because names and
//! literals are never joined, what depends on adjacency (`Device*`) stays as written, and punctuation that would read
//! as something else when joined stays apart.

use super::pieces::{Kind, Piece};
use super::role::Role;

/// Gives every piece its blank, by its role and that of the piece before.
pub(super) fn assign(pieces: &mut [Piece<'_>]) {
    for at in 1..pieces.len() {
        let (before, from) = pieces.split_at_mut(at);
        if let (Some(previous), Some(piece)) = (before.last(), from.first_mut()) {
            piece.space = space(previous, piece);
        }
    }
}

/// True when a blank goes between the two on one line.
fn space(previous: &Piece<'_>, piece: &Piece<'_>) -> bool {
    let written = !piece.touching;
    let apart = match (previous.role, piece.role) {
        (_, Role::Comma | Role::Semicolon | Role::Label) => false,
        (Role::Comma | Role::Semicolon | Role::Label | Role::Pipe | Role::Block, _)
        | (_, Role::Pipe | Role::Block) => true,
        (Role::Open, _) | (_, Role::Close) | (Role::Sign, _) => false,
        (Role::AsWritten, _) | (_, Role::AsWritten) => written,
        (Role::Tight, _) | (_, Role::Tight) => false,
        (Role::Word, Role::Open) => false,
        (Role::Close, Role::Open) => piece.is("("),
        _ => true,
    };
    apart || (written && merges(previous, piece))
}

/// True when the two would be read as something else without a blank between them.
fn merges(previous: &Piece<'_>, piece: &Piece<'_>) -> bool {
    const LONGER: &[&str] = &[
        "==", "!=", "<>", "<=", ">=", "=~", "!~", "=>", "..", "<|", "-->", "<--", "//",
    ];
    match (previous.kind, piece.kind) {
        (Kind::Punctuation(left), Kind::Punctuation(right)) => LONGER.iter().any(|longer| {
            longer
                .strip_prefix(left)
                .is_some_and(|rest| rest.starts_with(right) || right.starts_with(rest))
        }),
        (Kind::Punctuation(_), _) | (_, Kind::Punctuation(_)) => false,
        _ => true,
    }
}
