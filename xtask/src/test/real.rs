//! The suites that need a real cluster or real peers. Those that need a cluster run inside of a testbed of their own,
//! which is taken down afterwards, however they end.

use super::step::Steps;
use super::suites::{Built, Suite};
use crate::bed::Bed;
use crate::image;
use crate::testbed::programs;
use anyhow::{Context, Result};

/// Names the folder with the peers' programs, for the suites that run them.
const PEERS: &str = "SEAWORTHY_PEERS";
/// Names the image, for the scenario that runs us in pods.
const IMAGE: &str = "SEAWORTHY_E2E_IMAGE";
/// Two of them may fail, and one is left for pods to go to.
const NODES: u32 = 3;

/// What is known of Kubernetes, held against a real API server.
const CLUSTER: Suite = Suite { step: "cluster", package: "cluster", test: "real" };
/// The simulator, held against a real cluster call by call.
const CONFORMANCE: Suite = Suite { step: "conformance", package: "sim", test: "conformance-real" };
/// What kubectl says of a simulated cluster, held against what it says of a real one.
const KUBECTL: Suite = Suite { step: "kubectl", package: "demo", test: "kubectl-real" };
/// Real containers that fail and are healed, and the same on the simulator.
const SCENARIOS: Suite = Suite { step: "scenarios", package: "e2e", test: "scenarios" };
/// The alerter alone, spoken to by amtool and Prometheus.
const ALERTER: Suite = Suite { step: "alerter", package: "alerter", test: "peers" };
/// The alerter of a demo, spoken to by amtool.
const DEMO: Suite = Suite { step: "demo", package: "demo", test: "peers" };
/// A whole installation, with Prometheus, amtool and a mail server.
const INSTALLATION: Suite = Suite { step: "peers", package: "e2e", test: "peers" };

/// The crates that speak to Kubernetes, and then the whole, on a real cluster.
pub(super) fn scenarios(steps: &mut Steps) -> Result<()> {
    let built = Built::make(steps, &[CLUSTER, CONFORMANCE, KUBECTL, SCENARIOS])?;
    steps.prepare("build the image", &mut Bed::xtask(["image", "--debug"]))?;
    in_testbed(steps, NODES, |steps, bed| {
        let image = image(steps, bed)?;
        // What is quick first; and what the scenarios stand on.
        for suite in [CLUSTER, CONFORMANCE, KUBECTL, SCENARIOS] {
            let mut run = built.inside(bed, suite, steps.only())?;
            steps.counted(suite.step, run.env(PEERS, programs()).env(IMAGE, image))?;
        }
        Ok(())
    })
}

/// Prometheus, Alertmanager's own tools and a mail server, beside the alerter.
pub(super) fn peers(steps: &mut Steps) -> Result<()> {
    steps.prepare("build the peers", &mut Bed::xtask(["testbed", "peers"]))?;
    let built = Built::make(steps, &[ALERTER, DEMO, INSTALLATION])?;
    for suite in [ALERTER, DEMO] {
        steps.counted(suite.step, built.here(suite, steps.only())?.env(PEERS, programs()))?;
    }
    in_testbed(steps, 0, |steps, bed| {
        let mut run = built.inside(bed, INSTALLATION, steps.only())?;
        steps.counted(INSTALLATION.step, run.env(PEERS, programs()))
    })
}

fn in_testbed(
    steps: &mut Steps,
    real_nodes: u32,
    run: impl FnOnce(&mut Steps, &Bed) -> Result<()>,
) -> Result<()> {
    let bed = Bed::new("test");
    bed.down();
    let up = steps.prepare("testbed", &mut bed.up(real_nodes));
    let _guard = bed.guard();
    up?;
    run(steps, &bed)
}

/// Puts the image that was built on every node; its name.
fn image(steps: &mut Steps, bed: &Bed) -> Result<&'static str> {
    let archive = image::kept();
    let archive = archive.to_str().context("the path of the image's archive is not UTF-8")?;
    for number in 1..=NODES {
        let node = format!("node-{number}");
        let import = ["ctr", "--namespace", "k8s.io", "images", "import", archive];
        let mut put = bed.testbed(["exec", "--node", &node, "--"]);
        steps.prepare(&format!("put the image on {node}"), put.args(import))?;
    }
    Ok(image::NAME)
}
