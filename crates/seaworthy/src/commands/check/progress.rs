//! How far a look has got, on a terminal; nothing where there is none.

use std::collections::BTreeMap;

use indicatif::{ProgressBar, ProgressStyle};
use monitor::{Kind, Progress};

/// One line on standard error that changes, and is gone at the end.
pub(super) struct Bar {
    bar: ProgressBar,
    listed: BTreeMap<Kind, usize>,
}

impl Bar {
    pub(super) fn new() -> Self {
        let style = ProgressStyle::with_template("{spinner} {msg}").expect("a constant template");
        Self { bar: ProgressBar::new_spinner().with_style(style), listed: BTreeMap::new() }
    }

    pub(super) fn show(&mut self, progress: &Progress) {
        let message = match progress {
            Progress::Listing { kind, objects } => {
                format!("listing {kind}s: {objects} so far{}", self.rest())
            }
            Progress::Listed { kind, objects } => {
                self.listed.insert(*kind, *objects);
                format!("{kind}s: {objects}{}", self.rest())
            }
            Progress::Failing { kind, reason } => format!("{kind}s cannot be listed, trying again: {reason}"),
        };
        self.bar.set_message(message);
        self.bar.tick();
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn rest(&self) -> String {
        format!(
            " ({} of {} kinds, {} objects)",
            self.listed.len(),
            Kind::ALL.len(),
            self.listed.values().sum::<usize>()
        )
    }
}
