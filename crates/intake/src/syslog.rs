//! Syslog receivers: UDP (RFC 5426, one message a datagram) and TCP (RFC 6587, framing told per
//! frame). CEF goes to `CommonSecurityLog`, the rest to `Syslog`.
//!
//! Messages are gathered for a short while and stored as one frame. Syslog has no
//! acknowledgement: what is lost is what had not been stored when the process died. A TCP sender
//! is read no faster than rows become durable.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::ControlFlow;
use std::time::Duration;

use jiff::tz::TimeZone;
use lake::Frame;
use schema::{Catalog, Position, Reject};
use sources::{DecodeContext, Frame as Framed, Framing, Limits, Sink as _, decode_syslog_message};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::assemble::{Assembler, InputFacts};
use crate::{Intake, IntakeError};

/// Longest message kept whole; RFC 5424 asks for 2,048 bytes, real senders go far beyond.
const MESSAGE_BYTES_MAX: usize = 256 << 10;
/// Messages gathered into one frame at most.
const GATHER_MESSAGES: usize = 5_000;
/// How long the first message of a frame waits for others.
const GATHER_TIME: Duration = Duration::from_millis(200);
/// How soon a receiver without datagrams notices that it should stop.
const LOOK_FOR_STOP: Duration = Duration::from_millis(250);
/// TCP connections at a time; more are refused until one ends.
const CONNECTIONS_MAX: usize = 1_000;

struct Message {
    from: IpAddr,
    bytes: Vec<u8>,
    /// The framing layer's complaint, when there is one.
    broken: Option<String>,
}

/// Receives datagrams until `stop`.
///
/// A datagram that nobody fetches in time is gone, so they are fetched by a thread of their own:
/// queries may keep all threads of the async runtime busy for longer than the system's buffer
/// lasts.
pub async fn serve_udp(intake: Intake, socket: UdpSocket, zone: TimeZone, stop: CancellationToken) {
    let (sender, receiver) = mpsc::channel(GATHER_MESSAGES * 2);
    let started = blocking(socket).and_then(|socket| {
        std::thread::Builder::new()
            .name("syslog-udp".into())
            .spawn(move || fetch(&socket, &sender, &stop))
    });
    match started {
        // Ends when the thread has let go of its sender, with everything stored.
        Ok(_) => store(intake, receiver, zone).await,
        Err(error) => tracing::error!(%error, "syslog over UDP can't be received"),
    }
}

fn blocking(socket: UdpSocket) -> io::Result<std::net::UdpSocket> {
    let socket = socket.into_std()?;
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(LOOK_FOR_STOP))?;
    Ok(socket)
}

fn fetch(socket: &std::net::UdpSocket, sender: &mpsc::Sender<Message>, stop: &CancellationToken) {
    let mut buffer = vec![0; 65_536];
    while !stop.is_cancelled() {
        let (length, from) = match socket.recv_from(&mut buffer) {
            Ok(received) => received,
            Err(error) => {
                let idle = [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut];
                if !idle.contains(&error.kind()) {
                    tracing::warn!(%error, "a datagram can't be received");
                    std::thread::sleep(Duration::from_millis(10));
                }
                continue;
            }
        };
        let message = Message {
            from: from.ip(),
            bytes: buffer.get(..length).unwrap_or_default().to_vec(),
            broken: None,
        };
        if sender.blocking_send(message).is_err() {
            return;
        }
    }
}

/// Accepts connections until `stop`. A bad client never stops the listener.
pub async fn serve_tcp(
    intake: Intake,
    listener: TcpListener,
    zone: TimeZone,
    stop: CancellationToken,
) {
    let (sender, receiver) = mpsc::channel(GATHER_MESSAGES);
    let store = tokio::spawn(store(intake, receiver, zone));
    let mut clients = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = clients.join_next() => {}
            accepted = listener.accept(), if clients.len() < CONNECTIONS_MAX => {
                if let Ok((stream, from)) = accepted {
                    clients.spawn(connection(stream, from, sender.clone(), stop.clone()));
                }
            }
        }
    }
    while clients.join_next().await.is_some() {}
    drop(sender);
    let _ = store.await;
}

