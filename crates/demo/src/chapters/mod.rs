//! What befalls the shop: one chapter, one file, one line in [`ALL`].

mod budget;
mod hang;
mod memory;
mod node;
mod payment;
mod registry;
mod rollout;
mod zone;

use std::time::Duration;

use serde_json::Value;
use sim::faults::Stage;

/// One thing that befalls the shop, and is mended where Seaworthy cannot mend it.
#[derive(Debug)]
pub struct Chapter {
    /// One word, by which it is known.
    pub name: &'static str,
    /// A headline.
    pub title: &'static str,
    /// What happens.
    pub befalls: &'static str,
    /// What there is to see.
    pub look_for: &'static str,
    /// What whoever owns it does in the end; empty where nothing is left to do.
    pub mended: &'static str,
    /// When it begins, since the story began.
    pub at: Duration,
    /// How long until it is mended.
    pub lasts: Duration,
    /// Whose trouble it is, as lineages: what is found on these is found of this chapter.
    pub subjects: &'static [&'static str],
    /// Begins it.
    pub begin: fn(&Stage),
    /// Mends it.
    pub end: fn(&Stage),
}

/// All chapters, in the order of the story.
pub const ALL: [&Chapter; 8] = [
    &hang::CHAPTER,
    &rollout::CHAPTER,
    &node::CHAPTER,
    &payment::CHAPTER,
    &memory::CHAPTER,
    &budget::CHAPTER,
    &zone::CHAPTER,
    &registry::CHAPTER,
];

/// The chapter of a name.
pub fn get(name: &str) -> Option<&'static Chapter> {
    ALL.into_iter().find(|chapter| chapter.name == name)
}

/// So many of a workload's pods run on, and answer nobody any more.
fn hang(stage: &Stage, workload: &str, count: usize) {
    stage.pods_of(workload).iter().take(count).for_each(|pod| stage.hang(pod));
}

/// Rolls out another image, with a deadline for it.
fn set_image(stage: &Stage, workload: &str, image: &str, deadline_s: u64) {
    if let Some(address) = stage.workload(workload) {
        stage.change(&address, |value| {
            value["spec"]["template"]["spec"]["containers"][0]["image"] = image.into();
            value["spec"]["progressDeadlineSeconds"] = deadline_s.into();
            Value::Null
        });
    }
}
