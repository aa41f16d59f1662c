//! The simulator held against the real cluster: what came of each scenario on both, as a table.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Result, anyhow, ensure};

use crate::record::Record;
use crate::scenario::{Counterpart, Scenario};

/// What is said of a scenario that came to the same on both.
const ALIKE: &str = "alike";

/// What came of scenarios.
#[derive(Default)]
pub struct Truth {
    real: BTreeMap<&'static str, Record>,
    simulated: BTreeMap<&'static str, Record>,
}

impl Truth {
    /// What came of a scenario on the real cluster.
    pub fn real(&mut self, name: &'static str, record: Record) {
        self.real.insert(name, record);
    }

    /// Plays a scenario on a simulated cluster, if it has a counterpart; an error if it does not end
    /// well there, or came to something else on the real cluster.
    pub fn simulate(&mut self, scenario: &Scenario) -> Option<Result<()>> {
        let Counterpart::Played(play) = scenario.counterpart else { return None };
        let record = match simulate(scenario.name, play) {
            Ok(record) => record,
            Err(error) => return Some(Err(error)),
        };
        let differences = self.real.get(scenario.name).map(|real| record.differs_from(real));
        self.simulated.insert(scenario.name, record);
        Some(match differences.unwrap_or_default() {
            none if none.is_empty() => Ok(()),
            differences => Err(anyhow!("simulated and real: {}", differences.join("\n"))),
        })
    }

    /// The comparison. Where a real cluster was not asked, it is taken to agree.
    pub fn table(&self, scenarios: &[Scenario]) -> String {
        let mut table =
            "| Scenario | Decided, in order | Told, simulated | In the end | |\n|---|---|---|---|---|\n"
                .to_owned();
        for Scenario { name, .. } in scenarios {
            let Some(record) = self.simulated.get(name) else { continue };
            let differs = self.real.get(name).is_some_and(|real| !record.differs_from(real).is_empty());
            let verdict = if differs { "**differs**" } else { ALIKE };
            let ended = record.end.iter().map(|(object, how)| format!("{object}: {how}"));
            let (decided, told, ended) = (listed(&record.decided), listed(&record.told), lines(ended));
            let _ = writeln!(table, "| `{name}` | {decided} | {told} | {ended} | {verdict} |");
        }
        table.push_str("\n| Scenario | Why it is played on the real cluster alone |\n|---|---|\n");
        for scenario in scenarios {
            if let Counterpart::None(reason) = scenario.counterpart {
                let _ = writeln!(table, "| `{}` | {reason} |", scenario.name);
            }
        }
        table
    }

    /// An error if a page does not hold the table.
    pub fn check(&self, scenarios: &[Scenario], page: &str) -> Result<()> {
        let table = self.table(scenarios);
        let missing = table.lines().find(|line| !page.lines().any(|own| own == *line));
        ensure!(
            missing.is_none(),
            "docs/truth.md lacks this line of the table above: {}",
            missing.unwrap_or("")
        );
        Ok(())
    }
}

fn listed(parts: &BTreeMap<String, Vec<String>>) -> String {
    lines(parts.iter().map(|(about, steps)| format!("{about}: {}", steps.join(", "))))
}

fn lines(parts: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = parts.collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join("<br>") }
}

/// Plays a counterpart in a runtime on virtual time.
fn simulate(name: &'static str, play: crate::scenario::Simulate) -> Result<Record> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(async {
        let simulated = play(name).await?;
        let record = simulated.record().await;
        simulated.end().await;
        record
    })
}
