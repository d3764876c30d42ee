//! `cargo xtask coverage`: writes `docs/wechat-pay-coverage.md`, which says of each endpoint and rule of WeChat Pay v3 where the
//! client keeps it, where the sandbox does, and which tests show it.
//!
//! The list of rules is `docs/wechat-pay-rules.txt`: no code can know what was forgotten. What stands beside a rule comes from the
//! code: endpoints out of `target.rs` and `route.rs`, members out of the structs and forms that write and read them, codes and
//! states out of the files that name them; and every file, item and test that a rule names itself has to be there.
//! `tidy` and a test of this crate find a page that is stale, and a client or sandbox that says more than is documented.

mod calls;
mod evidence;
mod page;
mod rules;
mod structs;

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::repository::{Repository, Tree};
use crate::tidy::Violation;

const RULES: &str = "docs/wechat-pay-rules.txt";
const PAGE: &str = "docs/wechat-pay-coverage.md";

/// Writes the page, also when something is wrong with it, and says what is.
pub(crate) fn run(repository: &Repository) -> Result<ExitCode> {
    let tree = repository.tree()?;
    let (page, wrong) = compose(&tree);
    fs::write(repository.root().join(PAGE), page).context(PAGE)?;
    for violation in &wrong {
        eprintln!("{violation}");
    }
    eprintln!("{PAGE} is written");
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is wrong with the rules, and whether the page is what the code says.
pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    if !tree.texts.contains_key(RULES) {
        return Vec::new();
    }
    let (page, mut found) = compose(tree);
    if tree.texts.get(PAGE) != Some(&page) {
        found.push(Violation::error(PAGE, 1, "is stale: `cargo xtask coverage` writes it anew"));
    }
    found
}

/// The page, and what is wrong with the rules that it was made of.
fn compose(tree: &Tree) -> (String, Vec<Violation>) {
    let text = tree.texts.get(RULES).map_or("", String::as_str);
    let (chapters, mut wrong) = rules::read(text);
    let code = evidence::Code::of(tree);
    let (judged, missing) = evidence::judge(&chapters, &code);
    wrong.extend(missing);
    (page::write(&judged), wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_the_code_says() {
        let tree = Repository::find().unwrap().tree().unwrap();
        assert!(tree.texts.contains_key(RULES));
        let found: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    /// A small project: one endpoint, one member, one test.
    fn tree(change: impl Fn(&str, &str) -> String) -> Tree {
        let files = [
            (
                RULES,
                "§1 One\ncall GET /v3/a/{id} | a_works\nmembers m | said | wire.rs::A | core/a.rs | a_works\n  id | \
                 string(1) | yes\nrule r | sign.rs::sign | (why) | a_works\n",
            ),
            (
                "crates/wechatpay/src/target.rs",
                "pub(crate) fn a(id: &str) -> String {\n    format!(\"/v3/a/{}\", id)\n}\n",
            ),
            ("crates/wechatpay/src/wire.rs", "struct A {\n    id: String,\n}\n"),
            (
                "crates/wechatpay/src/sign.rs",
                "fn sign() {}\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn a_works() {}\n}\n",
            ),
            (
                "crates/wechatpay-sim/src/core/route.rs",
                "            [\"v3\", \"a\", id] => (\"GET\", Self::A(id)),\n",
            ),
            ("crates/wechatpay-sim/src/core/a.rs", "fn a() { text(\"id\") }\n"),
        ];
        let changed: Vec<(&str, String)> =
            files.iter().map(|(path, text)| (*path, change(path, text))).collect();
        let borrowed: Vec<(&str, &str)> =
            changed.iter().map(|(path, text)| (*path, text.as_str())).collect();
        Tree::of(&borrowed)
    }

    fn wrong(change: impl Fn(&str, &str) -> String) -> Vec<String> {
        let (_, found) = compose(&tree(change));
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_named_is_there() {
        assert!(wrong(|_, text| text.to_owned()).is_empty());
        let untested = wrong(|_, text| text.replace("    #[test]\n", ""));
        assert_eq!(untested.len(), 3, "{untested:?}");
        assert!(untested[0].contains("no test `a_works`"), "{untested:?}");
        let unsigned = wrong(|_, text| text.replace("fn sign()", "fn seal()"));
        assert_eq!(
            unsigned,
            [format!("{RULES}:5: there is no `sign` in crates/wechatpay/src/sign.rs")]
        );
    }

    #[test]
    fn what_is_said_or_called_is_in_the_rules() {
        let more = wrong(|_, text| {
            text.replace("    id: String,\n", "    id: String,\n    ip: String,\n")
        });
        assert_eq!(more, ["crates/wechatpay/src/wire.rs:1: no rule has the member `ip` of `A`"]);
        let called = wrong(|_, text| text.replace("/v3/a/{id} |", "/v3/b/{id} |"));
        assert_eq!(called.len(), 2, "{called:?}");
        assert!(called[0].contains("no rule has /v3/a/{}"), "{called:?}");
        assert!(called[1].contains("no rule has GET /v3/a/{}"), "{called:?}");
    }

    #[test]
    fn the_page_shows_what_is_open() {
        let page = |change: fn(&str, &str) -> String| compose(&tree(change)).0;
        let whole = page(|_, text| text.to_owned());
        assert!(!whole.contains("| **open** |"), "{whole}");
        let open = page(|_, text| text.replace("\"/v3/a/{}\"", "\"\"").replace("text(\"id\")", ""));
        assert!(open.contains("| `GET /v3/a/{id}` | **open** |"), "{open}");
        assert!(open.contains("| `id` | string(1) | yes | read | **open** |"), "{open}");
    }

    #[test]
    fn a_page_of_before_is_stale() {
        let mut tree = tree(|_, text| text.to_owned());
        let stale =
            |tree: &Tree| check(tree).iter().any(|found| found.to_string().contains("stale"));
        assert!(stale(&tree));
        let (page, _) = compose(&tree);
        tree.texts.insert(PAGE.to_owned(), page);
        assert!(!stale(&tree));
    }
}
