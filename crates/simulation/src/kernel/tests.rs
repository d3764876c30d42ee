//! The machine alone: time, death, standing still, letters, the order of those who are ready.

use super::{Home, Kernel, Label, Stopped, letter};
use crate::tape::Tape;
use std::sync::{Arc, Mutex};

const NODE: Home = Home::Node { node: 0, life: 1 };

fn log() -> (Arc<Mutex<Vec<String>>>, impl Fn(&str) + Clone) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&lines);
    (lines, move |line: &str| into.lock().unwrap().push(line.to_owned()))
}

#[test]
fn time_goes_from_event_to_event() {
    let kernel = Kernel::new(Tape::of_seed(1));
    let (lines, say) = log();
    for (name, micros) in [("late", 20), ("soon", 10)] {
        let (kernel_of, say) = (Arc::clone(&kernel), say.clone());
        kernel.spawn(Home::Outside, Label::default(), async move {
            kernel_of.sleep(micros).await;
            say(&format!("{name} {}", kernel_of.now()));
        });
    }
    assert_eq!(kernel.run(i64::MAX, || false), Stopped::Idle);
    assert_eq!(*lines.lock().unwrap(), ["soon 10", "late 20"]);
}

#[test]
fn a_node_that_dies_takes_its_tasks_with_it_wherever_they_wait() {
    let kernel = Kernel::new(Tape::of_seed(1));
    let (lines, say) = log();
    for (home, name) in [(NODE, "node"), (Home::Outside, "outside")] {
        let (kernel_of, say) = (Arc::clone(&kernel), say.clone());
        kernel.spawn(home, Label::default(), async move {
            say(&format!("{name} begins"));
            kernel_of.sleep(10).await;
            if name == "node" {
                kernel_of.kill(NODE);
            }
            kernel_of.sleep(10).await;
            say(&format!("{name} ends"));
        });
    }
    kernel.run(i64::MAX, || false);
    let mut lines = lines.lock().unwrap().clone();
    lines.sort();
    assert_eq!(lines, ["node begins", "outside begins", "outside ends"]);
}

#[test]
fn who_is_held_goes_on_later() {
    let kernel = Kernel::new(Tape::of_seed(1));
    let (lines, say) = log();
    let kernel_of = Arc::clone(&kernel);
    kernel.spawn(NODE, Label::default(), async move {
        kernel_of.sleep(10).await;
        say(&kernel_of.now().to_string());
    });
    kernel.hold(NODE, 1_000);
    kernel.run(i64::MAX, || false);
    assert_eq!(*lines.lock().unwrap(), ["1010"]);
}

#[test]
fn who_was_held_and_is_let_go_goes_on_at_once() {
    let kernel = Kernel::new(Tape::of_seed(1));
    let (lines, say) = log();
    let kernel_of = Arc::clone(&kernel);
    kernel.spawn(NODE, Label::default(), async move {
        for micros in [10, 300] {
            kernel_of.sleep(micros).await;
            say(&kernel_of.now().to_string());
        }
    });
    kernel.run(5, || false);
    kernel.hold(NODE, 1_000);
    kernel.run(100, || false);
    kernel.release();
    kernel.run(i64::MAX, || false);
    assert_eq!(*lines.lock().unwrap(), ["100", "400"]);
}

#[test]
fn one_who_is_let_go_goes_on_at_once_and_others_wait() {
    let kernel = Kernel::new(Tape::of_seed(1));
    let (lines, say) = log();
    let other = Home::Node { node: 7, life: 1 };
    for (home, name) in [(NODE, "node"), (other, "other")] {
        let (kernel_of, say) = (Arc::clone(&kernel), say.clone());
        kernel.spawn(home, Label::default(), async move {
            kernel_of.sleep(10).await;
            say(&format!("{name} at {}", kernel_of.now()));
        });
        kernel.run(5, || false);
        kernel.hold(home, 1_000);
    }
    kernel.run(100, || false);
    kernel.let_go(NODE);
    kernel.run(i64::MAX, || false);
    let lines = lines.lock().unwrap().clone();
    assert_eq!(lines[0], "node at 100");
    assert!(lines[1].starts_with("other at 10"), "{lines:?}");
    assert_ne!(lines[1], "other at 100");
}

#[test]
fn a_letter_arrives_or_the_time_is_up() {
    let kernel = Kernel::new(Tape::of_seed(1));
    let (lines, say) = log();
    for (name, sent_after) in [("in time", 5), ("too late", 50)] {
        let (from, to) = letter();
        let (kernel_of, say) = (Arc::clone(&kernel), say.clone());
        kernel.spawn(Home::Outside, Label::default(), async move {
            let came = to.wait(&kernel_of, 10).await;
            say(&format!("{name}: {came:?} at {}", kernel_of.now()));
        });
        let kernel_of = Arc::clone(&kernel);
        kernel.spawn(Home::Outside, Label::default(), async move {
            kernel_of.sleep(sent_after).await;
            from.send(1);
        });
    }
    kernel.run(i64::MAX, || false);
    assert_eq!(*lines.lock().unwrap(), ["in time: Some(1) at 5", "too late: None at 10"]);
}

/// Ten tasks ready at once, in an order that the seed draws; the tame tape takes them as they came.
#[test]
fn who_is_ready_at_once_goes_in_a_drawn_order() {
    let order = |tape: Tape| {
        let kernel = Kernel::new(tape);
        let (lines, say) = log();
        for number in 0..10 {
            let say = say.clone();
            kernel.spawn(Home::Outside, Label::default(), async move { say(&number.to_string()) });
        }
        kernel.run(i64::MAX, || false);
        lines.lock().unwrap().concat()
    };
    assert_eq!(order(Tape::of_seed(1)), order(Tape::of_seed(1)));
    assert_ne!(order(Tape::of_seed(1)), order(Tape::of_seed(2)));
    assert_eq!(order(Tape::given(1, crate::tape::Choices::new())), "0123456789");
}
