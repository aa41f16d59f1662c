//! Numbers that may be percentages: `maxSurge: 25%`.

use serde_json::Value;

/// Which way a fraction of a pod goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Round {
    /// To the next larger.
    Up,
    /// To the next smaller.
    Down,
}

/// What `value` is of `whole`; `None` where it is neither a number nor a percentage.
pub(super) fn of(value: &Value, whole: i64, round: Round) -> Option<i64> {
    if let Some(count) = value.as_i64() {
        return Some(count);
    }
    let percent: i64 = value.as_str()?.strip_suffix('%')?.parse().ok()?;
    let product = whole.saturating_mul(percent);
    Some(match round {
        Round::Up => product.saturating_add(99).div_euclid(100),
        Round::Down => product.div_euclid(100),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn percentages_round_as_they_are_told() {
        for (value, up, down) in [
            (json!(3), Some(3), Some(3)),
            (json!("25%"), Some(3), Some(2)),
            (json!("0%"), Some(0), Some(0)),
            (json!("much"), None, None),
        ] {
            assert_eq!((of(&value, 10, Round::Up), of(&value, 10, Round::Down)), (up, down), "{value}");
        }
    }
}
