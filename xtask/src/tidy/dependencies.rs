//! Which crate may depend on which: arrows point inwards, and some crates never enter the tree.

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Violation, line_with};
use crate::repository::Tree;

/// Our crates, and of our crates those that each may use. `app` wires everything together.
const ARROWS: [(&str, Ours); 17] = [
    ("domain", Ours::Only(&[])),
    ("usecases", Ours::Only(&["domain"])),
    ("store-memory", Ours::Only(&["domain"])),
    ("store-postgres", Ours::Only(&["domain"])),
    ("wechatpay", Ours::Only(&["domain"])),
    ("http-api", Ours::Only(&["domain", "usecases"])),
    ("scheduler", Ours::Only(&["domain", "usecases"])),
    // An oracle that borrows the client's code borrows its mistakes.
    ("wechatpay-sim", Ours::Only(&[])),
    ("private-postgres", Ours::Only(&[])),
    ("testkit", Ours::Only(&["domain", "usecases", "private-postgres"])),
    // It asks the real decisions; the steps around them, and WeChat Pay, it plays itself.
    ("model", Ours::Only(&["domain"])),
    ("xtask", Ours::Only(&["private-postgres"])),
    // It meets the service as a process and in SQL: what it measures is what is shipped.
    ("bench", Ours::Only(&["private-postgres", "wechatpay-sim"])),
    // It shares no code with what it judges, not even the sandbox's.
    ("torture", Ours::Only(&["private-postgres"])),
    // The same application with other walls; nothing may depend on it.
    (
        "simulation",
        Ours::Only(&["domain", "usecases", "store-memory", "wechatpay", "wechatpay-sim"]),
    ),
    // Both sides of the protocol, thrown bytes at; nothing may depend on it.
    ("protocol", Ours::Only(&["domain", "wechatpay", "wechatpay-sim"])),
    ("app", Ours::All),
];
/// What tests of any crate may use besides. `domain` is tested without any of ours.
const ARROWS_OF_TESTS: [&str; 5] =
    ["domain", "testkit", "store-memory", "wechatpay-sim", "private-postgres"];

/// Crates of others: these two take nothing that could read a clock, the network or a file.
const FOREIGN: [(&str, &[&str]); 2] =
    [("domain", &["thiserror", "time", "uuid"]), ("usecases", &["thiserror", "tracing"])];

/// Crates of others that only some of ours may use outside tests.
const RESERVED: [(&str, &[&str], &str); 3] = [
    (
        "anyhow",
        &["app", "bench", "protocol", "torture", "xtask", "testkit", "wechatpay-sim"],
        "use a closed error type",
    ),
    ("rsa", &["wechatpay", "wechatpay-sim", "testkit"], "only public-key encryption may use it"),
    ("testkit", &[], "it is for tests"),
];

/// Crates that must be absent from the whole tree.
const BANNED: [(&str, &str); 8] = [
    ("openssl-sys", "links OpenSSL"),
    ("native-tls", "links the system's TLS"),
    ("pq-sys", "links libpq"),
    ("aws-lc-rs", "needs a C tool chain"),
    ("aws-lc-sys", "needs a C tool chain"),
    ("actix-governor", "is under the GPL"),
    ("redis", "makes a second store necessary: what PostgreSQL does not keep is not kept"),
    ("fred", "makes a second store necessary: what PostgreSQL does not keep is not kept"),
];

#[derive(Clone, Copy)]
enum Ours {
    All,
    Only(&'static [&'static str]),
}

/// What `cargo metadata` says about one package.
#[derive(Debug, Clone, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) is_ours: bool,
    pub(crate) licence: Option<String>,
    /// Of normal and build dependencies.
    pub(crate) dependencies: Vec<String>,
    pub(crate) dev_dependencies: Vec<String>,
}

impl Package {
    fn manifest(&self) -> String {
        if self.name == "xtask" {
            "xtask/Cargo.toml".to_owned()
        } else {
            format!("crates/{}/Cargo.toml", self.name)
        }
    }
}

