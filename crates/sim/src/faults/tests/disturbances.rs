//! What befalls machines, and what everything stands on.

use serde_json::json;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_node_flaps_until_it_is_left_alone() {
    for what in ["silent 70 30", "runtime 50 20"] {
        let (bed, subject) = (Bed::new().await, format!("n-5 {what}"));
        bed.begin("flapping node", &subject);
        let (mut turns, mut was_ready) = (0, true);
        for _ in 0..80 {
            bed.pass(5).await;
            let is_ready = bed.condition("n-5", "Ready") == "True";
            turns += usize::from(is_ready != was_ready);
            was_ready = is_ready;
        }
        assert!(turns >= 4, "{what}: {turns} turns");
        bed.end("flapping node", &subject);
        bed.pass(200).await;
        assert_eq!(bed.condition("n-5", "Ready"), "True", "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_faulty_sensor_says_it_of_every_node_while_kubelets_are_fine() {
    for condition in ["DiskPressure", "KernelDeadlock"] {
        let bed = Bed::new().await;
        let count = |status: &str| {
            let nodes = bed.stage.nodes();
            nodes.iter().filter(|(name, _)| bed.condition(name, condition) == status).count()
        };
        bed.begin("faulty sensor", condition);
        bed.pass(31).await;
        assert_eq!(count("True"), 6, "{condition}");
        assert!(bed.stage.nodes().iter().all(|(name, _)| bed.condition(name, "Ready") == "True"));
        bed.end("faulty sensor", condition);
        assert_eq!(count("False"), 6, "{condition}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rack_fails_with_all_of_its_nodes() {
    for what in ["power", "switch"] {
        let (bed, subject) = (Bed::new().await, format!("zone-a-0 {what}"));
        bed.begin("rack", &subject);
        bed.pass(80).await;
        let nodes = bed.stage.nodes();
        let silent: Vec<&str> = nodes
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| bed.condition(name, "Ready") == "Unknown")
            .collect();
        assert_eq!(silent, ["n-0", "n-2"], "{what}");
        bed.end("rack", &subject);
        bed.pass(60).await;
        assert_eq!(bed.condition("n-2", "Ready"), "True", "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_fails_passes_its_deadline() {
    let bed = Bed::new().await;
    let progress = || {
        let address = bed.stage.workload("Deployment/shop/web").unwrap();
        let value = bed.stage.registry().get(&address).unwrap().value();
        condition::find(&value["status"], "Progressing")["reason"].as_str().unwrap_or_default().to_owned()
    };
    bed.begin("rollout", "Deployment/shop/web 60");
    bed.pass(90).await;
    assert_eq!(progress(), "ProgressDeadlineExceeded");
    bed.end("rollout", "Deployment/shop/web 60");
    bed.pass(90).await;
    assert_eq!((progress().as_str(), bed.ready("Deployment/shop/web")), ("NewReplicaSetAvailable", 4));
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_is_down_has_its_writes_refused() {
    let bed = Bed::new().await;
    let person = bed.stage.person();
    let pod = bed.pods("Deployment/shop/web")[0].clone();
    bed.begin("webhook", "pods/eviction");
    assert!(!person.evict(&pod).await);
    bed.end("webhook", "pods/eviction");
    bed.begin("webhook", "nodes");
    let label = json!({"metadata": {"labels": {"a": "b"}}});
    assert!(!person.patch("/api/v1/nodes/n-5", &label).await);
    bed.pass(60).await;
    assert_eq!(bed.condition("n-5", "Ready"), "True", "statuses are not asked about");
    bed.end("webhook", "nodes");
    assert!(person.patch("/api/v1/nodes/n-5", &label).await);
    bed.begin("webhook", "pods");
    assert!(person.evict(&pod).await);
    bed.pass(60).await;
    assert_eq!(bed.pods("Deployment/shop/web").len(), 3, "none can be made anew");
    bed.end("webhook", "pods");
}

#[tokio::test(start_paused = true)]
async fn a_pod_without_its_volume_does_not_start() {
    let bed = Bed::new().await;
    bed.begin("storage", "everywhere");
    bed.stage.delete_pods("StatefulSet/shop/db");
    bed.stage.delete_pods("Deployment/shop/web");
    bed.pass(60).await;
    let db = &bed.pods("StatefulSet/shop/db")[0];
    let waits = &db["status"]["containerStatuses"][0]["state"]["waiting"]["reason"];
    assert_eq!((waits, &db["status"]["podIP"]), (&json!("ContainerCreating"), &Value::Null));
    assert_eq!((bed.ready("StatefulSet/shop/db"), bed.ready("Deployment/shop/web")), (0, 4));
    bed.end("storage", "everywhere");
    bed.pass(60).await;
    assert_eq!(bed.ready("StatefulSet/shop/db"), 2);
}

#[tokio::test(start_paused = true)]
async fn what_needs_names_is_not_ready_without_dns() {
    let bed = Bed::new().await;
    assert_eq!(bed.ready("Deployment/shop/cart"), 2);
    bed.begin("dns", "coredns");
    bed.pass(60).await;
    assert_eq!((bed.ready("Deployment/shop/cart"), bed.ready("Deployment/shop/web")), (0, 4));
    bed.stage.delete_pods("Deployment/shop/cart");
    bed.pass(60).await;
    assert_eq!(bed.ready("Deployment/shop/cart"), 0, "those that are new are not ready either");
    bed.end("dns", "coredns");
    bed.pass(60).await;
    assert_eq!(bed.ready("Deployment/shop/cart"), 2);
}

#[tokio::test(start_paused = true)]
async fn what_depends_on_something_that_is_away_is_not_ready_and_nothing_new_is() {
    let (bed, subject) = (Bed::new().await, "Deployment/shop/web");
    bed.begin("dependency", subject);
    bed.pass(60).await;
    assert_eq!((bed.ready(subject), bed.ready("Deployment/shop/cart")), (0, 2));
    bed.stage.delete_pods(subject);
    bed.pass(60).await;
    assert_eq!(bed.ready(subject), 0);
    bed.end("dependency", subject);
    bed.pass(60).await;
    assert_eq!(bed.ready(subject), 4);
}

#[tokio::test(start_paused = true)]
async fn what_takes_the_place_of_a_pod_that_hangs_does_soon_too() {
    for workload in ["Deployment/shop/web", "StatefulSet/shop/db"] {
        let (bed, subject) = (Bed::new().await, format!("{workload} 7"));
        let uid = |pod: &Value| pod["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        let hanging = || {
            let is_ready = |pod: &Value| condition::find(&pod["status"], "Ready")["status"] == "True";
            bed.pods(workload).into_iter().filter(|pod| !is_ready(pod)).collect::<Vec<_>>()
        };
        let at_first: Vec<String> = bed.pods(workload).iter().map(uid).collect();
        bed.begin("relapse", &subject);
        for time in 0..3 {
            bed.pass(60).await;
            let hangs = hanging();
            assert_eq!(hangs.len(), 1, "{workload}");
            assert_eq!(at_first.contains(&uid(&hangs[0])), time == 0, "{workload}: it is the one that came");
            assert!(bed.stage.person().evict(&hangs[0]).await);
        }
        bed.end("relapse", &subject);
        bed.pass(60).await;
        assert_eq!(hanging().len(), 0, "{workload}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_nobody_quarantines_is_heard_again_in_the_end() {
    let (bed, subject) = (Bed::new().await, "n-5, silent, 7");
    bed.begin("taint by hand", subject);
    bed.pass(90).await;
    assert_eq!(bed.condition("n-5", "Ready"), "Unknown");
    bed.end("taint by hand", subject);
    bed.pass(60).await;
    assert_eq!((bed.condition("n-5", "Ready").as_str(), bed.taints("n-5").len()), ("True", 0));
}

#[tokio::test(start_paused = true)]
async fn there_is_something_to_attempt_when_somebody_is_struck_in_the_middle() {
    let (bed, subject) = (Bed::new().await, "crash after intent, Deployment/shop/web hangs");
    bed.begin("mid attempt", subject);
    bed.pass(30).await;
    assert_eq!((bed.ready("Deployment/shop/web"), bed.ready("Deployment/shop/cart")), (3, 2));
    bed.end("mid attempt", subject);
}

#[tokio::test(start_paused = true)]
async fn one_pod_hangs_and_another_crashes() {
    let (bed, subject) = (Bed::new().await, "Deployment/shop/web");
    bed.begin("two troubles", subject);
    bed.pass(120).await;
    assert_eq!(bed.ready(subject), 2);
    let pods = bed.pods(subject);
    let restarts = pods.iter().map(|pod| pod["status"]["containerStatuses"][0]["restartCount"].as_u64());
    let restarts: Vec<u64> = restarts.flatten().filter(|count| *count > 0).collect();
    assert!(matches!(restarts[..], [count] if count >= 2), "{restarts:?}");
    bed.stage.delete_pods(subject);
    bed.pass(60).await;
    assert_eq!(bed.ready(subject), 4, "those that take their place are well");
}

#[tokio::test(start_paused = true)]
async fn a_quarantine_of_a_silent_node_is_taken_over_and_the_node_heard_again() {
    let bed = Bed::new().await;
    let key = "seaworthy.dev/quarantine";
    let is_tainted = || others::is_tainted(&bed.stage.node("n-5").unwrap(), key);
    bed.begin("taint by hand", "n-5, silent, 7");
    bed.pass(90).await;
    assert_eq!((bed.condition("n-5", "Ready").as_str(), is_tainted()), ("Unknown", false));
    bed.stage.change_node("n-5", |node| {
        node["metadata"]["annotations"][key] = "r-1".into();
        node["spec"]["taints"] = json!([{"key": key, "effect": "NoSchedule"}]);
        Value::Null
    });
    bed.pass(10).await;
    let node = bed.stage.node("n-5").unwrap();
    assert_eq!((&node["metadata"]["annotations"][key], is_tainted()), (&Value::Null, true));
    bed.pass(90).await;
    assert_eq!((bed.condition("n-5", "Ready").as_str(), is_tainted()), ("True", true));
    bed.end("taint by hand", "n-5, silent, 7");
    assert!(!is_tainted());
}

#[tokio::test(start_paused = true)]
async fn the_journal_is_full_away_or_slow_each_until_its_own_end() {
    use alerter::store::{Error, Store};
    let bed = Bed::new().await;
    let journal = bed.stage.staff().journal().clone();
    let is_full = |result: &Result<_, Error>| matches!(result, Err(Error::Full { .. }));
    for (begins, is_written, is_read) in
        [("full", false, true), ("away", false, false), ("slow 7s", true, true)]
    {
        bed.begin("store", begins);
        let began = bed.stage.witness.now();
        assert_eq!(journal.append(Vec::new()).await.is_ok(), is_written, "{begins}");
        assert_eq!(journal.load().await.is_ok(), is_read, "{begins}");
        let took = bed.stage.witness.now().saturating_sub(began);
        assert_eq!(took >= Duration::from_secs(7), begins == "slow 7s", "{begins}: {took:?}");
        bed.end("store", begins);
        assert!(journal.append(Vec::new()).await.is_ok() && journal.load().await.is_ok(), "{begins}");
    }
    bed.begin("store", "full");
    bed.begin("store", "away");
    bed.end("store", "away");
    assert!(is_full(&journal.append(Vec::new()).await));
}

#[tokio::test(start_paused = true)]
async fn how_a_pod_that_hangs_ends_is_told_to_nobody_and_happens_without_it_too() {
    let (bed, subject) = (Bed::new().await, "monitor pods 100% Deployment/shop/web hangs");
    bed.begin("dropped events", subject);
    bed.pass(14).await;
    assert_eq!(bed.ready("Deployment/shop/web"), 3);
    assert!(!bed.stage.switched().is_on("dropped events", subject));
    bed.pass(2).await;
    assert!(bed.stage.switched().is_on("dropped events", subject));
    bed.end("dropped events", subject);
    assert!(!bed.stage.switched().is_on("dropped events", subject));
    let fault = |name: &str, subject: &str| Fault {
        name: name.to_owned(),
        subject: subject.to_owned(),
        at_s: 7,
        lasts_s: 9,
    };
    let hangs = what_is_the_case(&fault("dropped events", subject));
    assert_eq!(hangs, Some(fault("deadlock", "Deployment/shop/web 1")));
    assert_eq!(what_is_the_case(&fault("dropped events", "monitor pods 100%")), None);
    assert_eq!(what_is_the_case(&fault("doubled events", subject)), None);
}
