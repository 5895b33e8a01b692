//! Builds a [`Program`] from rules: names fields, shares predicates, picks triggers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::condition::Condition;
use crate::detection::{Detection, Item, Term, Test};
use crate::field::{ANY, FieldId, FieldTable};
use crate::literal;
use crate::pattern::{Part, Pattern, fold};
use crate::program::{
    Automaton, Expr, ExprId, FieldIndex, Hit, Lazy, LazyTest, Place, Pred, PredId, Program,
    ProgramRule,
};
use crate::routing::{FieldMap, Product};
use crate::ruleset::RuleIdx;

/// A rule as one program has to see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member<'r> {
    pub(crate) rule: RuleIdx,
    pub(crate) detection: &'r Detection,
    pub(crate) field_map: Option<&'r FieldMap>,
}

/// Compiles the rules that one kind of event has to pass.
pub(crate) fn program(members: &[Member<'_>], product: Option<&Product>) -> Program {
    let mut builder = Builder::new(product);
    for member in members {
        builder.add(member);
    }
    builder.finish()
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Equal(FieldId, String),
    Within(FieldId, Place, String),
    Lazy(FieldId, String),
}

/// Indexed predicates of one field while they are collected.
#[derive(Default)]
struct Collected {
    equal: BTreeMap<String, Vec<PredId>>,
    within: BTreeMap<String, Vec<Hit>>,
}

struct Builder<'p> {
    product: Option<&'p Product>,
    program: Program,
    field_ids: HashMap<String, FieldId>,
    pred_ids: HashMap<Key, PredId>,
    /// How telling each predicate is as a trigger; lazy ones count nothing.
    weights: Vec<u32>,
    collected: BTreeMap<FieldId, Collected>,
    triggers: Vec<Vec<u32>>,
}

impl<'p> Builder<'p> {
    fn new(product: Option<&'p Product>) -> Self {
        Self {
            product,
            program: Program {
                fields: FieldTable::new(product),
                ..Program::default()
            },
            field_ids: HashMap::new(),
            pred_ids: HashMap::new(),
            weights: Vec::new(),
            collected: BTreeMap::new(),
            triggers: Vec::new(),
        }
    }

    fn add(&mut self, member: &Member<'_>) {
        let selections: Vec<ExprId> = member
            .detection
            .selections
            .iter()
            .map(|selection| self.term(&selection.term, member.field_map))
            .collect();
        let expr = self.condition(&member.detection.condition, &selections);
        let index = u32::try_from(self.program.rules.len()).unwrap_or(u32::MAX);
        match self.trigger(expr) {
            Some((_, preds)) => {
                for pred in preds {
                    let rules = &mut self.triggers[pred as usize];
                    if rules.last() != Some(&index) {
                        rules.push(index);
                    }
                }
            }
            None => self.program.always.push(index),
        }
        self.program.rules.push(ProgramRule {
            rule: member.rule,
            expr,
        });
    }

    fn push(&mut self, expr: Expr) -> ExprId {
        self.program.exprs.push(expr);
        u32::try_from(self.program.exprs.len() - 1).unwrap_or(u32::MAX)
    }

    fn condition(&mut self, condition: &Condition, selections: &[ExprId]) -> ExprId {
        let expr = match condition {
            Condition::Selection(index) => return selections[*index],
            Condition::Not(inner) => Expr::Not(self.condition(inner, selections)),
            Condition::And(terms) => {
                let terms = terms
                    .iter()
                    .map(|term| self.condition(term, selections))
                    .collect();
                return self.all(terms);
            }
            Condition::Or(terms) => {
                let terms = terms
                    .iter()
                    .map(|term| self.condition(term, selections))
                    .collect();
                return self.any(terms);
            }
            Condition::Of(count, selected) => {
                let terms: Vec<ExprId> = selected.iter().map(|&index| selections[index]).collect();
                match count {
                    None => return self.all(terms),
                    Some(1) => return self.any(terms),
                    Some(count) => Expr::AtLeast(*count, terms.into()),
                }
            }
        };
        self.push(expr)
    }

    fn all(&mut self, mut terms: Vec<ExprId>) -> ExprId {
        if let [only] = terms[..] {
            return only;
        }
        // What the indexes have answered already comes first.
        terms.sort_by_key(|&term| self.cost(term));
        self.push(Expr::And(terms.into()))
    }

    fn any(&mut self, mut terms: Vec<ExprId>) -> ExprId {
        if let [only] = terms[..] {
            return only;
        }
        terms.sort_by_key(|&term| self.cost(term));
        self.push(Expr::Or(terms.into()))
    }

