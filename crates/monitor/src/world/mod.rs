//! What is known of the cluster: compact records, one file per kind, and who belongs to whom.
//!
//! Changes come in as the watches tell them; out come the subjects that they touch. Views are
//! read here and dropped. During a relist, records that the list has not named yet stay; they go
//! when it is done.
//!
//! Architecture invariant: nothing that is asked of the world depends on the order of hashing.

mod by_kind;
mod change;
mod container;
mod controller;
mod deployment;
mod index;
mod job;
mod labels;
mod lease;
mod lineage;
mod name;
mod namespace;
mod node;
mod owner;
mod pod;
mod put;
mod remove;
mod replica_set;
mod service;
mod slice;
mod stamp;
mod table;
mod text;
mod uid;

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::kind::Kind;

use index::Index;
use name::Interner;
use table::{Record, Table};

pub(crate) use change::{Change, Object, Touched};
pub(crate) use container::{Container, Ended, State};
pub(crate) use controller::Controller;
pub(crate) use deployment::Deployment;
pub(crate) use job::Job;
pub(crate) use lease::{Lease, ListeningClock};
pub(crate) use lineage::Recovery;
pub(crate) use namespace::Namespace;
pub(crate) use node::{Condition, Node, Status};
pub(crate) use pod::{Phase, Pod};
pub(crate) use replica_set::ReplicaSet;
pub(crate) use service::Service;
pub(crate) use slice::Slice;
pub(crate) use stamp::Stamp;
pub(crate) use table::Id;

/// What the world must be told of the configuration.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The label that says who owns something.
    pub(crate) team_label: String,
    /// How far the clocks of nodes may be off.
    pub(crate) clock_skew: SignedDuration,
}

/// Something that checks look at, by the place of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// A node.
    Node(Id),
    /// A pod.
    Pod(Id),
    /// A Deployment.
    Deployment(Id),
    /// A Service.
    Service(Id),
}

/// What is known of the cluster.
pub(crate) struct World {
    settings: Settings,
    names: Interner,
    listening: ListeningClock,

    pods: Table<Pod>,
    nodes: Table<Node>,
    leases: Table<Lease>,
    deployments: Table<Deployment>,
    replica_sets: Table<ReplicaSet>,
    stateful_sets: Table<Controller>,
    daemon_sets: Table<Controller>,
    jobs: Table<Job>,
    services: Table<Service>,
    slices: Table<Slice>,
    namespaces: Table<Namespace>,

    pods_by_node: Index,
    pods_by_owner: Index,
    replica_sets_by_owner: Index,
    jobs_by_owner: Index,
    slices_by_service: Index,
    /// Services and what may be behind them by kind and namespace: Deployments, StatefulSets,
    /// DaemonSets, and ReplicaSets of no Deployment.
    by_namespace: Index,
}

