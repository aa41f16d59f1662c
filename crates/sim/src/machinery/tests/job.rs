//! Jobs: enough successes, too many failures, too much time.

use serde_json::json;

use super::Bed;
use crate::blueprint::{Workload, WorkloadKind};
use crate::kinds;

fn job() -> Workload {
    Workload::new(WorkloadKind::Job, "shop", "batch")
}

fn status(bed: &Bed, field: &str) -> i64 {
    bed.get(kinds::JOB, "shop", "batch")["status"][field].as_i64().unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn a_job_completes_when_enough_have_succeeded() {
    let job = job().spec("completions", json!(3)).spec("parallelism", json!(2));
    let bed = Bed::with(&[job.behaviour("completes-after=20s")]);
    bed.pass(10).await;
    assert_eq!((status(&bed, "active"), status(&bed, "succeeded")), (2, 0));
    bed.pass(60).await;
    assert_eq!((status(&bed, "active"), status(&bed, "succeeded")), (0, 3));
    assert_eq!(bed.condition(kinds::JOB, "batch", "Complete").0, "True");
    assert!(bed.pods().len() == 3 && bed.pods().iter().all(|pod| pod["status"]["phase"] == "Succeeded"));
}

#[tokio::test(start_paused = true)]
async fn a_job_fails_when_too_many_have_failed() {
    let job = job().spec("backoffLimit", json!(2)).behaviour("crashes-after=1s:exit=4");
    let bed = Bed::with(&[job]);
    bed.pass(15).await;
    assert_eq!(status(&bed, "failed"), 1, "the second waits ten seconds");
    bed.pass(120).await;
    assert_eq!((status(&bed, "failed"), bed.pods().len()), (3, 3));
    let verdict = ("True".to_owned(), "BackoffLimitExceeded".to_owned());
    assert_eq!(bed.condition(kinds::JOB, "batch", "Failed"), verdict);
}

#[tokio::test(start_paused = true)]
async fn a_job_fails_when_it_takes_too_long() {
    let bed = Bed::with(&[job().spec("activeDeadlineSeconds", json!(60))]);
    bed.pass(50).await;
    assert_eq!(status(&bed, "active"), 1);
    bed.pass(30).await;
    assert_eq!(bed.condition(kinds::JOB, "batch", "Failed").1, "DeadlineExceeded");
    assert!(bed.pods().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_finished_job_goes_after_its_time() {
    let job = job().spec("ttlSecondsAfterFinished", json!(100)).behaviour("completes-after=5s");
    let bed = Bed::with(&[job]);
    bed.pass(60).await;
    assert!(bed.is_there(kinds::JOB, "shop", "batch"));
    bed.pass(120).await;
    assert!(!bed.is_there(kinds::JOB, "shop", "batch") && bed.pods().is_empty());
}
