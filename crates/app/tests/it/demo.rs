//! `paydesk demo` as a person runs it: processes, a table, an exit code, and nothing left behind.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Far more than it takes, even where several builds share a machine.
const LIMIT: Duration = Duration::from_secs(180);

/// A data folder of one test, removed when the test ends well.
fn data(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("paydesk-demo-{}-{name}", std::process::id()));
    drop(std::fs::remove_dir_all(&folder));
    folder
}

fn demo(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paydesk"));
    command.arg("demo").arg("--data").arg(data).args(arguments).stdin(Stdio::null());
    // A configuration of the environment must not reach the demonstration's service.
    command.env("PAYDESK_DATABASE__URL", "postgres://nobody@nowhere/production");
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Every process that was started for this folder, by its arguments.
fn processes_of(data: &Path) -> Vec<String> {
    let name = data.file_name().unwrap().to_str().unwrap();
    let entries = std::fs::read_dir("/proc").unwrap();
    entries
        .filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok())
        .map(|line| text(&line).replace('\0', " "))
        .filter(|line| line.contains(name))
        .collect()
}

fn until_nothing_runs(data: &Path) {
    let begun = Instant::now();
    while !processes_of(data).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:#?}", processes_of(data));
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Plays to the end, in bounded time, and looks for what was left behind.
fn played(data: &Path, arguments: &[&str]) -> Output {
    let begun = Instant::now();
    let output = demo(data, arguments).output().unwrap();
    assert!(begun.elapsed() < LIMIT, "it took {:?}", begun.elapsed());
    assert_eq!(processes_of(data), Vec::<String>::new(), "still running");
    assert!(!data.join("postgres/data").exists(), "the database was for one run");
    output
}

/// A demonstration whose first story has begun: everything runs.
fn begun(data: &Path) -> Child {
    let mut child = demo(data, &["--story", "2"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    while !said.contains("the buyer pays") {
        assert!(output.read_line(&mut said).unwrap() > 0, "it ended: {said}");
    }
    let running = processes_of(data).join("\n");
    for command in ["serve --config", "sandbox --listen", "postgres -D"] {
        assert!(running.contains(command), "{command} does not run: {running}");
    }
    // Kept open: what it says later must find a pipe.
    child.stdout = Some(output.into_inner());
    child
}

#[test]
fn the_stories_end_right_with_a_table_and_exit_code_0() {
    let data = data("right");
    let stories =
        [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 15, 16].map(|number: u8| number.to_string());
    let arguments: Vec<&str> =
        stories.iter().flat_map(|number| ["--story", number.as_str()]).collect();
    let output = played(&data, &arguments);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}{}", text(&output.stderr));
    let table: Vec<&str> = said.lines().filter(|line| line.contains(" s  right  ")).collect();
    assert_eq!(
        table.len(),
        stories.len() + 1,
        "a row for every story and one for the books: {said}"
    );
    for (row, number) in table.iter().zip(&stories) {
        assert_eq!(row.split_whitespace().next(), Some(number.as_str()), "{said}");
    }
    let books = "successful payments 17 = paid orders 15 + refunded in full 2 + open cases 0";
    assert!(table.last().unwrap().contains(books), "{said}");
    assert!(!said.contains("WRONG"), "{said}");
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn a_success_for_an_unknown_number_ends_with_an_open_case() {
    let data = data("unknown");
    let output = played(&data, &["--story", "7"]);
    let (said, error) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said}{error}");
    assert!(said.contains(r#"our answer: 503 {"code":"FAIL"}"#), "{said}{error}");
    let books = "successful payments 1 = paid orders 0 + refunded in full 0 + open cases 1";
    assert!(said.contains(books), "{said}");
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn an_interrupt_stops_everything_and_is_no_success() {
    let data = data("interrupt");
    let mut child = begun(&data);
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(processes_of(&data), Vec::<String>::new(), "still running");
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn nothing_outlives_a_killed_demo() {
    let data = data("killed");
    let mut child = begun(&data);
    child.kill().unwrap();
    child.wait().unwrap();
    until_nothing_runs(&data);
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn the_list_names_every_story_and_an_unknown_one_is_refused() {
    let data = data("list");
    let listed = text(&demo(&data, &["--list"]).output().unwrap().stdout);
    for story in ["1  a normal purchase", "4  killed", "12  the last item"] {
        assert!(listed.contains(story), "{listed}");
    }
    let refused = demo(&data, &["--story", "99"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("--story 99: there is none"));
    assert!(!data.exists(), "nothing was begun");
}
