//! The yardstick of the benches: how fast a client can be that keeps nothing and judges nothing.

use futures::stream::{self, StreamExt};
use std::time::Instant;

/// Sends `requests` chat completions to `url` (the server's root, such as [`crate::MockServer::url`]), `parallel`
/// at the same time over one client, and reads every answer as JSON. Returns the seconds it took.
///
/// # Errors
/// The first failed request.
pub async fn bare_client(url: &str, requests: usize, parallel: usize) -> Result<f64, String> {
    let client = reqwest::Client::builder().no_proxy().build().map_err(|error| error.to_string())?;
    let target = format!("{}/v1/chat/completions", url.trim_end_matches('/'));
    let start = Instant::now();
    let mut answers = stream::iter(0..requests)
        .map(|number| send(&client, &target, number))
        .buffer_unordered(parallel.max(1));
    while let Some(answer) = answers.next().await {
        answer?;
    }
    Ok(start.elapsed().as_secs_f64())
}

async fn send(client: &reqwest::Client, target: &str, number: usize) -> Result<(), String> {
    let body = serde_json::json!({
        "model": "mock",
        "messages": [
            {"role": "system", "content": "Answer with one label."},
            {"role": "user", "content": format!("Ticket {number}: the disk is full. [[answer: storage]]")},
        ],
    });
    let response = client.post(target).json(&body).send().await.map_err(|error| error.to_string())?;
    let response = response.error_for_status().map_err(|error| error.to_string())?;
    let answer: serde_json::Value = response.json().await.map_err(|error| error.to_string())?;
    answer.pointer("/choices/0/message/content").map(|_| ()).ok_or_else(|| format!("no content in {answer}"))
}
