//! Others at work.

use super::*;

const NODES: [&str; 6] = ["n-0", "n-1", "n-2", "n-3", "n-4", "n-5"];

#[tokio::test(start_paused = true)]
async fn karpenter_replaces_a_node_that_it_drained() {
    let bed = Bed::new().await;
    bed.begin("consolidation", "the emptiest node");
    bed.pass(1).await;
    let marked: Vec<&str> = NODES
        .into_iter()
        .filter(|node| bed.taints(node).contains(&"karpenter.sh/disrupted".to_owned()))
        .collect();
    assert_eq!(marked.len(), 1, "one at a time");
    bed.pass(120).await;
    assert!(bed.stage.node(marked[0]).is_none(), "it is gone");
    assert_eq!(bed.condition("n-6", "Ready"), "True", "and another one joined");
    bed.end("consolidation", "the emptiest node");
    bed.pass(60).await;
    assert_eq!(bed.stage.nodes().len(), 6);
    assert_eq!((bed.ready("Deployment/shop/web"), bed.ready("Deployment/shop/cart")), (4, 2));
}

#[tokio::test(start_paused = true)]
async fn a_consolidation_that_is_cut_short_leaves_no_mark() {
    let bed = Bed::new().await;
    for seconds in [10, 41] {
        bed.begin("consolidation", "the emptiest node");
        bed.pass(seconds).await;
        bed.end("consolidation", "the emptiest node");
        bed.pass(1).await;
        for (name, node) in bed.stage.nodes() {
            assert_eq!(bed.taints(&name), [""; 0], "{name} after {seconds}s");
            assert!(node["metadata"]["deletionTimestamp"].is_null(), "{name} after {seconds}s");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_rebooter_takes_one_node_after_the_other_under_its_lock() {
    let bed = Bed::new().await;
    let boots = |node: &str| bed.node(node)["status"]["nodeInfo"]["bootID"].clone();
    let before = [boots("n-4"), boots("n-5")];
    bed.begin("reboots", "n-5 n-4");
    bed.pass(10).await;
    let lock = Address::new(kinds::DAEMON_SET, "kube-system", "kured");
    let locked = || {
        let own = bed.stage.registry().get(&lock).unwrap().value();
        own["metadata"]["annotations"]["weave.works/kured-node-lock"].as_str().unwrap_or_default().to_owned()
    };
    assert!(locked().contains("\"nodeID\":\"n-5\""), "{}", locked());
    assert_eq!(
        (bed.node("n-5")["spec"]["unschedulable"] == true, bed.node("n-4")["spec"]["unschedulable"] == true),
        (true, false)
    );
    bed.pass(400).await;
    assert_eq!(locked(), "");
    assert!(before[0] != boots("n-4") && before[1] != boots("n-5"));
    assert_eq!((bed.taints("n-4"), bed.taints("n-5")), (vec![], vec![]));
    bed.end("reboots", "n-5 n-4");
}

#[tokio::test(start_paused = true)]
async fn a_rebooter_that_is_stopped_gives_its_node_back() {
    let bed = Bed::new().await;
    bed.begin("reboots", "n-5");
    bed.pass(30).await;
    bed.end("reboots", "n-5");
    bed.pass(60).await;
    assert_eq!((bed.condition("n-5", "Ready").as_str(), bed.taints("n-5")), ("True", vec![]));
    assert!(!bed.is_there(kinds::DAEMON_SET, "kube-system", "kured"));
}

#[tokio::test(start_paused = true)]
async fn a_descheduler_evicts_by_its_policy() {
    let bed = Bed::new().await;
    let uids = |bed: &Bed| -> BTreeSet<String> {
        bed.pods("Deployment/shop/web").iter().map(|pod| pod["metadata"]["uid"].to_string()).collect()
    };
    let before = uids(&bed);
    bed.begin("descheduler", "Duplicates");
    bed.pass(130).await;
    bed.end("descheduler", "Duplicates");
    assert_eq!(uids(&bed), before, "none stands beside its equal");
    bed.pass(600).await;
    bed.begin("descheduler", "PodLifeTime");
    bed.pass(400).await;
    bed.end("descheduler", "PodLifeTime");
    bed.pass(60).await;
    assert_eq!((uids(&bed).intersection(&before).count(), bed.ready("Deployment/shop/web")), (0, 4));
}

#[tokio::test(start_paused = true)]
async fn an_operator_mends_a_node_under_its_lease() {
    let bed = Bed::new().await;
    bed.begin("remediation operator", "n-5 status");
    bed.pass(100).await;
    assert!(bed.is_there(kinds::LEASE, "medik8s-leases", "node-n-5"));
    let taints = bed.taints("n-5");
    for key in ["medik8s.io/remediation", "node.kubernetes.io/out-of-service"] {
        assert!(taints.iter().any(|taint| taint == key), "{taints:?}");
    }
    bed.pass(210).await;
    assert_eq!((bed.condition("n-5", "Ready").as_str(), bed.taints("n-5")), ("True", vec![]));
    assert!(!bed.is_there(kinds::LEASE, "medik8s-leases", "node-n-5"));
    bed.end("remediation operator", "n-5 status");
}

#[tokio::test(start_paused = true)]
async fn an_operator_with_an_agent_is_there_first() {
    let bed = Bed::new().await;
    bed.begin("remediation operator", "n-5 agent");
    bed.pass(15).await;
    assert!(bed.is_there(kinds::LEASE, "medik8s-leases", "node-n-5"));
    assert_eq!(bed.condition("n-5", "Ready"), "True", "nobody else knows yet");
    bed.end("remediation operator", "n-5 agent");
    bed.pass(5).await;
    assert!(!bed.is_there(kinds::LEASE, "medik8s-leases", "node-n-5"));
}

#[tokio::test(start_paused = true)]
async fn a_spot_machine_goes_after_its_notice_and_another_takes_its_name() {
    let bed = Bed::new().await;
    let uid = bed.node("n-5")["metadata"]["uid"].clone();
    bed.begin("spot", "n-5");
    bed.pass(5).await;
    assert!(bed.taints("n-5").contains(&"aws-node-termination-handler/spot-itn".to_owned()));
    bed.pass(110).await;
    assert!(bed.stage.node("n-5").is_some(), "it has two minutes");
    bed.pass(10).await;
    assert!(bed.stage.node("n-5").is_none());
    bed.pass(90).await;
    assert_ne!(bed.node("n-5")["metadata"]["uid"], uid);
    assert_eq!((bed.condition("n-5", "Ready").as_str(), bed.taints("n-5")), ("True", vec![]));
    bed.end("spot", "n-5");
    bed.pass(60).await;
    assert_eq!(bed.ready("Deployment/shop/web"), 4);
}

#[tokio::test(start_paused = true)]
async fn a_person_drains_as_budgets_let_them() {
    let bed = Bed::new().await;
    let node = bed.pods("Deployment/shop/web")[0]["spec"]["nodeName"].as_str().unwrap().to_owned();
    bed.begin("drain", &node);
    bed.pass(60).await;
    let left =
        bed.pods("Deployment/shop/web").into_iter().filter(|pod| pod["spec"]["nodeName"] == node.as_str());
    assert_eq!((left.count(), bed.ready("Deployment/shop/web")), (0, 4));
    bed.end("drain", &node);
    bed.pass(1).await;
    assert_eq!(bed.taints(&node), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn git_ops_puts_back_what_it_does_not_know_again_and_again() {
    let bed = Bed::new().await;
    let (node, web) = ("n-0", bed.stage.workload("Deployment/shop/web").unwrap());
    let template = |value: &Value| value["spec"]["template"]["metadata"]["annotations"].clone();
    let mark = || {
        bed.stage.change_node(node, |value| {
            let taint = |key: &str| serde_json::json!({"key": key, "effect": "NoSchedule"});
            value["spec"]["taints"] = serde_json::json!([taint("seaworthy.dev/quarantine"), taint("theirs")]);
            Value::Null
        });
        bed.stage.change(&web, |value| {
            let annotations = &mut value["spec"]["template"]["metadata"]["annotations"];
            annotations["kubectl.kubernetes.io/restartedAt"] = "now".into();
            annotations["theirs"] = "kept".into();
            Value::Null
        });
    };
    let is_put_back = || {
        let annotations = template(&bed.stage.registry().get(&web).unwrap().value());
        assert_eq!(annotations["theirs"], "kept");
        bed.taints(node) == ["theirs"] && annotations["kubectl.kubernetes.io/restartedAt"].is_null()
    };
    for subject in [node, "Deployment/shop/web"] {
        bed.begin("git ops", subject);
    }
    for _ in 0..2 {
        mark();
        assert!(!is_put_back());
        bed.pass(21).await;
        assert!(is_put_back());
    }
    for subject in [node, "Deployment/shop/web"] {
        bed.end("git ops", subject);
    }
    mark();
    bed.pass(60).await;
    assert!(!is_put_back());
}
