//! The file that tells kubectl where the door is, and lets it in.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Error;
use super::credentials::Credentials;

/// How a kubeconfig of ours begins: nothing else is written over.
const MARK: &str = "# Written by `seaworthy demo`, and removed when it ends.\n";
/// Cluster, user and context.
const NAME: &str = "seaworthy-demo";

/// A kubeconfig that was written; the file goes with it.
#[derive(Debug)]
pub(super) struct Kubeconfig {
    path: PathBuf,
}

impl Kubeconfig {
    /// Writes it to `path`, or to a file of its own among the temporary ones.
    pub(super) fn write(
        path: Option<&Path>,
        address: SocketAddr,
        credentials: &Credentials,
    ) -> Result<Self, Error> {
        let path = match path {
            Some(path) => path.to_owned(),
            // The port is nobody else's while the door is open.
            None => std::env::temp_dir().join(format!("{NAME}-{}.kubeconfig", address.port())),
        };
        let unwritable = |source| Error::Unwritable { path: path.clone(), source };
        if !is_ours(&path).map_err(unwritable)? {
            return Err(Error::Foreign { path });
        }
        create(&path, &contents(address, credentials)).map_err(unwritable)?;
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

/// Whether there is nothing, or what an earlier door has left.
fn is_ours(path: &Path) -> io::Result<bool> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    let mut begin = Vec::new();
    file.take(MARK.len() as u64).read_to_end(&mut begin)?;
    Ok(begin == MARK.as_bytes())
}

/// Creates the file, readable for its owner alone from its first moment.
fn create(path: &Path, contents: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(contents.as_bytes())
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
