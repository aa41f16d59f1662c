//! A node flaps: its kubelet falls silent, or its runtime stops, again and again, and each time it
//! comes back.

use std::time::Duration;

use rand::RngExt;

use super::{Kind, Stage, lasts, pick};

pub(super) const KIND: Kind = Kind {
    name: "flapping node",
    weight: 6,
    lasts: lasts(200, 1200),
    subject: |scene, rng| {
        let what = if rng.random_bool(0.5) { "silent" } else { "runtime" };
        let (down, up) = (rng.random_range(40..=120), rng.random_range(10..=120));
        format!("{} {what} {down} {up}", pick(&scene.nodes, rng, "n-0"))
    },
    begin: |stage, subject| stage.begin_work(KIND.name, subject, flap(stage.clone(), subject.to_owned())),
    end: |stage, subject| {
        stage.end_work(KIND.name, subject);
        set(stage, subject, true);
    },
};

async fn flap(stage: Stage, subject: String) {
    let seconds =
        |index: usize| subject.split(' ').nth(index).and_then(|word| word.parse().ok()).unwrap_or(60);
    let (down, up) = (Duration::from_secs(seconds(2)), Duration::from_secs(seconds(3)));
    loop {
        set(&stage, &subject, false);
        tokio::time::sleep(down).await;
        set(&stage, &subject, true);
        tokio::time::sleep(up).await;
    }
}

fn set(stage: &Stage, subject: &str, is_well: bool) {
    let mut words = subject.split(' ');
    let (node, what) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let kubelets = stage.kubelets();
    match (what, is_well) {
        ("runtime", true) => kubelets.start_runtime(node),
        ("runtime", false) => kubelets.stop_runtime(node),
        (_, true) => kubelets.thaw(node),
        (_, false) => kubelets.freeze(node),
    }
}
