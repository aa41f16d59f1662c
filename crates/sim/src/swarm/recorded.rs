//! Runs that are kept: of defects, which have to be noticed each time by the right checker and keep
//! every promise without the defect, and of what was once wrong and must not come back.

use std::path::{Path, PathBuf};

use crate::run::defect;
use crate::run::level;

/// What became of one: what was seen, or what should have been.
type Verdict = Result<String, String>;

/// Plays all runs of a folder, by their names.
pub fn replay(folder: &Path) -> Result<Vec<(PathBuf, Verdict)>, String> {
    let unreadable = |error: std::io::Error| format!("{}: {error}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    if paths.is_empty() {
        return Err(format!("{} holds no runs", folder.display()));
    }
    Ok(paths.into_iter().map(|path| (path.clone(), one(&path))).collect())
}

fn one(path: &Path) -> Verdict {
    let recorded = super::read(path)?;
    let named = recorded.defect.as_deref();
    let defect =
        named.map(|name| defect::get(name).ok_or(format!("no defect is called {name:?}"))).transpose()?;
    let honest = level::play_compared(&recorded.plan, None).map_err(|error| error.to_string())?;
    if !honest.is_good() {
        return Err(format!("broken: {}", honest.broken().join(", ")));
    }
    let Some(defect) = defect else { return Ok("every promise is kept".to_owned()) };
    let report = level::play_compared(&recorded.plan, Some(defect)).map_err(|error| error.to_string())?;
    if report.breaks(defect.noticed_by) {
        return Ok(format!("the defect {:?} is noticed by {}", defect.name, defect.noticed_by));
    }
    let found = report.broken().join(", ");
    Err(format!("the defect {:?} is not noticed by {}, but by: {found}", defect.name, defect.noticed_by))
}
