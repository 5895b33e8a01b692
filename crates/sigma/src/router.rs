//! From an event to the programs it has to pass.
//!
//! Products whose events are told apart by channel (Windows) have one program for each channel and
//! event id that some rule asks for, and one for the rest of each channel. All other rules are
//! found by product, service and category: an event passes the program of each combination that its
//! own three names agree with.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use schema::LogSource;
use serde_json::{Map, Value};

use crate::field;
use crate::hashing::FastMap;
use crate::lower::{self, Member};
use crate::pattern::fold_into;
use crate::program::Program;
use crate::routing::{Destination, Gate, Routing};
use crate::rule::Rule;
use crate::ruleset::RuleIdx;

type ProgramIdx = u32;

/// All programs and how to find them.
#[derive(Debug, Default)]
pub(crate) struct Router {
    pub(crate) programs: Vec<Program>,
    products: FastMap<Box<str>, ProductRoutes>,
    /// Key: product, service, category, as [`name_key`] joins them.
    by_name: FastMap<Box<str>, ProgramIdx>,
}

#[derive(Debug, Default)]
struct ProductRoutes {
    channels: FastMap<Box<str>, ChannelRoutes>,
    /// For channels no rule names: rules about the product as a whole.
    rest: Option<ProgramIdx>,
    /// For events without a channel.
    channel_of_service: FastMap<Box<str>, Box<str>>,
    event_of_category: FastMap<Box<str>, (Box<str>, u32)>,
}

#[derive(Debug, Default)]
struct ChannelRoutes {
    by_event_id: FastMap<u32, ProgramIdx>,
    rest: Option<ProgramIdx>,
}

/// Most programs one event can pass: one by channel, seven by name.
pub(crate) const PROGRAMS_MAX: usize = 8;

/// The programs of one event.
#[derive(Debug, Default)]
pub(crate) struct Route {
    programs: [ProgramIdx; PROGRAMS_MAX],
    len: usize,
}

impl Route {
    fn push(&mut self, program: ProgramIdx) {
        if let Some(slot) = self.programs.get_mut(self.len) {
            *slot = program;
            self.len += 1;
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = ProgramIdx> + '_ {
        self.programs[..self.len].iter().copied()
    }
}

/// A rule and where it goes.
pub(crate) struct Routed<'r> {
    pub(crate) idx: RuleIdx,
    pub(crate) rule: &'r Rule,
    pub(crate) destination: Destination,
}

