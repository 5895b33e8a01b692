//! A server that is killed again and again during an ingest loop loses nothing and stores nothing
//! twice, as long as the client retries unanswered batches with the same key.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use support::{Server, http, query, soak, token};

const ROWS: u64 = 20;

/// Sends batches until told to stop; each goes out until it is answered. Returns batches sent.
fn shipper(
    address: Arc<std::sync::Mutex<String>>,
    token: String,
    client: u64,
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
) -> u64 {
    let mut batch = 0;
    while !stop.load(Ordering::Relaxed) {
        let body: String = (0..ROWS)
            .map(|row| format!("{{\"TimeGenerated\":\"2026-03-06T12:00:00Z\",\"Computer\":\"c{client}\",\"SyslogMessage\":\"{client}-{batch}-{row}\"}}\n"))
            .collect();
        let key = format!("client-{client}-batch-{batch}");
        let bearer = format!("Bearer {token}");
        loop {
            let target = address.lock().unwrap().clone();
            let headers = [
                ("Authorization", bearer.as_str()),
                ("Idempotency-Key", key.as_str()),
            ];
            match http(
                &target,
                "POST",
                "/api/v1/ingest/Syslog",
                &headers,
                body.as_bytes(),
            ) {
                Ok(answer) if answer.status == 200 => break,
                Ok(answer) if answer.status < 500 && answer.status != 429 => panic!("{answer:?}"),
                _ => std::thread::sleep(Duration::from_millis(20)),
            }
        }
        answered.fetch_add(1, Ordering::Relaxed);
        batch += 1;
    }
    batch
}

#[test]
fn soak_kill_during_ingest_loses_and_repeats_nothing() {
    let (seconds, seed) = soak();
    let kills = if seconds >= 120 { 50 } else { 6 };
    let bound = Instant::now() + Duration::from_secs(seconds.max(120) * 4);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let mut server = Server::start(data, &[]);
    let token = token(data, "ingest");
    let address = Arc::new(std::sync::Mutex::new(server.address.clone()));
    let stop = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicU64::new(0));
    let clients: Vec<_> = (0..2)
        .map(|client| {
            let (address, token, stop, answered) = (
                Arc::clone(&address),
                token.clone(),
                Arc::clone(&stop),
                Arc::clone(&answered),
            );
            std::thread::spawn(move || shipper(address, token, client, stop, answered))
        })
        .collect();
    let mut random = seed;
    for kill in 0..kills {
        assert!(Instant::now() < bound, "out of time after {kill} kills");
        let before = answered.load(Ordering::Relaxed);
        while answered.load(Ordering::Relaxed) < before + 3 {
            assert!(Instant::now() < bound, "no progress after {kill} kills");
            std::thread::sleep(Duration::from_millis(5));
        }
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_micros(random >> 33 & 0x3fff));
        server.kill();
        server = Server::start(data, &[]);
        *address.lock().unwrap() = server.address.clone();
    }
    stop.store(true, Ordering::Relaxed);
    let batches: u64 = clients
        .into_iter()
        .map(|client| client.join().unwrap())
        .sum();
    server.stop();
    let rows = query(
        data,
        "Syslog | summarize n = count(), messages = dcount(SyslogMessage, 4), all = make_set(SyslogMessage, 1000000)",
    );
    let distinct = serde_json::from_str::<Vec<String>>(rows[0]["all"].as_str().unwrap())
        .unwrap()
        .len() as u64;
    assert_eq!(rows[0]["n"], batches * ROWS, "after {kills} kills");
    assert_eq!(distinct, batches * ROWS);
    eprintln!(
        "soak: {kills} kills, {batches} batches, {} rows, seed {seed}",
        batches * ROWS
    );
}
