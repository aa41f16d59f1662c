//! OpenAPI of what is served, a document for each group and version: what `kubectl explain` reads,
//! and where kubectl sees that the server checks fields itself.
//!
//! Of strategic merge patches nothing is said: which lists are merged by which keys is not in these
//! schemas, and kubectl knows it of the built-in kinds by itself.

mod document;
mod legacy;
mod schemas;
mod unknown;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::Server;
use super::answer::Answer;
use super::call::Call;
use crate::kinds::{self, Kind};
use crate::registry::Status;
use crate::storage::Address;
use schemas::Schemas;

pub(super) use unknown::unknown_fields;

impl Server {
    /// Answers `/openapi/v2`, `/openapi/v3`, `/openapi/v3/api/v1`, `/openapi/v3/apis/apps/v1`.
    pub(super) fn openapi(&self, call: &Call) -> Result<Answer, Status> {
        let path = call.path.as_str();
        if path == "/openapi/v2" {
            return Ok(self.openapi_v2(&call.accept));
        }
        match path.trim_matches('/').strip_prefix("openapi/v3") {
            Some("") => Ok(Answer::value(200, &self.openapi_index())),
            Some(below) => {
                let place = below.trim_start_matches('/');
                let document = self.places().into_iter().find(|(own, _)| own == place);
                let (_, kinds) = document.ok_or_else(Status::resource_not_found)?;
                Ok(Answer::value(200, &self.document(&kinds)))
            }
            None => Err(Status::resource_not_found()),
        }
    }

    fn openapi_v2(&self, accept: &str) -> Answer {
        let kinds = self.kinds();
        if accept.contains("protobuf") {
            return Answer::Form(legacy::CONTENT_TYPE, legacy::protobuf(&kinds).into());
        }
        Answer::Json(200, legacy::json(&self.schemas(&kinds).into_map()).into())
    }

    /// Where each document is, with a hash by which clients see that theirs is still the one.
    fn openapi_index(&self) -> Value {
        let entry = |(place, kinds): (String, Vec<Kind>)| {
            let hash = hex::encode_upper(Sha256::digest(self.document(&kinds).to_string()));
            let url = format!("/openapi/v3/{place}?hash={hash}");
            (place, json!({"serverRelativeURL": url}))
        };
        json!({"paths": self.places().into_iter().map(entry).collect::<Map<_, _>>()})
    }

    /// The groups and versions with their kinds, as their paths begin.
    fn places(&self) -> Vec<(String, Vec<Kind>)> {
        let mut places: Vec<(String, Vec<Kind>)> = Vec::new();
        for kind in self.kinds() {
            let root = if kind.group.is_empty() { "api" } else { "apis" };
            let place = format!("{root}/{}", kind.api_version());
            match places.iter_mut().find(|(own, _)| *own == place) {
                Some((_, kinds)) => kinds.push(kind),
                None => places.push((place, vec![kind])),
            }
        }
        places.sort();
        places
    }

    fn document(&self, kinds: &[Kind]) -> Value {
        document::of(kinds, self.schemas(kinds))
    }

    fn schemas(&self, kinds: &[Kind]) -> Schemas {
        let mut schemas = Schemas::default();
        for kind in kinds {
            let definition = Address::new(kinds::CUSTOM_RESOURCE_DEFINITION, "", &kind.qualified());
            match self.registry().storage().get(&definition) {
                Some(definition) if !kind.is_built_in() => schemas.add_custom(*kind, &definition.value()),
                _ => schemas.add_built_in(*kind),
            }
        }
        schemas
    }
}
