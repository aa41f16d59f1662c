//! A node as a machine: what is true of it physically, whatever the API says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use compact_str::CompactString;

use super::Pressure;
use crate::storage::Object;

/// A machine with a kubelet.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "what is true of a machine, each by itself")]
pub(super) struct Machine {
    pub(super) name: CompactString,
    /// As its kubelet registered it.
    pub(super) registration: Arc<Object>,
    pub(super) is_powered: bool,
    /// The kubelet is stopped: containers run on, nobody looks after them.
    pub(super) is_frozen: bool,
    /// The API server cannot be reached.
    pub(super) is_cut_off: bool,
    /// Since when the container runtime does not answer.
    pub(super) runtime_down: Option<Duration>,
    /// Volumes can be attached to it.
    pub(super) is_storage_up: bool,
    /// What it is short of, and how many pods have to go until it is not.
    pub(super) pressures: BTreeMap<Pressure, u32>,
    /// How often it was booted.
    pub(super) boots: u32,
    /// UIDs of the pods that it looks after.
    pub(super) pods: BTreeSet<CompactString>,
    images: BTreeSet<CompactString>,
    number: u32,
    addresses: u32,
}

/// How long a runtime must be silent before its kubelet says that it is down.
pub(super) const RUNTIME_SILENCE: Duration = Duration::from_secs(30);

impl Machine {
    /// A machine that is up. Its number gives it its addresses.
    pub(super) fn new(name: &CompactString, registration: &Arc<Object>, number: u32) -> Self {
        Self {
            name: name.clone(),
            registration: Arc::clone(registration),
            is_powered: true,
            is_frozen: false,
            is_cut_off: false,
            runtime_down: None,
            is_storage_up: true,
            pressures: BTreeMap::new(),
            boots: 1,
            pods: BTreeSet::new(),
            images: BTreeSet::new(),
            number,
            addresses: 0,
        }
    }

    /// Whether its kubelet does anything.
    pub(super) fn acts(&self) -> bool {
        self.is_powered && !self.is_frozen
    }

    /// Whether its kubelet speaks with the API server.
    pub(super) fn speaks(&self) -> bool {
        self.acts() && !self.is_cut_off
    }

    /// The next address for a pod: 250 a node, then from the first again.
    pub(super) fn address(&mut self) -> CompactString {
        let own = self.addresses % 250 + 2;
        self.addresses += 1;
        let (high, low) = (16 + self.number / 256, self.number % 256);
        compact_str::format_compact!("10.{high}.{low}.{own}")
    }

    /// Whether it has an image.
    pub(super) fn has_image(&self, image: &str) -> bool {
        self.images.contains(image)
    }

    /// It has an image from now on.
    pub(super) fn keep_image(&mut self, image: &CompactString) {
        if !self.images.contains(image) {
            self.images.insert(image.clone());
        }
    }

    /// Says which boot it is; the same machine gives the same answers.
    pub(super) fn boot_id(&self) -> String {
        format!("{:08x}-0000-4000-8000-{:012x}", self.number, self.boots)
    }
}
