//! What is drawn at which size, and what the keys do.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use model::issue::Resolution;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;
use serde_json::json;

use super::keys::Command;
use super::state::{Moment, Overlay, Pane};
use super::wrap::wrap;
use super::{Look, State, draw};
use crate::story::fixture::{Bench, attempt, held};
use crate::visit::Visit;

const PLAIN: Look = Look { has_colours: false, has_unicode: false };
const MOMENT: Moment = Moment { now: Duration::from_secs(90), speed: 20.0 };

/// A story with something of everything.
fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.chapter(2, "hang", true);
    bench.issue(32, "Deployment/shop/web", "PodRunningNotReady", None);
    bench.remediation(
        34,
        "r-web",
        "Deployment/shop/web",
        "PodRunningNotReady",
        &json!({"phase": "Verifying",
        "attempts": [attempt(1, "EvictPod", "Pod/web-1", "Happened", "Happened")]}),
    );
    bench.over(50, "Deployment/shop/web", "PodRunningNotReady", Resolution::Healthy);
    bench.remediation(
        52,
        "r-web",
        "Deployment/shop/web",
        "PodRunningNotReady",
        &json!({"phase": "Succeeded",
        "attempts": [attempt(1, "EvictPod", "Pod/web-1", "Settled", "Helped")]}),
    );
    bench.chapter(60, "zone", true);
    bench.node("b-01", "zone-b", "Unknown", true);
    bench.node("a-02", "zone-a", "Unknown", false);
    bench.issue(70, "Node/b-01", "NodeUnreachable", None);
    bench.issue(71, "Node/a-02", "NodeUnreachable", None);
    bench.issue(72, "Deployment/shop/cart", "PodRunningNotReady", Some(("Node/b-01", "NodeUnreachable")));
    bench.remediation(73, "r-b", "Node/b-01", "NodeUnreachable", &json!({"phase": "Verifying"}));
    let reason = "4 nodes of zone zone-a are disrupted, 4 at once allowed (20%)";
    bench.remediation(74, "r-a", "Node/a-02", "NodeUnreachable", &held("Budget", reason));
    bench.message(
        75,
        "firing",
        "NodeUnreachable",
        &["Node/a-02", "Node/b-01"],
        &format!("Deferred by Budget: {reason}"),
    );
    bench.issue(80, "Deployment/pay/payments", "PodRunningNotReady", None);
    bench.remediation(
        81,
        "r-pay",
        "Deployment/pay/payments",
        "PodRunningNotReady",
        &json!({"phase": "AwaitingApproval"}),
    );
    bench
}

/// As it is shown: others can come in.
fn shown() -> State {
    let folder = "/tmp/seaworthy-demo-40123";
    let visit =
        Visit { env: format!("{folder}/env").into(), kubeconfig: format!("{folder}/kubeconfig").into() };
    State { visit: Some(visit), ..State::default() }
}

fn drawn(width: u16, height: u16, state: &mut State, look: Look) -> TestBackend {
    let story = bench().story;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, &story, state, MOMENT, look)).unwrap();
    terminal.backend().clone()
}

#[test]
fn the_picture_at_every_size() {
    for (width, height) in [(40, 10), (80, 24), (120, 40), (200, 60)] {
        let backend = drawn(width, height, &mut shown(), PLAIN);
        insta::assert_snapshot!(format!("{width}x{height}"), backend);
    }
}

