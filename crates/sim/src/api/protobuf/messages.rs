//! Which field of which message is which, by the numbers of `k8s.io/api`: those that kubectl sends,
//! which makes objects from its arguments, reviews and evictions.

/// A field: its number, its name, and how it is written.
#[derive(Debug)]
pub(super) struct Field(pub(super) u64, pub(super) &'static str, pub(super) Type);

/// How a field is written. Go writes fields that are not set, too, where they are no pointers: of those
/// nothing is said in JSON.
#[derive(Clone, Copy, Debug)]
pub(super) enum Type {
    Text,
    Texts,
    Number,
    /// A number that is there when it is given, be it 0.
    Given,
    Flag,
    GivenFlag,
    /// A number or a text.
    Amount,
    TextMap,
    BytesMap,
    QuantityMap,
    One(&'static [Field]),
    Many(&'static [Field]),
    /// What the server writes itself.
    Ignored,
}

use Type::{
    Amount, BytesMap, Flag, Given, GivenFlag, Ignored, Many, Number, One, QuantityMap, Text, TextMap, Texts,
};

/// The fields of a kind, if it is known.
pub(super) fn of(api_version: &str, kind: &str) -> Option<&'static [Field]> {
    KINDS.iter().find(|own| (own.0, own.1) == (api_version, kind)).map(|own| own.2)
}

const KINDS: &[(&str, &str, &[Field])] = &[
    (
        "v1",
        "ConfigMap",
        &[
            META,
            Field(2, "data", TextMap),
            Field(3, "binaryData", BytesMap),
            Field(4, "immutable", GivenFlag),
        ],
    ),
    ("v1", "DeleteOptions", DELETE_OPTIONS),
    ("v1", "Namespace", &[META, Field(2, "spec", Ignored), STATUS]),
    (
        "v1",
        "Secret",
        &[
            META,
            Field(2, "data", BytesMap),
            Field(3, "type", Text),
            Field(4, "stringData", TextMap),
            Field(5, "immutable", GivenFlag),
        ],
    ),
    ("v1", "Service", &[META, Field(2, "spec", One(SERVICE)), STATUS]),
    ("v1", "ServiceAccount", &[META, Field(4, "automountServiceAccountToken", GivenFlag)]),
    ("apps/v1", "Deployment", &[META, Field(2, "spec", One(DEPLOYMENT)), STATUS]),
    ("authentication.k8s.io/v1", "SelfSubjectReview", &[META, Field(2, "status", Ignored)]),
    ("authorization.k8s.io/v1", "SelfSubjectAccessReview", &[META, Field(2, "spec", One(ACCESS)), STATUS]),
    (
        "authorization.k8s.io/v1",
        "SelfSubjectRulesReview",
        &[META, Field(2, "spec", One(&[Field(1, "namespace", Text)])), STATUS],
    ),
    ("batch/v1", "CronJob", &[META, Field(2, "spec", One(CRON_JOB)), STATUS]),
    ("batch/v1", "Job", &[META, Field(2, "spec", One(JOB)), STATUS]),
    ("meta.k8s.io/v1", "DeleteOptions", DELETE_OPTIONS),
    ("policy/v1", "DeleteOptions", DELETE_OPTIONS),
    ("policy/v1", "Eviction", &[META, Field(2, "deleteOptions", One(DELETE_OPTIONS))]),
    ("policy/v1", "PodDisruptionBudget", &[META, Field(2, "spec", One(BUDGET)), STATUS]),
    (
        "rbac.authorization.k8s.io/v1",
        "ClusterRole",
        &[
            META,
            Field(2, "rules", Many(RULE)),
            Field(3, "aggregationRule", One(&[Field(1, "clusterRoleSelectors", Many(SELECTOR))])),
        ],
    ),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", BINDING),
    ("rbac.authorization.k8s.io/v1", "Role", &[META, Field(2, "rules", Many(RULE))]),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", BINDING),
];

const META: Field = Field(
    1,
    "metadata",
    One(&[
        Field(1, "name", Text),
        Field(2, "generateName", Text),
        Field(3, "namespace", Text),
        Field(4, "selfLink", Ignored),
        Field(5, "uid", Text),
        Field(6, "resourceVersion", Text),
        Field(7, "generation", Ignored),
        Field(8, "creationTimestamp", Ignored),
        Field(11, "labels", TextMap),
        Field(12, "annotations", TextMap),
        Field(13, "ownerReferences", Many(OWNER)),
        Field(14, "finalizers", Texts),
    ]),
);
const STATUS: Field = Field(3, "status", Ignored);
const OWNER: &[Field] = &[
    Field(1, "kind", Text),
    Field(3, "name", Text),
    Field(4, "uid", Text),
    Field(5, "apiVersion", Text),
    Field(6, "controller", GivenFlag),
    Field(7, "blockOwnerDeletion", GivenFlag),
];
const DELETE_OPTIONS: &[Field] = &[
    Field(1, "gracePeriodSeconds", Given),
    Field(2, "preconditions", One(&[Field(1, "uid", Text), Field(2, "resourceVersion", Text)])),
    Field(3, "orphanDependents", GivenFlag),
    Field(4, "propagationPolicy", Text),
    Field(5, "dryRun", Texts),
];
const SELECTOR: &[Field] = &[
    Field(1, "matchLabels", TextMap),
    Field(
        2,
        "matchExpressions",
        Many(&[Field(1, "key", Text), Field(2, "operator", Text), Field(3, "values", Texts)]),
    ),
];
const TEMPLATE: &[Field] = &[META, Field(2, "spec", One(POD))];
const POD: &[Field] = &[
    Field(2, "containers", Many(CONTAINER)),
    Field(3, "restartPolicy", Text),
    Field(4, "terminationGracePeriodSeconds", Given),
    Field(6, "dnsPolicy", Text),
    Field(7, "nodeSelector", TextMap),
    Field(8, "serviceAccountName", Text),
    Field(9, "serviceAccount", Text),
    Field(10, "nodeName", Text),
    Field(11, "hostNetwork", Flag),
    Field(12, "hostPID", Flag),
    Field(13, "hostIPC", Flag),
    // kubectl sets nothing in it.
    Field(14, "securityContext", One(&[])),
    Field(16, "hostname", Text),
    Field(17, "subdomain", Text),
    Field(19, "schedulerName", Text),
    Field(24, "priorityClassName", Text),
];
const CONTAINER: &[Field] = &[
    Field(1, "name", Text),
    Field(2, "image", Text),
    Field(3, "command", Texts),
    Field(4, "args", Texts),
    Field(5, "workingDir", Text),
    Field(
        6,
        "ports",
        Many(&[
            Field(1, "name", Text),
            Field(2, "hostPort", Number),
            Field(3, "containerPort", Number),
            Field(4, "protocol", Text),
            Field(5, "hostIP", Text),
        ]),
    ),
    Field(7, "env", Many(&[Field(1, "name", Text), Field(2, "value", Text)])),
    Field(8, "resources", One(&[Field(1, "limits", QuantityMap), Field(2, "requests", QuantityMap)])),
    Field(13, "terminationMessagePath", Text),
    Field(14, "imagePullPolicy", Text),
    Field(16, "stdin", Flag),
    Field(17, "stdinOnce", Flag),
    Field(18, "tty", Flag),
    Field(20, "terminationMessagePolicy", Text),
];
const DEPLOYMENT: &[Field] = &[
    Field(1, "replicas", Given),
    Field(2, "selector", One(SELECTOR)),
    Field(3, "template", One(TEMPLATE)),
    Field(
        4,
        "strategy",
        One(&[
            Field(1, "type", Text),
            Field(
                2,
                "rollingUpdate",
                One(&[Field(1, "maxUnavailable", Amount), Field(2, "maxSurge", Amount)]),
            ),
        ]),
    ),
    Field(5, "minReadySeconds", Number),
    Field(6, "revisionHistoryLimit", Given),
    Field(7, "paused", Flag),
    Field(9, "progressDeadlineSeconds", Given),
];
const JOB: &[Field] = &[
    Field(1, "parallelism", Given),
    Field(2, "completions", Given),
    Field(3, "activeDeadlineSeconds", Given),
    Field(4, "selector", One(SELECTOR)),
    Field(5, "manualSelector", GivenFlag),
    Field(6, "template", One(TEMPLATE)),
    Field(7, "backoffLimit", Given),
    Field(8, "ttlSecondsAfterFinished", Given),
    Field(9, "completionMode", Text),
    Field(10, "suspend", GivenFlag),
    Field(14, "podReplacementPolicy", Text),
];
const CRON_JOB: &[Field] = &[
    Field(1, "schedule", Text),
    Field(2, "startingDeadlineSeconds", Given),
    Field(3, "concurrencyPolicy", Text),
    Field(4, "suspend", GivenFlag),
    Field(5, "jobTemplate", One(&[META, Field(2, "spec", One(JOB))])),
    Field(6, "successfulJobsHistoryLimit", Given),
    Field(7, "failedJobsHistoryLimit", Given),
    Field(8, "timeZone", Text),
];
const SERVICE: &[Field] = &[
    Field(
        1,
        "ports",
        Many(&[
            Field(1, "name", Text),
            Field(2, "protocol", Text),
            Field(3, "port", Number),
            Field(4, "targetPort", Amount),
            Field(5, "nodePort", Number),
            Field(6, "appProtocol", Text),
        ]),
    ),
    Field(2, "selector", TextMap),
    Field(3, "clusterIP", Text),
    Field(4, "type", Text),
    Field(5, "externalIPs", Texts),
    Field(7, "sessionAffinity", Text),
    Field(8, "loadBalancerIP", Text),
    Field(10, "externalName", Text),
    Field(11, "externalTrafficPolicy", Text),
    Field(12, "healthCheckNodePort", Number),
    Field(13, "publishNotReadyAddresses", Flag),
    Field(17, "ipFamilyPolicy", Text),
    Field(18, "clusterIPs", Texts),
    Field(19, "ipFamilies", Texts),
];
const BUDGET: &[Field] = &[
    Field(1, "minAvailable", Amount),
    Field(2, "selector", One(SELECTOR)),
    Field(3, "maxUnavailable", Amount),
    Field(4, "unhealthyPodEvictionPolicy", Text),
];
const RULE: &[Field] = &[
    Field(1, "verbs", Texts),
    Field(2, "apiGroups", Texts),
    Field(3, "resources", Texts),
    Field(4, "resourceNames", Texts),
    Field(5, "nonResourceURLs", Texts),
];
const BINDING: &[Field] = &[
    META,
    Field(
        2,
        "subjects",
        Many(&[
            Field(1, "kind", Text),
            Field(2, "apiGroup", Text),
            Field(3, "name", Text),
            Field(4, "namespace", Text),
        ]),
    ),
    Field(3, "roleRef", One(&[Field(1, "apiGroup", Text), Field(2, "kind", Text), Field(3, "name", Text)])),
];
const ACCESS: &[Field] = &[
    Field(
        1,
        "resourceAttributes",
        One(&[
            Field(1, "namespace", Text),
            Field(2, "verb", Text),
            Field(3, "group", Text),
            Field(4, "version", Text),
            Field(5, "resource", Text),
            Field(6, "subresource", Text),
            Field(7, "name", Text),
        ]),
    ),
    Field(2, "nonResourceAttributes", One(&[Field(1, "path", Text), Field(2, "verb", Text)])),
];
