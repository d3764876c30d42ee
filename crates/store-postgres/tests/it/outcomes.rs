//! A commit whose answer never comes: it may have happened, and only the store can say.

use crate::support;
use domain::CommandId;
use domain::ports::{CommitAnswer, OrderStore as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store_postgres::{ConnectSettings, Isolation, PostgresStore};
use testkit::conformance::placing;
use testkit::sample;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

/// Stands between a store and its server, and hangs up at a commit.
struct Proxy {
    folder: PathBuf,
    cut: Arc<AtomicBool>,
}

/// When it hangs up.
#[derive(Clone, Copy)]
enum Cut {
    /// The statement never reaches the server.
    BeforeTheServer,
    /// The server has answered; nobody hears it.
    BeforeTheAnswer,
}

impl Proxy {
    fn start(server: &str, when: Cut) -> Proxy {
        let host = server.split('@').nth(1).and_then(|rest| rest.split('/').next()).unwrap();
        let socket = Path::new(&host.replace("%2F", "/")).join(".s.PGSQL.5432");
        let folder = tempfolder();
        let listener = UnixListener::bind(folder.join(".s.PGSQL.5432")).unwrap();
        let cut = Arc::new(AtomicBool::new(false));
        let armed = Arc::clone(&cut);
        spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&socket).await.unwrap();
                spawn(relay(client, server, Arc::clone(&armed), when));
            }
        });
        Proxy { folder, cut }
    }

    fn url(&self, database: &str) -> String {
        let name = database.rsplit('/').next().unwrap();
        let host = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://paydesk@{host}/{name}")
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

#[expect(clippy::disallowed_methods, reason = "the proxy of a test")]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    drop(tokio::spawn(task));
}

