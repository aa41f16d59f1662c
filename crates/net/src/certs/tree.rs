//! The folder that `seaworthy certs` writes, and keeps fresh when run again.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::{AUTHORITY_VALIDITY, Authority, Error, IDENTITIES, IDENTITY_VALIDITY};
use crate::secret::Secret;
use crate::tls::{self, Certificate, Files, Identity, IdentityError};

/// Keys are for their owner alone; certificates are for everybody.
const KEY_MODE: u32 = 0o600;
const CERT_MODE: u32 = 0o644;
const FOLDER_MODE: u32 = 0o755;

/// What to write, and where.
#[derive(Debug, Clone)]
pub struct Options {
    /// The tree's root; made if it is not there.
    pub folder: PathBuf,
    /// Services to name; a folder is made for each.
    pub identities: Vec<String>,
    /// Names and addresses at which others than our own services reach them (Prometheus, people):
    /// ours check the service's name alone.
    pub hosts: BTreeSet<String>,
    /// How long new identities last.
    pub validity: Duration,
}

impl Options {
    /// All of [`IDENTITIES`] in `folder`, reachable at localhost, for [`IDENTITY_VALIDITY`].
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            identities: IDENTITIES.map(str::to_owned).to_vec(),
            hosts: ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into(),
            validity: IDENTITY_VALIDITY,
        }
    }
}

/// What was done, the authority first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// One for the authority and one for each identity.
    pub items: Vec<Item>,
}

/// What was done about one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The certificate's file.
    pub path: PathBuf,
    /// What was done.
    pub action: Action,
    /// When the certificate that is there now ends.
    pub not_after: Timestamp,
}

/// What was done about a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// There was none.
    Created,
    /// It was good and stays.
    Kept,
    /// It was replaced, for this reason.
    Renewed(&'static str),
}

impl std::fmt::Display for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { path, action, not_after } = self;
        match action {
            Action::Created => write!(f, "{}: created, valid until {not_after}", path.display()),
            Action::Kept => write!(f, "{}: kept, valid until {not_after}", path.display()),
            Action::Renewed(why) => write!(f, "{}: renewed ({why}), valid until {not_after}", path.display()),
        }
    }
}

/// Why the tree could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// A file or folder cannot be made.
    #[error("cannot write {}: {source}; mend its permissions or name another folder", path.display())]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Only one half of the authority is there.
    #[error(
        "{} is there but {} is not: bring it back, or, to begin with a new authority that no present \
         peer trusts, remove the former",
        present.display(), missing.display()
    )]
    HalfAuthority {
        /// The file that is there.
        present: PathBuf,
        /// The file that is not.
        missing: PathBuf,
    },
    /// The authority that is there cannot be used.
    #[error("{}: {source}", path.display())]
    Authority {
        /// The authority's certificate.
        path: PathBuf,
        /// What is wrong.
        source: Error,
    },
    /// A name that can be no identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// An identity cannot be issued.
    #[error(transparent)]
    Issue(#[from] Error),
}

/// Makes or refreshes the tree. An authority that is there stays. An identity is issued anew, with
/// a new key, when it is missing or broken, comes from another authority, names other hosts, or
/// has less than a third of its time left; all others stay untouched. Certificates behind the
/// first one in the root's ca.crt are handed on to the identities too, as further CAs to trust.
///
/// Two runs at a time wait for each other; services that watch the files see each file whole.
pub fn write_tree(options: &Options, now: Timestamp) -> Result<Report, TreeError> {
    let identities =
        options.identities.iter().map(|name| Identity::new(name)).collect::<Result<Vec<_>, _>>()?;
    make_folder(&options.folder)?;
    let _lock = lock(&options.folder)?;
    let (authority, item) = authority(&options.folder, now)?;
    let mut items = vec![item];
    for identity in &identities {
        items.push(refresh(options, &authority, identity, now)?);
    }
    Ok(Report { items })
}

fn authority(folder: &Path, now: Timestamp) -> Result<(Authority, Item), TreeError> {
    let (path, key_path) = (folder.join("ca.crt"), folder.join("ca.key"));
    let unusable = |source| TreeError::Authority { path: path.clone(), source };
    let (authority, action) = match (read(&path)?, read(&key_path)?) {
        (Some(cert), Some(key)) => {
            (Authority::from_pem(&cert, &Secret::new(key)).map_err(unusable)?, Action::Kept)
        }
        (None, None) => (Authority::new(now, AUTHORITY_VALIDITY)?, Action::Created),
        (Some(_), None) => return Err(TreeError::HalfAuthority { present: path, missing: key_path }),
        (None, Some(_)) => return Err(TreeError::HalfAuthority { present: key_path, missing: path }),
    };
    if action == Action::Created {
        write(&key_path, authority.key().expose(), KEY_MODE)?;
        write(&path, authority.cert(), CERT_MODE)?;
    }
    restrict(&key_path)?;
    let not_after = authority.not_after();
    Ok((authority, Item { path, action, not_after }))
}

