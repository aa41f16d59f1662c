//! A pod's life on its node: it runs, crashes, is killed, is resized, ends; and its log.

use serde_json::{Value, json};

use super::super::{LOG, NO_SUCH_IMAGE, PODS, at};
use super::{COMPLETES, CRASHES, HUNGERS, SERVES, STEADY, becomes, pod};
use crate::step::{Case, delete, get, merge, post, strategic};

pub(super) fn cases() -> Vec<Case> {
    let one = at(PODS, "a");
    let mut hungry = pod("a", STEADY, HUNGERS);
    hungry["spec"]["containers"][0]["resources"] = json!({"limits": {"memory": "32Mi"}});
    let mut imageless = pod("a", STEADY, SERVES);
    imageless["spec"]["containers"][0]["image"] = json!(NO_SUCH_IMAGE);
    let mut complete = pod("a", STEADY, COMPLETES);
    complete["spec"]["restartPolicy"] = json!("OnFailure");
    vec![
        Case {
            name: "a pod runs, is logged, and ends when it is told to",
            steps: vec![
                post(PODS, pod("a", STEADY, SERVES)),
                becomes(&one, "/status/conditions/1/type", "Initialized")
                    .with("/status/containerStatuses/0/ready", true),
                // It is ready when it runs; what it says comes a little later.
                get(&format!("{one}/log")).with("", LOG).in_the_end(),
                get(&format!("{one}/log?tailLines=1")).with("", "three\n"),
                get(&format!("{one}/log?container=main&limitBytes=3")).with("", "one"),
                get(&format!("{one}/log?container=other"))
                    .refused(400, "BadRequest")
                    .saying("container other is not valid for pod a"),
                get(&format!("{one}/log?previous=true"))
                    .refused(400, "BadRequest")
                    .saying("previous terminated container"),
                get(&format!("{PODS}/b/log")).refused(404, "NotFound"),
                merge(&one, json!({"spec": {"nodeName": "node-2"}})).refused(422, "Invalid"),
                delete(&one, json!(null)).with("/metadata/deletionGracePeriodSeconds", 2),
                get(&one).refused(404, "NotFound").in_the_end(),
            ],
        },
        Case {
            name: "a pod that runs is deleted by force at once",
            steps: vec![
                post(PODS, pod("a", STEADY, SERVES)).comparing_nothing_else(),
                becomes(&one, "/status/containerStatuses/0/ready", true).comparing("/status/conditions"),
                delete(&one, json!({"gracePeriodSeconds": 0})).comparing("/metadata"),
                get(&one).refused(404, "NotFound"),
            ],
        },
        Case {
            name: "a container that crashes is started again, later each time",
            steps: vec![
                post(PODS, pod("a", STEADY, CRASHES)).comparing_nothing_else(),
                becomes(&one, "/status/containerStatuses/0/state/waiting/reason", "CrashLoopBackOff")
                    .with("/status/containerStatuses/0/lastState/terminated/exitCode", 3)
                    .with("/status/containerStatuses/0/lastState/terminated/reason", "Error")
                    .with("/status/phase", "Running")
                    .comparing("/status/conditions"),
                // It crashes on: where looking takes long, more than twice.
                get(&one)
                    .with_at_least("/status/containerStatuses/0/restartCount", 2)
                    .in_the_end()
                    .comparing_nothing_else(),
                get(&format!("{one}/log?previous=true")).with("", LOG).in_the_end(),
            ],
        },
        Case {
            name: "a container that wants too much is killed",
            steps: vec![
                post(PODS, hungry).comparing_nothing_else(),
                // A runtime that hears of the end before it hears of its reason says "Error", and
                // knows better one of the next times.
                becomes(&one, "/status/containerStatuses/0/lastState/terminated/reason", "OOMKilled")
                    .with("/status/containerStatuses/0/lastState/terminated/exitCode", 137)
                    .comparing_nothing_else(),
            ],
        },
        Case {
            name: "a pod whose work is done is over",
            steps: vec![
                post(PODS, complete).comparing_nothing_else(),
                becomes(&one, "/status/phase", "Succeeded")
                    .with("/status/containerStatuses/0/state/terminated/reason", "Completed")
                    // Its sandbox goes a moment later.
                    .with("/status/conditions/0/status", "False"),
                delete(&one, json!(null)).comparing_nothing_else(),
                get(&one).refused(404, "NotFound").in_the_end(),
            ],
        },
        Case {
            name: "an image that is not there is waited for",
            steps: vec![
                post(PODS, imageless).comparing_nothing_else(),
                becomes(&one, "/status/containerStatuses/0/state/waiting/reason", "ErrImagePull")
                    .comparing("/status/conditions"),
                becomes(&one, "/status/containerStatuses/0/state/waiting/reason", "ImagePullBackOff")
                    .comparing_nothing_else(),
                get(&format!("{one}/log")).refused(400, "BadRequest").saying("is waiting to start"),
            ],
        },
        Case {
            name: "a pod is resized where it is",
            steps: vec![
                post(PODS, sized(&pod("a", STEADY, SERVES))).with("/status/qosClass", "Burstable"),
                becomes(&one, "/status/containerStatuses/0/ready", true),
                merge(&one, json!({"spec": {"containers": []}}))
                    .refused(422, "Invalid")
                    .comparing_nothing_else(),
                strategic(&one, more("200m")).refused(422, "Invalid").comparing_nothing_else(),
                strategic(&format!("{one}/resize"), more("200m"))
                    .with("/spec/containers/0/resources/requests/cpu", "200m")
                    .with("/metadata/generation", 2),
                get(&one).with("/status/containerStatuses/0/restartCount", 0).comparing("/spec"),
            ],
        },
    ]
}

fn sized(pod: &Value) -> Value {
    let mut pod = pod.clone();
    pod["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "100m", "memory": "16Mi"}});
    pod
}

fn more(cpu: &str) -> Value {
    json!({"spec": {"containers": [{"name": "main", "resources": {"requests": {"cpu": cpu}}}]}})
}
