//! `parse-kv`: key and value pairs of a text as a bag of strings.

use kql::plan::ParseKvOptions;
use serde_json::{Map, Value, json};

use crate::functions::compile_regex;
use crate::values::{Datum, dynamic};

/// The options as a constant argument for [`pairs`].
pub(crate) fn encode(options: &ParseKvOptions) -> String {
    json!({
        "pair": options.pair_delimiter.as_deref().unwrap_or(" "),
        "kv": options.kv_delimiter.as_deref().unwrap_or("="),
        "quotes": options.quotes,
        "escape": options.escape,
        "greedy": options.greedy,
        "regex": options.regex,
    })
    .to_string()
}

/// `op:parse_kv(text, options)`: the bag.
pub(crate) fn pairs<'a>(args: &[Datum<'a>]) -> Datum<'a> {
    let [text, options] = args else {
        return Datum::Null;
    };
    let options = dynamic::parse(options.text());
    let mut bag = Map::new();
    let field = |name: &str| options.get(name).and_then(Value::as_str);
    if let Some(pattern) = field("regex") {
        if let Some(regex) = compile_regex(pattern) {
            for found in regex.captures_iter(text.text()) {
                if let (Some(key), Some(value)) = (found.get(1), found.get(2)) {
                    bag.entry(key.as_str())
                        .or_insert_with(|| Value::from(value.as_str()));
                }
            }
        }
        return Datum::json(&Value::Object(bag));
    }
    let scan = Scan {
        pair: field("pair").unwrap_or(" "),
        kv: field("kv").unwrap_or("="),
        quotes: quotes(&options),
        escape: field("escape").and_then(|e| e.chars().next()),
        greedy: options.get("greedy") == Some(&Value::Bool(true)),
    };
    scan.run(text.text(), &mut bag);
    Datum::json(&Value::Object(bag))
}

fn quotes(options: &Value) -> Option<(char, char)> {
    let given: Vec<char> = options
        .get("quotes")
        .and_then(Value::as_array)
        .map(|a| {
            a.iter()
                .filter_map(Value::as_str)
                .flat_map(str::chars)
                .collect()
        })
        .unwrap_or_default();
    match given.as_slice() {
        [open, close, ..] => Some((*open, *close)),
        [both] => Some((*both, *both)),
        [] => None,
    }
}

struct Scan<'o> {
    pair: &'o str,
    kv: &'o str,
    quotes: Option<(char, char)>,
    escape: Option<char>,
    greedy: bool,
}

impl Scan<'_> {
    fn run(&self, text: &str, bag: &mut Map<String, Value>) {
        let mut rest = text;
        while let Some(at) = rest.find(self.kv).filter(|_| !self.kv.is_empty()) {
            let (head, tail) = rest.split_at(at);
            let key = head
                .rsplit(self.pair)
                .next()
                .unwrap_or(head)
                .trim()
                .trim_matches(|c| self.quotes.is_some_and(|(o, q)| c == o || c == q));
            let tail = tail.get(self.kv.len()..).unwrap_or("");
            let (value, after) = self.value(tail);
            if !key.is_empty() {
                bag.entry(key).or_insert_with(|| Value::from(value));
            }
            rest = after;
        }
    }

    fn value<'t>(&self, text: &'t str) -> (String, &'t str) {
        if let Some((open, close)) = self.quotes
            && let Some(body) = text.strip_prefix(open)
        {
            let mut out = String::new();
            let mut chars = body.char_indices();
            while let Some((at, c)) = chars.next() {
                if Some(c) == self.escape {
                    out.extend(chars.next().map(|(_, c)| c));
                } else if c == close {
                    return (out, body.get(at + c.len_utf8()..).unwrap_or(""));
                } else {
                    out.push(c);
                }
            }
            return (out, "");
        }
        let end = if self.greedy {
            self.greedy_end(text)
        } else {
            text.find(self.pair).unwrap_or(text.len())
        };
        let (value, rest) = text.split_at(end);
        (
            value.trim().to_owned(),
            rest.strip_prefix(self.pair).unwrap_or(rest),
        )
    }

    /// Greedy values run up to the last pair delimiter before the next key.
    fn greedy_end(&self, text: &str) -> usize {
        match text.find(self.kv) {
            Some(next) => text
                .get(..next)
                .and_then(|t| t.rfind(self.pair))
                .unwrap_or(text.len()),
            None => text.len(),
        }
    }
}
