//! What each piece is in its context: one pass over the pieces with a stack of open brackets.

use super::operators::{self, Form, Operator};
use super::pieces::{Kind, Piece};

/// What a piece is in its context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A name; brackets right behind it are its arguments or index.
    Word,
    /// A word of the language: a bracket behind it stands apart.
    Keyword,
    /// The keyword of a query operator.
    Operator(Head),
    /// A word that divides an operator's operands.
    Clause,
    /// A clause that begins a new line when the operator is broken.
    LineClause,
    And,
    Or,
    /// A literal, or `*` as an operand.
    Value,
    Open,
    Close,
    /// `{` round statements.
    Block,
    Comma,
    Semicolon,
    Pipe,
    /// Between two operands.
    Between,
    /// `name = value`.
    Assign,
    /// `+` or `-` between two operands.
    Additive,
    /// A sign before an operand.
    Sign,
    /// Holds together what stands on both sides.
    Tight,
    /// Belongs to what stands before it: the colon of `"key": value`.
    Label,
    /// Blanks are as in the text.
    AsWritten,
}

/// An operator's keyword and options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// One past the last piece.
    pub(super) end: usize,
    /// How the operands are laid out, where the operator is known.
    pub(super) form: Option<Form>,
}

impl Role {
    /// True when an operand ends here, so that what follows is an operator between two.
    fn ends_operand(self) -> bool {
        matches!(
            self,
            Role::Word | Role::Value | Role::Close | Role::AsWritten
        )
    }
}

/// Where in a statement, a bracket or an operator the pass is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// A statement may begin here.
    Statement,
    /// A query may begin here.
    Query,
    /// An operator begins here.
    Operator,
    /// Behind an operator's keyword.
    Options,
    /// In its operands, or in an expression.
    Operands,
}

/// An open bracket, or the text.
struct Level {
    stage: Stage,
    operator: Option<&'static Operator>,
    /// The operator's first piece.
    start: usize,
    /// `let name` was read, `=` was not.
    binding: bool,
    /// A clause of the operator was read.
    clause: bool,
    /// `name=value` pairs, as in `with (title="x")`.
    options: bool,
    /// `step name: condition`.
    steps: bool,
    /// `{` round statements, or the text itself.
    statements: bool,
    /// The edge of a graph pattern.
    edge: bool,
    /// Its opening bracket.
    open: usize,
    commas: usize,
}

impl Level {
    fn new(stage: Stage) -> Self {
        Self {
            stage,
            operator: None,
            start: 0,
            binding: false,
            clause: false,
            options: false,
            steps: false,
            statements: stage == Stage::Statement,
            edge: false,
            open: 0,
            commas: 0,
        }
    }

    fn form(&self) -> Option<Form> {
        self.operator.map(|operator| operator.form)
    }

    fn begin(&mut self) {
        self.operator = None;
        self.clause = false;
        self.binding = false;
    }
}

/// Pieces of the longest keyword, `graph-shortest-paths`.
const LONGEST_KEYWORD: usize = 5;

struct Pass<'p, 't> {
    pieces: &'p mut [Piece<'t>],
    at: usize,
    levels: Vec<Level>,
    /// Commas in the brackets closed last.
    commas: usize,
    /// The next piece begins a statement.
    begins: bool,
}

