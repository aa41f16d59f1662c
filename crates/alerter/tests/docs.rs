//! The examples in `docs/alerting.md` are read like any user's files.

use std::path::Path;

use model::config::alerter::AlerterConfig;

fn example(name: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/alerting.md");
    let page = std::fs::read_to_string(page).unwrap();
    let start = format!("```yaml {name}\n");
    let rest = page.split_once(&start).unwrap_or_else(|| panic!("no example of {name}")).1;
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_examples_are_fit_for_use() {
    let config = AlerterConfig::parse("alerter.yaml", &example("alerter.yaml")).unwrap();
    let text = example("alertmanager.yml");
    let parsed = alerter::configuration::parse("alertmanager.yml", &text).unwrap();
    let settings =
        alerter::configuration::settle("alertmanager.yml", &parsed, &[], Path::new("/"), &config).unwrap();
    assert_eq!(settings.receivers.len(), 2);
    let defaults = AlerterConfig::new("alertmanager.yml");
    let same = (&config.holds, &config.episodes, &config.delivery, &config.store);
    assert_eq!(same, (&defaults.holds, &defaults.episodes, &defaults.delivery, &defaults.store));
}
