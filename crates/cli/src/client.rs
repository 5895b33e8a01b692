//! The HTTP API as commands call it: in-process, through the local socket, or over the network.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value as Json;
use server::{Caller, Config, DataFolder, FolderError, Platform};
use tokio::net::{TcpStream, UnixStream};
use tower::ServiceExt as _;

use crate::args::{Args, Command};
use crate::failure::{Failure, Outcome};

/// Largest answer read, bytes.
const ANSWER_BYTES_MAX: usize = 1 << 30;

/// A way to the API.
pub(crate) enum Client {
    /// This process owns the data folder.
    InProcess {
        /// All parts.
        platform: Arc<Platform>,
        /// The API over them.
        router: Router,
    },
    /// A running server owns it.
    Socket(PathBuf),
    /// A server somewhere.
    Remote {
        url: String,
        token: String,
        ca: Option<PathBuf>,
    },
}

/// What to send.
pub(crate) enum Send {
    Nothing,
    Json(Json),
    Bytes(Vec<u8>),
}

impl Client {
    /// Opens the way that the arguments ask for.
    pub(crate) async fn open(args: &Args) -> Outcome<Self> {
        if let Some(url) = &args.server {
            let token = std::env::var("WATCHFLOOR_TOKEN").map_err(|_| {
                Failure::input("--server needs a token")
                    .hint("set $WATCHFLOOR_TOKEN; `watchfloor tokens add` makes one")
            })?;
            return Ok(Self::Remote {
                url: url.trim_end_matches('/').to_owned(),
                token,
                ca: args.ca.clone(),
            });
        }
        let path = data_dir(args)?;
        match DataFolder::own(&path) {
            Ok(folder) => {
                let mut config = read_config(args)?;
                if let Command::Query(options) = &args.command {
                    config.query_memory_bytes = options.memory.unwrap_or(config.query_memory_bytes);
                }
                let platform = open_platform(folder, config).await?;
                let router = server::router(Arc::clone(&platform));
                Ok(Self::InProcess { platform, router })
            }
            Err(FolderError::Owned { path, pid }) => {
                let socket = DataFolder::socket(&path);
                match UnixStream::connect(&socket).await {
                    Ok(_) => Ok(Self::Socket(socket)),
                    Err(_) => Err(Failure::input(format!(
                        "the data folder `{}` is owned by process {pid}, which does not answer",
                        path.display()
                    ))
                    .hint("wait until it ends, or name another folder with --data-dir")),
                }
            }
            Err(error) => Err(Failure::work(error.to_string())),
        }
    }

    /// Calls the API; an error answer becomes a failure with its message and hint.
    pub(crate) async fn call(&self, method: &str, path: &str, send: Send) -> Outcome<Json> {
        let (body, kind) = match send {
            Send::Nothing => (Vec::new(), None),
            Send::Json(json) => (json.to_string().into_bytes(), Some("application/json")),
            Send::Bytes(bytes) => (bytes, Some("application/octet-stream")),
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header("x-watchfloor-user", user_name());
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let (status, bytes) = match self {
            Self::InProcess { router, .. } => in_process(router.clone(), request, body).await?,
            Self::Socket(socket) => {
                let stream = UnixStream::connect(socket).await?;
                exchange(TokioIo::new(stream), finish(request, body)?).await?
            }
            Self::Remote { url, token, ca } => {
                let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
                remote(url, ca.as_deref(), request, body).await?
            }
        };
        answer(status, &bytes)
    }

    /// Lets detections catch up, when this process owns the folder.
    pub(crate) async fn settle(&self) -> Outcome<()> {
        match self {
            Self::InProcess { platform, .. } => Ok(platform.settle().await?),
            Self::Socket(_) | Self::Remote { .. } => Ok(()),
        }
    }

    /// Ends.
    pub(crate) async fn close(self) -> Outcome<()> {
        match self {
            Self::InProcess { platform, .. } => Ok(platform.close().await?),
            Self::Socket(_) | Self::Remote { .. } => Ok(()),
        }
    }
}

/// The data folder that the arguments name.
pub(crate) fn data_dir(args: &Args) -> Outcome<PathBuf> {
    if let Some(path) = &args.data_dir {
        return Ok(path.clone());
    }
    let base = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share")))
        .ok_or_else(|| {
            Failure::input("no data folder is known").hint("name one with --data-dir")
        })?;
    Ok(base.join("watchfloor"))
}

/// The configuration that the arguments name, or the defaults.
pub(crate) fn read_config(args: &Args) -> Outcome<Config> {
    match &args.config {
        None => Ok(Config::default()),
        Some(path) => Config::read(path).map_err(|error| Failure::input(error.to_string())),
    }
}

/// Opens all parts over an owned folder.
pub(crate) async fn open_platform(folder: DataFolder, config: Config) -> Outcome<Arc<Platform>> {
    Platform::open(folder, config, Arc::new(lake::SystemClock))
        .await
        .map_err(|error| Failure::work(error.to_string()))
}

fn user_name() -> String {
    std::env::var("USER")
        .or_else(|_| std::env::var("LOGNAME"))
        .ok()
        .filter(|name| name.chars().all(|c| c.is_ascii_graphic()))
        .unwrap_or_else(|| "local".into())
}

fn finish(request: axum::http::request::Builder, body: Vec<u8>) -> Outcome<Request<Full<Bytes>>> {
    request
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| Failure::input(error.to_string()))
}

