//! Whoever leads crashes or stands still in the middle of an attempt: when its intent is written and
//! nothing is sent, or when the effect is done and nothing of it is written down. In half of these a pod
//! hangs, so that there is an attempt.

use rand::RngExt;

use super::{Kind, hanging, lasts, pick};
use crate::oracles::Effect;
use crate::run::staff::SERVICES;
use crate::seen::{Request, Seen, What};

pub(super) const KIND: Kind = Kind {
    name: "mid attempt",
    weight: 15,
    // Past the lease, and past what its successor takes to adopt what is open.
    lasts: lasts(120, 600),
    subject: |scene, rng| {
        let what = if rng.random_bool(0.4) { "crash" } else { "pause" };
        let when = if rng.random_bool(0.5) { "intent" } else { "effect" };
        let struck = format!("{what} after {when}");
        if rng.random_bool(0.5) {
            return struck;
        }
        format!("{struck}, {}", hanging::phrase(pick(&scene.workloads, rng, "")))
    },
    begin: |stage, subject| {
        let is_it: fn(&Request) -> bool = if subject.contains(" after intent") {
            is_intent
        } else {
            |request| Effect::granted(request).is_some()
        };
        let struck = stage.witness.next(move |seen| leader(seen, is_it));
        hanging::begin(stage, subject);
        let (stage, is_crash) = (stage.clone(), subject.starts_with("crash"));
        stage.environment.clone().spawn("mid attempt", async move {
            // Nothing of the kind comes any more when the fault has ended.
            let Ok(leader) = struck.await else { return };
            if is_crash {
                stage.staff.kill(&leader);
            } else {
                stage.staff.pause(&leader);
            }
        });
    },
    end: |stage, _| {
        stage.witness.forget_next();
        for healer in SERVICES.into_iter().filter(|name| name.starts_with("healer")) {
            stage.staff.resume(healer);
        }
    },
};

/// Who has done it.
fn leader(seen: &Seen, is_it: fn(&Request) -> bool) -> Option<String> {
    match &seen.what {
        What::Request(request) if is_it(request) => Some(request.by.clone()),
        _ => None,
    }
}

/// Whether an intent was written: an attempt is open, and so is one of its parts.
fn is_intent(request: &Request) -> bool {
    let newest = request.body["status"]["attempts"].as_array().and_then(|attempts| attempts.last());
    let is_open = newest.is_some_and(|newest| {
        let mut parts = newest["parts"].as_array().into_iter().flatten();
        newest["closed"].is_null() && parts.any(|part| part["state"] == "Open")
    });
    is_open && request.is_granted() && request.by.starts_with("healer")
}
