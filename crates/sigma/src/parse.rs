//! From the text of a rule file to rules and diagnostics.
//!
//! A file holds one or more documents. A document that cannot be read is reported and left out;
//! the others load. `action: global` documents lend their keys to the documents after them.

use serde::Serialize;

use crate::correlation::{self, Correlation};
use crate::detection;
use crate::diagnostic::{Code, Diagnostic, Sink, closest};
use crate::rule::{Level, Rule, RuleLogSource, Status};
use crate::yaml::{self, Data, Node};

/// Largest rule file, in bytes.
pub const FILE_BYTES_MAX: usize = 8 << 20;

/// What a file holds.
#[derive(Debug, Clone, Default)]
pub struct ParsedFile {
    /// Rules that can run, as far as the file can tell.
    pub rules: Vec<Rule>,
    /// Correlation rules; they are not run yet.
    pub correlations: Vec<Correlation>,
    /// Documents that look like rules and cannot run.
    pub broken: Vec<BrokenRule>,
    /// Everything found, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

/// A document that cannot run, as much as is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BrokenRule {
    /// Its id, when it could be read.
    pub id: Option<String>,
    /// Its title, when it could be read.
    pub title: Option<String>,
    /// Line where its document begins.
    pub line: u32,
    /// Why.
    pub diagnostics: Vec<Diagnostic>,
}

const KNOWN_KEYS: &[&str] = &[
    "title",
    "id",
    "name",
    "related",
    "taxonomy",
    "status",
    "description",
    "license",
    "author",
    "references",
    "date",
    "modified",
    "logsource",
    "detection",
    "fields",
    "falsepositives",
    "level",
    "tags",
    "scope",
    "correlation",
    "filter",
    "generate",
    "action",
    // SigmaHQ's own additions.
    "regression_tests_path",
    "simulation",
];

const LOGSOURCE_KEYS: &[&str] = &["product", "service", "category", "definition"];

/// Reads a rule file. Never fails: what is wrong stands in the diagnostics.
///
/// `file` is the name to use in diagnostics and in [`Rule::path`]; nothing is read from disk.
pub fn parse_rules(text: &str, file: &str) -> ParsedFile {
    let mut sink = Sink::new(file);
    let mut parsed = ParsedFile::default();
    if text.len() > FILE_BYTES_MAX {
        let message = format!("the file is larger than {} MiB", FILE_BYTES_MAX >> 20);
        sink.error(Code::TooLarge, (0, 0), message);
        parsed.diagnostics = sink.found;
        return parsed;
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let nodes_left = 2 * yaml::NODES_MAX;
    let mut reader = Reader {
        file,
        sink,
        parsed,
        global: None,
        previous: None,
        nodes_left,
    };
    for document in yaml::load(text) {
        match document {
            Ok(node) => reader.document(node),
            Err(error) => {
                let mark = reader.sink.mark();
                let code = if error.limit {
                    Code::TooLarge
                } else {
                    Code::YamlSyntax
                };
                let message = format!("not readable as YAML: {}", error.message);
                reader.sink.error(code, (error.line, error.column), message);
                reader.broken(None, error.line, mark);
            }
        }
    }
    reader.parsed.diagnostics = reader.sink.found;
    reader.parsed
}

struct Reader<'f> {
    file: &'f str,
    sink: Sink,
    parsed: ParsedFile,
    /// Keys that `action: global` lends to later documents.
    global: Option<Node>,
    /// The last document, for `action: repeat`.
    previous: Option<Node>,
    nodes_left: usize,
}

