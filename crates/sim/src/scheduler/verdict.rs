//! The message of a pod that fits nowhere.

use std::collections::BTreeMap;

use super::fit::Reason;

/// Why each node was refused, counted.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    nodes: usize,
    reasons: BTreeMap<&'static str, usize>,
    /// Nodes that would do if other pods went, and nodes that would not even then.
    helpful: usize,
    hopeless: usize,
}

impl Verdict {
    /// A node was refused.
    pub(super) fn add(&mut self, reasons: &[Reason]) {
        self.nodes += 1;
        for reason in reasons {
            *self.reasons.entry(reason.words()).or_default() += 1;
        }
        if reasons.iter().all(|reason| reason.is_for_others()) {
            self.helpful += 1;
        } else {
            self.hopeless += 1;
        }
    }

    /// What the real scheduler says: `0/3 nodes are available: 3 Insufficient cpu. preemption: …`.
    pub(super) fn message(&self) -> String {
        let nodes = self.nodes;
        if nodes == 0 {
            return "no nodes available to schedule pods".to_owned();
        }
        let mut why: Vec<String> =
            self.reasons.iter().map(|(words, count)| format!("{count} {words}")).collect();
        why.sort();
        let mut preemption = Vec::new();
        if self.helpful > 0 {
            preemption.push(format!("{} No preemption victims found for incoming pod", self.helpful));
        }
        if self.hopeless > 0 {
            preemption.push(format!("{} Preemption is not helpful for scheduling", self.hopeless));
        }
        preemption.sort();
        format!(
            "0/{nodes} nodes are available: {}. preemption: 0/{nodes} nodes are available: {}.",
            why.join(", "),
            preemption.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_counts_reasons_as_the_real_one_does() {
        let mut verdict = Verdict::default();
        for reasons in [&[Reason::Cpu, Reason::Memory][..], &[Reason::Taint], &[Reason::Cpu]] {
            verdict.add(reasons);
        }
        assert_eq!(
            verdict.message(),
            "0/3 nodes are available: 1 Insufficient memory, 1 node(s) had untolerated taint(s), 2 Insufficient \
             cpu. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption \
             victims found for incoming pod."
        );
        assert_eq!(Verdict::default().message(), "no nodes available to schedule pods");
    }
}
