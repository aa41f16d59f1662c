//! How patient the controllers are. The defaults are those of the real controller manager (1.37).

use std::time::Duration;

/// How patient the controllers are.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How often nodes are looked at.
    pub node_period: Duration,
    /// How long a node may be silent.
    pub node_grace: Duration,
    /// Between two nodes of a zone whose pods are sent away: 0.1 a second.
    pub eviction_interval: Duration,
    /// The same in a large zone of which most fails: 0.01 a second.
    pub eviction_interval_slow: Duration,
    /// A zone of more nodes than this is large. In a smaller one nothing is sent away while most of
    /// it fails.
    pub large_zone: usize,
    /// The share of failing nodes from which on most of a zone fails.
    pub unhealthy_share: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            node_period: Duration::from_secs(5),
            node_grace: Duration::from_secs(50),
            eviction_interval: Duration::from_secs(10),
            eviction_interval_slow: Duration::from_secs(100),
            large_zone: 50,
            unhealthy_share: 0.55,
        }
    }
}
