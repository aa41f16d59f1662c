//! Go programs of the repository, built when their sources have changed.

use crate::process::run_logged;
use crate::tree;
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version of Kubernetes that `testbed/go.mod` names. Clients reject a server that does not say its version, and
/// only a linker flag can make it.
const KUBERNETES: [&str; 3] = ["v1.37.2", "1", "37"];
/// Packages that are told the version.
const VERSIONED: [&str; 2] = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"];

/// A Go module of ours and the programs that are made of it.
pub(crate) struct Module {
    /// The module's folder in `testbed/`; empty for the testbed itself.
    folder: &'static str,
    /// What is built: a pattern of packages.
    packages: &'static str,
    /// A program that is built; it stands for all of them.
    program: &'static str,
    /// What a person is told about the wait.
    cold: &'static str,
}

pub(crate) const TESTBED: Module = Module {
    folder: "",
    packages: "./cmd/...",
    program: "testbed",
    cold: "about 10 minutes the first time on a machine, then one",
};

/// Pretends to be nodes.
pub(crate) const KWOK: Module = peer("peers/kwok", "kwok");

/// Programs that Seaworthy works with, run beside it in tests. `promtool` comes with `prometheus`.
pub(crate) const PEERS: [Module; 3] = [
    peer("peers/prometheus", "prometheus"),
    peer("peers/alertmanager", "alertmanager"),
    peer("peers/amtool", "amtool"),
];

/// Programs of others, named as tools of a module of ours so that their versions and sums are pinned.
const fn peer(folder: &'static str, program: &'static str) -> Module {
    Module { folder, packages: "tool", program, cold: "some minutes the first time on a machine" }
}

impl Module {
    /// The program's path, after it has been built if need be.
    pub(crate) fn ready(&self) -> Result<PathBuf> {
        let folder = tree::root().join("testbed").join(self.folder);
        let programs = programs();
        let program = programs.join(self.program);
        let stamp = programs.join(format!("{}.stamp", self.program));
        let fingerprint = fingerprint(&folder)?;
        let built = fs::read_to_string(&stamp).is_ok_and(|built| built == fingerprint);
        if !built || !program.exists() {
            self.build(&folder, &programs)?;
            fs::write(&stamp, fingerprint).with_context(|| format!("cannot write {}", stamp.display()))?;
        }
        Ok(program)
    }

    fn build(&self, folder: &Path, programs: &Path) -> Result<()> {
        let logs = tree::kept().join("logs");
        for dir in [&logs, programs] {
            fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        }
        eprintln!("building {} ({})", self.program, self.cold);
        let log = logs.join(format!("build-{}.log", self.program));
        // Flags that name no folder: a fresh clone finds what another clone has compiled. And no C, so that the
        // program is static.
        let mut go = Command::new("go");
        go.current_dir(folder)
            .env("CGO_ENABLED", "0")
            .args(["build", "-trimpath", "-v", "-ldflags", &linker_flags(), "-o"])
            .arg(format!("{}/", programs.display()))
            .arg(self.packages);
        let status = run_logged(&format!("build {}", self.program), &mut go, &log, |_| ())
            .context("is Go 1.26 or newer installed? See https://go.dev/doc/install")?;
        if !status.success() {
            bail!("{} did not build: see {}", self.program, log.display());
        }
        Ok(())
    }
}

/// Where programs are put.
pub(crate) fn programs() -> PathBuf {
    tree::root().join("testbed/bin")
}

fn linker_flags() -> String {
    let names = ["gitVersion", "gitMajor", "gitMinor"];
    let versions = VERSIONED.iter().flat_map(|package| {
        names.iter().zip(KUBERNETES).map(move |(name, value)| format!(" -X {package}.{name}={value}"))
    });
    format!("-s -w{}", versions.collect::<String>())
}

/// Changes when a file does that the module's programs are made of.
fn fingerprint(folder: &Path) -> Result<String> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    let mut hash = Sha256::new();
    hash.update(linker_flags());
    for file in files {
        let content = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        hash.update(file.strip_prefix(folder)?.as_os_str().as_encoded_bytes());
        hash.update(content.len().to_le_bytes());
        hash.update(content);
    }
    Ok(hex::encode(hash.finalize()))
}

/// The sources below `folder`, without those of modules of their own and what was built.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name() != Some(OsStr::new("bin")) && !path.join("go.mod").exists() {
                collect(&path, files)?;
            }
        } else {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{KUBERNETES, fingerprint, linker_flags};
    use crate::tree;
    use std::fs;

    #[test]
    fn the_version_is_the_module_s() {
        let module = fs::read_to_string(tree::root().join("testbed/go.mod")).unwrap();
        assert!(module.contains(&format!("k8s.io/kubernetes {}", KUBERNETES[0])));
        assert!(linker_flags().contains("-X k8s.io/component-base/version.gitMinor=37"));
    }

    #[test]
    fn sources_have_one_fingerprint() {
        let folder = tree::root().join("testbed");
        assert_eq!(fingerprint(&folder).unwrap(), fingerprint(&folder).unwrap());
    }
}