async fn in_process(
    router: Router,
    request: axum::http::request::Builder,
    body: Vec<u8>,
) -> Outcome<(StatusCode, Bytes)> {
    let request = request
        .extension(Caller::Local { name: user_name() })
        .body(Body::from(body))
        .map_err(|error| Failure::input(error.to_string()))?;
    let Ok(response) = router.oneshot(request).await;
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), ANSWER_BYTES_MAX)
        .await
        .map_err(|error| Failure::work(error.to_string()))?;
    Ok((status, bytes))
}

async fn exchange<S>(
    stream: TokioIo<S>,
    request: Request<Full<Bytes>>,
) -> Outcome<(StatusCode, Bytes)>
where
    TokioIo<S>: hyper::rt::Read + hyper::rt::Write + Unpin + std::marker::Send + 'static,
{
    let failed =
        |error: hyper::Error| Failure::work(format!("the server does not answer: {error}"));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream)
        .await
        .map_err(failed)?;
    tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(failed)?;
    let status = response.status();
    let bytes = response
        .into_body()
        .collect()
        .await
        .map_err(failed)?
        .to_bytes();
    Ok((status, bytes))
}

async fn remote(
    url: &str,
    ca: Option<&Path>,
    request: axum::http::request::Builder,
    body: Vec<u8>,
) -> Outcome<(StatusCode, Bytes)> {
    let bad = || {
        Failure::input(format!("`{url}` is no server URL"))
            .hint("for example https://soc.example:8443")
    };
    let (scheme, rest) = url.split_once("://").ok_or_else(bad)?;
    let authority: axum::http::uri::Authority = rest.parse().map_err(|_| bad())?;
    let host = authority.host().trim_matches(['[', ']']).to_owned();
    let port = authority
        .port_u16()
        .unwrap_or(if scheme == "https" { 443 } else { 80 });
    // All that can be refused is refused before anything goes over the network.
    let tls = match scheme {
        "http" if is_loopback(&host) => None,
        "http" => {
            return Err(Failure::input("a token is sent over https only")
                .hint("use the server's https address"));
        }
        "https" => {
            let name = rustls::pki_types::ServerName::try_from(host.clone()).map_err(|_| bad())?;
            let connector = tokio_rustls::TlsConnector::from(Arc::new(trust(ca)?));
            Some((connector, name))
        }
        _ => return Err(bad()),
    };
    let request = finish(request, body)?;
    let stream = TcpStream::connect((host.as_str(), port))
        .await
        .map_err(|error| Failure::work(format!("cannot reach {url}: {error}")))?;
    let Some((connector, name)) = tls else {
        return exchange(TokioIo::new(stream), request).await;
    };
    let stream = connector.connect(name, stream).await.map_err(|error| {
        Failure::work(format!("TLS with {url} failed: {error}"))
            .hint("--ca names the certificate of the authority that signed the server's")
    })?;
    exchange(TokioIo::new(stream), request).await
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

fn trust(ca: Option<&Path>) -> Outcome<rustls::ClientConfig> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let path = ca.ok_or_else(|| {
        Failure::input("no certificate authority is named")
            .hint("--ca FILE; a server prints its path at start (tls/ca.pem)")
    })?;
    let mut roots = rustls::RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path)
        .map_err(|error| Failure::input(format!("`{}`: {error}", path.display())))?;
    for certificate in certificates {
        let certificate = certificate
            .map_err(|error| Failure::input(format!("`{}`: {error}", path.display())))?;
        roots
            .add(certificate)
            .map_err(|error| Failure::input(error.to_string()))?;
    }
    Ok(rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn answer(status: StatusCode, bytes: &[u8]) -> Outcome<Json> {
    let json: Json = match bytes.is_empty() {
        true => Json::Null,
        false => serde_json::from_slice(bytes)
            .unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned().into()),
    };
    if status.is_success() {
        return Ok(json);
    }
    let error = &json["error"];
    let message = error["message"]
        .as_str()
        .map_or_else(|| format!("the server answered {status}"), str::to_owned);
    // A query that is right and still failed is no bad input.
    let is_input = status.is_client_error() && error["code"] != "query_failed";
    let failure = match is_input {
        true => Failure::input(message),
        false => Failure::work(message),
    };
    let failure = failure.with_diagnostics(&error["diagnostics"]);
    Err(match error["hint"].as_str() {
        Some(hint) => failure.hint(hint),
        None => failure,
    })
}
