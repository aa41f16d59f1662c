//! `docs/healing.md` names every rule and action, and its examples are read like any user's files.

use std::path::Path;

use model::config::healer::HealerConfig;
use model::policy::ActionName;

fn page() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/healing.md");
    std::fs::read_to_string(page).unwrap()
}

fn example(name: &str) -> String {
    let page = page();
    let start = format!("```yaml {name}\n");
    let rest = page.split_once(&start).unwrap_or_else(|| panic!("no example of {name}")).1;
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_examples_are_fit_for_use() {
    let policies = healer::validate_policies("policy.yaml", &example("policy.yaml"), "seaworthy").unwrap();
    assert_eq!(policies, [("restart-what-hangs".to_owned(), vec![])]);
    let config = HealerConfig::parse("healer.yaml", &example("healer.yaml")).unwrap();
    assert_eq!(config, HealerConfig::default(), "the page says that these are the defaults");
}

#[test]
fn every_rule_is_told_in_the_order_it_is_asked_and_every_action() {
    let page = page();
    let rows = |of: &str| {
        let section = page.split_once(&format!("\n## {of}\n")).expect("it is there").1;
        let section = section.split("\n## ").next().unwrap_or_default();
        let first = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned());
        section.lines().filter_map(first).collect::<Vec<_>>()
    };
    assert_eq!(rows("Rules"), healer::governor::rules::TABLE.map(|rule| rule.name));
    assert_eq!(rows("Actions"), ActionName::ALL.map(ActionName::as_str));
}
