//! `docs/sandbox.md` names everything that can be asked for, with examples that work.

use serde_json::{Value, json};
use wechatpay_sim::core::faults::Action;
use wechatpay_sim::core::tamper::Tamper;
use wechatpay_sim::{Settings, fault_script, fault_scripts};

const DOCUMENT: &str = include_str!("../../../../docs/sandbox.md");
const ROUTES: &str = include_str!("../../src/http/control.rs");

/// What stands in backquotes in a line.
fn quoted(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

/// The cells' quotations of each row under a heading.
fn rows(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, section) = DOCUMENT.split_once(&format!("## {heading}\n")).expect("the section");
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(quoted).collect()
}

#[test]
fn every_action_has_a_row_with_an_example_that_works() {
    let rows = rows("Faults");
    let named: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(named, Action::NAMES, "the table has the actions in their order");
    for row in rows {
        let example: Value = serde_json::from_str(row.last().unwrap()).unwrap();
        assert_eq!(example["action"], row[0]);
        let script = json!({"rules": [example]});
        fault_script(script.to_string().as_bytes()).unwrap();
    }
}

#[test]
fn every_script_has_a_row() {
    let named: Vec<&str> = rows("Built-in scripts").iter().map(|row| row[0]).collect();
    let scripts = fault_scripts().unwrap();
    let built_in: Vec<&str> = scripts.iter().map(|script| script.name).collect();
    assert_eq!(named, built_in);
}

#[test]
fn every_tampering_has_a_row() {
    // The last row also quotes headers; a name that is not a tampering is simply not one.
    let known = |name: &&str| serde_json::from_value::<Tamper>(json!(name)).is_ok();
    let rows = rows("Tampered notifications");
    let first_cell = |row: Vec<&'static str>| row.into_iter().filter(known).collect::<Vec<_>>();
    let mut named: Vec<&str> = rows.into_iter().flat_map(first_cell).collect();
    named.sort_unstable();
    let unknown = serde_json::from_value::<Tamper>(json!("nothing")).unwrap_err().to_string();
    let mut all: Vec<&str> = quoted(&unknown).into_iter().filter(known).collect();
    all.sort_unstable();
    assert_eq!((named.len(), named), (18, all));
}

#[test]
fn every_setting_has_a_row_with_its_default() {
    let Value::Object(settings) = serde_json::to_value(Settings::default()).unwrap() else {
        panic!("settings are an object");
    };
    let rows = rows("Settings");
    let named: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    let mut known: Vec<&str> = settings.keys().map(String::as_str).collect();
    known.sort_by_key(|name| named.iter().position(|row| row == name));
    assert_eq!(named, known);
    for row in rows {
        let default: Value = serde_json::from_str(row[1]).unwrap();
        assert_eq!(default, settings[row[0]], "{}", row[0]);
    }
}

#[test]
fn every_control_route_is_named() {
    let declared = ROUTES.split("web::resource(\"").skip(1);
    let routes: Vec<&str> = declared.filter_map(|rest| rest.split('"').next()).collect();
    assert!(routes.len() > 10, "{routes:?}");
    for route in routes {
        let named = rows("Control").iter().flatten().any(|quote| {
            quote.split_once(' ').is_some_and(|(_, path)| path == format!("/_sandbox{route}"))
        });
        assert!(named, "{route} is not in docs/sandbox.md");
    }
}
