//! The commands, in the order in which they build on each other, in a namespace of their own.

use crate::command::{Command, run};

/// A pod that is nobody's.
const ALONE: &str = r#"run alone --image=seaworthy.test/tools:1 --restart=Never --overrides={"apiVersion":"v1","spec":{"nodeSelector":{"kubernetes.io/hostname":"node-1"}}}"#;

/// An image that a testbed has on its nodes, and that waits until it is told to end.
const WORKLOADS: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: app
        image: seaworthy.test/tools:1
        env: [{name: A, value: old}]
        ports: [{containerPort: 80}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: app, image: "seaworthy.test/tools:1"}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: app, image: "seaworthy.test/tools:1"}]
---
apiVersion: batch/v1
kind: Job
metadata: {name: done}
spec:
  template:
    # What the containers of a simulated cluster do.
    metadata: {annotations: {sim.seaworthy.test/behaviour: completes-after=1s}}
    spec:
      restartPolicy: Never
      containers: [{name: app, image: "seaworthy.test/tools:1", command: ["true"]}]
"#;

/// The Deployment with another variable in its container's environment, and nothing else said.
const CHANGED: &str = r"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: app
        image: seaworthy.test/tools:1
        env: [{name: B, value: old}]
        ports: [{containerPort: 80}]
";

const MISSPELT: &str = r"
apiVersion: v1
kind: ConfigMap
metadata: {name: misspelt}
dta: {a: b}
";

const BRAKE: &str = r"
apiVersion: seaworthy.dev/v1alpha1
kind: Brake
metadata: {name: cluster}
spec: {paused: false, reason: old}
";

/// All of them.
pub(crate) fn all() -> Vec<Command> {
    [discovery(), creation(), reading(), changes(), rollouts(), nodes(), containers(), refusals(), deletion()]
        .into_iter()
        .flatten()
        .collect()
}

