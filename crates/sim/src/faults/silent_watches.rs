//! What the healers watch falls silent for minutes, and nothing ends or fails: an API server whose
//! cache hangs. Meanwhile a person takes back what the policies enforce, and says it again in the end;
//! or only writes a note on them, so that these watches have something to fall silent at, too. In half
//! of them a pod hangs meanwhile, so that there is something that must not be done now.

use std::time::Duration;

use rand::RngExt;
use rand_chacha::ChaCha12Rng;

use super::{Kind, Scene, Stage, hanging, lasts, pick};
use crate::api::{Calls, Fault, Trouble};
use crate::run::staff::SERVICES;

const NAME: &str = "silent watches";
/// What a subject begins with when nothing is taken back, and when the policies are.
const NOTED: &str = "of healers, policies noted";
const TAKEN_BACK: &str = "of healers";

/// For how long watches fall silent; each at its next event.
const FALLS: Duration = Duration::from_secs(200);
/// How long each is silent then: longer than the healer's patience with a watch, 150 s.
const SILENT: (Duration, Duration) = (Duration::from_mins(5), Duration::from_secs(400));
/// When the pod hangs: early enough to be treated in the silence, if nothing kept the healer from it.
const HANGS_AFTER: Duration = Duration::from_secs(150);

pub(super) const KIND: Kind = Kind {
    name: NAME,
    weight: 9,
    // Until everything has been told that was held back.
    lasts: lasts(700, 900),
    subject,
    begin: |stage, subject| {
        let (least, most) = SILENT;
        let healers = SERVICES.into_iter().filter(|name| name.starts_with("healer"));
        let silence = |healer| {
            Fault::of(healer, Trouble::EventsDelayed { least, most }).for_calls(Calls::new("watch", ""))
        };
        stage.switched().on(NAME, subject, healers.map(silence));
        if subject.starts_with(NOTED) {
            stage.note_policies();
        } else {
            stage.set_enforced(false);
        }
        stage.begin_work(NAME, subject, pass(stage.clone(), subject.to_owned()));
    },
    end: |stage, subject| {
        stage.end_work(NAME, subject);
        stage.switched().off(NAME, subject);
        if !subject.starts_with(NOTED) {
            stage.set_enforced(true);
        }
    },
};

fn subject(scene: &Scene, rng: &mut ChaCha12Rng) -> String {
    let policies = if rng.random_bool(0.5) { NOTED } else { TAKEN_BACK };
    let hangs = hanging::phrase(pick(&scene.workloads, rng, ""));
    // The number keeps two of a kind apart that overlap.
    let number = rng.random_range(1..1000);
    if rng.random_bool(0.5) {
        format!("{policies}, {hangs}, {number}")
    } else {
        format!("{policies}, {number}")
    }
}

async fn pass(stage: Stage, subject: String) {
    tokio::time::sleep(HANGS_AFTER).await;
    hanging::begin(&stage, &subject);
    tokio::time::sleep(FALLS.saturating_sub(HANGS_AFTER)).await;
    stage.switched().off(NAME, &subject);
}
