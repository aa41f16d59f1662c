//! A person drains a node: cordons it and evicts what runs there, as far as budgets let them.

use super::{Kind, Stage, cordon, lasts, pick};

pub(super) const KIND: Kind = Kind {
    name: "drain",
    weight: 4,
    lasts: lasts(120, 900),
    subject: |scene, rng| pick(&scene.nodes, rng, "n-0").to_owned(),
    begin: |stage, node| stage.begin_work(KIND.name, node, work(stage.clone(), node.to_owned())),
    end: |stage, node| {
        stage.end_work(KIND.name, node);
        cordon::set(stage, node, false);
    },
};

async fn work(stage: Stage, node: String) {
    let person = stage.person();
    person.cordon(&node, true).await;
    person.drain(&node).await;
}