fn tempfolder() -> PathBuf {
    let name = format!("pdx-{}-{:?}", std::process::id(), std::thread::current().id());
    let folder = std::env::temp_dir().join(name.replace(['(', ')'], ""));
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

async fn relay(client: UnixStream, server: UnixStream, armed: Arc<AtomicBool>, when: Cut) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let to_be_cut = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&to_be_cut);
    let up = async move {
        let mut buffer = vec![0; 65_536];
        loop {
            let Ok(n @ 1..) = from_client.read(&mut buffer).await else { return };
            let bytes = &buffer[..n];
            let commit = holds(bytes, b"\"command_id\"");
            if commit && armed.load(Ordering::SeqCst) {
                if let Cut::BeforeTheServer = when {
                    return;
                }
                seen.store(true, Ordering::SeqCst);
            }
            if to_server.write_all(bytes).await.is_err() {
                return;
            }
        }
    };
    let down = async move {
        let mut buffer = vec![0; 65_536];
        loop {
            let Ok(n @ 1..) = from_server.read(&mut buffer).await else { return };
            // `Z` is ReadyForQuery: the transaction is over, its answer is in these bytes.
            if to_be_cut.load(Ordering::SeqCst) && holds(&buffer[..n], b"Z\0\0\0\x05I") {
                return;
            }
            if to_client.write_all(&buffer[..n]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

async fn cut_commit(when: Cut) -> (CommitAnswer, bool, PostgresStore) {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    let buyer = stores.buyer(1).await;
    let sku = stores.sku("tea", 100, 9).await;
    let proxy = Proxy::start(&guard.database.url(), when);
    let settings =
        ConnectSettings { pool_max: 2, ..ConnectSettings::new(proxy.url(&guard.database.url())) };
    let store = PostgresStore::connect(settings).await.unwrap();
    let placement = sample::placement(1, buyer, &[(&sku, 1)]);
    let changeset = placing(&placement, sample::intent("cut"));
    // Prepared once with another commit, so that the cut meets the execution alone.
    let warm = sample::placement(2, buyer, &[(&sku, 1)]);
    assert_eq!(store.commit(placing(&warm, sample::intent("warm"))).await, CommitAnswer::Committed);
    proxy.cut.store(true, Ordering::SeqCst);
    let answer = store.commit(changeset.clone()).await;
    proxy.cut.store(false, Ordering::SeqCst);
    let name = CommandId::stored("cut".to_owned());
    let committed = store.committed(&name).await.expect("a fresh connection answers");
    // The same command again does it now, or finds that it was done.
    let again = store.commit(changeset).await;
    let expected = if committed { CommitAnswer::AlreadyCommitted } else { CommitAnswer::Committed };
    assert_eq!(again, expected);
    let level = stores.catalogue.sku(&sku.id).await.unwrap().unwrap().stock;
    assert_eq!((level.available, level.held), (7, 2), "once");
    (answer, committed, store)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_lost_after_the_commit_is_unknown_and_found_committed() {
    let (answer, committed, _) = cut_commit(Cut::BeforeTheAnswer).await;
    assert!(matches!(answer, CommitAnswer::OutcomeUnknown(_)), "{answer:?}");
    assert!(committed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_never_reached_the_server_is_unknown_and_found_not_committed() {
    let (answer, committed, _) = cut_commit(Cut::BeforeTheServer).await;
    assert!(matches!(answer, CommitAnswer::OutcomeUnknown(_)), "{answer:?}");
    assert!(!committed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_backend_is_killed_is_not_taken_for_done_or_undone() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    let buyer = stores.buyer(1).await;
    let sku = stores.sku("tea", 100, 9).await;
    let client = guard.database.client().await;
    // Somebody holds the SKU's row, so that the commit waits in the middle of its work.
    client.batch_execute("BEGIN; SELECT 1 FROM skus FOR UPDATE").await.unwrap();
    let placement = sample::placement(1, buyer, &[(&sku, 1)]);
    let killer = guard.database.client().await;
    let kill = async {
        let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                   WHERE query LIKE '%paydesk_commit%' AND wait_event_type = 'Lock'";
        loop {
            let killed: i64 = killer.query_one(sql, &[]).await.unwrap().get(0);
            if killed > 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let commit = guard.store.commit(placing(&placement, sample::intent("killed")));
    let (answer, ()) = tokio::join!(commit, kill);
    assert!(matches!(answer, CommitAnswer::OutcomeUnknown(_)), "{answer:?}");
    client.batch_execute("ROLLBACK").await.unwrap();
    let name = CommandId::stored("killed".to_owned());
    assert_eq!(guard.store.committed(&name).await, Ok(false));
    let again = guard.store.commit(placing(&placement, sample::intent("killed"))).await;
    assert_eq!(again, CommitAnswer::Committed, "the pool goes on");
}

/// In Postgres's protocol the row comes before the commit: only the end of the statement tells.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_fails_at_its_very_end_is_not_taken_for_done() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    let buyer = stores.buyer(1).await;
    let sku = stores.sku("tea", 100, 9).await;
    let client = guard.database.client().await;
    client
        .batch_execute(
            "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 IF NEW.effect_key = 'late' THEN RAISE EXCEPTION 'refused at commit'; END IF; \
                 RETURN NULL; END $$; \
             CREATE CONSTRAINT TRIGGER late AFTER INSERT ON effects DEFERRABLE INITIALLY DEFERRED \
                 FOR EACH ROW EXECUTE FUNCTION late()",
        )
        .await
        .unwrap();
    let placement = sample::placement(1, buyer, &[(&sku, 1)]);
    let answer = guard.store.commit(placing(&placement, sample::intent("late"))).await;
    assert_ne!(answer, CommitAnswer::Committed);
    let name = CommandId::stored("late".to_owned());
    assert_eq!(guard.store.committed(&name).await, Ok(false));
}

/// A notification settles while a follower has the payment's job in hand: neither waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_does_not_wait_for_a_job_that_somebody_has_in_hand() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    let order = stores.open_order(1).await;
    let client = guard.database.client().await;
    client.batch_execute("BEGIN; SELECT 1 FROM jobs FOR UPDATE").await.unwrap();
    let paid = sample::success(&order, "T-1");
    let answer = stores.give(&order, &paid, sample::intent("notice")).await;
    assert_eq!(answer, CommitAnswer::Committed);
    client.batch_execute("ROLLBACK").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_connection_is_left_inside_a_transaction() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    testkit::conformance::concurrency::a_dropped_commit_leaves_all_or_nothing(&stores).await;
    let idle = guard
        .database
        .query_text(
            "SELECT pid::text FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' \
             AND datname = current_database()",
        )
        .await;
    assert!(idle.is_empty(), "{idle:?}");
}
