//! Every rule of the suite, twice.

mod read_committed {
    use crate::support::{self, Guard};
    use store_postgres::Isolation;
    use testkit::conformance::Stores;

    async fn make() -> (Stores, Guard) {
        support::make(Isolation::ReadCommitted).await
    }

    testkit::conformance!(make);
}

mod serializable {
    use crate::support::{self, Guard};
    use store_postgres::Isolation;
    use testkit::conformance::Stores;

    async fn make() -> (Stores, Guard) {
        support::make(Isolation::Serializable).await
    }

    testkit::conformance!(make);
}
