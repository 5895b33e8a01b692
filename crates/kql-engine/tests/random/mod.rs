//! Queries from the pieces of the grammar: typed well enough that the binder takes most of them,
//! with every function of the function table, and values at the ends of every type.

#![allow(unreachable_pub, reason = "shared by the test binaries of this folder")]

mod values;

use kql::Type;
use kql::functions::{FunctionKind, Kind, Known, Parameter, Returns, Signature};
use values::{Draw, TYPES, literals};

/// Columns of the table `T`.
pub const COLUMNS: [(&str, Type); 9] = [
    ("b", Type::Bool),
    ("i", Type::Int),
    ("n", Type::Long),
    ("r", Type::Real),
    ("s", Type::String),
    ("t", Type::DateTime),
    ("ts", Type::TimeSpan),
    ("g", Type::Guid),
    ("d", Type::Dynamic),
];

/// A query that grows by operators, and the columns it has so far.
pub struct Builder {
    pub text: String,
    columns: Vec<(String, Type)>,
    named: usize,
    draw: Draw,
}

impl Builder {
    pub fn new() -> Self {
        Self {
            text: "T".to_owned(),
            columns: COLUMNS.map(|(name, ty)| (name.to_owned(), ty)).to_vec(),
            named: 0,
            draw: Draw::new(0),
        }
    }

    fn name(&mut self) -> String {
        self.named += 1;
        format!("x{}", self.named)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.draw.below(bound)
    }

    /// A column of the type, or of any.
    fn column(&mut self, ty: Option<Type>) -> Option<String> {
        let fit: Vec<String> = self
            .columns
            .iter()
            .filter(|(_, of)| ty.is_none_or(|ty| *of == ty))
            .map(|(name, _)| name.clone())
            .collect();
        (!fit.is_empty()).then(|| fit[self.below(fit.len())].clone())
    }

    fn literal(&mut self, ty: Type) -> String {
        self.draw.one(literals(ty)).to_owned()
    }

    fn any_type(&mut self) -> Type {
        self.draw.one(&TYPES)
    }

    /// An expression of the type.
    pub fn expression(&mut self, ty: Type, depth: usize) -> String {
        match self.below(10) {
            0..=3 => self.column(Some(ty)).unwrap_or_else(|| self.literal(ty)),
            4 | 5 => self.literal(ty),
            6 if depth > 0 => self.operation(ty, depth - 1),
            7.. if depth > 0 => self
                .call(FunctionKind::Scalar, Some(ty), depth - 1)
                .unwrap_or_else(|| self.literal(ty)),
            _ => self.literal(ty),
        }
    }

    fn operation(&mut self, ty: Type, depth: usize) -> String {
        let of = self.any_type();
        let two = |this: &mut Self, left, operators: &[&str], right| {
            let operator = this.draw.one(operators);
            let (left, right) = (this.expression(left, depth), this.expression(right, depth));
            format!("({left} {operator} {right})")
        };
        match ty {
            Type::Bool => match self.below(5) {
                0 => two(self, Type::Bool, &["and", "or"], Type::Bool),
                1 => two(self, Type::String, TEXT_OPERATORS, Type::String),
                2 => {
                    let (low, high) = (self.literal(of), self.literal(of));
                    format!("({} between ({low} .. {high}))", self.expression(of, depth))
                }
                3 => {
                    let operator = self.draw.one(&["in", "!in", "in~", "has_any", "has_all"]);
                    let list = [self.literal(Type::String), self.literal(Type::String)].join(", ");
                    format!(
                        "({} {operator} ({list}))",
                        self.expression(Type::String, depth)
                    )
                }
                _ => two(self, of, &["==", "!=", "<", "<=", ">", ">="], of),
            },
            Type::Long | Type::Int | Type::Real | Type::Decimal => {
                two(self, ty, &["+", "-", "*", "/", "%"], ty)
            }
            Type::TimeSpan => match self.below(3) {
                0 => two(self, Type::DateTime, &["-"], Type::DateTime),
                1 => two(self, Type::TimeSpan, &["+", "-", "%"], Type::TimeSpan),
                _ => two(self, Type::TimeSpan, &["*", "/"], Type::Long),
            },
            Type::DateTime => two(self, Type::DateTime, &["+", "-"], Type::TimeSpan),
            Type::Dynamic => {
                let base = self
                    .column(Some(Type::Dynamic))
                    .unwrap_or_else(|| "dynamic([1])".into());
                let step =
                    self.draw
                        .one(&[".a", ".a.b[0]", "[0]", "[-1]", "['a']", "[tostring(1)]"]);
                format!("{base}{step}")
            }
            _ => self.literal(ty),
        }
    }

