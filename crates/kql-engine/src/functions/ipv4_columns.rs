//! The IPv4 functions over a column of addresses and constants: no `Datum` and no allocation per row. The meaning
//! is that of the row kernels in `network`, which take every other call.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int32Array, Int64Array, StringArray};
use arrow::buffer::{Buffer, OffsetBuffer};
use arrow::datatypes::{Int32Type, Int64Type};
use datafusion::error::Result;
use datafusion::logical_expr::ColumnarValue;
use kql::types::Type;

use super::columns::{Invocation, constants, only_column};
use super::network::{self, Address, compare, holds, is_private, masked, rest, v4, width};
use super::regex_fn::{long, text};
use super::udf::{RowKernel, readers, rows};
use super::{Kernel, batch};
use crate::values::Datum;

pub(super) const KERNELS: &[Kernel] = &[
    batch(&["format_ipv4"], |call, args, n| {
        format((call, args, n), network::format_ipv4, false)
    }),
    batch(&["format_ipv4_mask"], |call, args, n| {
        format((call, args, n), network::format_ipv4_mask, true)
    }),
    batch(&["parse_ipv4"], |call, args, n| {
        values::<Int64Array, _, _>((call, args, n), network::parse_ipv4, |_| {
            |(ip, length)| Some(i64::from(masked(ip, length)))
        })
    }),
    batch(&["parse_ipv4_mask"], |call, args, n| {
        values::<Int64Array, _, _>((call, args, n), network::parse_ipv4_mask, |constants| {
            let length = long(constants, 1).map(|length| width(length, 32));
            move |(ip, _)| Some(i64::from(masked(ip, length?)))
        })
    }),
    batch(&["ipv4_netmask_suffix"], |call, args, n| {
        values::<Int64Array, _, _>((call, args, n), network::ipv4_netmask_suffix, |_| {
            |(_, length)| Some(i64::from(length))
        })
    }),
    batch(&["ipv4_compare"], |call, args, n| {
        values::<Int64Array, _, _>((call, args, n), network::ipv4_compare, comparison)
    }),
    batch(&["ipv4_is_match"], |call, args, n| {
        values::<BooleanArray, _, _>((call, args, n), network::ipv4_is_match, |constants| {
            let compare = comparison(constants);
            move |address| Some(compare(address)? == 0)
        })
    }),
    batch(&["ipv4_is_private"], |call, args, n| {
        values::<BooleanArray, _, _>((call, args, n), network::ipv4_is_private, |_| {
            |address| Some(is_private(address))
        })
    }),
    batch(&["ipv4_is_in_range"], |call, args, n| {
        values::<BooleanArray, _, _>((call, args, n), network::ipv4_is_in_range, |constants| {
            let range = v4(text(constants, 1));
            move |address| Some(holds(range?, address))
        })
    }),
    batch(&["ipv4_is_in_any_range"], |call, args, n| {
        values::<BooleanArray, _, _>(
            (call, args, n),
            network::ipv4_is_in_any_range,
            |constants| {
                let ranges = ranges(constants);
                move |address| Some(ranges.iter().any(|range| holds(*range, address)))
            },
        )
    }),
];

/// Bytes of the longest result, `255.255.255.255/32`.
const LONGEST: usize = 18;

/// The address in plain notation: four decimal octets and perhaps `/` and a prefix length, nothing around them. `None`
/// says nothing about a text: `v4` decides.
fn plain(text: &[u8]) -> Option<Address> {
    let (mut ip, mut rest) = octet(text)?;
    for _ in 0..3 {
        let (next, after) = octet(rest.strip_prefix(b".")?)?;
        (ip, rest) = (ip << 8 | next, after);
    }
    let digit = |byte: &u8| u32::from(byte - b'0');
    let length = match rest {
        [] => 32,
        [b'/', one @ b'0'..=b'9'] => digit(one),
        [b'/', ten @ b'1'..=b'3', one @ b'0'..=b'9'] => digit(ten) * 10 + digit(one),
        _ => return None,
    };
    (length <= 32).then_some((ip, length))
}

