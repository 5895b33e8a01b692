//! What an installation may set about cases.

use ipnet::IpNet;

/// Settings of the case store. The defaults make sense for one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `TenantId` of the rows that go to the lake.
    pub tenant_id: String,
    /// What `IncidentUrl` starts with; the number follows.
    pub incident_url: String,
    /// How far apart an alert and an incident may lie and still be one story, in seconds.
    pub window_seconds: i64,
    /// An incident takes no more alerts than this; the next one opens another incident.
    pub alerts_max: i64,
    /// An alert that names more accounts than this lists targets: its accounts link nothing.
    pub list_accounts: usize,
    /// Networks of one's own, beside those in the asset table: their addresses link nothing.
    pub own_networks: Vec<IpNet>,
    /// How long a session lasts, in seconds.
    pub session_seconds: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tenant_id: "00000000-0000-0000-0000-000000000000".into(),
            incident_url: "/incidents/".into(),
            window_seconds: 24 * 3600,
            alerts_max: 150,
            list_accounts: 5,
            own_networks: Vec::new(),
            session_seconds: 12 * 3600,
        }
    }
}
