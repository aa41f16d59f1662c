//! The writer of what is our own: resources of our API group, and Events. (Leases are written by
//! [`crate::lease`] alone.)
//!
//! Architecture invariant: nothing else can be written through here. [`Record`] is implemented
//! for our own resources only, and nobody outside can add to them.

mod events;
#[cfg(test)]
mod tests;

use std::time::Duration;

use kube::Resource;
use model::brake::{self, Brake};
use model::policy::HealingPolicy;
use model::remediation::Remediation;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::read;
use crate::refusal::cut;
use crate::transport::{self, Failure, Problem, with_query};
use crate::views::View;
use crate::write::Writer;

pub use crate::write::Error;
pub use events::{Note, Recorder, Weight};

/// Objects to a page of a list: ours are small, and a healer with a thousand open remediations
/// has other troubles.
const PAGE: &str = "500";

/// Most pages of one list. More than 100,000 objects of ours are a leak, not a cluster.
const PAGES_MAX: usize = 200;

/// A resource of our own group.
pub trait Record:
    sealed::Own + Resource<DynamicType = ()> + View<Of = Self> + Serialize + DeserializeOwned + Clone
{
}

mod sealed {
    /// Implemented here for our own resources, and nowhere else.
    pub trait Own {}
}

macro_rules! records {
    ($($record:ty),*) => {$(
        impl sealed::Own for $record {}
        impl Record for $record {}
    )*};
}

records!(HealingPolicy, Remediation, Brake);

/// All objects of a kind, as a quorum has them.
#[derive(Clone, Debug)]
pub struct Listed<R> {
    /// Those that could be decoded.
    pub items: Vec<R>,
    /// Those that could not.
    pub malformed: Vec<Malformed>,
    /// The version of the list.
    pub resource_version: String,
}

/// An object that could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Its name, as far as it could be told.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

/// The writer of our own resources. Each request is sent once; who wants to try again does so
/// with what it has read since.
#[derive(Clone)]
pub struct Bookkeeper {
    client: kube::Client,
    manager: String,
    deadline: Duration,
}

impl Bookkeeper {
    /// How long a request may take: our objects are small.
    pub const DEADLINE: Duration = Duration::from_secs(10);

    /// A bookkeeper that writes as field manager `manager` (`seaworthy-healer`), each request
    /// within `deadline`.
    pub fn new(client: kube::Client, manager: &str, deadline: Duration) -> Self {
        Self { client, manager: manager.to_owned(), deadline }
    }

    /// Creates an object. [`Error::Exists`] says that somebody else has it.
    pub async fn create<R: Record>(&self, object: &R) -> Result<R, Error> {
        let name = object.identity().name.to_owned();
        self.writer::<R>().create(&R::collection(None), &name, object).await
    }

    /// Writes an object's status, if the object is still at the resourceVersion in it. Returns it
    /// as written: the next write goes on from that.
    pub async fn replace_status<R: Record>(&self, object: &R) -> Result<R, Error> {
        self.put(object, "status").await
    }

    /// Writes an object's spec and metadata, if it is still at the resourceVersion in it.
    pub async fn replace<R: Record>(&self, object: &R) -> Result<R, Error> {
        self.put(object, "").await
    }

    async fn put<R: Record>(&self, object: &R, subresource: &str) -> Result<R, Error> {
        let identity = object.identity();
        let name = identity.name.to_owned();
        if identity.resource_version.is_empty() {
            // The server would take this as: whatever is there now.
            let reason = "it has no resourceVersion to go on from".to_owned();
            return Err(Error::Malformed { what: name, reason });
        }
        self.writer::<R>().replace(&R::collection(None), &name, subresource, object).await
    }

    /// Deletes an object, if it still is the one with this UID.
    pub async fn delete<R: Record>(&self, name: &str, uid: &str) -> Result<(), Error> {
        self.writer::<R>().delete(&R::collection(None), name, uid).await
    }

    /// Reads an object from a quorum.
    pub async fn get<R: Record>(&self, name: &str) -> Result<R, read::Error> {
        read::get(&self.client, None, name, self.deadline).await
    }

    /// Reads the brake from a quorum. Whoever gets an error must take it as paused.
    pub async fn brake(&self) -> Result<Brake, read::Error> {
        self.get(brake::NAME).await
    }

    /// Lists all objects of a kind from a quorum.
    pub async fn list<R: Record>(&self) -> Result<Listed<R>, Error> {
        let mut listed = Listed { items: Vec::new(), malformed: Vec::new(), resource_version: String::new() };
        let mut next = String::new();
        for _ in 0..PAGES_MAX {
            let page = self.page::<R>(&next).await?;
            listed.resource_version = page.metadata.resource_version;
            for item in page.items.unwrap_or_default() {
                match serde_json::from_str(item.get()) {
                    Ok(object) => listed.items.push(object),
                    Err(error) => listed.malformed.push(malformed(&item, &error)),
                }
            }
            next = page.metadata.next;
            if next.is_empty() {
                return Ok(listed);
            }
        }
        let text = format!("more than {PAGES_MAX} pages of {}", <R as View>::resource());
        Err(Failure::Lost(Problem::Garbled(text)).into())
    }

    async fn page<R: Record>(&self, next: &str) -> Result<Page, Error> {
        let mut query = vec![("limit", PAGE)];
        if !next.is_empty() {
            query.push(("continue", next));
        }
        let uri = with_query(&R::collection(None), query);
        let body = transport::call(&self.client, transport::get(&uri), self.deadline)
            .await
            .map_err(|failure| self.writer::<R>().explain(failure, "", "list"))?;
        serde_json::from_slice(&body)
            .map_err(|error| Error::Malformed { what: <R as View>::resource(), reason: error.to_string() })
    }

    fn writer<R: Record>(&self) -> Writer<'_> {
        Writer {
            client: &self.client,
            manager: &self.manager,
            deadline: self.deadline,
            group: model::GROUP,
            resource: <R as View>::resource(),
        }
    }
}

#[derive(serde::Deserialize)]
struct Page {
    #[serde(default)]
    metadata: PageMeta,
    #[serde(default)]
    items: Option<Vec<Box<RawValue>>>,
}

#[derive(serde::Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct PageMeta {
    resource_version: String,
    #[serde(rename = "continue")]
    next: String,
}

fn malformed(item: &RawValue, error: &serde_json::Error) -> Malformed {
    let sketch: serde_json::Value = serde_json::from_str(item.get()).unwrap_or_default();
    let name = sketch["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    Malformed { name, reason: cut(&error.to_string(), 200).to_owned() }
}
