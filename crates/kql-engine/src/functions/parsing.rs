//! `parse_url`, `parse_path`, `parse_xml`, `parse_csv`, `parse_command_line`, `parse_version` ...: texts into dynamics.

use serde_json::{Map, Value, json};

use super::array::json as array;
use super::encoding::url_decode;
use super::regex_fn::text;
use super::text::shown;
use super::{Call, Kernel, lenient};
use crate::values::{Datum, decimal};

pub(super) const KERNELS: &[Kernel] = &[
    lenient(&["parse_url"], parse_url),
    lenient(&["parse_urlquery"], |_, args| {
        Datum::json(&json!({ "Query Parameters": query_parameters(text(args, 0)) }))
    }),
    lenient(&["parse_path"], parse_path),
    lenient(&["parse_csv"], |_, args| {
        array(
            csv_fields(&shown(args, 0))
                .into_iter()
                .map(Value::from)
                .collect(),
        )
    }),
    lenient(&["parse_command_line"], |_, args| match text(args, 0) {
        "" => Datum::Null,
        line => array(command_line(line).into_iter().map(Value::from).collect()),
    }),
    lenient(&["parse_version"], parse_version),
    lenient(&["op:parse"], |_, args| {
        crate::operators::parse::captures(args)
    }),
    lenient(&["op:parse_kv"], |_, args| {
        crate::operators::parse_kv::pairs(args)
    }),
    lenient(&["parse_xml"], |_, args| {
        parse_xml(text(args, 0)).map_or(Datum::Null, |v| Datum::json(&v))
    }),
];

fn query_parameters(query: &str) -> Value {
    let pairs = query
        .trim_start_matches('?')
        .split('&')
        .filter(|p| !p.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (url_decode(key), Value::from(url_decode(value)))
        });
    Value::Object(pairs.collect())
}

fn parse_url<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let url = text(args, 0);
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let (login, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let (host, port) = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (name, port),
        _ => (host, ""),
    };
    Datum::json(&json!({
        "Scheme": scheme, "Host": host, "Port": port, "Path": path, "Username": user, "Password": password,
        "Query Parameters": query_parameters(query), "Fragment": fragment,
    }))
}

fn parse_path<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let path = text(args, 0);
    let (scheme, body) = match path.split_once("://") {
        Some((scheme, body)) => (scheme, body),
        None => ("", path),
    };
    // An alternate data stream is what follows a colon after the drive letter.
    let (body, stream) = match body.char_indices().skip(2).find(|(_, c)| *c == ':') {
        Some((at, _)) => (
            body.get(..at).unwrap_or(""),
            body.get(at + 1..).unwrap_or(""),
        ),
        None => (body, ""),
    };
    let cut = body.rfind(['/', '\\']);
    let (directory, file) = match cut {
        Some(at) => (
            body.get(..at).unwrap_or(""),
            body.get(at + 1..).unwrap_or(""),
        ),
        None => ("", body),
    };
    let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
    // Only a drive is a root.
    let root = directory
        .split(['/', '\\'])
        .next()
        .filter(|r| r.ends_with(':'))
        .unwrap_or("");
    let name = directory.rsplit(['/', '\\']).next().unwrap_or("");
    Datum::json(&json!({
        "Scheme": scheme, "RootPath": root, "DirectoryPath": directory, "DirectoryName": name,
        "Filename": file, "Extension": extension, "AlternateDataStreamName": stream,
    }))
}

/// The fields of the first record (RFC 4180 quoting).
fn csv_fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut chars = line.chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                push(&mut fields, '"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            '\r' | '\n' if !quoted => break,
            c => push(&mut fields, c),
        }
    }
    fields
}

fn push(fields: &mut [String], c: char) {
    if let Some(last) = fields.last_mut() {
        last.push(c);
    }
}

/// Arguments as the Windows C runtime splits them.
fn command_line(line: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut current: Option<String> = None;
    let mut quoted = false;
    let mut backslashes = 0usize;
    for c in line.chars() {
        if c == '\\' {
            backslashes += 1;
            continue;
        }
        if c == '"' {
            let word = current.get_or_insert_default();
            word.extend(std::iter::repeat_n('\\', backslashes / 2));
            if backslashes % 2 == 1 {
                word.push('"')
            } else {
                quoted = !quoted
            }
            backslashes = 0;
            continue;
        }
        if backslashes > 0 {
            current
                .get_or_insert_default()
                .extend(std::iter::repeat_n('\\', backslashes));
            backslashes = 0;
        }
        if c.is_whitespace() && !quoted {
            out.extend(current.take());
        } else {
            current.get_or_insert_default().push(c);
        }
    }
    if backslashes > 0 {
        current
            .get_or_insert_default()
            .extend(std::iter::repeat_n('\\', backslashes));
    }
    out.extend(current);
    out
}

/// Up to four numeric parts, each worth eight digits.
fn parse_version<'a>(_call: &Call<'_>, args: &[Datum<'a>]) -> Datum<'a> {
    let parts: Option<Vec<i128>> = text(args, 0)
        .split('.')
        .map(|p| {
            p.trim()
                .parse::<i128>()
                .ok()
                .filter(|v| (0..100_000_000).contains(v))
        })
        .collect();
    let Some(parts) = parts.filter(|p| p.len() <= 4) else {
        return Datum::Null;
    };
    let value = (0..4).fold(0i128, |sum, idx| {
        sum * 100_000_000 + parts.get(idx).copied().unwrap_or(0)
    });
    decimal::parse(&value.to_string()).map_or(Datum::Null, Datum::Decimal)
}

/// Deepest element nesting and longest text that is read.
const XML_DEPTH_MAX: usize = 64;

/// A small reader: elements become bags, attributes `@name`, text beside them `#text`, repeated names arrays.
fn parse_xml(source: &str) -> Option<Value> {
    let mut reader = Xml {
        text: source,
        at: 0,
    };
    reader.prolog()?;
    let (name, value) = reader.element(0)?;
    Some(Value::Object(Map::from_iter([(name, value)])))
}

struct Xml<'a> {
    text: &'a str,
    at: usize,
}

