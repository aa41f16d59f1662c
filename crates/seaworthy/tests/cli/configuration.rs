//! Configuration files, good and bad.

use crate::seaworthy::{expect_error, file, in_tree, run};

fn validate(name: &str, text: &str, says: &[&str]) {
    let path = file(name, text).display().to_string();
    expect_error(&["config", "validate", &path], 78, says);
}

const HEAD: &str = "apiVersion: config.seaworthy.dev/v1alpha1\nkind: MonitorConfig\n";

#[test]
fn bad_files_are_78_and_name_the_place_and_the_way_out() {
    validate(
        "unknown-key.yaml",
        &format!("{HEAD}chekcs: {{}}\n"),
        &["chekcs", "line 3", "did you mean `checks`"],
    );
    validate("no-yaml.yaml", "a: [1\n", &["line"]);
    validate("no-kind.yaml", "a: 1\n", &["kind", "MonitorConfig"]);
    validate("other-kind.yaml", "kind: Monitr\n", &["Monitr", "MonitorConfig"]);
    validate(
        "other-version.yaml",
        "apiVersion: v1\nkind: MonitorConfig\n",
        &["v1", "config.seaworthy.dev/v1alpha1"],
    );
    let unknown = "route: {receiver: nobody}\nreceivers: [{name: team}]\n";
    validate("alertmanager.yml", unknown, &["route", "nobody", "not defined"]);
    let names_none =
        "apiVersion: config.seaworthy.dev/v1alpha1\nkind: AlerterConfig\nalertmanagerConfig: none.yml\n";
    validate("names-none.yaml", names_none, &["none.yml"]);
    expect_error(&["config", "validate", "/nowhere/monitor.yaml"], 78, &["/nowhere/monitor.yaml"]);
}

#[test]
fn policies_are_judged_as_the_healer_would() {
    let policy = |mode: &str, code: &str| {
        format!(
            "apiVersion: seaworthy.dev/v1alpha1\nkind: HealingPolicy\nmetadata: {{name: x}}\nspec:\n  mode: {mode}\n  \
             match: {{codes: [{code}]}}\n  steps: [{{action: EvictPod}}]\n"
        )
    };
    validate("mode.yaml", &policy("Enforse", "PodRunningNotReady"), &["line 5", "did you mean `Enforce`"]);
    let no_selector = "apiVersion: seaworthy.dev/v1alpha1\nkind: HealingPolicy\nmetadata: {name: x}\nspec:\n  \
        match: {codes: [PodRunningNotReady], namespaces: [shop], selector: {}}\n  steps: [{action: EvictPod}]\n";
    validate("selector.yaml", no_selector, &["policy x", "match.selector", "empty"]);
    validate(
        "code.yaml",
        &policy("Enforce", "PodFoo"),
        &["policy x", "\"PodFoo\" is no check", "match.namespaces"],
    );
}

#[test]
fn show_prints_what_defaults_fill_in() {
    let path = file("show.yaml", HEAD).display().to_string();
    let ended = run(&["config", "show", &path, "-o", "json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let shown: serde_json::Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(shown["listen"]["api"], "0.0.0.0:8441");
    let again = file("shown.yaml", &run(&["config", "show", &path]).out).display().to_string();
    assert_eq!(run(&["config", "validate", &again]).code, 0, "what is shown can be used");
}

#[test]
fn every_example_can_be_used() {
    let mut examples: Vec<String> = ["examples", "examples/policies"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(in_tree(folder)).expect("examples are in the tree"))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml"))
        .map(|path| path.display().to_string())
        .collect();
    examples.sort();
    assert!(examples.len() >= 4, "{examples:?}");
    let arguments: Vec<&str> =
        ["config", "validate"].into_iter().chain(examples.iter().map(String::as_str)).collect();
    let ended = run(&arguments);
    assert_eq!(ended.code, 0, "{}", ended.err);
}
