//! What people are told, and when.

use super::*;

#[test]
fn pages_are_told_once_and_not_after_an_acknowledgement() {
    let late = limits().hold + limits().delivery + Duration::from_secs(1);
    expect(&["held pages"], |play| {
        play.post(None);
        play.pass(late.as_secs());
    });
    // It crashed, and did not find the trouble any more when it was back: nobody needs to hear of it.
    for (is_back, expected) in [(true, &[][..]), (false, &["held pages"])] {
        expect(expected, |play| {
            play.post(None);
            play.pass(600);
            if is_back {
                play.post_of(json!([]));
            }
            play.pass(late.as_secs());
        });
    }
    expect(&[], |play| {
        play.post(None);
        play.pass(60);
        play.message("firing");
        play.pass(late.as_secs());
    });
    expect(&["duplicates"], |play| {
        play.post(None);
        play.message("firing");
        play.pass(60);
        play.message("firing");
    });
    for (is_back, expected) in [(true, &[][..]), (false, &["duplicates"])] {
        expect(expected, |play| {
            play.post(None);
            play.message("firing");
            play.pass(60);
            play.post(Some("healthy"));
            play.message("resolved");
            play.pass(60);
            if is_back {
                play.post(None);
            }
            play.message("firing");
            play.pass(60);
        });
    }
    expect(&[], |play| {
        play.post(None);
        play.message("firing");
        play.see(What::Life(Life { service: "alerter".to_owned(), turn: Turn::Crashed }));
        play.message("firing");
    });
    expect(&["acknowledged"], |play| {
        play.post(None);
        play.see(What::Acknowledged("Deployment/shop/web".to_owned(), "PodRunningNotReady".to_owned()));
        play.pass(60);
        play.message("firing");
    });
}

#[test]
fn what_is_critical_is_told_to_those_who_are_told_of_that() {
    let late = limits().hold + limits().delivery + Duration::from_secs(1);
    for (is_paged, expected) in [(true, &[][..]), (false, &["held pages"])] {
        expect(expected, |play| {
            play.post(None);
            play.message("firing");
            play.pass(600);
            play.post_as("critical", None);
            if is_paged {
                play.message_to("pager", "firing");
            }
            play.pass(late.as_secs());
            play.node("n1", true, &[]);
        });
    }
}

#[test]
fn who_was_told_that_it_fires_is_told_that_it_is_over() {
    let receivers = ["hook", "pager"];
    for (told, expected) in [(&receivers[..], &[][..]), (&receivers[..1], &["held pages"])] {
        expect(expected, |play| {
            play.post_as("critical", None);
            for receiver in receivers {
                play.message_to(receiver, "firing");
            }
            play.pass(60);
            play.post(Some("healthy"));
            for receiver in told {
                play.message_to(receiver, "resolved");
            }
            play.pass(3600);
            play.node("n1", true, &[]);
        });
    }
}

#[test]
fn silence_is_no_recovery() {
    expect(&["dead sender"], |play| {
        play.post(None);
        play.message("firing");
        play.pass(600);
        play.message("resolved");
    });
    expect(&[], |play| {
        play.post(None);
        play.message("firing");
        play.pass(600);
        play.post(Some("healthy"));
        play.message("resolved");
    });
}

#[test]
fn what_is_given_up_is_told_at_once() {
    let play_up_to = |phase: &str, play: &mut Play| {
        play.post(None);
        play.intend_web(&["w1"]);
        play.end("r-1", "Deployment/shop/web", "w1", phase);
        play.pass(limits().delivery.as_secs() + 1);
        play.node("n1", true, &[]);
    };
    expect(&["hand over"], |play| play_up_to("Escalated", play));
    expect(&[], |play| play_up_to("Verifying", play));
}
