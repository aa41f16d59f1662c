//! The temporary folder with what others come in by: a shell's variables, a kubeconfig, a certificate.

use std::fs::{self, DirBuilder};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{self, Path, PathBuf};

use super::Error;
use super::credentials::Credentials;
use super::own::{self, MARK};
use crate::visit::quoted;

/// What a shell reads. It is written first: by it an earlier demo's folder is known.
const ENV: &str = "env";
/// The kubeconfig, where no other place is named for it.
const KUBECONFIG: &str = "kubeconfig";
/// What amtool is told of TLS.
const AMTOOL: &str = "amtool.yml";
/// An identity, as `seaworthy certs` makes them.
const CA: &str = "ca.crt";
const CERT: &str = "tls.crt";
const KEY: &str = "tls.key";
/// All files that there may be.
const FILES: [&str; 6] = [ENV, KUBECONFIG, AMTOOL, CA, CERT, KEY];

/// Where the doors are.
pub(super) struct Addresses {
    pub(super) api: SocketAddr,
    pub(super) monitor: SocketAddr,
    pub(super) alerter: SocketAddr,
}

/// A folder that was written; it goes when it is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    kubeconfig: PathBuf,
}

impl Folder {
    /// Writes everything but the kubeconfig, which is put to `kubeconfig`, or stands here, too.
    pub(super) fn write(
        kubeconfig: Option<&Path>,
        addresses: &Addresses,
        credentials: &Credentials,
    ) -> Result<Self, Error> {
        // A shell may have gone elsewhere before it reads what is in it.
        let temporary = std::env::temp_dir();
        let temporary =
            path::absolute(&temporary).map_err(|source| Error::Folder { path: temporary, source })?;
        // The port is nobody else's while the door is open.
        let path = temporary.join(format!("seaworthy-demo-{}", addresses.api.port()));
        make(&path)?;
        let kubeconfig = match kubeconfig {
            Some(place) => path::absolute(place)
                .map_err(|source| Error::Unwritable { path: place.to_owned(), source })?,
            None => path.join(KUBECONFIG),
        };
        let folder = Self { path, kubeconfig };
        folder.put(ENV, &folder.variables(addresses))?;
        folder.put(AMTOOL, &folder.amtool())?;
        folder.put(CA, credentials.authority())?;
        folder.put(CERT, &credentials.operator().cert)?;
        folder.put(KEY, credentials.operator().key.expose())?;
        Ok(folder)
    }

    /// What a shell reads.
    pub(super) fn env(&self) -> PathBuf {
        self.path.join(ENV)
    }

    /// Where the kubeconfig belongs.
    pub(super) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    fn put(&self, name: &str, contents: &str) -> Result<(), Error> {
        let path = self.path.join(name);
        own::create(&path, contents).map_err(|source| Error::Folder { path, source })
    }

    /// What makes a shell's kubectl, seaworthy and amtool the demo's; bash, zsh and fish read it.
    fn variables(&self, addresses: &Addresses) -> String {
        let Addresses { monitor, alerter, .. } = addresses;
        let amtool = format!(
            "amtool --alertmanager.url=https://{alerter} --http.config.file={}",
            quoted(&self.path.join(AMTOOL).to_string_lossy())
        );
        format!(
            "{MARK}# `source` it: kubectl, seaworthy and amtool then work on the demo in that shell.
export KUBECONFIG={}
export SEAWORTHY_MONITOR=https://{monitor}
export SEAWORTHY_ALERTER=https://{alerter}
export SEAWORTHY_IDENTITY={}
alias amtool={}
",
            quoted(&self.kubeconfig.to_string_lossy()),
            quoted(&self.path.to_string_lossy()),
            quoted(&amtool),
        )
    }

    fn amtool(&self) -> String {
        // A JSON text is a YAML text.
        let file = |name: &str| serde_json::Value::from(self.path.join(name).to_string_lossy());
        format!(
            "{MARK}tls_config:\n  ca_file: {}\n  cert_file: {}\n  key_file: {}\n",
            file(CA),
            file(CERT),
            file(KEY)
        )
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // It leads nowhere from now on. What others have put there stays, and the folder with it.
        let _ = clear(&self.path);
    }
}

/// Makes the folder, its owner's alone. One that an earlier demo has left goes.
fn make(path: &Path) -> Result<(), Error> {
    let failed = |source| Error::Folder { path: path.to_owned(), source };
    let create = || DirBuilder::new().mode(0o700).create(path);
    match create() {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made.map_err(failed),
    }
    let is_ours = path.join(ENV).exists() && own::may_be_written(&path.join(ENV)).map_err(failed)?;
    if !is_ours {
        return Err(Error::Taken { path: path.to_owned() });
    }
    clear(path).and_then(|()| create()).map_err(failed)
}

/// Removes the files of ours, and the folder if nothing else is in it.
fn clear(path: &Path) -> io::Result<()> {
    for name in FILES {
        match fs::remove_file(path.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::remove_dir(path)
}
