//! Starts tasks: the proxies' and the crowd's.

use tokio::task::JoinHandle;

/// Runs `task` beside everything else. It ends with the run.
#[expect(clippy::disallowed_methods, reason = "a shell: the torturer does many things at once")]
pub(crate) fn spawn<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    tokio::spawn(task)
}
