//! YAML with positions, bounded, and able to go on after an error.
//!
//! Built on the event stream of `saphyr-parser` rather than on a ready-made tree: rule files come
//! from strangers, so nesting, node count and alias expansion have limits, duplicate keys are seen,
//! and a syntax error in one document leaves the others readable.
//! Scalars resolve by YAML 1.2's core schema and keep their text, because a rule's `0x10` or `007`
//! is compared with text.

use std::collections::HashMap;

use saphyr::Scalar;
use saphyr_parser::{Event, Parser, ScalarStyle};

/// Deepest nesting of a document.
pub const DEPTH_MAX: usize = 48;
/// Most nodes of a file, aliases counted as often as they are used.
pub const NODES_MAX: usize = 500_000;
/// Most documents of a file.
const DOCUMENTS_MAX: usize = 10_000;

/// A node and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub data: Data,
    /// 1-based.
    pub line: u32,
    /// 1-based, in characters.
    pub column: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    Scalar {
        text: String,
        kind: ScalarKind,
    },
    Seq(Vec<Node>),
    /// In the order of the file, duplicate keys included.
    Map(Vec<(Node, Node)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarKind {
    Null,
    Bool(bool),
    /// Integer or real.
    Number,
    /// Not quoted, not another kind.
    Plain,
    /// Quoted or a block.
    Quoted,
}

impl Node {
    pub fn at(&self) -> (u32, u32) {
        (self.line, self.column)
    }

    pub fn entries(&self) -> Option<&[(Node, Node)]> {
        match &self.data {
            Data::Map(entries) => Some(entries),
            _ => None,
        }
    }

    pub fn items(&self) -> Option<&[Node]> {
        match &self.data {
            Data::Seq(items) => Some(items),
            _ => None,
        }
    }

    /// The text of a scalar other than null.
    pub fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar {
                kind: ScalarKind::Null,
                ..
            } => None,
            Data::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The value of a key; of duplicates the last one, as most YAML readers do.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries()?
            .iter()
            .rev()
            .find(|(name, _)| name.text() == Some(key))
            .map(|(_, value)| value)
    }

    /// A scalar as one text, a sequence of scalars as several; anything else gives nothing.
    pub fn texts(&self) -> Vec<String> {
        match &self.data {
            Data::Seq(items) => items
                .iter()
                .filter_map(|item| item.text().map(str::to_owned))
                .collect(),
            _ => self.text().map(str::to_owned).into_iter().collect(),
        }
    }

    pub fn type_name(&self) -> &'static str {
        match &self.data {
            Data::Scalar { kind, .. } => match kind {
                ScalarKind::Null => "null",
                ScalarKind::Bool(_) => "boolean",
                ScalarKind::Number => "number",
                ScalarKind::Plain | ScalarKind::Quoted => "text",
            },
            Data::Seq(_) => "list",
            Data::Map(_) => "map",
        }
    }
}

/// Why a document could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YamlError {
    pub message: String,
    pub line: u32,
    pub column: u32,
    /// A limit was hit, as opposed to a syntax error.
    pub limit: bool,
}

/// Reads every document of `text`. After an error it goes on at the next `---` line.
pub fn load(text: &str) -> Vec<Result<Node, YamlError>> {
    let mut documents = Vec::new();
    let mut rest = text;
    let mut line_offset = 0;
    let mut budget = NODES_MAX;
    loop {
        let Some(error) = load_until_error(rest, line_offset, &mut budget, &mut documents) else {
            return documents;
        };
        let give_up = error.limit && budget == 0 || documents.len() >= DOCUMENTS_MAX;
        let error_line = error.line;
        // Starting again in the very document that failed finds the same error once more.
        if documents.last() != Some(&Err(error.clone())) {
            documents.push(Err(error));
        }
        if give_up {
            return documents;
        }
        let lines_read = error_line.saturating_sub(line_offset) as usize;
        let Some((skipped_bytes, skipped_lines)) = next_document(rest, lines_read) else {
            return documents;
        };
        rest = &rest[skipped_bytes..];
        line_offset += skipped_lines;
    }
}

/// Where the next `---` line at or after line `from` (1-based) begins: bytes and lines before it.
///
/// The parser often notices an unfinished document only at the `---` that ends it, so that line
/// counts; the first line doesn't, because each try must get further than the last.
fn next_document(text: &str, from: usize) -> Option<(usize, u32)> {
    let mut offset = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let is_start = line.strip_prefix("---").is_some_and(|tail| {
            tail.is_empty() || tail.starts_with(|c: char| c.is_ascii_whitespace())
        });
        if is_start && index > 0 && index + 1 >= from {
            return Some((offset, u32::try_from(index).ok()?));
        }
        offset += line.len();
    }
    None
}

struct Frame {
    node: Node,
    key: Option<Node>,
    anchor: usize,
}

