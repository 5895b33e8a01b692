//! A certificate authority of the installation's own, made at the first start, and the server's
//! certificate signed by it. Clients point their CA bundle at `tls/ca.pem`.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The operating system refused.
    #[error("`{path}`: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A key or certificate could not be made or read.
    #[error("certificate: {0}")]
    Certificate(#[from] rcgen::Error),
}

/// Files to serve with.
#[derive(Debug, Clone)]
pub(crate) struct TlsFiles {
    /// The authority's certificate, for clients.
    pub ca: PathBuf,
    /// Certificate chain of the server.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Makes sure that an authority and a server certificate exist. The server's is made anew at
/// every start, so that a change of `names` takes effect; the authority stays.
pub(crate) fn ensure(folder: &Path, names: &[String]) -> Result<TlsFiles, TlsError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| TlsError::Io { path, source }
    };
    fs::create_dir_all(folder).map_err(at(folder))?;
    let (ca_path, ca_key_path) = (folder.join("ca.pem"), folder.join("ca.key"));
    let ca_key = match fs::read_to_string(&ca_key_path) {
        Ok(pem) => KeyPair::from_pem(&pem)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = KeyPair::generate()?;
            write_private(&ca_key_path, &key.serialize_pem()).map_err(at(&ca_key_path))?;
            // One that belongs to another key would only mislead.
            remove(&ca_path).map_err(at(&ca_path))?;
            key
        }
        Err(error) => return Err(at(&ca_key_path)(error)),
    };
    keep_private(&ca_key_path).map_err(at(&ca_key_path))?;
    if !ca_path.exists() {
        let certificate = authority().self_signed(&ca_key)?;
        fs::write(&ca_path, certificate.pem()).map_err(at(&ca_path))?;
    }
    let params = authority();
    let issuer = Issuer::from_params(&params, &ca_key);
    let key = KeyPair::generate()?;
    let mut all = vec![
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
    ];
    all.extend(names.iter().cloned());
    let mut params = CertificateParams::new(all)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "Watchfloor");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let certificate = params.signed_by(&key, &issuer)?;
    let files = TlsFiles {
        ca: ca_path,
        certificate: folder.join("server.pem"),
        key: folder.join("server.key"),
    };
    fs::write(&files.certificate, certificate.pem()).map_err(at(&files.certificate))?;
    write_private(&files.key, &key.serialize_pem()).map_err(at(&files.key))?;
    Ok(files)
}

fn authority() -> CertificateParams {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "Watchfloor local authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes a file that only its owner may read, from its first byte on.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    // An older file would keep its permissions.
    remove(path)?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)?.write_all(text.as_bytes())
}

#[cfg(unix)]
fn keep_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn keep_private(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[cfg(unix)]
    #[test]
    fn keys_are_for_the_owner_alone_whatever_they_were() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let files = ensure(folder.path(), &[]).unwrap();
        let ca_key = folder.path().join("ca.key");
        for key in [&files.key, &ca_key] {
            assert_eq!(mode(key), 0o600);
            fs::set_permissions(key, fs::Permissions::from_mode(0o644)).unwrap();
        }
        ensure(folder.path(), &[]).unwrap();
        assert_eq!((mode(&files.key), mode(&ca_key)), (0o600, 0o600));
    }

    #[test]
    fn the_authority_stays_over_restarts_and_its_lost_certificate_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let files = ensure(folder.path(), &[]).unwrap();
        let (ca, certificate) = (
            fs::read(&files.ca).unwrap(),
            fs::read(&files.certificate).unwrap(),
        );
        ensure(folder.path(), &["soc.example".into()]).unwrap();
        assert_eq!(fs::read(&files.ca).unwrap(), ca);
        assert_ne!(fs::read(&files.certificate).unwrap(), certificate);
        fs::remove_file(&files.ca).unwrap();
        ensure(folder.path(), &[]).unwrap();
        assert!(files.ca.exists());
    }
}
