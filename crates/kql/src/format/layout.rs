//! Where lines break: statements, pipelines, operators and their clauses.

use super::operators::{self, Form};
use super::pieces::Kind;
use super::printer::{Printer, Stretch};
use super::role::{Head, Role};

impl Printer<'_, '_> {
    /// The whole text.
    pub(super) fn text(&mut self) {
        let end = self.pieces.len().saturating_sub(1);
        self.script(0..end, 0);
        self.line(0);
        self.piece(end);
    }

    /// The pieces of a stretch that are not inside of brackets there; of brackets the opening one.
    pub(super) fn level(&self, stretch: Stretch) -> impl Iterator<Item = usize> + '_ {
        let mut at = stretch.start;
        std::iter::from_fn(move || {
            let here = (at < stretch.end).then_some(at)?;
            at = match self.pieces[here].role {
                Role::Open | Role::Block => self.pieces[here].mate.max(here) + 1,
                _ => here + 1,
            };
            Some(here)
        })
    }

    /// The stretches between pieces of this role, and the pieces.
    pub(super) fn split(&self, stretch: Stretch, role: Role) -> (Vec<Stretch>, Vec<usize>) {
        let marks: Vec<usize> = self
            .level(stretch.clone())
            .filter(|at| self.pieces[*at].role == role)
            .collect();
        let mut parts = Vec::with_capacity(marks.len() + 1);
        let mut start = stretch.start;
        for mark in &marks {
            parts.push(start..*mark);
            start = mark + 1;
        }
        parts.push(start..stretch.end);
        (parts, marks)
    }

    pub(super) fn has(&self, stretch: &Stretch, role: Role) -> bool {
        self.level(stretch.clone())
            .any(|at| self.pieces[at].role == role)
    }

    fn begins_operator(&self, stretch: &Stretch) -> bool {
        matches!(self.pieces[stretch.start].role, Role::Operator(_))
    }

    /// True when the stretch takes lines of its own inside brackets: a pipeline, or an operator that begins one.
    pub(super) fn is_query(&self, stretch: &Stretch) -> bool {
        !stretch.is_empty() && (self.begins_operator(stretch) || self.has(stretch, Role::Pipe))
    }

    /// Statements, each on a line of its own.
    pub(super) fn script(&mut self, stretch: Stretch, indent: usize) {
        let (statements, ends) = self.split(stretch, Role::Semicolon);
        for (n, statement) in statements.into_iter().enumerate() {
            self.line(indent);
            self.wrap = indent + self.step;
            let mut inner = indent;
            if !statement.is_empty() {
                if self.pieces[statement.start].text == "let" {
                    inner += self.step;
                }
                let tail = usize::from(ends.get(n).is_some());
                let tail = std::mem::replace(&mut self.tail, tail);
                self.statement(statement, indent);
                self.tail = tail;
            }
            if let Some(end) = ends.get(n) {
                self.wrap = inner;
                self.separate(*end, inner);
            }
        }
    }

    /// The `;` behind a statement, which only comments can keep from standing on its last line.
    fn separate(&mut self, end: usize, indent: usize) {
        if self.is_fresh() || !self.pieces[end].before.is_empty() {
            self.line(indent);
        }
        self.piece(end);
    }

    fn statement(&mut self, stretch: Stretch, indent: usize) {
        let binding = self
            .level(stretch.clone())
            .take(3)
            .find(|at| self.pieces[*at].role == Role::Assign);
        match binding {
            Some(equals) if self.pieces[stretch.start].text == "let" => {
                self.pieces(stretch.start..equals + 1);
                self.bound(equals + 1..stretch.end, indent);
            }
            _ => match self.arrow(&stretch) {
                Some(arrow) if !self.fits(&stretch) => self.step(stretch, arrow, indent),
                _ => self.pipeline(stretch, indent),
            },
        }
    }

    /// The `=>` of a step of `scan`.
    fn arrow(&self, stretch: &Stretch) -> Option<usize> {
        self.level(stretch.clone())
            .find(|at| self.pieces[*at].is("=>"))
    }

    /// `step name: condition` and on a new line what it assigns.
    fn step(&mut self, stretch: Stretch, arrow: usize, indent: usize) {
        let inner = indent + self.step;
        self.expression(stretch.start..arrow, inner);
        self.line(inner);
        self.wrap = inner + self.step;
        self.piece(arrow);
        self.list(arrow + 1..stretch.end, inner + self.step);
    }

    /// What a `let` gives a name to.
    fn bound(&mut self, value: Stretch, indent: usize) {
        if value.is_empty() || self.fits(&value) {
            return self.pieces(value);
        }
        let inner = indent + self.step;
        if self.has(&value, Role::Pipe) {
            self.line(inner);
            return self.pipeline(value, inner);
        }
        if self.begins_operator(&value) {
            let several = self.has(&value, Role::Comma);
            if several {
                self.line(inner);
            }
            return self.operator(value, if several { inner } else { indent });
        }
        self.expression(value, inner);
    }

    /// A source and its operators, each on a line of its own.
    pub(super) fn pipeline(&mut self, stretch: Stretch, indent: usize) {
        let (parts, pipes) = self.split(stretch, Role::Pipe);
        let tail = self.tail;
        for (n, part) in parts.into_iter().enumerate() {
            if let Some(pipe) = n.checked_sub(1).and_then(|n| pipes.get(n)) {
                self.line(indent);
                self.wrap = indent + self.step;
                self.piece(*pipe);
            }
            self.tail = if n == pipes.len() { tail } else { 0 };
            if !part.is_empty() {
                self.operator(part, indent);
            }
        }
    }

    /// An operator with its operands, or an expression.
    pub(super) fn operator(&mut self, stretch: Stretch, indent: usize) {
        let inner = indent + self.step;
        self.wrap = inner;
        if self.fits(&stretch) {
            return self.pieces(stretch);
        }
        let Role::Operator(Head { end: head, form }) = self.pieces[stretch.start].role else {
            return self.expression(stretch, inner);
        };
        let head = head.min(stretch.end);
        self.pieces(stretch.start..head);
        match form {
            Some(Form::Parse) => self.filled(head..stretch.end, inner),
            Some(Form::Branches) => self.branches(head..stretch.end, inner),
            Some(Form::Levels) => self.levels(head..stretch.end, inner),
            _ => self.clause_list(head..stretch.end, inner),
        }
    }

    /// Operands by clause, each in place or on a line of its own.
    fn clause_list(&mut self, stretch: Stretch, inner: usize) {
        for (words, operands) in self.clauses(stretch) {
            let mut indent = inner;
            let own_line = words
                .clone()
                .next()
                .is_some_and(|at| self.pieces[at].role == Role::LineClause);
            if own_line {
                self.line(inner);
                indent += self.step;
            }
            self.wrap = indent;
            let inline = !own_line && !words.is_empty();
            self.pieces(words);
            // Conditions joined by `and` stand below each other, as those with commas do.
            let joined = self.has(&operands, Role::And) && !self.has(&operands, Role::Comma);
            if inline && joined && !self.fits(&operands) {
                self.line(indent);
            }
            self.list(operands, indent);
        }
    }

    /// The operands of each clause with the words before them; the first may have none.
    fn clauses(&self, stretch: Stretch) -> Vec<(Stretch, Stretch)> {
        let mut clauses = Vec::new();
        let (mut words, mut start) = (stretch.start..stretch.start, stretch.start);
        for at in self.level(stretch.clone()) {
            if !matches!(self.pieces[at].role, Role::Clause | Role::LineClause) {
                continue;
            }
            // A word with dashes is several pieces.
            let mut end = at + 1;
            while end < stretch.end && self.pieces[end].role == Role::Tight {
                end = (end + 2).min(stretch.end);
            }
            if at == start {
                words.end = end;
            } else {
                clauses.push((words, start..at));
                words = at..end;
            }
            start = end;
        }
        clauses.push((words, start..stretch.end));
        clauses
    }

    /// The branches of `fork`, each on a line of its own.
    fn branches(&mut self, stretch: Stretch, indent: usize) {
        let level: Vec<usize> = self.level(stretch.clone()).collect();
        let mut start = stretch.start;
        for at in level {
            if self.pieces[at].role == Role::Open {
                let end = self.pieces[at].mate.max(at) + 1;
                self.line(indent);
                self.chain(start..end, indent);
                start = end;
            }
        }
        self.chain(start..stretch.end, indent);
    }

    /// The levels of `top-nested`: the first goes on where the keyword stands.
    fn levels(&mut self, stretch: Stretch, indent: usize) {
        let (levels, commas) = self.split(stretch, Role::Comma);
        for (n, level) in levels.into_iter().enumerate() {
            if n > 0 {
                self.line(indent);
            }
            self.chain(level, indent);
            if let Some(comma) = commas.get(n) {
                self.piece(*comma);
            }
        }
    }

    /// The text of a `parse` pattern, as much on each line as fits.
    fn filled(&mut self, stretch: Stretch, indent: usize) {
        let mut start = stretch.start;
        let level: Vec<usize> = self.level(stretch.clone()).collect();
        for n in 0..level.len() {
            // A unit is a text with what follows it; a star before a text belongs to it.
            let next = level.get(n + 1).copied().unwrap_or(stretch.end);
            let star = |n: usize| level.get(n).is_some_and(|at| self.pieces[*at].is("*"));
            let text = |n: usize| {
                let piece = level.get(n).map(|at| &self.pieces[*at]);
                piece.is_some_and(|piece| piece.kind == Kind::Literal)
            };
            let begins = (star(n + 1) && text(n + 2)) || (text(n + 1) && !star(n));
            if !begins && next != stretch.end {
                continue;
            }
            let unit = start..next;
            if start != stretch.start && !self.fits(&unit) {
                self.line(indent);
            }
            self.chain(unit, indent);
            start = next;
        }
    }

    /// The word that stands before a bracket.
    pub(super) fn callee(&self, open: usize) -> &str {
        open.checked_sub(1)
            .map_or("", |before| self.pieces[before].text)
    }

    /// How many values make a row of this list.
    pub(super) fn row_length(&self, open: usize) -> usize {
        if self.pieces[open].is("(") && operators::takes_pairs(self.callee(open)) {
            return 2;
        }
        self.pieces[open].row
    }
}
