//! The operations listener: `/metrics`, `/healthz` and `/readyz`, apart from the public one.
//!
//! May not serve anything of a buyer or a merchant. Outlives the public listener when the service
//! stops, so that it can say that the service is stopping.

use crate::routes;
use crate::server::{self, RunningApi, StartError};
use crate::state::ApiState;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, http::StatusCode};
use domain::ports::PortFuture;
use std::net::TcpListener;
use std::sync::Arc;

/// What Prometheus wants to hear that a text is.
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Writes down every metric as it is now.
pub trait Exposition: Send + Sync {
    /// In Prometheus's text format, within a few seconds.
    fn text(&self) -> PortFuture<'_, String>;
}

/// The operations listener.
#[derive(Clone, Copy, Debug)]
pub struct OperationsApi;

impl OperationsApi {
    /// Serves on `listener`, on a thread of its own.
    ///
    /// # Errors
    /// When the listener cannot be used.
    pub fn start(
        listener: TcpListener,
        state: ApiState,
        exposition: Arc<dyn Exposition>,
    ) -> Result<RunningApi, StartError> {
        // Scrapes and probes are not the traffic that one wants to see.
        let state = state.unwatched();
        server::serve(listener, 1, state, move |config| configure(config, &exposition))
    }
}

fn configure(config: &mut ServiceConfig, exposition: &Arc<dyn Exposition>) {
    config.app_data(web::Data::new(Arc::clone(exposition)));
    config.route("/metrics", web::get().to(metrics));
    let probes: Vec<_> =
        routes::every().filter(|r| matches!(r.path, "/healthz" | "/readyz")).collect();
    routes::configure(config, &probes);
}

async fn metrics(
    state: web::Data<ApiState>,
    exposition: web::Data<Arc<dyn Exposition>>,
) -> HttpResponse {
    let exposition = Arc::clone(&exposition);
    match state.start(async move { exposition.text().await }).await {
        Ok(text) => HttpResponse::Ok().content_type(EXPOSITION).body(text),
        Err(error) => {
            tracing::error!(error = %error, "the metrics could not be written down");
            HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}
