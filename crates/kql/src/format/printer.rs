//! Writes pieces: blanks, line ends, indentation, and the comments that go with each piece.

use super::FormatOptions;
use super::pieces::{Comment, Piece};
use super::role::Role;

/// Running sums over the pieces, so that the width of any stretch is known at once.
struct Sums {
    /// Column of each piece if all stood on one line.
    columns: Vec<usize>,
    /// Column behind each piece in the same way.
    ends: Vec<usize>,
    /// Comments before each piece, its own included.
    comments: Vec<usize>,
    /// Pieces up to each, itself left out, that want lines of their own.
    broken: Vec<usize>,
}

impl Sums {
    fn new(pieces: &[Piece<'_>]) -> Self {
        let mut sums = Self {
            columns: Vec::with_capacity(pieces.len() + 1),
            ends: Vec::with_capacity(pieces.len() + 1),
            comments: Vec::with_capacity(pieces.len() + 1),
            broken: Vec::with_capacity(pieces.len() + 1),
        };
        let (mut column, mut comments, mut broken) = (0, 0, 0);
        let mut after = 0;
        for piece in pieces {
            column += usize::from(piece.space);
            comments += after + piece.before.len();
            after = usize::from(piece.after.is_some());
            sums.columns.push(column);
            sums.comments.push(comments);
            sums.broken.push(broken);
            column += piece.text.chars().count();
            sums.ends.push(column);
            let lines = matches!(piece.role, Role::Pipe | Role::Semicolon | Role::Block);
            broken += usize::from(lines || piece.lines || piece.text.contains('\n'));
        }
        sums.broken.push(broken);
        sums
    }
}

/// Half-open stretch of pieces.
pub(super) type Stretch = std::ops::Range<usize>;

/// The text as far as it is written.
pub(super) struct Printer<'p, 't> {
    pub(super) pieces: &'p [Piece<'t>],
    sums: Sums,
    width: usize,
    pub(super) step: usize,
    out: String,
    /// Where the next character goes.
    column: usize,
    /// Indentation of this line.
    pub(super) indent: usize,
    /// Nothing is on this line yet.
    fresh: bool,
    /// The last piece was an opening bracket: no blank line behind it.
    opened: bool,
    /// Indentation of lines that only a comment made necessary.
    pub(super) wrap: usize,
    /// Least indentation of what brackets on this line are broken into, less one step.
    pub(super) base: usize,
    /// Columns that have to follow the stretch being laid out on its last line.
    pub(super) tail: usize,
}

impl<'p, 't> Printer<'p, 't> {
    pub(super) fn new(pieces: &'p [Piece<'t>], options: &FormatOptions) -> Self {
        Self {
            pieces,
            sums: Sums::new(pieces),
            width: options.width,
            step: options.indent,
            out: String::new(),
            column: 0,
            indent: 0,
            fresh: true,
            opened: true,
            wrap: 0,
            base: 0,
            tail: 0,
        }
    }

    /// The text, with a line end behind its last line.
    pub(super) fn finish(mut self) -> String {
        if !self.fresh {
            self.out.push('\n');
        }
        self.out
    }

    /// Columns of a stretch on one line.
    pub(super) fn columns(&self, stretch: &Stretch) -> usize {
        let last = stretch.end.checked_sub(1);
        let end = last.and_then(|last| self.sums.ends.get(last));
        let start = self.sums.columns.get(stretch.start);
        end.zip(start)
            .map_or(0, |(end, start)| end.saturating_sub(*start))
    }

    /// True when something in the stretch needs lines of its own: a comment, a pipe, a text of several lines.
    pub(super) fn is_broken(&self, stretch: &Stretch) -> bool {
        if stretch.is_empty() {
            return false;
        }
        let comments = &self.sums.comments;
        let broken = &self.sums.broken;
        comments[stretch.end - 1] != comments[stretch.start]
            || broken[stretch.end] != broken[stretch.start]
    }

    /// True when the stretch goes on the rest of this line, with what has to follow it there.
    pub(super) fn fits(&self, stretch: &Stretch) -> bool {
        self.fits_with(stretch, self.tail)
    }

    /// The same with so many columns behind it.
    pub(super) fn fits_with(&self, stretch: &Stretch, tail: usize) -> bool {
        let space = !self.fresh && self.pieces.get(stretch.start).is_some_and(|p| p.space);
        let column = if self.fresh { self.indent } else { self.column };
        !self.is_broken(stretch)
            && column + usize::from(space) + self.columns(stretch) + tail <= self.width
    }

    /// True when nothing is on this line yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// A place in what is written, for [`Self::broke_since`].
    pub(super) fn mark(&self) -> usize {
        self.out.len()
    }

    /// True when a line ended since then.
    pub(super) fn broke_since(&self, mark: usize) -> bool {
        self.out.get(mark..).is_some_and(|text| text.contains('\n'))
    }

    /// Goes to a new line with this indentation; stays on one that is still empty.
    pub(super) fn line(&mut self, indent: usize) {
        if !self.fresh {
            self.out.push('\n');
        }
        self.fresh = true;
        self.indent = indent;
    }

    /// True when something was written, and no bracket is waiting for its content.
    fn may_skip_line(&self) -> bool {
        self.fresh && !self.opened && !self.out.ends_with("\n\n")
    }

    fn write(&mut self, text: &str) {
        if self.fresh {
            self.out.extend(std::iter::repeat_n(' ', self.indent));
            self.column = self.indent;
            self.fresh = false;
        }
        self.out.push_str(text);
        let line = text.rsplit('\n').next().unwrap_or("");
        let columns = line.chars().count();
        self.column = if line.len() == text.len() {
            self.column + columns
        } else {
            columns
        };
    }

    /// Writes the comments that stand on lines of their own before a piece.
    pub(super) fn comments(&mut self, comments: &[Comment<'t>]) {
        if comments.is_empty() {
            return;
        }
        let indent = if self.fresh { self.indent } else { self.wrap };
        for comment in comments {
            self.line(indent);
            if comment.blank && self.may_skip_line() {
                self.out.push('\n');
            }
            self.opened = false;
            self.write(comment.text);
            self.line(indent);
        }
    }

    /// Writes a piece with its comments.
    pub(super) fn piece(&mut self, at: usize) {
        let piece = &self.pieces[at];
        self.comments(&piece.before);
        self.bare(at);
    }

    /// Writes a piece without the comments before it.
    pub(super) fn bare(&mut self, at: usize) {
        let piece = &self.pieces[at];
        if piece.blank && self.may_skip_line() {
            self.out.push('\n');
        }
        if piece.text.is_empty() {
            return;
        }
        if piece.space && !self.fresh {
            self.write(" ");
        }
        self.write(piece.text);
        self.opened = matches!(piece.role, Role::Open | Role::Block);
        if let Some(comment) = piece.after {
            self.write(" ");
            self.write(comment.text);
            self.line(self.wrap);
        }
    }

    /// Writes a stretch without breaking it, except where a comment does.
    pub(super) fn pieces(&mut self, stretch: Stretch) {
        for at in stretch {
            self.piece(at);
        }
    }
}
