//! The world of the demo: a shop on sixty nodes, the three services that look after it, and what befalls
//! it. It is made inside of a runtime on virtual time, whoever drives that.

mod cluster;
mod configuration;
mod inside;
mod person;
mod policies;
mod timetable;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use environment::{Environment, ManualClock};
use jiff::Timestamp;
use model::remediation::ApprovalVerdict;
use serde_json::json;
use sim::faults::Stage;
use sim::machinery::Settings;
use sim::registry::Status;
use sim::run::cluster::{brake, healing_policy};
use sim::run::{bed, staff};
use sim::seen::{Fault, What};

use crate::chapters::{self, Chapter};
use crate::story::Story;
use inside::Kubectl;

/// How long the cluster is left alone until everything runs, before the services are started.
const WARM_UP: Duration = Duration::from_mins(1);
/// How long the services take until they have listed everything and one healer leads.
const SETTLE: Duration = Duration::from_secs(30);
/// How much of the world's time passes before the story begins.
pub const PRELUDE: Duration = WARM_UP.saturating_add(SETTLE);

/// The world. Cheap to clone.
#[derive(Clone)]
pub struct World {
    /// The cluster, and what can befall it.
    pub stage: Stage,
    environment: Environment,
    kubectl: Kubectl,
    story: Arc<Mutex<Story>>,
}

/// How long after the last chapter it is waited for that everything is over.
const REST: Duration = Duration::from_mins(5);

/// Plays all chapters, and waits until what they left behind is over.
pub async fn play_to_the_end(world: &World) {
    timetable::play(world).await;
    tokio::time::sleep(REST).await;
}

impl World {
    /// Makes it, and lets time pass until the services look after it: the story begins then. Its wall
    /// clock says `start` at the very beginning.
    pub async fn make(seed: u64, start: Timestamp) -> Result<Self, Status> {
        let environment = Environment::new(Arc::new(ManualClock::starting_at(start)), seed);
        let settings = Settings::default();
        let stage = bed::make(&environment, cluster::shop(), settings, configuration::services())?;
        let registry = stage.registry();
        registry.create(brake(), "", json!({"metadata": {"name": "cluster"}, "spec": {"paused": false}}))?;
        for (name, spec) in policies::all() {
            registry.create(healing_policy(), "", json!({"metadata": {"name": name}, "spec": spec}))?;
        }
        let story = Arc::new(Mutex::new(Story::new(environment.now(), environment.monotonic())));
        let kubectl = Kubectl::new(&stage);
        let world = Self { stage, environment, kubectl, story };
        world.tell_story();
        tokio::time::sleep(WARM_UP).await;
        for service in staff::SERVICES {
            world.stage.staff().start(service).await;
        }
        tokio::time::sleep(SETTLE).await;
        world.story().begin(world.environment.monotonic());
        world.answer_in_the_end();
        Ok(world)
    }

    /// What was seen so far.
    pub fn story(&self) -> MutexGuard<'_, Story> {
        self.story.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, for who looks on from another thread.
    pub fn shared_story(&self) -> Arc<Mutex<Story>> {
        Arc::clone(&self.story)
    }

    /// Plays all chapters at their times.
    pub fn play(&self) {
        let world = self.clone();
        self.environment.spawn("timetable", async move { timetable::play(&world).await });
    }

    /// Lets a chapter come now, out of its turn. While it lasts it does not come once more.
    pub fn begin(&self, number: usize) {
        let Some(chapter) = chapters::ALL.get(number).copied() else { return };
        let world = self.clone();
        self.environment.spawn("chapter", async move { world.chapter(chapter).await });
    }

    async fn chapter(&self, chapter: &'static Chapter) {
        if self.story().is_playing(chapter) {
            return;
        }
        self.see(chapter, true);
        (chapter.begin)(&self.stage);
        tokio::time::sleep(chapter.lasts).await;
        (chapter.end)(&self.stage);
        self.see(chapter, false);
    }

    fn see(&self, chapter: &Chapter, begins: bool) {
        let fault = Fault { name: chapter.name, subject: chapter.subjects.join(" "), begins };
        self.stage.witness().see(What::Fault(fault.clone()));
        // A key that is pressed twice in one moment begins it once.
        self.story().chapter(&fault, self.environment.monotonic());
    }

    /// A person's word on a plan that waits.
    pub fn decide(&self, remediation: &str, verdict: ApprovalVerdict, by: &str) {
        person::decide(&self.stage, remediation, verdict, by);
    }

    /// Sees to it that a plan is not left waiting, where nobody sits at the keyboard.
    fn answer_in_the_end(&self) {
        let world = self.clone();
        self.environment.spawn("on call", async move { person::answer(&world).await });
    }

    /// Tells the story what is seen.
    fn tell_story(&self) {
        let (story, mut seen) = (self.shared_story(), self.stage.witness().listen());
        self.environment.spawn("story", async move {
            while let Some(seen) = seen.recv().await {
                story.lock().unwrap_or_else(PoisonError::into_inner).hear(&seen);
            }
        });
    }

    /// Since the world was made.
    pub fn monotonic(&self) -> Duration {
        self.environment.monotonic()
    }

    /// Ends all that goes on in it.
    pub async fn end(&self) {
        for service in staff::SERVICES {
            self.stage.staff().crash(service).await;
        }
        self.environment.tasks().end().await;
    }
}
