//! Ways of not getting through to the API server: each has a message that says what is wrong and
//! what to do, exit code 3, and no secret in it.

use std::path::Path;

use anyhow::{Result, ensure};
use e2e::bed::end;
use e2e::installation::{Installation, kubeconfig_with_token};
use e2e::scenario::Stage;
use tokio::process::Command;

const SECRET: &str = "c2VjcmV0";
/// Header and claims `{"alg":"none"}` and `{"exp":1}`, and a signature of nobody's.
const EXPIRED: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjF9.c2VjcmV0";
const COULD_NOT_LOOK: i32 = 3;

pub(crate) async fn run(stage: &Stage, _: &Installation) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name);
    kubeconfig_with_token(&stage.bed, SECRET, &file("stranger"))?;
    kubeconfig_with_token(&stage.bed, EXPIRED, &file("expired"))?;
    let away = std::fs::read_to_string(file("stranger"))?.replace(":6443", ":1");
    std::fs::write(file("away"), away)?;
    for (kubeconfig, words) in [
        ("stranger", ["not accepted", "log in again"]),
        ("expired", ["not accepted", "expired"]),
        ("away", [":1", "refused"]),
        ("nowhere", ["nowhere", "cannot be read"]),
    ] {
        for command in [["check"].as_slice(), &["remediations"]] {
            complains(stage, &file(kubeconfig), command, &words).await?;
        }
    }
    Ok(())
}

async fn complains(stage: &Stage, kubeconfig: &Path, command: &[&str], words: &[&str]) -> Result<()> {
    let ended =
        end(Command::new(&stage.bed.program).args(command).arg("--kubeconfig").arg(kubeconfig)).await?;
    ensure!(ended.code == Some(COULD_NOT_LOOK), "{command:?}: {ended:?}");
    for word in words {
        ensure!(ended.complaint.contains(word), "{command:?} says {word:?}: {}", ended.complaint);
    }
    ensure!(!ended.complaint.contains(SECRET), "a secret: {}", ended.complaint);
    Ok(())
}
