//! Where a kubeconfig is looked for, in the order that `kubectl` has.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use kube::config::{Kubeconfig, KubeconfigError};

use super::Error;

/// What of its surroundings decides where a process looks.
#[derive(Clone, Debug, Default)]
pub(super) struct Surroundings {
    /// The variable KUBECONFIG: paths, of which those that exist are merged.
    pub(super) kubeconfig: Option<OsString>,
    /// The home folder.
    pub(super) home: Option<PathBuf>,
    /// Whether this runs in a pod: Kubernetes sets a variable there.
    pub(super) is_pod: bool,
}

impl Surroundings {
    pub(super) fn of_this_process() -> Self {
        Self {
            kubeconfig: std::env::var_os("KUBECONFIG").filter(|value| !value.is_empty()),
            home: std::env::home_dir(),
            is_pod: std::env::var_os("KUBERNETES_SERVICE_HOST").is_some(),
        }
    }

    /// The files to look at, in order.
    fn files(&self) -> Vec<PathBuf> {
        match &self.kubeconfig {
            Some(paths) => std::env::split_paths(paths).filter(|path| !path.as_os_str().is_empty()).collect(),
            None => self.home.iter().map(|home| home.join(".kube/config")).collect(),
        }
    }
}

/// What was found.
pub(super) enum Found {
    /// Kubeconfig files, merged.
    Files {
        /// What they say together.
        kubeconfig: Box<Kubeconfig>,
        /// Which files they are, for errors.
        described: String,
    },
    /// None, but this is a pod.
    Pod,
}

/// Looks for a kubeconfig: the given file only, or wherever the surroundings say.
pub(super) fn find(given: Option<&Path>, surroundings: &Surroundings) -> Result<Found, Error> {
    if let Some(path) = given {
        return merged(&[path.to_owned()]);
    }
    let places = surroundings.files();
    let there: Vec<PathBuf> = places.iter().filter(|path| path.exists()).cloned().collect();
    match (there.is_empty(), surroundings.is_pod) {
        (false, _) => merged(&there),
        (true, true) => Ok(Found::Pod),
        (true, false) => Err(Error::NoKubeconfig { looked_at: describe(&places) }),
    }
}

fn merged(paths: &[PathBuf]) -> Result<Found, Error> {
    let described = describe(paths);
    let mut all = Kubeconfig::default();
    for path in paths {
        let one = Kubeconfig::read_from(path).map_err(|error| of_file(&error, path))?;
        all = all
            .merge(one)
            .map_err(|error| Error::Malformed { path: described.clone(), reason: error.to_string() })?;
    }
    Ok(Found::Files { kubeconfig: Box::new(all), described })
}

fn describe(paths: &[PathBuf]) -> String {
    if paths.is_empty() {
        return "no file: there is no home folder".to_owned();
    }
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn of_file(error: &KubeconfigError, path: &Path) -> Error {
    let path = path.display().to_string();
    match error {
        KubeconfigError::ReadConfig(error, _) => Error::Unreadable { path, reason: error.to_string() },
        // The parser's own text shows the lines around, and those may hold a token.
        KubeconfigError::Parse(error) => {
            let reason = match error.location() {
                Some(location) => {
                    format!(
                        "no valid YAML of that kind at line {}, column {}",
                        location.line(),
                        location.column()
                    )
                }
                None => "no valid YAML of that kind".to_owned(),
            };
            Error::Malformed { path, reason }
        }
        other => Error::Malformed { path, reason: other.to_string() },
    }
}
