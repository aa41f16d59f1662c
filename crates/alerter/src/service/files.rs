//! Reading the files that a configuration names.

use std::path::{Path, PathBuf};

use model::config::alerter::AlerterConfig;
use regex::Regex;

use super::Error;
use crate::configuration::{self, Parsed, Settings, TemplateFile};

/// Template files that one configuration may name in all: a bound against a glob over a disk.
const TEMPLATES_MAX: usize = 256;

pub(super) async fn config(file: &Path) -> Result<AlerterConfig, Error> {
    Ok(AlerterConfig::parse(&file.display().to_string(), &read(file).await?)?)
}

/// The `alertmanager.yml` and its templates as they are now, not checked yet.
pub(super) struct Found {
    name: String,
    folder: PathBuf,
    parsed: Parsed,
    templates: Vec<TemplateFile>,
}

impl Found {
    /// What tells it from what else may be found.
    pub(super) fn hash(&self, config: &AlerterConfig) -> String {
        configuration::hash(&self.parsed, &self.templates, config)
    }

    /// Checks it.
    pub(super) fn settle(&self, config: &AlerterConfig) -> Result<Settings, Error> {
        Ok(configuration::settle(&self.name, &self.parsed, &self.templates, &self.folder, config)?)
    }
}

/// Reads the `alertmanager.yml` and its templates.
pub(super) async fn find(config: &AlerterConfig, folder: &Path) -> Result<Found, Error> {
    let path = folder.join(&config.alertmanager_config);
    let name = path.display().to_string();
    let parsed = configuration::parse(&name, &read(&path).await?)?;
    let folder = path.parent().unwrap_or(folder).to_path_buf();
    let mut templates = Vec::new();
    for glob in configuration::template_globs(&parsed, &folder) {
        for path in matching(&glob).await? {
            if templates.len() >= TEMPLATES_MAX {
                break;
            }
            let text = read(&path).await?;
            templates.push(TemplateFile { path, text });
        }
    }
    Ok(Found { name, folder, parsed, templates })
}

async fn read(path: &Path) -> Result<String, Error> {
    let failed = |source| Error::File { path: path.to_path_buf(), source };
    tokio::fs::read_to_string(path).await.map_err(failed)
}

/// Files that a glob names, in order. As in Alertmanager, a glob may match nothing; a name without
/// wildcards must be there.
async fn matching(glob: &Path) -> Result<Vec<PathBuf>, Error> {
    let name = glob.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if !name.contains(['*', '?', '[']) {
        return Ok(vec![glob.to_path_buf()]);
    }
    let folder = glob.parent().unwrap_or(Path::new("."));
    let Ok(mut entries) = tokio::fs::read_dir(folder).await else { return Ok(Vec::new()) };
    let pattern = to_regex(&name);
    let mut found = Vec::new();
    while let Ok(Some(entry)) = entries.next_entry().await {
        if pattern.as_ref().is_some_and(|pattern| pattern.is_match(&entry.file_name().to_string_lossy())) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// `*` is any text, `?` any character; sets in brackets are as in regular expressions.
fn to_regex(glob: &str) -> Option<Regex> {
    let mut pattern = String::from("^");
    let mut in_set = false;
    for c in glob.chars() {
        match c {
            ']' if in_set => in_set = false,
            '[' if !in_set => in_set = true,
            '*' if !in_set => {
                pattern.push_str(".*");
                continue;
            }
            '?' if !in_set => {
                pattern.push('.');
                continue;
            }
            c if !in_set && !c.is_alphanumeric() => pattern.push('\\'),
            _ => {}
        }
        pattern.push(c);
    }
    pattern.push('$');
    Regex::new(&pattern).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (glob, name, expected) in [
            ("*.tmpl", "a.tmpl", true),
            ("*.tmpl", "a.tmplx", false),
            ("a?c.t", "abc.t", true),
            ("a[bx]c", "axc", true),
            ("a+b*", "a+bc", true),
            ("a.b*", "aXb", false),
        ] {
            assert_eq!(to_regex(glob).unwrap().is_match(name), expected, "{glob} {name}");
        }
    }
}
