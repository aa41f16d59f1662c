//! What stands behind a Service.

use serde_json::Value;

use super::Bed;
use super::bed::{name, uid};
use crate::blueprint::{Blueprint, Workload, service};
use crate::kinds;
use crate::registry::Deletion;

/// Ready, serving and terminating endpoints.
fn counts(bed: &Bed) -> [usize; 3] {
    let slices = bed.all(kinds::ENDPOINT_SLICE, "shop");
    let endpoints: Vec<Value> =
        slices.iter().flat_map(|slice| slice["endpoints"].as_array().cloned().unwrap_or_default()).collect();
    ["ready", "serving", "terminating"]
        .map(|field| endpoints.iter().filter(|one| one["conditions"][field] == true).count())
}

fn bed(replicas: u32, behaviour: &str) -> Bed {
    let web = Workload::deployment("shop", "web", replicas).behaviour(behaviour);
    Bed::new(&Blueprint::new().nodes(3, 3).workload(&web).object(
        kinds::SERVICE,
        "shop",
        service("front", "web"),
    ))
}

#[tokio::test(start_paused = true)]
async fn endpoints_follow_their_pods() {
    let bed = bed(3, "stops-in=10s");
    bed.pass(20).await;
    assert_eq!(counts(&bed), [3, 3, 0]);
    let slice = &bed.all(kinds::ENDPOINT_SLICE, "shop")[0];
    assert_eq!(slice["metadata"]["labels"]["kubernetes.io/service-name"], "front");
    assert_eq!(slice["ports"][0]["port"], 8080);
    let pod = bed.pods()[0].clone();
    bed.machinery.kubelets().disturb_pod(&uid(&pod), "never-ready".parse().unwrap());
    bed.pass(5).await;
    assert_eq!(counts(&bed), [2, 2, 0]);
    bed.delete(kinds::POD, "shop", &name(&bed.pods()[1]), &Deletion::default());
    bed.pass(5).await;
    let [ready, serving, terminating] = counts(&bed);
    assert_eq!((ready, serving, terminating), (2, 3, 1), "one serves while it goes, one more has come");
}

#[tokio::test(start_paused = true)]
async fn many_pods_are_several_slices_and_none_are_one_without_endpoints() {
    let bed = bed(120, "");
    bed.pass(60).await;
    let sizes = |bed: &Bed| {
        let slices = bed.all(kinds::ENDPOINT_SLICE, "shop");
        let mut sizes: Vec<usize> =
            slices.iter().map(|slice| slice["endpoints"].as_array().map_or(0, Vec::len)).collect();
        sizes.sort_unstable();
        sizes
    };
    assert_eq!(sizes(&bed), [20, 100]);
    bed.change(kinds::DEPLOYMENT, "shop", "web", |own| own["spec"]["replicas"] = 0.into());
    bed.pass(60).await;
    assert_eq!(sizes(&bed), [0]);
}
