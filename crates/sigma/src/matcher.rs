//! Runs a [`Program`] over an event.
//!
//! Nothing is allocated once the buffers of [`Scratch`] have grown to the size of the rules and
//! the events.

use serde_json::{Map, Value};

use crate::field::{FieldId, Slot};
use crate::leaf::{self, LeafTexts};
use crate::program::{Expr, ExprId, FieldIndex, Lazy, LazyTest, Place, Pred, PredId, Program};
use crate::ruleset::RuleIdx;

/// Buffers for matching, one a thread, used again for every event.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Empty between events; only its capacity is kept.
    leaves: Vec<&'static Value>,
    slots: Vec<Slot>,
    texts: LeafTexts,
    bits: Bits,
    /// When each rule of the program was last made a candidate.
    stamps: Vec<u64>,
    epoch: u64,
    candidates: Vec<u32>,
    pub(crate) route_key: String,
    pub(crate) fired: Vec<RuleIdx>,
}

/// Stands for no value in a vector that never holds one.
static NULL: Value = Value::Null;

/// What is known of each predicate for the current event.
#[derive(Debug, Default)]
struct Bits {
    holds: Vec<u64>,
    known: Vec<u64>,
    /// Predicates with a bit in either.
    touched: Vec<PredId>,
}

impl Bits {
    fn make_room(&mut self, preds: usize) {
        let words = preds.div_ceil(64);
        if self.holds.len() < words {
            self.holds.resize(words, 0);
            self.known.resize(words, 0);
        }
    }

    fn holds(&self, pred: PredId) -> bool {
        self.holds[pred as usize / 64] >> (pred % 64) & 1 == 1
    }

    fn is_known(&self, pred: PredId) -> bool {
        self.known[pred as usize / 64] >> (pred % 64) & 1 == 1
    }

    /// True when the predicate was not yet known to hold.
    fn set(&mut self, pred: PredId) -> bool {
        let word = &mut self.holds[pred as usize / 64];
        let bit = 1 << (pred % 64);
        let new = *word & bit == 0;
        if new {
            *word |= bit;
            self.touched.push(pred);
        }
        new
    }

    fn learn(&mut self, pred: PredId, holds: bool) {
        self.known[pred as usize / 64] |= 1 << (pred % 64);
        if !holds || !self.set(pred) {
            self.touched.push(pred);
        }
    }

    fn clear(&mut self) {
        for pred in self.touched.drain(..) {
            self.holds[pred as usize / 64] = 0;
            self.known[pred as usize / 64] = 0;
        }
    }
}

/// Calls `on_match` with each rule of the program that matches, in the order of the program.
pub(crate) fn run(
    program: &Program,
    native: &Map<String, Value>,
    scratch: &mut Scratch,
    mut on_match: impl FnMut(RuleIdx),
) {
    // Same allocation, other lifetime: an empty vector holds no reference.
    let mut leaves: Vec<&Value> = std::mem::take(&mut scratch.leaves);
    program
        .fields
        .resolve(native, &mut leaves, &mut scratch.slots);
    scratch.texts.start(leaves.len());
    scratch.bits.make_room(program.preds.len());
    scratch.epoch += 1;
    if scratch.stamps.len() < program.rules.len() {
        scratch.stamps.resize(program.rules.len(), 0);
    }
    scratch.candidates.clear();
    scratch.candidates.extend_from_slice(&program.always);
    for index in &program.indexes {
        search(program, index, &leaves, scratch);
    }
    // One order whatever the order of the event's fields.
    scratch.candidates.sort_unstable();
    let mut evaluation = Evaluation {
        program,
        leaves: &leaves,
        slots: &scratch.slots,
        texts: &mut scratch.texts,
        bits: &mut scratch.bits,
    };
    for &candidate in &scratch.candidates {
        let rule = &program.rules[candidate as usize];
        if evaluation.expr(rule.expr) {
            on_match(rule.rule);
        }
    }
    scratch.bits.clear();
    leaves.clear();
    // `collect` reuses the allocation of a vector whose elements have the same size.
    scratch.leaves = leaves.into_iter().map(|_| &NULL).collect();
}

