//! Signatures as people read them.

use super::signature::{Kind, Parameter, Returns, Signature};

impl Signature {
    /// `substring(string: scalar, start: integer, [length: integer]) -> string`: brackets enclose what may be left out,
    /// `...` follows what may be repeated. Without `->` the result depends on the data.
    #[must_use]
    pub fn describe(&self, name: &str) -> String {
        let parameters: Vec<String> = self.parameters.iter().map(describe).collect();
        let call = format!("{name}({})", parameters.join(", "));
        match self.result() {
            Some(result) => format!("{call} -> {result}"),
            None => call,
        }
    }

    fn result(&self) -> Option<String> {
        let of = |position: usize| {
            let parameter = self.parameters.get(position)?;
            Some(match parameter.kind {
                Kind::Exact(ty) => ty.to_string(),
                Kind::Array | Kind::Bag => "dynamic".to_owned(),
                _ => format!("type of {}", parameter.name),
            })
        };
        match self.returns {
            Returns::Type(ty) => Some(ty.to_string()),
            Returns::Argument(position) => of(position),
            Returns::Promoted => of(0),
            Returns::Widest => Some("number".to_owned()),
            Returns::Common => Some("common type".to_owned()),
            Returns::Literal => Some("that type".to_owned()),
            Returns::Custom => None,
        }
    }
}

fn describe(parameter: &Parameter) -> String {
    let kind = kind(parameter.kind);
    let star = if parameter.star { "* or " } else { "" };
    let whole = format!("{}: {star}{kind}", parameter.name);
    let whole = match (parameter.repeats, parameter.min) {
        (true, least @ 2..) => format!("{whole}, ... at least {least}"),
        (true, _) => format!("{whole}, ..."),
        (false, _) => whole,
    };
    if parameter.min == 0 {
        format!("[{whole}]")
    } else {
        whole
    }
}

fn kind(kind: Kind) -> String {
    let name = match kind {
        Kind::Exact(ty) => return ty.to_string(),
        Kind::Scalar | Kind::Common | Kind::CommonOrDynamic => "scalar",
        Kind::Plain => "scalar but dynamic",
        Kind::Integer => "integer",
        Kind::Number => "number",
        Kind::Summable => "number or time",
        Kind::Orderable | Kind::CommonOrderable => "orderable",
        Kind::Text => "string or dynamic",
        Kind::TextOrArray => "string or array",
        Kind::IntegerOrArray => "integer or array",
        Kind::NumberOrBool => "number or bool",
        Kind::Hashable => "hashable",
        Kind::Array => "array",
        Kind::Bag => "bag",
        Kind::TypeLiteral => "typeof(...)",
        Kind::Table => "table",
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use crate::functions::{aggregate, scalar};

    fn described(name: &str) -> Vec<String> {
        let known = scalar(name).or_else(|| aggregate(name)).unwrap();
        let signatures = known.signatures.iter();
        signatures.map(|s| s.describe(name)).collect()
    }

    #[test]
    fn what_may_be_left_out_or_repeated_shows() {
        assert_eq!(
            described("substring"),
            ["substring(string: scalar, start: integer, [length: integer]) -> string"]
        );
        assert_eq!(
            described("strcat_delim"),
            ["strcat_delim(delimiter: scalar, arg: scalar, ... at least 2) -> string"]
        );
        assert_eq!(
            described("arg_max"),
            ["arg_max(maximized: orderable, [returned: * or scalar, ...])"]
        );
    }

    #[test]
    fn results_that_follow_an_argument_name_it() {
        assert_eq!(described("max"), ["max(expr: orderable) -> type of expr"]);
        assert_eq!(
            described("array_reverse"),
            ["array_reverse(value: array) -> dynamic"]
        );
        assert_eq!(
            described("bin")[0],
            "bin(value: number, round_to: number) -> number"
        );
    }
}
