//! The service as it is shipped: `paydesk serve`, a process of its own with a configuration file.

use crate::client::{Connection, Request};
use crate::stopwatch::{Stopwatch, pause};
use anyhow::{Context as _, Result, bail, ensure};
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use wechatpay_sim::RunningSandbox;

const READY_WITHIN: Duration = Duration::from_secs(60);
/// Shorter than what is measured with it.
const LOOK_EVERY: Duration = Duration::from_millis(1);
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// How to start the service.
pub(crate) struct Recipe {
    pub(crate) program: PathBuf,
    /// Where its configuration and its log are.
    pub(crate) folder: PathBuf,
}

/// A service that answered `/readyz` with 200.
pub(crate) struct Service {
    pub(crate) addr: SocketAddr,
    /// From the start of the process to that answer.
    pub(crate) ready_after: Duration,
    pub(crate) pid: u32,
    child: Child,
}

impl Recipe {
    /// Writes the configuration. Everything that is not needed to reach this database and this
    /// sandbox stays as it is shipped.
    pub(crate) fn write(
        &self,
        sandbox: &RunningSandbox,
        sandbox_folder: &Path,
        url: &str,
    ) -> Result<()> {
        let merchant = sandbox.credentials();
        let base = sandbox.base_url();
        let file = |name: &str| sandbox_folder.join(name).display().to_string();
        let text = format!(
            "environment = \"dev\"\ndeployment_id = \"bench\"\n\n\
             [database]\nurl = {url:?}\n\n\
             [wechat_pay]\nmchid = {:?}\nappids = {{ mini = {:?} }}\napp_secret = {:?}\n\
             base_url = {base:?}\nplatform_base_url = {base:?}\n\
             notify_url = \"http://127.0.0.1:1/api/mini/wechat-pay/notify\"\n\
             api_v3_keys = [{:?}]\npublic_key_id = {:?}\npublic_key_file = {:?}\n\n\
             [[wechat_pay.merchant_keys]]\nserial = {:?}\nprivate_key_file = {:?}\n\
             certificate_file = {:?}\n",
            merchant.mchid,
            merchant.appid,
            merchant.app_secret,
            merchant.api_v3_key,
            merchant.public_key_id,
            file("pub_key.pem"),
            merchant.merchant_serial,
            file("apiclient_key.pem"),
            file("apiclient_cert.pem"),
        );
        let path = self.configuration();
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    fn configuration(&self) -> PathBuf {
        self.folder.join("paydesk.toml")
    }

    /// Starts it and waits until it is ready.
    pub(crate) async fn start(&self) -> Result<Service> {
        self.start_with(&[]).await
    }

    /// The same with these variables in its environment.
    pub(crate) async fn start_with(&self, variables: &[(&str, &str)]) -> Result<Service> {
        // Free now; should another program take it before the service does, the start fails and
        // says so.
        let addr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log_path = self.folder.join("serve.log");
        let log = File::create(&log_path)?;
        let watch = Stopwatch::start();
        let mut child = Command::new(&self.program)
            .arg("serve")
            .arg("--config")
            .arg(self.configuration())
            .env("PAYDESK_HTTP__LISTEN", addr.to_string())
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot run {}", self.program.display()))?;
        let pid = child.id().context("the service ended at once")?;
        while !is_ready(addr).await {
            let late = watch.elapsed() > READY_WITHIN;
            if late || child.try_wait()?.is_some() {
                let said = fs::read_to_string(&log_path).unwrap_or_default();
                bail!("the service did not get ready: {said}");
            }
            pause(LOOK_EVERY).await;
        }
        Ok(Service { addr, ready_after: watch.elapsed(), pid, child })
    }
}

async fn is_ready(addr: SocketAddr) -> bool {
    let Ok(mut connection) = Connection::open(addr).await else { return false };
    let answer = connection.call(&Request::new("GET", "/readyz", &[], None)).await;
    answer.is_ok_and(|answer| answer.status == 200)
}

impl Service {
    /// Asks it to stop, as an operator does, and waits for its end.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let asked = Command::new("kill").arg("-TERM").arg(self.pid.to_string()).status().await?;
        ensure!(asked.success(), "the service had ended by itself");
        let ended = tokio::time::timeout(STOP_WITHIN, self.child.wait()).await;
        let status = ended.context("the service does not stop")??;
        ensure!(status.success(), "the service stopped with {status}");
        Ok(())
    }
}
