//! The file that tells kubectl where the door is, and lets it in.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Error;
use super::credentials::Credentials;
use super::own::{self, MARK};

/// Cluster, user and context.
const NAME: &str = "seaworthy-demo";

/// A kubeconfig that was written; the file goes with it.
#[derive(Debug)]
pub(super) struct Kubeconfig {
    path: PathBuf,
}

impl Kubeconfig {
    /// Writes it to `path`.
    pub(super) fn write(
        path: PathBuf,
        address: SocketAddr,
        credentials: &Credentials,
    ) -> Result<Self, Error> {
        let unwritable = |source| Error::Unwritable { path: path.clone(), source };
        if !own::may_be_written(&path).map_err(unwritable)? {
            return Err(Error::Foreign { path });
        }
        own::create(&path, &contents(address, credentials)).map_err(unwritable)?;
        Ok(Self { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Kubeconfig {
    fn drop(&mut self) {
        // It leads nowhere from now on. Where somebody was faster, all the better.
        let _ = fs::remove_file(&self.path);
    }
}

fn contents(address: SocketAddr, credentials: &Credentials) -> String {
    let authority = STANDARD.encode(credentials.authority());
    let token = credentials.token().expose();
    format!(
        "{MARK}apiVersion: v1
kind: Config
current-context: {NAME}
clusters:
- name: {NAME}
  cluster:
    server: https://{address}
    certificate-authority-data: {authority}
contexts:
- name: {NAME}
  context:
    cluster: {NAME}
    user: {NAME}
users:
- name: {NAME}
  user:
    token: {token}
"
    )
}
