//! `ipv4_lookup` and `ipv6_lookup`: rows beside those of a table of networks that their address lies in.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};

use arrow::array::RecordBatch;
use datafusion::error::Result;

use super::lookup_rows::Pairs;
use crate::operators::rows::{ArgValue, Cancel, ColumnRef, Key, Output, PluginCall, bad_argument};
use crate::values::{Datum, convert};

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
    let mut pairs = Pairs::default();
    for row in 0..batch.num_rows() {
        cancel.check()?;
        let text = convert::to_text(&address.get(row));
        let mut matches = Vec::new();
        if let Some((bits, prefix)) = network(&text, v4) {
            let key: Vec<Key> = keys
                .iter()
                .map(|reader| Key::of(&reader.get(row)))
                .collect();
            for (length, of_length) in networks.range(..=prefix) {
                let found = of_length.get(&(masked(bits, *length), key.clone()));
                matches.extend(found.into_iter().flatten().copied());
            }
        }
        pairs.add(&call.plugin, row, matches, unmatched)?;
    }
    pairs.table(call, batch, (table, columns), |column| {
        !further.iter().any(|key| key.key == column.key)
    })
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
