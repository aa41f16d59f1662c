//! The HTTP client: one request, one deadline, one answer of bounded size.
//!
//! It follows no redirects, uses no proxies, keeps no cookies and retries nothing that may have
//! been received. Repeating is the caller's business, who knows what may be repeated.

mod client;
mod connector;
mod endpoint;
mod error;
mod pooled;
mod resolve;
mod roots;

pub use client::{BoxFuture, Client, Transport};
pub use endpoint::{Endpoint, EndpointError};
pub use error::Error;
pub use pooled::CONNECT_TIMEOUT;
pub use roots::Roots;

pub(crate) use endpoint::origin;
pub(crate) use pooled::Spawner;
