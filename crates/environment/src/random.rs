//! Seeded random numbers, a stream per label.

use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

/// The generator for `label` under `seed`.
pub(crate) fn stream(seed: u64, label: &str) -> ChaCha12Rng {
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    rng.set_stream(hash(label));
    rng
}

/// A seed for something that has streams of its own.
pub(crate) fn derive(seed: u64, label: &str) -> u64 {
    use rand::Rng;
    // Its own prefix, so that the first number of a stream is never the seed of a fork.
    stream(seed, &format!("fork:{label}")).next_u64()
}

/// FNV-1a, 64 bits: stable across builds and machines, which the standard hasher does not
/// promise. Labels are ours, so nobody looks for collisions.
fn hash(label: &str) -> u64 {
    label
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::Rng;

    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        for (text, expected) in
            [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)]
        {
            assert_eq!(hash(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn the_same_seed_and_label_repeat(seed: u64, label in ".{0,20}") {
            let draw = || { let mut rng = stream(seed, &label); [rng.next_u64(), rng.next_u64()] };
            prop_assert_eq!(draw(), draw());
        }

        #[test]
        fn labels_and_seeds_draw_apart(seed: u64, other: u64, a in "[a-z]{1,8}", b in "[a-z]{1,8}") {
            prop_assume!(a != b && seed != other);
            prop_assert_ne!(stream(seed, &a).next_u64(), stream(seed, &b).next_u64());
            prop_assert_ne!(stream(seed, &a).next_u64(), stream(other, &a).next_u64());
        }
    }
}
