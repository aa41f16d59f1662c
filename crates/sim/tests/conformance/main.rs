//! The simulator against the table of cases in `cases`, which a real cluster is held to as well: see
//! `real.rs`.

mod cases;
mod normal;
mod play;
mod simulated;
mod step;

#[tokio::test(start_paused = true)]
async fn the_simulator_answers_as_the_cases_have_it() {
    let faults: Vec<String> =
        simulated::play_all().await.into_iter().flat_map(|played| played.faults).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
