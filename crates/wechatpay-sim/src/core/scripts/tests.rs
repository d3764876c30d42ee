//! Every built-in script can be applied, and is described.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use super::*;

#[test]
fn every_script_is_a_document_that_can_be_put_and_is_got_back() {
    for (name, json) in BUILT_IN {
        let by_name = read(format!("{{\"script\": \"{name}\"}}").as_bytes()).unwrap();
        let by_document = read(json.as_bytes()).unwrap();
        assert_eq!(by_name.script(), by_document.script());
        let got = serde_json::to_value(by_name.script()).unwrap();
        assert_eq!(got, serde_json::from_str::<Value>(json).unwrap(), "{name}");
        assert_eq!(got["name"], name);
    }
}

#[test]
fn every_file_of_the_folder_is_built_in() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let stem = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()
    };
    let files: BTreeSet<String> = std::fs::read_dir(folder).unwrap().map(stem).collect();
    let built_in: BTreeSet<String> = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files, built_in);
}

#[test]
fn the_list_describes_each_script() {
    let listed = listed().unwrap();
    assert_eq!(listed.len(), BUILT_IN.len());
    for script in listed {
        assert!(script.description.ends_with('.') && script.rules > 0, "{script:?}");
    }
}

#[test]
fn what_is_neither_a_script_nor_a_name_is_refused_in_words() {
    for (asked, word) in [
        (r"{}", "give rules"),
        (r#"{"name": "x"}"#, "give rules"),
        (r#"{"script": "nothing-like-it"}"#, "known: lost-notifications"),
        (r#"{"script": "lost-notifications", "rules": []}"#, "nothing beside it"),
        (r#"{"rules": [{"action": "explode"}]}"#, "rules[0]"),
        (r#"{"rules": [], "conters": []}"#, "unknown field"),
        ("no JSON", "expected"),
    ] {
        let why = read(asked.as_bytes()).unwrap_err();
        assert!(why.contains(word), "{asked}: {why}");
    }
}
