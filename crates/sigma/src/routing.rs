//! Which events a rule has to see: from its log source to channels and event ids.
//!
//! The knowledge is data (`data/logsources.yml`); this module reads it and answers questions.
//! One more channel, service or category is one more line there.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::pattern::fold;
use crate::rule::RuleLogSource;
use crate::yaml::{self, Node};

const BUILTIN: &str = include_str!("../data/logsources.yml");

/// The log sources that rules can name.
#[derive(Debug, Clone, Default)]
pub struct Routing {
    products: BTreeMap<String, Product>,
    field_maps: BTreeMap<String, FieldMap>,
}

/// What is known of one product.
#[derive(Debug, Clone, Default)]
pub(crate) struct Product {
    by_channel: bool,
    /// Objects whose fields are also known at the top.
    pub(crate) roots: Vec<String>,
    /// Rule field, then names the event may have it under instead.
    pub(crate) aliases: BTreeMap<String, Vec<String>>,
    services: BTreeMap<String, Vec<String>>,
    categories: BTreeMap<String, Vec<Gate>>,
}

/// Events that carry what a rule asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Gate {
    /// Folded; empty means every channel of the product.
    pub(crate) channel: String,
    /// Empty means every event of the channel.
    pub(crate) event_ids: Vec<u32>,
    /// Name of the field map, if rules need other field names here.
    pub(crate) field_map: Option<String>,
}

/// Other names, and other values, for the fields of a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FieldMap {
    pub(crate) fields: BTreeMap<String, String>,
    /// Rule field, then folded rule value, then event value.
    pub(crate) values: BTreeMap<String, BTreeMap<String, String>>,
}

/// Where a rule goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Destination {
    /// Channels of its product.
    pub(crate) gates: Vec<Gate>,
    /// Events whose own product, service and category agree with the rule's.
    pub(crate) by_name: bool,
}

/// Why a log source could not be read or routed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoutingError {
    /// The data file is not what this version reads.
    #[error("log source file, line {line}: {message}")]
    File {
        /// Line of the file.
        line: u32,
        /// What is wrong there.
        message: String,
    },
    /// No channel is known for a service.
    #[error("no channel is known for service `{service}` of `{product}`")]
    Service {
        /// The rule's product.
        product: String,
        /// The rule's service.
        service: String,
    },
    /// No event is known for a category.
    #[error("no event is known for category `{category}` of `{product}`")]
    Category {
        /// The rule's product.
        product: String,
        /// The rule's category.
        category: String,
    },
}

impl Routing {
    /// The log sources this version knows.
    pub fn builtin() -> &'static Self {
        static ROUTING: LazyLock<Routing> =
            LazyLock::new(|| Routing::parse(BUILTIN).expect("the built-in log sources are tested"));
        &ROUTING
    }

    /// Reads log sources in the format of the built-in file.
    ///
    /// # Errors
    /// [`RoutingError::File`] with the first thing that could not be understood.
    pub fn parse(text: &str) -> Result<Self, RoutingError> {
        let fail = |line, message: &str| RoutingError::File {
            line,
            message: message.to_owned(),
        };
        let root = match yaml::load(text).into_iter().next() {
            Some(Ok(root)) => root,
            Some(Err(error)) => return Err(fail(error.line, &error.message)),
            None => return Err(fail(0, "empty")),
        };
        if root.get("version").and_then(Node::text) != Some("1") {
            return Err(fail(root.line, "only version 1 is known"));
        }
        let mut routing = Self::default();
        for (name, node) in named(&root, "products") {
            routing
                .products
                .insert(name.to_lowercase(), Product::read(node)?);
        }
        for (name, node) in named(&root, "field_maps") {
            routing
                .field_maps
                .insert(name.to_owned(), FieldMap::read(node));
        }
        for product in routing.products.values() {
            for gate in product.categories.values().flatten() {
                let known = |name: &String| routing.field_maps.contains_key(name);
                if gate.field_map.as_ref().is_some_and(|name| !known(name)) {
                    return Err(fail(root.line, "a category names an unknown field map"));
                }
            }
        }
        Ok(routing)
    }

    pub(crate) fn product(&self, name: &str) -> Option<&Product> {
        self.products.get(name)
    }

    pub(crate) fn field_map(&self, name: &str) -> Option<&FieldMap> {
        self.field_maps.get(name)
    }

    /// Where the events a rule asks for are.
    ///
    /// # Errors
    /// [`RoutingError::Service`] or [`RoutingError::Category`] when the product is known by
    /// channel and the file has no line for the rule's service or category.
    pub(crate) fn destination(&self, source: &RuleLogSource) -> Result<Destination, RoutingError> {
        let Some(product) = self.products.get(&source.product) else {
            return Ok(Destination {
                gates: Vec::new(),
                by_name: true,
            });
        };
        let channels = product.services.get(&source.service);
        let gates = product.categories.get(&source.category);
        if product.by_channel {
            if !source.service.is_empty() && channels.is_none() {
                let (product, service) = (source.product.clone(), source.service.clone());
                return Err(RoutingError::Service { product, service });
            }
            if !source.category.is_empty() && gates.is_none() {
                let (product, category) = (source.product.clone(), source.category.clone());
                return Err(RoutingError::Category { product, category });
            }
        }
        let whole_channel = |channel: &String| Gate {
            channel: channel.clone(),
            event_ids: Vec::new(),
            field_map: None,
        };
        let gates = match (gates, channels) {
            (Some(gates), Some(channels)) => gates
                .iter()
                .filter(|gate| channels.contains(&gate.channel))
                .cloned()
                .collect(),
            (Some(gates), None) => gates.clone(),
            (None, Some(channels)) => channels.iter().map(whole_channel).collect(),
            (None, None) if product.by_channel => vec![whole_channel(&String::new())],
            (None, None) => Vec::new(),
        };
        Ok(Destination {
            gates,
            by_name: !product.by_channel,
        })
    }
}

