//! Documents point at what is there.

use crate::{expect_nothing, source};
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold nothing of ours: what is built, and what the Go tools bring.
const FOREIGN: &[&str] = &["target", "vendor", "node_modules"];

/// Every Markdown file of the repository.
fn documents(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the repository can be read").flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() && !name.starts_with('.') && !FOREIGN.contains(&name.as_str()) {
            found.extend(documents(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The lines of a text, with their numbers, that are not code.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        is_code ^= fence;
        !is_code && !fence
    })
}

/// What a line's links point at.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next())
}

/// A heading as links name it: `## Code map` is `code-map`.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|char| char.is_alphanumeric() || [' ', '-', '_'].contains(char));
    kept.map(|char| if char == ' ' { '-' } else { char }).collect::<String>().to_lowercase()
}

fn has_anchor(document: &Path, wanted: &str) -> bool {
    let text = fs::read_to_string(document).unwrap_or_default();
    prose(&text).any(|(_, line)| {
        line.strip_prefix('#').is_some_and(|rest| anchor(rest.trim_start_matches('#').trim()) == wanted)
    })
}

/// Whether a link in this document leads somewhere; what others serve is theirs to keep.
fn leads_somewhere(document: &Path, target: &str) -> bool {
    if target.contains("://") || target.starts_with("mailto:") {
        return true;
    }
    let (path, wanted) = target.split_once('#').unwrap_or((target, ""));
    let file = if path.is_empty() { document.to_owned() } else { document.with_file_name("").join(path) };
    file.exists() && (wanted.is_empty() || has_anchor(&file, wanted))
}

#[test]
fn links_lead_somewhere() {
    let documents = documents(&source::root());
    assert!(documents.iter().any(|path| path.ends_with("docs/cli.md")), "{documents:?}");
    let mut found = Vec::new();
    for document in &documents {
        let text = fs::read_to_string(document).expect("a document is text");
        for (number, line) in prose(&text) {
            for target in targets(line).filter(|target| !leads_somewhere(document, target)) {
                found.push(format!("{}:{number}: {target}", document.display()));
            }
        }
    }
    expect_nothing("these links lead nowhere:", &found);
}

#[test]
fn a_dead_link_is_found() {
    let readme = source::root().join("README.md");
    for (target, expected) in [
        ("docs/cli.md", true),
        ("docs/cli.md#commands", true),
        ("docs/cli.md#no-such-heading", false),
        ("docs/nothing.md", false),
        ("https://example.com/", true),
    ] {
        assert_eq!(leads_somewhere(&readme, target), expected, "{target}");
    }
    let links: Vec<&str> = targets("see [a](b.md), [c](d.md#e) and f(g)").collect();
    assert_eq!(links, ["b.md", "d.md#e"]);
    assert_eq!(prose("a\n```\n[b](c)\n```\nd").map(|(number, _)| number).collect::<Vec<_>>(), [1, 5]);
}
