//! From the file as it is written to settings that hold together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use model::config::alerter::AlerterConfig;

use super::file::{File, Global, InhibitRule, Route as FileRoute};
use super::{Error, Policy, PromDuration, Settings, Source, TemplateFile};
use crate::receivers::{self, Receiver};
use crate::rules::inhibition::Rule;
use crate::rules::intervals::Interval;
use crate::rules::matchers::{Matcher, Operator, parse_all};
use crate::rules::routing::{GroupBy, Route, Tree, key};
use crate::templates::Library;

/// Alertmanager's defaults.
const RESOLVE_TIMEOUT: PromDuration = PromDuration::from_secs(5 * 60);
const GROUP_WAIT: SignedDuration = SignedDuration::from_secs(30);
const GROUP_INTERVAL: SignedDuration = SignedDuration::from_mins(5);
const REPEAT_INTERVAL: SignedDuration = SignedDuration::from_hours(4);

/// Nested routes: far more than a person keeps in mind, far less than the stack holds.
const DEPTH_MAX: usize = 32;

/// A place in the file and what is wrong there.
type Problem = (String, String);

/// What receivers are checked with.
#[derive(Debug)]
pub struct Context<'a> {
    /// What holds for all receivers.
    pub global: &'a Global,
    /// All templates.
    pub library: &'a Library,
    /// How long one attempt may take.
    pub timeout: std::time::Duration,
    /// Where relative paths begin.
    pub folder: &'a Path,
}

impl Context<'_> {
    /// A path of the file, made absolute.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// A secret's source with its path made absolute.
    pub fn source(&self, source: Source) -> Source {
        match source {
            Source::File(path) => Source::File(self.path(&path)),
            inline @ Source::Inline(_) => inline,
        }
    }
}

pub(super) fn settle(
    file: &str,
    parsed: &File,
    templates: &[TemplateFile],
    folder: &Path,
    config: &AlerterConfig,
    hash: String,
) -> Result<Settings, Error> {
    let wrong = |(place, problem): Problem| Error::Wrong { file: file.to_owned(), place, problem };
    refuse_unsupported(parsed).map_err(wrong)?;
    let library = Library::new(templates).map_err(|error| wrong(("templates".into(), error.to_string())))?;
    let global = parsed.global.clone().unwrap_or_default();
    let policy = Policy::new(config);
    let timeout = config.delivery.timeout.0;
    let context = Context { global: &global, library: &library, timeout, folder };
    let receivers = receivers(parsed, &context).map_err(wrong)?;
    let intervals = intervals(parsed).map_err(wrong)?;
    let tree = tree(parsed, &receivers, &intervals).map_err(wrong)?;
    let rules = parsed.inhibit_rules.iter().enumerate();
    let inhibit_rules = rules.map(|(index, rule)| inhibit_rule(index, rule)).collect::<Result<_, _>>();
    let original = serde_saphyr::to_string(parsed)
        .map_err(|error| wrong(("the file".into(), format!("cannot be written back: {error}"))))?;
    Ok(Settings {
        hash,
        resolve_timeout: global.resolve_timeout.unwrap_or(RESOLVE_TIMEOUT).signed(),
        external_url: config.external_url.trim_end_matches('/').to_owned(),
        inhibit_rules: inhibit_rules.map_err(wrong)?,
        tree,
        receivers,
        intervals,
        policy,
        original,
    })
}

fn refuse_unsupported(parsed: &File) -> Result<(), Problem> {
    for (key, value) in [("tracing", &parsed.tracing), ("event_recorder", &parsed.event_recorder)] {
        if let Some(value) = value {
            let place = format!("{key} (line {})", value.referenced.line());
            return Err((place, "not supported: remove it, our own traces are configured elsewhere".into()));
        }
    }
    for (index, receiver) in parsed.receivers.iter().enumerate() {
        if let Some((kind, line)) = receiver.unsupported() {
            let place = format!("receivers[{index}] ({}).{kind} (line {line})", receiver.name);
            let kinds: Vec<&str> = receivers::TABLE.iter().map(|kind| kind.key).collect();
            return Err((place, format!("not supported yet: use {}", kinds.join(", "))));
        }
    }
    Ok(())
}

