//! Measures decoding alone: `cargo run -p sources --example decode_rate PATH...`.

#![allow(clippy::print_stdout, reason = "an example's output")]

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use schema::{Event, Reject};
use sources::{DecodeContext, Limits, Sink, Visit, detect, walk};

#[derive(Default)]
struct Count {
    events: u64,
    rejects: u64,
}

impl Sink for Count {
    fn event(&mut self, _: Event) -> ControlFlow<()> {
        self.events += 1;
        ControlFlow::Continue(())
    }

    fn reject(&mut self, _: Reject) -> ControlFlow<()> {
        self.rejects += 1;
        ControlFlow::Continue(())
    }
}

fn main() {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let limits = Limits::default();
    let ctx = DecodeContext::new(jiff::Timestamp::now());
    let mut count = Count::default();
    let mut files = 0_u64;
    let started = Instant::now();
    let _ = walk(
        &paths,
        &limits,
        &mut std::io::stdin().lock(),
        &mut |visit| {
            match visit {
                Visit::Input(mut opened) => match detect(&opened.head, opened.input.name()) {
                    Some(source) => {
                        files += 1;
                        if let Err(error) = source.decode(&mut *opened.input, &ctx, &mut count) {
                            println!("{}: {error}", opened.input.name());
                        }
                    }
                    None => println!("{}: not recognised", opened.input.name()),
                },
                Visit::Skipped { name, reason } => println!("{name}: skipped, {reason}"),
                Visit::Failed(error) => println!("{error}"),
            }
            ControlFlow::Continue(())
        },
    );
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{files} files, {} events, {} rejects, {seconds:.2} s, {:.0} events/s",
        count.events,
        count.rejects,
        count.events as f64 / seconds.max(1e-9)
    );
}
