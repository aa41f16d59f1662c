//! The tree that `seaworthy certs` writes.

mod common;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use common::{Tree, environment, now};
use net::certs::{Action, IDENTITY_VALIDITY, Options, TreeError, write_tree};
use net::tls::{self, Files, Identity, Reloading};

const DAY: Duration = Duration::from_hours(24);

fn actions(options: &Options, at: jiff::Timestamp) -> Vec<Action> {
    let report = write_tree(options, at).expect("it can be written");
    report.items.into_iter().map(|item| item.action).collect()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn keys_are_for_their_owner_alone() {
    let tree = Tree::new();
    assert_eq!(mode(&tree.folder.path().join("ca.key")), 0o600);
    for name in net::certs::IDENTITIES {
        let files = tree.files(name);
        assert_eq!((mode(&files.key), mode(&files.cert), mode(&files.ca)), (0o600, 0o644, 0o644));
    }
    // Rights that somebody has given are taken back.
    let key = tree.files("monitor").key;
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    write_tree(&tree.options(), now()).unwrap();
    assert_eq!(mode(&key), 0o600);
}

#[test]
fn a_second_run_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options::new(folder.path().join("deep/certs"));
    let at = now();
    let report = write_tree(&options, at).unwrap();
    for item in &report.items {
        assert_eq!((item.action, item.not_after.subsec_nanosecond()), (Action::Created, 0), "{item}");
    }
    let before = std::fs::read(options.folder.join("healer/tls.crt")).unwrap();
    assert_eq!(actions(&options, at + DAY), [Action::Kept; 5]);
    assert_eq!(std::fs::read(options.folder.join("healer/tls.crt")).unwrap(), before);
}

#[test]
fn what_is_stale_is_renewed_by_the_same_authority() {
    let tree = Tree::new();
    let (options, at) = (tree.options(), now());
    let ca = std::fs::read(tree.folder.path().join("ca.crt")).unwrap();
    // Nothing happens up to two thirds of the way, everything after.
    assert_eq!(actions(&options, at + DAY * 59), [Action::Kept; 5]);
    let renewed = Action::Renewed("it was near its end");
    assert_eq!(actions(&options, at + DAY * 61), [Action::Kept, renewed, renewed, renewed, renewed]);
    assert_eq!(std::fs::read(tree.folder.path().join("ca.crt")).unwrap(), ca);
}

#[test]
fn what_is_wrong_with_one_identity_is_mended_there() {
    let (tree, other) = (Tree::new(), Tree::new());
    let files = tree.files("monitor");
    let elsewhere = other.files("monitor");
    let renewed = |options: &Options| match actions(options, now()).as_slice() {
        [Action::Kept, Action::Renewed(why), Action::Kept, Action::Kept, Action::Kept] => (*why).to_owned(),
        others => panic!("{others:?}"),
    };
    std::fs::write(&files.cert, "nonsense").unwrap();
    assert_eq!(renewed(&tree.options()), "it cannot be read");
    std::fs::remove_file(&files.key).unwrap();
    assert_eq!(renewed(&tree.options()), "its key is missing");
    common::copy(&elsewhere.key, &files.key);
    assert_eq!(renewed(&tree.options()), "its key is another one's");
    common::copy(&elsewhere.key, &files.key);
    common::copy(&elsewhere.cert, &files.cert);
    assert_eq!(renewed(&tree.options()), "it came from another authority");
}

#[test]
fn hosts_that_are_added_get_into_the_certificates() {
    let tree = Tree::new();
    let mut options = tree.options();
    options.hosts = ["seaworthy.example", "2001:db8:0:0:0:0:0:1"].map(str::to_owned).into();
    let renewed = Action::Renewed("other hosts are asked for");
    assert_eq!(actions(&options, now()), [Action::Kept, renewed, renewed, renewed, renewed]);
    assert_eq!(actions(&options, now()), [Action::Kept; 5]);
    options.hosts = BTreeSet::from(["not a host\u{e9}".to_owned()]);
    let error = write_tree(&options, now()).unwrap_err().to_string();
    assert!(error.contains("not a host") && error.contains("give a host name"), "{error}");
}