/// Sets the bits of one field's indexed predicates and collects the rules they trigger.
fn search(program: &Program, index: &FieldIndex, leaves: &[&Value], scratch: &mut Scratch) {
    for leaf in scratch.slots[index.field as usize].leaves() {
        let text = scratch.texts.folded(leaf, leaves[leaf]);
        let bits = &mut scratch.bits;
        let (stamps, epoch) = (&mut scratch.stamps, scratch.epoch);
        let candidates = &mut scratch.candidates;
        let mut hold = |pred: PredId| {
            if !bits.set(pred) {
                return;
            }
            for &rule in &program.triggers[pred as usize] {
                let stamp = &mut stamps[rule as usize];
                if *stamp != epoch {
                    *stamp = epoch;
                    candidates.push(rule);
                }
            }
        };
        if let Some(preds) = index.equal.get(text) {
            preds.iter().for_each(|&pred| hold(pred));
        }
        for automaton in &index.within {
            for found in automaton.automaton.find_overlapping_iter(text) {
                for hit in &automaton.hits[found.pattern().as_usize()] {
                    let right_place = match hit.place {
                        Place::Anywhere => true,
                        Place::Start => found.start() == 0,
                        Place::End => found.end() == text.len(),
                    };
                    if right_place {
                        hold(hit.pred);
                    }
                }
            }
        }
    }
}

struct Evaluation<'p, 'e, 's> {
    program: &'p Program,
    leaves: &'s [&'e Value],
    slots: &'s [Slot],
    texts: &'s mut LeafTexts,
    bits: &'s mut Bits,
}

impl Evaluation<'_, '_, '_> {
    fn expr(&mut self, expr: ExprId) -> bool {
        match &self.program.exprs[expr as usize] {
            Expr::Pred(pred) => self.pred(*pred),
            Expr::Not(inner) => !self.expr(*inner),
            Expr::And(terms) => terms.iter().all(|&term| self.expr(term)),
            Expr::Or(terms) => terms.iter().any(|&term| self.expr(term)),
            Expr::AtLeast(count, terms) => {
                let mut left = *count;
                for &term in terms {
                    if left > 0 && self.expr(term) {
                        left -= 1;
                    }
                }
                left == 0
            }
        }
    }

    fn pred(&mut self, pred: PredId) -> bool {
        match &self.program.preds[pred as usize] {
            Pred::Indexed => self.bits.holds(pred),
            Pred::Lazy(_) if self.bits.is_known(pred) => self.bits.holds(pred),
            Pred::Lazy(lazy) => {
                let guarded = lazy.guards.is_empty()
                    || lazy.guards.iter().any(|&guard| self.bits.holds(guard));
                let holds = guarded && self.lazy(lazy);
                self.bits.learn(pred, holds);
                holds
            }
        }
    }

    fn lazy(&mut self, lazy: &Lazy) -> bool {
        let slot = self.slots[lazy.field as usize];
        let leaves = self.leaves;
        match &lazy.test {
            LazyTest::Exists => slot.rank > 0,
            LazyTest::HasValue => slot.count > 0,
            LazyTest::Glob(pattern) => slot
                .leaves()
                .any(|leaf| pattern.matches(self.texts.folded(leaf, leaves[leaf]))),
            LazyTest::CasedGlob(pattern) => slot
                .leaves()
                .any(|leaf| pattern.matches(self.texts.raw(leaf, leaves[leaf]))),
            LazyTest::Regex(regex) => slot
                .leaves()
                .any(|leaf| regex.is_match(self.texts.raw(leaf, leaves[leaf]))),
            LazyTest::Cidr(network) => slot.leaves().any(|leaf| {
                leaf::address(leaves[leaf]).is_some_and(|address| network.contains(&address))
            }),
            LazyTest::Compare(comparison, number) => slot.leaves().any(|leaf| {
                leaf::number(leaves[leaf]).is_some_and(|value| comparison.holds(value, *number))
            }),
            LazyTest::Time(part, comparison, number) => slot.leaves().any(|leaf| {
                leaf::time_part(leaves[leaf], *part)
                    .is_some_and(|value| comparison.holds(value, *number))
            }),
            LazyTest::FieldRef {
                other,
                relation,
                cased,
            } => slot.leaves().any(|leaf| {
                self.compare_with_field(
                    leaf,
                    *other,
                    |left, right| relation.holds(left, right),
                    *cased,
                )
            }),
        }
    }

    fn compare_with_field(
        &mut self,
        leaf: usize,
        other: FieldId,
        holds: impl Fn(&str, &str) -> bool,
        cased: bool,
    ) -> bool {
        let leaves = self.leaves;
        self.slots[other as usize].leaves().any(|other| {
            if cased {
                self.texts.raw(leaf, leaves[leaf]);
                self.texts.raw(other, leaves[other]);
                let left = self.texts.raw_before(leaf, leaves[leaf]);
                holds(left, self.texts.raw_before(other, leaves[other]))
            } else {
                self.texts.folded(leaf, leaves[leaf]);
                self.texts.folded(other, leaves[other]);
                holds(
                    self.texts.folded_before(leaf),
                    self.texts.folded_before(other),
                )
            }
        })
    }
}
