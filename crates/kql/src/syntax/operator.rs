//! Query operators: what stands between two pipes.

use crate::diagnostic::{Code, closest};
use crate::types::{Span, Type};

use super::parser::Parser;
use super::tree::{
    Constant, Expansion, Expr, ExprKind, Level, Name, Op, OpKind, Option_, Order, Piece, ScanStep,
    SeriesItem,
};

/// Operators that may follow a pipe, for "did you mean".
pub(super) const OPERATORS: &[&str] = &[
    "as",
    "assert-schema",
    "consume",
    "count",
    "distinct",
    "evaluate",
    "extend",
    "facet",
    "filter",
    "fork",
    "getschema",
    "invoke",
    "join",
    "limit",
    "lookup",
    "make-graph",
    "make-series",
    "mv-apply",
    "mv-expand",
    "order",
    "parse",
    "parse-kv",
    "parse-where",
    "partition",
    "project",
    "project-away",
    "project-keep",
    "project-rename",
    "project-reorder",
    "reduce",
    "render",
    "sample",
    "sample-distinct",
    "scan",
    "search",
    "serialize",
    "sort",
    "summarize",
    "take",
    "top",
    "top-hitters",
    "top-nested",
    "union",
    "where",
];

/// Most operators of one pipeline: each is a level of the plan.
const MAX_OPERATORS: usize = 150;

