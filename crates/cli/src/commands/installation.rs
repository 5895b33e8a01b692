//! Running the installation: sources, rejects, context tables, users, backup.

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use server::DataFolder;

use super::cases::encoded;
use crate::args::{Args, Command, Format, Import, Rejects, Tokens, Users};
use crate::client::{Client, Send, data_dir};
use crate::failure::{Failure, Outcome};
use crate::output::Rows;

pub(super) async fn run(client: &Client, args: &Args, command: &Command) -> Outcome<()> {
    let format = args.format;
    let one = |columns: &[&str], answer| Rows::of_objects(columns, &[answer]).print(format);
    match command {
        Command::Rejects(Rejects::List { limit }) => {
            let answer = client
                .call(
                    "GET",
                    &format!("/api/v1/rejects?limit={limit}"),
                    Send::Nothing,
                )
                .await?;
            let items = answer["items"].as_array().cloned().unwrap_or_default();
            let columns = [
                "reject_id",
                "source",
                "file",
                "record",
                "reason",
                "received_at",
                "replayed",
                "raw_preview",
            ];
            Rows::of_objects(&columns, &items).print(format)
        }
        Command::Rejects(Rejects::Replay {
            id,
            rejected_by,
            source,
        }) => {
            let body = json!({ "ids": id, "rejected_by": rejected_by, "source": source });
            let answer = client
                .call("POST", "/api/v1/rejects/replay", Send::Json(body))
                .await?;
            client.settle().await?;
            let columns = ["tried", "rows", "filtered", "still_rejected", "duplicates"];
            one(&columns, answer)
        }
        Command::Assets(Import::List) => {
            let columns = [
                "name",
                "kind",
                "criticality",
                "environment",
                "service",
                "owner",
                "tags",
                "shared",
                "network",
                "source",
            ];
            list(client, format, "/api/v1/assets", &columns).await
        }
        Command::Identities(Import::List) => {
            let columns = [
                "label",
                "display_name",
                "privileged_role",
                "sensitivity",
                "department",
                "manager",
                "accounts",
                "source",
            ];
            list(client, format, "/api/v1/identities", &columns).await
        }
        Command::Assets(Import::Import { file }) => {
            import(client, args, "/api/v1/assets", file).await
        }
        Command::Identities(Import::Import { file }) => {
            import(client, args, "/api/v1/identities", file).await
        }
        Command::Sources(_) => {
            let answer = client.call("GET", "/api/v1/sources", Send::Nothing).await?;
            let items = answer["items"].as_array().cloned().unwrap_or_default();
            let columns = [
                "source",
                "table",
                "records_in",
                "rows",
                "duplicates",
                "filtered",
                "rejects",
                "last_received",
                "last_event",
                "zone",
                "filter",
                "filter_failure",
            ];
            Rows::of_objects(&columns, &items).print(format)
        }
        Command::History(_) => one(
            &["entries"],
            client
                .call("GET", "/api/v1/history/verify", Send::Nothing)
                .await?,
        ),
        Command::Backup { file } => {
            let path = std::path::absolute(file)?;
            let answer = client
                .call(
                    "POST",
                    "/api/v1/local/backup",
                    Send::Json(json!({ "path": path })),
                )
                .await?;
            if !args.quiet {
                eprintln!("backup: {} bytes in {}", answer["bytes"], path.display());
            }
            Ok(())
        }
        Command::Users(Users::Add { name, role }) => {
            let body = json!({ "name": name, "role": role });
            one(
                &["name", "password"],
                client
                    .call("POST", "/api/v1/users", Send::Json(body))
                    .await?,
            )
        }
        Command::Users(Users::ResetPassword { name }) => {
            let path = format!("/api/v1/users/{}/reset-password", encoded(name));
            one(
                &["name", "password"],
                client.call("POST", &path, Send::Nothing).await?,
            )
        }
        Command::Tokens(Tokens::Add {
            name,
            scope,
            source,
        }) => {
            let body = json!({ "name": name, "scopes": scope, "sources": source });
            one(
                &["id", "token"],
                client
                    .call("POST", "/api/v1/tokens", Send::Json(body))
                    .await?,
            )
        }
        _ => Err(Failure::work("this command has no such form")),
    }
}

async fn list(client: &Client, format: Format, path: &str, columns: &[&str]) -> Outcome<()> {
    let answer = client.call("GET", path, Send::Nothing).await?;
    let items = answer["items"].as_array().cloned().unwrap_or_default();
    Rows::of_objects(columns, &items).print(format)
}

async fn import(client: &Client, args: &Args, path: &str, file: &Path) -> Outcome<()> {
    let bytes = std::fs::read(file)
        .map_err(|error| Failure::input(format!("`{}`: {error}", file.display())))?;
    let answer = client.call("POST", path, Send::Bytes(bytes)).await?;
    let warnings = answer["warnings"].as_array();
    for warning in warnings.into_iter().flatten().filter(|_| !args.quiet) {
        eprintln!(
            "warning: {}",
            crate::safe_text::for_terminal(warning.as_str().unwrap_or_default())
        );
    }
    Rows::of_objects(&["rows", "stored"], &[answer]).print(args.format)
}

/// Restores a backup; needs the folder for itself.
pub(super) fn restore(args: &Args, file: &Path) -> Outcome {
    let path = data_dir(args)?;
    let folder = DataFolder::own(&path).map_err(|error| {
        Failure::input(error.to_string())
            .hint("restore into an empty folder that no server uses: --data-dir DIR")
    })?;
    let taken_at =
        server::restore(file, &folder).map_err(|error| Failure::input(format!("{error:#}")))?;
    if !args.quiet {
        eprintln!("restored the backup of {taken_at} into {}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}
