//! A function that changes nothing and that no filter or projection is moved through: each column of a chain of
//! projections that reads the one before twice would double what a plan computes.

use super::{Body, Kernel};

pub(super) const KERNELS: &[Kernel] = &[Kernel {
    names: &["op:fence"],
    body: Body::Lenient(|_, args| args.first().cloned().unwrap_or(crate::values::Datum::Null)),
    deterministic: false,
}];
