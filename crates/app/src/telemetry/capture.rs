//! For tests: what is said while something runs.

use super::{LogFormat, subscriber};
use serde_json::Value;
use std::io;
use std::sync::{Arc, Mutex};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Keeps what is written.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Sink;

    fn make_writer(&'a self) -> Sink {
        self.clone()
    }
}

/// Every line that this thread logs while `speak` runs, as JSON.
pub(crate) fn said(speak: impl FnOnce()) -> Vec<Value> {
    let sink = Sink::default();
    let logs = subscriber(LogFormat::Json, EnvFilter::new("info"), sink.clone());
    tracing::subscriber::with_default(logs, speak);
    let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
