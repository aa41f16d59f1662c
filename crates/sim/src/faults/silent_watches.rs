//! What the healers watch falls silent for minutes, and nothing ends or fails: an API server whose
//! cache hangs. Meanwhile a person takes back what the policies enforce, and says it again in the end;
//! or only writes a note on them, so that these watches have something to fall silent at, too.

use std::time::Duration;

use rand::RngExt;

use super::{Kind, lasts};
use crate::api::{Calls, Fault, Trouble};
use crate::run::staff::SERVICES;

const NAME: &str = "silent watches";
/// The subject when nothing is taken back.
const NOTED: &str = "of healers, policies noted";

/// For how long watches fall silent; each at its next event.
const FALLS: Duration = Duration::from_secs(200);
/// How long each is silent then: longer than the healer's patience with a watch, 150 s.
const SILENT: (Duration, Duration) = (Duration::from_mins(5), Duration::from_secs(400));

pub(super) const KIND: Kind = Kind {
    name: NAME,
    weight: 8,
    // Until everything has been told that was held back.
    lasts: lasts(700, 900),
    subject: |_, rng| if rng.random_bool(0.5) { NOTED } else { "of healers" }.to_owned(),
    begin: |stage, subject| {
        let (least, most) = SILENT;
        let healers = SERVICES.into_iter().filter(|name| name.starts_with("healer"));
        let silence = |healer| {
            Fault::of(healer, Trouble::EventsDelayed { least, most }).for_calls(Calls::new("watch", ""))
        };
        stage.switched().on(NAME, subject, healers.map(silence));
        if subject == NOTED {
            stage.note_policies();
        } else {
            stage.set_enforced(false);
        }
        let (own, subject) = (stage.clone(), subject.to_owned());
        stage.environment.spawn("silent watches", async move {
            tokio::time::sleep(FALLS).await;
            own.switched().off(NAME, &subject);
        });
    },
    end: |stage, subject| {
        stage.switched().off(NAME, subject);
        if subject != NOTED {
            stage.set_enforced(true);
        }
    },
};
