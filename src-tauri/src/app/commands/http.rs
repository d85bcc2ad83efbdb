//! The local HTTP API, switched on and off in the window. It serves whichever workspace is open.

use crate::app::AppState;
use crate::app::state::blocking;
use crate::http::{Limits, OpenWorkspace, Options, Token, start};
use bakeoff_service::dto::{HttpState, ServiceError};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use tauri::{AppHandle, Manager, Runtime, State};

/// The port where nobody names one, the same as that of `bakeoff serve`.
const PORT: u16 = 8765;

#[tauri::command]
pub async fn http_state(state: State<'_, AppState>) -> Result<HttpState, ServiceError> {
    Ok(as_it_is(&state, None))
}

/// Starts it for this machine alone. Its token is in the answer, and nowhere else.
#[tauri::command]
pub async fn start_http<R: Runtime>(
    app: AppHandle<R>,
    state: State<'_, AppState>,
    port: Option<u16>,
) -> Result<HttpState, ServiceError> {
    if state.http_url().is_some() {
        return Ok(as_it_is(&state, None));
    }
    let service = state.service()?;
    let asked = app.clone();
    let workspace: OpenWorkspace = Arc::new(move || asked.state::<AppState>().service().ok());
    let (server, token) = blocking(move || {
        let token = service.api_token().unwrap_or_else(|| service.new_api_token());
        let options = Options {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: port.unwrap_or(PORT),
            token: Token::new(token.secret.expose())?,
            limits: Limits::default(),
        };
        Ok((start(workspace, options)?, token.secret.expose().to_owned()))
    })
    .await?;
    // Of two starts at once the later one's server ends here, away from the async threads.
    if let Some(extra) = state.keep_http(server) {
        blocking(move || {
            drop(extra);
            Ok(())
        })
        .await?;
    }
    Ok(as_it_is(&state, Some(token)))
}

#[tauri::command]
pub async fn stop_http(state: State<'_, AppState>) -> Result<HttpState, ServiceError> {
    let server = state.take_http();
    blocking(move || {
        drop(server);
        Ok(())
    })
    .await?;
    Ok(as_it_is(&state, None))
}

fn as_it_is(state: &AppState, token: Option<String>) -> HttpState {
    let address = state.http_url();
    HttpState { running: address.is_some(), address, token }
}