impl Xml<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn skip_past(&mut self, end: &str) -> Option<()> {
        self.at += self.rest().find(end)? + end.len();
        Some(())
    }

    fn prolog(&mut self) -> Option<()> {
        loop {
            let trimmed = self.rest().trim_start_matches('\u{feff}').trim_start();
            self.at = self.text.len() - trimmed.len();
            if self.rest().starts_with("<?") {
                self.skip_past("?>")?;
            } else if self.rest().starts_with("<!--") {
                self.skip_past("-->")?;
            } else if self.rest().starts_with("<!") {
                self.skip_past(">")?;
            } else {
                return self.rest().starts_with('<').then_some(());
            }
        }
    }

    fn name(&mut self) -> Option<String> {
        let rest = self.rest();
        let len = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '>' | '/' | '='))
            .unwrap_or(rest.len());
        let name = rest.get(..len)?.to_owned();
        self.at += len;
        (!name.is_empty()).then_some(name)
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn element(&mut self, depth: usize) -> Option<(String, Value)> {
        if depth > XML_DEPTH_MAX || !self.eat("<") {
            return None;
        }
        let name = self.name()?;
        let mut map = Map::new();
        loop {
            self.blanks();
            if self.eat("/>") {
                // An element without content is null, an empty one is the empty text.
                let value = if map.is_empty() {
                    Value::Null
                } else {
                    Value::Object(map)
                };
                return Some((name, value));
            }
            if self.eat(">") {
                break;
            }
            let key = self.name()?;
            self.blanks();
            if !self.eat("=") {
                return None;
            }
            self.blanks();
            let quote = self
                .rest()
                .chars()
                .next()
                .filter(|c| matches!(c, '"' | '\''))?;
            self.at += 1;
            let len = self.rest().find(quote)?;
            map.insert(
                format!("@{key}"),
                Value::from(unescape(self.rest().get(..len)?)),
            );
            self.at += len + 1;
        }
        let mut content = String::new();
        loop {
            if self.eat("</") {
                self.skip_past(">")?;
                return Some((name, leaf(map, content.trim())));
            } else if self.eat("<![CDATA[") {
                let len = self.rest().find("]]>")?;
                content.push_str(self.rest().get(..len)?);
                self.at += len + 3;
            } else if self.rest().starts_with("<!--") {
                self.skip_past("-->")?;
            } else if self.rest().starts_with('<') {
                let (child, value) = self.element(depth + 1)?;
                add_child(&mut map, child, value);
            } else {
                let len = self.rest().find('<')?;
                content.push_str(&unescape(self.rest().get(..len)?));
                self.at += len;
            }
        }
    }
}

fn leaf(mut map: Map<String, Value>, content: &str) -> Value {
    if map.is_empty() {
        return Value::from(content);
    }
    if !content.is_empty() {
        map.insert("#text".to_owned(), Value::from(content));
    }
    Value::Object(map)
}

fn add_child(map: &mut Map<String, Value>, name: String, value: Value) {
    match map.get_mut(&name) {
        Some(Value::Array(items)) => items.push(value),
        Some(existing) => {
            let first = existing.take();
            *existing = Value::Array(vec![first, value]);
        }
        None => {
            map.insert(name, value);
        }
    }
}

fn unescape(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(rest.get(..at).unwrap_or(""));
        rest = rest.get(at..).unwrap_or("");
        let end = rest.find(';').unwrap_or(0);
        let entity = rest.get(1..end.max(1)).unwrap_or("");
        let decoded = match entity {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            other => match other.strip_prefix("#x") {
                Some(hex) => u32::from_str_radix(hex, 16).ok().and_then(char::from_u32),
                None => other
                    .strip_prefix('#')
                    .and_then(|d| d.parse().ok())
                    .and_then(char::from_u32),
            },
        };
        match decoded {
            Some(c) => {
                out.push(c);
                rest = rest.get(end + 1..).unwrap_or("");
            }
            None => {
                out.push('&');
                rest = rest.get(1..).unwrap_or("");
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn event_data_xml_becomes_an_array_of_data() {
        let xml = r#"<EventData><Data Name="User">a &amp; b</Data><Data Name="Ip">1.2.3.4</Data><E/></EventData>"#;
        let value = parse_xml(xml).unwrap();
        assert_eq!(value.pointer("/EventData/Data/0/#text").unwrap(), "a & b");
        assert_eq!(value.pointer("/EventData/Data/1/@Name").unwrap(), "Ip");
        assert!(value.pointer("/EventData/E").unwrap().is_null());
    }

    #[test]
    fn command_lines_split_as_windows_does() {
        assert_eq!(
            command_line(r#"a.exe "b c" d\"e "f\\" g\h"#),
            [r"a.exe", "b c", "d\"e", r"f\", r"g\h"]
        );
    }

    proptest! {
        #[test]
        fn parsers_never_panic(text in "[<>/&;=\"'a-c#x! \\-\\[\\]é\\\\,]{0,60}") {
            let _ = parse_xml(&text);
            let _ = command_line(&text);
            let _ = csv_fields(&text);
            let _ = url_decode(&text);
        }
    }
}
