//! Values at the ends of every type, and drawing from a seed.
#![allow(unreachable_pub, reason = "shared by the test binaries of this folder")]

use kql::Type;

pub const TYPES: [Type; 10] = [
    Type::Bool,
    Type::Int,
    Type::Long,
    Type::Real,
    Type::Decimal,
    Type::String,
    Type::DateTime,
    Type::TimeSpan,
    Type::Guid,
    Type::Dynamic,
];

/// Values at the ends of each type, and some in the middle.
pub fn literals(ty: Type) -> &'static [&'static str] {
    match ty {
        Type::Bool => &["true", "false", "bool(null)"],
        Type::Int => &[
            "int(0)",
            "int(-1)",
            "int(7)",
            "int(2147483647)",
            "int(-2147483648)",
            "int(null)",
        ],
        Type::Long => &[
            "0",
            "1",
            "3",
            "-1",
            "64",
            "long(9223372036854775807)",
            "long(-9223372036854775808)",
            "long(null)",
        ],
        Type::Real => &[
            "0.0",
            "1.5",
            "-2.25",
            "1e308",
            "1e-308",
            "real(nan)",
            "real(+inf)",
            "real(-inf)",
            "real(null)",
        ],
        Type::Decimal => &[
            "decimal(0)",
            "decimal(1.5)",
            "decimal(-79228162514264337593543950335)",
            "decimal(null)",
        ],
        Type::DateTime => &[
            "datetime(2026-01-02 03:04:05.6789)",
            "datetime(0001-01-01)",
            "datetime(1601-01-01)",
            "datetime(9999-12-31 23:59:59.9999999)",
            "datetime(null)",
            "now()",
            "ago(1d)",
        ],
        Type::TimeSpan => &[
            "1h",
            "0s",
            "1tick",
            "30d",
            "timespan(-1.02:03:04)",
            "timespan(10675199.02:48:05.4775807)",
            "timespan(null)",
        ],
        Type::Guid => &["guid(74be27de-1e4e-49d9-b579-fe0b331d3642)", "guid(null)"],
        Type::Dynamic | Type::Unknown => &[
            "dynamic(null)",
            "dynamic([])",
            "dynamic({})",
            "dynamic([1, 2.5, \"x\", null, {\"a\": [1]}])",
            "dynamic({\"a\": {\"b\": [1, \"ä\"]}, \"\": null})",
            "dynamic(\"text\")",
            "dynamic(1e308)",
            "dynamic([9223372036854775807, -1, 0.5])",
            "parse_json('{\"a\":')",
            "dynamic([[1, 2], [3]])",
        ],
        Type::String => &[
            "''",
            "'a'",
            "'b c'",
            "'ä\u{1F600}\u{301}'",
            "'2026-01-02T03:04:05Z'",
            "'10.0.0.1'",
            "'10.0.0.0/8'",
            "'fe80::1'",
            "'{\"a\":[1,{\"b\":null}]}'",
            "'$.a[0].b'",
            "'yyyy-MM-dd HH:mm:ss.fff'",
            "'('",
            "'[a-z]+'",
            "'(a)(b)?'",
            "'hour'",
            "'Europe/Berlin'",
            "'http://u:p@a.example:8/p/q?x=1&y#f'",
            "'YWJj'",
            "'%'",
            "'a=1;b=x'",
            "'<a b=\"1\">t</a>'",
            "'1,\"x\"\"y\",'",
            "'C:\\\\a\\\\b.exe'",
            "'-9223372036854775808'",
            "@'\\'",
        ],
    }
}

/// Draws from a seed; the same seed gives the same query.
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    pub fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}