impl Product {
    fn read(node: &Node) -> Result<Self, RoutingError> {
        let mut product = Self {
            by_channel: node.get("by_channel").and_then(Node::text) == Some("true"),
            roots: node.get("roots").map(Node::texts).unwrap_or_default(),
            ..Self::default()
        };
        for (field, names) in named(node, "aliases") {
            product.aliases.insert(field.to_owned(), names.texts());
        }
        for (service, channels) in named(node, "services") {
            let channels = channels
                .texts()
                .iter()
                .map(|channel| fold(channel))
                .collect();
            product.services.insert(service.to_lowercase(), channels);
        }
        for (category, gates) in named(node, "categories") {
            let gates = gates.items().unwrap_or_default().iter().map(Gate::read);
            product
                .categories
                .insert(category.to_lowercase(), gates.collect::<Result<_, _>>()?);
        }
        Ok(product)
    }
}

impl Product {
    /// Each service with its first channel, folded.
    pub(crate) fn first_channels(&self) -> impl Iterator<Item = (&str, &str)> {
        let services = self.services.iter();
        services
            .filter_map(|(service, channels)| Some((service.as_str(), channels.first()?.as_str())))
    }

    /// Each category with its first channel, folded, and event id.
    pub(crate) fn first_events(&self) -> impl Iterator<Item = (&str, &str, u32)> {
        self.categories.iter().filter_map(|(category, gates)| {
            let gate = gates.first()?;
            Some((
                category.as_str(),
                gate.channel.as_str(),
                *gate.event_ids.first()?,
            ))
        })
    }
}

impl Gate {
    fn read(node: &Node) -> Result<Self, RoutingError> {
        let fail = |message: &str| RoutingError::File {
            line: node.line,
            message: message.to_owned(),
        };
        let channel = node.get("channel").and_then(Node::text);
        let event_ids = node.get("event_ids").map(Node::texts).unwrap_or_default();
        let event_ids: Result<Vec<u32>, _> = event_ids.iter().map(|id| id.parse()).collect();
        Ok(Self {
            channel: fold(channel.ok_or_else(|| fail("a category needs a channel"))?),
            event_ids: event_ids.map_err(|_| fail("an event id must be a number"))?,
            field_map: node.get("fields").and_then(Node::text).map(str::to_owned),
        })
    }
}

impl FieldMap {
    fn read(node: &Node) -> Self {
        let pairs = |node: &Node, key: fn(&str) -> String| -> BTreeMap<String, String> {
            node.entries()
                .unwrap_or_default()
                .iter()
                .filter_map(|(from, to)| Some((key(from.text()?), to.text()?.to_owned())))
                .collect()
        };
        let fields = node
            .get("fields")
            .map(|fields| pairs(fields, str::to_owned));
        let values = named(node, "values");
        Self {
            fields: fields.unwrap_or_default(),
            values: values
                .map(|(field, map)| (field.to_owned(), pairs(map, fold)))
                .collect(),
        }
    }
}

fn named<'n>(node: &'n Node, key: &str) -> impl Iterator<Item = (&'n str, &'n Node)> {
    let entries = node.get(key).and_then(Node::entries).unwrap_or_default();
    entries
        .iter()
        .filter_map(|(name, value)| Some((name.text()?, value)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn source(product: &str, service: &str, category: &str) -> RuleLogSource {
        RuleLogSource {
            product: product.to_owned(),
            service: service.to_owned(),
            category: category.to_owned(),
            definition: String::new(),
        }
    }

    #[test]
    fn the_builtin_file_reads() {
        let routing = Routing::parse(BUILTIN).unwrap();
        let to = routing
            .destination(&source("windows", "", "process_creation"))
            .unwrap();
        assert_eq!(to.gates.len(), 2);
        assert_eq!(to.gates[1].event_ids, [4688]);
    }

    #[test]
    fn unknown_windows_sources_are_refused_and_other_products_are_taken_by_name() {
        let routing = Routing::builtin();
        assert!(
            routing
                .destination(&source("windows", "", "file_access"))
                .is_err()
        );
        assert!(
            routing
                .destination(&source("windows", "nonsense", ""))
                .is_err()
        );
        let to = routing
            .destination(&source("velocity", "", "application"))
            .unwrap();
        assert!(to.by_name && to.gates.is_empty());
        let to = routing.destination(&source("windows", "", "")).unwrap();
        assert_eq!(to.gates[0].channel, "");
    }

    #[test]
    fn a_wrong_file_says_where() {
        let error = Routing::parse(
            "version: 1\nproducts:\n  x:\n    categories:\n      y:\n        - {event_ids: [1]}\n",
        );
        assert!(
            matches!(error, Err(RoutingError::File { line: 6, .. })),
            "{error:?}"
        );
    }
}
