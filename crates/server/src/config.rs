//! Settings: one TOML file; every default makes sense on a laptop.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The configuration file.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Address for plain http; loopback only.
    pub listen: SocketAddr,
    /// Address for https; `None` turns it off.
    pub listen_tls: Option<SocketAddr>,
    /// Host names and addresses the certificate is for, besides `localhost` and loopback.
    pub tls_names: Vec<String>,
    /// Fills `TenantId`.
    pub tenant_id: String,
    /// Memory for queries, bytes.
    pub query_memory_bytes: usize,
    /// Wall-clock limit of a person's query, seconds.
    pub query_timeout_seconds: u64,
    /// Rule folders and files, besides the rules that come with Watchfloor.
    pub rules: Vec<PathBuf>,
    /// Whether the rules that come with Watchfloor run.
    pub starter_rules: bool,
    /// Settings by source name.
    pub sources: BTreeMap<String, SourceConfig>,
    /// Syslog receivers.
    pub syslog: SyslogConfig,
    /// Days rows are kept, by table; `default` for the rest, 0 for ever.
    pub retention_days: BTreeMap<String, u32>,
    /// Bytes that stay free on the disk.
    pub disk_guard_bytes: u64,
}

/// Settings of one source.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceConfig {
    /// KQL over `source` that says which rows are stored, for example
    /// `source | where DeviceAction != "deny"`.
    pub filter: Option<String>,
    /// IANA zone of times that name none (RFC 3164); UTC when not given.
    pub zone: Option<String>,
}

/// Syslog receivers (RFC 5426 over UDP, RFC 6587 over TCP).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SyslogConfig {
    /// UDP address.
    pub udp: Option<SocketAddr>,
    /// TCP address.
    pub tcp: Option<SocketAddr>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8088)),
            listen_tls: Some(SocketAddr::from(([127, 0, 0, 1], 8443))),
            tls_names: Vec::new(),
            tenant_id: "00000000-0000-0000-0000-000000000000".into(),
            query_memory_bytes: 2 << 30,
            query_timeout_seconds: 60,
            rules: Vec::new(),
            starter_rules: true,
            sources: BTreeMap::new(),
            syslog: SyslogConfig::default(),
            retention_days: BTreeMap::new(),
            disk_guard_bytes: 1 << 30,
        }
    }
}

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("`{path}`: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Not the expected TOML; the message names line and column.
    #[error("`{path}`: {source}")]
    Toml {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// Plain http asked for on an address that others can reach.
    #[error("plain http listens on loopback only, not on {0}; give that address to --listen-tls")]
    PlainOutside(SocketAddr),
    /// A zone that does not exist.
    #[error("source `{source_name}`: unknown time zone `{zone}`")]
    Zone {
        /// The source.
        source_name: String,
        /// The name given.
        zone: String,
    },
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Io {
            path: path.to_owned(),
            source,
        })?;
        let config: Self = toml::from_str(&text).map_err(|source| ConfigError::Toml {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        config.check()?;
        Ok(config)
    }

    /// Checks what types can't.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn check(&self) -> Result<(), ConfigError> {
        if !self.listen.ip().is_loopback() {
            return Err(ConfigError::PlainOutside(self.listen));
        }
        for name in self.sources.keys() {
            self.zone(name)?;
        }
        Ok(())
    }

    /// The zone of a source's times that name none.
    ///
    /// # Errors
    /// [`ConfigError::Zone`].
    pub fn zone(&self, source: &str) -> Result<jiff::tz::TimeZone, ConfigError> {
        match self.sources.get(source).and_then(|s| s.zone.as_deref()) {
            None => Ok(jiff::tz::TimeZone::UTC),
            Some(zone) => jiff::tz::TimeZone::get(zone).map_err(|_| ConfigError::Zone {
                source_name: source.to_owned(),
                zone: zone.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_and_plain_http_outside_are_refused() {
        assert!(toml::from_str::<Config>("lissten = \"127.0.0.1:1\"").is_err());
        let config: Config = toml::from_str("listen = \"0.0.0.0:80\"").unwrap();
        assert!(matches!(config.check(), Err(ConfigError::PlainOutside(_))));
    }
}