fn refresh(
    options: &Options,
    authority: &Authority,
    identity: &Identity,
    now: Timestamp,
) -> Result<Item, TreeError> {
    let folder = options.folder.join(identity.service());
    make_folder(&folder)?;
    let files = Files::in_folder(&folder);
    let (action, not_after) = match judge(&files, authority, identity, &options.hosts, now)? {
        Found::Good { not_after } => (Action::Kept, not_after),
        Found::Nothing => (Action::Created, issue(&files, options, authority, identity, now)?),
        Found::Bad(why) => (Action::Renewed(why), issue(&files, options, authority, identity, now)?),
    };
    restrict(&files.key)?;
    if read(&files.ca)?.as_deref() != Some(authority.cert()) {
        write(&files.ca, authority.cert(), CERT_MODE)?;
    }
    Ok(Item { path: files.cert, action, not_after })
}

fn issue(
    files: &Files,
    options: &Options,
    authority: &Authority,
    identity: &Identity,
    now: Timestamp,
) -> Result<Timestamp, TreeError> {
    let issued = authority.issue(identity, &options.hosts, now, options.validity)?;
    write(&files.key, issued.key.expose(), KEY_MODE)?;
    write(&files.cert, &issued.cert, CERT_MODE)?;
    Ok(issued.not_after)
}

enum Found {
    Nothing,
    Good { not_after: Timestamp },
    Bad(&'static str),
}

fn judge(
    files: &Files,
    authority: &Authority,
    identity: &Identity,
    hosts: &BTreeSet<String>,
    now: Timestamp,
) -> Result<Found, TreeError> {
    let (cert, key) = match (read(&files.cert)?, read(&files.key)?) {
        (Some(cert), Some(key)) => (cert, Secret::new(key)),
        (None, None) => return Ok(Found::Nothing),
        (Some(_), None) => return Ok(Found::Bad("its key is missing")),
        (None, Some(_)) => return Ok(Found::Bad("it is missing beside its key")),
    };
    let Ok(der) = CertificateDer::from_pem_slice(cert.as_bytes()) else {
        return Ok(Found::Bad("it cannot be read"));
    };
    let Ok(certificate) = Certificate::parse(&der) else {
        return Ok(Found::Bad("it cannot be read"));
    };
    let lifetime = certificate.not_after.duration_since(certificate.not_before);
    Ok(if !belongs(&key, &certificate) {
        Found::Bad("its key is another one's")
    } else if certificate.not_after.duration_since(now) < lifetime / 3 {
        Found::Bad("it was near its end")
    } else if !tls::is_issued_by(&der, authority.cert(), now) {
        Found::Bad("it came from another authority")
    } else if names(&certificate) != wanted(identity, hosts) {
        Found::Bad("other hosts are asked for")
    } else {
        Found::Good { not_after: certificate.not_after }
    })
}

fn belongs(key: &Secret<String>, certificate: &Certificate) -> bool {
    rcgen::KeyPair::from_pem(key.expose())
        .is_ok_and(|pair| rcgen::PublicKeyData::subject_public_key_info(&pair) == certificate.public_key)
}

fn names(certificate: &Certificate) -> BTreeSet<String> {
    certificate.dns_names.iter().cloned().chain(certificate.addresses.iter().map(IpAddr::to_string)).collect()
}

/// Addresses in the one form that they have in a certificate.
fn wanted(identity: &Identity, hosts: &BTreeSet<String>) -> BTreeSet<String> {
    let plain = |host: &String| host.parse::<IpAddr>().map_or_else(|_| host.clone(), |ip| ip.to_string());
    hosts.iter().map(plain).chain([identity.dns_name()]).collect()
}

fn unwritable(path: &Path) -> impl Fn(io::Error) -> TreeError {
    move |source| TreeError::Unwritable { path: path.to_owned(), source }
}

fn make_folder(path: &Path) -> Result<(), TreeError> {
    fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path).map_err(unwritable(path))
}

/// Held until it is dropped, or the process ends however it does.
fn lock(folder: &Path) -> Result<fs::File, TreeError> {
    let handle = fs::File::open(folder).map_err(unwritable(folder))?;
    handle.lock().map_err(unwritable(folder))?;
    Ok(handle)
}

fn read(path: &Path) -> Result<Option<String>, TreeError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(TreeError::Unreadable { path: path.to_owned(), source }),
    }
}

/// Writes beside and renames, so that a reader never sees half a file.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), TreeError> {
    let beside = path.with_extension("new");
    // What a run that was killed has left; `create_new` below then never opens somebody's link.
    let _ = fs::remove_file(&beside);
    let written = (|| {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    })();
    written.map_err(unwritable(path))
}

/// Takes rights on a key from everybody but its owner, whoever gave them.
fn restrict(key: &Path) -> Result<(), TreeError> {
    let others = fs::metadata(key).map_err(unwritable(key))?.permissions().mode() & 0o077;
    if others == 0 {
        return Ok(());
    }
    fs::set_permissions(key, fs::Permissions::from_mode(KEY_MODE)).map_err(unwritable(key))
}