#[test]
fn what_befalls_and_what_to_look_for_fit_the_smallest_screen() {
    const LINES: usize = 4;
    const WIDTH: usize = 42;
    let lines = |text| wrap(text, WIDTH, usize::MAX, "..").len();
    let all = crate::chapters::ALL.into_iter();
    let long = all.filter(|own| lines(own.befalls) + lines(own.look_for) > LINES).map(|own| own.name);
    assert_eq!(long.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn nothing_but_letters_and_no_colour_where_that_is_all_there_is() {
    for overlay in [None, Some(Overlay::Help(0))] {
        let mut state = State { overlay, ..State::default() };
        let backend = drawn(120, 40, &mut state, PLAIN);
        for cell in backend.buffer().content() {
            assert!(cell.symbol().is_ascii(), "{:?}", cell.symbol());
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
        }
    }
}

#[test]
fn every_size_is_drawn_somehow() {
    let look = Look { has_colours: true, has_unicode: true };
    for (width, height) in
        [(1, 1), (79, 24), (80, 23), (81, 25), (109, 24), (110, 24), (159, 35), (160, 24), (300, 100)]
    {
        for overlay in [None, Some(Overlay::Help(0)), Some(Overlay::Why("one\n  two\n".repeat(90), 999))] {
            drawn(width, height, &mut State { overlay, ..State::default() }, look);
        }
    }
}

#[test]
fn the_answer_to_why_lies_over_the_rest() {
    let mut state = State { focus: Pane::Troubles, trouble: 1, ..State::default() };
    assert_eq!(press(&mut state, KeyCode::Enter), None);
    let backend = drawn(80, 24, &mut state, PLAIN);
    insta::assert_snapshot!("why", backend);
}

#[test]
fn the_help_tells_every_key() {
    let backend = drawn(80, 24, &mut State { overlay: Some(Overlay::Help(0)), ..shown() }, PLAIN);
    insta::assert_snapshot!("help", backend);
}

#[test]
fn the_help_is_scrolled_no_further_than_it_goes_and_any_other_key_leaves_it() {
    let mut state = State { overlay: Some(Overlay::Help(0)), ..shown() };
    for _ in 0..9 {
        press(&mut state, KeyCode::PageDown);
        drawn(80, 24, &mut state, PLAIN);
    }
    let Some(Overlay::Help(row)) = state.overlay else { panic!("it is there still") };
    assert!((1..20).contains(&row), "{row}");
    press(&mut state, KeyCode::Char('x'));
    assert_eq!(state.overlay, None);
}

#[test]
fn how_to_come_in_is_shown_at_every_size_and_whatever_has_the_focus() {
    for (width, height) in [(80, 24), (109, 24), (110, 24), (120, 40), (160, 24), (200, 60)] {
        for focus in [Pane::Troubles, Pane::Diary, Pane::Letters] {
            let backend = drawn(width, height, &mut State { focus, ..shown() }, PLAIN);
            let text = backend.to_string();
            assert!(text.contains("KUBECONFIG=/tmp/seaworthy-demo-40123/kubeconfig   ? "), "{text}");
        }
    }
}

fn press(state: &mut State, code: KeyCode) -> Option<Command> {
    state.press(KeyEvent::new(code, KeyModifiers::NONE), &bench().story, MOMENT)
}

#[test]
fn keys_do_what_the_help_says() {
    let letter = KeyCode::Char;
    for (code, expected) in [
        (letter('q'), Some(Command::Quit)),
        (letter('1'), Some(Command::Begin(0))),
        (letter('8'), Some(Command::Begin(7))),
        (letter('9'), None),
        (letter('+'), Some(Command::Speed(50.0))),
        (letter('-'), Some(Command::Speed(10.0))),
        (letter(' '), Some(Command::Speed(0.0))),
        (letter('a'), Some(Command::Decide("r-pay".into(), true))),
        (letter('x'), Some(Command::Decide("r-pay".into(), false))),
        (letter('z'), None),
    ] {
        assert_eq!(press(&mut State::default(), code), expected, "{code:?}");
    }
    let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    let mut typing = State { is_typing: true, ..State::default() };
    assert_eq!(typing.press(interrupt, &bench().story, MOMENT), Some(Command::Quit), "at any moment");
}

#[test]
fn a_key_whose_work_is_not_seen_says_what_it_came_to() {
    let foot = |state: &mut State| {
        let text = drawn(80, 24, state, PLAIN).to_string();
        let line = text.lines().last().unwrap().trim_matches([' ', '"']);
        line.split("   ?").next().unwrap().to_owned()
    };
    let mut state = State::default();
    let keys = foot(&mut state);
    press(&mut state, KeyCode::Char('a'));
    assert_eq!(foot(&mut state), "approved: Deployment/pay/payments");
    press(&mut state, KeyCode::Char('9'));
    assert_eq!(foot(&mut state), "there are 8 things to break");
    press(&mut state, KeyCode::Tab);
    assert_eq!(foot(&mut state), keys, "until the next key");
    let (quiet, standing) = (Bench::new().story, Moment { speed: 0.0, ..MOMENT });
    assert_eq!(state.press(KeyEvent::from(KeyCode::Char('x')), &quiet, standing), None);
    assert_eq!(foot(&mut state), "nothing waits for a decision");
    state.press(KeyEvent::from(KeyCode::Char('x')), &bench().story, standing);
    assert_eq!(foot(&mut state), "rejected: Deployment/pay/payments, to be seen when time goes on (space)");
}

#[test]
fn what_was_paused_goes_on_as_fast_as_before() {
    let mut state = State::default();
    assert_eq!(press(&mut state, KeyCode::Char(' ')), Some(Command::Speed(0.0)));
    let (key, standing) = (KeyEvent::from(KeyCode::Char(' ')), Moment { speed: 0.0, ..MOMENT });
    assert_eq!(state.press(key, &bench().story, standing), Some(Command::Speed(20.0)));
}

#[test]
fn a_filter_lets_through_what_contains_it() {
    let mut state = State::default();
    press(&mut state, KeyCode::Char('/'));
    for letter in "budget".chars() {
        assert_eq!(press(&mut state, KeyCode::Char(letter)), None);
    }
    press(&mut state, KeyCode::Enter);
    let story = bench().story;
    let kinds: Vec<_> = state.entries(&story).iter().map(|entry| entry.kind.word()).collect();
    assert_eq!(kinds, ["held", "paged"]);
    press(&mut state, KeyCode::Esc);
    assert!(state.entries(&story).len() > kinds.len());
}

#[test]
fn one_moves_within_what_there_is() {
    let mut state = State::default();
    press(&mut state, KeyCode::Home);
    assert_eq!(state.entry, bench().story.diary().entries().len() - 1);
    press(&mut state, KeyCode::End);
    press(&mut state, KeyCode::Down);
    assert_eq!(state.entry, 0);
    press(&mut state, KeyCode::Up);
    assert_eq!(state.entry, 1);
    press(&mut state, KeyCode::Tab);
    assert_eq!(state.focus, Pane::Letters);
}
