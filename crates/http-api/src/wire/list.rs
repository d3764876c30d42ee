//! Pages.

use serde::Serialize;
use utoipa::ToSchema;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    pub(crate) data: Vec<T>,
    /// For the next page; null on the last.
    #[schema(required = true)]
    pub(crate) next_cursor: Option<String>,
}
