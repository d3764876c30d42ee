//! Every way to die, and the data afterwards. All with the durable settings.

use std::time::Duration;

use nix::sys::signal::Signal;

use super::owner::{self, Owner};
use super::{Folder, READ, WRITE, ask, start_in};
use crate::process::{self, Found};
use crate::wait::until_true;
use crate::{Durability, RunningPostgres};

const SOON: Duration = Duration::from_secs(30);

#[test]
fn owner_and_server_killed_together_lose_nothing() {
    if owner::be_one_if_told() {
        return;
    }
    let folder = Folder::new("both");
    let mut owner = Owner::start(&folder);
    process::send(owner.server_pid(), Signal::SIGKILL);
    owner.kill();
    let server = start_in(&folder, Durability::Durable).unwrap();
    assert_eq!(ask(&server, READ), [["4200"]]);
}

#[test]
fn owner_killed_and_started_again_at_once_loses_nothing() {
    let folder = Folder::new("owner");
    let mut owner = Owner::start(&folder);
    owner.kill();
    let server = start_in(&folder, Durability::Durable).unwrap();
    assert_eq!(ask(&server, READ), [["4200"]]);
}

#[test]
fn a_server_does_not_outlive_its_killed_owner() {
    let folder = Folder::new("leash");
    let mut owner = Owner::start(&folder);
    let pid = owner.server_pid();
    owner.kill();
    let data = folder.path().join("data");
    let is_gone = || process::look_at(pid, &data) != Found::ServerOfThisData;
    assert!(until_true(SOON, is_gone), "process {pid} still runs");
}

#[test]
fn a_server_without_owner_and_leash_is_ended_and_its_data_kept() {
    let folder = Folder::new("orphan");
    let pid = abandon(start_with_row(&folder));
    let server = start_in(&folder, Durability::Durable).unwrap();
    assert_ne!(server.pid(), pid);
    assert_eq!(ask(&server, READ), [["4200"]]);
}

#[test]
fn a_killed_server_that_nobody_collected_does_not_block_the_next() {
    let folder = Folder::new("zombie");
    // This process is its parent and never waits for it: it stays a zombie.
    let pid = abandon(start_with_row(&folder));
    process::send(pid, Signal::SIGKILL);
    let data = folder.path().join("data");
    assert!(until_true(SOON, || process::look_at(pid, &data) == Found::Zombie));
    let server = start_in(&folder, Durability::Durable).unwrap();
    assert_eq!(ask(&server, READ), [["4200"]]);
}

#[test]
fn a_pid_file_that_names_a_stranger_does_not_block_the_start() {
    let folder = Folder::new("stranger");
    start_with_row(&folder).stop().unwrap();
    // A process of the server's user, so that Postgres would take it for a server.
    let me = crate::account::Account::for_data(&folder.path().join("data")).unwrap();
    let mut command = std::process::Command::new("sleep");
    command.arg("60");
    me.apply(&mut command);
    let mut stranger = command.spawn().unwrap();
    let claim = format!("{}\n/d\n1\n5432\n\n\n\nready   \n", stranger.id());
    std::fs::write(folder.path().join("data/postmaster.pid"), claim).unwrap();
    let answer = start_in(&folder, Durability::Durable);
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    assert_eq!(ask(&answer.unwrap(), READ), [["4200"]]);
}

fn start_with_row(folder: &Folder) -> RunningPostgres {
    let server = start_in(folder, Durability::Durable).unwrap();
    ask(&server, WRITE);
    server
}

/// Leaves the server running with a leash that never ends (this process lives on), and gives back
/// the directory's lock: what a killed owner and a killed watcher leave.
fn abandon(server: RunningPostgres) -> u32 {
    let pid = server.pid();
    let lock = server._lock.file.try_clone().unwrap();
    std::mem::forget(server);
    lock.unlock().unwrap();
    pid
}
