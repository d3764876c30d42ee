//! Asking the database, and for how long: the only place that has a connection in its hand.
//!
//! Every statement has the same limit, because a link that is half open takes everything and answers
//! nothing. A connection whose statement did not come to an end that it survives leaves the pool:
//! whoever had it next would wait for that statement. May not know what a statement is about.

use crate::pool::{Connection, establish};
use crate::prepared::{Prepared, prepared};
use crate::{PostgresStore, errors};
use diesel::QueryResult;
use diesel::result::Error;
use diesel_async::methods::{ExecuteDsl, LoadQuery};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use domain::ports::StoreError;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::time::Duration;
use tokio::time::timeout;

/// Whatever the session's own isolation: a reader of everything must be in nobody's way.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Why a statement has no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// There was no connection: nothing was asked.
    NotAsked(StoreError),
    /// Nobody answered in time: it may have been carried out, or be carried out still.
    Late,
    /// What the server said, or what became of the link.
    Said(Error),
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> StoreError {
        match failure {
            Failure::NotAsked(error) => error,
            Failure::Late => StoreError::Unavailable("the database did not answer in time".into()),
            Failure::Said(error) => errors::read(error),
        }
    }
}

/// Boxed, so that the compiler sees here, once, that it may move between threads.
type Asking<'a, T> = BoxFuture<'a, Result<T, Failure>>;

impl PostgresStore {
    /// Every row that `statement` answers.
    pub(crate) fn rows<'a, U, S>(&'a self, statement: S) -> Asking<'a, Vec<U>>
    where
        U: Send + 'a,
        S: LoadQuery<'a, AsyncPgConnection, U> + Send + 'a,
    {
        async move { self.rows_since(statement).await.map(|(_, rows)| rows) }.boxed()
    }

    /// The same, with this machine's time of asking: after one waited for a connection.
    pub(crate) fn rows_since<'a, U, S>(&'a self, statement: S) -> Asking<'a, (i64, Vec<U>)>
    where
        U: Send + 'a,
        S: LoadQuery<'a, AsyncPgConnection, U> + Send + 'a,
    {
        async move {
            let mut borrowed = self.borrow().await?;
            let asked = self.clock.local_micros();
            let answer = self.in_time(statement.get_results(borrowed.connection())).await;
            borrowed.judge(answer).map(|rows| (asked, rows))
        }
        .boxed()
    }

    /// How many rows `statement` changed.
    pub(crate) fn execute<'a, S>(&'a self, statement: S) -> Asking<'a, usize>
    where
        S: ExecuteDsl<AsyncPgConnection> + Send + 'a,
    {
        async move {
            let mut borrowed = self.borrow().await?;
            let answer = self.in_time(S::execute(statement, borrowed.connection())).await;
            borrowed.judge(answer)
        }
        .boxed()
    }

    /// Every row, by a connection that nothing has happened to yet: after an unknown outcome the
    /// pooled ones may all be dying.
    pub(crate) fn rows_afresh<'a, U, S>(&'a self, statement: S) -> Asking<'a, Vec<U>>
    where
        U: Send + 'a,
        S: LoadQuery<'a, AsyncPgConnection, U> + Send + 'a,
    {
        async move {
            let mut connection = self.connect_afresh().await?;
            self.in_time(statement.get_results(&mut connection)).await
        }
        .boxed()
    }

    /// Every row of each of `statements`, all of one moment and without a write, each given as long as is
    /// said, after `set`. On a connection of its own, which ends with the transaction, whoever stops waiting.
    pub(crate) fn snapshot<'a, U>(
        &'a self,
        set: &str,
        statements: Vec<&'static str>,
        each_ms: u64,
    ) -> Asking<'a, Vec<Vec<U>>>
    where
        U: Send + 'a,
        Prepared<'static>: LoadQuery<'a, AsyncPgConnection, U>,
    {
        let begin = format!("SET statement_timeout = {each_ms}; {set}; {SNAPSHOT}");
        async move {
            let mut connection = self.connect_afresh().await?;
            let patience = Duration::from_millis(each_ms.saturating_add(1_000));
            timeout(patience, connection.batch_execute(&begin))
                .await
                .map_err(|_elapsed| Failure::Late)?
                .map_err(Failure::Said)?;
            let mut answers = Vec::with_capacity(statements.len());
            for statement in statements {
                let asking = prepared(statement).get_results(&mut connection);
                let answer = timeout(patience, asking).await.map_err(|_elapsed| Failure::Late)?;
                answers.push(answer.map_err(Failure::Said)?);
            }
            Ok(answers)
        }
        .boxed()
    }

    async fn connect_afresh(&self) -> Result<AsyncPgConnection, Failure> {
        let wait = Duration::from_millis(self.settings.wait_timeout_ms);
        let unavailable = |why: String| Failure::NotAsked(StoreError::Unavailable(why));
        let connecting = establish(self.settings.url.clone(), self.settings.session());
        match timeout(wait, connecting).await {
            Ok(connected) => connected.map_err(|why| unavailable(why.to_string())),
            Err(late) => Err(unavailable(late.to_string())),
        }
    }

    async fn borrow(&self) -> Result<Borrowed, Failure> {
        let connection = self.pool.get().await;
        let connection = connection.map_err(|error| Failure::NotAsked(errors::pool(&error)))?;
        Ok(Borrowed(Some(connection)))
    }

    /// A little longer than the server itself waits, so that a server that lives is the one to say
    /// so.
    async fn in_time<T>(&self, asking: impl Future<Output = QueryResult<T>>) -> Result<T, Failure> {
        let patience = self.settings.statement_timeout_ms.saturating_add(1_000);
        match timeout(Duration::from_millis(patience), asking).await {
            Ok(answer) => answer.map_err(Failure::Said),
            Err(_late) => Err(Failure::Late),
        }
    }
}

/// A connection of the pool while a statement is under way. Leaves the pool when it is dropped like
/// that: late, or because nobody waits for the answer any more.
struct Borrowed(Option<Connection>);

impl Borrowed {
    #[expect(clippy::expect_used, reason = "only `judge` and `drop` take it out, and both end it")]
    fn connection(&mut self) -> &mut AsyncPgConnection {
        self.0.as_mut().expect("a connection until it is given back")
    }

    /// Gives the connection back, if it can be used again.
    fn judge<T>(mut self, answer: Result<T, Failure>) -> Result<T, Failure> {
        let usable = match &answer {
            Ok(_) => true,
            Err(Failure::Said(error)) => errors::leaves_link_whole(error),
            Err(Failure::NotAsked(_) | Failure::Late) => false,
        };
        if usable {
            drop(self.0.take());
        }
        answer
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        drop(self.0.take().map(Connection::take));
    }
}
