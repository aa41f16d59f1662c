//! The configuration in force. It is exchanged as a whole: whoever decides something takes it once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::config;
use model::config::healer::HealerConfig;
use model::policy::HealingPolicy;
use serde_json::json;

/// A policy and the file it is from.
pub(super) type FromFile = (String, HealingPolicy);

/// The configuration in force, and what stands against another one.
pub(super) struct Settings {
    current: Mutex<Current>,
}

struct Current {
    config: Arc<HealerConfig>,
    hash: String,
    problem: Option<String>,
}

impl Settings {
    /// What the process began with.
    pub(super) fn new(config: HealerConfig, files: &[FromFile]) -> Self {
        let hash = hash(&config, files);
        Self { current: Mutex::new(Current { config: Arc::new(config), hash, problem: None }) }
    }

    pub(super) fn config(&self) -> Arc<HealerConfig> {
        Arc::clone(&self.lock().config)
    }

    /// What tells the configuration, with the policies from files, from those of other replicas.
    pub(super) fn hash(&self) -> String {
        self.lock().hash.clone()
    }

    /// Why the files as they are now are not in force, if they are not.
    pub(super) fn problem(&self) -> Option<String> {
        self.lock().problem.clone()
    }

    /// Puts another configuration into force. Returns whether it is another.
    pub(super) fn adopt(&self, config: HealerConfig, files: &[FromFile]) -> bool {
        let hash = hash(&config, files);
        let mut current = self.lock();
        current.problem = None;
        if current.hash == hash {
            return false;
        }
        (current.config, current.hash) = (Arc::new(config), hash);
        true
    }

    /// Notes why the files are not fit for use. Returns whether that is news.
    pub(super) fn refuse(&self, problem: String) -> bool {
        let mut current = self.lock();
        let is_news = current.problem.as_ref() != Some(&problem);
        current.problem = Some(problem);
        is_news
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(config: &HealerConfig, files: &[FromFile]) -> String {
    let policies: Vec<_> = files.iter().map(|(_, policy)| json!([policy.metadata, policy.spec])).collect();
    config::hash(&(config, policies))
}