impl World {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            names: Interner::default(),
            listening: ListeningClock::default(),
            pods: Table::default(),
            nodes: Table::default(),
            leases: Table::default(),
            deployments: Table::default(),
            replica_sets: Table::default(),
            stateful_sets: Table::default(),
            daemon_sets: Table::default(),
            jobs: Table::default(),
            services: Table::default(),
            slices: Table::default(),
            namespaces: Table::default(),
            pods_by_node: Index::default(),
            pods_by_owner: Index::default(),
            replica_sets_by_owner: Index::default(),
            jobs_by_owner: Index::default(),
            slices_by_service: Index::default(),
            by_namespace: Index::default(),
        }
    }

    pub(crate) fn pod(&self, id: Id) -> Option<&Pod> {
        self.pods.at(id)
    }

    pub(crate) fn node(&self, id: Id) -> Option<&Node> {
        self.nodes.at(id)
    }

    pub(crate) fn deployment(&self, id: Id) -> Option<&Deployment> {
        self.deployments.at(id)
    }

    pub(crate) fn service(&self, id: Id) -> Option<&Service> {
        self.services.at(id)
    }

    pub(crate) fn pod_named(&self, namespace: &str, name: &str) -> Option<&Pod> {
        self.pods.get(namespace, name)
    }

    pub(crate) fn node_named(&self, name: &str) -> Option<&Node> {
        self.nodes.get("", name)
    }

    pub(crate) fn service_named(&self, namespace: &str, name: &str) -> Option<&Service> {
        self.services.get(namespace, name)
    }

    /// Whether all that is in a namespace is to go. One that is not known is believed to stay.
    pub(crate) fn is_ending(&self, namespace: &str) -> bool {
        self.namespaces.get("", namespace).is_some_and(|namespace| namespace.terminating)
    }

    /// A node's lease.
    pub(crate) fn lease_of(&self, node: &str) -> Option<&Lease> {
        self.leases.get("", node)
    }

    /// By how much a node's clock may be off, from now on.
    pub(crate) fn set_clock_skew(&mut self, skew: SignedDuration) {
        self.settings.clock_skew = skew;
    }

    /// The clock by which leases age.
    pub(crate) fn listening(&self) -> &ListeningClock {
        &self.listening
    }

    /// How many pods a node has been given.
    pub(crate) fn pods_on(&self, node: &str) -> usize {
        self.pods_by_node.get("", node).len()
    }

    /// A Service's slices, in no particular order.
    pub(crate) fn slices_of(&self, service: &Service) -> impl Iterator<Item = &Slice> {
        let slices = self.slices_by_service.get(&service.namespace, &service.name);
        slices.iter().filter_map(|id| self.slices.at(*id))
    }

    /// The workloads whose pods a Service selects: kind, name and how many pods they should have,
    /// ordered by kind and name. Of controllers that are not watched, their ReplicaSets tell.
    pub(crate) fn workloads_behind(&self, service: &Service) -> Vec<(&str, &str, i32)> {
        let mut found: BTreeMap<(&str, &str), i32> = BTreeMap::new();
        let deployments = self.in_namespace(Kind::Deployment, service, &self.deployments);
        for own in deployments.filter(|own| service.selector.are_within(&own.pod_labels)) {
            found.insert((Kind::Deployment.as_str(), &own.name), own.replicas);
        }
        for (kind, table) in [(Kind::StatefulSet, &self.stateful_sets), (Kind::DaemonSet, &self.daemon_sets)]
        {
            let own = self.in_namespace(kind, service, table);
            for own in own.filter(|own| service.selector.are_within(&own.pod_labels)) {
                found.insert((kind.as_str(), &own.name), own.desired);
            }
        }
        let sets = self.in_namespace(Kind::ReplicaSet, service, &self.replica_sets);
        for own in sets.filter(|own| service.selector.are_within(&own.pod_labels)) {
            *found.entry(own.top()).or_default() += own.desired;
        }
        found.into_iter().map(|((kind, name), pods)| (kind, name, pods)).collect()
    }

    /// The records of a kind in a Service's namespace, as far as they are kept by it.
    fn in_namespace<'a, R: Record>(
        &self,
        kind: Kind,
        service: &Service,
        table: &'a Table<R>,
    ) -> impl Iterator<Item = &'a R> {
        let ids = self.by_namespace.get(kind.as_str(), &service.namespace).iter();
        ids.filter_map(|id| table.at(*id))
    }

    /// All subjects, in a fixed order.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = Subject> {
        let nodes = self.nodes.iter().map(|(id, _)| Subject::Node(id));
        let deployments = self.deployments.iter().map(|(id, _)| Subject::Deployment(id));
        let pods = self.pods.iter().map(|(id, _)| Subject::Pod(id));
        let services = self.services.iter().map(|(id, _)| Subject::Service(id));
        nodes.chain(deployments).chain(pods).chain(services)
    }

    /// How many different texts the records share.
    pub(crate) fn texts(&self) -> usize {
        self.names.len()
    }
}
