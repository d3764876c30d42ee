//! `paydesk dev` as a person runs it: a process, its output, its exit code.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

const ANY: &str = "127.0.0.1:0";

fn data(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("paydesk-dev-{}-{name}", std::process::id()));
    drop(std::fs::remove_dir_all(&folder));
    folder
}

fn dev(data: &PathBuf, http: &str, sandbox: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paydesk"));
    command.arg("dev").arg("--data").arg(data).args(["--http", http, "--sandbox", sandbox]);
    command.env_remove("DATABASE_URL").stdin(Stdio::null());
    command
}

fn once(data: &PathBuf, http: &str, sandbox: &str) -> Output {
    dev(data, http, sandbox).arg("--once").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A `dev` that serves; its output stays open as long as this lives.
struct Serving {
    child: Child,
    output: BufReader<ChildStdout>,
    said: String,
}

fn serving(data: &PathBuf) -> Serving {
    let mut child =
        dev(data, ANY, ANY).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains("Paydesk is running") {
        assert!(output.read_line(&mut said).unwrap() > 0, "it ended: {said}");
    }
    Serving { child, output, said }
}

#[test]
fn once_plays_a_purchase_and_exits_with_0() {
    let data = data("once");
    let output = once(&data, ANY, ANY);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}{}", text(&output.stderr));
    assert!(said.contains("order paid") && said.contains("transaction_id 42"), "{said}");
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn a_taken_port_is_named_with_its_option() {
    let data = data("port");
    let taken = TcpListener::bind(ANY).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (http, sandbox, option) in [(address.as_str(), ANY, "--http"), (ANY, &address, "--sandbox")]
    {
        let output = once(&data, http, sandbox);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(&address) && said.contains(option), "{said}");
    }
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn a_second_dev_on_the_same_data_is_told_so() {
    let data = data("second");
    let mut first = serving(&data);
    let second = once(&data, ANY, ANY);
    let said = text(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("in use") || said.contains("already"), "{said}");
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    once(&data, ANY, ANY);
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn after_kill_9_it_starts_again_with_everything_that_was_committed() {
    let data = data("kill");
    let mut first = serving(&data);
    assert!(first.said.contains("as item 1"), "{}", first.said);
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    let again = once(&data, ANY, ANY);
    let said = text(&again.stdout);
    assert!(again.status.success(), "{said}{}", text(&again.stderr));
    assert!(said.contains("as item 2"), "the list's numbers go on where they were: {said}");
    std::fs::remove_dir_all(data).unwrap();
}

#[test]
fn an_interrupt_stops_everything_cleanly() {
    let data = data("stop");
    let mut running = serving(&data);
    let pid = i32::try_from(running.child.id()).unwrap();
    let pid = nix::unistd::Pid::from_raw(pid);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    let status = running.child.wait().unwrap();
    let mut rest = String::new();
    running.output.read_to_string(&mut rest).unwrap();
    assert!(status.success(), "{status}: {rest}");
    assert!(!data.join("postgres/data/postmaster.pid").exists(), "the database still runs");
    std::fs::remove_dir_all(data).unwrap();
}
