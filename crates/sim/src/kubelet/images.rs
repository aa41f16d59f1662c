//! Images, and the registries that they come from.

use std::collections::BTreeSet;

use compact_str::CompactString;

/// What every registry lacks: the name that workloads of the scenarios ask for in vain.
const NO_SUCH_IMAGE: &str = "no-such-image";

/// Which registries answer, and what they lack.
#[derive(Debug, Default)]
pub(super) struct Images {
    down: BTreeSet<CompactString>,
    missing: BTreeSet<CompactString>,
}

impl Images {
    /// A registry answers, or does not.
    pub(super) fn set_registry(&mut self, host: &str, is_up: bool) {
        if is_up {
            self.down.remove(host);
        } else {
            self.down.insert(host.into());
        }
    }

    /// An image is there, or is not.
    pub(super) fn set_image(&mut self, image: &str, is_there: bool) {
        if is_there {
            self.missing.remove(image);
        } else {
            self.missing.insert(image.into());
        }
    }

    /// What comes of pulling an image: nothing, or the runtime's complaint.
    pub(super) fn pull(&self, image: &str) -> Result<(), String> {
        let host = registry(image);
        if self.down.contains(host) {
            return Err(format!(
                "failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": failed to do \
                 request: Head \"https://{host}/v2/\": dial tcp: connect: connection refused"
            ));
        }
        if self.missing.contains(image) || image.contains(NO_SUCH_IMAGE) {
            return Err(format!(
                "rpc error: code = NotFound desc = failed to pull and unpack image \"{image}\": failed to resolve \
                 reference \"{image}\": {image}: not found"
            ));
        }
        Ok(())
    }
}

/// The host in an image's name; Docker's own where it names none.
pub(super) fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => "docker.io",
    }
}

/// Whether it is pulled although it is there, where its container does not say: names without a tag,
/// and `latest`.
pub(super) fn is_pulled_always(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or(image);
    !name.contains('@') && name.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pulls_fail_by_registry_and_by_image() {
        let mut images = Images::default();
        images.set_registry("registry.test", false);
        images.set_image("docker.io/web:2", false);
        assert!(images.pull("registry.test/web:1").unwrap_err().contains("connection refused"));
        assert!(images.pull("docker.io/web:2").unwrap_err().contains("not found"));
        assert!(images.pull("other.test/no-such-image:1").is_err());
        assert_eq!(images.pull("web:1"), Ok(()));
        images.set_registry("registry.test", true);
        assert_eq!(images.pull("registry.test/web:1"), Ok(()));
    }

    #[test]
    fn names_say_where_they_come_from() {
        for (image, host, always) in [
            ("busybox", "docker.io", true),
            ("library/busybox:1", "docker.io", false),
            ("localhost/x:latest", "localhost", true),
            ("registry.test:5000/a/b@sha256:00", "registry.test:5000", false),
        ] {
            assert_eq!((registry(image), is_pulled_always(image)), (host, always), "{image}");
        }
    }
}
