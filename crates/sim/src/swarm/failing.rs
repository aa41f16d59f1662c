//! Failing runs as files.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::run::report::Failure;

/// Writes a failing run under `folder`; returns where.
pub(super) fn write(folder: &Path, failure: &Failure) -> PathBuf {
    let defect =
        failure.defect.as_deref().map(|name| format!("-{}", name.replace(' ', "-"))).unwrap_or_default();
    let path = folder.join(format!("seed-{}{defect}.json", failure.plan.seed));
    let text = serde_json::to_string_pretty(failure).unwrap_or_default();
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, text + "\n"));
    if let Err(error) = written {
        tracing::error!(%error, path = %path.display(), "a failing run could not be written down");
    }
    path
}

/// Reads a failing run.
pub fn read(path: &Path) -> Result<Failure, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// What failed, and how to see it again; `is_drawn` if its plan is made of the one that its seed draws.
pub(super) fn describe(path: &Path, failure: &Failure, is_drawn: bool) -> String {
    let plan = &failure.plan;
    let mut text = format!(
        "seed {} fails ({} nodes, {} workloads, {} faults):\n",
        plan.seed,
        plan.nodes,
        plan.workloads.len(),
        plan.faults.len()
    );
    for fault in &plan.faults {
        let _ = writeln!(
            text,
            "  {:>5} s for {:>4} s  {}: {}",
            fault.at_s, fault.lasts_s, fault.name, fault.subject
        );
    }
    for violation in &failure.violations {
        let seconds = violation.at_millis as f64 / 1000.0;
        let _ = writeln!(text, "  {} at {seconds:.3} s: {}", violation.oracle, violation.what);
    }
    let _ = write!(text, "  replay: cargo xtask swarm --replay {}", path.display());
    if is_drawn && failure.defect.is_none() {
        let _ = write!(text, "\n  as it was drawn: cargo xtask swarm --seed {}", plan.seed);
    }
    text
}
