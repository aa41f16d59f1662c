//! A crash before and after every single request of every service, one at a time, while something
//! small is healed: each time it comes to the same end, with one effect per intent (I6).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::failing;
use crate::faults::Fault;
use crate::oracles::Violation;
use crate::run::defect::Defect;
use crate::run::plan::{Plan, Workload};
use crate::run::play::{self, play};
use crate::run::report::{Failure, Report};
use crate::trace::Keep;

/// The checker's name for a run that ends otherwise than without the crash.
pub(super) const ORACLE: &str = "I6 crash at every request";

/// The fault that is a crash.
const CRASH: &str = "service crash";

/// How long there are none afterwards, in seconds: until it is known to be healed, what nobody
/// heals has been handed over, and a healer has given up to wait for what a monitor that crashed
/// does not know any more.
const CALM_S: u64 = 900;

/// What is healed while services crash.
struct Scene {
    name: &'static str,
    fault: (&'static str, &'static str),
    /// How long the fault lasts, in seconds.
    lasts_s: u64,
    /// How long there are crashes, in seconds from when the services start: until it is healed, told,
    /// and taken back.
    storm_s: u64,
}

/// Both end in a repair that helped; of the node people are told, and told that it is over.
const SCENES: [Scene; 2] = [
    Scene { name: "deadlock", fault: ("deadlock", "Deployment/shop/web 1"), lasts_s: 1, storm_s: 120 },
    Scene { name: "dead node", fault: ("frozen nodes", "n-3"), lasts_s: 150, storm_s: 330 },
];

/// What came of a sweep.
#[derive(Debug, Default)]
pub struct Swept {
    /// Scene, service, and the requests at which there was a crash, before it and after it.
    pub requests: Vec<(&'static str, String, u64)>,
    /// The runs in which a promise was broken, or that ended in another way.
    pub failures: Vec<(PathBuf, Failure)>,
    /// Runs that could not be played, and why.
    pub broken: Vec<String>,
}

impl Swept {
    /// Whether every service crashed in some scene, and every run came to the same end.
    pub fn is_good(&self) -> bool {
        let is_clean = self.failures.is_empty() && self.broken.is_empty();
        is_clean && !self.requests.is_empty() && self.spared().is_empty()
    }

    /// The services that crashed nowhere: of those a sweep says nothing.
    pub fn spared(&self) -> BTreeSet<&str> {
        let services = |among: fn(u64) -> bool| -> BTreeSet<&str> {
            let all = self.requests.iter().filter(|(.., count)| among(*count));
            all.map(|(_, service, _)| service.as_str()).collect()
        };
        services(|_| true).difference(&services(|count| count > 0)).copied().collect()
    }
}

/// Crashes each of these services at each request in each scene, or in the one of that name, on so
/// many threads; failing runs are written below `folder`.
pub fn sweep(services: &[&str], scene: Option<&str>, threads: usize, folder: &Path) -> Swept {
    let scenes = SCENES.iter().filter(|own| scene.is_none_or(|name| own.name == name));
    let jobs: Vec<(&Scene, &str)> =
        scenes.flat_map(|scene| services.iter().map(move |service| (scene, *service))).collect();
    if jobs.is_empty() {
        let names = SCENES.map(|scene| format!("{:?}", scene.name)).join(", ");
        let broken = vec![format!("no such scene: there are {names}")];
        return Swept { broken, ..Swept::default() };
    }
    let (next, swept) = (AtomicUsize::new(0), Mutex::<Swept>::default());
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some((scene, service)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = one(scene, service, folder, &swept) {
                        note(&swept, |swept| swept.broken.push(format!("{}: {error}", scene.name)));
                    }
                }
            });
        }
    });
    let mut swept = swept.into_inner().unwrap_or_else(PoisonError::into_inner);
    swept.requests.sort();
    swept.failures.sort_by(|(one, _), (other, _)| one.cmp(other));
    swept
}

fn note(swept: &Mutex<Swept>, note: impl FnOnce(&mut Swept)) {
    note(&mut swept.lock().unwrap_or_else(PoisonError::into_inner));
}

/// One service's requests in one scene, one after the other, until there are no more.
fn one(scene: &Scene, service: &str, folder: &Path, swept: &Mutex<Swept>) -> Result<(), play::Error> {
    let calm = play(&scene.plan(), Keep::Nothing, None)?;
    for request in 1.. {
        for side in ["before", "after"] {
            let plan = scene.with_crash(&format!("{service} {side} {request}"));
            let report = play(&plan, Keep::Nothing, None)?;
            if report.coverage.crashes == 0 {
                let swept_now = (scene.name, service.to_owned(), request - 1);
                note(swept, |swept| swept.requests.push(swept_now));
                return Ok(());
            }
            if let Some(failure) = judge(report, &calm) {
                let label = format!("{}-{service}-{side}-{request}", scene.name).replace(' ', "-");
                let path = failing::write(&folder.join(label), &failure);
                eprintln!("{}", failing::describe(&path, &failure, false));
                note(swept, |swept| swept.failures.push((path, failure)));
            }
        }
    }
    Ok(())
}

/// What is wrong with a run that had a crash, beside the one that had none.
fn judge(report: Report, calm: &Report) -> Option<Failure> {
    let other = ends_otherwise(&report, calm);
    let Report { plan, hash, mut violations, .. } = report;
    violations.extend(other);
    (!violations.is_empty()).then_some(Failure { plan, defect: None, hash, violations })
}

fn ends_otherwise(report: &Report, calm: &Report) -> Option<Violation> {
    let (ending, calm) = (&report.ending, &calm.ending);
    let what = format!("it ends with {ending:?}, and without the crash with {calm:?}");
    (ending != calm).then(|| Violation { oracle: ORACLE.to_owned(), at_millis: 0, what })
}

/// Plays a run of a sweep without its crash, and says if that ends in another way.
pub(super) fn check(
    report: &Report,
    defect: Option<&'static Defect>,
) -> Result<Option<Violation>, play::Error> {
    let mut calm = report.plan.clone();
    calm.faults.retain(|fault| fault.name != CRASH);
    Ok(ends_otherwise(report, &play(&calm, Keep::Nothing, defect)?))
}

impl Scene {
    fn plan(&self) -> Plan {
        let (name, subject) = self.fault;
        let fault = |name: &str, subject: &str, at_s, lasts_s| Fault {
            name: name.to_owned(),
            subject: subject.to_owned(),
            at_s,
            lasts_s,
        };
        let web = Workload {
            kind: "Deployment".to_owned(),
            namespace: "shop".to_owned(),
            name: "web".to_owned(),
            replicas: 3,
            budget: None,
        };
        Plan {
            seed: 1,
            nodes: 4,
            zones: 1,
            workloads: vec![web],
            faults: vec![fault(name, subject, 5, self.lasts_s)],
            storm_s: self.storm_s,
            calm_s: CALM_S,
            ..Plan::default()
        }
    }

    /// The same with a crash, from when the services start.
    fn with_crash(&self, subject: &str) -> Plan {
        let mut plan = self.plan();
        let crash = Fault { name: CRASH.to_owned(), subject: subject.to_owned(), at_s: 0, lasts_s: 1 };
        plan.faults.insert(0, crash);
        plan
    }
}
