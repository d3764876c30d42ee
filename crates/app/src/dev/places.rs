//! Where `dev` keeps and listens, and the configuration that follows from it.

use crate::cli::DevArgs;
use anyhow::{Context as _, Result};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use wechatpay_sim::{RunningSandbox, Sandbox, SandboxOptions};

const HTTP_PORT: u16 = 8080;
const SANDBOX_PORT: u16 = 8081;

/// Where things are.
pub(super) struct Places {
    data: PathBuf,
    http: SocketAddr,
    sandbox: SocketAddr,
}

impl Places {
    pub(super) fn of(args: &DevArgs) -> Result<Places> {
        std::fs::create_dir_all(&args.data)
            .with_context(|| format!("--data: cannot make {}", args.data.display()))?;
        let data = std::fs::canonicalize(&args.data)
            .with_context(|| format!("--data: cannot use {}", args.data.display()))?;
        // A purchase that is over in seconds should not fail because a port is taken.
        let port = |usual: u16| if args.once { 0 } else { usual };
        let local = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        Ok(Places {
            data,
            http: args.http.unwrap_or_else(|| local(port(HTTP_PORT))),
            sandbox: args.sandbox.unwrap_or_else(|| local(port(SANDBOX_PORT))),
        })
    }

    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    pub(super) async fn start_sandbox(&self) -> Result<RunningSandbox> {
        let options = SandboxOptions::new(self.sandbox, self.data.join("sandbox"));
        Sandbox::start(options)
            .await
            .context("the sandbox cannot start (choose another address with --sandbox)")
    }

    pub(super) fn http(&self) -> SocketAddr {
        self.http
    }

    /// The file that keeps the admin key from start to start.
    pub(super) fn admin_key_file(&self) -> PathBuf {
        self.data.join("admin-key")
    }
}
