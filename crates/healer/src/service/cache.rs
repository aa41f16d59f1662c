//! What is known of a watched kind.

use std::collections::BTreeMap;
use std::time::Duration;

use cluster::views::View;

use crate::governor::ViewState;

/// A watched kind.
///
/// What cannot be read is not taken for what it was before, nor for nothing: as long as there is
/// such an object the kind counts as not known, and nothing is done.
pub(super) struct Cache<V> {
    pub(super) objects: BTreeMap<String, V>,
    building: Option<BTreeMap<String, V>>,
    /// Objects that could not be read, and why; and those of the list that is being read.
    damaged: BTreeMap<String, String>,
    damaged_in_list: BTreeMap<String, String>,
    is_synced: bool,
    heard: Option<Duration>,
    problem: Option<String>,
    pub(super) malformed: u64,
}

impl<V> Default for Cache<V> {
    fn default() -> Self {
        Self {
            objects: BTreeMap::new(),
            building: None,
            damaged: BTreeMap::new(),
            damaged_in_list: BTreeMap::new(),
            is_synced: false,
            heard: None,
            problem: None,
            malformed: 0,
        }
    }
}

/// The version of an object as a number; the API promises that it is one.
pub(super) fn version<V: View>(object: &V) -> u64 {
    object.identity().resource_version.parse().unwrap_or(0)
}

impl<V: View + Clone> Cache<V> {
    /// A list begins: something may have been missed, and is not known until it is whole.
    pub(super) fn begin(&mut self) {
        if self.is_synced {
            self.problem.get_or_insert_with(|| "it is being listed anew".to_owned());
        }
        self.building = Some(BTreeMap::new());
        self.damaged_in_list.clear();
    }

    pub(super) fn listed(&mut self, object: V) {
        let name = object.identity().name.to_owned();
        let building = self.building.get_or_insert_default();
        if building.get(&name).is_none_or(|other| version(other) < version(&object)) {
            building.insert(name, object);
        }
    }

    /// The list takes the place of what was known, with what came and what we wrote while it was
    /// read. Not with anything older: after a restore of the store that bears a higher version,
    /// and is not so any more.
    pub(super) fn done(&mut self) {
        self.objects = self.building.take().unwrap_or_default();
        self.damaged = std::mem::take(&mut self.damaged_in_list);
        self.is_synced = true;
    }

    /// An object as it is now; an older version than the known one changes nothing. Returns
    /// whether it did.
    pub(super) fn apply(&mut self, object: V) -> bool {
        let name = object.identity().name.to_owned();
        let was_damaged = self.mend(&name);
        if !was_damaged && self.objects.get(&name).is_some_and(|known| version(known) >= version(&object)) {
            return false;
        }
        // What comes while a list is read may be too new to be in it.
        if let Some(building) = &mut self.building {
            building.insert(name.clone(), object.clone());
        }
        self.objects.insert(name, object);
        true
    }

    /// An object as a quorum has it, after a write of ours was refused: the known version is not
    /// the true one, whichever is higher.
    pub(super) fn correct(&mut self, object: V) {
        let name = object.identity().name.to_owned();
        self.mend(&name);
        if let Some(building) = &mut self.building {
            building.insert(name.clone(), object.clone());
        }
        self.objects.insert(name, object);
    }

    /// An object that cannot be read, or could not be and is gone.
    pub(super) fn damage(&mut self, name: &str, reason: &str, is_gone: bool) {
        self.malformed += 1;
        if is_gone {
            self.mend(name);
            self.objects.remove(name);
            self.building.as_mut().map(|building| building.remove(name));
            return;
        }
        if self.building.is_some() {
            self.damaged_in_list.insert(name.to_owned(), reason.to_owned());
        }
        // While the list is read for the first time nothing is known anyway.
        self.damaged.insert(name.to_owned(), reason.to_owned());
    }

    fn mend(&mut self, name: &str) -> bool {
        self.damaged_in_list.remove(name);
        self.damaged.remove(name).is_some()
    }

    /// How many objects cannot be read.
    pub(super) fn unreadable(&self) -> usize {
        self.damaged.len()
    }

    /// Whether all of it was seen once, as far as it can be read.
    pub(super) fn is_listed(&self) -> bool {
        self.is_synced
    }

    pub(super) fn remove(&mut self, name: &str, uid: &str) {
        self.mend(name);
        if let Some(building) = &mut self.building {
            building.remove(name);
        }
        if self.objects.get(name).is_some_and(|known| known.identity().uid == uid) {
            self.objects.remove(name);
        }
    }

    /// The server is there. While a list is read that says nothing of what is known here, which may
    /// be as old as the last list: a server that goes back in time gives one after the other.
    pub(super) fn hear(&mut self, now: Duration) {
        if self.building.is_none() {
            self.heard = Some(now);
            self.problem = None;
        }
    }

