//! What is measured: one file per path. Each ends with a look at what is in the database.

pub(crate) mod hot;
pub(crate) mod notifications;
pub(crate) mod prepays;
pub(crate) mod reads;
pub(crate) mod starts;