#[test]
fn half_an_authority_is_not_papered_over() {
    for (missing, present) in [("ca.key", "ca.crt"), ("ca.crt", "ca.key")] {
        let tree = Tree::new();
        std::fs::remove_file(tree.folder.path().join(missing)).unwrap();
        let error = write_tree(&tree.options(), now()).unwrap_err();
        let TreeError::HalfAuthority { present: found, .. } = &error else { panic!("{error}") };
        assert!(found.ends_with(present));
        assert!(!tree.folder.path().join(missing).exists());
    }
    let (tree, other) = (Tree::new(), Tree::new());
    common::copy(&other.folder.path().join("ca.key"), &tree.folder.path().join("ca.key"));
    let error = write_tree(&tree.options(), now()).unwrap_err().to_string();
    assert!(error.contains("its key does not belong to its certificate"), "{error}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = write_tree(&Options::new(file.join("certs")), now()).unwrap_err().to_string();
    assert!(error.starts_with("cannot write ") && error.contains("file/certs"), "{error}");
    let unnamable = Options { identities: vec!["../x".into()], ..Options::new(folder.path()) };
    let error = write_tree(&unnamable, now()).unwrap_err().to_string();
    assert!(error.contains("cannot name a service"), "{error}");
}

#[test]
fn an_authority_at_its_end_says_so() {
    let tree = Tree::new();
    let error = write_tree(&tree.options(), now() + DAY * 4000).unwrap_err().to_string();
    assert!(error.contains("the authority ends at"), "{error}");
}

#[test]
fn nothing_secret_is_shown() {
    let tree = Tree::new();
    let authority = net::certs::Authority::new(now(), DAY).unwrap();
    let issued = authority.issue(&Identity::monitor(), &BTreeSet::new(), now(), DAY).unwrap();
    let shown = format!("{authority:?} {issued:?} {:?}", tree.options());
    assert!(!shown.contains("PRIVATE"), "{shown}");
    assert!(issued.key.expose().contains("PRIVATE"));
}

/// Each way in which files can be wrong, and what is said about it.
#[tokio::test]
async fn wrong_files_are_explained() {
    type Spoil = fn(&Files, &Files);
    let cases: [(&str, Spoil); 7] = [
        ("cannot read the certificate", |files, _| std::fs::remove_file(&files.cert).unwrap()),
        ("cannot read the private key", |files, _| std::fs::remove_file(&files.key).unwrap()),
        ("cannot read the CA", |files, _| std::fs::remove_file(&files.ca).unwrap()),
        ("holds no usable certificate", |files, _| std::fs::write(&files.cert, "nonsense").unwrap()),
        ("holds no usable private key", |files, _| std::fs::write(&files.key, "nonsense").unwrap()),
        ("does not belong to the certificate", |files, other| common::copy(&other.key, &files.key)),
        ("was not issued by the CA", |files, other| common::copy(&other.ca, &files.ca)),
    ];
    for (expected, spoil) in cases {
        let (tree, other) = (Tree::new(), Tree::new());
        spoil(&tree.files("monitor"), &other.files("monitor"));
        let error = Reloading::load(&environment(), tree.files("monitor")).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
        assert!(error.contains(&*tree.folder.path().to_string_lossy()), "no file named: {error}");
    }
}

#[tokio::test]
async fn certificates_out_of_their_time_are_explained() {
    let tree = Tree::new();
    for (written_at, expected) in [(now() - DAY * 91, "expired at"), (now() + DAY, "is valid from")] {
        std::fs::remove_file(tree.files("monitor").cert).unwrap();
        std::fs::remove_file(tree.files("monitor").key).unwrap();
        let authority = net::certs::Authority::new(now() - DAY * 100, DAY * 400).unwrap();
        let issued =
            authority.issue(&Identity::monitor(), &BTreeSet::new(), written_at, IDENTITY_VALIDITY).unwrap();
        let files = tree.files("monitor");
        std::fs::write(&files.cert, issued.cert).unwrap();
        std::fs::write(&files.key, issued.key.expose()).unwrap();
        std::fs::write(&files.ca, authority.cert()).unwrap();
        let error: tls::Error = Reloading::load(&environment(), files).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}
