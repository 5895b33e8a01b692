//! `serve`.

use std::process::ExitCode;
use std::sync::Arc;

use server::{DataFolder, Listening, Platform, ServeOptions};
use soc::Role;
use tokio_util::sync::CancellationToken;

use crate::args::{Args, Serve};
use crate::client::{data_dir, open_platform, read_config};
use crate::failure::{Failure, Outcome};

pub(super) async fn run(args: &Args, options: &Serve) -> Outcome {
    let mut config = read_config(args)?;
    config.query_memory_bytes = options.memory;
    if let Some(listen) = options.listen {
        config.listen = listen;
    }
    if options.listen_tls.is_some() {
        config.listen_tls = options.listen_tls;
    }
    config
        .check()
        .map_err(|error| Failure::input(error.to_string()))?;
    let mut path = data_dir(args)?;
    if options.demo {
        path = path.join("demo");
    }
    let own = |path: &std::path::Path| {
        DataFolder::own(path).map_err(|error| Failure::input(error.to_string()))
    };
    let mut folder = own(&path)?;
    if options.demo {
        // Owned, so nobody else uses it: the demo starts anew.
        drop(folder);
        std::fs::remove_dir_all(&path)?;
        folder = own(&path)?;
    }
    let serve = ServeOptions {
        listen: config.listen,
        listen_tls: config.listen_tls,
        ready: if options.demo {
            print_demo
        } else {
            print_addresses
        },
    };
    let platform = open_platform(folder, config).await?;
    if options.demo {
        load_demo(&platform, args.quiet).await?;
    }
    first_user(&platform).await?;
    let stop = CancellationToken::new();
    tokio::spawn(stop_on_signal(stop.clone()));
    server::serve(Arc::clone(&platform), serve, stop)
        .await
        .map_err(|error| Failure::work(error.to_string()))?;
    platform.close().await?;
    Ok(ExitCode::SUCCESS)
}

async fn load_demo(platform: &Arc<Platform>, quiet: bool) -> Outcome<()> {
    if !quiet {
        eprintln!("loading the sample intrusion ...");
    }
    let report = platform.load_sample().await?;
    if let Some(failure) = report.failures.first() {
        return Err(Failure::work(format!(
            "{}: {}",
            failure.file, failure.reason
        )));
    }
    if !quiet {
        eprintln!("running the rules over it ...");
    }
    platform.settle().await?;
    if !quiet {
        let records: u64 = report.sources.iter().map(|source| source.records_in).sum();
        eprintln!(
            "loaded {records} records from {} sources",
            report.sources.len()
        );
    }
    Ok(())
}

/// A new installation gets an administrator with a one-time password, printed once.
async fn first_user(platform: &Platform) -> Outcome<()> {
    let store = platform.store();
    let failed = |error: soc::Error| Failure::work(error.to_string());
    if !store.users().await.map_err(failed)?.is_empty() {
        return Ok(());
    }
    let password = store.one_time_password();
    store
        .add_user("admin", Role::Admin, &password, true, platform.now())
        .await
        .map_err(failed)?;
    eprintln!("user:     admin");
    eprintln!("password: {password}   (one-time: change it after signing in)");
    Ok(())
}

fn print_demo(listening: &Listening) {
    print_addresses(listening);
    eprintln!("first:    sign in, open the incident on top of the queue, see why it is there");
}

fn print_addresses(listening: &Listening) {
    eprintln!("open:     http://{}", listening.http);
    if let Some((address, ca)) = &listening.https {
        eprintln!("https:    https://{address}   (trust {})", ca.display());
    }
    if let Some(address) = listening.syslog_udp {
        eprintln!("syslog:   udp {address}");
    }
    if let Some(address) = listening.syslog_tcp {
        eprintln!("syslog:   tcp {address}");
    }
}

async fn stop_on_signal(stop: CancellationToken) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            stop.cancel();
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
    stop.cancel();
}
