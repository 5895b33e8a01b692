//! Where a command's query comes from: a file, or standard input.

use std::io::Read;
use std::path::Path;

use crate::failure::{Failure, Outcome};

/// No more is read. The language refuses far shorter texts by itself.
const MAX_BYTES: u64 = 16 << 20;

/// Reads a query from a file, or from stdin when none is named.
///
/// # Errors
/// A file that cannot be read, is longer than 16 MB or no UTF-8.
pub(super) fn read(file: Option<&Path>) -> Outcome<String> {
    let bytes = match file {
        Some(path) => std::fs::File::open(path).and_then(bounded),
        None => bounded(std::io::stdin().lock()),
    };
    bytes.and_then(text).map_err(|error| {
        Failure::input(match file {
            Some(path) => format!("`{}`: {error}", path.display()),
            None => format!("the query on stdin: {error}"),
        })
    })
}

fn bounded(input: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        let reason = format!("longer than {MAX_BYTES} bytes");
        return Err(std::io::Error::other(reason));
    }
    Ok(bytes)
}

fn text(bytes: Vec<u8>) -> std::io::Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        std::io::Error::other(format!("not UTF-8 at byte {at}"))
    })
}