    pub(super) fn fail(&mut self, problem: String) {
        self.problem = Some(problem);
    }

    pub(super) fn view(&self, name: &'static str) -> ViewState {
        let Self { is_synced, heard, problem, damaged, .. } = self;
        let unreadable = damaged.first_key_value().map(|(name, why)| {
            format!("{name} cannot be read ({why}); mend or delete it, or run the version that wrote it")
        });
        let is_synced = *is_synced && unreadable.is_none();
        ViewState { name, is_synced, heard: *heard, problem: unreadable.or_else(|| problem.clone()) }
    }
}

#[cfg(test)]
mod tests {
    use model::remediation::Remediation;

    use super::*;
    use crate::machine::tests_support::{namespace, remediation};

    fn versioned(name: &str, version: u32) -> Remediation {
        let mut one = remediation(name);
        one.metadata.resource_version = Some(version.to_string());
        one
    }

    #[test]
    fn what_was_deleted_while_nothing_was_heard_is_gone_after_the_next_list() {
        let mut cache = Cache::default();
        // The newest object of its kind, as a policy often is, and the only one.
        cache.apply(namespace("shop", false));
        cache.begin();
        cache.done();
        assert!(cache.objects.is_empty());
    }

    #[test]
    fn what_we_wrote_while_a_list_was_read_is_not_lost() {
        let mut cache = Cache::default();
        cache.apply(versioned("r-1-1", 5));
        cache.begin();
        cache.listed(versioned("r-1-1", 5));
        cache.apply(versioned("r-1-1", 9));
        cache.apply(versioned("r-2-1", 8));
        cache.done();
        let versions: Vec<u64> = cache.objects.values().map(version).collect();
        assert_eq!(versions, [9, 8]);
        // What a slow watch tells of our own writes is no news.
        assert!(!cache.apply(versioned("r-1-1", 7)));
    }

    #[test]
    fn what_cannot_be_read_makes_its_kind_unknown_until_it_can_or_is_gone() {
        let mut cache = Cache::default();
        cache.begin();
        cache.listed(versioned("r-1-1", 5));
        cache.damage("r-2-1", "unknown action Reboot", false);
        cache.done();
        let view = cache.view("remediations");
        assert!(!view.is_synced && cache.is_listed());
        assert!(view.problem.unwrap().contains("r-2-1 cannot be read (unknown action Reboot)"));
        cache.apply(versioned("r-2-1", 9));
        assert!(cache.view("remediations").is_synced);
        cache.damage("r-1-1", "no phase", false);
        assert!(!cache.view("remediations").is_synced);
        cache.damage("r-1-1", "no phase", true);
        assert!(cache.view("remediations").is_synced);
        assert!(!cache.objects.contains_key("r-1-1"), "nor is what it was before believed");
        cache.damage("r-3-1", "no phase", false);
        cache.begin();
        cache.done();
        assert!(cache.view("remediations").is_synced, "gone while nothing was heard");
    }

    #[test]
    fn a_restored_store_is_believed() {
        let mut cache = Cache::default();
        cache.apply(versioned("r-1-1", 900));
        cache.begin();
        cache.listed(versioned("r-1-1", 7));
        cache.done();
        assert_eq!(version(&cache.objects["r-1-1"]), 7);
        cache.apply(versioned("r-2-1", 900));
        cache.correct(versioned("r-2-1", 8));
        assert_eq!(version(&cache.objects["r-2-1"]), 8, "a quorum says so");
        assert!(cache.apply(versioned("r-2-1", 9)));
    }

    #[test]
    fn a_list_that_is_not_whole_makes_nothing_fresh() {
        let at = Duration::from_secs;
        let state = |cache: &Cache<Remediation>| {
            let view = cache.view("remediations");
            (view.heard, view.problem)
        };
        let mut cache = Cache::default();
        cache.begin();
        cache.listed(versioned("r-1-1", 5));
        cache.hear(at(0));
        assert_eq!(state(&cache), (None, None));
        cache.done();
        cache.hear(at(1));
        assert_eq!(state(&cache), (Some(at(1)), None));
        // Away for minutes, and then it gives list after list that cannot be right.
        cache.fail("connection refused".to_owned());
        for second in [600, 610, 620] {
            cache.begin();
            cache.listed(versioned("r-1-1", 5));
            cache.hear(at(second));
            assert_eq!(state(&cache), (Some(at(1)), Some("connection refused".to_owned())));
            cache.fail("connection refused".to_owned());
        }
        cache.begin();
        cache.done();
        cache.hear(at(630));
        assert_eq!(state(&cache), (Some(at(630)), None));
        cache.begin();
        cache.hear(at(640));
        assert_eq!(state(&cache), (Some(at(630)), Some("it is being listed anew".to_owned())));
    }
}
