//! Many requests at once while a campaign runs: none is lost. How long they take is a figure of `make bench`.

use super::support::{Api, answer_of};
use bakeoff_service::dto::{LaunchOptions, RunState};
use futures::StreamExt;
use reqwest::Method;

const REQUESTS: usize = 1_000;
const CLIENTS: usize = 50;

#[test]
fn a_thousand_requests_of_fifty_clients_during_a_run_are_all_answered() {
    let api = Api::starter();
    let run = api.service.launch("tickets", &LaunchOptions::default()).expect("it starts").id;
    let paths = ["/optimization/experiments.json", "/health", "/api/optimization/experiments", "/api/none"];
    let client = |number: usize| {
        // A client of its own: its own connections.
        let client = super::support::client();
        let url = api.server.url();
        async move {
            let mut statuses = Vec::new();
            for request in (number..REQUESTS).step_by(CLIENTS) {
                let path = paths[(request / CLIENTS) % paths.len()];
                let request =
                    client.request(Method::GET, format!("{url}{path}")).bearer_auth(super::support::TOKEN);
                let answer = answer_of(request).await;
                assert!(answer.text.starts_with("{\"ok\":"), "{}", answer.text);
                statuses.push((path, answer.status));
            }
            statuses
        }
    };
    let clients = futures::stream::iter((0..CLIENTS).map(client)).buffer_unordered(CLIENTS);
    let statuses: Vec<(&str, u16)> =
        api.runtime.block_on(clients.collect::<Vec<_>>()).into_iter().flatten().collect();
    assert_eq!(statuses.len(), REQUESTS);
    for (path, status) in statuses {
        assert_eq!(status, if path == "/api/none" { 404 } else { 200 }, "{path}");
    }
    crate::support::until("the run has ended", || {
        let row = api.service.run_detail(run).expect("the run is there").row;
        row.state == RunState::Finished && row.done == row.planned
    });
}
