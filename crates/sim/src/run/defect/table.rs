//! All defects: one for each rule of the governor, and for each checker that a rule's defect does
//! not reach.

use std::time::Duration;

use model::config::alerter::Lapse;

use super::{Defect, Wrong, call, hearing};
use crate::run::level;

/// All defects.
pub const TABLE: &[Defect] = &[
    defect("EmptyMeansNothing", "I10 odd policies", &[Wrong::Rule("EmptyMeansNothing")]),
    defect("ObserveByDefault", "I10 odd policies", &[Wrong::Rule("ObserveByDefault")]),
    defect("Fencing", "I9 partition", &[Wrong::Rule("Fencing")]),
    defect("Veto", "I16 brake", &[Wrong::Rule("Veto")]),
    defect("SelfProtection", "I13 own", &[Wrong::Rule("SelfProtection")]),
    defect("SomebodyReplacesIt", "I14 corrupted", &[Wrong::Rule("SomebodyReplacesIt")]),
    defect("FreshView", "I4 stale view", &[Wrong::Rule("FreshView")]),
    defect("OwnMarks", "I15 own marks", &[Wrong::Rule("OwnMarks")]),
    defect("OneActorPerTarget", "I15 one actor", &[Wrong::Rule("OneActorPerTarget")]),
    // The wait after a refusal is as long as that after any attempt.
    defect(
        "EvictionFirst",
        "I2 disruption budgets",
        &[Wrong::Rule("EvictionFirst"), Wrong::Rule("AttemptCap")],
    ),
    defect("AttemptCap", "I12 attempts", &[Wrong::Rule("AttemptCap")]),
    defect("OneIntent", "I6 one effect", &[Wrong::Rule("OneIntent")]),
    // What is over the monitor says first.
    defect(
        "ConditionStillTrue",
        "I4 stale view",
        &[Wrong::Rule("ConditionStillTrue"), Wrong::Post(hearing::no_end)],
    ),
    defect("CorrelatedFailure", "I11 mass failure", &[Wrong::Rule("CorrelatedFailure")]),
    defect("SmallPool", "I1 budget", &[Wrong::Rule("SmallPool")]),
    defect("Budget", "I1 budget", &[Wrong::Rule("Budget")]),
    defect("evictions without a UID", "I3 preconditions", &[Wrong::Effect(call::without_uid)]),
    defect("changes without a version", "I3 preconditions", &[Wrong::Effect(call::without_version)]),
    defect("deletions for evictions", "I2 disruption budgets", &[Wrong::Effect(call::delete_for_evict)]),
    defect("taints of others removed", "I15 own marks", &[Wrong::Effect(call::without_others_taints)]),
    defect("effects sent twice", "I6 one effect", &[Wrong::Twice]),
    defect("intents under an old epoch", "I7 leader", &[Wrong::Record(call::intend_under_the_first_epoch)]),
    defect("troubles ever new", "I8 quiescence", &[Wrong::Post(hearing::ever_new)]),
    defect("marks left behind", "liveness", &[Wrong::Effect(call::release_nothing)]),
    defect("lists never made anew", level::ORACLE, &[Wrong::Trusting]),
    defect("messages lost", "held pages", &[Wrong::MessagesLost]),
    defect("messages twice", "duplicates", &[Wrong::MessagesTwice]),
    defect("acknowledgements unheard", "acknowledged", &[Wrong::Post(hearing::no_acknowledgement)]),
    defect(
        "silence taken for an end",
        "dead sender",
        &[Wrong::Alerter(|config| {
            config.episodes.lapse = Lapse::Resolve;
        })],
    ),
    // A healer that falls silent would end its hold, too.
    defect(
        "failures unheard",
        "hand over",
        &[
            Wrong::Post(hearing::only_beginnings),
            Wrong::Alerter(|config| config.holds.silence.0 = Duration::from_hours(1)),
        ],
    ),
];

const fn defect(name: &'static str, noticed_by: &'static str, wrongs: &'static [Wrong]) -> Defect {
    Defect { name, noticed_by, wrongs }
}
