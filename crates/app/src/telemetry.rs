//! Logs: JSON for machines, lines for people, to standard error.
//!
//! May not change what is said, only how it looks: what may be said at all is a matter of types
//! (`docs/observability.md`).

#[cfg(test)]
pub(crate) mod capture;
mod json;

use std::io::IsTerminal as _;
use tracing::Subscriber;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

/// How logs look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For a person at a terminal.
    Lines,
}

/// Starts logging at `default` unless RUST_LOG says otherwise. Starting twice changes nothing.
pub fn start(format: LogFormat, default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    if subscriber(format, filter, std::io::stderr).try_init().is_err() {
        tracing::debug!("logging was started before");
    }
}

/// What writes logs of this format to `writer`.
pub fn subscriber<W>(
    format: LogFormat,
    filter: EnvFilter,
    writer: W,
) -> impl Subscriber + Send + Sync + 'static
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = fmt::layer().with_writer(writer);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Json => {
            lines.with_ansi(false).fmt_fields(JsonFields::new()).event_format(json::Flat).boxed()
        }
        LogFormat::Lines => {
            lines.with_ansi(std::io::stderr().is_terminal()).with_target(false).boxed()
        }
    };
    Registry::default().with(lines).with(filter)
}
