//! What a verdict is about: the issue it belongs to, and who is concerned.

use model::{Lineage, ObjectRef};

use crate::kind::Kind;
use crate::tracker::{Key, Seen};
use crate::world::{Pod, Subject, World};

/// What a check's verdict on a subject is about; none if the subject is gone.
pub(super) fn of(subject: Subject, code: &'static str, world: &World) -> Option<Seen> {
    Some(match subject {
        Subject::Node(id) => {
            let node = world.node(id)?;
            Seen { node: node.name.to_string(), ..itself(World::lineage_of_node(node), code, world) }
        }
        Subject::Pod(id) => pod(world.pod(id)?, code, world),
        Subject::Deployment(id) => itself(World::lineage_of_deployment(world.deployment(id)?), code, world),
        Subject::Service(id) => itself(World::lineage_of_service(world.service(id)?), code, world),
    })
}

/// Of a subject that is its own lineage.
fn itself(lineage: Lineage, code: &'static str, world: &World) -> Seen {
    Seen {
        object: world.object_of(&lineage),
        key: Key { lineage, code },
        node: String::new(),
        owner: String::new(),
        team: String::new(),
    }
}

fn pod(pod: &Pod, code: &'static str, world: &World) -> Seen {
    Seen {
        object: ObjectRef::namespaced(Kind::Pod.as_str(), &*pod.namespace, &*pod.name, pod.uid.to_string()),
        key: Key { lineage: world.lineage_of_pod(pod), code },
        node: pod.node.as_deref().unwrap_or_default().to_owned(),
        owner: pod.owner.as_ref().map(|owner| owner.key().to_string()).unwrap_or_default(),
        team: pod.team.as_deref().unwrap_or_default().to_owned(),
    }
}
