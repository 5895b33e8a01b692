//! `ipv4_lookup` and `ipv6_lookup`: rows beside those of a table of networks that their address lies in.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take;
use datafusion::error::Result;
use kql::types::Type;

use crate::operators::rows::{
    ArgValue, Cancel, ColumnRef, Key, Made, Output, PluginCall, ROWS_MAX, bad_argument, limit,
};
use crate::values::{ColumnBuilder, Datum, Reader, convert};

/// An address as 128 bits and the length of its prefix among them; IPv4 in its mapped form.
fn network(text: &str, v4: bool) -> Option<(u128, u32)> {
    let text = text.trim();
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.parse::<u32>().ok()?)),
        None => (text, None),
    };
    let (bits, width) = match (address.parse::<IpAddr>(), v4) {
        (Ok(IpAddr::V4(ip)), _) => (mapped(ip), 32),
        (Ok(IpAddr::V6(ip)), false) => (u128::from(ip), 128),
        _ => return None,
    };
    let prefix = prefix.unwrap_or(width);
    (prefix <= width).then_some((bits, prefix + 128 - width))
}

fn mapped(ip: Ipv4Addr) -> u128 {
    u128::from(ip.to_ipv6_mapped())
}

fn masked(bits: u128, prefix: u32) -> u128 {
    if prefix == 0 {
        0
    } else {
        bits & (u128::MAX << (128 - prefix.min(128)))
    }
}

/// Rows of the lookup table by prefix length, then by network and further keys.
type Networks = BTreeMap<u32, HashMap<(u128, Vec<Key>), Vec<usize>>>;

/// `ipv4_lookup(table, address, network, further keys..., return_unmatched)`: each row with each network it lies in. A
/// further key is a column of both tables by name.
pub(super) fn lookup(call: &PluginCall, batch: &RecordBatch, cancel: &Cancel) -> Result<Output> {
    let v4 = call.plugin == "ipv4_lookup";
    let Some(ArgValue::Table(table, columns)) = call.args.first().map(|arg| &arg.value) else {
        return Err(bad_argument("a lookup needs a table"));
    };
    let unmatched = call.named("return_unmatched").or_else(|| {
        let last = call.args.len().checked_sub(1)?;
        call.constant(last)
    });
    let unmatched = unmatched == Some(&Datum::Bool(true));
    let further = call.columns_from(3);
    let networks = index(call, (table, columns), &further, v4)?;
    let address = call.column(1)?.read(batch)?;
    let keys = further
        .iter()
        .map(|key| {
            let title = title_of(columns, key);
            let own = call.input.iter().find(|column| column.title == title);
            own.ok_or_else(|| bad_argument(format!("the input has no column `{title}`")))?
                .read(batch)
        })
        .collect::<Result<Vec<_>>>()?;
    let (mut left, mut right): (Vec<u32>, Vec<Option<u32>>) = (Vec::new(), Vec::new());
    for row in 0..batch.num_rows() {
        cancel.check()?;
        let before = left.len();
        let number = |row: usize| u32::try_from(row).unwrap_or(u32::MAX);
        let text = convert::to_text(&address.get(row));
        if let Some((bits, prefix)) = network(&text, v4) {
            let key: Vec<Key> = keys
                .iter()
                .map(|reader| Key::of(&reader.get(row)))
                .collect();
            for (length, of_length) in networks.range(..=prefix) {
                let found = of_length.get(&(masked(bits, *length), key.clone()));
                for other in found.into_iter().flatten() {
                    left.push(number(row));
                    right.push(Some(number(*other)));
                }
            }
        }
        if left.len() == before && unmatched {
            left.push(number(row));
            right.push(None);
        }
        if left.len() > ROWS_MAX {
            return Err(limit(format!(
                "{} made more than {ROWS_MAX} rows",
                call.plugin
            )));
        }
    }
    let rows = left.len();
    let (left, right) = (UInt32Array::from(left), UInt32Array::from(right));
    let mut made = Vec::new();
    for column in &call.input {
        made.push(Made {
            title: column.title.clone(),
            ty: column.ty,
            array: take(&column.array(batch)?, &left, None)?,
        });
    }
    let dropped = |column: &&ColumnRef| !further.iter().any(|key| key.key == column.key);
    for column in columns.iter().filter(dropped) {
        let taken = take(&column.array(table)?, &right, None)?;
        made.push(Made {
            title: free_title(&made, &column.title),
            ty: column.ty,
            array: if column.ty == Type::String {
                filled(column.ty, &taken)?
            } else {
                taken
            },
        });
    }
    Ok((made, rows))
}

/// As a join names the right side's columns.
fn free_title(made: &[Made], title: &str) -> String {
    let taken = |title: &str| made.iter().any(|made| made.title == title);
    if !taken(title) {
        return title.to_owned();
    }
    let mut number = 1;
    while taken(&format!("{title}{number}")) {
        number += 1;
    }
    format!("{title}{number}")
}

/// A string is never null.
fn filled(ty: Type, array: &arrow::array::ArrayRef) -> Result<arrow::array::ArrayRef> {
    let reader = Reader::new(ty, array, false)?;
    let mut out = ColumnBuilder::new(ty, array.len());
    (0..array.len()).for_each(|row| out.push(&reader.get(row)));
    Ok(out.finish())
}

fn title_of(columns: &[ColumnRef], key: &ColumnRef) -> String {
    let found = columns.iter().find(|column| column.key == key.key);
    found.map_or_else(|| key.title.clone(), |column| column.title.clone())
}

fn index(
    call: &PluginCall,
    (table, columns): (&RecordBatch, &[ColumnRef]),
    further: &[&ColumnRef],
    v4: bool,
) -> Result<Networks> {
    let read = |key: &str| {
        let column = columns.iter().find(|column| column.key == key);
        column
            .ok_or_else(|| bad_argument("a key of a lookup must be a column of its table"))?
            .read(table)
    };
    let addresses = read(&call.column(2)?.key)?;
    let keys = further
        .iter()
        .map(|key| read(&key.key))
        .collect::<Result<Vec<_>>>()?;
    let mut networks = Networks::new();
    for row in 0..table.num_rows() {
        let text = convert::to_text(&addresses.get(row));
        if let Some((bits, prefix)) = network(&text, v4) {
            let key = keys
                .iter()
                .map(|reader| Key::of(&reader.get(row)))
                .collect();
            networks
                .entry(prefix)
                .or_default()
                .entry((masked(bits, prefix), key))
                .or_default()
                .push(row);
        }
    }
    Ok(networks)
}