    /// A call of a function that gives the type, or of any.
    pub fn call(&mut self, kind: FunctionKind, ty: Option<Type>, depth: usize) -> Option<String> {
        let fits = |known: &&'static Known| {
            known.kind == kind
                && known
                    .signatures
                    .iter()
                    .any(|signature| match signature.returns {
                        Returns::Type(of) => ty.is_none_or(|ty| ty == of),
                        _ => true,
                    })
        };
        let all: Vec<&'static Known> = kql::functions::all().into_iter().filter(fits).collect();
        let known = *all.get(self.below(all.len()))?;
        let at = self.below(known.signatures.len());
        let arguments = self.arguments(known.signatures.get(at)?, ty, depth)?;
        Some(format!("{}({})", known.function.name, arguments.join(", ")))
    }

    fn arguments(
        &mut self,
        signature: &Signature,
        ty: Option<Type>,
        depth: usize,
    ) -> Option<Vec<String>> {
        let (min, max) = signature.arity();
        let count = min + self.below(max.map_or(3, |max| max - min + 1).min(4));
        let parameters: Vec<Parameter> = signature.assign(count)?.into_iter().cloned().collect();
        let common = match signature.returns {
            Returns::Type(_) => self.any_type(),
            _ => ty.unwrap_or_else(|| self.any_type()),
        };
        Some(
            parameters
                .iter()
                .map(|parameter| self.argument(parameter, common, depth))
                .collect(),
        )
    }

    fn argument(&mut self, parameter: &Parameter, common: Type, depth: usize) -> String {
        let mut of = |types: &[Type]| self.draw.one(types);
        let numbers = [Type::Int, Type::Long, Type::Real];
        let ty = match parameter.kind {
            Kind::Exact(ty) => ty,
            Kind::Scalar => of(&TYPES),
            Kind::Plain => of(&TYPES[..9]),
            Kind::Integer => of(&numbers[..2]),
            Kind::Number => of(&numbers),
            Kind::Summable => of(&[Type::Long, Type::Real, Type::TimeSpan, Type::DateTime]),
            Kind::Orderable => of(&[
                Type::Long,
                Type::Real,
                Type::TimeSpan,
                Type::DateTime,
                Type::String,
            ]),
            Kind::Text => of(&[Type::String, Type::Dynamic]),
            Kind::TextOrArray => of(&[Type::String, Type::Dynamic]),
            Kind::IntegerOrArray => of(&[Type::Long, Type::Dynamic]),
            Kind::NumberOrBool => of(&[Type::Long, Type::Real, Type::Bool]),
            Kind::Hashable => of(&[Type::Long, Type::String, Type::DateTime, Type::Guid]),
            Kind::Array | Kind::Bag => Type::Dynamic,
            Kind::Common | Kind::CommonOrderable | Kind::CommonOrDynamic => common,
            Kind::TypeLiteral => {
                let ty = of(&[
                    Type::Long,
                    Type::String,
                    Type::Real,
                    Type::DateTime,
                    Type::Dynamic,
                ]);
                return format!("typeof({})", ty.name());
            }
            Kind::Table => return "T".to_owned(),
        };
        if parameter.star && self.below(2) == 0 {
            return "*".to_owned();
        }
        if parameter.column {
            return self.column(Some(ty)).unwrap_or_else(|| "n".to_owned());
        }
        if parameter.constant || parameter.literal {
            return self.literal(ty);
        }
        self.expression(ty, depth)
    }

    /// Adds one operator, drawn from `seed`.
    pub fn step(&mut self, seed: u64) {
        self.draw = Draw::new(seed);
        let text = match self.below(24) {
            0..=2 => format!("where {}", self.expression(Type::Bool, 3)),
            3..=6 => self.extend(),
            7..=9 => self.summarize(),
            10 => self.project(),
            11 => self.sort(),
            12 => format!("take {}", self.below(4)),
            13 => self.distinct(),
            14 => self.mv_expand(),
            15 => self.join(),
            16 => self.union(),
            17 => self.parse(),
            18 => self.make_series(),
            19 => self.window(),
            20 => self.reshape(),
            21 => self.mv_apply(),
            22 => self.rare(),
            _ => self.last(),
        };
        self.text.push_str("\n| ");
        self.text.push_str(&text);
    }

    fn extend(&mut self) -> String {
        let ty = self.any_type();
        let (name, value) = (self.name(), self.expression(ty, 3));
        self.columns.push((name.clone(), ty));
        format!("extend {name} = {value}")
    }

    fn aggregate(&mut self) -> String {
        self.call(FunctionKind::Aggregate, None, 1)
            .unwrap_or_else(|| "count()".to_owned())
    }

    fn key(&mut self) -> (String, Type) {
        let at = self.below(self.columns.len());
        self.columns
            .get(at)
            .cloned()
            .unwrap_or(("n".to_owned(), Type::Long))
    }

    fn summarize(&mut self) -> String {
        let (first, second) = (self.name(), self.name());
        let aggregates = format!(
            "{first} = {}, {second} = {}",
            self.aggregate(),
            self.aggregate()
        );
        let (key, ty) = self.key();
        let by = match (self.below(3), ty) {
            (0, _) => None,
            (1, Type::DateTime) => Some(format!(
                "{key} = bin({key}, {})",
                self.literal(Type::TimeSpan)
            )),
            (1, Type::Long | Type::Real) => {
                Some(format!("{key} = bin({key}, {})", self.literal(ty)))
            }
            _ => Some(key.clone()),
        };
        // The types of the results are the function's business: only the key is used from here on.
        self.columns
            .retain(|(name, _)| by.is_some() && *name == key);
        match by {
            Some(by) => format!("summarize {aggregates} by {by}"),
            None => format!("summarize {aggregates}"),
        }
    }

    fn project(&mut self) -> String {
        let (kept, ty) = self.key();
        let (name, of) = (self.name(), self.any_type());
        let value = self.expression(of, 2);
        self.columns = vec![(kept.clone(), ty), (name.clone(), of)];
        format!("project {kept}, {name} = {value}")
    }

    fn sort(&mut self) -> String {
        let ty = self.any_type();
        let by = self.expression(ty, 1);
        let order = self
            .draw
            .one(&["asc", "desc", "asc nulls last", "desc nulls first"]);
        match self.below(2) {
            0 => format!("sort by {by} {order}"),
            _ => format!("top {} by {by} {order}", self.below(4)),
        }
    }

    fn distinct(&mut self) -> String {
        if self.below(3) == 0 {
            return "distinct *".to_owned();
        }
        let (key, ty) = self.key();
        self.columns = vec![(key.clone(), ty)];
        format!("distinct {key}")
    }

    fn mv_expand(&mut self) -> String {
        let name = self.name();
        let value = self.expression(Type::Dynamic, 1);
        let ty = self.any_type();
        let options = self
            .draw
            .one(&["", "bagexpansion=array ", "with_itemindex=idx "]);
        let limit = self.draw.one(&["", " limit 2", " limit 0"]);
        self.columns.push((name.clone(), ty));
        format!(
            "mv-expand {options}{name} = {value} to typeof({}){limit}",
            ty.name()
        )
    }

    fn join(&mut self) -> String {
        let kind = self.draw.one(&[
            "inner",
            "innerunique",
            "leftouter",
            "rightouter",
            "fullouter",
            "leftanti",
            "rightanti",
            "leftsemi",
            "rightsemi",
        ]);
        let (key, _) = self.key();
        if kind.starts_with("right") {
            self.columns = COLUMNS.map(|(name, ty)| (name.to_owned(), ty)).to_vec();
        }
        match self.below(4) {
            0 => format!("lookup kind=leftouter (T | distinct {key}, s) on {key}"),
            _ => format!("join kind={kind} (T) on {key}"),
        }
    }

    fn union(&mut self) -> String {
        let options = self
            .draw
            .one(&["", "kind=inner ", "withsource=src ", "isfuzzy=true "]);
        if options.starts_with("kind") {
            let own = COLUMNS.map(|(name, _)| name);
            self.columns
                .retain(|(name, _)| own.contains(&name.as_str()));
        }
        format!("union {options}(T | take 2), Empty")
    }

    fn parse(&mut self) -> String {
        let (source, name) = (self.expression(Type::String, 1), self.name());
        let ty = self.draw.one(&[
            Type::Long,
            Type::String,
            Type::Real,
            Type::DateTime,
            Type::TimeSpan,
        ]);
        self.columns.push((name.clone(), ty));
        let ty = ty.name();
        match self.below(4) {
            0 => format!("parse {source} with * '=' {name}:{ty} ';' *"),
            1 => format!("parse kind=regex {source} with '[a-z]' {name}:{ty} '[;=]?' *"),
            2 => format!("parse-where {source} with {name}:{ty} '.' *"),
            _ => format!(
                "parse-kv {source} as ({name}:{ty}) with (pair_delimiter=';', kv_delimiter='=')"
            ),
        }
    }

    fn make_series(&mut self) -> String {
        let name = self.name();
        let aggregate = self.draw.one(&[
            "count()",
            "sum(n)",
            "avg(r)",
            "max(i)",
            "dcount(s)",
            "take_any(r)",
        ]);
        let bounds = self.draw.one(&[
            "t from datetime(2026-01-01) to datetime(2026-01-03) step 6h",
            "t step 1h",
            "t from ago(2d) to now() step 1d",
            "n from 0 to 10 step 3",
            "t from datetime(2026-01-03) to datetime(2026-01-01) step 1h",
        ]);
        let default = self.draw.one(&["", " default=0", " default=1.5"]);
        let by = self.draw.one(&["", " by s", " by b, s"]);
        self.columns = vec![(name.clone(), Type::Dynamic)];
        format!("make-series {name} = {aggregate}{default} on {bounds}{by}")
    }

    fn window(&mut self) -> String {
        let (name, key) = (self.name(), self.key().0);
        let call = self
            .call(FunctionKind::Window, None, 1)
            .unwrap_or_else(|| "row_number()".to_owned());
        format!("sort by {key} asc\n| extend {name} = {call}")
    }

    fn reshape(&mut self) -> String {
        let (key, ty) = self.key();
        match self.below(4) {
            0 => {
                self.columns.retain(|(name, _)| *name != key);
                format!("project-away {key}")
            }
            1 => {
                let name = self.name();
                self.columns.retain(|(of, _)| *of != key);
                self.columns.push((name.clone(), ty));
                format!("project-rename {name} = {key}")
            }
            2 => format!("project-reorder {key}, * asc"),
            _ => {
                self.columns = vec![(key.clone(), ty)];
                format!("project-keep {key}")
            }
        }
    }

    fn mv_apply(&mut self) -> String {
        let name = self.name();
        let inner = self.draw.one(&[
            "where {x} != 1",
            "summarize m = make_list({x}), c = count()",
            "top 1 by {x}",
            "extend k = {x}",
            "sort by {x} asc | take 1",
            "where false",
        ]);
        let ty = self.draw.one(&["long", "string", "dynamic"]);
        let value = self.expression(Type::Dynamic, 1);
        format!(
            "mv-apply {name} = {value} to typeof({ty}) on ({})",
            inner.replace("{x}", &name)
        )
    }

    fn rare(&mut self) -> String {
        let (key, _) = self.key();
        match self.below(8) {
            0 => format!("partition hint.strategy=native by {key} (top 1 by {key})"),
            1 => format!("top-nested 2 of {key} by count()"),
            2 => format!("sample-distinct 2 of {key}"),
            3 => format!("top-hitters 2 of {key}"),
            4 => "sample 2".to_owned(),
            5 => format!("as Named\n| union (Named | where isnotempty({key}))"),
            6 => format!(
                "serialize\n| scan declare (q:long = 0) with (step a: true => q = a.q + 1;)\n| where isnotnull({key})"
            ),
            _ => format!("where {key} in ((T | project {key}))"),
        }
    }

    /// Operators after which columns are unknown.
    fn last(&mut self) -> String {
        let (key, _) = self.key();
        self.columns.clear();
        self.draw
            .one(&[
                "evaluate bag_unpack(d)",
                "evaluate pivot(s, count())",
                "evaluate narrow()",
                "getschema",
                "count",
                "evaluate pivot(b, sum(n), s)",
                "reduce by s",
                "search 'a'",
            ])
            .replace("{key}", &key)
    }
}

const TEXT_OPERATORS: &[&str] = &[
    "has",
    "!has",
    "has_cs",
    "contains",
    "!contains",
    "contains_cs",
    "startswith",
    "!startswith",
    "endswith",
    "hasprefix",
    "hassuffix",
    "=~",
    "!~",
    "==",
    "matches regex",
    "hasprefix_cs",
];
