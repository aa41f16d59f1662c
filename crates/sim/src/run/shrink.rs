//! Makes a failing plan smaller, as long as the same promise is broken: fewer faults, fewer
//! workloads, fewer nodes, shorter.

use super::plan::Plan;

/// Most plans that are tried: a small plan takes less than a second.
const TRIES_MAX: usize = 40;

/// The smallest plan found for which `still_fails`, and how many were tried.
pub fn shrink(plan: &Plan, mut still_fails: impl FnMut(&Plan) -> bool) -> (Plan, usize) {
    let (mut best, mut tried) = (plan.clone(), 0);
    loop {
        let smaller = candidates(&best).into_iter().find(|candidate| {
            let is_worth_it = tried < TRIES_MAX;
            tried += usize::from(is_worth_it);
            is_worth_it && still_fails(candidate)
        });
        match smaller {
            Some(smaller) => best = smaller,
            None => return (best, tried),
        }
    }
}

/// Plans that are a step smaller, the greatest steps first.
fn candidates(plan: &Plan) -> Vec<Plan> {
    let with = |change: &dyn Fn(&mut Plan)| {
        let mut smaller = plan.clone();
        change(&mut smaller);
        smaller
    };
    let mut all = Vec::new();
    let faults = plan.faults.len();
    if faults > 3 {
        all.push(with(&|plan| plan.faults.truncate(faults / 2)));
        all.push(with(&|plan| drop(plan.faults.drain(..faults / 2))));
    }
    all.extend((0..faults).map(|index| with(&|plan| drop(plan.faults.remove(index)))));
    if plan.workloads.len() > 1 {
        all.extend((0..plan.workloads.len()).map(|index| with(&|plan| drop(plan.workloads.remove(index)))));
    }
    if plan.nodes > 3 {
        // Faults of nodes that are not there do nothing.
        all.push(with(&|plan| plan.nodes = (plan.nodes / 2).max(3)));
        all.push(with(&|plan| plan.nodes -= 1));
    }
    let last = plan.faults.iter().map(|fault| fault.at_s + fault.lasts_s).max().unwrap_or(0);
    if last + 60 < plan.storm_s {
        all.push(with(&|plan| plan.storm_s = last + 60));
    }
    all.extend(
        (0..faults)
            .filter(|index| plan.faults[*index].lasts_s > 120)
            .map(|index| with(&|plan| plan.faults[index].lasts_s /= 2)),
    );
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_goes() {
        let mut plan = Plan::draw(3);
        plan.nodes = 9;
        let wanted = plan.faults[0].clone();
        let (small, _) = shrink(&plan, |plan| plan.faults.iter().any(|fault| fault.name == wanted.name));
        assert_eq!((small.faults.len(), small.nodes, small.workloads.len()), (1, 3, 1));
        assert_eq!(small.faults[0].name, wanted.name);
    }

    #[test]
    fn what_does_not_fail_any_smaller_stays() {
        let plan = Plan::draw(3);
        assert_eq!(shrink(&plan, |_| false).0, plan);
    }
}
