//! Rules about migrations: ids are made by us, not counted by the database.

use super::{Violation, numbered};
use crate::repository::Tree;

/// One line of SQL per line, exactly as in the migration; `#` begins a comment.
const EXCEPTIONS: &str = "xtask/allowed-sequences.txt";
const COUNTED: [&str; 5] = ["serial", "bigserial", "smallserial", "serial8", "identity"];

pub(crate) fn check(tree: &Tree) -> Vec<Violation> {
    let exceptions = tree.texts.get(EXCEPTIONS).map_or("", String::as_str);
    let is_exception = |line: &str| {
        exceptions.lines().any(|allowed| allowed.trim() == line.trim() && !line.trim().is_empty())
    };
    tree.texts_ending(".sql")
        .filter(|(path, _)| path.starts_with("migrations/"))
        .flat_map(|(path, text)| numbered(text).map(move |(number, line)| (path, number, line)))
        .filter(|(_, _, line)| counts(line) && !is_exception(line))
        .map(|(path, number, _)| {
            let message = format!(
                "a number counted by the database: make the id ourselves, or list the line in \
                 {EXCEPTIONS}"
            );
            Violation::error(path, number, message)
        })
        .collect()
}

fn counts(line: &str) -> bool {
    let code = line.split("--").next().unwrap_or_default().to_lowercase();
    code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| COUNTED.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "migrations/1_orders/up.sql";

    #[test]
    fn counted_ids_are_refused() {
        let text = "CREATE TABLE a (\n  id BIGSERIAL,\n  b bigint GENERATED ALWAYS AS IDENTITY,\n  \
                    serial_no text -- no serial\n);\n";
        let found = check(&Tree::of(&[(PATH, text)]));
        assert_eq!(found.iter().map(|violation| violation.line).collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn an_exception_is_one_line_written_down() {
        let tree =
            Tree::of(&[(PATH, "  id BIGSERIAL,\n  x SERIAL,\n"), (EXCEPTIONS, "id BIGSERIAL,")]);
        let found = check(&tree);
        assert_eq!(found.iter().map(|violation| violation.line).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn only_migrations_are_meant() {
        assert!(check(&Tree::of(&[("docs/a.sql", "id serial")])).is_empty());
    }
}
