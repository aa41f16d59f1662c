//! A node dies and returns.

use std::time::Duration;

use super::Chapter;

const NODE: &str = "a-07";

pub(super) const CHAPTER: Chapter = Chapter {
    name: "node",
    title: "A node dies and returns",
    befalls: "a-07 loses its power; minutes later it boots again.",
    look_for: "Q keeps new pods off it. Once it is well for a while, Seaworthy releases it.",
    mended: "a-07 boots again",
    at: Duration::from_mins(7),
    lasts: Duration::from_mins(3),
    subjects: &["Node/a-07", "DaemonSet/kube-system/node-agent/a-07"],
    begin: |stage| stage.kubelets().power_off(NODE),
    end: |stage| stage.kubelets().power_on(NODE),
};
