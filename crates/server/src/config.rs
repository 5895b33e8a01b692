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
    /// Queries of one user that run at a time; more of them wait in turn.
    pub queries_per_user: usize,
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
    /// Largest request body after decompression, bytes.
    pub body_bytes_max: usize,
}

/// Settings of one source, by its name as `sources list` shows it. What the syslog receivers take
/// is source `syslog`, CEF included.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourceConfig {
    /// KQL over `source` that says which rows are stored, for example
    /// `source | where DeviceAction != "deny"`. It must fit a table of the source; rows of its
    /// other tables are kept.
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
            queries_per_user: 4,
            rules: Vec::new(),
            starter_rules: true,
            sources: BTreeMap::new(),
            syslog: SyslogConfig::default(),
            retention_days: BTreeMap::new(),
            disk_guard_bytes: 1 << 30,
            body_bytes_max: 256 << 20,
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
    /// Settings of a source that does not exist.
    #[error("unknown source `{source_name}` in `[sources]`; known: {known}")]
    UnknownSource {
        /// The name given.
        source_name: String,
        /// All names.
        known: String,
    },
    /// A filter that can't be applied.
    #[error("source `{source_name}`, filter:{fault}")]
    Filter {
        /// The source.
        source_name: String,
        /// Where in the filter's text, and why.
        fault: crate::filters::FilterFault,
    },
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
        for (name, source) in &self.sources {
            let known = sources::by_name(name).ok_or_else(|| ConfigError::UnknownSource {
                source_name: name.clone(),
                known: sources::names(),
            })?;
            self.zone(name)?;
            if let Some(filter) = &source.filter {
                let now = jiff::Timestamp::UNIX_EPOCH;
                crate::filters::check(filter, &tables_of(known.spec()), now).map_err(|fault| {
                    ConfigError::Filter {
                        source_name: name.clone(),
                        fault,
                    }
                })?;
            }
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

/// Tables that rows of a source may go to.
fn tables_of(spec: &'static sources::SourceSpec) -> Vec<&'static str> {
    match spec.name {
        "table_rows" => schema::Catalog::builtin()
            .tables()
            .map(|table| table.name.as_str())
            .collect(),
        _ => spec.tables.to_vec(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::strategy::Strategy as _;

    use super::*;

    #[test]
    fn settings_of_sources_are_checked() {
        let check = |text: &str| {
            let config: Config = toml::from_str(text).unwrap();
            config.check().map_err(|error| error.to_string())
        };
        check("[sources.syslog]\nzone = \"Europe/Berlin\"").unwrap();
        check("[sources.cef_syslog]\nfilter = 'source | where DeviceAction != \"deny\"'").unwrap();
        let error = check("[sources.sysloog]\nzone = \"UTC\"").unwrap_err();
        assert!(
            error.contains("sysloog") && error.contains("cef_syslog"),
            "{error}"
        );
        let error = check("[sources.syslog]\nzone = \"Berlin\"").unwrap_err();
        assert!(error.contains("unknown time zone `Berlin`"), "{error}");
        let error = check("[sources.syslog]\nfilter = 'source | where Sevrity == 1'").unwrap_err();
        assert!(
            error.starts_with("source `syslog`, filter:1:16: "),
            "{error}"
        );
    }

    /// A file with every setting.
    const WHOLE: &str = r#"listen = "127.0.0.1:8088"
listen_tls = "127.0.0.1:8443"
tls_names = ["watch.corp.example", "10.0.0.9"]
tenant_id = "8a1e3c54-0000-4000-8000-000000000001"
query_memory_bytes = 2147483648
query_timeout_seconds = 60
rules = ["rules/own", "more.yaml"]
starter_rules = true
disk_guard_bytes = 1073741824
body_bytes_max = 268435456

[sources.syslog]
zone = "Europe/Berlin"
filter = 'source | where SeverityLevel !in ("debug", "info")'

[sources.cef_syslog]
filter = 'source | where DeviceAction != "deny"'

[syslog]
udp = "0.0.0.0:5514"
tcp = "[::]:5514"

[retention_days]
default = 90
SecurityEvent = 365
"#;

    const PIECES: &[&str] = &[
        "\n",
        "\"",
        "'",
        "\"\"\"",
        "=",
        "[",
        "]",
        "[[",
        "{",
        "}",
        ".",
        ",",
        "#",
        "\0",
        "\\u0000",
        "-1",
        "1e999",
        "99999999999999999999",
        "0x",
        "nan",
        "true",
        "1979-05-27T07:32:00Z",
        "\u{202e}",
        "[sources]",
        "listen = 1",
        "filter = '|'",
        "zone = ''",
        "default = -1",
    ];

    /// One file of its own a run of the property.
    fn read(text: &str) -> Result<Config, ConfigError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let result = Config::read(file.path());
        if let Err(error) = &result {
            let message = error.to_string();
            if matches!(error, ConfigError::Toml { .. } | ConfigError::Io { .. }) {
                assert!(
                    message.contains(&file.path().display().to_string()),
                    "{message}"
                );
            }
        }
        result
    }

    proptest::proptest! {
        #[test]
        fn a_damaged_file_is_read_or_refused_with_its_place(
            edits in proptest::collection::vec(
                (
                    proptest::prelude::any::<proptest::sample::Index>(),
                    0_usize..30,
                    proptest::prop_oneof![
                        proptest::sample::select(PIECES).prop_map(str::to_owned),
                        proptest::prelude::any::<String>(),
                    ],
                ),
                1..6,
            ),
        ) {
            let mut text: Vec<char> = WHOLE.chars().collect();
            for (at, cut, put) in edits {
                let from = at.index(text.len() + 1);
                text.splice(from..(from + cut).min(text.len()), put.chars());
            }
            let text: String = text.into_iter().collect();
            match read(&text) {
                Ok(config) => proptest::prop_assert!(config.listen.ip().is_loopback()),
                Err(error) => {
                    let message = error.to_string();
                    let place = match &error {
                        ConfigError::Toml { .. } => "line ",
                        ConfigError::Filter { .. } => ", filter:",
                        ConfigError::Zone { .. } => "unknown time zone",
                        ConfigError::UnknownSource { .. } => "[sources]",
                        ConfigError::PlainOutside(_) => "loopback only",
                        ConfigError::Io { .. } => "never",
                    };
                    proptest::prop_assert!(message.contains(place), "{}", message);
                    let is_toml = matches!(error, ConfigError::Toml { .. });
                    proptest::prop_assert!(!is_toml || message.contains("column "), "{}", message);
                }
            }
        }
    }

    #[test]
    fn a_file_with_every_setting_is_read() {
        let config = read(WHOLE).unwrap();
        assert_eq!(config.sources.len(), 2);
        assert_eq!(config.retention_days["SecurityEvent"], 365);
    }

    #[test]
    fn an_unknown_key_and_plain_http_outside_are_refused() {
        assert!(toml::from_str::<Config>("lissten = \"127.0.0.1:1\"").is_err());
        let config: Config = toml::from_str("listen = \"0.0.0.0:80\"").unwrap();
        assert!(matches!(config.check(), Err(ConfigError::PlainOutside(_))));
    }
}