/// The number below 256 a text starts with, without zeros in front, and what follows it.
fn octet(text: &[u8]) -> Option<(u32, &[u8])> {
    let digit = |byte: &u8| u32::from(byte - b'0');
    let (number, rest) = match text {
        [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] => {
            (digit(a) * 100 + digit(b) * 10 + digit(c), rest)
        }
        [a @ b'1'..=b'9', b @ b'0'..=b'9', rest @ ..] => (digit(a) * 10 + digit(b), rest),
        [a @ b'0'..=b'9', rest @ ..] => (digit(a), rest),
        _ => return None,
    };
    (number <= 255).then_some((number, rest))
}

/// The address of a text, in whatever notation `v4` reads.
fn address(text: &str) -> Option<Address> {
    plain(text.as_bytes()).or_else(|| v4(text))
}

fn of_number(number: i64) -> Option<Address> {
    Some((u32::try_from(number).ok()?, 32))
}

/// Every octet with a dot behind it, and how many of the bytes that is.
static OCTETS: [([u8; 4], u8); 256] = {
    let mut octets = [([b'.'; 4], 0); 256];
    let mut n = 0u8;
    loop {
        let (hundreds, tens, ones) = (b'0' + n / 100, b'0' + n / 10 % 10, b'0' + n % 10);
        octets[n as usize] = match n {
            100.. => ([hundreds, tens, ones, b'.'], 4),
            10.. => ([tens, ones, b'.', b'.'], 3),
            _ => ([ones, b'.', b'.', b'.'], 2),
        };
        if n == u8::MAX {
            break octets;
        }
        n += 1;
    }
};

/// Texts one after the other, as a string column has them.
struct Texts {
    bytes: Vec<u8>,
    ends: Vec<i32>,
}

impl Texts {
    fn new(rows: usize) -> Self {
        let mut ends = Vec::with_capacity(rows + 1);
        ends.push(0);
        Self {
            bytes: Vec::with_capacity(rows * LONGEST + 2),
            ends,
        }
    }

    /// All four bytes are copied, which needs no branch, and those too many given up.
    fn dotted(&mut self, octet: u8) {
        let (bytes, length) = OCTETS[usize::from(octet)];
        let end = self.bytes.len() + usize::from(length);
        self.bytes.extend_from_slice(&bytes);
        self.bytes.truncate(end);
    }

    fn push(&mut self, found: Option<Address>, with_mask: bool) {
        if let Some((ip, length)) = found {
            ip.to_be_bytes().into_iter().for_each(|o| self.dotted(o));
            // The last octet has no dot behind it.
            self.bytes.pop();
            if with_mask {
                self.bytes.push(b'/');
                self.dotted(length as u8);
                self.bytes.pop();
            }
        }
        self.ends.push(self.bytes.len() as i32);
    }

    fn finish(self) -> Result<ArrayRef> {
        let ends = OffsetBuffer::new(self.ends.into());
        let texts = StringArray::try_new(ends, Buffer::from_vec(self.bytes), None)?;
        Ok(Arc::new(texts))
    }
}

/// The addresses of a column: texts, or for `format_ipv4` numbers.
enum Addresses<'a> {
    Texts(&'a StringArray),
    Longs(&'a Int64Array),
    Ints(&'a Int32Array),
}

impl<'a> Addresses<'a> {
    /// `None` when the column is of another kind than its type says.
    fn of(ty: Type, array: &'a ArrayRef) -> Option<Self> {
        match ty {
            Type::String => array.as_string_opt::<i32>().map(Self::Texts),
            Type::Long => array.as_primitive_opt::<Int64Type>().map(Self::Longs),
            Type::Int => array.as_primitive_opt::<Int32Type>().map(Self::Ints),
            _ => None,
        }
    }

    fn texts(&self) -> Option<&'a StringArray> {
        match self {
            Self::Texts(texts) => Some(texts),
            _ => None,
        }
    }

    fn each(&self, mut each: impl FnMut(Option<Address>)) {
        match self {
            // A missing text is "", which is no address.
            Self::Texts(texts) => texts.iter().for_each(|t| each(t.and_then(address))),
            Self::Longs(numbers) => numbers.iter().for_each(|n| each(n.and_then(of_number))),
            Self::Ints(numbers) => {
                let numbers = numbers.iter().map(|n| n.map(i64::from));
                numbers.for_each(|n| each(n.and_then(of_number)));
            }
        }
    }
}

/// Evaluates a call whose first argument is a column of addresses and the others constants with `columns`; any other,
/// and one `columns` gives nothing for, row by row.
fn by_column(
    (call, args, n_rows): Invocation<'_>,
    row: RowKernel,
    columns: impl FnOnce(&Addresses<'_>, &[Datum<'_>]) -> Result<Option<ArrayRef>>,
) -> Result<ColumnarValue> {
    let small = i32::try_from(n_rows.saturating_mul(LONGEST)).is_ok();
    let column = only_column(args, 0).filter(|_| small);
    if let (Some(array), Some(ty)) = (column, call.args.first())
        && let Some(addresses) = Addresses::of(*ty, array)
    {
        let readers = readers(call.args, args)?;
        if let Some(out) = columns(&addresses, &constants(&readers))? {
            return Ok(ColumnarValue::Array(out));
        }
    }
    rows(call, args, n_rows, true, (row, false))
}

