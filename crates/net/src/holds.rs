//! What the healer tells the alerter: holds and outcomes.

use std::time::Duration;

use axum::http::StatusCode;
use environment::Environment;
use model::hold::{Hold, Outcome};
use serde::Serialize;

use crate::apiv2::{quote, retry_after};
use crate::http::{self, Endpoint};

/// Where holds are posted to.
pub const HOLDS_PATH: &str = "/internal/v1/holds";

/// Where outcomes are posted to.
pub const OUTCOMES_PATH: &str = "/internal/v1/outcomes";

/// Tells one alerter. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Teller {
    environment: Environment,
    endpoint: Endpoint,
}

/// Why it was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There was no answer.
    #[error(transparent)]
    Unanswered(#[from] http::Error),
    /// It says no, and would say it again: a difference of versions, or a wrong identity.
    #[error("{peer} refuses it ({status}): {text}")]
    Refused {
        /// Whom we asked.
        peer: String,
        /// Its status.
        status: StatusCode,
        /// What it said.
        text: String,
    },
    /// 429 or a 5xx: try again.
    #[error("{peer} cannot take it now ({status}): {text}")]
    Busy {
        /// Whom we asked.
        peer: String,
        /// Its status.
        status: StatusCode,
        /// What it said.
        text: String,
        /// When it wants to be asked again, if it said so.
        retry_after: Option<Duration>,
    },
}

impl Error {
    /// Whether the same may be taken another time.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unanswered(_) | Self::Busy { .. })
    }
}

impl Teller {
    /// To the alerter at `endpoint`.
    pub fn new(environment: &Environment, endpoint: Endpoint) -> Self {
        Self { environment: environment.clone(), endpoint }
    }

    /// Whom it tells: scheme, host and port.
    pub fn peer(&self) -> String {
        self.endpoint.origin()
    }

    /// Posts a hold or its change. Safe to repeat: a hold is a level.
    pub async fn hold(&self, hold: &Hold, deadline: Duration) -> Result<(), Error> {
        self.post(HOLDS_PATH, hold, deadline).await
    }

    /// Posts an outcome. Safe to repeat: the alerter knows it by its id.
    pub async fn outcome(&self, outcome: &Outcome, deadline: Duration) -> Result<(), Error> {
        self.post(OUTCOMES_PATH, outcome, deadline).await
    }

    async fn post<T: Serialize>(&self, path: &str, value: &T, deadline: Duration) -> Result<(), Error> {
        let body = serde_json::to_vec(value).expect("texts, numbers and times only");
        let answer = self.endpoint.post_json(path, body.into(), deadline).await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let (peer, text) = (self.peer(), quote(answer.body()));
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            let retry_after = retry_after(answer.headers(), self.environment.now());
            return Err(Error::Busy { peer, status, text, retry_after });
        }
        Err(Error::Refused { peer, status, text })
    }
}
