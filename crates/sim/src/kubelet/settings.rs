//! How often kubelets give signs of life. The defaults are those of the real kubelet (1.37).

use std::time::Duration;

/// How often kubelets give signs of life.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Between two renewals of a node's lease: a quarter of what it is valid for.
    pub lease_period: Duration,
    /// How long a lease is valid, in seconds.
    pub lease_seconds: u64,
    /// Between two reports of a status that did not change.
    pub report_period: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lease_period: Duration::from_secs(10),
            lease_seconds: 40,
            report_period: Duration::from_mins(5),
        }
    }
}