/// `format_ipv4()` and `format_ipv4_mask()`.
fn format(of: Invocation<'_>, row: RowKernel, with_mask: bool) -> Result<ColumnarValue> {
    by_column(of, row, |addresses, constants| {
        let limit = match long(constants, 1) {
            Some(length) if (0..=32).contains(&length) => Some(width(length, 32)),
            Some(_) => None,
            None => Some(32),
        };
        let mut out = Texts::new(of.2);
        addresses.each(|found| {
            let found = found.zip(limit).map(|((ip, own), limit)| {
                let length = own.min(limit);
                (masked(ip, length), length)
            });
            out.push(found, with_mask);
        });
        out.finish().map(Some)
    })
}

/// A function from an address to a value that arrays of `A` hold, with what `prepare` makes of the constants.
fn values<A, T, F>(
    of: Invocation<'_>,
    row: RowKernel,
    prepare: impl FnOnce(&[Datum<'_>]) -> F,
) -> Result<ColumnarValue>
where
    A: Array + FromIterator<Option<T>> + 'static,
    F: Fn(Address) -> Option<T>,
{
    by_column(of, row, |addresses, constants| {
        let function = prepare(constants);
        let values = |texts: &StringArray| -> A {
            let found = texts.iter().map(|t| t.and_then(address));
            found.map(|found| found.and_then(&function)).collect()
        };
        Ok(addresses.texts().map(|t| Arc::new(values(t)) as ArrayRef))
    })
}

/// How an address compares to the constant one.
fn comparison(constants: &[Datum<'_>]) -> impl Fn(Address) -> Option<i64> + use<> {
    let (other, limit) = (v4(text(constants, 1)), long(constants, 2));
    move |address| Some(compare(address, other?, limit))
}

/// The constant ranges that can hold an address.
fn ranges(constants: &[Datum<'_>]) -> Vec<Address> {
    rest(constants).iter().filter_map(|r| v4(r)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::{Body, Call, kernel};
    use datafusion::scalar::ScalarValue;
    use proptest::prelude::*;

    /// Texts that are addresses, nearly are, or are nothing like one.
    fn texts() -> impl Strategy<Value = String> {
        let octet = prop_oneof![
            6 => (0u32..=255).prop_map(|n| n.to_string()),
            1 => (0u32..=999).prop_map(|n| n.to_string()),
            1 => "0{1,2}[0-9]{0,3}",
            1 => "[ +x-]?[0-9]{0,4}",
        ];
        let length = prop_oneof![
            6 => Just(String::new()),
            4 => (0u32..=40).prop_map(|n| format!("/{n}")),
            1 => "/[ +0-]?[0-9/]{0,3}",
        ];
        let private = prop_oneof![
            Just("10."),
            Just("192.168."),
            Just("172.16."),
            Just("172.31.")
        ];
        prop_oneof![
            8 => (prop::collection::vec(octet, 3..=5), length)
                .prop_map(|(octets, length)| octets.join(".") + &length),
            4 => (private, "[0-9]{1,3}\\.[0-9]{1,3}(/[0-9]{1,2})?").prop_map(|(a, b)| a.to_owned() + &b),
            1 => "[ \t]{0,2}[0-9]{1,3}(\\.[0-9]{1,3}){3}[ \n/]{0,2}",
            1 => "[0-9a-f:./é]{0,20}",
        ]
    }

    fn null_or<T: std::fmt::Debug + Clone>(
        values: impl Strategy<Value = T>,
    ) -> impl Strategy<Value = Option<T>> {
        prop_oneof![1 => Just(None), 8 => values.prop_map(Some)]
    }

    fn constants() -> impl Strategy<Value = (Option<String>, Option<i64>, Vec<String>)> {
        (
            null_or(texts()),
            null_or(-2i64..36),
            prop::collection::vec(texts(), 0..3),
        )
    }

    fn same(name: &str, row: RowKernel, call: &Call<'_>, args: &[ColumnarValue], n: usize) {
        let Some(Body::Batch(eval)) = kernel(name).map(|kernel| kernel.body) else {
            panic!("{name} has no column form");
        };
        let columns = eval(call, args, n).and_then(|v| v.to_array(n)).expect(name);
        let by_row = rows(call, args, n, true, (row, false));
        let by_row = by_row.and_then(|v| v.to_array(n)).expect(name);
        assert_eq!(&columns, &by_row, "{name} of {args:?}");
    }

    proptest! {
        #[test]
        fn plain_agrees_with_the_definition(text in texts()) {
            if let Some(found) = plain(text.as_bytes()) {
                prop_assert_eq!(Some(found), v4(&text));
            }
        }

        #[test]
        fn plain_reads_what_is_plain(ip in any::<u32>(), length in 0u32..=32) {
            let text = std::net::Ipv4Addr::from(ip).to_string();
            prop_assert_eq!(plain(text.as_bytes()), Some((ip, 32)));
            let text = std::format!("{text}/{length}");
            prop_assert_eq!(plain(text.as_bytes()), Some((ip, length)));
        }

        #[test]
        fn columns_agree_with_rows(
            column in prop::collection::vec(null_or(texts()), 0..8),
            numbers in prop::collection::vec(null_or(prop_oneof![any::<i64>(), 0i64..1 << 33]), 0..8),
            (other, length, ranges) in constants(),
        ) {
            let string = |text: Option<String>| ColumnarValue::Scalar(ScalarValue::Utf8(text));
            let long = ColumnarValue::Scalar(ScalarValue::Int64(length));
            let n = column.len();
            let column = ColumnarValue::Array(Arc::new(StringArray::from(column)));
            let call = |args: &'static [Type], ret: Type| Call { args, ret };
            let one: &[Type] = &[Type::String];
            let masked: &[Type] = &[Type::String, Type::Long];
            let two: &[Type] = &[Type::String, Type::String];
            let three: &[Type] = &[Type::String, Type::String, Type::Long];
            let alone = [column.clone()];
            same("parse_ipv4", network::parse_ipv4, &call(one, Type::Long), &alone, n);
            same("ipv4_netmask_suffix", network::ipv4_netmask_suffix, &call(one, Type::Long), &alone, n);
            same("ipv4_is_private", network::ipv4_is_private, &call(one, Type::Bool), &alone, n);
            same("format_ipv4", network::format_ipv4, &call(one, Type::String), &alone, n);
            let with = [column.clone(), long.clone()];
            same("format_ipv4", network::format_ipv4, &call(masked, Type::String), &with, n);
            same("format_ipv4_mask", network::format_ipv4_mask, &call(masked, Type::String), &with, n);
            same("parse_ipv4_mask", network::parse_ipv4_mask, &call(masked, Type::Long), &with, n);
            let to = [column.clone(), string(other.clone())];
            same("ipv4_compare", network::ipv4_compare, &call(two, Type::Long), &to, n);
            same("ipv4_is_in_range", network::ipv4_is_in_range, &call(two, Type::Bool), &to, n);
            let to = [column.clone(), string(other), long.clone()];
            same("ipv4_compare", network::ipv4_compare, &call(three, Type::Long), &to, n);
            same("ipv4_is_match", network::ipv4_is_match, &call(three, Type::Bool), &to, n);
            let array = serde_json::to_string(&ranges).expect("texts");
            let within = [column, string(Some(array))];
            let any: &[Type] = &[Type::String, Type::Dynamic];
            same("ipv4_is_in_any_range", network::ipv4_is_in_any_range, &call(any, Type::Bool), &within, n);
            let n = numbers.len();
            let numbers = [ColumnarValue::Array(Arc::new(Int64Array::from(numbers))), long];
            let of_numbers: &[Type] = &[Type::Long, Type::Long];
            same("format_ipv4_mask", network::format_ipv4_mask, &call(of_numbers, Type::String), &numbers, n);
        }
    }
}
