//! Where lines break: lists, brackets and expressions.

use super::printer::{Printer, Stretch};
use super::role::Role;

impl Printer<'_, '_> {
    /// Items with commas between them: on this line, or each on a line of its own.
    pub(super) fn list(&mut self, stretch: Stretch, indent: usize) {
        if stretch.is_empty() {
            return;
        }
        if self.fits(&stretch) {
            return self.pieces(stretch);
        }
        if !self.has(&stretch, Role::Comma) {
            return self.expression(stretch, indent);
        }
        self.items(stretch, indent, 1);
    }

    /// Items on lines of their own, so many of them a line.
    fn items(&mut self, stretch: Stretch, indent: usize, row: usize) {
        if row == 1 && self.is_numbers(&stretch) {
            return self.numbers(stretch, indent);
        }
        let (items, commas) = self.split(stretch, Role::Comma);
        for first in (0..items.len()).step_by(row.max(1)) {
            let last = (first + row.max(1)).min(items.len()) - 1;
            let end = commas.get(last).map_or(items[last].end, |comma| comma + 1);
            let whole = items[first].start..end;
            self.line(indent);
            self.wrap = indent + self.step;
            if self.fits_with(&whole, 0) {
                self.pieces(whole);
                continue;
            }
            let begun = self.mark();
            for (n, item) in items.iter().enumerate().take(last + 1).skip(first) {
                let end = commas.get(n).map_or(item.end, |comma| comma + 1);
                // The value of a condition of several lines goes behind it, any other is indented to belong to it.
                let indent = indent + if n == first { 0 } else { self.step };
                let behind = n > first && self.broke_since(begun) && !self.is_fresh();
                if !(behind && self.fits_with(&(item.start..end), 0)) {
                    self.line(indent);
                }
                self.wrap = indent + self.step;
                let tail = std::mem::replace(&mut self.tail, 1);
                self.item(item.clone(), indent);
                self.tail = tail;
                if let Some(comma) = commas.get(n) {
                    self.wrap = indent;
                    self.piece(*comma);
                }
            }
        }
    }

    /// True for numbers and times without comments: too short for a line each, and nobody looks for one in a diff.
    fn is_numbers(&self, stretch: &Stretch) -> bool {
        let number = |at: usize| {
            let piece = &self.pieces[at];
            let digit = piece.text.starts_with(|c: char| c.is_ascii_digit());
            matches!(piece.role, Role::Comma | Role::Sign) || digit
        };
        !self.is_broken(stretch) && stretch.clone().all(number)
    }

    /// Numbers, as many on each line as fit.
    fn numbers(&mut self, stretch: Stretch, indent: usize) {
        let (items, commas) = self.split(stretch, Role::Comma);
        self.line(indent);
        self.wrap = indent;
        for (n, item) in items.into_iter().enumerate() {
            let end = commas.get(n).map_or(item.end, |comma| comma + 1);
            let unit = item.start..end;
            if !self.is_fresh() && !self.fits_with(&unit, 0) {
                self.line(indent);
            }
            self.pieces(unit);
        }
    }

    fn item(&mut self, stretch: Stretch, indent: usize) {
        if stretch.is_empty() {
            return;
        }
        if self.is_query(&stretch) {
            return self.pipeline(stretch, indent);
        }
        self.expression(stretch, indent + self.step);
    }

    /// An expression; lines that go on with it are indented by so much.
    pub(super) fn expression(&mut self, stretch: Stretch, indent: usize) {
        if stretch.is_empty() {
            return;
        }
        self.wrap = indent;
        if self.fits(&stretch) {
            return self.pieces(stretch);
        }
        let equals = self
            .level(stretch.clone())
            .take(3)
            .find(|at| self.pieces[*at].role == Role::Assign);
        if let Some(equals) = equals {
            self.pieces(stretch.start..equals + 1);
            return self.expression(equals + 1..stretch.end, indent);
        }
        for role in [Role::Or, Role::And] {
            if self.has(&stretch, role) {
                return self.operands(stretch, role, indent);
            }
        }
        let sums = self
            .level(stretch.clone())
            .filter(|at| self.pieces[*at].role == Role::Additive);
        if sums.count() > 1 {
            return self.operands(stretch, Role::Additive, indent);
        }
        self.chain(stretch, indent);
    }

