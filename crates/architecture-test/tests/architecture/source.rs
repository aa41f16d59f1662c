//! Sources as flat lists of tokens: comments are gone, and what stands inside of macros is as visible as the rest.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::path::{Path, PathBuf};
use std::{fs, iter};

/// One token and the line it stands on.
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// One source file without its tests.
pub(crate) struct Source {
    /// From the repository's root, `crates/healer/src/governor.rs`.
    pub(crate) path: String,
    pub(crate) tokens: Vec<Token>,
}

impl Source {
    /// From a text, for the rules' own tests.
    pub(crate) fn from_text(path: &str, text: &str) -> Self {
        let stream: TokenStream = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut tokens = Vec::new();
        flatten(stream, &mut tokens);
        Self { path: path.to_owned(), tokens }
    }

    /// Every place where these tokens follow each other.
    pub(crate) fn find<'a>(&'a self, wanted: &'a [&'a str]) -> impl Iterator<Item = usize> + 'a {
        (0..self.tokens.len()).filter(move |&at| self.at(at, wanted))
    }

    /// Whether these tokens stand at this place.
    pub(crate) fn at(&self, place: usize, wanted: &[&str]) -> bool {
        wanted.iter().enumerate().all(|(i, want)| self.tokens.get(place + i).is_some_and(|t| t.text == *want))
    }

    /// The token before, or nothing at the start.
    pub(crate) fn before(&self, place: usize) -> &str {
        place.checked_sub(1).map_or("", |at| &self.tokens[at].text)
    }

    /// Whether a path that starts with this crate's name is used anywhere, imported or inline.
    pub(crate) fn names_crate(&self, name: &str) -> Option<usize> {
        let starts_path = |&at: &usize| !matches!(self.before(at), "::" | ".");
        let used = self.find(&[name, "::"]).find(starts_path);
        used.or_else(|| self.find(&["use", name]).next()).map(|at| self.tokens[at].line)
    }

    /// `path:line: what`.
    pub(crate) fn complain(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path)
    }
}

/// The repository's top folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("crates/ lies in the repository")
        .to_owned()
}

/// Every source file under this folder (from the repository's root), in order of its name, without tests.
pub(crate) fn under(folder: &str) -> Vec<Source> {
    let root = root();
    let texts: Vec<(PathBuf, String)> = files(&root.join(folder))
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(&file).expect("a source file is text");
            (file, text)
        })
        .collect();
    let of_tests: Vec<PathBuf> = texts.iter().flat_map(|(file, text)| test_modules(file, text)).collect();
    texts
        .iter()
        .filter(|(file, _)| {
            !of_tests.iter().any(|module| file.starts_with(module) || *file == module.with_extension("rs"))
        })
        .filter_map(|(file, text)| Some((file.strip_prefix(&root).ok()?.to_str()?, text)))
        .filter(|(path, _)| !path.contains("/tests/"))
        .map(|(path, text)| Source::from_text(path, text))
        .collect()
}

/// The modules, as paths without an ending, that a file declares for its tests alone. The declaration stands on the line
/// below the attribute, since rustfmt puts it there.
fn test_modules(file: &Path, text: &str) -> Vec<PathBuf> {
    let is_root =
        file.file_name().is_some_and(|name| ["lib.rs", "main.rs", "mod.rs"].iter().any(|root| name == *root));
    let folder = if is_root { file.with_file_name("") } else { file.with_extension("") };
    text.lines()
        .zip(text.lines().skip(1))
        .filter(|(attribute, _)| attribute.trim() == "#[cfg(test)]")
        .filter_map(|(_, declaration)| declaration.trim().strip_suffix(';')?.rsplit_once("mod "))
        .map(|(_, name)| folder.join(name))
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut entries: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    let is_rust = |path: &Path| path.extension().is_some_and(|e| e == "rs");
    entries
        .into_iter()
        .flat_map(|path| {
            if path.is_dir() { files(&path) } else { iter::once(path).filter(|p| is_rust(p)).collect() }
        })
        .collect()
}

/// Paths' double colons become one token; items under `#[cfg(test)]` are left out.
fn flatten(stream: TokenStream, into: &mut Vec<Token>) {
    let mut trees = stream.into_iter().peekable();
    let mut testing = false;
    while let Some(tree) = trees.next() {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                if open == "[" && group.stream().to_string() == "cfg (test)" {
                    testing = true;
                } else if testing {
                    testing = open != "{";
                } else {
                    into.push(Token { text: open.to_owned(), line });
                    flatten(group.stream(), into);
                    into.push(Token { text: close.to_owned(), line: group.span_close().start().line });
                }
            }
            TokenTree::Punct(punct) if testing => testing = punct.as_char() != ';',
            _ if testing => {}
            TokenTree::Punct(punct) if punct.as_char() == ':' && is_colon(trees.peek()) => {
                trees.next();
                into.push(Token { text: "::".to_owned(), line });
            }
            other => into.push(Token { text: other.to_string(), line }),
        }
    }
}

fn is_colon(tree: Option<&TokenTree>) -> bool {
    matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == ':')
}

#[test]
fn sources_lose_their_tests_and_comments() {
    let text =
        "use a::b; // kube::no\n#[cfg(test)]\nmod tests { use kube::Api; }\nfn f() { m!(tokio::spawn) }";
    let source = Source::from_text("x.rs", text);
    assert_eq!(source.names_crate("kube"), None);
    assert_eq!(source.names_crate("tokio"), Some(4));
    assert_eq!(source.names_crate("b"), None);
}

#[test]
fn files_of_tests_are_known_by_their_declaration() {
    let text = "mod a;\n#[cfg(test)]\npub(crate) mod testing;\nmod b;\n";
    let of = |file: &str| test_modules(Path::new(file), text);
    assert_eq!(of("x/src/lib.rs"), [Path::new("x/src/testing")]);
    assert_eq!(of("x/src/checks.rs"), [Path::new("x/src/checks/testing")]);
}
