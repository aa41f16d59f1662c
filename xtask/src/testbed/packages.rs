//! Debian packages that real nodes call.

use crate::process::run_logged;
use crate::tree;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;
use std::process::Command;

/// A package and a file by which it is known to be there.
const NEEDED: [(&str, &str); 12] = [
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
];

/// Installs what is missing, where that is possible. Where it is not, says so: the testbed then runs without real
/// nodes.
pub(crate) fn install_missing() -> Result<()> {
    let missing = missing(Path::new("/"));
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !is_root() || !Path::new("/usr/bin/apt-get").exists() {
        eprintln!("missing for real nodes: {list}. As root on Debian they would be installed now");
        return Ok(());
    }
    eprintln!("installing Debian packages: {list}");
    let logs = tree::kept().join("logs");
    fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
    let log = logs.join("packages.log");
    apt(&["update"], &log)?;
    apt(&[&["install", "--yes", "--no-install-recommends"], missing.as_slice()].concat(), &log)
}

fn apt(arguments: &[&str], log: &Path) -> Result<()> {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
    let status = run_logged("packages", &mut command, log, |_| ())?;
    if !status.success() {
        bail!("apt-get {} failed: see {}", arguments.join(" "), log.display());
    }
    Ok(())
}

fn missing(root: &Path) -> Vec<&'static str> {
    NEEDED.iter().filter(|(_, file)| !root.join(file).exists()).map(|(package, _)| *package).collect()
}

/// The owner of our own entry in /proc is who we run as.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|us| us.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::{NEEDED, missing};
    use std::path::Path;

    #[test]
    fn an_empty_machine_lacks_everything() {
        assert_eq!(missing(Path::new("/nowhere")).len(), NEEDED.len());
    }
}
