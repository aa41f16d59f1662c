//! Half a zone's nodes fall silent.

use std::time::Duration;

use sim::faults::Stage;

use super::Chapter;

const LOST: [&str; 10] = ["b-01", "b-02", "b-03", "b-04", "b-05", "b-06", "b-07", "b-08", "b-09", "b-10"];

pub(super) const CHAPTER: Chapter = Chapter {
    name: "zone",
    title: "Half a zone falls silent",
    befalls: "A switch fails: ten of eu-1b's nodes cannot be reached.",
    look_for: "Ten at once are not ten broken nodes. A few are touched; a rule holds the rest.",
    mended: "the switch is replaced",
    at: Duration::from_mins(29),
    lasts: Duration::from_secs(200),
    subjects: &[
        "Node/b-01",
        "Node/b-02",
        "Node/b-03",
        "Node/b-04",
        "Node/b-05",
        "Node/b-06",
        "Node/b-07",
        "Node/b-08",
        "Node/b-09",
        "Node/b-10",
    ],
    begin: |stage| LOST.iter().for_each(|node| stage.kubelets().cut_off(node)),
    end: |stage: &Stage| LOST.iter().for_each(|node| stage.kubelets().reconnect(node)),
};
