//! The image registry is down while new versions are rolled out.

use std::time::Duration;

use super::{Chapter, set_image};

const HOST: &str = "registry.test";
const DEADLINE_S: u64 = 600;
/// Whose owners have a new version just then.
const ROLLED_OUT: [(&str, &str); 2] = [
    ("Deployment/shop/reviews", "registry.test/reviews:2"),
    ("Deployment/mail/mailer", "registry.test/mailer:2"),
];

pub(super) const CHAPTER: Chapter = Chapter {
    name: "registry",
    title: "The registry is down",
    befalls: "The image registry is down, just as two teams roll out.",
    look_for: "Nothing here needs repair, and nothing is done. People hear of it, and of its end.",
    mended: "the registry answers again",
    at: Duration::from_secs(2080),
    lasts: Duration::from_secs(200),
    subjects: &[ROLLED_OUT[0].0, ROLLED_OUT[1].0],
    begin: |stage| {
        stage.kubelets().registry_down(HOST);
        for (workload, image) in ROLLED_OUT {
            set_image(stage, workload, image, DEADLINE_S);
        }
    },
    end: |stage| stage.kubelets().registry_up(HOST),
};