/// Reads the answer of `cargo metadata`.
pub(crate) fn packages(metadata: &Value) -> Result<Vec<Package>> {
    let list = metadata["packages"].as_array().context("cargo metadata names no packages")?;
    Ok(list.iter().map(package).collect())
}

fn package(value: &Value) -> Package {
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let (mut dependencies, mut dev_dependencies) = (Vec::new(), Vec::new());
    for dependency in value["dependencies"].as_array().into_iter().flatten() {
        let name = dependency["name"].as_str().unwrap_or_default().to_owned();
        if dependency["kind"].as_str() == Some("dev") {
            dev_dependencies.push(name);
        } else {
            dependencies.push(name);
        }
    }
    Package {
        name: text("name"),
        version: text("version"),
        is_ours: value["source"].is_null(),
        licence: value["license"].as_str().map(str::to_owned),
        dependencies,
        dev_dependencies,
    }
}

pub(crate) fn check(tree: &Tree, packages: &[Package]) -> Vec<Violation> {
    let ours: Vec<&Package> = packages.iter().filter(|package| package.is_ours).collect();
    let names: Vec<&str> = ours.iter().map(|package| package.name.as_str()).collect();
    let mut found = Vec::new();
    for package in &ours {
        let manifest = package.manifest();
        let text = tree.texts.get(&manifest).map_or("", String::as_str);
        for (dependency, why) in refusals(package, &names) {
            let line = line_with(text, |line| is_entry_for(line, &dependency));
            let message = format!("{} may not depend on {dependency}: {why}", package.name);
            found.push(Violation::error(&manifest, line, message));
        }
        if !ARROWS.iter().any(|(name, _)| *name == package.name) {
            let message = format!("{} has no place in tidy's table of arrows", package.name);
            found.push(Violation::error(&manifest, 1, message));
        }
        if !text.contains("[lints]\nworkspace = true") {
            found.push(Violation::error(&manifest, 1, "does not inherit the workspace's lints"));
        }
    }
    found.extend(banned(tree));
    found
}

fn refusals(package: &Package, ours: &[&str]) -> Vec<(String, String)> {
    let mut refused = Vec::new();
    let mut refuse = |name: &String, why: &str| refused.push((name.clone(), why.to_owned()));
    let arrows = ARROWS.iter().find(|(name, _)| *name == package.name).map(|(_, arrows)| *arrows);
    let foreign = FOREIGN.iter().find(|(name, _)| *name == package.name).map(|(_, list)| *list);
    for name in &package.dependencies {
        let is_ours = ours.contains(&name.as_str());
        if is_ours && matches!(arrows, Some(Ours::Only(list)) if !list.contains(&name.as_str())) {
            refuse(name, "arrows point inwards");
        }
        if !is_ours && foreign.is_some_and(|list| !list.contains(&name.as_str())) {
            refuse(name, "it decides or coordinates, and takes no effects from others");
        }
        for (reserved, users, why) in RESERVED {
            if name == reserved && !users.contains(&package.name.as_str()) {
                refuse(name, why);
            }
        }
    }
    for name in &package.dev_dependencies {
        let is_fine = match arrows {
            Some(Ours::Only([])) => false,
            Some(Ours::Only(list)) => {
                list.contains(&name.as_str()) || ARROWS_OF_TESTS.contains(&name.as_str())
            }
            Some(Ours::All) | None => true,
        };
        if ours.contains(&name.as_str()) && !is_fine {
            refuse(name, "not even in tests");
        }
    }
    refused
}

fn is_entry_for(line: &str, dependency: &str) -> bool {
    line.trim_start().strip_prefix(dependency).is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
}

