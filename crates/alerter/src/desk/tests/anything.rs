//! Whatever happens, in any order.

use proptest::prelude::*;

use super::*;

/// What may happen, for the property tests.
#[derive(Clone, Debug)]
enum Event {
    Fire(u8),
    Resolve(u8),
    Ack(u8),
    Hold(u8, u64),
    Restart,
    Fail(u8),
    Wait(i64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..3_u8).prop_map(Event::Fire),
        2 => (0..3_u8).prop_map(Event::Resolve),
        1 => (0..3_u8).prop_map(Event::Ack),
        2 => (0..3_u8, 0..2000_u64).prop_map(|(which, left)| Event::Hold(which, left)),
        1 => Just(Event::Restart),
        2 => (1..4_u8).prop_map(Event::Fail),
        6 => (1..200_i64).prop_map(Event::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens(events in prop::collection::vec(event(), 1..40)) {
        let mut bench = Bench::new(SIMPLE);
        let names = ["A", "B", "C"];
        // Of each: when it began to fire, and when it was acknowledged.
        let mut acked: BTreeMap<&str, i64> = BTreeMap::new();
        let mut fires: BTreeMap<&str, i64> = BTreeMap::new();
        for event in events {
            match event {
                Event::Fire(which) => {
                    let name = names[usize::from(which)];
                    bench.issue(name, "warning", None);
                    fires.entry(name).or_insert(bench.now);
                }
                Event::Resolve(which) => {
                    let name = names[usize::from(which)];
                    bench.resolve_issue(name, "warning", "healthy");
                    fires.remove(name);
                    acked.remove(name);
                }
                Event::Ack(which) => {
                    let name = names[usize::from(which)];
                    let live = bench.desk.book().live().any(|episode| episode.labels()["alertname"] == name);
                    if live {
                        bench.ack(name, None);
                        acked.insert(name, bench.now);
                    }
                }
                Event::Hold(which, left) => bench.hold(names[usize::from(which)], State::Taken, left),
                Event::Restart => bench.restart(),
                Event::Fail(times) => bench.answers = vec![refused(); times.into()],
                Event::Wait(seconds) => {
                    let from = bench.sent.len();
                    let until = bench.now + seconds;
                    bench.run_until(until);
                    for sent in &bench.sent[from..] {
                        for name in &sent.firing {
                            prop_assert!(!acked.contains_key(name.as_str()), "told after an ack: {sent:?}");
                        }
                        let told = |list: &[String]| list.iter().filter(|name| sent.firing.contains(name)).count();
                        prop_assert_eq!(told(&sent.resolved), 0, "both at once: {:?}", sent);
                    }
                }
            }
        }
        // No page is held beyond the cap, and what fires is told in the end: the cap, the longest
        // retry, and a group's interval.
        bench.answers.clear();
        let end = bench.now + 15 * 60 + 60 + 61;
        let live: Vec<String> =
            bench.desk.book().live().map(|episode| episode.labels()["alertname"].clone()).collect();
        bench.run_until(end);
        for name in live {
            let lasts = fires.contains_key(name.as_str()) && !acked.contains_key(name.as_str());
            let told = bench.sent.iter().any(|sent| sent.firing.contains(&name));
            prop_assert!(!lasts || told, "{name} was never told: {:?}", bench.told());
        }
        // At most one message for one state of things: two in a row never say the same within
        // the repeat interval, failures and restarts included.
        let mut last: BTreeMap<String, (Vec<String>, Vec<String>, i64)> = BTreeMap::new();
        for sent in &bench.sent {
            let group = sent.firing.first().or(sent.resolved.first()).cloned().unwrap_or_default();
            let now = (sent.firing.clone(), sent.resolved.clone(), sent.at);
            if let Some(before) = last.insert(group, now.clone()) {
                let same = (&before.0, &before.1) == (&now.0, &now.1);
                let repeat = now.2 - before.2 >= 3600;
                let new_episode = sent.reason.starts_with("first");
                prop_assert!(!same || repeat || new_episode, "twice: {before:?} {now:?}");
            }
        }
    }
}
