//! How a cluster is run.

use crate::{controllers, kubelet};

/// How a cluster is run.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The controllers' patience.
    pub controllers: controllers::Settings,
    /// The kubelets' habits.
    pub kubelets: kubelet::Settings,
}

/// What can fail of a control plane beside its API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The controller manager.
    Controllers,
    /// The scheduler.
    Scheduler,
}
