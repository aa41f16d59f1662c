//! Objects as kubectl shows them: rows under the columns that the real server has for each kind.

mod age;
mod column;
mod custom;
mod definitions;
mod events;
mod nodes;
mod plain;
mod pods;
mod rbac;
mod services;
mod volumes;
mod workloads;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Server;
use super::form::{Form, Include};
use crate::kinds::{self, Kind};
use crate::storage::Address;
use column::Column;

/// How objects of one kind are shown.
#[derive(Clone)]
pub(super) struct Tables {
    kind: Kind,
    form: Form,
    columns: Columns,
    now: Timestamp,
}

/// Where the columns of a kind come from.
#[derive(Clone)]
enum Columns {
    Known(&'static [Column]),
    /// What its definition says.
    Defined(Vec<custom::Column>),
}

impl Server {
    /// The tables of a kind; `None` where nobody asked for any.
    pub(super) fn tables(&self, kind: Kind, form: Form) -> Option<Tables> {
        if form == Form::Whole {
            return None;
        }
        let definition = Address::new(kinds::CUSTOM_RESOURCE_DEFINITION, "", &kind.qualified());
        let columns = match self.registry().storage().get(&definition) {
            Some(definition) if !kind.is_built_in() => Columns::Defined(custom::columns(&definition.value())),
            _ => Columns::Known(of(kind)),
        };
        Some(Tables { kind, form, columns, now: self.registry().now() })
    }
}

/// The columns of the kinds that come with Kubernetes.
const KNOWN: &[(Kind, &[Column])] = &[
    (kinds::POD, pods::COLUMNS),
    (kinds::NODE, nodes::COLUMNS),
    (kinds::CUSTOM_RESOURCE_DEFINITION, definitions::COLUMNS),
    (kinds::EVENT, events::COLUMNS),
    (kinds::EVENT_EVENTS, events::COLUMNS),
    (kinds::NAMESPACE, plain::NAMESPACES),
    (kinds::CONFIG_MAP, plain::CONFIG_MAPS),
    (kinds::SECRET, plain::SECRETS),
    (kinds::SERVICE_ACCOUNT, plain::AGED),
    (kinds::LEASE, plain::LEASES),
    (kinds::DEPLOYMENT, workloads::DEPLOYMENTS),
    (kinds::REPLICA_SET, workloads::REPLICA_SETS),
    (kinds::STATEFUL_SET, workloads::STATEFUL_SETS),
    (kinds::DAEMON_SET, workloads::DAEMON_SETS),
    (kinds::JOB, workloads::JOBS),
    (kinds::CRON_JOB, workloads::CRON_JOBS),
    (kinds::CONTROLLER_REVISION, workloads::CONTROLLER_REVISIONS),
    (kinds::POD_DISRUPTION_BUDGET, workloads::BUDGETS),
    (kinds::SERVICE, services::SERVICES),
    (kinds::ENDPOINT_SLICE, services::ENDPOINT_SLICES),
    (kinds::PERSISTENT_VOLUME, volumes::VOLUMES),
    (kinds::PERSISTENT_VOLUME_CLAIM, volumes::CLAIMS),
    (kinds::ROLE_BINDING, rbac::BINDINGS),
    (kinds::CLUSTER_ROLE_BINDING, rbac::BINDINGS),
];

fn of(kind: Kind) -> &'static [Column] {
    KNOWN.iter().find(|(own, _)| *own == kind).map_or(plain::CREATED, |(_, columns)| columns)
}

impl Tables {
    /// One object.
    pub(super) fn one(&self, object: &Value) -> Value {
        match self.form {
            Form::Table(_) => self.table(&json!({"resourceVersion": version(object)}), [object], true),
            Form::Metadata | Form::Whole => metadata(object),
        }
    }

    /// A list, by its metadata and items.
    pub(super) fn list<'a>(&self, meta: &Value, items: impl IntoIterator<Item = &'a Value>) -> Value {
        match self.form {
            Form::Table(_) => self.table(meta, items, true),
            Form::Metadata | Form::Whole => json!({
                "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": meta,
                "items": items.into_iter().map(metadata).collect::<Vec<_>>(),
            }),
        }
    }

    /// The object of a watch's event; only the first one names the columns.
    pub(super) fn event(&self, object: &[u8], is_first: bool) -> Bytes {
        let object: Value = serde_json::from_slice(object).unwrap_or_default();
        let shown = match self.form {
            Form::Table(_) => self.table(&json!({"resourceVersion": version(&object)}), [&object], is_first),
            Form::Metadata | Form::Whole => metadata(&object),
        };
        Bytes::from(shown.to_string())
    }

    fn table<'a>(&self, meta: &Value, items: impl IntoIterator<Item = &'a Value>, is_headed: bool) -> Value {
        let rows: Vec<Value> = items.into_iter().map(|item| self.row(item)).collect();
        let columns = if is_headed { self.definitions() } else { Vec::new() };
        json!({
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta,
            "columnDefinitions": columns, "rows": rows,
        })
    }

    fn definitions(&self) -> Vec<Value> {
        match &self.columns {
            Columns::Known(columns) => columns.iter().map(Column::definition).collect(),
            Columns::Defined(columns) => custom::definitions(columns),
        }
    }

    fn row(&self, item: &Value) -> Value {
        let cells = match &self.columns {
            Columns::Known(columns) => columns.iter().map(|column| (column.cell)(item, self.now)).collect(),
            Columns::Defined(columns) => custom::cells(columns, item, self.now),
        };
        let object = match self.form {
            Form::Table(Include::Nothing) => Value::Null,
            Form::Table(Include::Object) => self.whole(item),
            _ => metadata(item),
        };
        json!({"cells": Value::Array(cells), "object": object})
    }

    /// An object that says its kind, as items of lists do not.
    fn whole(&self, item: &Value) -> Value {
        let mut object = item.clone();
        object["apiVersion"] = self.kind.api_version().into();
        object["kind"] = self.kind.kind.into();
        object
    }
}

fn metadata(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}

fn version(object: &Value) -> &Value {
    &object["metadata"]["resourceVersion"]
}

#[cfg(test)]
mod tests {
    use environment::Environment;

    use super::*;
    use crate::registry::Registry;

    fn server() -> Server {
        let environment = Environment::test(1);
        Server::new(Registry::new(&environment), &environment)
    }

    #[tokio::test(start_paused = true)]
    async fn each_row_has_a_cell_for_each_column() {
        let server = server();
        let form = Form::Table(Include::Object);
        for kind in kinds::BUILT_IN {
            let tables = server.tables(*kind, form).unwrap();
            let table = tables.list(&json!({}), [&json!({"metadata": {"name": "a"}})]);
            let (row, columns) = (&table["rows"][0], table["columnDefinitions"].as_array().unwrap());
            assert_eq!(row["cells"].as_array().unwrap().len(), columns.len(), "{kind:?}");
            assert_eq!(row["object"]["kind"], kind.kind);
            let is_name = |(at, column): (usize, &Value)| (column["format"] == "name").then_some(at);
            let name = columns.iter().enumerate().find_map(is_name).unwrap();
            assert_eq!(row["cells"][name], "a", "{kind:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_first_event_names_the_columns() {
        let tables = server().tables(kinds::POD, Form::Table(Include::Metadata)).unwrap();
        let columns = |is_first| {
            let event: Value = serde_json::from_slice(&tables.event(b"{}", is_first)).unwrap();
            event["columnDefinitions"].as_array().unwrap().len()
        };
        assert_eq!((columns(true), columns(false)), (9, 0));
    }
}