async fn connection(
    mut stream: TcpStream,
    from: SocketAddr,
    sender: mpsc::Sender<Message>,
    stop: CancellationToken,
) {
    let mut framing = Framing::new(MESSAGE_BYTES_MAX);
    let mut buffer = vec![0; 16 << 10];
    let mut frames = Vec::new();
    loop {
        let read = tokio::select! {
            () = stop.cancelled() => Ok(0),
            read = stream.read(&mut buffer) => read,
        };
        let length = read.unwrap_or(0);
        match buffer.get(..length) {
            Some(bytes) if length > 0 => framing.push(bytes, &mut frames),
            _ => frames.extend(framing.finish()),
        }
        for frame in frames.drain(..) {
            if sender.send(message(from.ip(), frame)).await.is_err() {
                return;
            }
        }
        if length == 0 {
            return;
        }
    }
}

fn message(from: IpAddr, frame: Framed) -> Message {
    match frame {
        Framed::Message(bytes) => Message {
            from,
            bytes,
            broken: None,
        },
        Framed::Broken { raw, reason } => Message {
            from,
            bytes: raw,
            broken: Some(reason),
        },
    }
}

async fn store(intake: Intake, mut receiver: mpsc::Receiver<Message>, zone: TimeZone) {
    let mut gathered = Vec::new();
    while let Some(first) = receiver.recv().await {
        gathered.push(first);
        let deadline = tokio::time::Instant::now() + GATHER_TIME;
        while gathered.len() < GATHER_MESSAGES {
            match tokio::time::timeout_at(deadline, receiver.recv()).await {
                Ok(Some(message)) => gathered.push(message),
                Ok(None) | Err(_) => break,
            }
        }
        let messages = std::mem::take(&mut gathered);
        // Nobody can be told; the messages wait here and their senders with them.
        while let Err(error) = intake.syslog_messages(&messages, &zone).await {
            tracing::error!(%error, messages = messages.len(), "syslog messages can't be stored; trying again");
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    }
}

impl Intake {
    async fn syslog_messages(
        &self,
        messages: &[Message],
        zone: &TimeZone,
    ) -> Result<(), IntakeError> {
        if let Some(frame) = self.syslog_frame(messages, zone)? {
            self.lake.append(frame).await?;
        }
        Ok(())
    }

    fn syslog_frame(
        &self,
        messages: &[Message],
        zone: &TimeZone,
    ) -> Result<Option<Frame>, IntakeError> {
        let received = self.clock.now();
        let facts = InputFacts {
            source: "syslog",
            tenant_id: self.tenant_id.clone(),
            received,
            hash: *blake3::hash(uuid::Uuid::now_v7().as_bytes()).as_bytes(),
            receipt: None,
            already_stored: 0,
        };
        let ctx = DecodeContext {
            received,
            zone: zone.clone(),
            limits: Limits {
                max_record_bytes: MESSAGE_BYTES_MAX,
                ..Limits::default()
            },
            table: None,
            catalog: Catalog::builtin(),
        };
        let mut frame = None;
        let mut emit = |full| {
            frame = Some(full);
            ControlFlow::Continue(())
        };
        let mut assembler = Assembler::new(facts, self.filter.as_ref(), false, &mut emit);
        let mut bytes = 0;
        for message in messages {
            bytes += message.bytes.len() as u64;
            let _ = match &message.broken {
                Some(reason) => assembler.reject(Reject {
                    reason: reason.clone(),
                    raw: message.bytes.clone(),
                    position: Position {
                        file: format!("syslog from {}", message.from),
                        ..Position::default()
                    },
                }),
                None => match decode_syslog_message(&message.bytes, &ctx) {
                    Ok(mut event) => {
                        if event.row.text("HostIP").is_empty()
                            && event.row.table().position("HostIP").is_some()
                        {
                            event.row.set("HostIP", message.from.to_string());
                        }
                        event.position.file = format!("syslog from {}", message.from);
                        assembler.event(event)
                    }
                    Err(mut reject) => {
                        reject.position.file = format!("syslog from {}", message.from);
                        assembler.reject(reject)
                    }
                },
            };
        }
        assembler.finish(bytes)?;
        Ok(frame)
    }
}
