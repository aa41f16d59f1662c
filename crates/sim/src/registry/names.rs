//! What names may be.

use super::Status;
use crate::kinds::{self, Kind};

/// Longest name, and longest one that is a label, in bytes.
const NAME_MAX: usize = 253;
const LABEL_MAX: usize = 63;

/// Kinds whose names are one label of a host name.
const LABELS: &[Kind] = &[kinds::NAMESPACE, kinds::SERVICE];

/// Kinds whose names may be anything that fits into a path: `system:node`.
const PATHS: &[Kind] = &[kinds::CLUSTER_ROLE, kinds::CLUSTER_ROLE_BINDING, kinds::ROLE, kinds::ROLE_BINDING];

const LABEL_RULE: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and \
                          must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex \
                          used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const NAME_RULE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
                         '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used \
                         for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/// Refuses a name that an object of this kind cannot have.
pub(super) fn check(kind: Kind, name: &str) -> Result<(), Status> {
    let refuse = |why: &str| {
        let why = format!("Invalid value: \"{name}\": {why}");
        Err(Status::invalid(kind, name, "metadata.name", &why))
    };
    if PATHS.contains(&kind) {
        let is_path = !matches!(name, "." | "..") && !name.contains(['/', '%']);
        return if is_path {
            Ok(())
        } else {
            refuse("may not be '.' or '..' and may not contain '/' or '%'")
        };
    }
    let (longest, is_good, rule) = if LABELS.contains(&kind) {
        (LABEL_MAX, is_label(name), LABEL_RULE)
    } else {
        (NAME_MAX, name.split('.').all(is_label), NAME_RULE)
    };
    if name.len() > longest {
        return refuse(&format!("must be no more than {longest} characters"));
    }
    if is_good { Ok(()) } else { refuse(rule) }
}

fn is_label(text: &str) -> bool {
    let is_inner = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
    let is_end = |letter: Option<&u8>| letter.is_some_and(|letter| *letter != b'-');
    let letters = text.as_bytes();
    is_end(letters.first()) && is_end(letters.last()) && letters.iter().all(|letter| is_inner(*letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_held_to_their_kinds_rules() {
        for (kind, name, is_good) in [
            (kinds::POD, "web-1.shop", true),
            (kinds::POD, "Web", false),
            (kinds::POD, "web-", false),
            (kinds::POD, "web..1", false),
            (kinds::NAMESPACE, "a.b", false),
            (kinds::NAMESPACE, "shop", true),
            (kinds::CLUSTER_ROLE, "system:node", true),
            (kinds::CLUSTER_ROLE, "a/b", false),
            (kinds::NODE, &"n".repeat(253), true),
            (kinds::NODE, &"n".repeat(254), false),
            (kinds::SERVICE, &"s".repeat(64), false),
        ] {
            assert_eq!(check(kind, name).is_ok(), is_good, "{kind:?} {name}");
        }
    }
}
