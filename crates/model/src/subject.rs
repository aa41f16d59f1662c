//! What is asked about, written as people write it.

use std::str::FromStr;

use crate::{Lineage, ObjectRef};

/// Kinds by the short and plural names that kubectl takes.
const KINDS: &[(&str, &[&str])] = &[
    ("CronJob", &["cj", "cronjobs"]),
    ("DaemonSet", &["ds", "daemonsets"]),
    ("Deployment", &["deploy", "deployments"]),
    ("Job", &["jobs"]),
    ("Node", &["no", "nodes"]),
    ("Pod", &["po", "pods"]),
    ("ReplicaSet", &["rs", "replicasets"]),
    ("Service", &["svc", "services"]),
    ("StatefulSet", &["sts", "statefulsets"]),
];

/// An object or a lineage: `pod/web-1`, `Deployment/shop/web`, `StatefulSet/shop/db/db-0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    kind: String,
    /// Nothing where it was not said: then any namespace is meant.
    namespace: Option<String>,
    name: String,
    instance: Option<String>,
}

impl FromStr for Subject {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let usage = || format!("{text:?} names no object: write KIND/NAME, KIND/NAMESPACE/NAME or a lineage");
        if parts.iter().any(|part| part.is_empty()) {
            return Err(usage());
        }
        let (namespace, name, instance) = match parts[1..] {
            [name] => (None, name, None),
            [namespace, name] => (Some(namespace), name, None),
            [namespace, name, instance] => (Some(namespace), name, Some(instance)),
            _ => return Err(usage()),
        };
        let owned = |part: &str| part.to_owned();
        Ok(Self {
            kind: kind(parts[0]),
            namespace: namespace.map(owned),
            name: name.to_owned(),
            instance: instance.map(owned),
        })
    }
}

impl Subject {
    /// Narrowed to a namespace, where the text itself names none.
    #[must_use]
    pub fn within(mut self, namespace: Option<&str>) -> Self {
        self.namespace = self.namespace.or_else(|| namespace.map(str::to_owned));
        self
    }

    /// The kind, as Kubernetes writes it where we know it.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The namespace, if one was said.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this object is meant.
    pub fn is_object(&self, object: &ObjectRef) -> bool {
        self.instance.is_none() && self.named(&object.kind, &object.namespace, &object.name)
    }

    /// Whether this lineage, or one of its instances, is meant.
    pub fn is_lineage(&self, lineage: &Lineage) -> bool {
        self.named(&lineage.kind, &lineage.namespace, &lineage.name)
            && self.instance.as_ref().is_none_or(|instance| *instance == lineage.instance)
    }

    /// What the labels of alerts about it have in common, as Alertmanager's matchers say it: a first sieve, for
    /// [`Self::is_lineage`] to go on with.
    pub fn lineage_matcher(&self) -> String {
        let name: String = self
            .name
            .chars()
            .flat_map(
                |char| if char.is_alphanumeric() || char == '-' { vec![char] } else { vec!['[', char, ']'] },
            )
            .collect();
        format!("{}=~\"[^/]+(/[^/]+)?/{name}(/.+)?\"", crate::labels::LINEAGE)
    }

    fn named(&self, kind: &str, namespace: &str, name: &str) -> bool {
        // A cluster-wide object is in no namespace, whatever -n says.
        let here = namespace.is_empty() || self.namespace.as_ref().is_none_or(|wanted| wanted == namespace);
        self.kind.eq_ignore_ascii_case(kind) && here && self.name == name
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.kind)?;
        for part in
            [self.namespace.as_deref(), Some(&self.name), self.instance.as_deref()].into_iter().flatten()
        {
            write!(f, "/{part}")?;
        }
        Ok(())
    }
}

fn kind(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let known =
        KINDS.iter().find(|(kind, others)| kind.eq_ignore_ascii_case(text) || others.contains(&&*lower));
    known.map_or(text, |(kind, _)| kind).to_owned()
}

#[cfg(test)]
mod tests {
    use super::Subject;
    use crate::{Lineage, ObjectRef};

    #[test]
    fn people_may_write_it_as_kubectl_lets_them() {
        let web = Lineage::namespaced("Deployment", "shop", "web");
        for (text, namespace, expected) in [
            ("deploy/web", None, true),
            ("deployment/web", Some("shop"), true),
            ("Deployment/shop/web", Some("other"), true),
            ("deployments/web", Some("other"), false),
            ("pod/web", None, false),
            ("deploy/web/web", None, false),
        ] {
            let subject = text.parse::<Subject>().unwrap().within(namespace);
            assert_eq!(subject.is_lineage(&web), expected, "{text} {namespace:?}");
        }
    }

    #[test]
    fn a_node_is_in_no_namespace() {
        let subject = "no/n1".parse::<Subject>().unwrap().within(Some("shop"));
        assert!(subject.is_object(&ObjectRef::cluster_wide("Node", "n1", "u")));
    }

    #[test]
    fn one_instance_or_all() {
        let lineage = Lineage::instance("StatefulSet", "shop", "db", "db-0");
        let check = |text: &str, expected| {
            assert_eq!(text.parse::<Subject>().unwrap().is_lineage(&lineage), expected, "{text}");
        };
        check("sts/shop/db", true);
        check("StatefulSet/shop/db/db-0", true);
        check("StatefulSet/shop/db/db-1", false);
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for text in ["", "pod", "pod/", "/web", "a/b/c/d/e"] {
            assert!(text.parse::<Subject>().unwrap_err().contains("KIND/NAME"), "{text}");
        }
    }
}
