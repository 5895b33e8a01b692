//! The codes. One more code is one more entry here; the reference page is made of it.

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $example:literal;)*) => {
        /// Every diagnostic's stable code. A code never changes meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($(#[doc = $doc])+ $name,)* }

        impl Code {
            /// The code as printed, `KQL0204`.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Code::$name => $code,)* }
            }

            /// What it means, as at its declaration.
            #[must_use]
            pub fn doc(self) -> &'static str {
                match self { $(Code::$name => concat!($($doc, "\n"),+),)* }
            }

            /// A query that shows it, over a table `T(a: long, s: string, t: datetime, d: dynamic)`; empty where only a
            /// very large text or a stored function does.
            #[must_use]
            pub fn example(self) -> &'static str {
                match self { $(Code::$name => $example,)* }
            }

            /// All codes.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];
        }
    };
}

codes! {
    /// A character that starts no token.
    UnexpectedCharacter = "KQL0001", "print x = 1 § 2";
    /// A string without its closing quote.
    UnterminatedString = "KQL0002", "print x = \"abc";
    /// A number, datetime, timespan or guid that cannot be read.
    BadLiteral = "KQL0003", "print x = datetime(2024-13-01)";
    /// Something else was expected here.
    Expected = "KQL0004", "T | where (a == 1";
    /// An operator after `|` that does not exist.
    UnknownOperator = "KQL0005", "T | wher a == 1";
    /// The text is longer than the limit.
    TooLong = "KQL0006", "";
    /// Nested more deeply than the limit.
    TooDeep = "KQL0007", "";
    /// No query in the text.
    EmptyQuery = "KQL0008", "";
    /// A value or option this place does not allow.
    BadOption = "KQL0009", "T | join kind=left (T) on a";
    /// A name that is no column, variable, table or function.
    UnknownName = "KQL0203", "print x = y";
    /// A column the table does not have.
    UnknownColumn = "KQL0204", "T | where aa == 1";
    /// A table that is not in the catalog.
    UnknownTable = "KQL0205", "Tt | count";
    /// A function that does not exist.
    UnknownFunction = "KQL0206", "print strlenn(\"x\")";
    /// A plugin that does not exist.
    UnknownPlugin = "KQL0207", "T | evaluate pivt(s)";
    /// Wrong number of arguments.
    ArgumentCount = "KQL0208", "print strlen()";
    /// An argument or operand of the wrong type.
    TypeMismatch = "KQL0209", "T | where s + 1 == 2";
    /// An aggregate outside `summarize`, or a scalar function where an aggregate is needed.
    AggregateMisplaced = "KQL0210", "T | where count() > 1";
    /// A table where a scalar is needed.
    ScalarExpected = "KQL0211", "print x = (T)";
    /// A scalar where a table is needed.
    TableExpected = "KQL0212", "union (1)";
    /// Two columns, parameters or variables of one name.
    Duplicate = "KQL0213", "T | project a, s, a";
    /// A window function over rows without an order.
    NotSerialized = "KQL0214", "T | extend p = prev(a)";
    /// A constant is needed here.
    ConstantExpected = "KQL0215", "T | extend x = replace_regex(s, s, \"\")";
    /// Inlining functions and tables makes the query too large, or a function calls itself.
    TooLarge = "KQL0216", "";
    /// A stored function's own text has errors.
    BrokenFunction = "KQL0217", "";
    /// Cells of `datatable` that do not fill rows.
    DatatableShape = "KQL0218", "datatable(a: long, b: string) [1, \"x\", 2]";
    /// A join or lookup condition that cannot be used.
    JoinCondition = "KQL0219", "T | join (T) on $left.a == $right.s";
    /// Something this version does not support.
    Unsupported = "KQL0220", "";
    /// A result of a query is needed, but only statements are there.
    NoResult = "KQL0221", "let x = 1;";
    /// A comparison that is always false or true.
    Suspicious = "KQL0301", "T | where tolower(s) == \"ABC\"";
    /// Deprecated spelling.
    Deprecated = "KQL0302", "T | summarize makeset(s)";
    /// A variable or parameter that nothing reads.
    Unused = "KQL0303", "let x = 1; T | where a == 2";
    /// A property or a value that a literal list names twice.
    Repeated = "KQL0304", "T | where s in (\"a\", \"b\", \"a\")";
    /// A constant that is no valid regular expression, so that it matches nothing.
    InvalidRegex = "KQL0305", "T | where s matches regex @\"a(b|c\"";
}
