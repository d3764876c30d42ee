//! An empty database of its own for each test, on a Postgres that `cargo xtask test` started, or
//! on one that this process starts for itself.

use private_postgres::{Durability, Options, PrivatePostgres, RunningPostgres, StartError};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_postgres::{Client, NoTls};

/// Where `cargo xtask test` says that its server is.
const SERVER: &str = "PAYDESK_TEST_POSTGRES_URL";
/// How many test processes may have a server of their own at the same time in one target folder.
const SERVERS_MAX: u32 = 16;

static NEXT: AtomicU64 = AtomicU64::new(1);
static OWN_SERVER: OnceLock<RunningPostgres> = OnceLock::new();

/// One database.
#[derive(Debug)]
pub struct TestDatabase {
    server: String,
    name: String,
}

impl TestDatabase {
    /// An empty database with a name that nobody else has.
    pub async fn create() -> anyhow::Result<TestDatabase> {
        let server = tokio::task::spawn_blocking(server).await?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        let client = connect(&server).await?;
        // Left by a process of an earlier run that had the same id.
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        client.batch_execute(&format!("CREATE DATABASE {name}")).await?;
        Ok(TestDatabase { server, name })
    }

    /// Where it is.
    pub fn url(&self) -> String {
        let (base, _) = self.server.rsplit_once('/').expect("a server's URL names a database");
        format!("{base}/{}", self.name)
    }

    /// A connection past every store, to look at rows.
    pub async fn client(&self) -> Client {
        connect(&self.url()).await.expect("a connection")
    }

    /// The first column of every row, as text.
    pub async fn query_text(&self, sql: &str) -> Vec<String> {
        rows_as_text(&self.url(), sql).await
    }

    /// Removes it at once, with whoever is still connected. Not done for each test: dropping a
    /// database takes a checkpoint, which doubles the time of all tests together. What is not
    /// removed goes when its server is started anew.
    pub async fn drop_now(&self) {
        remove(&self.server, &self.name).await;
    }
}

async fn remove(server: &str, name: &str) {
    let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    if let Ok(client) = connect(server).await
        && let Err(error) = client.batch_execute(&sql).await
    {
        eprintln!("a test database was left behind: {error}");
    }
}

/// The first column of every row of a query, as text.
pub async fn rows_as_text(url: &str, sql: &str) -> Vec<String> {
    let client = connect(url).await.expect("a connection");
    let rows = client.query(sql, &[]).await.expect("a query");
    rows.iter().map(|row| row.get::<_, String>(0)).collect()
}

async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    #[expect(clippy::disallowed_methods, reason = "drives the connection of a test")]
    drop(tokio::spawn(connection));
    Ok(client)
}

fn server() -> String {
    if let Ok(url) = std::env::var(SERVER) {
        return url;
    }
    OWN_SERVER.get_or_init(start).maintenance_url()
}

/// Ends with this process: the server's watchdog sees to that. Its folder is used again by the
/// next process, so that nothing piles up.
fn start() -> RunningPostgres {
    let progress = |line: &str| eprintln!("database: {line}");
    for slot in 0..SERVERS_MAX {
        let directory = target_folder().join(format!("testkit-postgres-{slot}"));
        let options =
            Options::from_environment(directory, "postgres", Durability::TestsOnly, &progress);
        match PrivatePostgres::start(&options) {
            Ok(running) => return running,
            // Another test process has it.
            Err(StartError::InUse { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("{SERVERS_MAX} test processes have servers of their own already")
}

/// Tests run from `target/<profile>/deps`.
fn target_folder() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    program.ancestors().nth(3).map_or_else(std::env::temp_dir, Path::to_path_buf)
}