impl Reader<'_> {
    fn document(&mut self, node: Node) {
        if matches!(&node.data, Data::Scalar { .. }) && node.text().is_none() {
            return; // an empty document, such as the one after a final `---`
        }
        let mark = self.sink.mark();
        if node.entries().is_none() {
            let message = format!("a rule must be a map, not a {}", node.type_name());
            self.sink.error(Code::WrongType, node.at(), message);
            self.broken(None, node.line, mark);
            return;
        }
        let node = match node
            .get("action")
            .map(|action| (action.text(), action.at()))
        {
            None => self.with_global(node),
            Some((Some("global"), _)) => {
                self.global = Some(without_action(self.with_global(node)));
                return;
            }
            Some((Some("reset"), _)) => {
                self.global = None;
                return;
            }
            Some((Some("repeat"), at)) => match &self.previous {
                Some(previous) => without_action(merge(previous, node)),
                None => {
                    self.sink
                        .error(Code::Action, at, "nothing stands before `action: repeat`");
                    self.broken(Some(&node), node.line, mark);
                    return;
                }
            },
            Some((other, at)) => {
                let message = format!("unknown action `{}`", other.unwrap_or_default());
                let hint = "`global`, `reset` and `repeat` are known";
                self.sink.error_with_hint(Code::Action, at, message, hint);
                self.broken(Some(&node), node.line, mark);
                return;
            }
        };
        // Each document pays for what it was lent, or a small file could make a huge rule set.
        if !yaml::take_nodes(&node, &mut self.nodes_left) {
            let message = "the file's `action` documents add up to too much";
            self.sink.error(Code::TooLarge, node.at(), message);
            self.broken(Some(&node), node.line, mark);
            return;
        }
        self.previous = Some(node.clone());
        self.rule(&node, mark);
    }

    fn with_global(&self, node: Node) -> Node {
        match &self.global {
            Some(global) => merge(global, node),
            None => node,
        }
    }

    fn rule(&mut self, node: &Node, mark: usize) {
        self.check_keys(node, KNOWN_KEYS, "");
        if let Some(correlation) = node.get("correlation") {
            let (id, title) = (self.id(node), text_of(node, "title"));
            let generate = node.get("generate").and_then(Node::text) == Some("true");
            match correlation::read(correlation, id, title, generate, &mut self.sink) {
                Some(correlation) => self.parsed.correlations.push(correlation),
                None => self.broken(Some(node), node.line, mark),
            }
            return;
        }
        if let Some(filter) = node.get("filter") {
            self.sink.warn(
                Code::FilterNotRun,
                filter.at(),
                "filters are not applied yet",
            );
            return;
        }
        let logsource = self.logsource(node);
        let detection = match node.get("detection") {
            Some(detection) => detection::read(detection, &mut self.sink),
            None => {
                self.sink
                    .error(Code::MissingKey, node.at(), "a rule needs `detection`");
                None
            }
        };
        let id = self.id(node);
        let level = self.level(node);
        let status = self.status(node);
        let (Some(logsource), Some(detection)) = (logsource, detection) else {
            self.broken(Some(node), node.line, mark);
            return;
        };
        self.parsed.rules.push(Rule {
            id,
            title: text_of(node, "title"),
            name: text_of(node, "name"),
            status,
            level,
            description: text_of(node, "description"),
            author: text_of(node, "author"),
            license: text_of(node, "license"),
            date: text_of(node, "date"),
            modified: text_of(node, "modified"),
            tags: texts_of(node, "tags"),
            references: texts_of(node, "references"),
            falsepositives: texts_of(node, "falsepositives"),
            fields: texts_of(node, "fields"),
            logsource,
            detection,
            path: self.file.to_owned(),
            line: node.line,
            warnings: self.sink.found[mark..].to_vec(),
        });
    }

    fn broken(&mut self, node: Option<&Node>, line: u32, mark: usize) {
        let text = |key| {
            node.and_then(|node| node.get(key))
                .and_then(Node::text)
                .map(str::to_owned)
        };
        self.parsed.broken.push(BrokenRule {
            id: text("id"),
            title: text("title"),
            line,
            diagnostics: self.sink.found[mark..].to_vec(),
        });
    }

    fn check_keys(&mut self, node: &Node, known: &[&str], inside: &str) {
        let entries = node.entries().unwrap_or_default();
        for (index, (key, _)) in entries.iter().enumerate() {
            let Some(name) = key.text() else {
                self.sink
                    .warn(Code::UnknownKey, key.at(), "a key that is not text");
                continue;
            };
            if entries[..index]
                .iter()
                .any(|(other, _)| other.text() == Some(name))
            {
                let message = format!("key `{inside}{name}` stands twice; the last one counts");
                self.sink.warn(Code::DuplicateKey, key.at(), message);
            }
            if known.contains(&name) {
                continue;
            }
            let message = format!("unknown key `{inside}{name}`");
            match closest(name, known.iter().copied()) {
                Some(meant) => {
                    let hint = format!("did you mean `{meant}`?");
                    self.sink
                        .warn_with_hint(Code::UnknownKey, key.at(), message, hint);
                }
                None => self.sink.warn(Code::UnknownKey, key.at(), message),
            }
        }
    }

    fn logsource(&mut self, node: &Node) -> Option<RuleLogSource> {
        let Some(logsource) = node.get("logsource") else {
            self.sink
                .error(Code::MissingKey, node.at(), "a rule needs `logsource`");
            return None;
        };
        if logsource.entries().is_none() {
            let message = format!("`logsource` must be a map, not a {}", logsource.type_name());
            self.sink.error(Code::WrongType, logsource.at(), message);
            return None;
        }
        self.check_keys(logsource, LOGSOURCE_KEYS, "logsource.");
        let part = |key| text_of(logsource, key).trim().to_lowercase();
        let read = RuleLogSource {
            product: part("product"),
            service: part("service"),
            category: part("category"),
            definition: text_of(logsource, "definition"),
        };
        if read.product.is_empty() && read.service.is_empty() && read.category.is_empty() {
            let message = "`logsource` names no product, service or category";
            self.sink.error(Code::MissingKey, logsource.at(), message);
            return None;
        }
        Some(read)
    }

    fn id(&mut self, node: &Node) -> String {
        match node.get("id").and_then(Node::text) {
            Some(id) if !id.trim().is_empty() => id.trim().to_owned(),
            _ => {
                let hint = "give it a UUID, so that its alerts can be told apart for good";
                let message = "the rule has no `id`";
                self.sink
                    .warn_with_hint(Code::MissingKey, node.at(), message, hint);
                format!("{}:{}", self.file, node.line)
            }
        }
    }

    fn level(&mut self, node: &Node) -> Level {
        let Some(level) = node.get("level") else {
            self.sink.warn(
                Code::MissingKey,
                node.at(),
                "the rule has no `level`; `medium` is taken",
            );
            return Level::Medium;
        };
        let text = level.text().unwrap_or_default();
        Level::parse(text).unwrap_or_else(|| {
            let message = format!("`{text}` is not a level; `medium` is taken");
            self.sink.warn(Code::UnknownValue, level.at(), message);
            Level::Medium
        })
    }

    fn status(&mut self, node: &Node) -> Option<Status> {
        let status = node.get("status")?;
        let text = status.text().unwrap_or_default();
        let read = Status::parse(text);
        if read.is_none() {
            self.sink.warn(
                Code::UnknownValue,
                status.at(),
                format!("`{text}` is not a status"),
            );
        }
        read
    }
}

/// `over` laid upon `base`: its keys win, maps in both are merged.
fn merge(base: &Node, over: Node) -> Node {
    let (line, column) = over.at();
    match (&base.data, over.data) {
        (Data::Map(below), Data::Map(above)) => {
            let mut merged = below.clone();
            for (key, value) in above {
                match merged
                    .iter_mut()
                    .find(|(known, _)| known.text() == key.text())
                {
                    Some((_, slot)) => *slot = merge(slot, value),
                    None => merged.push((key, value)),
                }
            }
            Node {
                data: Data::Map(merged),
                line,
                column,
            }
        }
        (_, data) => Node { data, line, column },
    }
}

fn without_action(mut node: Node) -> Node {
    if let Data::Map(entries) = &mut node.data {
        entries.retain(|(key, _)| key.text() != Some("action"));
    }
    node
}

fn text_of(node: &Node, key: &str) -> String {
    let text = node.get(key).map(Node::texts).unwrap_or_default();
    text.join(", ").trim_end().to_owned()
}

fn texts_of(node: &Node, key: &str) -> Vec<String> {
    node.get(key).map(Node::texts).unwrap_or_default()
}
