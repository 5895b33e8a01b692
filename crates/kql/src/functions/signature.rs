//! Signatures and their notation.

use crate::types::Type;

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Exactly this type, or what converts to it without loss (`int` to `long` to `real`; `dynamic` to `string`).
    Exact(Type),
    /// Any scalar.
    Scalar,
    /// Any scalar but `dynamic`.
    Plain,
    /// `int` or `long`.
    Integer,
    /// Any number.
    Number,
    /// A number, `timespan` or `datetime`.
    Summable,
    /// A number, `timespan`, `datetime`, `string` or `bool`.
    Orderable,
    /// `string` or `dynamic`.
    Text,
    /// `string` or a dynamic array.
    TextOrArray,
    /// Integer or a dynamic array.
    IntegerOrArray,
    /// A number or `bool`.
    NumberOrBool,
    /// Any scalar but `real` and `bool`.
    Hashable,
    /// A dynamic array.
    Array,
    /// A dynamic property bag.
    Bag,
    /// The same type for all such arguments (numbers widen).
    Common,
    /// The same, and [`Kind::Orderable`].
    CommonOrderable,
    /// The same, where a `dynamic` adapts to the others.
    CommonOrDynamic,
    /// `typeof(T)`.
    TypeLiteral,
    /// A table.
    Table,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Name.
    pub name: String,
    /// What it takes.
    pub kind: Kind,
    /// `const`: must not depend on a column.
    pub constant: bool,
    /// `literal`: must be written out, not computed.
    pub literal: bool,
    /// `in=a|b`: must be one of these words, in any case.
    pub words: Vec<String>,
    /// `aggregate`: must be a call of an aggregate.
    pub aggregate: bool,
    /// `column`: must be a column.
    pub column: bool,
    /// `*` may stand for it.
    pub star: bool,
    /// A column of the first argument, a table (`lookup`).
    pub lookup: bool,
    /// Least number of arguments.
    pub min: usize,
    /// Takes any number.
    pub repeats: bool,
}

/// Result type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// This.
    Type(Type),
    /// The type of that argument.
    Argument(usize),
    /// The first argument's, `int` made `long`.
    Promoted,
    /// The widest of the numeric arguments.
    Widest,
    /// The common type of the `Common` arguments.
    Common,
    /// The type the last argument names.
    Literal,
    /// The binder computes it.
    Custom,
}

/// A signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Parameters.
    pub parameters: Vec<Parameter>,
    /// Result.
    pub returns: Returns,
}

impl Signature {
    /// Reads the notation; `None` when it isn't one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (parameters, returns) = text.split_once(") -> ")?;
        let parameters = parameters.strip_prefix('(')?;
        let parameters = parameters
            .split(", ")
            .filter(|p| !p.is_empty())
            .map(parameter)
            .collect::<Option<_>>()?;
        let returns = match returns {
            "arg0" => Returns::Argument(0),
            "arg1" => Returns::Argument(1),
            "promoted" => Returns::Promoted,
            "widest" => Returns::Widest,
            "common" => Returns::Common,
            "literal" => Returns::Literal,
            "custom" => Returns::Custom,
            name => Returns::Type(Type::parse(name)?),
        };
        Some(Self {
            parameters,
            returns,
        })
    }

    /// Least and greatest number of arguments (`None`: no limit).
    #[must_use]
    pub fn arity(&self) -> (usize, Option<usize>) {
        let min = self.parameters.iter().map(|p| p.min).sum();
        let repeats = self.parameters.iter().any(|p| p.repeats);
        (min, (!repeats).then_some(self.parameters.len()))
    }

    /// The parameter for each of `count` arguments. Several repeating parameters in a row alternate (`case`).
    #[must_use]
    pub fn assign(&self, count: usize) -> Option<Vec<&Parameter>> {
        let (min, max) = self.arity();
        if count < min || max.is_some_and(|max| count > max) {
            return None;
        }
        let Some(first) = self.parameters.iter().position(|p| p.repeats) else {
            return Some(self.parameters.iter().take(count).collect());
        };
        let group = self.parameters[first..]
            .iter()
            .take_while(|p| p.repeats)
            .count();
        let after = &self.parameters[first + group..];
        let tail = after.iter().map(|p| p.min).sum::<usize>().min(count);
        let middle = count.saturating_sub(first + tail);
        if group > 1 && middle % group != 0 {
            return None;
        }
        let repeated = self.parameters[first..first + group]
            .iter()
            .cycle()
            .take(middle);
        Some(
            self.parameters[..first]
                .iter()
                .chain(repeated)
                .chain(after.iter().take(tail))
                .take(count)
                .collect(),
        )
    }
}

fn parameter(text: &str) -> Option<Parameter> {
    let (name, rest) = text.split_once(": ")?;
    let mut words: Vec<&str> = rest.split(' ').collect();
    let last = words.pop()?;
    let (kind, min, repeats) = if let Some(kind) = last.strip_suffix('?') {
        (kind, 0, false)
    } else if let Some(kind) = last.strip_suffix('*') {
        (kind, 0, true)
    } else if let Some(kind) = last.strip_suffix('+') {
        (kind, 1, true)
    } else if let Some((kind, count)) = last.strip_suffix('}').and_then(|body| body.split_once('{'))
    {
        (kind, count.parse().ok()?, true)
    } else {
        (last, 1, false)
    };
    let kind = match kind {
        "scalar" | "any" => Kind::Scalar,
        "plain" => Kind::Plain,
        "integer" => Kind::Integer,
        "number" => Kind::Number,
        "summable" => Kind::Summable,
        "orderable" => Kind::Orderable,
        "text" => Kind::Text,
        "text_or_array" => Kind::TextOrArray,
        "integer_or_array" => Kind::IntegerOrArray,
        "number_or_bool" => Kind::NumberOrBool,
        "array" => Kind::Array,
        "bag" => Kind::Bag,
        "common" => Kind::Common,
        "common_orderable" => Kind::CommonOrderable,
        "hashable" => Kind::Hashable,
        "common_or_dynamic" => Kind::CommonOrDynamic,
        "type" => Kind::TypeLiteral,
        "table" => Kind::Table,
        name => Kind::Exact(Type::parse(name)?),
    };
    let has = |word: &str| words.contains(&word);
    let choice = words.iter().find_map(|word| word.strip_prefix("in="));
    Some(Parameter {
        name: name.to_owned(),
        kind,
        constant: has("const"),
        literal: has("literal"),
        words: choice.map_or_else(Vec::new, |words| {
            words.split('|').map(str::to_owned).collect()
        }),
        aggregate: has("aggregate"),
        column: has("column"),
        star: has("star") || has("star_or"),
        lookup: has("lookup"),
        min,
        repeats,
    })
}