impl Router {
    pub(crate) fn build(rules: &[Routed<'_>], routing: &Routing) -> Self {
        let mut building = Building {
            routing,
            rules,
            router: Self::default(),
            known: HashMap::new(),
        };
        building.by_channel();
        building.by_name();
        building.router
    }

    /// The programs an event has to pass. `key` is a buffer.
    pub(crate) fn route(
        &self,
        source: &LogSource,
        native: &Map<String, Value>,
        key: &mut String,
    ) -> Route {
        let mut route = Route::default();
        key.clear();
        fold_into(&source.product, key);
        let product = self.products.get(key.as_str());
        if let Some(program) = product.and_then(|product| product.program(source, native, key)) {
            route.push(program);
        }
        if !self.by_name.is_empty() {
            self.route_by_name(source, key, &mut route);
        }
        route
    }

    fn route_by_name(&self, source: &LogSource, key: &mut String, route: &mut Route) {
        let parts = [&source.product, &source.service, &source.category];
        for chosen in 1_usize..8 {
            let takes = |index: usize| chosen >> index & 1 == 1;
            if (0..3).any(|index| takes(index) && parts[index].is_empty()) {
                continue;
            }
            key.clear();
            for (index, part) in parts.iter().enumerate() {
                if takes(index) {
                    fold_into(part, key);
                }
                key.push('\0');
            }
            if let Some(&program) = self.by_name.get(key.as_str()) {
                route.push(program);
            }
        }
    }
}

impl ProductRoutes {
    fn program(
        &self,
        source: &LogSource,
        native: &Map<String, Value>,
        key: &mut String,
    ) -> Option<ProgramIdx> {
        let mut event_id = event_id(native);
        key.clear();
        match field::get(native, "Channel") {
            Some(Value::String(channel)) => fold_into(channel, key),
            _ if !source.service.is_empty() => {
                fold_into(&source.service, key);
                match self.channel_of_service.get(key.as_str()) {
                    Some(channel) => {
                        key.clear();
                        key.push_str(channel);
                    }
                    None => return self.rest,
                }
            }
            _ => {
                fold_into(&source.category, key);
                match self.event_of_category.get(key.as_str()) {
                    Some((channel, of_category)) => {
                        key.clear();
                        key.push_str(channel);
                        event_id = event_id.or(Some(*of_category));
                    }
                    None => return self.rest,
                }
            }
        }
        let Some(channel) = self.channels.get(key.as_str()) else {
            return self.rest;
        };
        event_id
            .and_then(|id| channel.by_event_id.get(&id).copied())
            .or(channel.rest)
    }
}

/// The event id, a number or its text.
fn event_id(native: &Map<String, Value>) -> Option<u32> {
    match field::get(native, "EventID")? {
        Value::Number(number) => number.as_u64().and_then(|id| u32::try_from(id).ok()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn name_key(product: &str, service: &str, category: &str) -> String {
    format!("{product}\0{service}\0{category}\0")
}

/// Which rules, under which field maps, for which product: equal sets share a program.
type ProgramKey = (String, Vec<(RuleIdx, Option<String>)>);

struct Building<'b, 'r> {
    routing: &'b Routing,
    rules: &'b [Routed<'r>],
    router: Router,
    known: HashMap<ProgramKey, ProgramIdx>,
}

impl Building<'_, '_> {
    fn by_channel(&mut self) {
        let mut products: BTreeMap<&str, BTreeMap<&str, BTreeSet<u32>>> = BTreeMap::new();
        for routed in self.rules {
            for gate in &routed.destination.gates {
                let channels = products.entry(&routed.rule.logsource.product).or_default();
                let event_ids = channels.entry(&gate.channel).or_default();
                event_ids.extend(&gate.event_ids);
            }
        }
        for (product, channels) in products {
            let mut routes = ProductRoutes {
                rest: self.program(product, None),
                ..Default::default()
            };
            for (channel, event_ids) in channels.iter().filter(|(channel, _)| !channel.is_empty()) {
                let mut of_channel = ChannelRoutes {
                    rest: self.program(product, Some((channel, None))),
                    ..Default::default()
                };
                for &event_id in event_ids {
                    if let Some(program) = self.program(product, Some((channel, Some(event_id)))) {
                        of_channel.by_event_id.insert(event_id, program);
                    }
                }
                routes.channels.insert((*channel).into(), of_channel);
            }
            if let Some(known) = self.routing.product(product) {
                for (service, channel) in known.first_channels() {
                    routes
                        .channel_of_service
                        .insert(service.into(), channel.into());
                }
                for (category, channel, event_id) in known.first_events() {
                    routes
                        .event_of_category
                        .insert(category.into(), (channel.into(), event_id));
                }
            }
            self.router.products.insert(product.into(), routes);
        }
    }

    /// The program of a channel (every channel without a name) and an event id (every id that no
    /// rule names).
    fn program(&mut self, product: &str, event: Option<(&str, Option<u32>)>) -> Option<ProgramIdx> {
        let applies = |gate: &Gate| match event {
            None => gate.channel.is_empty(),
            Some((channel, event_id)) => {
                let ids = &gate.event_ids;
                (gate.channel.is_empty() || gate.channel == channel)
                    && (ids.is_empty() || event_id.is_some_and(|id| ids.contains(&id)))
            }
        };
        let members: Vec<(usize, Option<String>)> = self
            .rules
            .iter()
            .enumerate()
            .filter(|(_, routed)| routed.rule.logsource.product == product)
            .filter_map(|(index, routed)| {
                let gate = routed.destination.gates.iter().find(|gate| applies(gate))?;
                Some((index, gate.field_map.clone()))
            })
            .collect();
        self.compile(product, members)
    }

    fn by_name(&mut self) {
        let mut names: BTreeMap<String, (String, Vec<usize>)> = BTreeMap::new();
        for (index, routed) in self.rules.iter().enumerate() {
            if routed.destination.by_name {
                let source = &routed.rule.logsource;
                let key = name_key(&source.product, &source.service, &source.category);
                let entry = names
                    .entry(key)
                    .or_insert_with(|| (source.product.clone(), Vec::new()));
                entry.1.push(index);
            }
        }
        for (key, (product, indexes)) in names {
            let members = indexes.into_iter().map(|index| (index, None)).collect();
            if let Some(program) = self.compile(&product, members) {
                self.router.by_name.insert(key.into(), program);
            }
        }
    }

    fn compile(
        &mut self,
        product: &str,
        members: Vec<(usize, Option<String>)>,
    ) -> Option<ProgramIdx> {
        if members.is_empty() {
            return None;
        }
        let set = members
            .iter()
            .map(|(index, map)| (self.rules[*index].idx, map.clone()))
            .collect();
        let key: ProgramKey = (product.to_owned(), set);
        if let Some(&known) = self.known.get(&key) {
            return Some(known);
        }
        let members: Vec<Member<'_>> = members
            .iter()
            .map(|(index, map)| Member {
                rule: self.rules[*index].idx,
                detection: &self.rules[*index].rule.detection,
                field_map: map.as_ref().and_then(|map| self.routing.field_map(map)),
            })
            .collect();
        let program = lower::program(&members, self.routing.product(product));
        let index = u32::try_from(self.router.programs.len()).ok()?;
        self.router.programs.push(program);
        self.known.insert(key, index);
        Some(index)
    }
}
