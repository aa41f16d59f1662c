//! The world that receivers live in: connections and secrets that are files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use environment::Environment;
use http::{HeaderValue, Request, Response, header};
use jiff::Timestamp;
use net::http::{Client, Roots};
use tokio::sync::Mutex;

use super::{Failure, email, unanswered};
use crate::configuration::http::{Credentials, Http};
use crate::configuration::{Secret, Source};

/// The largest file that is taken for a secret, in bytes.
const SECRET_MAX: u64 = 64 * 1024;

/// What a channel may use of the world. Tests and the simulator bring their own.
#[async_trait]
pub trait Outside: Send + Sync {
    /// The time, for headers and for judging what receivers say about it.
    fn now(&self) -> Timestamp;

    /// A client that trusts the authorities in `ca_file`, or the system's.
    async fn client(&self, ca_file: Option<&Path>) -> Result<Client, Failure>;

    /// A secret's present value.
    async fn secret(&self, source: &Source) -> Result<Secret, Failure>;

    /// Hands a mail to a server.
    async fn mail(
        &self,
        server: &email::Server,
        mail: &lettre::Message,
        deadline: Duration,
    ) -> Result<(), Failure>;
}

/// Posts JSON as `http` says.
pub(super) async fn post_json(
    outside: &dyn Outside,
    http: &Http,
    url: &Secret,
    body: Vec<u8>,
    deadline: Duration,
) -> Result<Response<Bytes>, Failure> {
    // A URL may be a secret: what is wrong with it must be said without it.
    let mut request = Request::post(url.expose().trim())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, concat!("seaworthy/", env!("CARGO_PKG_VERSION")))
        .body(Bytes::from(body))
        .map_err(|_| Failure::Permanent { reason: "the receiver's url is not a url".to_owned() })?;
    if let Some(credentials) = &http.credentials {
        let value = authorization(outside, credentials).await?;
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    let client = outside.client(http.ca_file.as_deref()).await?;
    client.send(request, deadline).await.map_err(|error| unanswered(&error))
}

async fn authorization(outside: &dyn Outside, credentials: &Credentials) -> Result<HeaderValue, Failure> {
    use base64::Engine;
    let text = match credentials {
        Credentials::Basic { username, password } => {
            let pair = format!("{username}:{}", outside.secret(password).await?.expose());
            format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
        }
        Credentials::Header { scheme, secret } => {
            format!("{scheme} {}", outside.secret(secret).await?.expose())
        }
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| Failure::Permanent {
        reason: "the credentials hold characters that a header cannot".to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// A client, and what the file held that it was made from: an authority may be replaced at any time.
struct Made {
    from: Vec<u8>,
    client: Client,
}

/// The real world.
pub struct Real {
    environment: Environment,
    clients: Mutex<BTreeMap<Option<PathBuf>, Made>>,
}

impl Real {
    /// Nothing is connected before it is needed.
    pub fn new(environment: &Environment) -> Self {
        Self { environment: environment.clone(), clients: Mutex::default() }
    }
}

impl std::fmt::Debug for Real {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Real")
    }
}

#[async_trait]
impl Outside for Real {
    fn now(&self) -> Timestamp {
        self.environment.now()
    }

    async fn client(&self, ca_file: Option<&Path>) -> Result<Client, Failure> {
        let key = ca_file.map(Path::to_path_buf);
        let authorities = match ca_file {
            Some(path) => tokio::fs::read(path).await.ok(),
            None => Some(Vec::new()),
        };
        let mut clients = self.clients.lock().await;
        // A file that cannot be read just now is no reason to tell nobody.
        if let Some(made) = clients.get(&key)
            && authorities.as_ref().is_none_or(|authorities| *authorities == made.from)
        {
            return Ok(made.client.clone());
        }
        let roots = key.clone().map_or(Roots::System, Roots::File);
        let client = Client::outbound(&self.environment, roots)
            .await
            .map_err(|error| Failure::Refused { reason: error.to_string(), retry_after: None })?;
        clients.insert(key, Made { from: authorities.unwrap_or_default(), client: client.clone() });
        Ok(client)
    }

    async fn secret(&self, source: &Source) -> Result<Secret, Failure> {
        match source {
            Source::Inline(secret) => Ok(secret.clone()),
            Source::File(path) => read(path).await,
        }
    }

    async fn mail(
        &self,
        server: &email::Server,
        mail: &lettre::Message,
        deadline: Duration,
    ) -> Result<(), Failure> {
        email::submit(self, server, mail, deadline).await
    }
}

async fn read(path: &Path) -> Result<Secret, Failure> {
    let refused = |reason: String| Failure::Refused {
        reason: format!("the file {} cannot be read: {reason}", path.display()),
        retry_after: None,
    };
    let size = tokio::fs::metadata(path).await.map_err(|error| refused(error.to_string()))?.len();
    if size > SECRET_MAX {
        return Err(refused(format!("{size} bytes are too many for a secret")));
    }
    let text = tokio::fs::read_to_string(path).await.map_err(|error| refused(error.to_string()))?;
    Ok(Secret::new(text.trim()))
}
