//! Listening: plain http on loopback, https on a port of its own, and the local socket through
//! which commands reach the owner of the data folder.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::CancellationToken;

use crate::auth::Caller;
use crate::config::ConfigError;
use crate::folder::DataFolder;
use crate::platform::Platform;
use crate::tls::{self, TlsError};
use crate::{api, tasks};

/// Where to listen.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Plain http, loopback only.
    pub listen: SocketAddr,
    /// https.
    pub listen_tls: Option<SocketAddr>,
    /// Called once everything listens, with the addresses in use.
    pub ready: fn(&Listening),
}

/// Addresses in use.
#[derive(Debug, Clone)]
pub struct Listening {
    /// Plain http.
    pub http: SocketAddr,
    /// https, and the certificate of the authority to trust.
    pub https: Option<(SocketAddr, std::path::PathBuf)>,
    /// Syslog over UDP.
    pub syslog_udp: Option<SocketAddr>,
    /// Syslog over TCP.
    pub syslog_tcp: Option<SocketAddr>,
}

/// Why the server could not listen.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address is taken or not allowed.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Plain http on an outside address.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Certificates.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Serves until `stop` is cancelled, then ends open requests and background work.
///
/// # Errors
/// [`ServeError`] when an address can't be used.
pub async fn serve(
    platform: Arc<Platform>,
    options: ServeOptions,
    stop: CancellationToken,
) -> Result<(), ServeError> {
    if !options.listen.ip().is_loopback() {
        return Err(ConfigError::PlainOutside(options.listen).into());
    }
    let router = api::router(Arc::clone(&platform));
    let bind = |address: String| move |source| ServeError::Bind { address, source };
    let http = TcpListener::bind(options.listen)
        .await
        .map_err(bind(options.listen.to_string()))?;
    let mut listening = Listening {
        http: http
            .local_addr()
            .map_err(bind(options.listen.to_string()))?,
        https: None,
        syslog_udp: None,
        syslog_tcp: None,
    };
    let mut servers = tokio::task::JoinSet::new();
    if let Some(address) = options.listen_tls {
        let (task, bound, ca) = https(&platform, address, router.clone(), &stop).await?;
        servers.spawn(task);
        listening.https = Some((bound, ca));
    }
    let socket = DataFolder::socket(platform.path());
    let _ = std::fs::remove_file(&socket);
    let local = UnixListener::bind(&socket).map_err(bind(socket.display().to_string()))?;
    private_socket(&socket).map_err(bind(socket.display().to_string()))?;
    let local_router = router.clone().layer(middleware::from_fn(as_owner));
    let token = stop.clone();
    servers.spawn(async move {
        let _ = axum::serve(local, local_router.into_make_service())
            .with_graceful_shutdown(token.cancelled_owned())
            .await;
    });
    let token = stop.clone();
    servers.spawn(async move {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let _ = axum::serve(http, service)
            .with_graceful_shutdown(token.cancelled_owned())
            .await;
    });
    syslog(&platform, &mut listening, &mut servers, &stop).await?;
    let mut background = tasks::start(&platform, &stop);
    (options.ready)(&listening);
    stop.cancelled().await;
    // Live-update streams never end by themselves.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(5), async {
        while servers.join_next().await.is_some() {}
    })
    .await;
    servers.abort_all();
    background.abort_all();
    while background.join_next().await.is_some() {}
    let _ = std::fs::remove_file(&socket);
    Ok(())
}

async fn https(
    platform: &Platform,
    address: SocketAddr,
    router: Router,
    stop: &CancellationToken,
) -> Result<
    (
        impl Future<Output = ()> + Send + use<>,
        SocketAddr,
        std::path::PathBuf,
    ),
    ServeError,
> {
    let files = tls::ensure(&platform.folder.tls(), &platform.config.tls_names)?;
    let bind = |source| ServeError::Bind {
        address: address.to_string(),
        source,
    };
    let config = RustlsConfig::from_pem_file(&files.certificate, &files.key)
        .await
        .map_err(bind)?;
    let listener = std::net::TcpListener::bind(address).map_err(bind)?;
    listener.set_nonblocking(true).map_err(bind)?;
    let bound = listener.local_addr().map_err(bind)?;
    let handle = Handle::new();
    let (closer, token) = (handle.clone(), stop.clone());
    let server = axum_server::from_tcp_rustls(listener, config)
        .map_err(bind)?
        .handle(handle);
    let task = async move {
        tokio::spawn(async move {
            token.cancelled().await;
            closer.graceful_shutdown(Some(std::time::Duration::from_secs(3)));
        });
        let _ = server
            .serve(router.into_make_service_with_connect_info::<SocketAddr>())
            .await;
    };
    Ok((task, bound, files.ca))
}

async fn syslog(
    platform: &Arc<Platform>,
    listening: &mut Listening,
    servers: &mut tokio::task::JoinSet<()>,
    stop: &CancellationToken,
) -> Result<(), ServeError> {
    let config = platform.config.syslog.clone();
    let zone = platform.config.zone("syslog")?;
    let bind = |address: SocketAddr| {
        move |source| ServeError::Bind {
            address: address.to_string(),
            source,
        }
    };
    if let Some(address) = config.udp {
        let socket = tokio::net::UdpSocket::bind(address)
            .await
            .map_err(bind(address))?;
        listening.syslog_udp = Some(socket.local_addr().map_err(bind(address))?);
        servers.spawn(intake::syslog::serve_udp(
            platform.intake.clone(),
            socket,
            zone.clone(),
            stop.clone(),
        ));
    }
    if let Some(address) = config.tcp {
        let listener = TcpListener::bind(address).await.map_err(bind(address))?;
        listening.syslog_tcp = Some(listener.local_addr().map_err(bind(address))?);
        servers.spawn(intake::syslog::serve_tcp(
            platform.intake.clone(),
            listener,
            zone,
            stop.clone(),
        ));
    }
    Ok(())
}

/// Whoever can open the socket owns the folder.
async fn as_owner(mut request: Request, next: Next) -> Response {
    let name = request
        .headers()
        .get("x-watchfloor-user")
        .and_then(|value| value.to_str().ok())
        .filter(|name| !name.is_empty() && name.len() <= 64)
        .unwrap_or("local")
        .to_owned();
    request.extensions_mut().insert(Caller::Local { name });
    next.run(request).await
}

#[cfg(unix)]
fn private_socket(path: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}