/// Reads documents until the end (`None`) or the first error.
fn load_until_error(
    text: &str,
    line_offset: u32,
    budget: &mut usize,
    documents: &mut Vec<Result<Node, YamlError>>,
) -> Option<YamlError> {
    let mut parser = Parser::new_from_str(text);
    let mut stack: Vec<Frame> = Vec::new();
    let mut anchors: HashMap<usize, Node> = HashMap::new();
    while let Some(event) = parser.next_event() {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let (line, column) = position(error.marker().line(), error.marker().col());
                let message = error.info().to_owned();
                let line = line + line_offset;
                return Some(YamlError {
                    message,
                    line,
                    column,
                    limit: false,
                });
            }
        };
        let (line, column) = position(span.start.line(), span.start.col());
        let line = line + line_offset;
        let limit = |what: &str| {
            let message = what.to_owned();
            Some(YamlError {
                message,
                line,
                column,
                limit: true,
            })
        };
        let done = match event {
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _)
                if stack.len() >= DEPTH_MAX =>
            {
                let _ = anchor;
                return limit("nesting is too deep");
            }
            Event::SequenceStart(anchor, _) => {
                let node = Node {
                    data: Data::Seq(Vec::new()),
                    line,
                    column,
                };
                stack.push(Frame {
                    node,
                    key: None,
                    anchor,
                });
                None
            }
            Event::MappingStart(anchor, _) => {
                let node = Node {
                    data: Data::Map(Vec::new()),
                    line,
                    column,
                };
                stack.push(Frame {
                    node,
                    key: None,
                    anchor,
                });
                None
            }
            Event::SequenceEnd | Event::MappingEnd => {
                stack.pop().map(|frame| (frame.node, frame.anchor))
            }
            Event::Scalar(value, style, anchor, tag) => {
                let text = value.to_string();
                let kind = match Scalar::parse_from_cow_and_metadata(value, style, tag.as_ref()) {
                    Some(Scalar::Null) => ScalarKind::Null,
                    Some(Scalar::Boolean(value)) => ScalarKind::Bool(value),
                    Some(Scalar::Integer(_) | Scalar::FloatingPoint(_)) => ScalarKind::Number,
                    _ if style == ScalarStyle::Plain => ScalarKind::Plain,
                    _ => ScalarKind::Quoted,
                };
                Some((
                    Node {
                        data: Data::Scalar { text, kind },
                        line,
                        column,
                    },
                    anchor,
                ))
            }
            Event::Alias(anchor) => match anchors.get(&anchor) {
                Some(node) if count(node, stack.len(), budget) => Some((node.clone(), 0)),
                Some(_) => return limit("aliases expand to too much"),
                None => return limit("an alias inside its own anchor"),
            },
            Event::DocumentEnd if documents.len() >= DOCUMENTS_MAX => {
                *budget = 0;
                return limit("too many documents in one file");
            }
            _ => None,
        };
        let Some((node, anchor)) = done else { continue };
        *budget = budget.saturating_sub(1);
        if *budget == 0 {
            return limit("too many nodes in one file");
        }
        if anchor > 0 {
            // The copy is paid for like an alias: nested anchors would copy quadratically.
            if !count(&node, stack.len(), budget) {
                return limit("too many nodes in one file");
            }
            anchors.insert(anchor, node.clone());
        }
        match stack.last_mut() {
            Some(parent) => attach(parent, node),
            None => documents.push(Ok(node)),
        }
    }
    None
}

fn attach(parent: &mut Frame, node: Node) {
    match &mut parent.node.data {
        Data::Seq(items) => items.push(node),
        Data::Map(entries) => match parent.key.take() {
            None => parent.key = Some(node),
            Some(key) => entries.push((key, node)),
        },
        Data::Scalar { .. } => {}
    }
}

/// Takes the nodes of a document from a budget; false when they don't fit.
pub fn take_nodes(node: &Node, budget: &mut usize) -> bool {
    count(node, 0, budget)
}

/// Takes the nodes of a subtree from the budget; false when they don't fit or it is too deep.
fn count(node: &Node, depth: usize, budget: &mut usize) -> bool {
    if *budget == 0 || depth > DEPTH_MAX {
        return false;
    }
    *budget -= 1;
    match &node.data {
        Data::Scalar { .. } => true,
        Data::Seq(items) => items.iter().all(|item| count(item, depth + 1, budget)),
        Data::Map(entries) => entries
            .iter()
            .all(|(key, value)| count(key, depth + 1, budget) && count(value, depth + 1, budget)),
    }
}

/// `saphyr` counts lines from 1 and columns from 0; people count both from 1.
fn position(line: usize, column: usize) -> (u32, u32) {
    let line = u32::try_from(line).unwrap_or(u32::MAX / 2).max(1);
    let column = u32::try_from(column).unwrap_or(u32::MAX - 1) + 1;
    (line, column)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn scalars_keep_text_kind_and_place() {
        let documents = load("a: 0x10\nb:\n  - 'x '\n  - ~\n");
        let root = documents[0].as_ref().unwrap();
        let a = root.get("a").unwrap();
        assert_eq!(
            (a.text(), a.type_name(), a.at()),
            (Some("0x10"), "number", (1, 4))
        );
        let items = root.get("b").unwrap().items().unwrap();
        assert_eq!((items[0].text(), items[0].at()), (Some("x "), (3, 5)));
        assert_eq!(items[1].text(), None);
    }

    #[test]
    fn a_broken_document_leaves_the_others() {
        let documents = load("a: 1\n---\nb: [1\n---\nc: 2\n");
        assert!(documents[0].is_ok());
        assert!(documents.iter().any(|document| document.is_err()));
        let last = documents.last().unwrap().as_ref().unwrap();
        assert_eq!(last.get("c").unwrap().at(), (5, 4));
    }

    #[test]
    fn depth_and_aliases_are_bounded() {
        let deep = "- ".repeat(10_000);
        assert!(load(&deep)[0].as_ref().is_err_and(|error| error.limit));
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..10 {
            let previous = format!("*a{}, ", level - 1).repeat(9);
            bomb.push_str(&format!(
                "a{level}: &a{level} [{previous}*a{}]\n",
                level - 1
            ));
        }
        assert!(load(&bomb)[0].as_ref().is_err_and(|error| error.limit));
    }
}
