//! Where the shapes of two outputs differ, and which differences are meant.

use crate::shape::Shape;

/// Keys that only one of the two has in what is described, and why.
const MEANT: &[(&str, &[&str])] = &[
    // What a testbed's kubelets say of their machines and a simulated one has none of.
    ("describe node", &["Addresses", "System Info", "PodCIDR", "PodCIDRs", "ProviderID", "Events"]),
    // Nodes have no addresses, Services have none, and quotas are not served.
    ("describe service", &["IP", "IPs", "IP Family Policy", "IP Families", "Internal Traffic Policy"]),
    ("describe namespace", &["Resource Quotas", "No resource quota.", "No LimitRange resource."]),
];

/// How two differ in what they must have in common.
pub(crate) fn between(what: &str, simulated: &Shape, real: &Shape) -> Option<String> {
    let meant = MEANT.iter().filter(|(command, _)| what.starts_with(command)).flat_map(|(_, keys)| *keys);
    let meant: Vec<&str> = meant.copied().collect();
    let (simulated, real) = (without(simulated, &meant), without(real, &meant));
    (simulated != real).then(|| format!("kubectl {what}:\n  simulated {simulated:?}\n  real      {real:?}"))
}

fn without(shape: &Shape, keys: &[&str]) -> Shape {
    match shape {
        Shape::Keys(own) => {
            Shape::Keys(own.iter().filter(|key| !keys.contains(&key.as_str())).cloned().collect())
        }
        other => other.clone(),
    }
}