impl Parser<'_> {
    /// A word with dashes, such as `project-away`, and how many tokens it takes.
    fn dashed(&self) -> (String, usize) {
        let mut word = self.word(0).to_owned();
        let mut taken = 1;
        while !word.is_empty()
            && self.ahead(taken, "-")
            && !self.word(taken + 1).is_empty()
            && self.token(taken - 1).span.end == self.token(taken).span.start
            && self.token(taken).span.end == self.token(taken + 1).span.start
        {
            word.push('-');
            word.push_str(self.word(taken + 1));
            taken += 2;
        }
        (word, taken)
    }

    fn skip(&mut self, tokens: usize) {
        for _ in 0..tokens {
            self.advance();
        }
    }

    /// An operator at the start of a query.
    pub(super) fn source_operator(&mut self) -> Option<Op> {
        let start = self.span();
        let (word, _) = self.dashed();
        let followed = !self.ahead(1, "=") && !self.ahead(1, "|") && !self.ahead(1, ".");
        let source = match word.as_str() {
            "print" | "union" | "search" | "find" | "range" | "evaluate" => {
                followed && !(self.ahead(1, "(") && word == "range") && !self.ahead(1, ")")
            }
            "datatable" | "externaldata" => self.ahead(1, "("),
            "external_data" => self.ahead(1, "("),
            _ => false,
        };
        if !source {
            return None;
        }
        self.advance();
        let kind = match word.as_str() {
            "print" => OpKind::Print(self.columns()),
            "union" => self.union(),
            "search" => self.search(),
            "find" => self.find(),
            "range" => self.range(),
            "evaluate" => self.evaluate(),
            "datatable" => self.datatable(),
            _ => self.external_data(),
        };
        Some(Op {
            kind,
            span: self.since(start),
        })
    }

    /// `| op | op ...`.
    pub(super) fn operators(&mut self) -> Vec<Op> {
        let mut ops = Vec::new();
        while self.at("|") {
            self.advance();
            // A pipe at the end, or two in a row, is a half-typed query.
            let op = self.operator();
            ops.push(op);
            if ops.len() > MAX_OPERATORS {
                self.too_deep();
            }
        }
        ops
    }

    fn operator(&mut self) -> Op {
        let start = self.span();
        let depth = self.depth;
        let (word, tokens) = self.dashed();
        let kind = self.operator_body(&word, tokens, start);
        self.depth = depth;
        if !self.at_boundary() {
            self.expected("`|` or the end of the query");
            self.recover();
        }
        Op {
            kind,
            span: self.since(start),
        }
    }

    fn operator_body(&mut self, word: &str, tokens: usize, start: Span) -> OpKind {
        self.skip(tokens);
        match word {
            "where" | "filter" => {
                self.options(&[]);
                OpKind::Where(self.expression())
            }
            "extend" => OpKind::Extend(self.columns_required()),
            "project" => OpKind::Project(self.columns()),
            "project-away" => OpKind::ProjectAway(self.patterns(Self::columns)),
            "project-keep" => OpKind::ProjectKeep(self.patterns(Self::columns)),
            "project-rename" => OpKind::ProjectRename(self.columns()),
            "project-reorder" => OpKind::ProjectReorder(self.patterns(Self::orders)),
            "summarize" => self.summarize(),
            "sort" | "order" => {
                self.options(&[]);
                self.expect_word("by");
                OpKind::Sort(self.orders())
            }
            "top" => self.top(),
            "take" | "limit" => OpKind::Take(self.sum()),
            "distinct" => {
                self.options(&[]);
                OpKind::Distinct(self.columns_required())
            }
            "count" => OpKind::Count(self.eat_word("as").then(|| self.name("a name"))),
            "join" => self.join(false),
            "lookup" => self.join(true),
            "union" => self.union(),
            "mv-expand" | "mvexpand" => self.mv_expand(),
            "mv-apply" | "mvapply" => self.mv_apply(),
            "parse" => self.parse_operator(false),
            "parse-where" => self.parse_operator(true),
            "parse-kv" => self.parse_kv(),
            "print" => OpKind::Print(self.columns()),
            "search" => self.search(),
            "find" => self.find(),
            "as" => {
                self.options(&[]);
                OpKind::As(self.name("a name"))
            }
            "serialize" => OpKind::Serialize(self.columns()),
            "sample" => OpKind::Sample(self.sum()),
            "sample-distinct" => {
                let count = self.sum();
                self.expect_word("of");
                OpKind::SampleDistinct {
                    count,
                    of: self.named(false),
                }
            }
            "render" => self.render(),
            "evaluate" => self.evaluate(),
            "invoke" => OpKind::Invoke(self.unary()),
            "getschema" => OpKind::GetSchema,
            "consume" => {
                self.options(&["decodeblocks"]);
                OpKind::Consume
            }
            "make-series" => self.make_series(),
            "top-nested" => self.top_nested(),
            "top-hitters" => {
                let count = self.sum();
                self.expect_word("of");
                let of = self.named(false);
                OpKind::TopHitters {
                    count,
                    of,
                    by: self.eat_word("by").then(|| self.expression()),
                }
            }
            "partition" | "__partitionby" => self.partition(),
            "reduce" => {
                self.options(&["kind"]);
                self.expect_word("by");
                let by = self.expression();
                if self.eat_word("with") {
                    self.option_list();
                }
                OpKind::Reduce { by }
            }
            "scan" => self.scan(),
            "fork" => self.fork(),
            "facet" => self.facet(),
            "assert-schema" => OpKind::AssertSchema(self.schema().0),
            "make-graph"
            | "graph-match"
            | "graph-shortest-paths"
            | "graph-to-table"
            | "graph-mark-components"
            | "macro-expand"
            | "project-by-names" => {
                self.recover();
                OpKind::Opaque(word.to_owned())
            }
            "" => {
                self.expected("an operator");
                OpKind::Error
            }
            _ => {
                let end = self.previous_end();
                let mut message = format!("unknown operator `{word}`");
                if let Some(near) = closest(word, OPERATORS.iter().copied()) {
                    message.push_str(&format!("; did you mean `{near}`?"));
                }
                self.error(
                    Code::UnknownOperator,
                    Span {
                        start: start.start,
                        end,
                    },
                    message,
                );
                self.recover();
                OpKind::Error
            }
        }
    }

    /// Reads where name patterns may stand.
    fn patterns<T>(&mut self, read: fn(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.patterns, true);
        let result = read(self);
        self.patterns = outer;
        result
    }

    fn columns_required(&mut self) -> Vec<Expr> {
        if self.at_boundary() {
            self.expected("an expression");
        }
        self.columns()
    }

    /// `name = value` pairs of the given names, and `hint.x = value`, before an operator's operands.
    fn options(&mut self, allowed: &[&str]) -> Vec<Option_> {
        let mut list = Vec::new();
        loop {
            let start = self.span();
            let word = self.word(0).to_ascii_lowercase();
            let dotted = word == "hint" && self.ahead(1, ".");
            let known = dotted || (allowed.contains(&word.as_str()) && self.ahead(1, "="));
            if !known {
                return list;
            }
            let mut name = word;
            self.advance();
            while self.eat(".") {
                name = format!("{name}.{}", self.word(0));
                self.advance();
            }
            self.expect("=");
            let value = self.option_value();
            list.push(Option_ {
                name,
                value,
                span: self.since(start),
            });
        }
    }

    fn option_value(&mut self) -> Expr {
        let start = self.span();
        if let Some(name) = self.try_name() {
            return Expr {
                kind: ExprKind::Name(name.text),
                span: self.since(start),
            };
        }
        self.unary()
    }

    /// `(a = b, c = d)`.
    fn option_list(&mut self) -> Vec<Option_> {
        let mut list = Vec::new();
        if self.expect("(") {
            while !self.at(")") && !self.at_end() {
                let start = self.span();
                let name = self.name("an option").text.to_ascii_lowercase();
                self.expect("=");
                let value = if self.at("(") {
                    self.expression()
                } else {
                    self.option_value()
                };
                list.push(Option_ {
                    name,
                    value,
                    span: self.since(start),
                });
                if !self.eat(",") {
                    break;
                }
            }
            self.expect(")");
        }
        list
    }

    fn order(&mut self) -> Order {
        let expr = self.named(false);
        let descending = if self.eat_word("desc") {
            Some(true)
        } else if self.eat_word("asc") || self.eat_granny_asc() {
            Some(false)
        } else {
            None
        };
        let nulls_first = self.eat_word("nulls").then(|| {
            let first = self.eat_word("first");
            if !first {
                self.expect_word("last");
            }
            first
        });
        Order {
            expr,
            descending,
            nulls_first,
        }
    }

    /// `granny-asc` of project-reorder (numbers in names sort by value).
    fn eat_granny_asc(&mut self) -> bool {
        let (word, tokens) = self.dashed();
        let hit = word == "granny-asc" || word == "granny-desc";
        if hit {
            self.skip(tokens);
        }
        hit
    }

    fn orders(&mut self) -> Vec<Order> {
        let mut list = vec![self.order()];
        while self.eat(",") {
            list.push(self.order());
        }
        list
    }

    fn summarize(&mut self) -> OpKind {
        self.options(&[]);
        let mut aggregates = Vec::new();
        while !self.at_boundary() && !self.at_word("by") {
            aggregates.push(self.named(false));
            if !self.eat(",") {
                break;
            }
        }
        let by = if self.eat_word("by") {
            self.columns_required()
        } else {
            Vec::new()
        };
        OpKind::Summarize { aggregates, by }
    }

    fn top(&mut self) -> OpKind {
        let count = self.sum();
        self.expect_word("by");
        OpKind::Top {
            count,
            by: self.orders(),
        }
    }

    fn join(&mut self, lookup: bool) -> OpKind {
        let options = self.options(&["kind"]);
        let right = self.table_operand();
        let on = if self.eat_word("on") {
            self.columns_required()
        } else {
            Vec::new()
        };
        OpKind::Join {
            options,
            right,
            on,
            lookup,
        }
    }

    /// A table: a name, a call, or a pipeline in parentheses.
    fn table_operand(&mut self) -> Expr {
        if matches!(self.word(0), "datatable" | "externaldata")
            && self.ahead(1, "(")
            && let Some(op) = self.source_operator()
        {
            return Expr {
                span: op.span,
                kind: ExprKind::Source(Box::new(op)),
            };
        }
        self.unary()
    }

    fn union(&mut self) -> OpKind {
        let options = self.options(&["kind", "withsource", "with_source", "isfuzzy"]);
        let mut inputs = Vec::new();
        while !self.at_boundary() {
            inputs.push(self.patterns(Self::table_operand));
            if !self.eat(",") {
                break;
            }
        }
        if inputs.is_empty() {
            self.expected("a table");
        }
        OpKind::Union { options, inputs }
    }

    fn expansions(&mut self) -> Vec<Expansion> {
        let mut items = Vec::new();
        loop {
            let expr = self.named(false);
            let mut ty = None;
            if self.at_word("to") && self.word(1) == "typeof" {
                self.advance();
                self.advance();
                self.expect("(");
                ty = self.type_name();
                self.expect(")");
            }
            items.push(Expansion { expr, ty });
            if !self.eat(",") {
                return items;
            }
        }
    }

    fn mv_expand(&mut self) -> OpKind {
        let options = self.options(&["kind", "bagexpansion", "with_itemindex"]);
        let items = self.expansions();
        let limit = self.eat_word("limit").then(|| self.sum());
        OpKind::MvExpand {
            options,
            items,
            limit,
        }
    }

    fn mv_apply(&mut self) -> OpKind {
        let options = self.options(&["kind", "bagexpansion", "with_itemindex"]);
        let items = self.expansions();
        let limit = self.eat_word("limit").then(|| self.sum());
        let mut more = self.options(&["id"]);
        let mut options = options;
        options.append(&mut more);
        self.expect_word("on");
        let body = self.subpipeline();
        OpKind::MvApply {
            options,
            items,
            limit,
            body,
        }
    }

    /// `( op | op )`.
    fn subpipeline(&mut self) -> Vec<Op> {
        if !self.expect("(") {
            return Vec::new();
        }
        let ops = self.deeper(
            |_| Vec::new(),
            |p| {
                let mut ops = if p.at("|") || p.at(")") {
                    Vec::new()
                } else {
                    vec![p.operator()]
                };
                ops.append(&mut p.operators());
                ops
            },
        );
        self.expect(")");
        ops
    }

    fn parse_operator(&mut self, only_matches: bool) -> OpKind {
        let options = self.options(&["kind", "flags"]);
        let value = self.unary();
        self.expect_word("with");
        let mut pieces = Vec::new();
        while !self.at_boundary() {
            if self.eat("*") {
                pieces.push(Piece::Star);
            } else if let Some(text) = self.string() {
                pieces.push(Piece::Text(text));
            } else if let Some(name) = self.try_name() {
                let ty = if self.eat(":") {
                    self.type_name()
                } else {
                    None
                };
                pieces.push(Piece::Column(name, ty));
            } else {
                self.expected("a string, a column or `*`");
                self.recover();
            }
        }
        OpKind::Parse {
            options,
            value,
            pieces,
            only_matches,
        }
    }

    fn parse_kv(&mut self) -> OpKind {
        let value = self.unary();
        self.expect_word("as");
        let (keys, _) = self.schema();
        let options = if self.eat_word("with") {
            self.option_list()
        } else {
            Vec::new()
        };
        OpKind::ParseKv {
            value,
            keys,
            options,
        }
    }

    fn range(&mut self) -> OpKind {
        let name = self.name("a column");
        self.expect_word("from");
        let from = self.expression();
        self.expect_word("to");
        let to = self.expression();
        self.expect_word("step");
        OpKind::Range {
            name,
            from,
            to,
            step: self.expression(),
        }
    }

    fn datatable(&mut self) -> OpKind {
        self.options(&[]);
        let (columns, _) = self.schema();
        let mut values = Vec::new();
        if self.expect("[") {
            while !self.at("]") && !self.at_end() {
                values.push(self.expression());
                if !self.eat(",") {
                    break;
                }
            }
            self.expect("]");
        }
        OpKind::Datatable { columns, values }
    }

    fn external_data(&mut self) -> OpKind {
        let (columns, _) = self.schema();
        let mut uris = Vec::new();
        if self.expect("[") {
            while !self.at("]") && !self.at_end() {
                uris.push(self.expression());
                if !self.eat(",") {
                    break;
                }
            }
            self.expect("]");
        }
        let options = if self.eat_word("with") {
            self.option_list()
        } else {
            Vec::new()
        };
        OpKind::ExternalData {
            columns,
            uris,
            options,
        }
    }

    fn search(&mut self) -> OpKind {
        let options = self.options(&["kind"]);
        let mut tables = Vec::new();
        if self.at_word("in") && self.ahead(1, "(") {
            self.advance();
            self.advance();
            tables = self.table_list();
        }
        OpKind::Search {
            options,
            tables,
            predicate: self.expression(),
        }
    }

    fn table_list(&mut self) -> Vec<Expr> {
        let mut tables = Vec::new();
        while !self.at(")") && !self.at_end() {
            tables.push(self.patterns(Self::table_operand));
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")");
        tables
    }

    fn find(&mut self) -> OpKind {
        let options = self.options(&["withsource", "with_source", "datascope"]);
        let mut tables = Vec::new();
        if self.at_word("in") && self.ahead(1, "(") {
            self.advance();
            self.advance();
            tables = self.table_list();
        }
        let predicate = if self.eat_word("where") {
            Some(self.expression())
        } else if self.at_boundary() {
            None
        } else {
            Some(self.expression())
        };
        let mut project = None;
        if self.eat_word("project") {
            let mut columns = Vec::new();
            loop {
                let expr = self.unary();
                // `name:type` reads as a search term; take it apart again.
                let ty = if self.eat(":") {
                    self.type_name()
                } else {
                    None
                };
                columns.push((expr, ty));
                if !self.eat(",") {
                    break;
                }
            }
            project = Some(columns);
        } else {
            let (word, tokens) = self.dashed();
            if word == "project-smart" {
                self.skip(tokens);
            }
        }
        OpKind::Find {
            options,
            tables,
            predicate,
            project,
        }
    }

    fn render(&mut self) -> OpKind {
        let kind = self.name("a chart");
        let mut properties = Vec::new();
        let mut push = |option: Option_| {
            let value = match option.value.kind {
                ExprKind::Name(text) | ExprKind::Literal(Constant::String(text)) => text,
                ExprKind::Literal(Constant::Bool(b)) => b.to_string(),
                ExprKind::Literal(Constant::Long(n)) => n.to_string(),
                ExprKind::Literal(Constant::Real(n)) => n.to_string(),
                _ => String::new(),
            };
            properties.push((option.name, value));
        };
        if self.eat_word("with") {
            if self.expect("(") {
                while !self.at(")") && !self.at_end() {
                    let start = self.span();
                    let name = self.name("a property").text.to_ascii_lowercase();
                    self.expect("=");
                    let value = self.option_value();
                    push(Option_ {
                        name,
                        value,
                        span: self.since(start),
                    });
                    // `ycolumns = a, b`: further names without a `=` belong to the property before.
                    while self.at(",") && !self.word(1).is_empty() && !self.ahead(2, "=") {
                        self.advance();
                        self.advance();
                    }
                    self.eat(",");
                }
                self.expect(")");
            }
        } else {
            while !self.at_boundary() {
                let start = self.span();
                let name = self.name("a property").text.to_ascii_lowercase();
                if !self.expect("=") {
                    self.recover();
                    break;
                }
                let value = self.option_value();
                push(Option_ {
                    name,
                    value,
                    span: self.since(start),
                });
            }
        }
        OpKind::Render { kind, properties }
    }

    fn evaluate(&mut self) -> OpKind {
        self.options(&[]);
        let call = self.unary();
        let schema = self.eat(":").then(|| self.schema());
        OpKind::Evaluate { call, schema }
    }

    fn make_series(&mut self) -> OpKind {
        self.options(&["kind"]);
        let mut items = Vec::new();
        loop {
            let expr = self.named(false);
            let default = if self.eat_word("default") {
                self.expect("=");
                Some(self.sum())
            } else {
                None
            };
            items.push(SeriesItem { expr, default });
            if !self.eat(",") {
                break;
            }
        }
        self.expect_word("on");
        let axis = self.named_sum();
        let (mut from, mut to) = (None, None);
        let step;
        if self.eat_word("in") {
            self.expect_word("range");
            self.expect("(");
            from = Some(self.expression());
            self.expect(",");
            to = Some(self.expression());
            self.expect(",");
            step = self.expression();
            self.expect(")");
        } else {
            if self.eat_word("from") {
                from = Some(self.expression());
            }
            if self.eat_word("to") {
                to = Some(self.expression());
            }
            self.expect_word("step");
            step = self.expression();
        }
        let by = if self.eat_word("by") {
            self.columns_required()
        } else {
            Vec::new()
        };
        OpKind::MakeSeries {
            items,
            axis,
            from,
            to,
            step,
            by,
        }
    }

    fn top_nested(&mut self) -> OpKind {
        let mut levels = Vec::new();
        loop {
            let count = if self.at_word("of") {
                None
            } else {
                Some(self.sum())
            };
            self.expect_word("of");
            let of = self.named(false);
            let mut others = None;
            if self.at_word("with") && self.word(1) == "others" {
                self.advance();
                self.advance();
                self.expect("=");
                others = Some(self.sum());
            }
            self.expect_word("by");
            let by = self.named(false);
            let descending = !self.eat_word("asc");
            self.eat_word("desc");
            levels.push(Level {
                count,
                of,
                others,
                by,
                descending,
            });
            if !self.eat(",") {
                return OpKind::TopNested(levels);
            }
            let (word, tokens) = self.dashed();
            if word == "top-nested" {
                self.skip(tokens);
            } else {
                self.expected("`top-nested`");
                return OpKind::TopNested(levels);
            }
        }
    }

    fn partition(&mut self) -> OpKind {
        let mut options = self.options(&[]);
        self.eat_word("by");
        // Not an expression: `by Name (...)` would read as a call.
        let start = self.span();
        let by = Expr {
            kind: ExprKind::Name(self.name("a column").text),
            span: self.since(start),
        };
        options.append(&mut self.options(&[]));
        // The legacy form takes whole queries in braces.
        if self.at("{") {
            self.recover();
            return OpKind::Opaque("partition".to_owned());
        }
        OpKind::Partition {
            options,
            by,
            body: self.subpipeline(),
        }
    }

    fn scan(&mut self) -> OpKind {
        let options = self.options(&["with_match_id"]);
        let mut match_id = None;
        for option in &options {
            if option.name == "with_match_id"
                && let ExprKind::Name(text) = &option.value.kind
            {
                match_id = Some(Name {
                    text: text.clone(),
                    span: option.value.span,
                });
            }
        }
        let mut partition = Vec::new();
        let mut order = Vec::new();
        let mut declare = Vec::new();
        if self.at_word("partition") {
            self.advance();
            self.expect_word("by");
            partition = self.plain_list();
        }
        if self.at_word("order") {
            self.advance();
            self.expect_word("by");
            order = self.orders();
        }
        if self.eat_word("declare") {
            declare = self.declarations();
        }
        self.expect_word("with");
        self.expect("(");
        let mut steps = Vec::new();
        while self.eat_word("step") {
            steps.push(self.scan_step());
        }
        self.expect(")");
        OpKind::Scan {
            partition,
            order,
            declare,
            match_id,
            steps,
        }
    }

    fn plain_list(&mut self) -> Vec<Expr> {
        let mut list = vec![self.expression()];
        while self.eat(",") {
            list.push(self.expression());
        }
        list
    }

    /// `(a:string, b:long = 0)`.
    fn declarations(&mut self) -> Vec<(Name, Type)> {
        let mut list = Vec::new();
        self.expect("(");
        while !self.at(")") && !self.at_end() {
            let name = self.name("a column");
            self.expect(":");
            let ty = self.type_name().unwrap_or(Type::Unknown);
            if self.eat("=") {
                self.expression();
            }
            list.push((name, ty));
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")");
        list
    }

    fn scan_step(&mut self) -> ScanStep {
        let name = self.name("a step");
        self.eat_word("optional");
        if self.at_word("output") {
            self.advance();
            self.expect("=");
            self.advance();
        }
        self.expect(":");
        let condition = self.expression();
        let mut assignments = Vec::new();
        if self.eat("=>") {
            loop {
                let target = self.name("a column");
                self.expect("=");
                assignments.push((target, self.expression()));
                if !self.eat(",") {
                    break;
                }
            }
        }
        self.expect(";");
        ScanStep {
            name,
            condition,
            assignments,
        }
    }

    fn fork(&mut self) -> OpKind {
        let mut branches = Vec::new();
        while !self.at_boundary() {
            let name = if self.ahead(1, "=") {
                self.try_name()
            } else {
                None
            };
            if name.is_some() {
                self.advance();
            }
            if !self.at("(") {
                self.expected("`(`");
                self.recover();
                break;
            }
            branches.push((name, self.subpipeline()));
        }
        OpKind::Fork(branches)
    }

    fn facet(&mut self) -> OpKind {
        self.expect_word("by");
        let by = self.plain_list();
        let body = if self.eat_word("with") {
            self.subpipeline()
        } else {
            Vec::new()
        };
        OpKind::Facet { by, body }
    }
}