    /// Rough cost of an expression: lazy predicates in it.
    fn cost(&self, expr: ExprId) -> usize {
        match &self.program.exprs[expr as usize] {
            Expr::Pred(pred) => match &self.program.preds[*pred as usize] {
                Pred::Indexed => 0,
                Pred::Lazy(lazy) => match (&lazy.test, lazy.guards.len()) {
                    (LazyTest::HasValue | LazyTest::Exists, _) => 1,
                    (_, 0) => 20,
                    _ => 4,
                },
            },
            Expr::Not(inner) => self.cost(*inner),
            Expr::And(terms) | Expr::Or(terms) | Expr::AtLeast(_, terms) => {
                terms.iter().map(|&term| self.cost(term)).sum()
            }
        }
    }

    fn term(&mut self, term: &Term, map: Option<&FieldMap>) -> ExprId {
        match term {
            Term::All(terms) => {
                let terms = terms.iter().map(|term| self.term(term, map)).collect();
                self.all(terms)
            }
            Term::Any(terms) => {
                let terms = terms.iter().map(|term| self.term(term, map)).collect();
                self.any(terms)
            }
            Term::Item(item) => self.item(item, map),
        }
    }

    fn item(&mut self, item: &Item, map: Option<&FieldMap>) -> ExprId {
        let field = match &item.field {
            Some(name) => self.field(name, map),
            None => {
                self.program.fields.use_any();
                ANY
            }
        };
        let values = item.field.as_ref().and_then(|name| map?.values.get(name));
        let mut exprs = Vec::with_capacity(item.values.len());
        for value in &item.values {
            let tests = value
                .tests
                .iter()
                .map(|test| self.test(field, test, map, values))
                .collect();
            exprs.push(self.any(tests));
        }
        let expr = if item.all {
            self.all(exprs)
        } else {
            self.any(exprs)
        };
        if item.negated {
            self.push(Expr::Not(expr))
        } else {
            expr
        }
    }

    fn field(&mut self, name: &str, map: Option<&FieldMap>) -> FieldId {
        let name = map
            .and_then(|map| map.fields.get(name))
            .map_or(name, String::as_str);
        if let Some(&field) = self.field_ids.get(name) {
            return field;
        }
        let aliases = self.product.and_then(|product| product.aliases.get(name));
        let field = self
            .program
            .fields
            .add(name, aliases.map_or(&[], Vec::as_slice));
        self.field_ids.insert(name.to_owned(), field);
        field
    }

    fn test(
        &mut self,
        field: FieldId,
        test: &Test,
        map: Option<&FieldMap>,
        values: Option<&BTreeMap<String, String>>,
    ) -> ExprId {
        let lazy = match test {
            Test::Text { pattern, cased } => {
                let mapped = values
                    .zip(pattern.as_literal())
                    .and_then(|(values, text)| values.get(&fold(text)))
                    .map(|value| Pattern::literal(value));
                return self.text(field, mapped.as_ref().unwrap_or(pattern), *cased);
            }
            Test::Null => {
                let has_value = self.lazy(field, &[], LazyTest::HasValue);
                return self.push(Expr::Not(has_value));
            }
            Test::Exists(wanted) => {
                let exists = self.lazy(field, &[], LazyTest::Exists);
                return if *wanted {
                    exists
                } else {
                    self.push(Expr::Not(exists))
                };
            }
            Test::Regex(regex) => {
                let guards = self.guards(field, literal::required(regex.as_str()));
                return self.lazy(field, &guards, LazyTest::Regex(Arc::clone(regex)));
            }
            Test::Cidr(network) => LazyTest::Cidr(*network),
            Test::Compare(comparison, number) => LazyTest::Compare(*comparison, *number),
            Test::Time(part, comparison, number) => LazyTest::Time(*part, *comparison, *number),
            Test::FieldRef {
                field: other,
                relation,
                cased,
            } => LazyTest::FieldRef {
                other: self.field(other, map),
                relation: *relation,
                cased: *cased,
            },
        };
        self.lazy(field, &[], lazy)
    }

    fn text(&mut self, field: FieldId, pattern: &Pattern, cased: bool) -> ExprId {
        let folded = pattern.folded();
        if cased {
            let guards = self.guards(
                field,
                folded.longest_text().map(|text| vec![text.to_owned()]),
            );
            return self.lazy(field, &guards, LazyTest::CasedGlob(pattern.clone()));
        }
        let pred = match folded.parts() {
            [] => self.equal(field, ""),
            [Part::Text(text)] => self.equal(field, text),
            [Part::Any, Part::Text(text), Part::Any] => self.within(field, Place::Anywhere, text),
            [Part::Text(text), Part::Any] => self.within(field, Place::Start, text),
            [Part::Any, Part::Text(text)] => self.within(field, Place::End, text),
            [Part::Any] => return self.lazy(field, &[], LazyTest::HasValue),
            _ => {
                let longest = folded.longest_text().map(|text| vec![text.to_owned()]);
                let guards = self.guards(field, longest);
                return self.lazy(field, &guards, LazyTest::Glob(folded));
            }
        };
        self.push(Expr::Pred(pred))
    }

