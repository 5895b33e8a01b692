//! One module a vendor format: each turns facts into a record as the vendor documents it. None of
//! them knows the story or draws what it could be told.

pub(crate) mod alerts;
pub(crate) mod azure;
pub(crate) mod cloudtrail;
pub(crate) mod context;
pub(crate) mod entra;
pub(crate) mod firewall;
pub(crate) mod linux;
pub(crate) mod office;
pub(crate) mod security;
pub(crate) mod sysmon;
