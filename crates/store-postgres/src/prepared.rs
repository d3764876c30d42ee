//! Statements that a connection prepares once.
//!
//! Diesel's own `sql_query` is prepared anew at each call, which is a round trip and a plan more.
//! Not for statements whose best plan depends on what is asked (`load.rs`, the page of orders).

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::{Error, QueryResult};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{HasSqlType, Jsonb, Untyped};
use std::io::Write as _;
use std::marker::PhantomData;

/// SQL with the values of `$1`, `$2`, ….
pub(crate) struct Prepared<'a> {
    sql: &'static str,
    values: Vec<Box<dyn Bind + Send + Sync + 'a>>,
}

/// The statement `sql`. Its parameters must be mentioned in the order of their numbers, each as
/// often as it likes.
pub(crate) fn prepared<'a>(sql: &'static str) -> Prepared<'a> {
    Prepared { sql, values: Vec::new() }
}

impl<'a> Prepared<'a> {
    /// The value of the next parameter.
    pub(crate) fn bind<ST, U>(mut self, value: U) -> Prepared<'a>
    where
        Pg: HasSqlType<ST>,
        ST: Send + Sync + 'a,
        U: ToSql<ST, Pg> + Send + Sync + 'a,
    {
        self.values.push(Box::new(Value { value, kind: PhantomData::<ST> }));
        self
    }
}

/// JSON that is written already, as a value of `jsonb`: the server reads it as it would read any other.
#[derive(Debug)]
pub(crate) struct Written<'a>(pub(crate) &'a str);

impl ToSql<Jsonb, Pg> for Written<'_> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&[JSONB_VERSION])?;
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

/// What every `jsonb` begins with on the wire.
const JSONB_VERSION: u8 = 1;

struct Value<ST, U> {
    value: U,
    kind: PhantomData<ST>,
}

trait Bind {
    fn bind<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()>;
}

impl<ST, U> Bind for Value<ST, U>
where
    Pg: HasSqlType<ST>,
    U: ToSql<ST, Pg>,
{
    fn bind<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param::<ST, U>(&self.value)
    }
}

impl QueryFragment<Pg> for Prepared<'_> {
    /// Nothing in it is unsafe to keep prepared: the text is fixed.
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut rest = self.sql;
        for (number, value) in (1..).zip(&self.values) {
            let (before, after) = rest.split_once(&format!("${number}")).ok_or_else(|| {
                Error::QueryBuilderError(format!("${number} is not where it should be").into())
            })?;
            out.push_sql(before);
            value.bind(&mut out)?;
            rest = after;
        }
        out.push_sql(rest);
        Ok(())
    }
}

impl QueryId for Prepared<'_> {
    type QueryId = ();
    // Kept under its text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Prepared<'_> {
    type SqlType = Untyped;
}

#[cfg(test)]
mod tests {
    use super::*;
    use diesel::sql_types::{BigInt, Text};

    #[test]
    fn a_parameter_may_be_mentioned_again_after_its_first_mention() {
        let statement =
            prepared("SELECT $1, $2 WHERE $1 = $2").bind::<Text, _>("a").bind::<BigInt, _>(7);
        let shown = diesel::debug_query::<Pg, _>(&statement).to_string();
        assert_eq!(shown, r#"SELECT $1, $2 WHERE $1 = $2 -- binds: ["a", 7]"#);
    }

    #[test]
    fn a_parameter_before_its_turn_is_an_error() {
        let statement = prepared("SELECT $2, $1").bind::<BigInt, _>(1).bind::<BigInt, _>(2);
        let built = statement.to_sql(&mut diesel::pg::PgQueryBuilder::default(), &Pg);
        assert!(built.is_err());
    }
}
