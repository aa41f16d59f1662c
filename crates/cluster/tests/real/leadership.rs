//! Leases on a real server.

use std::time::Duration;

use cluster::lease::{Claim, Elector, Options};
use environment::{Drain, Environment};
use tokio::sync::watch;

use crate::support::{self, Space, within};

/// An elector that runs.
struct Candidate {
    environment: Environment,
    claim: watch::Receiver<Claim>,
    drain: Drain,
}

impl Candidate {
    fn start(client: &kube::Client, space: &Space, identity: &str) -> Self {
        let environment = Environment::real(identity.len() as u64);
        let options = Options {
            namespace: space.name.clone(),
            name: "healer".into(),
            identity: identity.into(),
            manager: "seaworthy-test".into(),
            // Short, so that the test is.
            duration: Duration::from_secs(3),
        };
        let (elector, claim) = Elector::new(client.clone(), environment.clone(), options);
        let (drain, drained) = environment::drain();
        environment.spawn("elector", elector.run(drained));
        Self { environment, claim, drain }
    }

    async fn wins(&mut self) -> u64 {
        within("the lease", self.claim.wait_for(|claim| claim.held)).await.unwrap().epoch
    }
}

#[tokio::test]
async fn a_lease_is_handed_on_by_its_holder_and_taken_from_one_that_vanished() {
    let Some(client) = support::cluster("a_lease_is_handed_on").await else { return };
    let space = Space::new(&client, "leading").await;
    let mut one = Candidate::start(&client, &space, "one");
    assert_eq!(one.wins().await, 1);
    let mut other = Candidate::start(&client, &space, "other");
    one.drain.start();
    assert_eq!(other.wins().await, 2);
    assert!(!one.claim.borrow().is_valid(&one.environment));
    // The second one crashes: nothing is given back.
    let mut third = Candidate::start(&client, &space, "the third");
    other.environment.tasks().end().await;
    assert_eq!(third.wins().await, 3);
    space.remove().await;
}
