//! BinXML templates and their instances inside one chunk (MS-EVEN6 §2.2.12, and the chunk-relative
//! name and template tables that `.evtx` files add to it).
//!
//! Offsets are relative to the chunk, so everything is written straight into the chunk's buffer.
//! A name or a template is written out where it is first used and referred to afterwards.

use super::value::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

const TOKEN_EOF: u8 = 0x00;
const TOKEN_OPEN: u8 = 0x01;
const TOKEN_CLOSE_START: u8 = 0x02;
const TOKEN_CLOSE_EMPTY: u8 = 0x03;
const TOKEN_END: u8 = 0x04;
const TOKEN_VALUE: u8 = 0x05;
const TOKEN_ATTRIBUTE: u8 = 0x06;
const TOKEN_TEMPLATE: u8 = 0x0c;
const TOKEN_OPTIONAL_SUBSTITUTION: u8 = 0x0e;
const TOKEN_FRAGMENT: [u8; 4] = [0x0f, 1, 1, 0];
const MORE: u8 = 0x40;
const TYPE_TEXT: u8 = 0x01;
pub(super) const TYPE_BINXML: u8 = 0x21;
const NO_DEPENDENCY: u16 = 0xffff;

/// What an attribute or an element holds.
#[derive(Clone)]
pub(super) enum Node {
    /// An element with its attributes and children.
    Element(String, Vec<(&'static str, Node)>, Vec<Node>),
    /// Fixed text of the template.
    Text(String),
    /// The place of a substitution value: its index and its type.
    Slot(u16, u8),
}

/// A template: its identity and its tree.
pub(super) struct Template {
    pub(super) id: Uuid,
    pub(super) root: Node,
}

/// What fills one slot: a plain value, or a fragment with a template instance of its own.
pub(super) enum Fill<'a> {
    Value(&'a Value),
    Nested(&'a Template, Vec<&'a Value>),
}

/// The bytes of a chunk being built, with its tables.
#[derive(Clone)]
pub(super) struct Arena {
    pub(super) bytes: Vec<u8>,
    names: BTreeMap<String, u32>,
    templates: BTreeMap<Uuid, u32>,
    pub(super) name_heads: [u32; 64],
    pub(super) template_heads: [u32; 32],
}

impl Arena {
    /// Starts with room for a header of `header_len` bytes.
    pub(super) fn new(header_len: usize) -> Self {
        Self {
            bytes: vec![0; header_len],
            names: BTreeMap::new(),
            templates: BTreeMap::new(),
            name_heads: [0; 64],
            template_heads: [0; 32],
        }
    }

    /// Writes a fragment that holds one instance of `template`.
    pub(super) fn fragment(&mut self, template: &Template, fills: &[Fill<'_>]) {
        self.bytes.extend(TOKEN_FRAGMENT);
        self.bytes.extend([TOKEN_TEMPLATE, 1]);
        self.template(template);
        self.u32(fills.len() as u32);
        let descriptors = self.bytes.len();
        self.bytes.resize(descriptors + fills.len() * 4, 0);
        for (index, fill) in fills.iter().enumerate() {
            let start = self.bytes.len();
            let kind = match fill {
                Fill::Value(value) => {
                    value.encode(&mut self.bytes);
                    value.type_byte()
                }
                Fill::Nested(inner, values) => {
                    let fills: Vec<_> = values.iter().map(|value| Fill::Value(value)).collect();
                    self.fragment(inner, &fills);
                    TYPE_BINXML
                }
            };
            let size = (self.bytes.len() - start) as u16;
            let place = descriptors + index * 4;
            self.bytes[place..place + 2].copy_from_slice(&size.to_le_bytes());
            self.bytes[place + 2] = kind;
        }
        self.bytes.push(TOKEN_EOF);
    }

    /// Writes a template's id and offset, and its definition the first time.
    fn template(&mut self, template: &Template) {
        let guid = template.id.to_bytes_le();
        let short = u32::from_le_bytes([guid[0], guid[1], guid[2], guid[3]]);
        self.u32(short);
        if let Some(&known) = self.templates.get(&template.id) {
            self.u32(known);
            return;
        }
        let offset = self.pos() + 4;
        self.u32(offset);
        let bucket = short as usize % self.template_heads.len();
        self.u32(self.template_heads[bucket]);
        self.template_heads[bucket] = offset;
        self.templates.insert(template.id, offset);
        self.bytes.extend(guid);
        let size = self.hole();
        self.bytes.extend(TOKEN_FRAGMENT);
        self.node(&template.root);
        self.bytes.push(TOKEN_EOF);
        self.fill_hole(size);
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Text(text) => {
                self.bytes.extend([TOKEN_VALUE, TYPE_TEXT]);
                self.u16(text.encode_utf16().count() as u16);
                self.bytes
                    .extend(text.encode_utf16().flat_map(u16::to_le_bytes));
            }
            Node::Slot(index, kind) => {
                self.bytes.push(TOKEN_OPTIONAL_SUBSTITUTION);
                self.u16(*index);
                self.bytes.push(*kind);
            }
            Node::Element(name, attributes, children) => self.element(name, attributes, children),
        }
    }

    fn element(&mut self, name: &str, attributes: &[(&'static str, Node)], children: &[Node]) {
        let more = if attributes.is_empty() { 0 } else { MORE };
        self.bytes.push(TOKEN_OPEN | more);
        self.u16(NO_DEPENDENCY);
        let size = self.hole();
        self.name(name);
        if !attributes.is_empty() {
            let list = self.hole();
            for (index, (attribute, value)) in attributes.iter().enumerate() {
                let more = if index + 1 < attributes.len() {
                    MORE
                } else {
                    0
                };
                self.bytes.push(TOKEN_ATTRIBUTE | more);
                self.name(attribute);
                self.node(value);
            }
            self.fill_hole(list);
        }
        if children.is_empty() {
            self.bytes.push(TOKEN_CLOSE_EMPTY);
        } else {
            self.bytes.push(TOKEN_CLOSE_START);
            children.iter().for_each(|child| self.node(child));
            self.bytes.push(TOKEN_END);
        }
        self.fill_hole(size);
    }

    /// Writes a reference to a name, and the name itself the first time.
    fn name(&mut self, name: &str) {
        if let Some(&known) = self.names.get(name) {
            self.u32(known);
            return;
        }
        let offset = self.pos() + 4;
        self.u32(offset);
        let hash = name_hash(name);
        let bucket = usize::from(hash) % self.name_heads.len();
        self.u32(self.name_heads[bucket]);
        self.name_heads[bucket] = offset;
        self.names.insert(name.to_owned(), offset);
        self.u16(hash);
        self.u16(name.encode_utf16().count() as u16);
        self.bytes
            .extend(name.encode_utf16().flat_map(u16::to_le_bytes));
        self.u16(0);
    }

    fn pos(&self) -> u32 {
        self.bytes.len() as u32
    }

    fn u16(&mut self, number: u16) {
        self.bytes.extend(number.to_le_bytes());
    }

    fn u32(&mut self, number: u32) {
        self.bytes.extend(number.to_le_bytes());
    }

    /// Leaves room for a size that is known later.
    fn hole(&mut self) -> usize {
        self.u32(0);
        self.bytes.len()
    }

    /// Writes how many bytes follow the hole.
    fn fill_hole(&mut self, after: usize) {
        let size = (self.bytes.len() - after) as u32;
        self.bytes[after - 4..after].copy_from_slice(&size.to_le_bytes());
    }
}

/// The hash of the chunk's name table: the lower 16 bits of a multiplicative hash by 65599.
fn name_hash(name: &str) -> u16 {
    let hash = name.encode_utf16().fold(0u32, |hash, unit| {
        hash.wrapping_mul(65_599).wrapping_add(u32::from(unit))
    });
    hash as u16
}
