//! Request bodies as shippers send them: bounded, and compressed or not.

use std::io::{self, Read};
use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use futures::StreamExt as _;

use crate::error::ApiError;
use crate::platform::Platform;

/// Bytes of a body that is too large that are read all the same.
const LET_GO_BYTES_MAX: usize = 64 << 20;

/// Memory that a zstd frame may ask for, as a power of two: 128 MiB, zstd's own default bound.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// A body within the limit of the configuration, decompressed.
pub(super) struct Body(pub Vec<u8>);

impl FromRequest<Arc<Platform>> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, platform: &Arc<Platform>) -> Result<Self, ApiError> {
        let limit = platform.config.body_bytes_max;
        let encoding = Encoding::of(request.headers())?;
        let headers = request.headers();
        let announced = announced(headers).is_some_and(|bytes| bytes > limit);
        // Who waits to be asked for the body need not send it.
        if announced && headers.contains_key(header::EXPECT) {
            return Err(too_large(limit));
        }
        let bytes = read(request.into_body(), if announced { 0 } else { limit }).await?;
        let bytes = bytes.ok_or_else(|| too_large(limit))?;
        if encoding == Encoding::Identity {
            return Ok(Self(bytes));
        }
        tokio::task::spawn_blocking(move || inflate(&bytes, encoding, limit))
            .await
            .map_err(|error| ApiError::internal(&error))?
            .map(Self)
    }
}

/// The body; `None` when it is longer than `limit`. What is too much is read and let go: many
/// clients send all of a body before they look at the answer, and would see a broken connection.
async fn read(body: axum::body::Body, limit: usize) -> Result<Option<Vec<u8>>, ApiError> {
    let mut chunks = body.into_data_stream();
    let (mut bytes, mut length) = (Vec::new(), 0_usize);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| unreadable(&error))?;
        length = length.saturating_add(chunk.len());
        if length <= limit {
            bytes.extend_from_slice(&chunk);
        } else {
            bytes = Vec::new();
        }
        if length > limit.saturating_add(LET_GO_BYTES_MAX) {
            break;
        }
    }
    Ok((length <= limit).then_some(bytes))
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    let value = headers.get(header::CONTENT_LENGTH)?;
    value.to_str().ok()?.parse().ok()
}

fn too_large(limit: usize) -> ApiError {
    ApiError::too_large(format!(
        "the body is larger than the limit of {limit} bytes"
    ))
    .hint("send it in parts; the limit counts decompressed bytes (body_bytes_max)")
}

fn unreadable(reason: &dyn std::fmt::Display) -> ApiError {
    ApiError::bad(format!("the body can't be read: {reason}"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        let Some(value) = headers.get(header::CONTENT_ENCODING) else {
            return Ok(Self::Identity);
        };
        let name = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
        match name.trim() {
            "" | "identity" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            other => Err(ApiError::unsupported(format!(
                "the content encoding `{other}` is not supported"
            ))
            .hint("send the body as it is, or with `Content-Encoding: gzip` or `zstd`")),
        }
    }
}

/// Inflates all members or frames: a shipper that appends to a buffer sends several, and leaving
/// out the later ones would lose events that were acknowledged.
fn inflate(bytes: &[u8], encoding: Encoding, limit: usize) -> Result<Vec<u8>, ApiError> {
    let reader: io::Result<Box<dyn Read + '_>> = match encoding {
        Encoding::Identity => Ok(Box::new(bytes)),
        Encoding::Gzip => Ok(Box::new(flate2::bufread::MultiGzDecoder::new(bytes))),
        Encoding::Zstd => zstd_reader(bytes),
    };
    let mut out = Vec::new();
    let beyond = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    reader
        .and_then(|reader| reader.take(beyond).read_to_end(&mut out))
        .map_err(|error| unreadable(&error))?;
    if out.len() > limit {
        return Err(too_large(limit));
    }
    Ok(out)
}

fn zstd_reader(bytes: &[u8]) -> io::Result<Box<dyn Read + '_>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
    Ok(Box::new(decoder))
}
