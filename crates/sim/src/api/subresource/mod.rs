//! What is below an object, besides its status.

mod binding;
mod eviction;
mod log;
mod scale;

use super::answer::Answer;
use super::call::Asked;
use super::dispatch::no_containers;
use super::{Moment, Server};
use crate::registry::Status;

pub use log::Logs;

impl Server {
    /// Answers a request for a subresource that is not the status.
    pub(super) fn subresource(&self, asked: &Asked<'_>, moment: Moment) -> Result<Answer, Status> {
        match (asked.subresource(), asked.call.method.as_str()) {
            ("eviction", "POST") => self.evict(asked),
            ("binding", "POST") => self.bind(asked),
            ("log", "GET") => self.log(asked),
            ("scale", "GET") => self.get_scale(asked),
            ("scale", "PUT" | "PATCH") => self.change_scale(asked),
            ("resize" | "ephemeralcontainers", "GET") => self.get(asked, moment),
            ("ephemeralcontainers", _) => Err(no_containers()),
            ("resize" | "finalize", "PUT") => self.replace(asked),
            ("resize", "PATCH") => self.patch(asked),
            _ => Err(Status::method_not_allowed()),
        }
    }
}
