//! A link between a store and its server that can be cut. Knows of the protocol only where a
//! transaction ends.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

/// Stands between a store and its server.
pub struct Proxy {
    folder: PathBuf,
    cut: Arc<AtomicBool>,
}

/// What trouble it makes.
#[derive(Clone, Copy)]
pub enum Cut {
    /// It hangs up at a commit: the statement never reaches the server.
    BeforeTheServer,
    /// It hangs up at a commit: the server has answered; nobody hears it.
    BeforeTheAnswer,
    /// The link is half open: it takes everything, and answers nothing.
    HalfOpen,
}

impl Proxy {
    pub fn start(server: &str, when: Cut) -> Proxy {
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

    /// From now on.
    pub fn begin(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    /// No more. What was swallowed stays swallowed.
    pub fn end(&self) {
        self.cut.store(false, Ordering::SeqCst);
    }

    pub fn url(&self, database: &str) -> String {
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
            if armed.load(Ordering::SeqCst) && matches!(when, Cut::HalfOpen) {
                std::future::pending::<()>().await;
            }
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