    fn guards(&mut self, field: FieldId, texts: Option<Vec<String>>) -> Vec<PredId> {
        let texts = texts.unwrap_or_default();
        texts
            .iter()
            .map(|text| self.within(field, Place::Anywhere, text))
            .collect()
    }

    fn equal(&mut self, field: FieldId, text: &str) -> PredId {
        let key = Key::Equal(field, text.to_owned());
        let weight = u32::try_from(text.len())
            .unwrap_or(u32::MAX)
            .saturating_add(2)
            .min(14);
        let (pred, new) = self.pred(key, Pred::Indexed, weight);
        if new {
            let collected = self.collected.entry(field).or_default();
            collected
                .equal
                .entry(text.to_owned())
                .or_default()
                .push(pred);
        }
        pred
    }

    fn within(&mut self, field: FieldId, place: Place, text: &str) -> PredId {
        let key = Key::Within(field, place, text.to_owned());
        let weight = u32::try_from(text.len()).unwrap_or(u32::MAX).min(14);
        let (pred, new) = self.pred(key, Pred::Indexed, weight);
        if new {
            let collected = self.collected.entry(field).or_default();
            collected
                .within
                .entry(text.to_owned())
                .or_default()
                .push(Hit { place, pred });
        }
        pred
    }

    fn lazy(&mut self, field: FieldId, guards: &[PredId], test: LazyTest) -> ExprId {
        let key = Key::Lazy(field, format!("{test:?}"));
        let lazy = Pred::Lazy(Lazy {
            field,
            guards: guards.into(),
            test,
        });
        let (pred, _) = self.pred(key, lazy, 0);
        self.push(Expr::Pred(pred))
    }

    fn pred(&mut self, key: Key, pred: Pred, weight: u32) -> (PredId, bool) {
        if let Some(&known) = self.pred_ids.get(&key) {
            return (known, false);
        }
        let id = u32::try_from(self.program.preds.len()).unwrap_or(u32::MAX);
        self.program.preds.push(pred);
        self.weights.push(weight);
        self.triggers.push(Vec::new());
        self.pred_ids.insert(key, id);
        (id, true)
    }

    /// Indexed predicates of which at least one holds whenever the expression does, with how
    /// telling the weakest of them is. `None` when there are none.
    fn trigger(&self, expr: ExprId) -> Option<(u32, Vec<PredId>)> {
        match &self.program.exprs[expr as usize] {
            Expr::Pred(pred) => match &self.program.preds[*pred as usize] {
                Pred::Indexed => Some((self.weights[*pred as usize], vec![*pred])),
                Pred::Lazy(lazy) if lazy.guards.is_empty() => None,
                Pred::Lazy(lazy) => {
                    let weights = lazy
                        .guards
                        .iter()
                        .map(|&guard| self.weights[guard as usize]);
                    Some((weights.min()?, lazy.guards.to_vec()))
                }
            },
            Expr::Not(_) => None,
            Expr::And(terms) => terms
                .iter()
                .filter_map(|&term| self.trigger(term))
                // The most telling; among equals the shortest list.
                .max_by_key(|(weight, preds)| (*weight, std::cmp::Reverse(preds.len()))),
            Expr::Or(terms) | Expr::AtLeast(_, terms) => {
                let mut weakest = u32::MAX;
                let mut all = Vec::new();
                for &term in terms {
                    let (weight, preds) = self.trigger(term)?;
                    weakest = weakest.min(weight);
                    all.extend(preds);
                }
                all.sort_unstable();
                all.dedup();
                Some((weakest, all))
            }
        }
    }

    fn finish(mut self) -> Program {
        for (field, collected) in std::mem::take(&mut self.collected) {
            let equal = collected.equal.into_iter();
            let within: Vec<(String, Vec<Hit>)> = collected.within.into_iter().collect();
            self.program.indexes.push(FieldIndex {
                field,
                equal: equal
                    .map(|(text, preds)| (text.into(), preds.into()))
                    .collect(),
                within: automata(&within),
            });
        }
        self.program.triggers = self.triggers.into_iter().map(Into::into).collect();
        self.program
    }
}

/// One automaton; more if the texts are too many for one.
fn automata(texts: &[(String, Vec<Hit>)]) -> Vec<Automaton> {
    if texts.is_empty() {
        return Vec::new();
    }
    let built = AhoCorasick::builder()
        .match_kind(MatchKind::Standard)
        .build(texts.iter().map(|(text, _)| text));
    match built {
        Ok(automaton) => {
            let hits = texts.iter().map(|(_, hits)| hits.clone().into()).collect();
            vec![Automaton { automaton, hits }]
        }
        // A single text always fits: a rule file is far smaller than the automaton's limit.
        Err(_) if texts.len() == 1 => Vec::new(),
        Err(_) => {
            let (left, right) = texts.split_at(texts.len() / 2);
            let mut both = automata(left);
            both.extend(automata(right));
            both
        }
    }
}
