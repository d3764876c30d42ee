//! Everything that is logged in this process from a first call on: ours at TRACE, of our
//! dependencies what `serve` lets through. Other tests' lines are among it.

use app::telemetry::{LogFormat, subscriber};
use serde_json::Value;
use std::io;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt as _;

/// As `serve`, and everything of ours. The sandbox is the other side.
const FILTER: &str = "info,app=trace,domain=trace,http_api=trace,scheduler=trace,\
                      store_postgres=trace,usecases=trace,wechatpay=trace,wechatpay_sim=off";

static TEXT: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static STARTED: OnceLock<()> = OnceLock::new();

struct Sink;

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        TEXT.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is logged from here on.
pub struct Logs {
    from: usize,
}

impl Logs {
    /// Before the service is started.
    pub fn start() -> Logs {
        STARTED.get_or_init(|| {
            let logs = subscriber(LogFormat::Json, EnvFilter::new(FILTER), || Sink);
            logs.try_init().expect("nobody else logs in this process");
        });
        Logs { from: TEXT.lock().unwrap_or_else(PoisonError::into_inner).len() }
    }

    pub fn text(&self) -> String {
        let text = TEXT.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8(text[self.from..].to_vec()).unwrap()
    }

    pub fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// The lines where `field` is `value`.
    pub fn of(&self, field: &str, value: &str) -> Vec<Value> {
        self.lines().into_iter().filter(|line| line[field] == value).collect()
    }

    /// The lines of an event about one payment or its order.
    pub fn events(&self, event: &str, number: &str) -> Vec<Value> {
        let about =
            |line: &Value| line["payment.out_trade_no"] == number || line["order.number"] == number;
        self.of("event", event).into_iter().filter(about).collect()
    }

    /// [`Logs::events`], waited for: what is done is seen a moment before it is logged. Waits on, for a moment,
    /// when there is one, because it should stay alone.
    pub async fn told(&self, event: &str, number: &str) -> Vec<Value> {
        until(|| !self.events(event, number).is_empty()).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.events(event, number)
    }

    /// [`Logs::of`] one request, once its answer is logged, which is after it was given.
    pub async fn of_request(&self, id: &str) -> Vec<Value> {
        let lines = || self.of("request_id", id);
        until(|| lines().iter().any(|line| line["event"] == "http.answered")).await;
        lines()
    }
}

/// For five seconds at most: what is missing then is said by who asks.
async fn until(is_there: impl Fn() -> bool) {
    for _ in 0..250 {
        if is_there() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