fn banned(tree: &Tree) -> Vec<Violation> {
    let path = "Cargo.lock";
    let Some(text) = tree.texts.get(path) else { return Vec::new() };
    BANNED
        .iter()
        .filter_map(|(name, why)| {
            let entry = format!("name = \"{name}\"");
            let is_there = text.lines().any(|line| line == entry);
            is_there.then(|| {
                let message = format!("{name} is banned: it {why} (`cargo tree -i {name}`)");
                Violation::error(path, line_with(text, |line| line == entry), message)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(name: &str, dependencies: &[&str], dev_dependencies: &[&str]) -> Package {
        let owned = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        Package {
            name: name.to_owned(),
            is_ours: true,
            dependencies: owned(dependencies),
            dev_dependencies: owned(dev_dependencies),
            ..Package::default()
        }
    }

    /// The refused dependencies of the first package; the others only exist.
    fn refused(packages: &[Package]) -> Vec<String> {
        let names: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
        refusals(&packages[0], &names).into_iter().map(|(name, _)| name).collect()
    }

    fn nothing(name: &str) -> Package {
        ours(name, &[], &[])
    }

    #[test]
    fn the_domain_takes_nothing_with_effects() {
        assert_eq!(refused(&[ours("domain", &["time", "tokio"], &["proptest"])]), ["tokio"]);
    }

    #[test]
    fn adapters_do_not_know_each_other() {
        let api = ours("http-api", &["domain", "usecases", "store-postgres"], &["store-memory"]);
        let others = ["domain", "usecases", "store-postgres", "store-memory"].map(nothing);
        assert_eq!(refused(&[&[api][..], &others].concat()), ["store-postgres"]);
    }

    #[test]
    fn the_simulator_shares_no_code_not_even_in_tests() {
        let sim = ours("wechatpay-sim", &["domain"], &["wechatpay"]);
        let packages = [sim, nothing("domain"), nothing("wechatpay")];
        assert_eq!(refused(&packages), ["domain", "wechatpay"]);
    }

    #[test]
    fn the_private_database_is_for_the_shells_and_tests() {
        let store = ours("store-postgres", &["domain", "private-postgres"], &["testkit"]);
        let packages = [store, nothing("domain"), nothing("private-postgres"), nothing("testkit")];
        assert_eq!(refused(&packages), ["private-postgres"]);
        let app = ours("app", &["private-postgres", "testkit"], &[]);
        let packages = [app, nothing("private-postgres"), nothing("testkit")];
        assert_eq!(refused(&packages), ["testkit"]);
    }

    #[test]
    fn libraries_have_closed_errors() {
        assert_eq!(refused(&[ours("wechatpay", &["anyhow"], &[])]), ["anyhow"]);
        assert!(refused(&[ours("wechatpay", &[], &["anyhow"])]).is_empty());
        assert!(refused(&[ours("app", &["anyhow"], &[])]).is_empty());
    }

    #[test]
    fn a_violation_names_the_line_of_the_manifest() {
        let text = "[lints]\nworkspace = true\n[dependencies]\ntokio-util = \"1\"\ntokio = \"1\"\n";
        let tree = Tree::of(&[("crates/domain/Cargo.toml", text)]);
        let found = check(&tree, &[ours("domain", &["tokio"], &[])]);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].path.as_str(), found[0].line), ("crates/domain/Cargo.toml", 5));
    }

    #[test]
    fn a_new_crate_needs_a_place_and_the_lints() {
        let messages: Vec<String> = check(&Tree::default(), &[nothing("magic")])
            .into_iter()
            .map(|violation| violation.message)
            .collect();
        assert!(messages.iter().any(|message| message.contains("table of arrows")));
        assert!(messages.iter().any(|message| message.contains("lints")));
    }

    #[test]
    fn banned_crates_are_found_in_the_lock_file() {
        let lock = "[[package]]\nname = \"openssl-sys\"\n\n[[package]]\nname = \"pq-sys-x\"\n\n[[package]]\nname = \"redis\"\n";
        let found = banned(&Tree::of(&[("Cargo.lock", lock)]));
        assert_eq!(found.iter().map(|violation| violation.line).collect::<Vec<_>>(), [2, 8]);
    }

    #[test]
    fn metadata_is_read_by_kind() {
        let metadata = serde_json::json!({"packages": [{
            "name": "domain", "version": "0.1.0", "source": null, "license": "MIT",
            "dependencies": [{"name": "time", "kind": null}, {"name": "proptest", "kind": "dev"}],
        }]});
        let packages = packages(&metadata).unwrap();
        assert!(packages[0].is_ours);
        assert_eq!(packages[0].dependencies, ["time"]);
        assert_eq!(packages[0].dev_dependencies, ["proptest"]);
    }
}
