//! The format itself: header fields separated by `|`, then `key=value` pairs.

/// Most pairs taken of one message.
const MAX_PAIRS: usize = 1024;

/// A parsed message, escapes resolved.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Cef {
    pub(super) vendor: String,
    pub(super) product: String,
    pub(super) version: String,
    pub(super) class_id: String,
    pub(super) name: String,
    pub(super) severity: String,
    /// In order; a key that repeats is there again.
    pub(super) extension: Vec<(String, String)>,
    /// Text stands before the first key: something is wrong with the extension.
    pub(super) malformed: bool,
    pub(super) raw_extension: String,
}

impl Cef {
    /// Finds `CEF:` anywhere in the text and reads from there; `None` without all seven header
    /// fields.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut from = 0;
        while let Some(found) = text.get(from..)?.find("CEF:") {
            let at = from + found + 4;
            if let Some(cef) = text.get(at..).and_then(Self::parse_at) {
                return Some(cef);
            }
            from = at;
        }
        None
    }

    fn parse_at(text: &str) -> Option<Self> {
        let mut rest = text.trim_start();
        let mut fields = Vec::with_capacity(7);
        for at in 0..7 {
            let end = unescaped_bar(rest);
            // The extension may be missing with its bar.
            let (field, after) = match end {
                Some(end) => (&rest[..end], &rest[end + 1..]),
                None if at == 6 => (rest, ""),
                None => return None,
            };
            fields.push(unescape_header(field));
            rest = after;
        }
        let [
            version,
            vendor,
            product,
            device_version,
            class_id,
            name,
            severity,
        ] = <[String; 7]>::try_from(fields).ok()?;
        if version.is_empty()
            || !version
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
        {
            return None;
        }
        let (extension, malformed) = pairs(rest);
        Some(Self {
            vendor,
            product,
            version: device_version,
            class_id,
            name,
            severity: severity.trim().to_owned(),
            extension,
            malformed,
            raw_extension: if malformed {
                rest.to_owned()
            } else {
                String::new()
            },
        })
    }

    /// The first value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.extension
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }
}

fn unescaped_bar(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'|' => return Some(at),
            _ => at += 1,
        }
    }
    None
}

fn unescape_header(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    let mut characters = field.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(escaped @ ('\\' | '|')) => text.push(escaped),
                Some(other) => text.extend(['\\', other]),
                None => text.push('\\'),
            },
            other => text.push(other),
        }
    }
    text
}

/// Cuts the extension into pairs. A value may hold blanks, and many senders leave `=` in values
/// unescaped: a pair starts only where a key stands at the start or after a blank.
fn pairs(text: &str) -> (Vec<(String, String)>, bool) {
    let bytes = text.as_bytes();
    // Start of each key and position of its `=`.
    let mut keys: Vec<(usize, usize)> = Vec::new();
    let mut word_start = Some(0);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b' ' | b'\t' => word_start = Some(at + 1),
            b'=' => {
                if let Some(start) = word_start.take()
                    && start < at
                    && keys.len() < MAX_PAIRS
                {
                    keys.push((start, at));
                }
            }
            byte if byte.is_ascii_alphanumeric() || b"_.-[]:".contains(byte) => {}
            // No key holds anything else, an escaping backslash included.
            _ => word_start = None,
        }
    }
    let malformed = match keys.first() {
        Some((start, _)) => !text[..*start].trim().is_empty(),
        None => !text.trim().is_empty(),
    };
    let pairs = keys
        .iter()
        .enumerate()
        .map(|(at, (start, equals))| {
            let end = keys.get(at + 1).map_or(text.len(), |(next, _)| *next);
            let value = text[equals + 1..end].trim_end_matches(' ');
            (text[*start..*equals].to_owned(), unescape_value(value))
        })
        .collect();
    (pairs, malformed)
}

fn unescape_value(value: &str) -> String {
    if !value.contains('\\') {
        return value.to_owned();
    }
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(escaped @ ('\\' | '=' | '|')) => text.push(escaped),
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some(other) => text.extend(['\\', other]),
                None => text.push('\\'),
            },
            other => text.push(other),
        }
    }
    text
}
