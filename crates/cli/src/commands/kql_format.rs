//! `kql format`: queries as the team writes them. A file that does not read is left as it is.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::query_text;
use crate::failure::{Failure, Outcome};
use crate::safe_text::one_line;

/// What to do with the result.
pub(super) struct Wanted {
    /// Write it back to the file.
    pub(super) write: bool,
    /// Only say whether it differs.
    pub(super) check: bool,
    /// Columns that a line should not exceed.
    pub(super) width: usize,
}

/// Formats the file, or stdin when none or `-` is given.
///
/// # Errors
/// A file that cannot be read or written, is no UTF-8, or holds no readable query.
pub(super) fn run(file: Option<&PathBuf>, wanted: &Wanted) -> Outcome {
    let file = file.filter(|path| path.as_os_str() != "-");
    let name = file.map_or_else(|| "stdin".to_owned(), |path| path.display().to_string());
    let text = query_text::read(file.map(PathBuf::as_path))?;
    let options = kql::FormatOptions {
        width: wanted.width,
        ..kql::FormatOptions::default()
    };
    let formatted = kql::format(&text, &options);
    if formatted.diagnostics.iter().any(kql::Diagnostic::is_error) {
        for found in &formatted.diagnostics {
            eprint!("{}", found.render(&text, &name));
        }
        return Err(Failure::input(format!("`{name}` was not formatted")));
    }
    match file {
        _ if wanted.check => Ok(verdict(&name, formatted.text == text)),
        Some(path) if wanted.write => write(path, &text, &formatted.text),
        _ => {
            std::io::stdout().write_all(formatted.text.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn verdict(name: &str, same: bool) -> ExitCode {
    if same {
        return ExitCode::SUCCESS;
    }
    eprintln!("`{}` is not formatted", one_line(name));
    ExitCode::from(1)
}

/// Writes beside the file first: a full disk must not leave half a query.
fn write(path: &Path, before: &str, after: &str) -> Outcome {
    if before == after {
        return Ok(ExitCode::SUCCESS);
    }
    let failed = |error: std::io::Error| Failure::input(format!("`{}`: {error}", path.display()));
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut new =
        tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    new.write_all(after.as_bytes()).map_err(failed)?;
    let permissions = std::fs::metadata(path).map_err(failed)?.permissions();
    new.as_file().set_permissions(permissions).map_err(failed)?;
    new.persist(path).map_err(|error| failed(error.error))?;
    Ok(ExitCode::SUCCESS)
}
