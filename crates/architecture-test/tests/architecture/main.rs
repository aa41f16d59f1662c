//! What ARCHITECTURE.md says must stay true, read from the sources and from cargo's metadata.

mod dependencies;
mod directions;
mod licence;
mod links;
mod purity;
mod select;
mod source;
mod watch;
mod writes;

/// Fails with everything that was found, not only the first.
fn expect_nothing(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}\n  {}", found.join("\n  "));
}

/// The workspace as cargo sees it, with every dependency.
fn metadata() -> cargo_metadata::Metadata {
    cargo_metadata::MetadataCommand::new()
        .manifest_path(source::root().join("Cargo.toml"))
        .exec()
        .expect("cargo metadata of the workspace")
}
