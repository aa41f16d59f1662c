//! Seaworthy's own resources, as a person reads and decides on them: under the person's kubeconfig, with the person's
//! rights, and through the same bookkeeper as the healer, which can write nothing else.

use std::time::Duration;

use anyhow::{Result, bail};
use cluster::Failure;
use cluster::bookkeeping::{Bookkeeper, Error, Record};
use cluster::connect::Connection;
use cluster::read;
use jiff::Timestamp;
use model::brake::{self, Brake, BrakeSpec};
use model::remediation::{Approval, ApprovalVerdict, Phase, Remediation};

use crate::whoami::whoami;

/// Under which name the API server's managed fields show what a person changed.
const FIELD_MANAGER: &str = "seaworthy-cli";
/// How often something is tried that failed only for the moment: a kind that was installed a second ago, or an object
/// that somebody else changed between reading and writing.
const TRIES: u32 = 5;
/// How long to wait where the server does not say.
const PAUSE: Duration = Duration::from_secs(1);

/// Reads and writes Seaworthy's own resources.
pub(crate) struct Records {
    connection: Connection,
    keeper: Bookkeeper,
}

impl Records {
    pub(crate) fn of(connection: Connection) -> Self {
        let keeper = Bookkeeper::new(connection.client.clone(), FIELD_MANAGER, Bookkeeper::DEADLINE);
        Self { connection, keeper }
    }

    /// The API server's address, for people.
    pub(crate) fn server(&self) -> &str {
        self.connection.server_url.trim_end_matches('/')
    }

    /// The way to the API server, to read what else is there.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// All of a kind. What cannot be read is said and left out.
    pub(crate) async fn list<R: Record>(&self) -> Result<Vec<R>> {
        let mut tries = 1;
        let listed = loop {
            match self.keeper.list::<R>().await {
                Err(Error::Failed(Failure::Refused(refusal))) if refusal.code == 429 && tries < TRIES => {
                    tokio::time::sleep(refusal.retry_after.unwrap_or(PAUSE)).await;
                    tries += 1;
                }
                listed => break listed?,
            }
        };
        for malformed in listed.malformed {
            tracing::warn!(
                name = malformed.name,
                reason = malformed.reason,
                "left out, since it is malformed"
            );
        }
        Ok(listed.items)
    }

    /// The Brake that counts, if there is one.
    pub(crate) async fn brake(&self) -> Result<Option<Brake>> {
        match self.keeper.brake().await {
            Ok(brake) => Ok(Some(brake)),
            Err(read::Error::Absent { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Sets the Brake, and makes it where there is none. The last word counts, so that whoever was faster is overruled.
    pub(crate) async fn set_brake(&self, spec: &BrakeSpec) -> Result<()> {
        let mut tries = 1;
        loop {
            let written = match self.brake().await? {
                Some(brake) => self.keeper.replace(&Brake { spec: spec.clone(), ..brake }).await,
                None => self.keeper.create(&Brake::new(brake::NAME, spec.clone())).await,
            };
            match written {
                Err(Error::Conflict(_) | Error::Exists(_)) if tries < TRIES => tries += 1,
                written => return Ok(written.map(drop)?),
            }
        }
    }

    /// Writes a person's word on a remediation's plan: on the one that was read, not on one that took its place.
    pub(crate) async fn decide(
        &self,
        name: &str,
        verdict: ApprovalVerdict,
        expires: Option<Timestamp>,
    ) -> Result<Remediation> {
        let mut tries = 1;
        loop {
            let mut remediation: Remediation = match self.keeper.get(name).await {
                Err(read::Error::Absent { .. }) => {
                    bail!(
                        "there is no remediation {name:?}: `seaworthy remediations` lists those that are open"
                    )
                }
                read => read?,
            };
            let phase = remediation.status.as_ref().map(|status| status.phase).unwrap_or_default();
            if phase != Phase::AwaitingApproval {
                bail!("{name} is {}: only one that is AwaitingApproval takes a decision", phase.as_str());
            }
            let (by, plan_hash) =
                (whoami(self.connection.client.clone()).await?, remediation.spec.plan_hash.clone());
            remediation.spec.approval = Some(Approval { by, plan_hash, verdict, expires });
            match self.keeper.replace(&remediation).await {
                // The healer writes status while it waits, which is no reason to ask the person again.
                Err(Error::Conflict(_)) if tries < TRIES => tries += 1,
                written => return Ok(written?),
            }
        }
    }
}