    /// Operands, each but the first on a line of its own with the operator before it.
    fn operands(&mut self, stretch: Stretch, role: Role, indent: usize) {
        let (operands, operators) = self.split(stretch, role);
        for (n, operand) in operands.into_iter().enumerate() {
            if let Some(operator) = n.checked_sub(1).and_then(|n| operators.get(n)) {
                self.line(indent);
                self.wrap = indent + self.step;
                self.piece(*operator);
            }
            // What the first operand breaks into must not look like what follows it.
            let base = std::mem::replace(&mut self.base, if n == 0 { indent } else { 0 });
            self.expression(operand, indent + self.step);
            self.base = base;
        }
    }

    /// Pieces in a row of which only brackets can be broken.
    pub(super) fn chain(&mut self, stretch: Stretch, indent: usize) {
        let mut at = stretch.start;
        while at < stretch.end {
            let role = self.pieces[at].role;
            if !matches!(role, Role::Open | Role::Block) {
                self.wrap = indent;
                self.piece(at);
                at += 1;
                continue;
            }
            let close = self.pieces[at].mate.max(at);
            let empty = close == at + 1 && !self.is_broken(&(at..close + 1));
            let rest = self.rest(close + 1..stretch.end);
            if empty || self.fits_with(&(at..close + 1), rest) {
                self.pieces(at..close + 1);
            } else {
                let tail = std::mem::replace(&mut self.tail, rest);
                self.bracket(at, close);
                self.tail = tail;
            }
            at = close + 1;
        }
    }

    /// Columns up to where a line can next be broken.
    fn rest(&self, stretch: Stretch) -> usize {
        let next = self
            .level(stretch.clone())
            .find(|at| matches!(self.pieces[*at].role, Role::Open | Role::Block));
        match next {
            Some(open) => self.columns(&(stretch.start..open + 1)) + 1,
            None if stretch.is_empty() => self.tail,
            None => self.columns(&stretch) + 1 + self.tail,
        }
    }

    /// A bracket whose content does not fit on the line.
    fn bracket(&mut self, open: usize, close: usize) {
        let outer = self.indent.max(self.base);
        let inner = outer + self.step;
        let content = open + 1..close;
        self.wrap = inner;
        if self.hugs(open, close) {
            self.piece(open);
            self.tail += 1;
            self.expression(content, inner);
            self.wrap = outer;
            return self.piece(close);
        }
        self.piece(open);
        self.line(inner);
        let (tail, base) = (self.tail, self.base);
        (self.tail, self.base) = (0, 0);
        if self.pieces[open].role == Role::Block || self.has(&content, Role::Semicolon) {
            self.script(content, inner);
        } else if self.is_query(&content) {
            self.pipeline(content, inner);
        } else if self.has(&content, Role::Comma) {
            self.items(content, inner, self.row_length(open));
        } else {
            self.expression(content, inner);
        }
        (self.tail, self.base) = (tail, base);
        // A comment at the end of the content is no comment on the bracket.
        let pieces = self.pieces;
        if !pieces[close].before.is_empty() {
            self.line(inner);
        }
        self.comments(&pieces[close].before);
        self.line(outer);
        self.wrap = outer;
        self.bare(close);
    }

    /// True when the brackets need no lines of their own, because what is inside ends in a bracket itself.
    fn hugs(&self, open: usize, close: usize) -> bool {
        let content = open + 1..close;
        if content.is_empty() || self.pieces[open].role == Role::Block {
            return false;
        }
        let last = content.end - 1;
        let bracket =
            self.pieces[last].role == Role::Close && !self.is_index(self.pieces[last].mate);
        let commented = self.is_broken(&(open..open + 2)) || self.is_broken(&(last..close + 1));
        let plain = |role: Role| {
            !matches!(
                role,
                Role::Comma | Role::Semicolon | Role::Pipe | Role::And | Role::Or | Role::Additive
            ) && !matches!(role, Role::Operator(_))
        };
        let single = self.level(content).all(|at| plain(self.pieces[at].role));
        let head = open..self.pieces[last].mate.max(open) + 1;
        let ends = bracket && self.fits_with(&head, 0);
        single && !commented && (ends || self.is_index(open))
    }

    /// True for `value[...]`, which is never broken for its own sake.
    fn is_index(&self, open: usize) -> bool {
        let piece = &self.pieces[open];
        let before = open.checked_sub(1).map(|before| self.pieces[before].role);
        piece.is("[")
            && !piece.data
            && matches!(before, Some(Role::Word | Role::Close | Role::Tight))
    }
}
