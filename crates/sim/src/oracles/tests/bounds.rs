//! How much at once, and how often.

use super::*;

#[test]
fn budgets_are_counted() {
    expect(&["I1 budget"], |play| {
        for (name, pod) in [("r-1", "w1"), ("r-2", "w2"), ("r-3", "w3")] {
            // Lineages of their own, as far as the healer says.
            play.intend(name, &format!("StatefulSet/shop/web/{pod}"), "pods", 1, &[pod]);
            play.evict(pod, &format!("{name}/1"));
        }
    });
    expect(&["I1 budget"], |play| {
        for (name, node) in [("r-1", "n1"), ("r-2", "n2")] {
            play.node(node, false, &[]);
            play.intend(name, &format!("Node/{node}"), "nodes", 1, &[node]);
            play.quarantine(node, &format!("{name}/1"));
        }
    });
    // None of them is sent yet.
    expect(&["I1 budget"], |play| {
        for (name, pod) in [("r-1", "w1"), ("r-2", "w2"), ("r-3", "w3")] {
            play.intend(name, &format!("StatefulSet/shop/web/{pod}"), "pods", 1, &[pod]);
        }
    });
}

#[test]
fn what_a_rollout_had_replaced_before_it_went_is_not_missing() {
    for (were_ready, expected) in [(7, &["I1 budget"][..]), (8, &[])] {
        expect(expected, |play| {
            for number in 1..=8 {
                play.pod(&format!("x{number}"), number <= were_ready, &owner("ReplicaSet", "web-1", "r-web"));
            }
            play.pass(60);
            for (name, pod) in [("r-1", "w1"), ("r-2", "w2"), ("r-3", "w3")] {
                play.intend(name, &format!("StatefulSet/shop/web/{pod}"), "pods", 1, &[pod]);
                play.evict(pod, &format!("{name}/1"));
                play.end(name, &format!("StatefulSet/shop/web/{pod}"), pod, "Succeeded");
            }
        });
    }
}

#[test]
fn a_number_that_a_stateful_set_no_longer_counts_to_is_not_missing() {
    for (start, replicas, expected) in [(0, 3, &["I1 budget"][..]), (0, 2, &[]), (1, 2, &["I1 budget"])] {
        expect(expected, |play| {
            let meta = json!({"name": "db", "uid": "s-db"});
            let spec = json!({"replicas": replicas, "ordinals": {"start": start}});
            play.put(kinds::STATEFUL_SET, "shop", json!({"metadata": meta, "spec": spec}));
            for number in [2, 1] {
                let pod = format!("db-{number}");
                play.pod(&pod, false, &owner("StatefulSet", "db", "s-db"));
                play.pass(60);
                let (name, lineage) = (format!("r-{number}"), format!("StatefulSet/shop/db/{pod}"));
                play.intend(&name, &lineage, "pods", 1, &[&pod]);
                play.evict(&pod, &format!("{name}/1"));
                play.end(&name, &lineage, &pod, "Cancelled");
            }
        });
    }
}

#[test]
fn a_budget_s_no_is_final() {
    expect(&["I2 disruption budgets"], |play| {
        play.intend_web(&["w1"]);
        play.evict_served("w1", "r-1/1", 429);
        play.evict("w1", "r-1/1");
    });
    for (pause, expected) in [(5, &["I2 disruption budgets"][..]), (40, &[])] {
        expect(expected, |play| {
            play.intend_web(&["w1"]);
            play.evict_served("w1", "r-1/1", 429);
            play.pass(pause);
            play.intend_web(&["w1", "w1"]);
            play.evict("w1", "r-1/2");
        });
    }
    expect(&["I2 disruption budgets"], |play| {
        play.intend_web(&["w1"]);
        let body = json!({"preconditions": {"uid": "w1"}});
        play.request(Method::DELETE, "/api/v1/namespaces/shop/pods/w1", "r-1/1", body, 200);
    });
}

#[test]
fn many_sick_nodes_are_one_failure() {
    expect(&["I11 mass failure"], |play| {
        (1..=3).for_each(|number| play.node(&format!("n{number}"), false, &[]));
        play.pass(20);
        play.intend_web(&["w1"]);
        play.evict("w1", "r-1/1");
    });
    // A sensor says of all that they are sick, and they are ready.
    expect(&["I11 mass failure"], |play| {
        for number in 1..=4 {
            let conditions =
                json!([{"type": "Ready", "status": "True"}, {"type": "DiskPressure", "status": "True"}]);
            let name = format!("n{number}");
            play.put(
                kinds::NODE,
                "",
                json!({"metadata": {"name": name}, "status": {"conditions": conditions}}),
            );
        }
        play.pass(80);
        play.intend_web(&["w1"]);
        play.evict("w1", "r-1/1");
    });
    // What it cannot know yet.
    expect(&[], |play| {
        (1..=3).for_each(|number| play.node(&format!("n{number}"), false, &[]));
        play.intend_web(&["w1"]);
        play.evict("w1", "r-1/1");
    });
}

#[test]
fn attempts_are_counted_over_remediations() {
    expect(&["I12 attempts"], |play| {
        for number in 1..=6 {
            let (name, pod) = (format!("r-{number}"), format!("w{number}"));
            play.intend(&name, "Deployment/shop/web", "pods", 1, &[&pod]);
            play.evict(&pod, &format!("{name}/1"));
            play.end(&name, "Deployment/shop/web", &pod, "Succeeded");
            play.pass(600);
        }
    });
}