fn definitions() -> String {
    let items = cluster::crds::all();
    serde_json::json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

fn discovery() -> Vec<Command> {
    vec![
        run("version").says("Server Version: v1.37.2").same(),
        run("api-versions").says("apps/v1").says("rbac.authorization.k8s.io/v1"),
        run("api-resources").says("deployments").says("poddisruptionbudgets").columns(),
        run("api-resources --namespaced=false -o wide").says("CATEGORIES").columns(),
        run("cluster-info").says("control plane").says("is running at"),
        run("get --raw /readyz").says("ok").same(),
        run("auth can-i create deployments").says("yes").same(),
        run("auth can-i --list").says("*.*").columns(),
        run("auth whoami").says("system:masters").columns(),
        run("explain pod.spec.containers.image").says("FIELD: image <string>"),
        run("explain deployment").says("KIND:       Deployment").says("GROUP:      apps"),
        run("explain pod.spec.nothing").fails("does not exist"),
    ]
}

fn creation() -> Vec<Command> {
    vec![
        run("apply --server-side -f -").given(&definitions()).says("brakes.seaworthy.dev"),
        run("wait crd/brakes.seaworthy.dev --for=condition=Established --timeout=30s").same(),
        run("create namespace kubectl").same(),
        run("config set-context --current --namespace=kubectl").says("modified"),
        run("apply -f -").given(WORKLOADS).same(),
        run("apply -f -").given(WORKLOADS).says("deployment.apps/web unchanged").same(),
        run("apply -f -").given(BRAKE).says("brake.seaworthy.dev/cluster").in_the_end(),
        run("apply -f -").given(MISSPELT).fails("unknown field \"dta\""),
        run("create configmap settings --from-literal=a=b").same(),
        run("create secret generic key --from-literal=a=b").same(),
        run("create serviceaccount robot").same(),
        run("create role reader --verb=get --resource=pods").same(),
        run("create rolebinding reader --role=reader --serviceaccount=kubectl:robot").same(),
        run("create deployment made --image=seaworthy.test/tools:1 --replicas=1").same(),
        run("create job once --image=seaworthy.test/tools:1 -- true").same(),
        run("create cronjob often --image=seaworthy.test/tools:1 --schedule=@hourly -- true").same(),
        run("create pdb made --selector=app=made --max-unavailable=1").same(),
        run("create service clusterip plain --tcp=80:80").same(),
        // Not on the node that is drained: a drain asks for --force where it meets a pod that is nobody's.
        run(ALONE).same(),
        run("expose deployment made --port=80").same(),
        run("create configmap settings --from-literal=a=b").fails("already exists"),
        run("create configmap unmade --from-literal=a=b --dry-run=server").same(),
        run("get configmap unmade").fails("Error from server (NotFound)"),
    ]
}

fn reading() -> Vec<Command> {
    vec![
        run("rollout status deployment/web --timeout=60s").says("successfully rolled out"),
        run("rollout status statefulset/db --timeout=60s").says("complete"),
        run("rollout status daemonset/agent --timeout=60s").says("successfully rolled out"),
        run("wait deployment/web --for=condition=Available --timeout=60s").same(),
        run("wait pod/alone --for=condition=Ready --timeout=60s").same(),
        run("wait pod/db-0 --for=jsonpath={.status.phase}=Running --timeout=60s").same(),
        run("wait job/done --for=condition=Complete --timeout=60s").same(),
        run("get pods").says("Running").columns(),
        run("get pods -o wide").says("node-").columns(),
        run("get pods -A").columns(),
        run("get pods -L app --show-labels").columns(),
        run("get pods -l app=web -o name").says("pod/web-"),
        run("get pods --field-selector=metadata.name=db-0 -o jsonpath={.items[*].metadata.name}").same(),
        run("get pods db-0 -o custom-columns=NAME:.metadata.name,PHASE:.status.phase").same(),
        run("get pod db-0 -o yaml").says("kind: Pod"),
        run("get nodes").says("Ready").columns(),
        run("get nodes -o wide").columns(),
        run("get deployments,replicasets,statefulsets,daemonsets,services").columns(),
        run("get deployments -o wide").columns(),
        run("get replicasets -o wide").columns(),
        run("get statefulsets -o wide").columns(),
        run("get daemonsets -o wide").columns(),
        run("get jobs -o wide").columns(),
        run("get cronjobs -o wide").columns(),
        run("get services -o wide").columns(),
        run("get pdb").columns(),
        run("get endpointslices").columns(),
        run("get configmaps").columns(),
        run("get secrets").columns(),
        run("get serviceaccounts").columns(),
        run("get roles").columns(),
        run("get rolebindings -o wide").columns(),
        run("get leases -A").columns(),
        run("get events").columns(),
        run("get events -o wide").columns(),
        run("events").columns(),
        run("get namespaces").columns(),
        run("get crds").says("brakes.seaworthy.dev").columns(),
        run("get crds -o wide").columns(),
        run("get brakes").says("PAUSED").columns(),
        run("get all").says("deployment.apps/web"),
        run("describe pod db-0").keys(),
        run("describe deployment web").keys(),
        run("describe replicaset -l app=web").keys(),
        run("describe statefulset db").keys(),
        run("describe daemonset agent").keys(),
        run("describe service web").keys(),
        run("describe pdb web").keys(),
        run("describe node node-1").keys(),
        run("describe namespace kubectl").keys(),
        run("describe configmap settings").keys(),
        run("describe secret key").keys(),
        run("describe role reader").keys(),
        run("describe rolebinding reader").keys(),
        run("describe job done").keys(),
        run("describe cronjob often").keys(),
        run("describe brake cluster").keys(),
        run("explain brake.spec").says("KIND:       Brake").in_the_end(),
        run("top nodes").says("node-1").only_simulated(),
        run("top pods").says("db-0").only_simulated(),
    ]
}

fn changes() -> Vec<Command> {
    vec![
        run("diff -f -").given(CHANGED).ends(1).says("+        - name: B"),
        run("apply --dry-run=server -f -").given(CHANGED).says("configured (server dry run)").same(),
        run("get deployment web -o jsonpath={..env[*].name}").says("A").same(),
        run("apply -f -").given(CHANGED).says("configured").same(),
        run("get deployment web -o jsonpath={..env[*].name}").says("B").same(),
        run("get deployment web -o jsonpath={..ports[*].containerPort}").says("80").same(),
        run("apply --server-side --force-conflicts -f -").given(CHANGED).says("serverside-applied").same(),
        run("replace -f -").given(BRAKE).says("replaced").same(),
        run("edit brake cluster").says("edited").same(),
        run("get brake cluster -o jsonpath={.spec.reason}").says("new").same(),
        run("label pod db-0 tier=data").same(),
        run("label pod db-0 tier-").same(),
        run("annotate pod db-0 note=x").same(),
        run("patch brake cluster --type=merge -p {\"spec\":{\"reason\":\"patched\"}}").same(),
        run("patch brake cluster -p {}")
            .fails("error: application/strategic-merge-patch+json is not supported"),
        run("patch deployment web -p {\"spec\":{\"minReadySeconds\":1}}").same(),
        run("patch deployment web --type=json -p [{\"op\":\"remove\",\"path\":\"/spec/minReadySeconds\"}]")
            .same(),
        run("set env deployment/web C=c").same(),
        run("set resources deployment/web --requests=cpu=10m").same(),
        run("scale deployment/web --replicas=3").same(),
        run("scale deployment/web --replicas=1 --current-replicas=7").fails("Expected replicas to be 7"),
        run("rollout status deployment/web --timeout=60s").says("successfully rolled out"),
    ]
}

fn rollouts() -> Vec<Command> {
    vec![
        run("rollout history deployment/web").says("REVISION").columns(),
        run("rollout undo deployment/web").same(),
        run("rollout status deployment/web --timeout=60s").says("successfully rolled out"),
        run("rollout restart deployment/web").same(),
        run("rollout pause deployment/web").same(),
        run("rollout resume deployment/web").same(),
        run("rollout restart statefulset/db").same(),
        run("rollout restart daemonset/agent").same(),
        run("rollout status statefulset/db --timeout=60s").says("complete"),
        run("rollout status daemonset/agent --timeout=90s").says("successfully rolled out"),
        run("rollout status deployment/web --timeout=60s").says("successfully rolled out"),
        run("rollout history statefulset/db").says("REVISION").same(),
        run("rollout history statefulset/db --revision=1").says("seaworthy.test/tools:1").keys(),
        run("rollout history daemonset/agent").says("REVISION").same(),
        run("rollout history daemonset/agent --revision=9").fails("unable to find the specified revision"),
        run("get controllerrevisions").columns(),
        run("rollout undo statefulset/db").same(),
        run("rollout undo daemonset/agent --to-revision=1").same(),
        run("rollout status statefulset/db --timeout=60s").says("complete"),
        run("rollout status daemonset/agent --timeout=90s").says("successfully rolled out"),
        // The first has become the third.
        run("rollout history statefulset/db").says("2").says("3").same(),
        run("rollout history daemonset/agent").says("3").same(),
        run("rollout undo statefulset/db --to-revision=1").fails("unable to find specified revision 1"),
        run("set image deployment/web app=seaworthy.test/nothing:1").same(),
        run("get pods -l app=web").says("ImagePull").in_the_end(),
        run("rollout undo deployment/web").same(),
        run("rollout status deployment/web --timeout=60s").says("successfully rolled out"),
    ]
}

fn nodes() -> Vec<Command> {
    vec![
        run("cordon node-2").same(),
        run("get node node-2").says("SchedulingDisabled").columns(),
        run("drain node-2").fails("cannot delete"),
        run("drain node-2 --ignore-daemonsets --delete-emptydir-data --force --timeout=90s").says("drained"),
        run("uncordon node-2").same(),
        run("taint node node-2 kubectl=here:PreferNoSchedule").same(),
        run("taint node node-2 kubectl-").same(),
    ]
}

fn containers() -> Vec<Command> {
    vec![
        // It may have been on the node that was drained.
        run("rollout status statefulset/db --timeout=60s").says("complete"),
        run("logs db-0 --tail=1"),
        run("logs db-0 --since=1h --timestamps"),
        run("logs db-0 -c nothing").fails("container nothing is not valid for pod db-0"),
        run("logs db-0 --previous").fails("previous terminated container"),
        run("rollout status deployment/web --timeout=60s").says("successfully rolled out"),
        run("logs -l app=web --tail=1"),
        run("exec db-0 -- true").fails("this cluster is simulated").only_simulated(),
        run("attach db-0").fails("this cluster is simulated").only_simulated(),
        run("port-forward db-0 8080:80").fails("this cluster is simulated").only_simulated(),
        run("debug db-0 --image=a").fails("this cluster is simulated").only_simulated(),
        run("cp kubectl/db-0:/a /tmp/a").fails("this cluster is simulated").only_simulated(),
    ]
}

fn refusals() -> Vec<Command> {
    vec![
        run("get pod nothing").fails("Error from server (NotFound): pods \"nothing\" not found"),
        run("get nothings").fails("the server doesn't have a resource type"),
        run("get pods -n nothing").says("No resources found in nothing namespace."),
        run("get pods -l app=nothing").says("No resources found"),
        run("get pods --as=somebody").fails("leave out --as").only_simulated(),
        run("label pod db-0 bad=!").fails("invalid"),
        run("scale deployment/nothing --replicas=1").fails("not found"),
        run("rollout status deployment/nothing").fails("Error from server (NotFound)"),
        run("wait pod/nothing --for=condition=Ready --timeout=1s").fails("not found"),
        run("wait pod/db-0 --for=condition=Nothing --timeout=1s").fails("timed out waiting"),
    ]
}

fn deletion() -> Vec<Command> {
    vec![
        run("delete deployment web --dry-run=server").same(),
        run("get deployment web").says("web"),
        run("delete pod db-0 --timeout=60s").same(),
        run("get pod db-0").says("Running").in_the_end(),
        run("delete pod alone --force --grace-period=0 --timeout=60s").says("deleted"),
        run("delete -f -").given(BRAKE).same(),
        run("delete service web plain made --timeout=60s").same(),
        run("delete configmap nothing --ignore-not-found"),
        run("delete configmap nothing").fails("Error from server (NotFound)"),
        run("delete namespace kubectl --timeout=120s").says("deleted"),
        run("get namespace kubectl").fails("Error from server (NotFound)"),
    ]
}
