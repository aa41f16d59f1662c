//! How it all ends.

use super::*;

#[test]
fn a_repair_by_the_rules_is_no_violation() {
    expect(&[], |play| {
        play.intend_web(&["w1"]);
        play.evict("w1", "r-1/1");
        play.node("n1", false, &[]);
        play.intend("r-2", "Node/n1", "nodes", 1, &["n1"]);
        play.quarantine("n1", "r-2/1");
    });
}

#[test]
fn rest_comes_after_the_calm() {
    // The pods are not ready, and nobody says so.
    expect(&["I8 quiescence", "liveness"], |play| {
        play.see(What::Calm);
        play.pass(limits().calm.as_secs() + 60);
        play.intend_web(&["w1"]);
        play.evict("w1", "r-1/1");
    });
    expect(&["I8 quiescence", "liveness"], |play| {
        for number in 1..=3 {
            let name = format!("r-{number}");
            play.intend(&name, "Node/n1", "pressure", 1, &["n1"]);
            play.send_quarantine("n1", &format!("{name}/1"));
            play.end(&name, "Node/n1", "n1", "Succeeded");
            play.pass(60);
        }
        play.see(What::Calm);
        play.node("n1", true, &["seaworthy.dev/quarantine"]);
        play.node("n2", true, &[]);
        play.pass(limits().calm.as_secs() + 60);
    });
    expect(&["I8 quiescence", "liveness"], |play| {
        play.see(What::Calm);
        play.pass(limits().calm.as_secs() + 60);
        play.end("r-1", "Deployment/shop/web", "w1", "Cancelled");
    });
}

#[test]
fn what_waited_behind_what_was_given_up_has_its_time_then() {
    let evict_after = |hours: u64, phase: &'static str| {
        move |play: &mut Play| {
            play.end("r-1", "Deployment/shop/web", "w1", phase);
            play.see(What::Calm);
            play.held_by("r-2", "Deployment/shop/web", "Budget");
            play.pass(hours * limits().given_up.as_secs() + 60);
            play.intend("r-2", "Deployment/shop/web", "pods", 1, &["w2"]);
            play.evict("w2", "r-2/1");
        }
    };
    for phase in ["Escalated", "Denied"] {
        // The pods are not ready, and nobody says so.
        expect(&["liveness"], evict_after(1, phase));
        // By then it does not count any more.
        expect(&["I8 quiescence", "liveness"], evict_after(2, phase));
    }
    // What only succeeded kept nobody waiting.
    expect(&["I8 quiescence", "liveness"], evict_after(1, "Succeeded"));
}

#[test]
fn what_is_put_off_forever_is_noticed() {
    let is_noticed = |rule: &str, phase: &str| {
        let mut play = Play::new();
        play.see(What::Calm);
        play.held_by("r-1", "Deployment/shop/web", rule);
        play.pass(limits().calm.as_secs());
        play.end("r-2", "Deployment/shop/web", "w1", "Escalated");
        if phase == "Deferred" {
            play.held_by("r-1", "Deployment/shop/web", rule);
        } else {
            play.end("r-1", "Deployment/shop/web", "w1", phase);
        }
        play.pass(60);
        let found = play.panel.end(play.at);
        found.iter().any(|found| found.oracle == "liveness" && found.what.contains("put off"))
    };
    assert!(is_noticed("FreshView", "Deferred"));
    assert!(!is_noticed("FreshView", "Escalated"));
    // What was given up holds others up for an hour.
    assert!(!is_noticed("Budget", "Deferred"));
}

#[test]
fn what_hangs_or_is_silent_is_noticed_in_the_end() {
    expect(&["liveness"], |play| {
        play.see(What::Fault(Fault { name: "deadlock", subject: "web".to_owned(), begins: true }));
        play.see(What::Calm);
        play.pass(limits().calm.as_secs() + 1);
        // Eight pods that are not ready, and nobody says so.
    });
}
