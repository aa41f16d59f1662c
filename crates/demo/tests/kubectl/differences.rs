//! Where the shapes of two outputs differ, and which differences are meant.

use crate::shape::Shape;

/// Keys that only one of the two has in what is described, and why.
const MEANT: &[(&str, &[&str])] = &[
    // Services have no addresses, and so no families of them.
    ("describe service", &["IP Family Policy"]),
    // Machines come from a cloud, which a testbed's do not.
    ("describe node", &["ProviderID"]),
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
