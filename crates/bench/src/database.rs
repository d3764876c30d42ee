//! The benchmark's own way into the database: to prepare rows, and to check what became of them.

use anyhow::{Context as _, Result, ensure};
use tokio::task::JoinHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Row, Statement};

/// A connection.
pub(crate) struct Database {
    client: Client,
    driver: JoinHandle<()>,
}

impl Database {
    pub(crate) async fn connect(url: &str) -> Result<Database> {
        let (client, connection) =
            tokio_postgres::connect(url, NoTls).await.context("cannot connect to PostgreSQL")?;
        // What goes wrong with the connection is seen by the client's next statement.
        let driver = async move { connection.await.unwrap_or_default() };
        let driver = tokio::runtime::Handle::current().spawn(driver);
        Ok(Database { client, driver })
    }

    /// A new, empty database of this name beside the one of `url`.
    pub(crate) async fn make_anew(maintenance_url: &str, name: &'static str) -> Result<()> {
        let database = Database::connect(maintenance_url).await?;
        database.run(&["DROP DATABASE IF EXISTS ", name].concat()).await?;
        database.run(&["CREATE DATABASE ", name].concat()).await
    }

    /// Statements without parameters.
    pub(crate) async fn run(&self, statements: &str) -> Result<()> {
        let ran = self.client.batch_execute(statements).await;
        ran.with_context(|| beginning(statements))
    }

    /// Changes rows; says how many.
    pub(crate) async fn change(
        &self,
        statement: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<u64> {
        let changed = self.client.execute(statement, values).await;
        changed.with_context(|| beginning(statement))
    }

    pub(crate) async fn rows(
        &self,
        statement: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>> {
        let found = self.client.query(statement, values).await;
        found.with_context(|| beginning(statement))
    }

    /// A statement that is run again and again.
    pub(crate) async fn prepare(&self, statement: &str) -> Result<Statement> {
        self.client.prepare(statement).await.with_context(|| beginning(statement))
    }

    /// The rows of a prepared statement, in one round trip.
    pub(crate) async fn prepared(
        &self,
        statement: &Statement,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>> {
        Ok(self.client.query(statement, values).await?)
    }

    /// The one row of an answer.
    pub(crate) async fn row(&self, statement: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Row> {
        let mut rows = self.rows(statement, values).await?;
        ensure!(rows.len() == 1, "{} rows: {}", rows.len(), beginning(statement));
        rows.pop().context("no row")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Enough of a statement to find it.
fn beginning(statement: &str) -> String {
    statement.split_whitespace().take(12).collect::<Vec<_>>().join(" ")
}
