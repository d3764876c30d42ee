//! Starting, in good conditions and in bad ones.

use std::os::unix::fs::MetadataExt;

use super::{Folder, READ, WRITE, ask, start_in};
use crate::{Durability, Options, PrivatePostgres, Source, StartError};

#[test]
fn data_is_there_after_a_stop_and_a_start() {
    let folder = Folder::new("again");
    let first = start_in(&folder, Durability::Durable).unwrap();
    ask(&first, WRITE);
    let guards = "SELECT current_setting('fsync'), current_setting('full_page_writes'), \
                  current_setting('synchronous_commit'), current_setting('data_checksums'), \
                  current_setting('lc_messages'), current_setting('server_encoding'), \
                  current_setting('listen_addresses'), current_setting('max_connections')";
    assert_eq!(ask(&first, guards), [["on", "on", "on", "on", "C", "UTF8", "", "200"]]);
    let pid = first.pid();
    first.stop().unwrap();
    assert_eq!(crate::process::look_at(pid, folder.path()), crate::process::Found::Nothing);
    let second = start_in(&folder, Durability::Durable).unwrap();
    assert_eq!(ask(&second, READ), [["4200"]]);
}

#[test]
fn a_server_for_one_run_begins_with_nothing_even_after_a_kill() {
    let folder = Folder::new("one-run");
    let first = start_in(&folder, Durability::OneRun).unwrap();
    ask(&first, WRITE);
    assert_eq!(ask(&first, "SELECT current_setting('fsync')"), [["on"]]);
    // Not stopped: as if its owner had been killed, but for the lock.
    let data = folder.path().join("data");
    crate::process::send(first.pid(), nix::sys::signal::Signal::SIGKILL);
    let left = folder.path().join("left");
    std::fs::rename(&data, &left).unwrap();
    drop(first);
    std::fs::rename(&left, &data).unwrap();
    let second = start_in(&folder, Durability::OneRun).unwrap();
    assert_eq!(ask(&second, "SELECT 1 FROM pg_tables WHERE schemaname = 'public'").len(), 0);
    second.stop().unwrap();
    assert!(!data.exists(), "removed with the server");
}

#[test]
fn a_second_launcher_is_told_who_has_the_directory() {
    let folder = Folder::new("two");
    let _first = start_in(&folder, Durability::TestsOnly).unwrap();
    match start_in(&folder, Durability::TestsOnly) {
        Err(StartError::InUse { holder, .. }) => {
            assert_eq!(holder, std::process::id().to_string());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_the_servers_user_can_enter_the_socket_folder() {
    let folder = Folder::new("door");
    let server = start_in(&folder, Durability::TestsOnly).unwrap();
    let socket = std::fs::metadata(folder.path().join("socket")).unwrap();
    assert_eq!(socket.mode() & 0o777, 0o700);
    assert_eq!(std::fs::metadata(folder.path().join("data")).unwrap().mode() & 0o777, 0o700);
    assert!(server.url().starts_with("postgres://paydesk@%2F"), "{}", server.url());
    assert!(server.url().ends_with("%2Fsocket/shop"), "{}", server.url());
}

#[test]
fn a_path_too_long_for_a_socket_works_all_the_same() {
    let folder = Folder::new("long");
    let directory = folder.path().join("x y,z\"".repeat(20));
    let progress = |_: &str| {};
    let options = Options::from_environment(directory, "shop", Durability::TestsOnly, &progress);
    let server = PrivatePostgres::start(&options).unwrap();
    assert_eq!(ask(&server, "SELECT 1"), [["1"]]);
    let socket = server.places.socket.clone();
    drop(server);
    assert!(!socket.exists(), "{} is left behind", socket.display());
}

#[test]
fn a_strange_path_works_all_the_same() {
    let folder = Folder::new("odd");
    let directory = folder.path().join("a b,c\"d'e%f$(g)");
    let progress = |_: &str| {};
    let options = Options::from_environment(directory, "shop", Durability::TestsOnly, &progress);
    let server = PrivatePostgres::start(&options).unwrap();
    assert_eq!(ask(&server, "SELECT 1"), [["1"]]);
}

#[test]
fn data_of_another_major_version_is_refused_with_its_number() {
    let folder = Folder::new("major");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("PG_VERSION"), "9\n").unwrap();
    if nix::unistd::geteuid().is_root() {
        std::os::unix::fs::chown(&data, Some(65_534), Some(65_534)).unwrap();
    }
    let progress = |_: &str| {};
    let mut options =
        Options::from_environment(folder.path().to_owned(), "shop", Durability::Durable, &progress);
    options.sources = vec![Source::Installed];
    let error = PrivatePostgres::start(&options).unwrap_err();
    assert!(matches!(error, StartError::OtherVersion { major: 9, .. }), "{error}");
    assert!(error.to_string().contains("made by PostgreSQL 9"), "{error}");
}

#[test]
fn when_nothing_can_be_had_the_message_says_what_was_tried_and_what_to_do() {
    let folder = Folder::new("none");
    let progress = |_: &str| {};
    let mut options =
        Options::from_environment(folder.path().to_owned(), "shop", Durability::Durable, &progress);
    options.binaries = Some(folder.path().join("empty"));
    let error = PrivatePostgres::start(&options).unwrap_err().to_string();
    for part in ["empty", "PAYDESK_POSTGRES_BIN", "DATABASE_URL"] {
        assert!(error.contains(part), "{part} is missing in: {error}");
    }
}

#[test]
fn a_data_folder_that_was_never_finished_does_not_count() {
    let folder = Folder::new("half");
    std::fs::create_dir(folder.path().join("data.new.1")).unwrap();
    std::fs::write(folder.path().join("data.new.1/PG_VERSION"), "9\n").unwrap();
    let server = start_in(&folder, Durability::TestsOnly).unwrap();
    assert_eq!(ask(&server, "SELECT 1"), [["1"]]);
    assert!(!folder.path().join("data.new.1").exists());
}
