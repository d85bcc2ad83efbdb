//! Server-sent events: what happens in the workspace, as it happens.

use super::body::QueryOf;
use super::error::ApiError;
use super::state::{ApiState, Workspace};
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use bakeoff_service::dto::Notice;
use futures::{Stream, StreamExt, stream};
use serde::Deserialize;
use serde_json::json;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use utoipa::IntoParams;

/// So often something is sent, so that proxies and callers see that the connection lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// Only the progress of this run.
    #[param(minimum = 1, nullable = false)]
    run: Option<u32>,
}

/// What happens, as it happens (server-sent events)
///
/// First `ready`; then `progress` (a run went on; at most ten a second for each run), `runs` (the list of runs changed),
/// `files` (files of the workspace changed) and the like, each with a JSON object as data. Whoever reads too slowly gets
/// `missed` with the number of events that are gone: read the state anew then. A comment comes every 15 seconds.
#[utoipa::path(get, path = "/events", tag = "events", params(EventsQuery),
    responses((status = 200, description = "A stream that ends with the program", content_type = "text/event-stream",
        body = String)))]
pub(crate) async fn events(
    State(state): State<ApiState>,
    State(workspace): State<Workspace>,
    QueryOf(query): QueryOf<EventsQuery>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let notices = workspace.call(|service| Ok(service.notices())).await?;
    let ready = stream::once(async { event("ready", &json!({})) });
    let news = ready.chain(news(notices, query.run)).map(Ok);
    let until_end = news.take_until(state.end.cancelled_owned());
    Ok(Sse::new(until_end).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// The notices as events. Nobody waits for a slow reader: what it misses is counted.
fn news(notices: Receiver<Notice>, run: Option<u32>) -> impl Stream<Item = Event> {
    let next = move |mut notices: Receiver<Notice>| async move {
        let found = match notices.recv().await {
            Ok(notice) if is_wanted(&notice, run) => Some(of_notice(&notice)),
            Ok(_) => None,
            Err(RecvError::Lagged(missed)) => Some(event("missed", &json!({ "missed": missed }))),
            Err(RecvError::Closed) => return None,
        };
        Some((found, notices))
    };
    stream::unfold(notices, next).filter_map(|found| async move { found })
}

fn is_wanted(notice: &Notice, run: Option<u32>) -> bool {
    match (run, notice) {
        (None, _) => true,
        (Some(run), Notice::Progress(progress)) => progress.run == run,
        (Some(_), _) => false,
    }
}

/// A notice under the name of its type.
fn of_notice(notice: &Notice) -> Event {
    let data = serde_json::to_value(notice).unwrap_or_default();
    let name = data.get("type").and_then(|name| name.as_str()).unwrap_or("notice").to_owned();
    event(&name, &data)
}

fn event(name: &str, data: &serde_json::Value) -> Event {
    Event::default().event(name).data(data.to_string())
}
