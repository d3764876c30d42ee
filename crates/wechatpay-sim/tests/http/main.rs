//! The sandbox over HTTP, as a merchant in any language meets it.
//!
//! The merchant, the receiver and all checks here are written for these tests alone; nothing is borrowed from the core.
//! No test sleeps: each waits for the thing it expects, with a limit.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "helpers of tests: a panic is a failing test, and tests have a clock and tasks"
)]

mod abnormal;
mod bills;
mod control;
mod documented;
mod faults;
mod merchant;
mod notifications;
mod order;
mod page;
mod purchase;
mod receiver;
mod refunds;
mod scripts;
mod spelling;
mod start;
mod strictness;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::OnceCell;
use wechatpay_sim::{RunningSandbox, Sandbox, SandboxOptions, Settings};

use crate::merchant::Merchant;

/// Longer than anything here takes on a slow machine.
const LIMIT: Duration = Duration::from_secs(60);

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// All tests that do not change keys share one directory, so that they are made once.
fn shared_directory() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("wechatpay-sim-keys")
}

/// An own copy of the shared keys.
async fn own_directory(name: &str) -> PathBuf {
    drop(start(Settings::default()).await);
    let own = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("wechatpay-sim-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&own).unwrap();
    std::fs::copy(shared_directory().join("sandbox_keys.json"), own.join("sandbox_keys.json"))
        .unwrap();
    own
}

async fn start(settings: Settings) -> (RunningSandbox, Merchant) {
    // Whoever is first makes the keys; the others wait instead of making their own.
    static KEYS_MADE: OnceCell<()> = OnceCell::const_new();
    let make = async || {
        let options = SandboxOptions::new(any_port(), shared_directory());
        Sandbox::start(options).await.unwrap().stop().await;
    };
    KEYS_MADE.get_or_init(make).await;
    start_in(shared_directory(), settings).await
}

async fn start_in(directory: PathBuf, settings: Settings) -> (RunningSandbox, Merchant) {
    let mut options = SandboxOptions::new(any_port(), directory);
    options.settings = settings;
    let sandbox = Sandbox::start(options).await.unwrap();
    let merchant = Merchant::new(&sandbox);
    (sandbox, merchant)
}
