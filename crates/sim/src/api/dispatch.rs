//! Which request is which.

use super::answer::Answer;
use super::call::{Asked, Call};
use super::path::{Route, Target};
use super::{Moment, Server, health, metrics, rbac, review};
use crate::kinds::{self, Kind};
use crate::registry::Status;

/// Subresources of pods that lead into their containers.
const INTO_CONTAINERS: &[&str] = &["exec", "attach", "portforward", "proxy"];

/// Containers of a simulated cluster are no processes: nobody can be let into them.
pub(super) fn no_containers() -> Status {
    let message = "this cluster is simulated: no process runs in its containers, so that exec, attach, cp, \
                   port-forward, proxy and debug have nothing to reach";
    Status::new(501, "NotImplemented", message)
}

impl Server {
    /// Does what a request asks for.
    pub(super) fn answer(&self, call: &Call, moment: Moment) -> Result<Answer, Status> {
        rbac::authorize(self.rights(), self.registry().storage(), call)?;
        match &call.route {
            Route::Resource(target) => self.resource(call, target, moment),
            Route::Discovery(parts) => self.discover(call, parts),
            Route::Other(path) if path.starts_with("/openapi/") => self.openapi(call),
            Route::Other(path) => health::answer(path, &call.query),
        }
    }

    fn resource(&self, call: &Call, target: &Target, moment: Moment) -> Result<Answer, Status> {
        if target.group == metrics::GROUP && self.usage().is_some() {
            return self.metrics(call, target);
        }
        if review::is_review(target) {
            return self.review(call, target);
        }
        let kind = self.kind(target)?;
        let asked = Asked { call, target, kind };
        if kind == kinds::BINDING && call.verb() == "create" {
            return self.bind(&asked);
        }
        match asked.subresource() {
            "" => {}
            "status" if kind.subresources.contains(&"status") => {}
            other if kind.subresources.contains(&other) => return self.subresource(&asked, moment),
            other if kind == kinds::POD && INTO_CONTAINERS.contains(&other) => return Err(no_containers()),
            _ => return Err(Status::resource_not_found()),
        }
        let (is_whole, is_object) = (asked.subresource().is_empty(), !asked.name().is_empty());
        match call.verb() {
            "list" => self.list(&asked, moment),
            "watch" => self.watch(&asked, moment),
            "get" => self.get(&asked, moment),
            "create" if !is_object && (kind.is_namespaced == target.namespace.is_some()) => {
                self.create(&asked)
            }
            "update" if is_object => self.replace(&asked),
            "patch" if is_object => self.patch(&asked),
            "delete" if is_object && is_whole => self.delete(&asked),
            "deletecollection" => self.delete_collection(&asked),
            _ => Err(Status::method_not_allowed()),
        }
    }

    /// The kind that a path names.
    fn kind(&self, target: &Target) -> Result<Kind, Status> {
        let is_it = |kind: &&Kind| kind.group == target.group && kind.plural == target.resource;
        let kinds = self.kinds();
        if let Some(kind) = kinds.iter().find(is_it).filter(|kind| kind.version == target.version) {
            return Ok(*kind);
        }
        let is_group_served = kinds.iter().any(|kind| kind.group == target.group && kind.is_built_in());
        Err(if is_group_served { Status::resource_not_found() } else { Status::page_not_found() })
    }

    /// All kinds that are served now.
    pub(super) fn kinds(&self) -> Vec<Kind> {
        let customs = self.registry().customs();
        kinds::BUILT_IN.iter().copied().chain(customs.iter().map(|custom| custom.kind)).collect()
    }
}
