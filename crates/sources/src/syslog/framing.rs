//! Frames of syslog over TCP and TLS (RFC 6587), told frame by frame: octet counting when a frame
//! starts with a length, else up to LF or NUL.

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A message without its framing.
    Message(Vec<u8>),
    /// Bytes that are no frame, cut to the limit.
    Broken {
        /// Why, for a person.
        reason: String,
        /// The bytes, at most the message limit of them.
        raw: Vec<u8>,
    },
}

/// Longest length field: 8 digits.
const MAX_LENGTH_DIGITS: usize = 8;

/// Cuts a stream into frames. Memory is bounded by the message limit and the bytes pushed at once.
#[derive(Debug)]
pub struct Framing {
    max_message_bytes: usize,
    buf: Vec<u8>,
    /// Discarding up to the next LF.
    skipping: bool,
}

impl Framing {
    /// Starts at the beginning of a connection.
    pub fn new(max_message_bytes: usize) -> Self {
        Self {
            max_message_bytes,
            buf: Vec::new(),
            skipping: false,
        }
    }

    /// Takes bytes as they arrive and appends the frames that are complete.
    ///
    /// A length beyond the limit, or a message without an end within it, gives one
    /// [`Frame::Broken`], and everything up to the next LF is let go.
    pub fn push(&mut self, bytes: &[u8], frames: &mut Vec<Frame>) {
        self.buf.extend_from_slice(bytes);
        let mut at = 0;
        while let Some((used, frame)) = self.next(at) {
            at += used;
            frames.extend(frame);
        }
        self.buf.drain(..at.min(self.buf.len()));
    }

    /// Ends the stream: what is left is the last message, or broken when its length says so.
    pub fn finish(&mut self) -> Option<Frame> {
        let rest = std::mem::take(&mut self.buf);
        let rest = rest.as_slice();
        if self.skipping || rest.is_empty() {
            return None;
        }
        match length(rest, self.max_message_bytes) {
            Length::Octets { .. } => Some(Frame::Broken {
                reason: "the connection ended inside the message".into(),
                raw: rest.to_vec(),
            }),
            _ => Some(Frame::Message(rest.to_vec())),
        }
    }

    /// Bytes used and the frame they gave, if any; `None` asks for more bytes.
    fn next(&mut self, at: usize) -> Option<(usize, Option<Frame>)> {
        let rest = self.buf.get(at..).filter(|rest| !rest.is_empty())?;
        if self.skipping {
            let Some(end) = memchr::memchr(b'\n', rest) else {
                return Some((rest.len(), None));
            };
            self.skipping = false;
            return Some((end + 1, None));
        }
        // Some senders end a counted frame with a line break as well.
        if matches!(rest[0], b'\n' | b'\r' | 0) {
            return Some((1, None));
        }
        match length(rest, self.max_message_bytes) {
            Length::Octets { start, end } => {
                let message = rest.get(start..end)?.to_vec();
                Some((end, Some(Frame::Message(message))))
            }
            Length::Undecided => None,
            Length::TooLong => {
                let reason = format!(
                    "its length passes the limit of {} bytes",
                    self.max_message_bytes
                );
                Some(self.give_up(rest.len(), at, reason))
            }
            Length::None => match memchr::memchr2(b'\n', 0, rest) {
                Some(end) if end <= self.max_message_bytes => {
                    Some((end + 1, Some(Frame::Message(rest[..end].to_vec()))))
                }
                None if rest.len() <= self.max_message_bytes => None,
                _ => {
                    let reason = format!("no end within {} bytes", self.max_message_bytes);
                    Some(self.give_up(rest.len(), at, reason))
                }
            },
        }
    }

    fn give_up(&mut self, length: usize, at: usize, reason: String) -> (usize, Option<Frame>) {
        let end = memchr::memchr(b'\n', &self.buf[at..]).unwrap_or(length);
        let kept = end.min(self.max_message_bytes);
        let raw = self.buf[at..at + kept].to_vec();
        self.skipping = true;
        (end, Some(Frame::Broken { reason, raw }))
    }
}

enum Length {
    /// The message is `start..end` of the bytes.
    Octets { start: usize, end: usize },
    /// More bytes are needed to tell.
    Undecided,
    /// A length that no message may have.
    TooLong,
    /// The frame has no length.
    None,
}

/// `MSG-LEN SP` (RFC 6587 §3.4.1): the first digit is not 0.
fn length(bytes: &[u8], limit: usize) -> Length {
    if !matches!(bytes.first(), Some(b'1'..=b'9')) {
        return Length::None;
    }
    let digits = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    match bytes.get(digits) {
        None if digits <= MAX_LENGTH_DIGITS => Length::Undecided,
        // A line that starts with a number, such as a year.
        Some(byte) if *byte != b' ' => Length::None,
        _ if digits > MAX_LENGTH_DIGITS => Length::TooLong,
        _ => {
            let value = bytes[..digits].iter().fold(0_usize, |value, digit| {
                value * 10 + usize::from(digit - b'0')
            });
            if value > limit {
                return Length::TooLong;
            }
            Length::Octets {
                start: digits + 1,
                end: digits + 1 + value,
            }
        }
    }
}
