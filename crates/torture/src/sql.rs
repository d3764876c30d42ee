//! A connection of the torturer's own to PostgreSQL: plain SQL, none of the store's code.

use crate::background::spawn;
use anyhow::{Context as _, Result};
use tokio::task::JoinHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls};

/// A connection.
pub(crate) struct Connection {
    client: Client,
    driver: JoinHandle<()>,
}

impl Connection {
    pub(crate) async fn open(url: &str) -> Result<Connection> {
        let (client, connection) =
            tokio_postgres::connect(url, NoTls).await.context("cannot connect to PostgreSQL")?;
        // What goes wrong with the connection is seen by the client's next statement.
        let driver = spawn(async move { connection.await.unwrap_or_default() });
        Ok(Connection { client, driver })
    }

    /// A new, empty database of this name beside the one of `url`.
    pub(crate) async fn make_anew(maintenance_url: &str, name: &'static str) -> Result<()> {
        let connection = Connection::open(maintenance_url).await?;
        let drop = ["DROP DATABASE IF EXISTS ", name, " WITH (FORCE)"].concat();
        connection.run(&drop).await?;
        connection.run(&["CREATE DATABASE ", name].concat()).await
    }

    /// Statements without parameters.
    pub(crate) async fn run(&self, statements: &str) -> Result<()> {
        let ran = self.client.batch_execute(statements).await;
        ran.with_context(|| beginning(statements))
    }

    /// Changes rows.
    pub(crate) async fn change(
        &self,
        statement: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<u64> {
        let changed = self.client.execute(statement, values).await;
        changed.with_context(|| beginning(statement))
    }

    /// The first column of every row, a text.
    pub(crate) async fn texts(
        &self,
        statement: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<String>> {
        let rows = self.client.query(statement, values).await;
        let rows = rows.with_context(|| beginning(statement))?;
        rows.iter().map(|row| row.try_get(0).with_context(|| beginning(statement))).collect()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Enough of a statement to find it.
fn beginning(statement: &str) -> String {
    statement.split_whitespace().take(12).collect::<Vec<_>>().join(" ")
}
