//! How configurations differ: between replicas, and between a file and what is in force.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The beginning of a digest, in hex: enough to tell the configurations of a fleet apart.
pub fn hash(config: &impl Serialize) -> String {
    let text = serde_json::to_vec(config).unwrap_or_default();
    hex::encode(&Sha256::digest(text)[..8])
}

/// The keys at the top of a configuration whose values differ, in alphabetical order.
pub fn changed_keys<C: Serialize>(before: &C, after: &C) -> Vec<String> {
    let fields = |config: &C| match serde_json::to_value(config) {
        Ok(Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let (before, after) = (fields(before), fields(after));
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::healer::HealerConfig;

    #[test]
    fn what_differs_is_named_by_its_key() {
        let before = HealerConfig::default();
        assert_eq!(changed_keys(&before, &before), [""; 0]);
        let mut after = before.clone();
        after.listen.api.set_port(1);
        after.cluster = Some("c1".into());
        assert_eq!(changed_keys(&before, &after), ["cluster", "listen"]);
        assert_ne!(hash(&before), hash(&after));
        assert_eq!((hash(&before), hash(&before).len()), (hash(&before.clone()), 16));
    }
}
