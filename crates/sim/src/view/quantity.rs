//! Amounts of resources: `250m`, `1Gi`, and what a container or a node has of each.

use serde_json::{Map, Value};

/// What is asked for or there: thousandths of cores, and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resources {
    /// Thousandths of a core.
    pub cpu_milli: u64,
    /// Bytes.
    pub memory_bytes: u64,
    /// How many pods; of a pod itself, one.
    pub pods: u64,
}

impl Resources {
    /// What a map of quantities says, by the names Kubernetes gives them. What is not a quantity
    /// counts as none.
    pub fn of(map: Option<&Map<String, Value>>) -> Self {
        let amount = |name: &str| {
            let value = map.and_then(|map| map.get(name));
            value.map_or(0, |value| match value {
                Value::String(text) => milli(text).unwrap_or(0),
                other => other.as_u64().unwrap_or(0).saturating_mul(1000),
            })
        };
        Self { cpu_milli: amount("cpu"), memory_bytes: amount("memory") / 1000, pods: amount("pods") / 1000 }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            cpu_milli: self.cpu_milli + other.cpu_milli,
            memory_bytes: self.memory_bytes + other.memory_bytes,
            pods: self.pods + other.pods,
        }
    }

    /// What is left, never less than nothing.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self {
            cpu_milli: self.cpu_milli.saturating_sub(other.cpu_milli),
            memory_bytes: self.memory_bytes.saturating_sub(other.memory_bytes),
            pods: self.pods.saturating_sub(other.pods),
        }
    }
}

/// A quantity in thousandths; `None` where it is none.
pub fn milli(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit {
        "m" => 1,
        "" => 1000,
        "k" => 1_000_000,
        "M" => 1_000_000_000,
        "G" => 1_000_000_000_000,
        "T" => 1_000_000_000_000_000,
        "Ki" => 1000 << 10,
        "Mi" => 1000 << 20,
        "Gi" => 1000 << 30,
        "Ti" => 1000 << 40,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: u64 = whole.parse().ok()?;
    let mut part = 0;
    let mut scale = factor;
    for digit in fraction.chars() {
        scale /= 10;
        part += u64::from(digit.to_digit(10)?) * scale;
    }
    whole.checked_mul(factor)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_kubernetes_writes_them() {
        for (text, expected) in [
            ("250m", Some(250)),
            ("2", Some(2000)),
            ("0.5", Some(500)),
            ("1.5Gi", Some(1500 << 30)),
            ("64Mi", Some(64_000 << 20)),
            ("10k", Some(10_000_000)),
            ("lots", None),
            ("", None),
            ("5Xi", None),
        ] {
            assert_eq!(milli(text), expected, "{text:?}");
        }
    }
}
