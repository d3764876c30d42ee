//! A database in which every rule has rows that it is about.

use crate::{ConnectSettings, PostgresStore};
use std::sync::Arc;
use testkit::conformance::Stores;
use testkit::{TestDatabase, busy_shop};

pub(super) struct World {
    pub(super) database: TestDatabase,
    pub(super) store: Arc<PostgresStore>,
    pub(super) stores: Stores,
}

impl World {
    pub(super) async fn make() -> World {
        let world = World::empty().await;
        busy_shop::fill(&world.stores).await;
        world
    }

    /// Before anything happens in it.
    pub(super) async fn empty() -> World {
        let database = TestDatabase::create().await.unwrap();
        let settings = ConnectSettings {
            pool_max: 4,
            wait_timeout_ms: 30_000,
            statement_timeout_ms: 20_000,
            ..ConnectSettings::new(database.url())
        };
        let store = Arc::new(PostgresStore::connect(settings).await.unwrap());
        store.migrate().await.unwrap();
        let stores = Stores::of(&store);
        World { database, store, stores }
    }
}