fn receivers(parsed: &File, context: &Context<'_>) -> Result<BTreeMap<String, Receiver>, Problem> {
    let mut receivers = BTreeMap::new();
    for (index, receiver) in parsed.receivers.iter().enumerate() {
        let place = format!("receivers[{index}] ({})", receiver.name);
        if receiver.name.is_empty() {
            return Err((place, "a receiver needs a name".into()));
        }
        let built = receivers::build(receiver, context)
            .map_err(|(kind, problem)| (format!("{place}.{kind}"), problem))?;
        if receivers.insert(receiver.name.clone(), built).is_some() {
            return Err((place, format!("the name {:?} is used twice", receiver.name)));
        }
    }
    Ok(receivers)
}

fn intervals(parsed: &File) -> Result<BTreeMap<String, Vec<Interval>>, Problem> {
    let mut intervals = BTreeMap::new();
    let all = parsed.mute_time_intervals.iter().map(|interval| ("mute_time_intervals", interval));
    for (list, interval) in all.chain(parsed.time_intervals.iter().map(|i| ("time_intervals", i))) {
        let place = format!("{list} ({})", interval.name);
        let times: Result<Vec<Interval>, String> =
            interval.time_intervals.iter().map(Interval::new).collect();
        let times = times.map_err(|problem| (place.clone(), problem))?;
        if interval.name.is_empty() {
            return Err((place, "a time interval needs a name".into()));
        }
        if intervals.insert(interval.name.clone(), times).is_some() {
            return Err((place, "the name is used twice".into()));
        }
    }
    Ok(intervals)
}

struct Tables<'a> {
    receivers: &'a BTreeMap<String, Receiver>,
    intervals: &'a BTreeMap<String, Vec<Interval>>,
}

fn tree(
    parsed: &File,
    receivers: &BTreeMap<String, Receiver>,
    intervals: &BTreeMap<String, Vec<Interval>>,
) -> Result<Tree, Problem> {
    let Some(root) = &parsed.route else {
        return Err(("route".into(), "no route: every alert needs one to a receiver".into()));
    };
    check_root(root).map_err(|problem| ("route".to_owned(), problem.to_owned()))?;
    let mut routes = Vec::new();
    add_route(&mut routes, None, root, "route", &Tables { receivers, intervals })?;
    Ok(Tree::new(routes))
}

fn check_root(root: &FileRoute) -> Result<(), &'static str> {
    if root.receiver.as_deref().is_none_or(str::is_empty) {
        return Err("the root route has no receiver: name one, it gets what no other route takes");
    }
    if !root.equal.is_empty() || !root.match_re.is_empty() || !root.matchers.is_empty() {
        return Err("the root route takes every alert and may have no matchers: put them on a route below");
    }
    if root.goes_on {
        return Err("the root route has no siblings to continue to: remove `continue`");
    }
    if !root.mute_time_intervals.is_empty() || !root.active_time_intervals.is_empty() {
        return Err("the root route may have no time intervals: put them on a route below");
    }
    Ok(())
}

fn add_route(
    routes: &mut Vec<Route>,
    parent: Option<usize>,
    route: &FileRoute,
    place: &str,
    tables: &Tables<'_>,
) -> Result<usize, Problem> {
    if place.matches(".routes[").count() > DEPTH_MAX {
        return Err((place.to_owned(), format!("routes are nested more than {DEPTH_MAX} deep")));
    }
    let built = build_route(parent.map(|parent| &routes[parent]), route, tables)
        .map_err(|problem| (place.to_owned(), problem))?;
    let index = routes.len();
    routes.push(built);
    for (number, child) in route.routes.iter().enumerate() {
        let child = add_route(routes, Some(index), child, &format!("{place}.routes[{number}]"), tables)?;
        routes[index].children.push(child);
    }
    Ok(index)
}

