//! Debian packages: what real nodes call, and the mail server that the alerter is tested with.

use crate::process::run_logged;
use crate::tree;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Packages that serve one purpose.
pub(crate) struct Packages {
    purpose: &'static str,
    /// What is done where they are not there and cannot be installed.
    otherwise: &'static str,
    /// Each with a file by which it is known to be there.
    needed: &'static [(&'static str, &'static str)],
}

/// What real nodes call.
pub(crate) const NODES: Packages = Packages {
    purpose: "real nodes",
    otherwise: "the testbed runs without them",
    needed: &[
        ("containerd", "usr/bin/containerd"),
        ("runc", "usr/sbin/runc"),
        ("containernetworking-plugins", "usr/lib/cni/ptp"),
        ("busybox-static", "bin/busybox"),
        ("iptables", "usr/sbin/iptables"),
        ("iproute2", "sbin/ip"),
        ("ipset", "usr/sbin/ipset"),
        ("conntrack", "usr/sbin/conntrack"),
        ("socat", "usr/bin/socat"),
        ("e2fsprogs", "sbin/mkfs.ext4"),
        ("procps", "sbin/sysctl"),
        ("util-linux", "usr/bin/nsenter"),
    ],
};

/// Peers that are not built here.
pub(crate) const PEERS: Packages = Packages {
    purpose: "tests with a real mail server",
    otherwise: "they are skipped",
    needed: &[("exim4-daemon-light", "usr/sbin/exim4")],
};

impl Packages {
    /// Installs what is missing, where that is possible. Where it is not, says so.
    pub(crate) fn install_missing(&self) -> Result<()> {
        let missing = self.missing(Path::new("/"));
        if missing.is_empty() {
            return Ok(());
        }
        let (purpose, list) = (self.purpose, missing.join(" "));
        if !is_root() || !Path::new("/usr/bin/apt-get").exists() {
            eprintln!(
                "missing for {purpose}: {list}. As root on Debian they would be installed now; {}",
                self.otherwise
            );
            return Ok(());
        }
        eprintln!("installing Debian packages for {purpose}: {list}");
        let logs = tree::kept().join("logs");
        fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
        let log = logs.join("packages.log");
        apt(&["update"], &log)?;
        apt(&[&["install", "--yes", "--no-install-recommends"], missing.as_slice()].concat(), &log)
    }

    fn missing(&self, root: &Path) -> Vec<&'static str> {
        let missing = self.needed.iter().filter(|(_, file)| !root.join(file).exists());
        missing.map(|(package, _)| *package).collect()
    }
}

fn apt(arguments: &[&str], log: &Path) -> Result<()> {
    let mut command = Command::new("apt-get");
    // In runlevel 1 no package starts the server that it brings: a test starts its own, where it wants it.
    command.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1").args(arguments);
    let status = run_logged("packages", &mut command, log, |_| ())?;
    if !status.success() {
        bail!("apt-get {} failed: see {}", arguments.join(" "), log.display());
    }
    Ok(())
}

/// The owner of our own entry in /proc is who we run as.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|us| us.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::{NODES, PEERS};
    use std::path::Path;

    #[test]
    fn an_empty_machine_lacks_everything() {
        for packages in [NODES, PEERS] {
            assert_eq!(packages.missing(Path::new("/nowhere")).len(), packages.needed.len());
        }
    }
}
