//! Every route is called by `cargo xtask api-fuzz` (docs/api-fuzz.md): by somebody whom it lets in, and
//! about something that is there.
//!
//! The runner would say so itself, but nobody waits minutes for that at every change.

use crate::auth::Who;
use crate::routes::{self, Route};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const PARTS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../xtask/api-fuzz/parts.json"));
const CONFIGURATION: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../xtask/api-fuzz/schemathesis.toml"));
/// What the requests of a run make themselves, before they ask for it.
const MADE_BY_REQUESTS: [&str; 1] = ["revoke_api_key"];

fn callers(route: &Route) -> BTreeSet<&'static str> {
    match route.who {
        Who::Anyone => BTreeSet::from(["anybody"]),
        Who::Buyer => BTreeSet::from(["buyer"]),
        Who::Key(roles) => roles.iter().map(|role| role.name()).collect(),
    }
}

/// Every route by its operation id.
fn operations() -> BTreeMap<String, &'static Route> {
    let document = serde_json::to_value(super::document()).unwrap();
    let id_of = |route: &Route| {
        let method = route.method.as_str().to_lowercase();
        document["paths"][route.path][method]["operationId"].as_str().unwrap().to_owned()
    };
    routes::every().map(|route| (id_of(route), route)).collect()
}

fn words(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

#[test]
fn every_route_is_called_by_a_part_that_it_lets_in() {
    let (parts, operations) = (serde_json::from_str::<Value>(PARTS).unwrap(), operations());
    let mut uncalled: BTreeSet<&str> = operations.keys().map(String::as_str).collect();
    for part in parts.as_array().unwrap() {
        let may = |route: &Route| {
            let let_in = callers(route);
            words(&part["callers"]).iter().any(|caller| let_in.contains(caller))
        };
        if part["only"].is_null() {
            uncalled.retain(|id| !may(operations[*id]));
            continue;
        }
        for id in words(&part["only"]) {
            let route = operations.get(id).unwrap_or_else(|| panic!("{id} is no operation"));
            assert!(may(route), "{id} does not let {} in", part["slug"]);
            uncalled.remove(id);
        }
    }
    assert!(uncalled.is_empty(), "no part may call {uncalled:?}");
}

#[test]
fn what_a_path_names_is_drawn_from_what_is_there() {
    let (operations, mut drawn) = (operations(), BTreeSet::new());
    let (everywhere, own) = CONFIGURATION.split_once("[[operations]]").unwrap();
    for block in own.split("[[operations]]") {
        let (ids, _) = block.split_once("parameters").unwrap();
        let ids: Vec<&str> = ids.split('"').skip(1).step_by(2).collect();
        for id in ids {
            assert!(operations.contains_key(id), "{id} is no operation");
            let names = block.split("\"path.").skip(1);
            drawn.extend(names.map(|rest| (id, rest.split('"').next().unwrap())));
        }
    }
    for (id, route) in &operations {
        let names = route.path.split('{').skip(1).map(|rest| rest.split('}').next().unwrap());
        for name in names.filter(|_| !MADE_BY_REQUESTS.contains(&id.as_str())) {
            let is_drawn = everywhere.contains(&format!("\"path.{name}\""))
                || drawn.contains(&(id.as_str(), name));
            assert!(is_drawn, "schemathesis.toml draws no {name} for {id}: it would name nothing");
        }
    }
}
