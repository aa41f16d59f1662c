//! What a container does with its life. It stands in the annotation
//! `sim.seaworthy.test/behaviour` of a pod (template), as words between commas:
//!
//! | word | meaning |
//! |---|---|
//! | `healthy` | starts, is ready, runs on; what a container without the annotation does |
//! | `slow-start=20s` | is ready so much later |
//! | `never-ready` | runs, and is never ready |
//! | `needs-dns` | is ready only while the cluster's DNS servers are |
//! | `deadlocks-after=60s` | is ready, and hangs from then on |
//! | `crashes-after=5s` | ends with `exit=1`, or another code that is given |
//! | `oom-after=30s` | is killed for its memory: 137 |
//! | `completes-after=30s` | ends with 0 |
//! | `stops-in=3s` | takes so long to end when it is asked to |
//! | `ignores-sigterm` | ends only when it is killed |

use std::time::Duration;

/// Where it stands.
pub const ANNOTATION: &str = "sim.seaworthy.test/behaviour";

/// What a container does, counted from its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// How long it takes to be ready, beyond what its probe takes; `None`: for ever.
    pub ready_after: Option<Duration>,
    /// Whether it is ready only while names are resolved.
    pub needs_names: bool,
    /// When it hangs.
    pub deadlocks_after: Option<Duration>,
    /// When it ends by itself, and how.
    pub ends: Option<(Duration, Ending)>,
    /// How long it takes to end when asked to; `None`: it does not listen.
    pub stops_in: Option<Duration>,
}

/// How a container ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With an exit code.
    Exit(i32),
    /// Killed by the kernel for its memory.
    OutOfMemory,
    /// Killed by the kubelet.
    Killed,
    /// With its machine.
    Lost,
}

impl Ending {
    /// The exit code.
    pub fn code(self) -> i32 {
        match self {
            Self::Exit(code) => code,
            Self::OutOfMemory | Self::Killed => 137,
            Self::Lost => 255,
        }
    }

    /// The word in the status.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Exit(0) => "Completed",
            Self::OutOfMemory => "OOMKilled",
            Self::Lost => "Unknown",
            Self::Exit(_) | Self::Killed => "Error",
        }
    }
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            ready_after: Some(Duration::ZERO),
            needs_names: false,
            deadlocks_after: None,
            ends: None,
            stops_in: Some(Duration::from_secs(1)),
        }
    }
}

/// Why a behaviour cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no container can do {0:?}; say one of the words in kubelet/behaviour.rs, with times like 5s or 2m")]
pub struct Error(String);

impl std::str::FromStr for Behaviour {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut behaviour = Self::default();
        let mut code = None;
        for word in text.split([',', ':']).map(str::trim).filter(|word| !word.is_empty()) {
            let refused = || Error(word.to_owned());
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            let time = || duration(value).ok_or_else(refused);
            match name {
                "healthy" => {}
                "never-ready" => behaviour.ready_after = None,
                "needs-dns" => behaviour.needs_names = true,
                "slow-start" => behaviour.ready_after = Some(time()?),
                "deadlocks-after" => behaviour.deadlocks_after = Some(time()?),
                "crashes-after" => behaviour.ends = Some((time()?, Ending::Exit(1))),
                "completes-after" => behaviour.ends = Some((time()?, Ending::Exit(0))),
                "oom-after" => behaviour.ends = Some((time()?, Ending::OutOfMemory)),
                "exit" => code = Some(value.parse().map_err(|_| refused())?),
                "stops-in" => behaviour.stops_in = Some(time()?),
                "ignores-sigterm" => behaviour.stops_in = None,
                _ => return Err(refused()),
            }
        }
        if let (Some(code), Some((_, ending @ Ending::Exit(_)))) = (code, behaviour.ends.as_mut()) {
            *ending = Ending::Exit(code);
        }
        Ok(behaviour)
    }
}

fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..unit].parse().ok()?;
    match &text[unit..] {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number * 60)),
        "h" => Some(Duration::from_secs(number * 3600)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_others_are_refused() {
        let read = |text: &str| text.parse::<Behaviour>();
        assert_eq!(read("healthy"), Ok(Behaviour::default()));
        assert_eq!(read(""), Ok(Behaviour::default()));
        let crash = read("crashes-after=5s:exit=3").unwrap();
        assert_eq!(crash.ends, Some((Duration::from_secs(5), Ending::Exit(3))));
        let mixed = read("slow-start=2m, oom-after=500ms, exit=3, ignores-sigterm").unwrap();
        assert_eq!(mixed.ready_after, Some(Duration::from_mins(2)));
        assert_eq!(mixed.ends, Some((Duration::from_millis(500), Ending::OutOfMemory)));
        assert_eq!(mixed.stops_in, None);
        for odd in ["dances", "crashes-after=soon", "crashes-after=5", "exit=much"] {
            assert!(read(odd).is_err(), "{odd}");
        }
    }
}