fn build_route(parent: Option<&Route>, route: &FileRoute, tables: &Tables<'_>) -> Result<Route, String> {
    let receiver = route.receiver.clone().filter(|name| !name.is_empty());
    let receiver = receiver.or_else(|| parent.map(|parent| parent.receiver.clone())).unwrap_or_default();
    if !tables.receivers.contains_key(&receiver) {
        return Err(format!("receiver {receiver:?} is not defined under receivers"));
    }
    for name in route.mute_time_intervals.iter().chain(&route.active_time_intervals) {
        if !tables.intervals.contains_key(name) {
            return Err(format!("time interval {name:?} is not defined under time_intervals"));
        }
    }
    for (key, duration) in
        [("group_interval", route.group_interval), ("repeat_interval", route.repeat_interval)]
    {
        if duration == Some(PromDuration(0)) {
            return Err(format!("{key} cannot be zero"));
        }
    }
    if !route.labels.is_empty() {
        return Err("labels: not supported yet, templates would not find them: remove them".to_owned());
    }
    let matchers = matchers(&route.equal, &route.match_re, &route.matchers, "matchers")?;
    let inherited = |own: Option<PromDuration>, of: fn(&Route) -> SignedDuration, default| {
        own.map(PromDuration::signed).or_else(|| parent.map(of)).unwrap_or(default)
    };
    Ok(Route {
        key: key(parent, &matchers),
        matchers,
        goes_on: route.goes_on,
        receiver,
        group_by: group_by(route, parent)?,
        group_wait: inherited(route.group_wait, |route| route.group_wait, GROUP_WAIT),
        group_interval: inherited(route.group_interval, |route| route.group_interval, GROUP_INTERVAL),
        repeat_interval: inherited(route.repeat_interval, |route| route.repeat_interval, REPEAT_INTERVAL),
        mute_time_intervals: route.mute_time_intervals.clone(),
        active_time_intervals: route.active_time_intervals.clone(),
        children: Vec::new(),
    })
}

fn group_by(route: &FileRoute, parent: Option<&Route>) -> Result<GroupBy, String> {
    let Some(names) = &route.group_by else {
        return Ok(parent.map_or(GroupBy::Labels(BTreeSet::new()), |parent| parent.group_by.clone()));
    };
    if names.iter().any(|name| name == "...") {
        return match names.len() {
            1 => Ok(GroupBy::All),
            _ => Err("group_by: `...` stands for all labels and cannot have others beside it".to_owned()),
        };
    }
    let mut labels = BTreeSet::new();
    for name in names {
        if name.is_empty() {
            return Err("group_by: a label's name cannot be empty".to_owned());
        }
        if !labels.insert(name.clone()) {
            return Err(format!("group_by: {name:?} twice"));
        }
    }
    Ok(GroupBy::Labels(labels))
}

fn matchers(
    equal: &BTreeMap<String, String>,
    regex: &BTreeMap<String, String>,
    texts: &[String],
    key: &str,
) -> Result<Vec<Matcher>, String> {
    let older = equal.iter().map(|pair| (Operator::Equal, pair));
    let older = older.chain(regex.iter().map(|pair| (Operator::Regex, pair)));
    let mut matchers = older
        .map(|(operator, (name, value))| Matcher::new(name, operator, value))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| error.to_string())?;
    for (index, text) in texts.iter().enumerate() {
        matchers.extend(parse_all(text).map_err(|error| format!("{key}[{index}]: {error}"))?);
    }
    matchers.sort();
    Ok(matchers)
}

fn inhibit_rule(index: usize, rule: &InhibitRule) -> Result<Rule, Problem> {
    let place = |problem: String| match problem.split_once(": ") {
        Some((key, rest)) if key.contains('[') => (format!("inhibit_rules[{index}].{key}"), rest.to_owned()),
        _ => (format!("inhibit_rules[{index}]"), problem),
    };
    let source =
        matchers(&rule.source_match, &rule.source_match_re, &rule.source_matchers, "source_matchers");
    let target =
        matchers(&rule.target_match, &rule.target_match_re, &rule.target_matchers, "target_matchers");
    Ok(Rule {
        name: rule.name.clone(),
        source: source.map_err(place)?,
        target: target.map_err(place)?,
        equal: rule.equal.clone(),
    })
}