/// Gives every piece its role.
pub(super) fn assign(pieces: &mut [Piece<'_>]) {
    let mut pass = Pass {
        pieces,
        at: 0,
        levels: vec![Level::new(Stage::Statement)],
        commas: 0,
        begins: false,
    };
    while pass.at < pass.pieces.len() {
        pass.step();
    }
}

impl Pass<'_, '_> {
    fn level(&mut self) -> &mut Level {
        if self.levels.is_empty() {
            self.levels.push(Level::new(Stage::Statement));
        }
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    fn previous(&self) -> Option<Role> {
        let at = self.at.checked_sub(1)?;
        Some(self.pieces[at].role)
    }

    fn after_operand(&self) -> bool {
        self.previous().is_some_and(Role::ends_operand)
    }

    fn piece(&self, ahead: usize) -> Option<&Piece<'_>> {
        self.pieces.get(self.at + ahead)
    }

    fn ahead(&self, n: usize, punctuation: &str) -> bool {
        self.piece(n).is_some_and(|piece| piece.is(punctuation))
    }

    fn name_ahead(&self, n: usize) -> bool {
        self.piece(n).is_some_and(Piece::is_name)
    }

    fn take(&mut self, role: Role) {
        let piece = &mut self.pieces[self.at];
        piece.role = role;
        // Blank lines mean something between statements and operators only.
        piece.blank &= std::mem::take(&mut self.begins) || role == Role::Pipe;
        self.at += 1;
    }

    fn step(&mut self) {
        let stage = self.level().stage;
        self.begins = stage == Stage::Statement && self.level().statements;
        match self.pieces[self.at].kind {
            Kind::Name => self.name(),
            Kind::Literal => self.operand(Role::Value),
            Kind::Punctuation(p) => self.punctuation(p),
            Kind::Other => self.operand(Role::AsWritten),
        }
    }

    /// Takes a piece of an expression.
    fn operand(&mut self, role: Role) {
        self.level().stage = Stage::Operands;
        self.take(role);
    }

    fn name(&mut self) {
        let word = self.pieces[self.at].text;
        if self.pieces[self.at].data {
            return self.operand(Role::Value);
        }
        let stage = self.level().stage;
        match stage {
            Stage::Statement if self.statement(word) => return,
            Stage::Statement | Stage::Query if self.query(word) => return,
            Stage::Operator => return self.operator(),
            Stage::Options if self.option(word) => return,
            _ => {}
        }
        let (dashed, length) = self.dashed();
        let held = operators::is_dashed(&dashed);
        let (clause, pieces) = if held {
            (dashed.as_str(), length)
        } else {
            (word, 1)
        };
        if self.clause(clause, pieces) {
            return;
        }
        if held {
            self.level().stage = Stage::Operands;
            return self.join(length, Role::Keyword);
        }
        let role = match word {
            "and" => Role::And,
            "or" => Role::Or,
            _ if self.after_operand() && operators::is_between_values(word) => Role::Keyword,
            "view" if self.ahead(1, "(") && self.previous() == Some(Role::Assign) => Role::Keyword,
            _ if self.level().form() == Some(Form::Partition) => Role::Keyword,
            _ => Role::Word,
        };
        self.operand(role);
    }

    /// `let`, `set`, `declare` and the like.
    fn statement(&mut self, word: &str) -> bool {
        let statement = matches!(word, "let" | "set" | "declare" | "alias" | "restrict");
        if !statement || !(self.name_ahead(1) || self.ahead(1, "[")) {
            return false;
        }
        self.level().binding = word == "let";
        self.level().stage = Stage::Operands;
        self.take(Role::Keyword);
        true
    }

    /// An operator where a query begins; a name or a call otherwise.
    fn query(&mut self, word: &str) -> bool {
        let (dashed, length) = self.dashed();
        let operand = self.piece(length).is_some_and(|next| match next.kind {
            Kind::Literal => true,
            Kind::Name => !operators::is_between_values(next.text) || operators::begins_query(word),
            Kind::Punctuation(p) => {
                matches!(p, "(" | "[" | "*" | "-") && operators::begins_query(word)
            }
            Kind::Other => false,
        });
        let found = operand && operators::find(&dashed).is_some();
        if found {
            self.operator();
        }
        found
    }

    /// The keyword and what follows it up to its operands.
    fn operator(&mut self) {
        let start = self.at;
        let (word, length) = self.dashed();
        let level = self.level();
        level.begin();
        level.operator = operators::find(&word);
        level.start = start;
        level.stage = Stage::Options;
        self.join(length, Role::Keyword);
        let form = self.level().form();
        self.pieces[start].role = match form {
            // Reads like a call.
            Some(Form::Table) => Role::Word,
            _ => Role::Operator(Head { end: self.at, form }),
        };
    }

    /// The operator's head reaches to here.
    fn extend_head(&mut self) {
        let (start, end) = (self.level().start, self.at);
        if let Role::Operator(head) = &mut self.pieces[start].role {
            head.end = end;
        }
    }

    /// A word with dashes that touch, and how many pieces it takes.
    fn dashed(&self) -> (String, usize) {
        let mut word = self.pieces[self.at].text.to_owned();
        let mut length = 1;
        let touching = |piece: Option<&Piece<'_>>| piece.is_some_and(|piece| piece.touching);
        while length < LONGEST_KEYWORD
            && self.ahead(length, "-")
            && self.name_ahead(length + 1)
            && touching(self.piece(length))
            && touching(self.piece(length + 1))
        {
            word.push('-');
            word.push_str(self.piece(length + 1).map_or("", |piece| piece.text));
            length += 2;
        }
        (word, length)
    }

    /// Takes so many pieces as one word.
    fn join(&mut self, length: usize, role: Role) {
        for n in 0..length {
            self.take(if n % 2 == 0 { role } else { Role::Tight });
        }
    }

    /// `kind=`, `hint.strategy=` between an operator's keyword and its operands.
    fn option(&mut self, word: &str) -> bool {
        if self.previous() == Some(Role::Tight) {
            // A name as an option's value: a bracket behind it is the operand.
            self.take(Role::Keyword);
            self.extend_head();
            return true;
        }
        let hint = word == "hint" && self.ahead(1, ".");
        let own = match self.level().form() {
            Some(Form::Properties) => true,
            Some(form) => form.has_options() && operators::is_option(word),
            None => false,
        };
        let mut length = 1;
        while hint && self.ahead(length, ".") && self.name_ahead(length + 1) {
            length += 2;
        }
        if !(hint || own) || !self.ahead(length, "=") {
            return false;
        }
        self.join(length + 1, Role::Word);
        if self
            .piece(0)
            .is_some_and(|value| value.kind == Kind::Literal)
        {
            self.take(Role::Value);
        }
        self.extend_head();
        true
    }

    /// A word that divides the operands of this level's operator.
    fn clause(&mut self, word: &str, length: usize) -> bool {
        let Some(operator) = self.level().operator else {
            return false;
        };
        let lines = operator.lines.contains(&word);
        let stands = match self.previous() {
            Some(Role::Keyword | Role::Clause | Role::LineClause | Role::Operator(_)) => true,
            previous => previous.is_some_and(Role::ends_operand),
        };
        if !(lines || operator.inline.contains(&word)) || !stands {
            return false;
        }
        let first = self.level().stage == Stage::Options;
        let start = self.at;
        self.join(length, Role::Keyword);
        self.pieces[start].role = if lines {
            Role::LineClause
        } else {
            Role::Clause
        };
        if first {
            self.extend_head();
        }
        let level = self.level();
        level.clause = true;
        level.stage = Stage::Operands;
        true
    }

    fn punctuation(&mut self, p: &str) {
        match p {
            "(" | "[" | "{" => self.open(p),
            ")" | "]" | "}" => self.close(),
            "," => {
                // Arguments and lists may hold queries.
                let level = self.level();
                level.commas += 1;
                if level.operator.is_none() {
                    level.stage = Stage::Query;
                }
                self.take(Role::Comma);
            }
            ";" => {
                let level = self.level();
                level.begin();
                level.stage = Stage::Statement;
                self.take(Role::Semicolon);
            }
            "|" => {
                self.level().stage = Stage::Operator;
                self.take(Role::Pipe);
            }
            "=" => self.equals(),
            _ if self.pieces[self.at].data => {
                self.operand(if p == ":" { Role::Label } else { Role::Sign });
            }
            _ => self.sign(p),
        }
    }

    fn open(&mut self, p: &str) {
        let piece = &self.pieces[self.at];
        let block = p == "{" && !piece.data;
        let data = piece.data;
        let behind_with = self.at > 0 && self.pieces[self.at - 1].text == "with";
        let parent = self.level();
        let form = parent.form();
        let pattern = form == Some(Form::Graph) && !parent.clause;
        parent.stage = Stage::Operands;
        let mut level = Level::new(match p {
            "{" if block => Stage::Statement,
            "(" if !data && !pattern => Stage::Query,
            _ => Stage::Operands,
        });
        level.options = behind_with && matches!(form, Some(Form::Properties | Form::Table));
        level.steps = behind_with && form == Some(Form::Steps);
        level.edge = pattern && p == "[";
        level.open = self.at;
        self.levels.push(level);
        if p == "[" && self.closes_schema() {
            self.pieces[self.at].row = self.commas + 1;
        }
        self.take(if block { Role::Block } else { Role::Open });
    }

    /// True when the piece before closes the schema of a `datatable`.
    fn closes_schema(&self) -> bool {
        let before = |at: usize| Some(&self.pieces[at.checked_sub(1)?]);
        before(self.at)
            .filter(|close| close.role == Role::Close)
            .and_then(|close| before(close.mate))
            .is_some_and(|word| word.text == "datatable")
    }

    fn close(&mut self) {
        let trailing = self.previous() == Some(Role::Comma);
        if let Some(level) = self.levels.pop() {
            self.commas = level.commas;
            let row = self.pieces[level.open].row;
            let values = level.commas + usize::from(!trailing);
            // A table of several columns and rows is read as one.
            self.pieces[level.open].lines = row > 1 && values > row;
        }
        self.take(Role::Close);
    }

    fn equals(&mut self) {
        let before = self.at.checked_sub(1).map_or("", |at| self.pieces[at].text);
        let after_default = before == "default";
        let option = operators::is_option(before);
        let level = self.level();
        let form = level.form();
        let tight = level.options
            || form == Some(Form::Properties)
            || (after_default && form == Some(Form::Options))
            || (option && form == Some(Form::Options) && level.clause)
            || (option && before.starts_with("with_"))
            || (option && (level.steps || form == Some(Form::Graph)));
        level.stage = if std::mem::take(&mut level.binding) {
            Stage::Query
        } else {
            Stage::Operands
        };
        self.take(if tight { Role::Tight } else { Role::Assign });
    }

    fn sign(&mut self, p: &str) {
        let after = self.after_operand();
        let level = self.level();
        let form = level.form();
        let pattern = level.edge || (form == Some(Form::Graph) && !level.clause);
        let steps = level.steps;
        let role = match p {
            "." => Role::Tight,
            ":" if steps => Role::Label,
            ":" if self.ahead(1, "(") && form.is_some() => Role::Between,
            ":" => Role::Tight,
            "*" => return self.star(pattern),
            ".." if pattern => Role::AsWritten,
            "-" | "<" | ">" | "-->" | "<--" if pattern => Role::Tight,
            "+" | "-" if after => Role::Additive,
            "+" | "-" => Role::Sign,
            "!" | "?" | "@" | "~" | "&" | "<|" => Role::AsWritten,
            _ => Role::Between,
        };
        self.operand(role);
    }

    /// A star multiplies, is an operand, or belongs to a name pattern.
    fn star(&mut self, pattern: bool) {
        let form = self.level().form();
        let patterns = matches!(form, Some(Form::Patterns | Form::NamePatterns));
        let touches = self.pieces[self.at].touching;
        let ends = match self.piece(1).map(|next| (next.kind, next.text)) {
            Some((Kind::Punctuation(p), _)) => matches!(p, "," | "|" | ")" | ";"),
            Some((Kind::Name, word)) => matches!(word, "asc" | "desc" | "where"),
            Some((Kind::Other, _)) | None => true,
            Some((Kind::Literal, _)) => false,
        };
        let after_operand = self.after_operand();
        let role = match form {
            Some(Form::Parse) => Role::Value,
            _ if pattern || patterns || !after_operand || (touches && ends) => Role::AsWritten,
            _ => Role::Between,
        };
        self.operand(role);
    }
}
