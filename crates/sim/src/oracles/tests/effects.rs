//! What an effect needs before it, and whose it may be.

use super::*;

#[test]
fn effects_have_preconditions_and_an_intent() {
    expect(&["I3 preconditions"], |play| play.evict("w1", "r-9/1"));
    expect(&["I3 preconditions"], |play| {
        play.intend_web(&["w2"]);
        play.evict("w1", "r-1/1");
    });
    expect(&["I3 preconditions"], |play| {
        play.intend_web(&["d-web"]);
        let body = json!({"metadata": {"uid": "d-web"}, "spec": {"template": {}}});
        play.request(Method::PATCH, "/apis/apps/v1/namespaces/shop/deployments/web", "r-1/1", body, 200);
    });
}

#[test]
fn what_is_well_is_left_alone() {
    expect(&["I4 stale view"], |play| {
        play.pod("w1", true, &owner("ReplicaSet", "web-1", "r-web"));
        play.pass(60);
        play.intend_web(&["w1"]);
        play.evict("w1", "r-1/1");
    });
}

#[test]
fn what_was_taken_back_is_not_acted_on() {
    for (pause, expected) in [(40, &["I4 stale view"][..]), (20, &[])] {
        expect(expected, |play| {
            play.policy("Enforce");
            play.policy("Observe");
            play.pass(pause);
            play.intend_web(&["w1"]);
            play.evict("w1", "r-1/1");
        });
    }
}

#[test]
fn who_is_told_nothing_does_nothing() {
    for (pause, expected) in [(190, &["I4 stale view"][..]), (100, &[])] {
        expect(expected, |play| {
            play.panel.hear("healer-0", "/api/v1/nodes", play.at);
            play.pass(pause);
            play.intend_web(&["w1"]);
            play.evict("w1", "r-1/1");
        });
    }
}

#[test]
fn an_intent_has_one_effect_and_a_lineage_one_intent() {
    expect(&["I6 one effect"], |play| {
        play.intend_web(&["w1"]);
        play.evict("w1", "r-1/1");
        play.evict("w1", "r-1/1");
    });
    expect(&["I6 one effect"], |play| {
        play.intend_web(&["w1"]);
        play.intend("r-2", "Deployment/shop/web", "pods", 1, &["w2"]);
        play.evict("w1", "r-1/1");
    });
    // A restart is one for all instances.
    expect(&["I6 one effect"], |play| {
        play.intend("r-1", "StatefulSet/shop/db/db-0", "pods", 1, &["d-web"]);
        play.intend("r-2", "StatefulSet/shop/db/db-1", "pods", 1, &["w2"]);
        let meta = json!({"uid": "d-web", "resourceVersion": "1"});
        let body = json!({"metadata": meta, "spec": {"template": {}}});
        play.request(Method::PATCH, "/apis/apps/v1/namespaces/shop/statefulsets/db", "r-1/1", body, 200);
    });
}

#[test]
fn epochs_do_not_go_back_and_only_the_holder_acts() {
    expect(&["I7 leader"], |play| {
        play.intend("r-1", "Deployment/shop/web", "pods", 3, &["w1"]);
        play.intend("r-1", "Deployment/shop/web", "pods", 2, &["w1", "w2"]);
    });
    expect(&["I9 partition"], |play| {
        play.lead("healer-1_y");
        play.pass(1);
        play.intend_web(&["w1"]);
        play.evict_served("w1", "r-1/1", 201);
    });
    // Nobody has taken over yet, and it may not act all the same.
    expect(&["I9 partition"], |play| {
        play.pass(limits().lease.as_secs() + 1);
        play.intend_web(&["w1"]);
        play.evict_served("w1", "r-1/1", 201);
    });
}

#[test]
fn what_must_not_act_does_not() {
    for policy in ["odd-all", "observe-x", "approve-x"] {
        expect(&["I10 odd policies"], |play| {
            play.intend("r-1", "Deployment/shop/web", policy, 1, &["w1"]);
            play.evict("w1", "r-1/1");
        });
    }
    let approved = |plan: &str, verdict: &str, expires: Value| json!({"planHash": plan, "verdict": verdict, "expires": expires});
    for (approval, expected) in [
        (approved("h", "Approved", Value::Null), &[][..]),
        (approved("h", "Rejected", Value::Null), &["I10 odd policies"]),
        (approved("g", "Approved", Value::Null), &["I10 odd policies"]),
        (approved("h", "Approved", json!("2020-01-01T00:00:00Z")), &["I10 odd policies"]),
    ] {
        expect(expected, |play| {
            play.approve("r-1", "Deployment/shop/web", "approve-x", "w1", &approval);
            play.evict("w1", "r-1/1");
        });
    }
    expect(&["I16 brake"], |play| {
        play.brake(true);
        play.pass(13);
        play.intend_web(&["w1"]);
        play.evict("w1", "r-1/1");
    });
    expect(&["I16 brake"], |play| {
        play.intend_web(&["w1"]);
        play.intend("r-2", "StatefulSet/shop/db/db-0", "pods", 1, &["w2"]);
        play.brake(true);
        play.pass(1);
        play.evict("w1", "r-1/1");
        play.pass(1);
        play.evict("w2", "r-2/1");
    });
    expect(&["I13 own"], |play| {
        play.intend_web(&["w1"]);
        let body = json!({"deleteOptions": {"preconditions": {"uid": "w1"}}});
        play.request(Method::POST, "/api/v1/namespaces/kube-system/pods/w1/eviction", "r-1/1", body, 201);
    });
    expect(&["I14 corrupted"], |play| {
        play.pod("bare", false, &Value::Null);
        play.intend_web(&["bare"]);
        play.evict("bare", "r-1/1");
    });
}
